
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_user_ask.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_session_reply.h"
#include "ngx_http_veriff_user.h"
#include "ngx_http_veriff_user_uri.h"


struct ngx_http_veriff_user_ask_s {
    ngx_uint_t      status;
    ngx_str_t       user;       /* that it has named */
    ngx_uint_t      named;      /* how often */

    unsigned        stray:1;
    unsigned        done:1;
};


static ngx_http_request_t *ngx_http_veriff_user_ask_request(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_user_ask_headers(ngx_http_request_t *r,
    ngx_http_request_t *new);
static ngx_uint_t ngx_http_veriff_user_ask_kept(ngx_str_t *name);
static ngx_int_t ngx_http_veriff_user_ask_done(ngx_http_request_t *r,
    void *data, ngx_int_t rc);
static ngx_int_t ngx_http_veriff_user_named(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_int_t *answer);
static ngx_int_t ngx_http_veriff_user_refused(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_uint_t status);
static ngx_int_t ngx_http_veriff_user_failed(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, const char *reason);


/*
 * What is about the body, which the application does not get, or about parts
 * and versions of an answer that nobody sees.
 */

static ngx_str_t  ngx_http_veriff_user_ask_drops[] = {
    ngx_string("content-length"),
    ngx_string("content-encoding"),
    ngx_string("transfer-encoding"),
    ngx_string("expect"),
    ngx_string("upgrade"),
    ngx_string("range"),
    ngx_string("if-range"),
    ngx_string("if-match"),
    ngx_string("if-none-match"),
    ngx_string("if-modified-since"),
    ngx_string("if-unmodified-since"),
    ngx_null_string
};


ngx_int_t
ngx_http_veriff_user_ask(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx,
    ngx_int_t *answer)
{
    ngx_int_t                    rc;
    ngx_str_t                    uri, args;
    ngx_http_request_t          *sr, *new;
    ngx_http_veriff_user_ask_t  *ask;
    ngx_http_veriff_loc_conf_t  *vlcf;
    ngx_http_post_subrequest_t  *ps;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    rc = ngx_http_veriff_user_uri(r, vlcf->user_check, &uri, &args);

    if (rc == NGX_DECLINED) {
        *answer = ngx_http_veriff_user_refused(r, ctx, NGX_HTTP_BAD_REQUEST);
        return NGX_DECLINED;
    }

    *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;

    if (rc != NGX_OK) {
        return NGX_DECLINED;
    }

    /* all memory first: a subrequest that exists cannot be taken back */

    new = ngx_http_veriff_user_ask_request(r);
    ask = ngx_pcalloc(r->pool, sizeof(ngx_http_veriff_user_ask_t));
    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));

    if (new == NULL || ask == NULL || ps == NULL) {
        return NGX_DECLINED;
    }

    ps->handler = ngx_http_veriff_user_ask_done;
    ps->data = ask;

    ctx->ask = ask;

    if (ngx_http_subrequest(r, &uri, args.len ? &args : NULL, &sr, ps,
                            NGX_HTTP_SUBREQUEST_WAITED)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    /* it has not run yet */

    sr->headers_in.headers = new->headers_in.headers;

    if (new->headers_in.headers.last == &new->headers_in.headers.part) {
        sr->headers_in.headers.last = &sr->headers_in.headers.part;
    }

    sr->headers_in.content_length = NULL;
    sr->headers_in.transfer_encoding = NULL;
    sr->headers_in.range = NULL;
    sr->headers_in.if_range = NULL;
    sr->headers_in.if_match = NULL;
    sr->headers_in.if_none_match = NULL;
    sr->headers_in.if_modified_since = NULL;
    sr->headers_in.if_unmodified_since = NULL;
    sr->headers_in.content_length_n = -1;
    sr->headers_in.chunked = 0;

    sr->request_body = new->request_body;
    sr->variables = new->variables;
    sr->header_only = 1;

    /* an "error_page 502 =200" must not answer in the application's place */

    sr->error_page = 1;

    return NGX_OK;
}


/* what the subrequest has of its own */

static ngx_http_request_t *
ngx_http_veriff_user_ask_request(ngx_http_request_t *r)
{
    size_t                      size;
    ngx_http_request_t         *new;
    ngx_http_core_main_conf_t  *cmcf;

    new = ngx_pcalloc(r->pool, sizeof(ngx_http_request_t));
    if (new == NULL) {
        return NULL;
    }

    /* an empty one, or it would send the client's, and close its file */

    new->request_body = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));

    /* it sees what was set, but what it sets is not seen by its parent */

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    size = cmcf->variables.nelts * sizeof(ngx_http_variable_value_t);

    new->variables = ngx_palloc(r->pool, size);

    if (new->request_body == NULL || new->variables == NULL
        || ngx_http_veriff_user_ask_headers(r, new) != NGX_OK)
    {
        return NULL;
    }

    ngx_memcpy(new->variables, r->variables, size);

    return new;
}


static ngx_int_t
ngx_http_veriff_user_ask_headers(ngx_http_request_t *r,
    ngx_http_request_t *new)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header, *h;

    if (ngx_list_init(&new->headers_in.headers, r->pool, 20,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        if (!ngx_http_veriff_user_ask_kept(&header[i].key)) {
            continue;
        }

        h = ngx_list_push(&new->headers_in.headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = header[i];
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_veriff_user_ask_kept(ngx_str_t *name)
{
    ngx_str_t  *drop;

    for (drop = ngx_http_veriff_user_ask_drops; drop->len; drop++) {
        if (ngx_http_veriff_headers_is(name, drop)) {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_http_veriff_user_ask_done(ngx_http_request_t *r, void *data, ngx_int_t rc)
{
    ngx_http_veriff_user_ask_t *ask = data;

    ngx_str_t  user;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "veriff user check done: %i, status:%ui",
                   rc, r->headers_out.status);

    /* it may be called again */

    if (ask->done) {
        return NGX_OK;
    }

    ask->done = 1;

    /* an answer of its own, an error, or what was answered before */

    ask->status = (rc >= NGX_HTTP_SPECIAL_RESPONSE || rc == NGX_HTTP_CREATED
                   || rc == NGX_HTTP_NO_CONTENT)
                  ? (ngx_uint_t) rc
                  : (rc == NGX_ERROR) ? 0 : r->headers_out.status;

    ask->named = ngx_http_veriff_headers_in_list(&r->headers_out.headers,
                                                 "x-veriff-user", &user);

    /* "proxy_hide_header" is about clients */

    if (ask->named == 0 && r->upstream) {
        ask->named = ngx_http_veriff_headers_in_list(
                                           &r->upstream->headers_in.headers,
                                           "x-veriff-user", &user);
    }

    if (ask->named) {
        ask->user.len = user.len;
        ask->user.data = ngx_pstrdup(r->pool, &user);

        if (ask->user.data == NULL) {
            ask->status = 0;
        }
    }

    /* neither an error page nor the end of the parent */

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_user_asked(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx,
    ngx_int_t *answer)
{
    ngx_http_veriff_user_ask_t  *ask;

    ask = ctx->ask;

    if (!ask->done) {
        return NGX_AGAIN;
    }

    if (ask->stray) {
        *answer = ngx_http_veriff_user_failed(r, ctx, "is a location of this "
                                                      "module");
        return NGX_DECLINED;
    }

    if (ask->status >= NGX_HTTP_OK && ask->status < NGX_HTTP_SPECIAL_RESPONSE)
    {
        return ask->named ? ngx_http_veriff_user_named(r, ctx, answer)
                          : NGX_OK;
    }

    switch (ask->status) {

    case NGX_HTTP_BAD_REQUEST:
    case NGX_HTTP_UNAUTHORIZED:
    case NGX_HTTP_FORBIDDEN:
    case NGX_HTTP_NOT_FOUND:
        *answer = ngx_http_veriff_user_refused(r, ctx, ask->status);
        return NGX_DECLINED;

    default:
        *answer = ngx_http_veriff_user_failed(r, ctx, "must answer 2xx, 400, "
                                                      "401, 403 or 404");
        return NGX_DECLINED;
    }
}


static ngx_int_t
ngx_http_veriff_user_named(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx,
    ngx_int_t *answer)
{
    ngx_str_t                    reason;
    ngx_http_veriff_user_ask_t  *ask;

    ask = ctx->ask;

    if (ask->named > 1 || ask->user.len == 0) {
        *answer = ngx_http_veriff_user_failed(r, ctx, "must name one user in "
                                                      "X-Veriff-User, or "
                                                      "none");
        return NGX_DECLINED;
    }

    if (ngx_http_veriff_user_check(&ask->user, &reason) != NGX_OK) {
        *answer = ngx_http_veriff_session_unfit(r, ctx, &reason);
        return NGX_DECLINED;
    }

    ctx->user = ask->user;

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_user_refused(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_uint_t status)
{
    const char  *detail;

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "veriff session \"%V\" not created: the user check gave %ui",
                  &ctx->integration->name, status);

    ngx_http_veriff_count(ctx->integration,
                          (status == NGX_HTTP_UNAUTHORIZED)
                          ? NGX_HTTP_VERIFF_COUNT_SESSION_NO_USER
                          : NGX_HTTP_VERIFF_COUNT_SESSION_REFUSED);

    switch (status) {

    case NGX_HTTP_BAD_REQUEST:
        detail = "Something in the request is missing or wrong.";
        break;

    case NGX_HTTP_UNAUTHORIZED:
        detail = "Please log in first.";
        break;

    case NGX_HTTP_FORBIDDEN:
        detail = "You cannot be verified here.";
        break;

    default: /* NGX_HTTP_NOT_FOUND */
        detail = "There is nobody to be verified.";
    }

    return ngx_http_veriff_session_error(r, ctx, status, detail, 0);
}


/* the URI as it is written, without values */

static ngx_int_t
ngx_http_veriff_user_failed(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, const char *reason)
{
    ngx_http_veriff_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "veriff session \"%V\" not created: the user check \"%V\" "
                  "%s, it gave %ui", &ctx->integration->name,
                  &vlcf->user_check->text, reason, ctx->ask->status);

    ngx_http_veriff_count(ctx->integration,
                          NGX_HTTP_VERIFF_COUNT_SESSION_CHECK_FAILED);

    return ngx_http_veriff_session_error(r, ctx, NGX_HTTP_BAD_GATEWAY,
                             "It could not be found out whether you can be "
                             "verified. Please try again in a moment.", 0);
}


ngx_uint_t
ngx_http_veriff_user_ask_is(ngx_http_request_t *r)
{
    return r->post_subrequest
           && r->post_subrequest->handler == ngx_http_veriff_user_ask_done;
}


ngx_uint_t
ngx_http_veriff_user_ask_stray(ngx_http_request_t *r)
{
    ngx_http_veriff_user_ask_t  *ask;

    if (!ngx_http_veriff_user_ask_is(r)) {
        return 0;
    }

    ask = r->post_subrequest->data;
    ask->stray = 1;

    return 1;
}
