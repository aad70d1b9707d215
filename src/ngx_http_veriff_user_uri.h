
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_USER_URI_H_INCLUDED_
#define _NGX_HTTP_VERIFF_USER_URI_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * The URI of veriff_user_check: text and variables, whose values can change
 * neither its path nor its arguments.
 */

/* The setter of veriff_user_check. */
char *ngx_http_veriff_user_uri_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Makes the path, unescaped as nginx has it, and the escaped arguments, from
 * r->pool.  Returns NGX_OK, NGX_DECLINED (a value cannot be in a path: it is
 * empty, or holds a slash or a control character, or makes a dot segment) or
 * NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_user_uri(ngx_http_request_t *r,
    ngx_http_veriff_user_uri_t *uu, ngx_str_t *uri, ngx_str_t *args);


#endif /* _NGX_HTTP_VERIFF_USER_URI_H_INCLUDED_ */
