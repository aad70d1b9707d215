
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_watch.h"
#include "ngx_http_veriff_check.h"
#include "ngx_http_veriff_conf.h"


typedef char *(*ngx_http_veriff_set_pt)(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


typedef struct {
    const char               *module;
    const char               *name;
    ngx_http_veriff_set_pt    note;

    ngx_command_t            *cmd;      /* NULL: not watched */
    ngx_http_veriff_set_pt    set;
} ngx_http_veriff_watched_t;


static char *ngx_http_veriff_watch_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_veriff_watch_pass(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_veriff_watch_method(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_veriff_watch_body(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_veriff_watch_return(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_veriff_watch_begin(ngx_conf_t *cf,
    ngx_http_veriff_watched_t *w);
static void ngx_http_veriff_watch_cleanup(void *data);


static ngx_http_veriff_watched_t  ngx_http_veriff_watched[] = {

    { "ngx_http_proxy_module", "proxy_pass",
      ngx_http_veriff_watch_pass, NULL, NULL },

    { "ngx_http_proxy_module", "proxy_method",
      ngx_http_veriff_watch_method, NULL, NULL },

    { "ngx_http_proxy_module", "proxy_set_body",
      ngx_http_veriff_watch_body, NULL, NULL },

    { "ngx_http_rewrite_module", "return",
      ngx_http_veriff_watch_return, NULL, NULL },

    { NULL, NULL, NULL, NULL, NULL }
};


ngx_int_t
ngx_http_veriff_watch(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t         *cln;
    ngx_http_veriff_watched_t  *w;

    ngx_http_veriff_unwatch();

    if (ngx_http_veriff_check_module(cf, "ngx_http_proxy_module") == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "this nginx has no proxy module, the veriff module "
                      "needs it");
        return NGX_ERROR;
    }

    /* if the configuration fails, its pool goes before this module does */

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_veriff_watch_cleanup;

    for (w = ngx_http_veriff_watched; w->name; w++) {
        if (ngx_http_veriff_watch_begin(cf, w) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_watch_begin(ngx_conf_t *cf, ngx_http_veriff_watched_t *w)
{
    ngx_module_t   *module;
    ngx_command_t  *cmd;

    module = ngx_http_veriff_check_module(cf, w->module);

    if (module == NULL) {

        /* who has no rewrite module has no "return" */

        return NGX_OK;
    }

    for (cmd = module->commands; cmd->name.len; cmd++) {
        if (ngx_strcmp(cmd->name.data, w->name) == 0) {
            break;
        }
    }

    if (cmd->name.len == 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "this nginx has no \"%s\", the veriff module "
                      "needs it", w->name);
        return NGX_ERROR;
    }

    w->cmd = cmd;
    w->set = cmd->set;

    cmd->set = ngx_http_veriff_watch_set;

    return NGX_OK;
}


void
ngx_http_veriff_unwatch(void)
{
    ngx_http_veriff_watched_t  *w;

    for (w = ngx_http_veriff_watched; w->name; w++) {
        if (w->cmd) {
            w->cmd->set = w->set;
            w->cmd = NULL;
        }
    }
}


static void
ngx_http_veriff_watch_cleanup(void *data)
{
    ngx_http_veriff_unwatch();
}


static char *
ngx_http_veriff_watch_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                       *rv;
    ngx_http_veriff_watched_t  *w;

    for (w = ngx_http_veriff_watched; w->cmd != cmd; w++) { /* void */ }

    rv = w->set(cf, cmd, conf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return w->note(cf, cmd, ngx_http_conf_get_module_loc_conf(cf,
                                                  ngx_http_veriff_module));
}


static char *
ngx_http_veriff_watch_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_loc_conf_t *vlcf = conf;

    ngx_str_t                         *value;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_compile_complex_value_t   ccv;

    value = cf->args->elts;
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    vlcf->proxy_pass = value[1];
    vlcf->proxy_handler = clcf->handler;

    if (ngx_http_script_variables_count(&value[1]) == 0) {
        return NGX_CONF_OK;
    }

    /* what it comes to is checked while running */

    vlcf->proxy_target = ngx_palloc(cf->pool,
                                    sizeof(ngx_http_complex_value_t));
    if (vlcf->proxy_target == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &vlcf->proxy_pass;
    ccv.complex_value = vlcf->proxy_target;

    return (ngx_http_compile_complex_value(&ccv) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_veriff_watch_method(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_loc_conf_t *vlcf = conf;

    vlcf->proxy_method = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_veriff_watch_body(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_loc_conf_t *vlcf = conf;

    vlcf->proxy_set_body = 1;

    return NGX_CONF_OK;
}


/* it answers before anything is checked; in an "if" it may well refuse */

static char *
ngx_http_veriff_watch_return(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_loc_conf_t *vlcf = conf;

    if (cf->cmd_type != NGX_HTTP_LOC_CONF && cf->cmd_type != NGX_HTTP_SRV_CONF)
    {
        return NGX_CONF_OK;
    }

    vlcf->returns_above = (cf->cmd_type == NGX_HTTP_SRV_CONF);

    return (ngx_http_veriff_conf_place(cf, &vlcf->returns) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}
