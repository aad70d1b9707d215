
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_gate_conf.h"
#include "ngx_http_veriff_check.h"
#include "ngx_http_veriff_check_user.h"
#include "ngx_http_veriff_conf.h"


static char *ngx_http_veriff_gate_parameter(ngx_conf_t *cf,
    ngx_http_veriff_gate_t *gate, ngx_str_t *value);
static char *ngx_http_veriff_gate_max_age(ngx_conf_t *cf,
    ngx_http_veriff_gate_t *gate, ngx_str_t *text);
static char *ngx_http_veriff_gate_on_error(ngx_conf_t *cf,
    ngx_http_veriff_gate_t *gate, ngx_str_t *text);
static char *ngx_http_veriff_gate_page(ngx_conf_t *cf,
    ngx_http_veriff_gate_t *gate, ngx_str_t *text);
static char *ngx_http_veriff_gate_user(ngx_conf_t *cf,
    ngx_http_veriff_gate_t *gate, ngx_str_t *text);
static ngx_uint_t ngx_http_veriff_gate_covered(ngx_http_core_loc_conf_t *clcf);


/* parameters with a value */

static struct {
    ngx_str_t    name;
    char      *(*set)(ngx_conf_t *cf, ngx_http_veriff_gate_t *gate,
                      ngx_str_t *text);
} ngx_http_veriff_gate_parameters[] = {
    { ngx_string("max_age="), ngx_http_veriff_gate_max_age },
    { ngx_string("on_error="), ngx_http_veriff_gate_on_error },
    { ngx_string("page="), ngx_http_veriff_gate_page },
    { ngx_string("user="), ngx_http_veriff_gate_user },
    { ngx_null_string, NULL }
};


char *
ngx_http_veriff_gate_conf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_loc_conf_t *vlcf = conf;

    char                    *rv;
    ngx_str_t               *value;
    ngx_uint_t               i;
    ngx_http_veriff_gate_t  *gate;

    if (vlcf->gate != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {

        if (cf->args->nelts > 2) {
            return "has no parameters when it is \"off\"";
        }

        vlcf->gate = NULL;

        return NGX_CONF_OK;
    }

    gate = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_gate_t));
    if (gate == NULL
        || ngx_http_veriff_conf_ref(cf, &gate->ref, &value[1]) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    gate->allow = NGX_CONF_UNSET;

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_veriff_gate_parameter(cf, gate, &value[i]);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    ngx_conf_init_value(gate->allow, 0);

    vlcf->gate = gate;
    vlcf->gate_here = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_veriff_gate_parameter(ngx_conf_t *cf, ngx_http_veriff_gate_t *gate,
    ngx_str_t *value)
{
    ngx_str_t   text, *name;
    ngx_uint_t  i;

    if (ngx_strcmp(value->data, "report") == 0) {

        if (gate->report) {
            return "has a duplicate \"report\" parameter";
        }

        gate->report = 1;

        return NGX_CONF_OK;
    }

    for (i = 0; ngx_http_veriff_gate_parameters[i].name.len; i++) {
        name = &ngx_http_veriff_gate_parameters[i].name;

        if (ngx_strncmp(value->data, name->data, name->len) == 0) {
            text.data = value->data + name->len;
            text.len = value->len - name->len;

            return ngx_http_veriff_gate_parameters[i].set(cf, gate, &text);
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" in \"veriff_gate\", use "
                       "\"report\", \"max_age=time\", "
                       "\"on_error=deny|allow\", \"page=uri\" or "
                       "\"user=$variable\"", value);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_veriff_gate_max_age(ngx_conf_t *cf, ngx_http_veriff_gate_t *gate,
    ngx_str_t *text)
{
    if (gate->max_age) {
        return "has a duplicate \"max_age\" parameter";
    }

    gate->max_age = ngx_parse_time(text, 1);

    if (gate->max_age == (time_t) NGX_ERROR || gate->max_age == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"max_age=%V\" in \"veriff_gate\", use a "
                           "time like \"1d\"", text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_veriff_gate_on_error(ngx_conf_t *cf, ngx_http_veriff_gate_t *gate,
    ngx_str_t *text)
{
    if (gate->allow != NGX_CONF_UNSET) {
        return "has a duplicate \"on_error\" parameter";
    }

    if (ngx_strcmp(text->data, "deny") == 0) {
        gate->allow = 0;

    } else if (ngx_strcmp(text->data, "allow") == 0) {
        gate->allow = 1;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"on_error=%V\" in \"veriff_gate\", use "
                           "\"deny\" or \"allow\"", text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_veriff_gate_page(ngx_conf_t *cf, ngx_http_veriff_gate_t *gate,
    ngx_str_t *text)
{
    if (gate->page.len) {
        return "has a duplicate \"page\" parameter";
    }

    if (text->len == 0 || text->data[0] != '/'
        || ngx_strlchr(text->data, text->data + text->len, '$')
        || ngx_strlchr(text->data, text->data + text->len, '?'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"page=%V\" in \"veriff_gate\", use the "
                           "path of a page of this server, like "
                           "\"/verify.html\"", text);
        return NGX_CONF_ERROR;
    }

    gate->page = *text;

    return NGX_CONF_OK;
}


static char *
ngx_http_veriff_gate_user(ngx_conf_t *cf, ngx_http_veriff_gate_t *gate,
    ngx_str_t *text)
{
    if (gate->user) {
        return "has a duplicate \"user\" parameter";
    }

    if (ngx_http_script_variables_count(text) == 0) {
        return "needs a variable in its \"user\" parameter";
    }

    gate->user = ngx_http_veriff_conf_expr(cf, text);
    if (gate->user == NULL) {
        return NGX_CONF_ERROR;
    }

    gate->user_text = *text;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_veriff_gate_check(ngx_conf_t *cf, ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_http_veriff_gate_t       *gate;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_veriff_main_conf_t  *vmcf;

    gate = vlcf->gate;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    if (vmcf->store == NULL) {
        ngx_http_veriff_check_error(cf, NGX_LOG_EMERG, &gate->ref,
                                    "needs a store, add \"veriff_store "
                                    "/var/lib/nginx/veriff;\" to http");
        return NGX_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (ngx_http_veriff_gate_covered(clcf)) {
        return NGX_OK;
    }

    return ngx_http_veriff_check_user(cf, &gate->ref, &gate->user_text, 0);
}


/* no request gets what the server itself has: "location /" takes them all */

static ngx_uint_t
ngx_http_veriff_gate_covered(ngx_http_core_loc_conf_t *clcf)
{
    ngx_queue_t                *q;
    ngx_http_core_loc_conf_t   *inner;
    ngx_http_location_queue_t  *lq;

    if (clcf->name.len) {
        return 0;
    }

    if (clcf->noname && !clcf->lmt_excpt) {

        /* a server's "if" has no requests of its own */

        return 1;
    }

    if (clcf->locations == NULL) {
        return 0;
    }

    for (q = ngx_queue_head(clcf->locations);
         q != ngx_queue_sentinel(clcf->locations);
         q = ngx_queue_next(q))
    {
        lq = (ngx_http_location_queue_t *) q;

        inner = lq->exact ? lq->exact : lq->inclusive;

        if (inner->name.len == 1 && inner->name.data[0] == '/'
            && !inner->exact_match && !inner->noname && !inner->named
#if (NGX_PCRE)
            && inner->regex == NULL
#endif
           )
        {
            return 1;
        }
    }

    return 0;
}
