#include "template/template.h"
#include "base/text.h"
#include "template/parse.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 64 };

struct stack {
	const json_t *values[DEPTH_MAX + 1];
	int depth;
};

struct render {
	const struct template_options *options;
	enum template_escape escape;
	struct buffer *out;
	int depth;
	/* Set inside a partial that stood alone on its line: every line of it begins with this. */
	struct bytes indent;
	bool line_start;
};

void template_escape_html(struct bytes text, struct buffer *out)
{
	size_t from = 0;
	for (size_t i = 0; i < text.size; i++) {
		const char *entity = text.data[i] == '&'    ? "&amp;"
		                     : text.data[i] == '<'  ? "&lt;"
		                     : text.data[i] == '>'  ? "&gt;"
		                     : text.data[i] == '"'  ? "&quot;"
		                     : text.data[i] == '\'' ? "&#39;"
		                                            : NULL;
		if (!entity)
			continue;
		buffer_add(out, text.data + from, i - from);
		buffer_add_text(out, entity);
		from = i + 1;
	}
	buffer_add(out, text.data + from, text.size - from);
}

/* A name found: the innermost context that has its first part; the rest by members only. */
static const json_t *find(const struct stack *stack, struct bytes name)
{
	if (name.size == 1 && name.data[0] == '.')
		return stack->values[stack->depth];
	struct bytes part;
	struct bytes rest = name;
	char key[128];
	const json_t *value = NULL;
	bool first = true;
	while (text_next_part(&rest, ".", &part)) {
		if (part.size >= sizeof key)
			return NULL;
		memcpy(key, part.data, part.size);
		key[part.size] = '\0';
		if (first)
			for (int i = stack->depth; i >= 0 && !value; i--)
				value = json_object_get(stack->values[i], key);
		else
			value = json_object_get(value, key);
		first = false;
		if (!value)
			return NULL;
	}
	return value;
}

static bool is_true(const json_t *value)
{
	return value && !json_is_null(value) && !json_is_false(value) && !(json_is_array(value) && json_array_size(value) == 0) &&
	       !(json_is_string(value) && json_string_length(value) == 0);
}

static void write_value(struct render *render, const json_t *value, bool raw)
{
	char number[64];
	struct bytes text = { "", 0 };
	if (json_is_string(value))
		text = (struct bytes){ json_string_value(value), json_string_length(value) };
	else if (json_is_integer(value))
		text = (struct bytes){ number,
			               (size_t)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value)) };
	else if (json_is_real(value))
		text = (struct bytes){ number, (size_t)snprintf(number, sizeof number, "%.15g", json_real_value(value)) };
	else if (json_is_true(value))
		text = BYTES_OF("true");
	if (text.size > 0)
		render->line_start = false;
	if (raw || render->escape == TEMPLATE_TEXT)
		buffer_add_bytes(render->out, text);
	else
		template_escape_html(text, render->out);
}

static void write_indent(struct render *render)
{
	if (render->line_start)
		buffer_add_bytes(render->out, render->indent);
	render->line_start = false;
}

static void write_text(struct render *render, struct bytes text)
{
	if (render->indent.size == 0) {
		buffer_add_bytes(render->out, text);
		return;
	}
	for (size_t i = 0; i < text.size; i++) {
		write_indent(render);
		buffer_add_char(render->out, text.data[i]);
		render->line_start = text.data[i] == '\n';
	}
}

static int render_nodes(const struct template *template, size_t from, size_t to, struct stack *stack, struct render *render,
                        struct error *err);

static int too_deep(const struct template *template, struct error *err)
{
	return error_set(err, ERROR_INPUT, "%s: sections and partials go deeper than %d", template->name, DEPTH_MAX);
}

static int render_with(const struct template *template, size_t from, size_t to, const json_t *value, struct stack *stack,
                       struct render *render, struct error *err)
{
	if (stack->depth == DEPTH_MAX)
		return too_deep(template, err);
	stack->values[++stack->depth] = value;
	int result = render_nodes(template, from, to, stack, render, err);
	stack->depth--;
	return result;
}

static int render_section(const struct template *template, size_t at, struct stack *stack, struct render *render, struct error *err)
{
	const struct node *node = &template->nodes[at];
	const json_t *value = find(stack, node->name);
	if (node->kind == NODE_INVERTED)
		return is_true(value) ? 0 : render_nodes(template, at + 1, node->end, stack, render, err);
	if (!is_true(value))
		return 0;
	if (!json_is_array(value))
		return render_with(template, at + 1, node->end, value, stack, render, err);
	for (size_t i = 0; i < json_array_size(value); i++)
		if (render_with(template, at + 1, node->end, json_array_get(value, i), stack, render, err) < 0)
			return -1;
	return 0;
}

static int render_partial(const struct template *template, const struct node *node, struct stack *stack, struct render *render,
                          struct error *err)
{
	char name[128];
	struct bytes text;
	snprintf(name, sizeof name, "%.*s", (int)(node->name.size < 127 ? node->name.size : 127), node->name.data);
	if (!render->options || !render->options->partial || !render->options->partial(render->options->context, name, &text))
		return 0;
	if (++render->depth > DEPTH_MAX)
		return too_deep(template, err);
	CLEANUP(template_free) struct template *partial = NULL;
	CLEANUP(buffer_clear) struct buffer indent = BUFFER_INIT(4096);
	if (template_compile(text, name, &partial, err) < 0)
		return -1;
	struct bytes outer = render->indent;
	bool outer_start = render->line_start;
	buffer_add_bytes(&indent, outer);
	buffer_add_bytes(&indent, node->indent);
	if (node->is_alone) {
		render->indent = buffer_bytes(&indent);
		render->line_start = true;
	}
	int result = render_nodes(partial, 0, partial->count, stack, render, err);
	if (node->is_alone)
		render->line_start = outer.size > 0 || outer_start;
	render->indent = outer;
	render->depth--;
	return result;
}

static bool is_reader(struct bytes name)
{
	return text_starts_nocase(name, "reader") && (name.size == 6 || name.data[6] == '.');
}

static int render_node(const struct template *template, size_t at, struct stack *stack, struct render *render, struct error *err)
{
	const struct node *node = &template->nodes[at];
	bool named = node->kind == NODE_VARIABLE || node->kind == NODE_RAW || node->kind == NODE_SECTION || node->kind == NODE_INVERTED;
	if (named && is_reader(node->name) && render->options && render->options->slot) {
		write_indent(render);
		return render->options->slot(render->options->context, node->source, render->out, err);
	}
	switch (node->kind) {
	case NODE_TEXT: write_text(render, node->name); return 0;
	case NODE_VARIABLE:
	case NODE_RAW:
		write_indent(render);
		write_value(render, find(stack, node->name), node->kind == NODE_RAW);
		return 0;
	case NODE_SECTION:
	case NODE_INVERTED: return render_section(template, at, stack, render, err);
	case NODE_PARTIAL: return render_partial(template, node, stack, render, err);
	}
	return 0;
}

static int render_nodes(const struct template *template, size_t from, size_t to, struct stack *stack, struct render *render,
                        struct error *err)
{
	for (size_t at = from; at < to;) {
		if (render_node(template, at, stack, render, err) < 0)
			return -1;
		if (render->out->failed)
			return buffer_check(render->out, err) < 0 ? error_wrap(err, "%s", template->name) : 0;
		bool encloses = template->nodes[at].kind == NODE_SECTION || template->nodes[at].kind == NODE_INVERTED;
		at = encloses ? template->nodes[at].end : at + 1;
	}
	return 0;
}

int template_render(const struct template *template, const json_t *values, const struct template_options *options,
                    enum template_escape escape, struct buffer *out, struct error *err)
{
	struct stack stack = { .values = { values } };
	struct render render = { .options = options, .escape = escape, .out = out };
	return render_nodes(template, 0, template->count, &stack, &render, err);
}
