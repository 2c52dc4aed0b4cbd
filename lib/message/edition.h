/* edition - a campaign compiled: everything of the message that is the same for all, encoded and ready, with numbered slots for what is
 * not. Compiled and stored once when the campaign starts; for each reader only the slots are encoded. */
#ifndef MESSAGE_EDITION_H
#define MESSAGE_EDITION_H
#include "base/json.h"
#include "model/job.h"
#include "model/post.h"
#include "model/token.h"

struct edition; /* read-only once made: sessions share it */

/* All borrowed during edition_compile(). */
struct edition_in {
	int64_t campaign, list;
	struct bytes salt; /* the campaign's own: Message-ID and boundary come from it */
	const char *list_name, *list_title, *list_id;
	const char *from_name, *from_email, *reply_to /* or NULL */, *owner_email /* or NULL */, *postal, *language;
	const char *public_url;
	const char *return_path; /* pattern with {token}, or NULL: from_email, and what bounces is not matched */
	const char *subject, *preheader;
	const struct post *posts;
	size_t post_count;
	struct bytes html_template, text_template;
	const char *html_name, *text_name; /* for messages */
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
const char *edition_subject(const struct edition *edition);
size_t edition_bytes(const struct edition *edition); /* of its fixed pieces: about the message's size */
#endif
