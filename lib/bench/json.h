/*
 * json.h - objects as the programs exchange them, of any size, for benchmarks
 */
#ifndef LR_BENCH_JSON_H
#define LR_BENCH_JSON_H

#include "lib/base/json.h"

/* A node's status with `peers` peers (share/schema/status.json). New reference. */
json_t *lr_bench_status(unsigned peers);

#endif
