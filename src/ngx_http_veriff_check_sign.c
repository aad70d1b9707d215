
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_check_sign.h"
#include "ngx_http_veriff_check.h"
#include "ngx_http_veriff_check_user.h"


/* the first members of other modules' configurations, in all versions */

typedef struct {
    ngx_array_t  *mirror;
} ngx_http_veriff_mirror_t;


typedef struct {
    void         *try_files;
} ngx_http_veriff_try_files_t;


static ngx_int_t ngx_http_veriff_check_proxy_pass(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);
static ngx_int_t ngx_http_veriff_check_target(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref, u_char *p, u_char *last);
static ngx_int_t ngx_http_veriff_check_upstream(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf, ngx_http_upstream_conf_t *u);
static ngx_int_t ngx_http_veriff_check_detours(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);
static void ngx_http_veriff_check_settle(ngx_conf_t *cf,
    ngx_http_upstream_conf_t *u);
static void ngx_http_veriff_check_doubts(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf, ngx_http_upstream_conf_t *u);


ngx_int_t
ngx_http_veriff_check_sign(ngx_conf_t *cf, ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_upstream_conf_t  *u;

    /* the first member of the module's own configuration */

    u = ngx_http_veriff_check_loc_conf(cf, "ngx_http_proxy_module");
    if (u == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_veriff_check_proxy_pass(cf, vlcf) != NGX_OK
        || ngx_http_veriff_check_upstream(cf, vlcf, u) != NGX_OK
        || ngx_http_veriff_check_detours(cf, vlcf) != NGX_OK)
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

    ngx_http_veriff_check_settle(cf, u);

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

        if (ngx_http_veriff_check_claim(cf, &name)) {
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


/* what would take the signed request, or the keys in it, elsewhere */

static ngx_int_t
ngx_http_veriff_check_detours(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_veriff_mirror_t     *mirror;
    ngx_http_veriff_try_files_t  *try;

    mirror = ngx_http_veriff_check_loc_conf(cf, "ngx_http_mirror_module");

    if (mirror && mirror->mirror) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "must not be mirrored: the copy would "
                                    "carry the keys; add \"mirror off;\"");
        return NGX_ERROR;
    }

    try = ngx_http_veriff_check_loc_conf(cf, "ngx_http_try_files_module");

    if (try && try->try_files) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "conflicts with \"try_files\" in one "
                                    "location, which would change the path "
                                    "that was signed");
        return NGX_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->post_action.len) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "conflicts with \"post_action\", which "
                                    "would repeat the request elsewhere");
        return NGX_ERROR;
    }

    if (vlcf->proxy_method || vlcf->proxy_set_body) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "does not allow \"%s\": what is signed "
                                    "must be what goes out",
                                    vlcf->proxy_method ? "proxy_method"
                                                       : "proxy_set_body");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* what has only one right value, whatever is written */

static void
ngx_http_veriff_check_settle(ngx_conf_t *cf, ngx_http_upstream_conf_t *u)
{
    ngx_http_core_loc_conf_t  *clcf;

    /* the provider's headers do not steer this nginx */

    u->ignore_headers |= NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT
                         |NGX_HTTP_UPSTREAM_IGN_XA_EXPIRES
                         |NGX_HTTP_UPSTREAM_IGN_XA_LIMIT_RATE
                         |NGX_HTTP_UPSTREAM_IGN_XA_BUFFERING
                         |NGX_HTTP_UPSTREAM_IGN_XA_CHARSET;

    /* answers are session URLs and personal data: never on disk */

    u->max_temp_file_size = 0;

    /* clients parse errors blindly, and a success must be the provider's */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->error_pages = NULL;
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
