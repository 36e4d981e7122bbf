/*
 * relay_lend.c - fuzzer: ports lent for guests, with members that ask for anything and strangers
 * that send anything
 *
 * The input is a list of records: what (1), length (1), bytes. What, bits 0-1: a control frame with
 * these bytes as its body (LEND, RETURN or any kind), a guest's frame from a member, a raw frame
 * from a member, a datagram from outside to a lent port. Bits 2-3: which member (a and b of one
 * party, z of another) or which stranger; bit 4: named; bit 5: time passes; bit 6: the port is one
 * that is lent. Nothing goes out to an address that sent nothing, no more bytes than came until it
 * is named, only from a port of the member that asks; a port is open exactly while it is lent.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/relay/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { MEMBERS = 3, STRANGERS = 4, FIRST = 28000, PORTS = 8 };

static struct lr_relay_party parties[2];
static struct lr_relay relay;
static struct lr_relay_channel *channels[MEMBERS];
static struct lr_lent *open_ports[PORTS];
static struct {
	uint64_t in, out;
	bool named;
} accounts[PORTS][STRANGERS];
static uint64_t now;

static void must(bool good)
{
	if (!good)
		abort();
}

static const uint8_t *member(
	void *ctx, const uint8_t *id, const uint8_t *keyhash, struct lr_relay_party **party)
{
	(void)ctx, (void)id, (void)keyhash, (void)party;
	return NULL;
}
static void changed(void *ctx, struct lr_relay_party *p)
{
	(void)ctx, (void)p;
}
static void send_frame(void *ctx, struct lr_relay_channel *to, const uint8_t *f, size_t len)
{
	(void)ctx, (void)to, (void)f, (void)len;
}

static int port_open(void *ctx, struct lr_lent *lent)
{
	(void)ctx;
	for (uint16_t i = 0; i < PORTS; i++) {
		if (open_ports[i] || (lent->port && lent->port != FIRST + i))
			continue;
		open_ports[i] = lent;
		lent->port = (uint16_t)(FIRST + i);
		memset(accounts[i], 0, sizeof(accounts[i]));
		return 0;
	}
	return -1;
}
static void port_close(void *ctx, struct lr_lent *lent)
{
	(void)ctx;
	must(open_ports[lent->port - FIRST] == lent);
	open_ports[lent->port - FIRST] = NULL;
}

static struct lr_endpoint stranger(unsigned who)
{
	return (struct lr_endpoint){.in = {.sin_family = AF_INET,
					    .sin_port = htons((uint16_t)(5000 + who)),
					    .sin_addr.s_addr = htonl(0xc0000201 + who)}};
}

static void start(void)
{
	const struct lr_relay_config config = {.limits = &lr_admission_defaults,
		.hooks = {NULL, member, changed, send_frame},
		.lend = {NULL, port_open, port_close},
		.channels = 6,
		.ports = PORTS - 1,
		.epoch = 1,
		.id = "a relay"};
	now = 1000 * LR_NS_PER_S;
	memset(parties, 0, sizeof(parties));
	memset(open_ports, 0, sizeof(open_ports));
	lr_relay_init(&relay, &config);
	for (unsigned i = 0; i < MEMBERS; i++) {
		const uint8_t hash[LR_FRAME_KEYHASH] = {(uint8_t)(1 + i)};
		channels[i] = lr_channels_open(&relay.channels, &parties[i == 2], hash, 0);
		must(channels[i] != NULL);
	}
}

/* Bound, whatever time has passed. */
static struct lr_relay_source bound(unsigned who)
{
	struct lr_relay_source s = {.at = stranger(100 + who)};
	if (!channels[who]->bound)
		must(lr_channels_bind(&relay.channels, channels[who], &s, now) == 0);
	return s;
}

static void from_member(unsigned who, uint8_t *frame, size_t len)
{
	struct lr_relay_source src = bound(who);
	struct lr_relay_step step;
	lr_relay_input(&relay, &src, channels[who], frame, len, now, &step);
	must(step.answer_len <= sizeof(step.answer) && !(step.lent && step.answer_len));
	if (!step.lent)
		return;
	struct lr_frame_guest g;
	must(lr_guest_read(frame, len, &g) == 0 && step.lent->port == g.port);
	must(step.lent->channel->party == channels[who]->party &&
		memcmp(step.lent->channel->keyhash, channels[who]->keyhash, 16) == 0);
	unsigned port = (unsigned)(g.port - FIRST), to = 0;
	struct lr_endpoint at = stranger(0);
	while (to < STRANGERS && !lr_endpoint_equal(step.outside, &at))
		at = stranger(++to);
	must(to < STRANGERS && accounts[port][to].in > 0);
	accounts[port][to].named |= g.named;
	accounts[port][to].out += len - LR_FRAME_GUEST_HEAD;
	must(accounts[port][to].named || accounts[port][to].out <= accounts[port][to].in);
}

static void from_outside(unsigned who, unsigned port, const uint8_t *bytes, size_t len)
{
	struct lr_endpoint at = stranger(who);
	uint8_t head[LR_FRAME_GUEST_HEAD];
	struct lr_lent *lent = open_ports[port];
	if (!lent)
		return;
	struct lr_relay_channel *to = lr_relay_guest(&relay, lent, &at, bytes, len, now, head);
	must(!to || (to == lent->channel && to->bound && bytes[0] >= 1 && bytes[0] <= 4));
	accounts[port][who].in += len; /* what was dropped gives no right, but is no wrong either */
}

static void one(uint8_t what, const uint8_t *bytes, size_t len)
{
	uint8_t frame[LR_FRAME_GUEST_HEAD + 256] = {0};
	unsigned who = what >> 2 & 3, kind = what & 3, port = len ? bytes[0] % PORTS : 0;
	struct lr_frame_guest g = {.named = what & 16,
		.port = (uint16_t)(FIRST + port),
		.at = stranger(len > 1 ? bytes[1] % 6 : 0)};
	if (kind == 3) {
		if (len > 2)
			from_outside(who, port, bytes + 1, len - 1);
		return;
	}
	who %= MEMBERS;
	if (kind == 0) {
		lr_frame_lend(frame, LR_FRAME_LEND, what & 64 ? g.port : 0, len > 1 ? bytes[1] : 0);
		frame[8] = len > 2 ? bytes[2] : LR_FRAME_LEND;
		from_member(who, frame, LR_FRAME_LEND_LEN);
	} else if (kind == 1) {
		lr_frame_guest(frame, &g);
		memcpy(frame + LR_FRAME_GUEST_HEAD, bytes, len);
		frame[LR_FRAME_GUEST_HEAD] = (uint8_t)(1 + (len ? bytes[0] / PORTS % 5 : 0));
		memset(frame + LR_FRAME_GUEST_HEAD + 1, 0, 3);
		from_member(who, frame, LR_FRAME_GUEST_HEAD + len);
	} else {
		memcpy(frame, bytes, len);
		from_member(who, frame, len);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	must(lr_crypto_init() == 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	while (size >= 2) {
		size_t len = data[1] < size - 2 ? data[1] : size - 2;
		one(data[0], data + 2, len);
		now += data[0] & 32 ? 50 * LR_NS_PER_S : LR_NS_PER_MS;
		lr_relay_tick(&relay, now);
		data += 2 + len;
		size -= 2 + len;
	}
	lr_relay_leave(&relay, &parties[0], NULL);
	lr_relay_leave(&relay, &parties[1], NULL);
	for (unsigned i = 0; i < PORTS; i++)
		must(!open_ports[i]);
	lr_relay_release(&relay);
	return 0;
}
