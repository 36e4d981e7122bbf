/*
 * party_record.c - records, lists, proofs of access
 */
#include "lib/base/bytes.h"
#include "lib/party/access.h"
#include "lib/party/list.h"
#include "lib/party/record.h"
#include "t/unit/party_people.h"

static struct party home;
static uint8_t priv[32], party_key[32], party_secret[64], nonce[24];

static struct lr_signer signer(void)
{
	return (struct lr_signer){home.id, &home.keys, party_key, party_secret};
}

static struct lr_record sample(void)
{
	struct lr_record r = {
		.name = "Zo\xc3\xab",
		.address = lr_ip4(0x0a420107),
		.since_s = START_S,
		.hidden = true,
		.nat = {LR_BEHAVE_EI, LR_BEHAVE_APD, LR_NAT_HAIRPIN, -2},
		.invite = {1, 2, 3, 4, 5, 6, 7, 8},
		.candidates = {.n = 2,
			.at = {{LR_CANDIDATE_HOST, 51820, 0, {4, {192, 168, 1, 7}}},
				{LR_CANDIDATE_IPV6, 51821, 0, {6, {0x20, 1, 0xd, 0xb8}}}}},
		.n_channels = 1,
		.channels = {{{"relay.example"}, 0xdeadbeef, 12000}},
		.n_games = 2,
		.games = {"openttd", "xonotic"},
		.n_guests = 1,
		.guests = {{"phone", {4, {10, 66, 2, 2}}}},
	};

	lr_record_carry(&r, home.id, home.id + 16);
	lr_record_own(&r, priv, home.id, party_key, home.id);
	return r;
}

static void contents(void)
{
	struct lr_record r = sample(), back;
	uint8_t bytes[LR_RECORD_MAX];
	unsigned odd = 0;
	int len = lr_record_encode(&r, bytes, sizeof(bytes));

	ok(len > 100, "contents are written: %d bytes", len);
	is_int(lr_record_decode(bytes, (size_t)len, &back), 0, "and read");
	is_mem(&back, &r, sizeof(r), "all of them");
	/* A cut between two fields is a shorter record, anywhere else an error. */
	for (int cut = 0; cut < len; cut++) {
		int rc = lr_record_decode(bytes, (size_t)cut, &back);
		odd += rc == 0 &&
		       lr_record_encode(&back, (uint8_t[LR_RECORD_MAX]){0}, LR_RECORD_MAX) < 0;
	}
	is_int(odd, 0, "what is read can be written again");
	memcpy(bytes + len, "\xc8\0\3abc", 6);
	is_int(lr_record_decode(bytes, (size_t)len + 6, &back), 0, "unknown fields are skipped");
	is_mem(&back, &r, sizeof(r), "without a trace");
	memcpy(bytes + len, "\1\0\1x", 4);
	is_int(lr_record_decode(bytes, (size_t)len + 4, &back), -EBADMSG, "no second name");
	memcpy(bytes + len, "\5\0\7\x09\1\1\1\2\3\4", 10);
	is_int(lr_record_decode(bytes, (size_t)len + 10, &back), 0,
		"a new kind of candidate is skipped");
	is_int(back.candidates.n, 2, "and not kept");
}

/* A record says whose its WireGuard key is. */
static void owner(void)
{
	struct lr_record r = sample(), back;
	uint8_t bytes[LR_RECORD_MAX], less[LR_RECORD_MAX], other[32];
	int len = lr_record_encode(&r, bytes, sizeof(bytes));
	uint8_t *proof = memmem(bytes, (size_t)len, r.proof, LR_PROOF_LEN);

	ok(lr_record_owned(&r, home.id, party_key), "its key is the member's own");
	memcpy(other, party_key, 32);
	other[0] ^= 1;
	ok(!lr_record_owned(&r, home.id, other), "not another member's, with the same proof");
	memcpy(other, home.id, 32);
	other[0] ^= 1;
	ok(!lr_record_owned(&r, other, party_key), "nor in another party");
	lr_random(other, 32);
	lr_public_key(r.public_key, other);
	ok(!lr_record_owned(&r, home.id, party_key), "nor another key's");
	if (!ok(proof && proof[-3] == 10 && lr_get_be16(proof - 2) == LR_PROOF_LEN, "the proof"))
		return;
	size_t before = (size_t)(proof - 3 - bytes),
	       after = (size_t)len - before - 3 - LR_PROOF_LEN;
	memcpy(less, bytes, before);
	memcpy(less + before, proof + LR_PROOF_LEN, after);
	is_int(lr_record_decode(less, before + after, &back), -EBADMSG, "without one it is none");
	memcpy(bytes + len, proof - 3, 3 + LR_PROOF_LEN);
	is_int(lr_record_decode(bytes, (size_t)len + 3 + LR_PROOF_LEN, &back), -EBADMSG,
		"nor with two");
	memmove(proof + LR_PROOF_LEN - 1, proof + LR_PROOF_LEN, after);
	lr_put_be16(proof - 2, LR_PROOF_LEN - 1);
	is_int(lr_record_decode(bytes, (size_t)len - 1, &back), -EBADMSG, "nor with a shorter one");
}

static void limits(void)
{
	struct lr_record r = sample(), back;
	uint8_t bytes[LR_RECORD_MAX];

	is_int(lr_record_encode(&r, bytes, 100), -E2BIG, "what does not fit is told");
	snprintf(r.name, sizeof(r.name), "a\nb");
	is_int(lr_record_encode(&r, bytes, sizeof(bytes)), -EINVAL,
		"no control characters in names");
	snprintf(r.name, sizeof(r.name), "a\xff");
	is_int(lr_record_encode(&r, bytes, sizeof(bytes)), -EINVAL, "nor what is no UTF-8");
	r.name[0] = '\0';
	is_int(lr_record_encode(&r, bytes, sizeof(bytes)), -EINVAL, "no empty name");
	r = sample();
	memset(r.public_key, 0, 32);
	is_int(lr_record_encode(&r, bytes, sizeof(bytes)), -EINVAL, "no record without a key");
	r = sample();
	r.candidates.at[0].port = 0;
	is_int(lr_record_encode(&r, bytes, sizeof(bytes)), -EINVAL, "no port 0");
	r = sample();
	r.n_guests = LR_GUESTS_MAX + 1;
	is_int(lr_record_encode(&r, bytes, sizeof(bytes)), -EINVAL, "not too many guests");
	r = sample();
	r.nat.mapping = 9;
	is_int(lr_record_encode(&r, bytes, sizeof(bytes)), -EINVAL, "no unknown router");

	/* Everything full, and as long as it may be. */
	r = sample();
	snprintf(r.name, sizeof(r.name), "%032d", 0);
	r.candidates.n = LR_CANDIDATES_MAX;
	r.n_channels = LR_CHANNELS_MAX;
	r.n_games = LR_GAMES_MAX;
	r.n_guests = LR_GUESTS_MAX;
	for (unsigned i = 0; i < 16; i++) {
		r.candidates.at[i] = r.candidates.at[1];
		r.channels[i % 4] = r.channels[0];
		snprintf(r.channels[i % 4].relay.text, LR_PLACE_TEXT, "%060d.%060d:1", i % 4, 0);
		snprintf(r.games[i % 8], LR_GAME_NAME, "%024u", i % 8);
		snprintf(r.guests[i].name, LR_MEMBER_NAME, "%032u", i);
		r.guests[i].address = r.address;
	}
	int len = lr_record_encode(&r, bytes, sizeof(bytes));
	ok(len > 0 && len + 24 + 16 + LR_RECORD_MIN <= LR_RECORD_MAX, "a full one fits: %d", len);
	is_int(lr_record_decode(bytes, (size_t)len, &back), 0, "and is read");
	is_mem(&back, &r, sizeof(r), "all of it");
}

static void envelope(void)
{
	struct lr_record r = sample(), back;
	const struct lr_signer by = signer();
	uint8_t bytes[LR_RECORD_MAX], hash[16], other[32] = {5};
	struct lr_envelope e;
	unsigned taken = 0, told = 0;
	int len = lr_record_sign(&r, 42, START_S + 900, &by, nonce, bytes);

	ok(len > LR_RECORD_MIN && len < 600, "a record is signed: %d bytes", len);
	is_int(lr_envelope_read(bytes, (size_t)len, &e), 0, "its envelope is read");
	lr_keyhash(hash, party_key);
	ok(!e.leave && e.epoch == 1 && e.version == 42 && e.expiry_s == START_S + 900 &&
			!memcmp(e.keyhash, hash, 16),
		"version, expiry, epoch, keyhash");
	is_int(lr_envelope_check(&e, bytes, (size_t)len, home.id, 1, home.keys.access_public), 0,
		"and is good");
	is_int(lr_envelope_check(&e, bytes, (size_t)len, other, 1, home.keys.access_public),
		-EACCES, "not for another party");
	is_int(lr_envelope_check(&e, bytes, (size_t)len, home.id, 2, home.keys.access_public),
		-ESTALE, "nor in another epoch");
	is_int(lr_envelope_check(&e, bytes, (size_t)len, home.id, 1, other), -EACCES,
		"nor under another access key");
	is_int(lr_record_open(&e, bytes, home.keys.record_key, &back), 0, "members open it");
	is_mem(&back, &r, sizeof(r), "and read the contents");
	is_int(lr_record_open(&e, bytes, other, &back), -EBADMSG, "others do not");
	ok(!memmem(bytes, (size_t)len, r.name, strlen(r.name)) &&
			!memmem(bytes, (size_t)len, r.public_key, 32),
		"the relay sees neither name nor key");
	for (int cut = 0; cut < len; cut++)
		taken += lr_envelope_read(bytes, (size_t)cut, &e) == 0;
	is_int(taken, 0, "nothing shorter is one");
	for (int bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] ^= 1 << bit % 8;
		taken += lr_envelope_read(bytes, (size_t)len, &e) == 0 &&
			 lr_envelope_check(
				 &e, bytes, (size_t)len, home.id, 1, home.keys.access_public) == 0;
		told += memcmp(e.keyhash, hash, 16) != 0;
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	is_int(taken, 0, "no bit can be flipped");
	ok(told >= 256, "another key has another keyhash");
}

static void leaving(void)
{
	const struct lr_signer by = signer();
	struct lr_record r = sample(), back;
	uint8_t bytes[LR_RECORD_MAX], whole[LR_RECORD_MAX];
	struct lr_envelope e;
	int len = lr_record_sign(NULL, 43, START_S + 900, &by, nonce, bytes);

	is_int(len, LR_RECORD_MIN, "who leaves signs an empty record");
	is_int(lr_envelope_read(bytes, (size_t)len, &e), 0, "which is read");
	ok(e.leave && lr_envelope_check(
			      &e, bytes, (size_t)len, home.id, 1, home.keys.access_public) == 0,
		"and good");
	is_int(lr_record_open(&e, bytes, home.keys.record_key, &back), -EBADMSG,
		"nothing is in it");
	bytes[1] = 0;
	is_int(lr_envelope_read(bytes, (size_t)len, &e), -EBADMSG, "empty without leaving is none");
	len = lr_record_sign(&r, 44, START_S + 900, &by, nonce, whole);
	whole[1] = 1;
	is_int(lr_envelope_read(whole, (size_t)len, &e), -EBADMSG, "nor leaving with contents");
	is_int(lr_record_sign(&r, 0, START_S, &by, nonce, whole), -EINVAL, "there is no version 0");
	is_int(lr_record_sign(&r, UINT64_MAX, START_S, &by, nonce, whole), -EINVAL,
		"nor a last one");
}

static void lists(void)
{
	uint8_t b[200] = "LRL1", claim[80] = {1};
	struct lr_list_entry e;
	struct lr_list l;
	struct lr_claim c;
	struct lr_since s;
	char text[LR_SINCE_TEXT];
	unsigned good = 0;

	lr_put_be64(b + 4, 0xabcdef);
	lr_put_be64(b + 12, 77);
	lr_put_be64(b + 20, START_S * 1000);
	memcpy(b + 29, "\1\0\0\0\2ab\x09\0\0\0\1x\3\0\0\0\0\2\0\0\0\1c", 25);
	is_int(lr_list_read(b, 29 + 24, &l), 0, "a list is read");
	ok(l.now.epoch == 0xabcdef && l.now.seq == 77 && l.time_ms == START_S * 1000 && !l.whole,
		"its head");
	ok(lr_list_next(&l, &e) && e.kind == LR_LIST_RECORD && e.len == 2 && !memcmp(e.at, "ab", 2),
		"a record");
	ok(lr_list_next(&l, &e) && e.kind == LR_LIST_CLAIM && e.len == 0,
		"over an unknown kind, a claim");
	ok(lr_list_next(&l, &e) && e.kind == LR_LIST_CHARTER && e.len == 1, "a charter");
	ok(!lr_list_next(&l, &e), "and the end");
	for (size_t cut = 0; cut < 29 + 24; cut++)
		good += lr_list_read(b, cut, &l) == 0;
	is_int(good, 4, "cut off, it is read only where an entry ends");
	b[28] = 2;
	is_int(lr_list_read(b, 29 + 24, &l), -EBADMSG, "unknown flags are none");

	memcpy(claim + 41, "198.51.100.7\n", 13);
	is_int(lr_claim_read(claim, 54, &c), 0, "a claim is read");
	is_str(c.who, "198.51.100.7?", "without control characters");
	is_int(lr_claim_read(claim, 40, &c), -EBADMSG, "not cut");
	is_int(lr_claim_read(b, 41 + 64, &c), -EBADMSG, "nor too long");

	s = (struct lr_since){0x12ab, 99};
	is_str(lr_since_text(&s, text), "00000000000012ab.99", "a number as text");
	is_int(lr_since_parse(text, &s), 0, "and back");
	ok(s.epoch == 0x12ab && s.seq == 99, "the same");
	static const char *const bad[] = {"", ".", "12ab.9", "00000000000012ab",
		"00000000000012ab.", "00000000000012ab.9x", "00000000000012aB.9",
		"00000000000012ab.99999999999999999999999", "000000000000012ab.9",
		"00000000000012ab.-1"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(lr_since_parse(bad[i], &s) == -EINVAL, "\"%s\" is none", bad[i]);
}

static void access_proofs(void)
{
	char text[LR_ACCESS_TEXT], bad[LR_ACCESS_TEXT];
	uint8_t other[32] = {8};
	struct lr_epoch_keys next;
	unsigned taken = 0;

	lr_access_text(home.id, &home.keys, START_S, text);
	is_int(lr_access_check(text, home.id, 1, home.keys.access_public, START_S), 0,
		"a proof of access");
	is_int(lr_access_check(text, home.id, 1, home.keys.access_public, START_S + 60), 0,
		"good for a while");
	is_int(lr_access_check(text, home.id, 1, home.keys.access_public, START_S - 60), 0,
		"before and after");
	is_int(lr_access_check(text, home.id, 1, home.keys.access_public, START_S + 61), -ESTALE,
		"then not");
	is_int(lr_access_check(text, home.id, 1, home.keys.access_public, START_S - 61), -ESTALE,
		"nor before");
	is_int(lr_access_check(text, home.id, 2, home.keys.access_public, START_S), -ESTALE,
		"another epoch");
	is_int(lr_access_check(text, other, 1, home.keys.access_public, START_S), -EACCES,
		"another party");
	lr_keys_of_epoch(&next, home.id, 1, (uint8_t[16]){1});
	is_int(lr_access_check(text, home.id, 1, next.access_public, START_S), -EACCES,
		"another key");
	for (size_t i = 0; text[i]; i++) {
		memcpy(bad, text, sizeof(bad));
		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		taken += lr_access_check(bad, home.id, 1, home.keys.access_public, START_S) == 0;
		bad[i] = '\0';
		taken += lr_access_check(bad, home.id, 1, home.keys.access_public, START_S) == 0;
	}
	is_int(taken, 0, "no character can be changed or missing");
	static const char *const rubbish[] = {"", ".", "..", "1", "1.", "1.2", "1.2.", "65536.1.x",
		"1..x", "1.18446744073709551616.x", "-1.2.x"};
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++)
		ok(lr_access_check(rubbish[i], home.id, 1, home.keys.access_public, START_S) ==
				-EBADMSG,
			"\"%s\" is none", rubbish[i]);
}

int main(void)
{
	lr_crypto_init();
	found(&home);
	lr_random(priv, sizeof(priv));
	lr_keys_of_member(party_key, party_secret, priv, home.id);
	contents();
	owner();
	limits();
	envelope();
	leaving();
	lists();
	access_proofs();
	return tap_done();
}
