/*
 * net_firewall.c - what rulesets do to a packet of a game: rulesets of the real ufw 0.36 and
 * firewalld 1.3 (t/golden/firewall, recorded on Debian 12), and each kind of condition by itself
 */
#include <netinet/in.h>
#include <stdlib.h>

#include "lib/net/firewall.h"
#include "t/unit/tap.h"

enum which { UNICAST, BROADCAST, MULTICAST, TCP, PING, SIX, SIX_PING, TUNNEL };

static struct lr_firewall_packet packet(enum which which)
{
	static const struct {
		const char *from, *to;
		enum lr_firewall_cast cast;
		uint8_t protocol;
	} of[] = {
		[UNICAST] = {"10.66.0.2", "10.66.0.1", LR_CAST_UNICAST, IPPROTO_UDP},
		[BROADCAST] = {"10.66.0.2", "255.255.255.255", LR_CAST_BROADCAST, IPPROTO_UDP},
		[MULTICAST] = {"10.66.0.2", "225.1.1.1", LR_CAST_MULTICAST, IPPROTO_UDP},
		[TCP] = {"10.66.0.2", "10.66.0.1", LR_CAST_UNICAST, IPPROTO_TCP},
		[PING] = {"10.66.0.2", "10.66.0.1", LR_CAST_UNICAST, IPPROTO_ICMP},
		[SIX] = {"fd66::2", "fd66::1", LR_CAST_UNICAST, IPPROTO_UDP},
		[SIX_PING] = {"fd66::2", "fd66::1", LR_CAST_UNICAST, IPPROTO_ICMPV6},
		[TUNNEL] = {"192.0.2.1", "198.51.100.1", LR_CAST_UNICAST, IPPROTO_UDP},
	};
	struct lr_firewall_packet p = {.iface = which == TUNNEL ? "eth0" : "lr0",
		.cast = of[which].cast,
		.protocol = of[which].protocol,
		.port = which == TUNNEL ? 51820 : 20000,
		.from_port = which == TUNNEL ? 0 : 20000};

	if (lr_ip_parse(of[which].from, &p.from) || lr_ip_parse(of[which].to, &p.to))
		abort();
	return p;
}

static void add_file(struct lr_firewall *fw, const char *name, uint8_t family)
{
	static char text[1 << 17];
	char path[200];
	struct lr_err err = {0};

	snprintf(path, sizeof(path), "t/golden/firewall/%s", name);
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, sizeof(text), f) : 0;
	if (f)
		fclose(f);
	int r = strstr(name, ".json")
			? lr_firewall_add_nft(fw, text, n, &err)
			: lr_firewall_add_save(fw, family, LR_FIREWALL_IPTABLES, text, n, &err);
	ok(n > 0 && r == 0, "%s is read %s", name, err.text);
}

static const char *const words[] = {"passes", "drops", "unsure"};

static void recorded(void)
{
	static const struct {
		const char *file, *six; /* the IPv6 half, or NULL */
		enum which which;
		const char *is, *chain, *mend;
	} cases[] = {
		{"ufw.save", "ufw6.save", UNICAST, "drops", "INPUT", "ufw allow in on lr0"},
		{"ufw.save", "ufw6.save", BROADCAST, "drops", "ufw-skip-to-policy-input",
			"ufw allow in on lr0"},
		{"ufw.save", "ufw6.save", MULTICAST, "drops", "INPUT", "ufw allow in on lr0"},
		{"ufw.save", "ufw6.save", TCP, "drops", "INPUT", "ufw allow in on lr0"},
		{"ufw.save", "ufw6.save", PING, "passes", "", ""},
		{"ufw.save", "ufw6.save", SIX, "drops", "INPUT", "ufw allow in on lr0"},
		{"ufw.save", "ufw6.save", SIX_PING, "passes", "", ""},
		{"ufw.save", "ufw6.save", TUNNEL, "drops", "INPUT", "ufw allow 51820/udp"},
		{"ufw-allowed.save", NULL, UNICAST, "passes", "", ""},
		{"ufw-allowed.save", NULL, BROADCAST, "passes", "", ""},
		{"ufw-allowed.save", NULL, MULTICAST, "passes", "", ""},
		{"ufw-allowed.save", NULL, TUNNEL, "drops", "INPUT", "ufw allow 51820/udp"},
		{"firewalld.json", NULL, UNICAST, "drops", "filter_IN_public",
			"firewall-cmd --zone=trusted --add-interface=lr0"},
		{"firewalld.json", NULL, BROADCAST, "drops", "filter_IN_public",
			"firewall-cmd --zone=trusted --add-interface=lr0"},
		{"firewalld.json", NULL, PING, "passes", "", ""},
		{"firewalld.json", NULL, SIX, "drops", "filter_IN_public",
			"firewall-cmd --zone=trusted --add-interface=lr0"},
		{"firewalld.json", NULL, TUNNEL, "drops", "filter_IN_public",
			"firewall-cmd --add-port=51820/udp"},
		{"firewalld-trusted.json", NULL, UNICAST, "passes", "", ""},
		{"firewalld-trusted.json", NULL, BROADCAST, "passes", "", ""},
		{"firewalld-trusted.json", NULL, SIX, "passes", "", ""},
		{"firewalld-trusted.json", NULL, TUNNEL, "drops", "filter_IN_public",
			"firewall-cmd --add-port=51820/udp"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_firewall *fw = lr_firewall_new();
		const struct lr_firewall_packet p = packet(cases[i].which);
		char mend[LR_FIREWALL_MEND];
		add_file(fw, cases[i].file, 4);
		if (cases[i].six)
			add_file(fw, cases[i].six, 6);
		struct lr_firewall_verdict v = lr_firewall_judge(fw, &p);
		is_str(words[v.is], cases[i].is, cases[i].file);
		is_str(v.chain ? v.chain : "", cases[i].chain, "the chain");
		lr_firewall_mend(
			&v, p.to.family, cases[i].which == TUNNEL ? NULL : "lr0", p.port, mend);
		is_str(mend, cases[i].mend, "what mends it");
		lr_firewall_free(fw);
	}
}

/* --- one rule of nft in a chain whose policy is to accept --- */

#define M(op, left, right)   "{\"match\":{\"op\":\"" op "\",\"left\":" left ",\"right\":" right "}}"
#define META(key)            "{\"meta\":{\"key\":\"" key "\"}}"
#define PAY(protocol, field) "{\"payload\":{\"protocol\":\"" protocol "\",\"field\":\"" field "\"}}"
#define CT                   "{\"ct\":{\"key\":\"state\"}}"
#define DROP                 ",{\"drop\":null}"

static struct lr_firewall *of_rules(const char *policy, const char *rules)
{
	char *text;
	struct lr_firewall *fw = lr_firewall_new();
	struct lr_err err = {0};
	int n = asprintf(&text,
		"{\"nftables\":[{\"metainfo\":{}},"
		"{\"set\":{\"family\":\"inet\",\"table\":\"f\",\"name\":\"s\",\"elem\":["
		"{\"prefix\":{\"addr\":\"10.66.0.0\",\"len\":16}},{\"range\":[\"1.1.1.1\",\"1.1.1."
		"9\"]},"
		"{\"elem\":{\"val\":\"9.9.9.9\",\"timeout\":60}}]}},"
		"{\"set\":{\"family\":\"inet\",\"table\":\"f\",\"name\":\"empty\"}},"
		"{\"map\":{\"family\":\"inet\",\"table\":\"f\",\"name\":\"m\",\"elem\":["
		"[20000,{\"drop\":null}]]}},"
		"{\"chain\":{\"family\":\"inet\",\"table\":\"f\",\"name\":\"in\",\"hook\":"
		"\"input\","
		"\"prio\":0,\"policy\":\"%s\"}},"
		"{\"chain\":{\"family\":\"inet\",\"table\":\"f\",\"name\":\"drops\"}},"
		"{\"chain\":{\"family\":\"inet\",\"table\":\"f\",\"name\":\"notes\"}},"
		"{\"rule\":{\"family\":\"inet\",\"table\":\"f\",\"chain\":\"drops\",\"handle\":9,"
		"\"expr\":[{\"drop\":null}]}},"
		"{\"rule\":{\"family\":\"inet\",\"table\":\"f\",\"chain\":\"notes\",\"handle\":8,"
		"\"expr\":[{\"log\":null}]}}"
		"%s]}",
		policy, rules);

	ok(n > 0 && lr_firewall_add_nft(fw, text, (size_t)n, &err) == 0, "is read %s", err.text);
	free(text);
	return fw;
}

#define RULE(expr)                                                                                 \
	",{\"rule\":{\"family\":\"inet\",\"table\":\"f\",\"chain\":\"in\",\"handle\":7,\"expr\":"  \
	"[" expr "]}}"

static void conditions(void)
{
	static const struct {
		const char *name, *expr;
		enum which which;
		const char *is;
	} cases[] = {
		{"iifname", M("==", META("iifname"), "\"lr0\"") DROP, UNICAST, "drops"},
		{"iifname, a wildcard", M("==", META("iifname"), "\"lr*\"") DROP, UNICAST, "drops"},
		{"iifname of a set", M("==", META("iifname"), "{\"set\":[\"eth0\",\"wl*\"]}") DROP,
			UNICAST, "passes"},
		{"iifname !=", M("!=", META("iifname"), "\"eth0\"") DROP, UNICAST, "drops"},
		{"oifname: there is none", M("!=", META("oifname"), "\"eth0\"") DROP, UNICAST,
			"passes"},
		{"ct state in a list", M("in", CT, "[2,4]") DROP, UNICAST, "passes"},
		{"ct state of a set", M("==", CT, "{\"set\":[2,8]}") DROP, UNICAST, "drops"},
		{"ct state not in", M("!", CT, "1") DROP, UNICAST, "drops"},
		{"l4proto", M("!=", META("l4proto"), "6") DROP, TCP, "passes"},
		{"udp dport of a TCP packet, negated", M("!=", PAY("udp", "dport"), "1") DROP, TCP,
			"passes"},
		{"th dport, a range", M("==", PAY("th", "dport"), "{\"range\":[1024,65535]}") DROP,
			TCP, "drops"},
		{"udp dport, outside of a range",
			M("==", PAY("udp", "dport"), "{\"range\":[1,1023]}") DROP, UNICAST,
			"passes"},
		{"udp dport <", M("<", PAY("udp", "dport"), "1024") DROP, UNICAST, "passes"},
		{"udp dport >=", M(">=", PAY("udp", "dport"), "20000") DROP, UNICAST, "drops"},
		{"ip saddr in a prefix",
			M("==", PAY("ip", "saddr"),
				"{\"prefix\":{\"addr\":\"10.0.0.0\",\"len\":8}}") DROP,
			UNICAST, "drops"},
		{"ip saddr of an IPv6 packet", M("!=", PAY("ip", "saddr"), "\"1.2.3.4\"") DROP, SIX,
			"passes"},
		{"ip saddr of a named set", M("==", PAY("ip", "saddr"), "\"@s\"") DROP, UNICAST,
			"drops"},
		{"the same of a stranger", M("==", PAY("ip", "saddr"), "\"@s\"") DROP, TUNNEL,
			"passes"},
		{"an empty set", M("==", PAY("ip", "saddr"), "\"@empty\"") DROP, UNICAST, "passes"},
		{"a set that is not there", M("==", PAY("ip", "saddr"), "\"@none\"") DROP, UNICAST,
			"unsure"},
		{"masked bits", M("==", "{\"&\":[" PAY("tcp", "flags") ",[1,2,4,16]]}", "2") DROP,
			TCP, "drops"},
		{"a masked address",
			M("==", "{\"&\":[" PAY("ip", "saddr") ",\"255.0.0.255\"]}", "\"10.0.0.2\"")
				DROP,
			UNICAST, "drops"},
		{"a concatenation",
			M("==", "{\"concat\":[" PAY("ip", "saddr") "," PAY("udp", "dport") "]}",
				"{\"set\":[{\"concat\":[\"10.66.0.2\",20000]}]}") DROP,
			UNICAST, "drops"},
		{"half of a concatenation",
			M("==", "{\"concat\":[" PAY("ip", "saddr") "," PAY("udp", "dport") "]}",
				"{\"set\":[{\"concat\":[\"10.66.0.2\",20001]}]}") DROP,
			UNICAST, "passes"},
		{"fib: broadcast",
			M("==", "{\"fib\":{\"result\":\"type\",\"flags\":[\"daddr\"]}}",
				"{\"set\":[3,5]}") DROP,
			BROADCAST, "drops"},
		{"fib: for us",
			M("!=", "{\"fib\":{\"result\":\"type\",\"flags\":[\"daddr\"]}}", "2") DROP,
			UNICAST, "passes"},
		{"fib: no way back",
			M("==", "{\"fib\":{\"result\":\"oif\",\"flags\":[\"saddr\",\"iif\"]}}",
				"false") DROP,
			UNICAST, "passes"},
		{"pkttype", M("==", META("pkttype"), "2") DROP, MULTICAST, "drops"},
		{"nfproto", M("==", META("nfproto"), "10") DROP, SIX, "drops"},
		{"the ethertype, as nft 1.0.6 prints it", M("==", META("protocol"), "56710") DROP,
			SIX, "drops"},
		{"a mark", M("==", META("mark"), "5") DROP, UNICAST, "passes"},
		{"an extension header", M("==", "{\"exthdr\":{\"name\":\"rt\"}}", "true") DROP, SIX,
			"passes"},
		{"icmp type", M("==", PAY("icmp", "type"), "8") DROP, PING, "drops"},
		{"the hour", M("==", META("hour"), "{\"range\":[\"10:00\",\"12:00\"]}") DROP,
			UNICAST, "unsure"},
		{"the hour, and another interface",
			M("==", META("hour"), "1") "," M("==", META("iifname"), "\"eth0\"") DROP,
			UNICAST, "passes"},
		{"a rate", "{\"limit\":{\"rate\":5,\"per\":\"second\"}}" DROP, UNICAST, "unsure"},
		{"a rate of log lines", "{\"limit\":{\"rate\":5}},{\"log\":null}", UNICAST,
			"passes"},
		{"what nft cannot print", "{\"xt\":{\"type\":\"match\",\"name\":\"recent\"}}" DROP,
			UNICAST, "unsure"},
		{"a target that nft cannot print",
			"{\"xt\":{\"type\":\"target\",\"name\":\"REJECT\"}}", UNICAST, "unsure"},
		{"one that decides nothing", "{\"xt\":{\"type\":\"target\",\"name\":\"LOG\"}}",
			UNICAST, "passes"},
		{"reject", "{\"reject\":null}", UNICAST, "drops"},
		{"queue", "{\"queue\":{\"num\":1}}", UNICAST, "unsure"},
		{"jump", "{\"jump\":{\"target\":\"drops\"}}", UNICAST, "drops"},
		{"goto a chain that returns", "{\"goto\":{\"target\":\"notes\"}}", UNICAST,
			"passes"},
		{"jump to nowhere", "{\"jump\":{\"target\":\"none\"}}", UNICAST, "unsure"},
		{"jump to itself", "{\"jump\":{\"target\":\"in\"}}", UNICAST, "unsure"},
		{"vmap",
			"{\"vmap\":{\"key\":" CT
			",\"data\":{\"set\":[[2,{\"accept\":null}],[8,{\"drop\":null}]]}}}",
			UNICAST, "drops"},
		{"vmap without that key",
			"{\"vmap\":{\"key\":" CT ",\"data\":{\"set\":[[2,{\"drop\":null}]]}}}",
			UNICAST, "passes"},
		{"vmap of a map", "{\"vmap\":{\"key\":" PAY("th", "dport") ",\"data\":\"@m\"}}",
			UNICAST, "drops"},
		{"vmap that nobody knows",
			"{\"vmap\":{\"key\":" META(
				"cpu") ",\"data\":{\"set\":[[0,{\"drop\":null}]]}}}",
			UNICAST, "unsure"},
		{"return", "{\"return\":null},{\"drop\":null}", UNICAST, "passes"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char rule[1000];
		const struct lr_firewall_packet p = packet(cases[i].which);
		snprintf(rule, sizeof(rule), RULE("%s"), cases[i].expr);
		struct lr_firewall *fw = of_rules("accept", rule);
		is_str(words[lr_firewall_judge(fw, &p).is], cases[i].is, cases[i].name);
		lr_firewall_free(fw);
	}
}

/* Several rules: what was unsure before does not matter when the end is the same. */
static void ways(void)
{
	static const struct {
		const char *name, *policy, *rules;
		const char *is;
		int handle;
	} cases[] = {
		{"perhaps dropped, then surely", "drop", RULE("{\"limit\":{\"rate\":1}}" DROP),
			"drops", 0},
		{"perhaps accepted, then dropped", "drop",
			RULE("{\"limit\":{\"rate\":1}},{\"accept\":null}"), "unsure", 7},
		{"perhaps noted, then dropped", "drop",
			RULE("{\"limit\":{\"rate\":1}},{\"jump\":{\"target\":\"notes\"}}"), "drops",
			0},
		{"perhaps accepted, then accepted", "accept",
			RULE("{\"limit\":{\"rate\":1}},{\"accept\":null}"), "passes", 0},
		{"accepted before the policy", "drop", RULE("{\"accept\":null}"), "passes", 0},
		{"accepted here, dropped by a later chain", "accept",
			RULE("{\"accept\":null}") ",{\"chain\":{\"family\":\"ip\",\"table\":\"g\","
						  "\"name\":\"x\","
						  "\"hook\":\"input\",\"prio\":10,\"policy\":"
						  "\"drop\"}}",
			"drops", 0},
		{"dropped at the entrance of another interface", "accept",
			",{\"chain\":{\"family\":\"netdev\",\"table\":\"g\",\"name\":\"x\",\"dev\":"
			"\"eth0\","
			"\"hook\":\"ingress\",\"prio\":0,\"policy\":\"drop\"}}",
			"passes", 0},
		{"dropped at the entrance of ours", "accept",
			",{\"chain\":{\"family\":\"netdev\",\"table\":\"g\",\"name\":\"x\",\"dev\":"
			"[\"eth0\",\"lr0\"],"
			"\"hook\":\"ingress\",\"prio\":0,\"policy\":\"drop\"}}",
			"drops", 0},
		{"what is forwarded does not concern us", "accept",
			",{\"chain\":{\"family\":\"inet\",\"table\":\"g\",\"name\":\"x\",\"hook\":"
			"\"forward\","
			"\"prio\":0,\"policy\":\"drop\"}}",
			"passes", 0},
		{"a mark that another rule set", "accept",
			RULE("{\"mangle\":{\"key\":" META("mark") ",\"value\":1}}")
				RULE(M("==", META("mark"), "1") DROP),
			"unsure", 7},
		{"not tracked by another rule", "accept",
			RULE("{\"notrack\":null}") RULE(M("in", CT, "64") DROP), "drops", 7},
	};
	const struct lr_firewall_packet p = packet(UNICAST);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_firewall *fw = of_rules(cases[i].policy, cases[i].rules);
		struct lr_firewall_verdict v = lr_firewall_judge(fw, &p);
		is_str(words[v.is], cases[i].is, cases[i].name);
		is_int(v.handle, cases[i].handle, "the rule");
		lr_firewall_free(fw);
	}
}

/* --- iptables-save --- */

static void saved(void)
{
	static const struct {
		const char *rule;
		enum which which;
		const char *is;
	} cases[] = {
		{"-i lr+ -j DROP", UNICAST, "drops"},
		{"! -i eth0 -j DROP", UNICAST, "drops"},
		{"-s 10.66.0.0/16 -j DROP", UNICAST, "drops"},
		{"-d 255.255.255.255/32 -m comment --comment \"a \\\"b\\\" -j ACCEPT\" -j DROP",
			BROADCAST, "drops"},
		{"-p udp -m multiport --dports 53,19000:21000 -j DROP", UNICAST, "drops"},
		{"-p udp -m udp --dport 1024: -j DROP", UNICAST, "drops"},
		{"-p udp -m udp ! --dport 20000 -j DROP", UNICAST, "passes"},
		{"-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP", TCP, "drops"},
		{"-p tcp -j DROP", UNICAST, "passes"},
		{"-p igmp -j DROP", UNICAST, "passes"},
		{"-p icmp -m icmp --icmp-type 8/0 -j REJECT --reject-with icmp-host-unreachable",
			PING, "drops"},
		{"-m state --state RELATED,ESTABLISHED -j DROP", UNICAST, "passes"},
		{"-m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP", UNICAST, "drops"},
		{"-m conntrack --ctstatus DNAT -j DROP", UNICAST, "passes"},
		{"-m addrtype --dst-type MULTICAST,BROADCAST -j DROP", MULTICAST, "drops"},
		{"-m addrtype ! --dst-type LOCAL -j DROP", UNICAST, "passes"},
		{"-m pkttype --pkt-type broadcast -j DROP", BROADCAST, "drops"},
		{"-m mark --mark 0x1/0x3 -j DROP", UNICAST, "passes"},
		{"-m iprange --src-range 10.66.0.1-10.66.0.9 -j DROP", UNICAST, "drops"},
		{"-m rpfilter --invert -j DROP", UNICAST, "passes"},
		{"-m policy --dir in --pol none -j DROP", UNICAST, "drops"},
		{"-m policy --dir in --pol ipsec -j DROP", UNICAST, "passes"},
		{"-f -j DROP", UNICAST, "passes"},
		{"-m limit --limit 3/min -j DROP", UNICAST, "unsure"},
		{"-m set --match-set bad src -j DROP", UNICAST, "unsure"},
		{"-p tcp -m set --match-set bad src -j DROP", UNICAST, "passes"},
		{"-m conntrack --ctproto 17 -j DROP", UNICAST, "unsure"},
		{"-j LOG --log-prefix \"-j DROP\"", UNICAST, "passes"},
		{"-j SOMETHING", UNICAST, "unsure"},
		{"-j mine", UNICAST, "drops"},
		{"-g mine", TCP, "passes"},
		{"-p udp -j NFQUEUE --queue-num 0", UNICAST, "unsure"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[600];
		struct lr_err err = {0};
		struct lr_firewall *fw = lr_firewall_new();
		const struct lr_firewall_packet p = packet(cases[i].which);
		int n = snprintf(text, sizeof(text),
			"# by hand\n*filter\n:INPUT ACCEPT [1:60]\n:FORWARD DROP [0:0]\n:mine - "
			"[0:0]\n"
			"-A INPUT %s\n-A mine -p udp -j DROP\nCOMMIT\n",
			cases[i].rule);
		ok(lr_firewall_add_save(fw, 4, LR_FIREWALL_LEGACY, text, (size_t)n, &err) == 0,
			"is read %s", err.text);
		is_str(words[lr_firewall_judge(fw, &p).is], cases[i].is, cases[i].rule);
		lr_firewall_free(fw);
	}
}

/* What nft could not print is taken from iptables' own listing, and stands in its place. */
static void both_tools(void)
{
	static const char nft[] =
		"{\"nftables\":[{\"chain\":{\"family\":\"ip\",\"table\":\"filter\",\"name\":"
		"\"INPUT\","
		"\"hook\":\"input\",\"prio\":0,\"policy\":\"drop\"}},{\"rule\":{\"family\":\"ip\","
		"\"table\":\"filter\",\"chain\":\"INPUT\",\"handle\":3,\"expr\":[{\"xt\":{\"type\":"
		"\"match\",\"name\":\"addrtype\"}},{\"accept\":null}]}}]}";
	static const char save[] =
		"*filter\n:INPUT DROP [0:0]\n-A INPUT -m addrtype --dst-type LOCAL -j ACCEPT\n";
	struct lr_firewall *fw = lr_firewall_new();
	const struct lr_firewall_packet to_us = packet(UNICAST), to_all = packet(BROADCAST);
	char mend[LR_FIREWALL_MEND];

	ok(lr_firewall_add_nft(fw, nft, sizeof(nft) - 1, NULL) == 0, "is read");
	ok(lr_firewall_wants_save(fw, 4) && !lr_firewall_wants_save(fw, 6),
		"iptables-save is wanted, ip6tables-save is not");
	is_str(words[lr_firewall_judge(fw, &to_us).is], "unsure", "before");
	ok(lr_firewall_add_save(fw, 4, LR_FIREWALL_IPTABLES, save, sizeof(save) - 1, NULL) == 0,
		"is read");
	is_str(words[lr_firewall_judge(fw, &to_us).is], "passes", "to us");
	struct lr_firewall_verdict v = lr_firewall_judge(fw, &to_all);
	is_str(words[v.is], "drops", "a broadcast");
	ok(v.policy, "by the policy");
	lr_firewall_mend(&v, 4, "lr0", 0, mend);
	is_str(mend, "iptables -I INPUT -i lr0 -j ACCEPT", "what mends it");
	lr_firewall_mend(&v, 6, NULL, 51820, mend);
	is_str(mend, "ip6tables -I INPUT -p udp --dport 51820 -j ACCEPT", "the same of the tunnel");
	lr_firewall_free(fw);
}

static void rubbish(void)
{
	static const char *const texts[] = {"", "{}", "[]", "{\"nftables\":[{\"rule\":{}}]}",
		"{\"nftables\":[{\"chain\":{\"name\":\"x\"}}]}", "*filter\nhello\n",
		"-A INPUT -j DROP\n", "*filter\n-A NOWHERE -j DROP\n"};
	struct lr_err err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct lr_firewall *fw = lr_firewall_new();
		bool save = i >= 5;
		err.text[0] = 0;
		int r = save ? lr_firewall_add_save(fw, 4, LR_FIREWALL_IPTABLES, texts[i],
				       strlen(texts[i]), &err)
			     : lr_firewall_add_nft(fw, texts[i], strlen(texts[i]), &err);
		ok(r < 0 && err.text[0], "rubbish %zu is refused: %s", i, err.text);
		lr_firewall_free(fw);
	}
}

static void unnamed(void)
{
	struct lr_firewall *fw = of_rules("accept",
		RULE(M("==", PAY("udp", "dport"), "{\"set\":[20001,{\"range\":[20002,20010]}]}")
				DROP)
			RULE(M("==", PAY("udp", "dport"), "{\"range\":[1024,65535]}") DROP));

	is_int(lr_firewall_unnamed_port(fw), 20011, "the first port that no rule names");
	lr_firewall_free(fw);
}

int main(void)
{
	recorded();
	conditions();
	ways();
	saved();
	both_tools();
	rubbish();
	unnamed();
	return tap_done();
}
