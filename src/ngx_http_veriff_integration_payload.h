
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_INTEGRATION_PAYLOAD_H_INCLUDED_
#define _NGX_HTTP_VERIFF_INTEGRATION_PAYLOAD_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* The directives of an integration about what is sent for a session. */

char *ngx_http_veriff_integration_payload_text(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_veriff_integration_payload_file(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_veriff_integration_client_members(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_veriff_integration_callback(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * At the end of the block: compiles the payload, or the default one; its
 * errors are logged.  NGX_CONF_OK or NGX_CONF_ERROR.
 */
char *ngx_http_veriff_integration_payload(ngx_conf_t *cf,
    ngx_http_veriff_integration_t *vi);


#endif /* _NGX_HTTP_VERIFF_INTEGRATION_PAYLOAD_H_INCLUDED_ */
