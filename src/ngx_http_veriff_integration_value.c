
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_integration_value.h"
#include "ngx_http_veriff_conf.h"


#define NGX_HTTP_VERIFF_SESSION_RATE_MAX  60000


static ngx_int_t ngx_http_veriff_integration_number(ngx_str_t *value,
    const char *unit, ngx_int_t max);


char *
ngx_http_veriff_integration_id(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;

    if (vi->integration_id.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    /* it becomes the value of a header */

    for (i = 0; i < value[1].len; i++) {
        if (value[1].data[i] <= 0x20 || value[1].data[i] >= 0x7f) {
            break;
        }
    }

    if (i < value[1].len || i == 0) {
        return "needs the id as the provider's portal shows it";
    }

    vi->integration_id = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_veriff_integration_user(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_str_t  *value;

    if (vi->user) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 3) {

        if (ngx_strcmp(value[2].data, "trusted") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in \"user\", the "
                               "only one is \"trusted\"", &value[2]);
            return NGX_CONF_ERROR;
        }

        vi->user_trusted = 1;
    }

    if (ngx_http_script_variables_count(&value[1]) == 0) {
        return "needs a variable, or everybody would be the same user";
    }

    vi->user = ngx_http_veriff_conf_expr(cf, &value[1]);
    if (vi->user == NULL) {
        return NGX_CONF_ERROR;
    }

    vi->user_text = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_veriff_integration_time(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char  *p = conf;

    char       *rv;
    time_t     *sec;
    ngx_str_t  *value;

    sec = (time_t *) (p + cmd->offset);
    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") != 0) {
        rv = ngx_conf_set_sec_slot(cf, cmd, conf);

        /* "at once", "always" and "never" would be guesses */

        return (rv == NGX_CONF_OK && *sec == 0)
               ? "needs a time like \"1d\", or \"off\"" : rv;
    }

    if (*sec != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    *sec = 0;

    return NGX_CONF_OK;
}


char *
ngx_http_veriff_integration_rate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (vi->user_rate != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_http_veriff_integration_number(&value[1], "r/h", 3600);

    if (n == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid rate \"%V\" in \"user_rate\", use "
                           "sessions per hour, like \"5r/h\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    vi->user_rate = n;

    return NGX_CONF_OK;
}


char *
ngx_http_veriff_integration_session_rate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (vi->session_rate != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        vi->session_rate = 0;
        return NGX_CONF_OK;
    }

    n = ngx_http_veriff_integration_number(&value[1], "r/m",
                                           NGX_HTTP_VERIFF_SESSION_RATE_MAX);

    if (n == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid rate \"%V\" in \"session_rate\", use "
                           "sessions per minute, like \"600r/m\", or \"off\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    vi->session_rate = n;

    return NGX_CONF_OK;
}


/* a number from 1 to max with its unit of three characters, or NGX_ERROR */

static ngx_int_t
ngx_http_veriff_integration_number(ngx_str_t *value, const char *unit,
    ngx_int_t max)
{
    ngx_int_t  n;

    if (value->len <= 3
        || ngx_strcmp(value->data + value->len - 3, unit) != 0)
    {
        return NGX_ERROR;
    }

    n = ngx_atoi(value->data, value->len - 3);

    return (n > 0 && n <= max) ? n : NGX_ERROR;
}
