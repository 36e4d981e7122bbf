/*
 * A result against targets: met, missed, not to be judged.
 */
#include "lib/results/gate.h"

#include <stdlib.h>
#include <string.h>

#include "t/unit/tap.h"
#include "terms.h"

static json_t *result(const char *metrics)
{
	json_t *o = json_object();

	json_object_set_new(o, LR_K_METRICS, json_loads(metrics, 0, NULL));
	return o;
}

#define METRIC(name, unit, more, value)                                                            \
	"{\"name\":\"" name "\",\"unit\":\"" unit "\"," more "\"samples\":[" value "]}"

static void verdicts(void)
{
	static const struct {
		const char *what, *metric;
		bool documented_judged, documented_met, ours_judged, ours_met;
	} rows[] = {
		{"between the two", METRIC("startup", "ns", "", "6e6"), true, true, true, false},
		{"over both", METRIC("startup", "ns", "", "2e9"), true, false, true, false},
		{"under both: the median counts", METRIC("startup", "ns", "", "1e6,2e6,9e9"), true,
			true, true, true},
		{"no target", METRIC("bare_way", "ns", "", "1"), false, false, false, false},
		{"none documented", METRIC("failover", "ns", "", "2e9"), false, true, true, false},
		{"a hundred tried",
			METRIC("peers", "peers", "\"better\":\"higher\",\"size\":100,", "100"),
			true, true, false, false},
		{"one of them is too slow",
			METRIC("peers", "peers", "\"better\":\"higher\",\"size\":100,", "99"), true,
			false, true, false},
		{"fewer tried",
			METRIC("peers", "peers", "\"better\":\"higher\",\"size\":10,", "10"), false,
			false, false, false},
		{"a point of a curve, of which more is worse",
			METRIC("ipam_lookup_10", "ns", "\"series\":\"ipam_lookup\",\"size\":10,",
				"4e4"),
			true, false, true, false},
		{"no samples", METRIC("startup", "ns", "", ""), false, false, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *m = json_loads(rows[i].metric, 0, NULL);
		struct lr_gate_row d = lr_gate(m, false), o = lr_gate(m, true);
		ok(d.judged == rows[i].documented_judged &&
				(!d.judged || d.met == rows[i].documented_met),
			"%s: documented", rows[i].what);
		ok(o.judged == rows[i].ours_judged && (!o.judged || o.met == rows[i].ours_met),
			"%s: ours", rows[i].what);
		json_decref(m);
	}
}

static void texts(void)
{
	json_t *r = result("[" METRIC("startup", "ns", "", "6e6") "," METRIC(
		"bare_way", "ns", "", "1") "," METRIC("peers", "peers",
		"\"better\":\"higher\",\"size\":100,", "100") "]");
	char *text = NULL;
	size_t len;
	unsigned judged;

	ok(!lr_gate_missed(r, false, &judged) && judged == 2, "documented: nothing is missed");
	ok(lr_gate_missed(r, true, &judged) && judged == 1, "ours: the start is");
	FILE *out = open_memstream(&text, &len);
	lr_gate_tap(out, r, true);
	fclose(out);
	ok(strcmp(text,
		   "TAP version 13\n1..2\nnot ok 1 - startup: 6 ms, our target is 5 ms\n"
		   "ok 2 - peers: 100 peers, our target is 1000 peers # SKIP cannot be judged\n") ==
			0,
		"TAP");
	free(text);
	out = open_memstream(&text, &len);
	lr_gate_junit(out, r, true, "suite");
	fclose(out);
	ok(strstr(text, "tests=\"2\" failures=\"1\" skipped=\"1\"") &&
			strstr(text, "<failure message=\"startup: 6 ms, our target is 5 ms\"/>"),
		"JUnit XML");
	free(text);
	lr_gate_json(r, true);
	ok(json_is_false(json_object_get(r, LR_K_PASS)) &&
			json_is_null(json_object_get(
				json_array_get(json_object_get(r, LR_K_METRICS), 1), LR_K_PASS)),
		"JSON");
	json_decref(r);
}

int main(void)
{
	verdicts();
	texts();
	return tap_done();
}
