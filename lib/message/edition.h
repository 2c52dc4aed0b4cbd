/* edition - a campaign compiled: everything of the message that is the same for all, encoded and ready, with numbered slots for what is
 * not. Compiled and stored once when the campaign starts; for each reader only the slots are encoded. */
#ifndef MESSAGE_EDITION_H
#define MESSAGE_EDITION_H
#include "base/json.h"
#include "model/job.h"
#include "model/post.h"
#include "model/token.h"

struct edition; /* read-only once made: sessions share it */

/* How links stand in the text part. */
enum edition_links { EDITION_NOTES /* [1], listed behind the text */, EDITION_INLINE /* <url> behind its words */ };
extern const char *const edition_links_words[];

/* A picture that the HTML shows by cid:, or a file that comes along. */
struct edition_file {
	const char *name; /* as people see it; any UTF-8 without controls */
	const char *type; /* "image/png": decided by us from the content, see message/picture.h */
	const char *url;  /* of a picture: as it stands in the post's HTML or in post.image; NULL for an attachment */
	struct bytes content;
	unsigned width, height; /* of a picture, in pixels; 0: unknown */
};

/* A campaign of one post or of several (a digest): posts[] in the order they are shown, published_us in the list's local time. What
 * is ours (post.is_ours: written by an editor, not taken from a feed) may hold merge tags: {{first_name}}, {{last_name}}, {{name}},
 * {{email}}, {{attributes.NAME}}, sections of them, also with "reader." before. All other braces are text.
 * All borrowed during edition_compile(). */
struct edition_in {
	int64_t campaign, list;
	struct bytes salt; /* the campaign's own: Message-ID and boundary come from it */
	const char *list_name, *list_title, *list_id;
	const char *from_name, *from_email, *reply_to /* or NULL */, *owner_email /* or NULL */, *postal, *language;
	const char *public_url;
	bool has_archive;        /* the list is public: its page at public_url shows what it sent */
	const char *archived_at; /* the page of the one post, or of the digest, there; or NULL */
	const char *return_path; /* pattern with {token}, or NULL: from_email, and what bounces is not matched */
	const char *subject, *preheader;
	/* A mail that follows another one (RFC 5322 section 3.6.4): the salt and the host of that campaign, from which the reader's own
	 * Message-ID was made. Empty: it follows none. */
	struct bytes answers_salt;
	const char *answers_host;
	const struct post *posts;
	size_t post_count;
	struct bytes html_template, text_template;
	const char *html_name, *text_name; /* for messages */
	/* Parts of the templates: {{> head}} asks for "mail/parts/head.html" or ".txt", a language's words for "mail/words/he.json".
	 * False: there is none. NULL: only those built in. */
	bool (*lookup)(void *context, const char *name, struct bytes *text);
	void *lookup_context;
	const char *theme; /* as theme_set() made it; NULL or "": the default */
	enum edition_links links;
	bool subject_is_ours; /* subject and preheader may hold merge tags */
	const struct edition_file *pictures, *attachments;
	size_t picture_count, attachment_count;
	/* Pictures that stay where they are, whose width and height are known: url, width, height. */
	const struct edition_file *sizes;
	size_t size_count;
	bool is_test;
};

/* ERROR_INPUT: a template's fault with file, line and tag; a header that can not be written. */
MUST_CHECK int edition_compile(const struct edition_in *in, struct edition **out, struct error *err);
void edition_free(struct edition **edition);

MUST_CHECK int edition_write(const struct edition *edition, struct buffer *out, struct error *err);
MUST_CHECK int edition_read(struct bytes data, struct edition **out,
                            struct error *err); /* ERROR_CORRUPT for what edition_write did not write */

/* Adds the whole message, CRLF lines, for this reader: the same bytes for the same job. Date is job->first_us. */
MUST_CHECK int edition_fill(const struct edition *edition, const struct job *job, const struct keyring *keys, struct buffer *out,
                            struct error *err);
/* The envelope's return path: VERP where there is a pattern. */
MUST_CHECK int edition_return_path(const struct edition *edition, const struct job *job, const struct keyring *keys, struct buffer *out,
                                   struct error *err);

enum edition_part { EDITION_HTML, EDITION_TEXT };
/* One part, decoded. job NULL: without name or personal links, as the web shows it. */
MUST_CHECK int edition_part(const struct edition *edition, enum edition_part part, const struct job *job, const struct keyring *keys,
                            struct buffer *out, struct error *err);
const char *edition_host(const struct edition *edition); /* right side of its Message-IDs */
const char *edition_subject(const struct edition *edition);
size_t edition_bytes(const struct edition *edition); /* of its fixed pieces: about the message's size */
#endif
