
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_MAC_H_INCLUDED_
#define _NGX_VERIFF_MAC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/evp.h>


/*
 * HMAC-SHA256 with a key that is set once: for ngx_veriff_sign.c and
 * ngx_veriff_seal.c only.
 */

#define NGX_VERIFF_MAC_LEN  32


/*
 * Makes a context with the key, whose bytes are not kept.  It is copied, not
 * used itself; the caller frees it with EVP_MAC_CTX_free().
 * Returns NULL on error.
 */
EVP_MAC_CTX *ngx_veriff_mac_key(u_char *key, size_t len);

/*
 * Starts a MAC with that key.  *ctx is NULL or what this has made before of
 * the same keyed context; the caller frees it in the end.  With a NULL *ctx
 * it is a copy, otherwise started again, which costs a third of that.
 * Returns NGX_OK, or NGX_ERROR: then *ctx is NULL, and was freed.
 */
ngx_int_t ngx_veriff_mac_start(EVP_MAC_CTX **ctx, EVP_MAC_CTX *keyed);

/*
 * Ends it; md has NGX_VERIFF_MAC_LEN bytes.
 * Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_veriff_mac_final(EVP_MAC_CTX *ctx, u_char *md);


#endif /* _NGX_VERIFF_MAC_H_INCLUDED_ */
