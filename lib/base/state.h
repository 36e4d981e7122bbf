/*
 * state.h - state files that survive kill -9
 *
 * A replacement is: write FILE.new, fsync, rename over FILE, fsync the folder, all
 * under FILE.lock (flock). An append is acknowledged after fdatasync.
 */
#ifndef LR_BASE_STATE_H
#define LR_BASE_STATE_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/base/err.h"

/* $LR_STATE_DIR, else /var/lib/lanrage for root, else $XDG_STATE_HOME/lanrage, else
 * ~/.local/state/lanrage. Writes it into `out` (PATH_MAX). 0, or -1 with `err`. Makes nothing. */
int lr_state_dir(char *out, size_t room, struct lr_err *err);
/* $LR_RUN_DIR, else /run/lanrage. */
int lr_run_dir(char *out, size_t room, struct lr_err *err);
/* mkdir -p with `mode` for what is missing. 0, or -1 with `err`. */
int lr_make_dirs(const char *path, mode_t mode, struct lr_err *err);

/* Takes PATH.lock exclusively, waiting; returns a descriptor to close, or -1 with `err`. */
int lr_lock_file(const char *path, struct lr_err *err);
/* The whole file, malloc'd, NUL behind it, at most `max` bytes. NULL with `err`;
 * *len set. errno == ENOENT is kept for the caller to look at. */
char *lr_read_file(const char *path, size_t max, size_t *len, struct lr_err *err);
/* Replaces PATH as described above, with `mode`. The caller holds the lock. 0 or -1 with `err`. */
int lr_replace_file(
	const char *path, const void *bytes, size_t len, mode_t mode, struct lr_err *err);
/* The same, but never over an existing file (link instead of rename): 0, 1 when it was there
 * already (nothing is written), -1 with `err`. */
int lr_create_file(
	const char *path, const void *bytes, size_t len, mode_t mode, struct lr_err *err);

#endif
