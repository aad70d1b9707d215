
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_VARIABLE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_VARIABLE_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* Adds the module's variables: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_veriff_variable_init(ngx_conf_t *cf);

/*
 * When everything is configured: non-zero if a directive uses a variable that
 * only the body of a webhook tells.
 */
ngx_uint_t ngx_http_veriff_variable_reads(ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_VERIFF_VARIABLE_H_INCLUDED_ */
