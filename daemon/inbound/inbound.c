#include "daemon/inbound/inbound.h"
#include "ops/mail.h"
#include "smtp/server.h"
#include "system/file.h"
#include "system/log.h"
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAIL_BYTES = 4 << 20, CONNECTIONS = 20 };
#define LOOK_US (2 * SECOND_US)

struct inbound {
	struct daemon *daemon;
	struct ops ops;
	pthread_mutex_t mutex; /* the connections share one handle on the store */
	struct smtp_server *lmtp;
	pthread_t thread;
	bool watching;
};

static int take(struct inbound *in, struct bytes raw, struct arrival arrival, struct error *err)
{
	enum taken_as as = TAKEN_NOTHING;
	pthread_mutex_lock(&in->mutex);
	int result = mail_take(&in->ops, raw, arrival, &as, err);
	pthread_mutex_unlock(&in->mutex);
	if (result < 0)
		log_error("returned mail not taken through=%s error=%s text=\"%s\"", arrival.through, error_word(err->code), err->text);
	else
		log_info("returned mail through=%s as=%s", arrival.through, taken_as_words[as]);
	return result;
}

static void on_data(void *context, const struct smtp_mail *mail, char (*replies)[SERVER_REPLY_BYTES])
{
	for (size_t i = 0; i < mail->recipient_count; i++) {
		struct error err;
		struct arrival arrival = { .recipient = mail->recipients[i], .sender = mail->sender, .through = "lmtp" };
		/* Not committed is not accepted: the sender keeps it and comes again. */
		if (take(context, mail->message, arrival, &err) < 0)
			snprintf(replies[i], SERVER_REPLY_BYTES, "%s",
			         err.code == ERROR_FULL ? "452 4.3.1 the disk is full, try again later"
			                                : "451 4.3.0 not stored, try again later");
	}
}

static void take_file(struct inbound *in, const char *folder, const char *name)
{
	char from[4096];
	char to[4096];
	struct error err;
	CLEANUP(buffer_clear) struct buffer mail = BUFFER_INIT(MAIL_BYTES);
	snprintf(from, sizeof from, "%s/new/%s", folder, name);
	snprintf(to, sizeof to, "%s/cur/%s:2,S", folder, name);
	if (file_read(from, &mail, &err) < 0 && err.code != ERROR_FULL) {
		log_warn("returned mail not read text=\"%s\"", err.text);
		return;
	}
	if (take(in, buffer_bytes(&mail), (struct arrival){ .through = "maildir" }, &err) < 0)
		return;
	if (rename(from, to) < 0)
		log_warn("returned mail not moved file=%s", from);
}

static void look(struct inbound *in, const char *folder)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/new", folder);
	DIR *entries = opendir(path);
	if (!entries)
		return;
	for (struct dirent *entry; (entry = readdir(entries)) && !atomic_load(&in->daemon->stopping);)
		if (entry->d_name[0] != '.')
			take_file(in, folder, entry->d_name);
	closedir(entries);
}

static void *watch(void *arg)
{
	struct inbound *in = arg;
	while (!atomic_load(&in->daemon->stopping)) {
		look(in, in->daemon->config->inbound.maildir);
		daemon_sleep(in->daemon, LOOK_US);
	}
	return NULL;
}

static int make_maildir(const char *folder, struct error *err)
{
	static const char *const parts[] = { "tmp", "new", "cur" };
	char path[4096];
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, parts[i]);
		if (file_make_folder(path, 0770, err) < 0)
			return -1;
	}
	return 0;
}

static int start(struct inbound *in, struct error *err)
{
	const struct config *config = in->daemon->config;
	struct smtp_server_options lmtp = { .listen = config->inbound.lmtp,
		                            .is_lmtp = true,
		                            .name = "gazette",
		                            .max_message_bytes = MAIL_BYTES,
		                            .max_connections = CONNECTIONS,
		                            .timeout_us = 5 * MINUTE_US,
		                            .handler = { .data = on_data, .context = in } };
	if (*config->inbound.lmtp && smtp_server_start(&lmtp, &in->lmtp, err) < 0)
		return error_wrap(err, "[inbound] lmtp");
	if (!*config->inbound.maildir)
		return 0;
	if (make_maildir(config->inbound.maildir, err) < 0)
		return error_wrap(err, "[inbound] maildir");
	in->watching = pthread_create(&in->thread, NULL, watch, in) == 0;
	return in->watching ? 0 : error_set(err, ERROR_MEMORY, "no thread for the Maildir");
}

int inbound_start(struct daemon *daemon, struct inbound **out, struct error *err)
{
	struct inbound *in = calloc(1, sizeof *in);
	if (!in)
		return error_set(err, ERROR_MEMORY, "out of memory");
	in->daemon = daemon;
	pthread_mutex_init(&in->mutex, NULL);
	*out = in;
	if (ops_again(&in->ops, &daemon->ops, err) == 0 && start(in, err) == 0)
		return 0;
	atomic_store(&daemon->stopping, true);
	inbound_stop(out);
	return -1;
}

void inbound_stop(struct inbound **out)
{
	struct inbound *in = *out;
	if (!in)
		return;
	smtp_server_stop(&in->lmtp);
	if (in->watching)
		pthread_join(in->thread, NULL);
	ops_close(&in->ops);
	pthread_mutex_destroy(&in->mutex);
	free(in);
	*out = NULL;
}
