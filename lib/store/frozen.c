#include "store/frozen.h"
#include "base/json.h"
#include "store/delivery.h"
#include <stdio.h>

/* [email, name, values, epoch, uuid] */
int store_job_freeze(const struct job *job, struct buffer *out, struct error *err)
{
	CLEANUP(json_free) json_t *array = json_pack("[s,s,s,I,s]", job->email, job->name, job->values, (json_int_t)job->epoch, job->uuid);
	return array ? json_write(array, out, err) : error_set(err, ERROR_MEMORY, "out of memory");
}

void store_job_thaw(struct job *job, const char *frozen)
{
	CLEANUP(json_free) json_t *array = json_read(bytes_text(frozen), NULL);
	const char *email = NULL;
	const char *name = NULL;
	const char *values = NULL;
	const char *uuid = NULL;
	json_int_t epoch = 0;
	if (!array || json_unpack(array, "[s,s,s,I,s]", &email, &name, &values, &epoch, &uuid) != 0)
		return;
	snprintf(job->email, sizeof job->email, "%s", email);
	snprintf(job->name, sizeof job->name, "%s", name);
	snprintf(job->values, sizeof job->values, "%s", values);
	snprintf(job->uuid, sizeof job->uuid, "%s", uuid);
	job->epoch = epoch;
}
