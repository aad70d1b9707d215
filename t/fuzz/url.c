
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "browser.h"
#include "fuzz.h"
#include "ngx_veriff_url.h"


/* Input: a line with what url_hosts says, then a URL. */


static ngx_uint_t named(ngx_pool_t *pool, fuzz_url_t *url,
    ngx_array_t *patterns);
static void patterns_match(ngx_pool_t *pool, ngx_array_t *patterns,
    ngx_str_t *pattern);
static ngx_str_t joined(ngx_pool_t *pool, const char *scheme,
    const char *label, ngx_str_t *host);


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    ngx_str_t     line, pattern, *p, scheme, host, port, number, url;
    ngx_int_t     rc, ok;
    fuzz_url_t    seen;
    ngx_array_t  *patterns;

    patterns = ngx_array_create(pool, 4, sizeof(ngx_str_t));

    for (line = fuzz_line(pool, input); line.len; /* void */ ) {
        pattern = fuzz_word(pool, &line);
        rc = ngx_veriff_url_host_pattern(&pattern);

        if (rc == NGX_DECLINED) {
            continue;
        }

        fuzz_must(rc == NGX_OK || rc == NGX_DONE);

        p = ngx_array_push(patterns);
        *p = pattern;

        patterns_match(pool, patterns, &pattern);
    }

    url = fuzz_copy(pool, input->data, input->len);

    rc = ngx_veriff_url_split(&url, &scheme, &host, &port);
    ok = ngx_veriff_url_check(&url, patterns);

    fuzz_must(ok == NGX_OK || ok == NGX_DECLINED);

    if (rc != NGX_OK) {
        fuzz_must(ok == NGX_DECLINED);
        return;
    }

    /* what we take it for is what a browser takes it for */

    fuzz_must(fuzz_browser(pool, &url, &seen) == NGX_OK);
    fuzz_must(!seen.user);
    fuzz_must(seen.scheme.len == scheme.len);

    number = port;
    fuzz_must(seen.port == fuzz_number(&number));

    if (host.data[0] != '[') {
        fuzz_must(seen.host.len == host.len);
        fuzz_must(ngx_strncasecmp(seen.host.data, host.data, host.len) == 0);
    }

    if (ok != NGX_OK) {
        return;
    }

    fuzz_must(named(pool, &seen, patterns));
    fuzz_must(fuzz_is(&seen.scheme, "https") || seen.loopback);
}


/* independent of how the core compares */

static ngx_uint_t
named(ngx_pool_t *pool, fuzz_url_t *url, ngx_array_t *patterns)
{
    ngx_str_t   *p, tail, name;
    fuzz_url_t   host;
    ngx_uint_t   i;

    p = patterns->elts;

    for (i = 0; i < patterns->nelts; i++) {

        name = p[i];

        if (name.data[0] == '.') {
            name.data++;
            name.len--;
        }

        if (fuzz_browser_host(pool, &name, &host) != NGX_OK) {
            continue;
        }

        if (fuzz_same(&url->host, &host.host)) {
            return 1;
        }

        if (p[i].data[0] != '.' || url->host.len <= p[i].len) {
            continue;
        }

        tail.len = p[i].len;
        tail.data = url->host.data + url->host.len - tail.len;

        if (fuzz_same(&tail, &p[i])) {
            return 1;
        }
    }

    return 0;
}


/* the host that a pattern names can be used, and what only looks like it not */

static void
patterns_match(ngx_pool_t *pool, ngx_array_t *patterns, ngx_str_t *pattern)
{
    ngx_str_t    url, name, *one;
    ngx_array_t *list;

    list = ngx_array_create(pool, 1, sizeof(ngx_str_t));
    one = ngx_array_push(list);
    *one = *pattern;

    name = *pattern;

    if (name.data[0] == '.') {
        name.data++;
        name.len--;

        if (name.len <= 240) {
            url = joined(pool, "https://", "a.", &name);
            fuzz_must(ngx_veriff_url_check(&url, patterns) == NGX_OK);
        }

    } else if (name.data[0] != '[') {

        url = joined(pool, "https://", "a.", &name);
        fuzz_must(ngx_veriff_url_check(&url, list) == NGX_DECLINED);
    }

    url = joined(pool, "https://", "", &name);
    fuzz_must(ngx_veriff_url_check(&url, patterns) == NGX_OK);

    url = joined(pool, "https://", "x", &name);
    fuzz_must(ngx_veriff_url_check(&url, list) == NGX_DECLINED);

    url = joined(pool, "https://", "u@", &name);
    fuzz_must(ngx_veriff_url_check(&url, list) == NGX_DECLINED);

    url = joined(pool, "http://", "", &name);
    fuzz_must((ngx_veriff_url_check(&url, list) == NGX_OK)
              == (ngx_veriff_url_host_pattern(pattern) == NGX_DONE));
}


static ngx_str_t
joined(ngx_pool_t *pool, const char *scheme, const char *label,
    ngx_str_t *host)
{
    u_char     *p;
    ngx_str_t   url;

    url.len = strlen(scheme) + strlen(label) + host->len;
    url.data = ngx_pnalloc(pool, url.len);

    p = ngx_cpymem(url.data, scheme, strlen(scheme));
    p = ngx_cpymem(p, label, strlen(label));
    ngx_memcpy(p, host->data, host->len);

    return url;
}
