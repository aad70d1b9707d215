
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_check_sign.h"
#include "ngx_http_veriff_check.h"
#include "ngx_http_veriff_check_user.h"


/* as the mirror module has it, in all versions supported */

typedef struct {
    ngx_array_t  *mirror;
} ngx_http_veriff_mirror_t;


typedef char *(*ngx_http_veriff_set_pt)(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_int_t ngx_http_veriff_check_proxy_pass(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);
static ngx_int_t ngx_http_veriff_check_target(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref, u_char *p, u_char *last);
static ngx_int_t ngx_http_veriff_check_upstream(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf, ngx_http_upstream_conf_t *u);
static ngx_int_t ngx_http_veriff_check_mirror(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref);
static void ngx_http_veriff_check_doubts(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf, ngx_http_upstream_conf_t *u);
static char *ngx_http_veriff_check_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_http_veriff_check_cleanup(void *data);


static ngx_command_t           *ngx_http_veriff_proxy_pass;
static ngx_http_veriff_set_pt   ngx_http_veriff_proxy_pass_set;


ngx_int_t
ngx_http_veriff_check_sign(ngx_conf_t *cf, ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_module_t              *proxy;
    ngx_http_conf_ctx_t       *ctx;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_upstream_conf_t  *u;

    proxy = ngx_http_veriff_check_module(cf, "ngx_http_proxy_module");
    if (proxy == NULL) {
        return NGX_ERROR;
    }

    /* the first member of the module's own configuration */

    ctx = cf->ctx;
    u = ctx->loc_conf[proxy->ctx_index];

    if (ngx_http_veriff_check_proxy_pass(cf, vlcf) != NGX_OK
        || ngx_http_veriff_check_upstream(cf, vlcf, u) != NGX_OK
        || ngx_http_veriff_check_mirror(cf, vlcf->sign) != NGX_OK)
    {
        return NGX_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (ngx_strlchr(vlcf->proxy_pass.data,
                    vlcf->proxy_pass.data + vlcf->proxy_pass.len, '$')
        && (clcf->resolver == NULL || clcf->resolver->connections.nelts == 0))
    {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "has a variable in proxy_pass but no "
                                    "resolver, add \"resolver address;\"");
        return NGX_ERROR;
    }

    /* "if" and "limit_except" blocks would repeat their location's */

    if (!clcf->noname) {
        ngx_http_veriff_check_doubts(cf, vlcf, u);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_check_proxy_pass(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    u_char                    *p, *last;
    ngx_str_t                 *url;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    url = &vlcf->proxy_pass;

    if (url->len == 0) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "needs \"proxy_pass https://...\" in "
                                    "location \"%V\"", &clcf->name);
        return NGX_ERROR;
    }

    if (clcf->handler && clcf->handler != vlcf->proxy_handler) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "conflicts with another handler than "
                                    "proxy_pass in location \"%V\", which "
                                    "would get the keys", &clcf->name);
        return NGX_ERROR;
    }

    p = url->data;
    last = url->data + url->len;

    if (url->len > 8 && ngx_strncasecmp(p, (u_char *) "https://", 8) == 0) {
        p += 8;

    } else if (!vlcf->insecure_tls) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "would send keys over \"%V\", use "
                                    "\"proxy_pass https://...\" or, for tests "
                                    "only, \"veriff_sign %V insecure_tls\"",
                                    url, &vlcf->sign->name);
        return NGX_ERROR;

    } else if (url->len > 7
               && ngx_strncasecmp(p, (u_char *) "http://", 7) == 0)
    {
        p += 7;

    } else {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "needs the scheme in proxy_pass \"%V\" "
                                    "to be literal", url);
        return NGX_ERROR;
    }

    if (last - p > 5 && ngx_strncmp(p, "unix:", 5) == 0) {
        p = ngx_strlchr(p + 5, last, ':');

        if (p == NULL) {
            return NGX_OK;
        }
    }

    return ngx_http_veriff_check_target(cf, vlcf->sign, p, last);
}


/* the host, and perhaps a port, of proxy_pass */

static ngx_int_t
ngx_http_veriff_check_target(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref,
    u_char *p, u_char *last)
{
    ngx_str_t  name;

    /* what is signed must be what goes out, so the path stays one place */

    if (ngx_strlchr(p, last, '/') || ngx_strlchr(p, last, '?')) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "does not allow a URI in proxy_pass, "
                                    "change the path with \"rewrite ... "
                                    "break\"");
        return NGX_ERROR;
    }

    while (ngx_http_veriff_check_variable(&p, last, &name)) {

        if (ngx_http_veriff_check_claim(&name)) {
            ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                        "does not allow \"$%V\" in "
                                        "proxy_pass: a client could choose "
                                        "who gets the keys", &name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_check_upstream(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf, ngx_http_upstream_conf_t *u)
{
    ngx_uint_t  secure;

    secure = 0;

#if (NGX_HTTP_SSL)
    secure = (u->ssl_verify == 1 && u->ssl_server_name == 1);
#endif

    if (!secure && !vlcf->insecure_tls) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "needs verified TLS, add "
                                    "\"proxy_ssl_verify on; "
                                    "proxy_ssl_server_name on; "
                                    "proxy_ssl_trusted_certificate file;\"");
        return NGX_ERROR;
    }

    if (!u->pass_request_headers || !u->pass_request_body) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "needs \"proxy_pass_request_headers on; "
                                    "proxy_pass_request_body on;\"");
        return NGX_ERROR;
    }

    if (u->intercept_errors) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "needs \"proxy_intercept_errors off;\"");
        return NGX_ERROR;
    }

    if (u->store > 0 || u->store_lengths) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "must not store answers, add "
                                    "\"proxy_store off;\"");
        return NGX_ERROR;
    }

#if (NGX_HTTP_CACHE)
    if (u->cache > 0) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "must not cache answers, add "
                                    "\"proxy_cache off;\"");
        return NGX_ERROR;
    }
#endif

    if (u->next_upstream & NGX_HTTP_UPSTREAM_FT_NON_IDEMPOTENT) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "must not repeat requests, remove "
                                    "\"non_idempotent\" from "
                                    "proxy_next_upstream");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_check_mirror(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref)
{
    ngx_uint_t                 i;
    ngx_module_t              *module;
    ngx_http_conf_ctx_t       *ctx;
    ngx_http_veriff_mirror_t  *mirror;

    ctx = cf->ctx;

    for (i = 0; cf->cycle->modules[i]; i++) {
        module = cf->cycle->modules[i];

        if (module->type != NGX_HTTP_MODULE
            || ngx_strcmp(module->name, "ngx_http_mirror_module") != 0)
        {
            continue;
        }

        mirror = ctx->loc_conf[module->ctx_index];

        if (mirror->mirror) {
            ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                        "must not be mirrored: the copy "
                                        "would carry the keys; add "
                                        "\"mirror off;\"");
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_veriff_check_doubts(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf, ngx_http_upstream_conf_t *u)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (vlcf->insecure_tls) {
        ngx_http_veriff_check_error(cf, NGX_LOG_WARN, vlcf->sign,
                                    "does not verify the provider: "
                                    "\"insecure_tls\" is for tests only");
    }

    if (!u->ignore_client_abort) {
        ngx_http_veriff_check_error(cf, NGX_LOG_WARN, vlcf->sign,
                                    "should have \"proxy_ignore_client_abort "
                                    "on;\": a client that leaves would cost a "
                                    "second session");
    }

    if (!clcf->internal && !clcf->named) {
        ngx_http_veriff_check_error(cf, NGX_LOG_WARN, vlcf->sign,
                                    "is in a location that is not internal: "
                                    "whoever reaches it acts as the "
                                    "integration; add \"internal;\" or "
                                    "restrict it");
    }
}


ngx_int_t
ngx_http_veriff_check_watch(ngx_conf_t *cf)
{
    ngx_module_t        *proxy;
    ngx_command_t       *cmd;
    ngx_pool_cleanup_t  *cln;

    ngx_http_veriff_check_unwatch();

    proxy = ngx_http_veriff_check_module(cf, "ngx_http_proxy_module");
    if (proxy == NULL) {
        return NGX_ERROR;
    }

    /* if the configuration fails, its pool goes before this module does */

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_veriff_check_cleanup;

    for (cmd = proxy->commands; cmd->name.len; cmd++) {
        if (ngx_strcmp(cmd->name.data, "proxy_pass") == 0) {
            ngx_http_veriff_proxy_pass = cmd;
            ngx_http_veriff_proxy_pass_set = cmd->set;
            cmd->set = ngx_http_veriff_check_set;

            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


void
ngx_http_veriff_check_unwatch(void)
{
    if (ngx_http_veriff_proxy_pass) {
        ngx_http_veriff_proxy_pass->set = ngx_http_veriff_proxy_pass_set;
        ngx_http_veriff_proxy_pass = NULL;
    }
}


static void
ngx_http_veriff_check_cleanup(void *data)
{
    ngx_http_veriff_check_unwatch();
}


static char *
ngx_http_veriff_check_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                        *rv;
    ngx_str_t                   *value, url;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_veriff_loc_conf_t  *vlcf;

    value = cf->args->elts;
    url = value[1];

    rv = ngx_http_veriff_proxy_pass_set(cf, cmd, conf);

    if (rv == NGX_CONF_OK) {
        vlcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_veriff_module);
        clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

        vlcf->proxy_pass = url;
        vlcf->proxy_handler = clcf->handler;
    }

    return rv;
}
