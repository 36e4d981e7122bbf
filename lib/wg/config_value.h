/*
 * config_value.h - words, numbers and what an error may repeat of them (private to lib/wg)
 */
#ifndef LR_WG_CONFIG_VALUE_H
#define LR_WG_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#define LR_CONFIG_SHOWN 64 /* room for a wrong value in an error, with the NUL */

/* Takes white space from both ends; returns where the text begins. */
char *lr_config_trim(char *text);
/* Takes the next word of a list that commas, white space or both divide; "" between two commas
 * and behind the last; NULL at the end. */
char *lr_config_next_word(char **list);
/* True when `text` is a word of up to 32 letters, so that an error may repeat it: a key that
 * landed in the wrong place is not. */
bool lr_config_is_word(const char *text);
/* A wrong value as an error may show it: quoted, cut, or, when it looks like a key, not at all. */
const char *lr_config_shown(const char *value, char out[LR_CONFIG_SHOWN]);
/* Digits of base 10 or 16 and nothing else, at most `max`. 0 or -EINVAL. */
int lr_config_number(const char *text, unsigned base, uint64_t max, uint64_t *out);

#endif
