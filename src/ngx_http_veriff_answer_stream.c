
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_answer_mode.h"
#include "ngx_http_veriff_count.h"


#define NGX_HTTP_VERIFF_ANSWER_BUSY  65536      /* copied, not yet sent */
#define NGX_HTTP_VERIFF_ANSWER_PIECE 16384      /* copied into one buffer */


static size_t ngx_http_veriff_answer_busy(ngx_http_veriff_answer_t *a);
static ngx_int_t ngx_http_veriff_answer_hold(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_buf_t *b);
static ngx_buf_t *ngx_http_veriff_answer_piece(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a);
static ngx_int_t ngx_http_veriff_answer_output(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *out);


/*
 * The bytes are copied into pieces, the last of which is held, and not empty.
 * A slow client would have all of them in memory: what has to wait stays in
 * its own buffers, as in the gunzip filter.
 */

ngx_int_t
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
        return ngx_http_veriff_answer_next_body(r, NULL);
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


ngx_uint_t
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

ngx_int_t
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

    rc = ngx_http_veriff_answer_next_body(r, out);

    ngx_chain_update_chains(r->pool, &a->free, &a->busy, &out,
                            (ngx_buf_tag_t) &ngx_http_veriff_module);

    return rc;
}
