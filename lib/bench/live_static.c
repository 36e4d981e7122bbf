/*
 * live_static.c - startup, and a static tunnel at rest
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/bench/live_inside.h"
#include "lib/crypto/crypto.h"
#include "terms.h"

#define PORT         51820
#define REST_S       5
#define REST_QUICK_S 1
#define STARTS       10
#define STARTS_QUICK 3
#define IFACE        "static0"

int lr_live_config(const struct lr_live_keys *keys, unsigned host, unsigned first, unsigned n,
	struct lr_err *err)
{
	char path[64], key[LR_KEY_TEXT], endpoint[LR_LAB_ADDRESS];

	snprintf(path, sizeof(path), LR_LAB_DIR "/h%u/static.conf", host);
	FILE *out = fopen(path, "we");
	if (!out)
		return lr_err_set(err, LR_EXIT_FAILED, "%s cannot be written", path);
	fprintf(out, "[Interface]\nPrivateKey = %s\nListenPort = %d\nAddress = 10.67.%u.%u/16\n",
		lr_key_text(keys[host].private_key, key), PORT, host / 250, host % 250 + 1);
	for (unsigned i = first; i < first + n; i++) {
		lr_lab_address(i, endpoint);
		fprintf(out,
			"\n[Peer]\nPublicKey = %s\nEndpoint = %s:%d\nAllowedIPs = 10.67.%u.%u/32\n",
			lr_key_text(keys[i].public_key, key), endpoint, PORT, i / 250, i % 250 + 1);
	}
	fclose(out);
	return 0;
}

void lr_live_keys(struct lr_live_keys *keys, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		lr_keypair(keys[i].private_key, keys[i].public_key);
}

/* Of hosts 0 and 1, who are each other's peers. */
static int configs(struct lr_err *err)
{
	struct lr_live_keys keys[2];

	lr_live_keys(keys, 2);
	int r = lr_live_config(keys, 0, 1, 1, err) < 0 ? -1 : lr_live_config(keys, 1, 0, 1, err);
	explicit_bzero(keys, sizeof(keys));
	return r;
}

int lr_live_up(struct lr_live *l, unsigned host, struct lr_lab_said *said, struct lr_err *err)
{
	char path[64];
	const char *const argv[] = {
		"lr-up", "--config", path, "--iface", IFACE, "--tun", "--json", NULL};

	snprintf(path, sizeof(path), LR_LAB_DIR "/h%u/static.conf", host);
	return lr_lab_run(l->lab, host, argv, said, err);
}

int lr_live_down(struct lr_live *l, unsigned host, struct lr_err *err)
{
	static const char *const argv[] = {"lr-up", "--down", IFACE, NULL};

	return lr_lab_run(l->lab, host, argv, NULL, err);
}

int lr_live_startup(struct lr_live *l, struct lr_err *err)
{
	unsigned starts = l->plan->quick ? STARTS_QUICK : STARTS;
	struct lr_lab_said said;

	if (configs(err) < 0)
		return -1;
	for (unsigned i = 0; i < starts; i++) {
		if (lr_live_up(l, 0, &said, err) < 0 || lr_live_down(l, 0, err) < 0)
			return -1;
		lr_live_sample(l, "startup", "ns", (double)said.took_ns);
	}
	return 0;
}

static int rest(struct lr_live *l, long pid, struct lr_err *err)
{
	uint64_t cpu, before, rtt, began, for_ns = LR_NS_PER_S;
	double rss;

	for_ns *= l->plan->quick ? REST_QUICK_S : REST_S;
	if (lr_load_ping(l->lab, 0, "10.67.0.2", 5000, &rtt, &began) < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "no answer through a static tunnel");
	lr_live_pause(LR_NS_PER_S / 2); /* what follows a handshake is done */
	began = lr_now();
	if (lr_live_process(pid, &before, &rss, err) < 0)
		return -1;
	lr_live_pause(for_ns);
	if (lr_live_process(pid, &cpu, &rss, err) < 0)
		return -1;
	lr_live_sample(
		l, "cpu_idle", "%", 100.0 * (double)(cpu - before) / (double)(lr_now() - began));
	return 0;
}

int lr_live_idle(struct lr_live *l, struct lr_err *err)
{
	struct lr_lab_said said;

	if (configs(err) < 0 || lr_live_up(l, 1, &said, err) < 0 ||
		lr_live_up(l, 0, &said, err) < 0)
		return -1;
	json_t *o = lr_json_parse(said.out, strcspn(said.out, "\n"), err);
	long pid = (long)json_integer_value(json_object_get(o, LR_K_PID));
	int r = o ? rest(l, pid, err) : -1;
	json_decref(o);
	return r < 0 || lr_live_down(l, 0, err) < 0 || lr_live_down(l, 1, err) < 0 ? -1 : 0;
}
