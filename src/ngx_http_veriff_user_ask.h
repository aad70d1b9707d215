
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_USER_ASK_H_INCLUDED_
#define _NGX_HTTP_VERIFF_USER_ASK_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Asks the application by subrequest whether the user may have a session;
 * when it has answered, r->write_event_handler is called, which the caller
 * has set before.  Returns NGX_OK, or NGX_DECLINED if nobody was asked:
 * *answer is what to finalize the request with.
 */
ngx_int_t ngx_http_veriff_user_ask(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_int_t *answer);

/*
 * What it has said: NGX_OK (ctx->user is the user that it has named, if any),
 * NGX_AGAIN (nothing yet), or NGX_DECLINED: *answer is what to finalize the
 * request with.
 */
ngx_int_t ngx_http_veriff_user_asked(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_int_t *answer);

/* Non-zero if r is such a subrequest: nothing of its answer is sent. */
ngx_uint_t ngx_http_veriff_user_ask_is(ngx_http_request_t *r);

/* The same, in a location of ours that must not be asked; noted. */
ngx_uint_t ngx_http_veriff_user_ask_stray(ngx_http_request_t *r);


#endif /* _NGX_HTTP_VERIFF_USER_ASK_H_INCLUDED_ */
