/*
 * invite.c - lr://HOST[:PORT][,HOST...]/NAME#BLOB
 *
 * What is wrong is found in the order in which a person can do something about it: not an invite at
 * all, made by a newer version, cut off, mistyped. The length follows from the first byte, so a
 * missing end is told apart from a wrong letter.
 */
#include "lib/party/invite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/bytes.h"

#define TEXT(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}
#define SCHEME      "lr://"
#define SCHEME_LEN  5
#define VERSION     1
#define SUM_LEN     4
#define LASTING_LEN (1 + 2 + LR_SECRET_LEN + LR_PARTY_ID_LEN + SUM_LEN)
#define TOKEN_LEN   (1 + LR_TOKEN_LEN + SUM_LEN)
#define KNOWN_FLAGS (LR_INVITE_TOKEN | LR_INVITE_POOL | LR_INVITE_HIDE | LR_INVITE_TLS)
#define PUBLIC_TEXT (LR_INVITE_TEXT - 80)

static size_t blob_len(uint8_t flags)
{
	return flags & LR_INVITE_TOKEN ? TOKEN_LEN : LASTING_LEN;
}

bool lr_party_name_ok(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < LR_PARTY_NAME && name[0] != '.' && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
		       len;
}

/* "HOST,HOST/NAME", which the checksum covers. Length. */
static size_t public_text(const struct lr_invite *v, char out[PUBLIC_TEXT])
{
	char *at = out;

	for (unsigned i = 0; i < v->n_relays; i++)
		at += snprintf(at, LR_PLACE_TEXT + 1, "%s%s", i ? "," : "", v->relays[i].text);
	at += snprintf(at, LR_PARTY_NAME + 1, "/%s", v->name);
	return (size_t)(at - out);
}

static void checksum(uint8_t out[16], const struct lr_invite *v, const uint8_t *blob)
{
	char text[PUBLIC_TEXT];
	size_t len = public_text(v, text);

	lr_digest(out, 16, NULL, 0,
		(struct lr_span[]){TEXT("lanrage invite 1"), {text, len},
			{blob, blob_len(v->flags) - SUM_LEN}},
		3);
}

static bool writable(const struct lr_invite *v)
{
	return v->n_relays >= 1 && v->n_relays <= LR_PLACES_MAX && !(v->flags & ~KNOWN_FLAGS) &&
	       memchr(v->name, '\0', sizeof(v->name)) && lr_party_name_ok(v->name);
}

int lr_invite_text(const struct lr_invite *v, char out[LR_INVITE_TEXT])
{
	uint8_t blob[LASTING_LEN], sum[16];
	char text[PUBLIC_TEXT];
	size_t len = blob_len(v->flags);

	if (!writable(v))
		return -EINVAL;
	blob[0] = (uint8_t)(VERSION << 4 | v->flags);
	if (v->flags & LR_INVITE_TOKEN) {
		memcpy(blob + 1, v->token, LR_TOKEN_LEN);
	} else {
		lr_put_be16(blob + 1, v->epoch);
		memcpy(blob + 3, v->secret, LR_SECRET_LEN);
		memcpy(blob + 3 + LR_SECRET_LEN, v->id, LR_PARTY_ID_LEN);
	}
	checksum(sum, v, blob);
	memcpy(blob + len - SUM_LEN, sum, SUM_LEN);
	public_text(v, text);
	int n = snprintf(out, LR_INVITE_TEXT, SCHEME "%s#", text);
	lr_base64url(blob, len, out + n);
	lr_wipe(blob, sizeof(blob));
	return 0;
}

/* The relays between the scheme and the slash. */
static int read_relays(const char *at, size_t len, struct lr_invite *out, struct lr_err *err)
{
	const char *end = at + len;

	while (at <= end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		size_t n = (size_t)((comma ? comma : end) - at);
		if (out->n_relays == LR_PLACES_MAX)
			return lr_err_set(err, LR_EXIT_USAGE,
				"the invite names more than %d relays", LR_PLACES_MAX);
		if (lr_place_parse(at, n, &out->relays[out->n_relays]) < 0)
			return lr_err_set(err, LR_EXIT_USAGE,
				"the invite is mistyped: %.*s is not HOST or HOST:PORT",
				(int)(n < 80 ? n : 80), at);
		out->n_relays++;
		at += n + 1;
	}
	return 0;
}

static int read_name(const char *at, size_t len, struct lr_invite *out, struct lr_err *err)
{
	if (len >= LR_PARTY_NAME)
		return lr_err_set(err, LR_EXIT_USAGE,
			"the invite is mistyped: the party's name is longer than %d characters",
			LR_PARTY_NAME - 1);
	memcpy(out->name, at, len);
	out->name[len] = '\0';
	if (strlen(out->name) == len && lr_party_name_ok(out->name))
		return 0;
	return lr_err_set(err, LR_EXIT_USAGE,
		"the invite is mistyped: between / and # stands no name of a party");
}

/* Decodes the BLOB, whose length depends on its first byte. */
static int read_blob(const char *at, size_t chars, uint8_t blob[LASTING_LEN], struct lr_err *err)
{
	uint8_t first[3];

	if (chars < 4)
		return lr_err_set(err, LR_EXIT_USAGE,
			"the invite is cut off: copy it as a whole, with what stands behind the #");
	if (lr_base64url_parse(at, 4, first, sizeof(first)) < 0)
		return lr_err_set(err, LR_EXIT_USAGE,
			"the invite is mistyped: behind the # are only letters, digits, - and _");
	if (first[0] >> 4 != VERSION || (first[0] & 15 & ~KNOWN_FLAGS))
		return lr_err_set(err, LR_EXIT_USAGE,
			"the invite is of version %d, which this program does not know: it is "
			"mistyped, or made by a newer version",
			first[0] >> 4);
	size_t len = blob_len(first[0] & 15), want = lr_base64url_len(len);
	if (chars < want)
		return lr_err_set(err, LR_EXIT_USAGE,
			"the invite is cut off: %zu of %zu characters behind the #", chars, want);
	if (chars > want)
		return lr_err_set(err, LR_EXIT_USAGE,
			"the invite is too long: %zu characters behind the #, not %zu", chars,
			want);
	if (lr_base64url_parse(at, chars, blob, len) < 0)
		return lr_err_set(err, LR_EXIT_USAGE,
			"the invite is mistyped: behind the # are only letters, digits, - and _");
	return 0;
}

static int read_parts(const char *text, size_t len, struct lr_invite *out, struct lr_err *err)
{
	const char *end = text + len, *hash = memchr(text, '#', len);
	const char *slash = memchr(text, '/', (size_t)((hash ? hash : end) - text));
	uint8_t blob[LASTING_LEN], sum[16];
	int rc = -1;

	if (!slash || !hash)
		return lr_err_set(err, LR_EXIT_USAGE,
			"the invite is cut off: it has the form lr://HOST/NAME#CODE (in a shell, "
			"put it between quotes)");
	if (read_relays(text, (size_t)(slash - text), out, err) < 0 ||
		read_name(slash + 1, (size_t)(hash - slash - 1), out, err) < 0 ||
		read_blob(hash + 1, (size_t)(end - hash - 1), blob, err) < 0)
		goto out;
	out->flags = blob[0] & 15;
	checksum(sum, out, blob);
	if (memcmp(sum, blob + blob_len(out->flags) - SUM_LEN, SUM_LEN) != 0) {
		lr_err_set(err, LR_EXIT_USAGE,
			"the invite is mistyped: its checksum is wrong; copy it once more");
		goto out;
	}
	if (out->flags & LR_INVITE_TOKEN) {
		memcpy(out->token, blob + 1, LR_TOKEN_LEN);
	} else {
		out->epoch = lr_get_be16(blob + 1);
		memcpy(out->secret, blob + 3, LR_SECRET_LEN);
		memcpy(out->id, blob + 3 + LR_SECRET_LEN, LR_PARTY_ID_LEN);
	}
	rc = 0;
out:
	lr_wipe(blob, sizeof(blob));
	return rc;
}

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

int lr_invite_parse(const char *text, size_t len, struct lr_invite *out, struct lr_err *err)
{
	while (len && blank(text[len - 1]))
		len--;
	for (; len && blank(*text); len--)
		text++;
	memset(out, 0, sizeof(*out));
	if (len < SCHEME_LEN || strncasecmp(text, SCHEME, SCHEME_LEN) != 0)
		return lr_err_set(err, LR_EXIT_USAGE, "not an invite: one begins with lr://");
	if (len >= LR_INVITE_TEXT)
		return lr_err_set(err, LR_EXIT_USAGE, "not an invite: it is too long");
	int rc = read_parts(text + SCHEME_LEN, len - SCHEME_LEN, out, err);
	if (rc < 0)
		lr_wipe(out, sizeof(*out));
	return rc;
}
