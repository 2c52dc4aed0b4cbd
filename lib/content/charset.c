#include "base/text.h"
#include "content/guess.h"
#include "content/html.h"
#include <iconv.h>
#include <strings.h>

enum { LOOK_BYTES = 1024, BAD_FEW = 4 };

/* The names that pages use, as the WHATWG reads them: a label is often wrong by a superset. */
static const char *real_name(const char *label)
{
	static const struct {
		const char *label, *name;
	} names[] = { { "iso-8859-1", "WINDOWS-1252" },
		      { "iso8859-1", "WINDOWS-1252" },
		      { "iso_8859-1", "WINDOWS-1252" },
		      { "latin1", "WINDOWS-1252" },
		      { "latin-1", "WINDOWS-1252" },
		      { "l1", "WINDOWS-1252" },
		      { "us-ascii", "WINDOWS-1252" },
		      { "ascii", "WINDOWS-1252" },
		      { "x-cp1252", "WINDOWS-1252" },
		      { "iso-8859-9", "WINDOWS-1254" },
		      { "latin5", "WINDOWS-1254" },
		      { "iso-8859-11", "CP874" },
		      { "tis-620", "CP874" },
		      { "windows-874", "CP874" },
		      { "iso-8859-8-i", "ISO-8859-8" },
		      { "logical", "ISO-8859-8" },
		      { "x-cp1250", "WINDOWS-1250" },
		      { "x-cp1251", "WINDOWS-1251" },
		      { "win-1251", "WINDOWS-1251" },
		      { "koi", "KOI8-R" },
		      { "koi8", "KOI8-R" },
		      { "koi8-ru", "KOI8-U" },
		      { "x-mac-cyrillic", "MAC-CYRILLIC" },
		      { "x-mac-roman", "MACINTOSH" },
		      { "gb2312", "GB18030" },
		      { "gb_2312-80", "GB18030" },
		      { "x-gbk", "GB18030" },
		      { "gbk", "GB18030" },
		      { "chinese", "GB18030" },
		      { "big5", "BIG5-HKSCS" },
		      { "cn-big5", "BIG5-HKSCS" },
		      { "x-x-big5", "BIG5-HKSCS" },
		      { "shift_jis", "CP932" },
		      { "shift-jis", "CP932" },
		      { "sjis", "CP932" },
		      { "x-sjis", "CP932" },
		      { "ms_kanji", "CP932" },
		      { "windows-31j", "CP932" },
		      { "x-euc-jp", "EUC-JP" },
		      { "euc-kr", "CP949" },
		      { "ks_c_5601-1987", "CP949" },
		      { "ks_c_5601-1989", "CP949" },
		      { "ksc5601", "CP949" },
		      { "korean", "CP949" },
		      { "windows-949", "CP949" },
		      { "utf_8", "UTF-8" },
		      { "utf8mb4", "UTF-8" },
		      { "unicode-1-1-utf-8", "UTF-8" } };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcasecmp(label, names[i].label) == 0)
			return names[i].name;
	return label;
}

/* The word behind "charset=" or "encoding=". */
static bool label_after(struct bytes text, const char *key, char out[64])
{
	for (size_t i = 0; i + strlen(key) < text.size; i++) {
		if (strncasecmp(text.data + i, key, strlen(key)) != 0)
			continue;
		size_t at = i + strlen(key);
		while (at < text.size && strchr(" \"'", text.data[at]))
			at++;
		size_t n = 0;
		while (at + n < text.size && n < 63 && !strchr(" \"';>?/", text.data[at + n]))
			n++;
		memcpy(out, text.data + at, n);
		out[n] = '\0';
		return n > 0;
	}
	return false;
}

/* Strict: a wrong label fails, and the next candidate is tried. */
static bool convert(struct bytes data, const char *label, struct buffer *out)
{
	const char *name = real_name(label);
	if (strcasecmp(name, "utf-8") == 0 || strcasecmp(name, "utf8") == 0) {
		if (!text_is_utf8(data))
			return false;
		buffer_add_bytes(out, data);
		return true;
	}
	iconv_t converter = iconv_open("UTF-8", name);
	if (converter == (iconv_t)-1)
		return false;
	char *from = (char *)data.data;
	size_t left = data.size;
	bool good = true;
	buffer_reset(out);
	while (left > 0 && good) {
		char chunk[8192];
		char *to = chunk;
		size_t room = sizeof chunk;
		size_t before = left;
		iconv(converter, &from, &left, &to, &room);
		buffer_add(out, chunk, sizeof chunk - room);
		good = left < before && !out->failed;
	}
	iconv_close(converter);
	if (!good)
		buffer_reset(out);
	return good;
}

static bool is_wide(const char *label)
{
	static const char *const starts[] = { "utf-16", "utf16", "utf-32", "utf32", "ucs-", "iso-10646", "unicode" };
	bool wide = false;
	for (size_t i = 0; i < COUNT_OF(starts) && strcasecmp(real_name(label), "UTF-8") != 0; i++)
		wide = wide || strncasecmp(label, starts[i], strlen(starts[i])) == 0;
	return wide;
}

void html_to_utf8(struct bytes data, const char *content_type, struct buffer *out)
{
	char label[64];
	struct bytes head = { data.data, data.size < LOOK_BYTES ? data.size : LOOK_BYTES };
	if (data.size >= 3 && memcmp(data.data, "\xef\xbb\xbf", 3) == 0) {
		text_mend_utf8((struct bytes){ data.data + 3, data.size - 3 }, out);
		return;
	}
	if (data.size >= 4 && (memcmp(data.data, "\xff\xfe\0\0", 4) == 0 || memcmp(data.data, "\0\0\xfe\xff", 4) == 0) &&
	    convert(data, "UTF-32", out))
		return;
	if (data.size >= 2 && (memcmp(data.data, "\xff\xfe", 2) == 0 || memcmp(data.data, "\xfe\xff", 2) == 0) &&
	    convert(data, "UTF-16", out))
		return;
	/* Markup in UTF-16 without its mark shows by where the zeros stand. */
	if (data.size >= 4 && data.data[0] == '<' && !data.data[1] && convert(data, "UTF-16LE", out))
		return;
	if (data.size >= 4 && !data.data[0] && data.data[1] == '<' && convert(data, "UTF-16BE", out))
		return;
	if (content_type && label_after(bytes_text(content_type), "charset=", label) && convert(data, label, out))
		return;
	/* A label that could be read is in no encoding of two bytes a letter, whatever it says. */
	if ((label_after(head, "encoding=", label) || label_after(head, "charset=", label)) && !is_wide(label) && convert(data, label, out))
		return;
	if (convert(data, "utf-8", out))
		return;
	/* A few bad bytes in what is UTF-8 otherwise are mended, also where the text says that it is UTF-8 and has hardly a byte above
	 * ASCII; else it is windows-1252, which every byte can be. */
	size_t bad = 0;
	size_t good = 0;
	for (size_t i = 0; i < data.size;) {
		uint32_t c = 0;
		size_t n = text_decode(data.data + i, data.size - i, &c);
		bad += n == 0;
		good += n > 1;
		i += n ? n : 1;
	}
	if (good < bad && !(good > 0 && bad <= BAD_FEW) && convert(data, guess_charset(data), out))
		return;
	buffer_reset(out);
	text_mend_utf8(data, out);
}

const char *html_unknown_charset(struct bytes data, const char *content_type, struct arena *arena)
{
	char label[64];
	struct bytes head = { data.data, data.size < LOOK_BYTES ? data.size : LOOK_BYTES };
	if (!(content_type && label_after(bytes_text(content_type), "charset=", label)) && !label_after(head, "encoding=", label) &&
	    !label_after(head, "charset=", label))
		return NULL;
	iconv_t converter = iconv_open("UTF-8", real_name(label));
	bool known = converter != (iconv_t)-1;
	if (known)
		iconv_close(converter);
	return known || is_wide(label) || text_is_utf8(data) ? NULL : html_line(bytes_text(label), arena);
}
