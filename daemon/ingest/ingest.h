/* ingest - looks at the sources when they are due: feeds over HTTP, folders on disk. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H
#include "daemon/daemon.h"

struct ingest;
MUST_CHECK int ingest_start(struct daemon *daemon, struct ingest **out, struct error *err);
void ingest_stop(struct ingest **ingest);
#endif
