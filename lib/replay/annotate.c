/*
 * annotate.c - see annotate.h
 */
#include "lib/replay/annotate.h"

#include <errno.h>
#include <string.h>

#include "lib/perf/pcapng_write.h"

int lr_annotate_open(struct lr_annotate *a, const char *path, struct lr_err *err)
{
	*a = (struct lr_annotate){.out = fopen(path, "we")};
	if (!a->out)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	a->error = lr_pcapng_begin(a->out, "lr-perf replay");
	return 0;
}

/* The interface of a link type, described when it is new; -1: there are too many. */
static int interface_of(struct lr_annotate *a, uint32_t link)
{
	char name[16];

	for (unsigned i = 0; i < a->n; i++)
		if (a->links[i] == link)
			return (int)i;
	if (a->n == LR_ANNOTATE_LINKS)
		return -1;
	snprintf(name, sizeof(name), "link %u", link & 0xffff);
	a->links[a->n] = link;
	a->error = lr_pcapng_interface(a->out, link, 0, name);
	return (int)a->n++;
}

void lr_annotate_add(
	struct lr_annotate *a, const struct lr_engine *e, const struct lr_captured *frame)
{
	struct lr_stage_stamp stamps[LR_ENGINE_STAGES];
	struct lr_captured copy = *frame;
	char comment[LR_STAGES_TEXT];
	int iface = a->error ? -1 : interface_of(a, frame->link);

	if (iface < 0 || a->error)
		return;
	copy.iface = (uint32_t)iface;
	if (lr_stages_parse(frame, stamps, 1)) { /* of another time */
		copy.comment = NULL;
		copy.comment_len = 0;
	}
	for (int i = 0; e->timed && i < LR_ENGINE_STAGES; i++) {
		snprintf(stamps[i].name, sizeof(stamps[i].name), "%s", e->stages[i].name);
		stamps[i].ns = e->last_ns[i];
	}
	if (e->timed) {
		copy.comment_len = (uint32_t)lr_stages_text(stamps, LR_ENGINE_STAGES, comment);
		copy.comment = comment;
	}
	a->error = lr_pcapng_packet(a->out, &copy);
}

int lr_annotate_close(struct lr_annotate *a)
{
	int r = a->error;

	if (a->out && fclose(a->out) != 0 && !r)
		r = -errno;
	a->out = NULL;
	return r;
}
