
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_SECRET_H_INCLUDED_
#define _NGX_HTTP_VERIFF_SECRET_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Key files, read while the configuration is.  All errors are logged with
 * file and line; nothing of a file's content ever is.
 */

/*
 * Reads the lines of a file that holds secrets, at most max; the name is
 * completed with the configuration's prefix in place.  The strings are
 * allocated from cf->pool; pass them to ngx_http_veriff_secret_forget()
 * when done.  Returns NULL on error.
 */
ngx_array_t *ngx_http_veriff_secret_lines(ngx_conf_t *cf, ngx_str_t *file,
    ngx_uint_t max);
void ngx_http_veriff_secret_forget(ngx_array_t *lines);

/*
 * Reads an API key, a file of one line, into cf->pool; warns if it is no
 * UUID.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_secret_api_key(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *key);

/* Reads the NGX_VERIFF_KEY_LEN bytes of a key file: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_veriff_secret_key(ngx_conf_t *cf, ngx_str_t *file,
    u_char *key);

/*
 * Makes a key file, with mode 0600, that was not there; if it now is, reads
 * it.  NGX_OK or NGX_ERROR, which is logged.
 */
ngx_int_t ngx_http_veriff_secret_make(ngx_conf_t *cf, ngx_str_t *file,
    u_char *key);

/*
 * Reads it: NGX_OK, NGX_DECLINED (there is none) or NGX_ERROR, which is
 * logged.
 */
ngx_int_t ngx_http_veriff_secret_load(ngx_log_t *log, ngx_str_t *file,
    u_char *key);


#endif /* _NGX_HTTP_VERIFF_SECRET_H_INCLUDED_ */
