#include "content/lint_words.h"
#include "base/text.h"
#include "content/lint.h"
#include <stdlib.h>

enum { WORDS = 20000, TEXT_BYTES = 8 << 20, SUBJECT_MOST = 150, SUBJECT_GOOD = 70, TAG_MOST = 80 };

bool words_hold(struct bytes text, const char *what)
{
	CLEANUP(buffer_clear) struct buffer a = BUFFER_INIT(TEXT_BYTES);
	CLEANUP(buffer_clear) struct buffer b = BUFFER_INIT(64 << 10);
	text_squeeze(text, &a);
	text_squeeze(bytes_text(what), &b);
	return b.size > 0 && a.size >= b.size && memmem(a.data, a.size, b.data, b.size);
}

static struct bytes next_letter(struct bytes *rest)
{
	while (rest->size > 0 && (unsigned char)*rest->data <= ' ')
		*rest = (struct bytes){ rest->data + 1, rest->size - 1 };
	struct bytes letter = { rest->data, rest->size > 0 };
	*rest = (struct bytes){ rest->data + letter.size, rest->size - letter.size };
	return letter;
}

bool words_equal(struct bytes a, struct bytes b)
{
	for (;;) {
		struct bytes one = next_letter(&a);
		struct bytes two = next_letter(&b);
		if (!bytes_equal(one, two))
			return false;
		if (one.size == 0)
			return true;
	}
}

/* Letters and digits; every byte of another script counts as a letter. */
static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static bool next_word(struct bytes *rest, struct bytes *word)
{
	while (rest->size > 0) {
		size_t n = 0;
		/* A web address is no text: the plain part writes them all out. */
		if (text_starts_nocase(*rest, "https://") || text_starts_nocase(*rest, "http://")) {
			while (n < rest->size && (unsigned char)rest->data[n] > ' ')
				n++;
			*rest = (struct bytes){ rest->data + n, rest->size - n };
			continue;
		}
		while (n < rest->size && is_word_char(rest->data[n]))
			n++;
		*word = (struct bytes){ rest->data, n };
		*rest = (struct bytes){ rest->data + (n ? n : 1), rest->size - (n ? n : 1) };
		if (n > 0)
			return true;
	}
	return false;
}

size_t words_count(struct bytes text)
{
	struct bytes word;
	size_t n = 0;
	while (next_word(&text, &word))
		n++;
	return n;
}

static int by_text(const void *a, const void *b)
{
	return text_compare_nocase(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* The different words of a text of at least four bytes, sorted. */
static size_t distinct(struct bytes text, struct bytes *out)
{
	struct bytes word;
	size_t n = 0;
	while (n < WORDS && next_word(&text, &word))
		if (word.size >= 4)
			out[n++] = word;
	qsort(out, n, sizeof *out, by_text);
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || by_text(&out[kept - 1], &out[i]) != 0)
			out[kept++] = out[i];
	return kept;
}

/* Per cent of the words of `a` that `b` has. */
static unsigned share(const struct bytes *a, size_t n, const struct bytes *b, size_t m)
{
	size_t found = 0;
	for (size_t i = 0; i < n; i++)
		found += bsearch(&a[i], b, m, sizeof *b, by_text) != NULL;
	return n ? (unsigned)(found * 100 / n) : 100;
}

void words_compare(struct bytes plain, struct bytes html, struct findings *findings)
{
	struct bytes *a = malloc(WORDS * sizeof *a);
	struct bytes *b = malloc(WORDS * sizeof *b);
	if (a && b && text_trim(plain).size > 0) {
		size_t n = distinct(plain, a);
		size_t m = distinct(html, b);
		unsigned of_html = share(b, m, a, n);
		unsigned of_plain = share(a, n, b, m);
		/* A long post is cut in the HTML and goes on in the text: more words there are no fault. */
		unsigned least = of_plain < of_html && n <= m ? of_plain : of_html;
		if (least < 70)
			findings_add(findings, least < 50 ? FINDING_FAULT : FINDING_WARNING, "M8", "text part",
			             "let both templates say the same",
			             "plain text and HTML differ: %u%% of the HTML's words are in the text, "
			             "%u%% of the text's in the HTML",
			             of_html, of_plain);
	}
	free(a);
	free(b);
}

/* A whole word, in the case it is written. */
static const char *find_word(struct bytes text, const char *word)
{
	size_t size = strlen(word);
	for (const char *at = text.data; at && (at = memmem(at, (size_t)(text.data + text.size - at), word, size)); at++)
		if ((at == text.data || !is_word_char(at[-1])) && (at + size == text.data + text.size || !is_word_char(at[size])))
			return at;
	return NULL;
}

static bool holds_nocase(struct bytes text, const char *what)
{
	size_t size = strlen(what);
	for (size_t i = 0; i + size <= text.size; i++)
		if (text_starts_nocase((struct bytes){ text.data + i, text.size - i }, what))
			return true;
	return false;
}

void content_lint_placeholders(struct bytes text, const char *where, struct findings *findings)
{
	static const struct {
		const char *mark;
		enum finding_level level;
	} marks[] = { { "lorem ipsum", FINDING_FAULT }, { "[insert", FINDING_FAULT }, { "[your name", FINDING_FAULT },
		      { "%%first", FINDING_FAULT },     { "*|", FINDING_FAULT },      { "your text here", FINDING_FAULT },
		      { "xxxxx", FINDING_WARNING } };
	const char *open = memmem(text.data, text.size, "{{", 2);
	const char *close = open ? memmem(open, (size_t)(text.data + text.size - open), "}}", 2) : NULL;
	if (close && close - open < TAG_MOST)
		findings_add(findings, FINDING_FAULT, "placeholder", where, "write what belongs there", "\"%.*s}}\" was left in the text",
		             (int)(close - open), open);
	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (holds_nocase(text, marks[i].mark))
			findings_add(findings, marks[i].level, "placeholder", where, "write what belongs there",
			             "\"%s\" was left in the text", marks[i].mark);
	if (find_word(text, "TK") || find_word(text, "TKTK"))
		findings_add(findings, FINDING_WARNING, "placeholder", where, "write what belongs there", "\"TK\" was left in the text");
}

/* Capitals, as filters and readers count them. */
static bool is_shouted(const char *text)
{
	size_t upper = 0;
	size_t lower = 0;
	for (; *text; text++) {
		upper += *text >= 'A' && *text <= 'Z';
		lower += *text >= 'a' && *text <= 'z';
	}
	return upper >= 8 && lower * 3 < upper;
}

void content_lint_subject(const char *subject, bool is_answer, struct findings *findings)
{
	static const char *const marks[] = { "!!",        "$$",     "FREE",   "100%",       "act now",    "click here", "limited time",
		                             "risk-free", "winner", "viagra", "cash bonus", "make money", "earn $" };
	size_t columns = text_columns(bytes_text(subject));
	char where[] = "Subject";
	if (columns > SUBJECT_MOST)
		findings_add(findings, FINDING_WARNING, "subject", where, "shorten it to 50 to 70 characters",
		             "a subject of %zu characters: nobody sees its end", columns);
	else if (columns > SUBJECT_GOOD)
		findings_add(findings, FINDING_WARNING, "subject", where, "put what matters first",
		             "a subject of %zu characters: telephones show about 40, others about 70", columns);
	if (is_shouted(subject))
		findings_add(findings, FINDING_WARNING, "spam", where, "write it as a sentence", "the subject is written in capitals");
	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (marks[i][0] >= 'A' && marks[i][0] <= 'Z' ? find_word(bytes_text(subject), marks[i]) != NULL
		                                             : holds_nocase(bytes_text(subject), marks[i]))
			findings_add(findings, FINDING_WARNING, "spam", where, "say it another way",
			             "the subject holds \"%s\", a mark that filters know", marks[i]);
	if (!is_answer && (text_starts_nocase(bytes_text(subject), "re:") || text_starts_nocase(bytes_text(subject), "fwd:")))
		findings_add(findings, FINDING_WARNING, "spam", where, "leave it out",
		             "the subject pretends to be an answer: misleading by law in the US (15 USC 7704)");
	content_lint_placeholders(bytes_text(subject), where, findings);
}
