
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_check.h"
#include "ngx_http_veriff_check_gate.h"
#include "ngx_http_veriff_check_route.h"
#include "ngx_http_veriff_check_sign.h"
#include "ngx_http_veriff_check_user.h"
#include "ngx_http_veriff_conf.h"
#include "ngx_http_veriff_gate_conf.h"
#include "ngx_http_veriff_integration.h"
#include "ngx_http_veriff_metrics.h"
#include "ngx_http_veriff_return.h"
#include "ngx_http_veriff_session.h"
#include "ngx_http_veriff_status.h"


static ngx_int_t ngx_http_veriff_check_ref(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref);
static ngx_int_t ngx_http_veriff_check_conflicts(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);
static ngx_int_t ngx_http_veriff_check_session(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);
static ngx_int_t ngx_http_veriff_check_return(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);
static ngx_int_t ngx_http_veriff_check_webhook(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);
static ngx_int_t ngx_http_veriff_check_stored(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref);
static ngx_int_t ngx_http_veriff_check_match(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref);
static ngx_uint_t ngx_http_veriff_check_shared(
    ngx_http_veriff_integration_t *vi, ngx_http_veriff_integration_t *other);
static ngx_int_t ngx_http_veriff_check_passed(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);


char *
ngx_http_veriff_check_location(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    if (ngx_http_veriff_check_conflicts(cf, vlcf) != NGX_OK
        || ngx_http_veriff_metrics_check(cf, vlcf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (vlcf->sign
        && (ngx_http_veriff_check_ref(cf, vlcf->sign) != NGX_OK
            || ngx_http_veriff_check_sign(cf, vlcf) != NGX_OK))
    {
        return NGX_CONF_ERROR;
    }

    if (vlcf->session
        && (ngx_http_veriff_check_ref(cf, vlcf->session) != NGX_OK
            || ngx_http_veriff_check_session(cf, vlcf) != NGX_OK))
    {
        return NGX_CONF_ERROR;
    }

    if (vlcf->user_check && (vlcf->session == NULL || vlcf->status)) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"veriff_user_check\" has no \"veriff_session\" beside "
                      "it, whose user it could be about, in %s:%ui",
                      vlcf->user_check->place.file,
                      vlcf->user_check->place.line);
        return NGX_CONF_ERROR;
    }

    if (vlcf->return_ref
        && (ngx_http_veriff_check_ref(cf, vlcf->return_ref) != NGX_OK
            || ngx_http_veriff_check_return(cf, vlcf) != NGX_OK))
    {
        return NGX_CONF_ERROR;
    }

    if (vlcf->webhook && ngx_http_veriff_check_webhook(cf, vlcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (vlcf->gate
        && (ngx_http_veriff_check_ref(cf, &vlcf->gate->ref) != NGX_OK
            || (!ngx_http_veriff_conf_own(vlcf)
                && ngx_http_veriff_gate_check(cf, vlcf) != NGX_OK)))
    {
        return NGX_CONF_ERROR;
    }

    if (vlcf->gate || vlcf->session) {
        vlcf->certified = ngx_http_veriff_check_certified(cf);
    }

    return (ngx_http_veriff_check_route(cf, vlcf) == NGX_OK
            && ngx_http_veriff_check_spot(cf, vlcf) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
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
ngx_http_veriff_check_conflicts(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_http_veriff_ref_t  *ref, *own;

    own = vlcf->session ? vlcf->session : vlcf->return_ref;

    ref = own ? own : vlcf->webhook ? vlcf->webhook->elts : NULL;

    if (vlcf->sign && ref) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "conflicts with \"veriff_sign\" in one "
                                    "location, give each its own");
        return NGX_ERROR;
    }

    if (own && vlcf->webhook) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, own,
                                    "conflicts with \"veriff_webhook\" in one "
                                    "location, give each its own");
        return NGX_ERROR;
    }

    /* what is inherited from a server was not meant for these */

    if (vlcf->gate_here && ngx_http_veriff_conf_own(vlcf)) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, &vlcf->gate->ref,
                                    "does not apply to a location with "
                                    "\"%s\", nor inside of one; give each "
                                    "its own", ref
                                    ? (char *) ref->directive.data
                                    : vlcf->sign ? "veriff_sign"
                                    : "veriff_metrics");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_check_session(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_http_veriff_ref_t        *ref;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_veriff_main_conf_t  *vmcf;

    ref = vlcf->session;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler
        && clcf->handler != (vlcf->status ? ngx_http_veriff_status_handler
                                          : ngx_http_veriff_session_handler))
    {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "conflicts with another handler of its "
                                    "location, give it a location of its "
                                    "own");
        return NGX_ERROR;
    }

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    if (vlcf->status && vmcf->store == NULL) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "needs a store, add \"veriff_store "
                                    "/var/lib/nginx/veriff;\" to http");
        return NGX_ERROR;
    }

    if (vmcf->keys == NULL && vmcf->store == NULL) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "needs \"veriff_store "
                                    "/var/lib/nginx/veriff;\" in http, or, "
                                    "without a store, \"veriff_key_file "
                                    "file;\" with 32 random bytes, the same "
                                    "on all hosts");
        return NGX_ERROR;
    }

    if (vlcf->status) {
        return ngx_http_veriff_check_user(cf, ref, &vlcf->user_text, 0);
    }

    vlcf->user_json = ngx_http_veriff_check_user_json(cf, ref,
                                                      &vlcf->user_text);

    /* what "map" makes of the body cannot be seen here */

    vlcf->user_late = vlcf->user_json || (vlcf->user_check && vmcf->json_vars);

    return ngx_http_veriff_check_user(cf, ref, &vlcf->user_text,
                           NGX_HTTP_VERIFF_USER_SESSION
                           |(vlcf->user_check ? NGX_HTTP_VERIFF_USER_ASKED
                                              : 0));
}


static ngx_int_t
ngx_http_veriff_check_return(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_str_t                    *page;
    ngx_http_veriff_ref_t        *ref;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_veriff_main_conf_t  *vmcf;

    ref = vlcf->return_ref;
    page = &vlcf->return_page;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    if (clcf->handler && clcf->handler != ngx_http_veriff_return_handler) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "conflicts with another handler of its "
                                    "location, give it a location of its "
                                    "own");
        return NGX_ERROR;
    }

    if (vmcf->store == NULL) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "needs a store, add \"veriff_store "
                                    "/var/lib/nginx/veriff;\" to http");
        return NGX_ERROR;
    }

    if (page->len && page->len == clcf->name.len
        && ngx_strncmp(page->data, clcf->name.data, page->len) == 0)
    {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "has itself as its page, \"%V\"", page);
        return NGX_ERROR;
    }

    if (!clcf->noname && clcf->satisfy != NGX_HTTP_SATISFY_ANY
        && ngx_http_veriff_check_password(cf))
    {
        ngx_http_veriff_check_error(cf, NGX_LOG_WARN, ref,
                                    "is behind a password that a phone which "
                                    "comes back does not know, add "
                                    "\"auth_basic off;\"");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_check_webhook(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_uint_t                 i;
    ngx_http_veriff_ref_t     *ref;
    ngx_http_core_loc_conf_t  *clcf;

    ref = vlcf->webhook->elts;

    for (i = 0; i < vlcf->webhook->nelts; i++) {
        if (ngx_http_veriff_check_ref(cf, &ref[i]) != NGX_OK
            || ngx_http_veriff_check_stored(cf, &ref[i]) != NGX_OK
            || ngx_http_veriff_check_match(cf, &ref[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (vlcf->returns.file) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "would never be asked: the \"return\" in "
                                    "%s:%ui answers before it, remove one of "
                                    "them", vlcf->returns.file,
                                    vlcf->returns.line);
        return NGX_ERROR;
    }

    if (ngx_http_veriff_check_passed(cf, vlcf) != NGX_OK) {
        return NGX_ERROR;
    }

    /* none of them may turn a refusal or a failure into a success */

    clcf->error_pages = NULL;

    if (!clcf->noname && clcf->satisfy != NGX_HTTP_SATISFY_ANY
        && ngx_http_veriff_check_password(cf))
    {
        ngx_http_veriff_check_error(cf, NGX_LOG_WARN, ref,
                                    "is behind a password that the provider "
                                    "does not know, add \"auth_basic off;\"");
    }

    return NGX_OK;
}


/* what webhooks shall do, and cannot without a state */

static ngx_int_t
ngx_http_veriff_check_stored(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref)
{
    const char                     *what;
    ngx_http_veriff_main_conf_t    *vmcf;
    ngx_http_veriff_integration_t  *vi;

    vi = ref->integration;
    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    what = (vi->match == NGX_HTTP_VERIFF_MATCH_VENDOR_DATA)
           ? "match vendor_data"
           : vi->watchlist ? "watchlist apply"
           : vi->full_auto ? "full_auto apply" : NULL;

    if (what == NULL || vmcf->store) {
        return NGX_OK;
    }

    ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                "needs a store for \"%s\", "
                                "add \"veriff_store "
                                "/var/lib/nginx/veriff;\" to http", what);
    return NGX_ERROR;
}


/*
 * Nothing that is signed says which integration a webhook is of: a session
 * that is not known may be another one's that has the same key.
 */

static ngx_int_t
ngx_http_veriff_check_match(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref)
{
    ngx_uint_t                       i;
    ngx_http_veriff_main_conf_t     *vmcf;
    ngx_http_veriff_integration_t   *vi, **others;

    vi = ref->integration;

    if (vi->match != NGX_HTTP_VERIFF_MATCH_VENDOR_DATA) {
        return NGX_OK;
    }

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    others = vmcf->integrations.elts;

    for (i = 0; i < vmcf->integrations.nelts; i++) {
        if (others[i] != vi && ngx_http_veriff_check_shared(vi, others[i])) {
            ngx_http_veriff_check_error(cf, NGX_LOG_WARN, ref,
                                        "has \"match vendor_data\" and an API "
                                        "key of integration \"%V\": one's "
                                        "webhooks may count for the other's "
                                        "users, give each its own key",
                                        &others[i]->name);
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_veriff_check_shared(ngx_http_veriff_integration_t *vi,
    ngx_http_veriff_integration_t *other)
{
    ngx_uint_t               i, j;
    ngx_http_veriff_pair_t  *pair, *theirs;

    pair = vi->webhook_pairs->elts;
    theirs = other->webhook_pairs->elts;

    for (i = 0; i < vi->webhook_pairs->nelts; i++) {
        for (j = 0; j < other->webhook_pairs->nelts; j++) {
            if (pair[i].api_key.len == theirs[j].api_key.len
                && ngx_strncasecmp(pair[i].api_key.data,
                                   theirs[j].api_key.data,
                                   pair[i].api_key.len)
                   == 0)
            {
                return 1;
            }
        }
    }

    return 0;
}


/* the application gets the bytes and the headers that were checked */

static ngx_int_t
ngx_http_veriff_check_passed(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_http_veriff_ref_t     *ref;
    ngx_http_upstream_conf_t  *u;

    if (vlcf->proxy_pass.len == 0) {
        return NGX_OK;
    }

    ref = vlcf->webhook->elts;
    u = ngx_http_veriff_check_loc_conf(cf, "ngx_http_proxy_module");

    if (vlcf->proxy_method || vlcf->proxy_set_body
        || (u && (!u->pass_request_headers || !u->pass_request_body)))
    {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, ref,
                                    "must pass webhooks as they are: no "
                                    "\"proxy_method\" or \"proxy_set_body\", "
                                    "and \"proxy_pass_request_headers on; "
                                    "proxy_pass_request_body on;\"");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_module_t *
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

    return NULL;
}


void *
ngx_http_veriff_check_loc_conf(ngx_conf_t *cf, const char *name)
{
    ngx_module_t         *module;
    ngx_http_conf_ctx_t  *ctx;

    module = ngx_http_veriff_check_module(cf, name);

    ctx = cf->ctx;

    return module ? ctx->loc_conf[module->ctx_index] : NULL;
}
