/*
 * config_buf.h - text that grows and holds keys (private to lib/wg)
 *
 * Doubles its room; what it leaves behind when it moves is wiped. After a failure everything
 * further is ignored and lr_config_buf_take() yields NULL, so that a writer checks once.
 */
#ifndef LR_WG_CONFIG_BUF_H
#define LR_WG_CONFIG_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct lr_config_buf {
	char *text;
	size_t len, room;
	bool failed;
};

void lr_config_buf_put(struct lr_config_buf *b, const char *text);
/* One formatted piece of at most 255 bytes. */
void lr_config_buf_printf(struct lr_config_buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The text, NUL behind it, now the caller's to free; its length in *len (may be NULL). NULL when
 * memory ran out. */
char *lr_config_buf_take(struct lr_config_buf *b, size_t *len);

#endif
