/* parse - a template's text as a flat list of nodes. Within the room only. */
#ifndef TEMPLATE_PARSE_H
#define TEMPLATE_PARSE_H
#include "template/template.h"

enum node_kind { NODE_TEXT, NODE_VARIABLE, NODE_RAW, NODE_SECTION, NODE_INVERTED, NODE_PARTIAL };

struct node {
	enum node_kind kind;
	struct bytes name;   /* the text of NODE_TEXT */
	struct bytes source; /* the tag, for sections up to and with the closing tag */
	struct bytes indent; /* before a partial that stands alone on its line */
	bool is_alone;
	size_t end; /* the first node behind a section */
};

struct template
{
	char *name;
	char *text;
	struct node *nodes;
	size_t count, room;
};
#endif
