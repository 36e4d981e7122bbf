/*
 * mapping.c - see mapping.h; the lines are those of lib/io/meet.h
 */
#include "lib/node/mapping.h"

#include <stdio.h>

#include "terms.h"

uint64_t lr_mapping_ask(
	struct lr_helper *m, uint16_t port, bool tcp, lr_helper_done done, void *ctx)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_DO, "map");
	lr_json_put_int(o, LR_K_PORT, port);
	lr_json_put_str(o, LR_K_PROTOCOL, tcp ? "tcp" : "udp");
	lr_json_put_int(o, LR_K_LIFETIME_S, LR_MAPPING_LIFETIME_S);
	return lr_helper_hold(m, o, done, ctx);
}

void lr_mapping_again(struct lr_helper *m, uint64_t id)
{
	lr_helper_about(m, "renew", id);
}

void lr_mapping_end(struct lr_helper *m, uint64_t id)
{
	lr_helper_about(m, "unmap", id);
}

static void copy(char *to, size_t room, const char *text)
{
	snprintf(to, room, "%s", text ? text : "");
}

static void read_attempts(struct lr_mapping *t, const json_t *list)
{
	bool bad = false;

	for (size_t i = 0; i < json_array_size(list) && i < LR_MAPPING_PROTOCOLS; i++) {
		const json_t *one = json_array_get(list, i);
		copy(t->attempts[i].by, sizeof(t->attempts[i].by), lr_json_str(one, LR_K_BY, &bad));
		copy(t->attempts[i].error, sizeof(t->attempts[i].error),
			lr_json_str(one, LR_K_ERROR, &bad));
	}
}

void lr_mapping_read(struct lr_mapping *t, const struct lr_helper_answer *a)
{
	bool bad = false;
	const char *mapped = lr_json_str(a->line, LR_K_MAPPED, &bad);

	*t = (struct lr_mapping){.last = a->error != NULL};
	copy(t->error, sizeof(t->error), a->error);
	if (mapped && !t->last && lr_endpoint_parse(mapped, &t->at) == 0) {
		copy(t->by, sizeof(t->by), lr_json_str(a->line, LR_K_BY, &bad));
		t->lifetime_s = (uint32_t)lr_json_int(a->line, LR_K_LIFETIME_S, 0, &bad);
		t->double_nat = lr_json_bool(a->line, LR_K_DOUBLE_NAT, false, &bad);
	}
	read_attempts(t, json_object_get(a->line, LR_K_ATTEMPTS));
}

bool lr_mapping_good(const struct lr_mapping *t)
{
	struct lr_ip ip = lr_endpoint_ip(&t->at);

	return t->at.sa.sa_family != AF_UNSPEC && !t->double_nat && lr_ip_public(&ip);
}
