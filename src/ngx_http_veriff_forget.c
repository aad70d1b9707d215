
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_forget.h"
#include "ngx_http_veriff_state.h"

#include "ngx_veriff_expiry.h"


static ngx_int_t ngx_http_veriff_forget_start(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, u_char *name,
    ngx_http_veriff_forget_pt handler);
static ngx_int_t ngx_http_veriff_forget_modify(
    ngx_http_veriff_update_t *update);
static ngx_uint_t ngx_http_veriff_forget_is(ngx_veriff_id_t *id,
    ngx_str_t *session);
static void ngx_http_veriff_forget_done(ngx_http_veriff_update_t *update);
static void ngx_http_veriff_forget_failed(ngx_log_t *log,
    ngx_http_veriff_integration_t *vi);


ngx_int_t
ngx_http_veriff_forget(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx,
    ngx_http_veriff_forget_pt handler)
{
    u_char                        name[NGX_VERIFF_NAME_LEN];
    ngx_int_t                     rc;
    ngx_uint_t                    status;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    status = r->upstream->headers_in.status_n;

    /* a signed 404: a deletion that failed here is tried again */

    if (vmcf->store == NULL || !ctx->rule.gone
        || ((status < NGX_HTTP_OK || status >= NGX_HTTP_SPECIAL_RESPONSE)
            && (status != NGX_HTTP_NOT_FOUND || handler == NULL)))
    {
        return NGX_OK;
    }

    rc = ngx_http_veriff_state_session(r, ctx->integration, &ctx->rule.text,
                                       name);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_veriff_forget_start(r, ctx, name, handler);
    }

    if (rc == NGX_ERROR) {
        ngx_http_veriff_forget_failed(r->connection->log, ctx->integration);
    }

    return rc;
}


static ngx_int_t
ngx_http_veriff_forget_start(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, u_char *name,
    ngx_http_veriff_forget_pt handler)
{
    ngx_int_t                   rc;
    ngx_http_veriff_update_t   *update;
    ngx_http_veriff_forget_pt  *data;

    update = ngx_http_veriff_state_update_create(r, name);
    if (update == NULL) {
        return NGX_ERROR;
    }

    data = ngx_palloc(update->pool, sizeof(ngx_http_veriff_forget_pt));

    update->forget.len = ctx->rule.text.len;
    update->forget.data = ngx_pstrdup(update->pool, &ctx->rule.text);

    if (data == NULL || update->forget.data == NULL) {
        ngx_http_veriff_state_update_free(update);
        return NGX_ERROR;
    }

    *data = handler;

    update->integration = ctx->integration;
    update->modify = ngx_http_veriff_forget_modify;
    update->done = ngx_http_veriff_forget_done;
    update->data = data;

    rc = ngx_http_veriff_state_update(update);

    if (rc != NGX_AGAIN) {
        ngx_http_veriff_state_update_free(update);
    }

    return (rc == NGX_ABORT) ? NGX_ERROR : rc;
}


/* what other sessions of the user have brought stays */

static ngx_int_t
ngx_http_veriff_forget_modify(ngx_http_veriff_update_t *update)
{
    ngx_veriff_policy_t    policy;
    ngx_veriff_record_t   *record;
    ngx_veriff_history_t  *history;

    record = &update->record;
    history = &record->history;

    update->remove = 0;

    if (record->revision == 0) {
        return NGX_DECLINED;
    }

    if (ngx_http_veriff_forget_is(&history->standing.session,
                                  &update->forget))
    {
        ngx_memzero(&history->standing, sizeof(ngx_veriff_standing_t));

        record->standing_vendor_data = 0;
        record->standing_end_user_id = 0;
    }

    if (ngx_http_veriff_forget_is(&history->open.session, &update->forget)) {
        ngx_memzero(&history->open, sizeof(ngx_veriff_open_t));

        record->vendor_data = 0;
        record->end_user_id = 0;
        ngx_str_null(&record->url);
    }

    ngx_veriff_policy_unmatch(history, &update->forget);

    if (history->open.session.len || history->standing.session.len) {
        return NGX_OK;
    }

    ngx_str_null(&record->user);

    ngx_http_veriff_state_policy(update->integration, &policy);

    /* what counts for user_rate still does */

    update->remove = ngx_veriff_expiry_user(record, &policy,
                                            update->integration->user_rate);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_veriff_forget_is(ngx_veriff_id_t *id, ngx_str_t *session)
{
    return id->len != 0 && id->len == session->len
           && ngx_memcmp(id->data, session->data, id->len) == 0;
}


static void
ngx_http_veriff_forget_done(ngx_http_veriff_update_t *update)
{
    ngx_int_t                   rc;
    ngx_connection_t           *c;
    ngx_http_request_t         *r;
    ngx_http_veriff_forget_pt   handler;

    r = update->request;
    rc = (update->rc == NGX_OK) ? NGX_OK : NGX_ERROR;
    handler = *(ngx_http_veriff_forget_pt *) update->data;

    if (rc != NGX_OK) {
        ngx_http_veriff_forget_failed(update->pool->log, update->integration);
    }

    ngx_http_veriff_state_update_free(update);

    if (r == NULL || handler == NULL) {
        return;
    }

    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    handler(r, rc);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_veriff_forget_failed(ngx_log_t *log,
    ngx_http_veriff_integration_t *vi)
{
    ngx_log_error(NGX_LOG_ERR, log, 0,
                  "veriff: a session of \"%V\" was deleted at the provider, "
                  "but could not be in the store", &vi->name);
}
