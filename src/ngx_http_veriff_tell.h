
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_TELL_H_INCLUDED_
#define _NGX_HTTP_VERIFF_TELL_H_INCLUDED_


#include "ngx_http_veriff_module.h"

#include "ngx_veriff_policy.h"


/*
 * Sets what variables, headers to the application and answers say of a user:
 * ctx->state, ->status, ->session_id and ->decision_time.  The session is the
 * one that the state is about; the time is that of the verdict, empty without
 * one.  What it sets is in the request's pool: NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_tell(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_veriff_state_e state,
    ngx_veriff_history_t *history);


#endif /* _NGX_HTTP_VERIFF_TELL_H_INCLUDED_ */
