
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_webhook_read.h"
#include "ngx_http_veriff_apply.h"
#include "ngx_http_veriff_body.h"
#include "ngx_http_veriff_variable.h"


static ngx_int_t ngx_http_veriff_webhook_parse(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_webhook_user(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);


void
ngx_http_veriff_webhook_read_init(ngx_cycle_t *cycle)
{
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_veriff_module);

    if (vmcf == NULL) {
        return;
    }

    /* a state, a user, a type to be counted, a variable */

    vmcf->webhook_read = vmcf->store || vmcf->keys || vmcf->metrics
                         || ngx_http_veriff_variable_reads(cycle);
}


ngx_int_t
ngx_http_veriff_webhook_read(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_int_t                     rc;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (!vmcf->webhook_read) {

        /* an upstream would close its file, and some ask in the log phase */

        r->preserve_body = 1;

        return NGX_OK;
    }

    ctx->webhook_read = 1;

    rc = ngx_http_veriff_webhook_parse(r, ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_veriff_webhook_user(r, ctx);
}


ngx_int_t
ngx_http_veriff_webhook_read_late(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_int_t                     rc;
    ngx_veriff_hmac_t            *hmac;
    ngx_http_veriff_candidate_t  *candidate;

    if (!ctx->webhook_valid || ctx->webhook_read) {
        return NGX_OK;
    }

    ctx->webhook_read = 1;

    /* Lua may have set another body since */

    candidate = ctx->candidates.elts;

    hmac = ngx_veriff_hmac_start(r->pool, candidate[0].pair->secrets, 1);

    if (hmac == NULL || ngx_http_veriff_body_hash(r, hmac) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_veriff_hmac_verify(hmac, &ctx->signature);

    if (rc == NGX_OK) {
        rc = ngx_http_veriff_webhook_parse(r, ctx);
    }

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_http_veriff_webhook_parse(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  bytes;

    if (ngx_http_veriff_body_bytes(r, ctx->body.size, &bytes) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_veriff_webhook_parse(r->pool, bytes.data, bytes.len,
                                  &ctx->webhook);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "veriff webhook read: %i, %O bytes, %V",
                   rc, ctx->body.size,
                   ngx_veriff_webhook_type_name(ctx->webhook.type));

    return rc;
}


/* the user that the session was made for, if vendorData is our token */

static ngx_int_t
ngx_http_veriff_webhook_user(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_http_veriff_candidate_t  *candidate;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (vmcf->keys == NULL || ctx->webhook.vendor_data.len == 0) {
        return NGX_OK;
    }

    candidate = ctx->candidates.elts;

    for (i = 0; i < ctx->candidates.nelts; i++) {

        rc = ngx_veriff_token_open(r->pool, vmcf->keys,
                                   &candidate[i].integration->name,
                                   &ctx->webhook.vendor_data,
                                   &ctx->webhook_user);

        if (rc == NGX_OK) {
            ctx->integration = candidate[i].integration;
        }

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return NGX_OK;
}
