
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_webhook.h"
#include "ngx_http_veriff_replay.h"


static ngx_int_t ngx_http_veriff_webhook_header_filter(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_webhook_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


/* any 2xx of the application becomes 200 */

static ngx_int_t
ngx_http_veriff_webhook_header_filter(ngx_http_request_t *r)
{
    ngx_http_veriff_ctx_t  *ctx;

    /* the answer may come from where an internal redirect has led */

    ctx = (r == r->main) ? ngx_http_veriff_ctx_get(r) : NULL;

    if (ctx == NULL || !ctx->webhook_done
        || r->headers_out.status < NGX_HTTP_OK
        || r->headers_out.status >= NGX_HTTP_SPECIAL_RESPONSE)
    {
        return ngx_http_next_header_filter(r);
    }

    /* no 206, 304 or 412 because of what the client asks for */

    r->allow_ranges = 0;
    r->disable_not_modified = 1;

    ctx->webhook_2xx = 1;

    if (r->headers_out.status == NGX_HTTP_OK) {
        return ngx_http_next_header_filter(r);
    }

    if (r->headers_out.status == NGX_HTTP_NO_CONTENT) {
        ngx_http_clear_content_length(r);
        r->headers_out.content_length_n = 0;
    }

    if (r->headers_out.content_range) {
        r->headers_out.content_range->hash = 0;
        r->headers_out.content_range = NULL;
    }

    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_null(&r->headers_out.status_line);

    return ngx_http_next_header_filter(r);
}


/* the application has answered all of it: it has had this webhook */

static ngx_int_t
ngx_http_veriff_webhook_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t               rc;
    ngx_uint_t              last;
    ngx_chain_t            *cl;
    ngx_http_veriff_ctx_t  *ctx;

    ctx = (r == r->main) ? ngx_http_veriff_ctx_get(r) : NULL;

    if (ctx == NULL || !ctx->webhook_mark || !ctx->webhook_2xx) {
        return ngx_http_next_body_filter(r, in);
    }

    last = 0;

    for (cl = in; cl; cl = cl->next) {
        last |= cl->buf->last_buf;
    }

    rc = ngx_http_next_body_filter(r, in);

    if (last && rc != NGX_ERROR) {
        ctx->webhook_mark = 0;
        ngx_http_veriff_replay_mark(r, ctx);
    }

    return rc;
}


void
ngx_http_veriff_webhook_init(void)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_veriff_webhook_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_veriff_webhook_body_filter;
}
