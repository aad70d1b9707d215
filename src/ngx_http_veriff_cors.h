
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_CORS_H_INCLUDED_
#define _NGX_HTTP_VERIFF_CORS_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* Pages of configured origins may use veriff_session from another site. */

/*
 * The handler of the preaccess phase: before anybody asks for credentials,
 * which a preflight never has, it answers preflights, and lets all answers,
 * other modules' errors as well, be read by the page.
 */
ngx_int_t ngx_http_veriff_cors_handler(ngx_http_request_t *r);

/*
 * Non-zero if the request's Origin, byte for byte, is one of the location's
 * integration.
 */
ngx_uint_t ngx_http_veriff_cors_origin(ngx_http_request_t *r);


#endif /* _NGX_HTTP_VERIFF_CORS_H_INCLUDED_ */
