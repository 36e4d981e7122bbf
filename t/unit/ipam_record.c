/*
 * ipam_record.c - names, lines of the log, and that both of their readers agree
 */
#include "lib/ipam/record.h"

#include <stdlib.h>

#include "t/unit/tap.h"

#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void names(void)
{
	static const struct {
		const char *name;
		bool good;
	} cases[] = {
		{"a", true},
		{"alice", true},
		{"Zoë-7", true},
		{"\xe6\x9d\xb1\xe4\xba\xac", true},
		{"a\"b\\c", true},
		{"10player", true},
		{"10.66.0", true},
		{KEY, true},
		{"123456789012345678901234567890123456789012345678901234567890123", true},
		{"1234567890123456789012345678901234567890123456789012345678901234", false},
		{"", false},
		{"a b", true},
		{" a", false},
		{"a ", false},
		{"a\tb", false},
		{"a\nb", false},
		{"a\x1b[2J", false},
		{"a\x7f", false},
		{"a\xc2\x9b", false},     /* CSI */
		{"a\xc2\xa0", false},     /* no-break space */
		{"a\xe2\x80\xae", false}, /* right-to-left override */
		{"a\xef\xbb\xbf", false}, /* byte order mark */
		{"a\xff", false},
		{"a\xc3", false},
		{"a\xed\xa0\x80", false}, /* a surrogate */
		{"10.66.0.1", false},
		{"fd00::1", false},
		{"::", false},
		{"-x", false},
		{"-", false},
		{"{x", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_err err = {0};
		bool good = lr_name_check(cases[i].name, &err) == 0;
		ok(good == cases[i].good && !err.text[0] == good, "name %zu is %s", i,
			cases[i].good ? "good" : "refused with a reason");
	}
	ok(lr_name_is_key(KEY), "a key");
	ok(!lr_name_is_key("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB="), "unused bits set");
	ok(!lr_name_is_key("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="), "31 bytes");
	ok(!lr_name_is_key("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "without the end");
	ok(!lr_name_is_key("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-A="), "another alphabet");
}

static bool same(const struct lr_record *a, const struct lr_record *b)
{
	return a->op == b->op && strcmp(a->peer, b->peer) == 0 && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->public_key, b->public_key) == 0 && lr_ip_equal(&a->address, &b->address) &&
	       a->reserved == b->reserved && lr_ip_equal(&a->pool.ip, &b->pool.ip) &&
	       a->pool.len == b->pool.len && lr_ip_equal(&a->ula.ip, &b->ula.ip) &&
	       a->ula.len == b->ula.len;
}

static const struct {
	const char *line;
	enum lr_record_op op; /* LR_REC_NONE: refused */
	bool fast;            /* our own parser knows it */
} lines[] = {
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\"}", LR_REC_ALLOC, true},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\",\"public_key\":\"" KEY "\"}",
		LR_REC_ALLOC, true},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\",\"public_key\":\"" KEY
	 "\",\"reserved\":true}",
		LR_REC_ALLOC, true},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\",\"reserved\":true}",
		LR_REC_ALLOC, true},
	{"{\"op\":\"release\",\"peer\":\"bob\",\"address\":\"255.255.255.255\"}", LR_REC_RELEASE,
		true},
	{"{\"op\":\"former\",\"peer\":\"Zo\xc3\xab\",\"address\":\"0.0.0.0\"}", LR_REC_FORMER,
		true},
	{"{\"op\":\"release\",\"peer\":\"bob\"}", LR_REC_RELEASE, false},
	{"{\"op\":\"alloc\",\"peer\":\"a\\\"b\\\\c\",\"address\":\"10.66.0.1\"}", LR_REC_ALLOC,
		false},
	{"{\"op\":\"alloc\",\"peer\":\"\\u0062ob\",\"address\":\"10.66.0.1\"}", LR_REC_ALLOC,
		false},
	{" {\"op\": \"alloc\", \"address\": \"10.66.0.1\", \"peer\": \"bob\" } ", LR_REC_ALLOC,
		false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\",\"reserved\":false}",
		LR_REC_ALLOC, false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\",\"later\":[1,{}]}",
		LR_REC_ALLOC, false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\",\"public_key\":null}",
		LR_REC_ALLOC, false},
	{"{\"op\":\"set\",\"peer\":\"bob\",\"name\":\"rob\"}", LR_REC_SET, false},
	{"{\"op\":\"next\",\"address\":\"10.66.0.9\"}", LR_REC_NEXT, false},
	{"{\"op\":\"pool\",\"pool\":\"10.66.0.0/16\",\"ula\":\"fd77::/64\"}", LR_REC_POOL, false},
	{"", LR_REC_NONE, false},
	{"{}", LR_REC_NONE, false},
	{"[]", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\"", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\"}x", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.256\"}", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.01\"}", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0\"}", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"fd00::1\"}", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":1}", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\"}", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"\",\"address\":\"10.66.0.1\"}", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"a \",\"address\":\"10.66.0.1\"}", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"10.0.0.1\",\"address\":\"10.66.0.1\"}", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"a\xff\",\"address\":\"10.66.0.1\"}", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\",\"public_key\":\"no\"}",
		LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\",\"reserved\":1}",
		LR_REC_NONE, false},
	{"{\"op\":\"steal\",\"peer\":\"bob\",\"address\":\"10.66.0.1\"}", LR_REC_NONE, false},
	{"{\"op\":\"alloc\",\"op\":\"release\",\"peer\":\"bob\",\"address\":\"10.66.0.1\"}",
		LR_REC_NONE, false},
	{"{\"op\":\"pool\",\"pool\":\"fd00::/64\",\"ula\":\"fd77::/64\"}", LR_REC_NONE, false},
	{"{\"op\":\"pool\",\"pool\":\"10.66.0.0/16\"}", LR_REC_NONE, false},
};

static void reading(void)
{
	struct lr_record r, fast, json;
	struct lr_err err;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const char *line = lines[i].line;
		size_t len = strlen(line);
		int rc = lr_record_parse(line, len, &r, &err);
		ok(lines[i].op ? rc == 0 && r.op == lines[i].op : rc < 0, "line %zu is %s", i,
			lines[i].op ? "read" : "refused");
		bool quick = lr_record_parse_fast(line, len, &fast);
		ok(quick == lines[i].fast, "line %zu: %s", i,
			lines[i].fast ? "fast" : "by jansson");
		if (quick)
			ok(lr_record_parse_json(line, len, &json, &err) == 0 && same(&fast, &json),
				"line %zu: both readers agree", i);
	}
}

/* Every one-byte change of a line: what the fast reader takes, jansson reads the same. */
static void agreeing(void)
{
	static const char line[] = "{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\","
				   "\"public_key\":\"" KEY "\",\"reserved\":true}";
	char changed[sizeof(line)];
	struct lr_record fast, json;
	unsigned both = 0, differ = 0;

	for (size_t i = 0; i + 1 < sizeof(line); i++) {
		for (int c = 0; c < 256; c++) {
			memcpy(changed, line, sizeof(line));
			changed[i] = (char)c;
			if (!lr_record_parse_fast(changed, sizeof(line) - 1, &fast))
				continue;
			both++;
			differ +=
				lr_record_parse_json(changed, sizeof(line) - 1, &json, NULL) < 0 ||
				!same(&fast, &json);
		}
	}
	ok(both > sizeof(line) && differ == 0, "%u changed lines are read alike", both);
	both = 0;
	for (size_t len = 0; len + 1 < sizeof(line) - 1; len++)
		both += lr_record_parse(line, len, &fast, NULL) == 0;
	is_int(both, 0, "no beginning of a line is a line");
}

static void writing(void)
{
	struct lr_record r = {.op = LR_REC_ALLOC, .peer = "bob", .address = lr_ip4(0x0a420001)},
			 back;
	char out[LR_RECORD_MAX], quotes[LR_PEER_MAX + 1];

	size_t len = lr_record_format(&r, out);
	out[len] = '\0';
	is_str(out, "{\"op\":\"alloc\",\"peer\":\"bob\",\"address\":\"10.66.0.1\"}\n",
		"the plain form");
	memset(quotes, '"', LR_PEER_MAX);
	quotes[LR_PEER_MAX] = '\0';
	LR_RECORD_PUT(r.peer, quotes);
	LR_RECORD_PUT(r.name, quotes);
	LR_RECORD_PUT(r.public_key, KEY);
	r.address = lr_ip4(0xffffffff);
	r.reserved = true;
	for (int op = LR_REC_ALLOC; op <= LR_REC_POOL; op++) {
		r.op = (enum lr_record_op)op;
		if (op == LR_REC_POOL) {
			lr_prefix_parse("10.66.0.0/16", &r.pool);
			lr_prefix_parse("fd77:1111:2222:3333::/64", &r.ula);
		}
		len = lr_record_format(&r, out);
		ok(len <= LR_RECORD_MAX && lr_record_parse(out, len - 1, &back, NULL) == 0 &&
				same(&r, &back),
			"the longest line of operation %d comes back", op);
	}
}

int main(void)
{
	names();
	reading();
	agreeing();
	writing();
	return tap_done();
}
