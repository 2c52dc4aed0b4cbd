/* gazetted - wires the rooms, takes the signals, stops in order. */
#include "base/text.h"
#include "content/content.h"
#include "daemon/checker.h"
#include "daemon/clockwork/clockwork.h"
#include "daemon/daemon.h"
#include "daemon/delivery/delivery.h"
#include "daemon/inbound/inbound.h"
#include "daemon/refusals.h"
#include "daemon/ingest/ingest.h"
#include "daemon/web/web.h"
#include "ops/render.h"
#include "ops/signing.h"
#include "store/delivery.h"
#include "store/event.h"
#include "system/clock.h"
#include "system/file.h"
#include "system/http.h"
#include "system/lock.h"
#include "system/log.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "usage: gazetted [-c FILE] [--check] [--foreground]\n"
			    "  -c FILE       the configuration; $GAZETTE_CONFIG or /etc/gazette/gazette.conf otherwise\n"
			    "  --check       reads the configuration, says every fault, and exits\n"
			    "  --foreground  stays in the foreground\n";

struct arguments {
	const char *config;
	bool check, foreground;
};

struct parts {
	struct delivery *delivery;
	struct clockwork *clockwork;
	struct ingest *ingest;
	struct inbound *inbound;
	struct web *web;
	struct checker *checker;
};

static int read_arguments(int argc, char **argv, struct arguments *out)
{
	const char *from_environment = getenv("GAZETTE_CONFIG");
	*out = (struct arguments){ .config = from_environment ? from_environment : "/etc/gazette/gazette.conf" };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc) {
			out->config = argv[++i];
		} else if (strcmp(argv[i], "--check") == 0) {
			out->check = true;
		} else if (strcmp(argv[i], "--foreground") == 0) {
			out->foreground = true;
		} else if (strcmp(argv[i], "--version") == 0) {
			puts("gazetted 0.1.0");
			exit(0);
		} else {
			bool help = strcmp(argv[i], "--help") == 0;
			fputs(usage, help ? stdout : stderr);
			return help ? 0 : 64;
		}
	}
	return -1;
}

static int read_config(const char *path, struct config **out, bool say)
{
	struct config_faults faults;
	struct error err;
	if (config_read(path, out, &faults, &err) == 0)
		return 0;
	if (faults.count == 0 && say)
		fprintf(stderr, "gazetted: %s\n", err.text);
	for (size_t i = 0; i < faults.count && i < CONFIG_FAULTS; i++) {
		if (say)
			fprintf(stderr, "%s\n", faults.fault[i].text);
		else
			log_error("configuration fault=\"%s\"", faults.fault[i].text);
	}
	return -1;
}

static void say_fault(const char *fault)
{
	fprintf(stderr, "%s\n", fault);
}

static void log_fault(const char *fault)
{
	log_error("template fault=\"%s\"", fault);
}

static int check(const char *path, const struct config *config)
{
	size_t faults = signing_check(config, say_fault);
	if (*config->daemon.template_dir)
		faults += templates_check(config->daemon.template_dir, say_fault);
	if (faults > 0)
		return 78;
	printf("%s: no faults\n", path);
	return 0;
}

static void set_log(const struct config *config)
{
	enum log_level level = LOG_INFO;
	for (int i = 0; log_words[i]; i++)
		if (text_starts(config->daemon.log, log_words[i]))
			level = (enum log_level)i;
	log_setup(level, config->daemon.log_json);
}

/* Root becomes the user the data belongs to: files of root in the folder would stop the command line. */
static int drop_root(const struct config *config, struct error *err)
{
	struct stat st;
	const struct passwd *user = getpwnam("gazette");
	if (geteuid() != 0 || !user || stat(config->daemon.data_dir, &st) < 0 || st.st_uid != user->pw_uid)
		return 0;
	if (initgroups("gazette", user->pw_gid) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
		return error_errno(err, ERROR_DENIED, errno, "become the user gazette");
	return 0;
}

/* The protocol of systemd's readiness: one datagram. */
static void say_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (!path || strlen(path) >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	CLEANUP(file_close) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (fd >= 0 && sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&address, size) < 0)
		log_warn("readiness not told errno=%d", errno);
}

/* A store that was put back to an earlier day does not send again what it sent since (promise 10). */
static int hold_after_rollback(struct daemon *daemon, struct error *err)
{
	bool done = false;
	if (!db_is_behind(daemon->ops.db))
		return 0;
	log_error(
		"the store is older than it was: everything unfinished is held as uncertain, until gazette queue retry or campaign cancel");
	while (!done)
		if (store_hold_unfinished(daemon->ops.db, 1000, clock_now().wall_us, &done, err) < 0)
			return -1;
	return db_accept_rollback(daemon->ops.db, err);
}

/* After a clock that was ahead when we last started: what was to wait a little would wait until it is as late again. */
static int repair_due(struct daemon *daemon, const char *host, int64_t now_us, struct error *err)
{
	const struct config *config = daemon->config;
	int64_t longest_us = config->delivery.retry_us[config->delivery.retry_count - 1];
	int64_t n = 0;
	if (store_due_repair(daemon->ops.db, host, 10 * MINUTE_US, 2 * longest_us, now_us, &n, err) < 0)
		return -1;
	if (n > 0)
		log_warn("the clock has gone back since the last start: due now messages=%" PRId64, n);
	return 0;
}

static int open_store(struct daemon *daemon, struct error *err)
{
	const struct config *config = daemon->config;
	char host[128] = "localhost";
	int64_t in_doubt = 0;
	int64_t now_us = clock_now().wall_us;
	if (gethostname(host, sizeof host - 1) < 0)
		snprintf(host, sizeof host, "localhost");
	if (ops_open(&daemon->ops, config, false, config->store.migrate_auto, err) < 0 || hold_after_rollback(daemon, err) < 0)
		return -1;
	if (checker_mark(daemon, err) < 0 || repair_due(daemon, host, now_us, err) < 0)
		return -1;
	if (store_node_start(daemon->ops.db, host, config->delivery.resend_uncertain, now_us + config->delivery.retry_us[0], now_us,
	                     &daemon->node, &in_doubt, err) < 0)
		return -1;
	if (in_doubt > 0)
		log_warn("in doubt after the last stop messages=%" PRId64 " then=%s", in_doubt,
		         config->delivery.resend_uncertain ? "sent again once" : "held");
	return 0;
}

static void stop_parts(struct daemon *daemon, struct parts *parts)
{
	atomic_store(&daemon->stopping, true);
	checker_stop(&parts->checker);
	web_stop(&parts->web);
	inbound_stop(&parts->inbound);
	ingest_stop(&parts->ingest);
	delivery_stop(&parts->delivery);
	clockwork_stop(&parts->clockwork);
}

static int start_parts(struct daemon *daemon, struct parts *parts, struct error *err)
{
	static struct refusals refusals; /* one a process; too large for a stack */
	daemon->refusals = &refusals;
	if (refusals_load(&refusals, &daemon->ops, err) < 0)
		return -1;
	if (clockwork_start(daemon, &parts->clockwork, err) < 0 || delivery_start(daemon, &parts->delivery, err) < 0 ||
	    ingest_start(daemon, &parts->ingest, err) < 0 || inbound_start(daemon, &parts->inbound, err) < 0 ||
	    web_start(daemon, &parts->web, err) < 0 || checker_start(daemon, &parts->checker, err) < 0)
		return -1;
	return 0;
}

/* Configurations that were in force: threads may still be at them, so they live as long as the process. */
struct kept {
	struct config **config;
	size_t count;
};

static void kept_free(struct kept *kept)
{
	for (size_t i = 0; i < kept->count; i++)
		config_free(&kept->config[i]);
	free(kept->config);
}

/* The log of a daemon that left its terminal; "" while it goes to standard error. */
static char log_file[4096];

static int open_log(void)
{
	CLEANUP(file_close) int fd = open(log_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	return fd < 0 || dup2(fd, STDERR_FILENO) < 0 ? -1 : 0;
}

/* In the background the terminal belongs to others again: the log goes on beside the store. */
static void leave_terminal(const struct config *config)
{
	if (!isatty(STDERR_FILENO))
		return;
	snprintf(log_file, sizeof log_file, "%s/gazetted.log", config->daemon.data_dir);
	log_info("from here on the log is in %s", log_file);
	if (open_log() == 0)
		return;
	log_warn("%s can not be written errno=%d: the log stays here", log_file, errno);
	*log_file = '\0';
}

static void reload(struct daemon *daemon, struct kept *kept)
{
	struct config *fresh = NULL;
	struct config **more = realloc(kept->config, (kept->count + 1) * sizeof(struct config *));
	if (!more)
		return;
	kept->config = more;
	if (read_config(daemon->config->path, &fresh, false) < 0) {
		log_error("reload refused: the old configuration stays");
		return;
	}
	kept->config[kept->count++] = fresh;
	set_log(fresh);
	/* The file may have been moved away, as logrotate does. */
	if (*log_file && open_log() < 0)
		log_warn("%s can not be written errno=%d", log_file, errno);
	if (*fresh->daemon.template_dir)
		templates_check(fresh->daemon.template_dir, log_fault);
	atomic_store(&daemon->reloaded, fresh);
	log_info("configuration read again: rates, keys and log are in force, the rest from the next start");
}

/* Until a signal or a failure ends it. Returns the exit status. */
static int serve(struct daemon *daemon, struct parts *parts, int signal_fd, struct kept *kept)
{
	struct pollfd fds[] = { { .fd = signal_fd, .events = POLLIN }, { .fd = daemon->wake_fd, .events = POLLIN } };
	struct signalfd_siginfo signal;
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			return atomic_load(&daemon->failed);
		if (read(signal_fd, &signal, sizeof signal) != sizeof signal)
			continue;
		if (signal.ssi_signo == SIGHUP) {
			reload(daemon, kept);
		} else if (signal.ssi_signo == SIGUSR1) {
			delivery_log_state(parts->delivery);
		} else {
			log_info("stopping signal=%u", signal.ssi_signo);
			return 0;
		}
	}
}

/* The drain, while another signal may still end what waits for a reply. */
static void drain(struct daemon *daemon, struct parts *parts, int signal_fd)
{
	struct signalfd_siginfo signal;
	atomic_store(&daemon->stopping, true);
	struct pollfd fd = { .fd = signal_fd, .events = POLLIN };
	for (bool aborted = false; parts->delivery && delivery_is_busy(parts->delivery) && !aborted;) {
		if (poll(&fd, 1, 50) <= 0 || read(signal_fd, &signal, sizeof signal) != sizeof signal)
			continue;
		log_warn("stopping now: what waits for a reply is left in doubt");
		delivery_abort(parts->delivery);
		aborted = true;
	}
	stop_parts(daemon, parts);
}

static int run(struct daemon *daemon, int signal_fd, int *ready)
{
	struct parts parts = { 0 };
	struct error err = { 0 };
	struct kept kept = { NULL, 0 };
	int status = 0;
	if (open_store(daemon, &err) < 0 || start_parts(daemon, &parts, &err) < 0) {
		log_error("not started error=%s text=\"%s\"", error_word(err.code), err.text);
		status = error_exit(err.code);
	} else {
		log_info("ready pid=%d web=%s sessions=%" PRId64, (int)getpid(), daemon->config->web.listen,
		         daemon->config->delivery.sessions);
		say_ready();
		if (*ready >= 0)
			leave_terminal(daemon->config);
		/* Who called may be gone. */
		if (*ready >= 0 && write(*ready, "r", 1) < 0)
			log_debug("nobody waits for the start");
		file_close(ready);
		status = serve(daemon, &parts, signal_fd, &kept);
	}
	drain(daemon, &parts, signal_fd);
	/* What went wrong while it stopped counts too. */
	status = status ? status : atomic_load(&daemon->failed);
	checker_unmark(daemon);
	ops_close(&daemon->ops);
	kept_free(&kept);
	log_info("stopped status=%d", status);
	return status;
}

/* One daemon on a store: the lock lives as long as the process, and says who holds it. */
static int hold_store(const struct config *config, struct error *err)
{
	char path[4096];
	char holder[256];
	char host[128] = "localhost";
	if (gethostname(host, sizeof host - 1) < 0)
		snprintf(host, sizeof host, "localhost");
	snprintf(path, sizeof path, "%s.daemon", config->store.url + strlen("sqlite:"));
	snprintf(holder, sizeof holder, "gazetted pid %d on %s", (int)getpid(), host);
	int fd = lock_hold(path, holder, err);
	return fd < 0 ? error_wrap(err, "the store %s", config->store.url + strlen("sqlite:")) : fd;
}

static int take_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	signal(SIGPIPE, SIG_IGN);
	/* Before any thread: they all inherit it, and only main is told. */
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* The program that was called waits until the daemon says to *ready that it serves, and ends with 0; or with the daemon's status if it
 * never did. */
static int into_background(int *ready)
{
	int ends[2];
	int status = 0;
	char word;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid_t child = fork();
	if (child < 0)
		return -1;
	if (child == 0) {
		close(ends[0]);
		*ready = ends[1];
		return setsid() < 0 ? -1 : 0;
	}
	close(ends[1]);
	if (read(ends[0], &word, 1) == 1)
		_exit(0);
	_exit(waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 70);
}

static int start(const struct config *config, bool foreground)
{
	struct daemon shared = { .config = config };
	struct error err = { 0 };
	if (daemon_take_descriptors(config, &err) < 0 || drop_root(config, &err) < 0) {
		fprintf(stderr, "gazetted: %s\n", err.text);
		return error_exit(err.code);
	}
	CLEANUP(file_close) int ready = -1;
	if (!foreground && into_background(&ready) < 0)
		return 71;
	CLEANUP(file_close) int held = hold_store(config, &err);
	if (held < 0) {
		log_error("not started text=\"%s\"", err.text);
		return err.code == ERROR_CONFLICT ? 75 : error_exit(err.code);
	}
	CLEANUP(file_close) int signal_fd = take_signals();
	CLEANUP(file_close) int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	shared.wake_fd = wake_fd;
	http_global_init();
	content_global_init();
	return signal_fd < 0 || wake_fd < 0 ? 71 : run(&shared, signal_fd, &ready);
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	CLEANUP(config_free) struct config *config = NULL;
	int status = read_arguments(argc, argv, &arguments);
	if (status >= 0)
		return status;
	if (read_config(arguments.config, &config, true) < 0)
		return 78;
	if (arguments.check)
		return check(arguments.config, config);
	set_log(config);
	/* A broken one stops the mails that use it, not the others. */
	if (*config->daemon.template_dir)
		templates_check(config->daemon.template_dir, log_fault);
	return start(config, arguments.foreground);
}
