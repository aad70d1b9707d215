
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_CHECK_ROUTE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_CHECK_ROUTE_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* Notes a location that asks the provider, or signs: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_veriff_check_route(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);

/*
 * When all was merged: warns of sessions that cannot reach the provider, and
 * finds out how long the provider may take for one.
 */
void ngx_http_veriff_check_routes(ngx_conf_t *cf);


#endif /* _NGX_HTTP_VERIFF_CHECK_ROUTE_H_INCLUDED_ */
