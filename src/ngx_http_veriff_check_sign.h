
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_CHECK_SIGN_H_INCLUDED_
#define _NGX_HTTP_VERIFF_CHECK_SIGN_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* Checks a signed location: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_veriff_check_sign(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);


#endif /* _NGX_HTTP_VERIFF_CHECK_SIGN_H_INCLUDED_ */
