/*
 * quality.h - how well one can play with a member: one number out of three
 *
 * Theory of operation. The score of a path is 0 to 100: 40 % round trip, 35 % loss, 25 % jitter.
 * Each part is full up to a value that no game notices and none from a value at which most are
 * unplayable, in a straight line between:
 *
 *                full      none
 *   round trip   20 ms     250 ms    (system link wants 30 ms: lan-games, class M; G.114: 150 ms
 *                                     one way is where talk begins to suffer)
 *   loss         0 %       10 %
 *   jitter       2 ms      50 ms
 *
 * Two averages of the score are kept, over some 10 s and some 120 s: the quick one is what is told,
 * and where it stands to the slow one is the trend. A grade is left only when the score is
 * LR_QUALITY_STICK beyond its border, so that it does not flicker.
 */
#ifndef LR_NAT_QUALITY_H
#define LR_NAT_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

#define LR_QUALITY_STICK 3 /* points */
#define LR_QUALITY_TREND 5 /* points between the averages that make a trend */

enum lr_grade { LR_GRADE_BAD, LR_GRADE_POOR, LR_GRADE_FAIR, LR_GRADE_GOOD, LR_GRADE_EXCELLENT };
enum lr_trend { LR_TREND_FALLING, LR_TREND_STEADY, LR_TREND_RISING };

struct lr_quality {
	double quick, slow; /* averages of the score */
	uint64_t at_ns;     /* of the last measurement; 0: none yet */
	uint8_t grade;
};

/* 0 to 100. */
unsigned lr_quality_score(uint32_t rtt_us, uint32_t jitter_us, unsigned loss_permille);
/* Takes a score measured at `now`. Whether the grade is another than before. */
bool lr_quality_take(struct lr_quality *q, uint64_t now, unsigned score);
static inline bool lr_quality_known(const struct lr_quality *q)
{
	return q->at_ns != 0;
}
/* The rest only when it is known. */
unsigned lr_quality_now(const struct lr_quality *q);
enum lr_trend lr_quality_trend(const struct lr_quality *q);
/* "bad" .. "excellent"; "falling", "steady", "rising". */
const char *lr_grade_name(enum lr_grade grade);
const char *lr_trend_name(enum lr_trend trend);

#endif
