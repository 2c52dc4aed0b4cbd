/* A catch-all SMTP server on loopback that keeps what it gets in a Maildir, with a web page to look at it, and a small site to take
 * posts from. For trying things out and for tests: it can defer, refuse and stall. */
#include "base/digest.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/groups.h"
#include "cli/kept.h"
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
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SHOWN = 500 };

struct sandbox {
	const char *maildir, *site;
	const char *returns; /* the Maildir that what comes back goes to */
	int64_t defer_percent, refuse_percent, bounce_percent, stall_us;
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

/* Into a Maildir under a name of its own: first in tmp, so that nobody reads half a mail. */
static int put(struct sandbox *s, const char *maildir, struct buffer *text, struct error *err)
{
	char path[4096];
	char moved[4096];
	char name[KEPT_NAME_BYTES];
	snprintf(name, sizeof name, "%013" PRId64 ".%06lld.sandbox", clock_now().wall_us / 1000, atomic_fetch_add(&s->number, 1));
	snprintf(path, sizeof path, "%s/tmp/%s", maildir, name);
	snprintf(moved, sizeof moved, "%s/new/%s", maildir, name);
	FILE *file = buffer_check(text, err) < 0 ? NULL : fopen(path, "we");
	if (!file)
		return error_errno(err, ERROR_FULL, errno, "%s", path);
	bool good = fwrite(text->data, 1, text->size, file) == text->size;
	good = fclose(file) == 0 && good;
	if (!good || rename(path, moved) < 0)
		return error_errno(err, ERROR_FULL, errno, "%s", path);
	return 0;
}

static int keep(struct sandbox *s, const struct smtp_mail *mail, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(KEPT_MAIL_BYTES + 8192);
	buffer_format(&text, "Return-Path: <%s>\r\nDelivered-To: %s\r\n", mail->sender, mail->recipients[0]);
	buffer_add_bytes(&text, mail->message);
	if (put(s, s->maildir, &text, err) < 0)
		return -1;
	atomic_fetch_add(&s->kept, 1);
	return 0;
}

/* What comes back when a server took a mail and finds later that there is nobody: a report (RFC 3464) to its return path. */
static int send_back(struct sandbox *s, const struct smtp_mail *mail, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(64 << 10);
	char date[UNITS_TEXT];
	buffer_format(&text,
	              "Delivered-To: %s\r\nFrom: MAILER-DAEMON@sandbox.invalid\r\nTo: %s\r\nSubject: Undelivered Mail Returned to "
	              "Sender\r\nDate: %s\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; "
	              "report-type=delivery-status; boundary=back\r\n\r\n",
	              mail->sender, mail->sender, units_write_mail_date(clock_now().wall_us, date));
	buffer_format(&text,
	              "--back\r\nContent-Type: text/plain\r\n\r\n%s: there is no such mailbox here.\r\n\r\n--back\r\nContent-Type: "
	              "message/delivery-status\r\n\r\nReporting-MTA: dns; sandbox.invalid\r\n\r\nFinal-Recipient: rfc822; %s\r\nAction: "
	              "failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--back--\r\n",
	              mail->recipients[0], mail->recipients[0]);
	return put(s, s->returns, &text, err);
}

static void on_data(void *context, const struct smtp_mail *mail, char (*replies)[SERVER_REPLY_BYTES])
{
	struct sandbox *s = context;
	struct error err;
	if (s->stall_us > 0)
		nanosleep(&(struct timespec){ .tv_sec = s->stall_us / SECOND_US, .tv_nsec = s->stall_us % SECOND_US * 1000 }, NULL);
	int64_t place = fate(mail->recipients[0]) - s->refuse_percent - s->defer_percent;
	bool comes_back = place >= 0 && place < s->bounce_percent && *mail->sender;
	if (keep(s, mail, &err) < 0 || (comes_back && send_back(s, mail, &err) < 0))
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
		CLEANUP(buffer_clear) struct buffer mail = BUFFER_INIT(KEPT_MAIL_BYTES);
		if (i < SHOWN && kept_read(s->maildir, entries[i]->d_name, &mail, err) == 0) {
			buffer_format(&reply->body, "<li><a href=\"/mail/%s\">", entries[i]->d_name);
			kept_header(buffer_bytes(&mail), "Subject", &reply->body);
			buffer_add_text(&reply->body, "</a><br><span class=\"soft\">");
			kept_header(buffer_bytes(&mail), "To", &reply->body);
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
	const struct sandbox *s = context;
	static const char *const names[] = { "From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "Return-Path" };
	CLEANUP(buffer_clear) struct buffer mail = BUFFER_INIT(KEPT_MAIL_BYTES);
	const char *name = httpd_segment(request, "name");
	if (kept_read(s->maildir, name, &mail, err) < 0)
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
		kept_header(buffer_bytes(&mail), names[i], &reply->body);
		buffer_add_text(&reply->body, "</dd>");
	}
	buffer_format(&reply->body,
	              "</dl><p><a href=\"/mail/%s/source\">Source</a> &middot; <a href=\"/mail/%s/text\">Plain text</a></p><iframe "
	              "title=\"The mail\" sandbox=\"\" "
	              "src=\"/mail/%s/html\"></iframe></main></body></html>",
	              name, name, name);
	return 0;
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
	const struct sandbox *s = context;
	struct kept_part wanted = { .id = httpd_segment(request, "id") };
	if (kept_part(s->maildir, httpd_segment(request, "name"), &wanted, &reply->body, err) < 0)
		return -1;
	reply->content_type = wanted.type;
	return 0;
}

static int get_part(void *context, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	const struct sandbox *s = context;
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(KEPT_MAIL_BYTES);
	const char *name = httpd_segment(request, "name");
	const char *part = httpd_segment(request, "part");
	bool is_html = strcmp(part, "html") == 0;
	struct kept_part wanted = { .subtype = is_html ? "html" : "plain" };
	reply->csp = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: http:; frame-ancestors 'self'; sandbox";
	if (!is_html)
		reply->content_type = "text/plain; charset=utf-8";
	if (strcmp(part, "source") == 0)
		return kept_read(s->maildir, name, &reply->body, err);
	if (kept_part(s->maildir, name, &wanted, is_html ? &html : &reply->body, err) < 0)
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
		                            .max_message_bytes = KEPT_MAIL_BYTES,
		                            .max_connections = 200,
		                            .timeout_us = 5 * MINUTE_US,
		                            .handler = { on_rcpt, on_data, s } };
	struct httpd_options page = { .listen = web, .routes = routes, .context = s };
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (make_maildir(s->maildir, &err) < 0 || (s->returns && make_maildir(s->returns, &err) < 0) ||
	    smtp_server_start(&mail, &smtp, &err) < 0 || httpd_start(&page, &httpd, &err) < 0) {
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
		             .site = cli_option(cli, "site"),
		             .returns = cli_option(cli, "returns") };
	const char *stall = cli_option(cli, "stall");
	struct error err;
	if (percent(cli, "defer", &s.defer_percent) < 0 || percent(cli, "refuse", &s.refuse_percent) < 0 ||
	    percent(cli, "bounce", &s.bounce_percent) < 0)
		return cli_usage(cli, "--defer, --refuse and --bounce take a share of the addresses, as 10%%");
	if (s.bounce_percent > 0 && !s.returns)
		return cli_usage(cli, "--bounce wants --returns DIR, the Maildir that [inbound] maildir names");
	if (stall && units_duration(stall, &s.stall_us, &err) < 0)
		return cli_fail(cli, &err, NULL);
	return serve(cli, &s);
}

const struct command sandbox_commands[] = {
	{ "sandbox", "", NEEDS_NOTHING, 0, 0,
	  "[--smtp ADDR] [--web ADDR] [--maildir DIR] [--site DIR] [--defer N%] [--refuse N%] [--bounce N% --returns DIR] [--stall TIME]",
	  "smtp: web: maildir: site: defer: refuse: bounce: returns: stall:", "a mail server to try things out with",
	  "gazette sandbox --smtp 127.0.0.1:2525 --maildir mails", sandbox },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
