
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


/* the message, and the hashes of what it echoes, in the update's pool */

typedef struct {
    ngx_veriff_message_t            message;
    uint64_t                        vendor_data;
    uint64_t                        end_user_id;

    /* with match vendor_data: the user whom it names, or empty */
    ngx_str_t                       user;
    u_char                          name[NGX_VERIFF_NAME_LEN];

    ngx_veriff_outcome_e            outcome;
    ngx_uint_t                      mismatch;   /* another's, or a forgery */
} ngx_http_veriff_apply_t;


/*
 * Makes an update that applies what the provider has said, wherever it said
 * it, to the record with this name; its data is an ngx_http_veriff_apply_t,
 * whose last two are the result.  The caller sets update->done.  NULL on
 * error.
 */
ngx_http_veriff_update_t *ngx_http_veriff_apply_update(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, u_char *name,
    ngx_veriff_webhook_t *webhook);

/*
 * Non-zero for a webhook of a type that may change a state, with the settings
 * of this integration.
 */
ngx_uint_t ngx_http_veriff_apply_type(ngx_http_veriff_integration_t *vi,
    ngx_veriff_webhook_t *webhook);

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
