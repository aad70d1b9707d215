
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_flow_data.h"


static void ngx_http_veriff_flow_settled(ngx_http_veriff_update_t *update);
static void ngx_http_veriff_flow_done(ngx_http_veriff_update_t *update);
static ngx_uint_t ngx_http_veriff_flow_again(
    ngx_http_veriff_update_t *update);


ngx_int_t
ngx_http_veriff_flow_end(ngx_http_request_t *r, ngx_http_veriff_flow_t *flow,
    ngx_str_t *session, ngx_str_t *url, ngx_str_t *vendor_data,
    ngx_str_t *end_user_id, ngx_uint_t status, ngx_uint_t retry_after,
    ngx_http_veriff_update_pt done)
{
    u_char                        name[NGX_VERIFF_NAME_LEN];
    ngx_int_t                     rc;
    ngx_http_veriff_ctx_t        *ctx;
    ngx_http_veriff_update_t     *update;
    ngx_http_veriff_flow_data_t  *data;
    ngx_http_veriff_main_conf_t  *vmcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);
    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (flow->lease && status == 0) {
        data = flow->lease->data;
        data->status = 0;
    }

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
        goto failed;
    }

    data->flow.holder = flow->holder;
    data->status = status;
    data->retry_after = retry_after;
    data->done = done;

    if (session->len) {
        data->session.len = session->len;
        data->session.data = ngx_pstrdup(update->pool, session);

        if (data->session.data == NULL
            || ngx_veriff_seal(update->pool, vmcf->keys, NGX_VERIFF_SEAL_URL,
                               &ctx->integration->name, url, &data->url)
               != NGX_OK
            || ngx_veriff_seal(update->pool, vmcf->keys, NGX_VERIFF_SEAL_USER,
                               &ctx->integration->name, &ctx->user,
                               &data->user)
               != NGX_OK
            || ngx_http_veriff_state_echo(vmcf, ctx->integration,
                                          vendor_data, &data->vendor_data)
               != NGX_OK
            || ngx_http_veriff_state_echo(vmcf, ctx->integration,
                                          end_user_id, &data->end_user_id)
               != NGX_OK)
        {
            goto failed;
        }

        update->session = data->session;
    }

    update->integration = ctx->integration;
    update->modify = ngx_http_veriff_flow_settle;
    update->done = ngx_http_veriff_flow_settled;
    update->data = data;

    rc = ngx_http_veriff_state_update(update);

    if (rc == NGX_OK || rc == NGX_AGAIN || ngx_http_veriff_flow_again(update)) {

        if (flow->lease) {
            ngx_http_veriff_state_update_free(flow->lease);
            flow->lease = NULL;
        }
    }

    if (update->rc != NGX_AGAIN) {
        ngx_http_veriff_flow_done(update);
    }

    return NGX_OK;

failed:

    ngx_http_veriff_state_update_free(update);

    return NGX_ERROR;
}


/*
 * If the lease was lost, another request may have it now.  The first one of
 * them to come back has the session that is used; both are paid.
 */

ngx_int_t
ngx_http_veriff_flow_settle(ngx_http_veriff_update_t *update)
{
    ngx_veriff_policy_t           policy;
    ngx_veriff_record_t          *record;
    ngx_http_veriff_flow_data_t  *data;

    data = update->data;
    record = &update->record;
    data->lost = 0;

    if (record->holder != data->flow.holder) {

        if (data->session.len == 0) {
            return NGX_DECLINED;
        }

        ngx_http_veriff_state_policy(update->integration, &policy);

        if (ngx_veriff_policy_state(&record->history, &policy)
            != NGX_VERIFF_UNVERIFIED
            || ngx_veriff_policy_resumable(&record->history, &policy))
        {
            data->lost = 1;
            return NGX_ERROR;
        }
    }

    record->lease = 0;
    record->holder = 0;
    record->outcome_at = ngx_http_veriff_flow_now();
    record->outcome = data->session.len ? 0 : data->status;
    record->retry_after = ngx_min(data->retry_after, 65535);

    if (data->session.len) {
        ngx_veriff_policy_open(&record->history, &data->session, ngx_time());

        record->vendor_data = data->vendor_data;
        record->end_user_id = data->end_user_id;
        record->user = data->user;
        record->url = data->url;

    } else if (data->status == 0) {

        /* nobody was asked: it does not count for user_rate */

        record->rate_excess -= ngx_min(record->rate_excess, 1000);
    }

    return NGX_OK;
}


static void
ngx_http_veriff_flow_settled(ngx_http_veriff_update_t *update)
{
    ngx_connection_t  *c;

    if (ngx_http_veriff_flow_again(update)) {
        return;
    }

    c = update->request ? update->request->connection : NULL;

    ngx_http_veriff_flow_done(update);

    if (c) {
        ngx_http_run_posted_requests(c);
    }
}


static void
ngx_http_veriff_flow_done(ngx_http_veriff_update_t *update)
{
    ngx_http_veriff_flow_data_t *data = update->data;

    if (data->lost) {
        ngx_log_error(NGX_LOG_ERR, update->pool->log, 0,
                      "veriff session \"%V\": the provider's answer came "
                      "after the time that nginx's timeouts leave it, and "
                      "another session is in use: this one is paid in vain",
                      &update->integration->name);
    }

    if (data->rc != NGX_OK) {
        update->rc = data->rc;
    }

    data->done(update);

    ngx_http_veriff_state_update_free(update);
}


/*
 * A store that has no room for the session may still have some for giving
 * the lease back; and what was lacking may be there by now.  Non-zero if that
 * was begun.
 */

static ngx_uint_t
ngx_http_veriff_flow_again(ngx_http_veriff_update_t *update)
{
    ngx_http_veriff_flow_data_t *data = update->data;

    if (update->rc == NGX_OK || data->lost || data->again) {
        return 0;
    }

    data->again = 1;

    if (data->session.len) {
        data->rc = update->rc;
        data->status = NGX_HTTP_SERVICE_UNAVAILABLE;

        ngx_str_null(&data->session);
        ngx_str_null(&update->session);
    }

    update->tries = 0;

    return ngx_http_veriff_state_update(update) == NGX_AGAIN;
}
