
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#include "browser.h"


static ngx_str_t clean(ngx_pool_t *pool, ngx_str_t *text);
static ngx_int_t authority(ngx_pool_t *pool, u_char *p, u_char *last,
    fuzz_url_t *url);
static ngx_int_t relative(ngx_pool_t *pool, u_char *p, u_char *last,
    fuzz_url_t *url);
static ngx_uint_t slash(u_char ch);
static u_char *path_end(u_char *p, u_char *last);
static ngx_uint_t dots(u_char *p, size_t len);
static ngx_uint_t numeric(ngx_str_t *host);
static ngx_int_t inet(ngx_pool_t *pool, ngx_str_t *host, fuzz_url_t *url);
static ngx_int_t inet6(ngx_pool_t *pool, ngx_str_t *text, fuzz_url_t *url);


ngx_int_t
fuzz_browser(ngx_pool_t *pool, ngx_str_t *text, fuzz_url_t *url)
{
    size_t      i;
    u_char     *p, *last;
    ngx_str_t   in;

    ngx_memzero(url, sizeof(fuzz_url_t));

    in = clean(pool, text);
    p = in.data;
    last = p + in.len;

    /* a scheme? */

    for (i = 0; i < in.len; i++) {
        if (!isalnum(p[i])
            && (i == 0 || (p[i] != '+' && p[i] != '-' && p[i] != '.')))
        {
            break;
        }
    }

    if (i == 0 || i == in.len || p[i] != ':' || !isalpha(p[0])) {
        return relative(pool, p, last, url);
    }

    url->scheme = fuzz_copy(pool, p, i);

    for (i = 0; i < url->scheme.len; i++) {
        url->scheme.data[i] = (u_char) tolower(url->scheme.data[i]);
    }

    p += i + 1;

    if (fuzz_is(&url->scheme, "https")
        && !(last - p >= 2 && p[0] == '/' && p[1] == '/'))
    {
        /* the page's own: relative to it */

        return relative(pool, p, last, url);
    }

    if (!fuzz_is(&url->scheme, "https") && !fuzz_is(&url->scheme, "http")) {
        return NGX_DECLINED;
    }

    while (p < last && slash(*p)) { p++; }

    return authority(pool, p, last, url);
}


/* without blanks around it, tabs and line ends in it */

static ngx_str_t
clean(ngx_pool_t *pool, ngx_str_t *text)
{
    u_char     *p, *last, *d;
    ngx_str_t   in;

    p = text->data;
    last = p + text->len;

    while (p < last && *p <= ' ') { p++; }
    while (p < last && last[-1] <= ' ') { last--; }

    in = fuzz_copy(pool, p, last - p);

    for (d = in.data; p < last; p++) {
        if (*p != '\t' && *p != LF && *p != CR) {
            *d++ = *p;
        }
    }

    in.len = d - in.data;

    return in;
}


static ngx_int_t
relative(ngx_pool_t *pool, u_char *p, u_char *last, fuzz_url_t *url)
{
    ngx_str_t  path;

    ngx_str_set(&url->scheme, "https");

    if (last - p >= 2 && slash(p[0]) && slash(p[1])) {

        while (p < last && slash(*p)) { p++; }

        return authority(pool, p, last, url);
    }

    ngx_str_set(&url->host, FUZZ_BROWSER_HOST);

    path.len = last - p;
    path.data = p;

    url->path = fuzz_browser_path(pool, &path);

    return NGX_OK;
}


static ngx_int_t
authority(ngx_pool_t *pool, u_char *p, u_char *last, fuzz_url_t *url)
{
    u_char     *end, *at, *q;
    ngx_str_t   host, path;

    for (end = p; end < last && !slash(*end) && *end != '?' && *end != '#';
         end++)
    {
        /* void */
    }

    path.data = end;
    path.len = last - end;

    url->path = fuzz_browser_path(pool, &path);

    for (at = end; at > p && at[-1] != '@'; at--) { /* void */ }

    if (at > p) {
        url->user = 1;
        p = at;
    }

    for (q = p; q < end && *q != ':'; q++) {
        if (*q == '[') {
            while (q < end && *q != ']') { q++; }

            if (q == end) {
                return NGX_DECLINED;
            }
        }
    }

    host.data = p;
    host.len = q - p;

    if (q < end) {
        for (q++; q < end; q++) {
            if (*q < '0' || *q > '9') {
                return NGX_DECLINED;
            }

            url->port = url->port * 10 + (*q - '0');

            if (url->port > 65535) {
                return NGX_DECLINED;
            }
        }
    }

    return fuzz_browser_host(pool, &host, url);
}


ngx_int_t
fuzz_browser_host(ngx_pool_t *pool, ngx_str_t *text, fuzz_url_t *url)
{
    size_t     i;
    ngx_str_t  host;

    url->loopback = 0;

    if (text->len && text->data[0] == '[') {
        return inet6(pool, text, url);
    }

    host = fuzz_unescape(pool, text);

    if (host.len == 0) {
        return NGX_DECLINED;
    }

    for (i = 0; i < host.len; i++) {

        if (host.data[i] <= ' ' || host.data[i] >= 0x7f
            || strchr("#%/:<>?@[\\]^|", host.data[i]))
        {
            return NGX_DECLINED;
        }

        host.data[i] = (u_char) tolower(host.data[i]);
    }

    if (numeric(&host)) {
        return inet(pool, &host, url);
    }

    url->host = host;

    return NGX_OK;
}


/* the last label, but for an empty one, looks like a number */

static ngx_uint_t
numeric(ngx_str_t *host)
{
    size_t   i;
    u_char  *p, *last;

    p = host->data;
    last = p + host->len;

    if (last - p > 1 && last[-1] == '.') {
        last--;
    }

    for (i = 0; last - i > p && last[-1 - (ssize_t) i] != '.'; i++) {
        /* void */
    }

    p = last - i;

    if (i >= 2 && p[0] == '0' && p[1] == 'x') {
        for (p += 2; p < last && isxdigit(*p); p++) { /* void */ }

        return p == last;
    }

    for ( /* void */ ; p < last && isdigit(*p); p++) { /* void */ }

    return i > 0 && p == last;
}


/* decimal, octal or hexadecimal parts; the last one fills what is left */

static ngx_int_t
inet(ngx_pool_t *pool, ngx_str_t *host, fuzz_url_t *url)
{
    char       *text, *p, *end, *digits;
    uint64_t    part[4], address;
    ngx_uint_t  i, n;

    text = ngx_pnalloc(pool, host->len + 20);
    ngx_memcpy(text, host->data, host->len);
    text[host->len] = '\0';

    if (host->len > 1 && text[host->len - 1] == '.') {
        text[host->len - 1] = '\0';
    }

    p = text;

    for (n = 0; /* void */ ; n++) {

        digits = p;

        if (n == 4 || strspn(digits, "0123456789abcdefx") == 0
            || strlen(digits) > 60)
        {
            return NGX_DECLINED;
        }

        part[n] = strtoull(digits, &end, 0);

        if (digits[0] == '0' && digits[1] == 'x' && end == digits + 1) {
            end = digits + 2;
        }

        if (*end != '.' && *end != '\0') {
            return NGX_DECLINED;
        }

        if (*end == '\0') {
            break;
        }

        p = end + 1;
    }

    address = 0;

    for (i = 0; i < n; i++) {
        if (part[i] > 255) {
            return NGX_DECLINED;
        }

        address |= part[i] << (24 - 8 * i);
    }

    if (part[n] >= (1ULL << (32 - 8 * n))) {
        return NGX_DECLINED;
    }

    address |= part[n];

    snprintf(text, host->len + 20, "%u.%u.%u.%u",
             (unsigned) (address >> 24), (unsigned) (address >> 16 & 255),
             (unsigned) (address >> 8 & 255), (unsigned) (address & 255));

    url->host = fuzz_text(pool, text);
    url->loopback = (address >> 24 == 127);

    return NGX_OK;
}


static ngx_int_t
inet6(ngx_pool_t *pool, ngx_str_t *text, fuzz_url_t *url)
{
    char             buf[64];
    struct in6_addr  addr;

    if (text->len < 4 || text->len >= sizeof(buf)
        || text->data[text->len - 1] != ']')
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(buf, text->data + 1, text->len - 2);
    buf[text->len - 2] = '\0';

    if (inet_pton(AF_INET6, buf, &addr) != 1
        || inet_ntop(AF_INET6, &addr, buf, sizeof(buf)) == NULL)
    {
        return NGX_DECLINED;
    }

    url->host = fuzz_text(pool, buf);
    url->loopback = (strcmp(buf, "::1") == 0);

    return NGX_OK;
}


static ngx_uint_t
slash(u_char ch)
{
    return ch == '/' || ch == '\\';
}


static u_char *
path_end(u_char *p, u_char *last)
{
    while (p < last && *p != '?' && *p != '#') { p++; }

    return p;
}


/* how many dots a segment stands for, if it is of nothing else */

static ngx_uint_t
dots(u_char *p, size_t len)
{
    size_t      i;
    ngx_uint_t  n;

    n = 0;

    for (i = 0; i < len; n++) {

        if (p[i] == '.') {
            i++;

        } else if (len - i >= 3 && p[i] == '%' && p[i + 1] == '2'
                   && (p[i + 2] | 0x20) == 'e')
        {
            i += 3;

        } else {
            return 0;
        }
    }

    return n;
}


ngx_str_t
fuzz_browser_path(ngx_pool_t *pool, ngx_str_t *text)
{
    size_t       n, i, *starts, *ends;
    u_char      *p, *last, *start, *d;
    ngx_str_t    path;
    ngx_uint_t   number;

    p = text->data;
    last = path_end(p, p + text->len);

    starts = ngx_palloc(pool, (text->len + 2) * sizeof(size_t));
    ends = ngx_palloc(pool, (text->len + 2) * sizeof(size_t));

    n = 0;

    if (p < last && slash(*p)) {
        p++;
    }

    for ( ;; ) {
        for (start = p; p < last && !slash(*p); p++) { /* void */ }

        number = dots(start, p - start);

        if (number == 2) {
            n = n ? n - 1 : 0;
        }

        if (number != 1 && number != 2) {
            starts[n] = start - text->data;
            ends[n++] = p - text->data;

        } else if (p == last) {
            starts[n] = 0;
            ends[n++] = 0;
        }

        if (p == last) {
            break;
        }

        p++;
    }

    path = fuzz_copy(pool, "", 0);
    path.data = ngx_pnalloc(pool, text->len + 2);
    d = path.data;

    for (i = 0; i < n; i++) {
        *d++ = '/';
        d = ngx_cpymem(d, text->data + starts[i], ends[i] - starts[i]);
    }

    path.len = d - path.data;

    return path;
}


ngx_str_t
fuzz_unescape(ngx_pool_t *pool, ngx_str_t *text)
{
    char        hex[3];
    size_t      i;
    u_char     *d;
    ngx_str_t   out;

    out = fuzz_copy(pool, text->data, text->len);
    d = out.data;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] == '%' && text->len - i >= 3
            && isxdigit(text->data[i + 1]) && isxdigit(text->data[i + 2]))
        {
            hex[0] = (char) text->data[i + 1];
            hex[1] = (char) text->data[i + 2];
            hex[2] = '\0';

            *d++ = (u_char) strtoul(hex, NULL, 16);
            i += 2;
            continue;
        }

        *d++ = text->data[i];
    }

    return fuzz_copy(pool, out.data, d - out.data);
}
