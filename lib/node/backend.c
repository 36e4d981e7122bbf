/*
 * backend.c - where requests about peers go
 */
#include "lib/node/backend.h"

#include <stdlib.h>
#include <string.h>

int lr_backend_open(struct lr_backend *b, const char *iface, bool write, struct lr_err *err)
{
	struct lr_client_node *nodes = NULL;
	int n = iface ? 1 : lr_client_list(&nodes, err);

	memset(b, 0, sizeof(*b));
	free(nodes);
	if (n < 0)
		return -1;
	if (n == 0)
		return lr_state_book_open(&b->state, write, err);
	b->client = lr_client_open(iface, err);
	return b->client ? 0 : -1;
}

json_t *lr_backend_ask(struct lr_backend *b, json_t *request, struct lr_err *err)
{
	bool mine;

	if (b->client)
		return lr_client_ask(b->client, request, err);
	json_t *answer = lr_book_answer(&b->state.book, request, &mine);
	json_decref(request);
	return lr_book_take(answer, err);
}

int lr_backend_commit(struct lr_backend *b, struct lr_err *err)
{
	return b->client ? 0 : lr_state_book_commit(&b->state, err);
}

void lr_backend_close(struct lr_backend *b)
{
	if (b->client)
		lr_client_close(b->client);
	else
		lr_state_book_close(&b->state);
}
