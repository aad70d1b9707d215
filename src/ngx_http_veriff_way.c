
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_way.h"
#include "ngx_http_veriff_headers.h"


#define NGX_HTTP_VERIFF_WAY_TRIES   4       /* cookies of one name */

#define NGX_HTTP_VERIFF_WAY_PREFIX  "__Host-"
#define NGX_HTTP_VERIFF_WAY_NAME    "veriff_"
#define NGX_HTTP_VERIFF_WAY_FLAGS   "; Path=/; HttpOnly; SameSite=Lax"
#define NGX_HTTP_VERIFF_WAY_SECURE  "; Secure"


typedef struct {
    ngx_str_t                        name;
    ngx_http_veriff_integration_t   *integration;
    ngx_http_veriff_way_t           *way;
    ngx_uint_t                       tries;
} ngx_http_veriff_way_search_t;


static ngx_uint_t ngx_http_veriff_way_fits(ngx_http_veriff_integration_t *vi,
    ngx_str_t *path);
static ngx_int_t ngx_http_veriff_way_search(ngx_http_request_t *r,
    ngx_http_veriff_way_search_t *search, ngx_str_t *cookies);
static ngx_uint_t ngx_http_veriff_way_next(ngx_str_t *cookies,
    ngx_str_t *name, ngx_str_t *value);
static ngx_uint_t ngx_http_veriff_way_secure(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi);
static ngx_int_t ngx_http_veriff_way_name(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_str_t *name);
static ngx_int_t ngx_http_veriff_way_cookie(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_str_t *text, time_t max_age);


void
ngx_http_veriff_way_here(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_str_t *path)
{
    *path = r->unparsed_uri;

    if (!ngx_http_veriff_way_fits(vi, path)) {
        ngx_str_set(path, "/");
    }
}


/* who is led back to one of these pages is led away again */

static ngx_uint_t
ngx_http_veriff_way_fits(ngx_http_veriff_integration_t *vi, ngx_str_t *path)
{
    return ngx_veriff_way_path(path) == NGX_OK
           && !ngx_veriff_way_is(path, &vi->start_uri)
           && !ngx_veriff_way_is(path, &vi->return_uri);
}


ngx_int_t
ngx_http_veriff_way_arg(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_str_t *path)
{
    u_char      *p, *last, *end, *dst, *src;
    ngx_str_t    value;
    ngx_uint_t   n;

    p = r->args.data;
    last = p + r->args.len;

    n = 0;
    ngx_str_null(&value);

    for ( /* void */ ; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');
        if (end == NULL) {
            end = last;
        }

        if (end - p >= 7 && ngx_strncmp(p, "return=", 7) == 0) {
            value.data = p + 7;
            value.len = end - value.data;
            n++;
        }
    }

    /* an escape is at most three bytes long */

    if (n != 1 || value.len == 0 || value.len > 3 * NGX_VERIFF_WAY_MAX) {
        return NGX_DECLINED;
    }

    dst = ngx_pnalloc(r->pool, value.len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    path->data = dst;
    src = value.data;

    ngx_unescape_uri(&dst, &src, value.len, 0);

    path->len = dst - path->data;

    return ngx_http_veriff_way_fits(vi, path) ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_veriff_way_set(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_http_veriff_way_t *way)
{
    ngx_str_t                     text;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (ngx_veriff_way_seal(r->pool, vmcf->keys, &vi->name, way, ngx_time(),
                            &text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_veriff_way_cookie(r, vi, &text, NGX_VERIFF_WAY_LIFETIME);
}


ngx_int_t
ngx_http_veriff_way_clear(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi)
{
    ngx_str_t  none = ngx_null_string;

    return ngx_http_veriff_way_cookie(r, vi, &none, 0);
}


ngx_int_t
ngx_http_veriff_way_get(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_http_veriff_way_t *way)
{
    ngx_int_t                      rc;
    ngx_http_veriff_way_search_t   search;
#if (nginx_version >= 1023000)
    ngx_table_elt_t               *h;
#else
    ngx_uint_t                     i;
    ngx_table_elt_t              **h;
#endif

    if (ngx_http_veriff_way_name(r, vi, &search.name) != NGX_OK) {
        return NGX_ERROR;
    }

    search.integration = vi;
    search.way = way;
    search.tries = 0;

    rc = NGX_DECLINED;

#if (nginx_version >= 1023000)

    for (h = r->headers_in.cookie; h && rc == NGX_DECLINED; h = h->next) {
        rc = ngx_http_veriff_way_search(r, &search, &h->value);
    }

#else

    h = r->headers_in.cookies.elts;

    for (i = 0; i < r->headers_in.cookies.nelts && rc == NGX_DECLINED; i++) {
        rc = ngx_http_veriff_way_search(r, &search, &h[i]->value);
    }

#endif

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "veriff way of \"%V\": %i", &vi->name, rc);

    return rc;
}


/* tries those of the name in one Cookie header */

static ngx_int_t
ngx_http_veriff_way_search(ngx_http_request_t *r,
    ngx_http_veriff_way_search_t *search, ngx_str_t *cookies)
{
    ngx_int_t                     rc;
    ngx_str_t                     rest, value;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    rest = *cookies;

    while (search->tries < NGX_HTTP_VERIFF_WAY_TRIES
           && ngx_http_veriff_way_next(&rest, &search->name, &value))
    {
        search->tries++;

        rc = ngx_veriff_way_open(r->pool, vmcf->keys,
                                 &search->integration->name, &value,
                                 ngx_time(), search->way);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return NGX_DECLINED;
}


/* takes the next cookie of the name off the list; zero if there is none */

static ngx_uint_t
ngx_http_veriff_way_next(ngx_str_t *cookies, ngx_str_t *name,
    ngx_str_t *value)
{
    u_char  *p, *last, *end;

    p = cookies->data;
    last = p + cookies->len;

    while (p < last) {

        while (p < last && *p == ' ') { p++; }

        end = ngx_strlchr(p, last, ';');
        if (end == NULL) {
            end = last;
        }

        if ((size_t) (end - p) > name->len
            && p[name->len] == '='
            && ngx_strncmp(p, name->data, name->len) == 0)
        {
            value->data = p + name->len + 1;
            value->len = end - value->data;

            cookies->data = (end < last) ? end + 1 : last;
            cookies->len = last - cookies->data;

            return 1;
        }

        p = end + 1;
    }

    return 0;
}


static ngx_uint_t
ngx_http_veriff_way_secure(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi)
{
#if (NGX_HTTP_SSL)
    if (r->connection->ssl) {
        return 1;
    }
#endif

    /* TLS may end before nginx */

    return vi->callback.len > 8
           && ngx_strncasecmp(vi->callback.data, (u_char *) "https://", 8)
              == 0;
}


static ngx_int_t
ngx_http_veriff_way_name(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_str_t *name)
{
    u_char  *p;

    name->data = ngx_pnalloc(r->pool,
                             sizeof(NGX_HTTP_VERIFF_WAY_PREFIX
                                    NGX_HTTP_VERIFF_WAY_NAME) - 1
                             + vi->name.len);
    if (name->data == NULL) {
        return NGX_ERROR;
    }

    p = name->data;

    if (ngx_http_veriff_way_secure(r, vi)) {
        p = ngx_cpymem(p, NGX_HTTP_VERIFF_WAY_PREFIX,
                       sizeof(NGX_HTTP_VERIFF_WAY_PREFIX) - 1);
    }

    p = ngx_sprintf(p, NGX_HTTP_VERIFF_WAY_NAME "%V", &vi->name);

    name->len = p - name->data;

    return NGX_OK;
}


/* one of the name in each answer: what was said last */

static ngx_int_t
ngx_http_veriff_way_cookie(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_str_t *text, time_t max_age)
{
    u_char           *p;
    ngx_str_t         name, value;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    if (ngx_http_veriff_way_name(r, vi, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    value.data = ngx_pnalloc(r->pool, name.len + 1 + text->len
                             + sizeof(NGX_HTTP_VERIFF_WAY_FLAGS
                                      NGX_HTTP_VERIFF_WAY_SECURE
                                      "; Max-Age=") - 1
                             + NGX_TIME_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(value.data, "%V=%V" NGX_HTTP_VERIFF_WAY_FLAGS "%s"
                    "; Max-Age=%T", &name, text,
                    ngx_http_veriff_way_secure(r, vi)
                    ? NGX_HTTP_VERIFF_WAY_SECURE : "",
                    max_age);

    value.len = p - value.data;

    part = &r->headers_out.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        if (header[i].hash
            && header[i].key.len == sizeof("Set-Cookie") - 1
            && ngx_strncasecmp(header[i].key.data, (u_char *) "Set-Cookie",
                               sizeof("Set-Cookie") - 1)
               == 0
            && header[i].value.len > name.len
            && header[i].value.data[name.len] == '='
            && ngx_strncmp(header[i].value.data, name.data, name.len) == 0)
        {
            header[i].value = value;
            return NGX_OK;
        }
    }

    return ngx_http_veriff_headers_out(r, "Set-Cookie", &value);
}


ngx_int_t
ngx_http_veriff_way_uri(ngx_http_request_t *r, ngx_str_t *page,
    ngx_str_t *path, ngx_str_t *uri)
{
    u_char     *p;
    uintptr_t   escape;

    static const char  arg[] = "?return=";

    escape = ngx_escape_uri(NULL, path->data, path->len,
                            NGX_ESCAPE_URI_COMPONENT);

    uri->len = page->len + sizeof(arg) - 1 + path->len + 2 * escape;
    uri->data = ngx_pnalloc(r->pool, uri->len);
    if (uri->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(uri->data, page->data, page->len);
    p = ngx_cpymem(p, arg, sizeof(arg) - 1);

    (void) ngx_escape_uri(p, path->data, path->len, NGX_ESCAPE_URI_COMPONENT);

    return NGX_OK;
}
