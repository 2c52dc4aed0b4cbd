/* content_bench SECONDS feed|page FILE...: reads all of them again and again for that long, on one thread, and prints a JSON line with how
 * many it read a second. */
#include "content/content.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FILES_MAX = 2000, FILE_BYTES = 16 << 20 };

/* Processor time: others on the machine do not count. */
static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool read_file(const char *path, struct buffer *out)
{
	FILE *file = fopen(path, "rb");
	char chunk[65536];
	size_t n;
	if (!file)
		return false;
	while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
		buffer_add(out, chunk, n);
	fclose(file);
	return !out->failed;
}

/* Returns the number of posts, -1 for a file that is refused. */
static long read_one(struct bytes file, bool is_page)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_feed feed = { 0 };
	struct post post;
	struct error err;
	arena.max_bytes = 1 << 30;
	if (is_page)
		return content_page(file, &(struct content_from){ .base_url = "https://bench.example/page" }, &arena, &post, NULL, &err) < 0
		               ? -1
		               : 1;
	return content_feed(file, NULL, "https://bench.example/feed.xml", &arena, &feed, &err) < 0 ? -1 : (long)feed.count;
}

int main(int argc, char **argv)
{
	static struct buffer files[FILES_MAX];
	size_t n = 0;
	if (argc < 4 || (strcmp(argv[2], "feed") != 0 && strcmp(argv[2], "page") != 0)) {
		fprintf(stderr, "usage: content_bench SECONDS feed|page FILE...\n");
		return 64;
	}
	for (int i = 3; i < argc && n < FILES_MAX; i++) {
		files[n] = BUFFER_INIT(FILE_BYTES);
		if (!read_file(argv[i], &files[n++])) {
			perror(argv[i]);
			return 66;
		}
	}
	bool is_page = strcmp(argv[2], "page") == 0;
	double seconds = strtod(argv[1], NULL);
	long read = 0;
	long posts = 0;
	long refused = 0;
	double bytes = 0;
	double from = now_s();
	content_global_init();
	/* Whole rounds only, so that each file counts alike. */
	while (read == 0 || now_s() - from < seconds)
		for (size_t i = 0; i < n; i++) {
			long got = read_one(buffer_bytes(&files[i]), is_page);
			read++;
			refused += got < 0;
			posts += got > 0 ? got : 0;
			bytes += (double)files[i].size;
		}
	double took = now_s() - from;
	printf("{\"kind\":\"%s\",\"files\":%zu,\"read\":%ld,\"refused\":%ld,\"posts\":%ld,\"seconds\":%.3f,\"per_s\":%.1f,\"mb_per_s\":%."
	       "2f}\n",
	       argv[2], n, read, refused, posts, took, (double)read / took, bytes / took / 1e6);
	for (size_t i = 0; i < n; i++)
		buffer_clear(&files[i]);
	return 0;
}
