
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_WAY_H_INCLUDED_
#define _NGX_HTTP_VERIFF_WAY_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * The way back: where a user was who is led through verification, kept in a
 * sealed cookie of the browser, one for each integration.
 */

typedef ngx_veriff_way_t  ngx_http_veriff_way_t;


/*
 * The path of the request as the client sent it, or "/" if one cannot come
 * back to it: it does not pass ngx_veriff_way_path(), or is the start or the
 * return page itself.  It may borrow from the request.
 */
void ngx_http_veriff_way_here(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_str_t *path);

/*
 * The same for the request's argument "return", decoded: NGX_OK,
 * NGX_DECLINED (there is none that will do) or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_way_arg(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_str_t *path);

/*
 * Sets the cookie in the answer, in place of one that was set or removed in
 * it before; the path must have passed one of the above.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_way_set(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_http_veriff_way_t *way);

/*
 * Reads the request's cookie: NGX_OK, NGX_DECLINED (none, not sealed by us
 * for this integration, or expired) or NGX_ERROR.  Of several the first that
 * opens counts.  What it gives is in the request's pool.
 */
ngx_int_t ngx_http_veriff_way_get(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_http_veriff_way_t *way);

/* Removes the cookie from the browser, likewise: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_veriff_way_clear(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi);

/*
 * The URI of a page with the path as its argument "return", escaped, in the
 * request's pool: NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_way_uri(ngx_http_request_t *r, ngx_str_t *page,
    ngx_str_t *path, ngx_str_t *uri);


#endif /* _NGX_HTTP_VERIFF_WAY_H_INCLUDED_ */
