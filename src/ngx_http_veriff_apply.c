
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_apply.h"

#include "ngx_veriff_time.h"


static ngx_int_t ngx_http_veriff_apply_find(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, u_char *name);
static ngx_int_t ngx_http_veriff_apply_message(
    ngx_http_veriff_update_t *update, ngx_veriff_webhook_t *webhook,
    ngx_http_veriff_apply_t *apply);
static ngx_int_t ngx_http_veriff_apply_copy(ngx_pool_t *pool, ngx_str_t *dst,
    ngx_str_t *src);
static ngx_int_t ngx_http_veriff_apply_modify(
    ngx_http_veriff_update_t *update);
static void ngx_http_veriff_apply_done(ngx_http_veriff_update_t *update);
static void ngx_http_veriff_apply_outcome(ngx_http_veriff_ctx_t *ctx,
    ngx_http_veriff_apply_t *apply);


ngx_int_t
ngx_http_veriff_apply(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx)
{
    u_char                     name[NGX_VERIFF_NAME_LEN];
    ngx_int_t                  rc;
    ngx_http_veriff_update_t  *update;

    if (ctx->applied) {
        return ctx->apply_rc;
    }

    ctx->outcome = NGX_VERIFF_IGNORED;

    if (ctx->webhook.type != NGX_VERIFF_WEBHOOK_DECISION
        && ctx->webhook.type != NGX_VERIFF_WEBHOOK_EVENT)
    {
        return NGX_OK;
    }

    rc = ngx_http_veriff_apply_find(r, ctx, name);

    if (rc != NGX_OK) {
        ctx->outcome = NGX_VERIFF_FOREIGN;
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    update = ngx_http_veriff_apply_update(r, ctx->integration, name,
                                          &ctx->webhook);
    if (update == NULL) {
        return NGX_ERROR;
    }

    update->done = ngx_http_veriff_apply_done;

    rc = ngx_http_veriff_state_update(update);

    if (rc == NGX_AGAIN) {
        r->write_event_handler = ngx_http_request_empty_handler;
        return NGX_AGAIN;
    }

    ngx_http_veriff_apply_outcome(ctx, update->data);

    ngx_http_veriff_state_update_free(update);

    return (rc == NGX_OK) ? NGX_OK : NGX_ERROR;
}


/* integrations that share a key are told apart by the session */

static ngx_int_t
ngx_http_veriff_apply_find(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx,
    u_char *name)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_http_veriff_candidate_t  *candidate;

    candidate = ctx->candidates.elts;

    for (i = 0; i < ctx->candidates.nelts; i++) {

        rc = ngx_http_veriff_state_session(r, candidate[i].integration,
                                           &ctx->webhook.session_id, name);

        if (rc == NGX_OK) {
            ctx->integration = candidate[i].integration;
        }

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return NGX_DECLINED;
}


ngx_http_veriff_update_t *
ngx_http_veriff_apply_update(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, u_char *name,
    ngx_veriff_webhook_t *webhook)
{
    ngx_http_veriff_apply_t   *apply;
    ngx_http_veriff_update_t  *update;

    update = ngx_http_veriff_state_update_create(r, name);
    if (update == NULL) {
        return NULL;
    }

    update->integration = vi;

    apply = ngx_pcalloc(update->pool, sizeof(ngx_http_veriff_apply_t));

    if (apply == NULL
        || ngx_http_veriff_apply_message(update, webhook, apply) != NGX_OK)
    {
        ngx_http_veriff_state_update_free(update);
        return NULL;
    }

    update->modify = ngx_http_veriff_apply_modify;
    update->data = apply;

    return update;
}


static ngx_int_t
ngx_http_veriff_apply_message(ngx_http_veriff_update_t *update,
    ngx_veriff_webhook_t *webhook, ngx_http_veriff_apply_t *apply)
{
    ngx_veriff_message_t  *message;

    message = &apply->message;

    if (ngx_http_veriff_apply_copy(update->pool, &message->session_id,
                                   &webhook->session_id)
        != NGX_OK
        || ngx_http_veriff_apply_copy(update->pool, &message->attempt_id,
                                      &webhook->attempt_id)
           != NGX_OK
        || ngx_http_veriff_state_echo(update->vmcf, update->integration,
                                      &webhook->vendor_data,
                                      &apply->vendor_data)
           != NGX_OK
        || ngx_http_veriff_state_echo(update->vmcf, update->integration,
                                      &webhook->end_user_id,
                                      &apply->end_user_id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    message->status = ngx_veriff_status_parse(&webhook->status);

    if ((webhook->type == NGX_VERIFF_WEBHOOK_EVENT)
        != (message->status == NGX_VERIFF_STATUS_STARTED
            || message->status == NGX_VERIFF_STATUS_SUBMITTED))
    {
        /* an event is no decision, whatever it is called */

        message->status = NGX_VERIFF_STATUS_NONE;
    }

    (void) ngx_veriff_time_parse(&webhook->decision_time, &message->time);

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_apply_copy(ngx_pool_t *pool, ngx_str_t *dst, ngx_str_t *src)
{
    if (src->len == 0) {
        ngx_str_null(dst);
        return NGX_OK;
    }

    dst->len = src->len;
    dst->data = ngx_pstrdup(pool, src);

    return dst->data ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_veriff_apply_modify(ngx_http_veriff_update_t *update)
{
    ngx_veriff_id_t          *open;
    ngx_veriff_record_t      *record;
    ngx_veriff_policy_t       policy;
    ngx_veriff_history_t      before;
    ngx_http_veriff_apply_t  *apply;

    apply = update->data;
    apply->mismatch = 0;
    record = &update->record;
    open = &record->history.open.session;

    /* what is echoed must be what was sent for this session */

    if (open->len == apply->message.session_id.len
        && ngx_memcmp(open->data, apply->message.session_id.data, open->len)
           == 0
        && ((apply->vendor_data
             && apply->vendor_data != record->vendor_data)
            || (apply->end_user_id
                && apply->end_user_id != record->end_user_id)))
    {
        apply->outcome = NGX_VERIFF_FOREIGN;
        apply->mismatch = 1;
        return NGX_DECLINED;
    }

    ngx_memcpy(&before, &record->history, sizeof(ngx_veriff_history_t));

    apply->outcome = ngx_veriff_policy_apply(&record->history,
                                             &apply->message, ngx_time());

    ngx_http_veriff_state_policy(update->integration, &policy);

    if (record->url.len
        && !ngx_veriff_policy_resumable(&record->history, &policy)
        && ngx_veriff_policy_state(&record->history, &policy)
           != NGX_VERIFF_PENDING)
    {
        /* it is of no use to anyone any more */

        ngx_str_null(&record->url);

        return NGX_OK;
    }

    /* a stale verdict may still say that its attempt has a decision */

    return ngx_memcmp(&before, &record->history, sizeof(ngx_veriff_history_t))
           ? NGX_OK : NGX_DECLINED;
}


static void
ngx_http_veriff_apply_done(ngx_http_veriff_update_t *update)
{
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_veriff_ctx_t    *ctx;
    ngx_http_veriff_apply_t  *apply;

    r = update->request;
    apply = update->data;

    if (r == NULL) {
        ngx_http_veriff_state_update_free(update);
        return;
    }

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    ctx->applied = 1;
    ngx_http_veriff_apply_outcome(ctx, apply);
    ctx->apply_rc = (update->rc == NGX_OK) ? NGX_OK : NGX_ERROR;

    ngx_http_veriff_state_update_free(update);

    ngx_http_set_log_request(c->log, r);

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


/* a decision that names another user is not told to be about that one */

static void
ngx_http_veriff_apply_outcome(ngx_http_veriff_ctx_t *ctx,
    ngx_http_veriff_apply_t *apply)
{
    ctx->outcome = apply->outcome;

    if (apply->mismatch) {
        ngx_str_null(&ctx->webhook_user);
    }
}
