#include "system/dns.h"
#include "system/clock.h"
#include <arpa/nameser.h>
#include <poll.h>
#include <stdlib.h>
#include <unbound.h>

struct dns {
	struct ub_ctx *context;
};

struct answer {
	struct ub_result *result;
	int fault;
	bool is_done;
};

int dns_open(const char *server, struct dns **out, struct error *err)
{
	CLEANUP(dns_close) struct dns *dns = calloc(1, sizeof *dns);
	if (dns)
		dns->context = ub_ctx_create();
	if (!dns || !dns->context)
		return error_set(err, ERROR_MEMORY, "no resolver");
	/* Where to ask comes before anything that closes the resolver's configuration. */
	int fault = server && *server ? ub_ctx_set_fwd(dns->context, server) : ub_ctx_resolvconf(dns->context, NULL);
	if (fault == 0)
		fault = ub_ctx_async(dns->context, 1);
	if (fault)
		return error_set(err, ERROR_INPUT, "name server %s: %s", server && *server ? server : "of /etc/resolv.conf",
		                 ub_strerror(fault));
	/* Answered inside otherwise, where tests and private networks want to be asked. */
	static const char *const inside[] = { "test.", "localhost.", "invalid.", "home.arpa." };
	for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
		ub_ctx_zone_remove(dns->context, inside[i]);
	*out = dns;
	dns = NULL;
	return 0;
}

void dns_close(struct dns **dns)
{
	if (*dns && (*dns)->context)
		ub_ctx_delete((*dns)->context);
	free(*dns);
	*dns = NULL;
}

static void on_answer(void *arg, int fault, struct ub_result *result)
{
	struct answer *answer = arg;
	*answer = (struct answer){ result, fault, true };
}

static int ask(struct dns *dns, const char *name, int type, int64_t timeout_us, struct answer *answer, struct error *err)
{
	int id = 0;
	int64_t end_us = clock_now().mono_us + timeout_us;
	int fault = ub_resolve_async(dns->context, name, type, ns_c_in, answer, on_answer, &id);
	while (fault == 0 && !answer->is_done) {
		int64_t left_us = end_us - clock_now().mono_us;
		struct pollfd fd = { .fd = ub_fd(dns->context), .events = POLLIN };
		if (left_us <= 0) {
			ub_cancel(dns->context, id);
			return error_set(err, ERROR_TIMEOUT, "%s: no answer from the name server", name);
		}
		if (poll(&fd, 1, (int)(left_us / 1000) + 1) > 0)
			fault = ub_process(dns->context);
	}
	if (fault || answer->fault)
		return error_set(err, ERROR_NETWORK, "%s: %s", name, ub_strerror(fault ? fault : answer->fault));
	return 0;
}

/* One record: strings with a length byte each. */
static void add_strings(const unsigned char *data, size_t size, struct buffer *out)
{
	for (size_t at = 0; at < size && at + data[at] < size; at += 1U + data[at])
		buffer_add(out, data + at + 1, data[at]);
	buffer_add_char(out, '\n');
}

int dns_txt(struct dns *dns, const char *name, int64_t timeout_us, struct buffer *out, struct error *err)
{
	struct answer answer = { 0 };
	if (ask(dns, name, ns_t_txt, timeout_us, &answer, err) < 0)
		return -1;
	struct ub_result *result = answer.result;
	int count = 0;
	/* A forged answer comes with data all the same: it is asked about first. */
	if (result->bogus)
		count = error_set(err, ERROR_NETWORK, "%s: the answer fails its DNSSEC check", name);
	else if (result->rcode != 0 && !result->nxdomain)
		count = error_set(err, ERROR_NETWORK, "%s: the name server failed (%d)", name, result->rcode);
	for (int i = 0; count >= 0 && result->havedata && result->data[i]; i++, count++)
		add_strings((const unsigned char *)result->data[i], (size_t)result->len[i], out);
	ub_resolve_free(result);
	return count < 0 ? -1 : buffer_check(out, err) < 0 ? -1 : count;
}
