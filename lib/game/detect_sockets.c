/*
 * detect_sockets.c - the kernel's tables of sockets, and whose they are
 *
 * Source: proc(5), /proc/net/udp and /proc/PID/fd.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/game/detect.h"

#define STATE_UNCONNECTED 7  /* UDP without a peer */
#define STATE_LISTEN      10 /* TCP */
#define STATE_ESTABLISHED 1

/* Behind `skip` more words. NULL: there are not so many. */
static const char *word(const char *p, unsigned skip)
{
	for (;; skip--) {
		p += strspn(p, " ");
		if (!*p)
			return NULL;
		if (skip == 0)
			return p;
		p += strcspn(p, " ");
	}
}

/* Of "0100007F:1F90" or 32 digits: words as they lie in memory. */
static bool is_loopback(const char *local, const char *colon)
{
	static const char zeros[] = "000000000000000000000000";
	char word[9] = "";

	if (colon - local != 8 && colon - local != 32)
		return false;
	memcpy(word, colon - 8, 8);
	uint32_t last = ntohl((uint32_t)strtoul(word, NULL, 16));
	if (colon - local == 8)
		return last >> 24 == 127;
	return last == 1 && memcmp(local, zeros, 24) == 0;
}

/* "  sl: local:port remote:port state tx:rx tr:when retr uid timeout inode ..." */
static bool parse(const char *line, struct lr_detect_socket *s, unsigned *state)
{
	const char *local = word(line, 1), *remote = word(line, 2), *st = word(line, 3),
		   *uid = word(line, 7), *inode = word(line, 9);
	const char *colon = local ? strchr(local, ':') : NULL;

	if (!inode || !colon)
		return false;
	s->port = (uint16_t)strtoul(colon + 1, NULL, 16);
	s->loopback = is_loopback(local, colon);
	colon = strchr(remote, ':');
	s->peer_port = colon ? (uint16_t)strtoul(colon + 1, NULL, 16) : 0;
	*state = (unsigned)strtoul(st, NULL, 16);
	s->uid = (uint32_t)strtoul(uid, NULL, 10);
	s->inode = (uint32_t)strtoul(inode, NULL, 10);
	return s->port != 0 && s->inode != 0;
}

struct table {
	struct lr_detect_socket *out;
	unsigned n;
	bool listening;
	enum lr_game_proto proto;
	uint8_t family;
};

static void take(struct table *t, const char *line)
{
	struct lr_detect_socket s = {.proto = t->proto, .family = t->family};
	unsigned state;

	if (t->n >= LR_DETECT_SOCKETS || !parse(line, &s, &state))
		return;
	bool wanted =
		t->proto == LR_GAME_UDP
			? !t->listening || state == STATE_UNCONNECTED
			: state == STATE_LISTEN || (!t->listening && state == STATE_ESTABLISHED);
	if (wanted)
		t->out[t->n++] = s;
}

/* Line by line through a buffer; a line that is longer than it is no line of such a table. */
static void read_table(int proc, const char *name, struct table *t)
{
	char bytes[16384];
	size_t have = 0;
	ssize_t n;
	int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && (n = read(fd, bytes + have, sizeof(bytes) - 1 - have)) > 0) {
		char *line = bytes, *end;
		have += (size_t)n;
		bytes[have] = 0;
		while ((end = strchr(line, '\n'))) {
			*end = 0;
			take(t, line);
			line = end + 1;
		}
		have -= (size_t)(line - bytes);
		memmove(bytes, line, have);
		if (have == sizeof(bytes) - 1)
			have = 0;
	}
	if (fd >= 0)
		close(fd);
}

unsigned lr_detect_sockets(int proc, bool listening, lr_detect_listeners *listeners,
	struct lr_detect_socket out[LR_DETECT_SOCKETS])
{
	static const struct {
		const char *name;
		enum lr_game_proto proto;
		uint8_t family;
	} tables[] = {{"net/udp", LR_GAME_UDP, 4}, {"net/udp6", LR_GAME_UDP, 6},
		{"net/tcp", LR_GAME_TCP, 4}, {"net/tcp6", LR_GAME_TCP, 6}};
	struct table t = {.out = out, .listening = listening};

	int told = listening && listeners ? listeners(out, LR_DETECT_SOCKETS) : -ENOTSUP;
	if (told > 0)
		t.n = (unsigned)told;
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		if (told >= 0 && tables[i].proto == LR_GAME_TCP)
			continue;
		t.proto = tables[i].proto;
		t.family = tables[i].family;
		read_table(proc, tables[i].name, &t);
	}
	return t.n;
}

static bool inode_of(int dir, const char *name, uint32_t *inode)
{
	char target[64];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n < 9 || memcmp(target, "socket:[", 8) != 0)
		return false;
	target[n] = 0;
	*inode = (uint32_t)strtoul(target + 8, NULL, 10);
	return true;
}

void lr_detect_fds(int proc, pid_t pid, bool (*each)(void *ctx, uint32_t inode), void *ctx)
{
	char path[32];
	union {
		struct dirent64 entry;
		char bytes[4096];
	} b;
	bool more = true;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/fd", (int)pid);
	int dir = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (dir >= 0 && more && (n = getdents64(dir, b.bytes, sizeof(b.bytes))) > 0)
		for (ssize_t at = 0; more && at < n;) {
			struct dirent64 *e = (struct dirent64 *)(b.bytes + at);
			uint32_t inode;
			at += e->d_reclen;
			if (e->d_name[0] != '.' && inode_of(dir, e->d_name, &inode))
				more = each(ctx, inode);
		}
	if (dir >= 0)
		close(dir);
}

ssize_t lr_detect_command(int proc, pid_t pid, char *out, size_t room, size_t *first)
{
	char path[32];

	snprintf(path, sizeof(path), "%d/cmdline", (int)pid);
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : read(fd, out, room - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return n;
	out[n] = 0;
	*first = strlen(out);
	for (ssize_t i = 0; i + 1 < n; i++)
		if (out[i] == 0)
			out[i] = ' ';
	return n;
}
