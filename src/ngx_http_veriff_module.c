
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_module.h"
#include "ngx_http_veriff_answer.h"
#include "ngx_http_veriff_body.h"
#include "ngx_http_veriff_check_gate.h"
#include "ngx_http_veriff_check_route.h"
#include "ngx_http_veriff_conf.h"
#include "ngx_http_veriff_cors.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_gate.h"
#include "ngx_http_veriff_gate_conf.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_integration.h"
#include "ngx_http_veriff_json_var.h"
#include "ngx_http_veriff_metrics.h"
#include "ngx_http_veriff_return.h"
#include "ngx_http_veriff_sign.h"
#include "ngx_http_veriff_store.h"
#include "ngx_http_veriff_store_conf.h"
#include "ngx_http_veriff_sweep.h"
#include "ngx_http_veriff_user_ask.h"
#include "ngx_http_veriff_user_uri.h"
#include "ngx_http_veriff_variable.h"
#include "ngx_http_veriff_watch.h"
#include "ngx_http_veriff_webhook.h"
#include "ngx_http_veriff_webhook_read.h"
#include "ngx_http_veriff_zone.h"


static ngx_int_t ngx_http_veriff_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_veriff_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_veriff_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_veriff_init_process(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_veriff_phase(ngx_conf_t *cf,
    ngx_http_phases phase, ngx_http_handler_pt handler);
static ngx_int_t ngx_http_veriff_redirected(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_handler(ngx_http_request_t *r);
static void ngx_http_veriff_ctx_cleanup(void *data);


static ngx_command_t  ngx_http_veriff_commands[] = {

    { ngx_string("veriff_integration"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_veriff_integration,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("veriff_store"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_veriff_store_set,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("veriff_key_file"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_veriff_conf_key_file,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("veriff_json_var"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_veriff_json_var,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("veriff_gate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_veriff_gate_conf,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("veriff_sign"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_veriff_conf_sign,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("veriff_session"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_http_veriff_conf_session,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("veriff_user_check"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_veriff_user_uri_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("veriff_return"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_veriff_return_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("veriff_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_veriff_conf_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("veriff_webhook"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_veriff_conf_webhook,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("veriff_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_veriff_metrics,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_veriff_module_ctx = {
    ngx_http_veriff_preconfiguration,      /* preconfiguration */
    ngx_http_veriff_init,                  /* postconfiguration */

    ngx_http_veriff_create_main_conf,      /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_veriff_create_loc_conf,       /* create location configuration */
    ngx_http_veriff_merge_loc_conf         /* merge location configuration */
};


ngx_module_t  ngx_http_veriff_module = {
    NGX_MODULE_V1,
    &ngx_http_veriff_module_ctx,           /* module context */
    ngx_http_veriff_commands,              /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_veriff_init_module,           /* init module */
    ngx_http_veriff_init_process,          /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_veriff_store_exit_process,    /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_veriff_preconfiguration(ngx_conf_t *cf)
{
    if (ngx_http_veriff_variable_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_veriff_watch(cf);
}


static ngx_int_t
ngx_http_veriff_init(ngx_conf_t *cf)
{
    ngx_http_veriff_main_conf_t  *vmcf;

    ngx_http_veriff_unwatch();

    ngx_http_veriff_check_routes(cf);
    ngx_http_veriff_check_gates(cf);

    if (ngx_http_veriff_store_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    if (vmcf->integrations.nelts == 0) {
        return NGX_OK;
    }

    if (ngx_http_veriff_zone_add(cf) != NGX_OK
        || ngx_http_veriff_phase(cf, NGX_HTTP_POST_READ_PHASE,
                                 ngx_http_veriff_headers_handler)
           != NGX_OK
        || ngx_http_veriff_phase(cf, NGX_HTTP_REWRITE_PHASE,
                                 ngx_http_veriff_redirected)
           != NGX_OK
        || ngx_http_veriff_phase(cf, NGX_HTTP_PREACCESS_PHASE,
                                 ngx_http_veriff_cors_handler)
           != NGX_OK
        || ngx_http_veriff_phase(cf, NGX_HTTP_PRECONTENT_PHASE,
                                 ngx_http_veriff_handler)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_veriff_body_init();
    ngx_http_veriff_webhook_init();
    ngx_http_veriff_answer_init();

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_init_module(ngx_cycle_t *cycle)
{
    /* only now are all variables known that someone uses */

    ngx_http_veriff_webhook_read_init(cycle);

    return ngx_http_veriff_store_init_module(cycle);
}


static ngx_int_t
ngx_http_veriff_init_process(ngx_cycle_t *cycle)
{
    /* an error here would take the whole site down */

    ngx_http_veriff_zone_init_process(cycle);
    ngx_http_veriff_store_init_process(cycle);
    ngx_http_veriff_sweep_init_process(cycle);

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_phase(ngx_conf_t *cf, ngx_http_phases phase,
    ngx_http_handler_pt handler)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[phase].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


/*
 * A request that nginx refuses while it reads the header goes to its error
 * page without the post-read phase; the rewrite phase of a location is the
 * first that it always comes to.
 */

static ngx_int_t
ngx_http_veriff_redirected(ngx_http_request_t *r)
{
    if (!r->internal || r != r->main || ngx_http_veriff_ctx_get(r)) {

        /* with a context it has been there: what it has now is our own */

        return NGX_DECLINED;
    }

    return ngx_http_veriff_headers_handler(r);
}


/* the precontent phase: after access control, whatever its order was */

static ngx_int_t
ngx_http_veriff_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_veriff_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

    if (r != r->main && ngx_http_veriff_conf_own(vlcf)
        && ngx_http_veriff_user_ask_stray(r))
    {
        return NGX_HTTP_FORBIDDEN;
    }

    if (vlcf->webhook) {
        return ngx_http_veriff_webhook_handler(r, vlcf);
    }

    if (vlcf->sign) {
        return ngx_http_veriff_sign_handler(r, vlcf);
    }

    rc = ngx_http_veriff_sign_forget(r);

    if (rc != NGX_DECLINED || ngx_http_veriff_conf_own(vlcf)) {

        return rc;
    }

    return ngx_http_veriff_gate_handler(r, vlcf);
}


ngx_http_veriff_ctx_t *
ngx_http_veriff_ctx_get(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t     *cln;
    ngx_http_veriff_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_veriff_module);

    if (ctx || (!r->internal && !r->filter_finalize)) {
        return ctx;
    }

    /* it is lost after an internal redirect, but its cleanup is not */

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_veriff_ctx_cleanup) {
            ctx = cln->data;

            if (ctx->request == r) {
                return ctx;
            }
        }
    }

    return NULL;
}


ngx_http_veriff_ctx_t *
ngx_http_veriff_ctx_create(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t     *cln;
    ngx_http_veriff_ctx_t  *ctx, *old;

    old = ngx_http_veriff_ctx_get(r);

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_veriff_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_veriff_ctx_t));

    ctx->request = r;

    if (old) {
        ctx->gated = old->gated;
        ctx->gate_refused = old->gate_refused;
    }

    cln->handler = ngx_http_veriff_ctx_cleanup;

    ngx_http_set_ctx(r, ctx, ngx_http_veriff_module);

    return ctx;
}


static void
ngx_http_veriff_ctx_cleanup(void *data)
{
    ngx_http_veriff_ctx_t *ctx = data;

    /* it also marks the context in the pool's list */

    if (ctx->webhook_begun && !ctx->webhook_done) {
        ngx_http_veriff_count_webhook(ctx->integration,
                                      ctx->webhook_checked
                                      ? "client_left" : "incomplete_body");
    }
}
