
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_GATE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_GATE_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * The gate's part of the precontent phase, for all locations that are not
 * ours.  NGX_DECLINED lets the request go on; else the phase's result.
 */
ngx_int_t ngx_http_veriff_gate_handler(ngx_http_request_t *r,
    ngx_http_veriff_loc_conf_t *vlcf);


#endif /* _NGX_HTTP_VERIFF_GATE_H_INCLUDED_ */
