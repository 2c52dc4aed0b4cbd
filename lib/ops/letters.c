#include "ops/letters.h"
#include "base/text.h"
#include "bounce/letter.h"
#include "message/notice.h"
#include "model/address.h"
#include "ops/posts.h"
#include "store/delivery.h"
#include "system/clock.h"
#include "system/random.h"
#include <stdio.h>

int letter_address(const struct ops *ops, const struct list *list, struct buffer *out, struct error *err)
{
	const char *pattern = list->return_path && *list->return_path ? list->return_path : ops->config->inbound.return_path;
	const char *at = strrchr(pattern, '@');
	if (at && *list->post_token)
		buffer_format(out, "post+%s%s", list->post_token, at);
	return buffer_check(out, err);
}

/* The list whose secret stands behind the plus of the address. 1, 0, -1. */
static int list_of(struct ops *ops, const char *address, struct list *out, struct arena *arena, struct error *err)
{
	const char *at = address ? strrchr(address, '@') : NULL;
	if (!at || !text_starts_nocase(bytes_text(address), "post+") || at - address < 6)
		return 0;
	char *token = arena_copy(arena, address + 5, (size_t)(at - address) - 5);
	if (!token)
		return error_set(err, ERROR_MEMORY, "out of memory");
	text_lower(token, strlen(token));
	/* Bound as a value, compared by the store's index: 80 random bits are not guessed by time. */
	return text_is_utf8(bytes_text(token)) ? store_list_of_token(ops->db, token, out, arena, err) : 0;
}

static int find_list(struct ops *ops, struct bytes raw, const struct arrival *arrival, struct list *out, struct arena *arena,
                     struct error *err)
{
	struct letter letter;
	if (arrival->recipient)
		return list_of(ops, arrival->recipient, out, arena, err);
	letter_recipients(raw, arena, &letter);
	for (size_t i = 0; i < letter.to_count; i++) {
		int found = list_of(ops, letter.to[i], out, arena, err);
		if (found != 0)
			return found;
	}
	return 0;
}

static bool is_editor(const struct list *list, const char *from)
{
	struct address writer = { 0 };
	struct bytes rest = bytes_text(list->editors);
	struct bytes part;
	if (!from || address_read(bytes_text(from), &writer, NULL) < 0)
		return false;
	while (text_next_part(&rest, ", ", &part)) {
		struct address editor = { 0 };
		if (address_read(part, &editor, NULL) == 0 && strcmp(editor.key, writer.key) == 0)
			return true;
	}
	return false;
}

/* RFC 3676 section 4.3: what follows "-- " is a signature. */
static void cut_signature(char *text)
{
	char *line = text;
	while (line && *line) {
		size_t size = strcspn(line, "\r\n");
		if (size == 3 && strncmp(line, "-- ", 3) == 0)
			*line = '\0';
		line = *line ? line + size + strspn(line + size, "\r\n") : NULL;
	}
}

/* Plain words are read as Markdown, which plain words are; where the mail has only HTML, that is the post. */
static int make_post(const struct letter *letter, struct arena *arena, struct post *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer clean = BUFFER_INIT(16 << 20);
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(16 << 20);
	CLEANUP(buffer_clear) struct buffer file = BUFFER_INIT(16 << 20);
	struct content_front front = { 0 };
	if (letter->text && *text_trim(bytes_text(letter->text)).data) {
		char *words = arena_text(arena, letter->text);
		if (!words)
			return error_set(err, ERROR_MEMORY, "out of memory");
		cut_signature(words);
		buffer_add_text(&file, words);
		if (content_markdown(buffer_bytes(&file), &(struct content_from){ .title = letter->subject }, arena, out, &front, err) < 0)
			return -1;
	} else if (letter->html) {
		*out = (struct post){ 0 };
		if (content_sanitise(bytes_text(letter->html), NULL, 0, &clean, err) < 0 ||
		    content_plain_text(buffer_bytes(&clean), &(struct content_plain){ 0 }, &text, err) < 0)
			return -1;
		out->html = arena_text(arena, buffer_text(&clean));
		out->text = arena_text(arena, buffer_text(&text));
	} else {
		return error_set(err, ERROR_INPUT, "the mail has no words");
	}
	/* The subject is the title, unless the front matter names one. */
	out->title = front.title ? out->title : letter->subject;
	out->identity = letter->message_id ? arena_format(arena, "mail:%s", letter->message_id) : out->identity;
	if (!out->identity)
		out->identity = arena_format(arena, "mail:%" PRIx64, random_below(UINT64_MAX));
	if (!out->html || !out->text || !out->identity)
		return error_set(err, ERROR_MEMORY, "out of memory");
	return *out->title ? 0 : error_set(err, ERROR_INPUT, "the mail has no subject, so the post would have no title");
}

/* Pictures that came with the mail are parts of it, which the post does not have. */
static bool has_own_pictures(const struct letter *letter)
{
	return (letter->html && strstr(letter->html, "src=\"cid:")) || (letter->text && strstr(letter->text, "](cid:"));
}

/* Where the list has no source of that kind, a mail becomes a draft. */
static int take(struct ops *ops, const struct list *list, const struct post *post, struct arena *arena, int64_t *id, struct error *err)
{
	struct source source;
	struct stored_post known;
	struct stored_post draft;
	struct taken taken;
	int64_t now_us = clock_now().wall_us;
	int found = store_source_of_kind(ops->db, list->id, "mail", &source, arena, err);
	if (found < 0)
		return -1;
	if (found > 0 && source.state != SOURCE_PAUSED && post_take(ops, &source, post, 1, &taken, err) < 0)
		return -1;
	found = store_post_find(ops->db, list->id, post->identity, &known, arena, err);
	if (found != 0) {
		*id = known.id;
		return found < 0 ? -1 : 0;
	}
	if (post_prepare(post, list->id, now_us, arena, &draft, err) < 0)
		return -1;
	draft.post.published_us = now_us;
	draft.post.is_ours = true;
	if (store_post_take(ops->db, &draft, 1, NULL, err) < 0)
		return -1;
	*id = draft.id;
	return 0;
}

static int answer(struct ops *ops, const struct list *list, const struct letter *letter, const char *text, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer subject = BUFFER_INIT(4096);
	int64_t id = 0;
	char left[37];
	random_uuid(left);
	buffer_format(&subject, "Re: %.400s", letter->subject);
	struct notice_in in = { .from_name = list->from_name,
		                .from_email = list->from_email,
		                .to_email = letter->from,
		                .subject = text_is_utf8(buffer_bytes(&subject)) ? buffer_text(&subject) : "Re: your post",
		                .text = text,
		                .message_id_left = left,
		                .date_us = clock_now().wall_us,
		                .auto_submitted = "auto-replied" };
	if (notice_compose(&in, &message, err) < 0)
		return -1;
	struct notice notice = {
		.kind = "alert", .list_id = list->id, .email = letter->from, .sender = list->from_email, .message = buffer_bytes(&message)
	};
	return store_notice_add(ops->db, &notice, clock_now().wall_us, &id, err);
}

int letter_take(struct ops *ops, struct bytes raw, struct arrival arrival, int64_t *post, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list = { 0 };
	struct letter letter = { 0 };
	struct post words = { 0 };
	struct error why = { 0 };
	char text[1024];
	static const struct actor actor = { ACTOR_SYSTEM, "mail" };
	arena.max_bytes = 128 << 20;
	*post = 0;
	int found = find_list(ops, raw, &arrival, &list, &arena, err);
	if (found <= 0)
		return found;
	if (letter_read(raw, &arena, &letter, &why) < 0)
		return why.code == ERROR_MEMORY ? error_set(err, why.code, "%s", why.text) : 0;
	/* RFC 3834: nothing is taken from, and nothing answered to, what no person wrote; who is no editor hears nothing at all. */
	if ((arrival.sender && !*arrival.sender) || letter.is_automatic || !is_editor(&list, letter.from))
		return 0;
	if (make_post(&letter, &arena, &words, &why) < 0) {
		snprintf(text, sizeof text, "Your mail did not become a post of %.200s: %.400s.\n", list.title, why.text);
		text_mend_cut(text);
		return answer(ops, &list, &letter, text, err);
	}
	if (take(ops, &list, &words, &arena, post, err) < 0)
		return -1;
	snprintf(text, sizeof text,
	         "Your mail is post %" PRId64 " of %.200s.\n\nTo look at it:  gazette post show %" PRId64
	         "\nTo send it:     gazette campaign create %.64s --post %" PRId64 "\n",
	         *post, list.title, *post, list.name, *post);
	if (has_own_pictures(&letter))
		snprintf(text + strlen(text), sizeof text - strlen(text),
		         "\nIts pictures are left out: name them by an address on the web, or take the post from a file with the pictures "
		         "beside it.\n");
	text_mend_cut(text);
	if (answer(ops, &list, &letter, text, err) < 0 || ops_audit(ops, actor, "post add", list.name, letter.from, err) < 0)
		return -1;
	return 1;
}
