/*
 * record.c - what a member says about itself, as fields
 *
 * Each field has one reader and one writer below. A field that breaks its rule makes the record
 * bad: its member signed nonsense, and there is no good guess. A field of an unknown tag or a
 * candidate of an unknown kind is what a newer version has to say, and is skipped.
 */
#include "lib/party/record.h"

#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/net/nick.h"
#include "lib/party/record_wire.h"

/* These numbers are on the wire. */
_Static_assert(LR_CANDIDATE_HOST == 1 && LR_CANDIDATE_PREDICTED == 5, "kinds of candidates");
_Static_assert(LR_BEHAVE_EI == 1 && LR_BEHAVE_APD == 3, "behaviours of routers");

/* --- reading --- */

/* A nickname of 1..room-1 bytes. */
static bool read_text(const uint8_t *at, size_t len, char *out, size_t room)
{
	if (len == 0 || len >= room || memchr(at, 0, len))
		return false;
	memcpy(out, at, len);
	out[len] = '\0';
	return !lr_nick_fault(out);
}

static bool read_name(const uint8_t *at, size_t len, struct lr_record *r)
{
	return read_text(at, len, r->name, sizeof(r->name));
}

static bool read_key(const uint8_t *at, size_t len, struct lr_record *r)
{
	static const uint8_t zero[LR_KEY_LEN];

	if (len != LR_KEY_LEN || memcmp(at, zero, len) == 0)
		return false;
	memcpy(r->public_key, at, len);
	return true;
}

static bool read_address(const uint8_t *at, size_t len, struct lr_record *r)
{
	if (len != 12)
		return false;
	r->address = lr_ip4(lr_get_be32(at));
	r->since_s = lr_get_be64(at + 4);
	return true;
}

static bool read_nat(const uint8_t *at, size_t len, struct lr_record *r)
{
	if (len < 5) /* longer in newer versions */
		return false;
	r->hidden = at[0] & 1;
	r->nat = (struct lr_nat){
		.mapping = at[1], .filtering = at[2], .flags = at[3], .delta = (int8_t)at[4]};
	return r->nat.mapping <= LR_BEHAVE_APD && r->nat.filtering <= LR_BEHAVE_APD;
}

static bool read_candidate(const uint8_t *at, size_t len, struct lr_record *r)
{
	struct lr_candidates *all = &r->candidates;

	if ((len != 7 && len != 19) || all->n == LR_CANDIDATES_MAX)
		return false;
	if (at[0] < LR_CANDIDATE_HOST || at[0] > LR_CANDIDATE_PREDICTED)
		return true;
	struct lr_candidate *c = &all->at[all->n++];
	*c = (struct lr_candidate){
		.kind = at[0], .port = lr_get_be16(at + 1), .ip.family = len == 7 ? 4 : 6};
	memcpy(c->ip.b, at + 3, len - 3);
	return c->port != 0;
}

static bool read_channel(const uint8_t *at, size_t len, struct lr_record *r)
{
	struct lr_channel *c = &r->channels[r->n_channels];

	if (len < 9 || r->n_channels == LR_CHANNELS_MAX ||
		lr_place_parse((const char *)at + 8, len - 8, &c->relay) < 0)
		return false;
	c->channel = lr_get_be32(at);
	c->rtt_us = lr_get_be32(at + 4);
	r->n_channels++;
	return true;
}

static bool read_game(const uint8_t *at, size_t len, struct lr_record *r)
{
	return r->n_games < LR_GAMES_MAX &&
	       read_text(at, len, r->games[r->n_games++], LR_GAME_NAME);
}

static bool read_guest(const uint8_t *at, size_t len, struct lr_record *r)
{
	struct lr_guest *g = &r->guests[r->n_guests];

	if (len < 5 || r->n_guests == LR_GUESTS_MAX ||
		!read_text(at + 4, len - 4, g->name, sizeof(g->name)))
		return false;
	g->address = lr_ip4(lr_get_be32(at));
	r->n_guests++;
	return true;
}

static bool read_invite(const uint8_t *at, size_t len, struct lr_record *r)
{
	if (len != sizeof(r->invite))
		return false;
	memcpy(r->invite, at, len);
	return true;
}

static bool read_proof(const uint8_t *at, size_t len, struct lr_record *r)
{
	if (len != LR_PROOF_LEN)
		return false;
	memcpy(r->proof, at, len);
	return true;
}

static bool read_bridge(const uint8_t *at, size_t len, struct lr_record *r)
{
	if (len != 2 * LR_BRIDGE_TOKEN)
		return false;
	r->bridge.carries = true;
	memcpy(r->bridge.mark, at, LR_BRIDGE_TOKEN);
	memcpy(r->bridge.shown, at + LR_BRIDGE_TOKEN, LR_BRIDGE_TOKEN);
	return true;
}

/* Without these it is none. */
#define NEEDED (1u << LR_TAG_NAME | 1u << LR_TAG_KEY | 1u << LR_TAG_PROOF)

static const struct {
	bool (*read)(const uint8_t *at, size_t len, struct lr_record *r);
	bool once;
} fields[LR_TAGS] = {
	[LR_TAG_NAME] = {read_name, true},
	[LR_TAG_KEY] = {read_key, true},
	[LR_TAG_ADDRESS] = {read_address, true},
	[LR_TAG_NAT] = {read_nat, true},
	[LR_TAG_CANDIDATE] = {read_candidate, false},
	[LR_TAG_CHANNEL] = {read_channel, false},
	[LR_TAG_GAME] = {read_game, false},
	[LR_TAG_GUEST] = {read_guest, false},
	[LR_TAG_INVITE] = {read_invite, true},
	[LR_TAG_PROOF] = {read_proof, true},
	[LR_TAG_BRIDGE] = {read_bridge, true},
};

int lr_record_decode(const uint8_t *bytes, size_t len, struct lr_record *out)
{
	struct lr_cursor c = lr_cursor(bytes, len);
	unsigned seen = 0;

	memset(out, 0, sizeof(*out));
	while (c.left) {
		const uint8_t *head = lr_take(&c, 3);
		const uint8_t *at = head ? lr_take(&c, lr_get_be16(head + 1)) : NULL;
		if (!at)
			return -EBADMSG;
		unsigned tag = head[0];
		if (tag >= LR_TAGS || !fields[tag].read)
			continue;
		if ((fields[tag].once && seen & 1u << tag) ||
			!fields[tag].read(at, lr_get_be16(head + 1), out))
			return -EBADMSG;
		seen |= 1u << tag;
	}
	return (seen & NEEDED) == NEEDED ? 0 : -EBADMSG;
}

/* --- writing --- */

struct writer {
	uint8_t *at;
	size_t left;
	bool full;
};

/* A field of `len` bytes to fill in, or NULL when it does not fit. */
static uint8_t *field(struct writer *w, enum lr_record_tag tag, size_t len)
{
	if (w->full || w->left < len + 3) {
		w->full = true;
		return NULL;
	}
	uint8_t *value = w->at + 3;
	w->at[0] = (uint8_t)tag;
	lr_put_be16(w->at + 1, (uint16_t)len);
	w->at += len + 3;
	w->left -= len + 3;
	return value;
}

/* A field of `n` fixed bytes (NULL: filled in by the caller) and a text. */
static uint8_t *text_field(struct writer *w, enum lr_record_tag tag, size_t n, const char *text)
{
	size_t len = strlen(text);
	uint8_t *value = field(w, tag, n + len);

	if (value)
		memcpy(value + n, text, len);
	return value;
}

static void write_own(struct writer *w, const struct lr_record *r)
{
	static const uint8_t no_invite[sizeof(r->invite)];
	uint8_t *at;

	text_field(w, LR_TAG_NAME, 0, r->name);
	if ((at = field(w, LR_TAG_KEY, LR_KEY_LEN)))
		memcpy(at, r->public_key, LR_KEY_LEN);
	if ((at = field(w, LR_TAG_PROOF, LR_PROOF_LEN)))
		memcpy(at, r->proof, LR_PROOF_LEN);
	if (r->address.family && (at = field(w, LR_TAG_ADDRESS, 12))) {
		memcpy(at, r->address.b, 4);
		lr_put_be64(at + 4, r->since_s);
	}
	if ((at = field(w, LR_TAG_NAT, 5))) {
		at[0] = r->hidden;
		at[1] = r->nat.mapping;
		at[2] = r->nat.filtering;
		at[3] = r->nat.flags;
		at[4] = (uint8_t)r->nat.delta;
	}
	if (memcmp(r->invite, no_invite, sizeof(no_invite)) != 0 &&
		(at = field(w, LR_TAG_INVITE, sizeof(r->invite))))
		memcpy(at, r->invite, sizeof(r->invite));
	if (r->bridge.carries && (at = field(w, LR_TAG_BRIDGE, 2 * LR_BRIDGE_TOKEN))) {
		memcpy(at, r->bridge.mark, LR_BRIDGE_TOKEN);
		memcpy(at + LR_BRIDGE_TOKEN, r->bridge.shown, LR_BRIDGE_TOKEN);
	}
}

static void write_lists(struct writer *w, const struct lr_record *r)
{
	uint8_t *at;

	for (unsigned i = 0; i < r->candidates.n; i++) {
		const struct lr_candidate *c = &r->candidates.at[i];
		size_t len = lr_ip_bits(&c->ip) / 8;
		if (!(at = field(w, LR_TAG_CANDIDATE, 3 + len)))
			return;
		at[0] = c->kind;
		lr_put_be16(at + 1, c->port);
		memcpy(at + 3, c->ip.b, len);
	}
	for (unsigned i = 0; i < r->n_channels; i++) {
		if (!(at = text_field(w, LR_TAG_CHANNEL, 8, r->channels[i].relay.text)))
			return;
		lr_put_be32(at, r->channels[i].channel);
		lr_put_be32(at + 4, r->channels[i].rtt_us);
	}
	for (unsigned i = 0; i < r->n_games; i++)
		text_field(w, LR_TAG_GAME, 0, r->games[i]);
	for (unsigned i = 0; i < r->n_guests; i++) {
		if ((at = text_field(w, LR_TAG_GUEST, 4, r->guests[i].name)))
			memcpy(at, r->guests[i].address.b, 4);
	}
}

int lr_record_encode(const struct lr_record *r, uint8_t *out, size_t room)
{
	struct writer w = {.at = out, .left = room};
	struct lr_record again;

	if (r->candidates.n > LR_CANDIDATES_MAX || r->n_channels > LR_CHANNELS_MAX ||
		r->n_games > LR_GAMES_MAX || r->n_guests > LR_GUESTS_MAX)
		return -EINVAL;
	write_own(&w, r);
	write_lists(&w, r);
	if (w.full)
		return -E2BIG;
	/* What others would refuse is not written: a name with control characters, port 0. */
	return lr_record_decode(out, room - w.left, &again) < 0 ? -EINVAL : (int)(room - w.left);
}

/* --- who carries a segment --- */

static void mark_of(const uint8_t token[LR_BRIDGE_TOKEN], uint8_t mark[LR_BRIDGE_TOKEN])
{
	static const char context[] = "lanrage bridge mark 1";

	lr_digest(mark, LR_BRIDGE_TOKEN, NULL, 0,
		(struct lr_span[]){{context, sizeof(context) - 1}, {token, LR_BRIDGE_TOKEN}}, 2);
}

void lr_record_carry(struct lr_record *r, const uint8_t token[LR_BRIDGE_TOKEN],
	const uint8_t before[LR_BRIDGE_TOKEN])
{
	r->bridge.carries = true;
	mark_of(token, r->bridge.mark);
	memcpy(r->bridge.shown, before, LR_BRIDGE_TOKEN);
}

bool lr_record_carries_on(const struct lr_record_bridge *next, const struct lr_record_bridge *b)
{
	static const uint8_t none[LR_BRIDGE_TOKEN];
	uint8_t mark[LR_BRIDGE_TOKEN];

	if (!next->carries || !b->carries || memcmp(next->shown, none, sizeof(none)) == 0)
		return false;
	mark_of(next->shown, mark);
	return memcmp(mark, b->mark, sizeof(mark)) == 0;
}

/* --- whose key it is --- */

#define OWNER     "lanrage owner 1"
#define OWNER_LEN (sizeof(OWNER) - 1 + LR_PARTY_ID_LEN + LR_KEY_LEN)

static const uint8_t *owner(uint8_t msg[OWNER_LEN], const uint8_t *id, const uint8_t *party_key)
{
	uint8_t *at = mempcpy(msg, OWNER, sizeof(OWNER) - 1);

	at = mempcpy(at, id, LR_PARTY_ID_LEN);
	memcpy(at, party_key, LR_KEY_LEN);
	return msg;
}

void lr_record_own(struct lr_record *r, const uint8_t wg_private[LR_KEY_LEN],
	const uint8_t id[LR_PARTY_ID_LEN], const uint8_t party_key[LR_KEY_LEN],
	const uint8_t random[LR_PROOF_RANDOM])
{
	uint8_t msg[OWNER_LEN];

	lr_public_key(r->public_key, wg_private);
	lr_proof_make(r->proof, owner(msg, id, party_key), sizeof(msg), wg_private, random);
}

bool lr_record_owned(const struct lr_record *r, const uint8_t id[LR_PARTY_ID_LEN],
	const uint8_t party_key[LR_KEY_LEN])
{
	uint8_t msg[OWNER_LEN];

	return lr_proof_check(r->proof, owner(msg, id, party_key), sizeof(msg), r->public_key);
}
