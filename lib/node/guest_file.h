/*
 * guest_file.h - a guest's wg-quick file, made by whoever asks a node for a guest
 *
 * The guest's key pair is made here: the node learns only the public half, so that nothing that it
 * keeps or exports can hold the private one.
 */
#ifndef LR_NODE_GUEST_FILE_H
#define LR_NODE_GUEST_FILE_H

#include "lib/node/client.h"

#define LR_GUEST_WAIT_S 20 /* for what the node finds out of its network when it has just begun */

/* Asks the node for the guest `name`; `endpoint` (HOST[:PORT], NULL: the node finds it) is where
 * the guest reaches it. An object: peer, public_key, address, address6, endpoint, relay (null: the
 * guest comes straight to the node), wg_quick (the file: wipe it). NULL with `err`; then the node
 * has no such guest. */
json_t *lr_guest_file(
	struct lr_client *c, const char *name, const char *endpoint, struct lr_err *err);

/* A file as short as it can be written, without comments and blanks, for a QR code on a small
 * screen. malloc'd; NULL: out of memory. */
char *lr_guest_compact(const char *wg_quick);

#endif
