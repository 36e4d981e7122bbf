/*
 * machine.h - what was measured on, and what of
 */
#ifndef LR_BENCH_MACHINE_H
#define LR_BENCH_MACHINE_H

#include "lib/base/json.h"

/* Processor, cores, memory, kernel, system, how the frequency is chosen and what it is now, and the
 * load. Nothing that names the machine or its owner. What cannot be read is null. New reference. */
json_t *lr_machine_json(void);
/* The load of the last minute, by core; NAN when it cannot be read. */
double lr_machine_load(void);
/* An empty result of this build (lib/results/result.h), recorded now: no metrics yet. */
json_t *lr_machine_result(void);

#endif
