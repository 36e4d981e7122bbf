/*
 * saver.c - see saver.h
 */
#include "lib/server/saver.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/state.h"

struct job {
	struct job *next;
	uint64_t number;
	json_t *value; /* NULL: the file goes */
	char path[];
};

struct lr_saver {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job *first, **last;
	uint64_t given, done, failed;
	bool end;
	int fd;
	char why[200];
};

static int do_job(const struct job *j, struct lr_err *err)
{
	if (j->value) {
		char *text = lr_json_text(j->value);
		int r = text ? lr_replace_file(j->path, text, strlen(text), 0600, err)
			     : lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		free(text);
		return r;
	}
	if (unlink(j->path) < 0 && errno != ENOENT)
		return lr_err_set(err, LR_EXIT_FAILED, "%.300s: %s", j->path, strerror(errno));
	return 0;
}

static void finished(struct lr_saver *s, struct job *j, int r, const struct lr_err *err)
{
	s->done = j->number;
	if (r < 0) {
		s->failed = j->number;
		snprintf(s->why, sizeof(s->why), "%.199s", err->text);
	}
	const uint64_t one = 1;
	if (write(s->fd, &one, sizeof(one)) < 0) { /* its counter is not at its end: it is told */
	}
	free(j);
}

static void *run(void *arg)
{
	struct lr_saver *s = arg;
	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct job *j = s->first;
		if (!j && s->end)
			break;
		if (!j) {
			pthread_cond_wait(&s->work, &s->lock);
			continue;
		}
		s->first = j->next;
		if (!s->first)
			s->last = &s->first;
		pthread_mutex_unlock(&s->lock);
		struct lr_err err = {.text = ""};
		int r = do_job(j, &err);
		json_decref(j->value);
		pthread_mutex_lock(&s->lock);
		finished(s, j, r, &err);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Signals are the loop's. */
static int start_thread(struct lr_saver *s)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

struct lr_saver *lr_saver_new(void)
{
	struct lr_saver *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->last = &s->first;
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->work, NULL);
	if (s->fd >= 0 && start_thread(s) == 0)
		return s;
	if (s->fd >= 0)
		close(s->fd);
	free(s);
	return NULL;
}

void lr_saver_free(struct lr_saver *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->end = true;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->work);
	close(s->fd);
	free(s);
}

int lr_saver_fd(const struct lr_saver *s)
{
	return s->fd;
}

uint64_t lr_saver_put(struct lr_saver *s, const char *path, json_t *value)
{
	struct job *j = malloc(sizeof(*j) + strlen(path) + 1);
	if (!j) {
		json_decref(value);
		return 0;
	}
	*j = (struct job){.value = value};
	memcpy(j->path, path, strlen(path) + 1);
	pthread_mutex_lock(&s->lock);
	uint64_t number = j->number = ++s->given;
	*s->last = j;
	s->last = &j->next;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
	return number;
}

uint64_t lr_saver_done(struct lr_saver *s, uint64_t *failed, char why[200])
{
	uint64_t count;
	if (read(s->fd, &count, sizeof(count)) < 0) { /* EAGAIN: looked at already */
	}
	pthread_mutex_lock(&s->lock);
	uint64_t done = s->done;
	*failed = s->failed;
	memcpy(why, s->why, sizeof(s->why));
	s->why[0] = '\0';
	pthread_mutex_unlock(&s->lock);
	return done;
}
