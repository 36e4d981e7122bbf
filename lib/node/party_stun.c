/*
 * party_stun.c - how our router treats UDP, and what the internet sees of us: lib/nat/behave.h for
 * both families
 *
 * Theory of operation. A family is asked about as soon as a relay's address of it is known and this
 * machine has a way there, and anew when our addresses changed. What is known of IPv4 counts for
 * punching (the record has one behaviour); IPv6 counts where there is no IPv4.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/node/party_inside.h"
#include "lib/node/pump.h"
#include "lib/node/sockets.h"

static const struct {
	sa_family_t af;
	uint16_t socket; /* that tells how the router filters */
} families[LR_FAMILIES] = {
	[LR_IPV4] = {AF_INET, LR_SOCKET_BEHAVE},
	[LR_IPV6] = {AF_INET6, LR_SOCKET_BEHAVE6},
};

/* The addresses of relays in a family, one each. */
static size_t servers(const struct lr_party *p, unsigned f, struct lr_endpoint *out)
{
	size_t n = 0;

	for (unsigned i = 0; i < p->n_relays && n < LR_BEHAVE_SERVERS; i++)
		for (unsigned k = 0; k < p->relays[i].n_addresses; k++)
			if (p->relays[i].addresses[k].sa.sa_family == families[f].af) {
				out[n++] = p->relays[i].addresses[k];
				break;
			}
	return n;
}

/* Our address on the way to `to`, as the system would choose it; false: there is no way. */
static bool local_towards(
	const struct lr_party *p, const struct lr_endpoint *to, struct lr_endpoint *local)
{
	bool v4 = to->sa.sa_family == AF_INET;
	socklen_t len = v4 ? sizeof(to->in) : sizeof(to->in6);
	int fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found;

	memset(local, 0, sizeof(*local));
	found = fd >= 0 && connect(fd, &to->sa, len) == 0 && getsockname(fd, &local->sa, &len) == 0;
	if (!found)
		memset(local, 0, sizeof(*local));
	else if (v4)
		local->in.sin_port = htons(p->node->listen_port);
	else
		local->in6.sin6_port = htons(p->node->listen_port);
	if (fd >= 0)
		close(fd);
	return found;
}

static void end(struct lr_party *p, unsigned f)
{
	if (p->stun[f].running)
		lr_pump_socket_close(p->node->pump, families[f].socket);
	p->stun[f].running = false;
}

/* --- what has been found out --- */

static bool answered(const struct lr_party_stun *s)
{
	return s->find.mapped.sa.sa_family != AF_UNSPEC;
}

bool lr_party_stun_runs(const struct lr_party *p)
{
	const struct lr_party_stun *four = &p->stun[LR_IPV4], *six = &p->stun[LR_IPV6];

	return four->running || (!four->begun && six->running);
}

/* The behaviour that counts for punching; NULL while it is not known. */
static const struct lr_nat *behaviour(const struct lr_party *p)
{
	const struct lr_party_stun *four = &p->stun[LR_IPV4], *six = &p->stun[LR_IPV6];

	if (lr_party_stun_runs(p))
		return NULL;
	if (four->begun && (answered(four) || !six->begun || !answered(six)))
		return &four->find.nat;
	return six->begun && !six->running ? &six->find.nat : NULL;
}

static void done(struct lr_party *p, unsigned f)
{
	end(p, f);
	const struct lr_nat *nat = behaviour(p);
	bool other = nat && memcmp(&p->host.nat, nat, sizeof(*nat)) != 0;
	if (other)
		p->host.nat = *nat;
	lr_party_publish(p);
	if (other)
		lr_party_moved(p);
}

/* --- asking --- */

static void send_due(struct lr_party *p, unsigned f, uint64_t now)
{
	struct lr_party_stun *s = &p->stun[f];
	struct lr_behave_send ask;

	while (s->running && lr_behave_next(&s->find, now, &ask))
		lr_pump_send(p->node->pump, ask.socket ? families[f].socket : 0, &ask.to, ask.bytes,
			sizeof(ask.bytes), false);
	if (s->running && s->find.done)
		done(p, f);
}

static void begin(struct lr_party *p, unsigned f, uint64_t now)
{
	struct lr_endpoint list[LR_BEHAVE_SERVERS], local;
	struct lr_party_stun *s = &p->stun[f];
	size_t n = servers(p, f, list);

	if (n == 0)
		return;
	s->begun = local_towards(p, &list[0], &local);
	s->tried = true;
	if (!s->begun)
		return;
	if (f == LR_IPV4)
		p->host.stun = list[0];
	lr_pump_socket_open(p->node->pump, families[f].socket);
	lr_behave_init(&s->find, list, n, &local);
	s->running = true;
	send_due(p, f, now);
}

void lr_party_stun_run(struct lr_party *p, uint64_t now)
{
	for (unsigned f = 0; f < LR_FAMILIES; f++) {
		struct lr_party_stun *s = &p->stun[f];
		if (s->running && lr_behave_due(&s->find) <= now)
			send_due(p, f, now);
		else if (!s->tried && !p->hide && !p->leaving)
			begin(p, f, now);
	}
}

uint64_t lr_party_stun_due(const struct lr_party *p)
{
	uint64_t due = LR_NEVER;

	for (unsigned f = 0; f < LR_FAMILIES; f++)
		if (p->stun[f].running && lr_behave_due(&p->stun[f].find) < due)
			due = lr_behave_due(&p->stun[f].find);
	return due;
}

void lr_party_stun_anew(struct lr_party *p)
{
	for (unsigned f = 0; f < LR_FAMILIES; f++) {
		end(p, f);
		memset(&p->stun[f], 0, sizeof(p->stun[f]));
	}
	memset(&p->host.stun, 0, sizeof(p->host.stun));
	lr_party_stun_run(p, lr_party_now(p));
	lr_party_wake(p);
}

void lr_party_stun_stop(struct lr_party *p)
{
	for (unsigned f = 0; f < LR_FAMILIES; f++)
		end(p, f);
}

bool lr_party_stun_receive(struct lr_party *p, const struct lr_endpoint *src, uint16_t socket,
	const uint8_t *bytes, size_t len)
{
	uint64_t now = lr_party_now(p);

	for (unsigned f = 0; f < LR_FAMILIES; f++) {
		struct lr_party_stun *s = &p->stun[f];
		bool known = answered(s);
		unsigned number = socket == families[f].socket ? 1 : socket;
		if (!s->running || src->sa.sa_family != families[f].af ||
			!lr_behave_receive(&s->find, now, number, src, bytes, len))
			continue;
		if (!known && answered(s))
			lr_party_publish(p);
		send_due(p, f, now);
		return true;
	}
	return false;
}

const struct lr_endpoint *lr_party_outside(const struct lr_party *p)
{
	return &p->stun[answered(&p->stun[LR_IPV4]) ? LR_IPV4 : LR_IPV6].find.mapped;
}
