/*
 * party_map.c - a port of the home router that leads to the tunnel's, for as long as the party runs
 *
 * Theory of operation. The helper is asked at the start, and the party waits for nothing: the
 * answer may come after seconds or never, and when it does the address is one more candidate. The
 * helper renews the port well before it ends and asks another router when there is one; when no
 * router gives a port it is asked again after 1, 2, 4 ... 30 minutes, and at once when this
 * machine's addresses or routes change. At the end the port is given back.
 *
 * The router forgets it after an hour (LR_MAPPING_LIFETIME_S), should everything here be gone
 * without a word. An address that is none of the internet (the router is behind a carrier's NAT) is
 * shown but no candidate.
 */
#include <string.h>

#include "lib/node/party_inside.h"

#define AGAIN_S     60
#define AGAIN_MAX_S 1800

/* How long to wait before the router is asked again. */
static uint64_t pause_s(const struct lr_party *p, bool helper_died)
{
	const struct lr_party_map *m = &p->map;

	if (helper_died)
		return 1;
	if (m->port != p->node->listen_port)
		return 0;
	return m->failures <= 5 ? AGAIN_S << (m->failures - 1) : AGAIN_MAX_S;
}

static void told(void *ctx, const struct lr_helper_answer *a)
{
	struct lr_party *p = ctx;
	struct lr_party_map *m = &p->map;

	lr_mapping_read(&m->got, a);
	m->failures = m->got.last ? m->failures + 1 : 0;
	if (m->got.last) {
		m->id = 0;
		m->due_ns = lr_party_now(p) + pause_s(p, !a->line) * LR_NS_PER_S;
	}
	lr_party_publish(p);
	lr_party_wake(p);
}

static bool wanted(const struct lr_party *p)
{
	return !p->map.off && !p->map.ending && !p->hide && p->phase != LR_PARTY_OUT &&
	       p->node->listen_port;
}

void lr_party_map_run(struct lr_party *p, uint64_t now)
{
	struct lr_party_map *m = &p->map;

	if (m->id && !m->ending && (!wanted(p) || m->port != p->node->listen_port)) {
		m->ending = !wanted(p);
		m->port = p->node->listen_port;
		lr_mapping_end(&p->helper, m->id);
	}
	if (lr_party_map_due(p) > now)
		return;
	m->due_ns = now + LR_NS_PER_S; /* should the helper not run */
	m->port = p->node->listen_port;
	m->id = lr_mapping_ask(&p->helper, m->port, false, told, p);
}

uint64_t lr_party_map_due(const struct lr_party *p)
{
	return wanted(p) && !p->map.id ? p->map.due_ns : LR_NEVER;
}

void lr_party_map_moved(struct lr_party *p)
{
	struct lr_party_map *m = &p->map;

	m->failures = 0;
	m->due_ns = lr_party_now(p);
	if (!m->id)
		return;
	memset(&m->got, 0, sizeof(m->got));
	lr_mapping_again(&p->helper, m->id);
}

void lr_party_map_end(struct lr_party *p)
{
	p->map.ending = true;
	if (p->map.id)
		lr_mapping_end(&p->helper, p->map.id);
}

bool lr_party_map_gone(const struct lr_party *p)
{
	/* One that is not there yet the helper takes back by itself. */
	return !p->map.id || p->map.got.at.sa.sa_family == AF_UNSPEC;
}
