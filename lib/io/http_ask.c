/*
 * http_ask.c - see http_ask.h; curl_easy_setopt(3)
 */
#include "lib/io/http_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/io/dial.h"

#define TIMEOUT_MS     10000
#define CONNECT_MS     10000
#define KEEPALIVE_S    30l /* a home router forgets a silent TCP connection after some minutes */
#define SET(easy, ...) (void)curl_easy_setopt(easy, __VA_ARGS__)

int lr_http_ask_check(const struct lr_http_ask *ask, struct lr_err *err)
{
	static const char *const methods[] = {"GET", "PUT", "POST", "DELETE"};
	bool known = ask->connect_only;

	for (unsigned i = 0; i < 4 && !known; i++)
		known = strcmp(ask->method, methods[i]) == 0;
	if (!known)
		return lr_err_set(err, LR_EXIT_USAGE, "method: not GET, PUT, POST or DELETE");
	if (ask->len > LR_HTTP_BODY_MAX)
		return lr_err_set(err, LR_EXIT_USAGE, "the request is longer than 1 MiB");
	if (ask->n_headers > LR_HTTP_HEADERS_MAX)
		return lr_err_set(err, LR_EXIT_USAGE, "more than %u headers", LR_HTTP_HEADERS_MAX);
	for (unsigned i = 0; i < ask->n_headers; i++)
		if (!strchr(ask->headers[i], ':') || strpbrk(ask->headers[i], "\r\n"))
			return lr_err_set(
				err, LR_EXIT_USAGE, "header %u: not \"Name: value\"", i + 1);
	return 0;
}

static int add_header(struct curl_slist **headers, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*headers, line);

	if (!longer)
		return -ENOMEM;
	*headers = longer;
	return 0;
}

/* The caller's, and without what libcurl would add: a body of no named type is not a form, and
 * waiting for "100 Continue" costs a round trip. */
static int set_headers(CURL *easy, const struct lr_http_ask *ask, struct curl_slist **headers)
{
	bool typed = false;
	int bad = add_header(headers, "Expect:");

	for (unsigned i = 0; i < ask->n_headers; i++) {
		typed |= strncasecmp(ask->headers[i], "content-type:", 13) == 0;
		bad |= add_header(headers, ask->headers[i]);
	}
	if (!typed)
		bad |= add_header(headers, "Content-Type:");
	SET(easy, CURLOPT_HTTPHEADER, *headers);
	return bad ? -ENOMEM : 0;
}

static void set_method(CURL *easy, const struct lr_http_ask *ask)
{
	bool bodied =
		ask->body || strcmp(ask->method, "PUT") == 0 || strcmp(ask->method, "POST") == 0;

	if (bodied) {
		SET(easy, CURLOPT_POST, 1l);
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->len);
		SET(easy, CURLOPT_COPYPOSTFIELDS, ask->body ? ask->body : "");
	}
	SET(easy, CURLOPT_CUSTOMREQUEST, ask->method);
}

static int set_segment(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	(void)ctx, (void)purpose;
	lr_dial_segment(fd);
	return CURL_SOCKOPT_OK;
}

static void set_limits(CURL *easy, const struct lr_http_ask *ask)
{
	long ms = ask->timeout_ms ? (long)ask->timeout_ms : TIMEOUT_MS;
	const char *ca = getenv("SSL_CERT_FILE");

	SET(easy, CURLOPT_NOSIGNAL, 1l);
	SET(easy, CURLOPT_TIMEOUT_MS, ask->connect_only ? 0 : ms);
	SET(easy, CURLOPT_CONNECTTIMEOUT_MS, ms < CONNECT_MS ? ms : CONNECT_MS);
	SET(easy, CURLOPT_SOCKOPTFUNCTION, set_segment);
	SET(easy, CURLOPT_TCP_KEEPALIVE, 1l);
	SET(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
	SET(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	SET(easy, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	SET(easy, CURLOPT_QUICK_EXIT, 1l); /* ending a call waits for no resolver */
#endif
	if (ca && *ca)
		SET(easy, CURLOPT_CAINFO, ca);
}

int lr_http_ask_set(CURL *easy, const struct lr_http_ask *ask, struct curl_slist **headers)
{
	set_limits(easy, ask);
	SET(easy, CURLOPT_USERAGENT, "lanrage/" LR_VERSION);
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (curl_easy_setopt(easy, CURLOPT_URL, ask->url) != CURLE_OK)
		return -ENOMEM;
	if (ask->connect_only) {
		SET(easy, CURLOPT_CONNECT_ONLY, 1l);
		SET(easy, CURLOPT_HTTPPROXYTUNNEL, 1l);
		return 0;
	}
	set_method(easy, ask);
	return set_headers(easy, ask, headers);
}
