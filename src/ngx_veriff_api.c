
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_api.h"


static ngx_int_t ngx_veriff_api_path(ngx_str_t *path);
static ngx_int_t ngx_veriff_api_escape(u_char *p, u_char *last);
static void ngx_veriff_api_segment(ngx_str_t *path, ngx_str_t *segment);
static ngx_int_t ngx_veriff_api_feedback(ngx_pool_t *pool, ngx_str_t *path,
    ngx_veriff_api_rule_t *rule);
static ngx_uint_t ngx_veriff_api_has_id(ngx_str_t *name);
static ngx_int_t ngx_veriff_api_hex(u_char ch);


static ngx_str_t  ngx_veriff_api_prefix = ngx_string("/v1");

static ngx_str_t  ngx_veriff_api_feedback_name = ngx_string("feedback");
static ngx_str_t  ngx_veriff_api_media_name = ngx_string("media");
static ngx_str_t  ngx_veriff_api_sessions_name = ngx_string("sessions");

static ngx_str_t  ngx_veriff_api_id_names[] = {
    ngx_string("sessions"),
    ngx_string("attempts"),
    ngx_string("media"),
    ngx_null_string
};


ngx_int_t
ngx_veriff_api_rule(ngx_pool_t *pool, ngx_veriff_method_e method,
    ngx_str_t *path, ngx_veriff_api_rule_t *rule)
{
    ngx_str_t  rest, name, id;

    ngx_memzero(rule, sizeof(ngx_veriff_api_rule_t));

    if (ngx_veriff_api_path(path) != NGX_OK) {
        return NGX_DECLINED;
    }

    rest.data = path->data + ngx_veriff_api_prefix.len;
    rest.len = path->len - ngx_veriff_api_prefix.len;

    ngx_veriff_api_segment(&rest, &name);
    ngx_veriff_api_segment(&rest, &id);

    rule->body = (method == NGX_VERIFF_POST || method == NGX_VERIFF_PATCH);
    rule->sign = rule->body;

    if (name.len == ngx_veriff_api_feedback_name.len
        && ngx_strncmp(name.data, ngx_veriff_api_feedback_name.data, name.len)
           == 0)
    {
        return ngx_veriff_api_feedback(pool, path, rule);
    }

    if (id.len == 0 || !ngx_veriff_api_has_id(&name)) {
        return NGX_OK;
    }

    if (ngx_veriff_api_id(&id) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (rule->body) {
        return NGX_OK;
    }

    rule->sign = 1;
    rule->text = id;

    if (method == NGX_VERIFF_GET
        && name.len == ngx_veriff_api_media_name.len
        && ngx_strncmp(name.data, ngx_veriff_api_media_name.data, name.len)
           == 0)
    {
        /* deeper paths do not exist */
        rule->binary = (rest.len <= 1);
    }

    if (method == NGX_VERIFF_DELETE
        && name.len == ngx_veriff_api_sessions_name.len
        && ngx_strncmp(name.data, ngx_veriff_api_sessions_name.data, name.len)
           == 0)
    {
        rule->gone = (rest.len <= 1);
    }

    return NGX_OK;
}


ngx_int_t
ngx_veriff_api_id(ngx_str_t *id)
{
    u_char  ch;
    size_t  i;

    if (id->len == 0 || id->len > NGX_VERIFF_ID_MAX) {
        return NGX_DECLINED;
    }

    if (id->data[0] == '.'
        && (id->len == 1 || (id->len == 2 && id->data[1] == '.')))
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < id->len; i++) {
        ch = ngx_tolower(id->data[i]);

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9')
            && ch != '.' && ch != '_' && ch != '-')
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_api_path(ngx_str_t *path)
{
    size_t   len;
    u_char  *p, *last, *segment;

    len = ngx_veriff_api_prefix.len;

    if (path->len <= len
        || ngx_strncmp(path->data, ngx_veriff_api_prefix.data, len) != 0
        || path->data[len] != '/')
    {
        return NGX_DECLINED;
    }

    p = path->data + len + 1;
    last = path->data + path->len;

    for (segment = p; /* void */ ; p++) {

        if (p == last || *p == '/') {

            if ((p == segment && p < last)
                || (p - segment == 1 && segment[0] == '.')
                || (p - segment == 2 && segment[0] == '.'
                    && segment[1] == '.'))
            {
                return NGX_DECLINED;
            }

            if (p == last) {
                return NGX_OK;
            }

            segment = p + 1;
            continue;
        }

        if (*p <= 0x20 || *p >= 0x7f
            || *p == '#' || *p == '?' || *p == ';' || *p == '\\')
        {
            return NGX_DECLINED;
        }

        if (*p == '%' && ngx_veriff_api_escape(p, last) != NGX_OK) {
            return NGX_DECLINED;
        }
    }
}


static ngx_int_t
ngx_veriff_api_escape(u_char *p, u_char *last)
{
    ngx_int_t  high, low, ch;

    if (last - p < 3) {
        return NGX_DECLINED;
    }

    high = ngx_veriff_api_hex(p[1]);
    low = ngx_veriff_api_hex(p[2]);

    if (high == NGX_ERROR || low == NGX_ERROR) {
        return NGX_DECLINED;
    }

    ch = high * 16 + low;

    if (ch < 0x20 || ch == 0x7f
        || ch == '/' || ch == '\\' || ch == '.' || ch == ';')
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* takes "/segment" off the path; the segment is empty at its end */

static void
ngx_veriff_api_segment(ngx_str_t *path, ngx_str_t *segment)
{
    u_char  *p, *last;

    p = path->data;
    last = p + path->len;

    if (p < last) {
        p++;
    }

    segment->data = p;

    while (p < last && *p != '/') { p++; }

    segment->len = p - segment->data;

    path->data = p;
    path->len = last - p;
}


static ngx_int_t
ngx_veriff_api_feedback(ngx_pool_t *pool, ngx_str_t *path,
    ngx_veriff_api_rule_t *rule)
{
    rule->sign = 1;
    rule->feedback = 1;

    if (!rule->body) {
        rule->text = *path;
        return NGX_OK;
    }

    rule->text.data = ngx_pnalloc(pool, path->len + 1);
    if (rule->text.data == NULL) {
        return NGX_ERROR;
    }

    rule->text.len = path->len + 1;

    *ngx_cpymem(rule->text.data, path->data, path->len) = LF;

    return NGX_OK;
}


static ngx_uint_t
ngx_veriff_api_has_id(ngx_str_t *name)
{
    ngx_str_t  *p;

    for (p = ngx_veriff_api_id_names; p->len; p++) {
        if (p->len == name->len
            && ngx_strncmp(p->data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_veriff_api_hex(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch = ngx_tolower(ch);

    if (ch >= 'a' && ch <= 'f') {
        return ch - 'a' + 10;
    }

    return NGX_ERROR;
}
