/*
 * up_run.c - starting a node in the background or the foreground, and what is said when it works
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>

#include "cmd/up.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/io/background.h"
#include "lib/lan/ipx.h"
#include "terms.h"

static bool in_background;

static void sink(enum lr_log_level level, const char *line)
{
	if (in_background)
		syslog(LOG_DAEMON | (level == LR_LOG_ERROR ? LOG_ERR : LOG_NOTICE), "%s", line);
	else
		lr_note(&lr_up_prog, "%s", line);
}

void lr_up_log_to(void)
{
	lr_log_to(sink, LR_LOG_NOTE);
}

static char *json_line(const struct lr_node *node, const char *address, const char *invite)
{
	json_t *o = json_object();
	char *line = NULL;

	lr_json_put_str(o, LR_K_INVITE, invite);
	lr_json_put_str(o, LR_K_IFACE, node->iface);
	lr_json_put_str(o, LR_K_ADDRESS, address[0] ? address : NULL);
	lr_json_put_int(o, LR_K_PID, getpid());
	char *text = lr_json_text(o);
	json_decref(o);
	if (!text || asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}

char *lr_up_line(const struct lr_up_args *a, const struct lr_node *node, const char *party,
	const char *invite)
{
	char address[LR_ADDR_TEXT] = "";
	char *line = NULL;

	if (node->n_addresses && a->json)
		lr_ip_text(&node->addresses[0].ip, address);
	else if (node->n_addresses)
		lr_prefix_text(&node->addresses[0], address);
	if (a->json)
		return json_line(node, address, invite);
	int n = party ? asprintf(&line, "%s is up: %s, party %s, pid %d\n", node->iface, address,
				party, (int)getpid())
		      : asprintf(&line, "%s is up%s%s, port %u, pid %d\n", node->iface,
				address[0] ? ": " : "", address, node->listen_port, (int)getpid());
	return n < 0 ? NULL : line;
}

int lr_up_rules(const struct lr_up_args *a, struct lr_node_rules *out, struct lr_err *err)
{
	*out = (struct lr_node_rules){
		.open = a->open, .isolate = a->isolate != NULL, .capture = a->capture};
	if (a->pass && lr_lan_noise_parse(a->pass, &out->pass) < 0)
		return lr_err_set(err, LR_EXIT_USAGE,
			"--pass: '%.60s' is not of netbios, llmnr, ssdp, dropbox, mdns, all",
			a->pass);
	if (a->isolate && lr_lan_ports_parse(a->isolate, &out->ports) < 0)
		return lr_err_set(err, LR_EXIT_USAGE,
			"--isolate: '%.60s' is no list of ports, as 27960-27963,4445", a->isolate);
	if (a->ipx)
		lr_lan_ports_add(&out->ports, LR_IPX_PORT);
	return 0;
}

static void forget(char *text)
{
	if (text)
		lr_wipe(text, strlen(text));
	free(text);
}

void lr_up_ready(const struct lr_up_args *a, int ready, struct lr_up_words *words)
{
	const char *out = words->out ? words->out : "";

	if (words->err) {
		fputs(words->err, stderr);
		fflush(stderr);
	}
	if (a->foreground) {
		fputs(out, stdout);
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
		lr_background_ready(ready, out);
	}
	forget(words->out);
	forget(words->err);
	*words = (struct lr_up_words){0};
}

/* Keys shall be in no core file and in no debugger of another user. */
static void guard_secrets(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

int lr_up_start(struct lr_cli *cli, lr_up_run *run, void *ctx)
{
	const struct lr_up_args *a = cli->args;
	int ready = -1, code = LR_EXIT_OK;

	int forked = a->foreground ? 0 : lr_background_fork(&ready, &code);
	if (forked < 0) {
		lr_err_set(&cli->err, LR_EXIT_FAILED, "fork: %s", strerror(-forked));
		return LR_EXIT_FAILED;
	}
	if (forked > 0)
		return code;
	if (ready >= 0)
		lr_background_close_inherited(ready, a->ready_fd ? (int)a->ready_fd : -1);
	guard_secrets();
	return run(cli, ctx, ready);
}
