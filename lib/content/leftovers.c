#include "content/leftovers.h"
#include "base/text.h"
#include <strings.h>

enum { LINE_MAX_BYTES = 300, CLOSING_LINES = 3, NEAR = 90 };

bool leftovers_is_box(const xmlNode *node)
{
	static const char *const classes[] = { "subscription-widget", "button-wrapper",        "image-link-expand", "kg-signup-card",
		                               "sharedaddy",          "beehiiv__footer",       "mcnPreviewText",    "share-buttons",
		                               "addtoany_share",      "jp-relatedposts",       "feedflare",         "field--name-title",
		                               "field--name-uid",     "field--name-created",   "mw-editsection",    "newsletter-signup",
		                               "newsletter-form",     "subscribe-form",        "signup-form",       "mc4wp-form",
		                               "mc_embed_signup",     "jetpack-subscriptions", "formkit-form",      "ml-form-embed" };
	static const char *const ids[] = { "templateFooter", "awesomewrap", "mc_embed_signup" };
	xmlChar *class = xmlGetProp(node, (const xmlChar *)"class");
	xmlChar *id = xmlGetProp(node, (const xmlChar *)"id");
	bool found = false;
	for (size_t i = 0; class && i < COUNT_OF(classes) && !found; i++)
		found = strcasestr((const char *)class, classes[i]) != NULL;
	for (size_t i = 0; id && i < COUNT_OF(ids) && !found; i++)
		found = text_equal_nocase((const char *)id, ids[i]);
	xmlFree(class);
	xmlFree(id);
	return found;
}

static const char *line_of(const xmlNode *node, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
	if (!node)
		return NULL;
	html_text(node, &text);
	return html_line(buffer_bytes(&text), arena);
}

/* "Share this story or subscribe to our newsletter for more insights." */
static bool invites(const char *text)
{
	static const char *const verbs[] = { "share", "subscribe" };
	static const char *const things[] = { "newsletter", "story", "insights" };
	static const char *const lines[] = { "already a subscriber", "subscribe to continue", "subscribe to keep reading",
		                             "subscribe to read",    "log in to continue",    "sign in to continue",
		                             "thanks for reading!",  "to read the rest" };
	if (!text || strlen(text) > LINE_MAX_BYTES)
		return false;
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		if (strcasestr(text, lines[i]))
			return true;
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		for (const char *at = strcasestr(text, verbs[i]); at; at = strcasestr(at + 1, verbs[i]))
			for (size_t j = 0; j < COUNT_OF(things); j++) {
				const char *thing = strcasestr(at, things[j]);
				if (thing && thing - at < NEAR)
					return true;
			}
	return false;
}

/* WordPress's closing line, in the languages its feeds come in. */
static bool is_credit(const char *text)
{
	static const char *const lines[][2] = { { "The post ", " appeared first on " },
		                                { "The post ", " first appeared on " },
		                                { "Der Beitrag ", " erschien zuerst auf " },
		                                { "L’article ", " est apparu en premier sur " },
		                                { "La entrada ", " se publicó primero en " },
		                                { "La entrada ", " aparece primero en " },
		                                { "Cet article ", " est apparu en premier " },
		                                { "L'article ", " est apparu en premier sur " },
		                                { "L'articolo ", " proviene da " },
		                                { "L’articolo ", " proviene da " },
		                                { "Het bericht ", " verscheen eerst op " },
		                                { "O post ", " apareceu primeiro em " },
		                                { "O conteúdo ", " aparece primeiro em " },
		                                { "Artykuł ", " pochodzi z serwisu " },
		                                { "Inlägget ", " dök först upp på " },
		                                { "Indlægget ", " blev først udgivet på " },
		                                { "Сообщение ", " появились сначала на " },
		                                { "Запись ", " впервые появилась " },
		                                { "הפוסט ", " הופיע לראשונה ב" },
		                                { "ظهرت المقالة ", " أولاً على " },
		                                { "投稿 ", " に最初に表示されました" } };
	for (size_t i = 0; text && i < COUNT_OF(lines); i++)
		if (text_starts(text, lines[i][0]) && strstr(text, lines[i][1]))
			return true;
	return false;
}

static bool is_blank(const xmlNode *node)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(8 << 20);
	html_text(node, &text);
	return text_trim(buffer_bytes(&text)).size == 0;
}

/* The last paragraph that says something, however deep it stands. */
static xmlNode *last_paragraph(xmlNode *body)
{
	for (xmlNode *node = body ? body->last : NULL; node; node = node->prev) {
		if (node->type != XML_ELEMENT_NODE || is_blank(node))
			continue;
		if (html_is(node, "p") || !html_find_element(node, "p"))
			return node;
		return last_paragraph(node);
	}
	return NULL;
}

static void remove_node(xmlNode *node)
{
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

/* "*|UNSUB|*" in a text is nothing, and so is a link that leads to one. */
static void cut_merge_tags(char *text)
{
	char *to = text;
	while (*text) {
		char *end = text[0] == '*' && text[1] == '|' ? strstr(text + 2, "|*") : NULL;
		if (end && end - text < 60 && !memchr(text, ' ', (size_t)(end - text)))
			text = end + 2;
		else
			*to++ = *text++;
	}
	*to = '\0';
}

static bool is_merge_link(const xmlNode *node)
{
	xmlChar *href = html_is(node, "a") ? xmlGetProp(node, (const xmlChar *)"href") : NULL;
	bool found = href && (strstr((const char *)href, "*|") || strcasestr((const char *)href, "*%7C"));
	xmlFree(href);
	return found;
}

static xmlNode *next_node(xmlNode *root, xmlNode *node, bool skip)
{
	if (!skip && node->type == XML_ELEMENT_NODE && node->children)
		return node->children;
	while (node && node != root && !node->next)
		node = node->parent;
	return node && node != root ? node->next : NULL;
}

/* "Read full topic", "Weiterlesen": nothing but a link to the page of the post, which the mail has anyway. */
static bool is_own_link(xmlNode *node, const char *line, const char *own_url, struct arena *arena)
{
	xmlNode *link = own_url ? html_find_element(node, "a") : NULL;
	const char *url = link ? html_url(html_attribute(link, "href", arena), own_url, false, arena) : NULL;
	const char *said = url ? line_of(link, arena) : NULL;
	size_t n = own_url ? strcspn(own_url, "#") : 0;
	return said && strcmp(said, line) == 0 && strncmp(url, own_url, n) == 0 && (!url[n] || url[n] == '#');
}

/* A post that says nothing else keeps it. */
static bool is_all(const xmlNode *root, const char *line, struct arena *arena)
{
	const char *whole = line_of(root, arena);
	return whole && strcmp(whole, line) == 0;
}

void leftovers_cut(xmlNode *root, const char *own_url, struct arena *arena)
{
	for (xmlNode *node = root, *next; node; node = next) {
		bool goes = node != root && is_merge_link(node);
		next = next_node(root, node, goes);
		if (goes)
			remove_node(node);
		else if (node->type == XML_TEXT_NODE && node->content && strstr((const char *)node->content, "*|"))
			cut_merge_tags((char *)node->content);
	}
	for (int i = 0; i < CLOSING_LINES; i++) {
		xmlNode *last = last_paragraph(root);
		const char *line = last && last != root ? line_of(last, arena) : NULL;
		if (!line || (!invites(line) && !is_credit(line) && !is_own_link(last, line, own_url, arena)) || is_all(root, line, arena))
			break;
		remove_node(last);
	}
}
