/*
 * book.h - the peers, wherever they are kept, and the requests that are answered from them
 *
 * A book is the list of peers of a running node, or of the state file when none runs. Requests
 * and answers are those of the control socket (control.h), so that a verb of lr-peer is written
 * once and does the same in both places.
 *
 *   {"do": "peers", "names": [NAME...], "detail": bool}  -> {"ok": true, "peers": [OBJECT...]}
 *   {"do": "peer-set", "peer": OBJECT}                    -> {"ok": true, "peer": OBJECT or null}
 *   {"do": "peer-remove", "peer": NAME}                  -> {"ok": true, "peer": OBJECT}
 *   {"do": "config", "names": [NAME...], "private": bool} -> {"ok": true, "config": OBJECT}
 *
 * Without "names" all peers are meant. Objects are in the vocabulary of share/schema/peer.json;
 * no answer but "config" holds a preshared key. "peer-set" adds a peer or changes one: what is not
 * given stays, allowed IPs are added. An object that means ourselves changes nothing (null).
 */
#ifndef LR_NODE_BOOK_H
#define LR_NODE_BOOK_H

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/wg/config.h"
#include "lib/wg/wg.h"

#define LR_BOOK_PREFIX_MIN 6 /* characters of a public key that may stand for it */

struct lr_book_peer {
	const char *name; /* "" when it has none */
	const uint8_t *public_key;
	void *who; /* the book's own handle; NULL: no peer */
};

struct lr_book {
	void *ctx;
	/* The peer behind `who`; the first when `who` is NULL. who == NULL in the answer: no more.
	 */
	struct lr_book_peer (*next)(void *ctx, void *who);
	struct lr_book_peer (*find)(void *ctx, const uint8_t public_key[LR_KEY_LEN]);
	/* The peer as a value, valid until the next call into the book. NULL: out of memory. */
	const struct lr_config_peer *(*view)(void *ctx, void *who);
	/* What is known of it in a running node; NULL when none runs. */
	const struct lr_wg_peer *(*live)(void *ctx, void *who);
	/* Adds a peer, or brings the one with that key to what is given (lr_node_peer_set()). */
	int (*set)(void *ctx, const struct lr_config_peer *p, struct lr_err *err);
	int (*remove)(void *ctx, void *who, struct lr_err *err); /* 0, or -1 with `err` */
	/* The whole configuration; the caller releases it. 0 or -ENOMEM. */
	int (*config)(void *ctx, struct lr_config *out);
	const char *own_name;        /* "" when we have none */
	uint8_t own_key[LR_KEY_LEN]; /* our public key */
	bool has_own_key;
};

/* The peer that NAME means: nickname, else public key, else a prefix of one with at least
 * LR_BOOK_PREFIX_MIN characters, else a virtual address. who == NULL with `err` when there is
 * none or more than one (LR_EXIT_FAILED). */
struct lr_book_peer lr_book_find(const struct lr_book *b, const char *name, struct lr_err *err);

/* The answer to a request: a new object, never NULL but when out of memory. *mine = false when
 * "do" is none of the verbs above; then NULL. */
json_t *lr_book_answer(struct lr_book *b, const json_t *request, bool *mine);

/* Takes an answer apart (and its reference): the same without "ok", or NULL with what it says in
 * `err`. */
json_t *lr_book_take(json_t *answer, struct lr_err *err);

json_t *lr_book_yes(void);                    /* {"ok": true} */
json_t *lr_book_no(const struct lr_err *err); /* {"ok": false, "exit": ..., "error": ...} */

#endif
