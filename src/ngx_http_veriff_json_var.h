
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_JSON_VAR_H_INCLUDED_
#define _NGX_HTTP_VERIFF_JSON_VAR_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Variables with what the JSON body of the main request says.  They are empty
 * until the body was read.
 */

/* The setter of veriff_json_var. */
char *ngx_http_veriff_json_var(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* Non-zero if it is the name of such a variable. */
ngx_uint_t ngx_http_veriff_json_var_is(ngx_conf_t *cf, ngx_str_t *name);


#endif /* _NGX_HTTP_VERIFF_JSON_VAR_H_INCLUDED_ */
