/* alert - a mail to [alerts] mail when something of a list needs a person. */
#ifndef OPS_ALERT_H
#define OPS_ALERT_H
#include "ops/ops.h"
#include "store/list.h"

/* Queues it, from the list's own sender; nothing where nobody is named. Subject: one line. */
MUST_CHECK int alert_mail(struct ops *ops, const struct list *list, const char *subject, const char *text, struct error *err);
#endif
