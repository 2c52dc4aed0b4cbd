#include "content/guess.h"
#include "base/text.h"
#include <iconv.h>

enum { LOOK_BYTES = 32 << 10, LEAST_HIGH = 12 };

uint32_t guess_windows(uint32_t code_point)
{
	static const uint16_t letters[32] = { 0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
		                              0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
		                              0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178 };
	return code_point >= 0x80 && code_point < 0xa0 ? letters[code_point - 0x80] : code_point;
}

/* How the bytes above ASCII stand: in Western languages alone among others, elsewhere in whole words. */
struct shape {
	size_t high;  /* bytes above ASCII */
	size_t runs;  /* of such bytes */
	size_t upper; /* 0xc0 to 0xdf */
	size_t lower; /* 0xe0 to 0xff */
};

static struct shape shape_of(struct bytes data)
{
	struct shape shape = { 0 };
	for (size_t i = 0; i < data.size; i++) {
		unsigned char c = (unsigned char)data.data[i];
		if (c < 0x80)
			continue;
		shape.high++;
		shape.runs += i == 0 || (unsigned char)data.data[i - 1] < 0x80;
		shape.upper += c >= 0xc0 && c < 0xe0;
		shape.lower += c >= 0xe0;
	}
	return shape;
}

/* What share of the letters above ASCII falls into [from, to], in percent; -1: the bytes are no text in this encoding. */
static int share_of(struct bytes data, const char *name, uint32_t from, uint32_t to)
{
	iconv_t converter = iconv_open("UTF-8", name);
	if (converter == (iconv_t)-1)
		return -1;
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(4 * LOOK_BYTES);
	char *at = (char *)data.data;
	size_t left = data.size;
	size_t room = 4 * (size_t)LOOK_BYTES;
	char *to_text = buffer_reserve(&text, room);
	char *out = to_text;
	if (out)
		iconv(converter, &at, &left, &out, &room);
	iconv_close(converter);
	/* The end may be cut within a letter. */
	if (!out || left > 3)
		return -1;
	size_t all = 0;
	size_t within = 0;
	size_t size = (size_t)(out - to_text);
	for (size_t i = 0; i < size;) {
		uint32_t c = 0;
		size_t n = text_decode(to_text + i, size - i, &c);
		all += c >= 0x80;
		within += c >= from && c <= to;
		i += n ? n : 1;
	}
	return all ? (int)(within * 100 / all) : -1;
}

const char *guess_charset(struct bytes data)
{
	struct bytes look = { data.data, data.size < LOOK_BYTES ? data.size : LOOK_BYTES };
	struct shape shape = shape_of(look);
	if (shape.high < LEAST_HIGH || shape.high < 2 * shape.runs)
		return "WINDOWS-1252";
	/* A byte a letter: nearly all are letters of one alphabet, and most are small ones. */
	if ((shape.upper + shape.lower) * 10 >= shape.high * 9 && shape.high >= 3 * shape.runs)
		return shape.lower >= shape.upper ? "WINDOWS-1251" : "KOI8-R";
	/* Kana and Hangul are written in nearly every line; what is none of them may be Chinese. */
	if (share_of(look, "CP932", 0x3040, 0x30ff) >= 25)
		return "CP932";
	if (share_of(look, "EUC-JP", 0x3040, 0x30ff) >= 25)
		return "EUC-JP";
	if (share_of(look, "CP949", 0xac00, 0xd7a3) >= 85)
		return "CP949";
	return share_of(look, "GB18030", 0x4e00, 0x9fff) >= 70 ? "GB18030" : "WINDOWS-1252";
}
