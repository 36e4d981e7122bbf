/*
 * foe.c - a member of a real party that does what it should not, for tests
 *
 *   foe DIR FILE COMMAND...   DIR: the state folder of a node that joined; FILE: the party in it
 *
 *   id | keyhash           of the party, of this member
 *   members                the others: NAME KEYHASH PUBLIC_KEY, one a line
 *   access [SECONDS]       the value of LR-Access, for now plus SECONDS
 *   charter                the charter as the node has it
 *   forge                  the same, one number later, signed by somebody who is not the host
 *   record VERSION [WORD]...  a signed record; VERSION 0: one that is greater than all before
 *   leave VERSION          one that leaves
 *
 *   foe invite INVITE secret|id|epoch    an invite with another secret, party or epoch, well formed
 *   foe entry KEYHASH      that member's record, from a relay's list on standard input
 *   foe initiations KEY ADDRESS:PORT N   that many WireGuard initiations with a good mac1 for the
 *                          public key KEY, the rest random; prints how many bytes came back
 *
 * WORDs: name=X, address=A.B.C.D, key=PUBLIC_KEY (WireGuard), epoch=N (of that number, with the
 * keys that it has), seconds=N, candidate=IP:PORT (any number). The binary ones go to standard
 * output as they are sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/state.h"
#include "lib/party/access.h"
#include "lib/party/charter_wire.h"
#include "lib/party/invite.h"
#include "lib/party/roster.h"
#include "lib/wg/cookie.h"

static uint8_t id[LR_PARTY_ID_LEN], wg[LR_KEY_LEN];
static struct lr_roster *roster;

__attribute__((noreturn)) static void stop(const char *what)
{
	fprintf(stderr, "foe: %s\n", what);
	exit(1);
}

static char *load(const char *dir, const char *name, size_t *len)
{
	char path[4096];
	struct lr_err err;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	char *text = lr_read_file(path, 2 << 20, len, &err);
	if (!text)
		stop(err.text);
	return text;
}

static void open_party(const char *dir, const char *file)
{
	static const struct lr_roster_hooks none;
	struct lr_err err = {0};
	bool bad = false;
	size_t len;
	char *key = load(dir, "identity.key", &len);
	key[strcspn(key, "\n")] = '\0';
	if (lr_key_parse(key, wg) < 0)
		stop("identity.key");
	char *text = load(dir, file, &len);
	json_t *o = lr_json_parse(text, len, &err);
	const char *said = o ? lr_json_str(o, "id", &bad) : NULL;
	if (!said || lr_party_id_parse(said, strlen(said), id) < 0)
		stop("no party there");
	roster = lr_roster_new(id, wg, &none);
	if (!roster || lr_roster_import(roster, o, lr_now(), &err) < 0)
		stop(err.text);
	json_decref(o);
	free(text);
	free(key);
}

/* ------------------------------------------------------------------ what it says */

static int members(void)
{
	char hash[LR_KEYHASH_TEXT], key[LR_KEY_TEXT];
	for (const struct lr_member *m = lr_roster_first(roster); m; m = lr_roster_next(roster, m))
		printf("%s %s %s\n", m->r.name, lr_keyhash_text(m->keyhash, hash),
			lr_key_text(m->r.public_key, key));
	return 0;
}

static int forge(void)
{
	static struct lr_charter c;
	static uint8_t out[LR_CHARTER_MAX];
	uint8_t secret[LR_SIGN_SECRET_LEN];
	if (!lr_roster_rules(roster))
		stop("it has no charter");
	c = *lr_roster_rules(roster);
	lr_charter_fold(&c);
	lr_sign_keypair(c.id, secret);
	int len = lr_charter_sign(&c, secret, out);
	if (len < 0)
		stop("cannot sign");
	memcpy(out + LR_HEAD_ID, id, sizeof(id));
	fwrite(out, 1, (size_t)len, stdout);
	return 0;
}

static void candidate(struct lr_record *r, const char *text)
{
	struct lr_endpoint e;
	if (lr_endpoint_parse(text, &e) < 0 || r->candidates.n == LR_CANDIDATES_MAX)
		stop(text);
	r->candidates.at[r->candidates.n++] = lr_candidate_of(LR_CANDIDATE_REFLEXIVE, &e);
}

struct wanted {
	struct lr_record r;
	struct lr_epoch_keys keys;
	long seconds;
};

static void word(struct wanted *w, const char *text)
{
	const char *value = strchr(text, '=');
	if (!value)
		stop(text);
	value++;
	if (!strncmp(text, "name=", 5))
		snprintf(w->r.name, sizeof(w->r.name), "%s", value);
	else if (!strncmp(text, "address=", 8) && lr_ip_parse(value, &w->r.address) == 0)
		w->r.since_s = (uint64_t)time(NULL);
	else if (!strncmp(text, "key=", 4) && lr_key_parse(value, w->r.public_key) == 0)
		return;
	else if (!strncmp(text, "epoch=", 6))
		w->keys.epoch = (uint16_t)strtoul(value, NULL, 10);
	else if (!strncmp(text, "seconds=", 8))
		w->seconds = strtol(value, NULL, 10);
	else if (!strncmp(text, "candidate=", 10))
		candidate(&w->r, value);
	else
		stop(text);
}

static int record(bool leave, int n, char **words)
{
	static struct wanted w;
	uint8_t out[LR_RECORD_MAX], nonce[LR_XNONCE_LEN], key[LR_KEY_LEN],
		secret[LR_SIGN_SECRET_LEN];
	uint64_t version = n ? strtoull(words[0], NULL, 10) : 0;
	w = (struct wanted){*lr_roster_self(roster), *lr_roster_keys(roster), 600};
	snprintf(w.r.name, sizeof(w.r.name), "foe");
	for (int i = 1; i < n; i++)
		word(&w, words[i]);
	lr_keys_of_member(key, secret, wg, id);
	lr_random(nonce, sizeof(nonce));
	const struct lr_signer by = {id, &w.keys, key, secret};
	int len = lr_record_sign(leave ? NULL : &w.r, version ? version : lr_wall(),
		(uint64_t)(time(NULL) + w.seconds), &by, nonce, out);
	if (len < 0)
		stop(strerror(-len));
	fwrite(out, 1, (size_t)len, stdout);
	return 0;
}

static int access_header(const char *seconds)
{
	char text[LR_ACCESS_TEXT];
	long more = seconds ? strtol(seconds, NULL, 10) : 0;
	return puts(lr_access_text(
		       id, lr_roster_keys(roster), (uint64_t)(time(NULL) + more), text)) < 0;
}

static int charter(void)
{
	size_t len;
	const uint8_t *bytes = lr_roster_charter_bytes(roster, &len);
	if (!bytes)
		stop("it has no charter");
	fwrite(bytes, 1, len, stdout);
	return 0;
}

static int run(const char *what, int n, char **words)
{
	char text[LR_PARTY_ID_TEXT];
	if (!strcmp(what, "id"))
		return puts(lr_party_id_text(id, text)) < 0;
	if (!strcmp(what, "keyhash"))
		return puts(lr_keyhash_text(lr_roster_keyhash(roster), text)) < 0;
	if (!strcmp(what, "members"))
		return members();
	if (!strcmp(what, "access"))
		return access_header(n ? words[0] : NULL);
	if (!strcmp(what, "charter"))
		return charter();
	if (!strcmp(what, "forge"))
		return forge();
	if (!strcmp(what, "record") || !strcmp(what, "leave"))
		return record(what[0] == 'l', n, words);
	stop("what?");
}

/* ------------------------------------------------------------------ without a party */

static int invite(char *text, const char *what)
{
	char out[LR_INVITE_TEXT];
	struct lr_invite v;
	struct lr_err err;
	if (lr_invite_parse(text, strlen(text), &v, &err) < 0)
		stop(err.text);
	if (!strcmp(what, "secret"))
		v.secret[3] ^= 1;
	else if (!strcmp(what, "id"))
		v.id[3] ^= 1;
	else
		v.epoch++;
	if (lr_invite_text(&v, out) < 0)
		stop("cannot write it");
	return puts(out) < 0;
}

static int entry(const char *keyhash)
{
	static uint8_t bytes[1 << 20];
	struct lr_list list;
	struct lr_list_entry e;
	struct lr_envelope v;
	char text[LR_KEYHASH_TEXT];
	if (lr_list_read(bytes, fread(bytes, 1, sizeof(bytes), stdin), &list) < 0)
		stop("no list");
	while (lr_list_next(&list, &e))
		if (e.kind == LR_LIST_RECORD && lr_envelope_read(e.at, e.len, &v) == 0 &&
			strcmp(lr_keyhash_text(v.keyhash, text), keyhash) == 0)
			return fwrite(e.at, 1, e.len, stdout) != e.len;
	stop("no such record");
}

static unsigned long drain(int fd)
{
	uint8_t in[2048];
	unsigned long bytes = 0;
	for (ssize_t n; (n = recv(fd, in, sizeof(in), MSG_DONTWAIT)) > 0;)
		bytes += (unsigned long)n;
	return bytes;
}

static int initiations(char **a)
{
	static const struct lr_cookie_jar empty;
	struct lr_msg_initiation msg;
	struct lr_endpoint to;
	uint8_t key[LR_KEY_LEN];
	unsigned long n = strtoul(a[2], NULL, 10), back = 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || lr_key_parse(a[0], key) < 0 || lr_endpoint_parse(a[1], &to) < 0 ||
		connect(fd, &to.sa, sizeof(to.in)) < 0)
		stop("usage");
	for (unsigned long i = 0; i < n; i++) {
		struct lr_cookie_jar jar = empty;
		lr_random(&msg, sizeof(msg));
		memcpy(msg.type, (uint8_t[4]){LR_MSG_INITIATION}, sizeof(msg.type));
		lr_cookie_sign(&jar, lr_now(), key, &msg, sizeof(msg));
		(void)!send(fd, &msg, sizeof(msg), 0);
		back += drain(fd);
		if (i % 20 == 19)
			usleep(1000); /* no faster than a machine can say no */
	}
	usleep(200000);
	back += drain(fd);
	close(fd);
	printf("%lu %lu\n", n * sizeof(msg), back);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "invite"))
		return invite(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "entry"))
		return entry(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "initiations") && lr_crypto_init() == 0)
		return initiations(argv + 2);
	if (argc < 4)
		stop("usage: foe DIR PARTY.json COMMAND [WORD]...");
	if (lr_crypto_init() < 0)
		stop("crypto");
	open_party(argv[1], argv[2]);
	int rc = run(argv[3], argc - 4, argv + 4);
	lr_roster_free(roster);
	return rc;
}
