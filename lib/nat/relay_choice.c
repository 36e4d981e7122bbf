/*
 * relay_choice.c - which relay two members, or all of a party, use
 */
#include "lib/nat/relay_choice.h"

#include <string.h>

struct sum {
	size_t known;
	uint64_t us;
};

static struct sum sum_of(const struct lr_relay_offer *o, size_t ends)
{
	struct sum s = {0};

	for (size_t i = 0; i < ends; i++)
		if (o->legs[i] != LR_LEG_UNKNOWN) {
			s.known++;
			s.us += o->legs[i];
		}
	return s;
}

int lr_relay_choose(const struct lr_relay_offer *offers, size_t n, size_t ends)
{
	struct sum best = {0};
	int chosen = -1;

	for (size_t i = 0; i < n; i++) {
		struct sum s = sum_of(&offers[i], ends);
		if (s.known == 0 || s.known < best.known)
			continue;
		if (s.known == best.known && s.us > best.us)
			continue;
		if (chosen >= 0 && s.known == best.known && s.us == best.us &&
			strcmp(offers[i].name, offers[chosen].name) >= 0)
			continue;
		best = s;
		chosen = (int)i;
	}
	return chosen;
}

uint32_t lr_relay_leg(uint32_t published, uint32_t measured)
{
	if (measured == LR_LEG_UNKNOWN)
		return LR_LEG_UNKNOWN;
	if (published != LR_LEG_UNKNOWN) {
		uint32_t away = measured > published ? measured - published : published - measured;
		if (away <= 5000 || away <= published / 4)
			return published;
	}
	return measured > UINT32_MAX - 1000 ? measured / 1000 * 1000
					    : (measured + 500) / 1000 * 1000;
}
