
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_answer_mode.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_reply.h"


static ngx_int_t ngx_http_veriff_answer_replaced(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a);
static void ngx_http_veriff_answer_stop(ngx_http_request_t *r);


ngx_int_t
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

    rc = ngx_http_veriff_answer_next_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        a->mode = NGX_HTTP_VERIFF_ANSWER_DONE;
        return rc;
    }

    return collected ? ngx_http_veriff_answer_replaced(r, a) : rc;
}


void
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

ngx_int_t
ngx_http_veriff_answer_swallow(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in)
{
    ngx_chain_t  *cl;

    if (in == NULL) {
        return ngx_http_veriff_answer_next_body(r, NULL);
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
