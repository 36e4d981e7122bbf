/*
 * scrub_text.c - whether a text has a part that must not leave the machine
 *
 * Theory of operation. What must not leave may stand anywhere: behind "udp:", in a link, glued to a
 * letter, with a port behind it. So nothing is split into words; each place of the text at which
 * an address could begin is tried, and the longest address that begins there counts. Where a number
 * has more digits than an address's can have, its last ones may begin an address and its first
 * ones may end one. What remains ambiguous goes: a version of four numbers, a name with dots whose
 * last part is letters.
 */
#include <ctype.h>
#include <string.h>

#include "lib/net/addr.h"
#include "lib/results/scrub.h"

#define KEY_CHARS   40 /* a run of base64 so long is a key, a hash or a signature */
#define TOKEN_CHARS 20 /* and so long with capitals, small letters and digits, a token */
#define V6_CHARS    45 /* of an IPv6 address, at most */

static bool digit(char c)
{
	return isdigit((unsigned char)c) != 0;
}

static bool hex(char c)
{
	return isxdigit((unsigned char)c) != 0;
}

static bool letter(char c)
{
	return isalpha((unsigned char)c) != 0;
}

/* --- keys, hashes, tokens --- */

static bool of_key(char c)
{
	return letter(c) || digit(c) || (c && strchr("+/-_%", c));
}

static bool has_key(const char *text)
{
	while (*text) {
		size_t run = 0, small = 0, large = 0, digits = 0;
		for (; of_key(text[run]); run++) {
			small += islower((unsigned char)text[run]) != 0;
			large += isupper((unsigned char)text[run]) != 0;
			digits += digit(text[run]);
		}
		if (run >= KEY_CHARS || (run >= TOKEN_CHARS && small && large && digits))
			return true;
		text += run ? run : 1;
	}
	return false;
}

/* --- IPv4 --- */

/* An octet of one to three digits at `at`, of which no further one is looked at. How many; 0: none.
 */
static size_t octet(const char *at, uint8_t *out)
{
	unsigned v = 0;
	size_t n = 0;

	while (n < 3 && digit(at[n]) && v * 10 + (unsigned)(at[n] - '0') <= 255)
		v = v * 10 + (unsigned)(at[n++] - '0');
	*out = (uint8_t)v;
	return n;
}

/* Whether an address of the internet begins exactly here. */
static bool public_v4_at(const char *at)
{
	struct lr_ip ip = {.family = 4};

	for (int i = 0; i < 4; i++) {
		size_t n = octet(at, &ip.b[i]);
		if (n == 0)
			return false;
		at += n;
		if (i < 3 && *at++ != '.')
			return false;
	}
	return lr_ip_public(&ip);
}

/* Where a number begins; inside one of more than three digits, before its last three, two, one. */
static bool has_public_v4(const char *text)
{
	for (const char *at = text; *at;) {
		size_t digits = 0;
		while (digit(at[digits]))
			digits++;
		for (size_t last = digits > 3 ? 3 : digits; last > 0; last--) {
			if (public_v4_at(at + digits - last))
				return true;
			if (digits <= 3)
				break;
		}
		at += digits ? digits : 1;
	}
	return false;
}

/* --- IPv6 --- */

/* Whether nothing is said about where on the internet we are: of a LAN of our own, of the link, a
 * group; an IPv4 address in IPv6's clothes is what it is itself. */
static bool private_v6(const struct lr_ip *ip)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, zero[15];

	if (memcmp(ip->b, mapped, sizeof(mapped)) == 0) {
		struct lr_ip v4 = {.family = 4};
		memcpy(v4.b, ip->b + 12, 4);
		return !lr_ip_public(&v4);
	}
	if (ip->b[0] == 0) /* :: and ::1; others of this kind hold IPv4 addresses, or are none */
		return memcmp(ip->b, zero, sizeof(zero)) == 0 && ip->b[15] <= 1;
	return !lr_ip_public(ip);
}

/* The longest address that begins exactly here: how many characters, 0: none. */
static size_t v6_at(const char *at, struct lr_ip *ip)
{
	char word[LR_ADDR_TEXT];
	size_t len = 0, group = strspn(at, "0123456789abcdefABCDEF");

	if (group > 4 || at[group] != ':')
		return 0;
	while (len < V6_CHARS && (hex(at[len]) || at[len] == ':' || at[len] == '.'))
		len++;
	for (; len >= 2; len--) {
		memcpy(word, at, len);
		word[len] = '\0';
		if (lr_ip_parse(word, ip) == 0)
			return len;
	}
	return 0;
}

/* Where a group begins, and inside one that is too long before its last four, three, two, one. */
static bool has_public_v6(const char *text)
{
	struct lr_ip ip;

	for (const char *at = text; *at;) {
		bool inside = at > text && hex(at[-1]) && hex(*at);
		size_t len = 0;
		if (hex(*at) || *at == ':')
			len = v6_at(at, &ip);
		if (inside && len) { /* the first characters of the group stand outside */
			size_t before = 0;
			while (before < 5 && at - text > (long)before && hex(at[-1 - (long)before]))
				before++;
			len = before + strspn(at, "0123456789abcdefABCDEF") > 4 ? len : 0;
		}
		if (len && !private_v6(&ip))
			return true;
		at += len ? len : 1;
	}
	return false;
}

/* --- names of hosts --- */

static bool of_name(char c)
{
	return letter(c) || digit(c) || c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

/* A name with dots whose last part is letters: "relay.example.org". Those of files stay, unless a
 * port stands behind. */
static bool host_in(const char *name, size_t len, const char *behind)
{
	static const char *const files[] = {"pcap", "pcapng", "json", "jsonl", "conf", "service",
		"sock", "log", "tar", "tgz", "gz", "html", "svg", "txt", "key", "state"};
	const char *last = memrchr(name, '.', len);
	size_t n = last ? (size_t)(name + len - ++last) : 0;

	for (size_t i = 0; i < n; i++)
		if (!letter(last[i]) && (unsigned char)last[i] < 0x80)
			return false;
	if (n < 2 || last - 1 == name)
		return false;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strlen(files[i]) == n && memcmp(files[i], last, n) == 0)
			return behind[0] == ':' && digit(behind[1]);
	return true;
}

static bool has_host(const char *text)
{
	while (*text) {
		size_t run = 0, len;
		while (of_name(text[run]) || text[run] == '.')
			run++;
		for (len = run; len && text[len - 1] == '.';)
			len--;
		if (len && host_in(text, len, text + len))
			return true;
		text += run ? run : 1;
	}
	return false;
}

bool lr_scrub_secret(const char *text)
{
	return strstr(text, "://") || has_key(text) || has_public_v4(text) || has_public_v6(text) ||
	       has_host(text);
}
