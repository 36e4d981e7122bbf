/*
 * proc_events.h - the kernel tells that processes began or ended
 *
 * Source: the kernel's process events connector, <linux/cn_proc.h>. Root only, and only in the
 * first network namespace: elsewhere the caller looks from time to time.
 */
#ifndef LR_IO_PROC_EVENTS_H
#define LR_IO_PROC_EVENTS_H

#include <stdbool.h>

/* A descriptor that becomes readable when a program is executed or a process ends, or -errno. */
int lr_proc_events_open(void);
/* Reads what is there. Whether something happened that a list of running games may have missed. */
bool lr_proc_events_read(int fd);

#endif
