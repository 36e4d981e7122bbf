/*
 * http_ask.h - a request of http_client.h as libcurl's options
 *
 * Of http_client.c only: what of a call depends on nothing but what is asked.
 */
#ifndef LR_IO_HTTP_ASK_H
#define LR_IO_HTTP_ASK_H

#include <curl/curl.h>

#include "lib/io/http_client.h"

/* 0, or an error in `err` (LR_EXIT_USAGE): method, lengths, headers. */
int lr_http_ask_check(const struct lr_http_ask *ask, struct lr_err *err);
/* Limits, URL, method, body and headers. `headers`, at first NULL, are the caller's to free after
 * `easy`, also after an error. Its own function for sockets (CURLOPT_SOCKOPTFUNCTION) may be
 * replaced afterwards. 0 or -ENOMEM. */
int lr_http_ask_set(CURL *easy, const struct lr_http_ask *ask, struct curl_slist **headers);

#endif
