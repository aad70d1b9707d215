
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <ctype.h>

#include "fuzz.h"
#include "sha256.h"
#include "ngx_veriff_sign.h"


/*
 * Input: a line with secrets, a line with sizes of pieces, a line with the
 * signature, then the body.  A signature "@0" is the right one of the first
 * secret; what follows are changes to it: "U" (upper case), "+" and "-" (one
 * digit more or less), or two bytes, where and what.
 */


static ngx_str_t forged(ngx_pool_t *pool, ngx_str_t *text, ngx_str_t *right,
    ngx_uint_t n);
static ngx_veriff_hmac_t *hashed(ngx_pool_t *pool,
    ngx_veriff_secrets_t *secrets, ngx_uint_t verify, ngx_str_t sizes,
    ngx_str_t *body);
static ngx_uint_t hex_form(ngx_str_t *text);


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    u_char                 hex[NGX_VERIFF_HMAC_HEX_LEN];
    ngx_int_t              rc;
    ngx_str_t              line, sizes, text, *secret, signature;
    ngx_str_t              right[NGX_VERIFF_SECRETS_MAX];
    ngx_uint_t             i, match;
    ngx_array_t           *array;
    ngx_veriff_hmac_t     *hmac;
    ngx_veriff_secrets_t  *secrets;

    array = ngx_array_create(pool, 4, sizeof(ngx_str_t));

    for (line = fuzz_line(pool, input); line.len; /* void */ ) {
        text = fuzz_word(pool, &line);

        if (text.len) {
            secret = ngx_array_push(array);
            *secret = text;
        }
    }

    secrets = ngx_veriff_secrets_create(pool, array);

    fuzz_must((secrets != NULL)
              == (array->nelts > 0 && array->nelts <= NGX_VERIFF_SECRETS_MAX));

    if (secrets == NULL) {
        return;
    }

    sizes = fuzz_line(pool, input);
    text = fuzz_line(pool, input);
    secret = array->elts;

    for (i = 0; i < array->nelts; i++) {
        right[i] = fuzz_hmac(pool, &secret[i], input);
    }

    signature = forged(pool, &text, right, array->nelts);

    /* the first one signs */

    hmac = hashed(pool, secrets, 0, sizes, input);

    fuzz_must(ngx_veriff_hmac_sign(hmac, hex) == NGX_OK);
    fuzz_must(memcmp(hex, right[0].data, NGX_VERIFF_HMAC_HEX_LEN) == 0);

    /* each verifies */

    match = 0;

    for (i = 0; i < array->nelts; i++) {
        match |= (signature.len == right[i].len
                  && strncasecmp((char *) signature.data,
                                 (char *) right[i].data, right[i].len) == 0);
    }

    hmac = hashed(pool, secrets, 1, sizes, input);
    rc = ngx_veriff_hmac_verify(hmac, &signature);

    fuzz_must(rc == (match ? NGX_OK : NGX_DECLINED));
    fuzz_must((ngx_veriff_hmac_form(&signature) == NGX_OK)
              == hex_form(&signature));

    /* it was given back: nothing more comes of it */

    fuzz_must(ngx_veriff_hmac_verify(hmac, &signature) == NGX_ERROR);
    fuzz_must(ngx_veriff_hmac_update(hmac, hex, 1) == NGX_ERROR);
}


static ngx_str_t
forged(ngx_pool_t *pool, ngx_str_t *text, ngx_str_t *right, ngx_uint_t n)
{
    size_t      i;
    u_char      ch;
    ngx_str_t   out;

    if (text->len < 2 || text->data[0] != '@') {
        return *text;
    }

    out = fuzz_copy(pool, right[text->data[1] % n].data,
                    NGX_VERIFF_HMAC_HEX_LEN);

    for (i = 2; i < text->len; i++) {
        ch = text->data[i];

        if (ch == 'U') {
            for (n = 0; n < out.len; n++) {
                out.data[n] = (u_char) toupper(out.data[n]);
            }

        } else if (ch == '-' && out.len) {
            out = fuzz_copy(pool, out.data, out.len - 1);

        } else if (ch == '+') {
            out.data = memcpy(ngx_pnalloc(pool, out.len + 1), out.data,
                              out.len);
            out.data[out.len++] = '0';

        } else if (out.len && ++i < text->len) {
            out.data[ch % out.len] = text->data[i];
        }
    }

    return out;
}


static ngx_veriff_hmac_t *
hashed(ngx_pool_t *pool, ngx_veriff_secrets_t *secrets, ngx_uint_t verify,
    ngx_str_t sizes, ngx_str_t *body)
{
    size_t              done, len;
    ngx_str_t           word;
    ngx_veriff_hmac_t  *hmac, *other;

    hmac = ngx_veriff_hmac_start(pool, secrets, verify);
    fuzz_must(hmac != NULL);

    for (done = 0; sizes.len && done < body->len; done += len) {
        word = fuzz_word(pool, &sizes);
        len = ngx_min(fuzz_number(&word), body->len - done);

        fuzz_must(ngx_veriff_hmac_update(hmac, body->data + done, len)
                  == NGX_OK);

        /* another request's, which is left */

        other = ngx_veriff_hmac_start(pool, secrets, 1);
        fuzz_must(other && ngx_veriff_hmac_update(other, (u_char *) "x", 1)
                           == NGX_OK);
    }

    fuzz_must(ngx_veriff_hmac_update(hmac, body->data + done, body->len - done)
              == NGX_OK);

    return hmac;
}


static ngx_uint_t
hex_form(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (!isxdigit(text->data[i])) {
            return 0;
        }
    }

    return text->len == 64;
}
