
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_user.h"


static ngx_uint_t ngx_http_veriff_user_is_refused(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_user_is_whole(ngx_http_request_t *r,
    ngx_http_complex_value_t *expr);
static ngx_int_t ngx_http_veriff_user_is_header(ngx_str_t *value);


ngx_int_t
ngx_http_veriff_user(ngx_http_request_t *r,
    ngx_http_complex_value_t *expr, ngx_http_veriff_ctx_t *ctx,
    ngx_str_t *reason)
{
    ngx_int_t  rc;
    ngx_str_t  user;

    if (expr == NULL) {
        expr = ctx->integration->user;
    }

    if (ngx_http_complex_value(r, expr, &user) != NGX_OK) {
        return NGX_ERROR;
    }

    if (user.len == 0 || ngx_http_veriff_user_is_refused(r)) {
        return NGX_DECLINED;
    }

    rc = ngx_http_veriff_user_is_whole(r, expr);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_veriff_user_check(&user, reason) != NGX_OK) {
        return NGX_ABORT;
    }

    ctx->user = user;

    return NGX_OK;
}


/*
 * An "error_page 495" serves clients whose certificate could not be verified:
 * what it says of them is their own claim.
 */

static ngx_uint_t
ngx_http_veriff_user_is_refused(ngx_http_request_t *r)
{
    ngx_uint_t                   key;
    ngx_http_variable_value_t   *v;
    ngx_http_veriff_loc_conf_t  *vlcf;

    static ngx_str_t  name = ngx_string("ssl_client_verify");

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    if (!vlcf->certified) {
        return 0;
    }

    key = ngx_hash_key(name.data, name.len);

    v = ngx_http_get_variable(r, &name, key);

    /* "SUCCESS", "NONE" or "FAILED:reason"; nothing without TLS */

    return v == NULL
           || (!v->not_found && v->len >= 6
               && ngx_strncmp(v->data, "FAILED", 6) == 0);
}


/*
 * All who have no name would be one user, "acme:", and verified as soon as one
 * of them is.
 */

static ngx_int_t
ngx_http_veriff_user_is_whole(ngx_http_request_t *r,
    ngx_http_complex_value_t *expr)
{
    ngx_uint_t                 *index;
    ngx_http_variable_value_t  *v;

    if (expr->flushes == NULL) {
        return NGX_OK;
    }

    /* the variables of the expression, as they have just been evaluated */

    for (index = expr->flushes; *index != (ngx_uint_t) -1; index++) {
        v = ngx_http_get_indexed_variable(r, *index);

        if (v == NULL) {
            return NGX_ERROR;
        }

        if (v->not_found || v->len == 0) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_user_check(ngx_str_t *user, ngx_str_t *reason)
{
    if (user->len > NGX_VERIFF_USER_MAX) {
        ngx_str_set(reason, "the user is longer than 512 bytes");
        return NGX_ABORT;
    }

    /* webhooks bring it back to the app, in a header */

    if (ngx_http_veriff_user_is_header(user) != NGX_OK) {
        ngx_str_set(reason, "the user holds control characters, or begins or "
                            "ends with a space");
        return NGX_ABORT;
    }

    return NGX_OK;
}


/* what comes out of a header as it went in */

static ngx_int_t
ngx_http_veriff_user_is_header(ngx_str_t *value)
{
    size_t  i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < 0x20 || value->data[i] == 0x7f) {
            return NGX_DECLINED;
        }
    }

    return (value->data[0] == ' ' || value->data[value->len - 1] == ' ')
           ? NGX_DECLINED : NGX_OK;
}
