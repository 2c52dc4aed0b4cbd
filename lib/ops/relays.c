#include "ops/relays.h"
#include "pacing/pause.h"
#include "store/event.h"
#include "system/clock.h"
#include "system/random.h"
#include <stdio.h>
#include <stdlib.h>

static const enum smtp_auth auths[] = { [RELAY_AUTH_AUTO] = SMTP_AUTH_BEST,
	                                [RELAY_AUTH_SCRAM_SHA_256] = SMTP_AUTH_SCRAM_SHA_256,
	                                [RELAY_AUTH_SCRAM_SHA_1] = SMTP_AUTH_SCRAM_SHA_1,
	                                [RELAY_AUTH_CRAM_MD5] = SMTP_AUTH_CRAM_MD5,
	                                [RELAY_AUTH_PLAIN] = SMTP_AUTH_PLAIN,
	                                [RELAY_AUTH_LOGIN] = SMTP_AUTH_LOGIN,
	                                [RELAY_AUTH_XOAUTH2] = SMTP_AUTH_XOAUTH2 };

struct smtp_options relay_options(const struct config_relay *relay)
{
	static const enum smtp_security securities[] = {
		[RELAY_STARTTLS] = SMTP_STARTTLS, [RELAY_TLS] = SMTP_TLS, [RELAY_PLAIN] = SMTP_PLAIN
	};
	return (struct smtp_options){ .host = relay->host,
		                      .port = relay->port,
		                      .security = securities[relay->security],
		                      .verify = relay->verify,
		                      .ca_file = relay->ca_file,
		                      .user = relay->user,
		                      .password = relay->password,
		                      .auth = auths[relay->auth],
		                      .token_file = relay->token_file,
		                      .helo = relay->helo,
		                      .relay_name = relay->name };
}

int relay_find(const struct ops *ops, const char *name, const struct config_relay **out, struct error *err)
{
	const struct config *config = ops->config;
	for (size_t i = 0; i < config->relay_count; i++)
		if (!name || strcmp(config->relay[i].name, name) == 0) {
			*out = &config->relay[i];
			return 0;
		}
	if (!name)
		return error_set(err, ERROR_NOT_FOUND, "the configuration has no relay: add a [relay:main] section with its url");
	return error_set(err, ERROR_NOT_FOUND, "there is no relay \"%.40s\": gazette relay ls shows those there are", name);
}

/* A message of its own: short, and plainly a test. */
static int write_message(const char *from, const char *to, struct buffer *out, struct error *err)
{
	char date[UNITS_TEXT];
	units_write_mail_date(clock_now().wall_us, date);
	buffer_format(out,
	              "From: %s\r\nTo: %s\r\nSubject: Gazette relay test\r\nDate: %s\r\nMessage-ID: <relay-test.%016" PRIx64
	              "@%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
	              "This message shows that the relay takes mail from Gazette.\r\n",
	              from, to, date, random_below(UINT64_MAX), strchr(from, '@') + 1);
	return buffer_check(out, err);
}

static int send_one(struct smtp *smtp, const char *from, const char *to, struct outcome *outcome, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(16 << 10);
	struct envelope envelope = { .sender = from, .recipient = to };
	if (write_message(from, to, &message, err) < 0)
		return -1;
	if (smtp_begin(smtp, &envelope, outcome) < 0 || smtp_ready(smtp, outcome) != 1 ||
	    smtp_send(smtp, buffer_bytes(&message), NULL, outcome) < 0 || smtp_reply(smtp, outcome) < 0)
		return 0;
	return outcome->kind == OUTCOME_ACCEPTED;
}

int relay_test(const struct config_relay *relay, const char *from, const char *to, struct smtp_extensions *extensions,
               struct outcome *outcome, struct error *err)
{
	struct smtp_options options = relay_options(relay);
	CLEANUP(smtp_free) struct smtp *smtp = smtp_new(&options);
	struct address sender;
	struct address recipient;
	if (!smtp)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (to && (address_read(bytes_text(to), &recipient, err) < 0 || address_read(bytes_text(from), &sender, err) < 0))
		return -1;
	*outcome = (struct outcome){ 0 };
	if (smtp_open(smtp, outcome) < 0)
		return 0;
	*extensions = *smtp_extensions(smtp);
	int result = to ? send_one(smtp, sender.text, recipient.text, outcome, err) : 1;
	smtp_quit(smtp);
	return result;
}

/* What a person asked of a relay, under a key of its own; value NULL: takes it back. */
static int set_wish(struct ops *ops, const char *kind, const char *name, const char *value, const char *verb, struct actor actor,
                    struct error *err)
{
	const struct config_relay *relay = NULL;
	char key[128];
	snprintf(key, sizeof key, "%s:%s", kind, name);
	if (relay_find(ops, name, &relay, err) < 0 || store_meta_set(ops->db, key, value, err) < 0)
		return -1;
	return ops_audit(ops, actor, verb, name, value ? value : "", err);
}

int relay_pause(struct ops *ops, const char *name, int64_t for_us, const char *reason, struct actor actor, struct error *err)
{
	char value[256];
	snprintf(value, sizeof value, "%" PRId64 " %s", clock_now().wall_us + (for_us ? for_us : PAUSE_FOR_GOOD_US), reason);
	return set_wish(ops, "relay_hold", name, value, "relay pause", actor, err);
}

int relay_resume(struct ops *ops, const char *name, struct actor actor, struct error *err)
{
	return set_wish(ops, "relay_hold", name, NULL, "relay resume", actor, err);
}

int relay_reset(struct ops *ops, const char *name, struct actor actor, struct error *err)
{
	return set_wish(ops, "relay_reset", name, "asked", "relay reset", actor, err);
}

int relay_take_reset(struct ops *ops, const char *name, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	const char *value = NULL;
	char key[128];
	snprintf(key, sizeof key, "relay_reset:%s", name);
	int found = store_meta_get(ops->db, key, &value, &arena, err);
	return found > 0 && store_meta_set(ops->db, key, NULL, err) < 0 ? -1 : found;
}

/* A person's pause counts at once; what the daemon wrote of one without an end outlives it by a moment. */
static int lay_hold(struct ops *ops, struct relay_state *state, int64_t now_us, struct arena *arena, struct error *err)
{
	const char *key = arena_format(arena, "relay_hold:%s", state->name);
	const char *value = "";
	char *reason = NULL;
	if (!key)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (store_meta_get(ops->db, key, &value, arena, err) < 0)
		return -1;
	int64_t until_us = strtoll(value, &reason, 10);
	if (until_us > now_us) {
		state->state = "paused";
		state->until_us = until_us;
		state->reason = reason + (*reason == ' ');
	} else if (pause_is_for_good(state->until_us - now_us)) {
		state->state = "ok";
		state->reason = "";
		state->until_us = 0;
	}
	if (pause_is_for_good(state->until_us - now_us))
		state->until_us = 0;
	return 0;
}

int relay_states(struct ops *ops, struct relay_state *out, size_t *n, struct arena *arena, struct error *err)
{
	struct relay_state said[CONFIG_RELAYS];
	size_t count = 0;
	if (store_relay_all(ops->db, said, CONFIG_RELAYS, &count, arena, err) < 0)
		return -1;
	for (*n = 0; *n < ops->config->relay_count; ++*n) {
		struct relay_state *state = &out[*n];
		*state = (struct relay_state){ .name = ops->config->relay[*n].name, .state = "ok", .reason = "" };
		for (size_t i = 0; i < count; i++)
			if (strcmp(said[i].name, state->name) == 0)
				*state = said[i];
		if (lay_hold(ops, state, clock_now().wall_us, arena, err) < 0)
			return -1;
	}
	return 0;
}
