
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_cors.h"
#include "ngx_http_veriff_headers.h"


typedef struct {
    const char  *key;
    ngx_str_t    value;
} ngx_http_veriff_cors_header_t;


static ngx_int_t ngx_http_veriff_cors_answer(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_cors_add(ngx_http_request_t *r,
    ngx_http_veriff_cors_header_t *header);


static ngx_http_veriff_cors_header_t  ngx_http_veriff_cors_actual[] = {
    { "Access-Control-Allow-Credentials", ngx_string("true") },
    { "Access-Control-Expose-Headers", ngx_string("Retry-After") },
    { NULL, ngx_null_string }
};


/* what the provider's SDKs send, and what says who the user is */

static ngx_http_veriff_cors_header_t  ngx_http_veriff_cors_preflight[] = {
    { "Access-Control-Allow-Credentials", ngx_string("true") },
    { "Access-Control-Allow-Methods", ngx_string("GET, POST") },
    { "Access-Control-Allow-Headers",
      ngx_string("Authorization, Content-Type, X-Requested-With, "
                 "X-Origin, X-AUTH-CLIENT, X-HMAC-SIGNATURE, "
                 "vrf-integration-id") },
    { "Access-Control-Max-Age", ngx_string("600") },
    { NULL, ngx_null_string }
};


static ngx_http_veriff_cors_header_t  ngx_http_veriff_cors_vary[] = {
    { "Vary", ngx_string("Origin") },
    { NULL, ngx_null_string }
};


ngx_int_t
ngx_http_veriff_cors_handler(ngx_http_request_t *r)
{
    ngx_str_t                    origin, method;
    ngx_http_veriff_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    if (r != r->main || vlcf->session == NULL || vlcf->status
        || vlcf->session->integration->origins == NULL
        || vlcf->format == NGX_HTTP_VERIFF_REDIRECT)
    {
        return NGX_DECLINED;
    }

    /* an error page may have led here again */

    if (ngx_http_veriff_headers_in_list(&r->headers_out.headers,
                                        "access-control-allow-origin",
                                        &origin))
    {
        return NGX_DECLINED;
    }

    if (ngx_http_veriff_cors_add(r, ngx_http_veriff_cors_vary) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ngx_http_veriff_cors_origin(r)) {
        return NGX_DECLINED;
    }

    (void) ngx_http_veriff_headers_find(r, "origin", &origin);

    if (ngx_http_veriff_headers_out(r, "Access-Control-Allow-Origin", &origin)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method == NGX_HTTP_OPTIONS
        && ngx_http_veriff_headers_find(r, "access-control-request-method",
                                        &method))
    {
        return ngx_http_veriff_cors_answer(r);
    }

    return (ngx_http_veriff_cors_add(r, ngx_http_veriff_cors_actual) == NGX_OK)
           ? NGX_DECLINED : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_veriff_cors_answer(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "veriff cors: preflight");

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_veriff_cors_add(r, ngx_http_veriff_cors_preflight) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    /* NGX_OK would let the next handler have it */

    ngx_http_finalize_request(r, ngx_http_send_header(r));

    return NGX_DONE;
}


static ngx_int_t
ngx_http_veriff_cors_add(ngx_http_request_t *r,
    ngx_http_veriff_cors_header_t *header)
{
    for ( /* void */ ; header->key; header++) {
        if (ngx_http_veriff_headers_out(r, header->key, &header->value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_veriff_cors_origin(ngx_http_request_t *r)
{
    ngx_str_t                    value, *origin;
    ngx_uint_t                   i;
    ngx_array_t                 *origins;
    ngx_http_veriff_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    origins = vlcf->session->integration->origins;

    if (origins == NULL
        || ngx_http_veriff_headers_find(r, "origin", &value) != 1)
    {
        return 0;
    }

    origin = origins->elts;

    for (i = 0; i < origins->nelts; i++) {
        if (origin[i].len == value.len
            && ngx_memcmp(origin[i].data, value.data, value.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
