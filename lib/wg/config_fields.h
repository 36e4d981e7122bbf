/*
 * config_fields.h - the fields of a wg-quick file, from one table (private to lib/wg)
 */
#ifndef LR_WG_CONFIG_FIELDS_H
#define LR_WG_CONFIG_FIELDS_H

#include "lib/wg/config_reader.h"

#define LR_CONFIG_FIELDS 20 /* at most so many in the table */

enum lr_config_section { LR_SECTION_NONE, LR_SECTION_INTERFACE, LR_SECTION_PEER };

struct lr_config_field {
	const char *name;
	enum lr_config_section section;
	bool many; /* may stand more than once in a section */
	/* `value` has no white space around it and may be changed. 0, or -1 with the error. */
	int (*read)(struct lr_config_reader *r, char *value, const struct lr_config_field *self);
};

/* The field `name` (any case) of `section`; NULL and the reader's error when there is none. */
const struct lr_config_field *lr_config_field_find(
	const struct lr_config_reader *r, enum lr_config_section section, const char *name);
/* Its place in the table, below LR_CONFIG_FIELDS. */
size_t lr_config_field_index(const struct lr_config_field *field);
/* The place of "PublicKey", which every peer needs. */
size_t lr_config_field_public_key(void);

#endif
