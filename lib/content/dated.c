#include "content/dated.h"
#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "content/head.h"
#include "content/linked.h"
#include <ctype.h>

enum { LINE_MOST = 60 };

struct search {
	struct arena *arena;
	int64_t us;
};

/* "DC.date.issued" and "dc:date-issued" are one name. */
static void plain_name(const char *name, char out[48])
{
	size_t n = 0;
	for (; *name && n < 47; name++)
		if (isalnum((unsigned char)*name))
			out[n++] = (char)tolower((unsigned char)*name);
	out[n] = '\0';
}

static bool is_meta_date(const xmlNode *node, const void *what)
{
	static const char *const names[] = { "datepublished",
		                             "articlepublished",
		                             "articlepublisheddate",
		                             "dcdateissued",
		                             "dctermsissued",
		                             "dctermsdate",
		                             "dcdatecreated",
		                             "sailthrudate",
		                             "publishdate",
		                             "publisheddate",
		                             "publishedat",
		                             "publicationdate",
		                             "originalpublicationdate",
		                             "citationpublicationdate",
		                             "citationdate",
		                             "cxenseparserecspublishtime",
		                             "datecreated" };
	static const char *const keys[] = { "property", "name", "itemprop" };
	struct search *search = (struct search *)what;
	for (size_t k = 0; k < COUNT_OF(keys) && html_is(node, "meta"); k++) {
		char plain[48] = "";
		const char *name = html_attribute(node, keys[k], search->arena);
		const char *content = name ? html_attribute(node, "content", search->arena) : NULL;
		plain_name(name ? name : "", plain);
		for (size_t i = 0; content && i < COUNT_OF(names); i++)
			if (strcmp(plain, names[i]) == 0)
				search->us = html_date(bytes_text(content));
	}
	return search->us != 0;
}

/* <time>January 3, 2024</time> */
static bool is_time_text(const xmlNode *node, const void *what)
{
	struct search *search = (struct search *)what;
	const char *line = html_is(node, "time") ? head_element_line(node, search->arena) : NULL;
	search->us = line ? html_date(bytes_text(line)) : 0;
	return search->us != 0;
}

/* "Posted on 3 January 2024" in an element that is named for it. */
static bool is_date_line(const xmlNode *node, const void *what)
{
	static const char *const classes[] = { "post-date",      "entry-date", "article-date", "publish-date", "pub-date",
		                               "date-published", "posted-on",  "published",    "date" };
	static const char *const starts[] = { "published", "posted", "updated", "on", ":" };
	struct search *search = (struct search *)what;
	struct bytes rest = bytes_text(html_peek(node, "class"));
	struct bytes word;
	bool named = false;
	while (!named && text_next_part(&rest, " \t\n", &word))
		for (size_t i = 0; i < COUNT_OF(classes) && !named; i++)
			named = text_compare_nocase(word, bytes_text(classes[i])) == 0;
	const char *line = named ? head_element_line(node, search->arena) : NULL;
	if (!line || strlen(line) > LINE_MOST)
		return false;
	for (size_t i = 0; i < COUNT_OF(starts); i++)
		if (text_starts_nocase(bytes_text(line), starts[i]))
			line += strlen(starts[i]) + strspn(line + strlen(starts[i]), " :");
	search->us = html_date(bytes_text(line));
	return search->us != 0;
}

/* "/2024/01/03/" */
static int64_t of_path(const char *url)
{
	for (const char *at = url ? strstr(url, "://") : NULL; at && (at = strchr(at + 3, '/')); at -= 2) {
		if (strspn(at + 1, "0123456789") == 4 && at[5] == '/' && strspn(at + 6, "0123456789") == 2 && at[8] == '/' &&
		    strspn(at + 9, "0123456789") == 2 && (at[11] == '/' || at[11] == '\0' || at[11] == '-'))
			return html_date((struct bytes){ at + 1, 10 });
	}
	return 0;
}

int64_t dated_find(xmlNode *root, const char *url, struct arena *arena)
{
	static bool (*const looks[])(const xmlNode *, const void *) = { is_meta_date, is_time_text, is_date_line };
	struct search search = { arena, 0 };
	for (size_t i = 0; i < COUNT_OF(looks) && search.us == 0; i++) {
		html_find(root, looks[i], &search);
		if (i == 0 && search.us == 0)
			search.us = linked_date(root, arena);
	}
	return search.us ? search.us : of_path(url);
}
