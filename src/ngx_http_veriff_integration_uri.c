
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_integration_uri.h"

#include "ngx_veriff_url.h"


static char *ngx_http_veriff_integration_default_hosts(ngx_conf_t *cf,
    ngx_http_veriff_integration_t *vi);
static ngx_uint_t ngx_http_veriff_integration_is_origin(ngx_str_t *origin,
    ngx_uint_t *plain);


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


char *
ngx_http_veriff_integration_origins(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_str_t   *value, *origin;
    ngx_uint_t   i, plain;

    if (vi->origins) {
        return "is duplicate";
    }

    vi->origins = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
    if (vi->origins == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (!ngx_http_veriff_integration_is_origin(&value[i], &plain)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid origin \"%V\" in \"origins\", write "
                               "it as browsers send it: lower case, "
                               "\"https://host\", a port only if it is not "
                               "the scheme's own", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (plain) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "origin \"%V\" is without TLS: whoever is on "
                               "the way may act as its pages", &value[i]);
        }

        origin = ngx_array_push(vi->origins);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        *origin = value[i];
    }

    return NGX_CONF_OK;
}


/* plain: http, and to another machine */

static ngx_uint_t
ngx_http_veriff_integration_is_origin(ngx_str_t *origin, ngx_uint_t *plain)
{
    size_t      len;
    ngx_str_t   scheme, host, port, pattern;
    ngx_int_t   rc;
    ngx_uint_t  i, tls;

    if (ngx_veriff_url_split(origin, &scheme, &host, &port) != NGX_OK) {
        return 0;
    }

    for (i = 0; i < origin->len; i++) {
        if (origin->data[i] >= 'A' && origin->data[i] <= 'Z') {
            return 0;
        }
    }

    len = scheme.len + sizeof("://") - 1 + host.len
          + (port.len ? port.len + 1 : 0);

    tls = (scheme.len == sizeof("https") - 1);

    if (origin->len != len
        || (port.len == (tls ? 3 : 2)
            && ngx_strncmp(port.data, tls ? "443" : "80", port.len) == 0))
    {
        return 0;
    }

    pattern = host;
    rc = ngx_veriff_url_host_pattern(&pattern);

    *plain = !tls && rc != NGX_DONE
             && !(host.len == sizeof("localhost") - 1
                  && ngx_strncmp(host.data, "localhost", host.len) == 0);

    return rc != NGX_DECLINED && host.data[0] != '.';
}
