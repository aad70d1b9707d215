
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_WEBHOOK_READ_H_INCLUDED_
#define _NGX_HTTP_VERIFF_WEBHOOK_READ_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * What a webhook says, once its signature was found valid.  It is parsed if
 * the configuration has any use for it, which is the same for all webhooks of
 * a configuration; else only for who asks at run time.
 */

/* When everything is configured: whether there is such a use. */
void ngx_http_veriff_webhook_read_init(ngx_cycle_t *cycle);

/*
 * If there is: sets ctx->webhook, ctx->webhook_user and ctx->webhook_read.
 * Returns NGX_OK, NGX_DECLINED (it is no proper JSON) or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_webhook_read(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);

/*
 * If there is none, for variables that Lua, SSI and the like look up by name:
 * sets ctx->webhook of a valid webhook, once.  What is not the signed JSON
 * any more, or never was JSON, stays of an unknown type.
 * Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_webhook_read_late(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);


#endif /* _NGX_HTTP_VERIFF_WEBHOOK_READ_H_INCLUDED_ */
