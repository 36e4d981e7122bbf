/*
 * log.c - lines for the person who runs a daemon, through a sink that the program sets
 *
 * State: the sink and its level, set once before the loop starts. A line is cleaned of
 * control characters and handed over without a newline.
 */
#include "lib/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/base/text.h"

static void (*log_sink)(enum lr_log_level, const char *line);
static enum lr_log_level log_upto;

void lr_log_to(void (*sink)(enum lr_log_level, const char *line), enum lr_log_level upto)
{
	log_sink = sink;
	log_upto = upto;
}

void lr_log(enum lr_log_level level, const char *fmt, ...)
{
	int saved = errno;
	char line[512];
	va_list ap;

	if (!log_sink || level > log_upto)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	lr_text_clean(line, true);
	log_sink(level, line);
	errno = saved;
}
