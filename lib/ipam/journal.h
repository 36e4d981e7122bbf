/*
 * journal.h - the replay of a log into a table, without files
 *
 * Bytes come in pieces of any size; what is made of them does not depend on where they are cut.
 * A line that cannot be applied is told to `found` and changes nothing: the first holder of an
 * address and the first lease of a peer stand.
 */
#ifndef LR_IPAM_JOURNAL_H
#define LR_IPAM_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/ipam/ipam.h"

struct lr_finding {
	enum lr_flaw flaw;
	size_t line;          /* 1-based */
	const char *peer;     /* whom it is about, or NULL */
	struct lr_ip address; /* family 0 when there is none */
	char text[400];       /* what is wrong and what became of it, one line */
};

struct lr_journal {
	struct lr_ipam *table;
	void (*found)(void *ctx, const struct lr_finding *f); /* or NULL */
	void *ctx;
	size_t lines;   /* complete ones */
	size_t flaws;   /* findings so far */
	uint64_t end;   /* bytes up to the end of the last complete line */
	bool no_memory; /* some line was lost to it: the table must not be used */
	char *carry;    /* a line whose end has not come yet */
	size_t carry_len, carry_room;
	bool overlong;    /* it passed the limit, and its bytes are thrown away */
	uint64_t pending; /* bytes behind `end` */
};

/* `table` empty. The journal does not own it. */
void lr_journal_init(struct lr_journal *j, struct lr_ipam *table);
void lr_journal_release(struct lr_journal *j);
/* Looks at the next bytes of the log. */
void lr_journal_feed(struct lr_journal *j, const char *bytes, size_t len);
/* The log ends here. What stands behind the last newline: nothing (0), a whole record that
 * only lacks its newline and is applied (1), or a torn line, a finding (2). It stays
 * behind `end`, because a writer may still complete it or must cut it off. */
int lr_journal_finish(struct lr_journal *j);

#endif
