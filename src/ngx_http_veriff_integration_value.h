
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_INTEGRATION_VALUE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_INTEGRATION_VALUE_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* The setters of integration_id, user, user_rate and session_rate. */
char *ngx_http_veriff_integration_id(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_veriff_integration_user(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_veriff_integration_rate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_veriff_integration_session_rate(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/* That of a time, or "off", which is zero. */
char *ngx_http_veriff_integration_time(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_VERIFF_INTEGRATION_VALUE_H_INCLUDED_ */
