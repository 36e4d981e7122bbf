/*
 * webhook.c - see webhook.h
 */
#include "lib/io/webhook.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void lr_webhook_init(struct lr_webhook *w)
{
	*w = (struct lr_webhook){.due = LR_NEVER};
}

void lr_webhook_release(struct lr_webhook *w)
{
	for (unsigned i = 0; i < w->n; i++)
		json_decref(w->events[(w->head + i) % LR_WEBHOOK_QUEUE]);
	w->n = 0;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The oldest `n` are gone. */
static void drop_oldest(struct lr_webhook *w, unsigned n)
{
	for (; n && w->n; n--, w->n--) {
		json_decref(w->events[w->head]);
		w->head = (w->head + 1) % LR_WEBHOOK_QUEUE;
	}
}

/* The oldest that is not on its way. */
static void drop_one(struct lr_webhook *w)
{
	unsigned at = (w->head + w->posting) % LR_WEBHOOK_QUEUE;

	json_decref(w->events[at]);
	for (unsigned i = w->posting; i + 1 < w->n; i++, at = (at + 1) % LR_WEBHOOK_QUEUE)
		w->events[at] = w->events[(at + 1) % LR_WEBHOOK_QUEUE];
	w->n--;
	w->left_out++;
	w->dropped++;
}

void lr_webhook_add(struct lr_webhook *w, json_t *event, uint64_t now)
{
	if (w->n == LR_WEBHOOK_QUEUE)
		drop_one(w);
	w->events[(w->head + w->n++) % LR_WEBHOOK_QUEUE] = event;
	if (w->posting)
		return;
	if (w->due == LR_NEVER)
		w->due = later(now + LR_WEBHOOK_GATHER_NS, w->not_before);
	if (w->n >= LR_WEBHOOK_LINES)
		w->due = later(now, w->not_before);
}

uint64_t lr_webhook_due(const struct lr_webhook *w)
{
	return w->due;
}

json_t *lr_webhook_take(struct lr_webhook *w, uint64_t now, uint64_t *left_out)
{
	if (now < w->due || !w->n)
		return NULL;
	json_t *list = json_array();
	w->posting = w->n < LR_WEBHOOK_LINES ? w->n : LR_WEBHOOK_LINES;
	for (unsigned i = 0; i < w->posting; i++)
		json_array_append(list, w->events[(w->head + i) % LR_WEBHOOK_QUEUE]);
	*left_out = w->told_out = w->left_out;
	w->due = LR_NEVER;
	return list;
}

static uint64_t pause_ns(const struct lr_webhook *w, double after_s, uint8_t random)
{
	if (after_s >= 0)
		return (uint64_t)(fmin(after_s, LR_WEBHOOK_AFTER_MAX) * (double)LR_NS_PER_S);
	unsigned doubled = w->failures < 9 ? w->failures - 1 : 8;
	uint64_t s = (uint64_t)LR_WEBHOOK_AGAIN_S << doubled;
	uint64_t ns = (s < LR_WEBHOOK_AGAIN_MAX ? s : LR_WEBHOOK_AGAIN_MAX) * LR_NS_PER_S;
	return ns - ns / 10 + ns / 5 * random / 255;
}

void lr_webhook_result(struct lr_webhook *w, enum lr_webhook_outcome outcome, double after_s,
	uint8_t random, uint64_t now)
{
	unsigned posted = w->posting;

	w->posting = 0;
	w->not_before = now + (w->hurry ? 0 : LR_WEBHOOK_GATHER_NS);
	if (outcome == LR_WEBHOOK_AGAIN) {
		w->failures++;
		w->not_before = now + pause_ns(w, after_s, random);
	} else {
		w->failures = 0;
		if (outcome == LR_WEBHOOK_REFUSED)
			w->dropped += posted;
		else
			w->left_out -= w->told_out;
		drop_oldest(w, posted);
		/* Discord says with a good answer when the next one may come. */
		if (after_s > 0)
			w->not_before = later(w->not_before, now + pause_ns(w, after_s, random));
	}
	w->due = w->n ? w->not_before : LR_NEVER;
}

void lr_webhook_hurry(struct lr_webhook *w, uint64_t now)
{
	w->hurry = true;
	if (w->n && !w->posting)
		w->due = w->failures ? later(now, w->not_before) : now;
}

enum lr_webhook_outcome lr_webhook_outcome(unsigned status, bool *gone)
{
	*gone = status == 401 || status == 403 || status == 404 || status == 410;
	if (status >= 200 && status < 300)
		return LR_WEBHOOK_DONE;
	if (status == 429 || status == 408 || status >= 500)
		return LR_WEBHOOK_AGAIN;
	return LR_WEBHOOK_REFUSED;
}

double lr_webhook_retry_after(const char *text, uint64_t unix_now)
{
	struct tm tm = {0};
	char *end;

	if (!text || !*text)
		return -1;
	if (strspn(text, "0123456789.") == strlen(text)) {
		double s = strtod(text, &end);
		return *end || !isfinite(s) ? -1 : s;
	}
	end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (!end || *end)
		return -1;
	time_t at = timegm(&tm);
	return at < (time_t)unix_now ? 0 : (double)(at - (time_t)unix_now);
}
