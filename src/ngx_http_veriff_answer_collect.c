
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_answer_mode.h"
#include "ngx_http_veriff_forget.h"
#include "ngx_http_veriff_reply.h"


#define NGX_HTTP_VERIFF_ANSWER_MIN   4096


static ngx_int_t ngx_http_veriff_answer_grow(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, size_t size);
static ngx_int_t ngx_http_veriff_answer_release(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a);
static void ngx_http_veriff_answer_stored(ngx_http_request_t *r,
    ngx_int_t rc);
static ngx_int_t ngx_http_veriff_answer_unstored(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a);
static ngx_int_t ngx_http_veriff_answer_pass(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a);


ngx_int_t
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

            rc = ngx_http_veriff_answer_next_header(r);

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

    if (rc == NGX_ERROR && r == r->main) {
        return ngx_http_veriff_answer_unstored(r, a);
    }

    return ngx_http_veriff_answer_pass(r, a);
}


static void
ngx_http_veriff_answer_stored(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    ctx->answer->stored = 1;
    ctx->answer->failed = (rc != NGX_OK);

    r->write_event_handler(r);
}


/* what the provider has done is to be done here, too: it must come again */

static ngx_int_t
ngx_http_veriff_answer_unstored(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a)
{
    a->mode = NGX_HTTP_VERIFF_ANSWER_COLLECT;

    ngx_http_veriff_reply_clean(r);

    return ngx_http_veriff_answer_replace(r, a, NGX_HTTP_SERVICE_UNAVAILABLE,
                                          NULL);
}


ngx_int_t
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

    if (a->failed) {
        return ngx_http_veriff_answer_unstored(r, a);
    }

    return ngx_http_veriff_answer_pass(r, a);
}


static ngx_int_t
ngx_http_veriff_answer_pass(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a)
{
    ngx_int_t  rc;

    a->mode = NGX_HTTP_VERIFF_ANSWER_DONE;

    rc = ngx_http_veriff_answer_next_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_veriff_answer_send(r, a, 1);
}
