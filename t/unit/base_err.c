/* base_err.c - errors, log lines, cleaned text, times as text, bytes in an order */
#include <errno.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "t/unit/tap.h"

static void errors(void)
{
	struct lr_err err = {0};
	char longer[600];

	errno = EBUSY;
	is_int(lr_err_set(&err, LR_EXIT_RIGHTS, "%s: %d", "what", 7), -1, "lr_err_set returns -1");
	is_str(err.text, "what: 7", "the text is formatted");
	is_int(err.exit, 77, "the exit code is kept");
	is_int(errno, EBUSY, "errno is left alone");
	is_int(lr_err_set(NULL, LR_EXIT_FAILED, "x"), -1, "no struct is fine");
	lr_err_set(&err, LR_EXIT_FAILED, "a\nb\rc\033[2Jd\x7f\te");
	is_str(err.text, "a?b?c?[2Jd??e", "control bytes become '?'");
	lr_err_set(&err, LR_EXIT_FAILED,
		"\xc2\x9b"
		"1m \xc3\xa9 \x9b \xff");
	is_str(err.text, "??1m \xc3\xa9 ? ?", "C1 controls and bytes that are no UTF-8 too");
	memset(longer, 'y', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	lr_err_set(&err, LR_EXIT_FAILED, "%s", longer);
	is_int(strlen(err.text), sizeof(err.text) - 1, "a long text fills its room");
	is_str(err.text + sizeof(err.text) - 5, "y...", "and says that it was cut");
	longer[398] = '\xc3';
	longer[399] = '\0';
	lr_err_set(&err, LR_EXIT_FAILED, "%s", longer);
	is_str(err.text + 396, "yy?", "half a character at the end is no character");
}

static void utf8(void)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{"a", 1}, {"\x7f", 1}, {"\x80", 0}, {"\xc1\xbf", 0},           /* overlong */
		{"\xc2\x80", 2}, {"\xdf\xbf", 2}, {"\xc3", 0},                 /* cut */
		{"\xe0\x9f\xbf", 0},                                           /* overlong */
		{"\xe0\xa0\x80", 3}, {"\xed\x9f\xbf", 3}, {"\xed\xa0\x80", 0}, /* surrogate */
		{"\xef\xbf\xbf", 3}, {"\xe2\x82", 0},                          /* cut */
		{"\xf0\x8f\xbf\xbf", 0},                                       /* overlong */
		{"\xf0\x90\x80\x80", 4}, {"\xf4\x8f\xbf\xbf", 4},
		{"\xf4\x90\x80\x80", 0},                      /* over U+10FFFF */
		{"\xf5\x80\x80\x80", 0}, {"\xf0\x9f\x98", 0}, /* cut */
	};
	char keep[] = "tab\there \xff";

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(lr_text_utf8(cases[i].text), cases[i].len, "length of a UTF-8 character");
	lr_text_clean(keep, false);
	is_str(keep, "tab\there ?", "controls stay when they may");
}

static char logged[600];
static unsigned lines;

static void sink(enum lr_log_level level, const char *line)
{
	snprintf(logged, sizeof(logged), "%d %s", (int)level, line);
	lines++;
}

static void logs(void)
{
	lr_log(LR_LOG_ERROR, "nobody hears");
	lr_log_to(sink, LR_LOG_NOTE);
	lr_log(LR_LOG_NOTE, "port %d\n", 3);
	is_str(logged, "1 port 3?", "a line goes to the sink, cleaned");
	lr_log(LR_LOG_DEBUG, "too talkative");
	is_int(lines, 1, "what is more talkative than asked for does not");
	lr_log_to(NULL, LR_LOG_DEBUG);
	lr_log(LR_LOG_ERROR, "gone");
	is_int(lines, 1, "without a sink lines vanish");
}

static void times(void)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{999999999, "1970-01-01T00:00:00.999Z"},
		{951782400ull * LR_NS_PER_S, "2000-02-29T00:00:00.000Z"},
		{1769860800ull * LR_NS_PER_S + 123 * LR_NS_PER_MS, "2026-01-31T12:00:00.123Z"},
		{4102444799ull * LR_NS_PER_S, "2099-12-31T23:59:59.000Z"},
	};
	char text[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lr_rfc3339(cases[i].ns, text);
		is_str(text, cases[i].text, "RFC 3339");
	}
	lr_rfc3339(UINT64_MAX, text);
	is_str(text, "2554-07-21T23:34:33.709Z", "the last time that fits");
	uint64_t a = lr_now(), b = lr_now();
	ok(a > 0 && a <= b, "the clock does not run backwards");
	ok(lr_wall() > 1700000000ull * LR_NS_PER_S, "the wall clock tells Unix time");
}

static void bytes(void)
{
	static const uint8_t raw[9] = {0xff, 1, 2, 3, 4, 5, 6, 7, 8};
	uint8_t out[8];

	is_int(lr_get_be16(raw + 1), 0x0102, "be16");
	is_int(lr_get_be32(raw + 1), 0x01020304, "be32");
	is_int(lr_get_be64(raw + 1), 0x0102030405060708, "be64");
	is_int(lr_get_le16(raw + 1), 0x0201, "le16");
	is_int(lr_get_le32(raw + 1), 0x04030201, "le32");
	is_int(lr_get_le64(raw + 1), 0x0807060504030201, "le64");
	lr_put_be16(out, 0x0102);
	is_mem(out, raw + 1, 2, "put be16");
	lr_put_be32(out, 0x01020304);
	is_mem(out, raw + 1, 4, "put be32");
	lr_put_be64(out, 0x0102030405060708);
	is_mem(out, raw + 1, 8, "put be64");
	lr_put_le32(out, 0x04030201);
	is_mem(out, raw + 1, 4, "put le32");
	lr_put_le64(out, 0x0807060504030201);
	is_mem(out, raw + 1, 8, "put le64");

	struct lr_cursor c = lr_cursor(raw, sizeof(raw));
	ok(lr_take(&c, 4) == raw && c.left == 5 && !c.bad, "a take moves on");
	ok(lr_take(&c, 6) == NULL && c.bad, "more than is left is refused");
	ok(lr_take(&c, 1) == NULL && c.left == 5, "and everything after it");
	c = lr_cursor(raw, 2);
	ok(lr_take(&c, 2) == raw && c.left == 0 && !c.bad, "all of it is fine");
	ok(lr_take(&c, 0) != NULL && lr_take(&c, SIZE_MAX) == NULL, "nothing is, too much is not");
}

int main(void)
{
	errors();
	utf8();
	logs();
	times();
	bytes();
	return tap_done();
}
