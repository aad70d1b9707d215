
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_STORE_CONF_H_INCLUDED_
#define _NGX_HTTP_VERIFF_STORE_CONF_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* What the master has to do with the store: its key, whose its files are. */

/* The setter of veriff_store. */
char *ngx_http_veriff_store_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* When all was read: reads the key, if it is needed, or makes it. */
ngx_int_t ngx_http_veriff_store_init(ngx_conf_t *cf);

/* In the master: gives the files to the worker's user. */
ngx_int_t ngx_http_veriff_store_init_module(ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_VERIFF_STORE_CONF_H_INCLUDED_ */
