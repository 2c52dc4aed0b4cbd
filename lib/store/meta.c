#include "store/arg.h"
#include "store/event.h"
#include "system/random.h"

static const struct sql AUDIT = { .name = "audit",
	                          .text = "INSERT INTO audit (at_us, who, verb, object, detail) VALUES ($1, $2, $3, $4, $5)",
	                          .in = ARGS(ARG(a, INT), ARG(s, TEXT), ARG(t, TEXT), ARG(u, TEXT), ARG(v, TEXT)) };
struct secret {
	int64_t key_id;
	struct bytes value;
};
static const struct sql SECRETS = {
	.name = "secrets",
	.text = "SELECT key_id, value FROM secret WHERE kind = 'token' ORDER BY key_id DESC",
	.row = (const struct field[]){ FIELD(struct secret, key_id, FIELD_INT), FIELD(struct secret, value, FIELD_BYTES), FIELD_END },
	.row_bytes = sizeof(struct secret),
};
static const struct sql SECRET_ADD = {
	.name = "secret add",
	.text = "INSERT INTO secret (kind, key_id, value, created_us) VALUES ('token', $1, $2, $3) ON CONFLICT (kind, key_id) DO NOTHING",
	.in = ARGS(ARG(a, INT), ARG(x, BYTES), ARG(b, INT)),
};
#define R(member, kind) FIELD(struct relay_state, member, FIELD_##kind)
const struct field relay_state_fields[] = { R(name, TEXT), R(state, TEXT), R(reason, TEXT), R(until_us, TIME), R(at_us, TIME), FIELD_END };
static const struct sql RELAY_SAY = {
	.name = "relay say",
	.text = "INSERT INTO relay_state (name, state, reason, until_us, at_us) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE "
		"SET state = "
		"excluded.state, reason = excluded.reason, until_us = excluded.until_us, at_us = excluded.at_us",
	.in = relay_state_fields,
};
static const struct sql RELAYS = { .name = "relays",
	                           .text = "SELECT name, state, reason, until_us, at_us FROM relay_state ORDER BY name",
	                           .row = relay_state_fields,
	                           .row_bytes = sizeof(struct relay_state) };
static const struct sql META_GET = { .name = "meta get",
	                             .text = "SELECT value AS s FROM meta WHERE key = $1",
	                             .in = ARGS(ARG(s, TEXT)),
	                             .row = (const struct field[]){ { "s", FIELD_TEXT, 0, NULL }, FIELD_END },
	                             .row_bytes = sizeof(const char *) };
static const struct sql META_SET = {
	.name = "meta set",
	.text = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
	.in = ARGS(ARG(s, TEXT), ARG(t, TEXT)),
};
static const struct sql META_REMOVE = { .name = "meta remove", .text = "DELETE FROM meta WHERE key = $1", .in = ARGS(ARG(s, TEXT)) };
const struct sql *const meta_statements[] = {
	&AUDIT, &SECRETS, &SECRET_ADD, &RELAY_SAY, &RELAYS, &META_GET, &META_SET, &META_REMOVE, NULL
};

int store_audit(struct db *db, const char *who, const char *verb, const char *object, const char *detail, int64_t now_us, struct error *err)
{
	return store_run(db, &AUDIT, &(struct arg){ .a = now_us, .s = who, .t = verb, .u = object, .v = detail }, NULL, err);
}

static int read_keys(struct db *db, struct keyring *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct secret rows[TOKEN_KEYS];
	size_t n = 0;
	*out = (struct keyring){ 0 };
	if (db_all(db, &SECRETS, NULL, rows, TOKEN_KEYS, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (rows[i].value.size != TOKEN_KEY_BYTES || rows[i].key_id < 1 || rows[i].key_id > 255)
			return error_set(err, ERROR_CORRUPT, "token key %" PRId64 " is not as it was written", rows[i].key_id);
		out->keys[i].id = (uint8_t)rows[i].key_id;
		memcpy(out->keys[i].secret, rows[i].value.data, TOKEN_KEY_BYTES);
		out->count++;
	}
	return 0;
}

int store_keyring(struct db *db, int64_t now_us, struct keyring *out, struct error *err)
{
	uint8_t secret[TOKEN_KEY_BYTES];
	if (read_keys(db, out, err) < 0)
		return -1;
	if (out->count > 0)
		return 0;
	random_bytes(secret, sizeof secret);
	if (store_run(db, &SECRET_ADD, &(struct arg){ .a = 1, .x = { (const char *)secret, sizeof secret }, .b = now_us }, NULL, err) < 0)
		return -1;
	/* Another process may have been first: what the store holds counts. */
	return read_keys(db, out, err);
}

int store_relay_say(struct db *db, const struct relay_state *state, struct error *err)
{
	return store_run(db, &RELAY_SAY, state, NULL, err);
}

int store_relay_all(struct db *db, struct relay_state *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &RELAYS, NULL, out, max, n, arena, err);
}

int store_meta_get(struct db *db, const char *key, const char **value, struct arena *arena, struct error *err)
{
	return db_one(db, &META_GET, &(struct arg){ .s = key }, value, arena, err);
}

int store_meta_set(struct db *db, const char *key, const char *value, struct error *err)
{
	return store_run(db, value ? &META_SET : &META_REMOVE, &(struct arg){ .s = key, .t = value }, NULL, err);
}
