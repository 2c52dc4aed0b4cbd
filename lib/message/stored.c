/* The stored form of an edition: numbers little-endian, every field with its length, one check sum over all. */
#include "base/digest.h"
#include "message/pieces.h"
#include <stdlib.h>

static const char magic[8] = "GZEDTN01";
enum { SALT_BYTES = 16, PIECES_MAX = 100000, CHECK_BYTES = 8 };

static void put(struct buffer *out, uint64_t number)
{
	for (int i = 0; i < 8; i++)
		buffer_add_char(out, (char)(number >> (8 * i)));
}

static void put_bytes(struct buffer *out, struct bytes bytes)
{
	put(out, bytes.size);
	buffer_add_bytes(out, bytes);
	buffer_add_char(out, '\0'); /* so that strings can be read in place */
}

static void put_pieces(struct buffer *out, const struct pieces *pieces)
{
	put(out, pieces->count);
	for (size_t i = 0; i < pieces->count; i++) {
		const struct piece *piece = &pieces->piece[i];
		put(out, (uint64_t)piece->kind | (uint64_t)piece->slot << 8 | (uint64_t)piece->coding << 16);
		put_bytes(out, piece->bytes);
	}
}

int edition_write(const struct edition *edition, struct buffer *out, struct error *err)
{
	uint8_t digest[DIGEST_BYTES];
	size_t start = out->size;
	buffer_add(out, magic, sizeof magic);
	put(out, (uint64_t)edition->campaign);
	put(out, (uint64_t)edition->list);
	put(out, edition->is_test);
	for (size_t i = 0; i < STRINGS; i++)
		put_bytes(out, edition->string[i]);
	put_pieces(out, &edition->message);
	put_pieces(out, &edition->html);
	put_pieces(out, &edition->text);
	if (buffer_check(out, err) < 0)
		return -1;
	digest_sha256((struct bytes){ out->data + start, out->size - start }, digest);
	buffer_add(out, digest, CHECK_BYTES);
	return buffer_check(out, err);
}

struct reader {
	struct bytes rest;
	bool bad;
};

static uint64_t get(struct reader *reader)
{
	uint64_t number = 0;
	if (reader->rest.size < 8) {
		reader->bad = true;
		return 0;
	}
	for (int i = 0; i < 8; i++)
		number |= (uint64_t)(unsigned char)reader->rest.data[i] << (8 * i);
	reader->rest.data += 8;
	reader->rest.size -= 8;
	return number;
}

static struct bytes get_bytes(struct reader *reader)
{
	uint64_t size = get(reader);
	if (reader->bad || size >= reader->rest.size || reader->rest.data[size] != '\0') {
		reader->bad = true;
		return (struct bytes){ "", 0 };
	}
	struct bytes bytes = { reader->rest.data, size };
	reader->rest.data += size + 1;
	reader->rest.size -= size + 1;
	return bytes;
}

static int get_pieces(struct reader *reader, struct pieces *pieces, struct error *err)
{
	uint64_t count = get(reader);
	if (count > PIECES_MAX)
		reader->bad = true;
	for (uint64_t i = 0; i < count && !reader->bad; i++) {
		uint64_t what = get(reader);
		struct piece piece = { .kind = (enum piece_kind)(what & 0xff),
			               .slot = (enum slot_kind)(what >> 8 & 0xff),
			               .coding = (enum slot_coding)(what >> 16 & 0xff),
			               .bytes = get_bytes(reader) };
		if (piece.kind >= PIECE_KINDS || piece.slot >= SLOT_KINDS || piece.coding >= CODINGS ||
		    (piece.slot == SLOT_ANSWERS && piece.bytes.size < SALT_BYTES))
			reader->bad = true;
		else if (pieces_add(pieces, piece, err) < 0)
			return -1;
	}
	return reader->bad ? 0 : pieces_compile(pieces, err);
}

static int read_all(struct edition *edition, struct error *err)
{
	uint8_t digest[DIGEST_BYTES];
	struct bytes all = { edition->store, edition->store_bytes };
	if (all.size < sizeof magic + CHECK_BYTES || memcmp(all.data, magic, sizeof magic) != 0)
		return error_set(err, ERROR_CORRUPT, "the stored edition is none");
	all.size -= CHECK_BYTES;
	digest_sha256(all, digest);
	if (memcmp(digest, all.data + all.size, CHECK_BYTES) != 0)
		return error_set(err, ERROR_CORRUPT, "the stored edition is not as it was written");
	struct reader reader = { .rest = { all.data + sizeof magic, all.size - sizeof magic } };
	edition->campaign = (int64_t)get(&reader);
	edition->list = (int64_t)get(&reader);
	edition->is_test = get(&reader) != 0;
	for (size_t i = 0; i < STRINGS; i++)
		edition->string[i] = get_bytes(&reader);
	if (get_pieces(&reader, &edition->message, err) < 0 || get_pieces(&reader, &edition->html, err) < 0 ||
	    get_pieces(&reader, &edition->text, err) < 0)
		return -1;
	return reader.bad || reader.rest.size != 0 ? error_set(err, ERROR_CORRUPT, "the stored edition is cut short") : 0;
}

int edition_read(struct bytes data, struct edition **out, struct error *err)
{
	CLEANUP(edition_free) struct edition *edition = calloc(1, sizeof *edition);
	if (edition)
		edition->store = malloc(data.size + 1);
	if (!edition || !edition->store)
		return error_set(err, ERROR_MEMORY, "out of memory");
	memcpy(edition->store, data.data, data.size);
	edition->store_bytes = data.size;
	if (read_all(edition, err) < 0)
		return -1;
	*out = edition;
	edition = NULL;
	return 0;
}

void edition_free(struct edition **edition)
{
	if (!*edition)
		return;
	pieces_clear(&(*edition)->message);
	pieces_clear(&(*edition)->html);
	pieces_clear(&(*edition)->text);
	free((*edition)->store);
	free(*edition);
	*edition = NULL;
}

const char *edition_host(const struct edition *edition)
{
	return edition->string[STRING_HOST].data;
}

const char *edition_subject(const struct edition *edition)
{
	return edition->string[STRING_SUBJECT].data;
}

size_t edition_bytes(const struct edition *edition)
{
	size_t bytes = 0;
	for (size_t i = 0; i < edition->message.count; i++)
		bytes += edition->message.piece[i].bytes.size;
	return bytes;
}
