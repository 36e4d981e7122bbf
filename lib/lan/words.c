/*
 * words.c - names of drops, and the lists that a user writes
 */
#include "lib/lan/lan_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *lr_lan_drop_name(enum lr_lan_drop drop)
{
	static const char *const names[LR_LAN_DROPS] = {
		[LR_LAN_DROP_NONE] = "none",
		[LR_LAN_DROP_FRAME] = "lan_frame",
		[LR_LAN_DROP_PACKET] = "lan_packet",
		[LR_LAN_DROP_FOREIGN_MAC] = "lan_foreign_mac",
		[LR_LAN_DROP_UNKNOWN_MAC] = "lan_unknown_mac",
		[LR_LAN_DROP_LINK_CONTROL] = "lan_link_control",
		[LR_LAN_DROP_STRANGER] = "lan_stranger",
		[LR_LAN_DROP_NEIGHBOUR] = "lan_neighbour",
		[LR_LAN_DROP_ROUTER] = "lan_router",
		[LR_LAN_DROP_REDIRECT] = "lan_redirect",
		[LR_LAN_DROP_DHCP] = "lan_dhcp",
		[LR_LAN_DROP_SOURCE_ROUTE] = "lan_source_route",
		[LR_LAN_DROP_TINY] = "lan_tiny_fragment",
		[LR_LAN_DROP_NOT_OURS] = "lan_not_ours",
		[LR_LAN_DROP_SERVICE] = "lan_service",
		[LR_LAN_DROP_ISOLATED] = "lan_isolated",
		[LR_LAN_DROP_NOISE] = "lan_noise",
		[LR_LAN_DROP_STORM] = "lan_storm",
		[LR_LAN_DROP_NO_JOINER] = "lan_no_joiner",
		[LR_LAN_DROP_QUERIER] = "lan_querier",
		[LR_LAN_DROP_ETHERIP] = "lan_etherip",
		[LR_LAN_DROP_ADDRESS] = "lan_address",
		[LR_LAN_DROP_NO_BRIDGE] = "lan_no_bridge",
		[LR_LAN_DROP_PIECES] = "lan_pieces",
		[LR_LAN_DROP_LOOP] = "lan_loop",
		[LR_LAN_DROP_HOME] = "lan_home",
		[LR_LAN_DROP_UNLISTED] = "lan_unlisted",
		[LR_LAN_DROP_STANDBY] = "lan_standby",
		[LR_LAN_DROP_MACS] = "lan_macs",
	};

	return names[drop];
}

int lr_lan_noise_parse(const char *text, unsigned *out)
{
	static const struct {
		const char *word;
		unsigned bits;
	} words[] = {
		{"netbios", LR_LAN_NETBIOS},
		{"llmnr", LR_LAN_LLMNR},
		{"ssdp", LR_LAN_SSDP},
		{"dropbox", LR_LAN_DROPBOX},
		{"mdns", LR_LAN_MDNS},
		{"all", LR_LAN_NETBIOS | LR_LAN_LLMNR | LR_LAN_SSDP | LR_LAN_DROPBOX | LR_LAN_MDNS},
	};
	unsigned bits = 0;

	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ","), i = 0, n = sizeof(words) / sizeof(*words);
		while (i < n &&
			(strlen(words[i].word) != len || strncmp(words[i].word, at, len) != 0))
			i++;
		if (i == n)
			return -EINVAL;
		bits |= words[i].bits;
		at += len;
		if (*at == '\0')
			break;
	}
	*out = bits;
	return 0;
}

/* A port number at *at, which moves behind it; 0: none. */
static uint16_t port_at(const char **at)
{
	char *end;

	if (**at < '0' || **at > '9')
		return 0;
	unsigned long n = strtoul(*at, &end, 10);
	*at = end;
	return n <= UINT16_MAX ? (uint16_t)n : 0;
}

int lr_lan_ports_parse(const char *text, struct lr_lan_ports *out)
{
	memset(out, 0, sizeof(*out));
	for (const char *at = text; *at;) {
		uint16_t first = port_at(&at), last = first;
		if (*at == '-') {
			at++;
			last = port_at(&at);
		}
		if (first == 0 || last < first || (*at && *at != ',') || (*at && at[1] == '\0'))
			return -EINVAL;
		for (uint32_t port = first; port <= last; port++)
			lr_lan_ports_add(out, (uint16_t)port);
		at += *at == ',';
	}
	return 0;
}

/* --- the rules --- */

void lr_lan_open(struct lr_lan *lan, bool open)
{
	lan->open = open;
}

void lr_lan_pass(struct lr_lan *lan, unsigned bits)
{
	lan->pass = bits;
}

int lr_lan_group(struct lr_lan *lan, const struct lr_ip *group, bool on)
{
	unsigned i = 0;

	while (i < lan->n_groups && !lr_ip_equal(&lan->groups[i], group))
		i++;
	if (!on && i < lan->n_groups)
		lan->groups[i] = lan->groups[--lan->n_groups];
	if (!on || i < lan->n_groups)
		return 0;
	if (lan->n_groups == LR_LAN_GROUPS)
		return -ENOSPC;
	lan->groups[lan->n_groups++] = *group;
	return 0;
}
