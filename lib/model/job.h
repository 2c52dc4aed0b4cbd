/* job - one mail to be sent, as the store leases it, a session carries it and message fills it. */
#ifndef MODEL_JOB_H
#define MODEL_JOB_H
#include "base/units.h"
#include "model/address.h"
#include "model/token.h"

enum { JOB_NAME_BYTES = 256, JOB_VALUES_BYTES = 2048 };

/* Everything that differs from reader to reader. A plain value: it crosses threads by copy. */
struct job {
	bool is_notice;
	int64_t delivery; /* delivery id, or notice id */
	int64_t lease_token;
	int64_t lapses_us; /* monotonic: when the lease does; 0 where there is none */
	int64_t campaign;  /* 0 for a notice */
	int64_t edition;   /* edition id; 0 for a notice */
	int64_t list;
	int64_t subscriber;
	int64_t epoch;
	int64_t first_us; /* wall time of Date; written by the first inflight mark; 0 until then */
	int64_t due_us;
	int64_t provider; /* provider id from the domain table; 0 other */
	int64_t queued_us;
	int64_t first_try_us;
	int attempts;
	int resends;
	bool is_test; /* inert tokens, Message-ID of its own */
	char email[ADDRESS_BYTES];
	char name[JOB_NAME_BYTES];
	char uuid[37];                 /* the subscriber's */
	char values[JOB_VALUES_BYTES]; /* attributes as a JSON object text, "{}" if none */
	char sender[ADDRESS_BYTES];    /* notice only: the envelope's return path; else made by VERP */
};

/* What one SMTP transaction says on the envelope. Borrowed while it is in use. */
struct envelope {
	const char *sender; /* "" for the null return path */
	const char *recipient;
	bool needs_smtputf8;
	bool is_8bit;
};
#endif
