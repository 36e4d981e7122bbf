/*
 * node_helper.c - answers of the helper program: bodies in lines and as files, streams, its death
 *
 * This program is its own helper: started as `lr-meet serve -` it answers what `do` asks it for.
 */
#include "lib/node/helper.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/io/base64.h"
#include "t/unit/tap.h"
#include "terms.h"

/* ------------------------------------------------------------------ the helper */

static void answer(json_t *o, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	char *text = lr_json_text(o);
	struct iovec part = {text, strlen(text) + 1};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};

	text[part.iov_len - 1] = '\n';
	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.room);
	}
	if (sendmsg(STDOUT_FILENO, &msg, 0) < 0)
		exit(1);
	free(text);
	json_decref(o);
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

static uint8_t *pattern(size_t len)
{
	uint8_t *p = malloc(len + 1);

	for (size_t i = 0; p && i < len; i++)
		p[i] = byte_at(i);
	return p;
}

static int file_of(size_t len)
{
	int fd = memfd_create("body", MFD_CLOEXEC);
	uint8_t *bytes = pattern(len);

	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, bytes + at, len - at);
		if (n <= 0)
			exit(1);
		at += (size_t)n;
	}
	free(bytes);
	return fd;
}

static int stream_of(const char *greeting)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
		write(ends[0], greeting, strlen(greeting)) < 0)
		exit(1);
	close(ends[0]);
	return ends[1];
}

static void serve(const json_t *ask)
{
	const char *verb = json_string_value(json_object_get(ask, LR_K_DO));
	json_int_t size = json_integer_value(json_object_get(ask, LR_K_SIZE));
	json_t *o = json_object();
	int fd = -1;

	lr_json_put(o, LR_K_ID, json_incref(json_object_get(ask, LR_K_ID)));
	if (strcmp(verb, "die") == 0)
		exit(0);
	if (strcmp(verb, "http") == 0) {
		size = atoll(json_string_value(json_object_get(ask, LR_K_URL)));
		lr_json_put_int(o, LR_K_STATUS, 200);
		lr_json_put(o, LR_K_HEADERS, json_object());
	}
	if (strcmp(verb, "http") == 0 && size < 1000) {
		uint8_t *bytes = pattern((size_t)size);
		char *text = lr_base64(bytes, (size_t)size);
		lr_json_put_str(o, LR_K_BODY, text);
		free(text);
		free(bytes);
	} else if (strcmp(verb, "http") == 0) {
		fd = file_of((size_t)size);
	} else {
		fd = stream_of(verb);
	}
	if (fd >= 0)
		lr_json_put_bool(o, LR_K_FD, true);
	answer(o, fd);
	if (fd >= 0)
		close(fd);
}

static int be_helper(void)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		json_t *ask = lr_json_parse(line, strlen(line), NULL);
		serve(ask);
		json_decref(ask);
	}
	free(line);
	return 0;
}

/* ------------------------------------------------------------------ the node */

static struct lr_loop loop;
static struct lr_helper helper;

struct got {
	unsigned calls, status;
	size_t len;
	bool right, error;
	char greeting[16];
};

static void done(void *ctx, const struct lr_helper_answer *a)
{
	struct got *g = ctx;

	g->calls++;
	g->status = a->status;
	g->len = a->len;
	g->error = a->error != NULL;
	g->right = a->status != 0;
	for (size_t i = 0; i < a->len; i++)
		g->right &= a->body[i] == byte_at(i);
	if (!a->fd || *a->fd < 0 || a->status)
		return;
	ssize_t n = read(*a->fd, g->greeting, sizeof(g->greeting) - 1);
	g->right = n > 0;
	close(*a->fd);
	*a->fd = -1;
}

static void wait_for(const struct got *g)
{
	uint64_t end = lr_now() + 20 * LR_NS_PER_S;

	while (!g->calls && lr_now() < end)
		lr_helper_wait(&helper, end);
}

static int get(const char *size, struct got *g)
{
	const struct lr_helper_http h = {.method = "GET", .url = size};

	return lr_helper_http(&helper, &h, done, g);
}

static int ask(const char *verb, struct got *g)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_DO, verb);
	return lr_helper_ask(&helper, o, done, g);
}

static unsigned open_files(void)
{
	unsigned n = 0;
	DIR *d = opendir("/proc/self/fd");

	while (d && readdir(d))
		n++;
	closedir(d);
	return n;
}

static void bodies(void)
{
	static const char *const sizes[] = {"0", "999", "1000", "384000", "1500000", "4194304"};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct got g = {0};
		is_int(get(sizes[i], &g), 0, "asked");
		wait_for(&g);
		ok(g.calls == 1 && g.status == 200 && g.len == (size_t)atoll(sizes[i]) && g.right,
			"a body of %s bytes", sizes[i]);
	}
	struct got g = {0};
	get("8388609", &g);
	wait_for(&g);
	ok(g.calls == 1 && g.status == 0 && g.error, "one that is too long is an error");
}

static void streams(void)
{
	struct got a = {0}, b = {0}, c = {0}, left = {0};
	unsigned before;

	ask("first", &a);
	wait_for(&a);
	is_str(a.greeting, "first", "a stream");
	before = open_files();
	ask("second", &b);
	get("2000", &c);
	ask("forgotten", &left);
	lr_helper_forget(&helper, &left);
	struct got d = {0};
	ask("last", &d);
	wait_for(&d);
	is_str(b.greeting, "second", "each descriptor goes to its own request");
	ok(c.status == 200 && c.right && c.len == 2000, "also when a file comes between");
	is_str(d.greeting, "last", "and behind one that nobody waits for");
	is_int(left.calls, 0, "which is not told");
	is_int(open_files(), before, "its descriptor is closed");
}

static void death(void)
{
	struct got a = {0}, b = {0}, c = {0};
	unsigned before = open_files();

	ask("die", &a);
	get("10", &b);
	wait_for(&b);
	ok(a.calls == 1 && a.error && b.calls == 1 && b.error && b.status == 0,
		"it ends: all that was asked gets an error");
	is_int(open_files(), before - 1, "its socket is closed");
	is_int(get("10", &c), -EAGAIN, "it is started again later");
	loop.now = helper.due_ns;
	lr_helper_run(&helper, loop.now);
	is_int(get("10", &c), 0, "then it can be asked");
	wait_for(&c);
	ok(c.status == 200 && c.right, "and answers");
}

int main(int argc, char **argv)
{
	char path[PATH_MAX] = "";

	if (argc > 1 && strcmp(argv[1], "serve") == 0)
		return be_helper();
	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0 || lr_loop_init(&loop) < 0)
		return 1;
	loop.now = lr_now();
	lr_helper_init(&helper, &loop, "lr0", path, NULL);
	bodies();
	streams();
	death();
	lr_helper_release(&helper);
	lr_loop_release(&loop);
	return tap_done();
}
