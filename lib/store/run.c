#include "store/arg.h"

struct one {
	const struct sql *sql;
	const void *in;
	int64_t *out;
};

static int run_body(struct db *db, void *arg, struct error *err)
{
	struct one *one = arg;
	return db_run(db, one->sql, one->in, one->out, err);
}

int store_run(struct db *db, const struct sql *sql, const void *in, int64_t *changed, struct error *err)
{
	return db_write(db, run_body, &(struct one){ sql, in, changed }, err);
}

static int insert_body(struct db *db, void *arg, struct error *err)
{
	struct one *one = arg;
	return db_one(db, one->sql, one->in, one->out, NULL, err) < 0 ? -1 : 0;
}

int store_insert(struct db *db, const struct sql *sql, const void *in, int64_t *id, struct error *err)
{
	*id = 0;
	return db_write(db, insert_body, &(struct one){ sql, in, id }, err);
}
