/* state - the states of deliveries, campaigns and subscriptions, and what moves them: tables, read by one function each.
 * The CHECKs in schema/ hold the same words, in the same order. */
#ifndef MODEL_STATE_H
#define MODEL_STATE_H
#include "base/error.h"

enum delivery_state {
	DELIVERY_NONE, /* no such transition: a bug */
	DELIVERY_QUEUED,
	DELIVERY_LEASED,     /* held by one node until its lease runs out */
	DELIVERY_INFLIGHT,   /* the final dot may be on its way */
	DELIVERY_SENT,       /* the server said 2xx to the end of data */
	DELIVERY_DEFERRED,   /* tried, to be tried again when due */
	DELIVERY_BOUNCED,    /* refused for good, in the session */
	DELIVERY_EXPIRED,    /* deferred for too long */
	DELIVERY_UNCERTAIN,  /* the dot went out, no reply came */
	DELIVERY_SUPPRESSED, /* must not get it: see the reason */
	DELIVERY_CANCELLED,
	DELIVERY_STATES
};

enum delivery_event {
	ON_LEASE,
	ON_RELEASE,  /* the lease was given back, or ran out */
	ON_START,    /* the inflight mark: the last check before the dot */
	ON_ABANDON,  /* marked, but the dot was never sent */
	ON_ACCEPT,   /* 2xx to end of data */
	ON_DEFER,    /* 4xx, or a fault that is nobody's for ever */
	ON_REFUSE,   /* 5xx that speaks of the reader */
	ON_EXPIRE,   /* too old, tried often enough */
	ON_SILENCE,  /* link lost after the dot, or a crash while inflight */
	ON_PROOF,    /* a returned mail, complaint or unsubscribe bears its token: it was sent */
	ON_RESEND,   /* in doubt, or missed, and the operator chose to send again */
	ON_SUPPRESS, /* unsubscribed, suppressed, or already got the post */
	ON_CANCEL,
	ON_RETRY, /* an admin: due now */
	DELIVERY_EVENTS
};

enum campaign_state {
	CAMPAIGN_NONE,
	CAMPAIGN_DRAFT,
	CAMPAIGN_SCHEDULED,
	CAMPAIGN_PREPARING,
	CAMPAIGN_SENDING,
	CAMPAIGN_PAUSED,
	CAMPAIGN_SENT, /* nothing of it is queued, leased, inflight or deferred */
	CAMPAIGN_CANCELLED,
	CAMPAIGN_STATES
};

enum campaign_event {
	CAMPAIGN_ON_SCHEDULE,
	CAMPAIGN_ON_UNSCHEDULE,
	CAMPAIGN_ON_START,
	CAMPAIGN_ON_PREPARED,
	CAMPAIGN_ON_PAUSE,
	CAMPAIGN_ON_RESUME, /* back to sending; to preparing if the audience is not whole yet */
	CAMPAIGN_ON_RESUME_PREPARING,
	CAMPAIGN_ON_DONE,
	CAMPAIGN_ON_CANCEL,
	CAMPAIGN_ON_REOPEN, /* an uncertain or missed one is sent again after the end */
	CAMPAIGN_EVENTS
};

enum subscription_state {
	SUBSCRIPTION_NONE,
	SUBSCRIPTION_PENDING,
	SUBSCRIPTION_ACTIVE,
	SUBSCRIPTION_PAUSED,
	SUBSCRIPTION_UNSUBSCRIBED,
	SUBSCRIPTION_STATES
};

enum subscription_event {
	SUBSCRIPTION_ON_REQUEST, /* signs up; must confirm */
	SUBSCRIPTION_ON_CONFIRM,
	SUBSCRIPTION_ON_IMPORT, /* consent was given elsewhere; never brings back who left */
	SUBSCRIPTION_ON_PAUSE,
	SUBSCRIPTION_ON_RESUME,
	SUBSCRIPTION_ON_LEAVE,
	SUBSCRIPTION_EVENTS
};

/* The state after the event, or 0 (NONE) when the event may not happen there. Pure. */
enum delivery_state delivery_next(enum delivery_state state, enum delivery_event event);
enum campaign_state campaign_next(enum campaign_state state, enum campaign_event event);
enum subscription_state subscription_next(enum subscription_state state, enum subscription_event event);

/* True for sent, bounced, expired, suppressed, cancelled: nothing moves it but proof or an editor. uncertain is not waiting either. */
bool delivery_is_waiting(enum delivery_state state); /* queued, leased, inflight or deferred */

/* NULL-terminated; the index is the enum's value; [0] is "none". */
extern const char *const delivery_words[];
extern const char *const campaign_words[];
extern const char *const subscription_words[];
#endif
