/*
 * machine.c - what was measured on, and what of
 */
#include "lib/bench/machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "git.h" /* generated: LR_GIT */
#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"
#include "lib/results/result.h"
#include "terms.h"

/* What stands behind `key` in a file of lines; cut at its end, without quotes. False: no such. */
static bool line_of(const char *path, const char *key, char *out, size_t room)
{
	char line[512];
	FILE *in = fopen(path, "re");
	bool found = false;

	while (in && !found && fgets(line, sizeof(line), in)) {
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		const char *at = line + strlen(key);
		at += strspn(at, " \t:=\"");
		snprintf(out, room, "%.*s", (int)strcspn(at, "\"\n"), at);
		found = true;
	}
	if (in)
		fclose(in);
	return found;
}

static void put_line(json_t *o, const char *key, const char *path, const char *begins)
{
	char text[200];
	lr_json_put_str(o, key, line_of(path, begins, text, sizeof(text)) ? text : NULL);
}

static void put_number(json_t *o, const char *key, const char *path, const char *begins)
{
	char text[200];
	lr_json_put_real(
		o, key, line_of(path, begins, text, sizeof(text)) ? strtod(text, NULL) : NAN);
}

double lr_machine_load(void)
{
	double load;
	return getloadavg(&load, 1) == 1 ? load / (double)sysconf(_SC_NPROCESSORS_ONLN) : NAN;
}

json_t *lr_machine_json(void)
{
	json_t *o = json_object();
	struct utsname u;
	char text[32];

	put_line(o, LR_K_CPU, "/proc/cpuinfo", "model name");
	lr_json_put_int(o, LR_K_CORES, sysconf(_SC_NPROCESSORS_ONLN));
	lr_json_put_int(o, LR_K_MEMORY_KB,
		line_of("/proc/meminfo", "MemTotal", text, sizeof(text)) ? strtoll(text, NULL, 10)
									 : 0);
	lr_json_put_str(o, LR_K_KERNEL, uname(&u) == 0 ? u.release : NULL);
	put_line(o, LR_K_SYSTEM, "/etc/os-release", "PRETTY_NAME");
	put_line(o, LR_K_GOVERNOR, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "");
	put_number(o, LR_K_MHZ, "/proc/cpuinfo", "cpu MHz");
	lr_json_put_real(o, LR_K_LOAD_1, lr_machine_load());
	return o;
}

static json_t *versions(void)
{
	json_t *o = json_object();

	lr_json_put_str(o, "compiler", __VERSION__);
	lr_json_put_str(o, "jansson", jansson_version_str());
	lr_json_put_str(o, "libcrypto", lr_libcrypto_version());
	lr_json_put_str(o, "libsodium", lr_libsodium_version());
	return o;
}

json_t *lr_machine_result(void)
{
	json_t *o = json_object();
	char now[32];

	lr_rfc3339(lr_wall(), now);
	lr_json_put_str(o, LR_K_SCHEMA, LR_RESULT_SCHEMA);
	lr_json_put(o, LR_K_MACHINE, lr_machine_json());
	lr_json_put_str(o, LR_K_GIT, LR_GIT[0] ? LR_GIT : NULL);
	lr_json_put_str(o, LR_K_VERSION, LR_VERSION);
	lr_json_put(o, LR_K_VERSIONS, versions());
	lr_json_put_str(o, LR_K_RECORDED, now);
	lr_json_put(o, LR_K_PARAMETERS, json_object());
	lr_json_put(o, LR_K_METRICS, json_array());
	return o;
}
