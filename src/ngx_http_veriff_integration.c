
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_integration.h"
#include "ngx_http_veriff_integration_key.h"
#include "ngx_http_veriff_integration_payload.h"
#include "ngx_http_veriff_integration_uri.h"
#include "ngx_http_veriff_integration_value.h"
#include "ngx_http_veriff_secret.h"


#define NGX_HTTP_VERIFF_USER_RATE         5     /* sessions an hour */
#define NGX_HTTP_VERIFF_RECONCILE         30
#define NGX_HTTP_VERIFF_SESSION_RATE      600   /* sessions a minute */
#define NGX_HTTP_VERIFF_SESSION_LIFETIME  (7 * 24 * 60 * 60)
#define NGX_HTTP_VERIFF_LIFETIME_MIN      60


static ngx_int_t ngx_http_veriff_integration_name(ngx_conf_t *cf,
    ngx_http_veriff_main_conf_t *vmcf, ngx_str_t *name);
static char *ngx_http_veriff_integration_directive(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static ngx_command_t *ngx_http_veriff_integration_command(ngx_conf_t *cf);
static char *ngx_http_veriff_integration_init(ngx_conf_t *cf,
    ngx_http_veriff_main_conf_t *vmcf, ngx_http_veriff_integration_t *vi);


static ngx_conf_enum_t  ngx_http_veriff_integration_signature[] = {
    { ngx_string("required"), NGX_HTTP_VERIFF_SIGNATURE_REQUIRED },
    { ngx_string("optional"), NGX_HTTP_VERIFF_SIGNATURE_OPTIONAL },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_veriff_integration_match[] = {
    { ngx_string("session"), NGX_HTTP_VERIFF_MATCH_SESSION },
    { ngx_string("vendor_data"), NGX_HTTP_VERIFF_MATCH_VENDOR_DATA },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_veriff_integration_apply[] = {
    { ngx_string("ignore"), 0 },
    { ngx_string("apply"), 1 },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_veriff_integration_commands[] = {

    { ngx_string("api_key_file"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_api_key,
      0,
      0,
      NULL },

    { ngx_string("shared_secret_file"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_secret,
      0,
      0,
      NULL },

    { ngx_string("webhook_key"),
      NGX_CONF_TAKE2,
      ngx_http_veriff_integration_webhook_key,
      0,
      0,
      NULL },

    { ngx_string("integration_id"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_id,
      0,
      0,
      NULL },

    { ngx_string("user"),
      NGX_CONF_TAKE12,
      ngx_http_veriff_integration_user,
      0,
      0,
      NULL },

    { ngx_string("payload"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_payload_text,
      0,
      0,
      NULL },

    { ngx_string("payload_file"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_payload_file,
      0,
      0,
      NULL },

    { ngx_string("client_members"),
      NGX_CONF_1MORE,
      ngx_http_veriff_integration_client_members,
      0,
      0,
      NULL },

    { ngx_string("callback"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_callback,
      0,
      0,
      NULL },

    { ngx_string("api_uri"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_api_uri,
      0,
      0,
      NULL },

    { ngx_string("start_uri"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_page_uri,
      0,
      offsetof(ngx_http_veriff_integration_t, start_uri),
      NULL },

    { ngx_string("return_uri"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_page_uri,
      0,
      offsetof(ngx_http_veriff_integration_t, return_uri),
      NULL },

    { ngx_string("status_uri"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_page_uri,
      0,
      offsetof(ngx_http_veriff_integration_t, status_uri),
      NULL },

    { ngx_string("url_hosts"),
      NGX_CONF_1MORE,
      ngx_http_veriff_integration_url_hosts,
      0,
      0,
      NULL },

    { ngx_string("origins"),
      NGX_CONF_1MORE,
      ngx_http_veriff_integration_origins,
      0,
      0,
      NULL },

    { ngx_string("verified_for"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_time,
      0,
      offsetof(ngx_http_veriff_integration_t, verified_for),
      NULL },

    { ngx_string("retry_declined"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_time,
      0,
      offsetof(ngx_http_veriff_integration_t, retry_declined),
      NULL },

    { ngx_string("reconcile"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_time,
      0,
      offsetof(ngx_http_veriff_integration_t, reconcile),
      NULL },

    { ngx_string("user_rate"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_rate,
      0,
      0,
      NULL },

    { ngx_string("session_rate"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_session_rate,
      0,
      0,
      NULL },

    { ngx_string("session_lifetime"),
      NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      0,
      offsetof(ngx_http_veriff_integration_t, session_lifetime),
      NULL },

    { ngx_string("response_signature"),
      NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      0,
      offsetof(ngx_http_veriff_integration_t, response_signature),
      &ngx_http_veriff_integration_signature },

    { ngx_string("match"),
      NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      0,
      offsetof(ngx_http_veriff_integration_t, match),
      &ngx_http_veriff_integration_match },

    { ngx_string("watchlist"),
      NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      0,
      offsetof(ngx_http_veriff_integration_t, watchlist),
      &ngx_http_veriff_integration_apply },

    { ngx_string("full_auto"),
      NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      0,
      offsetof(ngx_http_veriff_integration_t, full_auto),
      &ngx_http_veriff_integration_apply },

      ngx_null_command
};


char *
ngx_http_veriff_integration(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_main_conf_t *vmcf = conf;

    char                            *rv;
    ngx_str_t                       *value;
    ngx_conf_t                       save;
    ngx_http_veriff_integration_t   *vi, **pvi;

    value = cf->args->elts;

    if (ngx_http_veriff_integration_name(cf, vmcf, &value[1]) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    vi = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_integration_t));
    if (vi == NULL) {
        return NGX_CONF_ERROR;
    }

    vi->name = value[1];
    vi->session_lifetime = NGX_CONF_UNSET;
    vi->verified_for = NGX_CONF_UNSET;
    vi->retry_declined = NGX_CONF_UNSET;
    vi->reconcile = NGX_CONF_UNSET;
    vi->user_rate = NGX_CONF_UNSET_UINT;
    vi->session_rate = NGX_CONF_UNSET_UINT;
    vi->response_signature = NGX_CONF_UNSET_UINT;
    vi->match = NGX_CONF_UNSET_UINT;
    vi->watchlist = NGX_CONF_UNSET_UINT;
    vi->full_auto = NGX_CONF_UNSET_UINT;

    save = *cf;
    cf->handler = ngx_http_veriff_integration_directive;
    cf->handler_conf = (void *) vi;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_veriff_integration_init(cf, vmcf, vi);
    }

    if (vi->secrets) {
        ngx_http_veriff_secret_forget(vi->secrets);
    }

    if (rv == NGX_CONF_ERROR) {
        return NGX_CONF_ERROR;
    }

    if (rv != NGX_CONF_OK) {

        /* nginx would put it down to the last directive of the block */

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "veriff_integration \"%V\" %s", &vi->name, rv);
        return NGX_CONF_ERROR;
    }

    pvi = ngx_array_push(&vmcf->integrations);
    if (pvi == NULL) {
        return NGX_CONF_ERROR;
    }

    *pvi = vi;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_veriff_integration_name(ngx_conf_t *cf,
    ngx_http_veriff_main_conf_t *vmcf, ngx_str_t *name)
{
    u_char      c;
    ngx_uint_t  i;

    for (i = 0; i < name->len; i++) {
        c = ngx_tolower(name->data[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_'
            && c != '-' && c != '.')
        {
            break;
        }
    }

    if (i < name->len || i == 0 || i > NGX_HTTP_VERIFF_NAME_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid integration name \"%V\", use up to %d "
                           "letters, digits, \".\", \"_\" and \"-\"",
                           name, NGX_HTTP_VERIFF_NAME_MAX);
        return NGX_ERROR;
    }

    if (ngx_strcmp(name->data, "off") == 0
        || ngx_strcmp(name->data, "report") == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid integration name \"%V\", it is a "
                           "parameter of other directives", name);
        return NGX_ERROR;
    }

    if (ngx_http_veriff_integration_find(vmcf, name)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate veriff_integration \"%V\"", name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_http_veriff_integration_t *
ngx_http_veriff_integration_find(ngx_http_veriff_main_conf_t *vmcf,
    ngx_str_t *name)
{
    ngx_uint_t                       i;
    ngx_http_veriff_integration_t  **vi;

    vi = vmcf->integrations.elts;

    for (i = 0; i < vmcf->integrations.nelts; i++) {
        if (vi[i]->name.len == name->len
            && ngx_strncmp(vi[i]->name.data, name->data, name->len) == 0)
        {
            return vi[i];
        }
    }

    return NULL;
}


/* what ngx_conf_handler() does, for the directives of the block */

static char *
ngx_http_veriff_integration_directive(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf)
{
    char           *rv;
    ngx_str_t      *value;
    ngx_command_t  *cmd;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "include") == 0) {

        if (cf->args->nelts != 2) {
            return "invalid number of arguments in \"include\" directive";
        }

        return ngx_conf_include(cf, dummy, conf);
    }

    cmd = ngx_http_veriff_integration_command(cf);
    if (cmd == NULL) {
        return NGX_CONF_ERROR;
    }

    rv = cmd->set(cf, cmd, conf);

    if (rv == NGX_CONF_OK || rv == NGX_CONF_ERROR) {
        return rv;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" directive %s",
                       &value[0], rv);

    return NGX_CONF_ERROR;
}


static ngx_command_t *
ngx_http_veriff_integration_command(ngx_conf_t *cf)
{
    ngx_str_t      *value;
    ngx_uint_t      n;
    ngx_command_t  *cmd;

    value = cf->args->elts;
    n = cf->args->nelts - 1;

    for (cmd = ngx_http_veriff_integration_commands; cmd->name.len; cmd++) {
        if (ngx_strcmp(value[0].data, cmd->name.data) == 0) {
            break;
        }
    }

    if (cmd->name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown directive \"%V\" in veriff_integration",
                           &value[0]);
        return NULL;
    }

    if (!((cmd->type & NGX_CONF_TAKE1) && n == 1)
        && !((cmd->type & NGX_CONF_TAKE2) && n == 2)
        && !((cmd->type & NGX_CONF_1MORE) && n >= 1))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments in \"%V\" directive",
                           &value[0]);
        return NULL;
    }

    return cmd;
}


/* everything of the block is known */

static char *
ngx_http_veriff_integration_init(ngx_conf_t *cf,
    ngx_http_veriff_main_conf_t *vmcf, ngx_http_veriff_integration_t *vi)
{
    char                            *rv;
    ngx_uint_t                       i;
    ngx_http_veriff_integration_t  **others;

    rv = ngx_http_veriff_integration_keys(cf, vi);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_http_veriff_integration_uris(cf, vi);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    others = vmcf->integrations.elts;

    for (i = 0; i < vmcf->integrations.nelts; i++) {
        if (others[i]->api_uri.len == vi->api_uri.len
            && ngx_strncmp(others[i]->api_uri.data, vi->api_uri.data,
                           vi->api_uri.len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "veriff_integration \"%V\" has the api_uri "
                               "\"%V\" of integration \"%V\", give each its "
                               "own signed location and \"api_uri\"",
                               &vi->name, &vi->api_uri, &others[i]->name);
            return NGX_CONF_ERROR;
        }
    }

    ngx_conf_init_value(vi->verified_for, 0);
    ngx_conf_init_value(vi->retry_declined, 0);
    ngx_conf_init_value(vi->reconcile, NGX_HTTP_VERIFF_RECONCILE);
    ngx_conf_init_uint_value(vi->user_rate, NGX_HTTP_VERIFF_USER_RATE);
    ngx_conf_init_uint_value(vi->session_rate, NGX_HTTP_VERIFF_SESSION_RATE);
    ngx_conf_init_value(vi->session_lifetime,
                        NGX_HTTP_VERIFF_SESSION_LIFETIME);
    ngx_conf_init_uint_value(vi->response_signature,
                             NGX_HTTP_VERIFF_SIGNATURE_REQUIRED);
    ngx_conf_init_uint_value(vi->match, NGX_HTTP_VERIFF_MATCH_SESSION);
    ngx_conf_init_uint_value(vi->watchlist, 0);
    ngx_conf_init_uint_value(vi->full_auto, 0);

    if (vi->session_lifetime < NGX_HTTP_VERIFF_LIFETIME_MIN
        || vi->session_lifetime > NGX_HTTP_VERIFF_SESSION_LIFETIME)
    {
        return "needs a \"session_lifetime\" from one minute to seven days, "
               "after which the provider ends a session";
    }

    return ngx_http_veriff_integration_payload(cf, vi);
}
