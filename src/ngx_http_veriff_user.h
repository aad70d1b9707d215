
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_USER_H_INCLUDED_
#define _NGX_HTTP_VERIFF_USER_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Finds out who the user is, by the expression or, if it is NULL, by the
 * integration's, and sets ctx->user.  Returns NGX_OK, NGX_DECLINED (there is
 * none: the user, or a variable in it, is empty), NGX_ABORT (one that cannot
 * be used: *reason says why, without the value) or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_user(ngx_http_request_t *r,
    ngx_http_complex_value_t *expr, ngx_http_veriff_ctx_t *ctx,
    ngx_str_t *reason);

/*
 * Whether a user's id that is not empty can be used: NGX_OK, or NGX_ABORT
 * (*reason says why not, without the value).
 */
ngx_int_t ngx_http_veriff_user_check(ngx_str_t *user, ngx_str_t *reason);


#endif /* _NGX_HTTP_VERIFF_USER_H_INCLUDED_ */
