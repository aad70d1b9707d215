
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_apply.h"
#include "ngx_http_veriff_match.h"

#include "ngx_veriff_expiry.h"
#include "ngx_veriff_time.h"


static ngx_uint_t ngx_http_veriff_apply_any(ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_apply_find(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, u_char *name);
static ngx_int_t ngx_http_veriff_apply_message(
    ngx_http_veriff_update_t *update, ngx_veriff_webhook_t *webhook,
    ngx_http_veriff_apply_t *apply);
static void ngx_http_veriff_apply_says(ngx_veriff_webhook_t *webhook,
    ngx_veriff_message_t *message);
static ngx_int_t ngx_http_veriff_apply_named(
    ngx_http_veriff_update_t *update, ngx_http_veriff_apply_t *apply,
    ngx_str_t *vendor_data);
static ngx_int_t ngx_http_veriff_apply_copy(ngx_pool_t *pool, ngx_str_t *dst,
    ngx_str_t *src);
static ngx_int_t ngx_http_veriff_apply_modify(
    ngx_http_veriff_update_t *update);
static ngx_int_t ngx_http_veriff_apply_owned(
    ngx_http_veriff_update_t *update, ngx_uint_t *adopted);
static ngx_int_t ngx_http_veriff_apply_removed(
    ngx_http_veriff_update_t *update);
static ngx_uint_t ngx_http_veriff_apply_echoes(ngx_veriff_record_t *record,
    ngx_http_veriff_apply_t *apply);
static ngx_int_t ngx_http_veriff_apply_history(
    ngx_http_veriff_update_t *update, ngx_uint_t adopted);
static ngx_uint_t ngx_http_veriff_apply_is(ngx_veriff_id_t *id,
    u_char *data, size_t len);
static ngx_uint_t ngx_http_veriff_apply_theirs(
    ngx_http_veriff_update_t *update);
static void ngx_http_veriff_apply_done(ngx_http_veriff_update_t *update);
static void ngx_http_veriff_apply_outcome(ngx_http_veriff_ctx_t *ctx,
    ngx_http_veriff_update_t *update);


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

    if (!ngx_http_veriff_apply_any(ctx)) {
        return NGX_OK;
    }

    rc = ngx_http_veriff_apply_find(r, ctx, name);

    /* what the application has had makes nothing anew that was removed */

    if (rc == NGX_DECLINED && !ctx->webhook_again) {
        rc = ngx_http_veriff_match_session(r, ctx, name);
    }

    if (rc != NGX_OK) {
        ctx->outcome = NGX_VERIFF_FOREIGN;
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (!ngx_http_veriff_apply_type(ctx->integration, &ctx->webhook)) {

        /* it is another one of the same key that would */

        return NGX_OK;
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

    ngx_http_veriff_apply_outcome(ctx, update);

    ngx_http_veriff_state_update_free(update);

    return (rc == NGX_OK) ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_http_veriff_apply_type(ngx_http_veriff_integration_t *vi,
    ngx_veriff_webhook_t *webhook)
{
    switch (webhook->type) {

    case NGX_VERIFF_WEBHOOK_DECISION:
    case NGX_VERIFF_WEBHOOK_EVENT:
        return 1;

    case NGX_VERIFF_WEBHOOK_WATCHLIST:
        return vi->watchlist;

    case NGX_VERIFF_WEBHOOK_FULL_AUTO:
        return vi->full_auto;

    default:
        return 0;
    }
}


/* which integration it is about is not known yet */

static ngx_uint_t
ngx_http_veriff_apply_any(ngx_http_veriff_ctx_t *ctx)
{
    ngx_uint_t                    i;
    ngx_http_veriff_candidate_t  *candidate;

    candidate = ctx->candidates.elts;

    for (i = 0; i < ctx->candidates.nelts; i++) {
        if (ngx_http_veriff_apply_type(candidate[i].integration,
                                       &ctx->webhook))
        {
            return 1;
        }
    }

    return 0;
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
           != NGX_OK
        || ngx_http_veriff_apply_named(update, apply, &webhook->vendor_data)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_veriff_apply_says(webhook, message);

    (void) ngx_veriff_time_parse(&webhook->decision_time, &message->time);

    /* taken for one of now: its order among others is lost */

    if (message->time / 1000000
        > (int64_t) ngx_time() + NGX_VERIFF_FUTURE_MAX)
    {
        ngx_log_error(NGX_LOG_ERR, update->pool->log, 0,
                      "veriff \"%V\": a decision is from more than ten "
                      "minutes ahead, check the clock of this host",
                      &update->integration->name);
    }

    return NGX_OK;
}


static void
ngx_http_veriff_apply_says(ngx_veriff_webhook_t *webhook,
    ngx_veriff_message_t *message)
{
    if (webhook->type == NGX_VERIFF_WEBHOOK_WATCHLIST) {
        message->match = ngx_veriff_match_parse(&webhook->status);
        return;
    }

    message->status = ngx_veriff_status_parse(&webhook->status);

    if ((webhook->type == NGX_VERIFF_WEBHOOK_EVENT)
        != (message->status == NGX_VERIFF_STATUS_STARTED
            || message->status == NGX_VERIFF_STATUS_SUBMITTED))
    {
        /* an event is no decision, whatever it is called */

        message->status = NGX_VERIFF_STATUS_NONE;
    }
}


/* what an adopted session is compared with */

static ngx_int_t
ngx_http_veriff_apply_named(ngx_http_veriff_update_t *update,
    ngx_http_veriff_apply_t *apply, ngx_str_t *vendor_data)
{
    ngx_int_t                       rc;
    ngx_str_t                       user;
    ngx_http_veriff_integration_t  *vi;

    vi = update->integration;

    if (vi->match != NGX_HTTP_VERIFF_MATCH_VENDOR_DATA) {
        return NGX_OK;
    }

    rc = ngx_http_veriff_match_user(update->pool, update->vmcf, vi,
                                    vendor_data, &user, apply->name);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    return ngx_http_veriff_apply_copy(update->pool, &apply->user, &user);
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
    ngx_int_t                 rc;
    ngx_uint_t                adopted;
    ngx_http_veriff_apply_t  *apply;

    apply = update->data;
    apply->mismatch = 0;

    rc = ngx_http_veriff_apply_owned(update, &adopted);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    /* what is echoed must be what was sent for this session */

    if (rc == NGX_DECLINED
        || (!adopted && !ngx_http_veriff_apply_echoes(&update->record, apply)))
    {
        apply->outcome = NGX_VERIFF_FOREIGN;
        apply->mismatch = 1;
        return NGX_DECLINED;
    }

    return ngx_http_veriff_apply_history(update, adopted);
}


/*
 * Whether the session is this record's: NGX_OK, NGX_DECLINED or NGX_ERROR.
 * One that was adopted is of the user whom vendorData names, and stays so;
 * another worker may have been faster.
 */

static ngx_int_t
ngx_http_veriff_apply_owned(ngx_http_veriff_update_t *update,
    ngx_uint_t *adopted)
{
    u_char                    name[NGX_VERIFF_NAME_LEN];
    ngx_int_t                 rc;
    ngx_http_veriff_apply_t  *apply;

    apply = update->data;

    *adopted = 0;

    if (update->integration->match != NGX_HTTP_VERIFF_MATCH_VENDOR_DATA) {
        return NGX_OK;
    }

    ngx_str_null(&update->session);

    rc = ngx_http_veriff_state_owner(update->vmcf, update->pool,
                                     update->integration,
                                     &apply->message.session_id, name,
                                     adopted);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_http_veriff_apply_removed(update);

        if (rc != NGX_DECLINED) {
            return (rc == NGX_OK) ? NGX_DECLINED : NGX_ERROR;
        }

        *adopted = 1;

        update->session = apply->message.session_id;
        update->adopted = 1;

    } else if (ngx_memcmp(name, update->name, NGX_VERIFF_NAME_LEN) != 0) {
        return NGX_DECLINED;
    }

    return (!*adopted || ngx_http_veriff_apply_theirs(update)) ? NGX_OK
                                                             : NGX_DECLINED;
}


/*
 * Whether it may be about a session that was known, and removed: NGX_OK,
 * NGX_DECLINED or NGX_ERROR.  What is older than marks are kept may come again
 * when they have gone: the provider's own retries end before that.
 */

static ngx_int_t
ngx_http_veriff_apply_removed(ngx_http_veriff_update_t *update)
{
    ngx_http_veriff_apply_t *apply = update->data;

    if (apply->message.time
        && ngx_veriff_expiry_mark(apply->message.time / 1000000, ngx_time()))
    {
        return NGX_OK;
    }

    return ngx_http_veriff_state_deleted(update->vmcf, update->pool,
                                         update->integration,
                                         &apply->message.session_id);
}


/* of a session that the gateway made */

static ngx_uint_t
ngx_http_veriff_apply_echoes(ngx_veriff_record_t *record,
    ngx_http_veriff_apply_t *apply)
{
    uint64_t               vendor_data, end_user_id;
    ngx_str_t             *id;
    ngx_veriff_history_t  *h;

    id = &apply->message.session_id;
    h = &record->history;

    if (ngx_http_veriff_apply_is(&h->open.session, id->data, id->len)) {
        vendor_data = record->vendor_data;
        end_user_id = record->end_user_id;

    } else if (ngx_http_veriff_apply_is(&h->standing.session, id->data,
                                        id->len))
    {
        vendor_data = record->standing_vendor_data;
        end_user_id = record->standing_end_user_id;

    } else {

        /* it has no say */

        return 1;
    }

    return (apply->vendor_data == 0 || apply->vendor_data == vendor_data)
           && (apply->end_user_id == 0 || apply->end_user_id == end_user_id);
}


static ngx_int_t
ngx_http_veriff_apply_history(ngx_http_veriff_update_t *update,
    ngx_uint_t adopted)
{
    ngx_veriff_id_t          *id;
    ngx_veriff_record_t      *record;
    ngx_veriff_policy_t       policy;
    ngx_veriff_history_t      before, *after;
    ngx_http_veriff_apply_t  *apply;

    apply = update->data;
    record = &update->record;
    after = &record->history;

    ngx_memcpy(&before, after, sizeof(ngx_veriff_history_t));

    ngx_http_veriff_state_policy(update->integration, &policy);

    apply->outcome = adopted
                     ? ngx_veriff_policy_adopt(after, &apply->message, &policy)
                     : ngx_veriff_policy_apply(after, &apply->message,
                                               policy.now);

    id = &after->open.session;

    if (!ngx_http_veriff_apply_is(&before.open.session, id->data, id->len)) {

        /* nothing is known of what was sent for this one */

        record->vendor_data = 0;
        record->end_user_id = 0;
        ngx_str_null(&record->url);
    }

    id = &after->standing.session;

    if (!ngx_http_veriff_apply_is(&before.standing.session, id->data,
                                  id->len))
    {
        record->standing_vendor_data = adopted ? 0 : record->vendor_data;
        record->standing_end_user_id = adopted ? 0 : record->end_user_id;
    }

    if (record->user.len == 0 && apply->user.len
        && ngx_veriff_seal(update->pool, update->vmcf->keys,
                           NGX_VERIFF_SEAL_USER, &update->integration->name,
                           &apply->user, &record->user)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (record->url.len
        && !ngx_veriff_policy_resumable(after, &policy)
        && ngx_veriff_policy_state(after, &policy) != NGX_VERIFF_PENDING)
    {
        /* it is of no use to anyone any more */

        ngx_str_null(&record->url);

        return NGX_OK;
    }

    /* a stale verdict may still say that its attempt has a decision */

    return ngx_memcmp(&before, after, sizeof(ngx_veriff_history_t))
           ? NGX_OK : NGX_DECLINED;
}


static ngx_uint_t
ngx_http_veriff_apply_is(ngx_veriff_id_t *id, u_char *data, size_t len)
{
    return id->len == len && ngx_memcmp(id->data, data, len) == 0;
}


/* vendorData names the user whose record this is */

static ngx_uint_t
ngx_http_veriff_apply_theirs(ngx_http_veriff_update_t *update)
{
    ngx_http_veriff_apply_t *apply = update->data;

    return apply->user.len != 0
           && ngx_memcmp(apply->name, update->name, NGX_VERIFF_NAME_LEN) == 0;
}


static void
ngx_http_veriff_apply_done(ngx_http_veriff_update_t *update)
{
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_http_veriff_ctx_t  *ctx;

    r = update->request;

    if (r == NULL) {
        ngx_http_veriff_state_update_free(update);
        return;
    }

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    ctx->applied = 1;
    ngx_http_veriff_apply_outcome(ctx, update);
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
    ngx_http_veriff_update_t *update)
{
    ngx_http_veriff_apply_t *apply = update->data;

    u_char  name[NGX_VERIFF_NAME_LEN];

    ctx->outcome = apply->outcome;

    /* of a session that has no say nothing is kept to compare with */

    if (apply->mismatch
        || (apply->outcome == NGX_VERIFF_FOREIGN && ctx->webhook_user.len
            && (ngx_http_veriff_state_name(update->vmcf, update->integration,
                                           &ctx->webhook_user, name)
                != NGX_OK
                || ngx_memcmp(name, update->name, NGX_VERIFF_NAME_LEN) != 0)))
    {
        ngx_str_null(&ctx->webhook_user);

    } else if (ctx->webhook_user.len == 0
               && ngx_http_veriff_apply_theirs(update))
    {
        /* no token of ours: the user as it is */

        ctx->webhook_user = ctx->webhook.vendor_data;
    }
}
