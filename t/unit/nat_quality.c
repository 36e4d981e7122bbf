/*
 * nat_quality.c - the score's corners, its grades, its trend; on a clock of the test's own
 */
#include "lib/nat/quality.h"

#include "lib/base/clock.h"
#include "t/unit/tap.h"

static uint64_t now = LR_NS_PER_S;

/* `score` each 250 ms for `seconds`; how often the grade changed. */
static unsigned hold(struct lr_quality *q, unsigned seconds, unsigned score)
{
	unsigned changes = 0;

	for (unsigned i = 0; i < 4 * seconds; i++) {
		now += LR_NS_PER_S / 4;
		changes += lr_quality_take(q, now, score);
	}
	return changes;
}

static void scores(void)
{
	static const struct {
		uint32_t rtt_us, jitter_us;
		unsigned loss, score;
	} cases[] = {
		{500, 100, 0, 100},
		{20000, 2000, 0, 100},
		{250000, 2000, 0, 60},
		{1000, 50000, 0, 75},
		{1000, 0, 100, 65},
		{1000, 0, 50, 83},
		{135000, 26000, 50, 50},
		{900000, 900000, 1000, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(lr_quality_score(cases[i].rtt_us, cases[i].jitter_us, cases[i].loss),
			cases[i].score, "score");
}

static void grades(void)
{
	struct lr_quality q = {0};

	ok(!lr_quality_known(&q), "unknown at first");
	ok(lr_quality_take(&q, now, 95), "the first measurement is news");
	is_str(lr_grade_name(q.grade), "excellent", "95");
	is_int(hold(&q, 60, 88), 0, "just below the border it stays");
	is_int(hold(&q, 60, 80), 1, "well below it is another, once");
	is_str(lr_grade_name(q.grade), "good", "80");
	is_int(hold(&q, 60, 91), 0, "just above the border it stays, too");
	is_int(lr_quality_now(&q), 91, "and the score is what is measured");
	hold(&q, 60, 10);
	is_str(lr_grade_name(q.grade), "bad", "10");
	q = (struct lr_quality){0};
	lr_quality_take(&q, now, 60);
	is_str(lr_grade_name(q.grade), "fair", "60 at first sight");
	q = (struct lr_quality){0};
	lr_quality_take(&q, now, 26);
	is_str(lr_grade_name(q.grade), "poor", "26 at first sight");
}

static void trends(void)
{
	struct lr_quality q = {0};

	hold(&q, 10, 90);
	is_str(lr_trend_name(lr_quality_trend(&q)), "steady", "nothing changes");
	hold(&q, 5, 40);
	is_str(lr_trend_name(lr_quality_trend(&q)), "falling", "it got worse");
	hold(&q, 900, 40);
	is_str(lr_trend_name(lr_quality_trend(&q)), "steady", "and stays so");
	hold(&q, 5, 90);
	is_str(lr_trend_name(lr_quality_trend(&q)), "rising", "it gets better");
}

int main(void)
{
	scores();
	grades();
	trends();
	return tap_done();
}
