
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_integration_key.h"
#include "ngx_http_veriff_secret.h"


static ngx_int_t ngx_http_veriff_integration_pair(ngx_conf_t *cf,
    ngx_http_veriff_pair_t *pair, ngx_array_t *secrets);


char *
ngx_http_veriff_integration_api_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_str_t  *value;

    if (vi->pair.api_key.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    return (ngx_http_veriff_secret_api_key(cf, &value[1], &vi->pair.api_key)
            == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_veriff_integration_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_str_t  *value;

    if (vi->secrets) {
        return "is duplicate, put each secret on a line of one file";
    }

    value = cf->args->elts;

    vi->secrets = ngx_http_veriff_secret_lines(cf, &value[1],
                                               NGX_VERIFF_SECRETS_MAX);

    return vi->secrets ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_veriff_integration_webhook_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_int_t                rc;
    ngx_str_t               *value;
    ngx_uint_t               i;
    ngx_array_t             *secrets;
    ngx_http_veriff_pair_t  *pair, *pairs;

    if (vi->webhook_pairs == NULL) {
        vi->webhook_pairs = ngx_array_create(cf->pool, 2,
                                             sizeof(ngx_http_veriff_pair_t));
        if (vi->webhook_pairs == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    pair = ngx_array_push(vi->webhook_pairs);
    if (pair == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(pair, sizeof(ngx_http_veriff_pair_t));

    value = cf->args->elts;

    if (ngx_http_veriff_secret_api_key(cf, &value[1], &pair->api_key)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    pairs = vi->webhook_pairs->elts;

    for (i = 0; i < vi->webhook_pairs->nelts - 1; i++) {
        if (pairs[i].api_key.len == pair->api_key.len
            && ngx_strncasecmp(pairs[i].api_key.data, pair->api_key.data,
                               pair->api_key.len)
               == 0)
        {
            return "repeats an API key, put all secrets of a key into one "
                   "file";
        }
    }

    secrets = ngx_http_veriff_secret_lines(cf, &value[2],
                                           NGX_VERIFF_SECRETS_MAX);
    if (secrets == NULL) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_http_veriff_integration_pair(cf, pair, secrets);

    ngx_http_veriff_secret_forget(secrets);

    return (rc == NGX_OK) ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_veriff_integration_keys(ngx_conf_t *cf,
    ngx_http_veriff_integration_t *vi)
{
    ngx_http_veriff_pair_t  *pair;

    if (vi->pair.api_key.len == 0) {
        return "needs \"api_key_file\" with the integration's API key";
    }

    if (vi->secrets == NULL) {
        return "needs \"shared_secret_file\" with the shared secret key";
    }

    if (ngx_http_veriff_integration_pair(cf, &vi->pair, vi->secrets)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (vi->webhook_pairs) {
        return NGX_CONF_OK;
    }

    vi->webhook_pairs = ngx_array_create(cf->pool, 1,
                                         sizeof(ngx_http_veriff_pair_t));
    if (vi->webhook_pairs == NULL) {
        return NGX_CONF_ERROR;
    }

    pair = ngx_array_push(vi->webhook_pairs);
    if (pair == NULL) {
        return NGX_CONF_ERROR;
    }

    *pair = vi->pair;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_veriff_integration_pair(ngx_conf_t *cf, ngx_http_veriff_pair_t *pair,
    ngx_array_t *secrets)
{
    ngx_str_t   *secret;
    ngx_uint_t   i;

    secret = secrets->elts;

    for (i = 0; i < secrets->nelts; i++) {
        if (secret[i].len == pair->api_key.len
            && ngx_strncmp(secret[i].data, pair->api_key.data, secret[i].len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "API key and shared secret are the same, the "
                               "portal shows two different values");
            return NGX_ERROR;
        }
    }

    pair->secrets = ngx_veriff_secrets_create(cf->pool, secrets);

    if (pair->secrets == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "cannot prepare HMAC-SHA256 keys");
        return NGX_ERROR;
    }

    return NGX_OK;
}
