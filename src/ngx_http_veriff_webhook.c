
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_webhook.h"
#include "ngx_http_veriff_apply.h"
#include "ngx_http_veriff_body.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_replay.h"
#include "ngx_http_veriff_reply.h"
#include "ngx_http_veriff_webhook_check.h"
#include "ngx_http_veriff_webhook_read.h"


#define NGX_HTTP_VERIFF_WEBHOOK_MAX  4194304    /* bytes of a body */


static ngx_int_t ngx_http_veriff_webhook_begin(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_loc_conf_t *vlcf);
static ngx_int_t ngx_http_veriff_webhook_apply(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_loc_conf_t *vlcf);
static ngx_int_t ngx_http_veriff_webhook_state(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_webhook_drop(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, const char *what);
static ngx_int_t ngx_http_veriff_webhook_pass(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, const char *mark);
static ngx_int_t ngx_http_veriff_webhook_refuse(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_loc_conf_t *vlcf,
    ngx_uint_t status, const char *reason);
static ngx_int_t ngx_http_veriff_webhook_content(ngx_http_request_t *r);


static ngx_http_veriff_name_t  ngx_http_veriff_webhook_header =
    ngx_http_veriff_name("X-Veriff-Webhook", "x-veriff-webhook");
static ngx_http_veriff_name_t  ngx_http_veriff_user_header =
    ngx_http_veriff_name("X-Veriff-User", "x-veriff-user");


ngx_int_t
ngx_http_veriff_webhook_handler(ngx_http_request_t *r,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_int_t               rc;
    ngx_http_veriff_ctx_t  *ctx;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    if (ctx == NULL) {
        ctx = ngx_http_veriff_ctx_create(r);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ctx->webhook_done) {
        return NGX_DECLINED;
    }

    if (ctx->webhook_checked) {
        return ngx_http_veriff_webhook_apply(r, ctx, vlcf);
    }

    if (!ctx->webhook_begun) {
        ctx->webhook_begun = 1;

        rc = ngx_http_veriff_webhook_begin(r, ctx, vlcf);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_http_veriff_body_read(r, ctx);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "veriff webhook: the request body cannot be checked");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (ctx->body.size > NGX_HTTP_VERIFF_WEBHOOK_MAX) {
        return ngx_http_veriff_webhook_refuse(r, ctx, vlcf,
                                          NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                          "size");
    }

    rc = ngx_http_veriff_webhook_check(r, ctx);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_veriff_webhook_refuse(r, ctx, vlcf,
                                              NGX_HTTP_UNAUTHORIZED,
                                              "bad_signature");
    }

    rc = ngx_http_veriff_webhook_read(r, ctx);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_veriff_webhook_refuse(r, ctx, vlcf,
                                              NGX_HTTP_BAD_REQUEST,
                                              "malformed_json");
    }

    ctx->webhook_checked = 1;

    if (ctx->webhook_read) {
        ngx_http_veriff_count(ctx->integration, NGX_HTTP_VERIFF_COUNT_TYPES
                                                + ctx->webhook.type);
    }

    return ngx_http_veriff_webhook_apply(r, ctx, vlcf);
}


/* what it changes is durable before anyone hears of it */

static ngx_int_t
ngx_http_veriff_webhook_apply(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_int_t                     rc;
    const char                   *mark;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    rc = ngx_http_veriff_webhook_state(r, ctx);

    if (rc == NGX_AGAIN) {
        return NGX_DONE;
    }

    if (rc != NGX_OK) {

        /* the provider sends it again */

        ctx->webhook_reason = "store_failed";
        ctx->webhook_done = 1;

        ngx_http_veriff_count_webhook(ctx->integration, "store_failed");

        ngx_http_finalize_request(r,
                   ngx_http_veriff_reply_error(r,
                                               NGX_HTTP_VERIFF_REPLY_PROBLEM,
                                               NGX_HTTP_SERVICE_UNAVAILABLE,
                                               "The webhook could not be "
                                               "stored.", 0));
        return NGX_DONE;
    }

    if (vmcf->store
        && ngx_http_veriff_apply_type(ctx->integration, &ctx->webhook))
    {
        ngx_http_veriff_count_outcome(ctx->integration, ctx->outcome,
                               ngx_veriff_status_parse(&ctx->webhook.status));
    }

    ngx_http_veriff_count_webhook(ctx->integration, "ok");

    mark = "ok";

    if (ctx->webhook_again) {
        mark = "duplicate";

    } else if (ctx->applied && ctx->outcome == NGX_VERIFF_STALE
               && (ctx->webhook.type == NGX_VERIFF_WEBHOOK_DECISION
                   || ctx->webhook.type == NGX_VERIFF_WEBHOOK_FULL_AUTO))
    {
        /* the application has the newer one */

        mark = "stale";
    }

    if (*mark != 'o' && !vlcf->replay_pass && !vlcf->report) {
        return ngx_http_veriff_webhook_drop(r, ctx, mark);
    }

    return ngx_http_veriff_webhook_pass(r, ctx, mark);
}


/* NGX_OK, NGX_AGAIN (the phases are run again) or NGX_ERROR */

static ngx_int_t
ngx_http_veriff_webhook_state(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_int_t                     rc;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (vmcf->store == NULL) {
        return NGX_OK;
    }

    if (!ctx->webhook_looked) {
        rc = ngx_http_veriff_replay_find(r, ctx);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        ctx->webhook_looked = 1;
        ctx->webhook_again = (rc == NGX_OK);
    }

    rc = ngx_http_veriff_apply(r, ctx);

    if (rc == NGX_OK) {
        ctx->applied = 1;
    }

    return rc;
}


/*
 * The application does not need it: answered here and now, since try_files
 * and mirror come later in this phase.
 */

static ngx_int_t
ngx_http_veriff_webhook_drop(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, const char *what)
{
    ctx->webhook_reason = "ok";
    ctx->webhook_valid = 1;
    ctx->webhook_done = 1;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "veriff webhook \"%V\": %s", &ctx->integration->name,
                   what);

    ngx_http_finalize_request(r, ngx_http_veriff_webhook_content(r));

    return NGX_DONE;
}


/* what can be told before the body is read; NGX_OK: read it */

static ngx_int_t
ngx_http_veriff_webhook_begin(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_int_t                     rc;
    ngx_str_t                     api_key, encoding;
    const char                   *reason;
    ngx_http_veriff_candidate_t  *candidate;

    /* an error page must not tell the provider that all went well */

    r->error_page = 1;

    if (r->method != NGX_HTTP_POST) {
        return ngx_http_veriff_webhook_refuse(r, ctx, vlcf,
                                              NGX_HTTP_NOT_ALLOWED, "method");
    }

    if (ngx_http_veriff_headers_find(r, "content-encoding", &encoding)) {
        return ngx_http_veriff_webhook_refuse(r, ctx, vlcf,
                                          NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                          "encoding");
    }

    if (r->headers_in.content_length_n > NGX_HTTP_VERIFF_WEBHOOK_MAX) {
        return ngx_http_veriff_webhook_refuse(r, ctx, vlcf,
                                          NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                          "size");
    }

    reason = ngx_http_veriff_webhook_headers(r, ctx, &api_key);

    if (reason) {
        return ngx_http_veriff_webhook_refuse(r, ctx, vlcf,
                                              NGX_HTTP_UNAUTHORIZED, reason);
    }

    rc = ngx_http_veriff_webhook_pair(r, ctx, vlcf, &api_key);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_veriff_webhook_refuse(r, ctx, vlcf,
                                              NGX_HTTP_UNAUTHORIZED,
                                              "unknown_key");
    }

    candidate = ctx->candidates.elts;

    /* until it is known better: who counts what goes wrong */

    ctx->integration = candidate[0].integration;

    ctx->body.hmac = ngx_veriff_hmac_start(r->pool,
                                           candidate[0].pair->secrets, 1);

    /* what the log has if the body never comes */

    ctx->webhook_reason = "incomplete_body";

    if (!vlcf->report) {
        ctx->body.limit = NGX_HTTP_VERIFF_WEBHOOK_MAX;
    }

    return ctx->body.hmac ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* gives the webhook to the application, if there is one */

static ngx_int_t
ngx_http_veriff_webhook_pass(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, const char *mark)
{
    ngx_str_t  value;

    ctx->webhook_reason = "ok";
    ctx->webhook_valid = 1;
    ctx->webhook_done = 1;
    ctx->webhook_mark = (ctx->webhook_looked && !ctx->webhook_again);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "veriff webhook \"%V\": %s", &ctx->integration->name,
                   mark);

    if (r->content_handler == NULL) {

        /* try_files may still lead to the application */

        r->content_handler = ngx_http_veriff_webhook_content;
    }

    value.data = (u_char *) mark;
    value.len = ngx_strlen(mark);

    /* there are some of ours after an internal redirect from a like location */

    if (ngx_http_veriff_headers_handler(r) != NGX_DECLINED
        || ngx_http_veriff_headers_add(r, &ngx_http_veriff_webhook_header,
                                       &value)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_veriff_headers_value(&ctx->webhook_user) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "veriff webhook: the user has control characters, "
                      "\"%V\" is not sent",
                      &ngx_http_veriff_user_header.key);
        return NGX_DECLINED;
    }

    if (ctx->webhook_user.len
        && ngx_http_veriff_headers_add(r, &ngx_http_veriff_user_header,
                                       &ctx->webhook_user)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


/* no application: the webhook has been checked, which is all there is to do */

static ngx_int_t
ngx_http_veriff_webhook_content(ngx_http_request_t *r)
{
    ngx_str_t               value;
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_veriff_ctx_get(r);

    if (ctx) {
        ctx->webhook_mark = 0;
    }

    ngx_str_null(&value);

    return ngx_http_veriff_reply(r, NGX_HTTP_OK, "text/plain", &value);
}


static ngx_int_t
ngx_http_veriff_webhook_refuse(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_loc_conf_t *vlcf,
    ngx_uint_t status, const char *reason)
{
    ngx_int_t    rc;
    ngx_str_t    value;
    ngx_uint_t   report;
    const char  *detail;

    ctx->webhook_reason = reason;
    ctx->webhook_done = 1;

    ngx_http_veriff_count_webhook(ctx->integration, reason);

    report = (vlcf->report && r->content_handler);

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "veriff webhook %s: %s",
                  report ? "is not valid" : "refused", reason);

    if (report) {

        value.data = (u_char *) reason;
        value.len = ngx_strlen(reason);

        if (ngx_http_veriff_headers_remove(r, NGX_HTTP_VERIFF_OURS
                                              |NGX_HTTP_VERIFF_PROVIDER)
            != NGX_OK
            || ngx_http_veriff_headers_add(r, &ngx_http_veriff_webhook_header,
                                           &value)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_DECLINED;
    }

    detail = (status == NGX_HTTP_UNAUTHORIZED)
             ? "The webhook could not be authenticated."
             : "The webhook was not accepted.";

    /* as nginx's own errors: no "100 Continue" for what is refused */

    r->expect_tested = 1;

    rc = ngx_http_veriff_reply_error(r, NGX_HTTP_VERIFF_REPLY_PROBLEM, status,
                                     detail, 0);

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}
