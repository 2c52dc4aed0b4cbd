/* A catch-all SMTP server on loopback that keeps what it gets in a Maildir, with a web page to look at it, and a small site to take
 * posts from. For trying things out and for tests: it can defer, refuse and stall. */
#include "base/digest.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/groups.h"
#include "content/content.h"
#include "httpd/httpd.h"
#include "smtp/server.h"
#include "system/clock.h"
#include "system/file.h"
#include "system/listen.h"
#include "system/random.h"
#include "template/template.h"
#include <dirent.h>
#include <errno.h>
#include <libetpan/libetpan.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MAIL_BYTES = 64 << 20, SHOWN = 500, NAME_BYTES = 200 };

struct sandbox {
	const char *maildir, *site;
	int64_t defer_percent, refuse_percent, stall_us;
	atomic_llong number, kept;
};

/* The same address has the same fate each time, so that tests can tell beforehand. */
static int64_t fate(const char *recipient)
{
	uint8_t digest[DIGEST_BYTES];
	digest_sha256(bytes_text(recipient), digest);
	return digest[0] * 100 / 256;
}

static void on_rcpt(void *context, const char *sender, const char *recipient, char reply[SERVER_REPLY_BYTES])
{
	const struct sandbox *s = context;
	int64_t place = fate(recipient);
	(void)sender;
	if (place < s->refuse_percent)
		snprintf(reply, SERVER_REPLY_BYTES, "550 5.1.1 no such user here");
	else if (place < s->refuse_percent + s->defer_percent)
		snprintf(reply, SERVER_REPLY_BYTES, "451 4.2.1 mailbox busy, try again later");
}

static int keep(struct sandbox *s, const struct smtp_mail *mail, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(MAIL_BYTES + 8192);
	char path[4096];
	char moved[4096];
	char name[NAME_BYTES];
	buffer_format(&text, "Return-Path: <%s>\r\nDelivered-To: %s\r\n", mail->sender, mail->recipients[0]);
	buffer_add_bytes(&text, mail->message);
	snprintf(name, sizeof name, "%013" PRId64 ".%06lld.sandbox", clock_now().wall_us / 1000, atomic_fetch_add(&s->number, 1));
	snprintf(path, sizeof path, "%s/tmp/%s", s->maildir, name);
	snprintf(moved, sizeof moved, "%s/new/%s", s->maildir, name);
	FILE *file = buffer_check(&text, err) < 0 ? NULL : fopen(path, "we");
	if (!file)
		return error_errno(err, ERROR_FULL, errno, "%s", path);
	bool good = fwrite(text.data, 1, text.size, file) == text.size;
	good = fclose(file) == 0 && good;
	if (!good || rename(path, moved) < 0)
		return error_errno(err, ERROR_FULL, errno, "%s", path);
	atomic_fetch_add(&s->kept, 1);
	return 0;
}

static void on_data(void *context, const struct smtp_mail *mail, char (*replies)[SERVER_REPLY_BYTES])
{
	struct sandbox *s = context;
	struct error err;
	if (s->stall_us > 0)
		nanosleep(&(struct timespec){ .tv_sec = s->stall_us / SECOND_US, .tv_nsec = s->stall_us % SECOND_US * 1000 }, NULL);
	if (keep(s, mail, &err) < 0)
		snprintf(replies[0], SERVER_REPLY_BYTES, "451 4.3.0 %.200s", err.text);
}

static int newest_first(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*b)->d_name, (*a)->d_name);
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* One header, decoded; "" if it is not there. */
static void header(struct bytes mail, const char *name, struct buffer *out)
{
	size_t size = strlen(name);
	for (const char *line = mail.data; line && *line != '\r' && *line != '\n';
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (strncasecmp(line, name, size) != 0 || line[size] != ':')
			continue;
		CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(16 << 10);
		const char *from = line + size + 1;
		for (const char *p = from; *p && !(*p == '\n' && p[1] != ' ' && p[1] != '\t'); p++)
			buffer_add_char(&raw, *p);
		CLEANUP(buffer_clear) struct buffer one = BUFFER_INIT(16 << 10);
		text_squeeze(buffer_bytes(&raw), &one);
		char *decoded = NULL;
		size_t at = 0;
		if (mailmime_encoded_phrase_parse("utf-8", buffer_text(&one), one.size, &at, "utf-8", &decoded) == MAILIMF_NO_ERROR) {
			template_escape_html(bytes_text(decoded), out);
			free(decoded);
		}
		return;
	}
}

static int read_mail(const struct sandbox *s, const char *name, struct buffer *out, struct error *err)
{
	char path[4096];
	if (strchr(name, '/') || name[0] == '.' || strlen(name) >= NAME_BYTES)
		return error_set(err, ERROR_NOT_FOUND, "no such mail");
	snprintf(path, sizeof path, "%s/new/%s", s->maildir, name);
	return file_read(path, out, err);
}

static int get_mails(void *context, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	const struct sandbox *s = context;
	char path[4096];
	char count[UNITS_TEXT];
	struct dirent **entries = NULL;
	(void)request;
	snprintf(path, sizeof path, "%s/new", s->maildir);
	int n = scandir(path, &entries, no_dots, newest_first);
	if (n < 0)
		return error_errno(err, ERROR_STORE, errno, "%s", path);
	buffer_format(&reply->body,
	              "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
	              "content=\"width=device-width, initial-scale=1\">"
	              "<title>Sandbox</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body><main><h1>%s</h1><ul>",
	              cli_count(n, "mail", count));
	for (int i = 0; i < n; i++) {
		CLEANUP(buffer_clear) struct buffer mail = BUFFER_INIT(MAIL_BYTES);
		if (i < SHOWN && read_mail(s, entries[i]->d_name, &mail, err) == 0) {
			buffer_format(&reply->body, "<li><a href=\"/mail/%s\">", entries[i]->d_name);
			header(buffer_bytes(&mail), "Subject", &reply->body);
			buffer_add_text(&reply->body, "</a><br><span class=\"soft\">");
			header(buffer_bytes(&mail), "To", &reply->body);
			buffer_add_text(&reply->body, "</span></li>");
		}
		free(entries[i]);
	}
	free(entries);
	buffer_add_text(&reply->body, "</ul></main></body></html>");
	return 0;
}

static int get_mail(void *context, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	static const char *const names[] = { "From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "Return-Path" };
	CLEANUP(buffer_clear) struct buffer mail = BUFFER_INIT(MAIL_BYTES);
	const char *name = httpd_segment(request, "name");
	if (read_mail(context, name, &mail, err) < 0)
		return -1;
	reply->csp = "default-src 'none'; style-src 'self' 'unsafe-inline'; frame-src 'self'; img-src 'self' https: http:; frame-ancestors "
		     "'self'";
	buffer_add_text(&reply->body, "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Mail</title><link "
	                              "rel=\"stylesheet\" href=\"/style.css\">"
	                              "<style>main{max-width:60rem}iframe{width:100%;height:70vh;border:1px solid "
	                              "#888;background:#fff}</style></head><body><main><p><a "
	                              "href=\"/\">All mails</a></p><dl>");
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		buffer_format(&reply->body, "<dt class=\"soft\">%s</dt><dd>", names[i]);
		header(buffer_bytes(&mail), names[i], &reply->body);
		buffer_add_text(&reply->body, "</dd>");
	}
	buffer_format(&reply->body,
	              "</dl><p><a href=\"/mail/%s/source\">Source</a> &middot; <a href=\"/mail/%s/text\">Plain text</a></p><iframe "
	              "title=\"The mail\" sandbox=\"\" "
	              "src=\"/mail/%s/html\"></iframe></main></body></html>",
	              name, name, name);
	return 0;
}

static const char *const pictures[] = { "image/png", "image/jpeg", "image/gif", "image/webp" };

/* What is looked for: the first part of a subtype, or the picture of a Content-ID. */
struct wanted {
	const char *subtype, *id;
	const char *type; /* of the picture, when it was found */
};

static bool is_wanted(struct mailmime *mime, struct wanted *wanted)
{
	struct mailmime_single_fields fields;
	const struct mailmime_content *type = mime->mm_content_type;
	if (!type || !mime->mm_body || mime->mm_body->dt_type != MAILMIME_DATA_TEXT)
		return false;
	if (wanted->subtype)
		return strcasecmp(type->ct_subtype, wanted->subtype) == 0;
	mailmime_single_fields_init(&fields, mime->mm_mime_fields, mime->mm_content_type);
	if (!fields.fld_id || strcmp(fields.fld_id, wanted->id) != 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(pictures); i++)
		if (strcasecmp(pictures[i] + strlen("image/"), type->ct_subtype) == 0)
			wanted->type = pictures[i];
	return wanted->type != NULL;
}

static bool find_part(struct mailmime *mime, struct wanted *wanted, struct buffer *out)
{
	if (mime->mm_type == MAILMIME_MULTIPLE) {
		for (clistiter *i = clist_begin(mime->mm_data.mm_multipart.mm_mp_list); i; i = clist_next(i))
			if (find_part(clist_content(i), wanted, out))
				return true;
		return false;
	}
	if (mime->mm_type == MAILMIME_MESSAGE)
		return mime->mm_data.mm_message.mm_msg_mime && find_part(mime->mm_data.mm_message.mm_msg_mime, wanted, out);
	if (!is_wanted(mime, wanted))
		return false;
	char *decoded = NULL;
	size_t size = 0;
	size_t at = 0;
	if (mailmime_part_parse(mime->mm_body->dt_data.dt_text.dt_data, mime->mm_body->dt_data.dt_text.dt_length, &at,
	                        mime->mm_body->dt_encoding, &decoded, &size) != MAILIMF_NO_ERROR)
		return false;
	buffer_add(out, decoded, size);
	mailmime_decoded_part_free(decoded);
	return true;
}

/* The part of a kept mail, decoded; of a mail without it NOT_FOUND. */
static int read_part(const struct sandbox *s, const char *name, struct wanted *wanted, struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer mail = BUFFER_INIT(MAIL_BYTES);
	struct mailmime *mime = NULL;
	size_t at = 0;
	if (read_mail(s, name, &mail, err) < 0)
		return -1;
	size_t size = mail.size;
	/* libetpan looks a little past the end. */
	buffer_add(&mail, "\0\0\0\0\0\0\0\0", 8);
	if (buffer_check(&mail, err) < 0)
		return -1;
	if (mailmime_parse(mail.data, size, &at, &mime) != MAILIMF_NO_ERROR)
		return error_set(err, ERROR_INPUT, "the mail can not be read");
	bool found = find_part(mime, wanted, out);
	mailmime_free(mime);
	return found ? 0 : error_set(err, ERROR_NOT_FOUND, "no such part");
}

/* Pictures that the mail brings along are shown from it: "cid:" becomes an address of this server. */
static void show_pictures(struct bytes html, const char *name, struct buffer *out)
{
	static const char cid[] = "\"cid:";
	const char *at = NULL;
	while ((at = memmem(html.data, html.size, cid, strlen(cid)))) {
		buffer_add(out, html.data, (size_t)(at - html.data));
		buffer_format(out, "\"/mail/%s/cid/", name);
		at += strlen(cid);
		html = (struct bytes){ at, (size_t)(html.data + html.size - at) };
	}
	buffer_add_bytes(out, html);
}

static int get_picture(void *context, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	struct wanted wanted = { .id = httpd_segment(request, "id") };
	if (read_part(context, httpd_segment(request, "name"), &wanted, &reply->body, err) < 0)
		return -1;
	reply->content_type = wanted.type;
	return 0;
}

static int get_part(void *context, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(MAIL_BYTES);
	const char *name = httpd_segment(request, "name");
	const char *part = httpd_segment(request, "part");
	bool is_html = strcmp(part, "html") == 0;
	struct wanted wanted = { .subtype = is_html ? "html" : "plain" };
	reply->csp = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: http:; frame-ancestors 'self'; sandbox";
	if (!is_html)
		reply->content_type = "text/plain; charset=utf-8";
	if (strcmp(part, "source") == 0)
		return read_mail(context, name, &reply->body, err);
	if (read_part(context, name, &wanted, is_html ? &html : &reply->body, err) < 0)
		return -1;
	if (is_html)
		show_pictures(buffer_bytes(&html), name, &reply->body);
	return buffer_check(&reply->body, err);
}

static int get_style(void *context, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	struct bytes style;
	(void)context, (void)request, (void)err;
	reply->content_type = "text/css; charset=utf-8";
	if (template_builtin("web/style.css", &style))
		buffer_add_bytes(&reply->body, style);
	return 0;
}

static const char *type_of(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = { { ".html", "text/html; charset=utf-8" },
		      { ".xml", "application/rss+xml" },
		      { ".css", "text/css" },
		      { ".png", "image/png" },
		      { ".jpg", "image/jpeg" } };
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (text_ends(name, types[i].end))
			return types[i].type;
	return "text/plain; charset=utf-8";
}

static int serve_file(void *context, const char *name, struct httpd_reply *reply, struct error *err)
{
	const struct sandbox *s = context;
	char path[4096];
	if (!s->site || strstr(name, "..") || name[0] == '.')
		return error_set(err, ERROR_NOT_FOUND, "no such file");
	snprintf(path, sizeof path, "%s/%s", s->site, name);
	reply->content_type = type_of(name);
	reply->is_public = true;
	return file_read(path, &reply->body, err);
}

static int get_site(void *context, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	return serve_file(context, httpd_segment(request, "file"), reply, err);
}

static int get_site_post(void *context, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	char name[600];
	snprintf(name, sizeof name, "%s/%s", httpd_segment(request, "folder"), httpd_segment(request, "file"));
	return serve_file(context, name, reply, err);
}

static const struct httpd_route routes[] = {
	{ "GET", "/", get_mails },
	{ "GET", "/style.css", get_style },
	{ "GET", "/mail/{name}", get_mail },
	{ "GET", "/mail/{name}/{part}", get_part },
	{ "GET", "/mail/{name}/cid/{id}", get_picture },
	{ "GET", "/site/{file}", get_site },
	{ "GET", "/site/{folder}/{file}", get_site_post },
	{ NULL, NULL, NULL },
};

static int percent(const struct cli *cli, const char *name, int64_t *out)
{
	const char *text = cli_option(cli, name);
	char number[16];
	if (!text)
		return 0;
	snprintf(number, sizeof number, "%.*s", (int)strcspn(text, "%"), text);
	return units_integer(number, 0, 100, out, NULL);
}

static int make_maildir(const char *folder, struct error *err)
{
	static const char *const parts[] = { "tmp", "new", "cur" };
	char path[4096];
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, parts[i]);
		if (file_make_folder(path, 0755, err) < 0)
			return -1;
	}
	return 0;
}

static int serve(struct cli *cli, struct sandbox *s)
{
	struct smtp_server *smtp = NULL;
	struct httpd *httpd = NULL;
	struct error err;
	sigset_t set;
	int signal = 0;
	char count[UNITS_TEXT];
	const char *listen = cli_option(cli, "smtp") ? cli_option(cli, "smtp") : "127.0.0.1:2525";
	const char *web = cli_option(cli, "web") ? cli_option(cli, "web") : "127.0.0.1:8025";
	struct smtp_server_options mail = { .listen = listen,
		                            .name = "sandbox",
		                            .max_message_bytes = MAIL_BYTES,
		                            .max_connections = 200,
		                            .timeout_us = 5 * MINUTE_US,
		                            .handler = { on_rcpt, on_data, s } };
	struct httpd_options page = { .listen = web, .routes = routes, .context = s };
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (make_maildir(s->maildir, &err) < 0 || smtp_server_start(&mail, &smtp, &err) < 0 || httpd_start(&page, &httpd, &err) < 0) {
		smtp_server_stop(&smtp);
		return cli_fail(cli, &err, NULL);
	}
	if (cli->json)
		cli_json(json_pack("{s:i,s:i,s:s}", "smtp", smtp_server_port(smtp), "web", httpd_port(httpd), "maildir", s->maildir));
	else
		printf("SMTP on port %u, mails in %s, to look at on http://127.0.0.1:%u/%s\n", smtp_server_port(smtp), s->maildir,
		       httpd_port(httpd), s->site ? " (the site under /site/)" : "");
	fflush(stdout);
	sigwait(&set, &signal);
	httpd_stop(&httpd);
	smtp_server_stop(&smtp);
	cli_say(cli, "%s kept.", cli_count(atomic_load(&s->kept), "mail", count));
	return 0;
}

static int sandbox(struct cli *cli)
{
	struct sandbox s = { .maildir = cli_option(cli, "maildir") ? cli_option(cli, "maildir") : "sandbox-mail",
		             .site = cli_option(cli, "site") };
	const char *stall = cli_option(cli, "stall");
	struct error err;
	if (percent(cli, "defer", &s.defer_percent) < 0 || percent(cli, "refuse", &s.refuse_percent) < 0)
		return cli_usage(cli, "--defer and --refuse take a share of the addresses, as 10%%");
	if (stall && units_duration(stall, &s.stall_us, &err) < 0)
		return cli_fail(cli, &err, NULL);
	return serve(cli, &s);
}

const struct command sandbox_commands[] = {
	{ "sandbox", "", NEEDS_NOTHING, 0, 0,
	  "[--smtp ADDR] [--web ADDR] [--maildir DIR] [--site DIR] [--defer N%] [--refuse N%] [--stall TIME]",
	  "smtp: web: maildir: site: defer: refuse: stall:", "a mail server to try things out with",
	  "gazette sandbox --smtp 127.0.0.1:2525 --maildir mails", sandbox },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
