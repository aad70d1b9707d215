
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_reconcile.h"
#include "ngx_http_veriff_apply.h"
#include "ngx_http_veriff_zone.h"

#include "ngx_veriff_session.h"
#include "ngx_veriff_webhook.h"


/* who asks is who could set the record's time of asking */

typedef struct {
    ngx_veriff_id_t  session;
    int64_t          now;           /* ms */
    ngx_uint_t       won;
} ngx_http_veriff_claim_t;


static ngx_uint_t ngx_http_veriff_reconcile_due(
    ngx_http_veriff_integration_t *vi, ngx_veriff_record_t *record,
    int64_t now);
static ngx_int_t ngx_http_veriff_reconcile_claim(
    ngx_http_veriff_update_t *update);
static void ngx_http_veriff_reconcile_claimed(
    ngx_http_veriff_update_t *update);
static ngx_int_t ngx_http_veriff_reconcile_ask(ngx_http_request_t *r,
    ngx_http_veriff_reconcile_t *reconcile, ngx_veriff_id_t *session);
static void ngx_http_veriff_reconcile_answered(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call);
static const char *ngx_http_veriff_reconcile_refused(
    ngx_http_veriff_call_t *call);
static ngx_int_t ngx_http_veriff_reconcile_apply(ngx_http_request_t *r,
    ngx_http_veriff_reconcile_t *reconcile);
static void ngx_http_veriff_reconcile_applied(
    ngx_http_veriff_update_t *update);
static void ngx_http_veriff_reconcile_outcome(
    ngx_http_veriff_update_t *update, ngx_log_t *log);


ngx_int_t
ngx_http_veriff_reconcile(ngx_http_request_t *r,
    ngx_http_veriff_reconcile_t *reconcile, u_char *name,
    ngx_veriff_record_t *record)
{
    int64_t                    now;
    ngx_time_t                *tp;
    ngx_http_veriff_ctx_t     *ctx;
    ngx_http_veriff_claim_t   *claim;
    ngx_http_veriff_update_t  *update;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    tp = ngx_timeofday();
    now = (int64_t) tp->sec * 1000 + tp->msec;

    if (!ngx_http_veriff_reconcile_due(ctx->integration, record, now)) {
        return NGX_OK;
    }

    update = ngx_http_veriff_state_update_create(r, name);
    if (update == NULL) {
        return NGX_OK;
    }

    claim = ngx_pcalloc(update->pool, sizeof(ngx_http_veriff_claim_t));
    if (claim == NULL) {
        ngx_http_veriff_state_update_free(update);
        return NGX_OK;
    }

    claim->session = record->history.open.session;
    claim->now = now;

    update->integration = ctx->integration;
    update->modify = ngx_http_veriff_reconcile_claim;
    update->done = ngx_http_veriff_reconcile_claimed;
    update->data = claim;

    ngx_memcpy(reconcile->name, name, NGX_VERIFF_NAME_LEN);

    ctx->reconcile = reconcile;

    if (ngx_http_veriff_state_update(update) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    /* someone else was faster, or the store has failed */

    ngx_http_veriff_state_update_free(update);

    return NGX_OK;
}


/* at once when the user first comes back, and then every now and again */

static ngx_uint_t
ngx_http_veriff_reconcile_due(ngx_http_veriff_integration_t *vi,
    ngx_veriff_record_t *record, int64_t now)
{
    int64_t  time;

    if (vi->reconcile == 0 || !ngx_veriff_policy_undecided(&record->history))
    {
        return 0;
    }

    time = (int64_t) vi->reconcile * 1000;

    /*
     * Not so if it was asked about the session before, or by a clock that was
     * wrong; another worker's may be a little ahead.
     */

    return record->asked < (int64_t) record->history.open.created * 1000
           || record->asked + time <= now
           || record->asked > now + time;
}


static ngx_int_t
ngx_http_veriff_reconcile_claim(ngx_http_veriff_update_t *update)
{
    ngx_veriff_id_t          *open;
    ngx_http_veriff_claim_t  *claim;

    claim = update->data;
    claim->won = 0;

    open = &update->record.history.open.session;

    if (open->len != claim->session.len
        || ngx_memcmp(open->data, claim->session.data, open->len) != 0
        || !ngx_http_veriff_reconcile_due(update->integration,
                                          &update->record, claim->now))
    {
        return NGX_DECLINED;
    }

    claim->now = ngx_max(claim->now,
                         (int64_t) update->record.history.open.created * 1000);
    update->record.asked = claim->now;
    claim->won = 1;

    return NGX_OK;
}


static void
ngx_http_veriff_reconcile_claimed(ngx_http_veriff_update_t *update)
{
    ngx_int_t                 rc;
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_veriff_ctx_t    *ctx;
    ngx_http_veriff_claim_t  *claim;

    r = update->request;

    if (r == NULL) {

        /* the next one may ask when it is time again */

        ngx_http_veriff_state_update_free(update);
        return;
    }

    c = r->connection;
    claim = update->data;
    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    ngx_http_set_log_request(c->log, r);

    rc = (update->rc == NGX_OK && claim->won)
         ? ngx_http_veriff_reconcile_ask(r, ctx->reconcile, &claim->session)
         : NGX_DECLINED;

    ngx_http_veriff_state_update_free(update);

    if (rc != NGX_OK) {
        ctx->reconcile->ready = 1;
        r->write_event_handler(r);
    }

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_veriff_reconcile_ask(ngx_http_request_t *r,
    ngx_http_veriff_reconcile_t *reconcile, ngx_veriff_id_t *session)
{
    u_char                  *p;
    ngx_http_veriff_ctx_t   *ctx;
    ngx_http_veriff_call_t  *call;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);
    call = &reconcile->call;

    if (ngx_http_veriff_zone_budget(ctx->integration) != NGX_OK) {
        ngx_http_veriff_count(ctx->integration,
                              NGX_HTTP_VERIFF_COUNT_RECONCILE_OVER_BUDGET);
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(r->pool, sizeof("/v1/sessions//decision") - 1
                             + session->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    call->path.data = p;

    p = ngx_cpymem(p, "/v1/sessions/", sizeof("/v1/sessions/") - 1);

    reconcile->session.data = p;
    reconcile->session.len = session->len;

    p = ngx_cpymem(p, session->data, session->len);
    p = ngx_cpymem(p, "/decision", sizeof("/decision") - 1);

    call->path.len = p - call->path.data;
    call->integration = ctx->integration;
    call->method = NGX_HTTP_GET;
    call->handler = ngx_http_veriff_reconcile_answered;
    call->data = reconcile;

    if (ngx_http_veriff_call(r, call) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_veriff_count(ctx->integration,
                          NGX_HTTP_VERIFF_COUNT_RECONCILE_ASKED);

    return NGX_OK;
}


/*
 * Runs in the subrequest's end, also if the client has gone: the answer is
 * as good as a webhook.
 */

static void
ngx_http_veriff_reconcile_answered(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call)
{
    ngx_http_veriff_reconcile_t *reconcile = call->data;

    ngx_str_t    code;
    const char  *reason;

    reason = ngx_http_veriff_reconcile_refused(call);

    if (reason == NULL) {

        if (ngx_http_veriff_reconcile_apply(r, reconcile) != NGX_AGAIN) {
            reconcile->ready = 1;
        }

        return;
    }

    reconcile->ready = 1;

    ngx_http_veriff_count(call->integration,
                          NGX_HTTP_VERIFF_COUNT_RECONCILE_FAILED);

    if (call->result == NGX_HTTP_VERIFF_CALL_MISROUTED) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "veriff decision \"%V\": no location with "
                      "\"veriff_sign %V\" answers to "
                      "\"%V/v1/sessions/.../decision\" in this server",
                      &call->integration->name, &call->integration->name,
                      &call->integration->api_uri);
        return;
    }

    if (ngx_veriff_session_error(r->pool, &call->answer, &code) != NGX_OK) {
        ngx_str_set(&code, "-");
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "veriff decision \"%V\": %s, status %ui, code %V",
                  &call->integration->name, reason, call->status, &code);
}


/* what is wrong with an answer, as far as its content does not matter */

static const char *
ngx_http_veriff_reconcile_refused(ngx_http_veriff_call_t *call)
{
    switch (call->result) {

    case NGX_HTTP_VERIFF_CALL_MISROUTED:
        return "no signed location";

    case NGX_HTTP_VERIFF_CALL_REFUSED:
        return "the signed location did not ask the provider";

    case NGX_HTTP_VERIFF_CALL_NONE:
        return "the provider gave no complete answer";

    case NGX_HTTP_VERIFF_CALL_FORGED:
        return "the provider gave an answer with a wrong signature";

    case NGX_HTTP_VERIFF_CALL_OVERSIZED:
        return "the provider gave an answer that is too large";

    default: /* NGX_HTTP_VERIFF_CALL_SIGNED, NGX_HTTP_VERIFF_CALL_UNSIGNED */
        break;
    }

    if (call->status >= NGX_HTTP_SPECIAL_RESPONSE) {
        return "the provider gave an error";
    }

    if (call->status != NGX_HTTP_OK) {
        return "the provider gave an unexpected success status";
    }

    if (call->result == NGX_HTTP_VERIFF_CALL_UNSIGNED
        && call->integration->response_signature
           != NGX_HTTP_VERIFF_SIGNATURE_OPTIONAL)
    {
        return "the provider gave an answer without signature";
    }

    return NULL;
}


/* NGX_AGAIN: it is being written */

static ngx_int_t
ngx_http_veriff_reconcile_apply(ngx_http_request_t *r,
    ngx_http_veriff_reconcile_t *reconcile)
{
    ngx_int_t                  rc;
    const char                *reason;
    ngx_veriff_webhook_t       decision;
    ngx_http_veriff_call_t    *call;
    ngx_http_veriff_update_t  *update;

    call = &reconcile->call;
    reason = NULL;

    if (ngx_veriff_webhook_parse(r->pool, call->answer.data,
                                 call->answer.len, &decision)
        != NGX_OK
        || decision.type != NGX_VERIFF_WEBHOOK_DECISION)
    {
        reason = "is no decision";

    } else if (decision.session_id.len == 0 && decision.status.len == 0) {

        /* there is none yet */

        ngx_http_veriff_count(call->integration,
                              NGX_HTTP_VERIFF_COUNT_RECONCILE_UNCHANGED);
        return NGX_OK;

    } else if (decision.session_id.len != reconcile->session.len
               || ngx_memcmp(decision.session_id.data,
                             reconcile->session.data, reconcile->session.len)
                  != 0)
    {
        reason = "is about another session";
    }

    if (reason) {
        ngx_http_veriff_count(call->integration,
                              NGX_HTTP_VERIFF_COUNT_RECONCILE_FAILED);
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "veriff decision \"%V\": the provider's answer was "
                      "refused: it %s", &call->integration->name, reason);
        return NGX_DECLINED;
    }

    update = ngx_http_veriff_apply_update(r, call->integration,
                                          reconcile->name, &decision);
    if (update == NULL) {
        return NGX_ERROR;
    }

    update->done = ngx_http_veriff_reconcile_applied;

    rc = ngx_http_veriff_state_update(update);

    if (rc != NGX_AGAIN) {
        ngx_http_veriff_reconcile_outcome(update, r->connection->log);
        ngx_http_veriff_state_update_free(update);
    }

    return rc;
}


static void
ngx_http_veriff_reconcile_applied(ngx_http_veriff_update_t *update)
{
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_http_veriff_ctx_t  *ctx;

    r = update->request;

    if (r == NULL) {
        ngx_http_veriff_reconcile_outcome(update, ngx_cycle->log);
        ngx_http_veriff_state_update_free(update);
        return;
    }

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    ngx_http_set_log_request(c->log, r);

    ngx_http_veriff_reconcile_outcome(update, c->log);
    ngx_http_veriff_state_update_free(update);

    ctx->reconcile->ready = 1;

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_veriff_reconcile_outcome(ngx_http_veriff_update_t *update,
    ngx_log_t *log)
{
    ngx_http_veriff_apply_t *apply = update->data;

    ngx_uint_t  what;

    what = (update->rc != NGX_OK || apply->mismatch)
           ? NGX_HTTP_VERIFF_COUNT_RECONCILE_FAILED
           : (apply->outcome == NGX_VERIFF_APPLIED)
             ? NGX_HTTP_VERIFF_COUNT_RECONCILE_APPLIED
             : NGX_HTTP_VERIFF_COUNT_RECONCILE_UNCHANGED;

    ngx_http_veriff_count(update->integration, what);

    if (update->rc == NGX_OK) {
        ngx_http_veriff_count_outcome(update->integration, apply->outcome,
                                      apply->message.status);
    }

    if (apply->mismatch) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "veriff decision \"%V\": the provider's answer was "
                      "refused: its vendorData or endUserId is not the one "
                      "that was sent", &update->integration->name);
    }
}
