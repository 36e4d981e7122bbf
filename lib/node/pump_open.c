/*
 * pump_open.c - the device and the sockets of a pump: opened, moved to another port, closed
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/node/pump_inside.h"

static int watch_sockets(struct lr_pump *p)
{
	struct lr_loop *l = &p->node->loop;
	int r = 0;
	p->on_udp4 = (struct lr_source){p->udp.fd4, lr_pump_udp_ready, p, "udp"};
	p->on_udp6 = (struct lr_source){p->udp.fd6, lr_pump_udp_ready, p, "udp6"};
	if (p->udp.fd4 >= 0)
		r = lr_loop_add(l, &p->on_udp4, EPOLLIN);
	if (r == 0 && p->udp.fd6 >= 0)
		r = lr_loop_add(l, &p->on_udp6, EPOLLIN);
	p->node->listen_port = p->udp.port;
	p->node->offload_udp_gso = p->udp.gso;
	p->node->offload_udp_gro = p->udp.gro;
	return r;
}

/* Members know it from our key; without it only frames that are no IP would miss us. */
static void set_mac(struct lr_pump *p)
{
	uint8_t mac[LR_MAC];
	lr_lan_mac(lr_wg_public_key(p->node->wg), mac);
	int r = lr_tun_set_mac(&p->tun, mac);
	if (r < 0)
		lr_log(LR_LOG_ERROR, "%s: cannot set its MAC address: %s", p->tun.name,
			strerror(-r));
}

struct lr_pump *lr_pump_open(
	struct lr_node *node, const char *iface, uint16_t port, struct lr_err *err)
{
	struct lr_pump *p = calloc(1, sizeof(*p));
	if (!p) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	p->node = node;
	p->tun.fd = p->udp.fd4 = p->udp.fd6 = p->on_segment.fd = -1;
	lr_random(&p->cut.id, sizeof(p->cut.id));
	if (lr_tun_open(&p->tun, iface, node->tap, err) < 0 ||
		lr_udp_open(&p->udp, port, node->fwmark, err) < 0)
		goto fail;
	if (node->tap)
		set_mac(p);
	p->on_device = (struct lr_source){p->tun.fd, lr_pump_device_ready, p, "device"};
	int r = lr_loop_add(&node->loop, &p->on_device, EPOLLIN);
	if (r == 0)
		r = watch_sockets(p);
	if (r < 0) {
		lr_err_set(err, LR_EXIT_FAILED, "epoll: %s", strerror(-r));
		goto fail;
	}
	memcpy(node->iface, p->tun.name, sizeof(node->iface));
	node->offload_tso = p->tun.tso;
	node->offload_uso = p->tun.uso;
	lr_queue_init(&p->queue);
	lr_merge_init(&p->merge, p->tun.tso, p->tun.uso);
	return p;
fail:
	lr_pump_close(p);
	return NULL;
}

static void forget_sockets(struct lr_pump *p)
{
	if (p->udp.fd4 >= 0)
		lr_loop_remove(&p->node->loop, &p->on_udp4);
	if (p->udp.fd6 >= 0)
		lr_loop_remove(&p->node->loop, &p->on_udp6);
	lr_udp_close(&p->udp);
}

void lr_pump_close(struct lr_pump *p)
{
	if (!p)
		return;
	forget_sockets(p);
	lr_pump_bridge_close(p);
	lr_sockets_close_all(&p->sockets, &p->node->loop);
	lr_tun_close(&p->tun);
	free(p);
}

int lr_pump_set_port(struct lr_pump *p, uint16_t port)
{
	struct lr_udp fresh;
	if (port && port == p->udp.port)
		return 0;
	if (lr_udp_open(&fresh, port, p->node->fwmark, NULL) < 0)
		return -EADDRINUSE;
	forget_sockets(p);
	p->udp = fresh;
	return watch_sockets(p);
}

int lr_pump_set_mark(struct lr_pump *p, uint32_t fwmark)
{
	p->node->fwmark = fwmark;
	return lr_udp_set_mark(&p->udp, fwmark);
}
