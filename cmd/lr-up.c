/*
 * lr-up - runs this machine's node: interface, tunnel, sockets
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>

#include "defaults.h"
#include "lib/base/log.h"
#include "lib/base/opt.h"
#include "lib/base/state.h"
#include "lib/io/background.h"
#include "lib/node/client.h"
#include "lib/node/node.h"
#include "lib/node/report.h"
#include "terms.h"

struct args {
	const char *config, *iface;
	bool tun, tap, foreground, down, status, json;
	long ready_fd, spin_us;
};

#define AT(member) offsetof(struct args, member)

static const struct lr_opt options[] = {
	{"config", 'c', LR_OPT_TEXT, "FILE",
		"run this wg-quick file, or our JSON; - is standard input", AT(config),
		.complete = "file"},
	{"iface", 'i', LR_OPT_TEXT, "NAME",
		"name of the interface, " LR_DEFAULT_IFACE " unless given", AT(iface),
		.complete = "iface"},
	{"tun", 0, LR_OPT_FLAG, NULL, "a layer 3 interface (the default)", AT(tun)},
	{"tap", 0, LR_OPT_FLAG, NULL, "an Ethernet interface that carries IP", AT(tap)},
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
	{LR_EXIT_UNREACHABLE, "--down, --status: no node runs"},
	{LR_EXIT_RIGHTS, "rights or a kernel feature are missing"},
	{0},
};

static const struct lr_prog prog;
static bool in_background;

static void sink(enum lr_log_level level, const char *line)
{
	if (in_background)
		syslog(LOG_DAEMON | (level == LR_LOG_ERROR ? LOG_ERR : LOG_NOTICE), "%s", line);
	else
		lr_note(&prog, "%s", line);
}

/* ------------------------------------------------------------------ configuration */

static void note(void *ctx, const char *line)
{
	(void)ctx;
	lr_note(&prog, "%s", line);
}

static int resolve(
	void *ctx, const char *host, const char *port, struct lr_endpoint *out, struct lr_err *err)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	(void)ctx;
	int r = getaddrinfo(host, port, &hints, &found);
	if (r != 0)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", host, gai_strerror(r));
	memset(out, 0, sizeof(*out));
	memcpy(&out->sa, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

static char *read_stdin(size_t *len, struct lr_err *err)
{
	char *text = malloc(LR_CONFIG_MAX_BYTES + 2);
	if (!text)
		return NULL;
	*len = fread(text, 1, LR_CONFIG_MAX_BYTES + 1, stdin);
	if (ferror(stdin)) {
		lr_err_set(err, LR_EXIT_USAGE, "standard input: %s", strerror(errno));
		free(text);
		return NULL;
	}
	text[*len] = '\0';
	return text;
}

static int load(const char *file, struct lr_config *config, struct lr_err *err)
{
	bool from_stdin = strcmp(file, "-") == 0;
	const struct lr_config_hooks hooks = {.note = note, .resolve = resolve};
	size_t len = 0;
	char *text = from_stdin ? read_stdin(&len, err)
				: lr_read_file(file, LR_CONFIG_MAX_BYTES, &len, err);
	if (!text) {
		if (err->text[0] == '\0')
			lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		err->exit = LR_EXIT_USAGE;
		return -1;
	}
	int r = lr_config_parse(
		config, text, len, from_stdin ? "standard input" : file, &hooks, err);
	lr_wipe(text, len);
	free(text);
	return r;
}

/* ------------------------------------------------------------------ running */

/* What is said once the interface is up; malloc'd. */
static char *ready_line(const struct args *a, const struct lr_node *node)
{
	char address[LR_ADDR_TEXT] = "";
	char *line = NULL;
	if (node->n_addresses && a->json)
		lr_ip_text(&node->addresses[0].ip, address);
	else if (node->n_addresses)
		lr_prefix_text(&node->addresses[0], address);
	if (a->json) {
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_INVITE, NULL);
		lr_json_put_str(o, LR_K_IFACE, node->iface);
		lr_json_put_str(o, LR_K_ADDRESS, node->n_addresses ? address : NULL);
		lr_json_put_int(o, LR_K_PID, getpid());
		char *text = lr_json_text(o);
		json_decref(o);
		if (!text || asprintf(&line, "%s\n", text) < 0)
			line = NULL;
		free(text);
		return line;
	}
	if (asprintf(&line, "%s is up%s%s, port %u, pid %d\n", node->iface, address[0] ? ": " : "",
		    address, node->listen_port, (int)getpid()) < 0)
		return NULL;
	return line;
}

static void say_ready(const struct args *a, const struct lr_node *node, int ready)
{
	char *line = ready_line(a, node);
	if (a->foreground) {
		fputs(line ? line : "", stdout);
		fflush(stdout);
	}
	if (a->ready_fd) {
		if (write((int)a->ready_fd, "\n", 1) < 0)
			lr_log(LR_LOG_NOTE, "--ready-fd %ld: %s", a->ready_fd, strerror(errno));
		close((int)a->ready_fd);
	}
	if (ready >= 0) {
		in_background = true;
		openlog("lr-up", LOG_PID, LOG_DAEMON);
		lr_background_ready(ready, line ? line : "");
	}
	free(line);
}

/* Keys shall be in no core file and in no debugger of another user. */
static void guard_secrets(void)
{
	const struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

static int run_node(struct lr_cli *cli, const struct lr_config *config, int ready)
{
	struct args *a = cli->args;
	const struct lr_node_options node_options = {
		.config = config,
		.iface = a->iface ? a->iface : LR_DEFAULT_IFACE,
		.tap = a->tap,
		.spin_us = (unsigned)a->spin_us,
	};
	struct lr_node *node = malloc(sizeof(*node));
	if (!node)
		return LR_EXIT_FAILED;
	guard_secrets();
	if (lr_node_start(node, &node_options, &cli->err) < 0) {
		free(node);
		return cli->err.exit;
	}
	say_ready(a, node, ready);
	int r = lr_node_run(node);
	lr_node_stop(node);
	free(node);
	if (r < 0)
		lr_err_set(&cli->err, LR_EXIT_FAILED, "event loop: %s", strerror(-r));
	return r < 0 ? LR_EXIT_FAILED : LR_EXIT_OK;
}

static int up(struct lr_cli *cli)
{
	struct args *a = cli->args;
	struct lr_config config;
	int ready = -1, code = LR_EXIT_OK;
	if (a->ready_fd && fcntl((int)a->ready_fd, F_GETFD) < 0) {
		lr_err_set(&cli->err, LR_EXIT_USAGE, "--ready-fd %ld: no such descriptor is open",
			a->ready_fd);
		return LR_EXIT_USAGE;
	}
	if (lr_crypto_init() < 0) {
		lr_err_set(
			&cli->err, LR_EXIT_RIGHTS, "libcrypto lacks ChaCha20-Poly1305 or BLAKE2s");
		return LR_EXIT_RIGHTS;
	}
	if (load(a->config, &config, &cli->err) < 0)
		return cli->err.exit;
	int forked = a->foreground ? 0 : lr_background_fork(&ready, &code);
	if (forked < 0) {
		lr_err_set(&cli->err, LR_EXIT_FAILED, "fork: %s", strerror(-forked));
		code = LR_EXIT_FAILED;
	} else if (forked == 0) {
		if (ready >= 0)
			lr_background_close_inherited(ready, a->ready_fd ? (int)a->ready_fd : -1);
		code = run_node(cli, &config, ready);
	}
	lr_config_release(&config);
	return code;
}

/* ------------------------------------------------------------------ down, status */

static int down(struct lr_cli *cli)
{
	struct args *a = cli->args;
	const char *iface = cli->n ? cli->operands[0] : a->iface;
	char ended[IFNAMSIZ];
	if (lr_client_down(iface, ended, &cli->err) < 0)
		return cli->err.exit;
	if (!a->json)
		printf("%s is down\n", ended);
	return LR_EXIT_OK;
}

static void print_status(const json_t *s, bool as_json)
{
	bool bad = false;
	if (as_json) {
		lr_json_line(stdout, s);
		return;
	}
	const json_t *addresses = json_object_get(s, LR_K_ADDRESSES);
	const char *address = json_string_value(json_array_get(addresses, 0));
	printf("%-15s %-20s port %-5lld %lld peers, pid %lld\n", lr_json_str(s, LR_K_IFACE, &bad),
		address ? address : "-", (long long)lr_json_int(s, LR_K_LISTEN_PORT, 0, &bad),
		(long long)lr_json_int(s, LR_K_PEER_COUNT, 0, &bad),
		(long long)lr_json_int(s, LR_K_PID, 0, &bad));
}

static int status(struct lr_cli *cli)
{
	struct args *a = cli->args;
	struct lr_client_node *nodes = NULL;
	const char *iface = cli->n ? cli->operands[0] : a->iface;
	int n = lr_client_list(&nodes, &cli->err), shown = 0;
	for (int i = 0; i < n; i++) {
		if (iface && strcmp(iface, nodes[i].iface) != 0)
			continue;
		struct lr_client *c = lr_client_open(nodes[i].iface, &cli->err);
		json_t *s = c ? lr_client_ask(c, lr_client_request("status"), &cli->err) : NULL;
		lr_client_close(c);
		if (!s)
			continue;
		print_status(s, a->json);
		json_decref(s);
		shown++;
	}
	free(nodes);
	if (cli->err.text[0])
		return cli->err.exit;
	if (shown == 0)
		lr_err_set(&cli->err, LR_EXIT_UNREACHABLE,
			iface ? "%s: no node runs there" : "no node runs", iface);
	return shown ? LR_EXIT_OK : LR_EXIT_UNREACHABLE;
}

/* ------------------------------------------------------------------ command line */

static int run(struct lr_cli *cli)
{
	struct args *a = cli->args;
	int modes = a->down + a->status + (a->config != NULL);
	const char *wrong = NULL;
	lr_log_to(sink, LR_LOG_NOTE);
	if (modes > 1)
		wrong = "--config, --down and --status exclude each other";
	else if (a->tun && a->tap)
		wrong = "--tun and --tap exclude each other";
	else if (modes == 0 && cli->n)
		wrong = "invites are not understood yet; give --config FILE";
	else if (modes == 0)
		wrong = "nothing to run: give --config FILE (or --status, --down)";
	else if (a->config && cli->n)
		wrong = "--config takes no operand; the interface's name goes behind --iface";
	if (wrong) {
		lr_err_set(&cli->err, LR_EXIT_USAGE, "%s (try 'lr-up --help')", wrong);
		return LR_EXIT_USAGE;
	}
	if (a->down)
		return down(cli);
	return a->status ? status(cli) : up(cli);
}

static const struct lr_prog prog = {
	.name = "lr-up",
	.summary = "Bring this machine onto a virtual LAN.",
	.usage = "--config FILE [OPTION]...\n"
		 "       lr-up --down [IFACE]\n"
		 "       lr-up --status [IFACE]",
	.opts = options,
	.run = run,
	.max = 1,
	.exits = exits,
	.examples = "  lr-up --config party.conf --iface lr0\n"
		    "  lr-peer export | lr-up --config - --iface lr1\n"
		    "  lr-up --down lr0\n",
	.args_size = sizeof(struct args),
};

int main(int argc, char **argv)
{
	return lr_opt_main(&prog, argc, argv);
}
