
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_integration_uri.h"

#include "ngx_veriff_url.h"


static char *ngx_http_veriff_integration_default_hosts(ngx_conf_t *cf,
    ngx_http_veriff_integration_t *vi);


static ngx_str_t  ngx_http_veriff_integration_hosts[] = {
    ngx_string(".veriff.com"),
    ngx_string(".veriff.me")
};


char *
ngx_http_veriff_integration_api_uri(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_str_t  *value, uri;

    if (vi->api_uri.len) {
        return "is duplicate";
    }

    value = cf->args->elts;
    uri = value[1];

    if (uri.len && uri.data[uri.len - 1] == '/') {
        uri.len--;
    }

    if (uri.len < 2 || uri.data[0] != '/'
        || ngx_strlchr(uri.data, uri.data + uri.len, '$')
        || ngx_strlchr(uri.data, uri.data + uri.len, '?'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid api_uri \"%V\", it is the prefix of a "
                           "signed location, like \"/veriff-api\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    vi->api_uri = uri;

    return NGX_CONF_OK;
}


ngx_uint_t
ngx_http_veriff_integration_is_path(ngx_str_t *uri)
{
    u_char      c;
    ngx_uint_t  i;

    for (i = 0; i < uri->len; i++) {
        c = ngx_tolower(uri->data[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')
            && c != '/' && c != '-' && c != '_' && c != '.' && c != '~')
        {
            return 0;
        }
    }

    return uri->len != 0
           && uri->data[0] == '/'
           && ngx_strlcasestrn(uri->data, uri->data + uri->len,
                               (u_char *) "//", 2 - 1)
              == NULL
           && ngx_strlcasestrn(uri->data, uri->data + uri->len,
                               (u_char *) "/.", 2 - 1)
              == NULL;
}


char *
ngx_http_veriff_integration_page_uri(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char  *p = conf;

    ngx_str_t  *value, *uri;

    uri = (ngx_str_t *) (p + cmd->offset);

    if (uri->len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    /* "/" is where users are led who came from nowhere */

    if (value[1].len < 2 || !ngx_http_veriff_integration_is_path(&value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid %V \"%V\", it is the path of a "
                           "location, like \"/veriff/start\"",
                           &value[0], &value[1]);
        return NGX_CONF_ERROR;
    }

    *uri = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_veriff_integration_uris(ngx_conf_t *cf,
    ngx_http_veriff_integration_t *vi)
{
    if (vi->api_uri.len == 0) {
        ngx_str_set(&vi->api_uri, "/veriff-api");
    }

    if (vi->start_uri.len == 0) {
        ngx_str_set(&vi->start_uri, "/veriff/start");
    }

    if (vi->return_uri.len == 0) {
        ngx_str_set(&vi->return_uri, "/veriff/return");
    }

    if (vi->status_uri.len == 0) {
        ngx_str_set(&vi->status_uri, "/veriff/status");
    }

    if (vi->start_uri.len == vi->return_uri.len
        && ngx_strncmp(vi->start_uri.data, vi->return_uri.data,
                       vi->start_uri.len)
           == 0)
    {
        return "needs two locations: \"start_uri\" and \"return_uri\" are "
               "the same";
    }

    return ngx_http_veriff_integration_default_hosts(cf, vi);
}


char *
ngx_http_veriff_integration_url_hosts(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_int_t    rc;
    ngx_str_t   *value, *host;
    ngx_uint_t   i;

    if (vi->url_hosts) {
        return "is duplicate";
    }

    vi->url_hosts = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
    if (vi->url_hosts == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        rc = ngx_veriff_url_host_pattern(&value[i]);

        if (rc == NGX_DECLINED) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid host \"%V\" in \"url_hosts\", use a "
                               "lower case name, or \".name\" for all below "
                               "it", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (rc == NGX_DONE) {
            vi->loopback = 1;

            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "url_hosts has the loopback address \"%V\": "
                               "users may be sent there, also without TLS; "
                               "for tests only", &value[i]);
        }

        host = ngx_array_push(vi->url_hosts);
        if (host == NULL) {
            return NGX_CONF_ERROR;
        }

        *host = value[i];
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_veriff_integration_default_hosts(ngx_conf_t *cf,
    ngx_http_veriff_integration_t *vi)
{
    ngx_str_t   *host;
    ngx_uint_t   i, n;

    if (vi->url_hosts) {
        return NGX_CONF_OK;
    }

    n = sizeof(ngx_http_veriff_integration_hosts) / sizeof(ngx_str_t);

    vi->url_hosts = ngx_array_create(cf->pool, n, sizeof(ngx_str_t));
    if (vi->url_hosts == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < n; i++) {
        host = ngx_array_push(vi->url_hosts);
        if (host == NULL) {
            return NGX_CONF_ERROR;
        }

        *host = ngx_http_veriff_integration_hosts[i];
    }

    return NGX_CONF_OK;
}
