
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <math.h>

#include "sha256.h"


#define BLOCK  64
#define HASH   32


static void sha256(ngx_pool_t *pool, u_char *p, size_t len, u_char *hash);
static void block(uint32_t *h, u_char *p);
static uint32_t root(ngx_uint_t n, ngx_uint_t third);
static uint32_t rotate(uint32_t x, ngx_uint_t n);


ngx_str_t
fuzz_hmac(ngx_pool_t *pool, ngx_str_t *key, ngx_str_t *text)
{
    u_char      k[BLOCK], hash[HASH], *p;
    size_t      len;
    ngx_str_t   out;
    ngx_uint_t  i;

    ngx_memzero(k, BLOCK);

    if (key->len > BLOCK) {
        sha256(pool, key->data, key->len, k);

    } else if (key->len) {
        ngx_memcpy(k, key->data, key->len);
    }

    len = ngx_max(text->len, HASH);
    p = ngx_pnalloc(pool, BLOCK + len);

    for (i = 0; i < BLOCK; i++) {
        p[i] = k[i] ^ 0x36;
    }

    if (text->len) {
        ngx_memcpy(p + BLOCK, text->data, text->len);
    }

    sha256(pool, p, BLOCK + text->len, hash);

    for (i = 0; i < BLOCK; i++) {
        p[i] = k[i] ^ 0x5c;
    }

    ngx_memcpy(p + BLOCK, hash, HASH);
    sha256(pool, p, BLOCK + HASH, hash);

    out.len = 2 * HASH;
    out.data = ngx_pnalloc(pool, out.len);

    for (i = 0; i < out.len; i++) {
        out.data[i] = "0123456789abcdef"[(hash[i / 2] >> (i % 2 ? 0 : 4))
                                         & 15];
    }

    return out;
}


static void
sha256(ngx_pool_t *pool, u_char *p, size_t len, u_char *hash)
{
    size_t       size, i;
    u_char      *text;
    uint32_t     h[8];
    ngx_uint_t   n;

    for (n = 0; n < 8; n++) {
        h[n] = root(n, 0);
    }

    size = (len + 9 + BLOCK - 1) / BLOCK * BLOCK;
    text = ngx_pcalloc(pool, size);

    ngx_memcpy(text, p, len);
    text[len] = 0x80;

    for (i = 0; i < 8; i++) {
        text[size - 1 - i] = (u_char) ((uint64_t) len * 8 >> (8 * i));
    }

    for (i = 0; i < size; i += BLOCK) {
        block(h, text + i);
    }

    for (i = 0; i < HASH; i++) {
        hash[i] = (u_char) (h[i / 4] >> (24 - 8 * (i % 4)));
    }
}


static void
block(uint32_t *h, u_char *p)
{
    uint32_t    w[64], v[8], t1, t2;
    ngx_uint_t  i;

    static uint32_t  k[64];

    if (k[0] == 0) {
        for (i = 0; i < 64; i++) {
            k[i] = root(i, 1);
        }
    }

    for (i = 0; i < 16; i++) {
        w[i] = (uint32_t) p[4 * i] << 24 | p[4 * i + 1] << 16
               | p[4 * i + 2] << 8 | p[4 * i + 3];
    }

    for ( /* void */ ; i < 64; i++) {
        t1 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        t2 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + t1 + w[i - 7] + t2;
    }

    ngx_memcpy(v, h, sizeof(v));

    for (i = 0; i < 64; i++) {
        t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25))
             + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
        t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22))
             + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

        ngx_memmove(v + 1, v, 7 * sizeof(uint32_t));
        v[4] += t1;
        v[0] = t1 + t2;
    }

    for (i = 0; i < 8; i++) {
        h[i] += v[i];
    }
}


/* 32 bits of the fraction of the n-th prime's square or cube root */

static uint32_t
root(ngx_uint_t n, ngx_uint_t third)
{
    ngx_uint_t   prime, i;
    long double  x;

    for (prime = 2; /* void */ ; prime++) {

        for (i = 2; i * i <= prime && prime % i; i++) { /* void */ }

        if (i * i > prime && n-- == 0) {
            break;
        }
    }

    x = third ? cbrtl(prime) : sqrtl(prime);

    return (uint32_t) ((x - floorl(x)) * 4294967296.0L);
}


static uint32_t
rotate(uint32_t x, ngx_uint_t n)
{
    return x >> n | x << (32 - n);
}
