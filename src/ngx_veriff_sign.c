
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/crypto.h>

#include "ngx_veriff_mac.h"
#include "ngx_veriff_sign.h"


typedef struct ngx_veriff_mac_s  ngx_veriff_mac_t;

struct ngx_veriff_mac_s {
    EVP_MAC_CTX           *ctx;
    ngx_veriff_mac_t      *next;
};


typedef struct {
    EVP_MAC_CTX           *keyed;       /* copied, never used itself */
    ngx_veriff_mac_t      *free;
} ngx_veriff_secret_t;


struct ngx_veriff_secrets_s {
    ngx_uint_t             n;
    ngx_veriff_secret_t    secret[NGX_VERIFF_SECRETS_MAX];
};


struct ngx_veriff_hmac_s {
    ngx_veriff_secrets_t  *secrets;
    ngx_uint_t             n;
    ngx_veriff_mac_t      *mac[NGX_VERIFF_SECRETS_MAX];
};


static void ngx_veriff_secrets_cleanup(void *data);
static ngx_veriff_mac_t *ngx_veriff_mac_get(ngx_veriff_secret_t *secret);
static void ngx_veriff_mac_free(ngx_veriff_mac_t *mac);
static void ngx_veriff_hmac_cleanup(void *data);
static ngx_int_t ngx_veriff_hmac_decode(ngx_str_t *hex, u_char *md);


/* the values of hex digits; 77 for what is none */

static const u_char  ngx_veriff_hex[256] = {
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77,
     0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 77, 77, 77, 77, 77, 77,
    77, 10, 11, 12, 13, 14, 15, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 10, 11, 12, 13, 14, 15, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77,
    77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77
};


ngx_veriff_secrets_t *
ngx_veriff_secrets_create(ngx_pool_t *pool, ngx_array_t *secrets)
{
    ngx_str_t             *secret;
    ngx_uint_t             i;
    ngx_pool_cleanup_t    *cln;
    ngx_veriff_secrets_t  *s;

    if (secrets->nelts == 0 || secrets->nelts > NGX_VERIFF_SECRETS_MAX) {
        return NULL;
    }

    s = ngx_pcalloc(pool, sizeof(ngx_veriff_secrets_t));
    if (s == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_veriff_secrets_cleanup;
    cln->data = s;

    secret = secrets->elts;

    for (i = 0; i < secrets->nelts; i++) {

        s->secret[i].keyed = ngx_veriff_mac_key(secret[i].data,
                                                secret[i].len);
        if (s->secret[i].keyed == NULL) {
            return NULL;
        }

        s->n++;
    }

    return s;
}


static void
ngx_veriff_secrets_cleanup(void *data)
{
    ngx_veriff_secrets_t *s = data;

    ngx_uint_t         i;
    ngx_veriff_mac_t  *mac;

    for (i = 0; i < s->n; i++) {

        while (s->secret[i].free) {
            mac = s->secret[i].free;
            s->secret[i].free = mac->next;

            ngx_veriff_mac_free(mac);
        }

        EVP_MAC_CTX_free(s->secret[i].keyed);
    }

    s->n = 0;
}


ngx_veriff_hmac_t *
ngx_veriff_hmac_start(ngx_pool_t *pool, ngx_veriff_secrets_t *secrets,
    ngx_uint_t verify)
{
    ngx_uint_t           i, n;
    ngx_veriff_hmac_t   *hmac;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_veriff_hmac_t));
    if (cln == NULL) {
        return NULL;
    }

    hmac = cln->data;
    hmac->secrets = secrets;
    hmac->n = 0;

    cln->handler = ngx_veriff_hmac_cleanup;

    n = verify ? secrets->n : 1;

    for (i = 0; i < n; i++) {

        hmac->mac[i] = ngx_veriff_mac_get(&secrets->secret[i]);
        if (hmac->mac[i] == NULL) {
            return NULL;
        }

        hmac->n++;
    }

    return hmac;
}


static ngx_veriff_mac_t *
ngx_veriff_mac_get(ngx_veriff_secret_t *secret)
{
    ngx_veriff_mac_t  *mac;

    mac = secret->free;

    if (mac) {
        secret->free = mac->next;

    } else {
        mac = OPENSSL_zalloc(sizeof(ngx_veriff_mac_t));
        if (mac == NULL) {
            return NULL;
        }
    }

    if (ngx_veriff_mac_start(&mac->ctx, secret->keyed) != NGX_OK) {
        ngx_veriff_mac_free(mac);
        return NULL;
    }

    return mac;
}


static void
ngx_veriff_mac_free(ngx_veriff_mac_t *mac)
{
    EVP_MAC_CTX_free(mac->ctx);
    OPENSSL_free(mac);
}


static void
ngx_veriff_hmac_cleanup(void *data)
{
    ngx_veriff_hmac_t *hmac = data;

    ngx_uint_t            i;
    ngx_veriff_mac_t     *mac;
    ngx_veriff_secret_t  *secret;

    for (i = 0; i < hmac->n; i++) {
        mac = hmac->mac[i];
        secret = &hmac->secrets->secret[i];

        mac->next = secret->free;
        secret->free = mac;
    }

    hmac->n = 0;
}


ngx_int_t
ngx_veriff_hmac_update(ngx_veriff_hmac_t *hmac, u_char *p, size_t len)
{
    ngx_uint_t  i;

    if (hmac->n == 0) {
        return NGX_ERROR;
    }

    if (len == 0) {
        return NGX_OK;
    }

    for (i = 0; i < hmac->n; i++) {
        if (EVP_MAC_update(hmac->mac[i]->ctx, p, len) != 1) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_veriff_hmac_sign(ngx_veriff_hmac_t *hmac, u_char *hex)
{
    u_char     md[NGX_VERIFF_MAC_LEN];
    ngx_int_t  rc;

    if (hmac->n == 0) {
        return NGX_ERROR;
    }

    rc = ngx_veriff_mac_final(hmac->mac[0]->ctx, md);

    ngx_veriff_hmac_cleanup(hmac);

    if (rc == NGX_OK) {
        (void) ngx_hex_dump(hex, md, NGX_VERIFF_MAC_LEN);
    }

    OPENSSL_cleanse(md, sizeof(md));

    return rc;
}


ngx_int_t
ngx_veriff_hmac_verify(ngx_veriff_hmac_t *hmac, ngx_str_t *hex)
{
    u_char      md[NGX_VERIFF_MAC_LEN], sig[NGX_VERIFF_MAC_LEN];
    ngx_int_t   rc;
    ngx_uint_t  i, match;

    if (hmac->n == 0) {
        return NGX_ERROR;
    }

    rc = ngx_veriff_hmac_decode(hex, sig);

    match = 0;

    /* every secret is compared, so that time does not tell which matched */

    for (i = 0; rc == NGX_OK && i < hmac->n; i++) {
        rc = ngx_veriff_mac_final(hmac->mac[i]->ctx, md);

        if (rc == NGX_OK) {
            match |= (CRYPTO_memcmp(md, sig, NGX_VERIFF_MAC_LEN) == 0);
        }
    }

    ngx_veriff_hmac_cleanup(hmac);

    OPENSSL_cleanse(md, sizeof(md));

    if (rc != NGX_OK) {
        return rc;
    }

    return match ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_veriff_hmac_form(ngx_str_t *hex)
{
    u_char  md[NGX_VERIFF_MAC_LEN];

    return ngx_veriff_hmac_decode(hex, md);
}


static ngx_int_t
ngx_veriff_hmac_decode(ngx_str_t *hex, u_char *md)
{
    u_char      *p, bad;
    ngx_uint_t   i;

    if (hex->len != NGX_VERIFF_HMAC_HEX_LEN) {
        return NGX_DECLINED;
    }

    p = hex->data;
    bad = 0;

    for (i = 0; i < NGX_VERIFF_MAC_LEN; i++, p += 2) {
        bad |= ngx_veriff_hex[p[0]] | ngx_veriff_hex[p[1]];

        md[i] = (u_char) (ngx_veriff_hex[p[0]] << 4
                          | (ngx_veriff_hex[p[1]] & 0x0f));
    }

    return (bad > 15) ? NGX_DECLINED : NGX_OK;
}
