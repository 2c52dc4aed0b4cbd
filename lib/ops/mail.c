#include "ops/mail.h"
#include "bounce/bounce.h"
#include "ops/letters.h"
#include "ops/returned.h"
#include "ops/subscribers.h"
#include "policy/policy.h"
#include "store/event.h"
#include "system/clock.h"

enum { EVIDENCE_BYTES = 256 << 10 };

const char *const taken_as_words[] = { "nothing", "bounce", "delay", "complaint", "unsubscribe", "reply", "known", "post", NULL };

static struct event make_event(const struct report *report, struct bytes raw, int64_t now_us)
{
	static const int kinds[] = { [REPORT_BOUNCE] = EVENT_BOUNCE,
		                     [REPORT_DELAY] = EVENT_DELAY,
		                     [REPORT_COMPLAINT] = EVENT_COMPLAINT,
		                     [REPORT_UNSUBSCRIBE] = EVENT_UNSUBSCRIBE,
		                     [REPORT_REPLY] = EVENT_REPLY };
	/* A report of several recipients is about the one we wrote to: the first that is hard, else the first. */
	const struct report_recipient *about = report->count ? &report->recipients[0] : NULL;
	for (size_t i = 0; i < report->count; i++)
		if (strcmp(report->recipients[i].class, "hard") == 0) {
			about = &report->recipients[i];
			break;
		}
	return (struct event){ .kind = kinds[report->kind],
		               .list_id = report->token.list,
		               .campaign_id = report->token.extra,
		               .subscriber_id = report->token.subscriber,
		               .class = about ? about->class : "",
		               .status = about ? about->status : "",
		               .detail = about && about->diagnostic ? about->diagnostic : "",
		               .evidence = { raw.data, raw.size < EVIDENCE_BYTES ? raw.size : EVIDENCE_BYTES },
		               .at_us = now_us };
}

static const char *suppression_of(const struct report *report, const struct event *event)
{
	if (report->kind == REPORT_COMPLAINT)
		return "complaint";
	return report->kind == REPORT_BOUNCE ? policy_bounce(event->class, event->status) : NULL;
}

int mail_take(struct ops *ops, struct bytes raw, struct arrival arrival, enum taken_as *out, struct error *err)
{
	static const enum taken_as as[] = { [REPORT_BOUNCE] = TAKEN_BOUNCE,
		                            [REPORT_DELAY] = TAKEN_DELAY,
		                            [REPORT_COMPLAINT] = TAKEN_COMPLAINT,
		                            [REPORT_UNSUBSCRIBE] = TAKEN_UNSUBSCRIBE,
		                            [REPORT_REPLY] = TAKEN_REPLY };
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct report report = { 0 };
	bool is_new = false;
	const char *pattern = *ops->config->inbound.return_path ? ops->config->inbound.return_path : NULL;
	*out = TAKEN_NOTHING;
	int64_t post = 0;
	int letter = letter_take(ops, raw, arrival, &post, err);
	if (letter != 0) {
		*out = TAKEN_POST;
		return letter < 0 ? -1 : 0;
	}
	if (bounce_read_guarded(raw, arrival.recipient, pattern, &ops->keys, &arena, &report, err) < 0)
		return -1;
	/* Without our own token nothing says that we sent what came back: anybody could unsubscribe anybody. */
	if (report.kind == REPORT_NONE || !report.has_token || report.token.is_test)
		return 0;
	if (report.kind == REPORT_UNSUBSCRIBE) {
		*out = TAKEN_UNSUBSCRIBE;
		return subscriber_leave(ops, &report.token, "mail", err);
	}
	struct event event = make_event(&report, raw, clock_now().wall_us);
	if (store_event_apply(ops->db, &event, suppression_of(&report, &event), &is_new, err) < 0)
		return -1;
	*out = is_new ? as[report.kind] : TAKEN_KNOWN;
	return is_new ? returned_judge(ops, &report, err) : 0;
}
