/* What the templates see of list, theme and posts. */
#include "base/text.h"
#include "message/body.h"
#include "message/compile.h"
#include "message/flow.h"
#include "message/generic.h"
#include "message/merge.h"
#include "message/theme.h"
#include "message/words.h"
#include <stdio.h>
#include <stdlib.h>

enum { SUMMARY_BYTES = 320, PREHEADER_BYTES = 150, PADDING = 40 };

/* Control characters stand for our slots and merge tags: in the words of others there are none. "" for NULL. */
static void add_words(const char *text, struct buffer *out)
{
	for (; text && *text; text++)
		buffer_add_char(out, (unsigned char)*text >= 0x20 || *text == '\n' || *text == '\t' ? *text : ' ');
}

static json_t *words(const char *text)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(PART_BYTES);
	add_words(text, &out);
	return out.failed ? NULL : json_stringn(buffer_text(&out), out.size);
}

/* Text with its merge tags marked, if they are to be filled. */
static json_t *marked(const char *text, bool is_ours, enum merge_form form, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(PART_BYTES);
	CLEANUP(buffer_clear) struct buffer plain = BUFFER_INIT(PART_BYTES);
	add_words(text, &plain);
	struct bytes from = buffer_bytes(&plain);
	if (buffer_check(&plain, err) < 0)
		return NULL;
	if (!is_ours || !strpbrk(buffer_text(&plain), "{%"))
		buffer_add_bytes(&out, from);
	else if (merge_mark(from, form, &out, err) < 0)
		return NULL;
	json_t *value = buffer_check(&out, err) < 0 ? NULL : json_stringn(buffer_text(&out), out.size);
	if (!value)
		error_set(err, ERROR_INPUT, "a text of the campaign is no UTF-8");
	return value;
}

static int set(json_t *object, const char *key, json_t *value)
{
	return value ? json_object_set_new(object, key, value) : -1;
}

/* What stands below a title in the text part: as long as it is, for a reader without a name where it has merge tags. */
static json_t *underline(const char *title, bool is_ours, char mark)
{
	CLEANUP(buffer_clear) struct buffer shown = BUFFER_INIT(PART_BYTES);
	struct error unsound;
	struct bytes text = bytes_text(title);
	if (is_ours && generic_fill(text, GENERIC_TEXT, &shown, &unsound) == 0)
		text = buffer_bytes(&shown);
	char line[FLOW_COLUMNS];
	size_t columns = text_columns(text);
	columns = columns < 3 ? 3 : columns < FLOW_COLUMNS ? columns : FLOW_COLUMNS;
	memset(line, mark, columns);
	return json_stringn(line, columns);
}

/* The beginning of a text on one line, cut between words. Ends in "…" if anything is left out. */
static void beginning(const char *text, size_t most, struct buffer *out)
{
	CLEANUP(buffer_clear) struct buffer line = BUFFER_INIT(PART_BYTES);
	text_squeeze(bytes_text(text), &line);
	size_t size = line.size;
	if (size > most) {
		size = most;
		while (size > 0 && line.data[size] != ' ')
			size--;
		/* Text without blanks is cut between characters. */
		for (size = size ? size : most; size > 0 && ((unsigned char)line.data[size] & 0xc0) == 0x80;)
			size--;
		while (size > 0 && strchr(" ,;:.-", line.data[size - 1]))
			size--;
	}
	buffer_add(out, line.data, size);
	if (size < line.size)
		buffer_add_text(out, "…");
}

/* A digest's line or two about a post: its subtitle, or how it begins. */
static json_t *summary(const struct post *post, size_t most, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(4096);
	if (post->subtitle && *post->subtitle) {
		beginning(post->subtitle, most, &out);
		return marked(buffer_text(&out), post->is_ours, MERGE_TEXT, err);
	}
	/* The first paragraph that is prose: no heading, item, quote, code or picture. */
	static const size_t least[] = { 40, 1 }; /* rather one that says something */
	for (size_t i = 0; i < COUNT_OF(least) && out.size == 0; i++) {
		struct bytes rest = bytes_text(post->text ? post->text : "");
		struct bytes line;
		while (out.size == 0 && text_next_part(&rest, "\n", &line)) {
			bool prose = line.size > least[i] && !strchr("->[ *=#|`\t0123456789", line.data[0]);
			CLEANUP(buffer_clear) struct buffer one = BUFFER_INIT(PART_BYTES);
			buffer_add_bytes(&one, line);
			if (prose)
				beginning(buffer_text(&one), most, &out);
		}
	}
	return marked(buffer_text(&out), post->is_ours, MERGE_TEXT, err);
}

static json_t *styled_html(const struct compile *c, const struct post *post, bool is_rtl, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(PART_BYTES);
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(PART_BYTES);
	struct bytes from = bytes_text(post->html ? post->html : "");
	struct body_look look = { .theme = c->theme,
		                  .is_rtl = is_rtl,
		                  .width = (unsigned)strtoul(json_text(c->theme, "width"), NULL, 10) - 2 * PADDING,
		                  .pictures = c->in->pictures,
		                  .picture_count = c->in->picture_count,
		                  .cid_host = c->host,
		                  .sizes = c->in->sizes,
		                  .size_count = c->in->size_count };
	if (post->is_ours) {
		if (merge_mark(from, MERGE_HTML, &html, err) < 0)
			return NULL;
		from = buffer_bytes(&html);
	}
	if (body_style(from, &look, &out, err) < 0)
		return NULL;
	json_t *value = json_stringn(buffer_text(&out), out.size);
	if (!value)
		error_set(err, ERROR_INPUT, "the post's HTML is no UTF-8");
	return value;
}

/* How high a picture is that is as wide as `width`, for programs that go by the attribute; "" unknown. */
static json_t *height_at(const struct edition_file *picture, uint64_t width)
{
	char text[24] = "";
	if (picture && picture->width > 0 && picture->height > 0 && picture->height < 20 * (uint64_t)picture->width)
		snprintf(text, sizeof text, "%" PRIu64, (width * picture->height + picture->width / 2) / picture->width);
	return json_string(text);
}

static const struct edition_file *file_at(const struct edition_file *files, size_t n, const char *url, size_t *at)
{
	for (*at = 0; *url && *at < n; ++*at)
		if (strcmp(files[*at].url, url) == 0)
			return &files[*at];
	return NULL;
}

/* The lead image: as it is, or that which comes along. A body that begins with it does not show it twice. */
static int lead_image(const struct compile *c, const struct post *post, json_t *value)
{
	char cid[220] = "cid:";
	const char *url = post->image && !post_begins_with_image(post) ? post->image : "";
	unsigned width = (unsigned)strtoul(json_text(c->theme, "width"), NULL, 10);
	size_t at = 0;
	size_t unused = 0;
	const struct edition_file *along = file_at(c->in->pictures, c->in->picture_count, url, &at);
	const struct edition_file *known = along ? along : file_at(c->in->sizes, c->in->size_count, url, &unused);
	if (along) {
		body_cid(at, c->host, cid + 4, sizeof cid - 4);
		url = cid;
	}
	return set(value, "image_height", height_at(known, width)) < 0 ||
	                       set(value, "image_inner_height", height_at(known, width - 2 * PADDING)) < 0
	               ? -1
	               : set(value, "image", json_string(url));
}

static json_t *post_value(const struct compile *c, const struct post *post, struct error *err)
{
	CLEANUP(json_free) json_t *value = json_object();
	char date[80];
	const char *language = post->language && *post->language ? post->language : c->in->language;
	bool is_rtl = words_is_rtl(language);
	bool ours = post->is_ours;
	words_date(c->words, post->published_us, date, sizeof date);
	if (!value || set(value, "title", marked(post->title, ours, MERGE_TEXT, err)) < 0 ||
	    set(value, "subtitle", marked(post->subtitle, ours, MERGE_TEXT, err)) < 0 ||
	    set(value, "summary", summary(post, SUMMARY_BYTES, err)) < 0 || set(value, "html", styled_html(c, post, is_rtl, err)) < 0 ||
	    set(value, "text", marked(post->text, ours, MERGE_TEXT, err)) < 0 || lead_image(c, post, value) < 0 ||
	    set(value, "underline", underline(post->title, ours, '=')) < 0 || set(value, "dashes", underline(post->title, ours, '-')) < 0)
		return NULL;
	const char *const texts[][2] = { { "author", post->author },
		                         { "url", post->url },
		                         { "image_alt", post->image_alt },
		                         { "date", date },
		                         { "lang", language },
		                         { "dir", is_rtl ? "rtl" : "ltr" },
		                         { "start", is_rtl ? "right" : "left" } };
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (set(value, texts[i][0], words(texts[i][1])) < 0) {
			error_set(err, ERROR_INPUT, "%s: is no UTF-8", texts[i][0]);
			return NULL;
		}
	json_t *whole = value;
	value = NULL;
	return whole;
}

static int set_list(struct compile *c, struct error *err)
{
	const struct edition_in *in = c->in;
	char url[512];
	snprintf(url, sizeof url, "%s/%s", in->public_url, in->list_name);
	json_t *list = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "title", in->list_title, "postal", in->postal, "url", url, "from_name",
	                         in->from_name, "from_email", in->from_email, "language", in->language);
	return set(c->values, "list", list) < 0 ? error_set(err, ERROR_INPUT, "a text of the list is no UTF-8") : 0;
}

static int set_texts(struct compile *c, struct error *err)
{
	const struct edition_in *in = c->in;
	const char *lang = json_text(c->words, "lang");
	bool is_rtl = words_is_rtl(lang ? lang : "en");
	unsigned width = (unsigned)strtoul(json_text(c->theme, "width"), NULL, 10);
	json_t *preheader = in->preheader && *in->preheader ? marked(in->preheader, in->subject_is_ours, MERGE_TEXT, err)
	                    : in->post_count                ? summary(&in->posts[0], PREHEADER_BYTES, err)
	                                                    : json_string("");
	const char *const texts[][2] = { { "lang", lang ? lang : "en" },
		                         { "language", lang ? lang : "en" },
		                         { "dir", is_rtl ? "rtl" : "ltr" },
		                         { "start", is_rtl ? "right" : "left" },
		                         { "end", is_rtl ? "left" : "right" },
		                         /* Within a post lang and dir are its own. */
		                         { "mail_lang", lang ? lang : "en" },
		                         { "mail_dir", is_rtl ? "rtl" : "ltr" } };
	if (set(c->values, "subject", marked(in->subject, in->subject_is_ours, MERGE_TEXT, err)) < 0 ||
	    set(c->values, "underline", underline(in->subject, in->subject_is_ours, '=')) < 0 || set(c->values, "preheader", preheader) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (set(c->values, texts[i][0], json_string(texts[i][1])) < 0)
			return error_set(err, ERROR_MEMORY, "out of memory");
	json_object_set_new(c->values, "is_test", json_boolean(in->is_test));
	json_object_set_new(c->values, "is_digest", json_boolean(in->post_count > 1));
	json_object_set_new(c->values, "archive_url", json_string(in->archived_at ? in->archived_at : ""));
	json_object_set_new(c->values, "width", json_integer(width));
	json_object_set_new(c->values, "inner", json_integer(width - 2 * PADDING));
	return 0;
}

int compile_values(struct compile *c, struct error *err)
{
	const struct edition_in *in = c->in;
	c->values = json_object();
	c->theme = theme_values(in->theme, err);
	c->words = words_for(&(struct words_files){ in->lookup, in->lookup_context }, in->language, err);
	json_t *posts = json_array();
	if (!c->values || set(c->values, "posts", posts) < 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (!c->theme || !c->words || json_object_set(c->values, "theme", c->theme) < 0 || set_list(c, err) < 0 || set_texts(c, err) < 0)
		return -1;
	for (size_t i = 0; i < in->post_count; i++) {
		json_t *post = post_value(c, &in->posts[i], err);
		if (!post || json_array_append_new(posts, post) < 0)
			return -1;
	}
	json_t *first = in->post_count ? json_array_get(posts, 0) : json_null();
	return json_object_set(c->values, "post", first) < 0 ? error_set(err, ERROR_MEMORY, "out of memory") : 0;
}

int compile_shorten(struct compile *c, size_t excess, struct error *err)
{
	json_t *posts = json_object_get(c->values, "posts");
	json_t *post = NULL;
	size_t at = 0;
	size_t whole = 0;
	int cut = 0;
	json_array_foreach(posts, at, post) whole += json_string_length(json_object_get(post, "html"));
	/* Each gives up its share; one without a page to go on reading keeps what it has. */
	json_array_foreach(posts, at, post)
	{
		const json_t *html = json_object_get(post, "html");
		struct bytes text = { json_string_value(html), json_string_length(html) };
		size_t less = whole ? (size_t)((uint64_t)excess * text.size / whole) + 1 : 0;
		size_t keep = text.size > less ? body_cut(text, text.size - less) : 0;
		if (keep == text.size || !*json_text(post, "url"))
			continue;
		json_t *shorter = json_stringn(text.data, keep);
		if (!shorter || set(post, "html", shorter) < 0)
			return error_set(err, ERROR_MEMORY, "out of memory");
		json_object_set_new(post, "is_cut", json_true());
		cut = 1;
	}
	return cut;
}
