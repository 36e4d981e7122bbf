/*
 * people.h - a party, its members' signed records, and a directory to put them into
 */
#ifndef LR_BENCH_PEOPLE_H
#define LR_BENCH_PEOPLE_H

#include "lib/party/directory.h"
#include "lib/party/roster.h"

struct lr_bench_person {
	uint8_t wg_private[LR_KEY_LEN], keyhash[LR_KEYHASH_LEN];
	uint8_t bytes[LR_RECORD_MAX]; /* its record, signed */
	size_t len;
};

struct lr_bench_people {
	uint8_t id[LR_PARTY_ID_LEN], secret[LR_SECRET_LEN];
	struct lr_epoch_keys keys;
	struct lr_directory_now now;
	uint8_t charter[LR_CHARTER_MAX];
	size_t charter_len;
	unsigned n;
	struct lr_bench_person *each;
};

/* A party of `n` who have signed. NULL: out of memory. */
struct lr_bench_people *lr_bench_people_new(unsigned n);
void lr_bench_people_free(struct lr_bench_people *p);
/* A directory that knows the party, with the first `members` in it; room for 1,000 parties. NULL:
 * it did not take them. */
struct lr_directory *lr_bench_directory(const struct lr_bench_people *p, unsigned members);
/* One of them joins: puts its record, and takes the list that answers. False: refused. */
bool lr_bench_join(struct lr_directory *d, const struct lr_bench_people *p, unsigned i);
/* A roster of somebody new with the party's secret. */
struct lr_roster *lr_bench_roster(const struct lr_bench_people *p);

#endif
