
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_GUARD_H_INCLUDED_
#define _NGX_HTTP_VERIFF_GUARD_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* What a browser says about who made it send the request. */

/*
 * Non-zero if the request is a navigation, so that an answer is seen by a
 * person: by Sec-Fetch-Mode and Sec-Fetch-Dest, or by Accept where a browser
 * is too old for these.
 */
ngx_uint_t ngx_http_veriff_guard_navigation(ngx_http_request_t *r);

/*
 * Returns NULL if the request may create something, or the reason why not:
 * HEAD, a prefetch, a foreign Origin, or another site's request that is no
 * navigation of the whole window.  The last two do not count if its origin is
 * a trusted one.
 */
const char *ngx_http_veriff_guard_create(ngx_http_request_t *r,
    ngx_uint_t trusted);


#endif /* _NGX_HTTP_VERIFF_GUARD_H_INCLUDED_ */
