/*
 * webhook.h - what is to be posted, and when: batches, Retry-After, backoff, a bounded queue
 *
 * Theory of operation. Pure: bytes and the time in, what to post and when out.
 *
 *   empty --add--> gathering (2 s, or until a post is full) --take--> posting
 *   posting --done--> empty or gathering      posting --refused--> the post is dropped
 *   posting --again--> waiting (Retry-After, else 2 s doubled up to 5 min) --take--> posting
 *
 * Lines of a post that failed stay in front of the queue. When the queue is full the oldest lines
 * go; the next post says how many.
 */
#ifndef LR_IO_WEBHOOK_H
#define LR_IO_WEBHOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"

#define LR_WEBHOOK_QUEUE     256 /* events that wait */
#define LR_WEBHOOK_LINES     20  /* in one post */
#define LR_WEBHOOK_GATHER_NS (2 * LR_NS_PER_S)
#define LR_WEBHOOK_AGAIN_S   2 /* after the first failure */
#define LR_WEBHOOK_AGAIN_MAX 300
#define LR_WEBHOOK_AFTER_MAX 86400 /* Retry-After beyond a day is taken for a day */

struct lr_webhook {
	json_t *events[LR_WEBHOOK_QUEUE]; /* a ring */
	unsigned head, n;
	unsigned posting;    /* how many of the oldest are on their way */
	uint64_t due;        /* when to take, LR_NEVER: nothing to do, or posting */
	uint64_t not_before; /* the other side, or our patience, says so */
	unsigned failures;   /* in a row */
	uint64_t left_out;   /* dropped and not told yet */
	uint64_t told_out;   /* of them, how many the post on its way tells */
	uint64_t dropped;    /* altogether */
	bool hurry;          /* no more events come: nothing is gathered */
};

enum lr_webhook_outcome {
	LR_WEBHOOK_DONE,
	LR_WEBHOOK_AGAIN,   /* later: 429, 5xx, no connection */
	LR_WEBHOOK_REFUSED, /* it will never be taken */
};

void lr_webhook_init(struct lr_webhook *w);
void lr_webhook_release(struct lr_webhook *w);
/* Takes the reference. */
void lr_webhook_add(struct lr_webhook *w, json_t *event, uint64_t now);
/* When to call lr_webhook_take(). */
uint64_t lr_webhook_due(const struct lr_webhook *w);
/* The events of the next post, a new array, when it is time, else NULL; *left_out: how many the
 * post shall say were dropped. Its outcome is to be told. */
json_t *lr_webhook_take(struct lr_webhook *w, uint64_t now, uint64_t *left_out);
/* `after_s`: what Retry-After said, -1: nothing. `random` spreads our own waiting by +-10 %. */
void lr_webhook_result(struct lr_webhook *w, enum lr_webhook_outcome outcome, double after_s,
	uint8_t random, uint64_t now);
/* The input has ended. */
void lr_webhook_hurry(struct lr_webhook *w, uint64_t now);

/* What an answer means; 404, 401 and the like say that there is no such webhook (*gone). */
enum lr_webhook_outcome lr_webhook_outcome(unsigned status, bool *gone);
/* Seconds in a Retry-After header: a number, also with a fraction, or a date (RFC 9110, 10.2.3);
 * `unix_now` in s. -1 when it is neither. */
double lr_webhook_retry_after(const char *text, uint64_t unix_now);

#endif
