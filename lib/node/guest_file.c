/*
 * guest_file.c - see guest_file.h
 */
#include "lib/node/guest_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"
#include "lib/node/exchange.h"
#include "terms.h"

#define AGAIN_MS 40

static json_t *ask(struct lr_client *c, const char *name, const char *key, const char *endpoint,
	struct lr_err *err)
{
	json_t *request = lr_client_request("guest");

	lr_json_put_str(request, LR_K_NAME, name);
	lr_json_put_str(request, LR_K_PUBLIC_KEY, key);
	lr_json_put_str(request, LR_K_ENDPOINT, endpoint);
	return lr_client_ask(c, request, err);
}

/* A guest that the node may have made of it is of no use to anybody. */
static void take_back(struct lr_client *c, const char *name)
{
	json_t *request = lr_client_request("kick");

	lr_json_put_str(request, LR_K_PEER, name);
	json_decref(lr_client_ask(c, request, NULL));
}

/* Asks until the node is ready. */
static json_t *ask_until_ready(struct lr_client *c, const char *name, const char *key,
	const char *endpoint, struct lr_err *err)
{
	const struct timespec again = {.tv_nsec = AGAIN_MS * (long)LR_NS_PER_MS};
	uint64_t end = lr_now() + LR_GUEST_WAIT_S * LR_NS_PER_S;

	for (;;) {
		json_t *answer = ask(c, name, key, endpoint, err);
		if (!answer || json_is_true(json_object_get(answer, LR_K_READY)))
			return answer;
		if (lr_now() > end) {
			const char *why = json_string_value(json_object_get(answer, LR_K_TEXT));
			lr_err_set(err, LR_EXIT_FAILED, "%s: %s", name, why ? why : "not ready");
			json_decref(answer);
			take_back(c, name);
			return NULL;
		}
		json_decref(answer);
		nanosleep(&again, NULL);
	}
}

/* The endpoint goes last, as it was told: it may be a name, which a configuration's is not. */
static char *compose(
	json_t *config, const char *private_key, const char *endpoint, struct lr_err *err)
{
	char *text = NULL, *whole = NULL;

	lr_json_put_str(config, LR_K_PRIVATE_KEY, private_key);
	text = lr_exchange_text(config, true, err);
	if (text && asprintf(&whole, "%sEndpoint = %s\n", text, endpoint) < 0)
		whole = NULL;
	if (text)
		lr_wipe(text, strlen(text));
	free(text);
	return whole;
}

static json_t *finish(json_t *answer, const char *private_key, struct lr_err *err)
{
	json_t *config = json_object_get(answer, LR_K_CONFIG);
	const char *endpoint = json_string_value(json_object_get(answer, LR_K_ENDPOINT));
	char *text = NULL;

	err->exit = LR_EXIT_FAILED;
	snprintf(err->text, sizeof(err->text), "the node's answer is no guest");
	if (json_is_object(config) && endpoint)
		text = compose(config, private_key, endpoint, err);
	if (!text) {
		json_decref(answer);
		return NULL;
	}
	err->text[0] = '\0';
	json_object_del(answer, LR_K_CONFIG);
	json_object_del(answer, LR_K_READY);
	lr_json_put_str(answer, LR_K_WG_QUICK, text);
	lr_wipe(text, strlen(text));
	free(text);
	return answer;
}

json_t *lr_guest_file(
	struct lr_client *c, const char *name, const char *endpoint, struct lr_err *err)
{
	uint8_t private_key[LR_KEY_LEN], public_key[LR_KEY_LEN];
	char secret[LR_KEY_TEXT], key[LR_KEY_TEXT];

	lr_keypair(private_key, public_key);
	lr_key_text(private_key, secret);
	json_t *answer = ask_until_ready(c, name, lr_key_text(public_key, key), endpoint, err);
	if (answer)
		answer = finish(answer, secret, err);
	lr_wipe(private_key, sizeof(private_key));
	lr_wipe(secret, sizeof(secret));
	return answer;
}

char *lr_guest_compact(const char *wg_quick)
{
	char *out = strdup(wg_quick), *to = out;
	bool begin = true, comment = false;

	for (const char *at = wg_quick; out && *at; at++) {
		if (begin)
			comment = *at == '#';
		if (!comment && *at != ' ' && !(begin && *at == '\n'))
			*to++ = *at;
		begin = *at == '\n';
	}
	if (out)
		*to = '\0';
	return out;
}
