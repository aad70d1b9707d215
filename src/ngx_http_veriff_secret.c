
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
static ngx_int_t ngx_http_veriff_secret_write(u_char *file, u_char *key);
static ngx_int_t ngx_http_veriff_secret_sync(u_char *dir);


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
ngx_http_veriff_secret_make(ngx_conf_t *cf, ngx_str_t *file, u_char *key)
{
    ngx_err_t  err;
    ngx_int_t  rc;
    ngx_str_t  dir, tmp;

    /*
     * A key is whole or not there, whenever the power fails; and two masters
     * never make two: link() does not replace what is there.
     */

    tmp.len = file->len + 1 + NGX_INT64_LEN;
    tmp.data = ngx_pnalloc(cf->pool, tmp.len + 1);

    dir.len = file->len - (sizeof("/key") - 1);
    dir.data = ngx_pnalloc(cf->pool, dir.len + 1);

    if (tmp.data == NULL || dir.data == NULL) {
        return NGX_ERROR;
    }

    tmp.len = ngx_sprintf(tmp.data, "%V.%P%Z", file, ngx_pid) - tmp.data - 1;
    (void) ngx_cpystrn(dir.data, file->data, dir.len + 1);

    (void) ngx_delete_file(tmp.data);

    rc = ngx_http_veriff_secret_write(tmp.data, key);

    if (rc == NGX_OK && link((char *) tmp.data, (char *) file->data) == -1) {
        rc = (ngx_errno == NGX_EEXIST) ? NGX_DECLINED : NGX_ERROR;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_veriff_secret_sync(dir.data);
    }

    err = ngx_errno;

    (void) ngx_delete_file(tmp.data);

    if (rc == NGX_DECLINED) {
        rc = ngx_http_veriff_secret_load(cf->log, file, key);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, err,
                      "veriff key \"%V\" cannot be made", file);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_secret_load(ngx_log_t *log, ngx_str_t *file, u_char *key)
{
    u_char     buf[NGX_VERIFF_KEY_LEN + 1];
    ssize_t    n;
    ngx_fd_t   fd;

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE && ngx_errno == NGX_ENOENT) {
        return NGX_DECLINED;
    }

    n = (fd == NGX_INVALID_FILE) ? NGX_ERROR
                                 : ngx_read_fd(fd, buf, sizeof(buf));

    if (n == NGX_ERROR) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "veriff key \"%V\" cannot be read", file);

    } else if (n != NGX_VERIFF_KEY_LEN) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "veriff key \"%V\" is not a file of exactly %d bytes",
                      file, NGX_VERIFF_KEY_LEN);

    } else {
        ngx_memcpy(key, buf, NGX_VERIFF_KEY_LEN);
    }

    ngx_explicit_memzero(buf, sizeof(buf));

    if (fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(fd);
    }

    return (n == NGX_VERIFF_KEY_LEN) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_veriff_secret_write(u_char *file, u_char *key)
{
    ngx_int_t  rc;
    ngx_fd_t   fd;

    fd = open((char *) file, O_WRONLY|O_CREAT|O_EXCL, 0600);

    if (fd == NGX_INVALID_FILE) {
        return NGX_ERROR;
    }

    rc = (ngx_veriff_random(key, NGX_VERIFF_KEY_LEN) == NGX_OK
          && ngx_write_fd(fd, key, NGX_VERIFF_KEY_LEN) == NGX_VERIFF_KEY_LEN
          && fsync(fd) == 0)
         ? NGX_OK : NGX_ERROR;

    (void) ngx_close_file(fd);

    return rc;
}


static ngx_int_t
ngx_http_veriff_secret_sync(u_char *dir)
{
    ngx_int_t  rc;
    ngx_fd_t   fd;

    fd = open((char *) dir, O_RDONLY|O_DIRECTORY);

    if (fd == NGX_INVALID_FILE) {
        return NGX_ERROR;
    }

    rc = (fsync(fd) == 0) ? NGX_OK : NGX_ERROR;

    (void) ngx_close_file(fd);

    return rc;
}
