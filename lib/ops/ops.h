/* ops - the verbs: everything the command line, the web pages and the clockwork can do is written once here.
 * A struct ops belongs to one thread; each thread opens its own on the same store. */
#ifndef OPS_OPS_H
#define OPS_OPS_H
#include "config/config.h"
#include "model/actor.h"
#include "model/token.h"
#include "pacing/provider.h"
#include "store/db.h"

struct ops {
	struct db *db;
	const struct config *config; /* borrowed */
	struct keyring keys;
	struct providers *providers; /* what the configuration adds; shared with those made by ops_again() */
	bool owns_providers;
};

/* Opens the store the configuration names. may_create: only `gazette init`. may_migrate: daemon with migrate = auto, `store migrate`. */
MUST_CHECK int ops_open(struct ops *ops, const struct config *config, bool may_create, bool may_migrate, struct error *err);
/* A second handle for another thread. */
MUST_CHECK int ops_again(struct ops *ops, const struct ops *from, struct error *err);
void ops_close(struct ops *ops);

/* Room for more than what must always fit (outcomes, leaving, returned mail): FULL, with where and how much, when less than min_free is
 * left. Whatever lets the store grow asks first. */
MUST_CHECK int ops_room(const struct ops *ops, struct error *err);

/* Writes one line of the audit log; called by the verbs themselves. */
MUST_CHECK int ops_audit(struct ops *ops, struct actor actor, const char *verb, const char *object, const char *detail, struct error *err);

/* A template by name: "mail/letter.html" from the configured folder if the file is there, else the one built in. */
MUST_CHECK int ops_template(const struct ops *ops, const char *name, struct buffer *out, struct error *err);

/* Progress of long work, told at most a few times a second: done so far, of how many (0 unknown). Returning false stops the work after a
 * whole chunk. */
struct progress {
	bool (*tell)(void *context, int64_t done, int64_t total);
	void *context;
};
#endif
