/*
 * proc.h - reads what /proc says of a process, for lib/perf/watch.h
 *
 * The files stay open: a sample is four reads at offset 0. The descriptors of another user's
 * process cannot be counted without rights, nor its proportional memory: unknown.
 */
#ifndef LR_IO_PROC_H
#define LR_IO_PROC_H

#include <dirent.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/perf/watch.h"

struct lr_proc {
	int stat, schedstat, status, smaps; /* -1: not readable */
	DIR *fd;                            /* NULL: not readable */
	unsigned reads;
	struct lr_watch_proc last;
};

/* 0, or -1 with `err`: no such process. Closed with lr_proc_close() in any case. */
int lr_proc_open(struct lr_proc *p, long pid, struct lr_err *err);
void lr_proc_close(struct lr_proc *p);
/* A sample into p->last. False: the process has gone. The proportional memory, for which the kernel
 * walks all pages, is read each fifth time only. */
bool lr_proc_read(struct lr_proc *p);

#endif
