
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "ngx_veriff_mac.h"


static ngx_int_t ngx_veriff_mac_try(EVP_MAC_CTX *keyed);
static ngx_int_t ngx_veriff_mac_sample(EVP_MAC_CTX *ctx, u_char *md);


/* whether this OpenSSL starts one again: see ngx_veriff_mac_try() */

static ngx_uint_t  ngx_veriff_mac_restarts;


EVP_MAC_CTX *
ngx_veriff_mac_key(u_char *key, size_t len)
{
    EVP_MAC      *mac;
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;

    if (len == 0) {
        return NULL;
    }

    mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);

    ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

    EVP_MAC_free(mac);

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    if (ctx == NULL
        || EVP_MAC_init(ctx, key, len, params) != 1
        || ngx_veriff_mac_try(ctx) != NGX_OK)
    {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }

    return ctx;
}


/*
 * EVP_MAC_init() without a key starts again with the one that the context
 * has, but OpenSSL 3.0.0 to 3.0.2 only say so: what has been hashed before is
 * in the next MAC.  So it is tried.
 */

static ngx_int_t
ngx_veriff_mac_try(EVP_MAC_CTX *keyed)
{
    u_char        one[NGX_VERIFF_MAC_LEN], two[NGX_VERIFF_MAC_LEN];
    ngx_int_t     rc;
    EVP_MAC_CTX  *ctx;

    ctx = EVP_MAC_CTX_dup(keyed);

    if (ctx == NULL || ngx_veriff_mac_sample(ctx, one) != NGX_OK) {
        EVP_MAC_CTX_free(ctx);
        return NGX_ERROR;
    }

    rc = (EVP_MAC_init(ctx, NULL, 0, NULL) == 1)
         ? ngx_veriff_mac_sample(ctx, two) : NGX_ERROR;

    ngx_veriff_mac_restarts = (rc == NGX_OK
                               && ngx_memcmp(one, two, NGX_VERIFF_MAC_LEN)
                                  == 0);

    EVP_MAC_CTX_free(ctx);

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_mac_sample(EVP_MAC_CTX *ctx, u_char *md)
{
    return (EVP_MAC_update(ctx, (u_char *) "sample", 6) == 1)
           ? ngx_veriff_mac_final(ctx, md) : NGX_ERROR;
}


ngx_int_t
ngx_veriff_mac_start(EVP_MAC_CTX **ctx, EVP_MAC_CTX *keyed)
{
    if (*ctx && ngx_veriff_mac_restarts
        && EVP_MAC_init(*ctx, NULL, 0, NULL) == 1)
    {
        return NGX_OK;
    }

    EVP_MAC_CTX_free(*ctx);

    *ctx = EVP_MAC_CTX_dup(keyed);

    return *ctx ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_veriff_mac_final(EVP_MAC_CTX *ctx, u_char *md)
{
    size_t  len;

    return (EVP_MAC_final(ctx, md, &len, NGX_VERIFF_MAC_LEN) == 1
            && len == NGX_VERIFF_MAC_LEN)
           ? NGX_OK : NGX_ERROR;
}
