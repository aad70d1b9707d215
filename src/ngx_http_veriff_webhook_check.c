
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_webhook_check.h"
#include "ngx_http_veriff_apply.h"
#include "ngx_http_veriff_body.h"
#include "ngx_http_veriff_headers.h"


static const char *ngx_http_veriff_webhook_twin(ngx_http_request_t *r,
    const char *name, const char *other, ngx_str_t *value);


const char *
ngx_http_veriff_webhook_headers(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_str_t *api_key)
{
    const char  *reason;

    reason = ngx_http_veriff_webhook_twin(r, "x-auth-client",
                                          "vrf-auth-client", api_key);
    if (reason) {
        return reason;
    }

    reason = ngx_http_veriff_webhook_twin(r, "x-hmac-signature",
                                          "vrf-hmac-signature",
                                          &ctx->signature);
    if (reason) {
        return reason;
    }

    if (api_key->len == 0) {
        return "no_key";
    }

    if (ctx->signature.len == 0) {
        return "no_signature";
    }

    if (ngx_veriff_hmac_form(&ctx->signature) != NGX_OK) {
        return "malformed_signature";
    }

    return NULL;
}


/* the provider sends each header under one name, the other, or both */

static const char *
ngx_http_veriff_webhook_twin(ngx_http_request_t *r, const char *name,
    const char *other, ngx_str_t *value)
{
    ngx_str_t   twin;
    ngx_uint_t  n, m;

    n = ngx_http_veriff_headers_find(r, name, value);
    m = ngx_http_veriff_headers_find(r, other, &twin);

    if (n > 1 || m > 1) {
        return "repeated_header";
    }

    if (m == 0) {
        return NULL;
    }

    if (n == 0) {
        *value = twin;
        return NULL;
    }

    if (twin.len != value->len
        || ngx_strncasecmp(twin.data, value->data, twin.len) != 0)
    {
        return "conflicting_headers";
    }

    return NULL;
}


ngx_int_t
ngx_http_veriff_webhook_pair(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_loc_conf_t *vlcf,
    ngx_str_t *api_key)
{
    ngx_str_t                      id;
    ngx_uint_t                     i, j;
    ngx_http_veriff_ref_t         *ref;
    ngx_http_veriff_pair_t        *pair;
    ngx_http_veriff_candidate_t   *candidate, *first, swap;
    ngx_http_veriff_integration_t *vi;

    if (ngx_array_init(&ctx->candidates, r->pool, 1,
                       sizeof(ngx_http_veriff_candidate_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    (void) ngx_http_veriff_headers_find(r, "vrf-integration-id", &id);

    ref = vlcf->webhook->elts;

    for (i = 0; i < vlcf->webhook->nelts; i++) {
        vi = ref[i].integration;
        pair = vi->webhook_pairs->elts;

        for (j = 0; j < vi->webhook_pairs->nelts; j++) {

            if (pair[j].api_key.len != api_key->len
                || ngx_strncasecmp(pair[j].api_key.data, api_key->data,
                                   api_key->len)
                   != 0)
            {
                continue;
            }

            candidate = ngx_array_push(&ctx->candidates);
            if (candidate == NULL) {
                return NGX_ERROR;
            }

            candidate->integration = vi;
            candidate->pair = &pair[j];

            if (id.len && id.len == vi->integration_id.len
                && ngx_strncasecmp(id.data, vi->integration_id.data, id.len)
                   == 0)
            {
                first = ctx->candidates.elts;

                swap = *first;
                *first = *candidate;
                *candidate = swap;
            }
        }
    }

    return ctx->candidates.nelts ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_veriff_webhook_check(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i, n;
    ngx_veriff_hmac_t            *hmac;
    ngx_http_veriff_candidate_t  *candidate;

    candidate = ctx->candidates.elts;
    hmac = ctx->body.hmac;
    n = 0;

    for (i = 0; i < ctx->candidates.nelts; i++) {

        /* the first was hashed while it came, the others where it lies */

        if (i > 0) {
            hmac = ngx_veriff_hmac_start(r->pool, candidate[i].pair->secrets,
                                         1);
            if (hmac == NULL
                || ngx_http_veriff_body_hash(r, hmac) != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        rc = ngx_veriff_hmac_verify(hmac, &ctx->signature);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK) {
            candidate[n++] = candidate[i];
        }
    }

    ctx->candidates.nelts = n;

    if (n == 0) {
        return NGX_DECLINED;
    }

    ctx->integration = candidate[0].integration;

    return NGX_OK;
}
