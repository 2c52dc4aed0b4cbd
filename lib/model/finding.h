/* finding - what a check says of a mail or a campaign: which check, how grave, what, where, and how to mend it. */
#ifndef MODEL_FINDING_H
#define MODEL_FINDING_H
#include "base/error.h"

enum { FINDINGS = 96, FINDINGS_OF_ONE_CHECK = 8 };
enum finding_level { FINDING_WARNING, FINDING_FAULT };

/* A fault stops what it is about; a warning wants a yes. Texts that are longer are cut. */
struct finding {
	enum finding_level level;
	bool is_ignored; /* somebody said --ignore: it stops nothing */
	char check[24];  /* stable id: "M5", "postal" */
	char text[256], where[96], mend[256];
	char reader[96]; /* whose mail shows it first; empty: the campaign itself */
	char last[96];   /* whose mail shows it last */
	int readers;     /* in how many mails of the sample */
};

/* Zero it before. Large: one on the stack is enough. */
struct findings {
	struct finding found[FINDINGS];
	size_t count;
	const char *reader; /* whose mail is looked at now, or NULL; borrowed */
};

/* Adds one. The same again in another reader's mail, there perhaps some lines lower, is counted, not repeated; of one check the first
 * FINDINGS_OF_ONE_CHECK are kept.
 * where and mend may be NULL. */
void findings_add(struct findings *findings, enum finding_level level, const char *check, const char *where, const char *mend,
                  const char *format, ...) PRINTF_LIKE(6, 7);
/* Marks what was found by this check (as "m5" or "M5") as ignored; false: there is none. */
bool findings_ignore(struct findings *findings, const char *check);
/* A fault that nobody ignored; NULL: none. */
const struct finding *findings_fault(const struct findings *findings);
size_t findings_warnings(const struct findings *findings);
#endif
