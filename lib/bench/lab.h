/*
 * lab.h - a laboratory of network namespaces that belongs to one process and goes with it
 *
 * Theory of operation. A child is cloned into namespaces of its own for processes, mounts and the
 * network, and does the work. It is the first process there: when it ends, however that is, the
 * kernel ends every process that was started inside, and with the last of them go the interfaces,
 * the namespaces and the files. The files stand on a tmpfs over /run that nobody else sees. It is
 * killed when who started it ends. Of the machine's own network nothing is seen from inside.
 *
 *	host 0 -- eth0 ------ v0 \
 *	host 1 -- eth0 ------ v1 - router (the child's own namespace)
 *	...                      /
 *
 * A host is a network namespace with a line of its own to the router; each has an address that all
 * others reach, in a network of its own, as at home. Between two hosts packets can be lost without
 *a word, as a firewall loses them. Interfaces are made by ip(8).
 */
#ifndef LR_BENCH_LAB_H
#define LR_BENCH_LAB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/json.h"

#define LR_LAB_HOSTS   1024
#define LR_LAB_ADDRESS 16
#define LR_LAB_DIR     "/run/lr-live" /* the lab's own files; gone with it */

struct lr_lab;

/* What is done inside: an object, or NULL with `err`. */
typedef json_t *lr_lab_work(struct lr_lab *lab, void *ctx, struct lr_err *err);
/* Does it, in at most `limit_s` seconds. A new reference; NULL with `err` (LR_EXIT_RIGHTS: not
 * root, or the kernel has no namespaces). */
json_t *lr_lab_inside(lr_lab_work *work, void *ctx, unsigned limit_s, struct lr_err *err);

/* Makes hosts until there are `n` (up to LR_LAB_HOSTS). 0, or -1 with `err`. */
int lr_lab_hosts(struct lr_lab *lab, unsigned n, struct lr_err *err);
/* "10.90.0.2": where the others reach a host. */
void lr_lab_address(unsigned host, char out[LR_LAB_ADDRESS]);
/* The lines for ip(8) -batch: of the router for the hosts from .. to - 1, and of one host. */
void lr_lab_router_lines(FILE *out, unsigned from, unsigned to);
void lr_lab_host_lines(FILE *out, unsigned host);
/* A socket as socket(2) of that host, close-on-exec; -errno. */
int lr_lab_socket(const struct lr_lab *lab, unsigned host, int family, int type, int protocol);

/* How a program ended, and what it wrote. */
struct lr_lab_said {
	int code;         /* exit code; -1: a signal */
	uint64_t took_ns; /* from before its start to its end */
	char out[8192], err[400];
};
/* One of our programs (or one of PATH) on a host, with folders of the host's own for its state,
 * until it ends. What it leaves in the background goes on. 0, or -1 with `err`: not started, or its
 * code is not 0. `said` may be NULL. */
int lr_lab_run(struct lr_lab *lab, unsigned host, const char *const *argv, struct lr_lab_said *said,
	struct lr_err *err);
/* One that stays: waits until it writes to descriptor 3. Its process, or -1 with `err`. */
pid_t lr_lab_start(struct lr_lab *lab, unsigned host, const char *const *argv, struct lr_err *err);
/* Loses what two hosts send each other; false: no longer. 0, or -1 with `err`. */
int lr_lab_block(struct lr_lab *lab, unsigned a, unsigned b, bool lose, struct lr_err *err);

#endif
