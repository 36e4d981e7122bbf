/*
 * qr.c - see qr.h; ISO/IEC 18004 by libqrencode
 */
#include "lib/io/qr.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/crypto/crypto.h"
#include "lib/io/env.h"

#define QUIET 4 /* modules of nothing around a code: ISO/IEC 18004 6.3.8 */

static const char black_white[] = "\033[40;97m", reset[] = "\033[0m";

/* Light: outside the code too. */
static bool light(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return true;
	return !(code->data[y * code->width + x] & 1);
}

static char *put(char *at, const char *text)
{
	size_t len = strlen(text);

	memcpy(at, text, len);
	return at + len;
}

static char *draw(const QRcode *code, bool colour)
{
	static const char *const blocks[] = {" ", "\u2584", "\u2580", "\u2588"};
	int side = code->width + 2 * QUIET, lines = (side + 1) / 2;
	size_t line = (size_t)side * 3 + sizeof(black_white) + sizeof(reset) + 1;
	char *out = malloc((size_t)lines * line + 1), *at = out;

	if (!out)
		return NULL;
	for (int y = -QUIET; y < code->width + QUIET; y += 2) {
		at = put(at, colour ? black_white : "");
		for (int x = -QUIET; x < code->width + QUIET; x++) {
			/* the half line under an odd height is no part of the code */
			bool under = y + 1 < code->width + QUIET && light(code, x, y + 1);
			at = put(at, blocks[2 * light(code, x, y) + under]);
		}
		at = put(at, colour ? reset : "");
		*at++ = '\n';
	}
	*at = '\0';
	return out;
}

char *lr_qr_text(const char *text, bool colour, unsigned *columns, struct lr_err *err)
{
	errno = 0;
	QRcode *code =
		strlen(text) <= LR_QR_MAX ? QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L) : NULL;
	char *out = code ? draw(code, colour) : NULL;

	if (!out && (code || errno == ENOMEM))
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	else if (!out)
		lr_err_set(err, LR_EXIT_FAILED, "QR code: the text is too long for one");
	else
		*columns = (unsigned)code->width + 2 * QUIET;
	if (code) {
		lr_wipe(code->data, (size_t)code->width * (size_t)code->width);
		QRcode_free(code);
	}
	return out;
}

/* Whether the user's locale is one of UTF-8; leaves the process's own locale alone. */
static bool speaks_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);

	if (!locale)
		return false;
	bool utf8 = strcasecmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return utf8;
}

char *lr_qr_for(int fd, const char *text, struct lr_err *err)
{
	struct winsize size = {0};
	unsigned columns;

	if (!isatty(fd) || !speaks_utf8())
		return NULL;
	char *out = lr_qr_text(text, !lr_env_set("NO_COLOR"), &columns, err);
	/* A terminal that does not say its width is taken to be wide enough. */
	if (out && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_col < columns) {
		lr_wipe(out, strlen(out));
		free(out);
		return NULL;
	}
	return out;
}
