/*
 * lab_inside.h - what the files of the laboratory share
 */
#ifndef LR_BENCH_LAB_INSIDE_H
#define LR_BENCH_LAB_INSIDE_H

#include "lib/bench/lab.h"

#define LR_LAB_ROUTER LR_LAB_HOSTS /* in place of a host: where the lines meet */

struct lr_lab {
	int net[LR_LAB_HOSTS]; /* the hosts' network namespaces */
	unsigned n;
};

#endif
