
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "ngx_veriff_mac.h"
#include "ngx_veriff_seal.h"


#define NGX_VERIFF_SIV_KEY_LEN    64
#define NGX_VERIFF_SIV_TAG_LEN    16
#define NGX_VERIFF_TOKEN_VERSION  1

/* version, tag, then as many bytes as the user has */
#define NGX_VERIFF_TOKEN_HEAD     (1 + NGX_VERIFF_SIV_TAG_LEN)
#define NGX_VERIFF_TOKEN_MAX      (NGX_VERIFF_TOKEN_HEAD + NGX_VERIFF_USER_MAX)


#define NGX_VERIFF_SEAL_VERSION   1
#define NGX_VERIFF_NONCE_LEN      12
#define NGX_VERIFF_TAG_LEN        16


typedef struct {
    EVP_MAC_CTX           *keyed;
    EVP_MAC_CTX           *ctx;         /* started again for each use */
} ngx_veriff_keyed_t;


struct ngx_veriff_keys_s {
    u_char                 token[NGX_VERIFF_SIV_KEY_LEN];
    u_char                 seal[NGX_VERIFF_SEAL_PURPOSES]
                               [NGX_VERIFF_KEY_LEN];
    EVP_CIPHER            *siv;
    EVP_CIPHER            *gcm;
    ngx_veriff_keyed_t     uuid;
    ngx_veriff_keyed_t     name;
};


static void ngx_veriff_keys_cleanup(void *data);
static ngx_int_t ngx_veriff_keyed(ngx_veriff_keyed_t *keyed, u_char *key,
    const char *purpose);
static void ngx_veriff_keyed_free(ngx_veriff_keyed_t *keyed);
static ngx_int_t ngx_veriff_derive(u_char *key, const char *purpose,
    u_char *out, size_t len);
static ngx_int_t ngx_veriff_token_crypt(ngx_veriff_keys_t *keys,
    ngx_str_t *scope, u_char *token, u_char *user, size_t len,
    ngx_uint_t seal);
static ngx_int_t ngx_veriff_hash(ngx_veriff_keyed_t *keyed, ngx_str_t *scope,
    ngx_str_t *text, u_char *md);
static ngx_int_t ngx_veriff_seal_crypt(ngx_veriff_keys_t *keys,
    ngx_veriff_seal_e purpose, ngx_str_t *scope, u_char *sealed,
    u_char *text, size_t len, ngx_uint_t seal);


/* in the order of ngx_veriff_seal_e */

static const char  *ngx_veriff_purposes[] = {
    "veriff record user",
    "veriff record url",
    "veriff cookie"
};


ngx_veriff_keys_t *
ngx_veriff_keys_create(ngx_pool_t *pool, u_char *key)
{
    ngx_uint_t           i;
    ngx_veriff_keys_t   *keys;
    ngx_pool_cleanup_t  *cln;

    keys = ngx_pcalloc(pool, sizeof(ngx_veriff_keys_t));
    if (keys == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_veriff_keys_cleanup;
    cln->data = keys;

    if (ngx_veriff_derive(key, "veriff user token", keys->token,
                          NGX_VERIFF_SIV_KEY_LEN)
        != NGX_OK)
    {
        return NULL;
    }

    for (i = 0; i < NGX_VERIFF_SEAL_PURPOSES; i++) {
        if (ngx_veriff_derive(key, ngx_veriff_purposes[i], keys->seal[i],
                              NGX_VERIFF_KEY_LEN)
            != NGX_OK)
        {
            return NULL;
        }
    }

    keys->siv = EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL);
    keys->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);

    if (keys->siv == NULL || keys->gcm == NULL
        || ngx_veriff_keyed(&keys->uuid, key, "veriff user uuid") != NGX_OK
        || ngx_veriff_keyed(&keys->name, key, "veriff record name") != NGX_OK)
    {
        return NULL;
    }

    return keys;
}


static ngx_int_t
ngx_veriff_keyed(ngx_veriff_keyed_t *keyed, u_char *key, const char *purpose)
{
    u_char  derived[NGX_VERIFF_KEY_LEN];

    if (ngx_veriff_derive(key, purpose, derived, sizeof(derived)) != NGX_OK) {
        return NGX_ERROR;
    }

    keyed->keyed = ngx_veriff_mac_key(derived, sizeof(derived));

    OPENSSL_cleanse(derived, sizeof(derived));

    return keyed->keyed ? NGX_OK : NGX_ERROR;
}


static void
ngx_veriff_keyed_free(ngx_veriff_keyed_t *keyed)
{
    EVP_MAC_CTX_free(keyed->ctx);
    EVP_MAC_CTX_free(keyed->keyed);
}


static void
ngx_veriff_keys_cleanup(void *data)
{
    ngx_veriff_keys_t *keys = data;

    ngx_veriff_keyed_free(&keys->uuid);
    ngx_veriff_keyed_free(&keys->name);
    EVP_CIPHER_free(keys->siv);
    EVP_CIPHER_free(keys->gcm);

    OPENSSL_cleanse(keys, sizeof(ngx_veriff_keys_t));
}


static ngx_int_t
ngx_veriff_derive(u_char *key, const char *purpose, u_char *out, size_t len)
{
    int           rc;
    EVP_KDF      *kdf;
    EVP_KDF_CTX  *ctx;
    OSSL_PARAM    params[4];

    kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    if (kdf == NULL) {
        return NGX_ERROR;
    }

    ctx = EVP_KDF_CTX_new(kdf);

    EVP_KDF_free(kdf);

    if (ctx == NULL) {
        return NGX_ERROR;
    }

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key,
                                                  NGX_VERIFF_KEY_LEN);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
                                                  (char *) purpose,
                                                  ngx_strlen(purpose));
    params[3] = OSSL_PARAM_construct_end();

    rc = EVP_KDF_derive(ctx, out, len, params);

    EVP_KDF_CTX_free(ctx);

    return (rc == 1) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_veriff_token_seal(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    ngx_str_t *scope, ngx_str_t *user, ngx_str_t *token)
{
    u_char     raw[NGX_VERIFF_TOKEN_MAX];
    ngx_str_t  src;

    if (user->len == 0 || user->len > NGX_VERIFF_USER_MAX) {
        return NGX_DECLINED;
    }

    raw[0] = NGX_VERIFF_TOKEN_VERSION;

    if (ngx_veriff_token_crypt(keys, scope, raw, user->data, user->len, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    src.data = raw;
    src.len = NGX_VERIFF_TOKEN_HEAD + user->len;

    token->data = ngx_pnalloc(pool, ngx_base64_encoded_length(src.len));
    if (token->data == NULL) {
        return NGX_ERROR;
    }

    ngx_encode_base64url(token, &src);

    return NGX_OK;
}


ngx_int_t
ngx_veriff_token_open(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    ngx_str_t *scope, ngx_str_t *token, ngx_str_t *user)
{
    u_char     raw[ngx_base64_decoded_length(
                       ngx_base64_encoded_length(NGX_VERIFF_TOKEN_MAX))];
    u_char     text[ngx_base64_encoded_length(NGX_VERIFF_TOKEN_MAX)];
    size_t     len;
    ngx_int_t  rc;
    ngx_str_t  dst, again;

    if (token->len > ngx_base64_encoded_length(NGX_VERIFF_TOKEN_MAX)) {
        return NGX_DECLINED;
    }

    dst.data = raw;

    if (ngx_decode_base64url(&dst, token) != NGX_OK
        || dst.len <= NGX_VERIFF_TOKEN_HEAD
        || dst.len > NGX_VERIFF_TOKEN_MAX
        || raw[0] != NGX_VERIFF_TOKEN_VERSION)
    {
        return NGX_DECLINED;
    }

    /* the decoder stops at '=' and ignores spare bits: one form is ours */

    again.data = text;
    ngx_encode_base64url(&again, &dst);

    if (again.len != token->len
        || ngx_memcmp(again.data, token->data, token->len) != 0)
    {
        return NGX_DECLINED;
    }

    len = dst.len - NGX_VERIFF_TOKEN_HEAD;

    user->data = ngx_pnalloc(pool, len);
    if (user->data == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_veriff_token_crypt(keys, scope, raw, user->data, len, 0);

    user->len = (rc == NGX_OK) ? len : 0;

    return rc;
}


/*
 * token points at the version byte; the tag and the sealed bytes follow.
 * The scope and the version are authenticated with them.
 */

static ngx_int_t
ngx_veriff_token_crypt(ngx_veriff_keys_t *keys, ngx_str_t *scope,
    u_char *token, u_char *user, size_t len, ngx_uint_t seal)
{
    int              n;
    u_char          *tag, *text, *in, *out;
    ngx_int_t        rc;
    EVP_CIPHER_CTX  *ctx;

    tag = token + 1;
    text = token + NGX_VERIFF_TOKEN_HEAD;

    in = seal ? user : text;
    out = seal ? text : user;

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (EVP_CipherInit_ex(ctx, keys->siv, NULL, keys->token, NULL,
                          seal ? 1 : 0)
        != 1)
    {
        goto done;
    }

    if (!seal
        && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
                               NGX_VERIFF_SIV_TAG_LEN, tag)
           != 1)
    {
        goto done;
    }

    if (EVP_CipherUpdate(ctx, NULL, &n, token, 1) != 1
        || EVP_CipherUpdate(ctx, NULL, &n, scope->data, (int) scope->len) != 1)
    {
        goto done;
    }

    if (EVP_CipherUpdate(ctx, out, &n, in, (int) len) != 1
        || EVP_CipherFinal_ex(ctx, out + len, &n) != 1)
    {
        rc = seal ? NGX_ERROR : NGX_DECLINED;
        goto done;
    }

    if (seal
        && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG,
                               NGX_VERIFF_SIV_TAG_LEN, tag)
           != 1)
    {
        goto done;
    }

    rc = NGX_OK;

done:

    EVP_CIPHER_CTX_free(ctx);

    return rc;
}


ngx_int_t
ngx_veriff_user_uuid(ngx_veriff_keys_t *keys, ngx_str_t *scope,
    ngx_str_t *user, u_char *uuid)
{
    u_char  md[NGX_VERIFF_MAC_LEN], hex[32], *p;

    if (ngx_veriff_hash(&keys->uuid, scope, user, md) != NGX_OK) {
        return NGX_ERROR;
    }

    md[6] = (u_char) ((md[6] & 0x0f) | 0x50);   /* version 5, by name */
    md[8] = (u_char) ((md[8] & 0x3f) | 0x80);   /* RFC 9562 variant */

    (void) ngx_hex_dump(hex, md, 16);

    p = ngx_cpymem(uuid, hex, 8);
    *p++ = '-';
    p = ngx_cpymem(p, hex + 8, 4);
    *p++ = '-';
    p = ngx_cpymem(p, hex + 12, 4);
    *p++ = '-';
    p = ngx_cpymem(p, hex + 16, 4);
    *p++ = '-';
    (void) ngx_cpymem(p, hex + 20, 12);

    OPENSSL_cleanse(md, sizeof(md));

    return NGX_OK;
}


ngx_int_t
ngx_veriff_random(u_char *buf, size_t len)
{
    return (RAND_bytes(buf, (int) len) == 1) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_veriff_seal_name(ngx_veriff_keys_t *keys, u_char kind, ngx_str_t *scope,
    ngx_str_t *text, u_char *name)
{
    u_char  md[NGX_VERIFF_MAC_LEN];

    if (ngx_veriff_hash(&keys->name, scope, text, md) != NGX_OK) {
        return NGX_ERROR;
    }

    name[0] = kind;
    ngx_memcpy(&name[1], md, NGX_VERIFF_NAME_LEN - 1);

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_hash(ngx_veriff_keyed_t *keyed, ngx_str_t *scope, ngx_str_t *text,
    u_char *md)
{
    if (ngx_veriff_mac_start(&keyed->ctx, keyed->keyed) != NGX_OK) {
        return NGX_ERROR;
    }

    /* scopes hold no NUL, so it separates them from the text */

    return (EVP_MAC_update(keyed->ctx, scope->data, scope->len) == 1
            && EVP_MAC_update(keyed->ctx, (u_char *) "", 1) == 1
            && EVP_MAC_update(keyed->ctx, text->data, text->len) == 1)
           ? ngx_veriff_mac_final(keyed->ctx, md) : NGX_ERROR;
}


ngx_int_t
ngx_veriff_seal(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    ngx_veriff_seal_e purpose, ngx_str_t *scope, ngx_str_t *text,
    ngx_str_t *sealed)
{
    u_char  *p;

    p = ngx_pnalloc(pool, text->len + NGX_VERIFF_SEAL_OVERHEAD);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p[0] = NGX_VERIFF_SEAL_VERSION;

    if (RAND_bytes(&p[1], NGX_VERIFF_NONCE_LEN) != 1
        || ngx_veriff_seal_crypt(keys, purpose, scope, p, text->data,
                                 text->len, 1)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    sealed->data = p;
    sealed->len = text->len + NGX_VERIFF_SEAL_OVERHEAD;

    return NGX_OK;
}


ngx_int_t
ngx_veriff_unseal(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    ngx_veriff_seal_e purpose, ngx_str_t *scope, ngx_str_t *sealed,
    ngx_str_t *text)
{
    size_t     len;
    u_char    *p;
    ngx_int_t  rc;

    ngx_str_null(text);

    if (sealed->len < NGX_VERIFF_SEAL_OVERHEAD
        || sealed->data[0] != NGX_VERIFF_SEAL_VERSION)
    {
        return NGX_DECLINED;
    }

    len = sealed->len - NGX_VERIFF_SEAL_OVERHEAD;

    p = ngx_pnalloc(pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_veriff_seal_crypt(keys, purpose, scope, sealed->data, p, len, 0);

    if (rc == NGX_OK) {
        p[len] = '\0';
        text->data = p;
        text->len = len;
    }

    return rc;
}


/* sealed: version, nonce, tag, then the bytes; version and scope are bound */

static ngx_int_t
ngx_veriff_seal_crypt(ngx_veriff_keys_t *keys, ngx_veriff_seal_e purpose,
    ngx_str_t *scope, u_char *sealed, u_char *text, size_t len,
    ngx_uint_t seal)
{
    int              n;
    u_char          *nonce, *tag, *bytes, *in, *out;
    ngx_int_t        rc;
    EVP_CIPHER_CTX  *ctx;

    nonce = sealed + 1;
    tag = nonce + NGX_VERIFF_NONCE_LEN;
    bytes = tag + NGX_VERIFF_TAG_LEN;

    in = seal ? text : bytes;
    out = seal ? bytes : text;

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (EVP_CipherInit_ex(ctx, keys->gcm, NULL, keys->seal[purpose], nonce,
                          seal ? 1 : 0)
        != 1
        || EVP_CipherUpdate(ctx, NULL, &n, sealed, 1) != 1
        || EVP_CipherUpdate(ctx, NULL, &n, scope->data, (int) scope->len) != 1
        || (len && EVP_CipherUpdate(ctx, out, &n, in, (int) len) != 1))
    {
        goto done;
    }

    if (!seal
        && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, NGX_VERIFF_TAG_LEN,
                               tag)
           != 1)
    {
        goto done;
    }

    if (EVP_CipherFinal_ex(ctx, out + len, &n) != 1) {
        rc = seal ? NGX_ERROR : NGX_DECLINED;
        goto done;
    }

    if (seal
        && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, NGX_VERIFF_TAG_LEN,
                               tag)
           != 1)
    {
        goto done;
    }

    rc = NGX_OK;

done:

    EVP_CIPHER_CTX_free(ctx);

    return rc;
}
