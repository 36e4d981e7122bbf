/* What an import makes of texts, and what NAMEs find, on a book of our own making. */
#include "lib/node/exchange.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/node/given.h"
#include "lib/node/state_book.h"
#include "t/unit/tap.h"

#define KEY_A "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* --- import --- */

struct got {
	unsigned peers, interfaces, complaints;
	char last[500];
};

static int on_peer(void *ctx, const json_t *obj, struct lr_err *err)
{
	struct got *g = ctx;

	if (!json_object_get(obj, "public_key"))
		return lr_err_set(err, LR_EXIT_FAILED, "no key");
	g->peers++;
	return 0;
}

static void on_interface(void *ctx, const struct lr_config *config)
{
	struct got *g = ctx;

	(void)config;
	g->interfaces++;
}

static void on_complaint(void *ctx, const char *line)
{
	struct got *g = ctx;

	g->complaints++;
	snprintf(g->last, sizeof(g->last), "%s", line);
}

static void imports(void)
{
	static const struct {
		const char *text;
		unsigned peers, interfaces, complaints;
		enum lr_exit code;
		const char *last;
	} cases[] = {
		{"", 0, 0, 0, LR_EXIT_OK, ""},
		{" \r\n\t\n", 0, 0, 0, LR_EXIT_OK, ""},
		{"{\"public_key\":\"" KEY_A "\"}", 1, 0, 0, LR_EXIT_OK, ""},
		{"\n\n{\"public_key\":\"" KEY_A "\"}\r\n\r\n{\"public_key\":\"" KEY_B "\"}\n", 2, 0,
			0, LR_EXIT_OK, ""},
		{"{\"peer\":\"x\"}\n{\"public_key\":\"" KEY_B "\"}\n", 1, 0, 1, LR_EXIT_FAILED,
			"line 1: no key"},
		{"{\"public_key\":\"" KEY_A "\"}\n7\n", 1, 0, 1, LR_EXIT_FAILED,
			"line 2: not a JSON object"},
		{"{broken\n{\"public_key\":\"" KEY_A "\"}\n", 1, 0, 1, LR_EXIT_FAILED, NULL},
		{"{\"peers\":[{\"public_key\":\"" KEY_A "\"},{\"public_key\":\"" KEY_B "\"}]}", 2,
			1, 0, LR_EXIT_OK, ""},
		{"{\n \"peers\": [\n  {\"public_key\": \"" KEY_A "\"}\n ]\n}\n", 1, 1, 0,
			LR_EXIT_OK, ""},
		{"{\"peers\":[{\"public_key\":\"x\"}]}\n{\"public_key\":\"" KEY_A "\"}\n", 1, 0, 1,
			LR_EXIT_USAGE,
			"F: peers[0]: public_key: no key: 44 characters of base64 are needed"},
		{"[Interface]\n[Peer]\nPublicKey = " KEY_A "\n", 1, 1, 0, LR_EXIT_OK, ""},
		{"  [interface]\r\n[Peer]\r\nPublicKey = " KEY_A "\r\n", 1, 1, 0, LR_EXIT_OK, ""},
		{"[Peer]\nPublicKey = " KEY_A "\n[Peer]\nPublicKey = " KEY_B, 2, 1, 0, LR_EXIT_OK,
			""},
		{"# [Interface]\n[Peer]\nPublicKey = " KEY_A "\n", 1, 1, 0, LR_EXIT_OK, ""},
		{"[Peer]\nPublicKey = x\n", 0, 0, 1, LR_EXIT_USAGE, NULL},
		{"rubbish", 0, 0, 1, LR_EXIT_USAGE, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct got g = {0};
		const struct lr_exchange to = {.ctx = &g,
			.peer = on_peer,
			.interface = on_interface,
			.complain = on_complaint};
		size_t len = strlen(cases[i].text);
		char *text = malloc(len + 1); /* no byte behind the end for a reader that strays */
		memcpy(text, cases[i].text, len);
		enum lr_exit code = lr_exchange_import(&to, text, len, "F");
		bool good = code == cases[i].code && g.peers == cases[i].peers &&
			    g.interfaces == cases[i].interfaces &&
			    g.complaints == cases[i].complaints;
		ok(good && (!cases[i].last || strcmp(g.last, cases[i].last) == 0), "import %zu", i);
		if (!good || cases[i].last)
			printf("# %u peers, %u complaints, %d: %s\n", g.peers, g.complaints, code,
				g.last);
		free(text);
	}
	struct got g = {0};
	const struct lr_exchange to = {
		.ctx = &g, .peer = on_peer, .interface = on_interface, .complain = on_complaint};
	is_int(lr_exchange_import(&to, "\0\0{", 3, "F"), LR_EXIT_USAGE, "NUL bytes are no file");
	is_int(lr_exchange_import(&to, "{\"a\":1}\n{\0}\n", 12, "F"), LR_EXIT_FAILED, "nor JSON");
}

/* --- names --- */

static json_t *ask(struct lr_state_book *b, const char *text, struct lr_err *err)
{
	json_t *request = lr_json_parse(text, strlen(text), err);
	bool mine;
	json_t *answer = lr_book_answer(&b->book, request, &mine);

	json_decref(request);
	*err = (struct lr_err){0};
	return mine ? lr_book_take(answer, err) : NULL;
}

static void names(struct lr_state_book *b)
{
	static const char *const adds[] = {
		"{\"do\":\"peer-set\",\"peer\":{\"public_key\":\"" KEY_A
		"\",\"peer\":\"ann\",\"address\":\"10.66.0.1\",\"address6\":\"fd66::1\"}}",
		"{\"do\":\"peer-set\",\"peer\":{\"public_key\":\"" KEY_B
		"\",\"peer\":\"AQAAAA\",\"allowed_ips\":[\"10.66.0.2/32\",\"10.77.0.0/16\"]}}",
	};
	static const struct {
		const char *name;
		uint8_t first; /* byte of the key that is found; 0: nothing */
	} cases[] = {
		{"ann", 1},
		{"AQAAAA", 2}, /* a nickname before a prefix of another's key */
		{"AQAAAAA", 1},
		{KEY_A, 1},
		{KEY_B, 2},
		{"AgAAAA", 2},
		{"AgAAA", 0},
		{"10.66.0.1", 1},
		{"10.66.0.2", 2},
		{"fd66:0:0::1", 1},
		{"10.77.0.0", 0},
		{"Ann", 0},
		{"", 0},
		{KEY_A "A", 0},
	};
	struct lr_err err = {0};

	for (unsigned i = 0; i < 2; i++) {
		json_t *answer = ask(b, adds[i], &err);
		ok(answer != NULL, "add %u %s", i, err.text);
		json_decref(answer);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		err = (struct lr_err){0};
		struct lr_book_peer p = lr_book_find(&b->book, cases[i].name, &err);
		ok(cases[i].first ? p.who && p.public_key[0] == cases[i].first
				  : !p.who && err.exit == LR_EXIT_FAILED,
			"NAME \"%s\"", cases[i].name);
	}
}

static void requests(struct lr_state_book *b)
{
	static const struct {
		const char *request, *error; /* NULL: an answer */
	} cases[] = {
		{"{\"do\":\"peers\"}", NULL},
		{"{\"do\":\"peers\",\"names\":null}", NULL},
		{"{\"do\":\"peers\",\"names\":[\"ann\"],\"detail\":true}", NULL},
		{"{\"do\":\"peers\",\"names\":\"ann\"}", "names: not a list"},
		{"{\"do\":\"peers\",\"names\":[\"x\"]}",
			"x: no such peer (`lr-peer list` shows those there are)"},
		{"{\"do\":\"config\",\"names\":[\"ann\",\"ann\"]}", NULL},
		{"{\"do\":\"config\",\"names\":[\"ann\",7]}", "names: not all are texts"},
		{"{\"do\":\"peer-set\"}", "peer: not an object"},
		{"{\"do\":\"peer-set\",\"peer\":{\"peer\":7}}",
			"peer and public_key must be texts"},
		{"{\"do\":\"peer-set\",\"peer\":{\"peer\":\"ann\",\"address\":\"10.66.0.9\"}}",
			NULL},
		{"{\"do\":\"peer-set\",\"peer\":{\"peer\":\"ann\",\"public_key\":\"" KEY_B "\"}}",
			"ann: another peer has this name: " KEY_A},
		{"{\"do\":\"peer-set\",\"peer\":{\"peer\":\"us\"}}", NULL}, /* ourselves */
		{"{\"do\":\"peer-remove\",\"peer\":[]}", "peer: not a text"},
		{"{\"do\":\"peer-remove\",\"peer\":\"ann\"}", NULL},
		{"{\"do\":\"peer-remove\",\"peer\":\"ann\"}",
			"ann: no such peer (`lr-peer list` shows those there are)"},
	};
	struct lr_err err;

	snprintf(b->config.name, sizeof(b->config.name), "us");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *answer = ask(b, cases[i].request, &err);
		ok(cases[i].error ? !answer && strcmp(err.text, cases[i].error) == 0
				  : answer != NULL,
			"%s", cases[i].request);
		if (!answer && !cases[i].error)
			printf("# %s\n", err.text);
		json_decref(answer);
	}
}

static void files(const char *dir)
{
	struct lr_state_book b, again;
	struct lr_err err = {0};
	struct stat st;
	char path[100];

	is_int(lr_state_book_open(&b, true, &err), 0, "a book of nothing");
	is_int(lr_state_book_commit(&b, &err), 0, "nothing to keep");
	snprintf(path, sizeof(path), "%s/config.json", dir);
	is_int(stat(path, &st), -1, "nothing was written");
	names(&b);
	requests(&b);
	is_int(lr_state_book_commit(&b, &err), 0, "kept");
	ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "mode 0600");
	lr_state_book_close(&b);
	is_int(lr_state_book_open(&again, false, &err), 0, "read again");
	is_int(again.config.n_peers, 1, "one peer is left");
	lr_state_book_close(&again);
	unlink(path);
	snprintf(path, sizeof(path), "%s/config.json.lock", dir);
	unlink(path);
}

static void addresses(void)
{
	struct lr_ip ip;
	json_t *both = json_pack("{s:s,s:s}", "address", "10.66.0.2", "address6", "fd66::2");
	json_t *six = json_pack("{s:n,s:s}", "address", "address6", "fd66::2");

	is_str(lr_given_address("bob", both, 0, &ip), "10.66.0.2", "IPv4 first");
	is_str(lr_given_address("bob", both, 6, &ip), "fd66::2", "IPv6 asked for");
	is_str(lr_given_address("fd66::2", both, 0, &ip), "fd66::2", "the address that was named");
	is_str(lr_given_address("bob", six, 0, &ip), "fd66::2", "the only one");
	ok(!lr_given_address("bob", six, 4, &ip), "none");
	json_decref(both);
	json_decref(six);
}

int main(void)
{
	char dir[] = "/tmp/lr-exchange-XXXXXX";

	lr_crypto_init();
	if (!mkdtemp(dir))
		abort();
	setenv("LR_STATE_DIR", dir, 1);
	imports();
	files(dir);
	addresses();
	ok(rmdir(dir) == 0, "nothing is left");
	return tap_done();
}
