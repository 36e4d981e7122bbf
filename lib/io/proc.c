/*
 * proc.c - see proc.h
 */
#include "lib/io/proc.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define TEXT      4096
#define PSS_EVERY 5

static int open_in(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_CLOEXEC);
}

int lr_proc_open(struct lr_proc *p, long pid, struct lr_err *err)
{
	char path[32];

	*p = (struct lr_proc){-1, -1, -1, -1};
	snprintf(path, sizeof(path), "/proc/%ld", pid);
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "%ld: there is no such process", pid);
	p->stat = open_in(dir, "stat");
	p->schedstat = open_in(dir, "schedstat");
	p->status = open_in(dir, "status");
	p->smaps = open_in(dir, "smaps_rollup");
	int fds = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p->fd = fds >= 0 ? fdopendir(fds) : NULL;
	if (fds >= 0 && !p->fd)
		close(fds);
	close(dir);
	return 0;
}

void lr_proc_close(struct lr_proc *p)
{
	const int fds[] = {p->stat, p->schedstat, p->status, p->smaps};

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (p->fd)
		closedir(p->fd);
	*p = (struct lr_proc){-1, -1, -1, -1};
}

static bool text_of(int fd, char out[TEXT])
{
	ssize_t n = fd >= 0 ? pread(fd, out, TEXT - 1, 0) : -1;

	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static double count(DIR *dir)
{
	const struct dirent *e;
	unsigned n = 0;

	if (!dir)
		return NAN;
	rewinddir(dir);
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	return n;
}

bool lr_proc_read(struct lr_proc *p)
{
	char text[TEXT];
	struct lr_watch_proc *w = &p->last;

	if (!text_of(p->stat, text) ||
		!lr_watch_stat(w, text, sysconf(_SC_CLK_TCK), sysconf(_SC_PAGESIZE)))
		return false;
	if (w->threads < 2 && text_of(p->schedstat, text))
		(void)!lr_watch_schedstat(w, text);
	if (text_of(p->status, text))
		(void)!lr_watch_status(w, text);
	if (p->reads++ % PSS_EVERY == 0 && text_of(p->smaps, text))
		(void)!lr_watch_smaps(w, text);
	w->fds = count(p->fd);
	return true;
}
