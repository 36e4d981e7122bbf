/*
 * lr-relay - the meeting point: party directory, STUN, packet relay
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/opt.h"
#include "lib/base/state.h"
#include "lib/crypto/crypto.h"
#include "lib/io/background.h"
#include "lib/server/server.h"
#include "terms.h"

#define PEM_MAX   (1u << 20)
#define TOKEN_MAX 4096

struct args {
	struct lr_opt_list listen;
	const char *alternate, *cert, *key, *token, *state, *region, *party, *guest_ports;
	long second_port, ready_fd;
	long parties, members, record_bytes, memory_mb, idle_days, channels, connections,
		connections_network, source_pps, source_rate, party_pps, party_rate, checks,
		founded;
	bool foreground, background, json;
};

#define AT(member) offsetof(struct args, member)
#define MOST       1000000000l

static const struct lr_opt options[] = {
	{"listen", 'l', LR_OPT_LIST, "[ADDR]:PORT",
		"listen here, TCP and UDP; may be given again (:3478)", AT(listen)},
	{"second-port", 0, LR_OPT_INT, "PORT",
		"a second UDP port, so that STUN can tell NATs apart", AT(second_port), 1, 65535},
	{"alternate", 0, LR_OPT_TEXT, "ADDR", "a second address of this machine, for STUN",
		AT(alternate)},
	{"cert", 0, LR_OPT_TEXT, "FILE", "certificate chain, PEM: the port takes HTTPS too",
		AT(cert), .complete = "file"},
	{"key", 0, LR_OPT_TEXT, "FILE", "the certificate's private key, PEM", AT(key),
		.complete = "file"},
	{"token", 't', LR_OPT_TEXT, "FILE", "only who knows the word in FILE may found parties",
		AT(token), .complete = "file"},
	{"party", 0, LR_OPT_TEXT, "ID", "serve only this party", AT(party)},
	{"guest-ports", 0, LR_OPT_TEXT, "FIRST-LAST|none",
		"UDP ports that are lent to parties for guests (28000-28999)", AT(guest_ports)},
	{"state", 0, LR_OPT_TEXT, "DIR", "folder of the state", AT(state), .complete = "file"},
	{"region", 0, LR_OPT_TEXT, "TEXT", "where this relay stands, shown to members", AT(region)},
	{"max-parties", 0, LR_OPT_INT, "N", "parties", AT(parties), 1, 10000000},
	{"max-members", 0, LR_OPT_INT, "N", "members a party", AT(members), 2, LR_MEMBERS_MAX},
	{"max-record", 0, LR_OPT_INT, "BYTES", "size of a member's record", AT(record_bytes), 256,
		LR_RECORD_MAX},
	{"max-memory", 0, LR_OPT_INT, "MB", "all charters, records and invites together",
		AT(memory_mb), 1, 1 << 20},
	{"max-channels", 0, LR_OPT_INT, "N", "channels", AT(channels), 1, 1 << 24},
	{"max-connections", 0, LR_OPT_INT, "N", "TCP connections", AT(connections), 1, 1 << 20},
	{"max-per-network", 0, LR_OPT_INT, "N", "TCP connections of one network",
		AT(connections_network), 1, 1 << 20},
	{"idle-days", 0, LR_OPT_INT, "N", "days after which an unused party is forgotten",
		AT(idle_days), 1, 3650},
	{"source-pps", 0, LR_OPT_INT, "N", "packets/s of one member; 0: no limit", AT(source_pps),
		0, MOST},
	{"source-rate", 0, LR_OPT_INT, "KB/S", "kilobytes/s of one member; 0: no limit",
		AT(source_rate), 0, MOST},
	{"party-pps", 0, LR_OPT_INT, "N", "packets/s of one party; 0: no limit", AT(party_pps), 0,
		MOST},
	{"party-rate", 0, LR_OPT_INT, "KB/S", "kilobytes/s of one party; 0: no limit",
		AT(party_rate), 0, MOST},
	{"checks", 0, LR_OPT_INT, "N", "signatures checked a second for one network", AT(checks), 1,
		1000000},
	{"new-parties", 0, LR_OPT_INT, "N", "parties that one network may found in an hour",
		AT(founded), 1, 1000000},
	{"foreground", 'f', LR_OPT_FLAG, NULL, "stay in the foreground (the default)",
		AT(foreground)},
	{"background", 'b', LR_OPT_FLAG, NULL,
		"return when it listens, and go on in the background", AT(background)},
	{"ready-fd", 0, LR_OPT_INT, "N", "write a newline to this descriptor when it listens",
		AT(ready_fd), 1, 1 << 20},
	{"json", 'j', LR_OPT_FLAG, NULL, "print JSON", AT(json)},
	{0},
};

static const struct lr_exit_note exits[] = {
	{LR_EXIT_OK, "ended by SIGTERM or SIGINT; with --background: it listens"},
	{LR_EXIT_FAILED, "a port is in use, or the state cannot be read or written"},
	{LR_EXIT_USAGE, "command line, certificate or token wrong; nothing was started"},
	{LR_EXIT_RIGHTS, "no right to a port below 1024, or to the folder of the state"},
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

static void defaults(void *args)
{
	struct args *a = args;
	struct lr_server_options o;
	lr_server_defaults(&o);
	a->parties = o.directory.parties;
	a->members = o.directory.members;
	a->record_bytes = (long)o.directory.record_bytes;
	a->memory_mb = (long)(o.directory.bytes >> 20);
	a->idle_days = o.directory.idle_s / 86400;
	a->channels = (long)o.channels;
	a->connections = o.connections;
	a->connections_network = o.connections_network;
	a->source_pps = (long)o.admission.source_packets;
	a->source_rate = (long)(o.admission.source_bytes >> 10);
	a->party_pps = (long)o.admission.party_packets;
	a->party_rate = (long)(o.admission.party_bytes >> 10);
	a->checks = o.admission.checks_network;
	a->founded = o.admission.founded_network;
}

/* ------------------------------------------------------------------ options to options */

static void set_limits(const struct args *a, struct lr_server_options *o)
{
	o->directory.parties = (unsigned)a->parties;
	o->directory.members = (unsigned)a->members;
	o->directory.record_bytes = (size_t)a->record_bytes;
	o->directory.bytes = (size_t)a->memory_mb << 20;
	o->directory.idle_s = (unsigned)a->idle_days * 86400;
	o->channels = (size_t)a->channels;
	o->connections = (unsigned)a->connections;
	o->connections_network = (unsigned)a->connections_network;
	o->admission.source_packets = (uint64_t)a->source_pps;
	o->admission.source_bytes = (uint64_t)a->source_rate << 10;
	o->admission.party_packets = (uint64_t)a->party_pps;
	o->admission.party_bytes = (uint64_t)a->party_rate << 10;
	o->admission.checks_network = (uint32_t)a->checks;
	if (o->admission.checks_all < o->admission.checks_network)
		o->admission.checks_all = o->admission.checks_network;
	o->admission.founded_network = (uint32_t)a->founded;
	if (o->admission.founded_all < o->admission.founded_network)
		o->admission.founded_all = o->admission.founded_network;
}

static int set_guest_ports(const char *text, struct lr_server_options *o, struct lr_err *err)
{
	unsigned first, last;
	char rest;

	if (!text)
		return 0;
	if (strcmp(text, "none") == 0) {
		o->guest_first = o->guest_last = 0;
		return 0;
	}
	if (sscanf(text, "%5u-%5u%c", &first, &last, &rest) != 2 || first < 1 || first > last ||
		last > UINT16_MAX)
		return lr_err_set(err, LR_EXIT_USAGE,
			"--guest-ports: '%.40s' is neither FIRST-LAST nor none", text);
	o->guest_first = (uint16_t)first;
	o->guest_last = (uint16_t)last;
	return 0;
}

static int set_places(const struct args *a, struct lr_server_options *o, struct lr_err *err)
{
	static const char *const usual[] = {":3478"};
	const char *const *v = a->listen.n ? a->listen.v : usual;
	o->n_listen = a->listen.n ? a->listen.n : 1;
	for (unsigned i = 0; i < o->n_listen; i++)
		if (lr_server_listen_parse(v[i], &o->listen[i], err) < 0)
			return -1;
	o->second_port = (uint16_t)a->second_port;
	if (a->alternate && lr_ip_parse(a->alternate, &o->alternate) < 0)
		return lr_err_set(
			err, LR_EXIT_USAGE, "--alternate: '%.60s' is no address", a->alternate);
	for (unsigned i = 0; i < o->n_listen; i++)
		if (o->second_port && ntohs(o->listen[i].in.sin_port) == o->second_port)
			return lr_err_set(err, LR_EXIT_USAGE,
				"--second-port %u: that is listened on already", o->second_port);
	return 0;
}

/* What was read from files; malloc'd. */
struct files {
	char *cert, *key, *token;
	uint8_t party[LR_PARTY_ID_LEN];
	char state[PATH_MAX];
};

static char *read_usage(const char *path, size_t max, struct lr_err *err)
{
	size_t len = 0;
	char *text = lr_read_file(path, max, &len, err);
	err->exit = text ? err->exit : LR_EXIT_USAGE;
	return text;
}

static int read_token(const char *path, struct files *f, struct lr_err *err)
{
	f->token = read_usage(path, TOKEN_MAX, err);
	if (!f->token)
		return -1;
	f->token[strcspn(f->token, "\r\n")] = '\0';
	if (strlen(f->token) < 8)
		return lr_err_set(err, LR_EXIT_USAGE,
			"%.300s: the first line is the token, at least 8 characters", path);
	return 0;
}

static int read_files(const struct args *a, struct files *f, struct lr_err *err)
{
	if (!a->cert != !a->key)
		return lr_err_set(err, LR_EXIT_USAGE, "--cert and --key belong together");
	if (a->cert && (!(f->cert = read_usage(a->cert, PEM_MAX, err)) ||
			       !(f->key = read_usage(a->key, PEM_MAX, err))))
		return -1;
	if (a->token && read_token(a->token, f, err) < 0)
		return -1;
	if (a->party && lr_party_id_parse(a->party, strlen(a->party), f->party) < 0)
		return lr_err_set(err, LR_EXIT_USAGE, "--party: '%.60s' is no id", a->party);
	if (!a->state)
		return lr_state_dir(f->state, sizeof(f->state), err);
	if (!realpath(a->state, f->state)) {
		if (errno != ENOENT || strlen(a->state) >= sizeof(f->state))
			return lr_err_set(err, LR_EXIT_USAGE, "--state %.200s: %s", a->state,
				strerror(errno));
		memcpy(f->state, a->state, strlen(a->state) + 1);
	}
	return 0;
}

static void release_files(struct files *f)
{
	if (f->key)
		lr_wipe(f->key, strlen(f->key));
	if (f->token)
		lr_wipe(f->token, strlen(f->token));
	free(f->cert);
	free(f->key);
	free(f->token);
}

/* ------------------------------------------------------------------ running */

static char *ready_line(const struct args *a, const struct lr_server *s)
{
	char text[LR_ENDPOINT_TEXT], *line = NULL;
	struct lr_endpoint e;
	json_t *o = json_object(), *list = json_array();
	for (unsigned i = 0; lr_server_listens(s, i, &e); i++)
		json_array_append_new(list, json_string(lr_endpoint_text(&e, text)));
	lr_json_put(o, LR_K_LISTEN, list);
	lr_json_put_int(o, LR_K_PID, getpid());
	if (a->json) {
		char *json = lr_json_text(o);
		if (!json || asprintf(&line, "%s\n", json) < 0)
			line = NULL;
		free(json);
	} else {
		const char *first = json_string_value(json_array_get(list, 0));
		const char *next = json_string_value(json_array_get(list, 1));
		bool more = json_array_size(list) > 2;
		if (asprintf(&line, "listening on %s%s%s%s, pid %d\n", first, next ? ", " : "",
			    next ? next : "", more ? " and more" : "", (int)getpid()) < 0)
			line = NULL;
	}
	json_decref(o);
	return line;
}

static void say_ready(const struct args *a, const struct lr_server *s, int ready)
{
	char *line = ready_line(a, s);
	if (ready < 0) {
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
		openlog("lr-relay", LOG_PID, LOG_DAEMON);
		lr_background_ready(ready, line ? line : "");
	}
	free(line);
}

/* The key of the certificate and the token shall be in no core file. */
static void guard_secrets(void)
{
	const struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

static int serve(struct lr_cli *cli, const struct lr_server_options *o, int ready)
{
	struct args *a = cli->args;
	struct lr_server *s = lr_server_new(o, &cli->err);
	if (!s)
		return cli->err.exit;
	say_ready(a, s, ready);
	int r = lr_server_run(s);
	lr_server_free(s);
	if (r < 0)
		lr_err_set(&cli->err, LR_EXIT_FAILED, "event loop: %s", strerror(-r));
	return r < 0 ? LR_EXIT_FAILED : LR_EXIT_OK;
}

static int start(struct lr_cli *cli, const struct lr_server_options *o)
{
	const struct args *a = cli->args;
	int ready = -1, code = LR_EXIT_OK;
	int forked = a->background ? lr_background_fork(&ready, &code) : 0;
	if (forked < 0)
		return lr_err_set(&cli->err, LR_EXIT_FAILED, "fork: %s", strerror(-forked));
	if (forked > 0)
		return code;
	if (ready >= 0)
		lr_background_close_inherited(ready, a->ready_fd ? (int)a->ready_fd : -1);
	return serve(cli, o, ready);
}

static int run(struct lr_cli *cli)
{
	const struct args *a = cli->args;
	struct lr_server_options o;
	struct files f = {.cert = NULL};
	int code = -1;
	lr_log_to(sink, LR_LOG_NOTE);
	lr_server_defaults(&o);
	set_limits(a, &o);
	guard_secrets();
	if (a->foreground && a->background) {
		lr_err_set(&cli->err, LR_EXIT_USAGE,
			"--foreground and --background exclude each other");
	} else if (a->ready_fd && fcntl((int)a->ready_fd, F_GETFD) < 0) {
		lr_err_set(&cli->err, LR_EXIT_USAGE, "--ready-fd %ld: no such descriptor is open",
			a->ready_fd);
	} else if (lr_crypto_init() < 0) {
		lr_err_set(&cli->err, LR_EXIT_RIGHTS, "libsodium does not start");
	} else if (set_places(a, &o, &cli->err) == 0 &&
		   set_guest_ports(a->guest_ports, &o, &cli->err) == 0 &&
		   read_files(a, &f, &cli->err) == 0) {
		o.state = f.state;
		o.cert = f.cert;
		o.key = f.key;
		o.token = f.token;
		o.region = a->region;
		o.only = a->party ? f.party : NULL;
		code = start(cli, &o);
	}
	release_files(&f);
	return code;
}

static const struct lr_prog prog = {
	.name = "lr-relay",
	.summary = "The place where a party meets: directory, STUN and packet relay on one port.",
	.usage = "[OPTION]...",
	.opts = options,
	.run = run,
	.exits = exits,
	.examples = "  lr-relay\n"
		    "  lr-relay --listen :3478 --listen :443 --cert chain.pem --key key.pem\n"
		    "  curl http://localhost:3478/healthz\n",
	.args_size = sizeof(struct args),
	.defaults = defaults,
};

int main(int argc, char **argv)
{
	return lr_opt_main(&prog, argc, argv);
}
