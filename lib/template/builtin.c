#include "base/embedded.h"
#include "base/text.h"
#include "template/template.h"

bool template_builtin(const char *name, struct bytes *out)
{
	size_t size = strlen(name);
	for (const struct embedded_file *file = template_files; file->name; file++)
		if (strncmp(file->name, name, size) == 0 && (file->name[size] == '\0' || strcmp(file->name + size, ".mustache") == 0)) {
			*out = (struct bytes){ file->data, file->size };
			return true;
		}
	return false;
}

const char *template_builtin_name(size_t i)
{
	return template_files[i].name;
}
