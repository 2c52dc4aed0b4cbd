/* The specifications' own examples, where they are at hand: argument 1 names their folder. */
#include "base/json.h"
#include "content/content.h"
#include "content/markdown.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *folder;

struct exception {
	long example;
	const char *why;
};

static json_t *examples_of(const char *name)
{
	char path[4096];
	json_error_t where;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	json_t *list = json_load_file(path, 0, &where);
	if (!list)
		fail_msg("%s: %s", path, where.text);
	return list;
}

static const char *excused(long example, const struct exception *exceptions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (exceptions[i].example == example)
			return exceptions[i].why;
	return NULL;
}

/* Whether it came out as the specification says. An exception that passes by now is out of date, which is a failure too. */
static bool check_example(const json_t *example, const char *const *extensions, const struct exception *exceptions, size_t n)
{
	const char *markdown = json_text(example, "markdown");
	const char *expected = json_text(example, "html");
	long number = (long)json_integer_value(json_object_get(example, "example"));
	char *html = markdown_render(bytes_text(markdown), extensions);
	bool same = html && strcmp(html, expected) == 0;
	const char *why = excused(number, exceptions, n);
	if (same == (why != NULL))
		print_error("example %ld%s%s: expected\n%sgot\n%s", number, why ? ", excused because " : "", why ? why : "", expected,
		            html);
	free(html);
	return same != (why != NULL);
}

static void check_all(const char *name, const char *const *extensions, const struct exception *exceptions, size_t n)
{
	CLEANUP(json_free) json_t *list = examples_of(name);
	size_t wrong = 0;
	assert_true(json_array_size(list) > 20);
	for (size_t i = 0; i < json_array_size(list); i++)
		wrong += !check_example(json_array_get(list, i), extensions, exceptions, n);
	assert_int_equal(wrong, 0);
}

static void test_commonmark(void **state)
{
	(void)state;
	static const char *const none[] = { NULL };
	static const struct exception exceptions[] = {
		{ 28, "a number beyond Unicode becomes U+FFFD instead of staying text" },
		{ 171, "cmark-gfm follows 0.29, where textarea begins no raw HTML block" },
	};
	check_all("spec-0.30.json", none, exceptions, COUNT_OF(exceptions));
}

/* With the extensions that posts are read with. */
static void test_commonmark_as_posts_are_read(void **state)
{
	(void)state;
	static const struct exception exceptions[] = {
		{ 28, "a number beyond Unicode becomes U+FFFD instead of staying text" },
		{ 171, "cmark-gfm follows 0.29, where textarea begins no raw HTML block" },
		{ 601, "autolink: an address in text is a link" },
		{ 605, "autolink: an address in text is a link" },
		{ 607, "autolink: an address in text is a link" },
		{ 610, "autolink: an address in text is a link" },
		{ 611, "autolink: an address in text is a link" },
	};
	check_all("spec-0.30.json", markdown_extensions, exceptions, COUNT_OF(exceptions));
}

static void test_github_extensions(void **state)
{
	(void)state;
	static const char *const all[] = { "table", "strikethrough", "autolink", "tagfilter", "tasklist", NULL };
	static const struct exception exceptions[] = {
		{ 279, "the attributes of input come in another order" },
		{ 280, "the attributes of input come in another order" },
	};
	check_all("gfm-extensions-0.29.json", all, exceptions, COUNT_OF(exceptions));
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commonmark),
		cmocka_unit_test(test_commonmark_as_posts_are_read),
		cmocka_unit_test(test_github_extensions),
	};
	char path[4096];
	folder = argc > 1 ? argv[1] : ".";
	snprintf(path, sizeof path, "%s/spec-0.30.json", folder);
	FILE *file = fopen(path, "r");
	if (!file)
		return 77; /* skipped */
	fclose(file);
	content_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
