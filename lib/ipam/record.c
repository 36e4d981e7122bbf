/*
 * record.c - one line of the log of a pool, read and written
 */
#include "lib/ipam/record.h"

#include <string.h>

#include "lib/base/json.h"

/* --- the form that we write, read by hand --- */

struct text {
	const char *at, *end;
};

static bool skip(struct text *t, const char *word, size_t len)
{
	if ((size_t)(t->end - t->at) < len || memcmp(t->at, word, len) != 0)
		return false;
	t->at += len;
	return true;
}
#define SKIP(t, literal) skip(t, literal, sizeof(literal) - 1)

/* A string without escapes, up to and with its closing quote. */
static bool take_string(struct text *t, char *out, size_t max)
{
	const char *quote = memchr(t->at, '"', (size_t)(t->end - t->at));
	size_t len = quote ? (size_t)(quote - t->at) : 0;

	if (!quote || len > max || memchr(t->at, '\\', len))
		return false;
	memcpy(out, t->at, len);
	out[len] = '\0';
	t->at = quote + 1;
	return strlen(out) == len;
}

static bool take_octet(struct text *t, uint8_t *out)
{
	unsigned v = 0, digits = 0;

	while (t->at < t->end && *t->at >= '0' && *t->at <= '9' && digits < 3) {
		v = v * 10 + (unsigned)(*t->at++ - '0');
		digits++;
	}
	*out = (uint8_t)v;
	return digits && v <= 255 && (digits == 1 || t->at[-(int)digits] != '0');
}

static bool take_ip4(struct text *t, struct lr_ip *out)
{
	*out = (struct lr_ip){.family = 4};
	for (int i = 0; i < 4; i++)
		if ((i && !SKIP(t, ".")) || !take_octet(t, &out->b[i]))
			return false;
	return true;
}

static bool take_options(struct text *t, struct lr_record *out)
{
	if (SKIP(t, ",\"public_key\":\"") && (!take_string(t, out->public_key, LR_KEY_CHARS) ||
						     !lr_name_is_key(out->public_key)))
		return false;
	out->reserved = SKIP(t, ",\"reserved\":true");
	return true;
}

static void clear(struct lr_record *r)
{
	r->op = LR_REC_NONE;
	r->peer[0] = r->name[0] = r->public_key[0] = '\0';
	r->address = (struct lr_ip){0};
	r->reserved = false;
	r->pool = r->ula = (struct lr_prefix){0};
}

bool lr_record_parse_fast(const char *line, size_t len, struct lr_record *out)
{
	struct text t = {line, line + len};

	clear(out);
	if (SKIP(&t, "{\"op\":\"alloc\",\"peer\":\""))
		out->op = LR_REC_ALLOC;
	else if (SKIP(&t, "{\"op\":\"release\",\"peer\":\""))
		out->op = LR_REC_RELEASE;
	else if (SKIP(&t, "{\"op\":\"former\",\"peer\":\""))
		out->op = LR_REC_FORMER;
	else
		return false;
	if (!take_string(&t, out->peer, LR_PEER_MAX) || lr_name_check(out->peer, NULL) < 0)
		return false;
	if (!SKIP(&t, ",\"address\":\"") || !take_ip4(&t, &out->address) || !SKIP(&t, "\""))
		return false;
	return take_options(&t, out) && SKIP(&t, "}") && t.at == t.end;
}

/* --- any JSON --- */

static int read_name(
	const json_t *o, const char *key, char out[LR_PEER_MAX + 1], struct lr_err *err)
{
	bool bad = false;
	const char *text = lr_json_str(o, key, &bad);

	if (bad)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: not a string", key);
	if (!text)
		return 0;
	if (lr_name_check(text, err) < 0)
		return -1;
	lr_record_copy(out, LR_PEER_MAX + 1, text);
	return 0;
}

static int read_key(const json_t *o, char out[LR_KEY_CHARS + 1], struct lr_err *err)
{
	bool bad = false;
	const char *text = lr_json_str(o, "public_key", &bad);

	if (bad || (text && !lr_name_is_key(text)))
		return lr_err_set(err, LR_EXIT_FAILED, "public_key: not a public key");
	if (text)
		lr_record_copy(out, LR_KEY_CHARS + 1, text);
	return 0;
}

static int read_address(const json_t *o, struct lr_ip *out, struct lr_err *err)
{
	bool bad = false;
	const char *text = lr_json_str(o, "address", &bad);

	if (!bad && !text)
		return 0;
	if (bad || lr_ip_parse(text, out) < 0 || out->family != 4)
		return lr_err_set(err, LR_EXIT_FAILED, "address: not an IPv4 address");
	return 0;
}

static int read_pool(const json_t *o, struct lr_record *out, struct lr_err *err)
{
	bool bad = false;
	const char *pool = lr_json_str(o, "pool", &bad), *ula = lr_json_str(o, "ula", &bad);

	if (bad || !pool || lr_prefix_parse(pool, &out->pool) < 0 || out->pool.ip.family != 4)
		return lr_err_set(err, LR_EXIT_FAILED, "pool: not an IPv4 prefix");
	if (!ula || lr_prefix_parse(ula, &out->ula) < 0 || out->ula.ip.family != 6)
		return lr_err_set(err, LR_EXIT_FAILED, "ula: not an IPv6 prefix");
	return 0;
}

static const struct {
	const char *name;
	enum lr_record_op op;
	bool peer, address; /* which members must be there */
} ops[] = {
	{"alloc", LR_REC_ALLOC, true, true},
	{"set", LR_REC_SET, true, false},
	{"release", LR_REC_RELEASE, true, false},
	{"former", LR_REC_FORMER, true, true},
	{"next", LR_REC_NEXT, false, true},
	{"pool", LR_REC_POOL, false, false},
};
#define OPS (sizeof(ops) / sizeof(*ops))

static int read_members(const json_t *o, struct lr_record *out, struct lr_err *err)
{
	bool bad = false;
	size_t i = 0;
	const char *op = lr_json_str(o, "op", &bad);

	while (i < OPS && (!op || strcmp(op, ops[i].name) != 0))
		i++;
	if (i == OPS)
		return lr_err_set(err, LR_EXIT_FAILED, "op: %.40s is not known", op ? op : "null");
	out->op = ops[i].op;
	out->reserved = lr_json_bool(o, "reserved", false, &bad);
	if (bad)
		return lr_err_set(err, LR_EXIT_FAILED, "reserved: neither true nor false");
	if (read_name(o, "peer", out->peer, err) < 0 || read_name(o, "name", out->name, err) < 0 ||
		read_key(o, out->public_key, err) < 0 || read_address(o, &out->address, err) < 0)
		return -1;
	if (ops[i].peer && !out->peer[0])
		return lr_err_set(err, LR_EXIT_FAILED, "peer: missing");
	if (ops[i].address && !out->address.family)
		return lr_err_set(err, LR_EXIT_FAILED, "address: missing");
	return out->op == LR_REC_POOL ? read_pool(o, out, err) : 0;
}

int lr_record_parse_json(const char *line, size_t len, struct lr_record *out, struct lr_err *err)
{
	json_t *o = lr_json_parse(line, len, err);
	int rc;

	clear(out);
	if (!o)
		return -1;
	if (json_is_object(o))
		rc = read_members(o, out, err);
	else
		rc = lr_err_set(err, LR_EXIT_FAILED, "not a JSON object");
	json_decref(o);
	return rc;
}

int lr_record_parse(const char *line, size_t len, struct lr_record *out, struct lr_err *err)
{
	if (lr_record_parse_fast(line, len, out))
		return 0;
	return lr_record_parse_json(line, len, out, err);
}

/* --- writing --- */

static char *put(char *to, const char *text)
{
	size_t n = strlen(text);

	memcpy(to, text, n);
	return to + n;
}

/* ,"key":"text" with the two characters escaped that a valid name may have. */
static char *put_member(char *to, const char *key, const char *text)
{
	to = put(put(put(to, ",\""), key), "\":\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			*to++ = '\\';
		*to++ = *text;
	}
	return put(to, "\"");
}

static const char *op_name(enum lr_record_op op)
{
	for (size_t i = 0; i < OPS; i++)
		if (ops[i].op == op)
			return ops[i].name;
	return "none";
}

size_t lr_record_format(const struct lr_record *r, char out[LR_RECORD_MAX])
{
	char text[LR_ADDR_TEXT];
	char *p = put(put(put(out, "{\"op\":\""), op_name(r->op)), "\"");

	if (r->peer[0])
		p = put_member(p, "peer", r->peer);
	if (r->name[0])
		p = put_member(p, "name", r->name);
	if (r->address.family)
		p = put_member(p, "address", lr_ip_text(&r->address, text));
	if (r->public_key[0])
		p = put_member(p, "public_key", r->public_key);
	if (r->reserved)
		p = put(p, ",\"reserved\":true");
	if (r->op == LR_REC_POOL) {
		p = put_member(p, "pool", lr_prefix_text(&r->pool, text));
		p = put_member(p, "ula", lr_prefix_text(&r->ula, text));
	}
	p = put(p, "}\n");
	return (size_t)(p - out);
}
