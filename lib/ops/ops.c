#include "ops/ops.h"
#include "base/text.h"
#include "ops/providers.h"
#include "store/event.h"
#include "system/clock.h"
#include "system/file.h"
#include "template/template.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

/* The file in the folder that comes before what is built in: 1 it is there, 0 not. A fault in it is named with its path. */
static int own_template(const char *folder, const char *name, struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer path = BUFFER_INIT(4096);
	CLEANUP(template_free) struct template *template = NULL;
	/* The style sheet and the words (JSON) are no templates, and have their endings already. */
	bool plain = text_ends(name, ".css") || text_ends(name, ".json");
	buffer_format(&path, "%s/%s%s", folder, name, plain ? "" : ".mustache");
	if (buffer_check(&path, err) < 0)
		return -1;
	if (access(buffer_text(&path), F_OK) != 0)
		return 0;
	if (file_read(buffer_text(&path), out, err) < 0)
		return -1;
	return plain || template_compile(buffer_bytes(out), buffer_text(&path), &template, err) == 0 ? 1 : -1;
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

int ops_template(const struct ops *ops, const char *name, struct buffer *out, struct error *err)
{
	const char *folder = ops->config->daemon.template_dir;
	int own = folder && *folder ? own_template(folder, name, out, err) : 0;
	if (own != 0)
		return own < 0 ? -1 : 0;
	struct bytes builtin = { 0 };
	if (!template_builtin(name, &builtin))
		return error_set(err, ERROR_NOT_FOUND, "there is no template %s (gazette template ls shows those built in)", name);
	buffer_add_bytes(out, builtin);
	return buffer_check(out, err);
}
