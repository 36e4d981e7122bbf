/*
 * rulesets.c - see rulesets.h; nft(8), iptables-save(8)
 */
#include "lib/io/rulesets.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/io/netlink_tables.h"
#include "lib/io/output.h"

/* --- printed by their tools --- */

static int add_nft(struct lr_firewall *fw, struct lr_err *err)
{
	static const char *const argv[] = {"nft", "-n", "-j", "list", "ruleset", NULL};
	bool absent;
	size_t len;
	char *text = lr_output_of(argv, LR_FIREWALL_TEXT, &len, &absent, err);
	int r = text ? lr_firewall_add_nft(fw, text, len, err) : -1;

	if (absent)
		lr_err_set(err, LR_EXIT_FAILED,
			"there are rules of nftables, and no nft that "
			"prints them: install nftables");
	free(text);
	return r;
}

/* `first`, or when there is none `second` (NULL: that is not an error). */
static int add_save(struct lr_firewall *fw, uint8_t family, enum lr_firewall_tool tool,
	const char *first, const char *second, struct lr_err *err)
{
	const char *const argv[] = {first, NULL}, *const other[] = {second, NULL};
	bool absent;
	size_t len;
	char *text = lr_output_of(argv, LR_FIREWALL_TEXT, &len, &absent, err);

	if (!text && absent && second)
		text = lr_output_of(other, LR_FIREWALL_TEXT, &len, &absent, err);
	if (!text)
		return absent && !second ? 0 : -1;
	int r = lr_firewall_add_save(fw, family, tool, text, len, err);
	free(text);
	return r;
}

/* Whether the older iptables has tables in this namespace. */
static bool has_legacy(const char *path)
{
	FILE *f = fopen(path, "re");
	bool any = f && getc(f) != EOF;

	if (f)
		fclose(f);
	return any;
}

static int add_all(struct lr_firewall *fw, struct lr_err *err)
{
	int n = lr_netlink_tables();

	if (n < 0)
		return lr_err_set(err, LR_EXIT_RIGHTS, "the rules cannot be read: %s%s",
			strerror(-n), n == -EPERM ? " (as root they can)" : "");
	if (n > 0 && add_nft(fw, err))
		return -1;
	if (lr_firewall_wants_save(fw, 4) &&
		add_save(fw, 4, LR_FIREWALL_IPTABLES, "iptables-nft-save", NULL, err))
		return -1;
	if (lr_firewall_wants_save(fw, 6) &&
		add_save(fw, 6, LR_FIREWALL_IPTABLES, "ip6tables-nft-save", NULL, err))
		return -1;
	if (has_legacy("/proc/net/ip_tables_names") &&
		add_save(fw, 4, LR_FIREWALL_LEGACY, "iptables-legacy-save", "iptables-save", err))
		return -1;
	if (has_legacy("/proc/net/ip6_tables_names") &&
		add_save(fw, 6, LR_FIREWALL_LEGACY, "ip6tables-legacy-save", "ip6tables-save", err))
		return -1;
	return 0;
}

struct lr_firewall *lr_rulesets_read(struct lr_err *err)
{
	struct lr_firewall *fw = lr_firewall_new();

	if (!fw) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	if (add_all(fw, err) == 0)
		return fw;
	lr_firewall_free(fw);
	return NULL;
}

/* --- a rule's words --- */

/* The line with "# handle N" at its end, without that and what stands before; NULL: there is none.
 */
static char *line_of(char *text, int64_t handle)
{
	char mark[40], *rest = text, *line;

	snprintf(mark, sizeof(mark), " # handle %lld", (long long)handle);
	while ((line = strsep(&rest, "\n"))) {
		size_t n = strlen(line), m = strlen(mark);
		if (n <= m || strcmp(line + n - m, mark) != 0)
			continue;
		line[n - m] = 0;
		return line + strspn(line, "\t ");
	}
	return NULL;
}

char *lr_rulesets_words(const struct lr_firewall_verdict *v)
{
	const char *const argv[] = {
		"nft", "-a", "list", "chain", v->family, v->table, v->chain, NULL};
	char *all = NULL, *text = NULL, *line = NULL;
	bool absent;
	size_t len;
	int n;

	if (!v->policy && !v->text && strcmp(v->tool, "nft") == 0)
		text = lr_output_of(argv, LR_FIREWALL_TEXT, &len, &absent, NULL);
	if (text)
		line = line_of(text, v->handle);
	if (v->policy)
		n = asprintf(&all, "%s %s %s: the chain's policy", v->family, v->table, v->chain);
	else if (v->text)
		n = asprintf(&all, "%s %s: %s", v->tool, v->table, v->text);
	else
		n = asprintf(&all, "%s %s %s: %s", v->family, v->table, v->chain,
			line ? line : "one of its rules");
	free(text);
	return n < 0 ? NULL : all;
}

/* --- the other side of the tunnel --- */

/* The source address that the kernel would take for a stranger's: nothing is sent for that. */
static bool source_of(uint8_t family, struct lr_ip *own)
{
	struct lr_endpoint far;
	socklen_t len = sizeof(far.in6);

	if (lr_endpoint_parse(family == 4 ? "192.0.2.1:9" : "[2001:db8::1]:9", &far))
		return false;
	int fd = socket(far.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool good = fd >= 0 &&
		    connect(fd, &far.sa, family == 4 ? sizeof(far.in) : sizeof(far.in6)) == 0 &&
		    getsockname(fd, &far.sa, &len) == 0;
	if (fd >= 0)
		close(fd);
	if (good)
		*own = lr_endpoint_ip(&far);
	return good;
}

bool lr_rulesets_outside(uint8_t family, struct lr_ip *own, char iface[16])
{
	struct ifaddrs *all, *a;
	bool found = false;

	if (!source_of(family, own) || getifaddrs(&all) < 0)
		return false;
	for (a = all; a && !found; a = a->ifa_next) {
		struct lr_endpoint e = {0};
		if (!a->ifa_addr || a->ifa_addr->sa_family != (family == 4 ? AF_INET : AF_INET6))
			continue;
		memcpy(&e.sa, a->ifa_addr, family == 4 ? sizeof(e.in) : sizeof(e.in6));
		struct lr_ip ip = lr_endpoint_ip(&e);
		found = lr_ip_equal(&ip, own);
		if (found)
			snprintf(iface, 16, "%s", a->ifa_name);
	}
	freeifaddrs(all);
	return found;
}
