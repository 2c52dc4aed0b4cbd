#include "ops/alert.h"
#include "message/notice.h"
#include "store/delivery.h"
#include "system/clock.h"
#include "system/random.h"

int alert_mail(struct ops *ops, const struct list *list, const char *subject, const char *text, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(1 << 20);
	const char *to = ops->config->alerts.mail;
	int64_t id = 0;
	char left[37];
	if (!*to)
		return 0;
	random_uuid(left);
	struct notice_in in = { .from_name = list->from_name,
		                .from_email = list->from_email,
		                .to_email = to,
		                .subject = subject,
		                .text = text,
		                .message_id_left = left,
		                .date_us = clock_now().wall_us,
		                .auto_submitted = "auto-generated" };
	if (notice_compose(&in, &message, err) < 0)
		return -1;
	struct notice notice = {
		.kind = "alert", .list_id = list->id, .email = to, .sender = list->from_email, .message = buffer_bytes(&message)
	};
	return store_notice_add(ops->db, &notice, clock_now().wall_us, &id, err);
}
