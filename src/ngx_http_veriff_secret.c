
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_secret.h"
#include "ngx_http_veriff_file.h"


#define NGX_HTTP_VERIFF_SECRET_FILE_MAX  4096
#define NGX_HTTP_VERIFF_SECRET_MIN       8      /* bytes of a secret */


static ssize_t ngx_http_veriff_secret_read(ngx_conf_t *cf, ngx_str_t *file,
    u_char *buf);
static ngx_int_t ngx_http_veriff_secret_split(ngx_conf_t *cf,
    ngx_str_t *file, u_char *buf, size_t n, ngx_array_t *lines,
    ngx_uint_t max);
static ngx_uint_t ngx_http_veriff_secret_uuid(ngx_str_t *key);


ngx_array_t *
ngx_http_veriff_secret_lines(ngx_conf_t *cf, ngx_str_t *file, ngx_uint_t max)
{
    u_char        buf[NGX_HTTP_VERIFF_SECRET_FILE_MAX];
    ssize_t       n;
    ngx_int_t     rc;
    ngx_array_t  *lines;

    lines = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
    if (lines == NULL) {
        return NULL;
    }

    n = ngx_http_veriff_secret_read(cf, file, buf);
    if (n == NGX_ERROR) {
        return NULL;
    }

    rc = ngx_http_veriff_secret_split(cf, file, buf, n, lines, max);

    ngx_explicit_memzero(buf, n);

    if (rc != NGX_OK) {
        ngx_http_veriff_secret_forget(lines);
        return NULL;
    }

    return lines;
}


void
ngx_http_veriff_secret_forget(ngx_array_t *lines)
{
    ngx_str_t   *line;
    ngx_uint_t   i;

    line = lines->elts;

    for (i = 0; i < lines->nelts; i++) {
        ngx_explicit_memzero(line[i].data, line[i].len);
        line[i].len = 0;
    }

    lines->nelts = 0;
}


static ngx_int_t
ngx_http_veriff_secret_split(ngx_conf_t *cf, ngx_str_t *file, u_char *buf,
    size_t n, ngx_array_t *lines, ngx_uint_t max)
{
    u_char      *p, *end, *eol, *last;
    ngx_str_t   *line;
    ngx_uint_t   number;

    end = buf + n;
    number = 0;

    for (p = buf; p < end; p = eol + 1) {

        eol = ngx_strlchr(p, end, LF);
        if (eol == NULL) {
            eol = end;
        }

        number++;

        last = (eol > p && eol[-1] == CR) ? eol - 1 : eol;

        if (last == p) {
            continue;
        }

        if (lines->nelts == max) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "too many lines in \"%V\", the maximum is %ui",
                               file, max);
            return NGX_ERROR;
        }

        line = ngx_array_push(lines);
        if (line == NULL) {
            return NGX_ERROR;
        }

        line->len = last - p;
        line->data = ngx_pnalloc(cf->pool, line->len);
        if (line->data == NULL) {
            lines->nelts--;
            return NGX_ERROR;
        }

        ngx_memcpy(line->data, p, line->len);

        if (line->len < NGX_HTTP_VERIFF_SECRET_MIN) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "value in line %ui of \"%V\" is shorter than "
                               "%d bytes", number, file,
                               NGX_HTTP_VERIFF_SECRET_MIN);
            return NGX_ERROR;
        }

        for ( /* void */ ; p < last; p++) {
            if (*p <= 0x20 || *p >= 0x7f) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "space, control or non-ASCII character in "
                                   "line %ui of \"%V\", put the bare value "
                                   "on its own line", number, file);
                return NGX_ERROR;
            }
        }
    }

    if (lines->nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is empty, it must hold the value as the "
                           "provider's portal shows it", file);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_secret_api_key(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *key)
{
    ngx_array_t  *lines;

    lines = ngx_http_veriff_secret_lines(cf, file, 1);
    if (lines == NULL) {
        return NGX_ERROR;
    }

    *key = *(ngx_str_t *) lines->elts;

    if (!ngx_http_veriff_secret_uuid(key)) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "API key in \"%V\" is not a UUID, the provider's "
                           "keys are", file);
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_veriff_secret_uuid(ngx_str_t *key)
{
    u_char      c;
    ngx_uint_t  i;

    if (key->len != NGX_VERIFF_UUID_LEN) {
        return 0;
    }

    for (i = 0; i < key->len; i++) {
        c = ngx_tolower(key->data[i]);

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') {
                return 0;
            }

        } else if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_veriff_secret_key(ngx_conf_t *cf, ngx_str_t *file, u_char *key)
{
    u_char   buf[NGX_HTTP_VERIFF_SECRET_FILE_MAX];
    ssize_t  n;

    n = ngx_http_veriff_secret_read(cf, file, buf);
    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (n == NGX_VERIFF_KEY_LEN) {
        ngx_memcpy(key, buf, NGX_VERIFF_KEY_LEN);
    }

    ngx_explicit_memzero(buf, n);

    if (n != NGX_VERIFF_KEY_LEN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" has %z bytes, a key file has exactly %d "
                           "random bytes, make one with \"head -c %d "
                           "/dev/urandom\"", file, n, NGX_VERIFF_KEY_LEN,
                           NGX_VERIFF_KEY_LEN);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ssize_t
ngx_http_veriff_secret_read(ngx_conf_t *cf, ngx_str_t *file, u_char *buf)
{
    ssize_t     n;
    ngx_uint_t  mode;

    n = ngx_http_veriff_file_read(cf, file, buf,
                                  NGX_HTTP_VERIFF_SECRET_FILE_MAX, &mode);

    if (n != NGX_ERROR && (mode & S_IROTH)) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"%V\" can be read by everybody, use "
                           "\"chmod o-r\"", file);
    }

    return n;
}


ngx_int_t
ngx_http_veriff_secret_make(ngx_cycle_t *cycle, ngx_str_t *file, u_char *key)
{
    u_char    *p;
    ssize_t    n;
    ngx_fd_t   fd;

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd != NGX_INVALID_FILE) {
        n = ngx_read_fd(fd, key, NGX_VERIFF_KEY_LEN);
        p = (u_char *) "is not a key file of 32 bytes";

    } else if (ngx_errno == NGX_ENOENT) {

        /* exclusively: two masters must not make two keys */

        fd = open((char *) file->data, O_WRONLY|O_CREAT|O_EXCL, 0600);

        n = NGX_ERROR;
        p = (u_char *) "cannot be made";

        if (fd != NGX_INVALID_FILE
            && ngx_veriff_random(key, NGX_VERIFF_KEY_LEN) == NGX_OK)
        {
            n = ngx_write_fd(fd, key, NGX_VERIFF_KEY_LEN);

            if (fsync(fd) == -1) {
                n = NGX_ERROR;
            }
        }

    } else {
        n = NGX_ERROR;
        p = (u_char *) "cannot be read";
    }

    if (n != NGX_VERIFF_KEY_LEN) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "veriff key \"%V\" %s", file, p);
    }

    if (fd != NGX_INVALID_FILE && ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", file);
    }

    return (n == NGX_VERIFF_KEY_LEN) ? NGX_OK : NGX_ERROR;
}
