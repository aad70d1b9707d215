
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_INTEGRATION_URI_H_INCLUDED_
#define _NGX_HTTP_VERIFF_INTEGRATION_URI_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * The directives of an integration that name places: the prefix of the signed
 * location, locations of this server (the command's offset is that of the
 * ngx_str_t), the hosts of the provider's pages, and
 * the origins of the operator's other sites.
 */

char *ngx_http_veriff_integration_api_uri(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_veriff_integration_page_uri(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_veriff_integration_url_hosts(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_veriff_integration_origins(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Non-zero if it is a path as a location has it, and plain enough to be in a
 * Location header.
 */
ngx_uint_t ngx_http_veriff_integration_is_path(ngx_str_t *uri);

/*
 * At the end of the block: sets what was not said.  NGX_CONF_OK,
 * NGX_CONF_ERROR or a message.
 */
char *ngx_http_veriff_integration_uris(ngx_conf_t *cf,
    ngx_http_veriff_integration_t *vi);


#endif /* _NGX_HTTP_VERIFF_INTEGRATION_URI_H_INCLUDED_ */
