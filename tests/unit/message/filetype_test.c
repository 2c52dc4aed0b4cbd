#include "message/filetype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define BYTES(text)                                                                                                                        \
	{                                                                                                                                  \
		text, sizeof text - 1                                                                                                      \
	}

static void test_a_file_is_what_its_bytes_say(void **state)
{
	static const struct {
		struct bytes content;
		const char *type;
		unsigned width, height;
	} cases[] = {
		{ BYTES("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x04\xb0\0\0\x02\x58\x08\x02"), "image/png", 1200, 600 },
		{ BYTES("GIF89a\x2c\x01\xc8\0\0\0\0"), "image/gif", 300, 200 },
		{ BYTES("\xff\xd8\xff\xe0\0\x04xx\xff\xc0\0\x11\x08\x01\x90\x02\x80\x03"), "image/jpeg", 640, 400 },
		{ BYTES("\xff\xd8\xff\xe0\xff\xff"), "image/jpeg", 0, 0 },
		{ BYTES("\xff\xd8\xff\xff\xff\xff"), "image/jpeg", 0, 0 },
		{ BYTES("%PDF-1.4"), "application/pdf", 0, 0 },
		{ BYTES("PK\x03\x04rest"), "application/zip", 0, 0 },
		{ BYTES("BEGIN:VCALENDAR\r\n"), "text/calendar", 0, 0 },
		{ BYTES("plain words, \xd7\xa9\n"), "text/plain", 0, 0 },
		{ BYTES("MZ\x90\0"), "application/octet-stream", 0, 0 },
		{ BYTES("\x89PNG"), "application/octet-stream", 0, 0 },
		{ BYTES(""), "application/octet-stream", 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct filetype found = filetype_of(cases[i].content);
		assert_string_equal(found.type, cases[i].type);
		assert_int_equal(found.width, cases[i].width);
		assert_int_equal(found.height, cases[i].height);
	}
}

static void test_programs_and_odd_names_stay_out(void **state)
{
	static const char *const bad[] = { "run.exe", "a/b/run.EXE", "page.html", "x.svg", "folder/", "", "a\nb.txt", "a\xff.txt" };
	const char *name = NULL;
	struct error err;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(filetype_check_name(bad[i], &name, &err), -1);
	assert_int_equal(filetype_check_name("a folder/menu.pdf", &name, &err), 0);
	assert_string_equal(name, "menu.pdf");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_file_is_what_its_bytes_say),
		                            cmocka_unit_test(test_programs_and_odd_names_stay_out) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
