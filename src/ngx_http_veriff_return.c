
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_return.h"
#include "ngx_http_veriff_conf.h"
#include "ngx_http_veriff_guard.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_integration_uri.h"
#include "ngx_http_veriff_page.h"
#include "ngx_http_veriff_reconcile.h"
#include "ngx_http_veriff_reply.h"
#include "ngx_http_veriff_state.h"
#include "ngx_http_veriff_tell.h"
#include "ngx_http_veriff_way.h"


/* a user who has come back, in the browser that was sent away */

struct ngx_http_veriff_arrival_s {
    ngx_http_veriff_way_t            way;
    u_char                           name[NGX_VERIFF_NAME_LEN];
    ngx_veriff_policy_t              policy;
    ngx_veriff_record_t              record;
    ngx_http_veriff_reconcile_t      reconcile;
};


/* what people are told */

typedef struct {
    const char                      *title;
    const char                      *text;
    const char                      *more;
    const char                      *link;
    unsigned                         live:1;    /* it may change by itself */
} ngx_http_veriff_words_t;


static void ngx_http_veriff_return_start(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_return_arrive(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_return_read(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static void ngx_http_veriff_return_resume(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_return_answer(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_return_page(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_words_t *words);
static ngx_int_t ngx_http_veriff_return_own_page(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_return_rejected(ngx_http_request_t *r,
    ngx_http_veriff_arrival_t *arrival, ngx_http_veriff_words_t *words);
static ngx_http_veriff_words_t *ngx_http_veriff_return_unverified(
    ngx_http_veriff_arrival_t *arrival);
static ngx_int_t ngx_http_veriff_return_error(ngx_http_request_t *r,
    ngx_uint_t status, const char *detail, ngx_uint_t retry_after);


static ngx_str_t  ngx_http_veriff_return_no_store = ngx_string("no-store");
static ngx_str_t  ngx_http_veriff_return_no_referrer =
    ngx_string("no-referrer");


static ngx_http_veriff_words_t  ngx_http_veriff_return_nobody = {
    "Thank you",
    "If you have finished the verification, you can close this page and go "
    "back to where you began: to the same browser, on the same device.",
    NULL, NULL, 0
};


static ngx_http_veriff_words_t  ngx_http_veriff_return_pending = {
    "Your verification is being checked",
    "This usually takes a few minutes. As soon as there is a result, it goes "
    "on here by itself.",
    "You may close this page and come back later.", NULL, 1
};


static ngx_http_veriff_words_t  ngx_http_veriff_return_begun = {
    "Have you finished?",
    "If you have finished the verification, we are waiting for the result; "
    "it goes on here by itself.",
    "If you have not finished yet, please continue.",
    "Continue the verification", 1
};


static ngx_http_veriff_words_t  ngx_http_veriff_return_again = {
    "Please try once more",
    "What you have sent could not be used, for instance because a picture "
    "was not clear. You can repeat it now.",
    NULL, "Repeat the verification", 1
};


static ngx_http_veriff_words_t  ngx_http_veriff_return_none = {
    "Please verify your identity",
    "You have not begun yet.",
    NULL, "Start the verification", 0
};


static ngx_http_veriff_words_t  ngx_http_veriff_return_ended = {
    "The verification was not finished",
    "It has come to an end without a result. Please start again.",
    NULL, "Start again", 0
};


static ngx_http_veriff_words_t  ngx_http_veriff_return_old = {
    "Please verify your identity again",
    "Your last verification does not count for what you want to see, for "
    "instance because it was too long ago.",
    NULL, "Start the verification", 0
};


static ngx_http_veriff_words_t  ngx_http_veriff_return_retry = {
    "Your verification was declined",
    "You may try again now.",
    NULL, "Start again", 0
};


char *
ngx_http_veriff_return_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_loc_conf_t *vlcf = conf;

    ngx_str_t                 *value, page;
    ngx_http_core_loc_conf_t  *clcf;

    if (vlcf->return_ref != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "conflicts with another handler of its location, give it a "
               "location of its own";
    }

    value = cf->args->elts;

    vlcf->return_ref = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_ref_t));
    if (vlcf->return_ref == NULL
        || ngx_http_veriff_conf_ref(cf, vlcf->return_ref, &value[1])
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    clcf->handler = ngx_http_veriff_return_handler;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    page.data = value[2].data + sizeof("page=") - 1;
    page.len = value[2].len - (sizeof("page=") - 1);

    if (ngx_strncmp(value[2].data, "page=", 5) != 0
        || !ngx_http_veriff_integration_is_path(&page))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"%V\", use "
                           "\"page=uri\" with the path of a location, like "
                           "\"page=/verify.html\"", &value[2], &value[0]);
        return NGX_CONF_ERROR;
    }

    vlcf->return_page = page;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_veriff_return_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_veriff_ctx_t       *ctx;
    ngx_http_veriff_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    if (r != r->main || vlcf->return_ref == NULL) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_veriff_return_error(r, NGX_HTTP_NOT_ALLOWED,
                                            "Use GET.", 0);
    }

    ctx = ngx_http_veriff_ctx_get(r);

    if (ctx && ctx->arrival) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "veriff return \"%V\": its page leads back to it",
                      &vlcf->return_ref->integration->name);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = ngx_http_veriff_ctx_create(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->integration = vlcf->return_ref->integration;

    ctx->arrival = ngx_pcalloc(r->pool, sizeof(ngx_http_veriff_arrival_t));
    if (ctx->arrival == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_veriff_return_start);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_veriff_return_start(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    rc = ngx_http_veriff_return_arrive(r, ctx);

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }

    /* else it is finalized in ngx_http_veriff_return_resume() */
}


/* returns NGX_AGAIN if the provider is asked, or what to finalize with */

static ngx_int_t
ngx_http_veriff_return_arrive(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_int_t                     rc;
    ngx_http_veriff_arrival_t    *arrival;
    ngx_http_veriff_main_conf_t  *vmcf;

    arrival = ctx->arrival;

    rc = ngx_http_veriff_way_get(r, ctx->integration, &arrival->way);

    if (rc == NGX_DECLINED) {

        /* another browser, perhaps another device: it is told nothing */

        return ngx_http_veriff_return_page(r, ctx,
                                           &ngx_http_veriff_return_nobody);
    }

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (rc != NGX_OK
        || ngx_http_veriff_state_name(vmcf, ctx->integration,
                                      &arrival->way.user, arrival->name)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->user = arrival->way.user;

    ngx_http_veriff_state_policy(ctx->integration, &arrival->policy);

    if (arrival->way.max_age
        && (arrival->policy.max_age == 0
            || arrival->way.max_age < arrival->policy.max_age))
    {
        arrival->policy.max_age = arrival->way.max_age;
    }

    if (ngx_http_veriff_return_read(r, ctx) == NGX_OK
        && ngx_veriff_policy_state(&arrival->record.history,
                                   &arrival->policy)
           != NGX_VERIFF_VERIFIED)
    {
        r->write_event_handler = ngx_http_veriff_return_resume;

        if (ngx_http_veriff_reconcile(r, &arrival->reconcile, arrival->name,
                                      &arrival->record)
            == NGX_AGAIN)
        {
            return NGX_AGAIN;
        }

        r->write_event_handler = ngx_http_request_empty_handler;
    }

    return ngx_http_veriff_return_answer(r, ctx);
}


/* NGX_OK, NGX_DECLINED (there is no record) or NGX_ERROR */

static ngx_int_t
ngx_http_veriff_return_read(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx)
{
    ngx_http_veriff_arrival_t    *arrival;
    ngx_http_veriff_main_conf_t  *vmcf;

    arrival = ctx->arrival;
    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    return ngx_http_veriff_state_get(vmcf, r->pool, arrival->name,
                                     &arrival->record);
}


static void
ngx_http_veriff_return_resume(ngx_http_request_t *r)
{
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    /* the client's connection may call it too */

    if (!ctx->arrival->reconcile.ready) {
        return;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_finalize_request(r, ngx_http_veriff_return_answer(r, ctx));
}


static ngx_int_t
ngx_http_veriff_return_answer(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_veriff_state_e          state;
    ngx_http_veriff_words_t     words;
    ngx_http_veriff_arrival_t  *arrival;

    arrival = ctx->arrival;

    /* once more, it may have changed meanwhile */

    if (ngx_http_veriff_return_read(r, ctx) == NGX_ERROR) {
        return ngx_http_veriff_return_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "The state of your verification "
                                            "is not known right now. Please "
                                            "try again in a moment.", 10);
    }

    arrival->policy.now = ngx_time();

    state = ngx_veriff_policy_state(&arrival->record.history,
                                    &arrival->policy);

    if (ngx_http_veriff_tell(r, ctx, state, &arrival->record.history)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (state) {

    case NGX_VERIFF_VERIFIED:

        /* without the cookie nobody is led around in circles */

        if (ngx_http_veriff_way_clear(r, ctx->integration) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_veriff_reply_redirect(r, NGX_HTTP_SEE_OTHER,
                                              &arrival->way.path);

    case NGX_VERIFF_PENDING:
        words = ngx_http_veriff_return_pending;
        break;

    case NGX_VERIFF_REJECTED:

        if (ngx_http_veriff_return_rejected(r, arrival, &words) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        break;

    default: /* NGX_VERIFF_UNVERIFIED */
        words = *ngx_http_veriff_return_unverified(arrival);
        break;
    }

    return ngx_http_veriff_return_page(r, ctx, &words);
}


/* the user must act */

static ngx_http_veriff_words_t *
ngx_http_veriff_return_unverified(ngx_http_veriff_arrival_t *arrival)
{
    ngx_uint_t             resumable;
    ngx_veriff_history_t  *history;

    history = &arrival->record.history;
    resumable = ngx_veriff_policy_resumable(history, &arrival->policy);

    switch (ngx_veriff_policy_status(history)) {

    case NGX_VERIFF_STATUS_NONE:
        return &ngx_http_veriff_return_none;

    case NGX_VERIFF_STATUS_APPROVED:
        return &ngx_http_veriff_return_old;

    case NGX_VERIFF_STATUS_DECLINED:
        return &ngx_http_veriff_return_retry;

    case NGX_VERIFF_STATUS_RESUBMISSION:
        return resumable ? &ngx_http_veriff_return_again
                         : &ngx_http_veriff_return_ended;

    default:
        return resumable ? &ngx_http_veriff_return_begun
                         : &ngx_http_veriff_return_ended;
    }
}


static ngx_int_t
ngx_http_veriff_return_rejected(ngx_http_request_t *r,
    ngx_http_veriff_arrival_t *arrival, ngx_http_veriff_words_t *words)
{
    u_char    *text;
    time_t     again;
    ngx_tm_t   tm;

    ngx_memzero(words, sizeof(ngx_http_veriff_words_t));

    words->title = "Your verification was declined";

    again = ngx_veriff_policy_retry_at(&arrival->record.history,
                                       &arrival->policy);

    if (again == 0) {
        words->text = "It cannot be repeated. If you think that this is a "
                      "mistake, please contact the site's support.";
        return NGX_OK;
    }

    ngx_gmtime(again, &tm);

    text = ngx_pnalloc(r->pool,
                       sizeof("You may try again from 1970-01-01 00:00:00 "
                              "UTC on."));
    if (text == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(text, "You may try again from %4d-%02d-%02d %02d:%02d:%02d "
                      "UTC on.%Z",
                tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec);

    words->text = (char *) text;

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_return_page(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_words_t *words)
{
    ngx_http_veriff_page_t           page;
    ngx_http_veriff_loc_conf_t      *vlcf;
    ngx_http_veriff_integration_t   *vi;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    if (vlcf->return_page.len) {
        ctx->page_uri = vlcf->return_page;
        return ngx_http_veriff_return_own_page(r, ctx);
    }

    vi = ctx->integration;

    ngx_memzero(&page, sizeof(ngx_http_veriff_page_t));

    page.title = words->title;
    page.text = words->text;
    page.more = words->more;
    page.link = words->link;

    if (words->link
        && ngx_http_veriff_way_uri(r, &vi->start_uri,
                                   &ctx->arrival->way.path, &page.uri)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (words->live) {
        page.poll = vi->status_uri;
        page.state = ctx->state;
        page.status = ctx->status;
    }

    return ngx_http_veriff_page(r, NGX_HTTP_OK, &page);
}


static ngx_int_t
ngx_http_veriff_return_own_page(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    if (ngx_http_veriff_headers_out(r, "Cache-Control",
                                    &ngx_http_veriff_return_no_store)
        != NGX_OK
        || ngx_http_veriff_headers_out(r, "Referrer-Policy",
                                       &ngx_http_veriff_return_no_referrer)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a file that has not changed may say something else by now */

    r->disable_not_modified = 1;

    return ngx_http_internal_redirect(r, &ctx->page_uri, NULL);
}


static ngx_int_t
ngx_http_veriff_return_error(ngx_http_request_t *r, ngx_uint_t status,
    const char *detail, ngx_uint_t retry_after)
{
    return ngx_http_veriff_reply_error(r,
                                       ngx_http_veriff_guard_navigation(r)
                                       ? NGX_HTTP_VERIFF_REPLY_PAGE
                                       : NGX_HTTP_VERIFF_REPLY_PROBLEM,
                                       status, detail, retry_after);
}
