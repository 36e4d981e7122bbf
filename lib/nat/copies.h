/*
 * copies.h - what a second path was worth, as the receiver of the copies sees it
 *
 * Theory of operation. Kept for a member from the first copy on that the replay window turned away.
 * Each message's counter leaves a mark in a ring: did it come over the path that we use to the
 * member ourselves, or over another one, and did a copy follow over another path than the first? A
 * mark is judged when it is one to two seconds old, or when the ring goes round. Then
 *   again         messages that came twice (each counts once)
 *   second_first  of them: the copy over the other path was here first
 *   second_only   came over the other path only: without it the message would have been lost
 * These are estimates. Which of its paths a sender calls the second it does not tell: ours, at the
 * other end, is nearly always the same, but not in the moment in which the ends change to another.
 * What came once over the other path counts only while copies are known to be sent (one was seen
 * within LR_COPIES_KNOWN_MS), since a sender without redundancy uses one path alone.
 */
#ifndef LR_NAT_COPIES_H
#define LR_NAT_COPIES_H

#include <stdbool.h>
#include <stdint.h>

#define LR_COPIES_RING     8192 /* counters; a power of two */
#define LR_COPIES_KNOWN_MS 3000
#define LR_COPIES_JUDGE_MS 1000

struct lr_copies {
	uint64_t again, second_first, second_only;
	/* inside */
	uint32_t session;  /* whose counters are in the ring */
	uint64_t next;     /* greatest counter seen, plus one */
	uint64_t judged;   /* all below are */
	uint64_t old;      /* where `next` stood at old_ns */
	uint64_t old_ns;   /* 0: never */
	uint64_t known_ns; /* when the last copy was turned away */
	uint8_t mark[LR_COPIES_RING];
};

/* Zeroed memory is a fresh one. A message with `counter` of the session that we call `session` came
 * over the path in use, or over an `other` one; `again`: it was not the first with it. Hot. */
void lr_copies_came(struct lr_copies *c, uint64_t now, uint32_t session, uint64_t counter,
	bool other, bool again);
/* Judges what is old enough: before the figures are read. */
void lr_copies_settle(struct lr_copies *c, uint64_t now);

#endif
