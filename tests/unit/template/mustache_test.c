#include "template/template.h"
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* The official specification, where it lies beside the project; and what it does not say. */
static const char *spec_folder;

static bool partial(void *context, const char *name, struct bytes *text)
{
	const char *found = json_text(context, name);
	if (!found)
		return false;
	*text = bytes_text(found);
	return true;
}

static int run_case(const char *file, const json_t *one)
{
	struct error err = { 0 };
	CLEANUP(template_free) struct template *template = NULL;
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
	struct template_options options = { .partial = partial, .context = json_object_get(one, "partials") };
	if (template_compile(bytes_text(json_text(one, "template")), file, &template, &err) < 0 ||
	    template_render(template, json_object_get(one, "data"), &options, TEMPLATE_HTML, &out, &err) < 0) {
		printf("%s: %s: %s\n", file, json_text(one, "name"), err.text);
		return 1;
	}
	/* The specification leaves the form of an entity open. */
	CLEANUP(buffer_clear) struct buffer got = BUFFER_INIT(1 << 20);
	for (const char *p = buffer_text(&out); *p; p++) {
		if (strncmp(p, "&#39;", 5) == 0) {
			buffer_add_text(&got, "&#39;");
			p += 4;
		} else {
			buffer_add_char(&got, *p);
		}
	}
	if (strcmp(buffer_text(&got), json_text(one, "expected")) == 0)
		return 0;
	printf("%s: %s:\n expected <%s>\n got      <%s>\n", file, json_text(one, "name"), json_text(one, "expected"), buffer_text(&got));
	return 1;
}

static void test_the_official_specification(void **state)
{
	static const char *const files[] = { "comments", "delimiters", "interpolation", "inverted", "partials", "sections" };
	int wrong = 0;
	size_t cases = 0;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s.json", spec_folder, files[i]);
		CLEANUP(json_free) json_t *spec = json_load_file(path, 0, NULL);
		if (!spec) {
			skip();
			return;
		}
		size_t n = 0;
		json_t *one = NULL;
		json_array_foreach(json_object_get(spec, "tests"), n, one)
		{
			wrong += run_case(files[i], one);
			cases++;
		}
	}
	assert_int_equal(wrong, 0);
	assert_true(cases > 30);
}

static void expect_fault(const char *text, const char *said)
{
	struct error err = { 0 };
	struct template *template = NULL;
	assert_int_equal(template_compile(bytes_text(text), "mail/x.html", &template, &err), -1);
	assert_non_null(strstr(err.text, said));
}

static void test_faults_name_file_line_and_tag(void **state)
{
	(void)state;
	expect_fault("a\nb {{#items}}\nc", "mail/x.html:2: section \"items\" is never closed");
	expect_fault("a\n\n{{/items}}", "mail/x.html:3: section \"items\" is closed");
	expect_fault("{{#a}}{{/b}}", "section \"a\" is open, \"b\" is closed");
	expect_fault("x {{name", "the tag \"{{name\" is never closed");
	expect_fault("{{}}", "a tag has no name");
}

static int slot(void *context, struct bytes source, struct buffer *out, struct error *err)
{
	(void)err;
	buffer_format(out, "[%d:%.*s]", (*(int *)context)++, (int)source.size, source.data);
	return 0;
}

static void test_tags_of_the_reader_stay_open(void **state)
{
	int number = 0;
	struct error err;
	CLEANUP(template_free) struct template *template = NULL;
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1000);
	CLEANUP(json_free) json_t *values = json_pack("{s:s}", "title", "A & B");
	struct template_options options = { .slot = slot, .context = &number };
	(void)state;
	assert_int_equal(
		template_compile(
			BYTES_OF("{{title}} {{reader.name}} {{#reader.attributes.city}}in {{.}}{{/reader.attributes.city}} {{readers}}"),
			"x", &template, &err),
		0);
	assert_int_equal(template_render(template, values, &options, TEMPLATE_HTML, &out, &err), 0);
	assert_string_equal(buffer_text(&out),
	                    "A &amp; B [0:{{reader.name}}] [1:{{#reader.attributes.city}}in {{.}}{{/reader.attributes.city}}] ");
}

static void test_endless_partials_end(void **state)
{
	struct error err;
	CLEANUP(template_free) struct template *template = NULL;
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
	CLEANUP(json_free) json_t *partials = json_pack("{s:s}", "me", "x{{>me}}");
	CLEANUP(json_free) json_t *values = json_object();
	struct template_options options = { .partial = partial, .context = partials };
	(void)state;
	assert_int_equal(template_compile(BYTES_OF("{{>me}}"), "x", &template, &err), 0);
	assert_int_equal(template_render(template, values, &options, TEMPLATE_HTML, &out, &err), -1);
	assert_int_equal(err.code, ERROR_INPUT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_official_specification),
		                            cmocka_unit_test(test_faults_name_file_line_and_tag),
		                            cmocka_unit_test(test_tags_of_the_reader_stay_open),
		                            cmocka_unit_test(test_endless_partials_end) };
	spec_folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
