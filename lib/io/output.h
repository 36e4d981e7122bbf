/*
 * output.h - what another program prints
 */
#ifndef LR_IO_OUTPUT_H
#define LR_IO_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/* Runs argv[0], looked for in PATH and then where administrators' programs are (which are not in
 * everybody's PATH), without standard input, and waits for its end, at most 10 s. Its standard
 * output, malloc'd, a NUL behind it; NULL with `err`: it is not there (*absent), failed (its first
 * line on standard error says why) or printed more than `most` bytes. */
char *lr_output_of(
	const char *const *argv, size_t most, size_t *len, bool *absent, struct lr_err *err);

#endif
