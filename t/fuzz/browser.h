
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _FUZZ_BROWSER_H_INCLUDED_
#define _FUZZ_BROWSER_H_INCLUDED_


#include "fuzz.h"


/*
 * Where a browser would go: a reader of URLs of its own, after the URL
 * Standard, for the page https://app.example/veriff/return.
 */

#define FUZZ_BROWSER_HOST  "app.example"

typedef struct {
    ngx_str_t   scheme;     /* lower case */
    ngx_str_t   host;       /* lower case; addresses in one form */
    ngx_uint_t  port;       /* 0: the scheme's own */
    ngx_uint_t  user;       /* there is user information */
    ngx_uint_t  loopback;   /* a literal address */
    ngx_str_t   path;       /* dot segments resolved */
} fuzz_url_t;

/* NGX_OK, or NGX_DECLINED: it goes nowhere, or to another kind of scheme. */
ngx_int_t fuzz_browser(ngx_pool_t *pool, ngx_str_t *text, fuzz_url_t *url);

/* A host as fuzz_url_t has it: NGX_OK or NGX_DECLINED. */
ngx_int_t fuzz_browser_host(ngx_pool_t *pool, ngx_str_t *text,
    fuzz_url_t *url);

/* Resolves dot segments, also escaped ones, of a path as browsers do. */
ngx_str_t fuzz_browser_path(ngx_pool_t *pool, ngx_str_t *text);

/* Unescapes it once; what is no escape stays. */
ngx_str_t fuzz_unescape(ngx_pool_t *pool, ngx_str_t *text);


#endif /* _FUZZ_BROWSER_H_INCLUDED_ */
