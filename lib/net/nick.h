/*
 * nick.h - what a member may be called
 *
 * A nickname must survive a table on a terminal, a line of a pipe and a word of a shell. One rule
 * for every program, so that what one prints another takes.
 */
#ifndef LR_NET_NICK_H
#define LR_NET_NICK_H

#define LR_NICK_MAX 63 /* bytes, as a DNS label */

/* Why `name` cannot be a nickname, as the end of a sentence ("is empty"); NULL when it can: 1 to 63
 * bytes of UTF-8, spaces inside only, nothing invisible, no { or - in front, no address. */
const char *lr_nick_fault(const char *name);

#endif
