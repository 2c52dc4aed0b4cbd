#include "message/generic.h"
#include "message/merge.h"
#include "message/reader.h"
#include "template/template.h"

enum { GENERIC_BYTES = 16 << 20 };

static json_t *nobody(struct error *err)
{
	CLEANUP(reader_clear) struct reader reader;
	reader_init(&reader, NULL);
	return reader_values(&reader, NULL, "", "", err);
}

static int render(struct bytes source, enum generic_form form, const json_t *values, struct buffer *out, struct error *err)
{
	CLEANUP(template_free) struct template *template = NULL;
	if (template_compile(source, "merge tag", &template, err) < 0)
		return -1;
	return template_render(template, values, NULL, form == GENERIC_HTML ? TEMPLATE_HTML : TEMPLATE_TEXT, out, err);
}

int generic_fill(struct bytes text, enum generic_form form, struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer marked = BUFFER_INIT(GENERIC_BYTES);
	CLEANUP(buffer_clear) struct buffer source = BUFFER_INIT(GENERIC_BYTES);
	CLEANUP(json_free) json_t *values = nobody(err);
	enum merge_form as = form == GENERIC_HTML ? MERGE_HTML : MERGE_TEXT;
	if (!values || merge_mark(text, as, &marked, err) < 0)
		return -1;
	struct bytes all = buffer_bytes(&marked);
	for (size_t at = 0; at < all.size;) {
		if (all.data[at] != MERGE_OPEN[0]) {
			const char *mark = memchr(all.data + at, MERGE_OPEN[0], all.size - at);
			size_t plain = (mark ? (size_t)(mark - all.data) : all.size) - at;
			buffer_add(out, all.data + at, plain);
			at += plain;
			continue;
		}
		buffer_reset(&source);
		if (merge_source(all, &at, as, &source, err) < 0 || render(buffer_bytes(&source), form, values, out, err) < 0)
			return -1;
	}
	return buffer_check(out, err);
}
