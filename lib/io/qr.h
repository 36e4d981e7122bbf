/*
 * qr.h - a QR code as text for a terminal, on libqrencode
 */
#ifndef LR_IO_QR_H
#define LR_IO_QR_H

#include <stdbool.h>

#include "lib/base/err.h"

#define LR_QR_MAX 1200 /* bytes of text: what still fits on a screen of 80 by 40 is far less */

/* The code of `text` in block characters (UTF-8), two rows of modules a line, with the quiet zone
 * of four modules that readers want; malloc'd. Light modules are drawn, dark ones left empty: right
 * on a dark screen, and with `colour`, which sets both colours, on any. *columns gets the width of
 * a line. NULL with `err`: too long, or out of memory. Needs no terminal, looks at none. */
char *lr_qr_text(const char *text, bool colour, unsigned *columns, struct lr_err *err);

/* The same for the terminal `fd`: NULL without an error when `fd` is no terminal, one that shows no
 * UTF-8, or one too narrow for it. Honours NO_COLOR. */
char *lr_qr_for(int fd, const char *text, struct lr_err *err);

#endif
