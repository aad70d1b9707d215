
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_FILE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_FILE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Reads a whole regular file of at most max bytes into buf, while the
 * configuration is read; the name is completed with the configuration's
 * prefix in place.  Sets the file's mode.  Returns its size, or NGX_ERROR
 * after an error was logged with file and line.
 */
ssize_t ngx_http_veriff_file_read(ngx_conf_t *cf, ngx_str_t *name,
    u_char *buf, size_t max, ngx_uint_t *mode);


#endif /* _NGX_HTTP_VERIFF_FILE_H_INCLUDED_ */
