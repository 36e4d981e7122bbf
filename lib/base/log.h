/*
 * log.h - lines for the person who runs a daemon, through a sink that the program sets
 *
 * The library itself never prints: without a sink, lines vanish. Secrets are never logged.
 */
#ifndef LR_BASE_LOG_H
#define LR_BASE_LOG_H

enum lr_log_level { LR_LOG_ERROR, LR_LOG_NOTE, LR_LOG_DEBUG };

/* Sets where lines go and the most talkative level that still goes there. */
void lr_log_to(void (*sink)(enum lr_log_level, const char *line), enum lr_log_level upto);
void lr_log(enum lr_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
