/* Statements: prepared once, checked against their field tables, bound and read by them. */
#include "base/text.h"
#include "store/driver.h"
#include <assert.h>
#include <stdlib.h>

static int count_fields(const struct field *fields)
{
	int n = 0;
	while (fields && fields[n].name)
		n++;
	return n;
}

static int check(struct db *db, const struct cached *cached, struct error *err)
{
	const struct sql *sql = cached->sql;
	int in = count_fields(sql->in);
	int row = count_fields(sql->row);
	if (cached->parameters != in)
		return error_set(err, ERROR_STORE, "%d parameters, %d fields", cached->parameters, in);
	if (row > 0 && cached->columns != row)
		return error_set(err, ERROR_STORE, "%d columns, %d fields", cached->columns, row);
	for (int i = 0; i < row; i++)
		if (strcmp(db->driver->column_name(cached->statement, i), sql->row[i].name) != 0)
			return error_set(err, ERROR_STORE, "column %d is %s, the field is %s", i,
			                 db->driver->column_name(cached->statement, i), sql->row[i].name);
	return 0;
}

static struct cached *lookup(struct db *db, const struct sql *sql, struct error *err)
{
	for (size_t i = 0; i < db->cache_count; i++)
		if (db->cache[i].sql == sql)
			return &db->cache[i];
	if (db->cache_count == db->cache_room) {
		size_t room = db->cache_room ? db->cache_room * 2 : 64;
		struct cached *cache = realloc(db->cache, room * sizeof *cache);
		if (!cache) {
			error_set(err, ERROR_MEMORY, "out of memory");
			return NULL;
		}
		db->cache = cache;
		db->cache_room = room;
	}
	struct cached *cached = &db->cache[db->cache_count];
	*cached = (struct cached){ .sql = sql };
	if (db->driver->prepare(db, sql->text, &cached->statement, &cached->parameters, &cached->columns, err) < 0) {
		error_wrap(err, "%s", sql->name);
		return NULL;
	}
	if (check(db, cached, err) < 0) {
		db->driver->finish(cached->statement);
		error_wrap(err, "%s", sql->name);
		return NULL;
	}
	db->cache_count++;
	return cached;
}

int db_prepare(struct db *db, const struct sql *sql, struct error *err)
{
	return lookup(db, sql, err) ? 0 : -1;
}

static const void *at(const struct field *field, const void *row)
{
	return (const char *)row + field->offset;
}

static struct value text_value(const char *text)
{
	/* What is bound as TEXT is UTF-8: whoever took it from outside checked or mended it. */
	return text ? (struct value){ .kind = VALUE_TEXT, .bytes = bytes_text(text) } : (struct value){ .kind = VALUE_NULL };
}

static struct value value_of(const struct field *field, const void *row)
{
	switch (field->kind) {
	case FIELD_INT:
	case FIELD_TIME:
	case FIELD_DURATION: return (struct value){ .kind = VALUE_INT, .number = *(const int64_t *)at(field, row) };
	case FIELD_ID: {
		int64_t id = *(const int64_t *)at(field, row);
		return (struct value){ .kind = id ? VALUE_INT : VALUE_NULL, .number = id };
	}
	case FIELD_BOOL: return (struct value){ .kind = VALUE_INT, .number = *(const bool *)at(field, row) };
	case FIELD_TEXT: return text_value(*(const char *const *)at(field, row));
	case FIELD_WORD: return text_value(field->words[*(const int *)at(field, row)]);
	case FIELD_BYTES: {
		struct bytes bytes = *(const struct bytes *)at(field, row);
		return (struct value){ .kind = bytes.data ? VALUE_BYTES : VALUE_NULL, .bytes = bytes };
	}
	}
	return (struct value){ .kind = VALUE_NULL };
}

static int bind_all(struct db *db, struct cached *cached, const void *in, struct error *err)
{
	for (int i = 0; i < cached->parameters; i++) {
		struct value value = value_of(&cached->sql->in[i], in);
		if (value.kind == VALUE_TEXT && !text_is_utf8(value.bytes))
			return error_set(err, ERROR_INPUT, "%s is no UTF-8 text", cached->sql->in[i].name);
		if (db->driver->bind(db, cached->statement, i + 1, &value, err) < 0)
			return -1;
	}
	return 0;
}

static int read_field(const struct field *field, const struct value *value, void *row, struct arena *arena, struct error *err)
{
	void *to = (char *)row + field->offset;
	switch (field->kind) {
	case FIELD_INT:
	case FIELD_ID:
	case FIELD_TIME:
	case FIELD_DURATION: *(int64_t *)to = value->kind == VALUE_INT ? value->number : 0; return 0;
	case FIELD_BOOL: *(bool *)to = value->kind == VALUE_INT && value->number != 0; return 0;
	case FIELD_WORD: {
		char word[64];
		size_t size = value->bytes.size < sizeof word - 1 ? value->bytes.size : sizeof word - 1;
		memcpy(word, value->kind == VALUE_TEXT ? value->bytes.data : "", value->kind == VALUE_TEXT ? size : 0);
		word[value->kind == VALUE_TEXT ? size : 0] = '\0';
		int n = field_word(field->words, word);
		/* NULL of an outer join is the word with number 0. */
		if (n < 0 && value->kind == VALUE_TEXT)
			return error_set(err, ERROR_CORRUPT, "%s holds the unknown word \"%s\"", field->name, word);
		*(int *)to = n < 0 ? 0 : n;
		return 0;
	}
	case FIELD_TEXT:
	case FIELD_BYTES: break;
	}
	bool none = value->kind == VALUE_NULL || value->kind == VALUE_INT;
	char *copy = none ? NULL : arena_copy(arena, value->bytes.data, value->bytes.size);
	if (!none && !copy)
		return error_set(err, ERROR_MEMORY, "a result is larger than memory allows");
	if (field->kind == FIELD_TEXT)
		*(const char **)to = copy;
	else
		*(struct bytes *)to = (struct bytes){ copy, none ? 0 : value->bytes.size };
	return 0;
}

static int read_row(struct db *db, struct cached *cached, void *row, struct arena *arena, struct error *err)
{
	for (int i = 0; cached->sql->row[i].name; i++) {
		struct value value;
		db->driver->column(cached->statement, i, &value);
		if (read_field(&cached->sql->row[i], &value, row, arena, err) < 0)
			return -1;
	}
	return 0;
}

int db_all(struct db *db, const struct sql *sql, const void *in, void *rows, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	struct cached *cached = lookup(db, sql, err);
	*n = 0;
	if (!cached)
		return -1;
	int result = bind_all(db, cached, in, err);
	while (result == 0 && *n < max) {
		int stepped = db->driver->step(db, cached->statement, err);
		if (stepped <= 0) {
			result = stepped;
			break;
		}
		result = read_row(db, cached, (char *)rows + *n * sql->row_bytes, arena, err);
		*n += result == 0;
	}
	/* A statement that returns what it changed has to run to its end, or it changed nothing. */
	while (result == 0 && *n == max && db->in_write) {
		int stepped = db->driver->step(db, cached->statement, err);
		if (stepped <= 0) {
			result = stepped;
			break;
		}
	}
	db->driver->reset(cached->statement);
	return result < 0 ? error_wrap(err, "%s", sql->name) : 0;
}

int db_one(struct db *db, const struct sql *sql, const void *in, void *row, struct arena *arena, struct error *err)
{
	size_t n = 0;
	return db_all(db, sql, in, row, 1, &n, arena, err) < 0 ? -1 : (int)n;
}

int db_run(struct db *db, const struct sql *sql, const void *in, int64_t *changed, struct error *err)
{
	struct cached *cached = lookup(db, sql, err);
	if (!cached)
		return -1;
	int result = bind_all(db, cached, in, err);
	if (result == 0)
		do
			result = db->driver->step(db, cached->statement, err);
		while (result > 0);
	if (result == 0 && changed)
		*changed = db->driver->changed(db);
	db->driver->reset(cached->statement);
	return result < 0 ? error_wrap(err, "%s", sql->name) : 0;
}

/* SQLite would make a table for RETURNING, which costs ten times what this does. */
int db_insert(struct db *db, const struct sql *sql, const void *in, int64_t *id, struct error *err)
{
	int64_t changed = 0;
	if (db_run(db, sql, in, &changed, err) < 0)
		return -1;
	*id = changed > 0 ? db->driver->inserted(db) : 0;
	return 0;
}

int db_many(struct db *db, const struct sql *sql, const void *in, size_t stride, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++)
		if (db_run(db, sql, (const char *)in + i * stride, NULL, err) < 0)
			return -1;
	return 0;
}

int driver_number(struct db *db, const char *text, int64_t *out, struct error *err)
{
	struct statement *statement = NULL;
	int parameters = 0;
	int columns = 0;
	*out = 0;
	if (db->driver->prepare(db, text, &statement, &parameters, &columns, err) < 0)
		return -1;
	int result = db->driver->step(db, statement, err);
	if (result > 0) {
		struct value value;
		db->driver->column(statement, 0, &value);
		*out = value.kind == VALUE_INT ? value.number : 0;
	}
	db->driver->finish(statement);
	return result < 0 ? -1 : 0;
}
