/*
 * config_buf.c - text that grows and holds keys
 */
#include "lib/wg/config_buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto/crypto.h"

static bool reserve(struct lr_config_buf *b, size_t more)
{
	if (b->failed)
		return false;
	if (b->room - b->len > more) /* one byte stays for the NUL */
		return true;
	size_t room = b->room ? b->room : 1024;
	while (room - b->len <= more)
		room *= 2;
	char *moved = malloc(room);
	if (!moved) {
		b->failed = true;
		return false;
	}
	if (b->len)
		memcpy(moved, b->text, b->len);
	if (b->text)
		lr_wipe(b->text, b->len);
	free(b->text);
	b->text = moved;
	b->room = room;
	return true;
}

void lr_config_buf_put(struct lr_config_buf *b, const char *text)
{
	size_t len = strlen(text);

	if (!reserve(b, len))
		return;
	memcpy(b->text + b->len, text, len);
	b->len += len;
}

void lr_config_buf_printf(struct lr_config_buf *b, const char *fmt, ...)
{
	va_list ap;

	if (!reserve(b, 256))
		return;
	va_start(ap, fmt);
	int n = vsnprintf(b->text + b->len, 256, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= 256)
		b->failed = true;
	else
		b->len += (size_t)n;
}

char *lr_config_buf_take(struct lr_config_buf *b, size_t *len)
{
	if (!reserve(b, 0)) {
		if (b->text)
			lr_wipe(b->text, b->len);
		free(b->text);
		return NULL;
	}
	b->text[b->len] = '\0';
	if (len)
		*len = b->len;
	return b->text;
}
