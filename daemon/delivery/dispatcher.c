/* The dispatcher: leases what is due, hands it to the relays as fast as pacing allows, and owns all pacing state. */
#include "daemon/delivery/disk.h"
#include "daemon/delivery/lanes.h"
#include "daemon/delivery/pace.h"
#include "system/clock.h"
#include "system/log.h"
#include <stdlib.h>

enum { REVOCATIONS = 256, LOW = 64 /* fewer ready than this: more are leased */, LEAST_SHARE = 16, DUES = 512 /* at first */, TURN = 8 };
#define LEASE_US (2 * MESSAGE_US)
#define KEYS_US MINUTE_US
#define LOOK_US (SECOND_US / 5)
#define LONG_WAIT_US (2 * SECOND_US) /* who waits longer than this waits in the store, where all can see it */

struct dispatcher {
	struct delivery *delivery;
	struct ops ops;
	struct pace pace;
	struct lanes lanes; /* leased, not yet handed on */
	struct job *fresh;  /* a lease comes in here */
	struct due *dues;
	size_t dues_room;
	int64_t last_revocation;
	int64_t looked_us, leased_us, keys_us;
	struct disk disk;
	size_t turn; /* which line is served first */
};

/* Now and then: a key that DNS has come to show signs from then on. */
static void load_keys(struct dispatcher *d, int64_t now_us)
{
	struct error err;
	d->keys_us = now_us;
	if (signers_load(&d->delivery->signers, &d->ops, d->pace.config, &err) < 0)
		log_error("keys not read again: those in force stay text=\"%s\"", err.text);
}

static bool any(const struct job *job, const void *unused)
{
	(void)job, (void)unused;
	return true;
}

static void give_back(struct dispatcher *d, const struct job *jobs, size_t n)
{
	struct error err;
	if (store_delivery_release(d->ops.db, jobs, n, &err) < 0)
		log_error("leases not given back text=\"%s\"", err.text);
}

static void untake(struct dispatcher *d, const struct job *job, size_t relay)
{
	pacing_untake(&d->pace.pacing, &(struct pacing_key){ provider_known(job->provider), job->list, job->campaign, job->is_notice },
	              relay);
}

/* Jobs that sessions could not try: a relay is away. They are queued again in the store, where all can see them. */
static void take_returned(struct dispatcher *d)
{
	struct delivery *delivery = d->delivery;
	static struct job jobs[COUNT_OF(delivery->returned)];
	pthread_mutex_lock(&delivery->mutex);
	size_t n = delivery->returned_count;
	memcpy(jobs, delivery->returned, n * sizeof jobs[0]);
	for (size_t i = 0; i < n; i++)
		untake(d, &jobs[i], delivery->returned_by[i]);
	delivery->returned_count = 0;
	pthread_mutex_unlock(&delivery->mutex);
	if (n > 0)
		give_back(d, jobs, n);
}

static void give_back_queue(struct dispatcher *d, size_t relay, bool (*match)(const struct job *, const void *), const void *what)
{
	struct job jobs[64];
	for (size_t n; (n = queue_take(d->delivery->relay[relay].queue, match, what, jobs, COUNT_OF(jobs))) > 0;) {
		for (size_t i = 0; i < n; i++)
			untake(d, &jobs[i], relay);
		give_back(d, jobs, n);
	}
}

static void give_back_lanes(struct dispatcher *d, bool (*match)(const struct job *, const void *), const void *what)
{
	struct job jobs[64];
	for (size_t n; (n = lanes_take(&d->lanes, match, what, jobs, COUNT_OF(jobs))) > 0;)
		give_back(d, jobs, n);
	lanes_tidy(&d->lanes);
}

static void give_back_all(struct dispatcher *d)
{
	for (size_t i = 0; i < d->delivery->relays; i++)
		give_back_queue(d, i, any, NULL);
	give_back_lanes(d, any, NULL);
}

static bool is_revoked(const struct job *job, const void *what)
{
	const struct revocation *r = what;
	if (job->is_notice)
		return false;
	if (r->campaign_id && r->campaign_id == job->campaign)
		return true;
	return r->subscriber_id && r->subscriber_id == job->subscriber && (!r->list_id || r->list_id == job->list);
}

/* Paused campaigns and readers who left: the mark would refuse them one by one, this spares the connections. */
static void take_revocations(struct dispatcher *d)
{
	struct revocation rows[REVOCATIONS];
	size_t n = 0;
	struct error err;
	if (store_revocation_after(d->ops.db, d->last_revocation, rows, REVOCATIONS, &n, &err) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		d->last_revocation = rows[i].id;
		for (size_t r = 0; r < d->delivery->relays; r++)
			give_back_queue(d, r, is_revoked, &rows[i]);
		give_back_lanes(d, is_revoked, &rows[i]);
	}
}

static bool all_paused(const struct dispatcher *d, int64_t now_us)
{
	for (size_t i = 0; i < d->delivery->relays; i++)
		if (!pacing_is_paused(&d->pace.pacing, i, now_us))
			return false;
	return true;
}

static size_t less(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* What is to be taken on top of what is held, where `room` pass soon: nothing while half of it is here, so that a slow pace is not paid
 * with a commit for each message. */
static size_t wanted(size_t room, size_t held)
{
	return held * 2 >= room ? 0 : room - held;
}

/* How many of each provider are worth leasing: what its gates let through soon, less what is here already; shared evenly, so that a large
 * provider leaves room for the others. */
static void provider_rooms(struct dispatcher *d, const struct due *due, size_t n, struct moment now, size_t most, size_t *rooms)
{
	bool is_due[PROVIDERS_MOST] = { 0 };
	size_t providers = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t provider = provider_known(due[i].provider);
		bool counts = due[i].due_us <= now.wall_us && !is_due[provider];
		is_due[provider] |= counts;
		providers += counts;
	}
	size_t share = most / (providers > 0 ? providers : 1);
	for (int64_t i = 0; i < PROVIDERS_MOST; i++) {
		size_t held = is_due[i] ? lanes_count(&d->lanes, i, 0) : 0;
		size_t room = is_due[i] ? pacing_room(&d->pace.pacing, i, now, share > LEAST_SHARE ? share : LEAST_SHARE) : 0;
		rooms[i] = wanted(room, held);
	}
}

/* All that waits, however many campaigns those are. */
static int look_for_dues(struct dispatcher *d, size_t *n, struct error *err)
{
	for (;;) {
		if (store_delivery_due(d->ops.db, d->dues, d->dues_room, n, err) < 0)
			return -1;
		if (*n < d->dues_room)
			return 0;
		struct due *more = reallocarray(d->dues, d->dues_room * 2, sizeof *more);
		if (!more)
			return error_set(err, ERROR_MEMORY, "out of memory");
		d->dues = more;
		d->dues_room *= 2;
	}
}

/* What waits for a relay of its own is no more than its queue holds: a slow one must not fill the place of all others. */
static size_t own_relay_room(struct dispatcher *d, int64_t list, int64_t campaign, size_t held)
{
	int pinned = pacing_pinned(&d->pace.pacing, list, campaign);
	size_t stuck = pinned >= 0 ? lanes_stuck(&d->lanes, pinned + 1) : 0;
	return pinned >= 0 ? wanted(QUEUE_ROOM, held > stuck ? held : stuck) : LANES_ROOM;
}

/* What is to be leased now, oldest campaign first; at most LEASE_MAX, since each is for a message at least. */
static size_t make_picks(struct dispatcher *d, struct moment now, size_t most, struct lease_pick *picks, struct error *err)
{
	size_t rooms[PROVIDERS_MOST];
	size_t n = 0;
	size_t count = 0;
	int64_t campaign = 0;
	size_t campaign_room = 0;
	if (look_for_dues(d, &n, err) < 0)
		return SIZE_MAX;
	struct due *due = d->dues;
	for (size_t i = 0; i < n; i++)
		due[i].due_us -= atomic_load(&d->delivery->daemon->due_ahead_us);
	provider_rooms(d, due, n, now, most, rooms);
	for (size_t i = 0; i < n && count < LEASE_MAX; i++) {
		if (due[i].campaign != campaign) {
			campaign = due[i].campaign;
			if (pace_know(&d->pace, campaign, err) < 0)
				return SIZE_MAX;
			campaign_room = pacing_flow_room(&d->pace.pacing, due[i].list, campaign, now, LANES_ROOM);
			size_t held = lanes_count(&d->lanes, -1, campaign);
			if (campaign_room < LANES_ROOM)
				campaign_room = wanted(campaign_room, held);
			campaign_room = less(campaign_room, own_relay_room(d, due[i].list, campaign, held));
		}
		size_t *provider_room = &rooms[provider_known(due[i].provider)];
		size_t room = less(less(*provider_room, campaign_room), most);
		if (due[i].due_us > now.wall_us || room == 0)
			continue;
		picks[count++] = (struct lease_pick){ campaign, due[i].provider, room };
		*provider_room -= room;
		campaign_room -= campaign_room < LANES_ROOM ? room : 0;
	}
	return count;
}

static void lease_failed(struct dispatcher *d, const struct error *err, struct moment now)
{
	log_error("no lease error=%s text=\"%s\"", error_word(err->code), err->text);
	if (err->code == ERROR_CORRUPT)
		daemon_fail(d->delivery->daemon, error_exit(err->code));
	d->leased_us = now.mono_us + SECOND_US;
}

static void lease(struct dispatcher *d, struct moment now)
{
	static struct lease_pick picks[LEASE_MAX];
	struct error err;
	size_t n = 0;
	if (d->disk.is_full || atomic_load(&d->delivery->daemon->disk_full) || lanes_ready(&d->lanes) >= LOW || d->leased_us > now.mono_us)
		return;
	size_t room = pacing_total_room(&d->pace.pacing, now, LANES_ROOM);
	if (room < LANES_ROOM)
		room = wanted(room, d->lanes.count);
	size_t most = less(less(room, LEASE_MAX), LANES_ROOM - d->lanes.count);
	if (most == 0)
		return;
	size_t count = make_picks(d, now, most, picks, &err);
	struct lease lease = { .node = d->delivery->daemon->node,
		               .until_us = now.wall_us + LEASE_US,
		               .now_us = daemon_due(d->delivery->daemon).wall_us,
		               .pick = picks,
		               .picks = count };
	if (count == SIZE_MAX || store_delivery_lease(d->ops.db, &lease, d->fresh, most, &n, &err) < 0) {
		lease_failed(d, &err, now);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct job *job = &d->fresh[i];
		const char *at = job->is_notice ? strrchr(job->email, '@') : NULL;
		job->lapses_us = now.mono_us + LEASE_US;
		/* A notice is held by no provider's gates, but what is said to it counts for that provider. */
		if (at)
			job->provider = provider_of(d->ops.providers, at + 1);
	}
	size_t kept = 0;
	while (kept < n && lanes_add(&d->lanes, &d->fresh[kept]))
		kept++;
	give_back(d, d->fresh + kept, n - kept);
	/* After a look that found nothing, or more lines than there is room for, the next one waits a moment. */
	if (n == 0 || kept < n)
		d->leased_us = now.mono_us + LOOK_US / 4;
}

/* Messages in progress, by provider: in the relays' queues first, then in the sessions' hands, so that none is missed on its way. */
static void count_busy(struct dispatcher *d)
{
	struct delivery *delivery = d->delivery;
	size_t busy[PROVIDERS_MOST] = { 0 };
	for (size_t i = 0; i < delivery->relays; i++)
		queue_count(delivery->relay[i].queue, busy);
	for (size_t i = 0; i < delivery->session_count; i++)
		for (size_t j = 0; j < LETTERS; j++) {
			int provider = atomic_load(&delivery->sessions[i].carries[j]);
			if (provider != NO_PROVIDER)
				busy[provider]++;
		}
	int64_t now_us = clock_now().mono_us;
	for (int64_t i = 0; i < PROVIDERS_MOST; i++)
		pacing_progress(&d->pace.pacing, i, busy[i], now_us);
}

static uint32_t full_relays(const struct dispatcher *d)
{
	uint32_t full = 0;
	for (size_t i = 0; i < d->delivery->relays; i++)
		full |= (uint32_t)(queue_room(d->delivery->relay[i].queue) == 0) << i;
	return full;
}

/* A few of one line. Returns how many went; *wait_us: how long its next one waits. */
static size_t serve(struct dispatcher *d, struct lane *lane, struct moment now, enum hold *hold, int64_t *wait_us)
{
	struct pacing_key key = {
		.provider = provider_known(lane->provider), .list = lane->list, .campaign = lane->campaign, .is_notice = lane->campaign == 0
	};
	size_t n = 0;
	for (*hold = HOLD_NOTHING; n < TURN && lane->count > 0; n++) {
		size_t relay = 0;
		*hold = pacing_take(&d->pace.pacing, &key, full_relays(d), now, &relay, wait_us);
		if (*hold != HOLD_NOTHING)
			break;
		if ((d->pace.pacing.is_short && !pace_reserve(&d->pace, true)) ||
		    !queue_push(d->delivery->relay[relay].queue, lanes_first(&d->lanes, lane))) {
			pacing_untake(&d->pace.pacing, &key, relay);
			break;
		}
		lanes_drop_first(&d->lanes, lane);
	}
	int pinned = *hold == HOLD_SESSIONS && !key.is_notice ? pacing_pinned(&d->pace.pacing, key.list, key.campaign) : -1;
	lane->stuck = pinned + 1;
	lane->is_held = *hold != HOLD_NOTHING && (*hold != HOLD_SESSIONS || lane->stuck);
	return n;
}

static bool is_of_lane(const struct job *job, const void *what)
{
	const struct lane *lane = what;
	return lane->campaign == (job->is_notice ? 0 : job->campaign) && (job->is_notice || lane->provider == job->provider);
}

/* Returns how long there is nothing to do. */
static int64_t hand_out(struct dispatcher *d)
{
	int64_t wait_us = LOOK_US / 4;
	count_busy(d);
	for (size_t went = 1; went > 0 && d->lanes.count > 0;) {
		struct moment now = clock_now();
		went = 0;
		d->turn++;
		for (size_t i = 0; i < d->lanes.lanes; i++) {
			struct lane *lane = &d->lanes.lane[(d->turn + i) % d->lanes.lanes];
			enum hold hold = HOLD_NOTHING;
			int64_t one_us = 0;
			if (lane->count == 0)
				continue;
			went += serve(d, lane, now, &hold, &one_us);
			if (hold != HOLD_NOTHING && one_us > LONG_WAIT_US && hold != HOLD_SESSIONS) {
				struct lane paused = *lane;
				give_back_lanes(d, is_of_lane, &paused);
				return 0;
			}
			if (hold != HOLD_NOTHING)
				wait_us = one_us < wait_us ? one_us : wait_us;
		}
		lanes_tidy(&d->lanes);
	}
	if (d->lanes.count == 0)
		return d->leased_us > clock_now().mono_us ? LOOK_US / 4 : 1000;
	return wait_us;
}

static void step(struct dispatcher *d)
{
	struct daemon *daemon = d->delivery->daemon;
	struct moment now = clock_now();
	if (pace_look(&d->pace, now) || (d->pace.config->dkim_count > 0 && now.mono_us - d->keys_us > KEYS_US))
		load_keys(d, now.mono_us);
	pace_events(&d->pace, now);
	take_returned(d);
	disk_look(&d->disk, daemon, d->ops.db, now.mono_us);
	if (now.mono_us - d->looked_us > LOOK_US) {
		d->looked_us = now.mono_us;
		take_revocations(d);
	}
	/* What waits for a relay that hangs goes by another one, long before its time-outs are over; or waits in the store, if its list has
	 * no other: here it would keep others out. */
	for (size_t i = 0; i < d->delivery->relays; i++) {
		bool hangs = queue_is_stalled(d->delivery->relay[i].queue, now.mono_us);
		pacing_hang_relay(&d->pace.pacing, i, hangs);
		if (hangs || pacing_is_paused(&d->pace.pacing, i, now.mono_us))
			give_back_queue(d, i, any, NULL);
	}
	if (d->disk.is_full || all_paused(d, now.mono_us))
		give_back_all(d);
	lease(d, now);
	int64_t wait_us = hand_out(d);
	if (wait_us > 0)
		daemon_sleep(daemon, wait_us < 20000 ? wait_us : 20000);
}

static int start(struct dispatcher *d, struct error *err)
{
	struct daemon *daemon = d->delivery->daemon;
	d->fresh = calloc(LEASE_MAX, sizeof *d->fresh);
	d->dues = calloc(DUES, sizeof *d->dues);
	d->dues_room = DUES;
	if (!d->fresh || !d->dues)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (lanes_init(&d->lanes, err) < 0 || ops_again(&d->ops, &daemon->ops, err) < 0)
		return -1;
	return pace_start(&d->pace, d->delivery, &d->ops, err);
}

void *dispatcher_main(void *arg)
{
	static struct dispatcher d; /* one a process; too large for a stack */
	struct error err;
	d = (struct dispatcher){ .delivery = arg };
	struct daemon *daemon = d.delivery->daemon;
	pthread_setname_np(pthread_self(), "dispatcher");
	bool is_started = start(&d, &err) == 0;
	if (!is_started) {
		log_error("dispatcher could not start text=\"%s\"", err.text);
		daemon_fail(daemon, error_exit(err.code));
	}
	while (is_started && !atomic_load(&daemon->stopping) && !atomic_load(&daemon->failed))
		step(&d);
	/* What sessions still give back while they end is taken by delivery_stop(). */
	if (is_started) {
		give_back_all(&d);
		pace_reserve(&d.pace, false);
	}
	ops_close(&d.ops);
	lanes_clear(&d.lanes);
	pace_clear(&d.pace);
	free(d.dues);
	free(d.fresh);
	return NULL;
}
