/* One model message, made by our own templates, in which nothing is found; and for each rule the same message with one fault, in which
 * that rule is found and no other. */
#include "ops/lint.h"
#include "base/text.h"
#include "content/content.h"
#include "message/edition.h"
#include "system/keygen.h"
#include "template/template.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static const struct keyring keys = { .keys = { { .id = 1, .secret = "first key of thirty-two bytes..." } }, .count = 1 };
static struct sign_key *key;

static const char post_html[] =
	"<p>The first <em>paragraph</em> tells what happened at the river this week, and <a href=\"https://example.org/birds\">which birds "
	"came "
	"back</a>.</p>"
	"<p><img src=\"https://example.org/stork.jpg\" alt=\"A stork on its nest\" width=\"520\" height=\"300\"></p>"
	"<h2>What to look for</h2><ul><li>Nests on chimneys</li><li>Meadows under water</li></ul><p>Write to us about what you see.</p>";

/* What a rule's message is made of; a mutation changes one of them. */
enum layer { POST_HTML, POST_TITLE, HTML_TEMPLATE, TEXT_TEMPLATE, UNSIGNED, WIRE, LAYERS };
struct mutation {
	const char *check;
	enum layer layer;
	const char *from, *to; /* the first `from` becomes `to` */
	enum finding_level level;
	const char *says; /* in the text */
};

static char *replace(const char *text, const char *from, const char *to)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(8 << 20);
	const char *at = strstr(text, from);
	if (!at)
		print_error("\"%s\" is not in the message\n", from);
	assert_non_null(at);
	buffer_add(&out, text, (size_t)(at - text));
	buffer_add_text(&out, to);
	buffer_add_text(&out, at + strlen(from));
	return buffer_give(&out);
}

static char *change(const struct mutation *m, enum layer layer, const char *text)
{
	return m && m->layer == layer && m->from ? replace(text, m->from, m->to) : strdup(text);
}

/* The templates as they are built in, one of them with the fault. */
struct box {
	const struct mutation *m;
	struct arena arena;
	bool changed;
};

static bool look_up(void *context, const char *name, struct bytes *text)
{
	struct box *box = context;
	const struct mutation *m = box->m;
	if (!template_builtin(name, text))
		return false;
	char *copy = arena_copy(&box->arena, text->data, text->size);
	enum layer layer = strstr(name, ".html") ? HTML_TEMPLATE : TEXT_TEMPLATE;
	assert_non_null(copy);
	*text = (struct bytes){ copy, text->size };
	if (!m || m->layer != layer || !strstr(copy, m->from))
		return true;
	char *fresh = replace(copy, m->from, m->to);
	*text = bytes_text(arena_text(&box->arena, fresh));
	free(fresh);
	box->changed = true;
	return true;
}

static struct edition *compile(const struct mutation *m)
{
	struct edition *edition = NULL;
	struct error err = { 0 };
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(8 << 20);
	struct box box = { .m = m };
	struct bytes html_template = { 0 };
	struct bytes text_template = { 0 };
	assert_true(look_up(&box, "mail/letter.html", &html_template));
	assert_true(look_up(&box, "mail/letter.txt", &text_template));
	char *html = change(m, POST_HTML, post_html);
	char *title = change(m, POST_TITLE, "Storks over the caf\xc3\xa9");
	assert_int_equal(content_plain_text(bytes_text(html), &(struct content_plain){ .width = 72 }, &text, &err), 0);
	struct post post = { .identity = "x", .title = title, .html = html, .text = buffer_text(&text), .url = "https://example.org/p" };
	struct edition_in in = { .campaign = 12,
		                 .list = 3,
		                 .salt = { "0123456789abcdef", 16 },
		                 .list_name = "birds",
		                 .list_title = "Birds & Meadows",
		                 .list_id = "birds.example.org",
		                 .from_name = "Birds",
		                 .from_email = "birds@example.org",
		                 .postal = "1 Main St, Springfield",
		                 .language = "en",
		                 .public_url = "https://news.example.org",
		                 .return_path = "b+{token}@example.org",
		                 .subject = title,
		                 .preheader = "They are back at the river, and on the roofs of the town.",
		                 .posts = &post,
		                 .post_count = 1,
		                 .html_template = html_template,
		                 .text_template = text_template,
		                 .html_name = "h",
		                 .text_name = "t",
		                 .lookup = look_up,
		                 .lookup_context = &box };
	assert_int_equal(edition_compile(&in, &edition, &err), 0);
	if (m && (m->layer == HTML_TEMPLATE || m->layer == TEXT_TEMPLATE) && !box.changed)
		print_error("\"%s\" is in no template\n", m->from);
	assert_true(box.changed == (m && (m->layer == HTML_TEMPLATE || m->layer == TEXT_TEMPLATE)));
	arena_clear(&box.arena);
	free(html);
	free(title);
	return edition;
}

static void sign(const char *message, struct buffer *out)
{
	struct error err = { 0 };
	struct dkim_signer signer = { key, "example.org", "s2026" };
	buffer_reset(out);
	/* What is no message can not be signed. */
	if (dkim_sign(&signer, 1, DKIM_FULL, bytes_text(message), INT64_C(1795341600) * 1000000, out, &err) < 0)
		buffer_reset(out);
	buffer_add_text(out, message);
}

static const char *recipient = "ann@reader.example";

static void judge(struct bytes message, struct findings *findings)
{
	static const char *const hosts[] = { "example.org" };
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_link *links = NULL;
	size_t n = 0;
	struct error err = { 0 };
	struct dkim_signer signer = { key, "example.org", "s2026" };
	struct lint_known known = { .recipient = recipient,
		                    .list = 3,
		                    .subscriber = 7,
		                    .keys = &keys,
		                    .list_id = "birds.example.org",
		                    .from_email = "birds@example.org",
		                    .postal = "1 Main St, Springfield",
		                    .public_url = "https://news.example.org",
		                    .hosts = hosts,
		                    .host_count = 1,
		                    .signers = &signer,
		                    .signer_count = 1,
		                    .is_signed_here = true };
	memset(findings, 0, sizeof *findings);
	assert_int_equal(lint_whole(message, &known, &arena, &links, &n, findings, &err), 0);
}

/* The model message, whole and signed, with one mutation (NULL: none) and whatever `more` does to it before it is signed. */
static void make(const struct mutation *m, char *(*more)(const char *), struct buffer *out)
{
	CLEANUP(edition_free) struct edition *edition = compile(m);
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(8 << 20);
	struct error err = { 0 };
	struct job job = { .subscriber = 7, .list = 3, .campaign = 12, .first_us = INT64_C(1795341600) * 1000000, .values = "{}" };
	snprintf(job.email, sizeof job.email, "%s", recipient);
	snprintf(job.name, sizeof job.name,
	         "B\xc3\xa4"
	         "cker, Ann");
	assert_int_equal(edition_fill(edition, &job, &keys, &message, &err), 0);
	char *changed = change(m, UNSIGNED, buffer_text(&message));
	char *last = more ? more(changed) : strdup(changed);
	sign(last, out);
	if (m && m->layer == WIRE) {
		char *wire = change(m, WIRE, buffer_text(out));
		buffer_reset(out);
		buffer_add_text(out, wire);
		free(wire);
	}
	free(changed);
	free(last);
}

static void show(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		print_error("  found %s (%s): %s\n", findings->found[i].check, findings->found[i].where, findings->found[i].text);
}

/* False, and says why, if not. */
static bool is_only(const struct findings *findings, const char *check, enum finding_level level, const char *says, const char *what)
{
	bool said = false;
	bool other = false;
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->found[i];
		said = said || (strcmp(f->check, check) == 0 && f->level == level && strstr(f->text, says ? says : ""));
		other = other || strcmp(f->check, check) != 0;
		assert_true(*f->mend || strcmp(f->check, "M8") == 0);
	}
	if (!said || other) {
		print_error("%s should be found, and nothing else, in: %s\n", check, what);
		show(findings);
	}
	return said && !other;
}

static void test_nothing_is_found_in_the_model_message(void **state)
{
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(8 << 20);
	struct findings findings;
	(void)state;
	make(NULL, NULL, &message);
	judge(buffer_bytes(&message), &findings);
	show(&findings);
	assert_int_equal(findings.count, 0);
}

#define A100 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A1000 A100 A100 A100 A100 A100 A100 A100 A100 A100 A100

static const struct mutation mutations[] = {
	{ "M1", UNSIGNED, "From: Birds <birds@example.org>", "From: Birds <birds@example.org>, Cows <cows@example.org>", FINDING_FAULT,
	  "not one mailbox" },
	{ "M1", UNSIGNED, "From: Birds <birds@example.org>", "From: Birds <birds@shop.example.org>", FINDING_FAULT, "not the list's" },
	{ "M1", UNSIGNED, "From: Birds <birds@example.org>\r\n", "", FINDING_FAULT, "no From" },
	{ "M2", UNSIGNED, "To: ", "Sender: Birds <birds@example.org>\r\nTo: ", FINDING_FAULT, "the same as From" },
	{ "M3", UNSIGNED, "Date: ", "X-Date: ", FINDING_FAULT, "no Date" },
	{ "M3", UNSIGNED, "Message-ID: ", "X-Message-ID: ", FINDING_FAULT, "no Message-ID" },
	{ "M3", UNSIGNED, "\r\nTo: ", "\r\nX-To: ", FINDING_FAULT, "no To" },
	{ "M3", UNSIGNED, "Subject: ", "X-Subject: ", FINDING_FAULT, "no Subject" },
	{ "M3", UNSIGNED, "Message-ID: <", "Message-ID: <x y", FINDING_FAULT, "not one id" },
	{ "M3", UNSIGNED, "@example.org>\r\nList-Unsub", "@mail.example.net>\r\nList-Unsub", FINDING_FAULT, "not one id under" },
	{ "M3", UNSIGNED, "Date: ", "Date: yesterday, ", FINDING_FAULT, "none that RFC 5322" },
	{ "M3", UNSIGNED, "<ann@reader.example>\r\n", "<bob@reader.example>\r\n", FINDING_FAULT, "not the one reader" },
	{ "M3", UNSIGNED, "To: ", "This line is none\r\nTo: ", FINDING_FAULT, "is no field" },
	{ "M4", UNSIGNED, "Date: ", "Date: Tue, 1 Dec 2026 10:00:00 +0000\r\nDate: ", FINDING_FAULT, "Date stands there 2 times" },
	{ "M4", UNSIGNED, "\r\n\r\n--=_", "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n--=_", FINDING_FAULT, "Content-Type" },
	{ "M5", WIRE, "\r\nList-Post", "\nList-Post", FINDING_FAULT, "CR LF" },
	{ "M5", UNSIGNED, "The first", "The\rfirst", FINDING_FAULT, "CR" },
	{ "M6", UNSIGNED, "The first", "The first " A1000, FINDING_FAULT, "more than 998" },
	{ "M6", UNSIGNED, "To: ", "X-Note: a header line that has blanks and that nobody has folded although it is longer than 78\r\nTo: ",
	  FINDING_WARNING, "more than 78" },
	{ "M6", UNSIGNED, "To: ", "X-Note:\r\n =?UTF-8?Q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=\r\nTo: ",
	  FINDING_FAULT, "encoded word" },
	{ "M7", UNSIGNED, "caf=C3=A9", "caf\xc3\xa9", FINDING_FAULT, "above 127" },
	{ "M7", UNSIGNED, "To: ", "X-Note: caf\xc3\xa9\r\nTo: ", FINDING_FAULT, "above 127" },
	{ "M8", UNSIGNED, "multipart/alternative", "multipart/mixed", FINDING_FAULT, "no multipart/alternative" },
	{ "M8", TEXT_TEMPLATE, "{{> story}}",
	  "Cows grazed peacefully beside fences while farmers counted sheep, measured fields, repaired wagons and painted barns",
	  FINDING_FAULT, "differ" },
	{ "M9", UNSIGNED, "text/plain; charset=\"utf-8\"", "text/plain", FINDING_FAULT, "without a charset" },
	{ "M9", UNSIGNED, "text/html; charset=\"utf-8\"", "text/html; charset=\"x-own\"", FINDING_FAULT, "x-own" },
	{ "M10", UNSIGNED, "List-Id: ", "X-List-Id: ", FINDING_FAULT, "no List-Id" },
	{ "M10", UNSIGNED, "<birds.example.org>", "<cows.example.org>", FINDING_FAULT, "not the list's" },
	{ "M11", UNSIGNED, "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "List-Unsubscribe-Post: yes", FINDING_FAULT, "one-click" },
	{ "M11", UNSIGNED, "List-Unsubscribe: <https:", "List-Unsubscribe: <https://news.example.org/u/x>,\r\n <https:", FINDING_FAULT,
	  "2 web" },
	{ "M12", HTML_TEMPLATE,
	  "<a href=\"{{reader.unsubscribe_url}}\" class=\"sf\" style=\"color:{{theme.light.soft}};text-decoration:underline;\">{{> "
	  "words.unsubscribe}}</a>",
	  "{{> words.unsubscribe}}", FINDING_FAULT, "HTML has no unsubscribe" },
	{ "M12", HTML_TEMPLATE, "<a href=\"{{reader.unsubscribe_url}}\" class=\"sf\" style=\"",
	  "<a href=\"{{reader.unsubscribe_url}}\" style=\"display:none;", FINDING_FAULT, "HTML has no unsubscribe" },
	{ "M12", TEXT_TEMPLATE, "{{reader.unsubscribe_url}}", "https://news.example.org/birds", FINDING_FAULT, "plain text has no" },
	{ "M13", HTML_TEMPLATE, "{{list.from_name}}<br>{{list.postal}}", "Birds, Springfield", FINDING_FAULT, "HTML lacks" },
	{ "M13", TEXT_TEMPLATE, "{{list.from_name}}\n{{list.postal}}", "Birds, Springfield", FINDING_FAULT, "plain text lacks" },
	{ "M14", HTML_TEMPLATE, "{{> words.why}}", "Because you subscribed.", FINDING_WARNING, "HTML does not say" },
	{ "M14", TEXT_TEMPLATE, "{{> words.why}}", "Because you subscribed.", FINDING_WARNING, "plain text does not" },
	{ "M16", POST_HTML, "https://example.org/birds", "http://example.org/birds", FINDING_WARNING, "not https" },
	{ "M16", POST_HTML, "https://example.org/birds", "https://192.0.2.7/birds", FINDING_FAULT, "IP address" },
	{ "M16", POST_HTML, "https://example.org/birds", "https://[2001:db8::7]/birds", FINDING_FAULT, "IP address" },
	{ "M16", POST_HTML, "https://example.org/birds", "https://bit.ly/birds", FINDING_WARNING, "shortener" },
	{ "M16", POST_HTML, "https://example.org/birds", "https://wiki/birds", FINDING_FAULT, "can not reach" },
	{ "M16", POST_HTML, "https://example.org/birds", "/birds", FINDING_FAULT, "leads nowhere" },
	{ "M16", HTML_TEMPLATE, "</h1>", "</h1><a href=\"https://counter.example.net/\">Our partner</a>", FINDING_WARNING,
	  "neither the post nor we" },
	{ "M17", POST_HTML, "</p>", "<form action=\"https://example.org/\"></form></p>", FINDING_FAULT, "<form>" },
	{ "M17", POST_HTML, "</p>", "</p><iframe src=\"https://example.org/\"></iframe>", FINDING_FAULT, "<iframe>" },
	{ "M17", POST_HTML, "</p>", "</p><script>x()</script>", FINDING_FAULT, "<script>" },
	{ "M17", POST_HTML, "<em>", "<em onclick=\"x()\">", FINDING_FAULT, "onclick" },
	{ "M18", HTML_TEMPLATE, "</h1>", "</h1><img src=\"https://example.org/a.jpg\" width=\"90\" height=\"90\">", FINDING_FAULT,
	  "without alt" },
	{ "M18", HTML_TEMPLATE, "</h1>", "</h1><img src=\"https://example.org/a.jpg\" alt=\"\" width=\"90\">", FINDING_WARNING,
	  "without width and height" },
	{ "M19", POST_HTML, "</p>", "<img src=\"https://example.org/o.gif\" alt=\"\" width=\"1\" height=\"1\"></p>", FINDING_FAULT,
	  "tracking" },
	{ "M19", HTML_TEMPLATE, "</h1>",
	  "</h1><img src=\"https://example.org/o.gif?u={{reader.email}}\" alt=\"\" width=\"90\" height=\"9\">", FINDING_FAULT, "tracking" },
	{ "M20", UNSIGNED, "To: ", "Bcc: boss@example.org\r\nTo: ", FINDING_FAULT, "Bcc" },
	{ "M20", UNSIGNED, "To: ", "X-Host: build7.internal\r\nTo: ", FINDING_FAULT, "inner network" },
	{ "M21", WIRE, "The first", "The worst", FINDING_FAULT, "the body is not" },
	{ "M21", WIRE, "List-Help: <", "List-Help: <x", FINDING_FAULT, "a signed field" },
	{ "M21", WIRE, "s=s2026", "s=s2020", FINDING_FAULT, "none of the keys" },
	{ "M24", UNSIGNED, "Feedback-ID: c12:birds:post:gazette", "Feedback-ID: c12:birds:post:a:gazette", FINDING_FAULT, "5 parts" },
	{ "M24", UNSIGNED, "Feedback-ID: c12:birds:post:gazette", "Feedback-ID: c12:birds:post:me", FINDING_FAULT, "none that is read" },
	{ "M24", UNSIGNED, "Feedback-ID: c12:birds:post:gazette", "Feedback-ID: ann:birds:post:gazette", FINDING_FAULT, "single reader" },
	{ "M24", UNSIGNED, "Feedback-ID: c12:birds:post:gazette", "Feedback-ID: c12:post:post:gazette", FINDING_WARNING, "repeats" },
	{ "M24", UNSIGNED, "Feedback-ID:", "X-Feedback-ID:", FINDING_WARNING, "no Feedback-ID" },
	{ "M25", UNSIGNED, "CFBL-Address:", "X-CFBL-Address:", FINDING_WARNING, "no CFBL-Address" },
	{ "M25", UNSIGNED, "CFBL-Address:", "CFBL-Address: a@example.org; report=arf\r\nCFBL-Address:", FINDING_FAULT, "not one address" },
	{ "W1", HTML_TEMPLATE, " dir=\"{{dir}}\" xmlns", " xmlns", FINDING_WARNING, "language" },
	{ "W2", HTML_TEMPLATE, "<title>{{subject}}</title>", "<title>News</title>", FINDING_WARNING, "title" },
	{ "W3", HTML_TEMPLATE, "<table role=\"presentation\"", "<table", FINDING_WARNING, "layout table" },
	{ "W5", POST_HTML, "<h2>What to look for</h2>", "<h4>What to look for</h4>", FINDING_WARNING, "h4 after h1" },
	{ "W5", HTML_TEMPLATE, "</h1>", "</h1><h1>Storks</h1>", FINDING_WARNING, "2 h1" },
	{ "W6", POST_HTML, ">which birds came back<", ">click here<", FINDING_WARNING, "click here" },
	{ "W6", POST_HTML, "<a href", "<a style=\"text-decoration:none\" href", FINDING_WARNING, "not underlined" },
	{ "W7", POST_HTML, "<em>", "<em style=\"color:#bbbbbb\">", FINDING_WARNING, "contrast 1.9" },
	{ "W8", POST_HTML, "<em>", "<em style=\"font-size:9px\">", FINDING_WARNING, "9 px" },
	{ "placeholder", POST_HTML, "Write to us", "Lorem ipsum, write to us", FINDING_FAULT, "lorem ipsum" },
	{ "placeholder", POST_HTML, "Write to us", "Dear {{name}}, write to us", FINDING_FAULT, "{{" },
	{ "placeholder", POST_HTML, "Write to us", "Number TK, write to us", FINDING_WARNING, "TK" },
	{ "spam", POST_TITLE, "over the caf\xc3\xa9", "are back!!!", FINDING_WARNING, "!!" },
	{ "spam", POST_TITLE, "Storks over the caf\xc3\xa9", "STORKS ARE BACK AGAIN", FINDING_WARNING, "capitals" },
	{ "spam", POST_TITLE, "Storks over", "FREE storks over", FINDING_WARNING, "FREE" },
	{ "subject", POST_TITLE, "over", "and many other birds that were thought to be gone for good were seen last Sunday over",
	  FINDING_WARNING, "telephones" },
};

static void test_each_fault_is_found_by_its_own_rule_and_no_other(void **state)
{
	size_t wrong = 0;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mutations); i++) {
		const struct mutation *m = &mutations[i];
		CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(8 << 20);
		struct findings findings;
		make(m, NULL, &message);
		judge(buffer_bytes(&message), &findings);
		wrong += !is_only(&findings, m->check, m->level, m->says, m->to);
	}
	assert_int_equal(wrong, 0);
}

/* The header of a mail by SMTPUTF8 is UTF-8; its body is encoded as everybody's is. */
static void test_M7_a_reader_whose_address_is_not_ascii(void **state)
{
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(8 << 20);
	struct findings findings;
	(void)state;
	recipient = "\xc5\x82ukasz@reader.example";
	make(NULL, NULL, &message);
	judge(buffer_bytes(&message), &findings);
	show(&findings);
	assert_int_equal(findings.count, 0);
	make(&(struct mutation){ "M7", UNSIGNED, "The first", "The f\xc3\xafrst", FINDING_FAULT, "above 127" }, NULL, &message);
	judge(buffer_bytes(&message), &findings);
	assert_true(is_only(&findings, "M7", FINDING_FAULT, "above 127", "body"));
	recipient = "ann@reader.example";
}

/* The two parts change places. */
static char *swap_parts(const char *message)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(8 << 20);
	const char *one = strstr(message, "\r\n--=_") + 2;
	const char *two = strstr(one, "\r\n--=_") + 2;
	const char *end = strstr(two, "\r\n--=_") + 2;
	buffer_add(&out, message, (size_t)(one - message));
	buffer_add(&out, two, (size_t)(end - two));
	buffer_add(&out, one, (size_t)(two - one));
	buffer_add_text(&out, end);
	return buffer_give(&out);
}

static char *rename_boundary(const char *message)
{
	char *old = strdup(message);
	while (strstr(old, "=_gz_")) {
		char *fresh = replace(old, "=_gz_", "b1_");
		free(old);
		old = fresh;
	}
	return old;
}

static char *with_large_part(const char *message)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(40 << 20);
	const char *end = strstr(message, "--\r\n") ? message + strlen(message) : message;
	while (end > message && strncmp(end, "\r\n--=_", 6) != 0)
		end--;
	buffer_add(&out, message, (size_t)(end - message));
	buffer_format(&out, "%.*s\r\nContent-Type: application/octet-stream\r\n\r\n", (int)strcspn(end + 2, "\r") + 2 - 2, end);
	for (int i = 0; i < 300000; i++)
		buffer_add_text(&out, "seventy bytes of an attachment that nobody asked for, many times over.\r\n");
	buffer_add_text(&out, end + 2);
	return buffer_give(&out);
}

static void expect_of(char *(*more)(const char *), const char *check, enum finding_level level, const char *says)
{
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(40 << 20);
	struct findings findings;
	make(NULL, more, &message);
	judge(buffer_bytes(&message), &findings);
	assert_true(is_only(&findings, check, level, says, check));
}

static void test_order_boundary_and_size(void **state)
{
	(void)state;
	expect_of(swap_parts, "M8", FINDING_FAULT, "comes first");
	expect_of(rename_boundary, "M26", FINDING_FAULT, "boundary");
	expect_of(with_large_part, "M27", FINDING_FAULT, "more than many servers take");
}

static void test_M15_a_long_post_is_cut_by_gmail(void **state)
{
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(8 << 20);
	struct findings findings;
	(void)state;
	buffer_add_text(&html, "</h1>");
	for (int i = 0; i < 2000; i++)
		buffer_add_text(&html, "<p>The first paragraph tells what happened at the river.</p>\n");
	struct mutation m = { "M15", HTML_TEMPLATE, "</h1>", buffer_text(&html), FINDING_FAULT, "Gmail" };
	make(&m, NULL, &message);
	judge(buffer_bytes(&message), &findings);
	assert_true(is_only(&findings, m.check, m.level, m.says, "a long post"));
}

/* Another reader's link, and one's own of a test mail. */
static void test_M20_no_link_of_another_reader(void **state)
{
	const struct token theirs = { .purpose = TOKEN_UNSUBSCRIBE, .list = 3, .subscriber = 8, .extra = 12 };
	const struct token test = { .purpose = TOKEN_UNSUBSCRIBE, .list = 3, .subscriber = 7, .extra = 12, .is_test = true };
	const struct token *tokens[] = { &theirs, &test };
	static const char *const says[] = { "not this reader's", "a test mail's" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(tokens); i++) {
		CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(8 << 20);
		struct findings findings;
		char text[TOKEN_TEXT];
		char to[200];
		token_write(&keys, tokens[i], 0, text);
		snprintf(to, sizeof to, "https://news.example.org/u/%s", text);
		struct mutation m = { "M20", POST_HTML, "https://example.org/birds", to, FINDING_FAULT, says[i] };
		make(&m, NULL, &message);
		judge(buffer_bytes(&message), &findings);
		assert_true(is_only(&findings, m.check, m.level, m.says, to));
	}
}

static void test_M20_no_return_path_of_another_reader(void **state)
{
	const struct token token = { .list = 3, .subscriber = 8, .extra = 12 };
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(8 << 20);
	struct findings findings;
	char text[TOKEN_TEXT];
	char to[200];
	(void)state;
	token_write_verp(&keys, &token, text);
	snprintf(to, sizeof to, "X-Was: b+%s@example.org\r\nTo: ", text);
	struct mutation m = { "M20", UNSIGNED, "To: ", to, FINDING_FAULT, "not this reader's" };
	make(&m, NULL, &message);
	judge(buffer_bytes(&message), &findings);
	assert_true(is_only(&findings, m.check, m.level, m.says, to));
}

static bool has(const struct findings *findings, const char *check, const char *says)
{
	for (size_t i = 0; i < findings->count; i++)
		if (strcmp(findings->found[i].check, check) == 0 && strstr(findings->found[i].text, says))
			return true;
	return false;
}

/* A signature that does not list a field twice; and one with l=, which of course does not hold either. */
static void test_M22_M23_what_a_signature_leaves_open(void **state)
{
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(8 << 20);
	CLEANUP(buffer_clear) struct buffer open = BUFFER_INIT(8 << 20);
	struct dkim_signer signer = { key, "example.org", "s2026" };
	struct findings findings;
	struct error err;
	(void)state;
	make(NULL, NULL, &message);
	const char *from = strstr(buffer_text(&message), "From: ");
	assert_int_equal(dkim_sign(&signer, 1, DKIM_NO_ID_DATE, bytes_text(from), INT64_C(1795341600) * 1000000, &open, &err), 0);
	buffer_add_text(&open, from);
	judge(buffer_bytes(&open), &findings);
	assert_true(is_only(&findings, "M22", FINDING_FAULT, "message-id", "no-id-date"));
	char *with_length = replace(buffer_text(&message), "c=relaxed/relaxed;", "c=relaxed/relaxed; l=100;");
	judge(bytes_text(with_length), &findings);
	assert_true(has(&findings, "M23", "l="));
	free(with_length);
}

static void test_M18_nothing_but_a_picture(void **state)
{
	static const char page[] =
		"<html lang=\"en\" dir=\"ltr\"><head><title>{{subject}}</title></head><body><div lang=\"en\" dir=\"ltr\"><h1>"
		"<img src=\"https://example.org/all.jpg\" alt=\"All of it\" width=\"600\" height=\"900\"></h1><a "
		"href=\"{{reader.unsubscribe_url}}\">Unsubscribe</a></div></body></html>";
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(8 << 20);
	struct findings findings;
	(void)state;
	struct bytes whole;
	assert_true(template_builtin("mail/letter.html", &whole));
	char *text = strndup(whole.data, whole.size);
	struct mutation m = { "M18", HTML_TEMPLATE, text, page, FINDING_FAULT, "nothing but pictures" };
	make(&m, NULL, &message);
	judge(buffer_bytes(&message), &findings);
	assert_true(has(&findings, "M18", "nothing but pictures"));
	free(text);
}

/* Whatever the bytes are, they are judged, not stumbled over. */
static void test_any_bytes_can_be_judged(void **state)
{
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(8 << 20);
	struct findings findings;
	uint32_t seed = 1;
	(void)state;
	make(NULL, NULL, &message);
	if (message.size == 0) {
		fail();
		return;
	}
	for (size_t i = 0; i < message.size; i += 97)
		judge((struct bytes){ message.data, i }, &findings);
	for (int i = 0; i < 300; i++) {
		seed = seed * 1664525 + 1013904223;
		message.data[seed % message.size] = (char)(seed >> 24);
		judge(buffer_bytes(&message), &findings);
	}
	assert_true(findings.count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_found_in_the_model_message),
		cmocka_unit_test(test_each_fault_is_found_by_its_own_rule_and_no_other),
		cmocka_unit_test(test_M7_a_reader_whose_address_is_not_ascii),
		cmocka_unit_test(test_order_boundary_and_size),
		cmocka_unit_test(test_M15_a_long_post_is_cut_by_gmail),
		cmocka_unit_test(test_M18_nothing_but_a_picture),
		cmocka_unit_test(test_M20_no_link_of_another_reader),
		cmocka_unit_test(test_M20_no_return_path_of_another_reader),
		cmocka_unit_test(test_M22_M23_what_a_signature_leaves_open),
		cmocka_unit_test(test_any_bytes_can_be_judged),
	};
	struct buffer pem = BUFFER_INIT(64 << 10);
	struct error err;
	if (keygen(SIGN_ED25519, 0, &pem, &err) < 0 || sign_read(buffer_bytes(&pem), &key, &err) < 0)
		return 1;
	buffer_clear(&pem);
	content_global_init();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	sign_free(&key);
	return failed;
}
