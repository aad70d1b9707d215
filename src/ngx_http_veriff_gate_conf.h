
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_GATE_CONF_H_INCLUDED_
#define _NGX_HTTP_VERIFF_GATE_CONF_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* The setter of veriff_gate. */
char *ngx_http_veriff_gate_conf(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Checks a gate, whose integration is known, against its location: that
 * there is a store, and that something has verified the user.  NGX_OK or
 * NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_gate_check(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);


#endif /* _NGX_HTTP_VERIFF_GATE_CONF_H_INCLUDED_ */
