
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_CHECK_GATE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_CHECK_GATE_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Notes a location, whose integrations are known, for what follows: NGX_OK
 * or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_check_spot(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);

/*
 * When all was merged: warns of gates that lead users to where their server
 * has nothing for them, and of what veriff_user_check asks if it is not
 * internal, or cached.
 */
void ngx_http_veriff_check_gates(ngx_conf_t *cf);


#endif /* _NGX_HTTP_VERIFF_CHECK_GATE_H_INCLUDED_ */
