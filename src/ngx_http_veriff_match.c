
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_match.h"
#include "ngx_http_veriff_apply.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_user.h"


static ngx_http_veriff_integration_t *ngx_http_veriff_match_integration(
    ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx);


ngx_int_t
ngx_http_veriff_match_session(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, u_char *name)
{
    ngx_str_t                       user;
    ngx_http_veriff_main_conf_t    *vmcf;
    ngx_http_veriff_integration_t  *vi;

    if (ctx->webhook.session_id.len == 0) {
        return NGX_DECLINED;
    }

    vi = ngx_http_veriff_match_integration(r, ctx);
    if (vi == NULL) {
        return NGX_DECLINED;
    }

    ctx->integration = vi;

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    return ngx_http_veriff_match_user(r->pool, vmcf, vi,
                                      &ctx->webhook.vendor_data, &user, name);
}


/*
 * A token of ours names its integration itself.  For others, of those that
 * share a key, it is the one that vrf-integration-id names, or the first one
 * that may be it.
 */

static ngx_http_veriff_integration_t *
ngx_http_veriff_match_integration(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_str_t                       id;
    ngx_uint_t                      i;
    ngx_http_veriff_candidate_t    *candidate;
    ngx_http_veriff_integration_t  *vi, *first;

    if (ctx->webhook_user.len) {
        return (ctx->integration->match == NGX_HTTP_VERIFF_MATCH_VENDOR_DATA)
               ? ctx->integration : NULL;
    }

    (void) ngx_http_veriff_headers_find(r, "vrf-integration-id", &id);

    candidate = ctx->candidates.elts;
    first = NULL;

    for (i = 0; i < ctx->candidates.nelts; i++) {
        vi = candidate[i].integration;

        if (id.len && vi->integration_id.len) {

            if (id.len == vi->integration_id.len
                && ngx_strncasecmp(id.data, vi->integration_id.data, id.len)
                   == 0)
            {
                return (vi->match == NGX_HTTP_VERIFF_MATCH_VENDOR_DATA)
                       ? vi : NULL;
            }

            continue;
        }

        if (first == NULL && vi->match == NGX_HTTP_VERIFF_MATCH_VENDOR_DATA) {
            first = vi;
        }
    }

    return first;
}


ngx_int_t
ngx_http_veriff_match_user(ngx_pool_t *pool,
    ngx_http_veriff_main_conf_t *vmcf, ngx_http_veriff_integration_t *vi,
    ngx_str_t *vendor_data, ngx_str_t *user, u_char *name)
{
    ngx_int_t  rc;
    ngx_str_t  reason;

    if (vendor_data->len == 0) {
        return NGX_DECLINED;
    }

    rc = ngx_veriff_token_open(pool, vmcf->keys, &vi->name, vendor_data,
                               user);

    if (rc == NGX_DECLINED) {
        *user = *vendor_data;
        rc = NGX_OK;
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_veriff_user_check(user, &reason) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_http_veriff_state_name(vmcf, vi, user, name);
}
