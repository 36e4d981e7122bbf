/*
 * games.c - what profiles of games cost: loading, detection, the class of a packet
 *
 * One JSON object a line. Detection is one pass over this machine's process table with at least 500
 * processes in it: children that sleep make up for what is missing. The class of a packet is
 * asked for packets to random ports, with 0, 1 and 200 active profiles: the profiles' view of its
 * port, and the queue that it goes to, a microsecond apart.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/game/detect.h"
#include "lib/game/traffic.h"
#include "lib/io/listeners.h"
#include "lib/net/queue.h"
#include "lib/perf/stats.h"
#include "lib/perf/tick.h"

#define PROCESSES 500
#define PASSES    9
#define PACKETS   65536

static struct lr_tick tick;
static struct lr_games all;
static struct lr_traffic traffic;
static struct lr_queue queue;
static uint8_t packets[PACKETS][28];
static pid_t children[PROCESSES];
static volatile unsigned sink;

static void tell(const char *name, const char *unit, double passes[PASSES], double by)
{
	printf("{\"name\":\"%s\",\"unit\":\"%s\",\"value\":%.3f}\n", name, unit,
		lr_stats_median(passes, PASSES) / by);
	fflush(stdout);
}

static void load(void)
{
	double ns[PASSES];

	for (unsigned i = 0; i < PASSES; i++) {
		struct lr_games g;
		uint64_t from = lr_tick_read(&tick);
		if (lr_games_load(&g, NULL, NULL, NULL) != 0)
			abort();
		ns[i] = (double)lr_tick_ns(&tick, from, lr_tick_read(&tick));
		lr_games_release(&g);
	}
	tell("game_load", "ms", ns, 1e6);
}

static unsigned processes(void)
{
	DIR *dir = opendir("/proc");
	const struct dirent *e;
	unsigned n = 0;

	while (dir && (e = readdir(dir)))
		n += e->d_name[0] >= '1' && e->d_name[0] <= '9';
	if (dir)
		closedir(dir);
	return n;
}

static void detect(void)
{
	struct lr_detect_game found[LR_DETECT_MAX];
	double ns[PASSES];
	unsigned n = 0, have = processes();

	for (; have + n < PROCESSES && n < PROCESSES; n++) {
		children[n] = fork();
		if (children[n] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	}
	for (unsigned i = 0; i < PASSES; i++) {
		uint64_t from = lr_tick_read(&tick);
		if (lr_detect(&all, "/proc", lr_listeners, found, NULL) < 0)
			abort();
		ns[i] = (double)lr_tick_ns(&tick, from, lr_tick_read(&tick));
	}
	for (unsigned i = 0; i < n; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	tell("game_detect", "ms", ns, 1e6);
}

static void classify(unsigned n, const char *name)
{
	const struct lr_game *some[200];
	double ns[PASSES];

	for (unsigned i = 0; i < n; i++)
		some[i] = all.list[i];
	lr_traffic_build(&traffic, some, n);
	lr_queue_init(&queue);
	for (unsigned pass = 0; pass < PASSES; pass++) {
		unsigned sum = 0;
		uint64_t from = lr_tick_read(&tick);
		for (unsigned i = 0; i < PACKETS; i++) {
			uint16_t flow;
			const uint8_t *p = packets[i];
			uint8_t flags = lr_traffic_of(&traffic, p, sizeof(packets[i]))->flags;
			sum += lr_queue_class(&queue, (pass * PACKETS + i) * 1000ull, p,
				sizeof(packets[i]), false, flags & LR_TRAFFIC_FAST, &flow);
		}
		ns[pass] = (double)lr_tick_ns(&tick, from, lr_tick_read(&tick));
		sink = sum;
	}
	tell(name, "ns", ns, PACKETS);
}

int main(void)
{
	uint64_t x = 88172645463325252ull;

	lr_tick_init(&tick);
	if (lr_games_load(&all, NULL, NULL, NULL) != 0 || all.n < 200)
		return 1;
	for (unsigned i = 0; i < PACKETS; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		packets[i][0] = 0x45;
		packets[i][9] = 17;
		lr_put_be32(packets[i] + 20, (uint32_t)x);
	}
	load();
	detect();
	classify(0, "game_class_0");
	classify(1, "game_class_1");
	classify(200, "game_class_200");
	lr_games_release(&all);
	return 0;
}
