
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>


typedef struct ngx_stub_block_s  ngx_stub_block_t;

struct ngx_stub_block_s {
    void                *data;
    ngx_stub_block_t    *next;
};


struct ngx_pool_s {
    ngx_stub_block_t    *blocks;
    ngx_pool_cleanup_t  *cleanup;
};


static void *ngx_stub_must(size_t size);
static u_char *ngx_stub_vprintf(u_char *buf, u_char *last, const char *fmt,
    va_list args);
static u_char *ngx_stub_put(u_char *buf, u_char *last, const void *src,
    size_t len);
static ngx_uint_t ngx_stub_base64(u_char c);


static ngx_uint_t  ngx_stub_left;
static ngx_uint_t  ngx_stub_only;
static ngx_uint_t  ngx_stub_has_failed;


ngx_pool_t *
ngx_stub_pool_create(void)
{
    ngx_pool_t  *pool;

    pool = ngx_stub_must(sizeof(ngx_pool_t));

    pool->blocks = NULL;
    pool->cleanup = NULL;

    return pool;
}


void
ngx_stub_pool_destroy(ngx_pool_t *pool)
{
    ngx_stub_block_t    *block;
    ngx_pool_cleanup_t  *cln;

    for (cln = pool->cleanup; cln; cln = cln->next) {
        if (cln->handler) {
            cln->handler(cln->data);
        }
    }

    while (pool->blocks) {
        block = pool->blocks;
        pool->blocks = block->next;

        free(block->data);
        free(block);
    }

    free(pool);
}


void
ngx_stub_fail_after(ngx_uint_t n)
{
    ngx_stub_left = n;
    ngx_stub_only = 0;
    ngx_stub_has_failed = 0;
}


void
ngx_stub_fail_once(ngx_uint_t n)
{
    ngx_stub_fail_after(n);
    ngx_stub_only = 1;
}


ngx_uint_t
ngx_stub_failed(void)
{
    return ngx_stub_has_failed;
}


void *
ngx_stub_malloc(size_t size)
{
    if (ngx_stub_left == 1) {
        ngx_stub_has_failed = 1;
        ngx_stub_left = ngx_stub_only ? 0 : 1;
        return NULL;
    }

    if (ngx_stub_left) {
        ngx_stub_left--;
    }

    return malloc(size ? size : 1);
}


void
ngx_stub_free(void *p)
{
    free(p);
}


static void *
ngx_stub_must(size_t size)
{
    void  *p;

    p = malloc(size);
    if (p == NULL) {
        abort();
    }

    return p;
}


void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    void              *p;
    ngx_stub_block_t  *block;

    p = ngx_stub_malloc(size);
    if (p == NULL) {
        return NULL;
    }

    /* nothing may rely on what fresh memory holds */

    memset(p, 0xa5, size);

    block = ngx_stub_must(sizeof(ngx_stub_block_t));

    block->data = p;
    block->next = pool->blocks;
    pool->blocks = block;

    return p;
}


void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    return ngx_palloc(pool, size);
}


void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    void  *p;

    p = ngx_palloc(pool, size);
    if (p) {
        ngx_memzero(p, size);
    }

    return p;
}


ngx_pool_cleanup_t *
ngx_pool_cleanup_add(ngx_pool_t *pool, size_t size)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_palloc(pool, sizeof(ngx_pool_cleanup_t));
    if (cln == NULL) {
        return NULL;
    }

    cln->data = NULL;

    if (size) {
        cln->data = ngx_palloc(pool, size);
        if (cln->data == NULL) {
            return NULL;
        }
    }

    cln->handler = NULL;
    cln->next = pool->cleanup;
    pool->cleanup = cln;

    return cln;
}


ngx_array_t *
ngx_array_create(ngx_pool_t *pool, ngx_uint_t n, size_t size)
{
    ngx_array_t  *a;

    a = ngx_palloc(pool, sizeof(ngx_array_t));
    if (a == NULL) {
        return NULL;
    }

    a->elts = ngx_palloc(pool, n * size);
    if (a->elts == NULL) {
        return NULL;
    }

    a->nelts = 0;
    a->size = size;
    a->nalloc = n;
    a->pool = pool;

    return a;
}


void *
ngx_array_push(ngx_array_t *a)
{
    void  *elts;

    if (a->nelts == a->nalloc) {
        elts = ngx_palloc(a->pool, 2 * a->nalloc * a->size);
        if (elts == NULL) {
            return NULL;
        }

        ngx_memcpy(elts, a->elts, a->nelts * a->size);

        a->elts = elts;
        a->nalloc *= 2;
    }

    return (u_char *) a->elts + a->size * a->nelts++;
}


ngx_int_t
ngx_strncasecmp(u_char *s1, u_char *s2, size_t n)
{
    ngx_uint_t  c1, c2;

    while (n) {
        c1 = (ngx_uint_t) *s1++;
        c2 = (ngx_uint_t) *s2++;

        c1 = ngx_tolower(c1);
        c2 = ngx_tolower(c2);

        if (c1 != c2) {
            return c1 - c2;
        }

        if (c1 == 0) {
            return 0;
        }

        n--;
    }

    return 0;
}


u_char *
ngx_hex_dump(u_char *dst, u_char *src, size_t len)
{
    static u_char  hex[] = "0123456789abcdef";

    while (len--) {
        *dst++ = hex[*src >> 4];
        *dst++ = hex[*src++ & 0xf];
    }

    return dst;
}


void
ngx_encode_base64url(ngx_str_t *dst, ngx_str_t *src)
{
    u_char    *d, *s;
    size_t     len;
    uint32_t   n;

    static u_char  basis[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    d = dst->data;
    s = src->data;

    for (len = src->len; len > 0; /* void */ ) {
        n = s[0] << 16 | (len > 1 ? s[1] : 0) << 8 | (len > 2 ? s[2] : 0);

        *d++ = basis[n >> 18];
        *d++ = basis[(n >> 12) & 0x3f];

        if (len > 1) {
            *d++ = basis[(n >> 6) & 0x3f];
        }

        if (len > 2) {
            *d++ = basis[n & 0x3f];
        }

        s += 3;
        len -= ngx_min(len, 3);
    }

    dst->len = d - dst->data;
}


/* as lenient as nginx's: ends at '=', ignores the last digit's spare bits */

ngx_int_t
ngx_decode_base64url(ngx_str_t *dst, ngx_str_t *src)
{
    u_char      *d;
    size_t       i, len;
    uint32_t     n;
    ngx_uint_t   bits;

    for (len = 0; len < src->len; len++) {
        if (src->data[len] == '=') {
            break;
        }

        if (ngx_stub_base64(src->data[len]) == 77) {
            return NGX_ERROR;
        }
    }

    if (len % 4 == 1) {
        return NGX_ERROR;
    }

    d = dst->data;
    n = 0;
    bits = 0;

    for (i = 0; i < len; i++) {
        n = (n << 6 | ngx_stub_base64(src->data[i])) & 0xffff;
        bits += 6;

        if (bits >= 8) {
            bits -= 8;
            *d++ = (u_char) (n >> bits);
        }
    }

    dst->len = d - dst->data;

    return NGX_OK;
}


static ngx_uint_t
ngx_stub_base64(u_char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    return (c == '-') ? 62 : (c == '_') ? 63 : 77;
}


u_char *ngx_cdecl
ngx_sprintf(u_char *buf, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_stub_vprintf(buf, (u_char *) UINTPTR_MAX, fmt, args);
    va_end(args);

    return p;
}


u_char *ngx_cdecl
ngx_snprintf(u_char *buf, size_t max, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_stub_vprintf(buf, buf + max, fmt, args);
    va_end(args);

    return p;
}


u_char *ngx_cdecl
ngx_slprintf(u_char *buf, u_char *last, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_stub_vprintf(buf, last, fmt, args);
    va_end(args);

    return p;
}


static u_char *
ngx_stub_vprintf(u_char *buf, u_char *last, const char *fmt, va_list args)
{
    char        number[32];
    size_t      len;
    ngx_str_t  *v;
    ngx_uint_t  sign, star;
    const char *s;

    for ( /* void */ ; *fmt; fmt++) {

        if (*fmt != '%') {
            buf = ngx_stub_put(buf, last, fmt, 1);
            continue;
        }

        fmt++;
        sign = 1;
        star = 0;
        len = 0;

        if (*fmt == 'u') {
            sign = 0;
            fmt++;
        }

        if (*fmt == '*') {
            len = va_arg(args, size_t);
            star = 1;
            fmt++;
        }

        switch (*fmt) {

        case 'V':
            v = va_arg(args, ngx_str_t *);
            buf = ngx_stub_put(buf, last, v->data, v->len);
            continue;

        case 's':
            s = va_arg(args, const char *);
            buf = ngx_stub_put(buf, last, s, star ? len : strlen(s));
            continue;

        case 'c':
            number[0] = (char) va_arg(args, int);
            buf = ngx_stub_put(buf, last, number, 1);
            continue;

        case 'i':
        case 'z':
            len = sign ? snprintf(number, sizeof(number), "%jd",
                                  (intmax_t) va_arg(args, ngx_int_t))
                       : snprintf(number, sizeof(number), "%ju",
                                  (uintmax_t) va_arg(args, ngx_uint_t));
            buf = ngx_stub_put(buf, last, number, len);
            continue;

        case 'd':
            len = sign ? snprintf(number, sizeof(number), "%d",
                                  va_arg(args, int))
                       : snprintf(number, sizeof(number), "%u",
                                  va_arg(args, unsigned));
            buf = ngx_stub_put(buf, last, number, len);
            continue;

        case '%':
            buf = ngx_stub_put(buf, last, fmt, 1);
            continue;

        default:
            fprintf(stderr, "format \"%%%c\" is not in the stub\n", *fmt);
            abort();
        }
    }

    return buf;
}


static u_char *
ngx_stub_put(u_char *buf, u_char *last, const void *src, size_t len)
{
    if (len > (size_t) (last - buf)) {
        len = last - buf;
    }

    return len ? ngx_cpymem(buf, src, len) : buf;
}
