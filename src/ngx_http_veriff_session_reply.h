
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_SESSION_REPLY_H_INCLUDED_
#define _NGX_HTTP_VERIFF_SESSION_REPLY_H_INCLUDED_


#include "ngx_http_veriff_module.h"


#define NGX_HTTP_VERIFF_RETRY_AFTER  30     /* seconds */

#define NGX_HTTP_VERIFF_TRY_AGAIN                                             \
    "The verification service is not available right now. "                  \
    "Please try again in a moment."


/*
 * The answers of veriff_session, each in the request's format.  All return
 * what ngx_http_finalize_request() takes.
 */

/* What the store says: ctx->flow->result is all but ..._CREATE. */
ngx_int_t ngx_http_veriff_session_known(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);

/*
 * The session's URL; answer is the provider's own, or NULL if it was not
 * asked now.
 */
ngx_int_t ngx_http_veriff_session_url(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_str_t *url, ngx_str_t *id,
    time_t expires, ngx_str_t *answer);

/* 429: session_rate has room again in so many seconds. */
ngx_int_t ngx_http_veriff_session_busy(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_uint_t wait);

/* An error; retry_after in seconds, 0 for none. */
ngx_int_t ngx_http_veriff_session_error(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_uint_t status, const char *detail,
    ngx_uint_t retry_after);

/*
 * Answers a request that breaks a rule, and logs which one: the reason names
 * it, never the value.
 */
ngx_int_t ngx_http_veriff_session_unfit(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_str_t *reason);

/*
 * Answers a request whose JSON cannot be used, and logs why: the reason is
 * plain text, kept as long as the request, and never names a value.
 */
ngx_int_t ngx_http_veriff_session_bad(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_uint_t status, const char *reason);


#endif /* _NGX_HTTP_VERIFF_SESSION_REPLY_H_INCLUDED_ */
