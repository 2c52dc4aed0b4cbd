#include "daemon/delivery/lanes.h"
#include <stdlib.h>

struct lane_slot {
	struct job job;
	int next;
};

int lanes_init(struct lanes *lanes, struct error *err)
{
	*lanes = (struct lanes){ .slots = calloc(LANES_ROOM, sizeof *lanes->slots), .free = -1 };
	return lanes->slots ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

void lanes_clear(struct lanes *lanes)
{
	free(lanes->slots);
	lanes->slots = NULL;
}

static struct lane *lane_of(struct lanes *lanes, const struct job *job)
{
	int64_t campaign = job->is_notice ? 0 : job->campaign;
	int64_t provider = job->is_notice ? 0 : job->provider;
	for (size_t i = 0; i < lanes->lanes; i++)
		if (lanes->lane[i].campaign == campaign && lanes->lane[i].provider == provider)
			return &lanes->lane[i];
	if (lanes->lanes == LANES)
		return NULL;
	struct lane *lane = &lanes->lane[lanes->lanes++];
	*lane = (struct lane){ .campaign = campaign, .provider = provider, .list = job->list, .first = -1, .last = -1 };
	return lane;
}

bool lanes_add(struct lanes *lanes, const struct job *job)
{
	struct lane *lane = lanes->count < LANES_ROOM ? lane_of(lanes, job) : NULL;
	if (!lane)
		return false;
	int at = lanes->free;
	if (at >= 0)
		lanes->free = lanes->slots[at].next;
	else
		at = lanes->begun++;
	lanes->slots[at].job = *job;
	lanes->slots[at].next = -1;
	if (lane->last >= 0)
		lanes->slots[lane->last].next = at;
	else
		lane->first = at;
	lane->last = at;
	lane->count++;
	lanes->count++;
	return true;
}

const struct job *lanes_first(const struct lanes *lanes, const struct lane *lane)
{
	return lane->first >= 0 ? &lanes->slots[lane->first].job : NULL;
}

/* `before` -1: the first of the line. */
static void unlink_slot(struct lanes *lanes, struct lane *lane, int before, int at)
{
	int next = lanes->slots[at].next;
	if (before >= 0)
		lanes->slots[before].next = next;
	else
		lane->first = next;
	if (lane->last == at)
		lane->last = before;
	lanes->slots[at].next = lanes->free;
	lanes->free = at;
	lane->count--;
	lanes->count--;
}

void lanes_drop_first(struct lanes *lanes, struct lane *lane)
{
	unlink_slot(lanes, lane, -1, lane->first);
}

size_t lanes_take(struct lanes *lanes, bool (*match)(const struct job *, const void *), const void *what, struct job *out, size_t max)
{
	size_t taken = 0;
	for (size_t i = 0; i < lanes->lanes; i++) {
		struct lane *lane = &lanes->lane[i];
		for (int before = -1, at = lane->first; at >= 0 && taken < max;) {
			int next = lanes->slots[at].next;
			if (match(&lanes->slots[at].job, what)) {
				out[taken++] = lanes->slots[at].job;
				unlink_slot(lanes, lane, before, at);
			} else {
				before = at;
			}
			at = next;
		}
	}
	return taken;
}

void lanes_tidy(struct lanes *lanes)
{
	for (size_t i = 0; i < lanes->lanes;)
		if (lanes->lane[i].count == 0)
			lanes->lane[i] = lanes->lane[--lanes->lanes];
		else
			i++;
}

size_t lanes_count(const struct lanes *lanes, int64_t provider, int64_t campaign)
{
	size_t n = 0;
	for (size_t i = 0; i < lanes->lanes; i++) {
		const struct lane *lane = &lanes->lane[i];
		if (lane->campaign && (campaign || !lane->stuck) && (provider < 0 || lane->provider == provider) &&
		    (!campaign || lane->campaign == campaign))
			n += lane->count;
	}
	return n;
}

size_t lanes_stuck(const struct lanes *lanes, int stuck)
{
	size_t n = 0;
	for (size_t i = 0; i < lanes->lanes; i++)
		n += lanes->lane[i].stuck == stuck ? lanes->lane[i].count : 0;
	return n;
}

size_t lanes_ready(const struct lanes *lanes)
{
	size_t n = 0;
	for (size_t i = 0; i < lanes->lanes; i++)
		n += lanes->lane[i].is_held ? 0 : lanes->lane[i].count;
	return n;
}
