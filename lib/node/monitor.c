/*
 * monitor.c - samples of a process and its node; see monitor.h
 */
#include "lib/node/monitor.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "terms.h"

static double seconds(void)
{
	return (double)lr_now() / 1e9;
}

/* The interface of the node that is process `pid`; "" when it is none. */
static void iface_of(long pid, char out[IFNAMSIZ])
{
	struct lr_client_node *nodes = NULL;
	int n = lr_client_list(&nodes, NULL);

	out[0] = '\0';
	for (int i = 0; i < n && !out[0]; i++)
		if (!nodes[i].denied && lr_client_pid(nodes[i].iface) == pid)
			memcpy(out, nodes[i].iface, IFNAMSIZ);
	free(nodes);
}

static bool is_number(const char *s)
{
	while (isdigit((unsigned char)*s))
		s++;
	return !*s;
}

static int find(struct lr_monitor *m, const char *target, struct lr_err *err)
{
	if (target && *target && is_number(target)) {
		m->pid = strtol(target, NULL, 10);
		iface_of(m->pid, m->iface);
		if (m->iface[0])
			m->client = lr_client_open(m->iface, err);
		return m->iface[0] && !m->client ? -1 : 0;
	}
	m->client = lr_client_open(target, err);
	if (!m->client)
		return -1;
	snprintf(m->iface, sizeof(m->iface), "%s", lr_client_iface(m->client));
	json_t *hello = lr_client_ask(m->client, lr_client_request("hello"), err);
	m->pid = (long)json_integer_value(json_object_get(hello, LR_K_PID));
	json_decref(hello);
	return hello ? 0 : -1;
}

int lr_monitor_open(struct lr_monitor *m, const char *target, struct lr_err *err)
{
	*m = (struct lr_monitor){.proc = {-1, -1, -1, -1}};
	lr_watch_init(&m->watch);
	if (find(m, target, err) < 0)
		return -1;
	m->begin_s = seconds();
	return lr_proc_open(&m->proc, m->pid, err);
}

void lr_monitor_close(struct lr_monitor *m)
{
	lr_client_close(m->client);
	lr_proc_close(&m->proc);
	json_decref(m->drops);
	json_decref(m->drops_before);
	m->client = NULL;
	m->drops = m->drops_before = NULL;
}

static uint64_t count_of(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static uint64_t sum_of(const json_t *drops)
{
	const char *reason;
	json_t *v;
	uint64_t sum = 0;

	json_object_foreach ((json_t *)drops, reason, v)
		sum += (uint64_t)json_integer_value(v);
	return sum;
}

/* The mean over the peers whose path has been timed. */
static double rtt_of(const json_t *status)
{
	const json_t *peer, *v;
	double sum = 0;
	size_t i, n = 0;

	json_array_foreach (json_object_get(status, LR_K_PEERS), i, peer) {
		v = json_object_get(json_object_get(peer, LR_K_PATH), LR_K_RTT_US);
		if (!json_is_number(v))
			continue;
		sum += json_number_value(v);
		n++;
	}
	return n ? sum / (double)n : NAN;
}

static void ask_node(struct lr_monitor *m, struct lr_watch_node *n)
{
	double begin = seconds();
	json_t *status =
		m->client ? lr_client_ask(m->client, lr_client_request("status"), NULL) : NULL;
	const json_t *queue;

	*n = (struct lr_watch_node){.known = status != NULL, .rtt_us = NAN, .queue = NAN};
	if (!status)
		return;
	n->answer_ms = (seconds() - begin) * 1e3;
	n->rx = count_of(status, LR_K_RX_PACKETS);
	n->tx = count_of(status, LR_K_TX_PACKETS);
	n->rtt_us = rtt_of(status);
	queue = json_object_get(status, LR_K_WAITING_BYTES);
	if (json_is_integer(queue))
		n->queue = (double)json_integer_value(queue);
	json_decref(m->drops);
	m->drops = json_incref(json_object_get(status, LR_K_DROPS));
	if (!m->drops_before)
		m->drops_before = json_incref(m->drops);
	n->drops = sum_of(m->drops);
	json_decref(status);
}

int lr_monitor_sample(struct lr_monitor *m)
{
	struct lr_watch_node node;

	ask_node(m, &node);
	if (!lr_proc_read(&m->proc))
		return -1;
	return lr_watch_add(&m->watch, seconds(), &m->proc.last, &node, m->row);
}

void lr_monitor_end(struct lr_monitor *m)
{
	double watched = seconds() - m->begin_s;
	json_t *p = m->client ? lr_client_ask(m->client, lr_client_request("profile"), NULL) : NULL;
	const json_t *stall;
	size_t i;

	json_array_foreach (json_object_get(p, LR_K_STALLS), i, stall) {
		if (json_number_value(json_object_get(stall, LR_K_AGO_S)) < watched)
			lr_watch_stall(&m->watch,
				json_string_value(json_object_get(stall, LR_K_NAME)),
				(double)count_of(stall, LR_K_DURATION_NS) / 1e6);
	}
	json_decref(p);
}
