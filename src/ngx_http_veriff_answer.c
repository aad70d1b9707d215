
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_answer.h"
#include "ngx_http_veriff_call.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_forget.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_reply.h"


#define NGX_HTTP_VERIFF_ANSWER_MAX   262144     /* checked before it passes */
#define NGX_HTTP_VERIFF_ANSWER_MIN   4096
#define NGX_HTTP_VERIFF_ANSWER_BUSY  65536      /* copied, not yet sent */
#define NGX_HTTP_VERIFF_ANSWER_PIECE 16384      /* copied into one buffer */

#define NGX_HTTP_VERIFF_BUFFERED     0x08       /* free in r->buffered */


typedef enum {
    NGX_HTTP_VERIFF_ANSWER_PASS = 0,            /* nothing to check */
    NGX_HTTP_VERIFF_ANSWER_COLLECT,             /* header and body held */
    NGX_HTTP_VERIFF_ANSWER_STREAM,              /* the last buffer held */
    NGX_HTTP_VERIFF_ANSWER_WAIT,                /* collected, for the store */
    NGX_HTTP_VERIFF_ANSWER_REPLACE,             /* ours instead */
    NGX_HTTP_VERIFF_ANSWER_DONE                 /* the rest is swallowed */
} ngx_http_veriff_answer_e;


struct ngx_http_veriff_answer_s {
    ngx_http_veriff_answer_e   mode;
    ngx_veriff_hmac_t         *hmac;
    ngx_str_t                  signature;

    ngx_buf_t                 *buf;     /* collected, or held back */
    ngx_chain_t               *free;
    ngx_chain_t               *busy;

    ngx_chain_t               *in;      /* not read yet */

    unsigned                   begun:1;
    unsigned                   last:1;
    unsigned                   stored:1;
};


static ngx_int_t ngx_http_veriff_answer_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_answer_error(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_answer_check(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_uint_t ngx_http_veriff_answer_is_json(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_answer_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_veriff_answer_collect(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in);
static ngx_int_t ngx_http_veriff_answer_grow(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, size_t size);
static ngx_int_t ngx_http_veriff_answer_release(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a);
static void ngx_http_veriff_answer_stored(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_answer_wait(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in);
static ngx_int_t ngx_http_veriff_answer_pass(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a);
static ngx_int_t ngx_http_veriff_answer_stream(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in);
static size_t ngx_http_veriff_answer_busy(ngx_http_veriff_answer_t *a);
static ngx_uint_t ngx_http_veriff_answer_is_last(ngx_http_request_t *r,
    ngx_buf_t *b);
static ngx_int_t ngx_http_veriff_answer_hold(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_buf_t *b);
static ngx_buf_t *ngx_http_veriff_answer_piece(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a);
static ngx_int_t ngx_http_veriff_answer_send(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_uint_t last);
static ngx_int_t ngx_http_veriff_answer_output(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *out);
static ngx_int_t ngx_http_veriff_answer_replace(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_uint_t status, const char *reason);
static void ngx_http_veriff_answer_count(ngx_http_request_t *r,
    ngx_uint_t what);
static ngx_int_t ngx_http_veriff_answer_replaced(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a);
static void ngx_http_veriff_answer_stop(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_answer_swallow(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


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
        return ngx_http_next_header_filter(r);
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

    return ngx_http_next_header_filter(r);
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
        return ngx_http_next_header_filter(r);
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


static ngx_int_t
ngx_http_veriff_answer_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_veriff_ctx_t     *ctx;
    ngx_http_veriff_answer_t  *a;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    if (ctx == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    if (ctx->call) {
        return ngx_http_veriff_call_body(r, ctx->call, in);
    }

    a = ctx->answer;

    if (a == NULL) {
        return ngx_http_next_body_filter(r, in);
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
        return ngx_http_next_body_filter(r, in);
    }
}


static ngx_int_t
ngx_http_veriff_answer_collect(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in)
{
    size_t        size;
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_uint_t    last;
    ngx_chain_t  *cl;

    last = 0;

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        last |= ngx_http_veriff_answer_is_last(r, b);

        size = (size_t) ngx_buf_size(b);

        if (size == 0) {
            continue;
        }

        if (!ngx_buf_in_memory(b)) {

            /* signed locations have no temporary files */

            return NGX_ERROR;
        }

        rc = ngx_http_veriff_answer_grow(r, a, size);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED) {

            /* longer than it may be: the rest is checked as it passes */

            a->mode = NGX_HTTP_VERIFF_ANSWER_STREAM;

            rc = ngx_http_next_header_filter(r);

            if (rc == NGX_ERROR || rc > NGX_OK) {
                return rc;
            }

            return ngx_http_veriff_answer_stream(r, a, cl);
        }

        if (ngx_veriff_hmac_update(a->hmac, b->pos, size) != NGX_OK) {
            return NGX_ERROR;
        }

        a->buf->last = ngx_cpymem(a->buf->last, b->pos, size);
        b->pos = b->last;
    }

    if (last) {
        return ngx_http_veriff_answer_release(r, a);
    }

    if (r->upstream->cleanup == NULL) {

        /* the upstream is finished, its answer is not */

        return ngx_http_veriff_answer_replace(r, a, NGX_HTTP_BAD_GATEWAY,
                                              "cut short");
    }

    return NGX_OK;
}


/* makes room for size bytes, NGX_DECLINED if that would be too many */

static ngx_int_t
ngx_http_veriff_answer_grow(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, size_t size)
{
    size_t      used, need;
    ngx_buf_t  *b;

    used = a->buf ? (size_t) (a->buf->last - a->buf->pos) : 0;

    if (size > NGX_HTTP_VERIFF_ANSWER_MAX - used) {
        return NGX_DECLINED;
    }

    if (a->buf && (size_t) (a->buf->end - a->buf->last) >= size) {
        return NGX_OK;
    }

    need = ngx_max(2 * used, used + size);
    need = ngx_max(need, NGX_HTTP_VERIFF_ANSWER_MIN);

    if (r->headers_out.content_length_n > (off_t) need) {
        need = (size_t) r->headers_out.content_length_n;
    }

    b = ngx_create_temp_buf(r->pool, need);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->tag = (ngx_buf_tag_t) &ngx_http_veriff_module;

    if (a->buf) {
        b->last = ngx_cpymem(b->last, a->buf->pos, used);
        ngx_pfree(r->pool, a->buf->start);
    }

    a->buf = b;

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_answer_release(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a)
{
    ngx_int_t               rc;
    ngx_http_veriff_ctx_t  *ctx;

    rc = ngx_veriff_hmac_verify(a->hmac, &a->signature);

    if (rc != NGX_OK) {
        return ngx_http_veriff_answer_replace(r, a, NGX_HTTP_BAD_GATEWAY,
                                              "wrong signature");
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    rc = ngx_http_veriff_forget(r, ctx, (r == r->main)
                                        ? ngx_http_veriff_answer_stored
                                        : NULL);

    if (rc == NGX_AGAIN && r == r->main) {

        /* what it says is done when it passes on */

        a->mode = NGX_HTTP_VERIFF_ANSWER_WAIT;
        r->buffered |= NGX_HTTP_VERIFF_BUFFERED;

        return NGX_AGAIN;
    }

    return ngx_http_veriff_answer_pass(r, a);
}


static void
ngx_http_veriff_answer_stored(ngx_http_request_t *r)
{
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    ctx->answer->stored = 1;

    r->write_event_handler(r);
}


static ngx_int_t
ngx_http_veriff_answer_wait(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in)
{
    ngx_chain_t  *cl;

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
    }

    if (!a->stored) {
        return NGX_AGAIN;
    }

    r->buffered &= ~NGX_HTTP_VERIFF_BUFFERED;

    return ngx_http_veriff_answer_pass(r, a);
}


static ngx_int_t
ngx_http_veriff_answer_pass(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a)
{
    ngx_int_t  rc;

    a->mode = NGX_HTTP_VERIFF_ANSWER_DONE;

    rc = ngx_http_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_veriff_answer_send(r, a, 1);
}


/*
 * The bytes are copied into pieces, the last of which is held, and not empty.
 * A slow client would have all of them in memory: what has to wait stays in
 * its own buffers, as in the gunzip filter.
 */

static ngx_int_t
ngx_http_veriff_answer_stream(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (in && ngx_chain_add_copy(r->pool, &a->in, in) != NGX_OK) {
        return NGX_ERROR;
    }

    if (a->busy) {
        rc = ngx_http_veriff_answer_output(r, a, NULL);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

    } else if (in == NULL && a->in == NULL) {
        return ngx_http_next_body_filter(r, NULL);
    }

    while (a->in) {

        if (ngx_http_veriff_answer_busy(a) > NGX_HTTP_VERIFF_ANSWER_BUSY) {
            r->buffered |= NGX_HTTP_VERIFF_BUFFERED;
            return NGX_AGAIN;
        }

        cl = a->in;
        b = cl->buf;

        if (ngx_buf_size(b) != 0) {

            if (!ngx_buf_in_memory(b)) {
                return NGX_ERROR;
            }

            if (ngx_http_veriff_answer_hold(r, a, b) != NGX_OK) {
                return NGX_ERROR;
            }

            if (b->pos < b->last) {
                continue;
            }
        }

        a->last |= ngx_http_veriff_answer_is_last(r, b);

        a->in = cl->next;
        ngx_free_chain(r->pool, cl);
    }

    r->buffered &= ~NGX_HTTP_VERIFF_BUFFERED;

    if (!a->last) {
        return a->busy ? NGX_AGAIN : NGX_OK;
    }

    if (ngx_veriff_hmac_verify(a->hmac, &a->signature) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "veriff: the provider's answer was cut off: "
                      "wrong signature");
        ngx_http_veriff_answer_count(r, NGX_HTTP_VERIFF_COUNT_ANSWER_CUT);
        return NGX_ERROR;
    }

    a->mode = NGX_HTTP_VERIFF_ANSWER_DONE;

    return ngx_http_veriff_answer_send(r, a, 1);
}


static size_t
ngx_http_veriff_answer_busy(ngx_http_veriff_answer_t *a)
{
    size_t        size;
    ngx_chain_t  *cl;

    size = 0;

    for (cl = a->busy; cl; cl = cl->next) {
        size += cl->buf->last - cl->buf->pos;
    }

    return size;
}


static ngx_uint_t
ngx_http_veriff_answer_is_last(ngx_http_request_t *r, ngx_buf_t *b)
{
    if (r == r->main) {
        return b->last_buf;
    }

    return b->last_in_chain && ngx_buf_special(b) && !b->flush;
}


/* takes of the buffer what the piece that is held has room for */

static ngx_int_t
ngx_http_veriff_answer_hold(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_buf_t *b)
{
    size_t  size;

    if (a->buf && a->buf->last == a->buf->end
        && ngx_http_veriff_answer_send(r, a, 0) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    if (a->buf == NULL) {
        a->buf = ngx_http_veriff_answer_piece(r, a);
        if (a->buf == NULL) {
            return NGX_ERROR;
        }
    }

    size = ngx_min(b->last - b->pos, a->buf->end - a->buf->last);

    if (ngx_veriff_hmac_update(a->hmac, b->pos, size) != NGX_OK) {
        return NGX_ERROR;
    }

    a->buf->last = ngx_cpymem(a->buf->last, b->pos, size);
    b->pos += size;

    return NGX_OK;
}


static ngx_buf_t *
ngx_http_veriff_answer_piece(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    cl = ngx_chain_get_free_buf(r->pool, &a->free);
    if (cl == NULL) {
        return NULL;
    }

    b = cl->buf;

    ngx_free_chain(r->pool, cl);

    if (b->start == NULL) {
        b->start = ngx_palloc(r->pool, NGX_HTTP_VERIFF_ANSWER_PIECE);
        if (b->start == NULL) {
            return NULL;
        }

        b->end = b->start + NGX_HTTP_VERIFF_ANSWER_PIECE;
    }

    b->pos = b->start;
    b->last = b->start;
    b->temporary = 1;
    b->tag = (ngx_buf_tag_t) &ngx_http_veriff_module;

    return b;
}


/* sends what is held; it becomes free when it went out */

static ngx_int_t
ngx_http_veriff_answer_send(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_uint_t last)
{
    ngx_chain_t  *cl;

    cl = ngx_alloc_chain_link(r->pool);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    if (a->buf == NULL) {
        a->buf = ngx_calloc_buf(r->pool);
        if (a->buf == NULL) {
            return NGX_ERROR;
        }
    }

    if (last) {
        a->buf->last_buf = (r == r->main) ? 1 : 0;
        a->buf->last_in_chain = 1;
        a->buf->sync = (a->buf->pos == a->buf->last && r != r->main) ? 1 : 0;
    }

    cl->buf = a->buf;
    cl->next = NULL;

    a->buf = NULL;

    return ngx_http_veriff_answer_output(r, a, cl);
}


static ngx_int_t
ngx_http_veriff_answer_output(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *out)
{
    ngx_int_t  rc;

    rc = ngx_http_next_body_filter(r, out);

    ngx_chain_update_chains(r->pool, &a->free, &a->busy, &out,
                            (ngx_buf_tag_t) &ngx_http_veriff_module);

    return rc;
}


/* answers in the provider's shape; the header must not have been sent */

static ngx_int_t
ngx_http_veriff_answer_replace(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_uint_t status, const char *reason)
{
    ngx_int_t   rc;
    ngx_str_t   body;
    ngx_uint_t  collected;

    collected = (a->mode == NGX_HTTP_VERIFF_ANSWER_COLLECT);

    if (reason) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "veriff: the provider's answer was refused: %s",
                      reason);
        ngx_http_veriff_answer_count(r, NGX_HTTP_VERIFF_COUNT_ANSWER_REFUSED);
    }

    a->mode = NGX_HTTP_VERIFF_ANSWER_REPLACE;

    ngx_http_veriff_answer_stop(r);

    if (r->http_version < NGX_HTTP_VERSION_10 && r->http_protocol.len) {

        /* what is no HTTP nginx takes for HTTP/0.9, and the client for it */

        r->http_version = NGX_HTTP_VERSION_10;
    }

    if (ngx_http_veriff_reply_api_body(r, status, &body) != NGX_OK) {
        return NGX_ERROR;
    }

    a->buf = ngx_calloc_buf(r->pool);
    if (a->buf == NULL) {
        return NGX_ERROR;
    }

    a->buf->pos = body.data;
    a->buf->last = body.data + body.len;
    a->buf->memory = 1;

    if (reason) {
        ngx_http_veriff_reply_clean(r);
    }

    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    r->allow_ranges = 0;
    r->headers_out.status = status;
    r->headers_out.status_line.len = 0;
    r->headers_out.content_length_n = body.len;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    if (r->headers_out.content_length) {
        r->headers_out.content_length->hash = 0;
        r->headers_out.content_length = NULL;
    }

    rc = ngx_http_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        a->mode = NGX_HTTP_VERIFF_ANSWER_DONE;
        return rc;
    }

    return collected ? ngx_http_veriff_answer_replaced(r, a) : rc;
}


static void
ngx_http_veriff_answer_count(ngx_http_request_t *r, ngx_uint_t what)
{
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    ngx_http_veriff_count(ctx->integration, what);
}


static ngx_int_t
ngx_http_veriff_answer_replaced(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a)
{
    a->mode = NGX_HTTP_VERIFF_ANSWER_DONE;

    return ngx_http_veriff_answer_send(r, a, 1);
}


/* nothing more is wanted of the provider: ends it as if it were complete */

static void
ngx_http_veriff_answer_stop(ngx_http_request_t *r)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (u == NULL || u->cleanup == NULL) {
        return;
    }

    u->length = 0;
    u->upgrade = 0;

    if (u->pipe) {
        u->pipe->upstream_done = 1;
    }
}


/* what still comes of an answer that is refused or already complete */

static ngx_int_t
ngx_http_veriff_answer_swallow(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in)
{
    ngx_chain_t  *cl;

    if (in == NULL) {
        return ngx_http_next_body_filter(r, NULL);
    }

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    if (a->mode == NGX_HTTP_VERIFF_ANSWER_REPLACE) {

        /* the length of an unbuffered answer is set after its header */

        ngx_http_veriff_answer_stop(r);

        return ngx_http_veriff_answer_replaced(r, a);
    }

    return NGX_OK;
}


void
ngx_http_veriff_answer_init(void)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_veriff_answer_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_veriff_answer_body_filter;
}
