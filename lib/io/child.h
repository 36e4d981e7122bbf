/*
 * child.h - another program of ours, as a child that ends with us
 */
#ifndef LR_IO_CHILD_H
#define LR_IO_CHILD_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* The program `name` beside our own; when there is none, just its name, for PATH. */
void lr_child_program(const char *name, char out[PATH_MAX]);

/* Starts `program` with `argv` (NULL-terminated). fds[i] becomes the child's descriptor i; -1 is
 * /dev/null; it has no others. It gets SIGTERM when the thread that started it ends, however that
 * ends. It has no root's rights but the one to reach files (CAP_DAC_OVERRIDE), and gets no more by
 * what it starts. What it cannot say otherwise goes to its descriptor 2, exit code 1. The pid,
 * or -errno. */
pid_t lr_child_start(const char *program, const char *const *argv, const int *fds, int n);

/* Waits for its end: first for `end_ms` after SIGTERM, until `closes`, a pipe's end that nobody but
 * the child writes to, says so; then after SIGKILL. end_ms 0: SIGKILL at once. How it ended, as
 * waitpid() says it. */
int lr_child_end(pid_t pid, int closes, int end_ms);

#endif
