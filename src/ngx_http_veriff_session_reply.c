
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_session_reply.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_flow.h"
#include "ngx_http_veriff_page.h"
#include "ngx_http_veriff_reply.h"
#include "ngx_http_veriff_way.h"

#include "ngx_veriff_json.h"
#include "ngx_veriff_time.h"


#define NGX_HTTP_VERIFF_VERIFIED_ALREADY  "Your identity is verified already."


static ngx_int_t ngx_http_veriff_session_state(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_veriff_state_e state);
static ngx_int_t ngx_http_veriff_session_verified(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_session_rejected(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_session_wait(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_http_veriff_reply_e ngx_http_veriff_session_shape(
    ngx_http_veriff_ctx_t *ctx);


ngx_int_t
ngx_http_veriff_session_known(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_http_veriff_flow_t  *flow;

    flow = ctx->flow;

    switch (flow->result) {

    case NGX_HTTP_VERIFF_FLOW_RESUME:
        ctx->session_id = flow->session;
        return ngx_http_veriff_session_url(r, ctx, &flow->url, &flow->session,
                                           flow->expires, NULL);

    case NGX_HTTP_VERIFF_FLOW_VERIFIED:
        return ngx_http_veriff_session_state(r, ctx, NGX_VERIFF_VERIFIED);

    case NGX_HTTP_VERIFF_FLOW_PENDING:
        return ngx_http_veriff_session_state(r, ctx, NGX_VERIFF_PENDING);

    case NGX_HTTP_VERIFF_FLOW_REJECTED:

        if (ctx->format == NGX_HTTP_VERIFF_REDIRECT) {
            return ngx_http_veriff_session_wait(r, ctx);
        }

        return ngx_http_veriff_session_rejected(r, ctx);

    case NGX_HTTP_VERIFF_FLOW_LIMITED:
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "veriff session \"%V\" not created: the user had %ui "
                      "within an hour, see \"user_rate\"",
                      &ctx->integration->name, ctx->integration->user_rate);

        return ngx_http_veriff_session_error(r, ctx, 429,
                             "There were too many attempts. Please try again "
                             "later.", flow->retry_after);

    case NGX_HTTP_VERIFF_FLOW_BUSY:
        return ngx_http_veriff_session_busy(r, ctx, flow->retry_after);

    case NGX_HTTP_VERIFF_FLOW_FAILED:
        return ngx_http_veriff_session_error(r, ctx, flow->status,
                             NGX_HTTP_VERIFF_TRY_AGAIN, flow->retry_after);

    default: /* NGX_HTTP_VERIFF_FLOW_BROKEN, NGX_HTTP_VERIFF_FLOW_TIMEOUT */
        return ngx_http_veriff_session_error(r, ctx,
                             NGX_HTTP_SERVICE_UNAVAILABLE,
                             NGX_HTTP_VERIFF_TRY_AGAIN,
                             NGX_HTTP_VERIFF_RETRY_AFTER);
    }
}


ngx_int_t
ngx_http_veriff_session_busy(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_uint_t wait)
{
    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "veriff session \"%V\" not created: there were "
                  "%ui within a minute, see \"session_rate\"",
                  &ctx->integration->name, ctx->integration->session_rate);

    return ngx_http_veriff_session_error(r, ctx, 429,
                             "Too many people want to be verified right now. "
                             "Please try again in a moment.", wait);
}


ngx_int_t
ngx_http_veriff_session_url(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_str_t *url, ngx_str_t *id,
    time_t expires, ngx_str_t *answer)
{
    u_char     *p;
    size_t      len;
    ngx_str_t   body;

    static const char  json[] =
        "{\"state\":\"UNVERIFIED\",\"sessionUrl\":,\"sessionId\":,"
        "\"expiresAt\":\"1970-01-01T00:00:00Z\"}";
    static const char  api[] =
        "{\"status\":\"success\",\"verification\":{\"id\":,\"url\":,"
        "\"status\":\"created\"}}";

    /* where the user is to come back to, wherever the flow ends */

    if (ctx->flow && ctx->format != NGX_HTTP_VERIFF_API
        && ngx_http_veriff_way_set(r, ctx->integration, &ctx->way) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->format == NGX_HTTP_VERIFF_REDIRECT) {
        return ngx_http_veriff_reply_redirect(r, NGX_HTTP_SEE_OTHER, url);
    }

    if (ctx->format == NGX_HTTP_VERIFF_API && answer) {
        return ngx_http_veriff_reply(r, NGX_HTTP_CREATED, "application/json",
                                     answer);
    }

    len = ngx_max(sizeof(json), sizeof(api)) - 1
          + (size_t) ngx_veriff_json_escape(NULL, url)
          + (size_t) ngx_veriff_json_escape(NULL, id);

    body.data = ngx_pnalloc(r->pool, len);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = body.data;

    if (ctx->format == NGX_HTTP_VERIFF_API) {
        p = ngx_sprintf(p, "{\"status\":\"success\",\"verification\":"
                           "{\"id\":");
        p = (u_char *) ngx_veriff_json_escape(p, id);
        p = ngx_sprintf(p, ",\"url\":");
        p = (u_char *) ngx_veriff_json_escape(p, url);
        p = ngx_sprintf(p, ",\"status\":\"created\"}}");

        body.len = p - body.data;

        return ngx_http_veriff_reply(r, NGX_HTTP_CREATED, "application/json",
                                     &body);
    }

    p = ngx_sprintf(p, "{\"state\":\"UNVERIFIED\",\"sessionUrl\":");
    p = (u_char *) ngx_veriff_json_escape(p, url);
    p = ngx_sprintf(p, ",\"sessionId\":");
    p = (u_char *) ngx_veriff_json_escape(p, id);

    p = ngx_sprintf(p, ",\"expiresAt\":\"");
    p = ngx_veriff_time_print(p, expires);
    p = ngx_sprintf(p, "\"}");

    body.len = p - body.data;

    return ngx_http_veriff_reply(r, NGX_HTTP_OK, "application/json", &body);
}


/* VERIFIED or PENDING: there is nothing to create */

static ngx_int_t
ngx_http_veriff_session_state(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_veriff_state_e state)
{
    u_char      *p;
    ngx_str_t    body;
    const char  *detail;

    if (ctx->format == NGX_HTTP_VERIFF_REDIRECT) {
        return (state == NGX_VERIFF_VERIFIED)
               ? ngx_http_veriff_session_verified(r, ctx)
               : ngx_http_veriff_session_wait(r, ctx);
    }

    if (ctx->format == NGX_HTTP_VERIFF_API) {
        detail = (state == NGX_VERIFF_VERIFIED)
                 ? NGX_HTTP_VERIFF_VERIFIED_ALREADY
                 : "Your verification is being checked. Please come back "
                   "later.";

        return ngx_http_veriff_session_error(r, ctx, NGX_HTTP_CONFLICT,
                                             detail, 0);
    }

    body.data = ngx_pnalloc(r->pool, 64);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(body.data, "{\"state\":\"%V\",\"sessionUrl\":null}",
                    ngx_veriff_state_name(state));

    body.len = p - body.data;

    return ngx_http_veriff_reply(r, NGX_HTTP_OK, "application/json", &body);
}


/*
 * The cookie leads back once: who is sent here again has been refused there,
 * and reads it instead of going round.
 */

static ngx_int_t
ngx_http_veriff_session_verified(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_http_veriff_page_t  page;

    if (ctx->carried) {

        if (ngx_http_veriff_way_clear(r, ctx->integration) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_veriff_reply_redirect(r, NGX_HTTP_SEE_OTHER,
                                              &ctx->way.path);
    }

    ngx_memzero(&page, sizeof(ngx_http_veriff_page_t));

    page.title = "Verified";
    page.text = NGX_HTTP_VERIFF_VERIFIED_ALREADY;

    if (ctx->asked) {
        page.link = "Go on";
        page.uri = ctx->way.path;
    }

    return ngx_http_veriff_page(r, NGX_HTTP_OK, &page);
}


/* with the state, or a program would take it for another 403 */

static ngx_int_t
ngx_http_veriff_session_rejected(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_http_veriff_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_veriff_problem_t));

    problem.status = (ctx->format == NGX_HTTP_VERIFF_API)
                     ? NGX_HTTP_CONFLICT : NGX_HTTP_FORBIDDEN;
    problem.detail = "Your verification was declined. Please contact the "
                     "site's support.";
    problem.state = ngx_veriff_state_name(NGX_VERIFF_REJECTED);

    return ngx_http_veriff_reply_problem(r,
                                         ngx_http_veriff_session_shape(ctx),
                                         &problem);
}


/* PENDING and REJECTED: the return page says so, and what comes next */

static ngx_int_t
ngx_http_veriff_session_wait(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    if (ngx_http_veriff_way_set(r, ctx->integration, &ctx->way) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_veriff_reply_redirect(r, NGX_HTTP_SEE_OTHER,
                                          &ctx->integration->return_uri);
}


ngx_int_t
ngx_http_veriff_session_error(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_uint_t status, const char *detail,
    ngx_uint_t retry_after)
{
    return ngx_http_veriff_reply_error(r, ngx_http_veriff_session_shape(ctx),
                                       status, detail, retry_after);
}


static ngx_http_veriff_reply_e
ngx_http_veriff_session_shape(ngx_http_veriff_ctx_t *ctx)
{
    return (ctx->format == NGX_HTTP_VERIFF_API) ? NGX_HTTP_VERIFF_REPLY_API
           : ctx->page ? NGX_HTTP_VERIFF_REPLY_PAGE
           : NGX_HTTP_VERIFF_REPLY_PROBLEM;
}


ngx_int_t
ngx_http_veriff_session_unfit(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_str_t *reason)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "veriff session \"%V\" not created: %V",
                  &ctx->integration->name, reason);

    ngx_http_veriff_count(ctx->integration,
                          NGX_HTTP_VERIFF_COUNT_SESSION_UNFIT);

    return ngx_http_veriff_session_error(r, ctx,
                             NGX_HTTP_INTERNAL_SERVER_ERROR,
                             "Your details cannot be sent for verification. "
                             "Please contact the site's support.", 0);
}


ngx_int_t
ngx_http_veriff_session_bad(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_uint_t status, const char *reason)
{
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "veriff session \"%V\" not created: the client's JSON: %s",
                  &ctx->integration->name, reason);

    ngx_http_veriff_count(ctx->integration,
                          NGX_HTTP_VERIFF_COUNT_SESSION_REFUSED);

    return ngx_http_veriff_session_error(r, ctx, status, reason, 0);
}
