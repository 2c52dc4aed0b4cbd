#include "template/parse.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>

enum { OPEN_MAX = 64, DELIMITER_BYTES = 16 };

struct parse {
	struct template *template;
	struct bytes text;
	size_t at;
	char open[DELIMITER_BYTES], close[DELIMITER_BYTES];
	size_t sections[OPEN_MAX]; /* nodes not yet closed */
	size_t depth;
};

struct tag {
	char kind; /* # ^ / > ! = & { or 'v' */
	struct bytes content;
	size_t start, end;
};

void template_free(struct template **template)
{
	if (!*template)
		return;
	free((*template)->name);
	free((*template)->text);
	free((*template)->nodes);
	free(*template);
	*template = NULL;
}

static int fault(const struct parse *parse, size_t at, struct error *err, const char *format, ...) PRINTF_LIKE(4, 5);
static int fault(const struct parse *parse, size_t at, struct error *err, const char *format, ...)
{
	char what[256];
	int line = 1;
	va_list args;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	for (size_t i = 0; i < at; i++)
		line += parse->text.data[i] == '\n';
	return error_set(err, ERROR_INPUT, "%s:%d: %s", parse->template->name, line, what);
}

static struct node *add(struct parse *parse, struct node node, struct error *err)
{
	struct template *template = parse->template;
	if (template->count == template->room) {
		size_t room = template->room ? template->room * 2 : 32;
		struct node *nodes = realloc(template->nodes, room * sizeof *nodes);
		if (!nodes) {
			error_set(err, ERROR_MEMORY, "out of memory");
			return NULL;
		}
		template->nodes = nodes;
		template->room = room;
	}
	template->nodes[template->count] = node;
	return &template->nodes[template->count++];
}

static const char *find(const struct parse *parse, size_t from, const char *what)
{
	return memmem(parse->text.data + from, parse->text.size - from, what, strlen(what));
}

/* The tag at `start`, which is where the opening delimiter stands. */
static int read_tag(struct parse *parse, size_t start, struct tag *tag, struct error *err)
{
	size_t inside = start + strlen(parse->open);
	char close[DELIMITER_BYTES + 2];
	*tag = (struct tag){ .kind = 'v', .start = start };
	if (inside < parse->text.size && strchr("#^/>!=&{", parse->text.data[inside]) && parse->text.data[inside] != '\0')
		tag->kind = parse->text.data[inside++];
	snprintf(close, sizeof close, "%s%s", tag->kind == '{' ? "}" : tag->kind == '=' ? "=" : "", parse->close);
	const char *end = find(parse, inside, close);
	if (!end)
		return fault(parse, start, err, "the tag \"%.*s\" is never closed",
		             (int)(parse->text.size - start < 30 ? parse->text.size - start : 30), parse->text.data + start);
	size_t size = (size_t)(end - parse->text.data) - inside;
	tag->content = text_trim((struct bytes){ parse->text.data + inside, size });
	tag->end = inside + size + strlen(close);
	if (tag->content.size == 0 && tag->kind != '!')
		return fault(parse, start, err, "a tag has no name");
	return 0;
}

/* Tags other than variables that stand alone on a line take the whole line with them. *from and *to are widened to it. */
static bool stands_alone(const struct parse *parse, const struct tag *tag, size_t *from, size_t *to)
{
	const char *text = parse->text.data;
	if (tag->kind == 'v' || tag->kind == '&' || tag->kind == '{')
		return false;
	size_t a = tag->start;
	size_t b = tag->end;
	while (a > 0 && (text[a - 1] == ' ' || text[a - 1] == '\t'))
		a--;
	while (b < parse->text.size && (text[b] == ' ' || text[b] == '\t'))
		b++;
	bool ends = b == parse->text.size || text[b] == '\n' || (text[b] == '\r' && b + 1 < parse->text.size && text[b + 1] == '\n');
	if ((a > 0 && text[a - 1] != '\n') || !ends)
		return false;
	b += b < parse->text.size && text[b] == '\r';
	b += b < parse->text.size && text[b] == '\n';
	*from = a;
	*to = b;
	return true;
}

static int set_delimiters(struct parse *parse, const struct tag *tag, struct error *err)
{
	struct bytes rest = tag->content;
	struct bytes open;
	struct bytes close;
	struct bytes more;
	if (!text_next_part(&rest, " \t\r\n", &open) || !text_next_part(&rest, " \t\r\n", &close) ||
	    text_next_part(&rest, " \t\r\n", &more) || open.size >= DELIMITER_BYTES || close.size >= DELIMITER_BYTES)
		return fault(parse, tag->start, err, "delimiters are set as {{=<%% %%>=}}");
	snprintf(parse->open, sizeof parse->open, "%.*s", (int)open.size, open.data);
	snprintf(parse->close, sizeof parse->close, "%.*s", (int)close.size, close.data);
	return 0;
}

static int close_section(struct parse *parse, const struct tag *tag, struct error *err)
{
	struct template *template = parse->template;
	if (parse->depth == 0)
		return fault(parse, tag->start, err, "section \"%.*s\" is closed and was never opened", (int)tag->content.size,
		             tag->content.data);
	struct node *section = &template->nodes[parse->sections[--parse->depth]];
	if (!bytes_equal(section->name, tag->content))
		return fault(parse, tag->start, err, "section \"%.*s\" is open, \"%.*s\" is closed", (int)section->name.size,
		             section->name.data, (int)tag->content.size, tag->content.data);
	section->end = template->count;
	section->source.size = (size_t)(parse->text.data + tag->end - section->source.data);
	return 0;
}

static int take_tag(struct parse *parse, const struct tag *tag, struct bytes indent, bool alone, struct error *err)
{
	struct node node = { .name = tag->content, .source = { parse->text.data + tag->start, tag->end - tag->start } };
	switch (tag->kind) {
	case '!': return 0;
	case '=': return set_delimiters(parse, tag, err);
	case '/': return close_section(parse, tag, err);
	case '>':
		node.kind = NODE_PARTIAL;
		node.indent = indent;
		node.is_alone = alone;
		break;
	case '#':
	case '^':
		node.kind = tag->kind == '#' ? NODE_SECTION : NODE_INVERTED;
		if (parse->depth == OPEN_MAX)
			return fault(parse, tag->start, err, "sections go deeper than %d", OPEN_MAX);
		parse->sections[parse->depth++] = parse->template->count;
		break;
	default: node.kind = tag->kind == 'v' ? NODE_VARIABLE : NODE_RAW;
	}
	return add(parse, node, err) ? 0 : -1;
}

static int add_text(struct parse *parse, size_t from, size_t to, struct error *err)
{
	struct node node = { .kind = NODE_TEXT, .name = { parse->text.data + from, to - from } };
	return from >= to || add(parse, node, err) ? 0 : -1;
}

static int parse_all(struct parse *parse, struct error *err)
{
	const char *found = NULL;
	while ((found = find(parse, parse->at, parse->open))) {
		struct tag tag;
		if (read_tag(parse, (size_t)(found - parse->text.data), &tag, err) < 0)
			return -1;
		size_t from = tag.start;
		size_t to = tag.end;
		bool alone = stands_alone(parse, &tag, &from, &to);
		struct bytes indent = { parse->text.data + from, alone ? tag.start - from : 0 };
		if (add_text(parse, parse->at, from, err) < 0 || take_tag(parse, &tag, indent, alone, err) < 0)
			return -1;
		parse->at = to;
	}
	if (add_text(parse, parse->at, parse->text.size, err) < 0)
		return -1;
	if (parse->depth == 0)
		return 0;
	const struct node *open = &parse->template->nodes[parse->sections[parse->depth - 1]];
	return fault(parse, (size_t)(open->source.data - parse->text.data), err, "section \"%.*s\" is never closed", (int)open->name.size,
	             open->name.data);
}

int template_compile(struct bytes text, const char *name, struct template **out, struct error *err)
{
	CLEANUP(template_free) struct template *template = calloc(1, sizeof *template);
	if (template) {
		template->name = strdup(name);
		template->text = malloc(text.size + 1);
	}
	if (!template || !template->name || !template->text)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (text.size > 0)
		memcpy(template->text, text.data, text.size);
	template->text[text.size] = '\0';
	struct parse parse = { .template = template, .text = { template->text, text.size }, .open = "{{", .close = "}}" };
	if (parse_all(&parse, err) < 0)
		return -1;
	*out = template;
	template = NULL;
	return 0;
}
