/*
 * identity.h - this machine's WireGuard key pair, in the state folder
 *
 * `identity.key`: the private key as `wg genkey` writes it, mode 0600. Made on first use, never
 * overwritten: two programs that make it at the same moment end with the same key.
 */
#ifndef LR_NODE_IDENTITY_H
#define LR_NODE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/crypto/crypto.h"

/* Reads the key; makes it when it is missing and `make` is set. 0 or -1 with `err` (missing and
 * not to be made, not readable, damaged: never replaced). */
int lr_identity_load(uint8_t private_key[LR_KEY_LEN], bool make, struct lr_err *err);

#endif
