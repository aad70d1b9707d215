
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_headers.h"


typedef struct {
    ngx_str_t   name;           /* a prefix if it ends in '-' */
    ngx_uint_t  class;
} ngx_http_veriff_header_t;


static ngx_uint_t ngx_http_veriff_header_class(ngx_str_t *name);
static ngx_uint_t ngx_http_veriff_header_is(ngx_str_t *header, u_char *name,
    size_t len);
static ngx_int_t ngx_http_veriff_headers_variables(ngx_http_request_t *r,
    ngx_uint_t classes);
static ngx_uint_t ngx_http_veriff_header_variable(ngx_str_t *name);
static void ngx_http_veriff_headers_forget(ngx_http_request_t *r);


static ngx_http_veriff_header_t  ngx_http_veriff_headers[] = {
    { ngx_string("x-veriff-"), NGX_HTTP_VERIFF_OURS },

    { ngx_string("x-auth-client"), NGX_HTTP_VERIFF_PROVIDER },
    { ngx_string("x-hmac-signature"), NGX_HTTP_VERIFF_PROVIDER },
    { ngx_string("x-signature"), NGX_HTTP_VERIFF_PROVIDER },
    { ngx_string("vrf-auth-client"), NGX_HTTP_VERIFF_PROVIDER },
    { ngx_string("vrf-hmac-signature"), NGX_HTTP_VERIFF_PROVIDER },
    { ngx_string("vrf-integration-id"), NGX_HTTP_VERIFF_PROVIDER },

    { ngx_string("cookie"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("authorization"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("proxy-authorization"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("accept-encoding"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("range"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("if-"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("upgrade"), NGX_HTTP_VERIFF_CLIENT },

    /* what frames the request is nginx's to say, however it is spelled */

    { ngx_string("content-length"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("transfer-encoding"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("keep-alive"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("proxy-connection"), NGX_HTTP_VERIFF_CLIENT },

    /* a request that is signed and let through as one could act as another */

    { ngx_string("x-http-method-override"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("x-http-method"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("x-method-override"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("x-original-url"), NGX_HTTP_VERIFF_CLIENT },
    { ngx_string("x-rewrite-url"), NGX_HTTP_VERIFF_CLIENT },

    { ngx_null_string, 0 }
};


ngx_int_t
ngx_http_veriff_headers_handler(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    part = &r->headers_in.headers.part;
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

        if (ngx_http_veriff_header_is(&header[i].key,
                                      (u_char *) "x-veriff-", 9))
        {
            return (ngx_http_veriff_headers_remove(r, NGX_HTTP_VERIFF_OURS)
                    == NGX_OK)
                   ? NGX_DECLINED : NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_veriff_headers_remove(ngx_http_request_t *r, ngx_uint_t classes)
{
    ngx_uint_t        i;
    ngx_list_t        headers;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header, *h;

    if (ngx_list_init(&headers, r->pool, 20, sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    part = &r->headers_in.headers.part;
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

        if (ngx_http_veriff_header_class(&header[i].key) & classes) {
            continue;
        }

        h = ngx_list_push(&headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = header[i];
    }

    /*
     * The part is copied with the list: a list of one part must have "last"
     * point to the part inside of it.
     */

    r->headers_in.headers = headers;

    if (headers.last == &headers.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    if (classes & NGX_HTTP_VERIFF_CLIENT) {
        ngx_http_veriff_headers_forget(r);
    }

    return ngx_http_veriff_headers_variables(r, classes);
}


/*
 * A variable that was evaluated before has its value still, and would bring
 * it back through proxy_set_header.
 */

static ngx_int_t
ngx_http_veriff_headers_variables(ngx_http_request_t *r, ngx_uint_t classes)
{
    size_t                      size;
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_variable_value_t  *values;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    if (r != r->main && r->variables == r->parent->variables) {

        /* the parent has its headers yet */

        size = cmcf->variables.nelts * sizeof(ngx_http_variable_value_t);

        values = ngx_palloc(r->pool, size);
        if (values == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(values, r->variables, size);
        r->variables = values;
    }

    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        if (ngx_http_veriff_header_variable(&v[i].name) & classes) {
            r->variables[i].valid = 0;
            r->variables[i].not_found = 0;
        }
    }

    return NGX_OK;
}


/* the class of the header that "$http_name" or "$cookie_name" is taken from */

static ngx_uint_t
ngx_http_veriff_header_variable(ngx_str_t *name)
{
    ngx_str_t  header;

    if (name->len > 7 && ngx_strncmp(name->data, "cookie_", 7) == 0) {
        return NGX_HTTP_VERIFF_CLIENT;
    }

    if (name->len <= 5 || ngx_strncmp(name->data, "http_", 5) != 0) {
        return 0;
    }

    header.data = name->data + 5;
    header.len = name->len - 5;

    return ngx_http_veriff_header_class(&header);
}


/*
 * What nginx has parsed of the headers removed would act on the answer, or
 * come back through a variable in proxy_set_header.  What it has parsed of
 * Authorization stays: $remote_user in the access log is made of it.
 */

static void
ngx_http_veriff_headers_forget(ngx_http_request_t *r)
{
    r->headers_in.if_modified_since = NULL;
    r->headers_in.if_unmodified_since = NULL;
    r->headers_in.if_match = NULL;
    r->headers_in.if_none_match = NULL;
    r->headers_in.range = NULL;
    r->headers_in.if_range = NULL;
#if (NGX_HTTP_GZIP || NGX_HTTP_HEADERS)
    r->headers_in.accept_encoding = NULL;
#endif

    r->headers_in.upgrade = NULL;

#if (nginx_version >= 1023000)
    r->headers_in.cookie = NULL;
#else
    r->headers_in.cookies.nelts = 0;
#endif
}


static ngx_uint_t
ngx_http_veriff_header_class(ngx_str_t *name)
{
    ngx_http_veriff_header_t  *h;

    for (h = ngx_http_veriff_headers; h->name.len; h++) {

        if (h->name.data[h->name.len - 1] != '-'
            && h->name.len != name->len)
        {
            continue;
        }

        if (ngx_http_veriff_header_is(name, h->name.data, h->name.len)) {
            return h->class;
        }
    }

    return 0;
}


/* compares the beginning of a header's name */

static ngx_uint_t
ngx_http_veriff_header_is(ngx_str_t *header, u_char *name, size_t len)
{
    u_char  c;
    size_t  i;

    if (header->len < len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        c = ngx_tolower(header->data[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
            c = '-';
        }

        if (c != name[i]) {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_http_veriff_headers_is(ngx_str_t *header, ngx_str_t *name)
{
    return header->len == name->len
           && ngx_http_veriff_header_is(header, name->data, name->len);
}


ngx_int_t
ngx_http_veriff_headers_add(ngx_http_request_t *r,
    ngx_http_veriff_name_t *name, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->key = name->key;
    h->value = *value;
    h->lowcase_key = name->lowcase;
    h->hash = ngx_hash_key(name->lowcase, name->key.len);

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_headers_value(ngx_str_t *value)
{
    size_t  i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < 0x20 || value->data[i] == 0x7f) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_headers_hidden(ngx_http_request_t *r,
    ngx_http_veriff_name_t *name, ngx_str_t *value)
{
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    if (ngx_http_veriff_headers_add(r, name, value) != NGX_OK) {
        return NGX_ERROR;
    }

    /* it goes out all the same, but $http_* passes it over */

    part = r->headers_in.headers.last;
    header = part->elts;
    header[part->nelts - 1].hash = 0;

    return NGX_OK;
}


ngx_uint_t
ngx_http_veriff_headers_find(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    return ngx_http_veriff_headers_in_list(&r->headers_in.headers, name,
                                           value);
}


ngx_uint_t
ngx_http_veriff_headers_in_list(ngx_list_t *headers, const char *name,
    ngx_str_t *value)
{
    size_t            len;
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    ngx_str_null(value);

    len = ngx_strlen(name);
    part = &headers->part;
    header = part->elts;
    n = 0;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        if (header[i].hash == 0 || header[i].key.len != len
            || !ngx_http_veriff_header_is(&header[i].key, (u_char *) name,
                                          len))
        {
            continue;
        }

        if (n++ == 0) {
            *value = header[i].value;
        }
    }

    return n;
}


void
ngx_http_veriff_headers_hide(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

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

        if (ngx_http_veriff_header_class(&header[i].key)
            & NGX_HTTP_VERIFF_PROVIDER)
        {
            header[i].hash = 0;
        }
    }
}


ngx_int_t
ngx_http_veriff_headers_out(ngx_http_request_t *r, const char *key,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.data = (u_char *) key;
    h->key.len = ngx_strlen(key);
    h->value = *value;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return NGX_OK;
}
