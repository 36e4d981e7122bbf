/*
 * host_moved.c - see host_moved.h
 */
#include "lib/node/host_moved.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/base/state.h"

enum { PORT_TEXT = 8 };

static void path_of(const char *folder, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.*s/moved", PATH_MAX - 8, folder);
}

int lr_host_moved_write(const char *folder, uint16_t port, struct lr_err *err)
{
	char path[PATH_MAX], text[PORT_TEXT];

	path_of(folder, path);
	int len = snprintf(text, sizeof(text), "%u\n", port);
	return lr_replace_file(path, text, (size_t)len, 0600, err);
}

int lr_host_moved_port(const char *folder)
{
	char path[PATH_MAX];
	struct stat st;
	size_t len;

	path_of(folder, path);
	char *text = stat(path, &st) == 0 ? lr_read_file(path, PORT_TEXT, &len, NULL) : NULL;
	long port = text ? strtol(text, NULL, 10) : 0;
	free(text);
	if (port < 1 || port > UINT16_MAX)
		return 0;
	return time(NULL) - st.st_mtime > LR_HOST_MOVED_DAYS * 86400l ? -ETIME : (int)port;
}
