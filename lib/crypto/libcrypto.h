/*
 * libcrypto.h - what lib/crypto itself needs from libcrypto's side
 */
#ifndef LR_CRYPTO_LIBCRYPTO_H
#define LR_CRYPTO_LIBCRYPTO_H

/* Makes libcrypto ready without openssl.cnf and without fetching anything. 0 or -ENOSYS. */
int lr_libcrypto_init(void);

#endif
