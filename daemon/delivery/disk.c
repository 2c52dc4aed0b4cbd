#include "daemon/delivery/disk.h"
#include "base/units.h"
#include "store/event.h"
#include "system/file.h"
#include "system/log.h"
#include <stdlib.h>
#include <unistd.h>

#define LOOK_US (5 * SECOND_US)
#define RESERVE_BYTES (32LL << 20)

/* Half of min_free at most, so that the reserve alone never makes a small disk look full. */
static int64_t reserve_bytes(const struct config *config)
{
	int64_t half = config->daemon.min_free_bytes / 2;
	return half < RESERVE_BYTES ? half : RESERVE_BYTES;
}

static void set_reserve(struct disk *disk, const struct config *config, const char *folder, bool wanted)
{
	struct error err;
	char *path = file_join(folder, "reserve");
	if (!path)
		return;
	if (!wanted && unlink(path) == 0)
		log_info("reserve released file=%s", path);
	if (wanted && file_reserve(path, reserve_bytes(config), &err) < 0)
		log_warn("no reserve text=\"%s\"", err.text);
	else
		disk->has_reserve = wanted;
	free(path);
}

void disk_give_reserve(struct db *db)
{
	char *path = file_join(db_folder(db), "reserve");
	if (path && unlink(path) == 0)
		log_info("reserve released file=%s", path);
	free(path);
}

void disk_look(struct disk *disk, struct daemon *daemon, struct db *db, int64_t now_us)
{
	const struct config *config = daemon->config;
	const char *folder = db_folder(db);
	int64_t free_bytes = 0;
	struct error err;
	bool urgent = atomic_load(&daemon->disk_full) && !disk->is_full;
	if (disk->looked_us && now_us - disk->looked_us < LOOK_US && !urgent)
		return;
	disk->looked_us = now_us;
	if (file_free_space(folder, &free_bytes, &err) < 0)
		return;
	/* To open again there must be room for the reserve too, or it would come and go. */
	bool full = urgent || free_bytes < config->daemon.min_free_bytes + (disk->is_full ? reserve_bytes(config) : 0);
	if (full != disk->is_full) {
		disk->is_full = full;
		if (full)
			log_error("disk nearly full: sending pauses folder=%s free=%" PRId64 " min_free=%" PRId64, folder, free_bytes,
			          config->daemon.min_free_bytes);
		else
			log_info("disk has room again: sending goes on folder=%s", folder);
		if (full) {
			set_reserve(disk, config, folder, false);
			if (db_checkpoint(db, true, &err) < 0)
				log_warn("the store's log was not shortened text=\"%s\"", err.text);
		}
		if (store_meta_set(db, "disk", full ? "full" : NULL, &err) < 0)
			log_warn("disk state not written text=\"%s\"", err.text);
	}
	if (!full && !disk->has_reserve)
		set_reserve(disk, config, folder, true);
}
