/*
 * node.c - a node's life: start, run, stop; see node.h
 */
#include "lib/node/node.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "defaults.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/state.h"
#include "lib/node/overhear.h"
#include "lib/node/control.h"
#include "lib/node/identity.h"
#include "lib/node/ipx.h"
#include "lib/node/lan.h"
#include "lib/node/party.h"
#include "lib/node/play_session.h"
#include "lib/node/profile.h"
#include "lib/node/pump.h"
#include "lib/node/routes.h"
#include "lib/node/uapi_socket.h"

enum { PARTY_WINDOW = 65536 }; /* packets that overtake each other on two paths */

const char *lr_node_drop_name(enum lr_node_drop drop)
{
	static const char *const names[LR_NODE_DROPS] = {
		[LR_NODE_DROP_MALFORMED] = "malformed",
		[LR_NODE_DROP_SEND] = "send",
		[LR_NODE_DROP_DEVICE] = "device",
		[LR_NODE_DROP_STREAM] = "stream_full",
		[LR_NODE_DROP_TRUNCATED] = "truncated",
		[LR_NODE_DROP_QUEUE_AGE] = "queue_age",
		[LR_NODE_DROP_QUEUE_FULL] = "queue_full",
	};
	return names[drop];
}

static void on_wg_event(void *ctx, const struct lr_wg_event *event)
{
	static const enum lr_node_event_kind kinds[] = {
		[LR_WG_EVENT_HANDSHAKE] = LR_NODE_EVENT_HANDSHAKE,
		[LR_WG_EVENT_ENDPOINT] = LR_NODE_EVENT_ENDPOINT,
		[LR_WG_EVENT_EXPIRED] = LR_NODE_EVENT_EXPIRED,
		[LR_WG_EVENT_GAVE_UP] = LR_NODE_EVENT_GAVE_UP,
	};
	struct lr_node *node = ctx;
	if (node->lan && event->kind == LR_WG_EVENT_HANDSHAKE)
		lr_lan_ask_soon(node->lan, node->loop.now);
	lr_node_tell(node, kinds[event->kind], event->peer);
}

static uint64_t wall(void *ctx)
{
	(void)ctx;
	return lr_wall();
}

static void promise(void *ctx, uint64_t unix_ns)
{
	lr_promise_keep(&((struct lr_node *)ctx)->promise, unix_ns);
}

static void on_signal(struct lr_source *src, uint32_t events)
{
	struct lr_node *node = src->ctx;
	struct signalfd_siginfo info;
	(void)events;
	if (read(src->fd, &info, sizeof(info)) == sizeof(info))
		node->loop.stop = true;
}

static int watch_signals(struct lr_node *node)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	node->signals = (struct lr_source){
		signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), on_signal, node, "signals"};
	if (node->signals.fd < 0)
		return -errno;
	return lr_loop_add(&node->loop, &node->signals, EPOLLIN);
}

/* The key of the configuration, else the identity. */
static int choose_key(const struct lr_config *c, uint8_t key[LR_KEY_LEN], struct lr_err *err)
{
	if (!c->has_key) {
		int r = lr_identity_load(key, true, err);
		if (r == 0 && err)
			err->text[0] = '\0'; /* that there was none yet is no error */
		return r;
	}
	memcpy(key, c->private_key, LR_KEY_LEN);
	return 0;
}

static void open_promise(struct lr_node *node, const uint8_t key[LR_KEY_LEN])
{
	char dir[4096];
	uint8_t public_key[LR_KEY_LEN];
	if (lr_state_dir(dir, sizeof(dir), NULL) < 0)
		return;
	lr_public_key(public_key, key);
	lr_promise_open(&node->promise, dir, public_key);
}

static int make_wg(
	struct lr_node *node, const struct lr_config *c, unsigned window, struct lr_err *err)
{
	uint8_t key[LR_KEY_LEN];
	int r = choose_key(c, key, err);
	if (r == 0) {
		open_promise(node, key);
		const struct lr_wg_host host = {
			.ctx = node,
			.event = on_wg_event,
			.wall = wall,
			.promise = promise,
			.promised = node->promise.unix_ns,
			.window = window,
		};
		node->wg = lr_wg_new(&host);
		if (node->wg) {
			lr_wg_set_key(node->wg, key);
			lr_wg_set_mtu(node->wg, node->stock_mtu ? node->stock_mtu : node->mtu);
		} else {
			r = lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		}
	}
	lr_wipe(key, sizeof(key));
	return r;
}

/* In a party games see an Ethernet like any other, and what a peer's path does not take is cut. */
static void choose_mtu(struct lr_node *node, unsigned wanted, bool party)
{
	node->mtu = wanted ? wanted : party ? LR_DEFAULT_PARTY_MTU : LR_DEFAULT_MTU;
	node->stock_mtu = party ? LR_DEFAULT_STOCK_MTU : 0;
}

static int take_config(struct lr_node *node, const struct lr_config *c)
{
	memcpy(node->name, c->name, sizeof(node->name));
	node->fwmark = c->fwmark;
	node->routes = c->table == LR_TABLE_AUTO;
	node->addresses = calloc(c->n_addresses + 1, sizeof(*node->addresses));
	if (!node->addresses)
		return -ENOMEM;
	if (c->n_addresses)
		memcpy(node->addresses, c->addresses, c->n_addresses * sizeof(*c->addresses));
	node->n_addresses = c->n_addresses;
	return 0;
}

static int take_peers(struct lr_node *node, const struct lr_config *c)
{
	int r = lr_config_apply(c, node->wg, node->loop.now);
	for (size_t i = 0; i < c->n_peers && r == 0; i++) {
		struct lr_wg_peer *peer = lr_wg_peer_find(node->wg, c->peers[i].public_key);
		if (!peer)
			continue;
		struct lr_node_peer *own = calloc(1, sizeof(*own));
		if (!own)
			return -ENOMEM;
		memcpy(own->name, c->peers[i].name, sizeof(own->name));
		peer->owner = own;
		lr_node_lan_peer(node, peer);
	}
	return r;
}

int lr_node_start(struct lr_node *node, const struct lr_node_options *options, struct lr_err *err)
{
	const struct lr_config *c = options->config;
	*node = (struct lr_node){
		.tap = options->tap,
		.own_link_local = options->party,
		.redundant = options->redundant,
		.overlap = {.force = options->force},
		.loop = {.epfd = -1},
		.signals = {.fd = -1},
		.promise = {.fd = -1},
		.started_unix_ns = lr_wall(),
	};
	int r = lr_loop_init(&node->loop);
	choose_mtu(node, c->mtu, options->party);
	node->loop.spin_ns = options->spin_us * LR_NS_PER_US;
	if (r == 0)
		r = take_config(node, c);
	if (r == 0)
		r = watch_signals(node);
	if (r < 0) {
		lr_err_set(err, LR_EXIT_FAILED, "%s: %s", options->iface, strerror(-r));
		goto fail;
	}
	if (make_wg(node, c, options->party ? PARTY_WINDOW : 0, err) < 0)
		goto fail;
	static const struct lr_node_rules usual;
	if ((options->tap || options->party) &&
		lr_node_lan_open(node, options->rules ? options->rules : &usual) < 0) {
		lr_err_set(err, LR_EXIT_FAILED, "%s: out of memory", options->iface);
		goto fail;
	}
	node->pump = lr_pump_open(node, options->iface, c->listen_port, err);
	if (!node->pump)
		goto fail;
	if (options->bridge && lr_pump_bridge(node->pump, options->bridge, options->dhcp, err) < 0)
		goto fail;
	lr_pump_set_uplink(node->pump, options->uplink);
	node->ifindex = (int)if_nametoindex(node->iface);
	if (take_peers(node, c) < 0) {
		lr_err_set(err, LR_EXIT_FAILED, "%s: out of memory", node->iface);
		goto fail;
	}
	if (lr_routes_bring_up(node, err) < 0)
		goto fail;
	if (options->rules && options->rules->capture &&
		lr_overhear_open(node, options->rules->capture, err) < 0)
		goto fail;
	if (options->ipx && lr_node_ipx_open(node, err) < 0)
		goto fail;
	node->control = lr_control_open(node, err);
	if (!node->control)
		goto fail;
	node->uapi = lr_uapi_socket_open(node);
	return 0;
fail:
	lr_node_stop(node);
	return -1;
}

static uint64_t deadline(void *ctx)
{
	const struct lr_node *node = ctx;
	uint64_t due = lr_wg_deadline(node->wg);
	uint64_t party = node->party ? lr_party_due(node->party) : LR_NEVER;
	uint64_t bulk = lr_pump_due(node->pump), profile = lr_node_profile_due(node);
	uint64_t lan = node->lan ? lr_lan_due(node->lan) : LR_NEVER;
	uint64_t looks = lr_play_sessions_due(node);
	uint64_t captured = lr_overhear_due(node), ipx = lr_node_ipx_due(node);
	due = lan < due ? lan : due;
	due = captured < due ? captured : due;
	due = ipx < due ? ipx : due;
	due = looks < due ? looks : due;
	due = party < due ? party : due;
	due = profile < due ? profile : due;
	return bulk < due ? bulk : due;
}

static void settle(void *ctx, uint64_t now)
{
	struct lr_node *node = ctx;
	if (node->party)
		LR_SPAN_OF(party, lr_party_settle(node->party, now));
	LR_SPAN_OF(bulk, lr_pump_drain(node->pump, now));
	lr_pump_ask(node->pump, now);
	lr_overhear_settle(node, now);
	lr_node_ipx_settle(node, now);
	lr_pump_settle(node->pump, now);
	lr_node_profile_settle(node, now);
	lr_play_sessions_settle(node, now);
}

void lr_node_warm_up(void)
{
	uint8_t secret[LR_KEY_LEN], key[LR_KEY_LEN];
	struct lr_aead *a = NULL;
	lr_keypair(secret, key);
	if (lr_crypto_load() == 0 && lr_dh(key, secret, key))
		a = lr_aead_new(key);
	if (a) {
		uint8_t tag[LR_TAG_LEN];
		lr_aead_seal(a, 0, tag, NULL, 0);
	}
	lr_aead_free(a);
	lr_wipe(secret, sizeof(secret));
	lr_wipe(key, sizeof(key));
}

int lr_node_loop(struct lr_node *node)
{
	const struct lr_loop_owner owner = {node, deadline, settle};
	return lr_loop_run(&node->loop, &owner);
}

int lr_node_run(struct lr_node *node)
{
	lr_node_warm_up();
	lr_node_tell(node, LR_NODE_EVENT_UP, NULL);
	int r = lr_node_loop(node);
	lr_node_tell(node, LR_NODE_EVENT_DOWN, NULL);
	return r;
}

void lr_node_stop(struct lr_node *node)
{
	lr_party_close(node->party);
	lr_uapi_socket_close(node->uapi);
	lr_control_close(node->control);
	lr_overhear_close(node);
	lr_node_ipx_close(node);
	lr_routes_take_down(node);
	lr_pump_close(node->pump);
	if (node->wg)
		lr_wg_peers_foreach (node->wg, peer)
			free(peer->owner);
	lr_node_lan_close(node);
	lr_wg_free(node->wg);
	lr_node_profile_close(node);
	lr_promise_close(&node->promise);
	if (node->signals.fd >= 0)
		close(node->signals.fd);
	lr_loop_release(&node->loop);
	free(node->addresses);
	*node = (struct lr_node){
		.loop = {.epfd = -1}, .signals = {.fd = -1}, .promise = {.fd = -1}};
}
