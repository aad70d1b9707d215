
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_MATCH_H_INCLUDED_
#define _NGX_HTTP_VERIFF_MATCH_H_INCLUDED_


#include "ngx_http_veriff_state.h"


/*
 * Whose session it is that a webhook is about and that is not known: with
 * match vendor_data it is vendorData that tells.  Sets ctx->integration and
 * the name of the user's record.  NGX_OK, NGX_DECLINED (nobody's) or
 * NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_match_session(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, u_char *name);

/*
 * The user whom vendorData names, by our token or as it is, and the name of
 * that user's record.  The user is in the pool, or is vendorData itself.
 * NGX_OK, NGX_DECLINED (it names nobody) or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_match_user(ngx_pool_t *pool,
    ngx_http_veriff_main_conf_t *vmcf, ngx_http_veriff_integration_t *vi,
    ngx_str_t *vendor_data, ngx_str_t *user, u_char *name);


#endif /* _NGX_HTTP_VERIFF_MATCH_H_INCLUDED_ */
