/*
 * lr-up - runs this machine's node: interface, tunnel, sockets
 */
#include <fcntl.h>
#include <unistd.h>

#include "cmd/up.h"
#include "defaults.h"
#include "lib/crypto/crypto.h"
#include "lib/net/pace.h"

#define AT(member) offsetof(struct lr_up_args, member)

static const struct lr_opt options[] = {
	{"config", 'c', LR_OPT_TEXT, "FILE",
		"run this wg-quick file, or our JSON; - is standard input", AT(config),
		.complete = "file"},
	{"iface", 'i', LR_OPT_TEXT, "NAME",
		"name of the interface, " LR_DEFAULT_IFACE " unless given", AT(iface),
		.complete = "iface"},
	{"relay", 'r', LR_OPT_TEXT, "HOST[:PORT]",
		"host: meet there (from now on), not at a relay on this machine; several with "
		"commas",
		AT(relay)},
	{"public", 0, LR_OPT_TEXT, "HOST[:PORT]",
		"host: the relay on this machine is reached from outside there", AT(outside)},
	{"new", 0, LR_OPT_FLAG, NULL, "host: a new party, also when one is hosted here", AT(fresh)},
	{"name", 'n', LR_OPT_TEXT, "NICK", "our name in the party, the host's unless given",
		AT(name)},
	{"hide-address", 0, LR_OPT_FLAG, NULL,
		"tell members no address of ours: all traffic goes over the relay", AT(hide)},
	{"hide-all", 0, LR_OPT_FLAG, NULL, "host: the same for all members", AT(hide_all)},
	{"force", 0, LR_OPT_FLAG, NULL,
		"members' addresses go before those of a network of this host that overlaps",
		AT(force)},
	{"punch-budget", 0, LR_OPT_TEXT, "SOCKETS,PACKETS",
		"what reaching others through NATs may cost the router: sockets, packets a second",
		AT(budget)},
	{"no-portmap", 0, LR_OPT_FLAG, NULL,
		"do not ask the home router for a port (UPnP, NAT-PMP, PCP)", AT(no_map)},
	{"redundant", 0, LR_OPT_MAYBE, "WHAT",
		"send to members over two paths: game (small UDP packets, the default) or all",
		AT(redundant)},
	{"uplink", 0, LR_OPT_TEXT, "RATE",
		"send no faster than this (19mbit), so that games need not wait in the router",
		AT(uplink)},
	{"tun", 0, LR_OPT_FLAG, NULL, "a layer 3 interface (the default with --config)", AT(tun)},
	{"tap", 0, LR_OPT_FLAG, NULL,
		"an Ethernet interface, with broadcast and raw frames (the default in a party)",
		AT(tap)},
	{"open", 0, LR_OPT_FLAG, NULL,
		"let services pass that no game needs, as shells, shared folders, desktops",
		AT(open)},
	{"pass", 0, LR_OPT_TEXT, "KIND[,KIND...]",
		"let chatter pass: netbios, llmnr, ssdp, dropbox, mdns, or all", AT(pass),
		.complete = "netbios llmnr ssdp dropbox mdns all"},
	{"isolate", 0, LR_OPT_MAYBE, "PORTS",
		"let only ping and these ports pass, as 27960-27963,4445", AT(isolate)},
	{"capture", 0, LR_OPT_TEXT, "IFACE|all",
		"carry what active games send to all on another interface, or on every other",
		AT(capture), .complete = "iface"},
	{"bridge", 0, LR_OPT_TEXT, "IFACE",
		"let consoles and other machines at this interface take part, by addresses of the "
		"pool",
		AT(bridge)},
	{"dhcp", 0, LR_OPT_FLAG, NULL,
		"with --bridge: give those machines their addresses, where nobody else does",
		AT(dhcp)},
	{"ipx", 0, LR_OPT_FLAG, NULL,
		"serve the IPX network of DOSBox: there, ipxnet connect our address", AT(ipx)},
	{"foreground", 'f', LR_OPT_FLAG, NULL, "stay in the foreground", AT(foreground)},
	{"ready-fd", 0, LR_OPT_INT, "N", "write a newline to this descriptor when all works",
		AT(ready_fd), 1, 1 << 20},
	{"spin", 0, LR_OPT_INT, "USEC",
		"poll this long after a packet before sleeping: less latency, a busy core",
		AT(spin_us), 0, 1000000},
	{"down", 'd', LR_OPT_FLAG, NULL, "end the node of IFACE, or the only one", AT(down)},
	{"status", 's', LR_OPT_FLAG, NULL, "show the nodes that run here", AT(status)},
	{"json", 'j', LR_OPT_FLAG, NULL, "print JSON", AT(json)},
	{0},
};

static const struct lr_exit_note exits[] = {
	{LR_EXIT_OK, "the interface is up; or: ended; or: shown"},
	{LR_EXIT_FAILED, "it could not be brought up; nothing is left behind"},
	{LR_EXIT_USAGE, "command line or configuration wrong; nothing was started"},
	{LR_EXIT_UNREACHABLE, "no relay answers; --down, --status: no node runs"},
	{LR_EXIT_RIGHTS, "rights or a kernel feature are missing"},
	{0},
};

/* The virtual Ethernet's options need one. */
static const char *plain(const struct lr_up_args *a)
{
	bool rules = a->open || a->pass || a->isolate || a->capture;

	if (rules && (a->down || a->status || (a->config && !a->tap)))
		return "--open, --pass, --isolate and --capture are for parties, and for --config "
		       "with --tap";
	if (a->ipx && (a->down || a->status))
		return "--ipx is for a node that is started: it goes with neither --down nor "
		       "--status";
	return NULL;
}

/* What is wrong with the options together; NULL: nothing. */
static const char *conflict(const struct lr_up_args *a, int n)
{
	bool hosting = a->relay || a->outside || a->fresh || a->hide_all;
	bool party = hosting || a->name || a->hide || a->force || a->budget || a->no_map ||
		     a->redundant || a->bridge || a->dhcp;

	if (a->down + a->status + (a->config != NULL) > 1)
		return "--config, --down and --status exclude each other";
	if (a->tun && a->tap)
		return "--tun and --tap exclude each other";
	if (a->tun && a->bridge)
		return "--tun and --bridge exclude each other";
	if (a->dhcp && !a->bridge && !a->config && !a->down && !a->status)
		return "--dhcp gives addresses to machines at the interface that --bridge names";
	if (a->config && n)
		return "--config takes no operand; the interface's name goes behind --iface";
	if (party && (a->config || a->down || a->status))
		return "--relay, --public, --new, --name, --hide-address, --hide-all, "
		       "--force, --punch-budget, --no-portmap, --redundant, --bridge and --dhcp "
		       "are for parties";
	if ((a->outside || a->fresh || a->hide_all) && n)
		return "--public, --new and --hide-all are for hosting: the invite says where to "
		       "join";
	if (a->relay && a->outside)
		return "--relay and --public exclude each other";
	return plain(a);
}

static int run(struct lr_cli *cli)
{
	struct lr_up_args *a = cli->args;
	const char *wrong = conflict(a, cli->n);

	lr_up_log_to();
	if (wrong)
		return lr_err_set(&cli->err, LR_EXIT_USAGE, "%s (try 'lr-up --help')", wrong);
	if (a->down)
		return lr_up_down(cli);
	if (a->status)
		return lr_up_status(cli);
	if (a->uplink && lr_pace_parse(a->uplink, &a->rate) < 0)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--uplink: '%.40s' is no rate from 64kbit to 100gbit, such as 19mbit",
			a->uplink);
	if (a->ready_fd && fcntl((int)a->ready_fd, F_GETFD) < 0)
		return lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--ready-fd %ld: no such descriptor is open", a->ready_fd);
	if (lr_crypto_init() < 0)
		return lr_err_set(
			&cli->err, LR_EXIT_RIGHTS, "libcrypto lacks ChaCha20-Poly1305 or BLAKE2s");
	return a->config ? lr_up_config(cli) : lr_up_party(cli, cli->n ? cli->operands[0] : NULL);
}

const struct lr_prog lr_up_prog = {
	.name = "lr-up",
	.summary = "Bring this machine onto a virtual LAN.",
	.usage = "[OPTION]...\n"
		 "       lr-up INVITE [OPTION]...\n"
		 "       lr-up --config FILE [OPTION]...\n"
		 "       lr-up --down [IFACE]\n"
		 "       lr-up --status [IFACE]",
	.opts = options,
	.run = run,
	.max = 1,
	.exits = exits,
	.examples = "  lr-up\n"
		    "  lr-up 'lr://relay.example.org/alice#EAAB...'\n"
		    "  lr-up --config party.conf --iface lr0\n"
		    "  lr-peer export | lr-up --config - --iface lr1\n"
		    "  lr-up --down lr0\n",
	.args_size = sizeof(struct lr_up_args),
};

int main(int argc, char **argv)
{
	return lr_opt_main(&lr_up_prog, argc, argv);
}
