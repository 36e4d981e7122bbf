/*
 * The control socket from both ends: a node without a device in a child process, clients here.
 */
#include "lib/node/control.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/node/client.h"
#include "lib/node/control_socket.h"
#include "t/unit/tap.h"

static char dir[] = "/tmp/lr-control-XXXXXX";

/* --- the node --- */

static uint64_t never(void *ctx)
{
	(void)ctx;
	return LR_NEVER;
}

static void settle(void *ctx, uint64_t now)
{
	(void)ctx;
	(void)now;
}

/* Runs until "down". Leaks would be the sanitizer's business: everything is released. */
static int serve(const char *iface, int ready)
{
	const struct lr_wg_host host = {0};
	const struct lr_loop_owner owner = {.deadline = never, .settle = settle};
	struct lr_node *node = calloc(1, sizeof(*node));
	uint8_t own[LR_KEY_LEN], public_key[LR_KEY_LEN];
	struct lr_err err = {0};

	snprintf(node->iface, sizeof(node->iface), "%s", iface);
	node->started_unix_ns = lr_wall();
	node->wg = lr_wg_new(&host);
	lr_keypair(own, public_key);
	lr_wg_set_key(node->wg, own);
	lr_loop_init(&node->loop);
	node->control = lr_control_open(node, &err);
	if (!node->control) {
		dprintf(ready, "%s\n", err.text);
		lr_wg_free(node->wg);
		lr_loop_release(&node->loop);
		free(node);
		return 1;
	}
	dprintf(ready, "ready\n");
	close(ready);
	lr_loop_run(&node->loop, &owner);
	lr_control_close(node->control);
	while (lr_wg_peers(node->wg))
		lr_node_peer_remove(node, lr_wg_peers(node->wg));
	lr_wg_free(node->wg);
	lr_loop_release(&node->loop);
	free(node);
	return 0;
}

/* Starts a node; what it says first goes to `said`. */
static pid_t start(const char *iface, char said[400])
{
	int ends[2];
	ssize_t n, len = 0;

	if (pipe(ends) != 0)
		abort();
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		exit(serve(iface, ends[1]));
	}
	close(ends[1]);
	while ((n = read(ends[0], said + len, (size_t)(399 - len))) > 0)
		len += n;
	close(ends[0]);
	said[len] = '\0';
	return pid;
}

static int ended(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- clients --- */

static int dial(void)
{
	char path[PATH_MAX];

	lr_control_socket_path(path, sizeof(path), "t0", NULL);
	return lr_control_socket_connect(path, 10000);
}

static bool wait_for(int fd, short events)
{
	struct pollfd p = {fd, events, 0};

	return poll(&p, 1, 10000) == 1;
}

/* Everything until the other end closes or `lines` lines have come; malloc'd. */
static char *read_lines(int fd, size_t lines, size_t *len)
{
	size_t room = 1 << 16, have = 0, seen = 0;
	char *text = malloc(room + 1);

	while (seen < lines && wait_for(fd, POLLIN)) {
		ssize_t n = recv(fd, text + have, room - have, MSG_DONTWAIT);
		if (n <= 0 && errno != EAGAIN)
			break;
		if (n <= 0)
			continue;
		for (ssize_t i = 0; i < n; i++)
			seen += text[have + (size_t)i] == '\n';
		have += (size_t)n;
		if (room - have < 4096)
			text = realloc(text, (room *= 2) + 1);
	}
	text[have] = '\0';
	*len = have;
	return text;
}

static void send_text(int fd, const char *text, size_t len)
{
	while (len && wait_for(fd, POLLOUT)) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			return;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

static json_t *ask(const char *text, struct lr_err *err)
{
	struct lr_client *c = lr_client_open("t0", err);
	json_t *request = lr_json_parse(text, strlen(text), err);
	json_t *answer = c ? lr_client_ask(c, request, err) : NULL;

	lr_client_close(c);
	return answer;
}

static void set_peers(unsigned n)
{
	struct lr_client *c = lr_client_open("t0", NULL);
	unsigned good = 0;

	for (unsigned i = 0; i < n; i++) {
		uint8_t key[LR_KEY_LEN] = {1, (uint8_t)i, (uint8_t)(i >> 8)};
		char text[LR_KEY_TEXT], address[LR_ADDR_TEXT];
		json_t *request = lr_client_request("peer-set"), *peer = json_object();
		struct lr_ip ip = lr_ip4(0x0a420000u + i + 1);
		lr_json_put_str(peer, "public_key", lr_key_text(key, text));
		lr_json_put_str(peer, "address", lr_ip_text(&ip, address));
		lr_json_put(request, "peer", peer);
		json_t *answer = lr_client_ask(c, request, NULL);
		good += answer != NULL;
		json_decref(answer);
	}
	lr_client_close(c);
	is_int(good, n, "peers are set over one connection");
}

/* --- cases --- */

static void requests(pid_t pid)
{
	struct lr_err err = {0};
	json_t *answer = ask("{\"do\":\"hello\"}", &err);

	is_int(json_integer_value(json_object_get(answer, "pid")), pid, "hello tells the pid");
	ok(!json_object_get(answer, "ok"), "the client takes \"ok\" away");
	json_decref(answer);
	ok(!ask("{\"do\":\"fly\"}", &err) && err.exit == LR_EXIT_USAGE, "an unknown verb");
	is_str(err.text, "fly: no such request", "is named");
	is_int(lr_client_pid("t0"), pid, "lr_client_pid()");
	ok(!lr_client_open("t1", &err) && err.exit == LR_EXIT_UNREACHABLE, "another name: no node");
}

static void many_requests_at_once(void)
{
	static const char line[] = "{\"do\":\"peers\"}\n";
	enum { N = 300 };
	int fd = dial();
	size_t len;

	/* All before a byte is read: answers of 300 times 200 peers fit no socket's buffer, so
	 * this blocks unless sending and reading take turns; a child sends. */
	fflush(stdout);
	pid_t sender = fork();
	if (sender == 0) {
		for (unsigned i = 0; i < N; i++)
			send_text(fd, line, sizeof(line) - 1);
		_exit(0);
	}
	char *text = read_lines(fd, N, &len);
	unsigned good = 0;
	for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
		json_t *v = json_loadb(at, (size_t)(end - at), 0, NULL);
		good += json_array_size(json_object_get(v, "peers")) == 200;
		json_decref(v);
	}
	ok(good == N && len > 1 << 20, "300 requests in one go: 300 whole answers, %zu bytes", len);
	waitpid(sender, NULL, 0);
	free(text);
	close(fd);
}

static void half_closed(void)
{
	static const char lines[] = "{\"do\":\"hello\"}\n{\"do\":\"hello\"}\n{\"do\":\"hello\"}\n";
	int fd = dial();
	size_t len;
	unsigned n = 0;

	send_text(fd, lines, sizeof(lines) - 1);
	shutdown(fd, SHUT_WR);
	char *text = read_lines(fd, 9, &len);
	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	is_int(n, 3, "what was asked before the end of the requests is answered");
	free(text);
	close(fd);
}

static void too_long(void)
{
	size_t len = LR_JSON_LINE_MAX + 100000;
	char *text = malloc(len);
	int fd = dial();

	memset(text, ' ', len);
	send_text(fd, text, len);
	free(text);
	text = read_lines(fd, 9, &len);
	is_str(text,
		"{\"ok\":false,\"exit\":2,\"error\":\"a request has at most 1048576 bytes\"}\n",
		"a line without end: one error, then the connection's end");
	free(text);
	close(fd);
}

static void rubbish(void)
{
	uint8_t bytes[4000];
	uint64_t seed = 88172645463325252ull; /* xorshift64: the same rubbish each time */

	for (unsigned round = 0; round < 200; round++) {
		int fd = dial();
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			bytes[i] = round % 2 ? (uint8_t)seed
					     : (uint8_t) "{}[]\":,do\npeer-set"[seed % 18];
		}
		send_text(fd, (char *)bytes, sizeof(bytes));
		close(fd);
	}
	json_t *answer = ask("{\"do\":\"hello\"}", NULL);
	ok(answer != NULL, "200 clients send rubbish and go: the node goes on");
	json_decref(answer);
}

static bool hung_up(int fd)
{
	struct pollfd p = {fd, 0, 0};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);
}

/* One that reads and one that does not watch the same 3,000 events. */
static void watchers(void)
{
	enum { ROUNDS = 1500 };
	struct lr_err err = {0};
	int deaf = dial();
	struct lr_client *good = lr_client_open("t0", &err), *c = lr_client_open("t0", &err);
	json_t *answer = lr_client_ask(good, lr_client_request("watch"), &err);
	unsigned added = 0, removed = 0;
	bool early = false;

	ok(answer != NULL, "watch is answered");
	json_decref(answer);
	answer = lr_client_next(good, &err);
	is_str(json_string_value(json_object_get(answer, "event")), "watching", "its first event");
	json_decref(answer);
	send_text(deaf, "{\"do\":\"watch\"}\n", 15);
	for (unsigned i = 0; i < ROUNDS; i++) {
		static const char peer[] = "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
		json_t *set = lr_client_request("peer-set"),
		       *drop = lr_client_request("peer-remove");
		lr_json_put(set, "peer", json_pack("{s:s}", "public_key", peer));
		lr_json_put_str(drop, "peer", peer);
		json_decref(lr_client_ask(c, set, &err));
		json_decref(lr_client_ask(c, drop, &err));
		if (i == 500) /* 1,000 events of 150 bytes */
			early = !hung_up(deaf);
		for (unsigned k = 0; k < 2; k++) {
			json_t *event = lr_client_next(good, &err);
			const char *name = json_string_value(json_object_get(event, "event"));
			added += name && strcmp(name, "peer-added") == 0;
			removed += name && strcmp(name, "peer-removed") == 0;
			json_decref(event);
		}
	}
	ok(added == ROUNDS && removed == ROUNDS, "who reads gets every event (%u, %u)", added,
		removed);
	ok(early && hung_up(deaf), "who does not is dropped, but not before 256 KiB wait");
	close(deaf);
	lr_client_close(good);
	lr_client_close(c);
}

static void too_many_clients(void)
{
	int fds[80];
	unsigned refused = 0;
	size_t len;

	for (unsigned i = 0; i < 80; i++) {
		fds[i] = dial();
		send_text(fds[i], "{\"do\":\"hello\"}\n", 15);
	}
	for (unsigned i = 0; i < 80; i++) {
		char *text = read_lines(fds[i], 1, &len);
		refused += strstr(text, "too many clients") != NULL;
		free(text);
	}
	is_int(refused, 16, "64 clients are served, the rest is told");
	for (unsigned i = 0; i < 80; i++)
		close(fds[i]);
	json_t *answer = NULL;
	for (unsigned i = 0; i < 1000 && !answer; i++)
		answer = ask("{\"do\":\"hello\"}", NULL);
	ok(answer != NULL, "when they have gone, there is room again");
	json_decref(answer);
}

static void second_node(pid_t first)
{
	char said[400], want[100];
	struct stat st;
	char path[PATH_MAX];

	snprintf(want, sizeof(want), "t0: a node runs already (pid %d)\n", (int)first);
	is_int(ended(start("t0", said)), 1, "a second node of the same name does not start");
	is_str(said, want, "and says why");
	lr_control_socket_path(path, sizeof(path), "t0", NULL);
	ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "the socket stays, mode 0600");
}

static void list(void)
{
	struct lr_client_node *nodes;
	struct lr_err err = {0};
	char said[400], ifname[IFNAMSIZ], path[PATH_MAX];
	pid_t other = start("a9", said);

	lr_control_socket_path(path, sizeof(path), "a9", NULL);
	is_int(lr_client_list(&nodes, &err), 2, "two nodes");
	ok(nodes && strcmp(nodes[0].iface, "a9") == 0 && strcmp(nodes[1].iface, "t0") == 0,
		"by name");
	free(nodes);
	ok(!lr_client_open(NULL, &err) && err.exit == LR_EXIT_USAGE, "which?");
	is_str(err.text, "2 nodes run (a9, t0): say which with --iface", "they are listed");
	is_int(kill(other, SIGKILL), 0, "one is killed");
	ended(other);
	is_int(access(path, F_OK), 0, "its socket stays");
	is_int(lr_client_list(&nodes, &err), 1, "and counts no more");
	free(nodes);
	other = start("a9", said);
	is_str(said, "ready\n", "a stale socket is replaced");
	is_int(lr_client_down("a9", ifname, &err), 0, "down");
	is_str(ifname, "a9", "down tells which");
	is_int(ended(other), 0, "it has ended");
	is_int(access(path, F_OK), -1, "and left no socket");
}

int main(void)
{
	struct lr_err err = {0};
	char said[400];

	lr_crypto_init();
	if (!mkdtemp(dir))
		abort();
	setenv("LR_RUN_DIR", dir, 1);
	pid_t node = start("t0", said);
	is_str(said, "ready\n", "a node listens");
	requests(node);
	set_peers(200);
	many_requests_at_once();
	half_closed();
	too_long();
	rubbish();
	watchers();
	too_many_clients();
	second_node(node);
	list();
	is_int(lr_client_down(NULL, NULL, &err), 0, "down, the only one");
	is_int(ended(node), 0, "the node ended well");
	ok(rmdir(dir) == 0, "nothing is left");
	return tap_done();
}
