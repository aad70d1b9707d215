
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_check_user.h"
#include "ngx_http_veriff_check.h"
#include "ngx_http_veriff_json_var.h"


/* as auth_basic has it, in all versions supported */

typedef struct {
    ngx_http_complex_value_t  *realm;
    void                      *user_file;
} ngx_http_veriff_auth_basic_t;


#define NGX_HTTP_VERIFF_SSL_VERIFY_ON        1
#define NGX_HTTP_VERIFF_SSL_VERIFY_OPTIONAL  2


static ngx_int_t ngx_http_veriff_check_user_text(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref, ngx_str_t *text, ngx_uint_t flags);
static ngx_int_t ngx_http_veriff_check_remote_user(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref);
static ngx_int_t ngx_http_veriff_check_client_cert(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref, ngx_str_t *name);
static ngx_uint_t ngx_http_veriff_check_is(ngx_str_t *name,
    const char *word);


/* what a client says of itself; a name that ends in "_" is a prefix */

static const char  *ngx_http_veriff_claims[] = {
    "http_",
    "arg_",
    "cookie_",
    "uid_",
    "proxy_add_x_forwarded_for",
    "args",
    "query_string",
    "is_args",
    "request",
    "request_uri",
    "request_method",
    "request_filename",
    "request_body",
    "request_body_file",
    "content_type",
    "content_length",
    "uri",
    "document_uri",
    "host",
    "ssl_server_name",
    NULL
};


ngx_int_t
ngx_http_veriff_check_user(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref,
    ngx_str_t *user, ngx_uint_t flags)
{
    ngx_str_t                      *text;
    ngx_uint_t                      i, trusted;
    ngx_http_veriff_integration_t  *vi;

    vi = ref->integration;
    trusted = vi->user_trusted ? NGX_HTTP_VERIFF_USER_TRUSTED : 0;

    if (!(flags & NGX_HTTP_VERIFF_USER_SESSION)
        && ngx_http_veriff_check_user_json(cf, ref, user))
    {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "takes the user from the request's body, "
                                    "which only a session reads; give it "
                                    "another one with \"user=$variable\"");
        return NGX_ERROR;
    }

    if (user->len) {
        if (ngx_http_veriff_check_user_text(cf, ref, user, flags) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (vi->user == NULL) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "needs to know the user, add \"user "
                                    "$variable;\" to veriff_integration "
                                    "\"%V\"", &vi->name);
        return NGX_ERROR;

    } else if (ngx_http_veriff_check_user_text(cf, ref, &vi->user_text,
                                               flags | trusted)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!(flags & NGX_HTTP_VERIFF_USER_SESSION)) {
        return NGX_OK;
    }

    /* so must be the vendorData and endUserId that webhooks come back with */

    text = vi->payload_users->elts;

    for (i = 0; i < vi->payload_users->nelts; i++) {
        if (ngx_http_veriff_check_user_text(cf, ref, &text[i],
                                            flags | trusted)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_veriff_check_user_json(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref,
    ngx_str_t *user)
{
    u_char     *p, *last;
    ngx_str_t   name;

    if (user->len == 0) {
        user = &ref->integration->user_text;
    }

    p = user->data;
    last = user->data + user->len;

    while (user->len && ngx_http_veriff_check_variable(&p, last, &name)) {
        if (ngx_http_veriff_json_var_is(cf, &name)) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_veriff_check_user_text(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref,
    ngx_str_t *text, ngx_uint_t flags)
{
    u_char     *p, *last;
    ngx_str_t   name;

    p = text->data;
    last = text->data + text->len;

    while (ngx_http_veriff_check_variable(&p, last, &name)) {

        /* no word makes this one trusted: "auth_basic off" is too near */

        if (ngx_http_veriff_check_is(&name, "remote_user")) {

            if (ngx_http_veriff_check_remote_user(cf, ref) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        if (ngx_http_veriff_check_is(&name, "ssl_client_")) {

            if (ngx_http_veriff_check_client_cert(cf, ref, &name) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        if ((flags & (NGX_HTTP_VERIFF_USER_TRUSTED|NGX_HTTP_VERIFF_USER_ASKED))
            || !ngx_http_veriff_check_claim(cf, &name))
        {
            continue;
        }

        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "takes the user from \"$%V\", which any "
                                    "client can set; if a proxy in front "
                                    "sets it, write \"user ... trusted;\" in "
                                    "veriff_integration \"%V\"%s",
                                    &name, &ref->integration->name,
                                    (flags & NGX_HTTP_VERIFF_USER_SESSION)
                                    ? "; if the application is to say who may "
                                      "have a session, add "
                                      "\"veriff_user_check uri;\"" : "");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_uint_t
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


ngx_uint_t
ngx_http_veriff_check_claim(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t  i;

    /* a capture of a regular expression, most likely from the URI */

    if (name->len && name->data[0] >= '0' && name->data[0] <= '9') {
        return 1;
    }

    for (i = 0; ngx_http_veriff_claims[i]; i++) {
        if (ngx_http_veriff_check_is(name, ngx_http_veriff_claims[i])) {
            return 1;
        }
    }

    return ngx_http_veriff_json_var_is(cf, name);
}


static ngx_uint_t
ngx_http_veriff_check_is(ngx_str_t *name, const char *word)
{
    size_t  len;

    len = ngx_strlen(word);

    if (word[len - 1] == '_' ? name->len <= len : name->len != len) {
        return 0;
    }

    return ngx_strncasecmp(name->data, (u_char *) word, len) == 0;
}


/* $remote_user is a mere claim unless auth_basic has checked it */

static ngx_int_t
ngx_http_veriff_check_remote_user(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "takes the user from \"$remote_user\", "
                                    "which \"satisfy any\" leaves unchecked; "
                                    "use \"satisfy all\"");
        return NGX_ERROR;
    }

    if (!ngx_http_veriff_check_password(cf)) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "takes the user from \"$remote_user\", "
                                    "which nothing checks in this location; "
                                    "add \"auth_basic\" with a constant "
                                    "realm and \"auth_basic_user_file\"");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_veriff_check_password(ngx_conf_t *cf)
{
    ngx_http_veriff_auth_basic_t  *ab;

    ab = ngx_http_veriff_check_loc_conf(cf, "ngx_http_auth_basic_module");

    /* a realm with variables may become "off" */

    return ab && ab->realm && ab->user_file && ab->realm->lengths == NULL
           && (ab->realm->value.len != 3
               || ngx_strncmp(ab->realm->value.data, "off", 3) != 0);
}


static ngx_int_t
ngx_http_veriff_check_client_cert(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref,
    ngx_str_t *name)
{
    if (ngx_http_veriff_check_certified(cf)) {
        return NGX_OK;
    }

    ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                "takes the user from \"$%V\", which nothing "
                                "checks in this server; add "
                                "\"ssl_verify_client on\"", name);

    return NGX_ERROR;
}


/* "optional_no_ca" takes any certificate */

ngx_uint_t
ngx_http_veriff_check_certified(ngx_conf_t *cf)
{
#if (NGX_HTTP_SSL)
    ngx_module_t             *module;
    ngx_http_conf_ctx_t      *ctx;
    ngx_http_ssl_srv_conf_t  *sscf;

    module = ngx_http_veriff_check_module(cf, "ngx_http_ssl_module");
    if (module == NULL) {
        return 0;
    }

    ctx = cf->ctx;
    sscf = ctx->srv_conf[module->ctx_index];

    return sscf->verify == NGX_HTTP_VERIFF_SSL_VERIFY_ON
           || sscf->verify == NGX_HTTP_VERIFF_SSL_VERIFY_OPTIONAL;
#else
    return 0;
#endif
}
