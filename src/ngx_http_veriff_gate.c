
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_gate.h"
#include "ngx_http_veriff_gate_reply.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_state.h"
#include "ngx_http_veriff_tell.h"
#include "ngx_http_veriff_user.h"


static ngx_int_t ngx_http_veriff_gate_off(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_uint_t ngx_http_veriff_gate_is_page(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_gate_user(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_gate_t *gate);
static ngx_int_t ngx_http_veriff_gate_look_up(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_gate_t *gate,
    ngx_veriff_state_e *state);
static ngx_http_veriff_gate_reason_e ngx_http_veriff_gate_reason(
    ngx_veriff_state_e state);
static ngx_int_t ngx_http_veriff_gate_pass(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_gate_result_e result,
    ngx_http_veriff_gate_reason_e reason);


static ngx_str_t  ngx_http_veriff_gate_unknown = ngx_string("UNKNOWN");

static ngx_http_veriff_name_t  ngx_http_veriff_state_header =
    ngx_http_veriff_name("X-Veriff-State", "x-veriff-state");
static ngx_http_veriff_name_t  ngx_http_veriff_session_header =
    ngx_http_veriff_name("X-Veriff-Session", "x-veriff-session");
static ngx_http_veriff_name_t  ngx_http_veriff_decided_header =
    ngx_http_veriff_name("X-Veriff-Decided", "x-veriff-decided");


ngx_int_t
ngx_http_veriff_gate_handler(ngx_http_request_t *r,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_int_t                rc;
    ngx_veriff_state_e       state;
    ngx_http_veriff_ctx_t   *ctx;
    ngx_http_veriff_gate_t  *gate;

    /* as with nginx's own access control: main requests only */

    if (r != r->main) {
        return NGX_DECLINED;
    }

    gate = vlcf->gate;
    ctx = ngx_http_veriff_ctx_get(r);

    if (gate == NULL) {
        return ngx_http_veriff_gate_off(r, ctx);
    }

    if (ctx == NULL) {
        ctx = ngx_http_veriff_ctx_create(r);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ngx_http_veriff_gate_is_page(r, ctx)) {
        return ngx_http_veriff_gate_off(r, ctx);
    }

    ctx->integration = gate->ref.integration;
    ctx->state = ngx_http_veriff_gate_unknown;
    ngx_str_null(&ctx->user);
    ngx_str_null(&ctx->status);
    ngx_str_null(&ctx->session_id);
    ngx_str_null(&ctx->decision_time);

    rc = ngx_http_veriff_gate_user(r, ctx, gate);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_veriff_gate_look_up(r, ctx, gate, &state);

    if (rc == NGX_ABORT) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != NGX_OK) {

        if (gate->report) {
            return ngx_http_veriff_gate_pass(r, ctx,
                                         NGX_HTTP_VERIFF_GATE_REPORT,
                                         NGX_HTTP_VERIFF_GATE_STORE_FAILED);
        }

        if (gate->allow) {
            return ngx_http_veriff_gate_pass(r, ctx,
                                         NGX_HTTP_VERIFF_GATE_ALLOW,
                                         NGX_HTTP_VERIFF_GATE_STORE_FAILED);
        }

        return ngx_http_veriff_gate_refuse(r, ctx, gate,
                                         NGX_HTTP_VERIFF_GATE_STORE_FAILED);
    }

    if (state == NGX_VERIFF_VERIFIED) {
        return ngx_http_veriff_gate_pass(r, ctx, NGX_HTTP_VERIFF_GATE_PASS,
                                         NGX_HTTP_VERIFF_GATE_VERIFIED);
    }

    if (gate->report) {
        return ngx_http_veriff_gate_pass(r, ctx, NGX_HTTP_VERIFF_GATE_REPORT,
                                         ngx_http_veriff_gate_reason(state));
    }

    return ngx_http_veriff_gate_refuse(r, ctx, gate,
                                       ngx_http_veriff_gate_reason(state));
}


/* what an earlier location's gate has said is not said by this one */

static ngx_int_t
ngx_http_veriff_gate_off(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx)
{
    if (ctx == NULL || !ctx->gated) {
        return NGX_DECLINED;
    }

    ctx->gated = 0;

    return (ngx_http_veriff_headers_remove(r, NGX_HTTP_VERIFF_OURS)
            == NGX_OK)
           ? NGX_DECLINED : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* the page that a gate or the return location has chosen to show */

static ngx_uint_t
ngx_http_veriff_gate_is_page(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    return r->internal && ctx->page_uri.len
           && ctx->page_uri.len == r->uri.len
           && ngx_memcmp(ctx->page_uri.data, r->uri.data, r->uri.len) == 0;
}


/* NGX_OK, or what the phase returns */

static ngx_int_t
ngx_http_veriff_gate_user(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx,
    ngx_http_veriff_gate_t *gate)
{
    ngx_int_t                      rc;
    ngx_str_t                      error;
    ngx_http_veriff_gate_reason_e  reason;

    rc = ngx_http_veriff_user(r, gate->user, ctx, &error);

    switch (rc) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        reason = NGX_HTTP_VERIFF_GATE_NO_USER;
        break;

    case NGX_ABORT:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "veriff gate \"%V\": %V", &gate->ref.name, &error);

        reason = NGX_HTTP_VERIFF_GATE_BAD_USER;
        break;

    default:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (gate->report) {
        return ngx_http_veriff_gate_pass(r, ctx, NGX_HTTP_VERIFF_GATE_REPORT,
                                         reason);
    }

    return ngx_http_veriff_gate_refuse(r, ctx, gate, reason);
}


/* NGX_OK, NGX_ERROR (the store failed) or NGX_ABORT (no memory) */

static ngx_int_t
ngx_http_veriff_gate_look_up(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_gate_t *gate,
    ngx_veriff_state_e *state)
{
    u_char                        name[NGX_VERIFF_NAME_LEN];
    ngx_veriff_policy_t           policy;
    ngx_veriff_record_t           record;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (ngx_http_veriff_state_name(vmcf, ctx->integration, &ctx->user, name)
        != NGX_OK
        || ngx_http_veriff_state_get(vmcf, r->pool, name, &record)
           == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    ngx_http_veriff_state_policy(ctx->integration, &policy);

    if (gate->max_age
        && (policy.max_age == 0 || gate->max_age < policy.max_age))
    {
        policy.max_age = gate->max_age;
    }

    *state = ngx_veriff_policy_state(&record.history, &policy);

    return (ngx_http_veriff_tell(r, ctx, *state, &record.history) == NGX_OK)
           ? NGX_OK : NGX_ABORT;
}


static ngx_http_veriff_gate_reason_e
ngx_http_veriff_gate_reason(ngx_veriff_state_e state)
{
    switch (state) {

    case NGX_VERIFF_PENDING:
        return NGX_HTTP_VERIFF_GATE_PENDING;

    case NGX_VERIFF_REJECTED:
        return NGX_HTTP_VERIFF_GATE_REJECTED;

    default: /* NGX_VERIFF_UNVERIFIED */
        return NGX_HTTP_VERIFF_GATE_UNVERIFIED;
    }
}


/* lets the request go on, and tells the application about its user */

static ngx_int_t
ngx_http_veriff_gate_pass(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx,
    ngx_http_veriff_gate_result_e result,
    ngx_http_veriff_gate_reason_e reason)
{
    ngx_http_veriff_gate_result(ctx, result, reason);

    /* once more: the post-read phase is not run after an internal redirect */

    if (ngx_http_veriff_headers_handler(r) != NGX_DECLINED
        || ngx_http_veriff_headers_add(r, &ngx_http_veriff_state_header,
                                       &ctx->state)
           != NGX_OK
        || (ctx->session_id.len
            && ngx_http_veriff_headers_add(r,
                                           &ngx_http_veriff_session_header,
                                           &ctx->session_id)
               != NGX_OK)
        || (ctx->decision_time.len
            && ngx_http_veriff_headers_add(r,
                                           &ngx_http_veriff_decided_header,
                                           &ctx->decision_time)
               != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->gated = 1;

    return NGX_DECLINED;
}
