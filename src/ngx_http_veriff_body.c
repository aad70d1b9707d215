
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_body.h"


#define NGX_HTTP_VERIFF_BODY_CHUNK  65536


static void ngx_http_veriff_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_body_complete(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_body_hash_file(ngx_http_request_t *r,
    ngx_buf_t *b, ngx_veriff_hmac_t *hmac);
static ngx_int_t ngx_http_veriff_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);


static ngx_http_request_body_filter_pt  ngx_http_next_request_body_filter;


ngx_int_t
ngx_http_veriff_body_read(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ctx->body.done) {
        return ctx->body.failed ? NGX_ERROR : NGX_OK;
    }

    if (ctx->body.reading) {
        return NGX_DONE;
    }

    /* a subrequest has its own body, or its parent's */

    if (r != r->main || r->request_body) {
        return ngx_http_veriff_body_complete(r, ctx);
    }

    ctx->body.reading = 1;

    /* from here on the request belongs to the body handler, as in mirror */

    rc = ngx_http_read_client_request_body(r, ngx_http_veriff_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


static void
ngx_http_veriff_body_handler(ngx_http_request_t *r)
{
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    ctx->body.reading = 0;

    (void) ngx_http_veriff_body_complete(r, ctx);

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


static ngx_int_t
ngx_http_veriff_body_complete(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_chain_t  *cl;

    ctx->body.done = 1;
    ctx->body.size = 0;

    if (r->reading_body) {

        /* someone else reads it piece by piece */

        ctx->body.failed = 1;
        return NGX_ERROR;
    }

    if (r->request_body) {
        for (cl = r->request_body->bufs; cl; cl = cl->next) {
            ctx->body.size += ngx_buf_size(cl->buf);
        }
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "veriff body: %O bytes, %O hashed",
                   ctx->body.size, ctx->body.hashed);

    if (ctx->body.failed) {
        return NGX_ERROR;
    }

    if (ctx->body.hashed == ctx->body.size) {
        return NGX_OK;
    }

    if (ctx->body.hashed == 0
        && ngx_http_veriff_body_hash(r, ctx->body.hmac) == NGX_OK)
    {
        return NGX_OK;
    }

    ctx->body.failed = 1;

    return NGX_ERROR;
}


ngx_int_t
ngx_http_veriff_body_hash(ngx_http_request_t *r, ngx_veriff_hmac_t *hmac)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (r->request_body == NULL) {
        return NGX_OK;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            if (ngx_veriff_hmac_update(hmac, b->pos, b->last - b->pos)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

        } else if (b->in_file) {
            if (ngx_http_veriff_body_hash_file(r, b, hmac) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_body_hash_file(ngx_http_request_t *r, ngx_buf_t *b,
    ngx_veriff_hmac_t *hmac)
{
    off_t    offset;
    size_t   size;
    u_char  *buf;
    ssize_t  n;

    buf = ngx_alloc(NGX_HTTP_VERIFF_BODY_CHUNK, r->connection->log);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    for (offset = b->file_pos; offset < b->file_last; offset += n) {

        size = (size_t) ngx_min(b->file_last - offset,
                                NGX_HTTP_VERIFF_BODY_CHUNK);

        n = ngx_read_file(b->file, buf, size, offset);

        if (n <= 0 || ngx_veriff_hmac_update(hmac, buf, n) != NGX_OK) {
            ngx_free(buf);
            return NGX_ERROR;
        }
    }

    ngx_free(buf);

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_body_bytes(ngx_http_request_t *r, off_t size,
    ngx_str_t *bytes)
{
    u_char       *p;
    ssize_t       n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    bytes->len = (size_t) size;
    bytes->data = (u_char *) "";

    if (size == 0) {
        return NGX_OK;
    }

    cl = r->request_body->bufs;

    if (cl->next == NULL && ngx_buf_in_memory(cl->buf)) {
        bytes->data = cl->buf->pos;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, bytes->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    bytes->data = p;

    for ( /* void */ ; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, b->last - b->pos);

        } else if (b->in_file) {
            n = ngx_read_file(b->file, p,
                              (size_t) (b->file_last - b->file_pos),
                              b->file_pos);

            if (n != b->file_last - b->file_pos) {
                return NGX_ERROR;
            }

            p += n;
        }
    }

    return NGX_OK;
}


/* sees the bytes without transfer coding, under HTTP/1, 2 and 3 */

static ngx_int_t
ngx_http_veriff_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    size_t                  size;
    ngx_chain_t            *cl;
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    if (ctx == NULL || !ctx->body.reading || ctx->body.failed) {
        return ngx_http_next_request_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {

        size = cl->buf->last - cl->buf->pos;

        if (size == 0 || !ngx_buf_in_memory(cl->buf)) {
            continue;
        }

        if (ngx_veriff_hmac_update(ctx->body.hmac, cl->buf->pos, size)
            != NGX_OK)
        {
            ctx->body.failed = 1;
            break;
        }

        ctx->body.hashed += size;
    }

    if (ctx->body.limit && ctx->body.hashed > ctx->body.limit) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "veriff body: more than %O bytes", ctx->body.limit);

        ctx->body.failed = 1;
        r->lingering_close = 1;

        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    return ngx_http_next_request_body_filter(r, in);
}


void
ngx_http_veriff_body_init(void)
{
    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_veriff_body_filter;
}
