
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_REPLAY_H_INCLUDED_
#define _NGX_HTTP_VERIFF_REPLAY_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Webhooks that the application has answered with 2xx are remembered: a mark
 * in the store under a keyed name of kind 'w', made of the integration and
 * the signature, whose value is the time as eight bytes, little-endian.
 */

/*
 * Whether the application has had the verified webhook: NGX_OK, NGX_DECLINED
 * or NGX_ERROR (the store failed).
 */
ngx_int_t ngx_http_veriff_replay_find(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);

/*
 * Writes the mark in the background.  If that fails, the webhook goes to the
 * application once more.
 */
void ngx_http_veriff_replay_mark(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);


#endif /* _NGX_HTTP_VERIFF_REPLAY_H_INCLUDED_ */
