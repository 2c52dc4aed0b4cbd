#include "base/csv.h"
#include "base/json.h"
#include "base/text.h"
#include "model/address.h"
#include "ops/columns.h"
#include "ops/signup.h"
#include "ops/subscribers.h"
#include "pacing/provider.h"
#include "system/clock.h"
#include "system/file.h"
#include <iconv.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* Rows wait in a window and are written in the order of their addresses, a batch in one transaction: a batch of neighbours touches a
 * tenth of the index pages, and the log, that a batch in the file's order does. While one window is written, by a thread that has the
 * store to itself, the other one is filled. */
enum { BATCH = 1000, WINDOW = 50 * BATCH, WINDOW_BYTES = 16 << 20, FIELD_BYTES_MAX = 4096 };
#define IMPORT_BYTES (INT64_C(2) << 30)

struct import;

struct window {
	struct join rows[WINDOW];
	const struct join *order[WINDOW];
	struct join batch[BATCH];
	size_t count;
	struct arena arena;
	struct import *import;
	pthread_t thread;
	int result; /* of the thread, and its words */
	struct error err;
};

struct import {
	struct ops *ops;
	const struct list *list;
	const struct import_in *in;
	struct import_result *out;
	struct columns columns;
	struct csv csv;
	struct window windows[2];
	struct window *filling, *writing; /* writing NULL: no thread */
	struct buffer rejected;
	char how[160];
};

/* 0 when what was handed over is written, or nothing was. */
static int wait_written(struct import *import, struct error *err)
{
	struct window *window = import->writing;
	if (!window)
		return 0;
	pthread_join(window->thread, NULL);
	import->writing = NULL;
	window->count = 0;
	arena_reset(&window->arena);
	if (window->result < 0 && err)
		*err = window->err;
	return window->result;
}

/* Stopped with the store's lock in its hand, a process stops the whole house; between two windows it may be. */
static void let_stop(bool may)
{
	sigset_t stop;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	pthread_sigmask(may ? SIG_UNBLOCK : SIG_BLOCK, &stop, NULL);
}

static void import_clear(struct import **import)
{
	if (!*import)
		return;
	wait_written(*import, NULL);
	let_stop(true);
	csv_clear(&(*import)->csv);
	for (size_t i = 0; i < COUNT_OF((*import)->windows); i++)
		arena_clear(&(*import)->windows[i].arena);
	buffer_clear(&(*import)->rejected);
	free(*import);
	*import = NULL;
}

/* UTF-16 with its mark, or as a first letter of ASCII shows it; NULL: something else. */
static const char *utf16_of(struct bytes in)
{
	if (in.size < 2)
		return NULL;
	if (memcmp(in.data, "\xff\xfe", 2) == 0 || memcmp(in.data, "\xfe\xff", 2) == 0)
		return "UTF-16";
	if (!in.data[0] == !in.data[1])
		return NULL;
	return in.data[0] ? "UTF-16LE" : "UTF-16BE";
}

/* Spreadsheets save windows-1252, some UTF-16: all of it becomes UTF-8. */
static int to_utf8(struct buffer *text, struct error *err)
{
	struct bytes in = buffer_bytes(text);
	const char *code = utf16_of(in);
	if (!code && text_is_utf8(in))
		return 0;
	iconv_t converter = iconv_open("UTF-8", code ? code : "WINDOWS-1252");
	if (converter == (iconv_t)-1)
		return error_set(err, ERROR_INPUT, "the file is not UTF-8, and this system can not convert it");
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(text->max_bytes);
	char *from = text->data;
	size_t left = text->size;
	while (left > 0 && !out.failed) {
		char chunk[8192];
		char *to = chunk;
		size_t room = sizeof chunk;
		size_t before = left;
		iconv(converter, &from, &left, &to, &room);
		buffer_add(&out, chunk, sizeof chunk - room);
		if (left == before) { /* a byte the code page does not know */
			text_encode(&out, 0xfffd);
			from++;
			left--;
		}
	}
	iconv_close(converter);
	if (buffer_check(&out, err) < 0)
		return -1;
	buffer_clear(text);
	*text = out;
	out = BUFFER_INIT(0);
	return 0;
}

static int reject(struct import *import, const char *why, struct error *err)
{
	struct csv *csv = &import->csv;
	struct buffer *out = &import->rejected;
	import->out->rejected++;
	if (out->size == 0) {
		for (size_t i = 0; i < import->columns.count; i++) {
			csv_write(out, bytes_text(import->columns.column[i].header), csv->delimiter, false);
			buffer_add_char(out, csv->delimiter);
		}
		buffer_format(out, "line%creason\r\n", csv->delimiter);
	}
	/* As it stands in the file: often one character mends it. */
	buffer_add_bytes(out, csv->raw);
	for (size_t i = csv->count ? csv->count : import->columns.count; i < import->columns.count; i++)
		buffer_add_char(out, csv->delimiter);
	buffer_format(out, "%c%" PRId64 "%c", csv->delimiter, csv->line, csv->delimiter);
	csv_write(out, bytes_text(why), csv->delimiter, false);
	buffer_add_text(out, "\r\n");
	return buffer_check(out, err);
}

/* All other columns as a JSON object. NULL and a reason if a cell is unfit. */
static const char *attributes(struct import *import, struct arena *arena, const char **why)
{
	CLEANUP(json_free) json_t *object = json_object();
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(64 << 10);
	for (size_t i = 0; i < import->columns.count && i < import->csv.count; i++) {
		struct bytes cell = columns_unguard(text_trim(import->csv.cells[i]));
		const struct column *column = &import->columns.column[i];
		if (column->role != COLUMN_ATTRIBUTE || cell.size == 0)
			continue;
		if (cell.size > FIELD_BYTES_MAX ||
		    json_object_set_new(object, column->attribute, json_stringn(cell.data, cell.size)) != 0) {
			*why = cell.size > FIELD_BYTES_MAX ? "a cell is longer than 4,096 bytes" : "a cell is no UTF-8 text";
			return NULL;
		}
	}
	if (json_object_size(object) == 0)
		return "{}";
	if (json_write(object, &text, NULL) < 0)
		return NULL;
	return arena_text(arena, buffer_text(&text));
}

static const char *row_name(struct import *import, struct arena *arena)
{
	struct bytes name = columns_cell(&import->columns, &import->csv, COLUMN_NAME);
	struct bytes first = columns_cell(&import->columns, &import->csv, COLUMN_FIRST_NAME);
	struct bytes last = columns_cell(&import->columns, &import->csv, COLUMN_LAST_NAME);
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(FIELD_BYTES_MAX);
	CLEANUP(buffer_clear) struct buffer line = BUFFER_INIT(FIELD_BYTES_MAX);
	if (name.size > 0) {
		buffer_add_bytes(&text, name);
	} else {
		buffer_add_bytes(&text, first);
		buffer_add_char(&text, ' ');
		buffer_add_bytes(&text, last);
	}
	text_squeeze(buffer_bytes(&text), &line);
	return text.failed || line.failed ? NULL : arena_text(arena, buffer_text(&line));
}

/* What became of a row; one that asks for a confirmation gets its mail. */
static int count_row(struct import *import, const struct join *row, struct error *err)
{
	struct import_result *out = import->out;
	switch ((enum join_result)row->result) {
	case JOIN_NEW:
	case JOIN_ACTIVATED: out->added++; break;
	case JOIN_UPDATED: out->updated++; break;
	case JOIN_LEFT: out->left++; break;
	case JOIN_SUPPRESSED: out->suppressed++; break;
	case JOIN_PENDING: out->added++; return signup_mail(import->ops, import->list, row->subscriber_id, row->email, err);
	case JOIN_SAME: out->same++; break;
	}
	return 0;
}

/* Of two rows with one address the later one is written later. */
static int by_address(const void *a, const void *b)
{
	const struct join *left = *(const struct join *const *)a;
	const struct join *right = *(const struct join *const *)b;
	int order = strcmp(left->email_key, right->email_key);
	return order ? order : (left > right) - (left < right);
}

static void sort_window(struct window *window)
{
	for (size_t i = 0; i < window->count; i++)
		window->order[i] = &window->rows[i];
	/* A small file's readers are numbered as they stand in it. */
	if (window->count > BATCH)
		qsort(window->order, window->count, sizeof window->order[0], by_address);
}

static int write_window(struct window *window, struct error *err)
{
	struct import *import = window->import;
	for (size_t at = 0; at < window->count; at += BATCH) {
		size_t n = window->count - at < BATCH ? window->count - at : BATCH;
		for (size_t i = 0; i < n; i++)
			window->batch[i] = *window->order[at + i];
		if (ops_room(import->ops, err) < 0 ||
		    store_join(import->ops->db, import->list->id, window->batch, n, clock_now().wall_us, err) < 0)
			return -1;
		for (size_t i = 0; i < n; i++)
			if (count_row(import, &window->batch[i], err) < 0)
				return -1;
	}
	return 0;
}

static void *write_main(void *arg)
{
	struct window *window = arg;
	window->result = write_window(window, &window->err);
	return NULL;
}

/* The window that was filled goes to the writer, and the other one is filled. */
static int hand_over(struct import *import, struct error *err)
{
	struct window *window = import->filling;
	if (import->in->dry_run) {
		window->count = 0;
		arena_reset(&window->arena);
		return 0;
	}
	sort_window(window);
	if (wait_written(import, err) < 0)
		return -1;
	let_stop(true);
	let_stop(false);
	if (pthread_create(&window->thread, NULL, write_main, window) != 0)
		return error_set(err, ERROR_MEMORY, "no thread to write with");
	import->writing = window;
	import->filling = window == &import->windows[0] ? &import->windows[1] : &import->windows[0];
	return 0;
}

static int flush(struct import *import, struct error *err)
{
	return hand_over(import, err) < 0 ? -1 : wait_written(import, err);
}

/* Empty cells at the end are what spreadsheets add. */
static bool has_too_many(const struct import *import)
{
	for (size_t i = import->columns.count; i < import->csv.count; i++)
		if (text_trim(import->csv.cells[i]).size > 0)
			return true;
	return false;
}

static int take_row(struct import *import, struct error *err)
{
	struct window *window = import->filling;
	struct address address;
	struct error why = { 0 };
	const char *reason = "out of memory";
	CLEANUP(buffer_clear) struct buffer mailbox = BUFFER_INIT(FIELD_BYTES_MAX);
	bool is_mailbox = import->columns.is_mailboxes;
	if (!is_mailbox && has_too_many(import)) {
		char mark[] = { import->csv.delimiter, '\0' };
		error_set(&why, ERROR_INPUT, "has %zu cells, and there are %zu columns: is a %s inside a cell without quotes?",
		          import->csv.count, import->columns.count, *mark == '\t' ? "tab" : mark);
		return reject(import, why.text, err);
	}
	if (is_mailbox ? address_read_mailbox(text_trim(import->csv.raw), &mailbox, &address, &why) < 0
	               : address_read(columns_cell(&import->columns, &import->csv, COLUMN_EMAIL), &address, &why) < 0)
		return reject(import, why.text, err);
	const char *name = is_mailbox ? arena_text(&window->arena, buffer_text(&mailbox)) : row_name(import, &window->arena);
	if (!name || strlen(name) > 255)
		return reject(import, "the name is longer than 255 bytes", err);
	if (text_has_control(bytes_text(name)) || !text_is_utf8(bytes_text(name)))
		return reject(import, "the name holds control characters or is no UTF-8", err);
	const char *values = attributes(import, &window->arena, &reason);
	if (!values)
		return reject(import, reason, err);
	bool left = columns_say_left(&import->columns, &import->csv);
	window->rows[window->count++] = (struct join){ .email = arena_text(&window->arena, address.text),
		                                       .email_key = arena_text(&window->arena, address.key),
		                                       .name = name,
		                                       .attributes = values,
		                                       .provider = provider_of(import->ops->providers, address.domain),
		                                       .event = import->in->confirm ? SUBSCRIPTION_ON_REQUEST : SUBSCRIPTION_ON_IMPORT,
		                                       .left = left,
		                                       .is_update = import->in->update,
		                                       .how = import->how,
		                                       .text = import->in->consent,
		                                       .evidence = "" };
	return window->count == WINDOW || window->arena.used_bytes > WINDOW_BYTES ? hand_over(import, err) : 0;
}

static int write_rejected(struct import *import, struct error *err)
{
	if (import->out->rejected == 0)
		return 0;
	const char *path = strcmp(import->in->path, "-") == 0 ? "stdin" : import->in->path;
	snprintf(import->out->rejected_path, sizeof import->out->rejected_path, "%s.rejected.csv", path);
	return import->in->dry_run ? 0 : file_write(import->out->rejected_path, buffer_bytes(&import->rejected), 0600, err);
}

static int run(struct import *import, struct bytes text, struct error *err)
{
	struct progress progress = import->in->progress;
	int64_t told_us = 0;
	if (import->columns.has_header && csv_next(&import->csv, err) < 0)
		return -1;
	for (;;) {
		struct error why = { 0 };
		int got = csv_next(&import->csv, &why);
		if (got == 0)
			break;
		import->out->rows++;
		if ((got < 0 ? reject(import, why.text, err) : take_row(import, err)) < 0)
			return -1;
		if (!progress.tell || import->out->rows % BATCH != 0)
			continue;
		int64_t now_us = clock_now().mono_us;
		if (now_us - told_us < SECOND_US / 5)
			continue;
		told_us = now_us;
		if (!progress.tell(progress.context, (int64_t)(text.size - import->csv.rest.size), (int64_t)text.size)) {
			if (flush(import, err) < 0 || write_rejected(import, err) < 0)
				return -1;
			return error_set(err, ERROR_RETRY, "stopped after line %" PRId64 "; what was read is in, running it again goes on",
			                 import->csv.line);
		}
	}
	if (flush(import, err) < 0)
		return -1;
	return write_rejected(import, err);
}

int subscriber_import(struct ops *ops, const struct list *list, const struct import_in *in, struct actor actor, struct import_result *out,
                      struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(IMPORT_BYTES);
	CLEANUP(import_clear) struct import *import = calloc(1, sizeof *import);
	*out = (struct import_result){ 0 };
	if (!import)
		return error_set(err, ERROR_MEMORY, "out of memory");
	import->ops = ops;
	import->list = list;
	import->in = in;
	import->out = out;
	import->rejected = BUFFER_INIT(IMPORT_BYTES);
	import->windows[0].import = import->windows[1].import = import;
	import->filling = &import->windows[0];
	snprintf(import->how, sizeof import->how, "import %.100s", strcmp(in->path, "-") == 0 ? "standard input" : in->path);
	text_mend_cut(import->how);
	if (!in->consent || !*in->consent)
		return error_set(err, ERROR_INPUT,
		                 "an import says where the consent came from: --consent \"signed up at the fair, 2026-05-01\"");
	if (file_read(in->path, &text, err) < 0 || to_utf8(&text, err) < 0)
		return -1;
	struct bytes all = buffer_bytes(&text);
	if (all.size >= 3 && memcmp(all.data, "\xef\xbb\xbf", 3) == 0) {
		all.data += 3;
		all.size -= 3;
	}
	out->bytes = (int64_t)all.size;
	out->delimiter = csv_delimiter(all);
	if (columns_find(all, out->delimiter, in->from, in->map, &import->columns, err) < 0)
		return error_wrap(err, "%s", in->path);
	columns_describe(&import->columns, out->mapping, sizeof out->mapping);
	import->csv = CSV_INIT(all, out->delimiter);
	if (run(import, all, err) < 0)
		return -1;
	char detail[160];
	snprintf(detail, sizeof detail, "rows=%" PRId64 " added=%" PRId64 " rejected=%" PRId64, out->rows, out->added, out->rejected);
	return in->dry_run ? 0 : ops_audit(ops, actor, "import", list->name, detail, err);
}
