#include "ops/ops.h"
#include "ops/providers.h"
#include "store/event.h"
#include "system/clock.h"
#include "system/file.h"
#include <stdio.h>

int ops_open(struct ops *ops, const struct config *config, bool may_create, bool may_migrate, struct error *err)
{
	*ops = (struct ops){ .config = config };
	struct db_options options = { .url = config->store.url,
		                      .is_relaxed = config->store.is_relaxed,
		                      .schema_folder =
		                              config->store.schema_dir && *config->store.schema_dir ? config->store.schema_dir : NULL,
		                      .may_create = may_create,
		                      .may_migrate = may_migrate || may_create };
	if (db_open(&options, &ops->db, err) < 0)
		return -1;
	ops->owns_providers = true;
	if (store_keyring(ops->db, clock_now().wall_us, &ops->keys, err) < 0 || providers_load(ops, config, &ops->providers, err) < 0) {
		ops_close(ops);
		return -1;
	}
	return 0;
}

int ops_again(struct ops *ops, const struct ops *from, struct error *err)
{
	*ops = *from;
	ops->db = NULL;
	ops->owns_providers = false;
	return db_again(from->db, &ops->db, err);
}

void ops_close(struct ops *ops)
{
	db_close(&ops->db);
	if (ops->owns_providers)
		providers_free(&ops->providers);
	*ops = (struct ops){ 0 };
}

static const char *const actor_words[] = { "system", "cli", "desk", "api", "reader" };

int ops_audit(struct ops *ops, struct actor actor, const char *verb, const char *object, const char *detail, struct error *err)
{
	char who[128];
	snprintf(who, sizeof who, "%s%s%s", actor_words[actor.kind], actor.name && *actor.name ? " " : "", actor.name ? actor.name : "");
	return store_audit(ops->db, who, verb, object, detail, clock_now().wall_us, err);
}

int ops_room(const struct ops *ops, struct error *err)
{
	int64_t free_bytes = 0;
	int64_t least = ops->config->daemon.min_free_bytes;
	char have[UNITS_TEXT];
	char want[UNITS_TEXT];
	if (file_free_space(db_folder(ops->db), &free_bytes, err) < 0)
		return -1;
	if (free_bytes >= least)
		return 0;
	return error_set(err, ERROR_FULL, "the disk is nearly full: %s left in %s, min_free is %s; make room first",
	                 units_write_size(free_bytes, have), db_folder(ops->db), units_write_size(least, want));
}
