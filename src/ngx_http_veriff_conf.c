
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_conf.h"
#include "ngx_http_veriff_check.h"
#include "ngx_http_veriff_return.h"
#include "ngx_http_veriff_secret.h"
#include "ngx_http_veriff_session.h"
#include "ngx_http_veriff_status.h"

#include "ngx_veriff_json.h"


static char *ngx_http_veriff_conf_format(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf, ngx_str_t *value);
static char *ngx_http_veriff_conf_user(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf, ngx_str_t *text);
static char *ngx_http_veriff_conf_replay(ngx_conf_t *cf, ngx_flag_t *replay,
    ngx_str_t *value);


static struct {
    ngx_str_t   name;
    ngx_uint_t  format;
} ngx_http_veriff_formats[] = {
    { ngx_string("format=auto"), NGX_HTTP_VERIFF_AUTO },
    { ngx_string("format=redirect"), NGX_HTTP_VERIFF_REDIRECT },
    { ngx_string("format=json"), NGX_HTTP_VERIFF_JSON },
    { ngx_string("format=api"), NGX_HTTP_VERIFF_API },
    { ngx_null_string, 0 }
};


void *
ngx_http_veriff_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_main_conf_t));
    if (vmcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     vmcf->keys = NULL;
     *     vmcf->routes = NULL;
     *     vmcf->metrics = 0;
     *     vmcf->webhook_read = 0;
     */

    if (ngx_array_init(&vmcf->integrations, cf->pool, 2,
                       sizeof(ngx_http_veriff_integration_t *))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_veriff_json_init(cf->pool) != NGX_OK) {
        return NULL;
    }

    return vmcf;
}


void *
ngx_http_veriff_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_veriff_loc_conf_t  *vlcf;

    vlcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_loc_conf_t));
    if (vlcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     vlcf->insecure_tls = 0;
     *     vlcf->format = NGX_HTTP_VERIFF_AUTO;
     *     vlcf->user = NULL;
     *     vlcf->user_text = { 0, NULL };
     *     vlcf->user_check = NULL;
     *     vlcf->metrics = NULL;
     *     vlcf->return_page = { 0, NULL };
     *     vlcf->report = 0;
     *     vlcf->proxy_pass = { 0, NULL };
     *     vlcf->proxy_handler = NULL;
     */

    vlcf->gate = NGX_CONF_UNSET_PTR;
    vlcf->sign = NGX_CONF_UNSET_PTR;
    vlcf->session = NGX_CONF_UNSET_PTR;
    vlcf->return_ref = NGX_CONF_UNSET_PTR;
    vlcf->webhook = NGX_CONF_UNSET_PTR;

    return vlcf;
}


char *
ngx_http_veriff_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_veriff_loc_conf_t *prev = parent;
    ngx_http_veriff_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->gate == NGX_CONF_UNSET_PTR) {
        conf->gate = prev->gate;
    }

    if (conf->sign == NGX_CONF_UNSET_PTR) {
        conf->sign = prev->sign;
        conf->insecure_tls = prev->insecure_tls;
    }

    if (conf->webhook == NGX_CONF_UNSET_PTR) {
        conf->webhook = prev->webhook;
        conf->report = prev->report;
        conf->replay_pass = prev->replay_pass;
    }

    /* "if" and "limit_except" blocks have the handlers of their location */

    if (clcf->noname) {

        if (conf->session == NGX_CONF_UNSET_PTR) {
            conf->session = prev->session;
            conf->status = prev->status;
            conf->format = prev->format;
            conf->user = prev->user;
            conf->user_text = prev->user_text;
            conf->user_check = prev->user_check;
        }

        if (conf->metrics == NULL) {
            conf->metrics = prev->metrics;
        }

        if (conf->return_ref == NGX_CONF_UNSET_PTR) {
            conf->return_ref = prev->return_ref;
            conf->return_page = prev->return_page;
        }

        if (conf->proxy_pass.len == 0) {
            conf->proxy_pass = prev->proxy_pass;
            conf->proxy_handler = prev->proxy_handler;
            conf->proxy_target = prev->proxy_target;
        }
    }

    /* that of a location ends there, that of a server comes before all */

    if (prev->returns_above) {
        conf->returns = prev->returns;
        conf->returns_above = 1;
    }

    conf->proxy_method |= prev->proxy_method;
    conf->proxy_set_body |= prev->proxy_set_body;

    ngx_conf_init_ptr_value(conf->gate, NULL);
    ngx_conf_init_ptr_value(conf->sign, NULL);
    ngx_conf_init_ptr_value(conf->session, NULL);
    ngx_conf_init_ptr_value(conf->return_ref, NULL);
    ngx_conf_init_ptr_value(conf->webhook, NULL);

    /* "limit_except" replaces the location, and its handler, altogether */

    if (clcf->lmt_excpt && clcf->handler == NULL) {
        clcf->handler = conf->return_ref ? ngx_http_veriff_return_handler
                        : conf->status ? ngx_http_veriff_status_handler
                        : conf->session ? ngx_http_veriff_session_handler
                        : NULL;
    }

    return ngx_http_veriff_check_location(cf, conf);
}


char *
ngx_http_veriff_conf_key_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_main_conf_t *vmcf = conf;

    u_char      key[NGX_VERIFF_KEY_LEN];
    ngx_str_t  *value;

    if (vmcf->keys) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_http_veriff_secret_key(cf, &value[1], key) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    vmcf->keys = ngx_veriff_keys_create(cf->pool, key);

    ngx_explicit_memzero(key, NGX_VERIFF_KEY_LEN);

    if (vmcf->keys == NULL) {
        return "needs HKDF and AES-SIV, which this OpenSSL does not offer";
    }

    return NGX_CONF_OK;
}


char *
ngx_http_veriff_conf_sign(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_loc_conf_t *vlcf = conf;

    ngx_str_t  *value;

    if (vlcf->sign != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {

        if (cf->args->nelts == 3) {
            return "has no parameters when it is \"off\"";
        }

        vlcf->sign = NULL;

        return NGX_CONF_OK;
    }

    if (cf->args->nelts == 3) {

        if (ngx_strcmp(value[2].data, "insecure_tls") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in \"%V\", the only "
                               "one is \"insecure_tls\"",
                               &value[2], &value[0]);
            return NGX_CONF_ERROR;
        }

        vlcf->insecure_tls = 1;
    }

    vlcf->sign = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_ref_t));
    if (vlcf->sign == NULL) {
        return NGX_CONF_ERROR;
    }

    return (ngx_http_veriff_conf_ref(cf, vlcf->sign, &value[1]) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_veriff_conf_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_loc_conf_t *vlcf = conf;

    ngx_str_t                 *value, text;
    ngx_http_core_loc_conf_t  *clcf;

    if (vlcf->status) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (vlcf->session != NGX_CONF_UNSET_PTR || clcf->handler) {
        return "conflicts with another handler of its location, give it a "
               "location of its own";
    }

    value = cf->args->elts;

    vlcf->session = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_ref_t));
    if (vlcf->session == NULL
        || ngx_http_veriff_conf_ref(cf, vlcf->session, &value[1]) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    vlcf->status = 1;
    clcf->handler = ngx_http_veriff_status_handler;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value[2].data, "user=", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"%V\", use "
                           "\"user=$variable\"", &value[2], &value[0]);
        return NGX_CONF_ERROR;
    }

    text.data = value[2].data + 5;
    text.len = value[2].len - 5;

    return ngx_http_veriff_conf_user(cf, vlcf, &text);
}


char *
ngx_http_veriff_conf_session(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_loc_conf_t *vlcf = conf;

    char                      *rv;
    ngx_str_t                 *value, text;
    ngx_uint_t                 i;
    ngx_http_core_loc_conf_t  *clcf;

    if (vlcf->session != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    vlcf->session = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_ref_t));
    if (vlcf->session == NULL
        || ngx_http_veriff_conf_ref(cf, vlcf->session, &value[1]) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    vlcf->format = NGX_CONF_UNSET_UINT;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "user=", 5) == 0) {
            text.data = value[i].data + 5;
            text.len = value[i].len - 5;

            rv = ngx_http_veriff_conf_user(cf, vlcf, &text);

        } else {
            rv = ngx_http_veriff_conf_format(cf, vlcf, &value[i]);
        }

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    ngx_conf_init_uint_value(vlcf->format, NGX_HTTP_VERIFF_AUTO);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "conflicts with another handler of its location, give it a "
               "location of its own";
    }

    clcf->handler = ngx_http_veriff_session_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_veriff_conf_format(ngx_conf_t *cf, ngx_http_veriff_loc_conf_t *vlcf,
    ngx_str_t *value)
{
    ngx_uint_t  n;

    for (n = 0; ngx_http_veriff_formats[n].name.len; n++) {
        if (ngx_strcmp(value->data, ngx_http_veriff_formats[n].name.data)
            == 0)
        {
            break;
        }
    }

    if (ngx_http_veriff_formats[n].name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"veriff_session\", "
                           "use \"format=auto|redirect|json|api\" or "
                           "\"user=$variable\"", value);
        return NGX_CONF_ERROR;
    }

    if (vlcf->format != NGX_CONF_UNSET_UINT) {
        return "has a duplicate \"format\" parameter";
    }

    vlcf->format = ngx_http_veriff_formats[n].format;

    return NGX_CONF_OK;
}


static char *
ngx_http_veriff_conf_user(ngx_conf_t *cf, ngx_http_veriff_loc_conf_t *vlcf,
    ngx_str_t *text)
{
    if (vlcf->user) {
        return "has a duplicate \"user\" parameter";
    }

    if (ngx_http_script_variables_count(text) == 0) {
        return "needs a variable in its \"user\" parameter";
    }

    vlcf->user = ngx_http_veriff_conf_expr(cf, text);
    if (vlcf->user == NULL) {
        return NGX_CONF_ERROR;
    }

    vlcf->user_text = *text;

    return NGX_CONF_OK;
}


char *
ngx_http_veriff_conf_webhook(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_loc_conf_t *vlcf = conf;

    char                   *rv;
    ngx_str_t              *value;
    ngx_uint_t              i, j;
    ngx_flag_t              replay;
    ngx_http_veriff_ref_t  *ref, *refs;

    if (vlcf->webhook != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    vlcf->webhook = ngx_array_create(cf->pool, 1,
                                     sizeof(ngx_http_veriff_ref_t));
    if (vlcf->webhook == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;
    replay = NGX_CONF_UNSET;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "report") == 0) {

            if (vlcf->report) {
                return "has a duplicate \"report\" parameter";
            }

            vlcf->report = 1;
            continue;
        }

        if (ngx_strncmp(value[i].data, "replay=", 7) == 0) {
            rv = ngx_http_veriff_conf_replay(cf, &replay, &value[i]);

            if (rv != NGX_CONF_OK) {
                return rv;
            }

            continue;
        }

        if (ngx_strlchr(value[i].data, value[i].data + value[i].len, '=')) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in \"%V\", use names "
                               "of integrations, \"report\" and "
                               "\"replay=drop|pass\"",
                               &value[i], &value[0]);
            return NGX_CONF_ERROR;
        }

        refs = vlcf->webhook->elts;

        for (j = 0; j < vlcf->webhook->nelts; j++) {
            if (refs[j].name.len == value[i].len
                && ngx_strcmp(refs[j].name.data, value[i].data) == 0)
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "duplicate integration \"%V\" in \"%V\"",
                                   &value[i], &value[0]);
                return NGX_CONF_ERROR;
            }
        }

        ref = ngx_array_push(vlcf->webhook);
        if (ref == NULL
            || ngx_http_veriff_conf_ref(cf, ref, &value[i]) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (vlcf->webhook->nelts == 0) {
        return "needs the name of an integration";
    }

    vlcf->replay_pass = (replay == 1);

    return NGX_CONF_OK;
}


static char *
ngx_http_veriff_conf_replay(ngx_conf_t *cf, ngx_flag_t *replay,
    ngx_str_t *value)
{
    if (*replay != NGX_CONF_UNSET) {
        return "has a duplicate \"replay\" parameter";
    }

    if (ngx_strcmp(value->data, "replay=drop") == 0) {
        *replay = 0;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value->data, "replay=pass") == 0) {
        *replay = 1;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" in \"veriff_webhook\", use "
                       "\"replay=drop\" or \"replay=pass\"", value);

    return NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_veriff_conf_ref(ngx_conf_t *cf, ngx_http_veriff_ref_t *ref,
    ngx_str_t *name)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    ref->name = *name;
    ref->directive = value[0];
    ref->integration = NULL;

    return ngx_http_veriff_conf_place(cf, &ref->place);
}


ngx_int_t
ngx_http_veriff_conf_place(ngx_conf_t *cf, ngx_http_veriff_place_t *place)
{
    ngx_str_t  *name;

    name = &cf->conf_file->file.name;

    place->line = cf->conf_file->line;

    place->file = ngx_pnalloc(cf->pool, name->len + 1);
    if (place->file == NULL) {
        return NGX_ERROR;
    }

    ngx_cpystrn(place->file, name->data, name->len + 1);

    return NGX_OK;
}


ngx_uint_t
ngx_http_veriff_conf_own(ngx_http_veriff_loc_conf_t *vlcf)
{
    return vlcf->sign || vlcf->session || vlcf->return_ref || vlcf->webhook
           || vlcf->metrics;
}


ngx_http_complex_value_t *
ngx_http_veriff_conf_expr(ngx_conf_t *cf, ngx_str_t *text)
{
    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    cv = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (cv == NULL) {
        return NULL;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = text;
    ccv.complex_value = cv;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NULL;
    }

    return cv;
}
