/*
 * identity.c - see identity.h
 */
#include "lib/node/identity.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/state.h"

enum { KEY_FILE_MAX = 4096 };

/* 1: read; 0: there is none; -1 with `err`. */
static int read_key(const char *path, uint8_t key[LR_KEY_LEN], struct lr_err *err)
{
	size_t len;
	char *text = lr_read_file(path, KEY_FILE_MAX, &len, err);
	if (!text)
		return errno == ENOENT ? 0 : -1;
	size_t end = strcspn(text, "\r\n");
	int r = 1;
	if (strlen(text) != len || text[end + strspn(text + end, "\r\n")] != '\0')
		r = -1;
	text[end] = '\0';
	if (r > 0 && lr_key_parse(text, key) < 0)
		r = -1;
	if (r < 0)
		lr_err_set(err, LR_EXIT_FAILED,
			"%s: is damaged: not a key as wg genkey writes it (it is left alone: put "
			"the right one "
			"back, or move it away for a new identity)",
			path);
	lr_wipe(text, len);
	free(text);
	return r;
}

static int make_key(const char *dir, const char *path, struct lr_err *err)
{
	uint8_t secret[LR_KEY_LEN], public_key[LR_KEY_LEN];
	char line[LR_KEY_TEXT + 1];
	int r = lr_make_dirs(dir, 0700, err);
	if (r < 0)
		return -1;
	lr_keypair(secret, public_key);
	lr_key_text(secret, line);
	line[LR_KEY_TEXT - 1] = '\n';
	line[LR_KEY_TEXT] = '\0';
	r = lr_create_file(path, line, strlen(line), 0600, err);
	lr_wipe(secret, sizeof(secret));
	lr_wipe(line, sizeof(line));
	return r < 0 ? -1 : 0;
}

int lr_identity_load(uint8_t private_key[LR_KEY_LEN], bool make, struct lr_err *err)
{
	char dir[PATH_MAX - 16], path[PATH_MAX];
	if (lr_state_dir(dir, sizeof(dir), err) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/identity.key", dir);
	int r = read_key(path, private_key, err);
	if (r == 0 && make) {
		if (make_key(dir, path, err) < 0)
			return -1;
		r = read_key(path, private_key, err);
	}
	if (r == 0)
		return lr_err_set(err, LR_EXIT_FAILED,
			"%s: there is no identity yet (lr-up makes it at its first start)", path);
	return r < 0 ? -1 : 0;
}
