
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_user_uri.h"
#include "ngx_http_veriff_check_user.h"
#include "ngx_http_veriff_conf.h"


/* a piece of text, or a variable */

typedef struct {
    ngx_str_t   text;
    ngx_int_t   index;          /* NGX_ERROR: it is text */
    ngx_uint_t  args;           /* behind the question mark */
} ngx_http_veriff_user_part_t;


static ngx_int_t ngx_http_veriff_user_uri_parts(ngx_conf_t *cf,
    ngx_http_veriff_user_uri_t *uu);
static ngx_int_t ngx_http_veriff_user_uri_text(ngx_http_veriff_user_uri_t *uu,
    u_char *p, u_char *last, ngx_uint_t *args);
static ngx_int_t ngx_http_veriff_user_uri_part(ngx_http_veriff_user_uri_t *uu,
    u_char *p, u_char *last, ngx_int_t index, ngx_uint_t args);
static ngx_int_t ngx_http_veriff_user_uri_segment(
    ngx_http_variable_value_t *v);
static ngx_int_t ngx_http_veriff_user_uri_plain(ngx_str_t *uri);


char *
ngx_http_veriff_user_uri_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_loc_conf_t *vlcf = conf;

    ngx_str_t                   *value;
    ngx_http_veriff_user_uri_t  *uu;

    if (vlcf->user_check) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].data[0] != '/'
        || ngx_strlchr(value[1].data, value[1].data + value[1].len, '#'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid URI \"%V\" in \"%V\", use the path of a "
                           "location of this server, like "
                           "\"/user-check?id=$variable\"",
                           &value[1], &value[0]);
        return NGX_CONF_ERROR;
    }

    uu = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_user_uri_t));
    if (uu == NULL) {
        return NGX_CONF_ERROR;
    }

    uu->text = value[1];

    uu->parts = ngx_array_create(cf->pool, 4,
                                 sizeof(ngx_http_veriff_user_part_t));
    if (uu->parts == NULL
        || ngx_http_veriff_conf_place(cf, &uu->place) != NGX_OK
        || ngx_http_veriff_user_uri_parts(cf, uu) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    vlcf->user_check = uu;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_veriff_user_uri_parts(ngx_conf_t *cf, ngx_http_veriff_user_uri_t *uu)
{
    u_char      *p, *last, *dollar, *next;
    ngx_int_t    index;
    ngx_str_t    name;
    ngx_uint_t   args, brace;

    p = uu->text.data;
    last = uu->text.data + uu->text.len;
    args = 0;

    for ( ;; ) {
        dollar = ngx_strlchr(p, last, '$');

        if (ngx_http_veriff_user_uri_text(uu, p, dollar ? dollar : last,
                                          &args)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (dollar == NULL) {
            return NGX_OK;
        }

        next = dollar;

        (void) ngx_http_veriff_check_variable(&next, last, &name);

        brace = (dollar + 1 < last && dollar[1] == '{');

        if (name.len == 0 || (name.data[0] >= '0' && name.data[0] <= '9')
            || (brace && (next == last || *next != '}')))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid variable name in \"%V\"", &uu->text);
            return NGX_ERROR;
        }

        p = next + brace;

        index = ngx_http_get_variable_index(cf, &name);

        if (index == NGX_ERROR
            || ngx_http_veriff_user_uri_part(uu, NULL, NULL, index, args)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }
}


/* the question mark itself is in neither part */

static ngx_int_t
ngx_http_veriff_user_uri_text(ngx_http_veriff_user_uri_t *uu, u_char *p,
    u_char *last, ngx_uint_t *args)
{
    u_char  *mark;

    mark = *args ? NULL : ngx_strlchr(p, last, '?');

    if (mark) {

        if (ngx_http_veriff_user_uri_part(uu, p, mark, NGX_ERROR, 0)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        p = mark + 1;
        *args = 1;
    }

    return ngx_http_veriff_user_uri_part(uu, p, last, NGX_ERROR, *args);
}


static ngx_int_t
ngx_http_veriff_user_uri_part(ngx_http_veriff_user_uri_t *uu, u_char *p,
    u_char *last, ngx_int_t index, ngx_uint_t args)
{
    ngx_http_veriff_user_part_t  *part;

    part = ngx_array_push(uu->parts);
    if (part == NULL) {
        return NGX_ERROR;
    }

    part->text.data = p;
    part->text.len = last - p;
    part->index = index;
    part->args = args;

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_user_uri(ngx_http_request_t *r,
    ngx_http_veriff_user_uri_t *uu, ngx_str_t *uri, ngx_str_t *args)
{
    u_char                       *p;
    size_t                        len;
    ngx_uint_t                    i;
    ngx_http_variable_value_t   **v;
    ngx_http_veriff_user_part_t  *part;

    part = uu->parts->elts;
    len = uu->text.len;

    v = ngx_pcalloc(r->pool, uu->parts->nelts
                             * sizeof(ngx_http_variable_value_t *));
    if (v == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < uu->parts->nelts; i++) {

        if (part[i].index == NGX_ERROR) {
            continue;
        }

        v[i] = ngx_http_get_flushed_variable(r, part[i].index);
        if (v[i] == NULL) {
            return NGX_ERROR;
        }

        if (!part[i].args
            && ngx_http_veriff_user_uri_segment(v[i]) != NGX_OK)
        {
            return NGX_DECLINED;
        }

        len += v[i]->not_found ? 0 : 3 * v[i]->len;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    uri->data = p;
    args->data = NULL;

    for (i = 0; i < uu->parts->nelts; i++) {

        if (part[i].args && args->data == NULL) {
            args->data = p;
        }

        if (v[i] == NULL) {
            p = ngx_cpymem(p, part[i].text.data, part[i].text.len);

        } else if (v[i]->not_found) {
            continue;

        } else if (part[i].args) {
            p = (u_char *) ngx_escape_uri(p, v[i]->data, v[i]->len,
                                          NGX_ESCAPE_URI_COMPONENT);

        } else {

            /* it is escaped when the path is */

            p = ngx_cpymem(p, v[i]->data, v[i]->len);
        }
    }

    uri->len = (args->data ? args->data : p) - uri->data;
    args->len = args->data ? (size_t) (p - args->data) : 0;

    return ngx_http_veriff_user_uri_plain(uri);
}


/* "/users/$id" of nobody is the list of all users, and would be answered */

static ngx_int_t
ngx_http_veriff_user_uri_segment(ngx_http_variable_value_t *v)
{
    ngx_uint_t  i;

    if (v->not_found || v->len == 0) {
        return NGX_DECLINED;
    }

    for (i = 0; i < v->len; i++) {
        if (v->data[i] == '/' || v->data[i] == '\\' || v->data[i] < 0x20
            || v->data[i] == 0x7f)
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_user_uri_plain(ngx_str_t *uri)
{
    u_char  *p, *last, *slash;

    last = uri->data + uri->len;

    for (p = uri->data; p < last; p = slash) {

        p++;

        slash = ngx_strlchr(p, last, '/');
        if (slash == NULL) {
            slash = last;
        }

        if ((slash - p == 1 && p[0] == '.')
            || (slash - p == 2 && p[0] == '.' && p[1] == '.'))
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}
