/*
 * load.c - a capture's busiest seconds as sizes and times
 */
#include "lib/bench/load.h"

#include <stdlib.h>

#include "lib/net/ip.h"
#include "lib/net/link.h"
#include "lib/perf/capture.h"
#include "lib/replay/synth.h"

#define FEWEST 20

/* What an IP packet carries behind a header of UDP's length, within the limits. */
static uint16_t size_of(const struct lr_packet *p)
{
	uint32_t head = p->l4_at + 8u, size = p->len > head ? p->len - head : 0;

	return (uint16_t)(size < LR_LOAD_MIN   ? LR_LOAD_MIN
			  : size > LR_LOAD_MAX ? LR_LOAD_MAX
					       : size);
}

bool lr_load_take(struct lr_load *l, const struct lr_captured *frame)
{
	struct lr_packet p;
	size_t at;
	uint8_t family;

	if (lr_link_find_ip(frame->link, frame->bytes, frame->caplen, &at, &family) != LR_LINK_IP ||
		lr_packet_parse(frame->bytes + at, frame->caplen - at, &p) != LR_IP_FINE)
		return true;
	if (l->n == 0)
		l->first_ns = frame->time_ns;
	uint64_t last = l->n ? l->packets[l->n - 1].at_ns : 0;
	uint64_t at_ns = frame->time_ns > l->first_ns + last ? frame->time_ns - l->first_ns : last;
	if (l->n == LR_LOAD_MANY)
		return false;
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 256;
		struct lr_load_packet *more = realloc(l->packets, room * sizeof(*more));
		if (!more)
			return false;
		l->packets = more;
		l->room = room;
	}
	l->packets[l->n++] = (struct lr_load_packet){.at_ns = at_ns, .size = size_of(&p)};
	return true;
}

void lr_load_busiest(struct lr_load *l, uint64_t window_ns)
{
	size_t best = 0, most = 0;

	for (size_t from = 0, to = 0; from < l->n; from++) {
		while (to < l->n && l->packets[to].at_ns - l->packets[from].at_ns <= window_ns)
			to++;
		if (to - from > most) {
			most = to - from;
			best = from;
		}
	}
	uint64_t first = l->n ? l->packets[best].at_ns : 0;
	for (size_t i = 0; i < most; i++) {
		l->packets[i] = l->packets[best + i];
		l->packets[i].at_ns -= first;
	}
	l->n = most;
}

static int choose(struct lr_load *l, const char *name, uint64_t window_ns, struct lr_err *err)
{
	lr_load_busiest(l, window_ns);
	if (l->n >= FEWEST)
		return 0;
	return lr_err_set(err, LR_EXIT_FAILED,
		"%s: %zu packets of IP in its busiest %g s, %d are needed", name, l->n,
		(double)window_ns / 1e9, FEWEST);
}

int lr_load_capture(struct lr_load *l, const char *path, uint64_t window_ns, struct lr_err *err)
{
	struct lr_captured frame;
	struct lr_capture *c = lr_capture_open(path, err);
	int r = c ? 1 : -1;

	*l = (struct lr_load){0};
	while (r > 0 && (r = lr_capture_next(c, &frame, err)) > 0 && lr_load_take(l, &frame)) {
	}
	lr_capture_close(c);
	return r < 0 ? -1 : choose(l, path, window_ns, err);
}

int lr_load_synth(
	struct lr_load *l, const struct lr_game *game, uint64_t window_ns, struct lr_err *err)
{
	struct lr_synth *s = lr_synth_new(game, 2, 1, err);
	struct lr_captured frame;

	*l = (struct lr_load){0};
	if (!s)
		return -1;
	do
		lr_synth_next(s, &frame);
	while (lr_load_take(l, &frame) && (l->n == 0 || l->packets[l->n - 1].at_ns < window_ns));
	lr_synth_free(s);
	return choose(l, game->name, window_ns, err);
}

void lr_load_release(struct lr_load *l)
{
	free(l->packets);
	*l = (struct lr_load){0};
}
