/* parts - what dispatcher and sessions share. Within delivery only. */
#ifndef DELIVERY_PARTS_H
#define DELIVERY_PARTS_H
#include "daemon/delivery/delivery.h"
#include "daemon/delivery/queue.h"
#include "daemon/delivery/recorder.h"
#include "daemon/delivery/signers.h"
#include "message/edition.h"
#include "pacing/doubt.h"
#include "pacing/pacing.h"
#include "policy/policy.h"
#include "smtp/session.h"
#include <pthread.h>

enum {
	QUEUE_ROOM = 256,
	EVENTS_ROOM = 1024,
	LEASE_MAX = 512,
	LETTERS = 3,                  /* in a session's hands: on the wire, behind it, being made */
	RETURNED_ROOM = 500 * LETTERS /* what all sessions there may be hold at once: a relay that goes away gives it all back */
};

/* All time-outs of a message together, and of the one before it on the line, whose text (3 min) and reply (10) come first: a reset, MAIL
 * and RCPT (5 each), DATA (2), the text (3) and the reply (10) make 43 minutes, and two are for commits. With less of its lease left none
 * begins: it would be leased and sent again while it is on the wire. */
#define MESSAGE_US (2 * (SMTP_BLOCK_US + SMTP_DOT_US) + 3 * SMTP_ENVELOPE_US + SMTP_DATA_US + 2 * MINUTE_US)

/* Something that moves the pacing of a relay or a provider. */
struct happened {
	size_t relay;
	int64_t provider;
	struct outcome outcome;
	struct verdict verdict;
};

struct relay {
	struct queue *queue;
	struct smtp_options options;
	const char *name;
	enum relay_sign sign;
	int64_t per_link;     /* messages on one connection; 0: no limit */
	atomic_bool troubled; /* successes are reported too, so that it is opened again */
	pthread_mutex_t doubt_mutex;
	struct doubt doubt; /* of its last messages */
};

struct cached_edition {
	int64_t id;
	struct edition *edition;
	atomic_int users;
	uint64_t asked; /* the number of the call that asked for it last */
};

/* Read-only, and kept until another needs the room: of those that no session has, the one that was asked for longest ago goes. A session
 * has one at most and there is room for more than that, so however many campaigns are sent at once, nobody waits for another. */
struct editions {
	pthread_mutex_t mutex;
	struct ops ops;
	struct cached_edition *cached;
	size_t count;
	uint64_t asked;
};

struct session {
	struct delivery *delivery;
	size_t relay;
	pthread_t thread;
	struct smtp *smtp;
	atomic_int carries[LETTERS]; /* providers of the messages in its hands; NO_PROVIDER */
	atomic_bool connecting;      /* nobody's message is in its hands */
	bool started;
};

struct delivery {
	struct daemon *daemon;
	struct recorder *recorder;
	struct editions editions;
	struct signers signers;
	struct relay relay[CONFIG_RELAYS];
	size_t relays;
	struct session *sessions;
	size_t session_count;
	pthread_t dispatcher;
	bool dispatching;
	/* From the sessions to the dispatcher. */
	pthread_mutex_t mutex;
	struct happened events[EVENTS_ROOM];
	size_t event_count;
	struct job returned[RETURNED_ROOM]; /* not tried: they go back */
	size_t returned_by[RETURNED_ROOM];  /* the relays they come from */
	size_t returned_count;
	atomic_bool provider_troubled[PROVIDERS_MOST]; /* as with relays */
	atomic_llong sent;
	atomic_int busy; /* sessions with a message under way */
};

void session_main(struct session *session);
void *dispatcher_main(void *delivery);

MUST_CHECK int editions_init(struct editions *editions, size_t sessions, struct error *err);
void editions_clear(struct editions *editions); /* ops stays */
/* Borrowed until editions_release(), by a session one at a time; NULL with err. */
struct edition *editions_get(struct editions *editions, int64_t id, size_t *slot, struct error *err);
void editions_release(struct editions *editions, size_t slot);
MUST_CHECK int editions_notice(struct editions *editions, int64_t notice, struct buffer *out, struct error *err);

void delivery_tell(struct delivery *delivery, const struct happened *happened);
void delivery_return(struct delivery *delivery, const struct job *job, size_t relay);
#endif
