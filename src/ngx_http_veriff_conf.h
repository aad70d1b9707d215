
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_CONF_H_INCLUDED_
#define _NGX_HTTP_VERIFF_CONF_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* The module's configuration structures and the setters of directives. */

void *ngx_http_veriff_create_main_conf(ngx_conf_t *cf);
void *ngx_http_veriff_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_veriff_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);

char *ngx_http_veriff_conf_key_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_veriff_conf_sign(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_veriff_conf_session(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_veriff_conf_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_veriff_conf_webhook(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* Notes where the directive being read stands: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_veriff_conf_place(ngx_conf_t *cf,
    ngx_http_veriff_place_t *place);

/*
 * Makes a reference to the integration of this name, to be resolved when all
 * was read: NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_conf_ref(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref, ngx_str_t *name);

/* Non-zero for a location of ours, which no gate is for. */
ngx_uint_t ngx_http_veriff_conf_own(ngx_http_veriff_loc_conf_t *vlcf);

/* Compiles text with variables; NULL on error. */
ngx_http_complex_value_t *ngx_http_veriff_conf_expr(ngx_conf_t *cf,
    ngx_str_t *text);


#endif /* _NGX_HTTP_VERIFF_CONF_H_INCLUDED_ */
