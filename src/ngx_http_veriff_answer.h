
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_ANSWER_H_INCLUDED_
#define _NGX_HTTP_VERIFF_ANSWER_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * The provider's answers.  Those to requests of the module itself are
 * collected for ngx_http_veriff_call(); those that are passed through are
 * checked before their first byte goes on or, if they are large or files,
 * before their last one does.
 */


/*
 * Looks for the signature of the upstream's answer.
 * Returns NGX_OK (*signature is a well-formed one), NGX_DECLINED (there is
 * none) or NGX_ERROR (headers that are repeated, contradict each other, name
 * another API key, or have not its form).
 */
ngx_int_t ngx_http_veriff_answer_signature(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_str_t *signature);

/*
 * Prepares the request's answer for the filters: r is signed and will be
 * proxied.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_answer_expect(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);

/* Installs the header and body filters. */
void ngx_http_veriff_answer_init(void);


#endif /* _NGX_HTTP_VERIFF_ANSWER_H_INCLUDED_ */
