
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_FORGET_H_INCLUDED_
#define _NGX_HTTP_VERIFF_FORGET_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* Called with the request, if it is still there: NGX_OK or NGX_ERROR. */
typedef void (*ngx_http_veriff_forget_pt)(ngx_http_request_t *r,
    ngx_int_t rc);


/*
 * The provider has answered r, which is signed: if it has deleted a session
 * that we know, or (with a handler: the answer is signed) has none by that id,
 * it is removed from the store, also when the client has gone.  A failure is
 * logged.
 * Returns NGX_AGAIN (the handler, if there is one, will be called when it is
 * durable, or cannot be), NGX_OK (there is nothing to wait for) or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_forget(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_forget_pt handler);


#endif /* _NGX_HTTP_VERIFF_FORGET_H_INCLUDED_ */
