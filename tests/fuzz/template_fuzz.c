/* A template, a NUL, JSON values; the template is its own partial too. */
#include "fuzz.h"
#include "template/template.h"

static bool self(void *context, const char *name, struct bytes *text)
{
	*text = *(const struct bytes *)context;
	return *name != 'x';
}

static int slot(void *context, struct bytes source, struct buffer *out, struct error *err)
{
	(void)context;
	(void)err;
	buffer_add_bytes(out, source);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *nul = size ? memchr(text, '\0', size) : NULL;
	struct bytes source = { text, nul ? (size_t)(nul - text) : size };
	CLEANUP(json_free) json_t *values = nul ? json_loadb(nul + 1, size - source.size - 1, 0, NULL) : NULL;
	CLEANUP(json_free) json_t *none = json_object();
	CLEANUP(template_free) struct template *template = NULL;
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
	struct template_options options = { self, slot, &source };
	struct error err = { 0 };
	if (template_compile(source, "fuzz.html", &template, &err) < 0) {
		PROMISE(err.code && err.text[0]);
		return 0;
	}
	int result = template_render(template, values ? values : none, size % 2 ? &options : NULL, TEMPLATE_HTML, &out, &err);
	PROMISE(result == 0 || (err.code && err.text[0]));
	return 0;
}
