
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_SESSION_CLIENT_H_INCLUDED_
#define _NGX_HTTP_VERIFF_SESSION_CLIENT_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Takes the client's own members from the body of a POST, which has been read,
 * into ctx->client.
 * Returns NGX_DECLINED (go on), or what ngx_http_finalize_request() takes: the
 * request was answered.
 */
ngx_int_t ngx_http_veriff_session_client(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);


#endif /* _NGX_HTTP_VERIFF_SESSION_CLIENT_H_INCLUDED_ */
