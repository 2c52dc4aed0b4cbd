/* frozen - what a reader's mail was made of, kept from the first inflight mark until the end, so that a resend is the same
 * bytes (promise 5). Within the room only. */
#ifndef STORE_FROZEN_H
#define STORE_FROZEN_H
#include "model/job.h"

/* [email, name, values, epoch, uuid] as JSON text. */
MUST_CHECK int store_job_freeze(const struct job *job, struct buffer *out, struct error *err);
void store_job_thaw(struct job *job, const char *frozen);
#endif
