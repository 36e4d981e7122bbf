/*
 * pace.c - see pace.h
 */
#include "lib/net/pace.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

enum {
	HEAD4 = 14 + 20 + 8, /* Ethernet, IPv4, UDP */
	HEAD6 = 14 + 40 + 8,
	MOST_MS = 250, /* what may not wait may push the rest back no further */
};

int lr_pace_parse(const char *text, uint64_t *rate)
{
	static const struct {
		const char *name;
		double bits;
	} units[] = {{"", 1}, {"bit", 1}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}};
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL; /* strtod() also takes "inf", " 1", "-1" */
	double value = strtod(text, &end);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcasecmp(end, units[i].name) != 0)
			continue;
		value *= units[i].bits;
		if (!(value >= (double)LR_PACE_MIN && value <= (double)LR_PACE_MAX))
			return -ERANGE;
		*rate = (uint64_t)value;
		return 0;
	}
	return -EINVAL;
}

void lr_pace_sent(struct lr_pace *p, uint64_t now, size_t bytes, unsigned count, unsigned family)
{
	if (p->rate == 0)
		return;
	uint64_t bits = 8 * (bytes + (uint64_t)count * (family == 6 ? HEAD6 : HEAD4));
	uint64_t from = p->free_ns > now ? p->free_ns : now;
	uint64_t until = from + bits * LR_NS_PER_S / p->rate;
	uint64_t most = now + MOST_MS * LR_NS_PER_MS;

	p->free_ns = until < most ? until : most;
}
