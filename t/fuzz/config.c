/*
 * config.c - fuzzer: the wg-quick and JSON readers, and both writers against them
 *
 * Whatever is read must come out the same after writing and reading it again, in both forms;
 * whatever is refused must leave an empty value and one line that names the file.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/wg/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void note(void *ctx, const char *line)
{
	(void)ctx;
	must(strncmp(line, "fuzz:", 5) == 0 && !strchr(line, '\n'));
}

static int resolve(
	void *ctx, const char *host, const char *port, struct lr_endpoint *out, struct lr_err *err)
{
	(void)ctx;
	if (strlen(host) % 2)
		return lr_err_set(err, LR_EXIT_FAILED, "no such host: %s", host);
	out->in = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	return 0;
}

static const struct lr_config_hooks hooks = {.note = note, .resolve = resolve};

static void again(const char *text, const char *same_text, bool json)
{
	struct lr_config c;
	struct lr_err err = {.text = ""};

	must(lr_config_parse(&c, text, strlen(text), "fuzz", &hooks, &err) == 0);
	char *once_more = lr_config_text(&c, true);
	must(once_more && strcmp(once_more, same_text) == 0);
	if (json) {
		json_t *obj = lr_config_json(&c, true);
		char *other = lr_json_text(obj);
		must(other && strcmp(other, text) == 0);
		free(other);
		json_decref(obj);
	}
	free(once_more);
	lr_config_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lr_config c;
	struct lr_err err = {.text = ""};

	if (lr_config_parse(&c, (const char *)data, size, "fuzz", &hooks, &err) != 0) {
		must(strncmp(err.text, "fuzz:", 5) == 0 && !strchr(err.text, '\n'));
		must(!c.peers && !c.addresses && c.n_peers == 0);
		return 0;
	}
	char *text = lr_config_text(&c, true);
	json_t *obj = lr_config_json(&c, true);
	char *json = lr_json_text(obj);
	must(text && json);
	again(text, text, false);
	again(json, text, true);
	free(json);
	free(text);
	json_decref(obj);
	lr_config_release(&c);
	return 0;
}
