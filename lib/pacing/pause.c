#include "pacing/pause.h"

enum { PROBE_WAIT_US = 100000, PROBE_LOST_US = 300000000 };

void pause_begin(struct pause *pause, int64_t first_us, int64_t longest_us, int64_t asked_us, int64_t now_us)
{
	bool is_running = pause->until_us > now_us;
	if (is_running && now_us + asked_us <= pause->until_us)
		return;
	if (!is_running) {
		pause->length_us = pause->length_us ? pause->length_us * 2 : first_us;
		pause->length_us = pause->length_us < longest_us ? pause->length_us : longest_us;
	}
	pause->until_us = now_us + (asked_us > pause->length_us ? asked_us : pause->length_us);
	pause->is_probing = false;
}

int64_t pause_wait(const struct pause *pause, int64_t now_us)
{
	if (pause->until_us > now_us)
		return pause->until_us - now_us;
	return pause->is_probing && now_us - pause->probed_us < PROBE_LOST_US ? PROBE_WAIT_US : 0;
}

void pause_took(struct pause *pause, int64_t now_us)
{
	if (pause->until_us == 0 || pause->until_us > now_us)
		return;
	pause->is_probing = true;
	pause->probed_us = now_us;
}

void pause_end(struct pause *pause)
{
	*pause = (struct pause){ 0 };
}
