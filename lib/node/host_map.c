/*
 * host_map.c - see host_map.h; the requests are those of lib/node/mapping.h
 */
#include "lib/node/host_map.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/io/child.h"
#include "lib/node/mapping.h"

enum { END_MS = 3000 };
enum { TCP, UDP, BOTH };

struct lr_host_map {
	struct lr_helper helper;
	char program[PATH_MAX];
	struct one {
		struct lr_host_map *all;
		uint64_t id; /* of the request; 0: none is open */
		bool told;
		struct lr_mapping got;
	} maps[BOTH];
	bool started; /* changes are told from now on */
};

static void told(void *ctx, const struct lr_helper_answer *a)
{
	struct one *one = ctx;
	struct lr_endpoint before = one->got.at;

	lr_mapping_read(&one->got, a);
	one->told = true;
	if (one->got.last)
		one->id = 0;
	if (!one->all->started)
		return;
	if (one->got.last)
		lr_log(LR_LOG_NOTE,
			"the router's port for the relay here is lost (%s): others cannot reach it "
			"from outside any more",
			one->got.error);
	else if (!lr_mapping_good(&one->got) || !lr_endpoint_equal(&before, &one->got.at))
		lr_log(LR_LOG_NOTE, "the home router has changed: others find the relay here no "
				    "longer where the invite says");
}

static void ask(struct lr_host_map *m, int which, uint16_t port)
{
	struct one *one = &m->maps[which];

	one->all = m;
	one->id = lr_mapping_ask(&m->helper, port, which == TCP, told, one);
}

/* Where the relay is found from outside; false when it is not. */
static bool found(const struct lr_host_map *m, struct lr_place *outside)
{
	char text[LR_ENDPOINT_TEXT];
	const struct lr_endpoint *at = &m->maps[TCP].got.at;

	return lr_mapping_good(&m->maps[TCP].got) && lr_endpoint_equal(at, &m->maps[UDP].got.at) &&
	       lr_place_parse(lr_endpoint_text(at, text), strlen(text), outside) == 0;
}

struct lr_host_map *lr_host_map_start(
	struct lr_loop *loop, uint16_t port, unsigned wait_ms, struct lr_place *outside)
{
	struct lr_host_map *m = calloc(1, sizeof(*m));
	uint64_t until = lr_now() + wait_ms * LR_NS_PER_MS;

	if (!m)
		return NULL;
	lr_child_program("lr-meet", m->program);
	lr_helper_init(&m->helper, loop, "relay", m->program, NULL);
	ask(m, TCP, port);
	ask(m, UDP, port);
	while (!(m->maps[TCP].told && m->maps[UDP].told) && lr_helper_wait(&m->helper, until)) {
	}
	if (found(m, outside)) {
		m->started = true;
		return m;
	}
	lr_host_map_stop(m);
	return NULL;
}

void lr_host_map_stop(struct lr_host_map *m)
{
	uint64_t until = lr_now() + END_MS * LR_NS_PER_MS;

	if (!m)
		return;
	m->started = false;
	for (int i = 0; i < BOTH; i++)
		if (m->maps[i].id)
			lr_mapping_end(&m->helper, m->maps[i].id);
	while ((m->maps[TCP].id || m->maps[UDP].id) && lr_helper_wait(&m->helper, until)) {
	}
	lr_helper_release(&m->helper);
	free(m);
}
