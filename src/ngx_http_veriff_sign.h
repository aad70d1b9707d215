
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_SIGN_H_INCLUDED_
#define _NGX_HTTP_VERIFF_SIGN_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* Signs what the location proxies; part of the precontent handler. */
ngx_int_t ngx_http_veriff_sign_handler(ngx_http_request_t *r,
    ngx_http_veriff_loc_conf_t *vlcf);

/*
 * Takes the key and the signature from a request that was signed and goes
 * elsewhere (try_files, mirror), or from a subrequest of it.  Part of the
 * precontent handler.
 */
ngx_int_t ngx_http_veriff_sign_forget(ngx_http_request_t *r);


#endif /* _NGX_HTTP_VERIFF_SIGN_H_INCLUDED_ */
