#include "tests/crash/vfs.h"
#include "base/text.h"
#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

enum { IMAGES = 64, SECTOR = 512 };

/* A write or, without data, a truncation, that no flush has made safe. */
struct change {
	int64_t at;
	size_t size;
	char *data;
};

/* A file: what is safe of it, and what is not. */
struct image {
	char path[256];
	char *safe;
	size_t size, room;
	struct change *changes;
	size_t count, change_room;
};

struct file {
	sqlite3_file base;
	struct image *image; /* NULL: a temporary file */
	sqlite3_file *real;
};

static sqlite3_vfs *root;
static sqlite3_vfs ours;
static sqlite3_io_methods methods;
static struct image images[IMAGES];
static struct vfs_cut next_cut;
static bool is_lying;
static int64_t fail_in;
static enum vfs_fault fail_how;
static bool fail_forever, has_failed;

static void *more(void *old, size_t size)
{
	void *fresh = reallocarray(old, size, 1); /* not realloc, which a test makes fail for others */
	assert(fresh);
	return fresh;
}

static void clear_changes(struct image *image)
{
	for (size_t i = 0; i < image->count; i++)
		free(image->changes[i].data);
	image->count = 0;
}

static void clear_image(struct image *image)
{
	clear_changes(image);
	free(image->changes);
	free(image->safe);
	*image = (struct image){ 0 };
}

void vfs_forget(const char *folder)
{
	for (size_t i = 0; i < IMAGES; i++)
		if (images[i].path[0] && text_starts(images[i].path, folder))
			clear_image(&images[i]);
}

static void resize(struct image *image, size_t size)
{
	if (size > image->room) {
		image->room = size * 2;
		image->safe = more(image->safe, image->room);
	}
	if (size > image->size)
		memset(image->safe + image->size, 0, size - image->size);
	image->size = size;
}

static void apply(struct image *image, const struct change *change, size_t from, size_t to)
{
	if (!change->data) {
		resize(image, (size_t)change->at);
		return;
	}
	if (image->size < (size_t)change->at + to)
		resize(image, (size_t)change->at + to);
	memcpy(image->safe + change->at + from, change->data + from, to - from);
}

static void flush(struct image *image)
{
	for (size_t i = 0; i < image->count; i++)
		apply(image, &image->changes[i], 0, image->changes[i].size);
	clear_changes(image);
}

static void note(struct image *image, int64_t at, const void *data, size_t size)
{
	if (!image)
		return;
	if (image->count == image->change_room) {
		image->change_room = image->change_room * 2 + 16;
		image->changes = more(image->changes, image->change_room * sizeof *image->changes);
	}
	struct change *change = &image->changes[image->count++];
	*change = (struct change){ .at = at, .size = size };
	if (data) {
		change->data = more(NULL, size + 1);
		memcpy(change->data, data, size);
	}
}

/* What was there before we came is safe. */
static void load(struct image *image)
{
	FILE *in = fopen(image->path, "rb");
	char block[4096];
	for (size_t n; in && (n = fread(block, 1, sizeof block, in)) > 0;) {
		size_t at = image->size;
		resize(image, at + n);
		memcpy(image->safe + at, block, n);
	}
	if (in)
		fclose(in);
}

static struct image *image_of(const char *path)
{
	struct image *empty = NULL;
	for (size_t i = 0; i < IMAGES; i++) {
		if (strcmp(images[i].path, path) == 0)
			return &images[i];
		if (!images[i].path[0] && !empty)
			empty = &images[i];
	}
	assert(empty && strlen(path) < sizeof empty->path);
	snprintf(empty->path, sizeof empty->path, "%s", path);
	load(empty);
	return empty;
}

/* Of a file's unsafe changes those that this cut lets through, in percent; one of them is torn. */
static void survive(const struct image *image, int share, struct image *out)
{
	resize(out, image->size);
	if (image->size > 0)
		memcpy(out->safe, image->safe, image->size);
	size_t torn = image->count ? (size_t)rand() % image->count : 0;
	for (size_t i = 0; i < image->count; i++) {
		const struct change *change = &image->changes[i];
		if (i != torn || !change->data) {
			if (rand() % 100 < share)
				apply(out, change, 0, change->size);
			continue;
		}
		for (size_t at = 0; at < change->size; at += SECTOR)
			if (rand() % 2)
				apply(out, change, at, at + SECTOR < change->size ? at + SECTOR : change->size);
	}
}

static void write_image(const struct image *image, int share)
{
	static const int shares[] = { 0, 50, 90, 100 };
	struct image out = { 0 };
	char path[600];
	snprintf(path, sizeof path, "%s%s", next_cut.into, image->path + strlen(next_cut.folder));
	survive(image, shares[share], &out);
	FILE *to = fopen(path, "wb");
	assert(to);
	bool done = fwrite(out.safe, 1, out.size, to) == out.size;
	done = fclose(to) == 0 && done;
	assert(done);
	clear_image(&out);
}

static void cut_power(void)
{
	int share = rand() % 4;
	for (size_t i = 0; i < IMAGES; i++)
		if (images[i].path[0] && text_starts(images[i].path, next_cut.folder))
			write_image(&images[i], share);
	next_cut.at_cut(next_cut.context);
}

/* Each call that changes a file passes here: true if it is to fail. */
static bool pass(const struct image *image)
{
	if (next_cut.n > 0 && image && text_starts(image->path, next_cut.folder) && --next_cut.n == 0)
		cut_power();
	if (fail_in == 0)
		return false;
	bool fails = fail_in == 1;
	if (!fails || !fail_forever)
		fail_in--;
	has_failed = has_failed || fails;
	return fails;
}

static sqlite3_file *real(sqlite3_file *file)
{
	return ((struct file *)(void *)file)->real;
}

static int on_close(sqlite3_file *file)
{
	return real(file)->pMethods->xClose(real(file));
}

static int on_read(sqlite3_file *file, void *to, int size, sqlite3_int64 at)
{
	return real(file)->pMethods->xRead(real(file), to, size, at);
}

static int on_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
	struct image *image = ((struct file *)(void *)file)->image;
	bool fails = pass(image);
	if (fails)
		size /= 2;
	int code = real(file)->pMethods->xWrite(real(file), from, size, at);
	if (code == SQLITE_OK)
		note(image, at, from, (size_t)size);
	return fails ? fail_how == VFS_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE : code;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct image *image = ((struct file *)(void *)file)->image;
	/* A file is cut off on a full disk too. */
	if (pass(image) && fail_how == VFS_IO)
		return SQLITE_IOERR_TRUNCATE;
	note(image, size, NULL, 0);
	return real(file)->pMethods->xTruncate(real(file), size);
}

/* Nothing is really flushed: the image is what counts. */
static int on_sync(sqlite3_file *file, int flags)
{
	struct image *image = ((struct file *)(void *)file)->image;
	(void)flags;
	if (pass(image))
		return fail_how == VFS_FULL ? SQLITE_FULL : SQLITE_IOERR_FSYNC;
	if (image && !is_lying)
		flush(image);
	return SQLITE_OK;
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real(file)->pMethods->xFileSize(real(file), size);
}

static int on_lock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xLock(real(file), level);
}

static int on_unlock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int on_reserved(sqlite3_file *file, int *out)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int on_control(sqlite3_file *file, int what, void *arg)
{
	return real(file)->pMethods->xFileControl(real(file), what, arg);
}

static int on_sector(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int on_device(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int on_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
	return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}

static int on_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}

static void on_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int on_unmap(sqlite3_file *file, int delete)
{
	return real(file)->pMethods->xShmUnmap(real(file), delete);
}

static int on_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *out, int flags, int *out_flags)
{
	struct file *file = (struct file *)(void *)out;
	(void)vfs;
	*file = (struct file){ .real = (sqlite3_file *)(void *)(file + 1) };
	int code = root->xOpen(root, name, file->real, flags, out_flags);
	if (code != SQLITE_OK)
		return code;
	if (name && flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL))
		file->image = image_of(name);
	file->base.pMethods = &methods;
	return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	for (size_t i = 0; i < IMAGES; i++)
		if (strcmp(images[i].path, name) == 0) {
			clear_changes(&images[i]);
			images[i].size = 0;
		}
	return root->xDelete(root, name, sync);
}

void vfs_install(void)
{
	if (root)
		return;
	root = sqlite3_vfs_find(NULL);
	ours = *root;
	ours.zName = "trouble";
	ours.szOsFile = root->szOsFile + (int)sizeof(struct file);
	ours.xOpen = on_open;
	ours.xDelete = on_delete;
	/* Version 2: no mapped reads, which would pass us by. */
	methods = (sqlite3_io_methods){ 2,           on_close,   on_read,     on_write,   on_truncate, on_sync,   on_size,
		                        on_lock,     on_unlock,  on_reserved, on_control, on_sector,   on_device, on_map,
		                        on_shm_lock, on_barrier, on_unmap,    NULL,       NULL };
	if (sqlite3_vfs_register(&ours, 1) != SQLITE_OK)
		abort();
}

void vfs_cut(const struct vfs_cut *cut)
{
	next_cut = *cut;
}

void vfs_lie(bool lies)
{
	is_lying = lies;
}

void vfs_fail(int64_t n, enum vfs_fault fault, bool forever)
{
	fail_in = n;
	fail_how = fault;
	fail_forever = forever;
	has_failed = false;
}

bool vfs_failed(void)
{
	return has_failed;
}
