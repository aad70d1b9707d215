
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_SESSION_CREATE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_SESSION_CREATE_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Asks the provider for a session of ctx->user; the request is finalized with
 * what comes of it, which is stored first, if there is a store.  Returns
 * NGX_DONE, or what to finalize with if nobody was asked.
 */
ngx_int_t ngx_http_veriff_session_create(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);

/*
 * Hands the outcome to the store, and the lease back; create is NULL if
 * nobody was asked.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_session_settle(ngx_http_request_t *r,
    ngx_http_veriff_create_t *create);


#endif /* _NGX_HTTP_VERIFF_SESSION_CREATE_H_INCLUDED_ */
