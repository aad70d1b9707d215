
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_answer.h"
#include "ngx_http_veriff_answer_mode.h"
#include "ngx_http_veriff_call.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_forget.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_user_ask.h"


static ngx_int_t ngx_http_veriff_answer_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_answer_error(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_answer_check(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_uint_t ngx_http_veriff_answer_is_json(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_answer_discard(ngx_chain_t *in);
static ngx_int_t ngx_http_veriff_answer_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);


ngx_http_output_header_filter_pt  ngx_http_veriff_answer_next_header;
ngx_http_output_body_filter_pt    ngx_http_veriff_answer_next_body;


ngx_int_t
ngx_http_veriff_answer_signature(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_str_t *signature)
{
    ngx_str_t    key[2], sig[2];
    ngx_list_t  *headers;
    ngx_uint_t   i;

    headers = &r->upstream->headers_in.headers;

    if (ngx_http_veriff_headers_in_list(headers, "x-auth-client", &key[0]) > 1
        || ngx_http_veriff_headers_in_list(headers, "vrf-auth-client",
                                           &key[1]) > 1
        || ngx_http_veriff_headers_in_list(headers, "x-hmac-signature",
                                           &sig[0]) > 1
        || ngx_http_veriff_headers_in_list(headers, "vrf-hmac-signature",
                                           &sig[1]) > 1)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < 2; i++) {
        if (key[i].len
            && (key[i].len != vi->pair.api_key.len
                || ngx_strncasecmp(key[i].data, vi->pair.api_key.data,
                                   key[i].len)
                   != 0))
        {
            return NGX_ERROR;
        }
    }

    *signature = sig[0].len ? sig[0] : sig[1];

    if (signature->len == 0) {
        return NGX_DECLINED;
    }

    if (sig[0].len && sig[1].len
        && (sig[0].len != sig[1].len
            || ngx_strncasecmp(sig[0].data, sig[1].data, sig[0].len) != 0))
    {
        return NGX_ERROR;
    }

    return (ngx_veriff_hmac_form(signature) == NGX_OK) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_veriff_answer_expect(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ctx->answer = ngx_pcalloc(r->pool, sizeof(ngx_http_veriff_answer_t));

    return ctx->answer ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_veriff_answer_header_filter(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_veriff_ctx_t     *ctx;
    ngx_http_veriff_answer_t  *a;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    if (ctx && ctx->call) {
        return ngx_http_veriff_call_header(r, ctx->call);
    }

    a = ctx ? ctx->answer : NULL;

    if (a && a->begun) {
        return ngx_http_veriff_answer_next_header(r);
    }

    if (a == NULL || r->upstream == NULL || r->upstream->cleanup == NULL) {
        return ngx_http_veriff_answer_error(r, ctx);
    }

    a->begun = 1;

    ngx_http_veriff_count_pass(ctx->integration,
                               r->upstream->headers_in.status_n);

    rc = ngx_http_veriff_answer_check(r, ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_veriff_headers_hide(r);

    if (a->mode == NGX_HTTP_VERIFF_ANSWER_COLLECT) {
        return NGX_OK;
    }

    if (a->mode == NGX_HTTP_VERIFF_ANSWER_PASS) {

        /* it has no signature to wait for, so nothing waits for the store */

        (void) ngx_http_veriff_forget(r, ctx, NULL);
    }

    return ngx_http_veriff_answer_next_header(r);
}


/* nginx's own error page, also of a phase before the request was signed */

static ngx_int_t
ngx_http_veriff_answer_error(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_veriff_loc_conf_t  *vlcf;

    if (ctx && ctx->signing) {
        ngx_http_veriff_count_pass(ctx->integration, r->upstream
                                   ? NGX_HTTP_VERIFF_COUNT_NO_ANSWER
                                   : NGX_HTTP_VERIFF_COUNT_NOT_ASKED);
    }

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* not its text, "return" for instance; and nobody sees an internal one */

    if (vlcf->sign == NULL || r != r->main
        || r->err_status < NGX_HTTP_BAD_REQUEST
        || (clcf->internal && !r->internal))
    {
        return ngx_http_veriff_answer_next_header(r);
    }

    if (ctx == NULL) {
        ctx = ngx_http_veriff_ctx_create(r);
        if (ctx == NULL) {
            return NGX_ERROR;
        }
    }

    if (ctx->answer == NULL
        && ngx_http_veriff_answer_expect(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->answer->begun = 1;

    return ngx_http_veriff_answer_replace(r, ctx->answer,
                                          r->headers_out.status, NULL);
}


/* decides by the header what to do with the answer */

static ngx_int_t
ngx_http_veriff_answer_check(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_str_t                       signature, encoding;
    ngx_uint_t                      status;
    ngx_http_veriff_answer_t       *a;
    ngx_http_veriff_integration_t  *vi;

    a = ctx->answer;
    vi = ctx->integration;

    if (r->header_only
        && vi->response_signature == NGX_HTTP_VERIFF_SIGNATURE_REQUIRED)
    {
        /* auth_request takes the status and never reads the body */

        return ngx_http_veriff_answer_replace(r, a, NGX_HTTP_BAD_GATEWAY,
                                              "its body is not read");
    }

    rc = ngx_http_veriff_answer_signature(r, vi, &signature);

    if (rc == NGX_ERROR) {
        return ngx_http_veriff_answer_replace(r, a, NGX_HTTP_BAD_GATEWAY,
                                              "ambiguous signature");
    }

    if (rc == NGX_DECLINED) {

        /* the provider's own, not what an error_page has made of it */

        status = r->upstream->headers_in.status_n;

        if (status >= NGX_HTTP_BAD_REQUEST
            || status == NGX_HTTP_NO_CONTENT
            || vi->response_signature == NGX_HTTP_VERIFF_SIGNATURE_OPTIONAL
            || (ctx->rule.binary && !ngx_http_veriff_answer_is_json(r)))
        {
            return NGX_OK;
        }

        return ngx_http_veriff_answer_replace(r, a, NGX_HTTP_BAD_GATEWAY,
                                              "no signature");
    }

    /* the signature is over the bytes without it */

    if (ngx_http_veriff_headers_in_list(&r->upstream->headers_in.headers,
                                        "content-encoding", &encoding)
        && encoding.len)
    {
        return ngx_http_veriff_answer_replace(r, a, NGX_HTTP_BAD_GATEWAY,
                                              "content encoding");
    }

    a->signature.len = signature.len;
    a->signature.data = ngx_pstrdup(r->pool, &signature);
    if (a->signature.data == NULL) {
        return NGX_ERROR;
    }

    a->hmac = ngx_veriff_hmac_start(r->pool, vi->pair.secrets, 1);
    if (a->hmac == NULL) {
        return NGX_ERROR;
    }

    r->allow_ranges = 0;
    r->filter_need_in_memory = 1;

    a->mode = (r->headers_out.content_length_n <= NGX_HTTP_VERIFF_ANSWER_MAX)
              ? NGX_HTTP_VERIFF_ANSWER_COLLECT
              : NGX_HTTP_VERIFF_ANSWER_STREAM;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_veriff_answer_is_json(ngx_http_request_t *r)
{
    ngx_str_t  *type;

    type = &r->headers_out.content_type;

    /* "application/json", "application/problem+json" */

    return type->len >= sizeof("application/json") - 1
           && ngx_strncasecmp(type->data, (u_char *) "application/", 12) == 0
           && ngx_strlcasestrn(type->data, type->data + type->len,
                               (u_char *) "json", 4 - 1)
              != NULL;
}


/* the answer to a veriff_user_check */

static ngx_int_t
ngx_http_veriff_answer_discard(ngx_chain_t *in)
{
    ngx_chain_t  *cl;

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_answer_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_veriff_ctx_t     *ctx;
    ngx_http_veriff_answer_t  *a;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    if (r != r->main && ngx_http_veriff_user_ask_is(r)) {
        return ngx_http_veriff_answer_discard(in);
    }

    if (ctx == NULL) {
        return ngx_http_veriff_answer_next_body(r, in);
    }

    if (ctx->call) {
        return ngx_http_veriff_call_body(r, ctx->call, in);
    }

    a = ctx->answer;

    if (a == NULL) {
        return ngx_http_veriff_answer_next_body(r, in);
    }

    switch (a->mode) {

    case NGX_HTTP_VERIFF_ANSWER_COLLECT:
        return ngx_http_veriff_answer_collect(r, a, in);

    case NGX_HTTP_VERIFF_ANSWER_STREAM:
        return ngx_http_veriff_answer_stream(r, a, in);

    case NGX_HTTP_VERIFF_ANSWER_WAIT:
        return ngx_http_veriff_answer_wait(r, a, in);

    case NGX_HTTP_VERIFF_ANSWER_REPLACE:
    case NGX_HTTP_VERIFF_ANSWER_DONE:
        return ngx_http_veriff_answer_swallow(r, a, in);

    default: /* NGX_HTTP_VERIFF_ANSWER_PASS */
        return ngx_http_veriff_answer_next_body(r, in);
    }
}


void
ngx_http_veriff_answer_init(void)
{
    ngx_http_veriff_answer_next_header = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_veriff_answer_header_filter;

    ngx_http_veriff_answer_next_body = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_veriff_answer_body_filter;
}
