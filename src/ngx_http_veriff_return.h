
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_RETURN_H_INCLUDED_
#define _NGX_HTTP_VERIFF_RETURN_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Where the browser lands after the flow.  The arrival says nothing and is
 * worth nothing: what counts is the sealed way-back cookie, and what the
 * store has of its user.
 */

/* The setter of veriff_return. */
char *ngx_http_veriff_return_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* The content handler of its location. */
ngx_int_t ngx_http_veriff_return_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_VERIFF_RETURN_H_INCLUDED_ */
