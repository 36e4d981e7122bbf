/*
 * stun_server.c - answering STUN Binding requests
 */
#include "lib/nat/stun_server.h"

#define PER_NETWORK    20
#define PER_ALL        2000
#define CHANGE_REQUEST 0x0003

void lr_stun_server_init(struct lr_stun_server *s)
{
	*s = (struct lr_stun_server){0};
	lr_limit_init(&s->limit, PER_NETWORK, PER_ALL);
}

void lr_stun_server_release(struct lr_stun_server *s)
{
	lr_limit_release(&s->limit);
}

static bool has(const struct lr_stun_site *site, unsigned place)
{
	return site->at[place].sa.sa_family != AF_UNSPEC;
}

/* What OTHER-ADDRESS says to one who asked `here`: address and port both other, else what there is.
 */
static const struct lr_endpoint *other_of(const struct lr_stun_site *site, unsigned here)
{
	for (unsigned flip = 3; flip > 0; flip--)
		if (has(site, here ^ flip))
			return &site->at[here ^ flip];
	return NULL;
}

static size_t answer(const struct lr_stun_site *site, unsigned here, const struct lr_stun *m,
	const struct lr_endpoint *src, uint8_t *out, unsigned *from)
{
	static const uint16_t change = CHANGE_REQUEST;
	unsigned place = here ^ ((m->change & LR_STUN_CHANGE_PORT ? 1u : 0) |
					(m->change & LR_STUN_CHANGE_IP ? 2u : 0));

	*from = here;
	if (m->n_unknown)
		return lr_stun_unknown(out, m->id, m->unknown, m->n_unknown);
	if (place != here && !has(site, place))
		return lr_stun_unknown(out, m->id, &change, 1);
	*from = place;
	return lr_stun_success(
		out, m->id, src, &site->at[place], other_of(site, here), m->has_fingerprint);
}

size_t lr_stun_answer(struct lr_stun_server *s, uint64_t now, const struct lr_stun_site *site,
	unsigned here, const struct lr_endpoint *src, const uint8_t *request, size_t len,
	uint8_t out[LR_STUN_ANSWER_MAX], unsigned *from)
{
	struct lr_stun m;
	struct lr_ip ip = lr_endpoint_ip(src);

	if (lr_stun_parse(request, len, &m) < 0) {
		s->refused_malformed++;
		return 0;
	}
	if (m.class != LR_STUN_REQUEST) {
		s->refused_not_request++;
		return 0;
	}
	size_t n = answer(site, here, &m, src, out, from);
	if (len < n && !lr_limit_allow(&s->limit, now, &ip)) {
		s->refused_limit++;
		return 0;
	}
	s->answered++;
	return n;
}
