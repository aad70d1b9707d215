
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_variable.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_webhook_read.h"


static ngx_int_t ngx_http_veriff_variable_ctx(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_veriff_variable_token(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_veriff_variable_uuid(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_veriff_variable_reason(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_veriff_variable_webhook(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_veriff_variable_type(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_veriff_variable_duplicate(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_veriff_variable_set(ngx_http_variable_value_t *v,
    ngx_str_t *value);


/*
 * None of them looks anything up but what a webhook says; they are empty until
 * a handler ran.
 */

static ngx_http_variable_t  ngx_http_veriff_vars[] = {

    { ngx_string("veriff_user_token"), NULL,
      ngx_http_veriff_variable_token, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_user_uuid"), NULL,
      ngx_http_veriff_variable_uuid, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_session_id"), NULL, ngx_http_veriff_variable_ctx,
      offsetof(ngx_http_veriff_ctx_t, session_id),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_state"), NULL, ngx_http_veriff_variable_ctx,
      offsetof(ngx_http_veriff_ctx_t, state), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_status"), NULL, ngx_http_veriff_variable_ctx,
      offsetof(ngx_http_veriff_ctx_t, status), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_decision_time"), NULL, ngx_http_veriff_variable_ctx,
      offsetof(ngx_http_veriff_ctx_t, decision_time),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_gate"), NULL, ngx_http_veriff_variable_ctx,
      offsetof(ngx_http_veriff_ctx_t, gate), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_gate_reason"), NULL, ngx_http_veriff_variable_ctx,
      offsetof(ngx_http_veriff_ctx_t, gate_reason),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_webhook"), NULL,
      ngx_http_veriff_variable_reason, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_webhook_type"), NULL,
      ngx_http_veriff_variable_type, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_webhook_session_id"), NULL,
      ngx_http_veriff_variable_webhook,
      offsetof(ngx_http_veriff_ctx_t, webhook)
      + offsetof(ngx_veriff_webhook_t, session_id),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_webhook_status"), NULL,
      ngx_http_veriff_variable_webhook,
      offsetof(ngx_http_veriff_ctx_t, webhook)
      + offsetof(ngx_veriff_webhook_t, status),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_webhook_vendor_data"), NULL,
      ngx_http_veriff_variable_webhook,
      offsetof(ngx_http_veriff_ctx_t, webhook)
      + offsetof(ngx_veriff_webhook_t, vendor_data),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_webhook_user"), NULL,
      ngx_http_veriff_variable_ctx,
      offsetof(ngx_http_veriff_ctx_t, webhook_user),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("veriff_webhook_duplicate"), NULL,
      ngx_http_veriff_variable_duplicate, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_veriff_variable_init(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_veriff_vars; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_veriff_variable_reads(ngx_cycle_t *cycle)
{
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module);

    /* what a directive names has an index */

    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        if (v[i].get_handler == ngx_http_veriff_variable_webhook
            || v[i].get_handler == ngx_http_veriff_variable_type)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_veriff_variable_ctx(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              *value;
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_veriff_ctx_get(r);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    value = (ngx_str_t *) ((char *) ctx + data);

    /* "\r\n" in a JSON string would end a header in proxy_set_header */

    if (ngx_http_veriff_headers_value(value) != NGX_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_veriff_variable_set(v, value);
}


static ngx_int_t
ngx_http_veriff_variable_token(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                     token;
    ngx_http_veriff_ctx_t        *ctx;
    ngx_http_veriff_main_conf_t  *vmcf;

    ctx = ngx_http_veriff_ctx_get(r);
    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (ctx == NULL || ctx->user.len == 0 || vmcf->keys == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (ngx_veriff_token_seal(r->pool, vmcf->keys, &ctx->integration->name,
                              &ctx->user, &token)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_veriff_variable_set(v, &token);
}


static ngx_int_t
ngx_http_veriff_variable_uuid(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                     uuid;
    ngx_http_veriff_ctx_t        *ctx;
    ngx_http_veriff_main_conf_t  *vmcf;

    ctx = ngx_http_veriff_ctx_get(r);
    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (ctx == NULL || ctx->user.len == 0 || vmcf->keys == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    uuid.len = NGX_VERIFF_UUID_LEN;
    uuid.data = ngx_pnalloc(r->pool, uuid.len);

    if (uuid.data == NULL
        || ngx_veriff_user_uuid(vmcf->keys, &ctx->integration->name,
                                &ctx->user, uuid.data)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_veriff_variable_set(v, &uuid);
}


static ngx_int_t
ngx_http_veriff_variable_reason(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t               value;
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_veriff_ctx_get(r);

    if (ctx == NULL || ctx->webhook_reason == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    value.data = (u_char *) ctx->webhook_reason;
    value.len = ngx_strlen(ctx->webhook_reason);

    return ngx_http_veriff_variable_set(v, &value);
}


static ngx_int_t
ngx_http_veriff_variable_webhook(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_veriff_ctx_get(r);

    if (ctx && ngx_http_veriff_webhook_read_late(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_veriff_variable_ctx(r, v, data);
}


static ngx_int_t
ngx_http_veriff_variable_type(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_veriff_ctx_get(r);

    if (ctx == NULL || !ctx->webhook_valid) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (ngx_http_veriff_webhook_read_late(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_veriff_variable_set(v,
                           ngx_veriff_webhook_type_name(ctx->webhook.type));
}


static ngx_int_t
ngx_http_veriff_variable_duplicate(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_veriff_ctx_t  *ctx;

    static ngx_str_t  one = ngx_string("1");

    ctx = ngx_http_veriff_ctx_get(r);

    if (ctx == NULL || !ctx->webhook_valid || !ctx->webhook_again) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_veriff_variable_set(v, &one);
}


static ngx_int_t
ngx_http_veriff_variable_set(ngx_http_variable_value_t *v, ngx_str_t *value)
{
    v->data = value->data;
    v->len = value->len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
