
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "ngx_veriff_json_pointer.h"


#define NGX_VERIFF_JSON_NUMBER_LEN  32
#define NGX_VERIFF_JSON_INDEX_LEN   9      /* digits */


typedef struct {
    const char                *name;        /* unescaped */
    ngx_int_t                  index;       /* NGX_ERROR: none */
} ngx_veriff_json_token_t;


struct ngx_veriff_json_pointer_s {
    ngx_uint_t                 n;
    ngx_veriff_json_token_t   *tokens;
};


static ngx_int_t ngx_veriff_json_index(u_char *p, size_t len);
static json_t *ngx_veriff_json_find(json_t *json,
    ngx_veriff_json_pointer_t *pointer);
static ngx_int_t ngx_veriff_json_number(ngx_pool_t *pool, json_t *json,
    ngx_str_t *value);


ngx_veriff_json_pointer_t *
ngx_veriff_json_pointer(ngx_pool_t *pool, ngx_str_t *text,
    const char **reason)
{
    u_char                     *p, *dst, *last, *start;
    ngx_uint_t                  n;
    ngx_veriff_json_token_t    *token;
    ngx_veriff_json_pointer_t  *pointer;

    *reason = NULL;

    if (text->len == 0 || text->data[0] != '/') {
        *reason = "must begin with \"/\"";
        return NULL;
    }

    n = 0;
    last = text->data + text->len;

    for (p = text->data; p < last; p++) {
        n += (*p == '/');

        if (*p == '~' && (p + 1 == last || (p[1] != '0' && p[1] != '1'))) {
            *reason = "may have \"~\" only in \"~0\" (a tilde) and \"~1\" "
                      "(a slash)";
            return NULL;
        }
    }

    pointer = ngx_palloc(pool, sizeof(ngx_veriff_json_pointer_t));
    token = ngx_pcalloc(pool, n * sizeof(ngx_veriff_json_token_t));
    dst = ngx_pnalloc(pool, text->len);

    if (pointer == NULL || token == NULL || dst == NULL) {
        return NULL;
    }

    pointer->n = n;
    pointer->tokens = token;

    /* the NUL takes the place of the slash in front */

    for (p = text->data; p < last; token++) {

        start = dst;

        for (p++; p < last && *p != '/'; p++) {

            if (*p == '~') {
                p++;
                *dst++ = (*p == '0') ? '~' : '/';

            } else {
                *dst++ = *p;
            }
        }

        token->name = (const char *) start;
        token->index = ngx_veriff_json_index(start, dst - start);

        *dst++ = '\0';
    }

    return pointer;
}


/* "-" is the element behind the last, and "01" is none */

static ngx_int_t
ngx_veriff_json_index(u_char *p, size_t len)
{
    size_t     i;
    ngx_int_t  index;

    if (len == 0 || len > NGX_VERIFF_JSON_INDEX_LEN
        || (len > 1 && *p == '0'))
    {
        return NGX_ERROR;
    }

    index = 0;

    for (i = 0; i < len; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return NGX_ERROR;
        }

        index = index * 10 + (p[i] - '0');
    }

    return index;
}


ngx_int_t
ngx_veriff_json_pointer_get(ngx_pool_t *pool, ngx_veriff_json_t *json,
    ngx_veriff_json_pointer_t *pointer, ngx_str_t *value)
{
    json_t  *found;

    ngx_str_null(value);

    found = ngx_veriff_json_find((json_t *) json, pointer);

    if (found == NULL) {
        return NGX_DECLINED;
    }

    switch (json_typeof(found)) {

    case JSON_STRING:
        value->data = (u_char *) json_string_value(found);
        value->len = json_string_length(found);
        return NGX_OK;

    case JSON_INTEGER:
    case JSON_REAL:
        return ngx_veriff_json_number(pool, found, value);

    case JSON_TRUE:
        ngx_str_set(value, "true");
        return NGX_OK;

    case JSON_FALSE:
        ngx_str_set(value, "false");
        return NGX_OK;

    default: /* JSON_NULL, JSON_OBJECT, JSON_ARRAY */
        return NGX_DECLINED;
    }
}


static json_t *
ngx_veriff_json_find(json_t *json, ngx_veriff_json_pointer_t *pointer)
{
    ngx_uint_t                i;
    ngx_veriff_json_token_t  *token;

    for (i = 0; i < pointer->n && json; i++) {
        token = &pointer->tokens[i];

        if (json_is_object(json)) {
            json = json_object_get(json, token->name);

        } else if (json_is_array(json) && token->index != NGX_ERROR) {
            json = json_array_get(json, (size_t) token->index);

        } else {
            return NULL;
        }
    }

    return json;
}


static ngx_int_t
ngx_veriff_json_number(ngx_pool_t *pool, json_t *json, ngx_str_t *value)
{
    size_t   len;
    u_char  *p;

    p = ngx_pnalloc(pool, NGX_VERIFF_JSON_NUMBER_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    len = json_dumpb(json, (char *) p, NGX_VERIFF_JSON_NUMBER_LEN,
                     JSON_ENCODE_ANY|JSON_REAL_PRECISION(15));

    if (len == 0 || len > NGX_VERIFF_JSON_NUMBER_LEN) {
        return NGX_ERROR;
    }

    value->data = p;
    value->len = len;

    return NGX_OK;
}
