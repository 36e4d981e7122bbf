/*
 * exchange.h - peers out of what people have, and back: wg-quick files, our JSON, what lr-ipam
 * prints
 *
 * A text whose first byte that is no white space is '{' is JSON: a configuration object (with
 * "peers"; it may be spread over lines), or one peer object a line. All else is a wg-quick file.
 */
#ifndef LR_NODE_EXCHANGE_H
#define LR_NODE_EXCHANGE_H

#include <stddef.h>

#include "lib/base/json.h"
#include "lib/wg/config.h"

#define LR_EXCHANGE_MAX_BYTES (64u << 20) /* JSON lines about 65,536 peers */

struct lr_exchange {
	void *ctx;
	/* One peer, as an object for "peer-set". 0, or -1 with `err`: the rest still comes. */
	int (*peer)(void *ctx, const json_t *obj, struct lr_err *err);
	/* The section about the interface that the text is of; its keys and peers are not for use.
	 */
	void (*interface)(void *ctx, const struct lr_config *config);
	/* What was wrong: a whole line for the user. */
	void (*complain)(void *ctx, const char *line);
	const struct lr_config_hooks *hooks;
};

/* `text` has `len` bytes; `file` names it in errors. LR_EXIT_OK, or the exit code of the first
 * thing that was wrong; everything else has been done. */
enum lr_exit lr_exchange_import(
	const struct lr_exchange *to, const char *text, size_t len, const char *file);

/* The whole of a file, or of standard input for "-"; malloc'd. NULL with `err`. */
char *lr_exchange_read(const char *file, size_t *len, struct lr_err *err);
/* A configuration object (share/schema/config.json) as a wg-quick file; malloc'd. NULL with `err`.
 */
char *lr_exchange_text(const json_t *config, bool with_private, struct lr_err *err);

#endif
