/* reader - one reader's values, made harmless, as slots and templates see them. Within the room only. */
#ifndef MESSAGE_READER_H
#define MESSAGE_READER_H
#include "base/json.h"
#include "model/job.h"

struct reader {
	char name[JOB_NAME_BYTES]; /* one line, without marks of direction */
	/* Derived from the name: "Ann Lee" and "Lee, Ann" are Ann. Empty if the name is empty or an address. Attributes called first_name
	 * and last_name go before. */
	struct bytes first, last;
	json_t *attributes; /* an object; NULL until reader_attributes() */
	bool has_names;     /* first and last are settled */
};

/* job NULL: nobody. */
void reader_init(struct reader *reader, const struct job *job);
void reader_clear(struct reader *reader);
/* Reads the attributes, once. */
MUST_CHECK int reader_attributes(struct reader *reader, const struct job *job, struct error *err);
/* Settles first and last. */
MUST_CHECK int reader_names(struct reader *reader, const struct job *job, struct error *err);

/* {"reader": {…}, "first_name": …} with `url` holding the same percent-encoded. A new object, or NULL with err set. */
json_t *reader_values(struct reader *reader, const struct job *job, const char *unsubscribe_url, const char *view_url, struct error *err);
#endif
