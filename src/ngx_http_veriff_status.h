
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_STATUS_H_INCLUDED_
#define _NGX_HTTP_VERIFF_STATUS_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* The content handler of veriff_status. */
ngx_int_t ngx_http_veriff_status_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_VERIFF_STATUS_H_INCLUDED_ */
