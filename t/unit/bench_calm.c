/*
 * Which readings of the processor were slow, and which is measured again first; that it reads.
 */
#include "lib/bench/calm.h"

#include <math.h>

#include "t/unit/tap.h"

int main(void)
{
	struct lr_calm c;
	double readings[] = {100, 102, 140, 101, 120};

	lr_calm_init(&c);
	ok(!lr_calm_slow(&c, 1e9), "before the first reading nothing is slow");
	c.best_ns = 100;
	ok(!lr_calm_slow(&c, 102.9) && lr_calm_slow(&c, 103.1),
		"slow is what is 3 %% over the best");
	is_int((long)lr_calm_slowest(&c, readings, 5), 2, "the slowest of five");
	readings[2] = 100;
	is_int((long)lr_calm_slowest(&c, readings, 5), 4, "then the next");
	readings[4] = 99;
	is_int((long)lr_calm_slowest(&c, readings, 5), 5, "then none");
	c.best_ns = 98;
	is_int((long)lr_calm_slowest(&c, readings, 5), 1, "a better one shows another");
	lr_calm_init(&c);
	double read = lr_calm_read(&c);
	ok(read > 1000 && read < 1e9 && c.best_ns <= read, "a reading: %.0f ns", read);
	return tap_done();
}
