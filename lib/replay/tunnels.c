/*
 * tunnels.c - devices, handshakes in memory, and who has which address
 */
#include "lib/replay/tunnels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"

/* Apart enough that neither the 50 ms between initiations nor a limit of handshakes a second
 * is met; 128 of them are 6 s of the 120 s after which a session asks for the next. */
#define HANDSHAKE_GAP_NS (50 * LR_NS_PER_MS)
#define MEET_TRIES       5
#define WINDOW_BITS      8192

/* 198.18.0.0/15 is for benchmarks (RFC 2544), a port for each address. */
static struct lr_endpoint endpoint_of(uint32_t number)
{
	return (struct lr_endpoint){.in = {
					    .sin_family = AF_INET,
					    .sin_port = htons(51820),
					    .sin_addr.s_addr = htonl(0xc6120001u + number),
				    }};
}

/* Carries messages between the hub and the senders until nobody has anything to say. */
static void carry(struct lr_tunnels *t, struct lr_tunnel *tunnel)
{
	uint8_t copy[256]; /* the longest is an initiation, 148 bytes; no data is ever staged */
	struct lr_wg_tx tx;
	struct lr_wg_rx rx;
	bool more = true;

	while (more) {
		more = false;
		while (lr_wg_poll(tunnel->wg, t->now, &tx)) {
			if (tx.len > sizeof(copy))
				continue;
			memcpy(copy, tx.msg, tx.len);
			lr_wg_receive(t->hub, t->now, &tunnel->endpoint, copy, tx.len, &rx);
			more = true;
		}
		while (lr_wg_poll(t->hub, t->now, &tx)) {
			struct lr_tunnel *to = tx.peer ? tx.peer->owner : tunnel;
			if (tx.len > sizeof(copy) || !to || !to->wg)
				continue;
			memcpy(copy, tx.msg, tx.len);
			lr_wg_receive(to->wg, t->now, &t->hub_endpoint, copy, tx.len, &rx);
			more = more || to == tunnel;
		}
	}
}

/* Setting a keepalive asks for a session at once; its first message is that keepalive. */
static bool handshake(struct lr_tunnels *t, struct lr_tunnel *tunnel)
{
	unsigned before = tunnel->sessions;

	lr_wg_peer_set_keepalive(tunnel->wg, t->now, tunnel->to_hub, 25);
	carry(t, tunnel);
	lr_wg_peer_set_keepalive(tunnel->wg, t->now, tunnel->to_hub, 0);
	return tunnel->sessions != before;
}

int lr_tunnels_meet(struct lr_tunnels *t, struct lr_tunnel *tunnel)
{
	uint64_t begin = lr_clock_ns(CLOCK_MONOTONIC_RAW);
	bool met = false;

	for (int i = 0; i < MEET_TRIES && !met; i++) {
		t->now += HANDSHAKE_GAP_NS << (2 * i);
		met = handshake(t, tunnel);
	}
	t->made_ns += lr_clock_ns(CLOCK_MONOTONIC_RAW) - begin;
	return met ? 0 : -ETIMEDOUT;
}

/* Everything may go to the hub. */
static int allow_all(struct lr_wg *wg, struct lr_wg_peer *peer)
{
	struct lr_prefix v4 = {.ip.family = 4}, v6 = {.ip.family = 6};
	int r = lr_wg_allow(wg, peer, &v4);
	return r ? r : lr_wg_allow(wg, peer, &v6);
}

static void tunnel_release(struct lr_tunnel *tunnel)
{
	lr_wg_free(tunnel->wg);
	*tunnel = (struct lr_tunnel){0};
}

static void happened(void *ctx, const struct lr_wg_event *event)
{
	struct lr_tunnel *tunnel = ctx;
	tunnel->sessions += event->kind == LR_WG_EVENT_HANDSHAKE;
}

static int tunnel_init(struct lr_tunnels *t, struct lr_tunnel *tunnel, uint32_t number)
{
	uint8_t private_key[LR_KEY_LEN], public_key[LR_KEY_LEN];
	struct lr_wg_host host = {.ctx = tunnel, .event = happened, .window = WINDOW_BITS};

	lr_keypair(private_key, public_key);
	tunnel->wg = lr_wg_new(&host);
	if (!tunnel->wg)
		goto out;
	lr_wg_set_key(tunnel->wg, private_key);
	tunnel->to_hub = lr_wg_peer_add(tunnel->wg, lr_wg_public_key(t->hub));
	tunnel->from = lr_wg_peer_add(t->hub, public_key);
	if (!tunnel->to_hub || !tunnel->from || allow_all(tunnel->wg, tunnel->to_hub))
		goto out;
	tunnel->endpoint = endpoint_of(number);
	tunnel->from->owner = tunnel;
	lr_wg_peer_set_endpoint(tunnel->to_hub, &t->hub_endpoint);
	lr_wipe(private_key, sizeof(private_key));
	return 0;
out:
	lr_wipe(private_key, sizeof(private_key));
	if (tunnel->from)
		lr_wg_peer_remove(t->hub, tunnel->from);
	tunnel_release(tunnel);
	return -ENOMEM;
}

struct lr_tunnels *lr_tunnels_new(struct lr_err *err)
{
	struct lr_wg_host host = {.window = WINDOW_BITS};
	uint8_t private_key[LR_KEY_LEN], public_key[LR_KEY_LEN], silent[LR_KEY_LEN];
	struct lr_tunnels *t = calloc(1, sizeof(*t));

	if (!t || !(t->hub = lr_wg_new(&host)))
		goto no_memory;
	lr_keypair(private_key, public_key);
	lr_wg_set_key(t->hub, private_key);
	lr_wipe(private_key, sizeof(private_key));
	t->now = LR_NS_PER_S;
	t->hub_endpoint = endpoint_of(0);
	lr_keypair(private_key, silent); /* its private half is forgotten at once */
	lr_wipe(private_key, sizeof(private_key));
	t->quiet.from = lr_wg_peer_add(t->hub, silent);
	if (!t->quiet.from || tunnel_init(t, &t->shared, 1) < 0 ||
		allow_all(t->hub, t->shared.from) < 0)
		goto no_memory;
	t->quiet.from->owner = &t->quiet;
	return t;
no_memory:
	lr_tunnels_free(t);
	lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	return NULL;
}

void lr_tunnels_free(struct lr_tunnels *t)
{
	if (!t)
		return;
	lr_wg_free(t->hub);
	tunnel_release(&t->shared);
	for (size_t i = 0; i < t->n; i++)
		tunnel_release(&t->each[i]);
	free(t);
}

bool lr_tunnels_unicast(uint8_t family, const uint8_t *addr)
{
	static const uint8_t zero[16];

	if (family == 4)
		return addr[0] < 224 && memcmp(addr, zero, 4) != 0;
	return addr[0] != 0xff && memcmp(addr, zero, 16) != 0;
}

static int give(struct lr_tunnels *t, struct lr_wg_peer *peer, uint8_t family, const uint8_t *addr)
{
	struct lr_prefix host = {.ip.family = family, .len = family == 4 ? 32 : 128};
	memcpy(host.ip.b, addr, family == 4 ? 4 : 16);
	return lr_wg_allow(t->hub, peer, &host);
}

int lr_tunnels_note(
	struct lr_tunnels *t, uint8_t family, const uint8_t *addr, const struct lr_wg_peer *owner)
{
	if (owner != t->shared.from || t->members == LR_MEMBERS_MAX ||
		!lr_tunnels_unicast(family, addr))
		return 0;
	int r = give(t, t->quiet.from, family, addr);
	t->members += r == 0;
	return r;
}

/* A member that was silent until now: a tunnel of its own, or the next in turn. */
static struct lr_tunnel *new_sender(struct lr_tunnels *t, uint8_t family, const uint8_t *addr)
{
	struct lr_tunnel *tunnel = &t->each[t->senders % LR_TUNNELS_MAX];

	if (t->n < LR_TUNNELS_MAX) {
		if (tunnel_init(t, tunnel, (uint32_t)(2 + t->n)) < 0)
			return NULL;
		t->n++;
		if (lr_tunnels_meet(t, tunnel) < 0)
			return NULL;
	}
	if (give(t, tunnel->from, family, addr) < 0)
		return NULL;
	t->senders++;
	return tunnel;
}

static struct lr_tunnel *find(struct lr_tunnels *t, uint8_t family, const uint8_t *addr)
{
	struct lr_wg_peer *owner = lr_wg_route(t->hub, family, addr);

	if (owner != t->shared.from && owner != t->quiet.from)
		return owner->owner;
	if (lr_tunnels_note(t, family, addr, owner) < 0)
		return NULL;
	if (lr_wg_route(t->hub, family, addr) == t->quiet.from)
		return new_sender(t, family, addr);
	if (t->shared.sessions == 0 && lr_tunnels_meet(t, &t->shared) < 0)
		return NULL;
	return &t->shared;
}

/* Lengths that the compiler knows: no call. */
static bool same_address(uint8_t family, const uint8_t *a, const uint8_t *b)
{
	return family == 4 ? memcmp(a, b, 4) == 0 : memcmp(a, b, 16) == 0;
}

struct lr_tunnel *lr_tunnels_of(struct lr_tunnels *t, uint8_t family, const uint8_t *addr)
{
	size_t len = family == 4 ? 4 : 16;
	struct lr_recent *r = &t->recent[addr[len - 1] % LR_TUNNELS_RECENT];

	if (__builtin_expect(
		    r->tunnel && r->family == family && same_address(family, r->addr, addr), 1))
		return r->tunnel;
	struct lr_tunnel *tunnel = find(t, family, addr);
	if (tunnel && tunnel != &t->shared) {
		*r = (struct lr_recent){.tunnel = tunnel, .family = family};
		memcpy(r->addr, addr, len);
	}
	return tunnel;
}

size_t lr_tunnels_count(const struct lr_tunnels *t)
{
	size_t n = t->shared.sessions > 0;
	for (size_t i = 0; i < t->n; i++)
		n += t->each[i].sessions > 0;
	return n;
}
