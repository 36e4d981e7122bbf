/*
 * copies.c - see copies.h
 */
#include "lib/nat/copies.h"

#include <string.h>

#include "lib/base/clock.h"

enum {
	NOTHING,
	ONCE,       /* over the path in use */
	ONCE_OTHER, /* over another */
	TWICE,
	SAVED, /* ONCE_OTHER, judged */
};

static uint8_t *mark_of(struct lr_copies *c, uint64_t counter)
{
	return &c->mark[counter & (LR_COPIES_RING - 1)];
}

/* All below `end` is old enough. */
static void judge(struct lr_copies *c, uint64_t now, uint64_t end)
{
	bool known = c->known_ns && now - c->known_ns < LR_COPIES_KNOWN_MS * LR_NS_PER_MS;

	if (end > c->next)
		end = c->next;
	if (c->judged + LR_COPIES_RING < c->next)
		c->judged = c->next - LR_COPIES_RING;
	for (; c->judged < end; c->judged++) {
		uint8_t *m = mark_of(c, c->judged);
		if (*m != ONCE_OTHER || !known)
			continue;
		*m = SAVED;
		c->second_only++;
	}
}

void lr_copies_settle(struct lr_copies *c, uint64_t now)
{
	if (c->old_ns && now - c->old_ns < LR_COPIES_JUDGE_MS * LR_NS_PER_MS)
		return;
	judge(c, now, c->old);
	c->old = c->next;
	c->old_ns = now;
}

static void begin(struct lr_copies *c, uint32_t session, uint64_t counter)
{
	memset(c->mark, NOTHING, sizeof(c->mark));
	c->session = session;
	c->next = c->judged = c->old = counter;
	c->old_ns = 0;
}

/* Clears the marks of the counters up to `counter`, after judging those that had their places. */
static void advance(struct lr_copies *c, uint64_t now, uint64_t counter)
{
	if (counter - c->next >= LR_COPIES_RING) {
		judge(c, now, c->next);
		memset(c->mark, NOTHING, sizeof(c->mark));
		c->judged = c->old = counter;
		c->next = counter + 1;
		return;
	}
	if (counter >= LR_COPIES_RING)
		judge(c, now, counter - LR_COPIES_RING + 1);
	while (c->next <= counter)
		*mark_of(c, c->next++) = NOTHING;
}

/* A copy: what its message was taken for is corrected. */
static void copy(struct lr_copies *c, uint8_t *m, bool other)
{
	bool first_other = *m == ONCE_OTHER || *m == SAVED;

	if ((*m != ONCE && !first_other) || first_other == other)
		return; /* a third one, or over the same path: the network's doing */
	if (*m == SAVED)
		c->second_only--;
	*m = TWICE;
	c->again++;
	c->second_first += first_other;
}

void lr_copies_came(struct lr_copies *c, uint64_t now, uint32_t session, uint64_t counter,
	bool other, bool again)
{
	if (!c->next || (session != c->session && !again))
		begin(c, session, counter);
	if (session != c->session)
		return; /* a latecomer of the session before */
	lr_copies_settle(c, now);
	if (counter >= c->next)
		advance(c, now, counter);
	else if (c->next - counter > LR_COPIES_RING)
		return;
	uint8_t *m = mark_of(c, counter);
	if (again) {
		c->known_ns = now;
		copy(c, m, other);
	} else if (*m == NOTHING) {
		*m = other ? ONCE_OTHER : ONCE;
	}
}
