
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_sign.h"
#include "ngx_http_veriff_answer.h"
#include "ngx_http_veriff_body.h"
#include "ngx_http_veriff_call.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_reply.h"


static ngx_int_t ngx_http_veriff_sign_begin(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_sign_target(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_sign_path(ngx_http_request_t *r,
    ngx_str_t *path);
static ngx_int_t ngx_http_veriff_sign_headers(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);
static ngx_int_t ngx_http_veriff_sign_refuse(ngx_http_request_t *r,
    ngx_uint_t status, const char *detail);


static ngx_http_veriff_name_t  ngx_http_veriff_auth_client[] = {
    ngx_http_veriff_name("X-AUTH-CLIENT", "x-auth-client"),
    ngx_http_veriff_name("VRF-AUTH-CLIENT", "vrf-auth-client")
};

static ngx_http_veriff_name_t  ngx_http_veriff_hmac_signature[] = {
    ngx_http_veriff_name("X-HMAC-SIGNATURE", "x-hmac-signature"),
    ngx_http_veriff_name("VRF-HMAC-SIGNATURE", "vrf-hmac-signature")
};

static ngx_http_veriff_name_t  ngx_http_veriff_integration_id =
    ngx_http_veriff_name("vrf-integration-id", "vrf-integration-id");

static ngx_str_t  ngx_http_veriff_methods =
    ngx_string("GET, POST, PATCH, DELETE");


ngx_int_t
ngx_http_veriff_sign_handler(ngx_http_request_t *r,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_int_t               rc;
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    if (ctx == NULL) {
        ctx = ngx_http_veriff_ctx_create(r);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ctx->call = ngx_http_veriff_call_of(r);

        if (ctx->call) {
            ctx->integration = ctx->call->integration;
        }
    }

    if (ctx->is_signed) {
        return NGX_DECLINED;
    }

    if (!ctx->signing) {

        if (ctx->call && ctx->integration != vlcf->sign->integration) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ctx->signing = 1;
        ctx->integration = vlcf->sign->integration;

        rc = ngx_http_veriff_sign_begin(r, ctx);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ctx->rule.body) {
        rc = ngx_http_veriff_body_read(r, ctx);

        if (rc == NGX_ERROR) {
            return ngx_http_veriff_sign_refuse(r,
                                         NGX_HTTP_INTERNAL_SERVER_ERROR,
                                         "The request could not be signed.");
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ngx_http_veriff_sign_headers(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->is_signed = 1;

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_veriff_sign_forget(ngx_http_request_t *r)
{
    ngx_http_request_t     *pr;
    ngx_http_veriff_ctx_t  *ctx;

    for (pr = r; pr; pr = pr->parent) {
        ctx = ngx_http_veriff_ctx_get(pr);

        if (ctx && ctx->is_signed) {
            return (ngx_http_veriff_headers_remove(r,
                                                   NGX_HTTP_VERIFF_PROVIDER)
                    == NGX_OK)
                   ? NGX_DECLINED : NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_veriff_sign_begin(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_str_t            path;
    ngx_veriff_method_e  method;

    /* clients parse the answers blindly: no error page in their place */

    r->error_page = 1;

    if (ngx_http_veriff_answer_expect(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (r->method) {

    case NGX_HTTP_GET:
        method = NGX_VERIFF_GET;
        break;

    case NGX_HTTP_DELETE:
        method = NGX_VERIFF_DELETE;
        break;

    case NGX_HTTP_POST:
        method = NGX_VERIFF_POST;
        break;

    case NGX_HTTP_PATCH:
        method = NGX_VERIFF_PATCH;
        break;

    default:
        return ngx_http_veriff_sign_refuse(r, NGX_HTTP_NOT_ALLOWED,
                                           "The method is not supported.");
    }

    if (ngx_http_veriff_sign_target(r) != NGX_OK) {
        return ngx_http_veriff_sign_refuse(r, NGX_HTTP_BAD_GATEWAY,
                                           "The API has no usable address.");
    }

    if (ngx_http_veriff_sign_path(r, &path) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_veriff_api_rule(r->pool, method, &path, &ctx->rule);

    if (rc == NGX_DECLINED) {
        return ngx_http_veriff_sign_refuse(r, NGX_HTTP_BAD_REQUEST,
                                           "The path is not one of the API.");
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "veriff sign: s:%d b:%d f:%d",
                   ctx->rule.sign, ctx->rule.body, ctx->rule.feedback);

    if (!ctx->rule.sign) {
        return NGX_OK;
    }

    ctx->body.hmac = ngx_veriff_hmac_start(r->pool,
                                           ctx->integration->pair.secrets, 0);

    if (ctx->body.hmac == NULL
        || ngx_veriff_hmac_update(ctx->body.hmac, ctx->rule.text.data,
                                  ctx->rule.text.len)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_OK;
}


/* a variable in proxy_pass may stand for the host, not for a path */

static ngx_int_t
ngx_http_veriff_sign_target(ngx_http_request_t *r)
{
    u_char                      *p, *last;
    ngx_str_t                    target;
    ngx_http_veriff_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    if (vlcf->proxy_target == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, vlcf->proxy_target, &target) != NGX_OK) {
        return NGX_ERROR;
    }

    last = target.data + target.len;

    p = ngx_strlchr(target.data, last, ':');

    if (p == NULL || last - p <= 3) {
        goto invalid;
    }

    for (p += 3; p < last; p++) {
        if (*p <= 0x20 || *p >= 0x7f || *p == '/' || *p == '?' || *p == '#'
            || *p == '@' || *p == '\\')
        {
            goto invalid;
        }
    }

    return NGX_OK;

invalid:

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "veriff: what proxy_pass \"%V\" comes to is not a scheme "
                  "and a host alone", &vlcf->proxy_pass);

    return NGX_DECLINED;
}


/* the path as ngx_http_proxy_create_request() will write it */

static ngx_int_t
ngx_http_veriff_sign_path(ngx_http_request_t *r, ngx_str_t *path)
{
    u_char     *p;
    uintptr_t   escape;

    if (r->valid_unparsed_uri) {
        *path = r->unparsed_uri;

        p = ngx_strlchr(path->data, path->data + path->len, '?');
        if (p) {
            path->len = p - path->data;
        }

        return NGX_OK;
    }

    *path = r->uri;

    if (!r->quoted_uri && !r->internal) {
        return NGX_OK;
    }

    escape = ngx_escape_uri(NULL, r->uri.data, r->uri.len, NGX_ESCAPE_URI);

    if (escape == 0) {
        return NGX_OK;
    }

    path->len = r->uri.len + 2 * escape;
    path->data = ngx_pnalloc(r->pool, path->len);
    if (path->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_escape_uri(path->data, r->uri.data, r->uri.len,
                          NGX_ESCAPE_URI);

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_sign_headers(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    ngx_str_t                       signature;
    ngx_uint_t                      vrf;
    ngx_http_veriff_integration_t  *vi;

    vi = ctx->integration;
    vrf = ctx->rule.feedback;

    if (ngx_http_veriff_headers_remove(r, NGX_HTTP_VERIFF_OURS
                                          |NGX_HTTP_VERIFF_PROVIDER
                                          |NGX_HTTP_VERIFF_CLIENT)
        != NGX_OK
        || ngx_http_veriff_headers_hidden(r, &ngx_http_veriff_auth_client[vrf],
                                       &vi->pair.api_key)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (vi->integration_id.len
        && ngx_http_veriff_headers_hidden(r, &ngx_http_veriff_integration_id,
                                       &vi->integration_id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!ctx->rule.sign) {
        return NGX_OK;
    }

    signature.len = NGX_VERIFF_HMAC_HEX_LEN;
    signature.data = ngx_pnalloc(r->pool, signature.len);

    if (signature.data == NULL
        || ngx_veriff_hmac_sign(ctx->body.hmac, signature.data) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_veriff_headers_hidden(r,
                                       &ngx_http_veriff_hmac_signature[vrf],
                                       &signature);
}


static ngx_int_t
ngx_http_veriff_sign_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const char *detail)
{
    if (r != r->main) {
        return status;
    }

    if (status == NGX_HTTP_NOT_ALLOWED
        && ngx_http_veriff_headers_out(r, "Allow", &ngx_http_veriff_methods)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_finalize_request(r,
                       ngx_http_veriff_reply_error(r,
                                                   NGX_HTTP_VERIFF_REPLY_API,
                                                   status, detail, 0));

    return NGX_DONE;
}
