#include "content/head.h"
#include "base/text.h"
#include "content/byline.h"
#include <stdlib.h>
#include <strings.h>

enum { FEEDS_MAX = 20, METAS_MAX = 200 };

/* The meta elements that say something, gathered once. */
struct metas {
	const char *name[METAS_MAX], *content[METAS_MAX];
	size_t key[METAS_MAX]; /* 0 property, 1 name, 2 itemprop */
	size_t count;
	struct arena *arena;
};

struct wanted {
	const char *name;
	struct arena *arena;
};

/* property and name may hold several words, and their parts stand apart by a colon, a dot or a hyphen. */
static bool says(const char *value, const char *name)
{
	struct bytes rest = bytes_text(value);
	struct bytes word;
	while (text_next_part(&rest, " \t\r\n", &word)) {
		size_t i = 0;
		while (i < word.size && name[i] &&
		       (word.data[i] == name[i] || (name[i] >= 'a' && (word.data[i] | 0x20) == name[i]) ||
		        (name[i] == ':' && (word.data[i] == '.' || word.data[i] == '-'))))
			i++;
		if (i == word.size && !name[i])
			return true;
	}
	return false;
}

static bool gather_meta(const xmlNode *node, const void *what)
{
	static const char *const keys[] = { "property", "name", "itemprop" };
	struct metas *metas = (struct metas *)what;
	const char *content = html_is(node, "meta") ? html_attribute(node, "content", metas->arena) : NULL;
	for (size_t i = 0; content && *content && i < COUNT_OF(keys) && metas->count < METAS_MAX; i++) {
		const char *name = html_attribute(node, keys[i], metas->arena);
		if (!name)
			continue;
		metas->name[metas->count] = name;
		metas->key[metas->count] = i;
		metas->content[metas->count++] = content;
	}
	return false;
}

/* What is said as property counts before name, and that before itemprop. */
static const char *raw_meta(const struct metas *metas, const char *name)
{
	for (size_t key = 0; key < 3; key++)
		for (size_t i = 0; i < metas->count; i++)
			if (metas->key[i] == key && says(metas->name[i], name) && text_trim(bytes_text(metas->content[i])).size)
				return metas->content[i];
	return NULL;
}

static const char *meta(const struct metas *metas, const char *name)
{
	const char *content = raw_meta(metas, name);
	return content ? html_unescaped_line(bytes_text(content), metas->arena) : NULL;
}

/* The first of several names that says something; the list ends with NULL. */
static const char *first_meta(const struct metas *metas, const char *const *names)
{
	const char *value = NULL;
	for (; *names && !value; names++)
		value = meta(metas, *names);
	return value;
}

const char *head_element_line(const xmlNode *node, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
	if (!node)
		return NULL;
	html_text(node, &text);
	return html_line(buffer_bytes(&text), arena);
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

static bool next_word(struct bytes *rest, struct bytes *word)
{
	size_t from = 0;
	while (from < rest->size && !is_word_char(rest->data[from]))
		from++;
	size_t to = from;
	while (to < rest->size && is_word_char(rest->data[to]))
		to++;
	*word = (struct bytes){ rest->data + from, to - from };
	*rest = (struct bytes){ rest->data + to, rest->size - to };
	return to > from;
}

static bool has_word(const char *text, struct bytes wanted)
{
	struct bytes rest = bytes_text(text);
	struct bytes word;
	while (next_word(&rest, &word))
		if (text_compare_nocase(word, wanted) == 0)
			return true;
	return false;
}

double head_likeness(const char *a, const char *b)
{
	struct bytes rest = bytes_text(b);
	struct bytes word;
	size_t all = 0;
	size_t missing = 0;
	while (next_word(&rest, &word)) {
		all += word.size + 1;
		missing += has_word(a, word) ? 0 : word.size + 1;
	}
	return all ? 1.0 - (double)missing / (double)all : 0.0;
}

static size_t word_count(const char *text)
{
	struct bytes rest = bytes_text(text);
	struct bytes word;
	size_t n = 0;
	while (text_next_part(&rest, " ", &word))
		n++;
	return n;
}

/* " | ", " - ", " – ", " — ", " / ", " \ ", " > ", " » " at `at`: the length with its blanks, else 0. */
static size_t separator(const char *at)
{
	static const char *const marks[] = { "|", "-", "–", "—", "/", "\\", ">", "»" };
	for (size_t i = 0; i < COUNT_OF(marks) && *at == ' '; i++) {
		size_t n = strlen(marks[i]);
		if (strncmp(at + 1, marks[i], n) == 0 && at[n + 1] == ' ')
			return n + 2;
	}
	return 0;
}

static const char *last_separator(const char *title)
{
	const char *last = NULL;
	for (const char *at = title; *at; at++)
		if (separator(at))
			last = at;
	return last;
}

/* Between "Title | Site" and "Site: Title" and a title that holds the mark itself, lengths decide. */
static const char *title_of_separated(const char *title, const char *last, struct arena *arena)
{
	const char *before = html_line((struct bytes){ title, (size_t)(last - title) }, arena);
	const char *first = title;
	while (!separator(first))
		first++;
	const char *behind = html_line(bytes_text(first + separator(first)), arena);
	const char *part = before && word_count(before) >= 3 ? before : behind;
	return part && word_count(part) > 4 ? part : before && word_count(before) > 4 ? before : title;
}

static bool is_heading_saying(const xmlNode *node, const void *what)
{
	const struct wanted *wanted = what;
	if (!html_is(node, "h1") && !html_is(node, "h2"))
		return false;
	const char *line = head_element_line(node, wanted->arena);
	return line && strcmp(line, wanted->name) == 0;
}

static const char *title_of_colon(xmlNode *root, const char *title, struct arena *arena)
{
	struct wanted whole = { title, arena };
	const char *colon = strstr(title, ": ");
	if (html_find(root, is_heading_saying, &whole))
		return title;
	const char *last = colon;
	for (const char *at = colon; at; at = strstr(at + 1, ": "))
		last = at;
	const char *behind = last + 2;
	if (word_count(behind) < 3)
		behind = colon + 2;
	const char *before = html_line((struct bytes){ title, (size_t)(colon - title) }, arena);
	bool long_start = before && word_count(before) > 5;
	return !long_start && word_count(behind) > 4 ? behind : title;
}

static bool is_h1(const xmlNode *node, const void *count)
{
	*(size_t *)count += html_is(node, "h1");
	return false;
}

/* <title> without the site's name. */
static const char *title_of_document(xmlNode *root, struct arena *arena)
{
	const char *title = head_element_line(html_find_element(root, "title"), arena);
	size_t size = title ? strlen(title) : 0;
	const char *last = title ? last_separator(title) : NULL;
	if (last)
		return title_of_separated(title, last, arena);
	if (title && strstr(title, ": "))
		return title_of_colon(root, title, arena);
	size_t headings = 0;
	html_find(root, is_h1, &headings);
	if ((size < 15 || size > 150) && headings == 1) {
		const char *heading = head_element_line(html_find_element(root, "h1"), arena);
		if (heading && (word_count(heading) > 4 || !title))
			return heading;
	}
	return title;
}

/* JSON-LD may give a headline and a name: the one that looks like the page's title. */
static const char *title_of_linked(xmlNode *root, const struct linked *linked, struct arena *arena)
{
	if (!linked->headline || !linked->name || strcmp(linked->headline, linked->name) == 0)
		return linked->headline ? linked->headline : linked->name;
	const char *title = title_of_document(root, arena);
	bool named = title && head_likeness(linked->name, title) > 0.75;
	return title && head_likeness(linked->headline, title) > 0.75 && !named ? linked->headline : linked->name;
}

static bool is_rel(const xmlNode *node, const char *rel, struct arena *arena)
{
	const char *value = html_attribute(node, "rel", arena);
	return value && says(value, rel);
}

static bool is_canonical(const xmlNode *node, const void *arena)
{
	return html_is(node, "link") && is_rel(node, "canonical", (struct arena *)arena);
}

static bool is_base(const xmlNode *node, const void *arena)
{
	return html_is(node, "base") && html_attribute(node, "href", (struct arena *)arena);
}

const char *head_base(xmlNode *root, const char *base_url, struct arena *arena)
{
	xmlNode *base = html_find(root, is_base, arena);
	const char *url = base ? html_url(html_attribute(base, "href", arena), base_url, false, arena) : NULL;
	return url ? url : base_url;
}

struct feeds {
	const char **urls;
	size_t count;
	const char *base;
	struct arena *arena;
};

static bool gather_feed(const xmlNode *node, const void *what)
{
	static const char *const types[] = { "application/rss+xml", "application/atom+xml", "application/feed+json", "application/json" };
	struct feeds *feeds = (struct feeds *)what;
	if (!html_is(node, "link") || !is_rel(node, "alternate", feeds->arena))
		return false;
	const char *type = html_attribute(node, "type", feeds->arena);
	const char *url = html_url(html_attribute(node, "href", feeds->arena), feeds->base, false, feeds->arena);
	struct bytes rest = bytes_text(type);
	struct bytes word;
	bool is_feed = false;
	if (url && text_next_part(&rest, "; ", &word))
		for (size_t i = 0; i < COUNT_OF(types); i++)
			is_feed = is_feed || text_compare_nocase(word, bytes_text(types[i])) == 0;
	if (is_feed)
		feeds->urls[feeds->count++] = url;
	return feeds->count == FEEDS_MAX;
}

static void read_feeds(xmlNode *root, const char *base, struct content_head *head, struct arena *arena)
{
	struct feeds feeds = { arena_alloc(arena, FEEDS_MAX * sizeof *feeds.urls), 0, base, arena };
	if (feeds.urls)
		html_find(root, gather_feed, &feeds);
	head->feeds = feeds.urls;
	head->feed_count = feeds.count;
}

static bool is_property(const xmlNode *node, const void *what)
{
	const struct wanted *wanted = what;
	const char *value = html_attribute(node, "itemprop", wanted->arena);
	return value && says(value, wanted->name);
}

/* Microdata: the value of an element's itemprop stands in an attribute or is its text. */
static const char *property(xmlNode *root, const char *name, struct arena *arena)
{
	static const char *const attributes[] = { "content", "datetime", "src", "href" };
	struct wanted wanted = { name, arena };
	xmlNode *node = html_find(root, is_property, &wanted);
	/* <abbr title="2024-01-03T10:00:00Z">10:00 AM</abbr> */
	const char *title = html_is(node, "abbr") ? html_attribute(node, "title", arena) : NULL;
	if (title && html_date(bytes_text(title)))
		return html_line(bytes_text(title), arena);
	for (size_t i = 0; node && i < COUNT_OF(attributes); i++) {
		const char *value = html_attribute(node, attributes[i], arena);
		if (value && *value)
			return html_line(bytes_text(value), arena);
	}
	return head_element_line(node, arena);
}

static const char *or_else(const char *value, const char *other)
{
	return value ? value : other;
}

static bool is_dated(const xmlNode *node, const void *arena)
{
	const char *date = html_is(node, "time") ? html_attribute(node, "datetime", (struct arena *)arena) : NULL;
	return date && html_date(bytes_text(date));
}

static void read_dates(xmlNode *root, const struct metas *metas, const struct linked *linked, struct content_head *head,
                       struct arena *arena)
{
	static const char *const published[] = { "article:published_time",
		                                 "og:published_time",
		                                 "parsely:pub:date",
		                                 "dc:date",
		                                 "dcterms:created",
		                                 "datepublished",
		                                 "pubdate",
		                                 "date",
		                                 NULL };
	static const char *const modified[] = { "article:modified_time", "og:updated_time", "datemodified", NULL };
	head->published = or_else(linked->published, first_meta(metas, published));
	head->modified = or_else(linked->modified, first_meta(metas, modified));
	if (!head->published)
		head->published = property(root, "datepublished", arena);
	xmlNode *time = head->published ? NULL : html_find(root, is_dated, arena);
	if (time)
		head->published = html_line(bytes_text(html_attribute(time, "datetime", arena)), arena);
}

static void read_byline(const struct metas *metas, const struct linked *linked, struct content_head *head)
{
	static const char *const authors[] = { "dc:creator", "dcterm:creator", "author", "parsely:author", NULL };
	head->byline = or_else(linked->author, first_meta(metas, authors));
	const char *person = head->byline ? NULL : meta(metas, "article:author");
	if (person && !strstr(person, "://"))
		head->byline = person;
}

static bool has_class_word(const char *class, const char *const *words, size_t n)
{
	for (size_t i = 0; class && i < n; i++)
		if (strcasestr(class, words[i]))
			return true;
	return false;
}

/* A short line near the title that begins with "by". */
static bool is_by_line(const xmlNode *node, const void *arena)
{
	static const char *const classes[] = { "byline", "submitted", "post-meta", "entry-meta", "article-meta", "author", "posted" };
	const char *class = html_peek(node, "class");
	const char *line = has_class_word(class, classes, COUNT_OF(classes)) ? head_element_line(node, (struct arena *)arena) : NULL;
	return line && strlen(line) < 120 && byline_by(line) > 0;
}

static bool is_rel_author(const xmlNode *node, const void *arena)
{
	const char *rel = html_attribute(node, "rel", (struct arena *)arena);
	return html_is(node, "a") && rel && says(rel, "author");
}

/* Who wrote it, where no byline could be taken from the text: microdata, the card for chats, a link to the author, a line that says "by".
 */
static const char *read_author(xmlNode *root, const struct metas *metas, const struct linked *linked, struct arena *arena)
{
	struct wanted author = { "author", arena };
	struct wanted name = { "name", arena };
	const char *label = meta(metas, "twitter:label1");
	const char *said = linked->named_author;
	if (!said && label && byline_by(label) == strlen(label))
		said = meta(metas, "twitter:data1");
	xmlNode *node = said ? NULL : html_find(root, is_property, &author);
	xmlNode *inner = node ? html_find(node, is_property, &name) : NULL;
	if (!said && node)
		said = inner ? head_element_line(inner, arena) : property(root, "author", arena);
	if (!said)
		said = head_element_line(html_find(root, is_rel_author, arena), arena);
	if (!said)
		said = head_element_line(html_find(root, is_by_line, arena), arena);
	return said && !strstr(said, "://") && strlen(said) < 200 ? byline_names(said, arena) : NULL;
}

struct heading {
	const char *title;
	const char *found;
	struct arena *arena;
};

/* "Title | Site" and a heading "Title": whatever the site is called. */
static bool is_title_part(const xmlNode *node, const void *what)
{
	struct heading *heading = (struct heading *)what;
	const char *line = html_is(node, "h1") || html_is(node, "h2") ? head_element_line(node, heading->arena) : NULL;
	size_t n = line ? strlen(line) : 0;
	size_t whole = strlen(heading->title);
	if (n < 3 || n >= whole || (strncmp(heading->title, line, n) != 0 || !separator(heading->title + n)))
		return false;
	heading->found = line;
	return true;
}

static void read_title(xmlNode *root, const struct metas *metas, const struct linked *linked, struct content_head *head,
                       struct arena *arena)
{
	static const char *const titles[] = { "dc:title",      "dcterm:title",  "og:title", "title",
		                              "twitter:title", "parsely:title", "headline", NULL };
	const char *title = or_else(title_of_linked(root, linked, arena), first_meta(metas, titles));
	head->title = or_else(title, title_of_document(root, arena));
	struct heading heading = { head->title, NULL, arena };
	if (head->title)
		html_find(root, is_title_part, &heading);
	head->heading = heading.found;
}

void head_read(xmlNode *root, const char *base_url, struct content_head *head, struct arena *arena)
{
	static const char *const excerpts[] = { "dc:description", "dcterm:description",  "og:description",
		                                "description",    "twitter:description", NULL };
	struct linked linked;
	struct metas metas = { .count = 0, .arena = arena };
	const char *base = head_base(root, base_url, arena);
	html_find(root, gather_meta, &metas);
	*head = (struct content_head){ 0 };
	linked_read(root, &linked, arena);
	head->site = or_else(or_else(linked.site, meta(&metas, "og:site_name")), linked.named_site);
	head->excerpt = or_else(linked.description, first_meta(&metas, excerpts));
	if (!head->excerpt)
		head->excerpt = property(root, "description", arena);
	read_title(root, &metas, &linked, head, arena);
	read_byline(&metas, &linked, head);
	head->author = read_author(root, &metas, &linked, arena);
	read_dates(root, &metas, &linked, head, arena);
	read_feeds(root, base, head, arena);
	xmlNode *canonical = html_find(root, is_canonical, arena);
	const char *href = canonical ? html_attribute(canonical, "href", arena) : NULL;
	head->canonical = html_url(or_else(href, raw_meta(&metas, "og:url")), base, false, arena);
	const char *image = or_else(raw_meta(&metas, "og:image"), raw_meta(&metas, "twitter:image"));
	head->image = html_url(or_else(or_else(image, linked.image), linked.named_image), base, false, arena);
	head->image_alt = or_else(meta(&metas, "og:image:alt"), meta(&metas, "twitter:image:alt"));
	const char *language = html_attribute(root, "lang", arena);
	head->language = language && *language ? html_line(bytes_text(language), arena) : NULL;
	const char *direction = html_attribute(root, "dir", arena);
	head->direction = direction && (text_equal_nocase(direction, "rtl") || text_equal_nocase(direction, "ltr")) ? direction : NULL;
}

const char *head_without_site(const char *title, const char *site, struct arena *arena)
{
	size_t whole = title ? strlen(title) : 0;
	size_t n = site ? strlen(site) : 0;
	bool closed = whole > 0 && title[whole - 1] == ')';
	size_t from = whole > n + closed ? whole - n - closed : 0;
	if (n == 0 || from < 2 || text_compare_nocase((struct bytes){ title + from, n }, (struct bytes){ site, n }) != 0)
		return title;
	/* "Title - Site", "Title :: Site", "Title, Site", "Title (Site)": the mark goes with the site. */
	size_t end = from;
	for (bool again = true; again;) {
		const char *const marks[] = { " ", "|", "-", "–", "—", "/", "\\", ">", "»", ":", "·", "•", ",", closed ? "(" : "|" };
		again = false;
		for (size_t i = 0; i < COUNT_OF(marks); i++) {
			size_t m = strlen(marks[i]);
			if (end > m && memcmp(title + end - m, marks[i], m) == 0) {
				end -= m;
				again = true;
			}
		}
	}
	const char *line = end + 1 < from ? html_line((struct bytes){ title, end }, arena) : NULL;
	return line ? line : title;
}
