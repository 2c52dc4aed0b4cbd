#include "message/words.h"
#include "base/text.h"
#include "template/template.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* A folder with one file of its own; all else is built in. */
struct own {
	const char *name, *text;
};

static bool look_up(void *context, const char *name, struct bytes *text)
{
	const struct own *own = context;
	if (strcmp(name, own->name) != 0)
		return template_builtin(name, text);
	*text = bytes_text(own->text);
	return true;
}

static void test_what_a_file_lacks_comes_from_those_built_in(void **state)
{
	static const struct {
		const char *name, *text, *language;
		const char *lang, *by, *older;
		bool is_lacking;
	} cases[] = {
		{ "mail/words/nl.json", "{\"by\": \"Door {{author}}\"}", "nl-BE", "nl-BE", "Door {{author}}", "Older", true },
		{ "mail/words/de.json", "{\"by\": \"Geschrieben von {{author}}\", \"lang\": \"de\"}", "de", "de",
		  "Geschrieben von {{author}}", "\xc3\x84lter", true },
		{ "mail/words/none.json", "", "xx", "en", "By {{author}}", "Older", false },
		{ "mail/words/none.json", "", "de-AT", "de", "Von {{author}}", "\xc3\x84lter", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct own own = { cases[i].name, cases[i].text };
		const struct words_files files = { look_up, &own };
		CLEANUP(buffer_clear) struct buffer names = BUFFER_INIT(8192);
		struct error err = { 0 };
		CLEANUP(json_free) json_t *words = words_for(&files, cases[i].language, &err);
		assert_non_null(words);
		assert_string_equal(json_text(words, "lang"), cases[i].lang);
		assert_string_equal(json_text(words, "by"), cases[i].by);
		assert_true(strncmp(json_text(words, "older"), cases[i].older, 4) == 0);
		assert_int_equal(json_array_size(json_object_get(words, "months")), 12);
		assert_int_equal(words_lacking(&files, cases[i].language, &names) > 0, cases[i].is_lacking);
		assert_true(!cases[i].is_lacking || strstr(buffer_text(&names), "older"));
	}
}

static void test_a_file_that_is_no_object_is_refused(void **state)
{
	static const char *const wrong[] = { "[1]", "\"x\"", "{", "" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct own own = { "mail/words/nl.json", wrong[i] };
		struct error err = { 0 };
		assert_null(words_for(&(struct words_files){ look_up, &own }, "nl", &err));
		assert_non_null(strstr(err.text, "mail/words/nl.json"));
	}
}

/* What is built in is whole. */
static void test_every_language_has_every_word(void **state)
{
	static const char *const languages[] = { "ar", "de", "en", "es", "fr", "he", "ru" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(languages); i++) {
		CLEANUP(buffer_clear) struct buffer names = BUFFER_INIT(8192);
		if (words_lacking(&(struct words_files){ 0 }, languages[i], &names) > 0)
			fail_msg("%s lacks %s", languages[i], buffer_text(&names));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_file_lacks_comes_from_those_built_in),
		cmocka_unit_test(test_a_file_that_is_no_object_is_refused),
		cmocka_unit_test(test_every_language_has_every_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
