#include "ops/columns.h"
#include "base/text.h"
#include "model/address.h"
#include <stdio.h>

enum { LOOK_AT_ROWS = 20 };

static const char *const roles[] = {
	"-", "email", "name", "first_name", "last_name", "state", "joined", "attr", "left", "subscribed", NULL
};

static const struct {
	const char *word; /* letters and digits of a header, ASCII in lower case */
	enum column_role role;
} words[] = {
	{ "email", COLUMN_EMAIL },
	{ "emailaddress", COLUMN_EMAIL },
	{ "mail", COLUMN_EMAIL },
	{ "mailaddress", COLUMN_EMAIL },
	{ "address", COLUMN_EMAIL },
	{ "subscriberemail", COLUMN_EMAIL },
	{ "name", COLUMN_NAME },
	{ "fullname", COLUMN_NAME },
	{ "displayname", COLUMN_NAME },
	{ "firstname", COLUMN_FIRST_NAME },
	{ "givenname", COLUMN_FIRST_NAME },
	{ "lastname", COLUMN_LAST_NAME },
	{ "surname", COLUMN_LAST_NAME },
	{ "familyname", COLUMN_LAST_NAME },
	{ "vorname", COLUMN_FIRST_NAME },
	{ "nachname", COLUMN_LAST_NAME },
	{ "familienname", COLUMN_LAST_NAME },
	{ "prénom", COLUMN_FIRST_NAME },
	{ "prenom", COLUMN_FIRST_NAME },
	{ "nom", COLUMN_LAST_NAME },
	{ "nomdefamille", COLUMN_LAST_NAME },
	{ "nombre", COLUMN_FIRST_NAME },
	{ "apellido", COLUMN_LAST_NAME },
	{ "apellidos", COLUMN_LAST_NAME },
	{ "שם", COLUMN_NAME },
	{ "שםמלא", COLUMN_NAME },
	{ "שםפרטי", COLUMN_FIRST_NAME },
	{ "שםמשפחה", COLUMN_LAST_NAME },
	{ "الاسم", COLUMN_NAME },
	{ "الاسمالكامل", COLUMN_NAME },
	{ "الاسمالأول", COLUMN_FIRST_NAME },
	{ "اسمالعائلة", COLUMN_LAST_NAME },
	{ "имя", COLUMN_FIRST_NAME },
	{ "Имя", COLUMN_FIRST_NAME },
	{ "фамилия", COLUMN_LAST_NAME },
	{ "Фамилия", COLUMN_LAST_NAME },
	{ "state", COLUMN_STATE },
	{ "status", COLUMN_STATE },
	{ "joined", COLUMN_JOINED },
	{ "subscribedat", COLUMN_JOINED },
	{ "createdat", COLUMN_JOINED },
	{ "line", COLUMN_NONE },
	{ "reason", COLUMN_NONE },
	{ "suppressed", COLUMN_NONE },
	/* Mailchimp, Substack and Ghost say so without a state. */
	{ "unsubtime", COLUMN_LEFT },
	{ "cleantime", COLUMN_LEFT },
	{ "emaildisabled", COLUMN_LEFT },
	{ "subscribedtoemails", COLUMN_SUBSCRIBED },
};

/* What is of use to the program alone that wrote it, or nobody's business: numbers, payments, addresses of machines. */
static const struct {
	const char *program, *columns;
} programs[] = {
	{ "mailchimp",
	  " memberrating optintime optinip confirmtime confirmip latitude longitude gmtoff dstoff timezone cc region lastchanged "
	  "leid euid notes unsubcampaigntitle unsubcampaignid unsubreason unsubreasonother cleancampaigntitle cleancampaignid " },
	{ "substack", " activesubscription expiry plan digestenabled firstpaymentat " },
	{ "beehiiv", " id subscriberid subscriptionid stripecustomerid utmsource utmmedium utmcampaign utmchannel referringsite " },
	{ "ghost", " id note complimentaryplan stripecustomerid deletedat tiers " },
	{ "listmonk", " id uuid updatedat " },
	{ "mailman", "" },
};

/* The states of people who must not be mailed, as other programs write them. */
static const char *const left_states[] = { "unsubscribed", "cleaned",  "bounced", "inactive",  "complained", "unsubscribe",
	                                   "blocklisted",  "disabled", "removed", "opted_out", "optout" };

static bool is_address(struct bytes cell)
{
	struct address address;
	return address_read(cell, &address, NULL) == 0;
}

/* Letters and digits; of other scripts everything but the blanks, marks of direction and quotes of Latin-1 and of U+2000 to U+207F. */
static bool is_letter(uint32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	return c >= 0xc0 && (c < 0x2000 || c > 0x207f) && c != 0x5f3 && c != 0x5f4 && c != 0xfeff;
}

/* A header's letters and digits, ASCII in lower case, with `gap` between its words ('\0': nothing), whole letters as far as they fit. */
static void normal(struct bytes header, char gap, char *out, size_t size)
{
	size_t n = 0;
	size_t length = 1;
	for (size_t i = 0; i < header.size; i += length) {
		uint32_t c = 0;
		length = text_decode(header.data + i, header.size - i, &c);
		bool good = length > 0 && is_letter(c);
		length = length ? length : 1;
		if (n + length >= size)
			break;
		if (good)
			memcpy(out + n, header.data + i, length);
		else if (gap && n > 0 && out[n - 1] != gap)
			out[n++] = gap;
		n += good ? length : 0;
	}
	while (gap && n > 0 && out[n - 1] == gap)
		n--;
	out[n] = '\0';
	text_lower(out, n);
}

static void name_column(struct column *column, struct bytes header)
{
	char word[64];
	snprintf(column->header, sizeof column->header, "%.*s", (int)(header.size < 127 ? header.size : 127), header.data);
	normal(header, '_', column->attribute, sizeof column->attribute);
	normal(header, '\0', word, sizeof word);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(word, words[i].word) == 0) {
			column->role = words[i].role;
			return;
		}
	column->role = column->attribute[0] ? COLUMN_ATTRIBUTE : COLUMN_NONE;
}

/* Only one column can be the e-mail, the name, ...: the first wins, others of that name become attributes. */
static void keep_first(struct columns *columns)
{
	for (enum column_role role = COLUMN_EMAIL; role < COLUMN_ATTRIBUTE; role++) {
		bool had = false;
		for (size_t i = 0; i < columns->count; i++) {
			if (columns->column[i].role != role)
				continue;
			if (had)
				columns->column[i].role = COLUMN_ATTRIBUTE;
			had = true;
		}
	}
}

static bool has_role(const struct columns *columns, enum column_role role)
{
	for (size_t i = 0; i < columns->count; i++)
		if (columns->column[i].role == role)
			return true;
	return false;
}

/* The column that holds most addresses in the first rows. */
static void email_by_content(struct bytes text, char delimiter, struct columns *columns)
{
	CLEANUP(csv_clear) struct csv csv = CSV_INIT(text, delimiter);
	size_t hits[CSV_COLUMNS] = { 0 };
	size_t best = 0;
	for (int row = 0; row < LOOK_AT_ROWS; row++) {
		int got = csv_next(&csv, NULL);
		if (got == 0)
			break;
		for (size_t i = 0; got > 0 && i < csv.count && i < columns->count; i++)
			hits[i] += is_address(csv.cells[i]);
	}
	for (size_t i = 1; i < columns->count; i++)
		if (hits[i] > hits[best])
			best = i;
	if (columns->count > 0 && hits[best] > 0)
		columns->column[best].role = COLUMN_EMAIL;
}

static int leave_out(struct columns *columns, const char *from, struct error *err)
{
	char plain[64];
	char word[66];
	size_t p = 0;
	while (p < COUNT_OF(programs) && strcmp(programs[p].program, from) != 0)
		p++;
	if (p == COUNT_OF(programs))
		return error_set(
			err, ERROR_INPUT,
			"--from %.40s: is none of mailchimp, substack, beehiiv, ghost, listmonk, mailman: without it columns are found "
			"by their names",
			from);
	for (size_t i = 0; i < columns->count; i++) {
		struct column *column = &columns->column[i];
		normal(bytes_text(column->header), '\0', plain, sizeof plain);
		snprintf(word, sizeof word, " %s ", plain);
		if (column->role == COLUMN_ATTRIBUTE && strstr(programs[p].columns, word))
			column->role = COLUMN_NONE;
	}
	return 0;
}

static int apply_mapping(struct columns *columns, const char *mapping, struct error *err)
{
	const char *equals = strrchr(mapping, '=');
	if (!equals || equals == mapping)
		return error_set(
			err, ERROR_INPUT,
			"--map %s: write COLUMN=email, name, first_name, last_name, state, left, subscribed, joined, attr:NAME or -",
			mapping);
	struct column *column = NULL;
	for (size_t i = 0; i < columns->count && !column; i++)
		if (text_compare_nocase(bytes_text(columns->column[i].header), (struct bytes){ mapping, (size_t)(equals - mapping) }) == 0)
			column = &columns->column[i];
	if (!column)
		return error_set(err, ERROR_INPUT, "--map %s: the file has no column of that name", mapping);
	int role = -1;
	for (int i = 0; roles[i]; i++)
		if (i != COLUMN_ATTRIBUTE && strcmp(roles[i], equals + 1) == 0)
			role = i;
	if (role < 0 && text_starts(equals + 1, "attr:")) {
		role = COLUMN_ATTRIBUTE;
		normal(bytes_text(equals + 6), '_', column->attribute, sizeof column->attribute);
	}
	if (role == COLUMN_ATTRIBUTE && !column->attribute[0])
		return error_set(err, ERROR_INPUT, "--map %s: the attribute's name holds no letter and no digit", mapping);
	if (role < 0)
		return error_set(
			err, ERROR_INPUT,
			"--map %s: \"%s\" is none of email, name, first_name, last_name, state, left, subscribed, joined, attr:NAME, -",
			mapping, equals + 1);
	/* What a person says takes the role away from the column that was guessed. */
	for (size_t i = 0; role != COLUMN_NONE && role < COLUMN_ATTRIBUTE && i < columns->count; i++)
		if (columns->column[i].role == (enum column_role)role)
			columns->column[i].role = columns->column[i].attribute[0] ? COLUMN_ATTRIBUTE : COLUMN_NONE;
	column->role = (enum column_role)role;
	return 0;
}

int columns_find(struct bytes text, char delimiter, const char *from, const char *const *map, struct columns *out, struct error *err)
{
	CLEANUP(csv_clear) struct csv csv = CSV_INIT(text, delimiter);
	*out = (struct columns){ .has_header = true };
	if (from && strcmp(from, "mailman") == 0) {
		*out = (struct columns){ .column = { { .role = COLUMN_EMAIL, .header = "mailbox" } }, .count = 1, .is_mailboxes = true };
		return 0;
	}
	int got = csv_next(&csv, err);
	if (got < 0)
		return error_wrap(err, "line 1");
	if (got == 0)
		return error_set(err, ERROR_INPUT, "the file is empty");
	out->count = csv.count;
	for (size_t i = 0; i < csv.count; i++)
		out->has_header = out->has_header && !is_address(csv.cells[i]);
	for (size_t i = 0; i < csv.count; i++) {
		if (out->has_header)
			name_column(&out->column[i], text_trim(csv.cells[i]));
		else
			snprintf(out->column[i].header, sizeof out->column[i].header, "column %zu", i + 1);
	}
	keep_first(out);
	if (!has_role(out, COLUMN_EMAIL))
		email_by_content(text, delimiter, out);
	if (!out->has_header && !has_role(out, COLUMN_NAME))
		for (size_t i = 0; i < out->count; i++)
			if (out->column[i].role == COLUMN_NONE) {
				out->column[i].role = COLUMN_NAME;
				break;
			}
	if (from && leave_out(out, from, err) < 0)
		return -1;
	for (; map && *map; map++)
		if (apply_mapping(out, *map, err) < 0)
			return -1;
	if (!has_role(out, COLUMN_EMAIL))
		return error_set(err, ERROR_INPUT, "no column holds e-mail addresses: name it with --map COLUMN=email");
	return 0;
}

void columns_describe(const struct columns *columns, char *out, size_t size)
{
	size_t used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < columns->count && used < size; i++) {
		const struct column *column = &columns->column[i];
		int n = column->role == COLUMN_ATTRIBUTE
		                ? snprintf(out + used, size - used, "%s%s=attr:%s", used ? ", " : "", column->header, column->attribute)
		                : snprintf(out + used, size - used, "%s%s=%s", used ? ", " : "", column->header, roles[column->role]);
		used += n > 0 ? (size_t)n : 0;
	}
}

struct bytes columns_unguard(struct bytes cell)
{
	if (cell.size > 1 && cell.data[0] == '\'' && memchr("=+-@\t\r", cell.data[1], 6)) {
		cell.data++;
		cell.size--;
	}
	return cell;
}

struct bytes columns_cell(const struct columns *columns, const struct csv *row, enum column_role role)
{
	for (size_t i = 0; i < columns->count && i < row->count; i++)
		if (columns->column[i].role == role)
			return columns_unguard(text_trim(row->cells[i]));
	return (struct bytes){ "", 0 };
}

static bool is_one_of(struct bytes cell, const char *const *these, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text_compare_nocase(cell, bytes_text(these[i])) == 0)
			return true;
	return false;
}

bool columns_say_left(const struct columns *columns, const struct csv *row)
{
	static const char *const no[] = { "false", "no", "0" };
	for (size_t i = 0; i < columns->count && i < row->count; i++) {
		struct bytes cell = columns_unguard(text_trim(row->cells[i]));
		bool is_no = is_one_of(cell, no, COUNT_OF(no));
		enum column_role role = columns->column[i].role;
		if ((role == COLUMN_STATE && is_one_of(cell, left_states, COUNT_OF(left_states))) ||
		    (role == COLUMN_LEFT && cell.size > 0 && !is_no) || (role == COLUMN_SUBSCRIBED && is_no))
			return true;
	}
	return false;
}
