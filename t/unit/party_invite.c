/*
 * party_invite.c - invites as text, tokens, offers
 */
#include "lib/party/invite.h"
#include "lib/party/token.h"
#include "t/unit/party_people.h"

static struct lr_invite sample(void)
{
	struct lr_invite v = {.n_relays = 2, .name = "friday-night", .epoch = 7};

	lr_place_parse("relay.example", 13, &v.relays[0]);
	lr_place_parse("[2001:db8::1]:443", 17, &v.relays[1]);
	for (unsigned i = 0; i < 32; i++) {
		v.id[i] = (uint8_t)(200 + i);
		v.secret[i % 16] = (uint8_t)(i % 16);
		v.token[i % 16] = (uint8_t)(64 + i % 16);
	}
	return v;
}

static void round_trip(void)
{
	struct lr_invite v = sample(), back;
	char text[LR_INVITE_TEXT], noisy[LR_INVITE_TEXT + 8];
	struct lr_err err;

	is_int(lr_invite_text(&v, text), 0, "an invite is written");
	ok(strncmp(text, "lr://relay.example,[2001:db8::1]:443/friday-night#EAAH", 54) == 0,
		"and looks like one");
	is_int(lr_invite_parse(text, strlen(text), &back, &err), 0, "and is read");
	ok(back.flags == 0 && back.epoch == 7 && back.n_relays == 2, "flags, epoch, relays");
	is_str(back.relays[1].text, "[2001:db8::1]:443", "the second relay");
	is_str(back.name, "friday-night", "name");
	is_mem(back.secret, v.secret, 16, "secret");
	is_mem(back.id, v.id, 32, "id");
	snprintf(noisy, sizeof(noisy), " \t%s\r\n", text);
	is_int(lr_invite_parse(noisy, strlen(noisy), &back, &err), 0,
		"white space does not matter");
	noisy[2] = 'L';
	noisy[8] = 'E';
	is_int(lr_invite_parse(noisy, strlen(noisy), &back, &err), 0,
		"nor capitals in scheme and host");
	v.flags = LR_INVITE_TOKEN | LR_INVITE_HIDE | LR_INVITE_TLS;
	is_int(lr_invite_text(&v, text), 0, "a token invite is written");
	is_int(strlen(strchr(text, '#')), 29, "shorter");
	is_int(lr_invite_parse(text, strlen(text), &back, &err), 0, "and read");
	is_mem(back.token, v.token, 16, "with its token");
	ok(back.flags == v.flags && back.epoch == 0, "without a secret");
}

/* Every single wrong, missing or added character is told, as what it is. */
static void typos(void)
{
	struct lr_invite v = sample(), back;
	char text[LR_INVITE_TEXT], bad[LR_INVITE_TEXT];
	unsigned cut = 0, mistyped = 0, taken = 0, leaked = 0;
	struct lr_err err;

	lr_invite_text(&v, text);
	size_t len = strlen(text), hash = (size_t)(strchr(text, '#') - text);
	for (size_t n = 5; n < len; n++) {
		taken += lr_invite_parse(text, n, &back, &err) == 0;
		cut += strstr(err.text, "cut off") != NULL;
	}
	is_int(cut, len - 5, "whatever is missing: \"cut off\"");
	for (size_t i = 5; i < len; i++) {
		for (unsigned c = 33; c < 127; c++) {
			memcpy(bad, text, len + 1);
			bad[i] = (char)c;
			if (strcasecmp(bad, text) == 0 && i < hash)
				continue;
			if (bad[i] == text[i])
				continue;
			int rc = lr_invite_parse(bad, len, &back, &err);
			taken += rc == 0;
			mistyped += rc < 0 && err.exit == LR_EXIT_USAGE && strlen(err.text) > 20;
			leaked += strstr(err.text, text + hash + 4) != NULL;
		}
	}
	is_int(taken, 0, "no wrong character goes unnoticed");
	ok(mistyped > 8000, "each has a line of its own: %u", mistyped);
	is_int(leaked, 0, "none of which tells the secret");
}

static void errors(void)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "not an invite"},
		{"http://x/y#z", "not an invite"},
		{"lr://", "cut off"},
		{"lr://host/name", "cut off"},
		{"lr://host/name#", "cut off"},
		{"lr://host/name#EA", "cut off"},
		{"lr:///name#EAAH", "is not HOST"},
		{"lr://a,/name#EAAH", "is not HOST"},
		{"lr://a:0/name#EAAH", "is not HOST"},
		{"lr://a,b,c,d,e/name#EAAH", "more than 4 relays"},
		{"lr://a/#EAAH", "no name"},
		{"lr://a/b/c#EAAH", "no name"},
		{"lr://a/.b#EAAH", "no name"},
		{"lr://a/123456789012345678901234567890123#EAAH", "longer than 32"},
		{"lr://a/b#IAAH", "version 2"},
		{"lr://a/b#E\"AH", "mistyped"},
		{"lr://a/"
		 "b#EAAHEAAHEAAHEAAHEAAHEAAHEAAHEAAHEAAHEAAHEAAHEAAHEAAHEAAHEAAHEAAHEAAHEAAHEAAH",
			"too long"},
	};
	struct lr_invite v;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_err err = {.text = ""};
		int rc = lr_invite_parse(cases[i].text, strlen(cases[i].text), &v, &err);
		ok(rc < 0 && err.exit == LR_EXIT_USAGE && strstr(err.text, cases[i].says),
			"\"%.40s\": %s", cases[i].text, err.text);
	}
	v = sample();
	char text[LR_INVITE_TEXT];
	v.n_relays = 0;
	is_int(lr_invite_text(&v, text), -EINVAL, "none without a relay is written");
	v = sample();
	v.flags = 16;
	is_int(lr_invite_text(&v, text), -EINVAL, "nor one with unknown flags");
	v = sample();
	memcpy(v.name, "a/b", 4);
	is_int(lr_invite_text(&v, text), -EINVAL, "nor one with a bad name");
	v = sample();
	v.n_relays = LR_PLACES_MAX;
	for (unsigned i = 0; i < LR_PLACES_MAX; i++)
		memset(v.relays[i].text, 'a', LR_PLACE_TEXT - 8), v.relays[i].text[120] = '\0';
	memset(v.name, 'n', 32);
	is_int(lr_invite_text(&v, text), 0, "the longest one fits");
	struct lr_err err;
	ok(strlen(text) < LR_INVITE_TEXT && lr_invite_parse(text, strlen(text), &v, &err) == 0,
		"and is read: %zu characters", strlen(text));
}

static void tokens(void)
{
	struct party p;
	struct lr_invite v = sample(), claimed = {.flags = LR_INVITE_TOKEN};
	uint8_t nonce[24] = {1}, bytes[LR_OFFER_LEN], hash[32], other[32] = {0};
	struct lr_offer o;
	unsigned taken = 0;

	found(&p);
	memcpy(v.id, p.id, 32);
	v.flags = LR_INVITE_TOKEN | LR_INVITE_HIDE | LR_INVITE_TLS;
	lr_offer_sign(&v, &p.keys, 3, START_S + 7200, nonce, bytes);
	is_int(lr_offer_read(bytes, sizeof(bytes), p.id, p.keys.access_public, &o), 0,
		"an offer is read");
	lr_token_hash(hash, v.token);
	ok(o.uses == 3 && o.epoch == 1 && o.expiry_s == START_S + 7200 && !memcmp(o.hash, hash, 32),
		"with uses, epoch, expiry, hash");
	is_int(lr_offer_read(bytes, sizeof(bytes), other, p.keys.access_public, &o), -EACCES,
		"not for another party");
	is_int(lr_offer_read(bytes, sizeof(bytes), p.id, other, &o), -EACCES, "nor by a stranger");
	is_int(lr_offer_read(bytes, sizeof(bytes) - 1, p.id, p.keys.access_public, &o), -EBADMSG,
		"nor cut");
	for (unsigned bit = 0; bit < sizeof(bytes) * 8; bit++) {
		bytes[bit / 8] ^= 1 << bit % 8;
		taken += lr_offer_read(bytes, sizeof(bytes), p.id, p.keys.access_public, &o) == 0;
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	is_int(taken, 0, "nor with any bit flipped");
	ok(!memmem(bytes, sizeof(bytes), p.secret, 16) &&
			!memmem(bytes, sizeof(bytes), v.token, 16) &&
			!memmem(bytes, sizeof(bytes), p.id, 32),
		"the relay sees neither secret, token nor id in it");
	lr_offer_read(bytes, sizeof(bytes), p.id, p.keys.access_public, &o);
	is_int(lr_token_open(&claimed, o.sealed, sizeof(o.sealed)), -EBADMSG,
		"another token opens nothing");
	memcpy(claimed.token, v.token, 16);
	is_int(lr_token_open(&claimed, o.sealed, sizeof(o.sealed) - 1), -EBADMSG,
		"nor a part of it");
	is_int(lr_token_open(&claimed, o.sealed, sizeof(o.sealed)), 0, "the token opens it");
	ok(!memcmp(claimed.id, p.id, 32) && !memcmp(claimed.secret, p.secret, 16) &&
			claimed.epoch == 1 && claimed.flags == v.flags,
		"and finds id, secret, epoch, flags");
}

int main(void)
{
	lr_crypto_init();
	round_trip();
	typos();
	errors();
	tokens();
	return tap_done();
}
