
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_payload_path.h"


static size_t ngx_veriff_payload_path_len(ngx_veriff_payload_at_t *at);
static u_char *ngx_veriff_payload_path_write(u_char *p,
    ngx_veriff_payload_at_t *at);


ngx_int_t
ngx_veriff_payload_path(ngx_pool_t *pool, ngx_veriff_payload_at_t *at,
    ngx_str_t *path)
{
    if (at->parent == NULL) {
        ngx_str_set(path, "payload");
        return NGX_OK;
    }

    path->data = ngx_pnalloc(pool, ngx_veriff_payload_path_len(at));
    if (path->data == NULL) {
        return NGX_ERROR;
    }

    path->len = ngx_veriff_payload_path_write(path->data, at) - path->data;

    return NGX_OK;
}


static size_t
ngx_veriff_payload_path_len(ngx_veriff_payload_at_t *at)
{
    size_t  len;

    for (len = 0; at->parent; at = at->parent) {
        len += 1 + (at->name ? ngx_strlen(at->name) : NGX_INT_T_LEN + 1);
    }

    return len;
}


static u_char *
ngx_veriff_payload_path_write(u_char *p, ngx_veriff_payload_at_t *at)
{
    if (at->parent == NULL) {
        return p;
    }

    p = ngx_veriff_payload_path_write(p, at->parent);

    if (at->name == NULL) {
        return ngx_sprintf(p, "[%ui]", at->index);
    }

    if (at->parent->parent) {
        *p++ = '.';
    }

    return ngx_cpymem(p, at->name, ngx_strlen(at->name));
}
