/* vfs - the disk as a test wants it, below SQLite: one that loses power, and one whose n-th call fails.
 * Files are written through to the real ones, and what no flush made safe is kept beside them. After vfs_install() every connection of the
 * process goes this way. For one thread. */
#ifndef TESTS_CRASH_VFS_H
#define TESTS_CRASH_VFS_H
#include "base/error.h"

void vfs_install(void);
/* Forgets what is known of the files in a folder: what they hold is safe. None of them may be open. */
void vfs_forget(const char *folder);

/* Just before the n-th write, flush or truncation from now on, the files of `folder` are put into `into` as a power cut would leave them:
 * what was flushed, and of the rest a part, one write of it torn at 512 bytes. Then at_cut is called; the process itself goes on. */
struct vfs_cut {
	int64_t n;
	const char *folder, *into;
	void (*at_cut)(void *context);
	void *context;
};
void vfs_cut(const struct vfs_cut *cut);
/* A disk that says it has flushed and has not. */
void vfs_lie(bool lies);

enum vfs_fault { VFS_IO, VFS_FULL };
/* The n-th write, flush or truncation from now on fails, after half of it was written; with `forever` every later one too. 0: none. */
void vfs_fail(int64_t n, enum vfs_fault fault, bool forever);
bool vfs_failed(void); /* since vfs_fail() */
#endif
