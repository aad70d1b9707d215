
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_BODY_H_INCLUDED_
#define _NGX_HTTP_VERIFF_BODY_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Reads the request body in a phase and feeds ctx->body.hmac with it: while
 * it arrives, or, if someone has read it before, where it lies.  When it
 * is complete the phases are run again, and the handler calls this again.
 * One larger than ctx->body.limit is answered 413 while it arrives.
 * Returns NGX_OK (complete and hashed, ctx->body.size is known), NGX_DONE
 * (the handler must return it), NGX_ERROR, or an HTTP status.
 */
ngx_int_t ngx_http_veriff_body_read(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);

/*
 * Gets the body in one piece, from r->pool if it is not so already.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_body_bytes(ngx_http_request_t *r, off_t size,
    ngx_str_t *bytes);

/* Feeds a complete body to another computation: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_veriff_body_hash(ngx_http_request_t *r,
    ngx_veriff_hmac_t *hmac);

/* Installs the request body filter. */
void ngx_http_veriff_body_init(void);


#endif /* _NGX_HTTP_VERIFF_BODY_H_INCLUDED_ */
