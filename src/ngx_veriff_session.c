
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_api.h"
#include "ngx_veriff_json.h"
#include "ngx_veriff_session.h"
#include "ngx_veriff_url.h"


#define NGX_VERIFF_SESSION_CODE_MAX  8


static ngx_int_t ngx_veriff_session_echo(ngx_veriff_json_t *json,
    const char *name, ngx_str_t *sent);


ngx_int_t
ngx_veriff_session_parse(ngx_pool_t *pool, ngx_str_t *body,
    ngx_array_t *url_hosts, ngx_str_t *vendor_data, ngx_str_t *end_user_id,
    ngx_veriff_session_t *session, const char **reason)
{
    ngx_str_t           status;
    ngx_veriff_json_t  *json, *verification;

    ngx_memzero(session, sizeof(ngx_veriff_session_t));

    if (ngx_veriff_json_read_provider(pool, body->data, body->len, &json)
        != NGX_OK)
    {
        *reason = "no valid JSON";
        return NGX_DECLINED;
    }

    if (ngx_veriff_json_string(json, "status", &status) != NGX_OK
        || status.len != sizeof("success") - 1
        || ngx_strncmp(status.data, "success", status.len) != 0)
    {
        *reason = "status is not success";
        return NGX_DECLINED;
    }

    verification = ngx_veriff_json_object(json, "verification");
    if (verification == NULL) {
        *reason = "no verification object";
        return NGX_DECLINED;
    }

    if (ngx_veriff_json_string(verification, "id", &session->id) != NGX_OK
        || ngx_veriff_api_id(&session->id) != NGX_OK)
    {
        *reason = "invalid session id";
        return NGX_DECLINED;
    }

    if (ngx_veriff_json_string(verification, "url", &session->url) != NGX_OK) {
        *reason = "no session URL";
        return NGX_DECLINED;
    }

    if (ngx_veriff_url_check(&session->url, url_hosts) != NGX_OK) {
        *reason = "session URL is not https or its host not in \"url_hosts\"";
        return NGX_DECLINED;
    }

    if (ngx_veriff_session_echo(verification, "vendorData", vendor_data)
        != NGX_OK)
    {
        *reason = "vendorData is not the one sent";
        return NGX_DECLINED;
    }

    if (ngx_veriff_session_echo(verification, "endUserId", end_user_id)
        != NGX_OK)
    {
        *reason = "endUserId is not the one sent";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_session_echo(ngx_veriff_json_t *json, const char *name,
    ngx_str_t *sent)
{
    ngx_str_t  value;

    if (ngx_veriff_json_string(json, name, &value) == NGX_ERROR
        || value.len != sent->len)
    {
        return NGX_DECLINED;
    }

    if (value.len && ngx_memcmp(value.data, sent->data, value.len) != 0) {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_veriff_session_error(ngx_pool_t *pool, ngx_str_t *body, ngx_str_t *code)
{
    size_t              i;
    int64_t             n;
    ngx_veriff_json_t  *json;

    ngx_str_null(code);

    if (ngx_veriff_json_read_provider(pool, body->data, body->len, &json)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (ngx_veriff_json_integer(json, "code", &n) == NGX_OK) {

        if (n < 0 || n > 99999999) {
            return NGX_DECLINED;
        }

        code->data = ngx_pnalloc(pool, NGX_VERIFF_SESSION_CODE_MAX);
        if (code->data == NULL) {
            return NGX_DECLINED;
        }

        code->len = ngx_sprintf(code->data, "%ui", (ngx_uint_t) n)
                    - code->data;

        return NGX_OK;
    }

    if (ngx_veriff_json_string(json, "code", code) != NGX_OK
        || code->len == 0 || code->len > NGX_VERIFF_SESSION_CODE_MAX)
    {
        goto declined;
    }

    for (i = 0; i < code->len; i++) {
        if (code->data[i] < '0' || code->data[i] > '9') {
            goto declined;
        }
    }

    return NGX_OK;

declined:

    ngx_str_null(code);

    return NGX_DECLINED;
}
