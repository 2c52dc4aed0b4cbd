/* fixture - a store in a folder of its own, with a list, readers, a post and a campaign that is being sent. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "store/campaign.h"
#include "store/delivery.h"
#include "store/event.h"
#include "store/list.h"
#include "store/post.h"
#include "store/subscriber.h"

enum { NOW_US = 1000000000 };

struct fixture {
	char folder[64];
	char path[128];
	char url[160];
	struct db *db;
	int64_t list, post, campaign, node;
};

/* cmocka setup and teardown: an empty store with a list and a post. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* All of these stop the test when something fails. */
struct db *fixture_open(const struct fixture *f, struct error *err); /* NULL with err when it does not open */
void fixture_reopen(struct fixture *f);
void fixture_join(struct fixture *f, int first, int n); /* reader0@example.org ... of two providers, active */
int64_t fixture_reader(struct fixture *f, int number);  /* the subscriber's id */
int64_t fixture_draft(struct fixture *f);               /* a campaign of the post */
void fixture_start(struct fixture *f);                  /* a campaign of the post, prepared and sending; f->campaign */
size_t fixture_lease(struct fixture *f, struct job *jobs, size_t max, int64_t now_us);
/* Marks the job inflight: true if the mark was given. */
bool fixture_mark(struct fixture *f, struct job *job);
/* An outcome of the job with a verdict: true unless fenced. */
bool fixture_say(struct fixture *f, const struct job *job, enum outcome_kind kind, struct verdict verdict);
/* The number of rows a query gives, by a connection of its own: "SELECT ..." with one number. */
int64_t fixture_number(const struct fixture *f, const char *query);
void fixture_sql(const struct fixture *f, const char *text);
/* The ledger's numbers equal a recount, and add up to the audience. */
void fixture_check_counts(struct fixture *f, int64_t audience);
struct campaign_counts fixture_counts(struct fixture *f);
/* Copies the store's files under another name, and back: a backup and its restoration. */
void fixture_backup(struct fixture *f);
void fixture_restore(struct fixture *f);
void fixture_put_back(struct fixture *f); /* the same, and the store stays closed */

#define OK(call)                                                                                                                           \
	do {                                                                                                                               \
		struct error ok_error = { 0 };                                                                                             \
		struct error *err = &ok_error;                                                                                             \
		if ((call) < 0)                                                                                                            \
			fail_msg("%s: %s", #call, ok_error.text);                                                                          \
	} while (0)
#endif
