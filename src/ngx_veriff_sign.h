
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_SIGN_H_INCLUDED_
#define _NGX_VERIFF_SIGN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * HMAC-SHA256 as the provider uses it: over raw bytes, keyed with the
 * secret's printed text, in hex.  OpenSSL is included by ngx_veriff_sign.c,
 * ngx_veriff_seal.c and ngx_veriff_mac.c only.
 */

#define NGX_VERIFF_HMAC_HEX_LEN  64
#define NGX_VERIFF_SECRETS_MAX   16


/* the secrets of one API key: the first signs, all of them verify */
typedef struct ngx_veriff_secrets_s  ngx_veriff_secrets_t;

/* one running computation */
typedef struct ngx_veriff_hmac_s  ngx_veriff_hmac_t;


/*
 * Prepares keyed contexts for the secrets, at most NGX_VERIFF_SECRETS_MAX
 * non-empty strings, whose bytes are not kept.  What it makes is freed and
 * cleansed with the pool.  Contexts are kept for reuse by each process: no
 * other call fetches an algorithm or sets a key.
 * Returns NULL on error.
 */
ngx_veriff_secrets_t *ngx_veriff_secrets_create(ngx_pool_t *pool,
    ngx_array_t *secrets);

/*
 * Starts a computation with the first secret, or with all of them if verify
 * is set.  Contexts go back when it is finished, or with the pool.
 * Returns NULL on error.
 */
ngx_veriff_hmac_t *ngx_veriff_hmac_start(ngx_pool_t *pool,
    ngx_veriff_secrets_t *secrets, ngx_uint_t verify);

/* Adds bytes: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_veriff_hmac_update(ngx_veriff_hmac_t *hmac, u_char *p,
    size_t len);

/*
 * Finishes with the first secret and writes NGX_VERIFF_HMAC_HEX_LEN lower
 * case digits: NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_veriff_hmac_sign(ngx_veriff_hmac_t *hmac, u_char *hex);

/*
 * Finishes and compares, in constant time, with a signature in hex of either
 * case.  Returns NGX_OK (one of the secrets made it), NGX_DECLINED or
 * NGX_ERROR.
 */
ngx_int_t ngx_veriff_hmac_verify(ngx_veriff_hmac_t *hmac, ngx_str_t *hex);

/* NGX_OK if it is 64 hex digits of either case, else NGX_DECLINED. */
ngx_int_t ngx_veriff_hmac_form(ngx_str_t *hex);


#endif /* _NGX_VERIFF_SIGN_H_INCLUDED_ */
