
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_APPLY_H_INCLUDED_
#define _NGX_HTTP_VERIFF_APPLY_H_INCLUDED_


#include "ngx_http_veriff_state.h"


/* a webhook's integration, and the pair whose secret has signed it */

typedef struct {
    ngx_http_veriff_integration_t  *integration;
    ngx_http_veriff_pair_t         *pair;
} ngx_http_veriff_candidate_t;


/*
 * Applies a validated webhook to the record of the user whom its session was
 * made for, or whom vendorData names (match vendor_data, and the application
 * has not had the webhook).  Types without a state and sessions of nobody
 * change nothing.  Returns NGX_OK (what there was to write is durable,
 * ctx->outcome is set), NGX_AGAIN (the phases are run again when it is) or
 * NGX_ERROR (the provider must send it again).
 */
ngx_int_t ngx_http_veriff_apply(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);


#endif /* _NGX_HTTP_VERIFF_APPLY_H_INCLUDED_ */
