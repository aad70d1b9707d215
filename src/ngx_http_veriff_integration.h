
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_INTEGRATION_H_INCLUDED_
#define _NGX_HTTP_VERIFF_INTEGRATION_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* The setter of veriff_integration name { ... }. */
char *ngx_http_veriff_integration(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* Finds an integration by name; NULL if there is none. */
ngx_http_veriff_integration_t *ngx_http_veriff_integration_find(
    ngx_http_veriff_main_conf_t *vmcf, ngx_str_t *name);


#endif /* _NGX_HTTP_VERIFF_INTEGRATION_H_INCLUDED_ */
