/*
 * base64.h - base64 of any length (RFC 4648, section 4)
 *
 * What is read may also use the alphabet for URLs and leave the padding away.
 */
#ifndef LR_IO_BASE64_H
#define LR_IO_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Malloc'd text with padding and NUL, or NULL when there is no memory. */
char *lr_base64(const void *bytes, size_t len);
/* Malloc'd bytes and *len, or NULL: errno EINVAL when it is not base64, else ENOMEM. */
uint8_t *lr_base64_parse(const char *text, size_t *len);

#endif
