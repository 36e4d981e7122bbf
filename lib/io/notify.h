/*
 * notify.h - events of lr-peer watch from a pipe to a webhook and to the desktop
 *
 * Theory of operation. One loop. The pipe is always read, whatever the webhook does: what does
 * not fit into the queue of webhook.h is dropped, oldest first. When the pipe ends, what waits is
 * posted at once, for at most LR_NOTIFY_END_S. The URL gives access and is in no text.
 */
#ifndef LR_IO_NOTIFY_H
#define LR_IO_NOTIFY_H

#include "lib/base/err.h"
#include "lib/io/notice.h"

#define LR_NOTIFY_END_S 10

struct lr_notify_options {
	int in;
	const char *url; /* NULL: no webhook */
	enum lr_notice_form form;
	bool desktop;     /* notify-send(1) */
	bool dry_run;     /* print the posts instead */
	const char *only; /* names of events with commas, "all", or NULL: what players care for */
};

/* Until the pipe ends or a signal comes. LR_EXIT_OK; LR_EXIT_FAILED when a line was no event or
 * something was not posted (told to the log); or -1 with `err`: the webhook is gone. */
int lr_notify_run(const struct lr_notify_options *options, struct lr_err *err);

#endif
