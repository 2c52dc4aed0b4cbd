/* Durable quotas: what was used of each, to and from the store. */
#include "pacing/pacing.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct walk {
	struct pacing_use *out;
	size_t max, n;
	bool ahead;
};

static void gate_uses(struct walk *walk, struct gate *gate, const char *scope)
{
	for (size_t i = 0; i < gate->windows && walk->n < walk->max; i++) {
		struct window *window = &gate->window[i];
		if (walk->ahead && !window_is_short(window))
			continue;
		struct pacing_use *use = &walk->out[walk->n++];
		*use = (struct pacing_use){ .period_us = window->period_us, .of = window };
		snprintf(use->scope, sizeof use->scope, "%s", scope);
		use->used = window_reserve(window, walk->ahead, &use->slice_us);
	}
}

/* Calls `visit` for every gate with its name. */
static void each_gate(struct pacing *pacing, void (*visit)(void *, struct gate *, const char *), void *context)
{
	char scope[PACING_NAME + 16];
	visit(context, &pacing->total, "total");
	for (size_t i = 0; i < pacing->relays; i++) {
		snprintf(scope, sizeof scope, "relay:%s", pacing->relay[i].name);
		visit(context, &pacing->relay[i].gate, scope);
		snprintf(scope, sizeof scope, "warm-up:%s", pacing->relay[i].name);
		visit(context, &pacing->relay[i].warm, scope);
	}
	for (size_t i = 0; i < PROVIDERS_MOST; i++) {
		if (pacing->provider[i].gate.windows == 0)
			continue;
		snprintf(scope, sizeof scope, "provider:%zu", i);
		visit(context, &pacing->provider[i].gate, scope);
	}
	for (size_t i = 0; i < pacing->flows; i++) {
		struct pacing_flow *flow = &pacing->flow[i];
		snprintf(scope, sizeof scope, "%s:%" PRId64, flow->campaign ? "campaign" : "list",
		         flow->campaign ? flow->campaign : flow->list);
		visit(context, &flow->gate, scope);
	}
}

static void visit_use(void *context, struct gate *gate, const char *scope)
{
	gate_uses(context, gate, scope);
}

size_t pacing_reserve(struct pacing *pacing, bool ahead, struct pacing_use *out, size_t max)
{
	struct walk walk = { out, max, 0, ahead };
	each_gate(pacing, visit_use, &walk);
	return walk.n;
}

void pacing_reserved(struct pacing *pacing, const struct pacing_use *uses, size_t n)
{
	for (size_t i = 0; i < n; i++)
		window_reserved(uses[i].of, uses[i].slice_us, uses[i].used);
	pacing->is_short = false;
}

struct restoring {
	const struct pacing_use *use;
	int64_t wall_us;
};

static void visit_restore(void *context, struct gate *gate, const char *scope)
{
	struct restoring *in = context;
	for (size_t i = 0; i < gate->windows && strcmp(scope, in->use->scope) == 0; i++)
		if (gate->window[i].period_us == in->use->period_us)
			window_restore(&gate->window[i], in->use->slice_us, in->use->used, in->wall_us);
}

void pacing_restore(struct pacing *pacing, const struct pacing_use *use, struct moment now)
{
	struct restoring in = { use, now.wall_us };
	each_gate(pacing, visit_restore, &in);
}
