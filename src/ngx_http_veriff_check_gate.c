
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_check.h"
#include "ngx_http_veriff_check_gate.h"
#include "ngx_http_veriff_conf.h"
#include "ngx_http_veriff_integration.h"


typedef struct {
    ngx_http_veriff_loc_conf_t  *vlcf;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_core_srv_conf_t    *cscf;
} ngx_http_veriff_spot_t;


static ngx_uint_t ngx_http_veriff_check_gates_first(ngx_array_t *spots,
    ngx_uint_t n);
static ngx_uint_t ngx_http_veriff_check_leading(ngx_array_t *spots,
    ngx_uint_t n);
static ngx_uint_t ngx_http_veriff_check_covered(ngx_array_t *spots,
    ngx_uint_t n);
static void ngx_http_veriff_check_lead(ngx_conf_t *cf, ngx_array_t *spots,
    ngx_http_veriff_spot_t *gated, ngx_uint_t start);
static void ngx_http_veriff_check_asked(ngx_conf_t *cf, ngx_array_t *spots,
    ngx_http_veriff_spot_t *asking);
static ngx_http_veriff_spot_t *ngx_http_veriff_check_taker(ngx_array_t *spots,
    ngx_http_core_srv_conf_t *cscf, ngx_str_t *uri);


ngx_int_t
ngx_http_veriff_check_spot(ngx_conf_t *cf, ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_http_veriff_spot_t       *spot;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_veriff_main_conf_t  *vmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    if (clcf->noname) {
        return NGX_OK;
    }

    if (vmcf->spots == NULL) {
        vmcf->spots = ngx_array_create(cf->temp_pool, 16,
                                       sizeof(ngx_http_veriff_spot_t));
        if (vmcf->spots == NULL) {
            return NGX_ERROR;
        }
    }

    spot = ngx_array_push(vmcf->spots);
    if (spot == NULL) {
        return NGX_ERROR;
    }

    spot->vlcf = vlcf;
    spot->clcf = clcf;
    spot->cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    return NGX_OK;
}


void
ngx_http_veriff_check_gates(ngx_conf_t *cf)
{
    ngx_uint_t                    i;
    ngx_array_t                  *spots;
    ngx_http_veriff_spot_t       *spot;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    spots = vmcf->spots;

    if (spots == NULL) {
        return;
    }

    /* it goes with the temporary pool */

    vmcf->spots = NULL;

    spot = spots->elts;

    for (i = 0; i < spots->nelts; i++) {
        if (ngx_http_veriff_check_gates_first(spots, i)) {
            ngx_http_veriff_check_lead(cf, spots, &spot[i], 1);
            ngx_http_veriff_check_lead(cf, spots, &spot[i], 0);
        }

        if (spot[i].vlcf->user_check) {
            ngx_http_veriff_check_asked(cf, spots, &spot[i]);
        }
    }
}


/* one gate of an integration speaks for all of the server */

static ngx_uint_t
ngx_http_veriff_check_gates_first(ngx_array_t *spots, ngx_uint_t n)
{
    ngx_uint_t               i;
    ngx_http_veriff_spot_t  *spot;

    if (!ngx_http_veriff_check_leading(spots, n)) {
        return 0;
    }

    spot = spots->elts;

    for (i = 0; i < n; i++) {
        if (spot[i].cscf == spot[n].cscf
            && spot[i].vlcf->gate
            && spot[i].vlcf->gate->ref.integration
               == spot[n].vlcf->gate->ref.integration
            && ngx_http_veriff_check_leading(spots, i))
        {
            return 0;
        }
    }

    return 1;
}


/* whether the location sends browsers to start_uri and return_uri */

static ngx_uint_t
ngx_http_veriff_check_leading(ngx_array_t *spots, ngx_uint_t n)
{
    ngx_http_veriff_gate_t  *gate;
    ngx_http_veriff_spot_t  *spot;

    spot = spots->elts;
    gate = spot[n].vlcf->gate;

    return gate && !gate->report && gate->page.len == 0
           && spot[n].vlcf->returns.file == NULL
           && !ngx_http_veriff_conf_own(spot[n].vlcf)
           && !ngx_http_veriff_check_covered(spots, n);
}


/* "location /" takes all that the server itself would get */

static ngx_uint_t
ngx_http_veriff_check_covered(ngx_array_t *spots, ngx_uint_t n)
{
    ngx_uint_t                 i;
    ngx_http_veriff_spot_t    *spot;
    ngx_http_core_loc_conf_t  *clcf;

    spot = spots->elts;

    if (spot[n].clcf->name.len) {
        return 0;
    }

    for (i = 0; i < spots->nelts; i++) {
        clcf = spot[i].clcf;

        if (spot[i].cscf == spot[n].cscf && clcf->name.len == 1
            && clcf->name.data[0] == '/' && !clcf->exact_match)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * A page of the application's own may stand there, which leads on to a
 * location of ours or, with "match vendor_data", makes the session itself.
 */

static void
ngx_http_veriff_check_lead(ngx_conf_t *cf, ngx_array_t *spots,
    ngx_http_veriff_spot_t *gated, ngx_uint_t start)
{
    ngx_str_t                      *uri;
    ngx_uint_t                      i, ours, there;
    ngx_http_veriff_ref_t          *ref;
    ngx_http_veriff_spot_t         *spot, *taker;
    ngx_http_veriff_integration_t  *vi;

    vi = gated->vlcf->gate->ref.integration;
    uri = start ? &vi->start_uri : &vi->return_uri;

    spot = spots->elts;
    taker = ngx_http_veriff_check_taker(spots, gated->cscf, uri);
    ours = (vi->match == NGX_HTTP_VERIFF_MATCH_VENDOR_DATA);
    there = 0;

    for (i = 0; i < spots->nelts; i++) {

        if (spot[i].cscf != gated->cscf) {
            continue;
        }

        ref = start ? spot[i].vlcf->session : spot[i].vlcf->return_ref;

        if (ref && !spot[i].vlcf->status && ref->integration == vi) {
            ours = 1;
            there |= (&spot[i] == taker);
        }
    }

    if (taker == NULL || there
        || (ours && (taker->vlcf->gate == NULL || taker->vlcf->returns.file)))
    {
        return;
    }

    ngx_http_veriff_check_error(cf, NGX_LOG_WARN, &gated->vlcf->gate->ref,
                                "leads to \"%V\", but its server has no "
                                "location there with \"%s %V;\"", uri,
                                start ? "veriff_session" : "veriff_return",
                                &vi->name);
}


/*
 * A path with a slip in it would be asked of the next best location, and one
 * that has a page for every path lets everybody pass.
 */

static void
ngx_http_veriff_check_asked(ngx_conf_t *cf, ngx_array_t *spots,
    ngx_http_veriff_spot_t *asking)
{
    u_char                      *last, *mark;
    ngx_str_t                    uri;
    ngx_module_t                *module;
    ngx_http_veriff_spot_t      *taker;
    ngx_http_upstream_conf_t    *u;
    ngx_http_veriff_user_uri_t  *check;

    check = asking->vlcf->user_check;

    uri = check->text;
    last = uri.data + uri.len;

    mark = ngx_strlchr(uri.data, last, '?');

    if (mark) {
        uri.len = mark - uri.data;
    }

    if (ngx_strlchr(uri.data, uri.data + uri.len, '$')) {
        return;
    }

    taker = ngx_http_veriff_check_taker(spots, asking->cscf, &uri);

    if (taker == NULL) {
        return;
    }

    if (!taker->clcf->internal) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"veriff_user_check %V\" leads to a location that "
                      "clients reach as well, or to none of its own; give it "
                      "one with \"internal;\" in %s:%ui", &check->text,
                      check->place.file, check->place.line);
    }

    module = ngx_http_veriff_check_module(cf, "ngx_http_proxy_module");
    u = module ? taker->clcf->loc_conf[module->ctx_index] : NULL;

    if (u && taker->vlcf->proxy_pass.len && u->cache > 0) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"veriff_user_check %V\" leads to a location that "
                      "caches answers: one user's may be given to another; "
                      "add \"proxy_cache off;\" in %s:%ui", &check->text,
                      check->place.file, check->place.line);
    }
}


/* the location that gets the URI */

static ngx_http_veriff_spot_t *
ngx_http_veriff_check_taker(ngx_array_t *spots,
    ngx_http_core_srv_conf_t *cscf, ngx_str_t *uri)
{
    ngx_str_t                 *name;
    ngx_uint_t                 i;
    ngx_http_veriff_spot_t    *spot, *taker, *regex;
    ngx_http_core_loc_conf_t  *clcf;

    spot = spots->elts;
    taker = NULL;
    regex = NULL;

    for (i = 0; i < spots->nelts; i++) {
        clcf = spot[i].clcf;
        name = &clcf->name;

        if (spot[i].cscf != cscf || clcf->named) {
            continue;
        }

#if (NGX_PCRE)
        if (clcf->regex) {

            if (regex == NULL
                && ngx_regex_exec(clcf->regex->regex, uri, NULL, 0) >= 0)
            {
                regex = &spot[i];
            }

            continue;
        }
#endif

        /* the server itself has no name, not even an empty one */

        if (name->len > uri->len
            || (name->len
                && ngx_strncmp(name->data, uri->data, name->len) != 0)
            || (clcf->exact_match && name->len != uri->len))
        {
            continue;
        }

        if (taker == NULL || clcf->exact_match
            || name->len > taker->clcf->name.len)
        {
            taker = &spot[i];
        }
    }

    if (regex
        && (taker == NULL
            || !(taker->clcf->exact_match
#if (NGX_PCRE)
                 || taker->clcf->noregex
#endif
                 )))
    {
        return regex;
    }

    return taker;
}
