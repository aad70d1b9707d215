
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_integration_payload.h"
#include "ngx_http_veriff_conf.h"
#include "ngx_http_veriff_file.h"

#include "ngx_veriff_payload_client.h"
#include "ngx_veriff_url.h"


typedef struct {
    ngx_conf_t                     *cf;
    ngx_http_veriff_integration_t  *vi;
    ngx_veriff_payload_conf_t       pc;
} ngx_http_veriff_integration_ctx_t;


static ngx_int_t ngx_http_veriff_integration_compile(void *data,
    ngx_str_t *text, void **expr);
static void ngx_http_veriff_integration_report(void *data, ngx_uint_t fatal,
    ngx_str_t *message);


char *
ngx_http_veriff_integration_payload_text(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    size_t      i;
    ngx_str_t  *value;

    if (vi->payload_text.data) {
        return "is duplicate, there is one \"payload\" or \"payload_file\"";
    }

    value = cf->args->elts;

    vi->payload_text = value[1];
    ngx_str_set(&vi->payload_name, "payload");

    if (ngx_http_veriff_conf_place(cf, &vi->payload_place) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    /* messages count lines within the text, so give the one it begins in */

    for (i = 0; i < value[1].len; i++) {
        if (value[1].data[i] == LF && vi->payload_place.line > 1) {
            vi->payload_place.line--;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_veriff_integration_payload_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ssize_t      n;
    ngx_str_t   *value;
    ngx_uint_t   mode;

    if (vi->payload_text.data) {
        return "is duplicate, there is one \"payload\" or \"payload_file\"";
    }

    value = cf->args->elts;

    vi->payload_text.data = ngx_pnalloc(cf->temp_pool, NGX_VERIFF_PAYLOAD_MAX);
    if (vi->payload_text.data == NULL) {
        return NGX_CONF_ERROR;
    }

    n = ngx_http_veriff_file_read(cf, &value[1], vi->payload_text.data,
                                  NGX_VERIFF_PAYLOAD_MAX, &mode);
    if (n == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    vi->payload_text.len = n;
    vi->payload_name = value[1];

    return (ngx_http_veriff_conf_place(cf, &vi->payload_place) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_veriff_integration_client_members(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_int_t    rc;
    ngx_str_t   *value;
    ngx_uint_t   i;
    const char  *reason;

    if (vi->client_members) {
        return "is duplicate";
    }

    vi->client_members = ngx_array_create(cf->pool, 4,
                                          sizeof(ngx_veriff_payload_member_t));
    if (vi->client_members == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        rc = ngx_veriff_payload_client_add(vi->client_members, &value[i],
                                           &reason);

        if (rc == NGX_DECLINED) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" in \"client_members\" %s",
                               &value[i], reason);
            return NGX_CONF_ERROR;
        }

        if (rc == NGX_DONE) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "\"%V\" in \"client_members\" is not a member "
                               "that is known", &value[i]);

        } else if (rc != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_veriff_integration_callback(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_str_t  *value, scheme, host, port;

    if (vi->callback.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    vi->callback = value[1];

    /* one with a variable is checked when a session is made */

    if (ngx_strlchr(value[1].data, value[1].data + value[1].len, '$')) {
        return NGX_CONF_OK;
    }

    /* http to the loopback address depends on url_hosts, see the payload */

    if (ngx_veriff_url_split(&value[1], &scheme, &host, &port) != NGX_OK
        || (scheme.len != sizeof("https") - 1
            && ngx_veriff_url_host_pattern(&host) != NGX_DONE))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid callback \"%V\", it is an https URL of "
                           "your site, where users come back to", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_veriff_integration_payload(ngx_conf_t *cf,
    ngx_http_veriff_integration_t *vi)
{
    ngx_http_veriff_integration_ctx_t  ctx;

    if (vi->payload_text.data == NULL) {
        ngx_str_set(&vi->payload_text, "{\"verification\":{}}");
        ngx_str_set(&vi->payload_name, "default payload");

        if (ngx_http_veriff_conf_place(cf, &vi->payload_place) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    vi->payload_users = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
    if (vi->payload_users == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ctx, sizeof(ngx_http_veriff_integration_ctx_t));

    ctx.cf = cf;
    ctx.vi = vi;

    ctx.pc.pool = cf->pool;
    ctx.pc.compile = ngx_http_veriff_integration_compile;
    ctx.pc.report = ngx_http_veriff_integration_report;
    ctx.pc.data = &ctx;
    ctx.pc.callback = vi->callback;
    ctx.pc.insecure_callback = vi->loopback;
    ngx_str_set(&ctx.pc.user_token, "$veriff_user_token");

    vi->payload = ngx_veriff_payload_compile(&ctx.pc, &vi->payload_text);

    return vi->payload ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_veriff_integration_compile(void *data, ngx_str_t *text, void **expr)
{
    ngx_http_veriff_integration_ctx_t *ctx = data;

    ngx_str_t                 *user;
    ngx_http_complex_value_t  *cv;

    /* who the user is must have been verified; see check_user */

    if (ctx->pc.is_user) {
        user = ngx_array_push(ctx->vi->payload_users);
        if (user == NULL) {
            return NGX_ERROR;
        }

        *user = *text;
    }

    cv = ngx_http_veriff_conf_expr(ctx->cf, text);

    *expr = cv;

    return cv ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_veriff_integration_report(void *data, ngx_uint_t fatal,
    ngx_str_t *message)
{
    ngx_http_veriff_integration_ctx_t *ctx = data;

    ngx_uint_t                      level;
    ngx_http_veriff_integration_t  *vi;

    vi = ctx->vi;
    level = fatal ? NGX_LOG_EMERG : NGX_LOG_WARN;

    ngx_log_error(level, ctx->cf->log, 0,
                  "%V of veriff_integration \"%V\": %V in %s:%ui",
                  &vi->payload_name, &vi->name, message,
                  vi->payload_place.file, vi->payload_place.line);
}
