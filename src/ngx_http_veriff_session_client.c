
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_session_client.h"
#include "ngx_http_veriff_body.h"
#include "ngx_http_veriff_session_reply.h"

#include "ngx_veriff_payload_client.h"


ngx_int_t
ngx_http_veriff_session_client(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    off_t         size;
    ngx_int_t     rc;
    ngx_str_t     body, error;
    ngx_array_t  *members;
    ngx_chain_t  *cl;

    members = ctx->integration->client_members;

    if (members == NULL || r->method != NGX_HTTP_POST
        || r->request_body == NULL)
    {
        return NGX_DECLINED;
    }

    size = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    if (size > NGX_VERIFF_PAYLOAD_CLIENT_MAX) {
        return ngx_http_veriff_session_bad(r, ctx,
                                           NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                           "the body is longer than 65536 "
                                           "bytes");
    }

    if (ngx_http_veriff_body_bytes(r, size, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_veriff_payload_client(r->pool, members, &body, &ctx->client,
                                   &error);

    if (rc == NGX_DECLINED) {
        return ngx_http_veriff_session_bad(r, ctx, NGX_HTTP_BAD_REQUEST,
                                           (const char *) error.data);
    }

    return (rc == NGX_OK) ? NGX_DECLINED : NGX_HTTP_INTERNAL_SERVER_ERROR;
}
