/* frozen - what a reader's mail was made of, read back (store_job_freeze() in delivery.h wrote it). Within the room only. */
#ifndef STORE_FROZEN_H
#define STORE_FROZEN_H
#include "model/job.h"

void store_job_thaw(struct job *job, const char *frozen);
#endif
