
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_session.h"
#include "ngx_http_veriff_cors.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_flow.h"
#include "ngx_http_veriff_guard.h"
#include "ngx_http_veriff_session_client.h"
#include "ngx_http_veriff_session_create.h"
#include "ngx_http_veriff_session_reply.h"
#include "ngx_http_veriff_user.h"
#include "ngx_http_veriff_user_ask.h"
#include "ngx_http_veriff_way.h"


static ngx_int_t ngx_http_veriff_session_user(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_int_t *answer);
static void ngx_http_veriff_session_body(ngx_http_request_t *r);
static void ngx_http_veriff_session_asked(ngx_http_request_t *r);
static void ngx_http_veriff_session_start(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_session_way(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static void ngx_http_veriff_session_flow(ngx_http_request_t *r);


ngx_int_t
ngx_http_veriff_session_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    const char                  *reason;
    ngx_http_veriff_ctx_t       *ctx;
    ngx_http_veriff_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    if (r != r->main || vlcf->session == NULL) {
        return NGX_HTTP_FORBIDDEN;
    }

    ctx = ngx_http_veriff_ctx_create(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->integration = vlcf->session->integration;
    ctx->page = ngx_http_veriff_guard_navigation(r) ? 1 : 0;
    ctx->format = vlcf->format;

    if (ctx->format == NGX_HTTP_VERIFF_AUTO) {
        ctx->format = ctx->page ? NGX_HTTP_VERIFF_REDIRECT
                                : NGX_HTTP_VERIFF_JSON;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {
        ngx_http_veriff_count(ctx->integration,
                              NGX_HTTP_VERIFF_COUNT_SESSION_REFUSED);

        return ngx_http_veriff_session_error(r, ctx, NGX_HTTP_NOT_ALLOWED,
                                             "Use GET or POST.", 0);
    }

    reason = ngx_http_veriff_guard_create(r,
                              ctx->format != NGX_HTTP_VERIFF_REDIRECT
                              && ngx_http_veriff_cors_origin(r));

    if (reason) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "veriff session \"%V\" not created: %s",
                      &ctx->integration->name, reason);

        ngx_http_veriff_count(ctx->integration,
                              NGX_HTTP_VERIFF_COUNT_SESSION_REFUSED);

        return ngx_http_veriff_session_error(r, ctx, NGX_HTTP_FORBIDDEN,
                             "The request does not come from the site "
                             "itself. Open the page and try again.", 0);
    }

    /* nobody has to send a body first, unless it says who the user is */

    if (!vlcf->user_late
        && ngx_http_veriff_session_user(r, ctx, &rc) != NGX_OK)
    {
        return rc;
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_veriff_session_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/* if there is no user, *answer is what to finalize the request with */

static ngx_int_t
ngx_http_veriff_session_user(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_int_t *answer)
{
    ngx_int_t                    rc;
    ngx_str_t                    error;
    ngx_http_veriff_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    rc = ngx_http_veriff_user(r, vlcf->user, ctx, &error);

    switch (rc) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        ngx_http_veriff_count(ctx->integration,
                              NGX_HTTP_VERIFF_COUNT_SESSION_NO_USER);

        *answer = ngx_http_veriff_session_error(r, ctx, NGX_HTTP_UNAUTHORIZED,
                                                "Please log in first.", 0);
        return NGX_DECLINED;

    case NGX_ABORT:

        /* what a client says is no fault that an operator can mend */

        *answer = vlcf->user_json
                  ? ngx_http_veriff_session_bad(r, ctx, NGX_HTTP_BAD_REQUEST,
                                                (const char *) error.data)
                  : ngx_http_veriff_session_unfit(r, ctx, &error);
        return NGX_DECLINED;

    default: /* NGX_ERROR */
        *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;
        return NGX_DECLINED;
    }
}


static void
ngx_http_veriff_session_body(ngx_http_request_t *r)
{
    ngx_int_t                    answer;
    ngx_http_veriff_ctx_t       *ctx;
    ngx_http_veriff_loc_conf_t  *vlcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);
    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    if (vlcf->user_late
        && ngx_http_veriff_session_user(r, ctx, &answer) != NGX_OK)
    {
        ngx_http_finalize_request(r, answer);
        return;
    }

    if (vlcf->user_check == NULL) {
        ngx_http_veriff_session_start(r);
        return;
    }

    r->write_event_handler = ngx_http_veriff_session_asked;

    if (ngx_http_veriff_user_ask(r, ctx, &answer) != NGX_OK) {
        ngx_http_finalize_request(r, answer);
    }
}


/* the application has said whether the user may */

static void
ngx_http_veriff_session_asked(ngx_http_request_t *r)
{
    ngx_int_t               rc, answer;
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    rc = ngx_http_veriff_user_asked(r, ctx, &answer);

    /* the client's connection may call it too */

    if (rc == NGX_AGAIN) {
        return;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, answer);
        return;
    }

    ngx_http_veriff_session_start(r);
}


static void
ngx_http_veriff_session_start(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_veriff_ctx_t        *ctx;
    ngx_http_veriff_main_conf_t  *vmcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    rc = ngx_http_veriff_session_client(r, ctx);

    if (rc != NGX_DECLINED) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (vmcf->store) {

        /* goes on in ngx_http_veriff_session_flow() */

        r->write_event_handler = ngx_http_veriff_session_flow;

        if (ngx_http_veriff_session_way(r, ctx) != NGX_OK
            || ngx_http_veriff_flow_begin(r) != NGX_OK)
        {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        }

        return;
    }

    rc = ngx_http_veriff_session_create(r, ctx);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }

    /* else it is finalized in ngx_http_veriff_session_resume() */
}


/*
 * The argument "return" counts more than the cookie: it is the newer one.  It
 * is anyone's to say, so it brings no demand on the approval's age with it,
 * and nobody is led there but by a link.
 */

static ngx_int_t
ngx_http_veriff_session_way(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_int_t          rc;
    ngx_str_t          path;
    ngx_veriff_way_t  *way;

    way = &ctx->way;

    rc = ngx_http_veriff_way_get(r, ctx->integration, way);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK
        && way->user.len == ctx->user.len
        && ngx_strncmp(way->user.data, ctx->user.data, ctx->user.len) == 0)
    {
        ctx->carried = 1;

    } else {
        ngx_str_set(&way->path, "/");
        way->max_age = 0;
    }

    way->user = ctx->user;

    rc = ngx_http_veriff_way_arg(r, ctx->integration, &path);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    ctx->asked = 1;

    if (!ctx->carried
        || path.len != way->path.len
        || ngx_strncmp(path.data, way->path.data, path.len) != 0)
    {
        ctx->carried = 0;
        way->path = path;
        way->max_age = 0;
    }

    return NGX_OK;
}


/* what the store says of the user is known */

static void
ngx_http_veriff_session_flow(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_veriff_ctx_t   *ctx;
    ngx_http_veriff_flow_t  *flow;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);
    flow = ctx->flow;

    /* the client's connection may call it too */

    if (!flow->ready) {
        return;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    if (flow->result != NGX_HTTP_VERIFF_FLOW_CREATE) {
        ngx_http_veriff_count_flow(ctx->integration, flow->result);
        ngx_http_finalize_request(r, ngx_http_veriff_session_known(r, ctx));
        return;
    }

    rc = ngx_http_veriff_session_create(r, ctx);

    if (rc == NGX_DONE) {
        return;
    }

    /* nobody was asked: the lease goes back */

    (void) ngx_http_veriff_session_settle(r, NULL);

    ngx_http_finalize_request(r, rc);
}
