
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_guard.h"
#include "ngx_http_veriff_headers.h"

#include "ngx_veriff_url.h"


static ngx_uint_t ngx_http_veriff_guard_is(ngx_str_t *value,
    const char *word);
static ngx_uint_t ngx_http_veriff_guard_prefetch(ngx_http_request_t *r);
static ngx_uint_t ngx_http_veriff_guard_same_origin(ngx_http_request_t *r,
    ngx_str_t *origin);
static void ngx_http_veriff_guard_port(ngx_str_t *host, ngx_str_t *port);


ngx_uint_t
ngx_http_veriff_guard_navigation(ngx_http_request_t *r)
{
    ngx_str_t   mode, dest, accept, with, upgrade;
    ngx_uint_t  n;

    n = ngx_http_veriff_headers_find(r, "sec-fetch-mode", &mode);

    if (n) {
        return n == 1
               && ngx_http_veriff_headers_find(r, "sec-fetch-dest", &dest) <= 1
               && ngx_http_veriff_guard_is(&mode, "navigate")
               && (dest.len == 0
                   || ngx_http_veriff_guard_is(&dest, "document"));
    }

    if (ngx_http_veriff_headers_find(r, "x-requested-with", &with)) {
        return 0;
    }

    /* whatever it accepts, it can follow no redirect */

    if (ngx_http_veriff_headers_find(r, "upgrade", &upgrade)
        && ngx_strlcasestrn(upgrade.data, upgrade.data + upgrade.len,
                            (u_char *) "websocket", 9 - 1)
           != NULL)
    {
        return 0;
    }

    return ngx_http_veriff_headers_find(r, "accept", &accept)
           && ngx_strlcasestrn(accept.data, accept.data + accept.len,
                               (u_char *) "text/html", 9 - 1)
              != NULL;
}


const char *
ngx_http_veriff_guard_create(ngx_http_request_t *r, ngx_uint_t trusted)
{
    ngx_str_t   site, mode, dest, origin;
    ngx_uint_t  n;

    if (r->method == NGX_HTTP_HEAD) {
        return "HEAD";
    }

    if (ngx_http_veriff_guard_prefetch(r)) {
        return "prefetch";
    }

    if (trusted) {
        return NULL;
    }

    switch (ngx_http_veriff_headers_find(r, "origin", &origin)) {

    case 0:
        break;

    case 1:
        if (!ngx_http_veriff_guard_same_origin(r, &origin)) {
            return "foreign origin";
        }

        break;

    default:
        return "repeated origin";
    }

    n = ngx_http_veriff_headers_find(r, "sec-fetch-site", &site);

    if (n == 0) {
        return NULL;
    }

    /* a browser says each of them once */

    if (n > 1
        || ngx_http_veriff_headers_find(r, "sec-fetch-mode", &mode) > 1
        || ngx_http_veriff_headers_find(r, "sec-fetch-dest", &dest) > 1)
    {
        return "repeated header";
    }

    if (ngx_http_veriff_guard_is(&site, "same-origin")
        || ngx_http_veriff_guard_is(&site, "none"))
    {
        return NULL;
    }

    if (ngx_http_veriff_guard_is(&mode, "navigate")
        && ngx_http_veriff_guard_is(&dest, "document"))
    {
        return NULL;
    }

    /* another host of the same site is the operator's own */

    if (ngx_http_veriff_guard_is(&site, "same-site")) {
        return NULL;
    }

    return "cross-site request";
}


static ngx_uint_t
ngx_http_veriff_guard_is(ngx_str_t *value, const char *word)
{
    return value->len == ngx_strlen(word)
           && ngx_strncasecmp(value->data, (u_char *) word, value->len) == 0;
}


static ngx_uint_t
ngx_http_veriff_guard_prefetch(ngx_http_request_t *r)
{
    ngx_str_t          value;
    ngx_uint_t         i, n;
    static const char  *names[] = { "sec-purpose", "purpose", "x-moz" };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        /* "prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip" */

        n = ngx_http_veriff_headers_find(r, names[i], &value);

        if (n > 1
            || (n && (ngx_strlcasestrn(value.data, value.data + value.len,
                                       (u_char *) "prefetch", 8 - 1)
                      || ngx_strlcasestrn(value.data, value.data + value.len,
                                          (u_char *) "preview", 7 - 1))))
        {
            return 1;
        }
    }

    return 0;
}


/* "http" is not compared with "https": TLS may end in front of this nginx */

static ngx_uint_t
ngx_http_veriff_guard_same_origin(ngx_http_request_t *r, ngx_str_t *origin)
{
    ngx_str_t  scheme, host, port, own, own_port;

    if (ngx_veriff_url_split(origin, &scheme, &host, &port) != NGX_OK) {
        return 0;
    }

#if (NGX_HTTP_SSL)

    /* where it ends here, whoever rewrites plain HTTP is a stranger */

    if (r->connection->ssl && scheme.len != sizeof("https") - 1) {
        return 0;
    }

#endif

    if (r->headers_in.host) {
        own = r->headers_in.host->value;

    } else {

        /* HTTP/3: ":authority" only */

        own.data = r->host_start;
        own.len = r->host_end - r->host_start;
    }

    ngx_http_veriff_guard_port(&own, &own_port);

    if (own.len == 0 || own.len != host.len
        || ngx_strncasecmp(own.data, host.data, own.len) != 0)
    {
        return 0;
    }

    if (port.len == 0 && own_port.len == 0) {
        return 1;
    }

    if (port.len == 0) {
        if (scheme.len == 5) {
            ngx_str_set(&port, "443");

        } else {
            ngx_str_set(&port, "80");
        }
    }

    if (own_port.len == 0) {
        if (scheme.len == 5) {
            ngx_str_set(&own_port, "443");

        } else {
            ngx_str_set(&own_port, "80");
        }
    }

    return port.len == own_port.len
           && ngx_strncmp(port.data, own_port.data, port.len) == 0;
}


/* splits "host:port" or "[v6]:port" */

static void
ngx_http_veriff_guard_port(ngx_str_t *host, ngx_str_t *port)
{
    size_t  i;

    ngx_str_null(port);

    for (i = host->len; i > 0; i--) {

        if (host->data[i - 1] == ']') {
            return;
        }

        if (host->data[i - 1] == ':') {
            port->data = host->data + i;
            port->len = host->len - i;
            host->len = i - 1;
            return;
        }
    }
}
