
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_WATCH_H_INCLUDED_
#define _NGX_HTTP_VERIFF_WATCH_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * What proxy_pass, proxy_method and proxy_set_body say is not public, so
 * their setters are watched from the beginning of http{} to its end; what
 * they set is noted in the location's ngx_http_veriff_loc_conf_t.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_watch(ngx_conf_t *cf);
void ngx_http_veriff_unwatch(void);


#endif /* _NGX_HTTP_VERIFF_WATCH_H_INCLUDED_ */
