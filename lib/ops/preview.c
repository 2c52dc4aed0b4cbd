/* What one reader would get, and test mails. */
#include "model/address.h"
#include "ops/compile.h"
#include "ops/signing.h"
#include "ops/subscribers.h"
#include "system/clock.h"
#include "system/random.h"
#include <stdio.h>

static int campaign_of(struct ops *ops, int64_t id, struct campaign *out, struct arena *arena, struct error *err)
{
	int found = store_campaign_get(ops->db, id, out, arena, err);
	return found == 0  ? error_set(err, ERROR_NOT_FOUND, "there is no campaign %" PRId64 ": gazette campaign ls shows them", id)
	       : found < 0 ? -1
	                   : 0;
}

static int job_of(struct ops *ops, int64_t campaign, const char *who, struct job *out, struct arena *arena, struct error *err)
{
	struct subscriber subscriber;
	if (subscriber_find(ops, who, &subscriber, arena, err) < 0)
		return -1;
	int found = store_delivery_job(ops->db, campaign, subscriber.id, out, err);
	return found > 0 ? 0 : found < 0 ? -1 : error_set(err, ERROR_NOT_FOUND, "there is no subscriber %s", who);
}

int campaign_message(struct ops *ops, const struct edition *edition, const struct signing *signing, const struct job *job,
                     struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer plain = BUFFER_INIT(64 << 20);
	enum relay_sign how = ops->config->relay_count ? ops->config->relay[0].sign : SIGN_FULL;
	if (edition_fill(edition, job, &ops->keys, &plain, err) < 0)
		return -1;
	if (signing && signing_sign(signing, how, buffer_bytes(&plain), job->first_us, clock_now().wall_us, out, err) < 0)
		return -1;
	buffer_add_bytes(out, buffer_bytes(&plain));
	return buffer_check(out, err);
}

/* Signed if this user may read the keys. */
static int preview_whole(struct ops *ops, const struct edition *edition, const struct job *job, struct buffer *out, struct error *err)
{
	CLEANUP(signing_close) struct signing *signing = NULL;
	struct error unread;
	if (signing_open(ops, ops->config, &signing, &unread) < 0)
		signing = NULL;
	return campaign_message(ops, edition, signing, job, out, err);
}

int campaign_preview(struct ops *ops, int64_t id, const char *to, enum preview_form form, struct buffer *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(edition_free) struct edition *edition = NULL;
	struct campaign campaign;
	struct job job;
	if (campaign_of(ops, id, &campaign, &arena, err) < 0 || job_of(ops, id, to, &job, &arena, err) < 0)
		return -1;
	/* A refreshed campaign has several editions; each reader keeps his own. */
	campaign.edition_id = job.edition ? job.edition : campaign.edition_id;
	if (campaign_edition(ops, &campaign, &edition, err) < 0)
		return -1;
	if (job.first_us == 0)
		job.first_us = clock_now().wall_us;
	if (form == PREVIEW_EML)
		return preview_whole(ops, edition, &job, out, err);
	return edition_part(edition, form == PREVIEW_HTML ? EDITION_HTML : EDITION_TEXT, &job, &ops->keys, out, err);
}

/* Whether a post was edited since the edition in force was compiled. */
static int is_outdated(struct ops *ops, const struct loaded *loaded, bool *outdated, struct error *err)
{
	*outdated = false;
	for (size_t i = 0; i < loaded->count && loaded->campaign.edition_id; i++) {
		int64_t version = 0;
		int found = store_edition_version(ops->db, loaded->campaign.edition_id, loaded->post[i].id, &version, err);
		if (found < 0)
			return -1;
		*outdated = *outdated || (found > 0 && version < loaded->post[i].version);
	}
	return 0;
}

int campaign_web_view(struct ops *ops, int64_t id, struct buffer *html, struct error *err)
{
	CLEANUP(loaded_clear) struct loaded loaded = { .arena = ARENA_INIT };
	CLEANUP(edition_free) struct edition *edition = NULL;
	bool outdated = false;
	if (loaded_read(ops, id, &loaded, err) < 0 || is_outdated(ops, &loaded, &outdated, err) < 0)
		return -1;
	/* Pictures that a mail brings along stand on the web anyway: a visitor makes nobody fetch them. */
	loaded.list.images = "link";
	/* The web shows what is right now, whatever the mail said. */
	int result =
		outdated ? loaded_compile(ops, &loaded, 0, false, &edition, err) : campaign_edition(ops, &loaded.campaign, &edition, err);
	return result < 0 ? -1 : edition_part(edition, EDITION_HTML, NULL, &ops->keys, html, err);
}

int campaign_test(struct ops *ops, int64_t id, const char *to, const char *as, struct actor actor, int64_t *notice, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(edition_free) struct edition *edition = NULL;
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(64 << 20);
	struct campaign campaign;
	struct list list;
	struct address address;
	uint8_t salt[16];
	struct job job = { .name = "Sample Reader", .values = "{}", .uuid = "00000000-0000-4000-8000-000000000000" };
	if (address_read(bytes_text(to), &address, err) < 0 || campaign_of(ops, id, &campaign, &arena, err) < 0 ||
	    store_list_get(ops->db, campaign.list_id, &list, &arena, err) <= 0 || (as && job_of(ops, id, as, &job, &arena, err) < 0))
		return -1;
	/* A salt of its own gives a Message-ID of its own: else the editor's real copy is dropped as a duplicate of the test. */
	random_bytes(salt, sizeof salt);
	campaign.salt = (struct bytes){ (const char *)salt, sizeof salt };
	if (campaign_test_edition(ops, &campaign, &edition, err) < 0)
		return -1;
	snprintf(job.email, sizeof job.email, "%s", address.text);
	job.first_us = clock_now().wall_us;
	job.is_test = true;
	if (edition_fill(edition, &job, &ops->keys, &message, err) < 0)
		return -1;
	struct notice mail = {
		.kind = "test", .list_id = list.id, .email = address.text, .sender = list.from_email, .message = buffer_bytes(&message)
	};
	if (store_notice_add(ops->db, &mail, clock_now().wall_us, notice, err) < 0)
		return -1;
	char object[UNITS_TEXT];
	snprintf(object, sizeof object, "campaign %" PRId64, id);
	return ops_audit(ops, actor, "campaign test", object, "", err);
}
