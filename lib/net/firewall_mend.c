/*
 * firewall_mend.c - the command that lets a packet in that a rule drops (firewall.h)
 *
 * Whoever keeps the rules is asked, so that it stays when they are made anew: ufw, firewalld. Else
 * a rule is put before all others of the base chain from which the dropping rule was reached; its
 * `accept` ends that chain, and what other base chains say stays.
 */
#include "lib/net/firewall_inside.h"

#include <string.h>

static void by_iptables(const struct lr_firewall_verdict *v, uint8_t family, const char *iface,
	uint16_t port, char out[LR_FIREWALL_MEND])
{
	const char *legacy = strcmp(v->tool, "iptables-legacy") == 0 ? "-legacy" : "";
	char table[64] = "", what[64];

	if (strcmp(v->table, "filter") != 0)
		snprintf(table, sizeof(table), " -t %.40s", v->table);
	if (iface)
		snprintf(what, sizeof(what), "-i %.20s", iface);
	else
		snprintf(what, sizeof(what), "-p udp --dport %u", port);
	snprintf(out, LR_FIREWALL_MEND, "ip%stables%s%s -I %.40s %s -j ACCEPT",
		family == 6 ? "6" : "", legacy, table, v->hooked, what);
}

static bool made_by_iptables(const struct lr_firewall_verdict *v)
{
	static const char *const chains[] = {"INPUT", "PREROUTING"};

	if (strcmp(v->tool, "nft") != 0)
		return true;
	return strncmp(v->family, "ip", 2) == 0 &&
	       (strcmp(v->hooked, chains[0]) == 0 || strcmp(v->hooked, chains[1]) == 0);
}

void lr_firewall_mend(const struct lr_firewall_verdict *v, uint8_t family, const char *iface,
	uint16_t port, char out[LR_FIREWALL_MEND])
{
	*out = 0;
	if (v->is == LR_FIREWALL_PASSES || !v->table)
		return;
	if (v->manager && strcmp(v->manager, "ufw") == 0 && iface)
		snprintf(out, LR_FIREWALL_MEND, "ufw allow in on %.20s", iface);
	else if (v->manager && strcmp(v->manager, "ufw") == 0)
		snprintf(out, LR_FIREWALL_MEND, "ufw allow %u/udp", port);
	else if (v->manager && iface)
		snprintf(out, LR_FIREWALL_MEND, "firewall-cmd --zone=trusted --add-interface=%.20s",
			iface);
	else if (v->manager)
		snprintf(out, LR_FIREWALL_MEND, "firewall-cmd --add-port=%u/udp", port);
	else if (made_by_iptables(v))
		by_iptables(v, family, iface, port, out);
	else if (iface)
		snprintf(out, LR_FIREWALL_MEND,
			"nft insert rule %s %.40s %.40s iifname %.20s accept", v->family, v->table,
			v->hooked, iface);
	else
		snprintf(out, LR_FIREWALL_MEND,
			"nft insert rule %s %.40s %.40s udp dport %u accept", v->family, v->table,
			v->hooked, port);
}
