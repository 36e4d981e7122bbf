/*
 * env.h - switches in the environment, for tests: "set and not empty" means on
 */
#ifndef LR_IO_ENV_H
#define LR_IO_ENV_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool lr_env_set(const char *name)
{
	const char *v = getenv(name);
	return v && *v;
}

#endif
