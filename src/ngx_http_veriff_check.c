
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_check.h"
#include "ngx_http_veriff_integration.h"
#include "ngx_http_veriff_session.h"


/* as auth_basic has it, in all versions supported */

typedef struct {
    ngx_http_complex_value_t  *realm;
    void                      *user_file;
} ngx_http_veriff_auth_basic_t;


typedef char *(*ngx_http_veriff_set_pt)(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_int_t ngx_http_veriff_check_ref(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref);
static ngx_int_t ngx_http_veriff_check_sign(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);
static ngx_int_t ngx_http_veriff_check_proxy_pass(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);
static ngx_int_t ngx_http_veriff_check_upstream(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);
static ngx_int_t ngx_http_veriff_check_session(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);
static ngx_int_t ngx_http_veriff_check_user(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref, ngx_str_t *text, ngx_uint_t trusted);
static ngx_uint_t ngx_http_veriff_check_variable(u_char **pos, u_char *last,
    ngx_str_t *name);
static ngx_int_t ngx_http_veriff_check_auth_basic(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref);
static ngx_module_t *ngx_http_veriff_check_module(ngx_conf_t *cf,
    const char *name);
static char *ngx_http_veriff_check_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_http_veriff_check_cleanup(void *data);


#define ngx_http_veriff_check_error(cf, level, ref, fmt, ...)                \
    ngx_log_error(level, (cf)->log, 0,                                       \
                  "\"%V %V\" " fmt " in %s:%ui", &(ref)->directive,          \
                  &(ref)->name, ##__VA_ARGS__, (ref)->file, (ref)->line)


/* what a client says of itself; a name that ends in "_" is a prefix */

static ngx_str_t  ngx_http_veriff_claims[] = {
    ngx_string("http_"),
    ngx_string("arg_"),
    ngx_string("cookie_"),
    ngx_string("args"),
    ngx_string("query_string"),
    ngx_string("is_args"),
    ngx_string("request"),
    ngx_string("request_uri"),
    ngx_string("request_body"),
    ngx_string("uri"),
    ngx_string("document_uri"),
    ngx_string("host"),
    ngx_null_string
};


static ngx_command_t           *ngx_http_veriff_proxy_pass;
static ngx_http_veriff_set_pt   ngx_http_veriff_proxy_pass_set;


char *
ngx_http_veriff_check_location(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_uint_t              i;
    ngx_http_veriff_ref_t  *ref;

    if (vlcf->sign) {

        ref = vlcf->session ? vlcf->session
              : vlcf->webhook ? vlcf->webhook->elts : NULL;

        if (ref) {
            ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                        "conflicts with \"veriff_sign\" in "
                                        "one location");
            return NGX_CONF_ERROR;
        }

        if (ngx_http_veriff_check_ref(cf, vlcf->sign) != NGX_OK
            || ngx_http_veriff_check_sign(cf, vlcf) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (vlcf->session) {

        if (vlcf->webhook) {
            ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->session,
                                        "conflicts with \"veriff_webhook\" "
                                        "in one location");
            return NGX_CONF_ERROR;
        }

        if (ngx_http_veriff_check_ref(cf, vlcf->session) != NGX_OK
            || ngx_http_veriff_check_session(cf, vlcf) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (vlcf->webhook) {
        ref = vlcf->webhook->elts;

        for (i = 0; i < vlcf->webhook->nelts; i++) {
            if (ngx_http_veriff_check_ref(cf, &ref[i]) != NGX_OK) {
                return NGX_CONF_ERROR;
            }
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_veriff_check_ref(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref)
{
    ngx_http_veriff_main_conf_t  *vmcf;

    if (ref->integration) {
        return NGX_OK;
    }

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    ref->integration = ngx_http_veriff_integration_find(vmcf, &ref->name);

    if (ref->integration == NULL) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "names an unknown integration, add "
                                    "\"veriff_integration %V { ... }\" to "
                                    "http", &ref->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_check_sign(ngx_conf_t *cf, ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (ngx_http_veriff_check_proxy_pass(cf, vlcf) != NGX_OK
        || ngx_http_veriff_check_upstream(cf, vlcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (clcf->noname) {
        return NGX_OK;
    }

    if (ngx_strlchr(vlcf->proxy_pass.data,
                    vlcf->proxy_pass.data + vlcf->proxy_pass.len, '$')
        && (clcf->resolver == NULL || clcf->resolver->connections.nelts == 0))
    {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "has a variable in proxy_pass but no "
                                    "resolver, add \"resolver address;\"");
        return NGX_ERROR;
    }

    if (!clcf->internal) {
        ngx_http_veriff_check_error(cf, NGX_LOG_WARN, vlcf->sign,
                                    "is in a location that is not internal: "
                                    "whoever reaches it acts as the "
                                    "integration; add \"internal;\" or "
                                    "restrict it");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_check_proxy_pass(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    u_char     *p, *last;
    ngx_str_t  *url;

    url = &vlcf->proxy_pass;

    if (url->len == 0) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "needs \"proxy_pass https://...\" in its "
                                    "location");
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

    /* what is signed must be what goes out, so the path stays one place */

    if (ngx_strlchr(p, last, '/') || ngx_strlchr(p, last, '?')) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "does not allow a URI in proxy_pass "
                                    "\"%V\", change the path with \"rewrite "
                                    "... break\"", url);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_check_upstream(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_uint_t                 secure;
    ngx_module_t              *proxy;
    ngx_http_conf_ctx_t       *ctx;
    ngx_http_upstream_conf_t  *u;

    proxy = ngx_http_veriff_check_module(cf, "ngx_http_proxy_module");
    if (proxy == NULL) {
        return NGX_ERROR;
    }

    ctx = cf->ctx;
    u = ctx->loc_conf[proxy->ctx_index];

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

    if (vlcf->insecure_tls) {
        ngx_http_veriff_check_error(cf, NGX_LOG_WARN, vlcf->sign,
                                    "does not verify the provider: "
                                    "\"insecure_tls\" is for tests only");
    }

    if (!u->pass_request_headers || !u->pass_request_body) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, vlcf->sign,
                                    "needs \"proxy_pass_request_headers on; "
                                    "proxy_pass_request_body on;\"");
        return NGX_ERROR;
    }

    /* the provider's headers do not steer this nginx */

    u->ignore_headers |= NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT
                         |NGX_HTTP_UPSTREAM_IGN_XA_EXPIRES
                         |NGX_HTTP_UPSTREAM_IGN_XA_LIMIT_RATE
                         |NGX_HTTP_UPSTREAM_IGN_XA_BUFFERING
                         |NGX_HTTP_UPSTREAM_IGN_XA_CHARSET;

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

    if (!u->ignore_client_abort) {
        ngx_http_veriff_check_error(cf, NGX_LOG_WARN, vlcf->sign,
                                    "should have \"proxy_ignore_client_abort "
                                    "on;\": a client that leaves would cost a "
                                    "second session");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_check_session(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_http_veriff_ref_t          *ref;
    ngx_http_core_loc_conf_t       *clcf;
    ngx_http_veriff_main_conf_t    *vmcf;
    ngx_http_veriff_integration_t  *vi;

    ref = vlcf->session;
    vi = ref->integration;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler && clcf->handler != ngx_http_veriff_session_handler) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "conflicts with another handler in its "
                                    "location");
        return NGX_ERROR;
    }

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    if (vmcf->keys == NULL) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "needs \"veriff_key_file file;\" in http: "
                                    "32 random bytes, the same on all hosts");
        return NGX_ERROR;
    }

    if (vlcf->user) {
        return ngx_http_veriff_check_user(cf, ref, &vlcf->user_text, 0);
    }

    if (vi->user == NULL) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "needs to know the user, add \"user "
                                    "$variable;\" to veriff_integration "
                                    "\"%V\"", &vi->name);
        return NGX_ERROR;
    }

    return ngx_http_veriff_check_user(cf, ref, &vi->user_text,
                                      vi->user_trusted);
}


/* the user must be an identity that something has verified */

static ngx_int_t
ngx_http_veriff_check_user(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref,
    ngx_str_t *text, ngx_uint_t trusted)
{
    u_char      *p, *last;
    ngx_str_t    name, *claim;

    p = text->data;
    last = text->data + text->len;

    while (ngx_http_veriff_check_variable(&p, last, &name)) {

        if (name.len == sizeof("remote_user") - 1
            && ngx_strncasecmp(name.data, (u_char *) "remote_user", name.len)
               == 0)
        {
            if (ngx_http_veriff_check_auth_basic(cf, ref) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        if (trusted) {
            continue;
        }

        for (claim = ngx_http_veriff_claims; claim->len; claim++) {

            if (name.len < claim->len
                || ngx_strncasecmp(name.data, claim->data, claim->len) != 0
                || (name.len > claim->len
                    && claim->data[claim->len - 1] != '_'))
            {
                continue;
            }

            ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                        "takes the user from \"$%V\", which "
                                        "any client can set; if a proxy in "
                                        "front sets it, write \"user %V "
                                        "trusted;\" in veriff_integration",
                                        &name, text);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_veriff_check_variable(u_char **pos, u_char *last, ngx_str_t *name)
{
    u_char  c, *p;

    p = ngx_strlchr(*pos, last, '$');
    if (p == NULL) {
        return 0;
    }

    p++;

    if (p < last && *p == '{') {
        p++;
    }

    name->data = p;

    for ( /* void */ ; p < last; p++) {
        c = ngx_tolower(*p);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') {
            break;
        }
    }

    name->len = p - name->data;
    *pos = p;

    return 1;
}


/* $remote_user is a mere claim unless auth_basic has checked it */

static ngx_int_t
ngx_http_veriff_check_auth_basic(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref)
{
    ngx_module_t                  *module;
    ngx_http_conf_ctx_t           *ctx;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_veriff_auth_basic_t  *ab;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "takes the user from \"$remote_user\", "
                                    "which \"satisfy any\" leaves unchecked; "
                                    "use \"satisfy all\"");
        return NGX_ERROR;
    }

    module = ngx_http_veriff_check_module(cf, "ngx_http_auth_basic_module");
    ctx = cf->ctx;
    ab = module ? ctx->loc_conf[module->ctx_index] : NULL;

    if (ab == NULL || ab->realm == NULL || ab->user_file == NULL
        || ab->realm->lengths
        || (ab->realm->value.len == 3
            && ngx_strncmp(ab->realm->value.data, "off", 3) == 0))
    {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "takes the user from \"$remote_user\", "
                                    "which nothing checks in this location; "
                                    "add \"auth_basic\" with a constant "
                                    "realm and \"auth_basic_user_file\"");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_module_t *
ngx_http_veriff_check_module(ngx_conf_t *cf, const char *name)
{
    ngx_uint_t  i;

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (cf->cycle->modules[i]->type == NGX_HTTP_MODULE
            && ngx_strcmp(cf->cycle->modules[i]->name, name) == 0)
        {
            return cf->cycle->modules[i];
        }
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "%s is not in this nginx, the veriff module needs it", name);

    return NULL;
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
    ngx_http_veriff_loc_conf_t  *vlcf;

    value = cf->args->elts;
    url = value[1];

    rv = ngx_http_veriff_proxy_pass_set(cf, cmd, conf);

    if (rv == NGX_CONF_OK) {
        vlcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_veriff_module);
        vlcf->proxy_pass = url;
    }

    return rv;
}
