#include "bounce/bounce.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char PATTERN[] = "bounce+{token}@news.example";
static const struct keyring keys = { .keys = { { 1, { 1, 2, 3 } } }, .count = 1 };
static const struct keyring other_keys = { .keys = { { 1, { 9, 9, 9 } } }, .count = 1 };

/* The return path of campaign 3 to subscriber 2 of list 1. */
static void return_path(const struct keyring *ring, struct buffer *out)
{
	char text[TOKEN_TEXT];
	token_write_verp(ring, &(struct token){ TOKEN_VERP, 1, 2, 3, false }, text);
	assert_int_equal(token_return_path(PATTERN, text, out, NULL), 0);
}

static void take(struct bytes raw, const char *recipient, struct arena *arena, struct report *report)
{
	struct error err = { 0 };
	if (bounce_read_guarded(raw, recipient, PATTERN, &keys, arena, report, &err) < 0)
		fail_msg("%s", err.text);
}

static const char DSN[] =
	"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: %s\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
	"Message-ID: <report@mx.example>\r\n"
	"Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n"
	"--b\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n\r\n"
	"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
	"%s\r\n"
	"--b\r\nContent-Type: message/rfc822\r\n\r\nReturn-Path: <%s>\r\nMessage-ID: <abc@news.example>\r\nSubject: "
	"News\r\n\r\nHello\r\n\r\n--b--\r\n";

static void make(struct buffer *out, const char *to, const char *groups, const char *sender)
{
	buffer_format(out, DSN, to, groups, sender);
}

static void test_reads_a_delivery_status(void **state)
{
	(void)state;
	static const struct {
		const char *group, *address, *status, *class;
		enum report_kind kind;
	} cases[] = {
		{ "Final-Recipient: rfc822; ann@r.example\r\nAction: failed\r\nStatus: 5.1.1\r\n", "ann@r.example", "5.1.1", "hard",
		  REPORT_BOUNCE },
		{ "Final-Recipient: rfc822;<ann@r.example>\r\nAction: Failed\r\nStatus: 5.2.2 (full)\r\n", "ann@r.example", "5.2.2", "soft",
		  REPORT_BOUNCE },
		{ "Original-Recipient: rfc822;ann@r.example\r\nFinal-Recipient: rfc822;alias@x.example\r\nAction: failed\r\nStatus: "
		  "5.7.1\r\n",
		  "ann@r.example", "5.7.1", "policy", REPORT_BOUNCE },
		{ "Final-Recipient: rfc822; ann@r.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n", "ann@r.example", "4.4.1", "soft",
		  REPORT_DELAY },
		{ "final-recipient: RFC822; @relay.example:ann@r.example\r\naction: failed\r\nstatus: 5.0.0\r\nDiagnostic-Code: smtp; 550 "
		  "5.1.1 unknown\r\n",
		  "ann@r.example", "5.1.1", "hard", REPORT_BOUNCE },
		{ "Final-Recipient: rfc822; ann@r.example\r\nStatus: 5.1.1\r\n", "ann@r.example", "5.1.1", "hard", REPORT_BOUNCE },
		{ "no colon here\r\nFinal-Recipient: rfc822; ann@r.example\r\nAction: failed\r\nStatus: 553 odd\r\n", "ann@r.example", "",
		  "soft", REPORT_BOUNCE },
		{ "Final-Recipient: rfc822; ann@r.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\nFinal-Recipient: rfc822; "
		  "ann@r.example\r\nAction: failed\r\n",
		  "ann@r.example", "5.1.1", "hard", REPORT_BOUNCE },
	};
	CLEANUP(buffer_clear) struct buffer path = BUFFER_INIT(400);
	return_path(&keys, &path);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(1 << 16);
		struct report report;
		make(&raw, path.data, cases[i].group, "x@y.example");
		take(buffer_bytes(&raw), path.data, &arena, &report);
		assert_int_equal(report.kind, cases[i].kind);
		assert_true(report.has_token);
		assert_int_equal(report.token.list, 1);
		assert_int_equal(report.token.subscriber, 2);
		assert_int_equal(report.token.extra, 3);
		assert_int_equal(report.count, 1);
		assert_string_equal(report.recipients[0].address, cases[i].address);
		assert_string_equal(report.recipients[0].status, cases[i].status);
		assert_string_equal(report.recipients[0].class, cases[i].class);
		assert_string_equal(report.message_id, "<abc@news.example>");
	}
}

static void test_a_delivered_message_is_no_bounce(void **state)
{
	(void)state;
	static const char *const actions[] = { "delivered", "relayed", "expanded" };
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(1 << 16);
		char group[200];
		struct report report;
		snprintf(group, sizeof group, "Final-Recipient: rfc822; ann@r.example\r\nAction: %s\r\nStatus: 2.0.0\r\n", actions[i]);
		make(&raw, "x@news.example", group, "x@y.example");
		take(buffer_bytes(&raw), NULL, &arena, &report);
		assert_int_equal(report.kind, REPORT_NONE);
		assert_int_equal(report.count, 0);
	}
}

static void test_the_token_is_found_where_the_report_brings_it(void **state)
{
	(void)state;
	const char *group = "Final-Recipient: rfc822; ann@r.example\r\nAction: failed\r\nStatus: 5.1.1\r\n";
	CLEANUP(buffer_clear) struct buffer path = BUFFER_INIT(400);
	CLEANUP(buffer_clear) struct buffer forged = BUFFER_INIT(400);
	return_path(&keys, &path);
	return_path(&other_keys, &forged);
	const struct {
		const char *recipient, *to, *sender;
		bool found;
	} cases[] = {
		{ path.data, "x@news.example", "x@y.example", true }, { NULL, path.data, "x@y.example", true },
		{ NULL, "x@news.example", path.data, true },          { "x@news.example", "x@news.example", path.data, true },
		{ NULL, "x@news.example", "x@y.example", false },     { forged.data, forged.data, forged.data, false },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(1 << 16);
		struct report report;
		make(&raw, cases[i].to, group, cases[i].sender);
		take(buffer_bytes(&raw), cases[i].recipient, &arena, &report);
		assert_int_equal(report.kind, REPORT_BOUNCE);
		assert_int_equal(report.has_token, cases[i].found);
	}
}

static void test_reads_complaints(void **state)
{
	(void)state;
	static const struct {
		const char *type;
		enum report_kind kind;
	} cases[] = {
		{ "abuse", REPORT_COMPLAINT }, { "fraud", REPORT_COMPLAINT }, { "not-spam", REPORT_NONE }, { "auth-failure", REPORT_NONE }
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(1 << 16);
		struct report report;
		buffer_format(&raw,
		              "From: fbl@isp.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; "
		              "boundary=b\r\n\r\n"
		              "--b\r\nContent-Type: text/plain\r\n\r\nSpam.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n"
		              "Feedback-Type: %s\r\nVersion: 1\r\nOriginal-Rcpt-To: <ann@r.example>\r\n\r\n"
		              "--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <abc@news.example>\r\n\r\nx\r\n--b--\r\n",
		              cases[i].type);
		take(buffer_bytes(&raw), NULL, &arena, &report);
		assert_int_equal(report.kind, cases[i].kind);
		if (report.kind == REPORT_COMPLAINT) {
			assert_int_equal(report.count, 1);
			assert_string_equal(report.recipients[0].address, "ann@r.example");
			assert_string_equal(report.message_id, "<abc@news.example>");
		}
	}
}

static void test_answers_and_leaving_by_mail(void **state)
{
	(void)state;
	CLEANUP(buffer_clear) struct buffer path = BUFFER_INIT(400);
	return_path(&keys, &path);
	const struct {
		const char *header, *recipient;
		enum report_kind kind;
	} cases[] = {
		{ "Subject: unsubscribe\r\n", path.data, REPORT_UNSUBSCRIBE },
		{ "Subject: Re: News\r\n", path.data, REPORT_REPLY },
		{ "Auto-Submitted: auto-replied\r\nSubject: unsubscribe\r\n", path.data, REPORT_REPLY },
		{ "Precedence: bulk\r\nSubject: unsubscribe\r\n", path.data, REPORT_REPLY },
		{ "Subject: unsubscribe\r\n", "x@news.example", REPORT_NONE },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(1 << 16);
		struct report report;
		/* What an answer quotes is no token of its sender. */
		buffer_format(&raw, "From: ann@r.example\r\n%s\r\n> Return-Path: <%s>\r\n", cases[i].header, path.data);
		take(buffer_bytes(&raw), cases[i].recipient, &arena, &report);
		assert_int_equal(report.kind, cases[i].kind);
	}
}

static void test_a_forwarded_bounce_is_not_ours(void **state)
{
	(void)state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(buffer_clear) struct buffer inner = BUFFER_INIT(1 << 16);
	CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(1 << 16);
	struct report report;
	make(&inner, "a@b.example", "Final-Recipient: rfc822; ann@r.example\r\nAction: failed\r\nStatus: 5.1.1\r\n", "a@b.example");
	buffer_format(&raw, "From: ann@r.example\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n%s", inner.data);
	take(buffer_bytes(&raw), NULL, &arena, &report);
	assert_int_equal(report.kind, REPORT_NONE);
}

static void repeat(struct buffer *raw, const char *head, const char *piece, size_t size)
{
	buffer_add_text(raw, head);
	while (raw->size < size)
		buffer_add_text(raw, piece);
}

static void test_hostile_mail_is_survived(void **state)
{
	(void)state;
	static const struct {
		const char *head, *piece;
		size_t size;
	} cases[] = {
		{ "From: ", "(", 100000 },
		{ "Content-Type: ", "(", 300000 },
		{ "Content-Type: message/rfc822\r\n\r\n", "Content-Type: message/rfc822\r\n\r\n", 250000 },
		{ "", "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n", 200000 },
		{ "Content-Type: message/delivery-status\r\n\r\n", "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n\r\n",
		  250000 },
		{ "Content-Type: message/delivery-status\r\n\r\n", "\n", 100000 },
		{ "Content-Type: message/delivery-status\r\n\r\n", ":", 100000 },
		{ "Content-Type: message/feedback-report\r\n\r\n", "Original-Rcpt-To: x@y.example\r\n", 100000 },
		{ "", "\r\n", 1000 },
		{ "From ", "x", 100 },
		{ "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", "=2", 999 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(1 << 20);
		struct report report;
		repeat(&raw, cases[i].head, cases[i].piece, cases[i].size);
		take(buffer_bytes(&raw), NULL, &arena, &report);
		assert_true(report.count <= BOUNCE_RECIPIENTS);
		assert_false(report.has_token);
	}
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct report report;
	take((struct bytes){ NULL, 0 }, NULL, &arena, &report);
	assert_int_equal(report.kind, REPORT_NONE);
	take(BYTES_OF("\0\0\0Content-Type: message/delivery-status\n\n\0Action: failed\n"), NULL, &arena, &report);
}

static void test_every_cut_is_survived(void **state)
{
	(void)state;
	CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(1 << 16);
	make(&raw, "a@news.example",
	     "Final-Recipient: rfc822; ann@r.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550\r\n folded\r\n",
	     "a@b.example");
	for (size_t n = 0; n <= raw.size; n += 3) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct report report;
		char *copy = malloc(n ? n : 1);
		assert_non_null(copy);
		memcpy(copy, raw.data, n);
		take((struct bytes){ copy, n }, NULL, &arena, &report);
		free(copy);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_a_delivery_status),
		cmocka_unit_test(test_a_delivered_message_is_no_bounce),
		cmocka_unit_test(test_the_token_is_found_where_the_report_brings_it),
		cmocka_unit_test(test_reads_complaints),
		cmocka_unit_test(test_answers_and_leaving_by_mail),
		cmocka_unit_test(test_a_forwarded_bounce_is_not_ours),
		cmocka_unit_test(test_hostile_mail_is_survived),
		cmocka_unit_test(test_every_cut_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
