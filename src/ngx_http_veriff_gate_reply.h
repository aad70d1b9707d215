
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_GATE_REPLY_H_INCLUDED_
#define _NGX_HTTP_VERIFF_GATE_REPLY_H_INCLUDED_


#include "ngx_http_veriff_count.h"


/* What the gate does with a request that may not pass. */

/*
 * Refuses the request: by a redirect where a person can be led on, or with a
 * status.  Returns what a handler of the precontent phase does.
 */
ngx_int_t ngx_http_veriff_gate_refuse(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_gate_t *gate,
    ngx_http_veriff_gate_reason_e reason);

/* Notes for variables and counters what became of the request. */
void ngx_http_veriff_gate_result(ngx_http_veriff_ctx_t *ctx,
    ngx_http_veriff_gate_result_e result,
    ngx_http_veriff_gate_reason_e reason);


#endif /* _NGX_HTTP_VERIFF_GATE_REPLY_H_INCLUDED_ */
