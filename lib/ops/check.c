/* The pre-flight: what stands against sending, found before anybody gets it. */
#include "base/text.h"
#include "ops/compile.h"
#include "ops/links.h"
#include "ops/lint.h"
#include "ops/relays.h"
#include "ops/render.h"
#include "ops/sample.h"
#include "ops/signing.h"
#include "pacing/provider.h"
#include "store/event.h"
#include "system/clock.h"
#include <stdio.h>

enum { PROVIDERS = 64, PREHEADER_MOST = 150, SUPPRESSED_PERCENT = 10, SUPPRESSED_LEAST = 10, HOSTS = 2000 };
#define LINKS_US (5 * SECOND_US)

struct check {
	struct ops *ops;
	struct loaded at;
	bool is_trial;
	struct findings *out;
	struct content_link *links; /* of the first mail of the sample */
	size_t link_count;
};

static void check_clear(struct check *check)
{
	loaded_clear(&check->at);
}

static bool is_loopback(const char *host)
{
	return text_starts(host, "127.") || strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strcmp(host, "[::1]") == 0;
}

/* Nothing leaves this machine: the sandbox, a first try, a test. */
static bool all_relays_loopback(const struct config *config)
{
	for (size_t i = 0; i < config->relay_count; i++)
		if (!is_loopback(config->relay[i].host))
			return false;
	return config->relay_count > 0;
}

static void check_list(struct check *check)
{
	const struct list *list = &check->at.list;
	const char *domain = strrchr(list->from_email, '@') + 1;
	char mend[128];
	snprintf(mend, sizeof mend, "gazette list set %.60s --postal \"1 Main St, Springfield\"", list->name);
	if (!*list->postal)
		findings_add(check->out, FINDING_FAULT, "postal", "list", mend, "list %.60s has no postal address: the law asks for one",
		             list->name);
	if (list->closed_us)
		findings_add(check->out, FINDING_FAULT, "closed", "list", "make another list", "list %.60s is closed", list->name);
	if (provider_of(NULL, domain))
		findings_add(check->out, FINDING_FAULT, "sender", "From", "send from a domain of your own: gazette list set LIST --from",
		             "From is at %.80s: its owner tells receivers to refuse such mail from anybody else", domain);
}

static void check_setup(struct check *check)
{
	const struct config *config = check->ops->config;
	char host[256];
	bool is_web = lint_host(config->daemon.public_url, host);
	if (config->relay_count == 0)
		findings_add(check->out, FINDING_FAULT, "relay", "configuration", "add a section [relay:main] with url = smtp://HOST:PORT",
		             "no relay is configured");
	if (!is_web || is_loopback(host))
		findings_add(check->out, check->is_trial ? FINDING_WARNING : FINDING_FAULT, "public_url", "configuration",
		             "[daemon] public_url = https://the.address.of.your.pages", "public_url %.80s can not be reached by readers%s",
		             config->daemon.public_url, check->is_trial ? ": well for a trial, since the relay is on this machine" : "");
	if (!edition_return_path_of(check->ops, &check->at.list))
		findings_add(check->out, FINDING_WARNING, "return_path", "configuration",
		             "[inbound] return_path = bounce+{token}@your.domain", "what bounces can not be told apart");
}

/* What the daemon last said of the relays that would be used. */
static int check_relays(struct check *check, struct error *err)
{
	struct relay_state states[CONFIG_RELAYS];
	const char *only = check->at.list.relay;
	char mend[128];
	size_t n = 0;
	if (relay_states(check->ops, states, &n, &check->at.arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(states[i].state, "ok") == 0 || (*only && strcmp(only, states[i].name) != 0))
			continue;
		snprintf(mend, sizeof mend, "gazette relay test %.40s; gazette relay resume %.40s ends a pause", states[i].name,
		         states[i].name);
		findings_add(check->out, FINDING_WARNING, "relay", "relay", mend, "relay %.40s is %s: %.200s", states[i].name,
		             states[i].state, *states[i].reason ? states[i].reason : "a message failed there");
	}
	return 0;
}

/* Keys of the sender's domain that do not sign yet. */
static void check_keys(struct check *check, const struct signing *signing, const struct error *unread)
{
	const struct config *config = check->ops->config;
	struct bytes domain = bytes_text(strrchr(check->at.list.from_email, '@') + 1);
	struct dkim_signer signers[CONFIG_DKIM];
	if (config->dkim_count == 0)
		return; /* M21 says so of the message */
	if (!signing && unread->code == ERROR_INPUT)
		findings_add(check->out, FINDING_FAULT, "dkim", "configuration", "gazette dkim keygen makes a key", "%.200s", unread->text);
	else if (!signing)
		findings_add(check->out, FINDING_WARNING, "dkim", "configuration", "check as the user the daemon runs as",
		             "the signatures could not be looked at: %.150s", unread->text);
	else if (signing_signers(signing, domain, clock_now().wall_us, signers) == 0)
		findings_add(check->out, FINDING_WARNING, "dkim", "configuration", "gazette dkim check says what is missing",
		             "no key signs for %.*s yet: it starts an hour after DNS shows its record", (int)domain.size, domain.data);
}

/* A file of words from before an update. */
static void check_words(struct check *check)
{
	CLEANUP(buffer_clear) struct buffer names = BUFFER_INIT(8192);
	const char *language = check->at.list.language;
	size_t n = ops_words_lacking(check->ops, language, &names);
	if (n > 0)
		findings_add(check->out, FINDING_WARNING, "words", "template",
		             "gazette template export NEW, and take them over from mail/words",
		             "your file of words for %.20s lacks %zu, which are taken from those built in: %.120s", language, n,
		             buffer_text(&names));
}

static void check_preheader(struct check *check)
{
	const struct campaign *campaign = &check->at.campaign;
	if (!*campaign->preheader)
		findings_add(check->out, FINDING_WARNING, "preheader", "campaign", "gazette campaign set ID --preheader \"One sentence\"",
		             "no preheader: the inbox shows whatever the mail begins with");
	else if (text_columns(bytes_text(campaign->preheader)) > PREHEADER_MOST)
		findings_add(check->out, FINDING_WARNING, "preheader", "campaign", "40 to 130 characters",
		             "a preheader longer than %d characters: nobody sees its end", PREHEADER_MOST);
}

static int check_audience(struct check *check, struct error *err)
{
	struct campaign_counts by[PROVIDERS];
	const struct campaign *campaign = &check->at.campaign;
	size_t n = 0;
	int64_t readers = 0;
	int64_t left_out = 0;
	if (campaign->started_us)
		return 0;
	if (store_campaign_audience(check->ops->db, campaign, by, PROVIDERS, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		readers += by[i].queued;
		left_out += by[i].suppressed;
	}
	if (readers == 0)
		findings_add(check->out, FINDING_FAULT, "readers", "audience", "gazette subscriber import LIST FILE --consent TEXT",
		             "nobody would get it: the list has no active reader who has not had the post");
	else if (left_out >= SUPPRESSED_LEAST && left_out * 100 > (readers + left_out) * SUPPRESSED_PERCENT)
		findings_add(check->out, FINDING_WARNING, "suppressed", "audience", "gazette suppression ls; see where the list came from",
		             "%" PRId64 " of %" PRId64 " readers are suppressed or had the post already", left_out, readers + left_out);
	return 0;
}

static void add_host(struct check *check, struct lint_known *known, const char **hosts, const char *url)
{
	char host[256];
	if (url && lint_host(url, host) && known->host_count < HOSTS)
		hosts[known->host_count++] = arena_text(&check->at.arena, host);
}

/* The author's own hosts: what the posts link to may stand in the mail. */
static int add_hosts(struct check *check, struct lint_known *known, struct error *err)
{
	const char **hosts = arena_alloc(&check->at.arena, HOSTS * sizeof *hosts);
	if (!hosts)
		return error_set(err, ERROR_MEMORY, "out of memory");
	known->hosts = hosts;
	for (size_t p = 0; p < check->at.count; p++) {
		const struct post *post = &check->at.post[p].post;
		struct content_link *links = NULL;
		size_t n = 0;
		add_host(check, known, hosts, post->url);
		add_host(check, known, hosts, post->image);
		if (content_links(bytes_text(post->html), &check->at.arena, &links, &n, err) < 0)
			return -1;
		for (size_t i = 0; i < n; i++)
			add_host(check, known, hosts, links[i].url);
	}
	return 0;
}

/* What one reader would get, byte for byte. */
static int check_reader(struct check *check, const struct edition *edition, const struct signing *signing, int64_t subscriber,
                        const struct lint_known *all, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(64 << 20);
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct lint_known known = *all;
	struct content_link *links = NULL;
	size_t n = 0;
	struct job job;
	struct error why;
	int found = store_delivery_job(check->ops->db, check->at.campaign.id, subscriber, &job, err);
	if (found <= 0)
		return found;
	if (job.first_us == 0)
		job.first_us = clock_now().wall_us;
	known.recipient = job.email;
	known.subscriber = subscriber;
	known.epoch = job.epoch;
	check->out->reader = job.email;
	int result = 0;
	if (campaign_message(check->ops, edition, signing, &job, &message, &why) < 0)
		findings_add(check->out, FINDING_FAULT, "template", "message", "mend the template", "%.200s", why.text);
	else
		result = lint_whole(buffer_bytes(&message), &known, check->links ? &arena : &check->at.arena, &links, &n, check->out, err);
	check->out->reader = NULL;
	if (!check->links) {
		check->links = links;
		check->link_count = n;
	}
	return result;
}

static int check_mails(struct check *check, const struct signing *signing, const struct lint_known *known, struct error *err)
{
	CLEANUP(edition_free) struct edition *edition = NULL;
	struct sample sample;
	struct error why;
	if (loaded_compile(check->ops, &check->at, 0, false, &edition, &why) < 0) {
		findings_add(check->out, FINDING_FAULT, "template", "template", "mend the template", "%.200s", why.text);
		return 0;
	}
	if (sample_readers(check->ops, check->at.list.id, check->at.campaign.id, &sample, err) < 0)
		return -1;
	for (size_t i = 0; i < sample.count; i++)
		if (check_reader(check, edition, signing, sample.subscriber[i], known, err) < 0)
			return -1;
	return 0;
}

static int check_all(struct check *check, enum check_links look, struct error *err)
{
	CLEANUP(signing_close) struct signing *signing = NULL;
	const struct config *config = check->ops->config;
	struct dkim_signer signers[CONFIG_DKIM];
	struct error unread = { 0 };
	enum relay_sign how = config->relay_count ? config->relay[0].sign : SIGN_FULL;
	check->is_trial = all_relays_loopback(config);
	if (signing_open(check->ops, config, &signing, &unread) < 0)
		signing = NULL;
	check_list(check);
	check_setup(check);
	check_words(check);
	check_preheader(check);
	if (how != SIGN_OFF)
		check_keys(check, signing, &unread);
	struct bytes domain = bytes_text(strrchr(check->at.list.from_email, '@') + 1);
	struct lint_known known = { .list = check->at.list.id,
		                    .keys = &check->ops->keys,
		                    .list_id = check->at.list.list_id,
		                    .from_email = check->at.list.from_email,
		                    .postal = check->at.list.postal,
		                    .public_url = config->daemon.public_url,
		                    .signers = signers,
		                    .signer_count = signing ? signing_signers(signing, domain, clock_now().wall_us, signers) : 0,
		                    .fields = how == SIGN_NO_ID_DATE ? DKIM_NO_ID_DATE : DKIM_FULL,
		                    .is_trial = check->is_trial };
	known.is_signed_here = how != SIGN_OFF && (known.signer_count > 0 || config->dkim_count == 0);
	if (check_relays(check, err) < 0 || check_audience(check, err) < 0 || add_hosts(check, &known, err) < 0 ||
	    check_mails(check, signing, &known, err) < 0)
		return -1;
	if (look == CHECK_OFFLINE || (look == CHECK_LINKS_UNLESS_TRIAL && check->is_trial))
		return 0;
	return links_check(check->ops, check->links, check->link_count, check->at.count == 1 ? check->at.post[0].post.url : NULL, LINKS_US,
	                   check->out, err);
}

static const char *accepted_key(int64_t id, char out[64])
{
	snprintf(out, 64, "campaign:%" PRId64 ":ignore", id);
	return out;
}

int campaign_accept(struct ops *ops, int64_t id, const struct check_options *options, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer list = BUFFER_INIT(4096);
	char key[64];
	for (size_t i = 0; i < options->ignore_count; i++)
		buffer_format(&list, "%s ", options->ignore[i]);
	if (buffer_check(&list, err) < 0)
		return -1;
	return store_meta_set(ops->db, accepted_key(id, key), list.size ? buffer_text(&list) : NULL, err);
}

static int ignore_accepted(struct check *check, struct error *err)
{
	const char *accepted = NULL;
	char key[64];
	int found = store_meta_get(check->ops->db, accepted_key(check->at.campaign.id, key), &accepted, &check->at.arena, err);
	struct bytes rest = bytes_text(found > 0 ? accepted : "");
	struct bytes name;
	while (text_next_part(&rest, " ", &name)) {
		const char *one = arena_copy(&check->at.arena, name.data, name.size);
		findings_ignore(check->out, one ? one : "");
	}
	return found < 0 ? -1 : 0;
}

int campaign_check(struct ops *ops, int64_t id, const struct check_options *options, struct findings *out, struct error *err)
{
	CLEANUP(check_clear) struct check check = { .ops = ops, .out = out, .at = { .arena = ARENA_INIT } };
	memset(out, 0, sizeof *out);
	if (loaded_read(ops, id, &check.at, err) < 0 || check_all(&check, options ? options->links : CHECK_OFFLINE, err) < 0 ||
	    ignore_accepted(&check, err) < 0)
		return -1;
	for (size_t i = 0; options && i < options->ignore_count; i++)
		findings_ignore(out, options->ignore[i]);
	return 0;
}
