
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_WEBHOOK_CHECK_H_INCLUDED_
#define _NGX_HTTP_VERIFF_WEBHOOK_CHECK_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* Whose webhook it is, and whether it is signed. */

/*
 * Reads the API key, and the signature into the context.  Returns NULL, or
 * the reason why the headers do not do.
 */
const char *ngx_http_veriff_webhook_headers(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_str_t *api_key);

/*
 * Finds the pairs that the API key names, of one integration or of several
 * that share it; the one that vrf-integration-id names comes first.
 * NGX_OK (they are ctx->candidates), NGX_DECLINED (there is none) or
 * NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_webhook_pair(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_loc_conf_t *vlcf,
    ngx_str_t *api_key);

/*
 * When the body is there: NGX_OK (a secret of the pair has signed exactly
 * these bytes; only the candidates whose pair has are left), NGX_DECLINED or
 * NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_webhook_check(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);


#endif /* _NGX_HTTP_VERIFF_WEBHOOK_CHECK_H_INCLUDED_ */
