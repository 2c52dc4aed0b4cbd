#include "daemon/delivery/parts.h"
#include "ops/relays.h"
#include "system/log.h"
#include <stdlib.h>

void delivery_tell(struct delivery *delivery, const struct happened *happened)
{
	pthread_mutex_lock(&delivery->mutex);
	/* When it is full the relay's state is known well enough. */
	if (delivery->event_count < EVENTS_ROOM)
		delivery->events[delivery->event_count++] = *happened;
	pthread_mutex_unlock(&delivery->mutex);
}

void delivery_return(struct delivery *delivery, const struct job *job, size_t relay)
{
	pthread_mutex_lock(&delivery->mutex);
	/* One that finds no room stays leased until its lease runs out: late, not lost. */
	if (delivery->returned_count < COUNT_OF(delivery->returned)) {
		delivery->returned_by[delivery->returned_count] = relay;
		delivery->returned[delivery->returned_count++] = *job;
	}
	pthread_mutex_unlock(&delivery->mutex);
}

static void *run_session(void *arg)
{
	pthread_setname_np(pthread_self(), "session");
	session_main(arg);
	return NULL;
}

static int add_relay(struct delivery *delivery, const struct config_relay *from, struct error *err)
{
	struct relay *relay = &delivery->relay[delivery->relays];
	relay->name = from->name;
	relay->sign = from->sign;
	relay->per_link = from->messages_per_session;
	relay->options = relay_options(from);
	pthread_mutex_init(&relay->doubt_mutex, NULL);
	relay->queue = queue_new(QUEUE_ROOM);
	if (!relay->queue)
		return error_set(err, ERROR_MEMORY, "out of memory");
	delivery->relays++;
	return 0;
}

static int add_session(struct delivery *delivery, size_t relay, struct error *err)
{
	struct session *session = &delivery->sessions[delivery->session_count];
	session->delivery = delivery;
	session->relay = relay;
	for (size_t i = 0; i < LETTERS; i++)
		atomic_init(&session->carries[i], NO_PROVIDER);
	session->smtp = smtp_new(&delivery->relay[relay].options);
	if (!session->smtp || pthread_create(&session->thread, NULL, run_session, session) != 0) {
		smtp_free(&session->smtp);
		return error_set(err, ERROR_MEMORY, "no room for %zu sessions", delivery->session_count + 1);
	}
	delivery->session_count++;
	return 0;
}

/* The sessions in all, shared by the relays in turn, none over its own cap. */
static int add_sessions(struct delivery *delivery, struct error *err)
{
	const struct config *config = delivery->daemon->config;
	size_t most = (size_t)config->delivery.sessions;
	int64_t used[CONFIG_RELAYS] = { 0 };
	delivery->sessions = calloc(most, sizeof *delivery->sessions);
	if (!delivery->sessions)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (editions_init(&delivery->editions, most, err) < 0)
		return -1;
	for (bool any = true; any && delivery->session_count < most;) {
		any = false;
		for (size_t i = 0; i < delivery->relays && delivery->session_count < most; i++) {
			if (used[i] >= config->relay[i].sessions)
				continue;
			if (add_session(delivery, i, err) < 0)
				return -1;
			used[i]++;
			any = true;
		}
	}
	return 0;
}

static int start(struct delivery *delivery, struct error *err)
{
	const struct config *config = delivery->daemon->config;
	if (ops_again(&delivery->editions.ops, &delivery->daemon->ops, err) < 0 ||
	    signers_load(&delivery->signers, &delivery->editions.ops, config, err) < 0 ||
	    recorder_start(delivery->daemon, &delivery->recorder, err) < 0)
		return -1;
	for (size_t i = 0; i < config->relay_count; i++)
		if (add_relay(delivery, &config->relay[i], err) < 0)
			return -1;
	if (delivery->relays == 0) {
		log_warn("no relay is configured: nothing can be sent");
		return 0;
	}
	if (add_sessions(delivery, err) < 0)
		return -1;
	if (pthread_create(&delivery->dispatcher, NULL, dispatcher_main, delivery) != 0)
		return error_set(err, ERROR_MEMORY, "no thread for the dispatcher");
	delivery->dispatching = true;
	return 0;
}

int delivery_start(struct daemon *daemon, struct delivery **out, struct error *err)
{
	struct delivery *delivery = calloc(1, sizeof *delivery);
	if (!delivery)
		return error_set(err, ERROR_MEMORY, "out of memory");
	delivery->daemon = daemon;
	pthread_mutex_init(&delivery->mutex, NULL);
	pthread_mutex_init(&delivery->editions.mutex, NULL);
	signers_init(&delivery->signers);
	*out = delivery;
	if (start(delivery, err) == 0)
		return 0;
	atomic_store(&daemon->stopping, true);
	delivery_stop(out);
	return -1;
}

void delivery_abort(struct delivery *delivery)
{
	for (size_t i = 0; i < delivery->session_count; i++)
		smtp_cancel(delivery->sessions[i].smtp);
}

void delivery_stop(struct delivery **out)
{
	struct delivery *delivery = *out;
	struct error err;
	if (!delivery)
		return;
	for (size_t i = 0; i < delivery->relays; i++)
		queue_close(delivery->relay[i].queue);
	for (size_t i = 0; i < delivery->session_count; i++)
		if (atomic_load(&delivery->sessions[i].connecting))
			smtp_cancel(delivery->sessions[i].smtp);
	for (size_t i = 0; i < delivery->session_count; i++) {
		pthread_join(delivery->sessions[i].thread, NULL);
		smtp_free(&delivery->sessions[i].smtp);
	}
	if (delivery->dispatching)
		pthread_join(delivery->dispatcher, NULL);
	if (delivery->returned_count > 0 &&
	    store_delivery_release(delivery->editions.ops.db, delivery->returned, delivery->returned_count, &err) < 0)
		log_error("leases not given back text=\"%s\"", err.text);
	recorder_stop(&delivery->recorder);
	editions_clear(&delivery->editions);
	ops_close(&delivery->editions.ops);
	signers_clear(&delivery->signers);
	for (size_t i = 0; i < delivery->relays; i++) {
		queue_free(&delivery->relay[i].queue);
		pthread_mutex_destroy(&delivery->relay[i].doubt_mutex);
	}
	pthread_mutex_destroy(&delivery->mutex);
	pthread_mutex_destroy(&delivery->editions.mutex);
	free(delivery->sessions);
	free(delivery);
	*out = NULL;
}

bool delivery_is_busy(struct delivery *delivery)
{
	return atomic_load(&delivery->busy) > 0;
}

void delivery_log_state(struct delivery *delivery)
{
	log_info("state sessions=%zu busy=%d sent=%lld", delivery->session_count, atomic_load(&delivery->busy),
	         atomic_load(&delivery->sent));
	log_info("state recorder longest_wait_ms=%.1f", (double)recorder_longest_wait(delivery->recorder) / 1000);
	for (size_t i = 0; i < delivery->relays; i++)
		log_info("state relay=%s queued=%zu troubled=%d", delivery->relay[i].name,
		         QUEUE_ROOM - queue_room(delivery->relay[i].queue), atomic_load(&delivery->relay[i].troubled));
}
