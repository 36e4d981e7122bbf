/*
 * promise.c - see promise.h
 *
 * The file is 21 bytes: twenty decimal digits and a newline, rewritten by one pwrite.
 */
#include "lib/node/promise.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/state.h"

enum { RECORD = 21 };

void lr_promise_open(struct lr_promise *p, const char *dir, const uint8_t public_key[LR_KEY_LEN])
{
	char path[PATH_MAX], hex[65], record[RECORD + 1] = "";
	*p = (struct lr_promise){.fd = -1};
	if (lr_make_dirs(dir, 0700, NULL) < 0)
		return;
	lr_key_hex(public_key, hex);
	snprintf(path, sizeof(path), "%s/sent-%.16s", dir, hex);
	p->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->fd >= 0 && pread(p->fd, record, RECORD, 0) == RECORD)
		p->unix_ns = strtoull(record, NULL, 10);
}

void lr_promise_keep(struct lr_promise *p, uint64_t unix_ns)
{
	char record[RECORD + 1];
	p->unix_ns = unix_ns;
	if (p->fd < 0)
		return;
	snprintf(record, sizeof(record), "%020" PRIu64 "\n", unix_ns);
	if (pwrite(p->fd, record, RECORD, 0) != RECORD) {
		close(p->fd);
		p->fd = -1;
	}
}

void lr_promise_close(struct lr_promise *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}
