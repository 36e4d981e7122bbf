/* The rank test against published tables, ratios and their intervals, Holm's correction. */
#include "lib/perf/rank.h"

#include <math.h>

#include "t/unit/tap.h"

static bool near(double a, double b, double by)
{
	if (fabs(a - b) <= by)
		return true;
	printf("# %.9g is not %.9g\n", a, b);
	return false;
}

/* p of two sides of n and m that do not overlap but for `swaps` neighbours: U is `swaps`. */
static double p_of(size_t n, size_t m, double u)
{
	double a[64], b[64];

	for (size_t i = 0; i < m; i++)
		b[i] = 100 + (double)i;
	for (size_t i = 0; i < n; i++)
		a[i] = (double)i;
	a[n - 1] = 99.5 + u; /* above u of the others */
	return lr_rank_p(a, n, b, m);
}

/* Critical values of U, two-sided (Mann and Whitney 1947; Siegel and Castellan 1988, table J): the
 * greatest U whose p is still below the level, so that the next one is above. */
static void published(void)
{
	static const struct {
		size_t n, m;
		double u, level;
	} table[] = {
		{5, 5, 2, 0.05},
		{5, 8, 6, 0.05},
		{6, 6, 5, 0.05},
		{7, 7, 8, 0.05},
		{8, 8, 13, 0.05},
		{10, 10, 23, 0.05},
		{5, 5, 0, 0.01},
		{7, 7, 4, 0.01},
		{10, 10, 16, 0.01},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t n = table[i].n, m = table[i].m;
		/* Places with a sum of U: each of a's values may stand above up to m of b's. */
		double a[16], b[16], left = table[i].u;
		for (int over = 0; over < 2; over++) {
			left = table[i].u + over;
			for (size_t k = 0; k < m; k++)
				b[k] = (double)k;
			for (size_t k = 0; k < n; k++) {
				double above = fmin(left, (double)m);
				a[k] = above - 0.5 - 1e-3 * (double)k;
				left -= above;
			}
			double p = lr_rank_p(a, n, b, m);
			if (over)
				ok(p > table[i].level, "U %g of %zu and %zu: over %g",
					table[i].u + 1, n, m, table[i].level);
			else
				ok(p <= table[i].level, "U %g of %zu and %zu: within %g",
					table[i].u, n, m, table[i].level);
		}
	}
}

static void exact_values(void)
{
	ok(near(p_of(10, 10, 0), 2 / 184756.0, 1e-12), "10 and 10 apart: 2 of 184,756 ways");
	ok(near(p_of(5, 5, 0), 2 / 252.0, 1e-12), "5 and 5 apart: 2 of 252");
	ok(near(p_of(3, 4, 1), 4 / 35.0, 1e-12), "3 and 4, U 1: 4 of 35");
	const double a[] = {1, 1, 2}, b[] = {2, 3, 3};
	/* Mid-ranks 1.5 1.5 3.5 | 3.5 5.5 5.5. Of 20 ways, those with a sum of 6.5 or 14.5: 2 each.
	 */
	ok(near(lr_rank_p(a, 3, b, 3), 4 / 20.0, 1e-12), "ties: counted among all ways");
	const double same[] = {7, 7, 7, 7, 7};
	ok(near(lr_rank_p(same, 5, same, 5), 1, 0), "all alike: 1");
	ok(near(lr_rank_p(a, 0, b, 3), 1, 0), "an empty side: 1");
	ok(near(lr_rank_p(a, 3, b, 3), lr_rank_p(b, 3, a, 3), 1e-12), "both ways round alike");
}

static void approximate(void)
{
	double a[40], b[40];

	for (int i = 0; i < 40; i++) {
		a[i] = i;
		b[i] = i + 8.25;
	}
	double large = lr_rank_p(a, 40, b, 40), small = lr_rank_p(a, 30, b, 30);
	/* U by hand: pairs with a > b: sum over i of the b below it: 1 + ... + 31. z = 2.925. */
	ok(near(large, erfc((800 - 496 - 0.5) / sqrt(40 * 40 * 81 / 12.0) / sqrt(2)), 1e-9),
		"beyond 60: the normal approximation");
	ok(small > 0 && small < 0.05, "60 are still exact");
}

static void ratios(void)
{
	double base[10], fresh[10];

	for (int i = 0; i < 10; i++) {
		base[i] = 100 + i;
		fresh[i] = 1.05 * base[i];
	}
	struct lr_interval r = lr_rank_ratio(base, 10, fresh, 10, 0.95);
	ok(near(r.value, 1.05, 1e-3), "the ratio");
	ok(r.low < 1.05 && r.high > 1.05 && r.low > 1 && r.high < 1.1, "in its interval");
	/* The table of Moses: for 10 and 10 at 0.95, the 24th from each end (U 23). */
	double steps[10], ones[10];
	for (int i = 0; i < 10; i++) {
		ones[i] = 1;
		steps[i] = i + 1;
	}
	r = lr_rank_ratio(ones, 10, steps, 10, 0.95);
	is_int((int)r.low, 3, "the 24th smallest of 100");
	is_int((int)r.high, 8, "and the 24th largest");
	r = lr_rank_ratio(ones, 2, steps, 2, 0.95);
	ok(isnan(r.low) && isnan(r.high) && r.value == 1.5, "two and two: no interval");
	const double none[] = {0, 0, 0, 0, 0};
	r = lr_rank_ratio(none, 5, none, 5, 0.95);
	ok(r.value == 1 && r.low == 1 && r.high == 1, "nothing to nothing: 1");
	r = lr_rank_ratio(none, 5, steps, 5, 0.95);
	ok(isinf(r.low), "something instead of nothing: without bound");
}

static void holm(void)
{
	double p[] = {0.01, 0.04, 0.03, 0.005};

	/* Holm 1979's own way of counting: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 (not below 0.06). */
	lr_rank_holm(p, 4);
	ok(near(p[3], 0.02, 1e-12) && near(p[0], 0.03, 1e-12), "the smallest times all");
	ok(near(p[2], 0.06, 1e-12) && near(p[1], 0.06, 1e-12), "never below the one before");
	double one[] = {0.7, 0.9};
	lr_rank_holm(one, 2);
	ok(one[0] == 1 && one[1] == 1, "never over 1");
}

int main(void)
{
	published();
	exact_values();
	approximate();
	ratios();
	holm();
	return tap_done();
}
