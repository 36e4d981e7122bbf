/*
 * favourites.c - servers that the user wants to be asked every time
 */
#include "lib/game/favourites.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/state.h"
#include "terms.h"

#define NAME     "favourites.json"
#define FILE_MAX (64u << 10)

/* The folder, and the file in it. */
static int where(char dir[PATH_MAX], char file[PATH_MAX], struct lr_err *err)
{
	if (lr_state_dir(dir, PATH_MAX - sizeof(NAME), err) < 0)
		return -1;
	snprintf(file, PATH_MAX, "%.*s/" NAME, (int)(PATH_MAX - sizeof(NAME) - 1), dir);
	return 0;
}

static json_t *read_list(const char *file, struct lr_err *err)
{
	size_t len;
	char *bytes = lr_read_file(file, FILE_MAX, &len, err);

	if (!bytes && errno == ENOENT)
		return json_array();
	if (!bytes)
		return NULL;
	json_t *o = lr_json_parse(bytes, len, NULL);
	json_t *list = json_incref(json_object_get(o, LR_K_FAVOURITES));
	free(bytes);
	json_decref(o);
	if (json_is_array(list))
		return list;
	json_decref(list);
	lr_err_set(err, LR_EXIT_FAILED, "%s: no list of favourites: mend it or remove it", file);
	return NULL;
}

json_t *lr_favourites_load(struct lr_err *err)
{
	char dir[PATH_MAX], file[PATH_MAX];

	return where(dir, file, err) < 0 ? NULL : read_list(file, err);
}

static int write_list(const char *file, json_t *list, struct lr_err *err)
{
	json_t *o = json_object();

	lr_json_put(o, LR_K_FAVOURITES, json_incref(list));
	char *text = lr_json_text(o);
	json_decref(o);
	int rc = text ? lr_replace_file(file, text, strlen(text), 0600, err)
		      : lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	free(text);
	return rc;
}

static size_t place(const json_t *list, const char *text)
{
	size_t i;
	json_t *v;

	json_array_foreach (list, i, v)
		if (json_is_string(v) && strcmp(json_string_value(v), text) == 0)
			return i;
	return json_array_size(list);
}

static int change_list(json_t *list, char *const *texts, int n, bool keep, struct lr_err *err)
{
	for (int i = 0; i < n; i++) {
		size_t at = place(list, texts[i]);
		bool there = at < json_array_size(list);
		if (!there && !keep)
			return lr_err_set(err, LR_EXIT_FAILED, "%s: no favourite", texts[i]);
		if (!there)
			json_array_append_new(list, json_string(texts[i]));
		else if (!keep)
			json_array_remove(list, at);
	}
	return 0;
}

static int change(char *const *texts, int n, bool keep, struct lr_err *err)
{
	char dir[PATH_MAX], file[PATH_MAX];

	if (where(dir, file, err) < 0 || lr_make_dirs(dir, 0700, err) < 0)
		return -1;
	int lock = lr_lock_file(file, err);
	json_t *list = lock < 0 ? NULL : read_list(file, err);
	int rc = list && change_list(list, texts, n, keep, err) == 0 ? write_list(file, list, err)
								     : -1;
	json_decref(list);
	if (lock >= 0)
		close(lock);
	return rc;
}

int lr_favourites_keep(char *const *texts, int n, struct lr_err *err)
{
	return change(texts, n, true, err);
}

int lr_favourites_forget(char *const *texts, int n, struct lr_err *err)
{
	return change(texts, n, false, err);
}
