#include "store/sign_up.h"
#include "store/arg.h"

#define KEPT_US (8 * DAY_US)

#define U(member, kind) FIELD(struct sign_up, member, FIELD_##kind)
static const struct field sign_up_fields[] = { U(form, INT),   U(list_id, INT), U(peer, TEXT), U(domain, TEXT), U(address, TEXT),
	                                       U(email, TEXT), U(name, TEXT),   U(how, TEXT),  U(at_us, INT),   FIELD_END };
static const struct field waiting_fields[] = { U(id, INT),      U(form, INT),     U(list_id, INT), U(peer, TEXT),
	                                       U(domain, TEXT), U(address, TEXT), U(email, TEXT),  U(name, TEXT),
	                                       U(how, TEXT),    U(at_us, INT),    FIELD_END };
#define COLUMNS "form, list_id, peer, domain, address, email, name, how, at_us"
static const struct sql ADD = { .name = "sign-up add",
	                        .text = "INSERT INTO sign_up (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (form) "
	                                "DO NOTHING",
	                        .in = sign_up_fields };
/* 1: for this address; 0: for another one. */
static const struct sql FORM = { .name = "sign-up form",
	                         .text = "SELECT CASE WHEN address = $1 THEN 1 ELSE 0 END AS n FROM sign_up WHERE form = $2",
	                         .in = ARGS(ARG(s, TEXT), ARG(a, INT)),
	                         .row = COLUMN_NUMBER("n"),
	                         .row_bytes = sizeof(int64_t) };
#define COUNT(column)                                                                                                                      \
	.text = "SELECT count(*) AS n FROM sign_up WHERE " column " = $1 AND at_us > $2", .in = ARGS(ARG(s, TEXT), ARG(a, INT)),           \
	.row = COLUMN_NUMBER("n"), .row_bytes = sizeof(int64_t)
static const struct sql OF_PEER = { .name = "sign-ups of peer", COUNT("peer") };
static const struct sql OF_DOMAIN = { .name = "sign-ups of domain", COUNT("domain") };
static const struct sql OF_LIST = { .name = "sign-ups of list",
	                            .text = "SELECT count(*) AS n FROM sign_up WHERE list_id = $1 AND at_us > $2 AND at_us <= $3",
	                            .in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),
	                            .row = COLUMN_NUMBER("n"),
	                            .row_bytes = sizeof(int64_t) };
static const struct sql HAS_OLD = { .name = "sign-up has old",
	                            .text = "SELECT count(*) AS n FROM sign_up WHERE at_us < $1",
	                            .in = ARGS(ARG(a, INT)),
	                            .row = COLUMN_NUMBER("n"),
	                            .row_bytes = sizeof(int64_t) };
static const struct sql FORGET = { .name = "sign-up forget", .text = "DELETE FROM sign_up WHERE at_us < $1", .in = ARGS(ARG(a, INT)) };
static const struct sql WAITING = { .name = "sign-ups waiting",
	                            .text = "SELECT id, " COLUMNS " FROM sign_up WHERE done_us = 0 AND id > $1 ORDER BY id LIMIT $2",
	                            .in = ARGS(ARG(a, INT), ARG(b, INT)),
	                            .row = waiting_fields,
	                            .row_bytes = sizeof(struct sign_up) };
static const struct sql DONE = { .name = "sign-up done",
	                         .text = "UPDATE sign_up SET done_us = $1, email = '', name = '' WHERE id = $2",
	                         .in = ARGS(ARG(a, INT), ARG(b, INT)) };
const struct sql *const sign_up_statements[] = { &ADD, &FORM, &OF_PEER, &OF_DOMAIN, &OF_LIST, &HAS_OLD, &FORGET, &WAITING, &DONE, NULL };

struct asking {
	const struct sign_up *row;
	const struct sign_up_most *most;
	enum sign_up_answer answer;
};

static int count(struct db *db, const struct sql *sql, const char *of, int64_t from_us, int64_t *n, struct error *err)
{
	return db_one(db, sql, &(struct arg){ .s = of, .a = from_us }, n, NULL, err) < 0 ? -1 : 0;
}

/* Within the day that ends there. */
static int count_day(struct db *db, int64_t list, int64_t end_us, int64_t *n, struct error *err)
{
	return db_one(db, &OF_LIST, &(struct arg){ .a = list, .b = end_us - DAY_US, .c = end_us }, n, NULL, err) < 0 ? -1 : 0;
}

static int weigh(struct db *db, const struct sign_up *row, const struct sign_up_most *most, enum sign_up_answer *answer, struct error *err)
{
	int64_t is_same = 0;
	int64_t peer = 0;
	int64_t domain = 0;
	int64_t list = 0;
	int64_t today = 0;
	int found = db_one(db, &FORM, &(struct arg){ .s = row->address, .a = row->form }, &is_same, NULL, err);
	*answer = is_same ? SIGN_UP_TAKEN : SIGN_UP_USED;
	if (found != 0)
		return found;
	if (count(db, &OF_PEER, row->peer, row->at_us - HOUR_US, &peer, err) < 0 ||
	    count(db, &OF_DOMAIN, row->domain, row->at_us - HOUR_US, &domain, err) < 0 ||
	    count(db, &OF_PEER, row->peer, row->at_us - DAY_US, &today, err) < 0 || count_day(db, row->list_id, row->at_us, &list, err) < 0)
		return -1;
	/* Above the usual those go on who did not ask before: a few that ask again and again close the form for themselves alone. */
	bool is_fresh = *row->peer && today == 0;
	*answer = *row->peer && peer >= most->peer                ? SIGN_UP_PEER
	          : domain >= most->domain                        ? SIGN_UP_DOMAIN
	          : list >= (is_fresh ? most->fresh : most->list) ? SIGN_UP_LIST
	                                                          : SIGN_UP_TAKEN;
	return *answer != SIGN_UP_TAKEN;
}

static int ask_body(struct db *db, void *arg, struct error *err)
{
	struct asking *asking = arg;
	int settled = weigh(db, asking->row, asking->most, &asking->answer, err);
	int64_t added = 0;
	if (settled != 0)
		return settled < 0 ? -1 : 0;
	if (db_run(db, &ADD, asking->row, &added, err) < 0)
		return -1;
	/* Where several write at once another one took the form meanwhile. */
	return added > 0 || weigh(db, asking->row, asking->most, &asking->answer, err) >= 0 ? 0 : -1;
}

int store_sign_up(struct db *db, const struct sign_up *row, const struct sign_up_most *most, enum sign_up_answer *answer, struct error *err)
{
	struct asking asking = { .row = row, .most = most };
	int result = db_write(db, ask_body, &asking, err);
	*answer = asking.answer;
	return result;
}

int store_sign_up_days(struct db *db, int64_t list, int64_t now_us, int64_t *days, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++)
		if (count_day(db, list, now_us - (int64_t)(i + 1) * DAY_US, &days[i], err) < 0)
			return -1;
	return 0;
}

int store_sign_up_waiting(struct db *db, int64_t after, struct sign_up *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &WAITING, &(struct arg){ .a = after, .b = (int64_t)max }, out, max, n, arena, err);
}

int store_sign_up_done(struct db *db, int64_t id, int64_t now_us, struct error *err)
{
	return store_run(db, &DONE, &(struct arg){ .a = now_us, .b = id }, NULL, err);
}

int store_sign_up_forget(struct db *db, int64_t now_us, struct error *err)
{
	const struct arg old = { .a = now_us - KEPT_US };
	int64_t n = 0;
	if (db_one(db, &HAS_OLD, &old, &n, NULL, err) < 0)
		return -1;
	return n > 0 ? store_run(db, &FORGET, &old, NULL, err) : 0;
}
