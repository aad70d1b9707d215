
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "fuzz.h"
#include "ngx_veriff_seal.h"
#include "ngx_veriff_way.h"


/*
 * Input: a line, then bytes.
 *
 *     token TEXT         a token as it came; the bytes are a user, to seal
 *     sealed PURPOSE     the bytes are sealed already
 *     seal PURPOSE N     the bytes are a text, and byte N of it is changed
 *     cookie TEXT        a cookie as it came
 *     plain              the bytes are what a cookie of ours holds
 *     way AGE N          lines with a user and a path, and byte N is changed
 */


#define NOW  ((time_t) 1800000000)


static void token(ngx_pool_t *pool, ngx_str_t *text, ngx_str_t *user);
static void sealed(ngx_pool_t *pool, ngx_veriff_seal_e purpose,
    ngx_str_t *bytes);
static void seal(ngx_pool_t *pool, ngx_veriff_seal_e purpose, size_t n,
    ngx_str_t *text);
static void cookie(ngx_pool_t *pool, ngx_str_t *text);
static void plain(ngx_pool_t *pool, ngx_str_t *bytes);
static void way(ngx_pool_t *pool, time_t max_age, size_t n, ngx_str_t *user,
    ngx_str_t *path);
static ngx_str_t extended(ngx_pool_t *pool, ngx_str_t *text);
static ngx_str_t changed(ngx_pool_t *pool, ngx_str_t *text, size_t n);
static void setup(void);


static ngx_str_t           kyc = ngx_string("kyc");
static ngx_str_t           aml = ngx_string("aml");
static ngx_veriff_keys_t  *keys;
static ngx_veriff_keys_t  *others;


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    uint64_t   n, number;
    ngx_str_t  line, word, first, second;

    if (keys == NULL) {
        setup();
    }

    line = fuzz_line(pool, input);
    word = fuzz_word(pool, &line);
    first = fuzz_word(pool, &line);
    second = fuzz_word(pool, &line);

    if (fuzz_is(&word, "token")) {
        token(pool, &first, input);
        return;
    }

    if (fuzz_is(&word, "cookie")) {
        cookie(pool, &first);
        return;
    }

    if (fuzz_is(&word, "plain")) {
        plain(pool, input);
        return;
    }

    n = fuzz_number(&first);
    number = fuzz_number(&second);

    if (fuzz_is(&word, "sealed")) {
        sealed(pool, n % NGX_VERIFF_SEAL_PURPOSES, input);

    } else if (fuzz_is(&word, "seal")) {
        seal(pool, n % NGX_VERIFF_SEAL_PURPOSES, number, input);

    } else if (fuzz_is(&word, "way")) {
        line = fuzz_line(pool, input);
        way(pool, (time_t) (n & INT64_MAX), number, &line, input);
    }
}


static void
token(ngx_pool_t *pool, ngx_str_t *text, ngx_str_t *user)
{
    u_char      uuid[NGX_VERIFF_UUID_LEN], again[NGX_VERIFF_UUID_LEN];
    u_char      name[NGX_VERIFF_NAME_LEN], other[NGX_VERIFF_NAME_LEN];
    ngx_int_t   rc;
    ngx_str_t   opened, sealed, longer;

    /* one that opens is one that we made: the only one of its user */

    rc = ngx_veriff_token_open(pool, keys, &kyc, text, &opened);
    fuzz_must(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        fuzz_must(ngx_veriff_token_seal(pool, keys, &kyc, &opened, &sealed)
                  == NGX_OK);
        fuzz_must(fuzz_same(&sealed, text));
    }

    rc = ngx_veriff_token_seal(pool, keys, &kyc, user, &sealed);

    if (user->len == 0 || user->len > NGX_VERIFF_USER_MAX) {
        fuzz_must(rc == NGX_DECLINED);
        return;
    }

    fuzz_must(rc == NGX_OK && sealed.len <= 712);
    fuzz_must(ngx_veriff_token_open(pool, keys, &kyc, &sealed, &opened)
              == NGX_OK);
    fuzz_must(fuzz_same(&opened, user));

    fuzz_must(ngx_veriff_token_open(pool, keys, &aml, &sealed, &opened)
              == NGX_DECLINED);
    fuzz_must(ngx_veriff_token_open(pool, others, &kyc, &sealed, &opened)
              == NGX_DECLINED);

    /* it has one form */

    longer = extended(pool, &sealed);
    fuzz_must(ngx_veriff_token_open(pool, keys, &kyc, &longer, &opened)
              == NGX_DECLINED);

    sealed = changed(pool, &sealed, user->data[0]);
    fuzz_must(ngx_veriff_token_open(pool, keys, &kyc, &sealed, &opened)
              == NGX_DECLINED);

    /* names of the user, which are others for others */

    fuzz_must(ngx_veriff_user_uuid(keys, &kyc, user, uuid) == NGX_OK);
    fuzz_must(ngx_veriff_user_uuid(keys, &kyc, user, again) == NGX_OK);
    fuzz_must(memcmp(uuid, again, sizeof(uuid)) == 0);
    fuzz_must(uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-'
              && uuid[23] == '-' && uuid[14] == '5');

    fuzz_must(ngx_veriff_user_uuid(keys, &aml, user, again) == NGX_OK);
    fuzz_must(memcmp(uuid, again, sizeof(uuid)) != 0);

    fuzz_must(ngx_veriff_seal_name(keys, 'u', &kyc, user, name) == NGX_OK);
    fuzz_must(ngx_veriff_seal_name(keys, 'u', &aml, user, other) == NGX_OK);
    fuzz_must(name[0] == 'u' && memcmp(name, other, sizeof(name)) != 0);
}


static void
sealed(ngx_pool_t *pool, ngx_veriff_seal_e purpose, ngx_str_t *bytes)
{
    ngx_str_t  text;

    /* nobody else can */

    fuzz_must(ngx_veriff_unseal(pool, keys, purpose, &kyc, bytes, &text)
              == NGX_DECLINED);
    fuzz_must(text.len == 0);
}


static void
seal(ngx_pool_t *pool, ngx_veriff_seal_e purpose, size_t n, ngx_str_t *text)
{
    ngx_str_t           bytes, opened, other;
    ngx_veriff_seal_e   i;

    fuzz_must(ngx_veriff_seal(pool, keys, purpose, &kyc, text, &bytes)
              == NGX_OK);
    fuzz_must(bytes.len == text->len + NGX_VERIFF_SEAL_OVERHEAD);

    for (i = 0; i < NGX_VERIFF_SEAL_PURPOSES; i++) {
        fuzz_must((ngx_veriff_unseal(pool, keys, i, &kyc, &bytes, &opened)
                   == NGX_OK)
                  == (i == purpose));
    }

    fuzz_must(ngx_veriff_unseal(pool, keys, purpose, &kyc, &bytes, &opened)
              == NGX_OK);
    fuzz_must(fuzz_same(&opened, text) && opened.data[opened.len] == '\0');

    fuzz_must(ngx_veriff_unseal(pool, keys, purpose, &aml, &bytes, &opened)
              == NGX_DECLINED);
    fuzz_must(ngx_veriff_unseal(pool, others, purpose, &kyc, &bytes, &opened)
              == NGX_DECLINED);

    other = changed(pool, &bytes, n);
    fuzz_must(ngx_veriff_unseal(pool, keys, purpose, &kyc, &other, &opened)
              == NGX_DECLINED);

    other = fuzz_copy(pool, bytes.data, n % bytes.len);
    fuzz_must(ngx_veriff_unseal(pool, keys, purpose, &kyc, &other, &opened)
              == NGX_DECLINED);
}


static void
cookie(ngx_pool_t *pool, ngx_str_t *text)
{
    ngx_veriff_way_t  opened;

    fuzz_must(ngx_veriff_way_open(pool, keys, &kyc, text, NOW, &opened)
              == NGX_DECLINED);
}


/* also a cookie that we sealed is read with care */

static void
plain(ngx_pool_t *pool, ngx_str_t *bytes)
{
    u_char            *p;
    int64_t            expires, max_age;
    ngx_int_t          rc;
    ngx_str_t          sealed, text, path;
    ngx_uint_t         i, good;
    ngx_veriff_way_t   opened;

    fuzz_must(ngx_veriff_seal(pool, keys, NGX_VERIFF_SEAL_COOKIE, &kyc, bytes,
                              &sealed)
              == NGX_OK);

    text.data = ngx_pnalloc(pool, ngx_base64_encoded_length(sealed.len));
    ngx_encode_base64url(&text, &sealed);

    rc = ngx_veriff_way_open(pool, keys, &kyc, &text, NOW, &opened);

    fuzz_must(rc == NGX_OK || rc == NGX_DECLINED);

    if (bytes->len < 19) {
        fuzz_must(rc == NGX_DECLINED);
        return;
    }

    p = bytes->data;
    expires = 0;
    max_age = 0;

    for (i = 0; i < 8; i++) {
        expires = (int64_t) ((uint64_t) expires << 8 | p[1 + i]);
        max_age = (int64_t) ((uint64_t) max_age << 8 | p[9 + i]);
    }

    i = p[17] << 8 | p[18];

    good = (p[0] == 1 && expires > NOW && max_age >= 0 && i > 0
            && i <= NGX_VERIFF_USER_MAX && i <= bytes->len - 19
            && text.len <= NGX_VERIFF_WAY_TEXT_MAX);

    if (good) {
        path = fuzz_copy(pool, p + 19 + i, bytes->len - 19 - i);
        good = (ngx_veriff_way_path(&path) == NGX_OK);
    }

    fuzz_must((rc == NGX_OK) == good);

    if (rc == NGX_OK) {
        fuzz_must(opened.user.len == i
                  && memcmp(opened.user.data, p + 19, i) == 0);
        fuzz_must(fuzz_same(&opened.path, &path));
        fuzz_must(opened.max_age == max_age);
    }
}


static void
way(ngx_pool_t *pool, time_t max_age, size_t n, ngx_str_t *user,
    ngx_str_t *path)
{
    ngx_int_t          rc;
    ngx_str_t          text, other;
    ngx_uint_t         fits;
    ngx_veriff_way_t   sealed, opened;

    sealed.user = *user;
    sealed.path = *path;
    sealed.max_age = max_age;

    rc = ngx_veriff_way_seal(pool, keys, &kyc, &sealed, NOW, &text);

    fits = (user->len <= NGX_VERIFF_USER_MAX
            && path->len <= NGX_VERIFF_WAY_MAX);

    fuzz_must(rc == (fits ? NGX_OK : NGX_ERROR));

    if (!fits) {
        return;
    }

    fuzz_must(text.len <= NGX_VERIFF_WAY_TEXT_MAX);

    rc = ngx_veriff_way_open(pool, keys, &kyc, &text,
                             NOW + NGX_VERIFF_WAY_LIFETIME - 1, &opened);

    fuzz_must((rc == NGX_OK)
              == (user->len && ngx_veriff_way_path(path) == NGX_OK));

    if (rc == NGX_OK) {
        fuzz_must(fuzz_same(&opened.user, user));
        fuzz_must(fuzz_same(&opened.path, path));
        fuzz_must(opened.max_age == max_age);
    }

    fuzz_must(ngx_veriff_way_open(pool, keys, &kyc, &text,
                                  NOW + NGX_VERIFF_WAY_LIFETIME, &opened)
              == NGX_DECLINED);
    fuzz_must(ngx_veriff_way_open(pool, keys, &aml, &text, NOW, &opened)
              == NGX_DECLINED);
    fuzz_must(ngx_veriff_way_open(pool, others, &kyc, &text, NOW, &opened)
              == NGX_DECLINED);

    other = fuzz_copy(pool, text.data, text.len / 4 * 4);
    other = changed(pool, &other, n);

    fuzz_must(ngx_veriff_way_open(pool, keys, &kyc, &other, NOW, &opened)
              == NGX_DECLINED);
}


static ngx_str_t
extended(ngx_pool_t *pool, ngx_str_t *text)
{
    ngx_str_t  longer;

    longer.len = text->len + 1;
    longer.data = ngx_pnalloc(pool, longer.len);

    *ngx_cpymem(longer.data, text->data, text->len) = '=';

    return longer;
}


static ngx_str_t
changed(ngx_pool_t *pool, ngx_str_t *text, size_t n)
{
    ngx_str_t  other;

    other = fuzz_copy(pool, text->data, text->len);

    if (other.len) {
        n %= other.len;
        other.data[n] = (other.data[n] == 'A') ? 'B' : 'A';
    }

    return other;
}


static void
setup(void)
{
    u_char  key[NGX_VERIFF_KEY_LEN];

    ngx_memset(key, 'k', sizeof(key));
    keys = ngx_veriff_keys_create(fuzz_kept(), key);

    ngx_memset(key, 'o', sizeof(key));
    others = ngx_veriff_keys_create(fuzz_kept(), key);

    fuzz_must(keys && others);
}
