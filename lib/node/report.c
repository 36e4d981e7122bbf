/*
 * report.c - a node, its peers and its events as JSON
 */
#include "lib/node/overhear.h"
#include "lib/node/report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/game/session.h"
#include "lib/nat/reach.h"
#include "lib/node/copy.h"
#include "lib/node/ipx.h"
#include "lib/node/lan.h"
#include "lib/node/play.h"
#include "lib/node/play_session.h"
#include "lib/node/profile.h"
#include "lib/node/pump.h"
#include "terms.h"

static void put_time(json_t *obj, const char *key, uint64_t unix_ns)
{
	char text[32];

	if (unix_ns)
		lr_rfc3339(unix_ns, text);
	lr_json_put_str(obj, key, unix_ns ? text : NULL);
}

static void put_key(json_t *obj, const char *key, const uint8_t public_key[LR_KEY_LEN])
{
	char text[LR_KEY_TEXT];

	lr_json_put_str(obj, key, public_key ? lr_key_text(public_key, text) : NULL);
}

/* A peer without a nickname goes by its key. */
static void put_who(json_t *obj, const char *name, const uint8_t public_key[LR_KEY_LEN])
{
	char text[LR_KEY_TEXT];

	lr_key_text(public_key, text);
	lr_json_put_str(obj, LR_K_PEER, *name ? name : text);
	lr_json_put_str(obj, LR_K_PUBLIC_KEY, text);
}

static json_t *prefixes(const struct lr_prefix *list, size_t n)
{
	json_t *out = json_array();
	char text[LR_ADDR_TEXT];

	for (size_t i = 0; i < n; i++)
		json_array_append_new(out, json_string(lr_prefix_text(&list[i], text)));
	return out;
}

/* --- peers --- */

/* A peer's virtual address is the first host prefix that it may use. */
static void put_address(
	json_t *obj, const char *key, const struct lr_config_peer *p, uint8_t family)
{
	char text[LR_ADDR_TEXT];

	for (size_t i = 0; i < p->n_allowed; i++)
		if (p->allowed[i].ip.family == family &&
			p->allowed[i].len == lr_ip_bits(&p->allowed[i].ip)) {
			lr_json_put_str(obj, key, lr_ip_text(&p->allowed[i].ip, text));
			return;
		}
	lr_json_put_str(obj, key, NULL);
}

static void put_count(json_t *obj, const char *key, const uint64_t *count)
{
	lr_json_put(obj, key, count ? json_integer((json_int_t)*count) : NULL);
}

static json_t *wg_drops(const uint64_t *counters)
{
	json_t *out = json_object();

	for (unsigned i = LR_WG_DROP_NONE + 1; i < LR_WG_DROPS; i++)
		lr_json_put_int(out, lr_wg_drop_name(i), (int64_t)counters[i]);
	return out;
}

json_t *lr_report_peer(
	const struct lr_config_peer *p, const struct lr_wg_peer *live, uint64_t now, bool detail)
{
	const struct lr_wg_peer_stats *s = live ? &live->stats : NULL;
	json_t *out = json_object();

	put_who(out, p->name, p->public_key);
	put_address(out, LR_K_ADDRESS, p, 4);
	put_address(out, LR_K_ADDRESS6, p, 6);
	lr_report_put_endpoint(out, LR_K_ENDPOINT, &p->endpoint);
	lr_json_put(out, LR_K_ALLOWED_IPS, prefixes(p->allowed, p->n_allowed));
	lr_json_put_int(out, LR_K_KEEPALIVE, p->keepalive_s);
	lr_json_put_bool(out, LR_K_PRESHARED, p->has_psk);
	put_time(out, LR_K_LAST_HANDSHAKE, s ? s->last_handshake_unix_ns : 0);
	put_count(out, LR_K_RX_BYTES, s ? &s->rx_bytes : NULL);
	put_count(out, LR_K_TX_BYTES, s ? &s->tx_bytes : NULL);
	put_count(out, LR_K_RX_PACKETS, s ? &s->rx_packets : NULL);
	put_count(out, LR_K_TX_PACKETS, s ? &s->tx_packets : NULL);
	lr_json_put_bool(out, LR_K_GUEST, live && lr_node_is_guest(live));
	lr_json_put(out, LR_K_PATH, lr_report_peer_path(live, now));
	const struct lr_node_peer *own = live ? live->owner : NULL;
	if (own && own->reach)
		lr_json_put(out, LR_K_REDUNDANCY, lr_copy_json(own->reach, lr_now()));
	if (detail)
		lr_json_put(out, LR_K_DROPS, s ? wg_drops(s->drops) : NULL);
	return out;
}

/* --- the node --- */

static json_t *offloads(const struct lr_node *node)
{
	json_t *out = json_object();

	lr_json_put_bool(out, LR_K_TSO, node->offload_tso);
	lr_json_put_bool(out, LR_K_USO, node->offload_uso);
	lr_json_put_bool(out, LR_K_UDP_GSO, node->offload_udp_gso);
	lr_json_put_bool(out, LR_K_UDP_GRO, node->offload_udp_gro);
	return out;
}

static void put_sums(json_t *obj, const struct lr_wg *wg)
{
	const struct lr_wg_sums sum = lr_wg_sum(wg);

	put_count(obj, LR_K_RX_PACKETS, &sum.rx_packets);
	put_count(obj, LR_K_TX_PACKETS, &sum.tx_packets);
	put_count(obj, LR_K_RX_BYTES, &sum.rx_bytes);
	put_count(obj, LR_K_TX_BYTES, &sum.tx_bytes);
}

/* What stands in the queue, and the pace at which it goes. */
static void put_waiting(json_t *out, const struct lr_pump *pump)
{
	struct lr_pump_queue q = lr_pump_queue(pump);

	lr_json_put(out, LR_K_UPLINK_BPS, q.rate ? json_integer((json_int_t)q.rate) : json_null());
	lr_json_put_int(out, LR_K_WAITING, q.frames);
	lr_json_put_int(out, LR_K_WAITING_BYTES, (int64_t)q.bytes);
}

json_t *lr_report_node(struct lr_node *node, json_t *peers)
{
	json_t *out = json_object();

	lr_json_put_str(out, LR_K_IFACE, node->iface);
	lr_json_put_int(out, LR_K_PID, getpid());
	lr_json_put_str(out, LR_K_VERSION, LR_VERSION);
	lr_json_put_str(out, LR_K_NAME, *node->name ? node->name : NULL);
	put_key(out, LR_K_PUBLIC_KEY, lr_wg_public_key(node->wg));
	lr_json_put_str(out, LR_K_DEVICE, node->tap ? "tap" : "tun");
	lr_json_put_int(out, LR_K_LISTEN_PORT, node->listen_port);
	lr_json_put_int(out, LR_K_FWMARK, node->fwmark);
	lr_json_put_int(out, LR_K_MTU, node->mtu);
	lr_json_put(out, LR_K_ADDRESSES, prefixes(node->addresses, node->n_addresses));
	put_time(out, LR_K_STARTED, node->started_unix_ns);
	lr_json_put(out, LR_K_OFFLOADS, offloads(node));
	put_sums(out, node->wg);
	put_count(out, LR_K_DEVICE_RX_PACKETS, &node->device_rx_packets);
	put_count(out, LR_K_DEVICE_TX_PACKETS, &node->device_tx_packets);
	put_waiting(out, node->pump);
	put_count(out, LR_K_WAKEUPS, &node->loop.wakeups);
	json_t *drops = wg_drops(lr_wg_drops(node->wg));
	for (unsigned i = 0; i < LR_NODE_DROPS; i++)
		lr_json_put_int(drops, lr_node_drop_name(i), (int64_t)node->drops[i]);
	lr_node_lan_put_drops(node, drops);
	lr_overhear_put_drops(node, drops);
	lr_node_ipx_put_drops(node, drops);
	lr_json_put(out, LR_K_DROPS, drops);
	lr_json_put(out, LR_K_GAMES, lr_play_names(node));
	lr_json_put(out, LR_K_SESSIONS, lr_play_sessions_json(node));
	lr_json_put_int(out, LR_K_PEER_COUNT, (int64_t)lr_wg_peer_count(node->wg));
	if (peers)
		lr_json_put(out, LR_K_PEERS, peers);
	return out;
}

double lr_report_unix_seconds(const char *rfc3339)
{
	struct tm tm = {0};
	const char *rest = rfc3339 ? strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

	if (!rest)
		return -1;
	return (double)timegm(&tm) + (*rest == '.' ? strtod(rest, NULL) : 0);
}

/* --- events --- */

json_t *lr_report_own_event(const struct lr_node *node, const char *name, uint64_t unix_ns)
{
	json_t *out = json_object();

	put_time(out, LR_K_TIME, unix_ns);
	lr_json_put_str(out, LR_K_EVENT, name);
	lr_json_put_str(out, LR_K_IFACE, node->iface);
	lr_json_put(out, LR_K_PEER, NULL);
	lr_json_put(out, LR_K_PUBLIC_KEY, NULL);
	lr_json_put(out, LR_K_ENDPOINT, NULL);
	return out;
}

/* What only some events have. */
static void put_more(json_t *out, const struct lr_node *node, const struct lr_node_event *event)
{
	const struct {
		const char *key, *text;
	} more[] = {
		{LR_K_FROM, event->from},
		{LR_K_TO, event->to},
		{LR_K_REASON, event->reason},
		{LR_K_RELAY, event->relay},
		{LR_K_TEXT, event->text},
	};

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (more[i].text)
			lr_json_put_str(out, more[i].key, more[i].text);
	if (event->kind == LR_NODE_EVENT_INVITE_CLAIMED)
		lr_json_put_int(out, LR_K_USES, event->uses);
	if (event->game)
		lr_json_put_str(out, LR_K_GAME, event->game);
	if (event->kind == LR_NODE_EVENT_GAME_ENDED)
		lr_json_put(out, LR_K_SESSION, lr_session_json(event->session, node->loop.now));
	if (event->kind == LR_NODE_EVENT_PROFILE)
		lr_json_put(out, LR_K_PROFILE, lr_node_profile_report(node));
}

json_t *lr_report_event(const struct lr_node *node, const struct lr_node_event *event)
{
	json_t *out = lr_report_own_event(node, lr_node_event_name(event->kind), event->unix_ns);

	if (event->peer) {
		const struct lr_node_peer *owner = event->peer->owner;
		put_who(out, owner ? owner->name : "", event->peer->public_key);
		lr_report_put_endpoint(out, LR_K_ENDPOINT, &event->peer->endpoint);
	} else if (event->public_key) {
		put_who(out, event->name, event->public_key);
	}
	put_more(out, node, event);
	return out;
}

/* --- a ping --- */

static void put_us(json_t *obj, const char *key, uint64_t ns, bool known)
{
	lr_json_put(obj, key, known ? json_real((double)ns / 1e3) : NULL);
}

json_t *lr_report_ping(
	const json_t *peer, const char *address, const struct lr_ping_result *r, json_t *path)
{
	json_t *out = json_object();
	bool any = r->received > 0;

	lr_json_put(out, LR_K_PEER, json_copy(json_object_get(peer, LR_K_PEER)));
	lr_json_put(out, LR_K_PUBLIC_KEY, json_copy(json_object_get(peer, LR_K_PUBLIC_KEY)));
	lr_json_put_str(out, LR_K_ADDRESS, address);
	lr_json_put_int(out, LR_K_SENT, r->sent);
	lr_json_put_int(out, LR_K_RECEIVED, r->received);
	lr_json_put(
		out, LR_K_LOSS, r->sent ? json_real(1.0 - (double)r->received / r->sent) : NULL);
	put_us(out, LR_K_MIN_US, r->min_ns, any);
	put_us(out, LR_K_MEAN_US, r->mean_ns, any);
	put_us(out, LR_K_P50_US, r->p50_ns, any);
	put_us(out, LR_K_P90_US, r->p90_ns, any);
	put_us(out, LR_K_P99_US, r->p99_ns, any);
	put_us(out, LR_K_MAX_US, r->max_ns, any);
	put_us(out, LR_K_JITTER_US, r->jitter_ns, r->received > 1);
	lr_json_put(out, LR_K_PATH, path);
	return out;
}
