/*
 * favourites.h - servers that the user wants to be asked every time: favourites.json in the state
 * folder, texts ADDRESS[:PORT] as they were typed
 */
#ifndef LR_GAME_FAVOURITES_H
#define LR_GAME_FAVOURITES_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/json.h"

/* An array of texts, empty when there is no file; to be released. NULL with `err`: the file cannot
 * be read, or holds something else. */
json_t *lr_favourites_load(struct lr_err *err);
/* Keeps those `n` texts, or forgets them, in one step that is whole or not at all. 0, or -1 with
 * `err`: also when one to be forgotten is not there. */
int lr_favourites_keep(char *const *texts, int n, struct lr_err *err);
int lr_favourites_forget(char *const *texts, int n, struct lr_err *err);

#endif
