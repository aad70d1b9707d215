
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_way.h"


#define NGX_VERIFF_WAY_LAYERS   4       /* of escaping */

#define NGX_VERIFF_WAY_VERSION  1
#define NGX_VERIFF_WAY_HEADER   19      /* version, expiry, max_age, length */


static size_t ngx_veriff_way_target(ngx_str_t *path);
static ngx_int_t ngx_veriff_way_escapes(u_char *p, u_char *last);
static u_char *ngx_veriff_way_unescape(u_char *dst, u_char *p, u_char *last);
static ngx_int_t ngx_veriff_way_hex(u_char *p, u_char *last);
static ngx_uint_t ngx_veriff_way_local(u_char *p, u_char *last);
static ngx_uint_t ngx_veriff_way_firm(u_char *p, u_char *last);
static ngx_uint_t ngx_veriff_way_overlong(u_char *p, u_char *last);
static ngx_uint_t ngx_veriff_way_slash(u_char *p, u_char *last);
static u_char *ngx_veriff_way_resolve(u_char *dst, u_char *p, u_char *last,
    ngx_uint_t merge);
static u_char *ngx_veriff_way_write(u_char *p, uint64_t value, size_t len);
static uint64_t ngx_veriff_way_read(u_char *p, size_t len);


ngx_int_t
ngx_veriff_way_path(ngx_str_t *path)
{
    u_char      ch, *last, *end, buf[NGX_VERIFF_WAY_MAX];
    size_t      i, len;
    ngx_uint_t  n;

    if (path->len == 0 || path->len > NGX_VERIFF_WAY_MAX
        || path->data[0] != '/')
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < path->len; i++) {
        ch = path->data[i];

        if (ch <= 0x20 || ch >= 0x7f || ch == '#'
            || ch == '"' || ch == '\'' || ch == '`'
            || ch == '<' || ch == '>' || ch == '\\')
        {
            return NGX_DECLINED;
        }
    }

    len = ngx_veriff_way_target(path);
    ngx_memcpy(buf, path->data, len);
    last = buf + len;

    if (ngx_veriff_way_escapes(buf, last) != NGX_OK) {
        return NGX_DECLINED;
    }

    /* whoever is next may unescape it again */

    for (n = 0; n < NGX_VERIFF_WAY_LAYERS; n++) {

        if (!ngx_veriff_way_local(buf, last)) {
            return NGX_DECLINED;
        }

        end = ngx_veriff_way_unescape(buf, buf, last);

        if (end == last) {
            return ngx_veriff_way_firm(buf, last) ? NGX_OK : NGX_DECLINED;
        }

        last = end;
    }

    return NGX_DECLINED;
}


/* the length of what is before the arguments */

static size_t
ngx_veriff_way_target(ngx_str_t *path)
{
    u_char  *p;

    p = ngx_strlchr(path->data, path->data + path->len, '?');

    return p ? (size_t) (p - path->data) : path->len;
}


static ngx_int_t
ngx_veriff_way_escapes(u_char *p, u_char *last)
{
    for ( /* void */ ; p < last; p++) {
        if (*p == '%' && ngx_veriff_way_hex(p, last) == NGX_ERROR) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/*
 * What is no escape stays: "/100%25" is.  dst may be p; returns the end,
 * which is nearer to it if there was anything to unescape.
 */

static u_char *
ngx_veriff_way_unescape(u_char *dst, u_char *p, u_char *last)
{
    ngx_int_t  ch;

    while (p < last) {
        ch = (*p == '%') ? ngx_veriff_way_hex(p, last) : NGX_ERROR;

        if (ch == NGX_ERROR) {
            *dst++ = *p++;
            continue;
        }

        *dst++ = (u_char) ch;
        p += 3;
    }

    return dst;
}


/* the byte that is escaped at p, or NGX_ERROR */

static ngx_int_t
ngx_veriff_way_hex(u_char *p, u_char *last)
{
    u_char      ch;
    ngx_int_t   value;
    ngx_uint_t  i;

    if (last - p < 3) {
        return NGX_ERROR;
    }

    value = 0;

    for (i = 1; i < 3; i++) {
        ch = ngx_tolower(p[i]);

        if (ch >= '0' && ch <= '9') {
            value = value * 16 + (ch - '0');

        } else if (ch >= 'a' && ch <= 'f') {
            value = value * 16 + (ch - 'a' + 10);

        } else {
            return NGX_ERROR;
        }
    }

    return value;
}


/* it begins with '/': does it name no host, dot segments aside? */

static ngx_uint_t
ngx_veriff_way_local(u_char *p, u_char *last)
{
    u_char  *q;

    for (q = p; q < last; q++) {
        if (*q < 0x20 || *q == 0x7f || *q == '\\'
            || ngx_veriff_way_overlong(q, last))
        {
            return 0;
        }
    }

    return !ngx_veriff_way_slash(p + 1, last);
}


/*
 * Dot segments, which some resolve before they unescape and some after, bring
 * other segments to the front: with them, none may be empty, or begin with
 * what some take for a slash.
 */

static ngx_uint_t
ngx_veriff_way_firm(u_char *p, u_char *last)
{
    u_char      *start;
    size_t       len;
    ngx_uint_t   dots, firm;

    dots = 0;
    firm = 1;

    while (p < last) {

        for (start = ++p; p < last && *p != '/'; p++) { /* void */ }

        len = p - start;

        if ((len == 1 && start[0] == '.')
            || (len == 2 && start[0] == '.' && start[1] == '.'))
        {
            dots = 1;

        } else if (ngx_veriff_way_slash(start, last)) {
            firm = 0;
        }
    }

    return firm || !dots;
}


/* UTF-8 that is longer than it need be hides what it says */

static ngx_uint_t
ngx_veriff_way_overlong(u_char *p, u_char *last)
{
    if (last - p < 2 || p[1] < 0x80 || p[1] > 0xbf) {
        return 0;
    }

    return p[0] == 0xc0 || p[0] == 0xc1
           || (p[0] == 0xe0 && p[1] < 0xa0)
           || (p[0] == 0xf0 && p[1] < 0x90);
}


/* a slash, or what some take for one, in UTF-8 */

static ngx_uint_t
ngx_veriff_way_slash(u_char *p, u_char *last)
{
    ngx_uint_t  i;

    static const char  *slashes[] = {
        "\xe2\x81\x84",     /* U+2044, fraction slash */
        "\xe2\x88\x95",     /* U+2215, division slash */
        "\xe2\x88\x96",     /* U+2216, set minus */
        "\xe2\xa7\xb5",     /* U+29F5, reverse solidus operator */
        "\xe2\xa7\xb8",     /* U+29F8, big solidus */
        "\xe2\xa7\xb9",     /* U+29F9, big reverse solidus */
        "\xef\xb9\xa8",     /* U+FE68, small reverse solidus */
        "\xef\xbc\x8f",     /* U+FF0F, fullwidth solidus */
        "\xef\xbc\xbc"      /* U+FF3C, fullwidth reverse solidus */
    };

    if (p < last && *p == '/') {
        return 1;
    }

    if (last - p < 3) {
        return 0;
    }

    for (i = 0; i < sizeof(slashes) / sizeof(slashes[0]); i++) {
        if (ngx_memcmp(p, slashes[i], 3) == 0) {
            return 1;
        }
    }

    return 0;
}


/*
 * Resolves dot segments of a path that begins with '/'; repeated slashes are
 * empty segments, or merged before.  The result is not longer, nor empty.
 */

static u_char *
ngx_veriff_way_resolve(u_char *dst, u_char *p, u_char *last,
    ngx_uint_t merge)
{
    u_char  *d, *start;
    size_t   len;

    d = dst;

    while (p < last) {

        for (start = ++p; p < last && *p != '/'; p++) { /* void */ }

        len = p - start;

        if (len == 0 && merge && p < last) {
            continue;
        }

        if (len == 2 && start[0] == '.' && start[1] == '.') {
            while (d > dst && *--d != '/') { /* void */ }

            len = 0;

        } else if (len == 1 && start[0] == '.') {
            len = 0;

        } else {
            *d++ = '/';
            d = ngx_cpymem(d, start, len);
            continue;
        }

        /* a dot segment at the end leaves its slash */

        if (p == last) {
            *d++ = '/';
        }
    }

    return d;
}


ngx_uint_t
ngx_veriff_way_is(ngx_str_t *path, ngx_str_t *uri)
{
    u_char      *last, *end, buf[NGX_VERIFF_WAY_MAX],
                resolved[NGX_VERIFF_WAY_MAX];
    size_t       len;
    ngx_uint_t   merge;

    len = ngx_veriff_way_target(path);

    if (len == 0 || len > NGX_VERIFF_WAY_MAX || path->data[0] != '/') {
        return 0;
    }

    last = ngx_veriff_way_unescape(buf, path->data, path->data + len);

    /* "merge_slashes off" makes a difference to ".." only */

    for (merge = 0; merge < 2; merge++) {
        end = ngx_veriff_way_resolve(resolved, buf, last, merge);
        len = end - resolved;

        if (len == uri->len
            && ngx_memcmp(resolved, uri->data, uri->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_veriff_way_seal(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    ngx_str_t *scope, ngx_veriff_way_t *way, time_t now, ngx_str_t *text)
{
    u_char     *p;
    ngx_str_t   plain, sealed;

    if (way->user.len > NGX_VERIFF_USER_MAX
        || way->path.len > NGX_VERIFF_WAY_MAX)
    {
        return NGX_ERROR;
    }

    plain.len = NGX_VERIFF_WAY_HEADER + way->user.len + way->path.len;
    plain.data = ngx_pnalloc(pool, plain.len);
    if (plain.data == NULL) {
        return NGX_ERROR;
    }

    p = plain.data;

    *p++ = NGX_VERIFF_WAY_VERSION;
    p = ngx_veriff_way_write(p, now + NGX_VERIFF_WAY_LIFETIME, 8);
    p = ngx_veriff_way_write(p, way->max_age, 8);
    p = ngx_veriff_way_write(p, way->user.len, 2);
    p = ngx_cpymem(p, way->user.data, way->user.len);
    ngx_memcpy(p, way->path.data, way->path.len);

    if (ngx_veriff_seal(pool, keys, NGX_VERIFF_SEAL_COOKIE, scope, &plain,
                        &sealed)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    text->data = ngx_pnalloc(pool, ngx_base64_encoded_length(sealed.len));
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    ngx_encode_base64url(text, &sealed);

    return NGX_OK;
}


ngx_int_t
ngx_veriff_way_open(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    ngx_str_t *scope, ngx_str_t *text, time_t now, ngx_veriff_way_t *way)
{
    u_char     *p;
    size_t      len;
    int64_t     expires, max_age;
    ngx_int_t   rc;
    ngx_str_t   sealed, plain;

    if (text->len == 0 || text->len > NGX_VERIFF_WAY_TEXT_MAX) {
        return NGX_DECLINED;
    }

    sealed.data = ngx_pnalloc(pool, ngx_base64_decoded_length(text->len));
    if (sealed.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_decode_base64url(&sealed, text) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = ngx_veriff_unseal(pool, keys, NGX_VERIFF_SEAL_COOKIE, scope, &sealed,
                           &plain);

    if (rc != NGX_OK) {
        return rc;
    }

    p = plain.data;

    if (plain.len < NGX_VERIFF_WAY_HEADER || p[0] != NGX_VERIFF_WAY_VERSION) {
        return NGX_DECLINED;
    }

    expires = (int64_t) ngx_veriff_way_read(p + 1, 8);
    max_age = (int64_t) ngx_veriff_way_read(p + 9, 8);
    len = (size_t) ngx_veriff_way_read(p + 17, 2);

    p += NGX_VERIFF_WAY_HEADER;
    plain.len -= NGX_VERIFF_WAY_HEADER;

    if (expires <= now || max_age < 0
        || len == 0 || len > NGX_VERIFF_USER_MAX || len > plain.len)
    {
        return NGX_DECLINED;
    }

    way->user.data = p;
    way->user.len = len;
    way->path.data = p + len;
    way->path.len = plain.len - len;
    way->max_age = (time_t) max_age;

    return ngx_veriff_way_path(&way->path);
}


static u_char *
ngx_veriff_way_write(u_char *p, uint64_t value, size_t len)
{
    while (len--) {
        *p++ = (u_char) (value >> (8 * len));
    }

    return p;
}


static uint64_t
ngx_veriff_way_read(u_char *p, size_t len)
{
    uint64_t  value;

    for (value = 0; len; len--) {
        value = value << 8 | *p++;
    }

    return value;
}
