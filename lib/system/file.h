/* file - whole files read with a cap and written so that a crash leaves the old or the new one. */
#ifndef SYSTEM_FILE_H
#define SYSTEM_FILE_H
#include "base/buffer.h"

/* Appends the file ("-" is standard input) to *out, at most its max_bytes. */
MUST_CHECK int file_read(const char *path, struct buffer *out, struct error *err);
/* Opens a plain file within a folder, never outside of it: no part of `name` is "..", nothing on the way is a symbolic link.
 * ERROR_NOT_FOUND, ERROR_DENIED (it leads elsewhere) or ERROR_INPUT (it is no file). file_close() it. */
MUST_CHECK int file_open_within(const char *folder, const char *name, int *fd, struct error *err);
/* Appends what is left of an open file, as file_read(); `path` is for the errors. */
MUST_CHECK int file_read_rest(int fd, const char *path, struct buffer *out, struct error *err);
/* Temporary file beside it, fsync, rename, fsync of the folder. */
MUST_CHECK int file_write(const char *path, struct bytes data, unsigned mode, struct error *err);
/* The same, but an existing file is ERROR_CONFLICT and stays as it is. */
MUST_CHECK int file_create(const char *path, struct bytes data, unsigned mode, struct error *err);
/* Makes the folder and its parents. An existing folder is fine. */
MUST_CHECK int file_make_folder(const char *path, unsigned mode, struct error *err);
/* Free bytes for us on the file system of `path`. */
MUST_CHECK int file_free_space(const char *path, int64_t *out_bytes, struct error *err);
/* A file of that many bytes, really taken from the disk; one that is there is made as long. */
MUST_CHECK int file_reserve(const char *path, int64_t bytes, struct error *err);
/* `path` if absolute, else `folder`/`path`; malloc'ed, NULL when memory is out. */
char *file_join(const char *folder, const char *path);
void file_close(int *fd); /* for CLEANUP: closes if >= 0, leaves -1 */
#endif
