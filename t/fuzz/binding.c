/*
 * binding.c - fuzzer: a member's channel at a relay that lies
 *
 * The input is a script: a byte says what happens, the bytes behind it with what. The relay's
 * messages are either raw or well formed with any contents; time passes; streams open and end.
 * Whatever the relay says, the member ends with nothing to do now (no owner spins), and it sends no
 * more than a few messages for each that came, beside what its own clock makes it send.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/relay/binding.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct lr_binding b;
	uint64_t now, nonce[LR_WAYS];
	bool dialled, open;
	unsigned acts, events;
};

static void must(bool good)
{
	if (!good)
		abort();
}

static void act(struct run *r, const struct lr_binding_step *s)
{
	bool stream = s->way == LR_WAY_STREAM;

	switch (s->act) {
	case LR_BINDING_ASK:
		must(s->control.kind == LR_FRAME_ASK && (!stream || r->open));
		r->nonce[s->way] = s->control.nonce;
		break;
	case LR_BINDING_BIND:
		must(s->control.kind == LR_FRAME_BIND && s->control.relay_id && s->control.cookie);
		must(!stream || r->open);
		break;
	case LR_BINDING_KEEPALIVE:
		must(lr_binding_bound(&r->b) && (!stream || r->open));
		break;
	case LR_BINDING_DIAL:
		must(!r->dialled && !r->open);
		r->dialled = true;
		break;
	case LR_BINDING_HANG_UP:
		must(r->dialled || r->open);
		r->dialled = r->open = false;
		break;
	case LR_BINDING_NOTHING:
		break;
	}
}

static void settle(struct run *r)
{
	struct lr_binding_step step;
	unsigned n = 0;

	while (lr_binding_next(&r->b, r->now, &step)) {
		act(r, &step);
		must(++n < 12);
	}
	r->acts += n;
	must(lr_binding_due(&r->b) > r->now);
}

/* A control message of the relay; its nonce is the right one when `p` begins with 0. */
static void well_formed(struct run *r, enum lr_way way, const uint8_t p[16])
{
	static const uint8_t relay_id[LR_RELAY_ID_LEN] = {1}, cookie[LR_COOKIE_LEN] = {2};
	const struct lr_frame_control c = {
		.kind = p[0],
		.reason = p[1],
		.channel = p[2] & 1 ? r->b.channel : lr_get_be32(p + 2),
		.lifetime_s = p[6],
		.nonce = p[7] ? p[7] : r->nonce[way],
		.time_ms = lr_get_be64(p + 8),
		.epoch = p[7],
		.seq = lr_get_be64(p + 8),
		.relay_id = relay_id,
		.cookie = cookie,
	};

	lr_binding_receive(&r->b, r->now, way, &c);
}

static void raw(struct run *r, enum lr_way way, const uint8_t *p, size_t len)
{
	struct lr_frame_control c;

	if (lr_control_read(p, len, &c) == 0)
		lr_binding_receive(&r->b, r->now, way, &c);
}

static void event(struct run *r, unsigned what, const uint8_t p[16])
{
	enum lr_way way = what & 8 && r->open ? LR_WAY_STREAM : LR_WAY_UDP;

	switch (what & 7) {
	case 0:
		r->now += (uint64_t)lr_get_be16(p) * LR_NS_PER_MS;
		break;
	case 1:
	case 2:
		well_formed(r, way, p);
		break;
	case 3:
		if (r->dialled) {
			r->dialled = false;
			r->open = true;
			lr_binding_opened(&r->b, r->now);
		}
		break;
	case 4:
		if (r->dialled || r->open) {
			r->dialled = r->open = false;
			lr_binding_ended(&r->b, r->now, p[0] & 1);
		}
		break;
	case 5:
		lr_binding_known(&r->b, r->now);
		break;
	case 6:
		lr_binding_doubt(&r->b, r->now);
		break;
	default:
		if (p[0] & 1)
			lr_binding_reset(&r->b, r->now);
		else
			lr_binding_addressed(&r->b, r->now);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return lr_crypto_init();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run r = {.now = 1000 * LR_NS_PER_S};
	uint8_t p[17];

	lr_binding_init(&r.b);
	lr_binding_addressed(&r.b, r.now);
	settle(&r);
	uint64_t began = r.now;
	for (; size > 0 && r.events < 400; r.events++) {
		size_t n = size < sizeof(p) ? size : sizeof(p);
		memset(p, 0, sizeof(p));
		memcpy(p, data, n);
		if (p[0] & 0x80) {
			n = size - 1 < (p[0] & 0x7f) ? size : (size_t)1 + (p[0] & 0x7f);
			raw(&r, r.open ? LR_WAY_STREAM : LR_WAY_UDP, data + 1, n - 1);
		} else {
			event(&r, p[0], p + 1);
		}
		data += n;
		size -= n;
		settle(&r);
	}
	must(r.acts <= 8 + 4 * r.events + (r.now - began) / (50 * LR_NS_PER_MS));
	lr_binding_stop(&r.b);
	must(lr_binding_due(&r.b) == LR_NEVER);
	return 0;
}
