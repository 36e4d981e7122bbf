/*
 * quality.c - see quality.h
 */
#include "lib/nat/quality.h"

#include <math.h>

#include "lib/base/clock.h"

#define QUICK_S 10.0
#define SLOW_S  120.0

/* The lowest score of each grade. */
static const uint8_t border[] = {
	[LR_GRADE_BAD] = 0,
	[LR_GRADE_POOR] = 25,
	[LR_GRADE_FAIR] = 50,
	[LR_GRADE_GOOD] = 75,
	[LR_GRADE_EXCELLENT] = 90,
};

/* 1 up to `full`, 0 from `none`. */
static double part(double value, double full, double none)
{
	double p = (none - value) / (none - full);

	return p > 1 ? 1 : p < 0 ? 0 : p;
}

unsigned lr_quality_score(uint32_t rtt_us, uint32_t jitter_us, unsigned loss_permille)
{
	double score = 40 * part(rtt_us, 20e3, 250e3) + 35 * part(loss_permille, 0, 100) +
		       25 * part(jitter_us, 2e3, 50e3);

	return (unsigned)lround(score);
}

static enum lr_grade grade_at(double score)
{
	enum lr_grade g = LR_GRADE_EXCELLENT;

	while (score < border[g])
		g--;
	return g;
}

/* The grade for `score`, which is `held` as long as it is not clearly another. */
static enum lr_grade grade_from(double score, enum lr_grade held)
{
	bool fell = score < border[held] - LR_QUALITY_STICK;
	bool rose = held < LR_GRADE_EXCELLENT && score >= border[held + 1] + LR_QUALITY_STICK;

	return fell || rose ? grade_at(score) : held;
}

static double near(double average, double value, double seconds, double over_s)
{
	return average + (value - average) * -expm1(-seconds / over_s);
}

bool lr_quality_take(struct lr_quality *q, uint64_t now, unsigned score)
{
	double s = (double)(now - q->at_ns) / (double)LR_NS_PER_S;
	bool first = q->at_ns == 0;
	enum lr_grade before = q->grade;

	q->quick = first ? score : near(q->quick, score, s, QUICK_S);
	q->slow = first ? score : near(q->slow, score, s, SLOW_S);
	q->grade = first ? grade_at(score) : grade_from(q->quick, before);
	q->at_ns = now;
	return first || q->grade != before;
}

unsigned lr_quality_now(const struct lr_quality *q)
{
	return (unsigned)lround(q->quick);
}

enum lr_trend lr_quality_trend(const struct lr_quality *q)
{
	double by = q->quick - q->slow;

	return by > LR_QUALITY_TREND    ? LR_TREND_RISING
	       : by < -LR_QUALITY_TREND ? LR_TREND_FALLING
					: LR_TREND_STEADY;
}

const char *lr_grade_name(enum lr_grade grade)
{
	static const char *const names[] = {"bad", "poor", "fair", "good", "excellent"};

	return names[grade];
}

const char *lr_trend_name(enum lr_trend trend)
{
	static const char *const names[] = {"falling", "steady", "rising"};

	return names[trend];
}
