
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#define _GNU_SOURCE

#include <dlfcn.h>

#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_mac.h"
#include "ngx_veriff_seal.h"
#include "ngx_veriff_sign.h"
#include "unit.h"


#define KEY       "key"
#define FOX       "The quick brown fox jumps over the lazy dog"
#define FOX_HEX                                                              \
    "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
#define EMPTY_HEX                                                            \
    "5d5d139563c95b5967b9bd9a8c9b233a9dedb45072794cd232dc1b74832607d0"


typedef int (*init_pt)(EVP_MAC_CTX *ctx, const unsigned char *key,
    size_t len, const OSSL_PARAM *params);
typedef EVP_MAC_CTX *(*dup_pt)(const EVP_MAC_CTX *ctx);


static ngx_uint_t is(EVP_MAC_CTX *ctx, const char *text, const char *hex);
static void test_started(const char *name, ngx_uint_t copies);
static void test_interleaved(void);
static void test_users(ngx_pool_t *pool, const char *name);
static void test_refused(void);


/* as OpenSSL 3.0.0 to 3.0.2 are: see EVP_MAC_init() */

static ngx_uint_t  old;

static ngx_uint_t  fails;
static ngx_uint_t  copied;


int
EVP_MAC_init(EVP_MAC_CTX *ctx, const unsigned char *key, size_t len,
    const OSSL_PARAM *params)
{
    static init_pt  init;

    if (init == NULL) {
        init = (init_pt) dlsym(RTLD_NEXT, "EVP_MAC_init");
    }

    if (fails) {
        return 0;
    }

    return (old && key == NULL) ? 1 : init(ctx, key, len, params);
}


EVP_MAC_CTX *
EVP_MAC_CTX_dup(const EVP_MAC_CTX *ctx)
{
    static dup_pt  duplicate;

    if (duplicate == NULL) {
        duplicate = (dup_pt) dlsym(RTLD_NEXT, "EVP_MAC_CTX_dup");
    }

    copied++;

    return duplicate(ctx);
}


int
main(void)
{
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    test_started("started again", 1);
    test_interleaved();
    test_users(pool, "names and signatures");
    test_refused();

    old = 1;

    test_started("by an OpenSSL that does not start again", 4);
    test_users(pool, "names and signatures by that one");

    ngx_stub_pool_destroy(pool);

    return unit_done();
}


static ngx_uint_t
is(EVP_MAC_CTX *ctx, const char *text, const char *hex)
{
    u_char  md[NGX_VERIFF_MAC_LEN], printed[2 * NGX_VERIFF_MAC_LEN];

    if (EVP_MAC_update(ctx, (u_char *) text, strlen(text)) != 1
        || ngx_veriff_mac_final(ctx, md) != NGX_OK)
    {
        return 0;
    }

    (void) ngx_hex_dump(printed, md, sizeof(md));

    return memcmp(printed, hex, sizeof(printed)) == 0;
}


static void
test_started(const char *name, ngx_uint_t copies)
{
    EVP_MAC_CTX  *keyed, *ctx;

    unit_group(name);

    keyed = ngx_veriff_mac_key((u_char *) KEY, strlen(KEY));
    expect(keyed != NULL);

    ctx = NULL;
    copied = 0;

    expect(ngx_veriff_mac_start(&ctx, keyed) == NGX_OK);
    expect(is(ctx, FOX, FOX_HEX));

    expect(ngx_veriff_mac_start(&ctx, keyed) == NGX_OK);
    expect(is(ctx, "", EMPTY_HEX));

    expect(ngx_veriff_mac_start(&ctx, keyed) == NGX_OK);
    expect(is(ctx, FOX, FOX_HEX));

    /* what was begun and not ended is forgotten */

    expect(ngx_veriff_mac_start(&ctx, keyed) == NGX_OK);
    expect(EVP_MAC_update(ctx, (u_char *) "x", 1) == 1);

    expect(copied == copies);

    expect(ngx_veriff_mac_start(&ctx, keyed) == NGX_OK);
    expect(is(ctx, FOX, FOX_HEX));

    EVP_MAC_CTX_free(ctx);
    EVP_MAC_CTX_free(keyed);
}


static void
test_interleaved(void)
{
    EVP_MAC_CTX  *keyed, *one, *two;

    unit_group("two at a time");

    keyed = ngx_veriff_mac_key((u_char *) KEY, strlen(KEY));
    one = NULL;
    two = NULL;

    expect(ngx_veriff_mac_start(&one, keyed) == NGX_OK);
    expect(EVP_MAC_update(one, (u_char *) FOX, 3) == 1);

    expect(ngx_veriff_mac_start(&two, keyed) == NGX_OK);
    expect(is(two, FOX, FOX_HEX));
    expect(is(one, FOX + 3, FOX_HEX));

    EVP_MAC_CTX_free(one);
    EVP_MAC_CTX_free(two);
    EVP_MAC_CTX_free(keyed);
}


/* the two that use it, more than once each */

static void
test_users(ngx_pool_t *pool, const char *name)
{
    u_char                 hex[2][NGX_VERIFF_HMAC_HEX_LEN];
    u_char                 names[2][NGX_VERIFF_NAME_LEN];
    ngx_str_t              scope, user;
    ngx_uint_t             i;
    ngx_array_t           *list;
    ngx_veriff_keys_t     *keys;
    ngx_veriff_hmac_t     *hmac;
    ngx_veriff_secrets_t  *secrets;

    const char  *texts[] = { KEY, NULL };

    unit_group(name);

    scope = unit_str(pool, "kyc");
    user = unit_str(pool, "ann");
    keys = ngx_veriff_keys_create(pool,
                                  (u_char *) "0123456789abcdef"
                                             "0123456789abcdef");
    list = unit_array(pool, texts);
    secrets = ngx_veriff_secrets_create(pool, list);

    expect(keys != NULL);
    expect(secrets != NULL);

    for (i = 0; i < 2; i++) {
        expect(ngx_veriff_seal_name(keys, 'u', &scope, &user, names[i])
               == NGX_OK);

        hmac = ngx_veriff_hmac_start(pool, secrets, 0);

        expect(ngx_veriff_hmac_update(hmac, (u_char *) FOX, strlen(FOX))
               == NGX_OK);
        expect(ngx_veriff_hmac_sign(hmac, hex[i]) == NGX_OK);
        expect(memcmp(hex[i], FOX_HEX, sizeof(hex[i])) == 0);
    }

    expect(memcmp(names[0], names[1], NGX_VERIFF_NAME_LEN) == 0);
}


static void
test_refused(void)
{
    EVP_MAC_CTX  *keyed, *ctx;

    unit_group("no key, no MAC");

    expect(ngx_veriff_mac_key((u_char *) "", 0) == NULL);

    keyed = ngx_veriff_mac_key((u_char *) KEY, strlen(KEY));
    ctx = NULL;
    expect(ngx_veriff_mac_start(&ctx, keyed) == NGX_OK);

    fails = 1;

    expect(ngx_veriff_mac_key((u_char *) KEY, strlen(KEY)) == NULL);

    /* a copy does as well */

    expect(ngx_veriff_mac_start(&ctx, keyed) == NGX_OK);
    expect(is(ctx, FOX, FOX_HEX));

    fails = 0;

    EVP_MAC_CTX_free(ctx);
    EVP_MAC_CTX_free(keyed);
}
