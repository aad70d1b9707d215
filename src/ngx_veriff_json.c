
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "ngx_veriff_json.h"
#include "ngx_veriff_json_alloc.h"


/* up to here a double has every integer: 2^53 */

#define NGX_VERIFF_JSON_REAL_MAX  9007199254740992.0


static ngx_int_t ngx_veriff_json_load(ngx_pool_t *pool, u_char *p,
    size_t len, size_t flags, json_error_t *error, ngx_veriff_json_t **json);
static ngx_int_t ngx_veriff_json_root(u_char *p, size_t len, size_t flags,
    json_error_t *error, json_t **root);
static ngx_uint_t ngx_veriff_json_nul(u_char *p, size_t len,
    json_error_t *error);
static void ngx_veriff_json_cleanup(void *data);
static void ngx_veriff_json_error(ngx_pool_t *pool, json_error_t *error,
    ngx_veriff_json_error_t *err);
static size_t ngx_veriff_json_char_len(u_char *p, u_char *last);


ngx_veriff_json_t *
ngx_veriff_json_parse(ngx_pool_t *pool, u_char *p, size_t len,
    ngx_veriff_json_error_t *err)
{
    ngx_int_t           rc;
    json_error_t        error;
    ngx_veriff_json_t  *json;

    if (err) {
        ngx_memzero(err, sizeof(ngx_veriff_json_error_t));
    }

    rc = ngx_veriff_json_load(pool, p, len, 0, &error, &json);

    if (rc == NGX_DECLINED && err) {
        ngx_veriff_json_error(pool, &error, err);
    }

    return json;
}


ngx_int_t
ngx_veriff_json_read(ngx_pool_t *pool, u_char *p, size_t len,
    ngx_veriff_json_t **json)
{
    json_error_t  error;

    return ngx_veriff_json_load(pool, p, len, 0, &error, json);
}


ngx_int_t
ngx_veriff_json_read_provider(ngx_pool_t *pool, u_char *p, size_t len,
    ngx_veriff_json_t **json)
{
    ngx_int_t     rc;
    json_error_t  error;

    rc = ngx_veriff_json_load(pool, p, len, 0, &error, json);

    if (rc != NGX_DECLINED
        || json_error_code(&error) != json_error_numeric_overflow)
    {
        return rc;
    }

    return ngx_veriff_json_load(pool, p, len, JSON_DECODE_INT_AS_REAL, &error,
                                json);
}


static ngx_int_t
ngx_veriff_json_load(ngx_pool_t *pool, u_char *p, size_t len, size_t flags,
    json_error_t *error, ngx_veriff_json_t **json)
{
    json_t              *root;
    ngx_int_t            rc;
    ngx_pool_cleanup_t  *cln;

    *json = NULL;

    ngx_memzero(error, sizeof(json_error_t));

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_veriff_json_root(p, len, flags, error, &root);

    if (rc != NGX_OK) {
        return rc;
    }

    cln->handler = ngx_veriff_json_cleanup;
    cln->data = root;

    *json = (ngx_veriff_json_t *) root;

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_json_root(u_char *p, size_t len, size_t flags,
    json_error_t *error, json_t **root)
{
    *root = NULL;

    ngx_memzero(error, sizeof(json_error_t));

    if (ngx_veriff_json_nul(p, len, error)) {
        return NGX_DECLINED;
    }

    ngx_veriff_json_alloc_watch();

    *root = json_loadb((char *) p, len, JSON_REJECT_DUPLICATES|flags, error);

    if (ngx_veriff_json_alloc_lacks()) {

        /* what there is may lack bytes of strings */

        json_decref(*root);
        *root = NULL;

        return NGX_ERROR;
    }

    return *root ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_veriff_json_look(u_char *p, size_t len, ngx_veriff_json_look_pt look,
    void *data)
{
    json_t        *root;
    ngx_int_t      rc;
    json_error_t   error;

    ngx_veriff_json_arena_begin();

    rc = ngx_veriff_json_root(p, len, 0, &error, &root);

    if (rc == NGX_DECLINED
        && json_error_code(&error) == json_error_numeric_overflow)
    {
        rc = ngx_veriff_json_root(p, len, JSON_DECODE_INT_AS_REAL, &error,
                                  &root);
    }

    if (rc == NGX_OK) {
        rc = look((ngx_veriff_json_t *) root, data);
    }

    if (!ngx_veriff_json_arena_whole()) {
        json_decref(root);
    }

    ngx_veriff_json_arena_end();

    return rc;
}


/* jansson overlooks one that follows a number */

static ngx_uint_t
ngx_veriff_json_nul(u_char *p, size_t len, json_error_t *error)
{
    u_char  *nul;

    nul = len ? memchr(p, '\0', len) : NULL;

    if (nul == NULL) {
        return 0;
    }

    error->line = 1;
    error->column = 1;

    for ( /* void */ ; p < nul; p++) {
        error->column++;

        if (*p == LF) {
            error->line++;
            error->column = 1;
        }
    }

    ngx_memcpy(error->text, "NUL byte", sizeof("NUL byte"));

    return 1;
}


static void
ngx_veriff_json_cleanup(void *data)
{
    json_t  *json = data;

    json_decref(json);
}


static void
ngx_veriff_json_error(ngx_pool_t *pool, json_error_t *error,
    ngx_veriff_json_error_t *err)
{
    size_t  i, len;

    err->line = ngx_max(error->line, 0);
    err->column = ngx_max(error->column, 0);

    len = ngx_strlen(error->text);

    err->text.data = ngx_pnalloc(pool, len + 1);
    if (err->text.data == NULL) {
        return;
    }

    /* the text quotes the input */

    for (i = 0; i < len; i++) {
        err->text.data[i] = ((u_char) error->text[i] < 0x20
                             || error->text[i] == 0x7f)
                            ? ' ' : error->text[i];
    }

    err->text.data[len] = '\0';
    err->text.len = len;
}


ngx_veriff_json_t *
ngx_veriff_json_object(ngx_veriff_json_t *json, const char *name)
{
    json_t  *member;

    member = json_object_get((json_t *) json, name);

    return json_is_object(member) ? (ngx_veriff_json_t *) member : NULL;
}


ngx_int_t
ngx_veriff_json_string(ngx_veriff_json_t *json, const char *name,
    ngx_str_t *value)
{
    json_t  *member;

    ngx_str_null(value);

    if (!json_is_object((json_t *) json)) {
        return NGX_ERROR;
    }

    member = json_object_get((json_t *) json, name);

    if (member == NULL || json_is_null(member)) {
        return NGX_DECLINED;
    }

    if (!json_is_string(member)) {
        return NGX_ERROR;
    }

    value->data = (u_char *) json_string_value(member);
    value->len = json_string_length(member);

    return NGX_OK;
}


ngx_int_t
ngx_veriff_json_integer(ngx_veriff_json_t *json, const char *name,
    int64_t *value)
{
    double   real;
    json_t  *member;

    *value = 0;

    if (!json_is_object((json_t *) json)) {
        return NGX_ERROR;
    }

    member = json_object_get((json_t *) json, name);

    if (member == NULL || json_is_null(member)) {
        return NGX_DECLINED;
    }

    if (json_is_integer(member)) {
        *value = json_integer_value(member);
        return NGX_OK;
    }

    /* see ngx_veriff_json_read_provider() */

    real = json_is_real(member) ? json_real_value(member) : 0.5;

    if (real < -NGX_VERIFF_JSON_REAL_MAX || real > NGX_VERIFF_JSON_REAL_MAX
        || real != (double) (int64_t) real)
    {
        return NGX_ERROR;
    }

    *value = (int64_t) real;

    return NGX_OK;
}


ngx_uint_t
ngx_veriff_json_is_object(ngx_veriff_json_t *json)
{
    return json_is_object((json_t *) json);
}


ngx_uint_t
ngx_veriff_json_has(ngx_veriff_json_t *json, const char *name)
{
    return json_object_get((json_t *) json, name) != NULL;
}


uintptr_t
ngx_veriff_json_escape(u_char *p, ngx_str_t *value)
{
    u_char     ch;
    size_t     i;
    uintptr_t  len;

    static u_char  hex[] = "0123456789abcdef";

    if (p == NULL) {
        len = 2;

        for (i = 0; i < value->len; i++) {
            ch = value->data[i];

            if (ch < 0x20 || ch == '<' || ch == '>' || ch == '&') {
                len += sizeof("\\u0000") - 1;

            } else {
                len += (ch == '"' || ch == '\\') ? 2 : 1;
            }
        }

        return len;
    }

    *p++ = '"';

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];

        if (ch < 0x20 || ch == '<' || ch == '>' || ch == '&') {
            p = ngx_cpymem(p, "\\u00", 4);
            *p++ = hex[ch >> 4];
            *p++ = hex[ch & 0xf];
            continue;
        }

        if (ch == '"' || ch == '\\') {
            *p++ = '\\';
        }

        *p++ = ch;
    }

    *p++ = '"';

    return (uintptr_t) p;
}


ngx_int_t
ngx_veriff_json_utf8(ngx_str_t *value)
{
    u_char  *p, *last;
    size_t   n;

    p = value->data;
    last = p + value->len;

    while (p < last) {
        n = ngx_veriff_json_char_len(p, last);

        if (n == 0) {
            return NGX_DECLINED;
        }

        p += n;
    }

    return NGX_OK;
}


/* the length of a valid character, or 0 */

static size_t
ngx_veriff_json_char_len(u_char *p, u_char *last)
{
    size_t    i, n;
    uint32_t  c;

    if (*p < 0x80) {
        return (*p != '\0');
    }

    if (*p < 0xc2 || *p > 0xf4) {
        return 0;
    }

    n = (*p < 0xe0) ? 2 : (*p < 0xf0) ? 3 : 4;

    if ((size_t) (last - p) < n) {
        return 0;
    }

    c = *p & (0x7f >> n);

    for (i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        c = (c << 6) | (p[i] & 0x3f);
    }

    /* overlong forms, surrogates and what is beyond Unicode */

    if (n == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) {
        return 0;
    }

    if (n == 4 && (c < 0x10000 || c > 0x10ffff)) {
        return 0;
    }

    return n;
}
