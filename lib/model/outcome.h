/* outcome - what one attempt came to, and the verdict on it. */
#ifndef MODEL_OUTCOME_H
#define MODEL_OUTCOME_H
#include "base/buffer.h"
#include "model/state.h"

/* Where in a session the first failing reply came; a success is at STAGE_DATA_END. */
enum smtp_stage {
	STAGE_CONNECT,
	STAGE_BANNER,
	STAGE_EHLO,
	STAGE_TLS,
	STAGE_AUTH,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,     /* the reply to DATA itself, 354 expected */
	STAGE_DATA_END, /* the reply to the final dot */
	STAGE_COUNT
};

enum outcome_kind {
	OUTCOME_NONE,
	OUTCOME_ACCEPTED, /* 2xx to end of data */
	OUTCOME_REPLY,    /* a 4xx or 5xx; see code */
	OUTCOME_LOST,     /* the link failed before the dot: nothing was sent */
	OUTCOME_SILENT,   /* the link failed after the dot was handed to the kernel: in doubt */
	OUTCOME_WITHHELD, /* ours: the mark was refused, the dot never sent, no attempt */
	OUTCOME_KINDS
};

enum { OUTCOME_REPLY_BYTES = 480 };

struct outcome {
	int64_t delivery;    /* or notice: see is_notice */
	int64_t lease_token; /* fencing */
	bool is_notice;
	enum outcome_kind kind;
	enum smtp_stage stage;
	int code;                        /* 100..599, 0 if none */
	char status[12];                 /* enhanced status "5.1.1" (RFC 3463), "" if none */
	char reply[OUTCOME_REPLY_BYTES]; /* the reply's text, lines joined by blanks, UTF-8; or our own words for a lost link */
	char relay[64];
	int64_t at_us; /* wall */
	int64_t duration_us;
};

/* Whose fault a failure is (ARCHITECTURE "Whose fault"). */
enum door { DOOR_NONE, DOOR_READER, DOOR_RELAY, DOOR_US };

/* Of whom a verdict with slow_down, or with the relay's or our door, speaks: who is to be left alone for a while. */
enum scope { SCOPE_NONE, SCOPE_RELAY, SCOPE_PROVIDER };

enum verdict_kind {
	VERDICT_SENT,
	VERDICT_DEFER,  /* try again at due_us */
	VERDICT_BOUNCE, /* for good; speaks of the reader */
	VERDICT_EXPIRE,
	VERDICT_HOLD, /* queued again, no attempt counted: the relay's or our fault */
	VERDICT_UNCERTAIN,
	VERDICT_RESEND, /* uncertain, and sent again at due_us by the operator's standing choice */
	VERDICT_KINDS
};

struct verdict {
	enum verdict_kind kind;
	enum door door;
	int64_t due_us;      /* wall, for DEFER, HOLD and RESEND */
	bool counts_attempt; /* "slower" replies use up no attempt */
	bool suppress;       /* the address gets nothing more */
	bool slow_down;      /* 421 and rate replies: the buckets of scope shrink or pause */
	enum scope scope;    /* NONE when it speaks of nobody but the reader */
	const char *quoted;  /* the provider whose own words these are, by name; NULL: not known. Static */
	int64_t asked_us;    /* the wait that the server asked for in words; 0: none */
	char reason[32];     /* a stable word: "no_such_user", "mailbox_full", "relay_refused", ... */
};

struct history {
	int attempts; /* counted so far, this one not included */
	int resends;
	int64_t first_try_us; /* 0: never tried */
	int64_t queued_us;
};

extern const char *const stage_words[]; /* NULL-terminated */
extern const char *const door_words[];
#endif
