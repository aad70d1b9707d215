
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_flow.h"
#include "ngx_http_veriff_flow_data.h"
#include "ngx_http_veriff_zone.h"


#define NGX_HTTP_VERIFF_FLOW_POLL     50        /* ms */
#define NGX_HTTP_VERIFF_FLOW_WAIT_MAX 10000     /* ms */
#define NGX_HTTP_VERIFF_FLOW_OUTCOME  2000      /* ms: a failure is relayed */
#define NGX_HTTP_VERIFF_FLOW_LEASE    3600000   /* ms: few are longer */

#define NGX_HTTP_VERIFF_HOUR          3600000   /* ms */


static ngx_int_t ngx_http_veriff_flow_try(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_flow_decide(
    ngx_http_veriff_update_t *update);
static ngx_int_t ngx_http_veriff_flow_unseal(
    ngx_http_veriff_update_t *update);
static ngx_uint_t ngx_http_veriff_flow_rate(ngx_http_veriff_update_t *update,
    int64_t now, ngx_uint_t *wait);
static void ngx_http_veriff_flow_decided(ngx_http_veriff_update_t *update);
static void ngx_http_veriff_flow_release(ngx_http_veriff_update_t *update);
static void ngx_http_veriff_flow_result(ngx_http_request_t *r,
    ngx_http_veriff_update_t *update);
static void ngx_http_veriff_flow_poll(ngx_event_t *ev);
static void ngx_http_veriff_flow_cleanup(void *data);


ngx_int_t
ngx_http_veriff_flow_begin(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_veriff_ctx_t   *ctx;
    ngx_http_veriff_flow_t  *flow;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    cln = ngx_pool_cleanup_add(r->pool, 0);
    flow = ngx_pcalloc(r->pool, sizeof(ngx_http_veriff_flow_t));

    if (cln == NULL || flow == NULL
        || ngx_veriff_random((u_char *) &flow->holder, sizeof(flow->holder))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    flow->deadline = ngx_http_veriff_flow_now()
                     + NGX_HTTP_VERIFF_FLOW_WAIT_MAX;
    flow->event.handler = ngx_http_veriff_flow_poll;
    flow->event.data = r;
    flow->event.log = r->connection->log;

    cln->handler = ngx_http_veriff_flow_cleanup;
    cln->data = flow;

    ctx->flow = flow;

    return ngx_http_veriff_flow_try(r);
}


static ngx_int_t
ngx_http_veriff_flow_try(ngx_http_request_t *r)
{
    u_char                        name[NGX_VERIFF_NAME_LEN];
    ngx_int_t                     rc;
    ngx_http_veriff_ctx_t        *ctx;
    ngx_http_veriff_update_t     *update;
    ngx_http_veriff_flow_data_t  *data;
    ngx_http_veriff_main_conf_t  *vmcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);
    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (ngx_http_veriff_state_name(vmcf, ctx->integration, &ctx->user, name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    update = ngx_http_veriff_state_update_create(r, name);
    if (update == NULL) {
        return NGX_ERROR;
    }

    data = ngx_pcalloc(update->pool, sizeof(ngx_http_veriff_flow_data_t));
    if (data == NULL) {
        ngx_http_veriff_state_update_free(update);
        return NGX_ERROR;
    }

    data->flow.holder = ctx->flow->holder;
    data->max_age = ctx->way.max_age;

    update->integration = ctx->integration;
    update->modify = ngx_http_veriff_flow_decide;
    update->done = ngx_http_veriff_flow_decided;
    update->data = data;

    rc = ngx_http_veriff_state_update(update);

    if (rc == NGX_AGAIN) {
        return NGX_OK;
    }

    ngx_http_veriff_flow_result(r, update);
    ngx_http_veriff_state_update_free(update);

    if (ctx->flow->result == NGX_HTTP_VERIFF_FLOW_WAIT) {
        ngx_add_timer(&ctx->flow->event, NGX_HTTP_VERIFF_FLOW_POLL);
        return NGX_OK;
    }

    return ngx_http_post_request(r, NULL);
}


/* decides by the record as it stands, and takes the lease if it is free */

static ngx_int_t
ngx_http_veriff_flow_decide(ngx_http_veriff_update_t *update)
{
    int64_t                         now;
    ngx_int_t                       rc;
    ngx_uint_t                      wait;
    ngx_veriff_policy_t             policy;
    ngx_veriff_record_t            *record;
    ngx_http_veriff_flow_data_t    *data;

    data = update->data;
    record = &update->record;
    now = ngx_http_veriff_flow_now();

    ngx_http_veriff_state_policy(update->integration, &policy);

    if (data->max_age
        && (policy.max_age == 0 || data->max_age < policy.max_age))
    {
        policy.max_age = data->max_age;
    }

    switch (ngx_veriff_policy_state(&record->history, &policy)) {

    case NGX_VERIFF_VERIFIED:
        data->flow.result = NGX_HTTP_VERIFF_FLOW_VERIFIED;
        return NGX_DECLINED;

    case NGX_VERIFF_PENDING:
        data->flow.result = NGX_HTTP_VERIFF_FLOW_PENDING;
        return NGX_DECLINED;

    case NGX_VERIFF_REJECTED:
        data->flow.result = NGX_HTTP_VERIFF_FLOW_REJECTED;
        return NGX_DECLINED;

    default: /* NGX_VERIFF_UNVERIFIED */
        break;
    }

    if (ngx_veriff_policy_resumable(&record->history, &policy)
        && record->url.len)
    {
        rc = ngx_http_veriff_flow_unseal(update);

        if (rc != NGX_DECLINED) {
            data->flow.result = NGX_HTTP_VERIFF_FLOW_RESUME;
            return (rc == NGX_OK) ? NGX_DECLINED : NGX_ERROR;
        }
    }

    /* what is of a future was written before the clock was set back */

    if (record->lease > now
        && record->lease - now <= ngx_max(NGX_HTTP_VERIFF_FLOW_LEASE,
                                    (int64_t) update->integration->lease))
    {
        data->flow.result = NGX_HTTP_VERIFF_FLOW_WAIT;
        return NGX_DECLINED;
    }

    if (record->outcome
        && ngx_abs(now - record->outcome_at) < NGX_HTTP_VERIFF_FLOW_OUTCOME)
    {
        data->flow.result = NGX_HTTP_VERIFF_FLOW_FAILED;
        data->flow.status = record->outcome;
        data->flow.retry_after = record->retry_after;
        return NGX_DECLINED;
    }

    if (ngx_http_veriff_flow_rate(update, now, &wait)) {
        data->flow.result = NGX_HTTP_VERIFF_FLOW_LIMITED;
        data->flow.retry_after = wait;
        return NGX_DECLINED;
    }

    wait = ngx_http_veriff_zone_session(update->integration);

    if (wait) {
        data->flow.result = NGX_HTTP_VERIFF_FLOW_BUSY;
        data->flow.retry_after = wait;
        return NGX_DECLINED;
    }

    record->lease = now + (int64_t) update->integration->lease;
    record->holder = data->flow.holder;
    record->outcome = 0;

    data->flow.result = NGX_HTTP_VERIFF_FLOW_CREATE;

    return NGX_OK;
}


/* a URL that was sealed with another key is as good as none */

static ngx_int_t
ngx_http_veriff_flow_unseal(ngx_http_veriff_update_t *update)
{
    ngx_http_veriff_flow_data_t *data = update->data;

    return ngx_veriff_unseal(update->pool, update->vmcf->keys,
                             NGX_VERIFF_SEAL_URL, &update->integration->name,
                             &update->record.url, &data->clear);
}


/* a bucket of user_rate sessions that leaks evenly within the hour */

static ngx_uint_t
ngx_http_veriff_flow_rate(ngx_http_veriff_update_t *update, int64_t now,
    ngx_uint_t *wait)
{
    int64_t               excess, limit, passed;
    ngx_veriff_record_t  *record;

    record = &update->record;
    limit = (int64_t) update->integration->user_rate * 1000;

    passed = ngx_abs(now - record->rate_last);
    passed = ngx_min(passed, NGX_HTTP_VERIFF_HOUR);

    excess = (int64_t) record->rate_excess
             - passed * limit / NGX_HTTP_VERIFF_HOUR;

    excess = ngx_max(excess, 0) + 1000;

    if (excess > limit) {
        *wait = (ngx_uint_t) ((excess - limit) * (NGX_HTTP_VERIFF_HOUR / 1000)
                              / limit) + 1;
        return 1;
    }

    record->rate_excess = (ngx_uint_t) excess;
    record->rate_last = now;

    return 0;
}


static void
ngx_http_veriff_flow_decided(ngx_http_veriff_update_t *update)
{
    ngx_connection_t             *c;
    ngx_http_request_t           *r;
    ngx_http_veriff_ctx_t        *ctx;
    ngx_http_veriff_flow_data_t  *data;

    r = update->request;

    if (r == NULL) {
        ngx_http_veriff_flow_release(update);
        return;
    }

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    ngx_http_set_log_request(c->log, r);

    ngx_http_veriff_flow_result(r, update);

    if (ctx->flow->result == NGX_HTTP_VERIFF_FLOW_CREATE) {

        /* memory to give it back may be lacking then */

        data = update->data;
        data->status = NGX_HTTP_SERVICE_UNAVAILABLE;

        ctx->flow->lease = update;

    } else {
        ngx_http_veriff_state_update_free(update);
    }

    if (ctx->flow->result == NGX_HTTP_VERIFF_FLOW_WAIT) {
        ngx_add_timer(&ctx->flow->event, NGX_HTTP_VERIFF_FLOW_POLL);
        return;
    }

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}


/* the request has ended, and has no use for the lease that it got */

static void
ngx_http_veriff_flow_release(ngx_http_veriff_update_t *update)
{
    ngx_http_veriff_flow_data_t *data = update->data;

    if (update->rc == NGX_OK
        && data->flow.result == NGX_HTTP_VERIFF_FLOW_CREATE)
    {
        update->modify = ngx_http_veriff_flow_settle;
        update->done = ngx_http_veriff_state_update_free;
        update->tries = 0;

        if (ngx_http_veriff_state_update(update) == NGX_AGAIN) {
            return;
        }
    }

    ngx_http_veriff_state_update_free(update);
}


static void
ngx_http_veriff_flow_result(ngx_http_request_t *r,
    ngx_http_veriff_update_t *update)
{
    ngx_veriff_id_t              *id;
    ngx_http_veriff_ctx_t        *ctx;
    ngx_http_veriff_flow_t       *flow;
    ngx_http_veriff_flow_data_t  *data;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);
    data = update->data;
    flow = ctx->flow;

    flow->result = data->flow.result;
    flow->ready = (flow->result != NGX_HTTP_VERIFF_FLOW_WAIT);
    flow->status = data->flow.status;
    flow->retry_after = data->flow.retry_after;

    if (update->rc != NGX_OK) {
        flow->result = NGX_HTTP_VERIFF_FLOW_BROKEN;
        flow->ready = 1;
        return;
    }

    if (flow->result != NGX_HTTP_VERIFF_FLOW_RESUME) {
        return;
    }

    id = &update->record.history.open.session;

    flow->expires = update->record.history.open.created
                    + update->integration->session_lifetime;

    flow->session.len = id->len;
    flow->session.data = ngx_pnalloc(r->pool, id->len);
    flow->url.len = data->clear.len;
    flow->url.data = ngx_pstrdup(r->pool, &data->clear);

    if (flow->session.data == NULL || flow->url.data == NULL) {
        flow->result = NGX_HTTP_VERIFF_FLOW_BROKEN;
        return;
    }

    ngx_memcpy(flow->session.data, id->data, id->len);
}


static void
ngx_http_veriff_flow_poll(ngx_event_t *ev)
{
    ngx_uint_t              timeout;
    ngx_connection_t       *c;
    ngx_http_request_t     *r = ev->data;
    ngx_http_veriff_ctx_t  *ctx;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    ngx_http_set_log_request(c->log, r);

    timeout = (ngx_http_veriff_flow_now() > ctx->flow->deadline);

    if (timeout || ngx_http_veriff_flow_try(r) != NGX_OK) {
        ctx->flow->result = timeout ? NGX_HTTP_VERIFF_FLOW_TIMEOUT
                                    : NGX_HTTP_VERIFF_FLOW_BROKEN;
        ctx->flow->ready = 1;
        r->write_event_handler(r);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_veriff_flow_cleanup(void *data)
{
    ngx_http_veriff_flow_t *flow = data;

    if (flow->event.timer_set) {
        ngx_del_timer(&flow->event);
    }

    if (flow->lease) {
        ngx_http_veriff_flow_release(flow->lease);
    }
}


int64_t
ngx_http_veriff_flow_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + tp->msec;
}
