/*
 * name.c - names and keys of peers in a pool
 */
#include "lib/ipam/record.h"

#include <string.h>

#include "lib/net/nick.h"

int lr_name_check(const char *name, struct lr_err *err)
{
	const char *fault = lr_nick_fault(name);
	if (!fault)
		return 0;
	return lr_err_set(err, LR_EXIT_FAILED, "%.80s%s: the name %s", name,
		strlen(name) > 80 ? "..." : "", fault);
}

bool lr_name_is_key(const char *text)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return strlen(text) == LR_KEY_CHARS && strspn(text, base64) == LR_KEY_CHARS - 1 &&
	       text[LR_KEY_CHARS - 1] == '=' && strchr("AEIMQUYcgkosw048", text[LR_KEY_CHARS - 2]);
}
