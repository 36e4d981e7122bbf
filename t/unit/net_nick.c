/*
 * net_nick.c - what may be a nickname
 */
#include "lib/net/nick.h"

#include "t/unit/tap.h"

int main(void)
{
	static const struct {
		const char *name, *fault;
	} cases[] = {
		{"bob", NULL},
		{"Bob Smith", NULL},
		{"b  ob", NULL},
		{"Zo\xc3\xab-7", NULL},
		{"10player", NULL},
		{"10.66.0", NULL},
		{"123456789012345678901234567890123456789012345678901234567890123", NULL},
		{"1234567890123456789012345678901234567890123456789012345678901234",
			"is longer than 63 bytes"},
		{"", "is empty"},
		{" bob", "begins or ends with a space"},
		{"bob ", "begins or ends with a space"},
		{"b\tob", "has a control or invisible character"},
		{"b\xc2\x9b", "has a control or invisible character"},
		{"b\xc2\xa0", "has a control or invisible character"},
		{"b\xe2\x80\xae", "has a control or invisible character"},
		{"b\xf3\xa0\x80\xa1", "has a control or invisible character"},
		{"b\xff", "is not UTF-8"},
		{"b\xed\xa0\x80", "is not UTF-8"},
		{"-bob", "begins with { or -"},
		{"{bob", "begins with { or -"},
		{"10.66.0.1", "looks like an address"},
		{"fd00::1", "looks like an address"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *fault = lr_nick_fault(cases[i].name);
		is_str(fault ? fault : "", cases[i].fault ? cases[i].fault : "", cases[i].name);
	}
	return tap_done();
}
