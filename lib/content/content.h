/* content - bytes from the world into posts: feeds (RSS 0.9x, 1.0, 2.0, Atom 0.3, 1.0, JSON Feed), Markdown with front matter, HTML
 * pages. Pure: nothing is fetched here. Whatever comes out is safe to put into a mail or a page: HTML is sanitised, texts are UTF-8,
 * on one line where they are titles. */
#ifndef CONTENT_CONTENT_H
#define CONTENT_CONTENT_H
#include "base/arena.h"
#include "model/post.h"

/* What a page says about itself, one line of text each; NULL where it says nothing. Dates as written. */
struct content_head {
	const char *title, *byline, *excerpt, *site, *language, *direction, *published, *modified;
	const char *author, *heading; /* the writer's name alone; the heading that is the title without the site's name; or NULL */
	const char *canonical, *image, *image_alt; /* absolute URLs */
	const char *const *feeds;                  /* absolute URLs of the feeds it announces, in order */
	size_t feed_count;
};

/* What a Markdown file says about itself. */
struct content_front {
	const char *format; /* "yaml", "toml", "json", "js" (refused), or NULL: there is none */
	const char *title, *subtitle, *author, *date, *updated, *url, *id, *slug, *image, *image_alt, *language;
	const char *draft, *published;    /* "true" or "false" */
	const char *tags, *categories;    /* one a line */
	const char *attachments;          /* paths beside the file, one a line */
	struct bytes body;                /* what stands behind it, UTF-8, lines ended by LF, no line breaks at its ends */
	int64_t published_us, updated_us; /* 0: none */
	bool is_draft;
};

struct content_feed {
	const char *kind;     /* "rss20", "atom10", "json11" …; "page"; "markdown" */
	const char *title;    /* NULL if it has none */
	const char *url;      /* of the site, or NULL */
	const char *language; /* or NULL */
	int64_t ttl_us;       /* how often it asks to be looked at; 0: it does not say */
	struct post *posts;
	size_t count;
	size_t dropped;                    /* items that could not be taken */
	const char *why_dropped;           /* what was wrong with the first of them; NULL: nothing */
	const char *broken;                /* what is wrong with its XML, which was read as far as it means something; or NULL */
	const char *unknown_charset;       /* the encoding it names, if nobody knows that one and it had to be guessed; or NULL */
	const struct content_head *head;   /* of a page; else NULL */
	const struct content_front *front; /* of a Markdown file, also of one that is refused; else NULL */
};                                         /* all of it lives in the arena */

/* What lies beside a file of ours: the content room opens none. */
struct content_beside {
	/* The address by which readers get the picture `src` of a body, which names none on the web by itself. `otherwise`: what it means
	 * against the file's base URL, or NULL. NULL: there is none, and the picture is left out. */
	const char *(*picture)(void *arg, const char *src, const char *otherwise);
	/* Told of a link that leads nowhere for a reader: a path, where there is no base URL. */
	void (*link)(void *arg, const char *href);
	void *arg;
};

/* What is known of a file before it is read. All may be NULL. */
struct content_from {
	const char *name;         /* without its folder; may be Jekyll's YYYY-MM-DD-slug.md */
	const char *content_type; /* as HTTP said */
	const char *base_url;     /* to resolve links against */
	const char *title;        /* where a Markdown file's front matter gives none: a mail's subject */
	const struct content_beside *beside;
};

void content_global_init(void); /* once, in main, before any thread */

/* A feed's body. content_type as HTTP said (or NULL), base_url to resolve links against (or NULL).
 * ERROR_INPUT: no feed, with what it is instead. A feed without posts is fine. */
MUST_CHECK int content_feed(struct bytes body, const char *content_type, const char *base_url, struct arena *arena,
                            struct content_feed *out, struct error *err);
/* Markdown (CommonMark with tables), front matter in YAML, TOML or JSON as Hugo, Jekyll, Ghost and 11ty write it.
 * *front (or NULL) is filled as far as it was read. ERROR_CONFLICT: it says that it is a draft. */
MUST_CHECK int content_markdown(struct bytes file, const struct content_from *from, struct arena *arena, struct post *out,
                                struct content_front *front, struct error *err);
/* A page: title, subtitle, author, date, URL and image from its metadata, the article's body. head may be NULL. */
MUST_CHECK int content_page(struct bytes html, const struct content_from *from, struct arena *arena, struct post *out,
                            struct content_head *head, struct error *err);
/* Any of these, told apart by content and name. */
MUST_CHECK int content_file(struct bytes data, const struct content_from *from, struct arena *arena, struct content_feed *out,
                            struct error *err);

/* Keeps what a mail may show (RULES A16): an allow-list of elements and attributes, http, https and mailto links made absolute.
 * Idempotent. */
enum content_sanitise_flags {
	CONTENT_DROP_TRACKING = 1, /* others' tracking parameters (utm_*, fbclid …) go from links */
	CONTENT_CUT_LEFTOVERS = 2, /* closing lines of platforms go: invitations to subscribe, "appeared first on", merge tags */
};
MUST_CHECK int content_sanitise(struct bytes html, const char *base_url, unsigned flags, struct buffer *out, struct error *err);
/* A readable plain text: paragraphs, underlined headings, lists, quotes, code. */
enum content_links { CONTENT_NOTES /* [1], listed at the end under a line "Links" */, CONTENT_INLINE /* <url> behind its words */ };
struct content_plain {
	unsigned width; /* lines of at most so many columns where words allow; 0: one line a paragraph */
	enum content_links links;
	const char *links_word, *image_word; /* "Links" and "Image" in the reader's language; NULL: English */
};
MUST_CHECK int content_plain_text(struct bytes html, const struct content_plain *how, struct buffer *out, struct error *err);

/* What a body says without its markup and without white space: bodies are compared by it. */
void content_words(struct bytes html, struct buffer *out);
/* The first `max` http(s) URLs of links and pictures, in document order, in the arena; returns how many. */
size_t content_urls(struct bytes html, const char **out, size_t max, struct arena *arena);
#endif
