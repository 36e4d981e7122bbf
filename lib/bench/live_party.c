/*
 * live_party.c - a party in the laboratory: its relay, its host, members that join
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/bench/live_inside.h"
#include "terms.h"

#define ANSWER_MS 10000
#define AWAIT_NS  (30 * LR_NS_PER_S)
#define POLL_NS   (50 * LR_NS_PER_MS)

/* What lr-up --json says of a node. 0, or -1 with `err`. */
static int learn(struct lr_live *l, struct lr_live_member *m, const char *line, struct lr_err *err)
{
	json_t *o = lr_json_parse(line, strcspn(line, "\n"), err);
	const char *address = json_string_value(json_object_get(o, LR_K_ADDRESS));
	const char *invite = json_string_value(json_object_get(o, LR_K_INVITE));
	int r = o ? 0 : -1;

	m->pid = (long)json_integer_value(json_object_get(o, LR_K_PID));
	snprintf(m->address, sizeof(m->address), "%.*s", address ? (int)strcspn(address, "/") : 0,
		address ? address : "");
	if (invite && !l->invite[0])
		snprintf(l->invite, sizeof(l->invite), "%s", invite);
	if (o && (!address || m->pid < 1))
		r = lr_err_set(err, LR_EXIT_FAILED, "lr-up --json: no address or process");
	json_decref(o);
	return r;
}

static int found(struct lr_live *l, struct lr_err *err)
{
	char relay[LR_LAB_ADDRESS], listen[32];
	struct lr_lab_said said;
	const char *const serve[] = {"lr-relay", "--listen", listen, "--ready-fd", "3", NULL};
	const char *const host[] = {"lr-up", "--relay", relay, "--name", "m0", "--iface", "party0",
		"--no-portmap", "--json", NULL};

	lr_lab_address(LR_LIVE_RELAY_HOST, relay);
	snprintf(listen, sizeof(listen), "%s:3478", relay);
	if (lr_lab_start(l->lab, LR_LIVE_RELAY_HOST, serve, err) < 0 ||
		lr_lab_run(l->lab, LR_LIVE_FIRST, host, &said, err) < 0 ||
		learn(l, &l->members[0], said.out, err) < 0)
		return -1;
	l->n = 1;
	return 0;
}

static int join(struct lr_live *l, struct lr_err *err)
{
	char name[16], iface[16];
	struct lr_lab_said said;
	unsigned host = LR_LIVE_FIRST + l->n;
	uint64_t rtt, since;
	const char *const argv[] = {"lr-up", l->invite, "--name", name, "--iface", iface,
		"--no-portmap", "--json", NULL};

	snprintf(name, sizeof(name), "m%u", l->n);
	snprintf(iface, sizeof(iface), "party%u", l->n);
	if (lr_lab_run(l->lab, host, argv, &said, err) < 0)
		return -1;
	if (learn(l, &l->members[l->n], said.out, err) < 0)
		return -1;
	if (lr_load_ping(l->lab, host, l->members[0].address, ANSWER_MS, &rtt, &since) < 0)
		return lr_err_set(
			err, LR_EXIT_FAILED, "%s has joined, but its host does not answer", name);
	if (l->n <= LR_LIVE_ACTIVE_WITH)
		lr_live_sample(l, "connect", "ns", (double)(said.took_ns + since));
	l->n++;
	return 0;
}

int lr_live_join(struct lr_live *l, unsigned n, struct lr_err *err)
{
	if (lr_lab_hosts(l->lab, LR_LIVE_FIRST + n, err) < 0 || (l->n == 0 && found(l, err) < 0))
		return -1;
	while (l->n < n)
		if (join(l, err) < 0)
			return -1;
	return 0;
}

static bool is_path(struct lr_live *l, unsigned at, const char *to, const char *kind)
{
	const char *const argv[] = {"lr-peer", "show", to, "--json", NULL};
	struct lr_lab_said said;

	if (lr_lab_run(l->lab, LR_LIVE_FIRST + at, argv, &said, NULL) < 0)
		return false;
	json_t *o = lr_json_parse(said.out, strcspn(said.out, "\n"), NULL);
	const char *is =
		json_string_value(json_object_get(json_object_get(o, LR_K_PATH), LR_K_KIND));
	bool right = is && strcmp(is, kind) == 0;
	json_decref(o);
	return right;
}

int lr_live_await(struct lr_live *l, const char *kind, struct lr_err *err)
{
	uint64_t end = lr_now() + AWAIT_NS;

	while (!is_path(l, 0, "m1", kind) || !is_path(l, 1, "m0", kind)) {
		if (lr_now() > end)
			return lr_err_set(err, LR_EXIT_FAILED,
				"two members do not come to a path that is %s", kind);
		lr_live_pause(POLL_NS);
	}
	return 0;
}
