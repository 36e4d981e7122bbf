/*
 * err.h - the text of an error, for the person who will read it
 *
 * The library never prints and never exits. A function that can fail for a
 * reason that a person must learn takes a `struct lr_err *` (may be NULL) and
 * writes one line into it: "what: why", and what to do about it, without a
 * trailing newline or full stop. The command prints it behind its own name.
 */
#ifndef LR_BASE_ERR_H
#define LR_BASE_ERR_H

/* Exit codes of every program (design: "The programs"). */
enum lr_exit {
	LR_EXIT_OK = 0,
	LR_EXIT_FAILED = 1,      /* failed; also "not found" and "not comparable" */
	LR_EXIT_USAGE = 2,       /* command line or configuration wrong; nothing was started */
	LR_EXIT_MISSED = 3,      /* a target or a check was not met */
	LR_EXIT_UNREACHABLE = 4, /* the node or the relay does not answer */
	LR_EXIT_RIGHTS = 77,     /* rights or a kernel feature are missing */
};

struct lr_err {
	enum lr_exit exit; /* what the program should exit with; LR_EXIT_FAILED unless set */
	char text[400];    /* one line, NUL-terminated; "" when there was no error */
};

/* Writes a line and returns -1, so that `return lr_err_set(...)` reads well where any
 * negative value is an error. `err` may be NULL. Control bytes become '?'. */
int lr_err_set(struct lr_err *err, enum lr_exit exit, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
