/*
 * relay_load.h - a relay under load: started, filled with parties, its members bound
 *
 * Its state lies in memory: the disk's fsync would be most of a join's time, differ from one to the
 * next by more than what is looked for, and is the same for all.
 */
#ifndef LR_T_BENCH_RELAY_LOAD_H
#define LR_T_BENCH_RELAY_LOAD_H

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/relay/frame.h"
#include "t/tools/relayparty.h"

#define PORT 13478

static pid_t relay_pid;
static char relay_dir[] = "/dev/shm/lanrage-relay-bench.XXXXXX";

static void pin(int core)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	(void)!sched_setaffinity(0, sizeof(set), &set);
}

static struct lr_endpoint place(uint16_t port)
{
	struct lr_endpoint e = {.in = {.sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	return e;
}

static int connected(int type, uint16_t port)
{
	struct lr_endpoint e = place(port);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, &e.sa, sizeof(e.in)) < 0)
		stop("connect");
	return fd;
}

/* lr-relay on `core`, its limits out of the way. Returns when it listens. */
__attribute__((unused)) static void relay_start(int core)
{
	int ready[2];
	char byte;
	if (!mkdtemp(relay_dir) || pipe(ready) < 0)
		stop("relay");
	relay_pid = fork();
	if (relay_pid == 0) {
		int null = open("/dev/null", O_RDWR);
		pin(core);
		setenv("LR_STATE_DIR", relay_dir, 1);
		dup2(null, 0);
		dup2(null, 1);
		dup2(ready[1], 9);
		execlp("lr-relay", "lr-relay", "--listen", ":13478", "--ready-fd", "9", "--checks",
			"1000000", "--new-parties", "1000000", "--source-pps", "0", "--source-rate",
			"0", "--party-pps", "0", "--party-rate", "0", "--max-per-network", "100000",
			"--max-connections", "100000", NULL);
		stop("lr-relay");
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		stop("lr-relay does not listen");
	close(ready[0]);
}

__attribute__((unused)) static void relay_stop(void)
{
	char command[200];
	kill(relay_pid, SIGTERM);
	waitpid(relay_pid, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", relay_dir);
	(void)!system(command);
}

/* One request over a connection that stays; the status. */
static int http_put(int fd, const char *path, const uint8_t *body, size_t len)
{
	static char buf[1 << 20];
	size_t have = 0, want = SIZE_MAX;
	int n = snprintf(buf, sizeof(buf),
		"PUT %s HTTP/1.1\r\nHost: r\r\nContent-Length: %zu\r\n\r\n", path, len);
	if (send(fd, buf, (size_t)n, MSG_MORE) < 0 || send(fd, body, len, 0) < 0)
		stop("send");
	while (have < want) {
		ssize_t got = recv(fd, buf + have, sizeof(buf) - 1 - have, 0);
		if (got <= 0)
			stop("answer");
		have += (size_t)got;
		buf[have] = '\0';
		const char *end = strstr(buf, "\r\n\r\n"), *size = strstr(buf, "Content-Length: ");
		if (end && size)
			want = (size_t)(end + 4 - buf) + strtoul(size + 16, NULL, 10);
	}
	return atoi(buf + 9);
}

static void put(int fd, const char *path, const uint8_t *body, size_t len)
{
	int status = http_put(fd, path, body, len);
	if (status != 200) {
		fprintf(stderr, "PUT %s: %d\n", path, status);
		exit(1);
	}
}

/* Party `number`, founded. */
static void found_party(int http, unsigned number)
{
	static uint8_t charter[LR_CHARTER_MAX];
	char text[LR_PARTY_ID_TEXT], path[200];
	memset(seed, 0, sizeof(seed));
	memcpy(seed, &number, sizeof(number));
	use_party(1);
	snprintf(path, sizeof(path), "/v1/parties/%s", lr_party_id_text(id, text));
	put(http, path, charter, party_charter(charter));
}

static void join_party(int http, const char *name)
{
	uint8_t record[LR_RECORD_MAX], party[LR_KEY_LEN], secret[LR_SIGN_SECRET_LEN],
		hash[LR_KEYHASH_LEN];
	char id_text[LR_PARTY_ID_TEXT], hash_text[LR_KEYHASH_TEXT], path[200];
	party_keys(name, party, secret, hash);
	snprintf(path, sizeof(path), "/v1/parties/%s/members/%s", lr_party_id_text(id, id_text),
		lr_keyhash_text(hash, hash_text));
	put(http, path, record, party_record(name, 1, (uint64_t)time(NULL) + 3000, false, record));
}

/* Sends until that kind of answer comes; into `c`, whose pointers go into a static buffer. */
static void exchange(int fd, const uint8_t *frame, size_t len, int kind, struct lr_frame_control *c)
{
	static uint8_t answers[16][2048];
	uint8_t *answer = answers[kind & 15];
	struct pollfd p = {.fd = fd, .events = POLLIN};
	c->kind = 0;
	for (int tries = 0; tries < 50 && c->kind != kind; tries++) {
		if (send(fd, frame, len, 0) < 0)
			stop("send");
		while (c->kind != kind && poll(&p, 1, 100) > 0) {
			ssize_t n = recv(fd, answer, 2048, 0);
			(void)!lr_control_read(answer, n > 0 ? (size_t)n : 0, c);
		}
	}
	if (c->kind != kind)
		stop("no answer");
}

/* Binds the socket as a channel of `name`; the channel. */
static uint32_t bind_channel(int fd, const char *name)
{
	uint8_t frame[LR_FRAME_BIND_LEN], party[LR_KEY_LEN], secret[LR_SIGN_SECRET_LEN],
		hash[LR_KEYHASH_LEN];
	struct lr_frame_control c;
	exchange(fd, frame, lr_frame_ask(frame, 1), LR_FRAME_COOKIE, &c);
	party_keys(name, party, secret, hash);
	const struct lr_frame_control bind = {.kind = LR_FRAME_BIND,
		.time_ms = c.time_ms,
		.relay_id = c.relay_id,
		.cookie = c.cookie,
		.id = id,
		.keyhash = hash};
	exchange(fd, frame, lr_frame_bind(frame, &bind, secret), LR_FRAME_BOUND, &c);
	return c.channel;
}

#endif
