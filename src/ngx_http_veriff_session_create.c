
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_session_create.h"
#include "ngx_http_veriff_call.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_flow.h"
#include "ngx_http_veriff_session_reply.h"
#include "ngx_http_veriff_zone.h"

#include "ngx_veriff_session.h"


/* one attempt to create a session for a user */

struct ngx_http_veriff_create_s {
    ngx_http_veriff_call_t        call;
    ngx_veriff_payload_result_t   payload;
    ngx_veriff_session_t          session;
    ngx_http_posted_request_t     posted;

    /* the outcome: 200, or the status to answer and why */
    ngx_uint_t                    status;
    ngx_uint_t                    retry_after;
    const char                   *detail;
    time_t                        expires;

    unsigned                      stored:1;     /* or nothing to store */
};


static ngx_int_t ngx_http_veriff_session_eval(void *data, void *expr,
    ngx_str_t *value);
static void ngx_http_veriff_session_created(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call);
static void ngx_http_veriff_session_accept(ngx_http_request_t *r,
    ngx_http_veriff_create_t *create);
static void ngx_http_veriff_session_failed(ngx_http_request_t *r,
    ngx_http_veriff_create_t *create);
static void ngx_http_veriff_session_resume(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_session_reply(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_create_t *create);
static void ngx_http_veriff_session_stored(ngx_http_veriff_update_t *update);


ngx_int_t
ngx_http_veriff_session_create(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_uint_t                       wait;
    ngx_http_veriff_create_t        *create;
    ngx_http_veriff_integration_t   *vi;

    vi = ctx->integration;

    create = ngx_pcalloc(r->pool, sizeof(ngx_http_veriff_create_t));
    if (create == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_veriff_payload_render(vi->payload, r->pool,
                                   ngx_http_veriff_session_eval, r,
                                   ctx->client, &create->payload);

    if (rc == NGX_DECLINED && create->payload.client) {
        return ngx_http_veriff_session_bad(r, ctx,
                                           NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                           "the payload is longer than 65536 "
                                           "bytes");
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_veriff_session_unfit(r, ctx, &create->payload.error);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    wait = ngx_http_veriff_zone_session_take(vi);

    if (wait) {
        ngx_http_veriff_count(vi, NGX_HTTP_VERIFF_COUNT_SESSION_SESSION_RATE);
        return ngx_http_veriff_session_busy(r, ctx, wait);
    }

    create->call.integration = vi;
    create->call.method = NGX_HTTP_POST;
    ngx_str_set(&create->call.path, "/v1/sessions");
    create->call.body = create->payload.body;
    create->call.handler = ngx_http_veriff_session_created;
    create->call.data = create;

    ctx->create = create;
    r->write_event_handler = ngx_http_veriff_session_resume;

    if (ngx_http_veriff_call(r, &create->call) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_http_veriff_session_eval(void *data, void *expr, ngx_str_t *value)
{
    return ngx_http_complex_value(data, expr, value);
}


/*
 * Runs in the subrequest's end, also if the client has gone: whatever must
 * outlive the client belongs here.
 */

static void
ngx_http_veriff_session_created(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call)
{
    ngx_http_veriff_create_t *create = call->data;

    ngx_http_veriff_ctx_t  *ctx;

    if (call->result == NGX_HTTP_VERIFF_CALL_SIGNED
        || (call->result == NGX_HTTP_VERIFF_CALL_UNSIGNED
            && call->integration->response_signature
               == NGX_HTTP_VERIFF_SIGNATURE_OPTIONAL))
    {
        if (call->status == NGX_HTTP_OK || call->status == NGX_HTTP_CREATED) {
            ngx_http_veriff_session_accept(r, create);
            goto done;
        }
    }

    ngx_http_veriff_session_failed(r, create);

done:

    ngx_http_veriff_count(call->integration, (create->status == NGX_HTTP_OK)
                          ? NGX_HTTP_VERIFF_COUNT_SESSION_CREATED
                          : NGX_HTTP_VERIFF_COUNT_SESSION_FAILED);

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    if (ctx->flow == NULL) {
        create->stored = 1;
        create->expires = ngx_time() + ctx->integration->session_lifetime;
        return;
    }

    if (ngx_http_veriff_session_settle(r, create) != NGX_OK) {
        create->stored = 1;
        create->status = NGX_HTTP_INTERNAL_SERVER_ERROR;
        create->detail = NGX_HTTP_VERIFF_TRY_AGAIN;
    }
}


static void
ngx_http_veriff_session_accept(ngx_http_request_t *r,
    ngx_http_veriff_create_t *create)
{
    const char                     *reason;
    ngx_http_veriff_integration_t  *vi;

    vi = create->call.integration;

    if (ngx_veriff_session_parse(r->pool, &create->call.answer,
                                 vi->url_hosts,
                                 &create->payload.vendor_data,
                                 &create->payload.end_user_id,
                                 &create->session, &reason)
        == NGX_OK)
    {
        create->status = NGX_HTTP_OK;
        return;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "veriff session \"%V\": the provider's answer was refused: "
                  "%s", &vi->name, reason);

    create->status = NGX_HTTP_BAD_GATEWAY;
    create->detail = "The verification service gave an answer that cannot "
                     "be used.";
}


static void
ngx_http_veriff_session_failed(ngx_http_request_t *r,
    ngx_http_veriff_create_t *create)
{
    ngx_str_t                code;
    const char              *reason;
    ngx_http_veriff_call_t  *call;

    call = &create->call;

    create->status = NGX_HTTP_BAD_GATEWAY;
    create->detail = "The verification service gave an answer that cannot "
                     "be used.";

    switch (call->result) {

    case NGX_HTTP_VERIFF_CALL_MISROUTED:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "veriff session \"%V\": no location with \"veriff_sign "
                      "%V\" answers to \"%V/v1/sessions\" in this server",
                      &call->integration->name, &call->integration->name,
                      &call->integration->api_uri);

        create->status = NGX_HTTP_INTERNAL_SERVER_ERROR;
        create->detail = "The verification service is not set up here.";
        return;

    case NGX_HTTP_VERIFF_CALL_REFUSED:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "veriff session \"%V\": the location of "
                      "\"%V/v1/sessions\" gave status %ui itself, the "
                      "provider was not asked%s",
                      &call->integration->name, &call->integration->api_uri,
                      call->status,
                      (call->status == NGX_HTTP_BAD_REQUEST)
                      ? ": its \"rewrite\" must leave \"/v1/sessions\"" : "");

        if (call->status == 429
            || call->status == NGX_HTTP_SERVICE_UNAVAILABLE)
        {
            create->status = NGX_HTTP_SERVICE_UNAVAILABLE;
            create->detail = NGX_HTTP_VERIFF_TRY_AGAIN;
            create->retry_after = NGX_HTTP_VERIFF_RETRY_AFTER;
            return;
        }

        create->status = NGX_HTTP_INTERNAL_SERVER_ERROR;
        create->detail = "The verification service is not set up here.";
        return;

    case NGX_HTTP_VERIFF_CALL_NONE:
        reason = "no complete answer";
        create->status = NGX_HTTP_SERVICE_UNAVAILABLE;
        break;

    case NGX_HTTP_VERIFF_CALL_FORGED:
        reason = "an answer with a wrong signature";
        break;

    case NGX_HTTP_VERIFF_CALL_OVERSIZED:
        reason = "an answer that is too large";
        break;

    default:

        if (call->status < NGX_HTTP_SPECIAL_RESPONSE) {
            reason = (call->result == NGX_HTTP_VERIFF_CALL_UNSIGNED)
                     ? "an answer without signature"
                     : "an unexpected success status";
            break;
        }

        reason = "an error";

        if (call->status == 429 || call->status >= 500) {
            create->status = NGX_HTTP_SERVICE_UNAVAILABLE;
        }

        break;
    }

    if (create->status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        create->detail = NGX_HTTP_VERIFF_TRY_AGAIN;
        create->retry_after = call->retry_after
                              ? call->retry_after
                              : NGX_HTTP_VERIFF_RETRY_AFTER;
    }

    if (ngx_veriff_session_error(r->pool, &call->answer, &code) != NGX_OK) {
        ngx_str_set(&code, "-");
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "veriff session \"%V\": the provider gave %s, status %ui, "
                  "code %V", &call->integration->name, reason, call->status,
                  &code);
}


ngx_int_t
ngx_http_veriff_session_settle(ngx_http_request_t *r,
    ngx_http_veriff_create_t *create)
{
    ngx_str_t               none;
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    ngx_str_null(&none);

    if (create && create->status == NGX_HTTP_OK) {
        return ngx_http_veriff_flow_end(r, ctx->flow, &create->session.id,
                                        &create->session.url,
                                        &create->payload.vendor_data,
                                        &create->payload.end_user_id,
                                        NGX_HTTP_OK, 0,
                                        ngx_http_veriff_session_stored);
    }

    return ngx_http_veriff_flow_end(r, ctx->flow, &none, &none, &none, &none,
                                    create ? create->status : 0,
                                    create ? create->retry_after : 0,
                                    ngx_http_veriff_session_stored);
}


static void
ngx_http_veriff_session_stored(ngx_http_veriff_update_t *update)
{
    ngx_http_request_t        *r;
    ngx_http_veriff_ctx_t     *ctx;
    ngx_http_veriff_create_t  *create;

    r = update->request;

    if (r == NULL) {
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);
    create = ctx->create;

    if (create == NULL) {
        return;
    }

    create->stored = 1;

    if (update->rc != NGX_OK && create->status == NGX_HTTP_OK) {

        /* a URL that is not stored would be paid for again */

        create->status = NGX_HTTP_SERVICE_UNAVAILABLE;
        create->detail = NGX_HTTP_VERIFF_TRY_AGAIN;
        create->retry_after = NGX_HTTP_VERIFF_RETRY_AFTER;

        ngx_http_veriff_count(ctx->integration,
                              NGX_HTTP_VERIFF_COUNT_SESSION_STORE_FAILED);
    }

    /* as it will be told to who asks again */

    create->expires = update->record.history.open.created
                      + ctx->integration->session_lifetime;

    (void) ngx_http_post_request(r, &create->posted);
}


static void
ngx_http_veriff_session_resume(ngx_http_request_t *r)
{
    ngx_http_veriff_ctx_t     *ctx;
    ngx_http_veriff_create_t  *create;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);
    create = ctx->create;

    /* the client's connection may call it too */

    if (!create->call.done || !create->stored) {
        return;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_finalize_request(r,
                              ngx_http_veriff_session_reply(r, ctx, create));
}


static ngx_int_t
ngx_http_veriff_session_reply(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_create_t *create)
{
    if (create->status != NGX_HTTP_OK) {
        return ngx_http_veriff_session_error(r, ctx, create->status,
                                             create->detail,
                                             create->retry_after);
    }

    ctx->session_id = create->session.id;

    return ngx_http_veriff_session_url(r, ctx, &create->session.url,
                                       &create->session.id, create->expires,
                                       &create->call.answer);
}
