#include "base/csv.h"
#include "base/json.h"
#include "ops/subscribers.h"

enum { PAGE = 1000 };

/* Every attribute any member has becomes a column: found in a first pass over the list. */
static int add_keys(const struct member *members, size_t n, json_t *keys, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP(json_free) json_t *object = json_read(bytes_text(members[i].attributes), err);
		const char *key = NULL;
		json_t *value = NULL;
		if (!object)
			return error_wrap(err, "attributes of subscriber %" PRId64, members[i].subscriber_id);
		json_object_foreach(object, key, value) if (json_object_set_new(keys, key, json_true()) !=
		                                            0) return error_set(err, ERROR_MEMORY, "out of memory");
	}
	return 0;
}

static void write_row(struct buffer *out, const struct member *member, json_t *keys, bool raw)
{
	const char *fixed[] = { member->email, member->name, subscription_words[member->state],
		                member->suppressed ? member->suppressed : "" };
	for (size_t i = 0; i < COUNT_OF(fixed); i++) {
		if (i > 0)
			buffer_add_char(out, ',');
		/* An address may start with - or +: it is checked, and must come back as it was. */
		csv_write(out, bytes_text(fixed[i]), ',', !raw && i > 0);
	}
	CLEANUP(json_free) json_t *object = json_read(bytes_text(member->attributes), NULL);
	const char *key = NULL;
	json_t *unused = NULL;
	json_object_foreach(keys, key, unused)
	{
		const char *value = json_text(object, key);
		buffer_add_char(out, ',');
		csv_write(out, bytes_text(value ? value : ""), ',', !raw);
	}
	buffer_add_text(out, "\r\n");
}

static int each_page(struct ops *ops, const struct list *list, int (*visit)(void *, const struct member *, size_t, struct error *),
                     void *arg, struct error *err)
{
	int64_t after = 0;
	for (;;) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct member *members = arena_alloc(&arena, PAGE * sizeof *members);
		size_t n = 0;
		if (!members)
			return error_set(err, ERROR_MEMORY, "out of memory");
		if (store_member_page(ops->db, list->id, 0, after, members, PAGE, &n, &arena, err) < 0)
			return -1;
		if (n == 0)
			return 0;
		after = members[n - 1].subscription_id;
		if (visit(arg, members, n, err) < 0)
			return -1;
	}
}

struct export
{
	FILE *to;
	bool raw;
	json_t *keys;
	struct progress progress;
	int64_t rows, total;
};

static int visit_keys(void *arg, const struct member *members, size_t n, struct error *err)
{
	struct export *export = arg;
	export->total += (int64_t)n;
	return add_keys(members, n, export->keys, err);
}

static int visit_rows(void *arg, const struct member *members, size_t n, struct error *err)
{
	struct export *export = arg;
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(64 << 20);
	for (size_t i = 0; i < n; i++)
		write_row(&out, &members[i], export->keys, export->raw);
	if (buffer_check(&out, err) < 0)
		return -1;
	if (fwrite(out.data, 1, out.size, export->to) != out.size)
		return error_set(err, ERROR_FULL, "the export could not be written");
	export->rows += (int64_t)n;
	if (export->progress.tell && !export->progress.tell(export->progress.context, export->rows, export->total))
		return error_set(err, ERROR_RETRY, "stopped");
	return 0;
}

int subscriber_export(struct ops *ops, const struct list *list, FILE *to, bool raw, struct progress progress, int64_t *rows,
                      struct error *err)
{
	CLEANUP(json_free) json_t *keys = json_object();
	CLEANUP(buffer_clear) struct buffer head = BUFFER_INIT(1 << 20);
	struct export export = { .to = to, .raw = raw, .keys = keys, .progress = progress };
	if (each_page(ops, list, visit_keys, &export, err) < 0)
		return -1;
	buffer_add_text(&head, "email,name,state,suppressed");
	const char *key = NULL;
	json_t *unused = NULL;
	json_object_foreach(keys, key, unused)
	{
		buffer_add_char(&head, ',');
		csv_write(&head, bytes_text(key), ',', !raw);
	}
	buffer_add_text(&head, "\r\n");
	if (buffer_check(&head, err) < 0 || fwrite(head.data, 1, head.size, to) != head.size)
		return error_set(err, ERROR_FULL, "the export could not be written");
	if (each_page(ops, list, visit_rows, &export, err) < 0)
		return -1;
	*rows = export.rows;
	return fflush(to) == 0 ? 0 : error_set(err, ERROR_FULL, "the export could not be written");
}
