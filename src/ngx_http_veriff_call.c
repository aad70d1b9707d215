
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_call.h"
#include "ngx_http_veriff_answer.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_headers.h"


#define NGX_HTTP_VERIFF_RETRY_AFTER_MAX  3600


static ngx_int_t ngx_http_veriff_call_request(ngx_http_request_t *r,
    ngx_http_request_t *new, ngx_http_veriff_call_t *call);
static ngx_int_t ngx_http_veriff_call_request_body(ngx_http_request_t *r,
    ngx_http_request_t *new, ngx_http_veriff_call_t *call);
static void ngx_http_veriff_call_stop(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call);
static ngx_int_t ngx_http_veriff_call_done(ngx_http_request_t *r, void *data,
    ngx_int_t rc);
static void ngx_http_veriff_call_judge(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call, ngx_int_t rc);
static ngx_int_t ngx_http_veriff_call_verify(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call);


static ngx_str_t  ngx_http_veriff_call_get = ngx_string("GET");
static ngx_str_t  ngx_http_veriff_call_post = ngx_string("POST");

static ngx_http_veriff_name_t  ngx_http_veriff_content_type =
    ngx_http_veriff_name("Content-Type", "content-type");
static ngx_http_veriff_name_t  ngx_http_veriff_accept =
    ngx_http_veriff_name("Accept", "accept");
static ngx_str_t  ngx_http_veriff_json_type = ngx_string("application/json");


ngx_int_t
ngx_http_veriff_call(ngx_http_request_t *r, ngx_http_veriff_call_t *call)
{
    u_char                      *p;
    ngx_str_t                    uri;
    ngx_http_request_t          *sr, new;
    ngx_http_variable_value_t   *variables;
    ngx_http_veriff_ctx_t       *ctx;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_post_subrequest_t  *ps;

    /* all memory first: a subrequest that exists cannot be taken back */

    ngx_memzero(&new, sizeof(ngx_http_request_t));

    if (ngx_http_veriff_call_request(r, &new, call) != NGX_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    variables = ngx_pcalloc(r->pool, cmcf->variables.nelts
                                     * sizeof(ngx_http_variable_value_t));
    if (variables == NULL) {
        return NGX_ERROR;
    }

    uri.len = call->integration->api_uri.len + call->path.len;
    uri.data = ngx_pnalloc(r->pool, uri.len);
    if (uri.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(uri.data, call->integration->api_uri.data,
                   call->integration->api_uri.len);
    ngx_memcpy(p, call->path.data, call->path.len);

    call->buf = ngx_create_temp_buf(r->pool, 4096);
    if (call->buf == NULL) {
        return NGX_ERROR;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_veriff_ctx_t));
    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));

    if (ctx == NULL || ps == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_veriff_call_done;
    ps->data = call;

    ctx->integration = call->integration;
    ctx->call = call;

    if (ngx_http_subrequest(r, &uri, NULL, &sr, ps,
                            NGX_HTTP_SUBREQUEST_IN_MEMORY
                            |NGX_HTTP_SUBREQUEST_WAITED)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* it has not run yet */

    ctx->request = sr;
    ngx_http_set_ctx(sr, ctx, ngx_http_veriff_module);

    sr->headers_in = new.headers_in;

    if (sr->headers_in.headers.last == &new.headers_in.headers.part) {
        sr->headers_in.headers.last = &sr->headers_in.headers.part;
    }

    sr->request_body = new.request_body;
    sr->method = call->method;
    sr->method_name = (call->method == NGX_HTTP_POST)
                      ? ngx_http_veriff_call_post : ngx_http_veriff_call_get;
    sr->variables = variables;

    /* an "error_page 502 =200" must not answer in the provider's place */

    sr->error_page = 1;

    call->started = ngx_current_msec;

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_call_request(ngx_http_request_t *r, ngx_http_request_t *new,
    ngx_http_veriff_call_t *call)
{
    new->pool = r->pool;

    if (ngx_list_init(&new->headers_in.headers, r->pool, 8,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

#if (nginx_version < 1023000)
    if (ngx_array_init(&new->headers_in.cookies, r->pool, 1,
                       sizeof(ngx_table_elt_t *))
        != NGX_OK)
    {
        return NGX_ERROR;
    }
#endif

    /* a server's "if ($host ...)" holds for the subrequest, too */

    new->headers_in.server = r->headers_in.server;

    new->headers_in.content_length_n = call->body.len;
    new->headers_in.keep_alive_n = -1;

    if (ngx_http_veriff_headers_add(new, &ngx_http_veriff_accept,
                                    &ngx_http_veriff_json_type)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_veriff_call_request_body(r, new, call);
}


static ngx_int_t
ngx_http_veriff_call_request_body(ngx_http_request_t *r,
    ngx_http_request_t *new, ngx_http_veriff_call_t *call)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    /* without one of its own the subrequest would send the client's */

    new->request_body = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));
    if (new->request_body == NULL) {
        return NGX_ERROR;
    }

    if (call->body.len == 0) {
        new->headers_in.content_length_n =
                                  (call->method == NGX_HTTP_POST) ? 0 : -1;
        return NGX_OK;
    }

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    b->pos = call->body.data;
    b->last = call->body.data + call->body.len;
    b->start = b->pos;
    b->end = b->last;
    b->temporary = 1;
    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;

    new->request_body->bufs = cl;
    new->request_body->buf = b;

    return ngx_http_veriff_headers_add(new, &ngx_http_veriff_content_type,
                                       &ngx_http_veriff_json_type);
}


ngx_int_t
ngx_http_veriff_call_header(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call)
{
    ngx_int_t               rc;
    ngx_str_t               value;
    ngx_http_veriff_ctx_t  *ctx;

    /* nothing of the answer goes to the client */

    r->header_sent = 1;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    if (!ctx->is_signed || r->upstream == NULL
        || r->upstream->cleanup == NULL)
    {
        return NGX_OK;
    }

    call->captured = 1;
    call->status = r->upstream->headers_in.status_n;

    rc = ngx_http_veriff_answer_signature(r, call->integration,
                                          &call->signature);

    call->result = (rc == NGX_OK) ? NGX_HTTP_VERIFF_CALL_SIGNED
                   : (rc == NGX_DECLINED) ? NGX_HTTP_VERIFF_CALL_UNSIGNED
                   : NGX_HTTP_VERIFF_CALL_FORGED;

    if (ngx_http_veriff_headers_in_list(&r->upstream->headers_in.headers,
                                        "content-encoding", &value)
        && value.len)
    {
        call->result = NGX_HTTP_VERIFF_CALL_FORGED;
    }

    if (ngx_http_veriff_headers_in_list(&r->upstream->headers_in.headers,
                                        "retry-after", &value)
        && value.len)
    {
        rc = ngx_atoi(value.data, value.len);

        if (rc > 0) {
            call->retry_after = ngx_min(rc, NGX_HTTP_VERIFF_RETRY_AFTER_MAX);
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_call_body(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call, ngx_chain_t *in)
{
    size_t        size, used;
    ngx_buf_t    *b, *new;
    ngx_chain_t  *cl;

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_special(b) && b->last_in_chain && !b->flush) {
            call->complete = 1;
        }

        size = (size_t) ngx_buf_size(b);

        if (size && !ngx_buf_in_memory(b)) {

            /* signed locations have no temporary files */

            return NGX_ERROR;
        }

        if (size == 0 || !call->captured
            || call->result == NGX_HTTP_VERIFF_CALL_OVERSIZED)
        {
            b->pos = b->last;
            b->file_pos = b->file_last;
            continue;
        }

        used = call->buf->last - call->buf->pos;

        if (size > NGX_HTTP_VERIFF_CALL_MAX - used) {
            ngx_http_veriff_call_stop(r, call);
            b->pos = b->last;
            continue;
        }

        /* one byte is left for the NUL */

        if (size >= (size_t) (call->buf->end - call->buf->last)) {

            new = ngx_create_temp_buf(r->pool, 2 * used + size + 1);
            if (new == NULL) {
                return NGX_ERROR;
            }

            new->last = ngx_cpymem(new->last, call->buf->pos, used);
            ngx_pfree(r->pool, call->buf->start);

            call->buf = new;
        }

        call->buf->last = ngx_cpymem(call->buf->last, b->pos, size);
        b->pos = b->last;
    }

    return NGX_OK;
}


/*
 * Ends the upstream's side, whether it buffers or not.  An error returned by
 * a filter would end the client's connection, too.
 */

static void
ngx_http_veriff_call_stop(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call)
{
    ngx_http_upstream_t  *u;

    call->result = NGX_HTTP_VERIFF_CALL_OVERSIZED;

    u = r->upstream;
    u->error = 1;

    if (u->pipe) {
        u->pipe->downstream_error = 1;
    }
}


static ngx_int_t
ngx_http_veriff_call_done(ngx_http_request_t *r, void *data, ngx_int_t rc)
{
    ngx_http_veriff_call_t *call = data;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "veriff call done: %i, status:%ui, done:%d",
                   rc, call->status, call->done);

    /* it may be called again */

    if (!call->done) {
        call->done = 1;

        ngx_http_veriff_call_judge(r, call, rc);
        ngx_http_veriff_count_call(call, ngx_current_msec - call->started);

        if (call->handler) {
            call->handler(r->parent, call);
        }
    }

    /* neither an error page nor the end of the parent */

    return NGX_OK;
}


ngx_http_veriff_call_t *
ngx_http_veriff_call_of(ngx_http_request_t *r)
{
    return (r->post_subrequest
            && r->post_subrequest->handler == ngx_http_veriff_call_done)
           ? r->post_subrequest->data : NULL;
}


static void
ngx_http_veriff_call_judge(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call, ngx_int_t rc)
{
    ngx_http_veriff_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    if (vlcf->sign == NULL || vlcf->sign->integration != call->integration) {
        call->status = 0;
        call->result = NGX_HTTP_VERIFF_CALL_MISROUTED;
        return;
    }

    if (call->result == NGX_HTTP_VERIFF_CALL_OVERSIZED) {
        return;
    }

    if (r->upstream == NULL) {
        call->status = (rc >= NGX_HTTP_SPECIAL_RESPONSE)
                       ? rc : NGX_HTTP_INTERNAL_SERVER_ERROR;
        call->result = NGX_HTTP_VERIFF_CALL_REFUSED;
        return;
    }

    if (!call->captured || !call->complete) {
        call->status = 0;
        call->result = NGX_HTTP_VERIFF_CALL_NONE;
        return;
    }

    call->answer.data = call->buf->pos;
    call->answer.len = call->buf->last - call->buf->pos;
    *call->buf->last = '\0';

    if (call->result == NGX_HTTP_VERIFF_CALL_SIGNED
        && ngx_http_veriff_call_verify(r, call) != NGX_OK)
    {
        call->result = NGX_HTTP_VERIFF_CALL_FORGED;
    }

    if (call->result == NGX_HTTP_VERIFF_CALL_FORGED) {
        call->answer.len = 0;
    }
}


static ngx_int_t
ngx_http_veriff_call_verify(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call)
{
    ngx_veriff_hmac_t  *hmac;

    hmac = ngx_veriff_hmac_start(r->pool, call->integration->pair.secrets, 1);

    if (hmac == NULL
        || ngx_veriff_hmac_update(hmac, call->answer.data, call->answer.len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_veriff_hmac_verify(hmac, &call->signature);
}
