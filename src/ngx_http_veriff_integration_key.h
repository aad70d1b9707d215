
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_INTEGRATION_KEY_H_INCLUDED_
#define _NGX_HTTP_VERIFF_INTEGRATION_KEY_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* The directives of an integration that read key files. */

char *ngx_http_veriff_integration_api_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_veriff_integration_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_veriff_integration_webhook_key(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/*
 * At the end of the block: prepares its keys.  NGX_CONF_OK, NGX_CONF_ERROR
 * or a message.
 */
char *ngx_http_veriff_integration_keys(ngx_conf_t *cf,
    ngx_http_veriff_integration_t *vi);


#endif /* _NGX_HTTP_VERIFF_INTEGRATION_KEY_H_INCLUDED_ */
