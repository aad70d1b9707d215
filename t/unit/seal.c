
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_seal.h"
#include "unit.h"


static ngx_veriff_keys_t *keys_create(ngx_pool_t *pool, u_char fill);
static ngx_uint_t opens(ngx_veriff_keys_t *keys, ngx_str_t *scope,
    ngx_str_t *token);
static void test_round_trip(void);
static void test_deterministic(void);
static void test_bound(void);
static void test_tampered(void);
static void test_not_tokens(void);
static void test_limits(void);
static void test_uuid(void);
static void test_key_not_kept(void);
static void test_no_memory(void);


static u_char  base64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


int
main(void)
{
    test_round_trip();
    test_deterministic();
    test_bound();
    test_tampered();
    test_not_tokens();
    test_limits();
    test_uuid();
    test_key_not_kept();
    test_no_memory();

    return unit_done();
}


static ngx_veriff_keys_t *
keys_create(ngx_pool_t *pool, u_char fill)
{
    u_char              key[NGX_VERIFF_KEY_LEN];
    ngx_veriff_keys_t  *keys;

    memset(key, fill, sizeof(key));

    keys = ngx_veriff_keys_create(pool, key);

    memset(key, 0, sizeof(key));

    return keys;
}


/* a refused token leaves nothing of a user behind */

static ngx_uint_t
opens(ngx_veriff_keys_t *keys, ngx_str_t *scope, ngx_str_t *token)
{
    ngx_int_t    rc;
    ngx_str_t    user;
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    ngx_str_null(&user);

    rc = ngx_veriff_token_open(pool, keys, scope, token, &user);

    expect(rc == NGX_OK || (rc == NGX_DECLINED && user.len == 0));

    ngx_stub_pool_destroy(pool);

    return rc == NGX_OK;
}


static void
test_round_trip(void)
{
    size_t              i, len;
    ngx_str_t           scope, user, token, back;
    ngx_pool_t         *pool;
    ngx_veriff_keys_t  *keys;

    unit_group("tokens of users of every length");

    pool = ngx_stub_pool_create();
    keys = keys_create(pool, 7);
    scope = unit_str(pool, "kyc");

    for (len = 1; len <= NGX_VERIFF_USER_MAX; len++) {
        user = unit_repeat(pool, "u", len);

        for (i = 0; i < len; i++) {
            user.data[i] = (u_char) (i * 31 + len);
        }

        expect_at(ngx_veriff_token_seal(pool, keys, &scope, &user, &token)
                  == NGX_OK, unit_at("length", len));

        expect_at(token.len > 0 && token.len <= 712, unit_at("length", len));

        for (i = 0; i < token.len; i++) {
            expect_at(ngx_strlchr(base64url, base64url + 64, token.data[i])
                      != NULL, unit_at("length", len));
        }

        /* cut where it ends, so that reading on is an error */

        token = unit_mem(pool, token.data, token.len);

        expect_at(ngx_veriff_token_open(pool, keys, &scope, &token, &back)
                  == NGX_OK, unit_at("length", len));
        expect_at(back.len == len && memcmp(back.data, user.data, len) == 0,
                  unit_at("length", len));
    }

    expect(token.len == 706 || token.len == 712);

    ngx_stub_pool_destroy(pool);
}


static void
test_deterministic(void)
{
    ngx_str_t           scope, user, a, b, c;
    ngx_pool_t         *pool;
    ngx_veriff_keys_t  *keys, *again;

    unit_group("tokens are deterministic, and hide the user");

    pool = ngx_stub_pool_create();
    keys = keys_create(pool, 7);
    again = keys_create(pool, 7);
    scope = unit_str(pool, "kyc");
    user = unit_str(pool, "alice@example.com");

    (void) ngx_veriff_token_seal(pool, keys, &scope, &user, &a);
    (void) ngx_veriff_token_seal(pool, again, &scope, &user, &b);

    expect(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);

    user.data[0] = 'A';
    (void) ngx_veriff_token_seal(pool, keys, &scope, &user, &c);

    expect(a.len == c.len && memcmp(a.data, c.data, a.len) != 0);

    /* one letter changes all of it, but for the version */

    expect(memcmp(a.data + 2, c.data + 2, 8) != 0);
    expect(memcmp(a.data + a.len - 8, c.data + c.len - 8, 8) != 0);

    ngx_stub_pool_destroy(pool);
}


static void
test_bound(void)
{
    ngx_str_t           kyc, other, user, token, longer;
    ngx_pool_t         *pool;
    ngx_veriff_keys_t  *keys, *foreign;

    unit_group("another scope or key opens nothing");

    pool = ngx_stub_pool_create();
    keys = keys_create(pool, 7);
    foreign = keys_create(pool, 8);
    kyc = unit_str(pool, "kyc");
    other = unit_str(pool, "kyd");
    longer = unit_str(pool, "kyc2");
    user = unit_str(pool, "alice");

    (void) ngx_veriff_token_seal(pool, keys, &kyc, &user, &token);

    expect(opens(keys, &kyc, &token));
    expect(!opens(keys, &other, &token));
    expect(!opens(keys, &longer, &token));
    expect(!opens(foreign, &kyc, &token));
    expect(!opens(foreign, &other, &token));

    kyc.len--;
    expect(!opens(keys, &kyc, &token));

    kyc.len = 0;
    expect(!opens(keys, &kyc, &token));

    ngx_stub_pool_destroy(pool);
}


static void
test_tampered(void)
{
    u_char              c;
    size_t              i, j, len;
    ngx_str_t           scope, user, token, bad, raw, out;
    ngx_pool_t         *pool;
    ngx_veriff_keys_t  *keys;

    pool = ngx_stub_pool_create();
    keys = keys_create(pool, 7);
    scope = unit_str(pool, "kyc");

    unit_group("any digit of a token replaced by any other");

    /* three lengths: the last digit of two of them has spare bits */

    for (len = 5; len < 8; len++) {
        user = unit_repeat(pool, "u", len);
        (void) ngx_veriff_token_seal(pool, keys, &scope, &user, &token);

        for (i = 0; i < token.len; i++) {
            for (j = 0; j < 64; j++) {
                if (base64url[j] == token.data[i]) {
                    continue;
                }

                c = token.data[i];
                token.data[i] = base64url[j];

                expect_at(!opens(keys, &scope, &token), unit_at("digit", i));

                token.data[i] = c;
            }
        }

        expect(opens(keys, &scope, &token));
    }

    unit_group("any bit of a token flipped");

    raw.data = ngx_pnalloc(pool, ngx_base64_decoded_length(token.len));
    (void) ngx_decode_base64url(&raw, &token);

    out.data = ngx_pnalloc(pool, ngx_base64_encoded_length(raw.len));

    for (i = 0; i < raw.len * 8; i++) {
        raw.data[i / 8] ^= (u_char) (1 << (i % 8));
        ngx_encode_base64url(&out, &raw);

        expect_at(!opens(keys, &scope, &out), unit_at("bit", i));

        raw.data[i / 8] ^= (u_char) (1 << (i % 8));
    }

    unit_group("a token cut or made longer");

    for (i = 0; i < token.len; i++) {
        bad = unit_mem(pool, token.data, i);
        expect_at(!opens(keys, &scope, &bad), unit_at("length", i));

        bad = unit_mem(pool, token.data + token.len - i, i);
        expect_at(!opens(keys, &scope, &bad), unit_at("tail", i));
    }

    for (i = 1; i < 9; i++) {
        for (j = 0; j < 3; j++) {
            bad = unit_repeat(pool, j == 0 ? "A" : j == 1 ? "=" : "\n",
                              token.len + i);
            memcpy(bad.data, token.data, token.len);

            expect_at(!opens(keys, &scope, &bad), unit_at("longer", i));
        }
    }

    bad = unit_repeat(pool, "=", token.len + 8);
    memcpy(bad.data, token.data, token.len);
    memcpy(bad.data + token.len + 1, "forged!", 7);
    expect(!opens(keys, &scope, &bad));

    ngx_stub_pool_destroy(pool);
}


static void
test_not_tokens(void)
{
    ngx_str_t           scope, token;
    ngx_uint_t          i;
    ngx_pool_t         *pool;
    ngx_veriff_keys_t  *keys;

    static const char  *texts[] = {
        "", "A", "AA", "AAA", "AAAA", "=", "====", "u-1", "alice",
        "unique id of the end-user", "\xff\xfe", "a b", "a+b/c==",
        "aea9ba6d-1b47-47fc-a4fc-f72b6d3584a7",
        "AQAAAAAAAAAAAAAAAAAAAAA", "AQAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAAAAAAAAAAAAAAAAAAAA", "AgAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL
    };

    unit_group("what is no token");

    pool = ngx_stub_pool_create();
    keys = keys_create(pool, 7);
    scope = unit_str(pool, "kyc");

    for (i = 0; texts[i]; i++) {
        token = unit_str(pool, texts[i]);
        expect_at(!opens(keys, &scope, &token), texts[i]);
    }

    for (i = 2; i < 2000; i++) {
        token = unit_repeat(pool, "A", i);
        expect_at(!opens(keys, &scope, &token), unit_at("length", i));

        token.data[1] = 'Q';
        expect_at(!opens(keys, &scope, &token), unit_at("length", i));
    }

    ngx_stub_pool_destroy(pool);
}


static void
test_limits(void)
{
    ngx_str_t           scope, user, token;
    ngx_pool_t         *pool;
    ngx_veriff_keys_t  *keys;

    unit_group("users that are none");

    pool = ngx_stub_pool_create();
    keys = keys_create(pool, 7);
    scope = unit_str(pool, "kyc");

    ngx_str_null(&user);
    expect(ngx_veriff_token_seal(pool, keys, &scope, &user, &token)
           == NGX_DECLINED);

    user = unit_repeat(pool, "u", NGX_VERIFF_USER_MAX + 1);
    expect(ngx_veriff_token_seal(pool, keys, &scope, &user, &token)
           == NGX_DECLINED);

    user = unit_repeat(pool, "u", NGX_VERIFF_USER_MAX);
    expect(ngx_veriff_token_seal(pool, keys, &scope, &user, &token)
           == NGX_OK);

    ngx_stub_pool_destroy(pool);
}


static void
test_uuid(void)
{
    u_char              a[NGX_VERIFF_UUID_LEN + 1], b[NGX_VERIFF_UUID_LEN];
    size_t              i, n;
    u_char              seen[1000][NGX_VERIFF_UUID_LEN];
    ngx_str_t           kyc, kyd, user;
    ngx_pool_t         *pool;
    ngx_veriff_keys_t  *keys, *again, *foreign;

    static const char  form[] = "xxxxxxxx-xxxx-5xxx-Vxxx-xxxxxxxxxxxx";

    unit_group("the form of a user's UUID");

    pool = ngx_stub_pool_create();
    keys = keys_create(pool, 7);
    again = keys_create(pool, 7);
    foreign = keys_create(pool, 8);
    kyc = unit_str(pool, "kyc");
    kyd = unit_str(pool, "kyd");

    for (n = 0; n < 1000; n++) {
        user = unit_repeat(pool, "user", 2);
        user.data[7] = (u_char) (n % 256);
        user.data[6] = (u_char) (n / 256);

        a[NGX_VERIFF_UUID_LEN] = 'x';

        expect(ngx_veriff_user_uuid(keys, &kyc, &user, a) == NGX_OK);
        expect(a[NGX_VERIFF_UUID_LEN] == 'x');

        for (i = 0; i < NGX_VERIFF_UUID_LEN; i++) {
            expect_at(form[i] == 'x'
                          ? strchr("0123456789abcdef", a[i]) != NULL
                          : form[i] == 'V' ? strchr("89ab", a[i]) != NULL
                                           : a[i] == (u_char) form[i],
                      unit_at("digit", i));
        }

        memcpy(seen[n], a, NGX_VERIFF_UUID_LEN);

        for (i = 0; i < n; i++) {
            expect_at(memcmp(seen[i], a, NGX_VERIFF_UUID_LEN) != 0,
                      unit_at("user", n));
        }
    }

    unit_group("a UUID is the user's, the scope's and the key's");

    user = unit_str(pool, "alice");

    (void) ngx_veriff_user_uuid(keys, &kyc, &user, a);
    (void) ngx_veriff_user_uuid(again, &kyc, &user, b);
    expect(memcmp(a, b, NGX_VERIFF_UUID_LEN) == 0);

    (void) ngx_veriff_user_uuid(keys, &kyd, &user, b);
    expect(memcmp(a, b, NGX_VERIFF_UUID_LEN) != 0);

    (void) ngx_veriff_user_uuid(foreign, &kyc, &user, b);
    expect(memcmp(a, b, NGX_VERIFF_UUID_LEN) != 0);

    /* where the scope ends cannot be moved */

    kyc = unit_str(pool, "kyca");
    user = unit_str(pool, "lice");
    (void) ngx_veriff_user_uuid(keys, &kyc, &user, b);
    expect(memcmp(a, b, NGX_VERIFF_UUID_LEN) != 0);

    ngx_stub_pool_destroy(pool);
}


static void
test_key_not_kept(void)
{
    u_char              key[NGX_VERIFF_KEY_LEN];
    size_t              i;
    ngx_str_t           scope, user, a, b;
    ngx_pool_t         *pool;
    ngx_veriff_keys_t  *keys, *other;

    unit_group("every byte of the key matters");

    pool = ngx_stub_pool_create();
    scope = unit_str(pool, "kyc");
    user = unit_str(pool, "alice");

    memset(key, 7, sizeof(key));
    keys = ngx_veriff_keys_create(pool, key);
    (void) ngx_veriff_token_seal(pool, keys, &scope, &user, &a);

    for (i = 0; i < NGX_VERIFF_KEY_LEN; i++) {
        memset(key, 7, sizeof(key));
        key[i] ^= 1;

        other = ngx_veriff_keys_create(pool, key);
        (void) ngx_veriff_token_seal(pool, other, &scope, &user, &b);

        expect_at(memcmp(a.data, b.data, a.len) != 0, unit_at("byte", i));
        expect_at(!opens(other, &scope, &a), unit_at("byte", i));
    }

    ngx_stub_pool_destroy(pool);
}


static void
test_no_memory(void)
{
    u_char              uuid[NGX_VERIFF_UUID_LEN];
    ngx_int_t           rc;
    ngx_str_t           scope, user, token, back;
    ngx_uint_t          n, failed;
    ngx_pool_t         *pool;
    ngx_veriff_keys_t  *keys;

    unit_group("allocation failures");

    for (n = 1, failed = 1; failed; n++) {
        pool = ngx_stub_pool_create();

        scope = unit_str(pool, "kyc");
        user = unit_str(pool, "alice");

        rc = NGX_ERROR;

        ngx_stub_fail_after(n);
        keys = keys_create(pool, 7);

        if (keys) {
            rc = ngx_veriff_token_seal(pool, keys, &scope, &user, &token);
        }

        if (rc == NGX_OK) {
            rc = ngx_veriff_token_open(pool, keys, &scope, &token, &back);
        }

        if (rc == NGX_OK) {
            rc = ngx_veriff_user_uuid(keys, &scope, &user, uuid);
        }

        failed = ngx_stub_failed();
        ngx_stub_fail_after(0);

        expect_at(rc == (failed ? NGX_ERROR : NGX_OK),
                  unit_at("allocation", n));

        ngx_stub_pool_destroy(pool);
    }
}
