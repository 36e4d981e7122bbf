/*
 * trace.c - counts what a capture holds; see trace.h
 */
#include "lib/replay/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/net/ip.h"
#include "lib/net/link.h"
#include "lib/perf/pcapng_write.h"
#include "lib/replay/select.h"

int lr_trace_init(struct lr_trace *t, const struct lr_games *games)
{
	*t = (struct lr_trace){.games = games};
	t->ports = calloc(2, sizeof(*t->ports));
	t->game = calloc(games->n + 1, sizeof(*t->game));
	if (t->ports && t->game)
		return 0;
	lr_trace_release(t);
	return -ENOMEM;
}

void lr_trace_release(struct lr_trace *t)
{
	free(t->ports);
	free(t->game);
	*t = (struct lr_trace){0};
}

static void count(struct lr_trace_count *c, const struct lr_captured *f)
{
	c->packets++;
	c->bytes += f->len;
}

static void note_time(struct lr_trace *t, uint64_t ns)
{
	if (!ns)
		return;
	if (!t->first_ns || ns < t->first_ns)
		t->first_ns = ns;
	if (ns > t->last_ns)
		t->last_ns = ns;
}

static void note_stages(struct lr_trace *t, const struct lr_captured *f)
{
	struct lr_stage_stamp stamps[LR_TRACE_STAGES];
	size_t n = lr_stages_parse(f, stamps, LR_TRACE_STAGES);

	for (size_t i = 0; i < n; i++) {
		unsigned k = 0;
		while (k < t->n_stages && strcmp(t->stages[k].name, stamps[i].name) != 0)
			k++;
		if (k == LR_TRACE_STAGES)
			continue;
		if (k == t->n_stages) {
			memcpy(t->stages[k].name, stamps[i].name, sizeof(t->stages[k].name));
			t->n_stages++;
		}
		lr_hist_small_add(&t->stages[k].hist, stamps[i].ns);
	}
}

/* By the Ethernet address where there is one: who has no netmask does not know a subnet's own. */
static enum lr_trace_cast cast_of(const struct lr_captured *f, const struct lr_ip *dst)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	bool ethernet = f->link == LR_LINK_ETHERNET && f->caplen >= 6;

	if (ethernet && memcmp(f->bytes, all, 6) == 0)
		return LR_TRACE_BROADCAST;
	if (dst && dst->family == 4 && memcmp(dst->b, all, 4) == 0)
		return LR_TRACE_BROADCAST;
	if (ethernet && (f->bytes[0] & 1))
		return LR_TRACE_MULTICAST;
	if (dst && (dst->family == 4 ? dst->b[0] >> 4 == 14 : dst->b[0] == 0xff))
		return LR_TRACE_MULTICAST;
	return LR_TRACE_UNICAST;
}

/* The ports of a packet whose transport header is there. */
static void note_ports(struct lr_trace *t, const struct lr_captured *f, const uint8_t *ip,
	const struct lr_packet *p, const struct lr_ip *dst)
{
	if (!p->first || (p->proto != LR_UDP && p->proto != LR_TCP) || p->len < p->l4_at + 4u)
		return;
	enum lr_game_proto proto = p->proto == LR_UDP ? LR_GAME_UDP : LR_GAME_TCP;
	uint16_t from = lr_get_be16(ip + p->l4_at), to = lr_get_be16(ip + p->l4_at + 2);
	count(&t->ports[proto][from < to ? from : to], f);
	const struct lr_game *g = lr_games_recognise(t->games, proto, from, to, dst);
	for (size_t i = 0; g && i < t->games->n; i++)
		if (t->games->list[i] == g)
			count(&t->game[i], f);
}

void lr_trace_add(struct lr_trace *t, const struct lr_captured *f)
{
	enum lr_direction direction = lr_select_direction_of(f);
	enum lr_ip_flaw flaw = LR_IP_SHORT;
	struct lr_ip dst = {0};
	struct lr_packet p;
	uint8_t family = 0;
	size_t at = 0;

	count(&t->all, f);
	lr_hist_small_add(&t->sizes, f->len);
	note_time(t, f->time_ns);
	note_stages(t, f);
	if (direction)
		count(direction == LR_DIRECTION_IN ? &t->in : &t->out, f);
	enum lr_link_found found = lr_link_find_ip(f->link, f->bytes, f->caplen, &at, &family);
	if (found == LR_LINK_IP)
		flaw = lr_packet_parse(f->bytes + at, f->caplen - at, &p);
	if (flaw == LR_IP_FINE)
		dst = lr_packet_dst(f->bytes + at);
	count(&t->cast[cast_of(f, flaw == LR_IP_FINE ? &dst : NULL)], f);
	if (found == LR_LINK_NOT_IP)
		count(&t->not_ip, f);
	else if (flaw != LR_IP_FINE)
		count(&t->broken, f);
	else
		count(p.family == 4 ? &t->ip4 : &t->ip6, f);
	if (flaw == LR_IP_FINE)
		note_ports(t, f, f->bytes + at, &p, &dst);
}
