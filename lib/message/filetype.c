#include "message/filetype.h"
#include "base/text.h"

static bool starts(struct bytes content, size_t at, const char *what, size_t size)
{
	return content.size >= at + size && memcmp(content.data + at, what, size) == 0;
}

static unsigned big(struct bytes content, size_t at, size_t n)
{
	unsigned value = 0;
	for (size_t i = 0; i < n && at + i < content.size; i++)
		value = value << 8 | (unsigned char)content.data[at + i];
	return value;
}

/* The frame header among a JPEG's segments (ITU T.81, B.1.1.2): SOF0 to SOF15 but for DHT, JPG and DAC. */
static struct filetype jpeg(struct bytes content)
{
	struct filetype found = { "image/jpeg", 0, 0, true };
	size_t at = 2;
	while (at + 9 < content.size && (unsigned char)content.data[at] == 0xff) {
		unsigned marker = (unsigned char)content.data[at + 1];
		if (marker == 0xff) {
			at++;
			continue;
		}
		if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
			found.height = big(content, at + 5, 2);
			found.width = big(content, at + 7, 2);
			break;
		}
		at += 2 + big(content, at + 2, 2);
	}
	return found;
}

static bool is_text(struct bytes content)
{
	for (size_t i = 0; i < content.size; i++)
		if ((unsigned char)content.data[i] < 0x20 && !strchr("\t\n\r\f", content.data[i]))
			return false;
	return text_is_utf8(content);
}

struct filetype filetype_of(struct bytes content)
{
	static const struct {
		size_t at;
		const char *bytes;
		size_t size;
		const char *type;
	} kinds[] = {
		{ 0, "%PDF-", 5, "application/pdf" },
		{ 30, "mimetypeapplication/epub+zip", 28, "application/epub+zip" },
		{ 0, "PK\x03\x04", 4, "application/zip" },
		{ 0, "\x1f\x8b", 2, "application/gzip" },
		{ 0, "ID3", 3, "audio/mpeg" },
		{ 0, "OggS", 4, "audio/ogg" },
		{ 4, "ftyp", 4, "video/mp4" },
		{ 0, "BEGIN:VCALENDAR", 15, "text/calendar" },
		{ 0, "BEGIN:VCARD", 11, "text/vcard" },
	};
	if (starts(content, 0, "\x89PNG\r\n\x1a\n", 8) && starts(content, 12, "IHDR", 4))
		return (struct filetype){ "image/png", big(content, 16, 4), big(content, 20, 4), true };
	if (starts(content, 0, "\xff\xd8\xff", 3))
		return jpeg(content);
	if ((starts(content, 0, "GIF87a", 6) || starts(content, 0, "GIF89a", 6)) && content.size > 9)
		return (struct filetype){ "image/gif", (unsigned char)content.data[6] | (unsigned)(unsigned char)content.data[7] << 8,
			                  (unsigned char)content.data[8] | (unsigned)(unsigned char)content.data[9] << 8, true };
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (starts(content, kinds[i].at, kinds[i].bytes, kinds[i].size))
			return (struct filetype){ .type = kinds[i].type };
	return (struct filetype){ .type = content.size > 0 && is_text(content) ? "text/plain" : "application/octet-stream" };
}

int filetype_check_name(const char *path, const char **name, struct error *err)
{
	static const char *const refused[] = { ".ade", ".adp", ".apk", ".appx", ".bat", ".cab", ".chm",  ".cmd", ".com",
		                               ".cpl", ".dll", ".dmg", ".exe",  ".hta", ".htm", ".html", ".ins", ".iso",
		                               ".jar", ".js",  ".jse", ".lib",  ".lnk", ".mde", ".msc",  ".msi", ".msp",
		                               ".mst", ".nsh", ".pif", ".ps1",  ".scr", ".sct", ".shb",  ".svg", ".sys",
		                               ".vb",  ".vbe", ".vbs", ".vhd",  ".vxd", ".wsc", ".wsf",  ".wsh", ".xll" };
	const char *slash = strrchr(path, '/');
	*name = slash ? slash + 1 : path;
	struct bytes text = bytes_text(*name);
	if (text.size == 0 || text.size > 150 || !text_is_utf8(text) || text_has_control(text))
		return error_set(err, ERROR_INPUT, "%.200s: the name of an attachment is one line of 1 to 150 bytes", path);
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		size_t size = strlen(refused[i]);
		if (text.size >= size && text_equal_nocase(*name + text.size - size, refused[i]))
			return error_set(err, ERROR_INPUT,
			                 "%.200s: mailbox providers refuse mail with %s files: put it on the web and link to it", *name,
			                 refused[i]);
	}
	return 0;
}
