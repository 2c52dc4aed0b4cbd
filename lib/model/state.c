#include "model/state.h"

static const enum delivery_state delivery_table[DELIVERY_STATES][DELIVERY_EVENTS] = {
	[DELIVERY_QUEUED] = { [ON_LEASE] = DELIVERY_LEASED,
	                      [ON_SUPPRESS] = DELIVERY_SUPPRESSED,
	                      [ON_CANCEL] = DELIVERY_CANCELLED,
	                      [ON_EXPIRE] = DELIVERY_EXPIRED,
	                      [ON_RETRY] = DELIVERY_QUEUED },
	[DELIVERY_LEASED] = { [ON_RELEASE] = DELIVERY_QUEUED,
	                      [ON_START] = DELIVERY_INFLIGHT,
	                      /* An outcome before the mark: the server refused the envelope, or the link broke. */
	                      [ON_DEFER] = DELIVERY_DEFERRED,
	                      [ON_REFUSE] = DELIVERY_BOUNCED,
	                      [ON_SUPPRESS] = DELIVERY_SUPPRESSED,
	                      [ON_CANCEL] = DELIVERY_CANCELLED },
	[DELIVERY_INFLIGHT] = { [ON_ABANDON] = DELIVERY_QUEUED,
	                        [ON_ACCEPT] = DELIVERY_SENT,
	                        [ON_DEFER] = DELIVERY_DEFERRED,
	                        [ON_REFUSE] = DELIVERY_BOUNCED,
	                        [ON_SILENCE] = DELIVERY_UNCERTAIN },
	[DELIVERY_DEFERRED] = { [ON_LEASE] = DELIVERY_LEASED,
	                        [ON_EXPIRE] = DELIVERY_EXPIRED,
	                        [ON_SUPPRESS] = DELIVERY_SUPPRESSED,
	                        [ON_CANCEL] = DELIVERY_CANCELLED,
	                        [ON_RETRY] = DELIVERY_DEFERRED },
	[DELIVERY_UNCERTAIN] = { [ON_PROOF] = DELIVERY_SENT,
	                         [ON_ACCEPT] = DELIVERY_SENT,
	                         [ON_RESEND] = DELIVERY_QUEUED,
	                         [ON_SUPPRESS] = DELIVERY_SUPPRESSED,
	                         [ON_CANCEL] = DELIVERY_CANCELLED },
	/* The end, but for a person's word: what came back, was given up, or was refused by a server that nobody believes. */
	[DELIVERY_SENT] = { [ON_RESEND] = DELIVERY_QUEUED },
	[DELIVERY_EXPIRED] = { [ON_RESEND] = DELIVERY_QUEUED },
	[DELIVERY_BOUNCED] = { [ON_RESEND] = DELIVERY_QUEUED },
	[DELIVERY_SUPPRESSED] = { [ON_RESEND] = DELIVERY_QUEUED },
};

static const enum campaign_state campaign_table[CAMPAIGN_STATES][CAMPAIGN_EVENTS] = {
	[CAMPAIGN_DRAFT] = { [CAMPAIGN_ON_SCHEDULE] = CAMPAIGN_SCHEDULED,
	                     [CAMPAIGN_ON_START] = CAMPAIGN_PREPARING,
	                     [CAMPAIGN_ON_CANCEL] = CAMPAIGN_CANCELLED },
	[CAMPAIGN_SCHEDULED] = { [CAMPAIGN_ON_SCHEDULE] = CAMPAIGN_SCHEDULED,
	                         [CAMPAIGN_ON_UNSCHEDULE] = CAMPAIGN_DRAFT,
	                         [CAMPAIGN_ON_START] = CAMPAIGN_PREPARING,
	                         [CAMPAIGN_ON_CANCEL] = CAMPAIGN_CANCELLED },
	[CAMPAIGN_PREPARING] = { [CAMPAIGN_ON_PREPARED] = CAMPAIGN_SENDING,
	                         [CAMPAIGN_ON_PAUSE] = CAMPAIGN_PAUSED,
	                         [CAMPAIGN_ON_CANCEL] = CAMPAIGN_CANCELLED },
	[CAMPAIGN_SENDING] = { [CAMPAIGN_ON_PAUSE] = CAMPAIGN_PAUSED,
	                       [CAMPAIGN_ON_DONE] = CAMPAIGN_SENT,
	                       [CAMPAIGN_ON_CANCEL] = CAMPAIGN_CANCELLED },
	[CAMPAIGN_PAUSED] = { [CAMPAIGN_ON_RESUME] = CAMPAIGN_SENDING,
	                      [CAMPAIGN_ON_RESUME_PREPARING] = CAMPAIGN_PREPARING,
	                      [CAMPAIGN_ON_CANCEL] = CAMPAIGN_CANCELLED },
	[CAMPAIGN_SENT] = { [CAMPAIGN_ON_REOPEN] = CAMPAIGN_SENDING },
};

static const enum subscription_state subscription_table[SUBSCRIPTION_STATES][SUBSCRIPTION_EVENTS] = {
	[SUBSCRIPTION_NONE] = { [SUBSCRIPTION_ON_REQUEST] = SUBSCRIPTION_PENDING, [SUBSCRIPTION_ON_IMPORT] = SUBSCRIPTION_ACTIVE },
	[SUBSCRIPTION_PENDING] = { [SUBSCRIPTION_ON_REQUEST] = SUBSCRIPTION_PENDING,
	                           [SUBSCRIPTION_ON_CONFIRM] = SUBSCRIPTION_ACTIVE,
	                           [SUBSCRIPTION_ON_IMPORT] = SUBSCRIPTION_ACTIVE,
	                           [SUBSCRIPTION_ON_LEAVE] = SUBSCRIPTION_UNSUBSCRIBED },
	[SUBSCRIPTION_ACTIVE] = { [SUBSCRIPTION_ON_REQUEST] = SUBSCRIPTION_ACTIVE,
	                          [SUBSCRIPTION_ON_CONFIRM] = SUBSCRIPTION_ACTIVE,
	                          [SUBSCRIPTION_ON_IMPORT] = SUBSCRIPTION_ACTIVE,
	                          [SUBSCRIPTION_ON_PAUSE] = SUBSCRIPTION_PAUSED,
	                          [SUBSCRIPTION_ON_LEAVE] = SUBSCRIPTION_UNSUBSCRIBED },
	[SUBSCRIPTION_PAUSED] = { [SUBSCRIPTION_ON_REQUEST] = SUBSCRIPTION_PAUSED,
	                          [SUBSCRIPTION_ON_CONFIRM] = SUBSCRIPTION_ACTIVE,
	                          [SUBSCRIPTION_ON_IMPORT] = SUBSCRIPTION_PAUSED,
	                          [SUBSCRIPTION_ON_RESUME] = SUBSCRIPTION_ACTIVE,
	                          [SUBSCRIPTION_ON_LEAVE] = SUBSCRIPTION_UNSUBSCRIBED },
	/* Who left comes back only by an own, confirmed wish: the request leaves the state alone until it is confirmed. */
	[SUBSCRIPTION_UNSUBSCRIBED] = { [SUBSCRIPTION_ON_REQUEST] = SUBSCRIPTION_UNSUBSCRIBED,
	                                [SUBSCRIPTION_ON_CONFIRM] = SUBSCRIPTION_ACTIVE,
	                                [SUBSCRIPTION_ON_IMPORT] = SUBSCRIPTION_UNSUBSCRIBED,
	                                [SUBSCRIPTION_ON_LEAVE] = SUBSCRIPTION_UNSUBSCRIBED },
};

enum delivery_state delivery_next(enum delivery_state state, enum delivery_event event)
{
	return delivery_table[state][event];
}

enum campaign_state campaign_next(enum campaign_state state, enum campaign_event event)
{
	return campaign_table[state][event];
}

enum subscription_state subscription_next(enum subscription_state state, enum subscription_event event)
{
	return subscription_table[state][event];
}

bool delivery_is_waiting(enum delivery_state state)
{
	return state == DELIVERY_QUEUED || state == DELIVERY_LEASED || state == DELIVERY_INFLIGHT || state == DELIVERY_DEFERRED;
}

const char *const delivery_words[] = { "none",    "queued",  "leased",    "inflight",   "sent",      "deferred",
	                               "bounced", "expired", "uncertain", "suppressed", "cancelled", NULL };
const char *const campaign_words[] = { "none", "draft", "scheduled", "preparing", "sending", "paused", "sent", "cancelled", NULL };
const char *const subscription_words[] = { "none", "pending", "active", "paused", "unsubscribed", NULL };
