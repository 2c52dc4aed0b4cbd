#include "content/embed.h"
#include "base/text.h"
#include <stdlib.h>
#include <strings.h>

enum { WIDEST = 1600 };

/* What a mail can show of a player. */
struct shown {
	const char *href, *picture;
};

/* Players whose pages and pictures are known. `id`: what stands behind the prefix, up to one of "/?&#". */
static const struct player {
	const char *prefix, *href, *picture; /* %s: the id */
	const char *ends;                    /* where the id ends */
} players[] = {
	{ "youtube.com/embed/", "https://www.youtube.com/watch?v=%s", "https://i.ytimg.com/vi/%s/hqdefault.jpg", "/?&#" },
	{ "youtube-nocookie.com/embed/", "https://www.youtube.com/watch?v=%s", "https://i.ytimg.com/vi/%s/hqdefault.jpg", "/?&#" },
	{ "youtube.com/v/", "https://www.youtube.com/watch?v=%s", "https://i.ytimg.com/vi/%s/hqdefault.jpg", "/?&#" },
	{ "youtu.be/", "https://www.youtube.com/watch?v=%s", "https://i.ytimg.com/vi/%s/hqdefault.jpg", "/?&#" },
	{ "player.vimeo.com/video/", "https://vimeo.com/%s", NULL, "/?&#" },
	{ "dailymotion.com/embed/video/", "https://www.dailymotion.com/video/%s", "https://www.dailymotion.com/thumbnail/video/%s",
	  "/?&#" },
	{ "open.spotify.com/embed/", "https://open.spotify.com/%s", NULL, "?&#" },
	{ "embed.podcasts.apple.com/", "https://podcasts.apple.com/%s", NULL, "?&#" },
	{ "platform.twitter.com/embed/Tweet.html", NULL, NULL, "" }, /* says nothing that a link could */
};

static const char *host_of(const char *url)
{
	const char *host = strstr(url, "://");
	host = host ? host + 3 : url;
	return text_starts_nocase(bytes_text(host), "www.") ? host + 4 : host;
}

static bool is_id(struct bytes id)
{
	for (size_t i = 0; i < id.size; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/", id.data[i]))
			return false;
	return id.size > 0 && id.size < 100;
}

/* What counts readers only, and is never seen. */
static bool is_counter(const char *host)
{
	static const char *const counters[] = { "googletagmanager.com/", "doubleclick.net/", "google-analytics.com/",
		                                "facebook.com/plugins/like", "facebook.com/tr" };
	for (size_t i = 0; i < COUNT_OF(counters); i++)
		if (strcasestr(host, counters[i]))
			return true;
	return false;
}

/* %s of a format of ours. */
static const char *with_id(const char *format, struct bytes id, struct arena *arena)
{
	const char *at = format ? strstr(format, "%s") : NULL;
	return at ? arena_format(arena, "%.*s%.*s%s", (int)(at - format), format, (int)id.size, id.data, at + 2) : NULL;
}

static struct shown shown_of(const char *url, struct arena *arena)
{
	const char *host = host_of(url);
	for (size_t i = 0; i < COUNT_OF(players); i++) {
		const struct player *p = &players[i];
		if (!text_starts_nocase(bytes_text(host), p->prefix))
			continue;
		const char *from = host + strlen(p->prefix);
		struct bytes id = { from, strcspn(from, p->ends) };
		if (!p->href || !is_id(id))
			return (struct shown){ 0 };
		return (struct shown){ with_id(p->href, id, arena), with_id(p->picture, id, arena) };
	}
	if (is_counter(host))
		return (struct shown){ 0 };
	return (struct shown){ url, NULL };
}

static bool is_tiny(const xmlNode *node, const char *side, struct arena *arena)
{
	const char *value = html_attribute(node, side, arena);
	char *end = NULL;
	return value && strtol(value, &end, 10) <= 1 && end != value;
}

static bool is_unseen(const xmlNode *node, struct arena *arena)
{
	const char *style = html_attribute(node, "style", arena);
	return is_tiny(node, "width", arena) || is_tiny(node, "height", arena) || (style && strcasestr(style, "display:none")) ||
	       (style && strcasestr(style, "display: none"));
}

static const char *first_attribute(const xmlNode *node, const char *const *names, size_t n, const char *base_url, struct arena *arena)
{
	const char *url = NULL;
	for (size_t i = 0; i < n && !url; i++)
		url = html_url(html_attribute(node, names[i], arena), base_url, false, arena);
	return url;
}

/* <video><source src>: the first that has an address. */
static const char *address_of(xmlNode *node, const char *base_url, struct arena *arena)
{
	static const char *const names[] = { "src", "data-src", "data-lazy-src", "data" };
	const char *url = first_attribute(node, names, COUNT_OF(names), base_url, arena);
	xmlNode *source = url ? NULL : html_find_element(node, "source");
	return source ? first_attribute(source, names, COUNT_OF(names), base_url, arena) : url;
}

static void set(xmlNode *node, const char *name, const char *value)
{
	xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value);
}

/* "▶ vimeo.com": no language has to be known for it. */
static const char *label_of(const xmlNode *node, const char *href, struct arena *arena)
{
	static const char *const names[] = { "title", "aria-label", "alt" };
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *value = html_attribute(node, names[i], arena);
		const char *line = value ? html_line(bytes_text(value), arena) : NULL;
		if (line)
			return line;
	}
	const char *host = host_of(href);
	return arena_format(arena, "▶ %.*s", (int)strcspn(host, "/?#:"), host);
}

static xmlNode *link_to(xmlNode *node, const struct shown *shown, struct arena *arena)
{
	xmlNode *link = xmlNewDocNode(node->doc, NULL, (const xmlChar *)"a", NULL);
	const char *label = label_of(node, shown->href, arena);
	if (!link || !label)
		return link;
	set(link, "href", shown->href);
	if (!shown->picture) {
		xmlAddChild(link, xmlNewDocText(node->doc, (const xmlChar *)label));
		return link;
	}
	xmlNode *picture = xmlNewChild(link, NULL, (const xmlChar *)"img", NULL);
	if (picture) {
		set(picture, "src", shown->picture);
		set(picture, "alt", label);
	}
	return link;
}

/* The link stands where the player stood; a player that shows nothing is left to the sanitiser, which drops it. */
static xmlNode *replace_player(xmlNode *node, const char *base_url, struct arena *arena)
{
	const char *url = address_of(node, base_url, arena);
	struct shown shown = url && !is_unseen(node, arena) ? shown_of(url, arena) : (struct shown){ 0 };
	bool is_plugin = html_is(node, "object") || html_is(node, "embed");
	/* Of plugins only the known ones: the rest is what no browser runs any more. */
	if (!shown.href || (is_plugin && shown.href == url))
		return node;
	const char *poster = html_url(html_attribute(node, "poster", arena), base_url, false, arena);
	shown.picture = poster ? poster : shown.picture;
	xmlNode *link = link_to(node, &shown, arena);
	if (!link)
		return node;
	xmlReplaceNode(node, link);
	xmlFreeNode(node);
	return link;
}

/* "a.jpg 480w, b.jpg 960w" or "a.jpg 1x, b.jpg 2x": the widest that is no waste in a mail. URLs may hold commas, so a candidate ends at a
 * comma with a blank behind it, or behind its width. */
static const char *best_of_srcset(const char *set_text, const char *base_url, struct arena *arena)
{
	const char *best = NULL;
	double best_size = -1;
	for (const char *at = set_text; at && *at;) {
		at += strspn(at, " \t\r\n,");
		size_t n = strcspn(at, " \t\r\n");
		bool ended = n > 0 && at[n - 1] == ',';
		const char *url = arena_copy(arena, at, n - ended);
		at += n;
		size_t rest = ended ? 0 : strcspn(at, ",");
		double size = rest ? strtod(at + strspn(at, " \t\r\n"), NULL) : 1;
		at += rest;
		const char *absolute = url && *url ? html_url(url, base_url, false, arena) : NULL;
		if (absolute && ((size > best_size && size <= WIDEST) || (best_size > WIDEST && size < best_size) || !best)) {
			best = absolute;
			best_size = size;
		}
	}
	return best;
}

static const char *srcset_of(const xmlNode *node, const char *base_url, struct arena *arena)
{
	static const char *const names[] = { "data-srcset", "data-lazy-srcset", "srcset" };
	const char *best = NULL;
	for (size_t i = 0; i < COUNT_OF(names) && !best; i++) {
		const char *text = html_attribute(node, names[i], arena);
		best = text ? best_of_srcset(text, base_url, arena) : NULL;
	}
	return best;
}

/* Pages that load pictures late keep the address elsewhere, and show a stand-in. */
static const char *late_address(xmlNode *img, const char *base_url, struct arena *arena)
{
	static const char *const names[] = { "data-src", "data-lazy-src", "data-original", "data-url", "data-hi-res-src" };
	return first_attribute(img, names, COUNT_OF(names), base_url, arena);
}

/* What the picture round it, or the noscript behind it, has to offer. */
static const char *neighbour_address(xmlNode *img, const char *base_url, struct arena *arena)
{
	xmlNode *up = img->parent;
	while (html_is(up, "source"))
		up = up->parent;
	xmlNode *source = html_is(up, "picture") ? html_find_element(up, "source") : NULL;
	const char *url = source ? srcset_of(source, base_url, arena) : NULL;
	xmlNode *next = img->next;
	while (next && next->type == XML_TEXT_NODE && xmlIsBlankNode(next))
		next = next->next;
	xmlNode *plain = !url && html_is(next, "noscript") ? html_find_element(next, "img") : NULL;
	return plain ? html_url(html_attribute(plain, "src", arena), base_url, false, arena) : url;
}

static void settle_picture(xmlNode *img, const struct html_how *how, struct arena *arena)
{
	const char *src = html_attribute(img, "src", arena);
	const char *url = late_address(img, how->base_url, arena);
	/* A path in a file of ours names what lies beside it, which counts more than what it would mean on the web. */
	if (!url && src)
		url = html_is_path(src) ? html_picture(src, how, arena) : html_url(src, how->base_url, false, arena);
	if (!url)
		url = srcset_of(img, how->base_url, arena);
	if (!url)
		url = neighbour_address(img, how->base_url, arena);
	if (!url && src && !html_is_path(src))
		url = html_picture(src, how, arena);
	if (url)
		set(img, "src", url);
	else if (how->beside)
		xmlUnsetProp(img, (const xmlChar *)"src");
}

static bool is_player(const xmlNode *node)
{
	static const char *const names[] = { "iframe", "video", "audio", "object", "embed" };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (html_is(node, names[i]))
			return true;
	return false;
}

void embed_of_amp(xmlNode *node)
{
	static const struct {
		const char *amp, *name, *id, *address; /* id: the attribute whose value stands for %s */
	} elements[] = { { "amp-img", "img", NULL, NULL },
		         { "amp-anim", "img", NULL, NULL },
		         { "amp-iframe", "iframe", NULL, NULL },
		         { "amp-video", "video", NULL, NULL },
		         { "amp-audio", "audio", NULL, NULL },
		         { "amp-youtube", "iframe", "data-videoid", "https://www.youtube.com/embed/%s" },
		         { "lite-youtube", "iframe", "videoid", "https://www.youtube.com/embed/%s" },
		         { "lite-vimeo", "iframe", "videoid", "https://player.vimeo.com/video/%s" },
		         { "amp-vimeo", "iframe", "data-videoid", "https://player.vimeo.com/video/%s" } };
	if (node->type != XML_ELEMENT_NODE || !strchr((const char *)node->name, '-'))
		return;
	for (size_t i = 0; i < COUNT_OF(elements); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		if (!html_is(node, elements[i].amp))
			continue;
		const char *id = elements[i].id ? html_attribute(node, elements[i].id, &arena) : NULL;
		const char *address = id ? with_id(elements[i].address, bytes_text(id), &arena) : NULL;
		if (address)
			set(node, "src", address);
		/* A noscript with the same picture. */
		while (html_is(node, elements[i].amp) && strcmp(elements[i].name, "img") == 0 && node->children) {
			xmlNode *child = node->children;
			xmlUnlinkNode(child);
			xmlFreeNode(child);
		}
		xmlNodeSetName(node, (const xmlChar *)elements[i].name);
	}
}

void embed_replace(xmlNode *root, const struct html_how *how, struct arena *arena)
{
	for (xmlNode *node = root, *next; node; node = next) {
		bool dropped = html_is(node, "noscript") || html_is(node, "template");
		embed_of_amp(node);
		if (node != root && is_player(node)) {
			xmlNode *put = replace_player(node, how->base_url, arena);
			dropped = true;
			node = put;
		} else if (html_is(node, "img")) {
			settle_picture(node, how, arena);
		}
		next = node->type == XML_ELEMENT_NODE && !dropped ? node->children : NULL;
		while (!next && node && node != root) {
			next = node->next;
			node = node->parent;
		}
	}
}
