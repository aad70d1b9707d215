
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_gate_reply.h"
#include "ngx_http_veriff_guard.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_reply.h"
#include "ngx_http_veriff_way.h"


#define NGX_HTTP_VERIFF_GATE_RETRY  10      /* seconds: the store failed */


static ngx_int_t ngx_http_veriff_gate_error(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_gate_reason_e reason,
    ngx_uint_t status, const char *detail, ngx_uint_t retry_after);
static ngx_uint_t ngx_http_veriff_gate_is_own(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi);
static ngx_uint_t ngx_http_veriff_gate_was_own(ngx_http_request_t *r,
    ngx_http_veriff_gate_t *gate);
static ngx_int_t ngx_http_veriff_gate_lead(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_gate_t *gate,
    ngx_http_veriff_gate_reason_e reason);
static ngx_int_t ngx_http_veriff_gate_page(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_gate_t *gate);
static ngx_int_t ngx_http_veriff_gate_forbid(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_gate_reason_e reason,
    ngx_str_t *link);


static ngx_str_t  ngx_http_veriff_gate_results[] = {
    ngx_string("pass"),
    ngx_string("redirect"),
    ngx_string("deny"),
    ngx_string("report"),
    ngx_string("allow")
};


static ngx_str_t  ngx_http_veriff_gate_reasons[] = {
    ngx_string("verified"),
    ngx_string("unverified"),
    ngx_string("pending"),
    ngx_string("rejected"),
    ngx_string("no_user"),
    ngx_string("bad_user"),
    ngx_string("store_failed"),
    ngx_string("error_page"),
    ngx_string("no_location")
};


void
ngx_http_veriff_gate_result(ngx_http_veriff_ctx_t *ctx,
    ngx_http_veriff_gate_result_e result,
    ngx_http_veriff_gate_reason_e reason)
{
    ctx->gate = ngx_http_veriff_gate_results[result];
    ctx->gate_reason = ngx_http_veriff_gate_reasons[reason];

    ngx_http_veriff_count_gate(ctx->integration, result, reason);
}


ngx_int_t
ngx_http_veriff_gate_refuse(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_gate_t *gate,
    ngx_http_veriff_gate_reason_e reason)
{
    ngx_uint_t  error_page;

    /* "recursive_error_pages" leaves the first flag unset */

    error_page = r->error_page || r->err_status || ctx->gate_refused;

    if (ctx->gate_refused) {
        r->error_page = 1;
    }

    ctx->gate_refused = 1;
    r->err_status = 0;

    switch (reason) {

    case NGX_HTTP_VERIFF_GATE_NO_USER:
        return ngx_http_veriff_gate_error(r, ctx, reason,
                                          NGX_HTTP_UNAUTHORIZED,
                                          "Please log in first.", 0);

    case NGX_HTTP_VERIFF_GATE_BAD_USER:
        return ngx_http_veriff_gate_error(r, ctx, reason,
                                          NGX_HTTP_FORBIDDEN,
                                          "Your account cannot be verified. "
                                          "Please contact the site's "
                                          "support.", 0);

    case NGX_HTTP_VERIFF_GATE_STORE_FAILED:
        return ngx_http_veriff_gate_error(r, ctx, reason,
                                          NGX_HTTP_SERVICE_UNAVAILABLE,
                                          "Verifications cannot be looked up "
                                          "right now. Please try again in a "
                                          "moment.",
                                          NGX_HTTP_VERIFF_GATE_RETRY);

    default:
        break;
    }

    /* leading there would come back here */

    if (ngx_http_veriff_gate_is_own(r, ctx->integration)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "veriff gate \"%V\": \"%V\" leads to no location with "
                      "\"veriff_session\" or \"veriff_return\" in this "
                      "server", &gate->ref.name, &r->uri);

        return ngx_http_veriff_gate_error(r, ctx,
                                          NGX_HTTP_VERIFF_GATE_NO_LOCATION,
                                          NGX_HTTP_INTERNAL_SERVER_ERROR,
                                          "The verification service is not "
                                          "set up here.", 0);
    }

    if (error_page || ngx_http_veriff_gate_was_own(r, gate)) {
        ngx_http_veriff_gate_result(ctx, NGX_HTTP_VERIFF_GATE_DENY,
                                    NGX_HTTP_VERIFF_GATE_ERROR_PAGE);

        return ngx_http_veriff_gate_forbid(r, ctx, reason, NULL);
    }

    if (ngx_http_veriff_guard_navigation(r)) {
        return ngx_http_veriff_gate_lead(r, ctx, gate, reason);
    }

    ngx_http_veriff_gate_result(ctx, NGX_HTTP_VERIFF_GATE_DENY, reason);

    return ngx_http_veriff_gate_forbid(r, ctx, reason, NULL);
}


static ngx_int_t
ngx_http_veriff_gate_error(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_gate_reason_e reason,
    ngx_uint_t status, const char *detail, ngx_uint_t retry_after)
{
    ngx_http_veriff_reply_e  shape;

    ngx_http_veriff_gate_result(ctx, NGX_HTTP_VERIFF_GATE_DENY, reason);

    shape = ngx_http_veriff_guard_navigation(r)
            ? NGX_HTTP_VERIFF_REPLY_PAGE : NGX_HTTP_VERIFF_REPLY_PROBLEM;

    /* as nginx's own errors: no "100 Continue" for what is refused */

    r->expect_tested = 1;

    ngx_http_finalize_request(r,
                              ngx_http_veriff_reply_error(r, shape, status,
                                                          detail,
                                                          retry_after));
    return NGX_DONE;
}


static ngx_uint_t
ngx_http_veriff_gate_is_own(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi)
{
    return (r->uri.len == vi->start_uri.len
            && ngx_strncmp(r->uri.data, vi->start_uri.data, r->uri.len) == 0)
           || (r->uri.len == vi->return_uri.len
               && ngx_strncmp(r->uri.data, vi->return_uri.data, r->uri.len)
                  == 0);
}


/*
 * So would leading to a page whose own answer is behind the gate: that nginx
 * serves an error page cannot be seen after "error_page 503 = uri" with
 * "recursive_error_pages".
 */

static ngx_uint_t
ngx_http_veriff_gate_was_own(ngx_http_request_t *r,
    ngx_http_veriff_gate_t *gate)
{
    ngx_str_t                       *page;
    ngx_uint_t                       i;
    ngx_http_veriff_main_conf_t     *vmcf;
    ngx_http_veriff_integration_t  **vi;

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);
    vi = vmcf->integrations.elts;

    for (i = 0; i < vmcf->integrations.nelts; i++) {

        if (ngx_veriff_way_is(&r->unparsed_uri, &vi[i]->start_uri)) {
            page = &vi[i]->start_uri;

        } else if (ngx_veriff_way_is(&r->unparsed_uri, &vi[i]->return_uri)) {
            page = &vi[i]->return_uri;

        } else {
            continue;
        }

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "veriff gate \"%V\": \"%V\" comes to a gated location, "
                      "add \"veriff_gate off;\" to that one",
                      &gate->ref.name, page);

        return 1;
    }

    return 0;
}


/* a person: to the start, or to the page that says how things are */

static ngx_int_t
ngx_http_veriff_gate_lead(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx,
    ngx_http_veriff_gate_t *gate, ngx_http_veriff_gate_reason_e reason)
{
    ngx_str_t                      *page, uri;
    ngx_http_veriff_way_t           way;
    ngx_http_veriff_integration_t  *vi;

    vi = ctx->integration;

    way.user = ctx->user;
    way.max_age = gate->max_age;

    ngx_http_veriff_way_here(r, vi, &way.path);

    page = (reason == NGX_HTTP_VERIFF_GATE_UNVERIFIED) ? &vi->start_uri
                                                       : &vi->return_uri;

    if (ngx_http_veriff_way_set(r, vi, &way) != NGX_OK
        || ngx_http_veriff_way_uri(r, page, &way.path, &uri) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (gate->page.len) {
        ngx_http_veriff_gate_result(ctx, NGX_HTTP_VERIFF_GATE_DENY, reason);

        return ngx_http_veriff_gate_page(r, ctx, gate);
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        ngx_http_veriff_gate_result(ctx, NGX_HTTP_VERIFF_GATE_DENY, reason);

        return ngx_http_veriff_gate_forbid(r, ctx, reason, &uri);
    }

    ngx_http_veriff_gate_result(ctx, NGX_HTTP_VERIFF_GATE_REDIRECT, reason);

    r->expect_tested = 1;

    ngx_http_finalize_request(r,
                              ngx_http_veriff_reply_redirect(r,
                                                 NGX_HTTP_MOVED_TEMPORARILY,
                                                 &uri));
    return NGX_DONE;
}


/* the operator's own page, which the gate lets through */

static ngx_int_t
ngx_http_veriff_gate_page(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx,
    ngx_http_veriff_gate_t *gate)
{
    /* as for an error page */

    r->expect_tested = 1;

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    if (r->method != NGX_HTTP_HEAD) {
        r->method = NGX_HTTP_GET;
        r->method_name = ngx_http_core_get_method;
    }

    r->err_status = NGX_HTTP_FORBIDDEN;
    ctx->page_uri = gate->page;

    if (ngx_http_veriff_reply_no_store(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) ngx_http_internal_redirect(r, &gate->page, NULL);

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


/* 403, with a link for people, and what a program needs to go on */

static ngx_int_t
ngx_http_veriff_gate_forbid(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_gate_reason_e reason,
    ngx_str_t *link)
{
    ngx_int_t                  rc;
    ngx_http_veriff_problem_t  problem;

    r->expect_tested = 1;

    ngx_memzero(&problem, sizeof(ngx_http_veriff_problem_t));

    problem.status = NGX_HTTP_FORBIDDEN;

    switch (reason) {

    case NGX_HTTP_VERIFF_GATE_PENDING:
        problem.detail = "Your verification is being checked.";
        problem.label = "See how it stands";
        break;

    case NGX_HTTP_VERIFF_GATE_REJECTED:
        problem.detail = "Your verification was declined.";
        problem.label = "See how it stands";
        break;

    default: /* NGX_HTTP_VERIFF_GATE_UNVERIFIED */
        problem.detail = "Only verified users may do this. What you sent was "
                         "not processed: verify your identity, then send it "
                         "again.";
        problem.label = "Verify your identity";
        break;
    }

    problem.state = &ctx->state;
    problem.start = &ctx->integration->start_uri;
    problem.link = link;

    rc = ngx_http_veriff_reply_problem(r,
                                       ngx_http_veriff_guard_navigation(r)
                                       ? NGX_HTTP_VERIFF_REPLY_PAGE
                                       : NGX_HTTP_VERIFF_REPLY_PROBLEM,
                                       &problem);

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}
