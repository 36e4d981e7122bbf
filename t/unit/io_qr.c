/*
 * io_qr.c - QR codes in block characters: their shape, their finder patterns, what is too long
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/io/qr.h"
#include "t/unit/tap.h"

#define SIDE_MAX 200

/* The drawing back as modules: true is light. Its width, or -1 when lines differ or hold something
 * that is no block. */
static int modules(const char *text, bool out[SIDE_MAX][SIDE_MAX])
{
	static const struct {
		const char *block;
		bool upper, lower;
	} blocks[] = {{"\u2584", false, true}, {"\u2580", true, false}, {"\u2588", true, true},
		{" ", false, false}};
	int x = 0, y = 0, width = -1;

	while (*text && y < SIDE_MAX - 1 && x < SIDE_MAX) {
		if (*text == '\n') {
			if (width >= 0 && width != x)
				return -1;
			width = x;
			x = 0;
			y += 2;
			text++;
			continue;
		}
		size_t i = 0;
		while (i < 4 && strncmp(text, blocks[i].block, strlen(blocks[i].block)) != 0)
			i++;
		if (i == 4)
			return -1;
		out[y][x] = blocks[i].upper;
		out[y + 1][x] = blocks[i].lower;
		x++;
		text += strlen(blocks[i].block);
	}
	return (y == width || y == width + 1) ? width : -1;
}

/* A finder pattern: 7 dark, 5 light, 3 dark, with its corner at x, y. */
static bool finder(bool m[SIDE_MAX][SIDE_MAX], int x, int y)
{
	for (int i = 0; i < 7; i++)
		for (int j = 0; j < 7; j++) {
			int dx = abs(i - 3), dy = abs(j - 3), ring = dx > dy ? dx : dy;
			if (m[y + j][x + i] != (ring == 2))
				return false;
		}
	return true;
}

static void shape(void)
{
	static bool m[SIDE_MAX][SIDE_MAX];
	unsigned columns = 0;
	char *text = lr_qr_text("lr://192.0.2.1/lan#AAAA", false, &columns, NULL);
	int width = text ? modules(text, m) : -1;
	bool quiet = true;

	ok(width == (int)columns, "lines of one width, two rows of modules each");
	ok((width - 8 - 17) % 4 == 0, "a size that a code can have");
	for (int i = 0; i < width; i++)
		for (int j = 0; j < 4; j++)
			quiet &= m[j][i] && m[i][j] && m[width - 1 - j][i] && m[i][width - 1 - j];
	ok(quiet, "four light modules around it");
	ok(finder(m, 4, 4) && finder(m, width - 11, 4) && finder(m, 4, width - 11) &&
			!finder(m, width - 11, width - 11),
		"finder patterns in three corners");
	free(text);
}

static void others(void)
{
	static char long_text[LR_QR_MAX + 2];
	struct lr_err err = {0};
	unsigned columns = 0, wide = 0;
	char *plain = lr_qr_text("x", false, &columns, NULL);
	char *colour = lr_qr_text("x", true, &wide, NULL);

	ok(plain && colour && columns == wide && strlen(colour) > strlen(plain),
		"colours change no width");
	ok(colour && strncmp(colour, "\033[", 2) == 0 && strstr(colour, "\033[0m\n"),
		"each line ends its colours");
	memset(long_text, 'x', LR_QR_MAX);
	char *most = lr_qr_text(long_text, false, &columns, &err);
	ok(most != NULL, "the longest text");
	long_text[LR_QR_MAX] = 'x';
	ok(!lr_qr_text(long_text, false, &columns, &err) && strstr(err.text, "too long"),
		"one byte more is an error");
	int fds[2];
	err.text[0] = '\0';
	ok(pipe(fds) == 0 && !lr_qr_for(fds[1], "x", &err) && !err.text[0],
		"no terminal, no code, no error");
	free(plain);
	free(colour);
	free(most);
}

int main(void)
{
	shape();
	others();
	return tap_done();
}
