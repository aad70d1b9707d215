
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "browser.h"
#include "fuzz.h"
#include "ngx_veriff_way.h"


/* Input: a line with a path, then the URI of a location. */


#define STATES  96


static void stays(ngx_pool_t *pool, ngx_str_t *path);
static ngx_str_t merged(ngx_pool_t *pool, ngx_str_t *path);
static ngx_uint_t location(ngx_pool_t *pool, ngx_str_t *path, ngx_str_t *uri,
    ngx_uint_t merge);


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    size_t      i;
    ngx_int_t   rc;
    ngx_str_t   path;
    ngx_uint_t  is;

    path = fuzz_line(pool, input);

    rc = ngx_veriff_way_path(&path);
    fuzz_must(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        fuzz_must(path.len >= 1 && path.len <= 2048);

        for (i = 0; i < path.len; i++) {
            fuzz_must(path.data[i] > ' ' && path.data[i] < 0x7f);
            fuzz_must(strchr("#\"'`<>\\", path.data[i]) == NULL);
        }

        stays(pool, &path);
    }

    if (path.len <= 2048) {
        is = (location(pool, &path, input, 0)
              || location(pool, &path, input, 1));

        fuzz_must((ngx_veriff_way_is(&path, input) != 0) == is);
    }
}


/*
 * Browsers, proxies and applications resolve, merge and unescape it, in any
 * order and again and again: never does it come to name another host.
 */

static void
stays(ngx_pool_t *pool, ngx_str_t *path)
{
    size_t       len;
    u_char      *p;
    ngx_str_t    state[STATES], next;
    fuzz_url_t   url;
    ngx_uint_t   i, n, k, op;

    p = ngx_strlchr(path->data, path->data + path->len, '?');
    len = p ? (size_t) (p - path->data) : path->len;

    /* with its arguments, as the browser gets it */

    fuzz_must(fuzz_browser(pool, path, &url) == NGX_OK);
    fuzz_must(fuzz_is(&url.host, FUZZ_BROWSER_HOST));

    state[0] = fuzz_copy(pool, path->data, len);
    n = 1;

    for (i = 0; i < n; i++) {

        fuzz_must(fuzz_browser(pool, &state[i], &url) == NGX_OK);
        fuzz_must(fuzz_is(&url.scheme, "https"));
        fuzz_must(fuzz_is(&url.host, FUZZ_BROWSER_HOST));

        for (op = 0; op < 3 && n < STATES; op++) {

            next = (op == 0) ? fuzz_unescape(pool, &state[i])
                   : (op == 1) ? url.path : merged(pool, &state[i]);

            for (k = 0; k < n; k++) {
                if (fuzz_same(&next, &state[k])) {
                    break;
                }
            }

            if (k == n) {
                state[n++] = next;
            }
        }
    }
}


static ngx_str_t
merged(ngx_pool_t *pool, ngx_str_t *path)
{
    size_t     i;
    u_char    *d;
    ngx_str_t  out;

    out = fuzz_copy(pool, path->data, path->len);
    d = out.data;

    for (i = 0; i < path->len; i++) {
        if (i == 0 || path->data[i] != '/' || path->data[i - 1] != '/') {
            *d++ = path->data[i];
        }
    }

    return fuzz_copy(pool, out.data, d - out.data);
}


/* does nginx choose the location of this URI? */

static ngx_uint_t
location(ngx_pool_t *pool, ngx_str_t *path, ngx_str_t *uri, ngx_uint_t merge)
{
    size_t      n, i, len;
    u_char     *p, *d;
    ngx_str_t   target, *segment, out;

    p = ngx_strlchr(path->data, path->data + path->len, '?');

    target.data = path->data;
    target.len = p ? (size_t) (p - path->data) : path->len;
    target = fuzz_unescape(pool, &target);

    if (path->len == 0 || path->data[0] != '/' || target.len == 0) {
        return 0;
    }

    segment = ngx_palloc(pool, (target.len + 1) * sizeof(ngx_str_t));
    n = 0;

    for (i = 1; /* void */ ; i += len + 1) {

        for (len = 0; i + len < target.len && target.data[i + len] != '/';
             len++)
        {
            /* void */
        }

        segment[n].data = target.data + i;
        segment[n].len = len;

        if (fuzz_is(&segment[n], "..")) {
            n = n ? n - 1 : 0;
            segment[n].len = 0;
            n += (i + len >= target.len);

        } else if (fuzz_is(&segment[n], ".") || (merge && len == 0)) {
            segment[n].len = 0;
            n += (i + len >= target.len);

        } else {
            n++;
        }

        if (i + len >= target.len) {
            break;
        }
    }

    out.data = ngx_pnalloc(pool, target.len + n + 1);
    d = out.data;

    for (i = 0; i < n; i++) {
        *d++ = '/';
        d = ngx_cpymem(d, segment[i].data, segment[i].len);
    }

    out.len = d - out.data;

    return fuzz_same(&out, uri);
}
