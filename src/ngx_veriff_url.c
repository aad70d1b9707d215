
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_url.h"


#define NGX_VERIFF_URL_HOST_MAX   253
#define NGX_VERIFF_URL_LABEL_MAX  63


static ngx_int_t ngx_veriff_url_chars(ngx_str_t *url);
static ngx_int_t ngx_veriff_url_scheme(ngx_str_t *url, ngx_str_t *scheme);
static ngx_int_t ngx_veriff_url_port(ngx_str_t *port);
static ngx_int_t ngx_veriff_url_host(ngx_str_t *host);
static ngx_int_t ngx_veriff_url_inet(u_char *p, u_char *last);
static ngx_int_t ngx_veriff_url_inet6(u_char *p, u_char *last);
static ngx_uint_t ngx_veriff_url_match(ngx_str_t *host, ngx_str_t *pattern);


ngx_int_t
ngx_veriff_url_host_pattern(ngx_str_t *pattern)
{
    size_t     i;
    ngx_int_t  rc;
    ngx_str_t  host;

    for (i = 0; i < pattern->len; i++) {
        if (pattern->data[i] >= 'A' && pattern->data[i] <= 'Z') {
            return NGX_DECLINED;
        }
    }

    host = *pattern;

    if (host.len == 0 || host.data[0] != '.') {
        return ngx_veriff_url_host(&host);
    }

    host.data++;
    host.len--;

    rc = ngx_veriff_url_host(&host);

    /* nothing is below an address */

    if (rc != NGX_OK
        || host.data[0] == '['
        || (host.data[host.len - 1] >= '0' && host.data[host.len - 1] <= '9'
            && ngx_veriff_url_inet(host.data, host.data + host.len)
               != NGX_DECLINED))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_veriff_url_check(ngx_str_t *url, ngx_array_t *patterns)
{
    ngx_str_t   scheme, host, port, *pattern;
    ngx_uint_t  i;

    if (ngx_veriff_url_split(url, &scheme, &host, &port) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (scheme.len == sizeof("http") - 1
        && ngx_veriff_url_host(&host) != NGX_DONE)
    {
        return NGX_DECLINED;
    }

    pattern = patterns->elts;

    for (i = 0; i < patterns->nelts; i++) {
        if (ngx_veriff_url_match(&host, &pattern[i])) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_veriff_url_split(ngx_str_t *url, ngx_str_t *scheme, ngx_str_t *host,
    ngx_str_t *port)
{
    u_char  *p, *last;

    if (ngx_veriff_url_chars(url) != NGX_OK
        || ngx_veriff_url_scheme(url, scheme) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    p = url->data + scheme->len + sizeof("://") - 1;
    last = url->data + url->len;

    host->data = p;

    if (*p == '[') {
        while (p < last && *p != ']') { p++; }

        if (p < last) {
            p++;
        }

    } else {
        while (p < last && *p != ':' && *p != '/' && *p != '?' && *p != '#') {
            p++;
        }
    }

    host->len = p - host->data;

    ngx_str_null(port);

    if (p < last && *p == ':') {
        port->data = ++p;

        while (p < last && *p >= '0' && *p <= '9') { p++; }

        port->len = p - port->data;

        if (ngx_veriff_url_port(port) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    if (p < last && *p != '/' && *p != '?' && *p != '#') {
        return NGX_DECLINED;
    }

    return (ngx_veriff_url_host(host) == NGX_DECLINED) ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_veriff_url_chars(ngx_str_t *url)
{
    u_char  ch;
    size_t  i;

    if (url->len > NGX_VERIFF_URL_MAX) {
        return NGX_DECLINED;
    }

    for (i = 0; i < url->len; i++) {
        ch = url->data[i];

        if (ch <= 0x20 || ch >= 0x7f
            || ch == '"' || ch == '\'' || ch == '`'
            || ch == '<' || ch == '>' || ch == '\\')
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* something follows the scheme if there is one */

static ngx_int_t
ngx_veriff_url_scheme(ngx_str_t *url, ngx_str_t *scheme)
{
    scheme->data = url->data;

    if (url->len > 8
        && ngx_strncasecmp(url->data, (u_char *) "https://", 8) == 0)
    {
        scheme->len = sizeof("https") - 1;
        return NGX_OK;
    }

    if (url->len > 7
        && ngx_strncasecmp(url->data, (u_char *) "http://", 7) == 0)
    {
        scheme->len = sizeof("http") - 1;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_veriff_url_port(ngx_str_t *port)
{
    size_t      i;
    ngx_uint_t  n;

    if (port->len == 0 || port->len > 5) {
        return NGX_DECLINED;
    }

    n = 0;

    for (i = 0; i < port->len; i++) {
        n = n * 10 + (port->data[i] - '0');
    }

    return (n > 0 && n < 65536) ? NGX_OK : NGX_DECLINED;
}


/* NGX_OK, NGX_DONE (a literal loopback address) or NGX_DECLINED */

static ngx_int_t
ngx_veriff_url_host(ngx_str_t *host)
{
    u_char  ch, *p, *last, *label;

    if (host->len == 0 || host->len > NGX_VERIFF_URL_HOST_MAX) {
        return NGX_DECLINED;
    }

    p = host->data;
    last = p + host->len;

    if (*p == '[') {
        return ngx_veriff_url_inet6(p, last);
    }

    for (label = p; /* void */ ; p++) {

        if (p == last || *p == '.') {

            if (p == label || p - label > NGX_VERIFF_URL_LABEL_MAX
                || label[0] == '-' || p[-1] == '-')
            {
                return NGX_DECLINED;
            }

            if (p == last) {
                break;
            }

            label = p + 1;
            continue;
        }

        ch = ngx_tolower(*p);

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9') && ch != '-') {
            return NGX_DECLINED;
        }
    }

    /*
     * browsers take a host whose last label looks like a number for an
     * IPv4 address and know many ways to write one; here is only one
     */

    if (label[0] >= '0' && label[0] <= '9') {
        return ngx_veriff_url_inet(host->data, last);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_url_inet(u_char *p, u_char *last)
{
    u_char      *start;
    ngx_uint_t   i, n, first;

    first = 0;

    for (i = 0; i < 4; i++) {

        if (i > 0 && (p == last || *p++ != '.')) {
            return NGX_DECLINED;
        }

        start = p;
        n = 0;

        while (p < last && *p >= '0' && *p <= '9' && p - start < 3) {
            n = n * 10 + (*p++ - '0');
        }

        if (p == start || n > 255 || (*start == '0' && p - start > 1)) {
            return NGX_DECLINED;
        }

        if (i == 0) {
            first = n;
        }
    }

    if (p != last) {
        return NGX_DECLINED;
    }

    return (first == 127) ? NGX_DONE : NGX_OK;
}


static ngx_int_t
ngx_veriff_url_inet6(u_char *p, u_char *last)
{
    u_char      ch, *start;
    ngx_uint_t  n, gap, separator;

    if (last - p == sizeof("[::1]") - 1
        && ngx_strncmp(p, "[::1]", sizeof("[::1]") - 1) == 0)
    {
        return NGX_DONE;
    }

    if (last - p < 2 || *p != '[' || *(last - 1) != ']') {
        return NGX_DECLINED;
    }

    p++;
    last--;

    n = 0;
    gap = 0;
    separator = 0;

    while (p < last) {

        if (last - p >= 2 && p[0] == ':' && p[1] == ':') {
            if (gap) {
                return NGX_DECLINED;
            }

            p += 2;
            gap = 1;
            separator = 0;
            continue;
        }

        if (separator && *p++ != ':') {
            return NGX_DECLINED;
        }

        for (start = p; p < last && p - start < 4; p++) {
            ch = ngx_tolower(*p);

            if ((ch < '0' || ch > '9') && (ch < 'a' || ch > 'f')) {
                break;
            }
        }

        if (p == start) {
            return NGX_DECLINED;
        }

        n++;
        separator = 1;
    }

    return (gap ? n < 8 : n == 8) ? NGX_OK : NGX_DECLINED;
}


static ngx_uint_t
ngx_veriff_url_match(ngx_str_t *host, ngx_str_t *pattern)
{
    u_char  *p;
    size_t   len;

    p = pattern->data;
    len = pattern->len;

    if (len == host->len) {
        return ngx_strncasecmp(host->data, p, len) == 0;
    }

    if (len < 2 || *p != '.') {
        return 0;
    }

    if (host->len == len - 1) {
        return ngx_strncasecmp(host->data, p + 1, len - 1) == 0;
    }

    return host->len > len
           && ngx_strncasecmp(host->data + host->len - len, p, len) == 0;
}
