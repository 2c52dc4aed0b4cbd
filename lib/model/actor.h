/* actor - who does it, for the audit log. */
#ifndef MODEL_ACTOR_H
#define MODEL_ACTOR_H

enum actor_kind { ACTOR_SYSTEM, ACTOR_CLI, ACTOR_DESK, ACTOR_API, ACTOR_READER };

struct actor {
	enum actor_kind kind;
	const char *name; /* Unix or desk user, "gazetted", or "" for a reader */
};
#endif
