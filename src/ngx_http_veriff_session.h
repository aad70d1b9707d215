
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_SESSION_H_INCLUDED_
#define _NGX_HTTP_VERIFF_SESSION_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* The content handler of veriff_session. */
ngx_int_t ngx_http_veriff_session_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_VERIFF_SESSION_H_INCLUDED_ */
