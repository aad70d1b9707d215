
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_SEAL_H_INCLUDED_
#define _NGX_VERIFF_SEAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * What the gateway makes with its own key: separate keys for each purpose
 * are derived from it with HKDF-SHA256.
 */

#define NGX_VERIFF_KEY_LEN       32
#define NGX_VERIFF_USER_MAX      512    /* bytes of a user id */
#define NGX_VERIFF_UUID_LEN      36


typedef struct ngx_veriff_keys_s  ngx_veriff_keys_t;


/*
 * Derives the keys from NGX_VERIFF_KEY_LEN bytes, which are not kept; freed
 * and cleansed with the pool.  Returns NULL on error.
 */
ngx_veriff_keys_t *ngx_veriff_keys_create(ngx_pool_t *pool, u_char *key);

/*
 * The user's token: deterministic authenticated encryption (AES-SIV) of the
 * user id, bound to the scope (the integration's name), as base64url text.
 * It tells nothing to who has not the key, and ngx_veriff_token_open() finds
 * the user again.  The result is allocated from the pool; at most 712 bytes
 * for the longest user.
 * Returns NGX_OK, NGX_DECLINED (user empty or over NGX_VERIFF_USER_MAX) or
 * NGX_ERROR.
 */
ngx_int_t ngx_veriff_token_seal(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    ngx_str_t *scope, ngx_str_t *user, ngx_str_t *token);

/* The way back: NGX_OK, NGX_DECLINED (not a token of ours) or NGX_ERROR. */
ngx_int_t ngx_veriff_token_open(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    ngx_str_t *scope, ngx_str_t *token, ngx_str_t *user);

/*
 * A name-based UUID of the user (NGX_VERIFF_UUID_LEN bytes, lower case),
 * bound to the scope; it cannot be turned back.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_veriff_user_uuid(ngx_veriff_keys_t *keys, ngx_str_t *scope,
    ngx_str_t *user, u_char *uuid);


/* Random bytes, for a key or an id: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_veriff_random(u_char *buf, size_t len);


/* What is sealed, each under a key of its own. */

typedef enum {
    NGX_VERIFF_SEAL_USER = 0,       /* the user's id in a record */
    NGX_VERIFF_SEAL_URL,            /* a session's URL in a record */
    NGX_VERIFF_SEAL_COOKIE          /* the way back */
} ngx_veriff_seal_e;

#define NGX_VERIFF_SEAL_PURPOSES  3
#define NGX_VERIFF_SEAL_OVERHEAD  29    /* version, nonce, tag */


/*
 * Seals a text (AES-256-GCM, random nonce), bound to the scope.  The result
 * has NGX_VERIFF_SEAL_OVERHEAD bytes more and is allocated from the pool.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_veriff_seal(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    ngx_veriff_seal_e purpose, ngx_str_t *scope, ngx_str_t *text,
    ngx_str_t *sealed);

/* The way back: NGX_OK, NGX_DECLINED (not sealed by us so) or NGX_ERROR. */
ngx_int_t ngx_veriff_unseal(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    ngx_veriff_seal_e purpose, ngx_str_t *scope, ngx_str_t *sealed,
    ngx_str_t *text);

/*
 * A name in the store: the kind, and 16 bytes of a keyed hash of scope and
 * text, which tells neither.  NGX_OK or NGX_ERROR.
 */
#define NGX_VERIFF_NAME_LEN       17

ngx_int_t ngx_veriff_seal_name(ngx_veriff_keys_t *keys, u_char kind,
    ngx_str_t *scope, ngx_str_t *text, u_char *name);


#endif /* _NGX_VERIFF_SEAL_H_INCLUDED_ */
