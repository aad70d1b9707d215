
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_check_route.h"
#include "ngx_http_veriff_check.h"


#define NGX_HTTP_VERIFF_CREATE_PATH  "/v1/sessions"

#define NGX_HTTP_VERIFF_LEASE        70000      /* ms, if nothing is known */
#define NGX_HTTP_VERIFF_LEASE_MAX    300000     /* ms, with a warning */
#define NGX_HTTP_VERIFF_LEASE_MARGIN 10000      /* ms, over the timeouts */


/* a location that asks the provider, or one that signs */

typedef struct {
    ngx_http_veriff_loc_conf_t  *vlcf;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_core_srv_conf_t    *cscf;
} ngx_http_veriff_route_t;


static ngx_uint_t ngx_http_veriff_check_leads(
    ngx_http_veriff_integration_t *vi, ngx_http_core_loc_conf_t *clcf);
static void ngx_http_veriff_check_lease(ngx_conf_t *cf,
    ngx_http_veriff_route_t *route);


ngx_int_t
ngx_http_veriff_check_route(ngx_conf_t *cf, ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_http_veriff_route_t      *route;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_veriff_main_conf_t  *vmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname
        || (vlcf->sign == NULL && vlcf->session == NULL
            && vlcf->return_ref == NULL))
    {
        return NGX_OK;
    }

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    if (vmcf->routes == NULL) {
        vmcf->routes = ngx_array_create(cf->temp_pool, 8,
                                        sizeof(ngx_http_veriff_route_t));
        if (vmcf->routes == NULL) {
            return NGX_ERROR;
        }
    }

    route = ngx_array_push(vmcf->routes);
    if (route == NULL) {
        return NGX_ERROR;
    }

    route->vlcf = vlcf;
    route->clcf = clcf;
    route->cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    return NGX_OK;
}


void
ngx_http_veriff_check_routes(ngx_conf_t *cf)
{
    ngx_uint_t                      i, j, found;
    ngx_http_veriff_ref_t          *ref;
    ngx_http_veriff_route_t        *route;
    ngx_http_veriff_main_conf_t    *vmcf;
    ngx_http_veriff_integration_t  *vi;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    if (vmcf->routes == NULL) {
        return;
    }

    route = vmcf->routes->elts;

    for (i = 0; i < vmcf->routes->nelts; i++) {

        ref = route[i].vlcf->session;

        if (ref == NULL) {
            ref = route[i].vlcf->return_ref;

            if (ref == NULL || ref->integration->reconcile == 0) {
                continue;
            }

        } else if (route[i].vlcf->status) {
            continue;
        }

        vi = ref->integration;
        found = 0;

        for (j = 0; j < vmcf->routes->nelts; j++) {
            if (route[j].cscf == route[i].cscf
                && route[j].vlcf->sign
                && route[j].vlcf->sign->integration == vi
                && ngx_http_veriff_check_leads(vi, route[j].clcf))
            {
                found = 1;

                if (route[i].vlcf->session) {
                    ngx_http_veriff_check_lease(cf, &route[j]);
                }
            }
        }

        if (!found) {
            vi->lease = ngx_max(vi->lease, NGX_HTTP_VERIFF_LEASE);

            ngx_http_veriff_check_error(cf, NGX_LOG_WARN, ref,
                                        "cannot reach the provider: its "
                                        "server has no location \"%V/\" with "
                                        "\"veriff_sign %V;\"",
                                        &vi->api_uri, &vi->name);
        }
    }

    /* it goes with the temporary pool */

    vmcf->routes = NULL;
}


/* whether the location may get requests about sessions */

static ngx_uint_t
ngx_http_veriff_check_leads(ngx_http_veriff_integration_t *vi,
    ngx_http_core_loc_conf_t *clcf)
{
    size_t      n;
    ngx_str_t  *uri, *name;

#if (NGX_PCRE)
    if (clcf->regex) {
        return 1;
    }
#endif

    if (clcf->named) {
        return 0;
    }

    uri = &vi->api_uri;
    name = &clcf->name;

    n = ngx_min(name->len, uri->len);

    if (ngx_strncmp(name->data, uri->data, n) != 0) {
        return 0;
    }

    /* the rest of the longer one */

    if (name->len > uri->len + sizeof(NGX_HTTP_VERIFF_CREATE_PATH) - 1
        || ngx_strncmp(name->data + n, NGX_HTTP_VERIFF_CREATE_PATH,
                       name->len - n)
           != 0)
    {
        return 0;
    }

    return !clcf->exact_match
           || name->len == uri->len + sizeof(NGX_HTTP_VERIFF_CREATE_PATH) - 1;
}


/*
 * Who creates a session has the user for as long as an answer may take: the
 * time to find the host, to connect to each server that is tried, to send,
 * and to wait.
 */

static void
ngx_http_veriff_check_lease(ngx_conf_t *cf, ngx_http_veriff_route_t *route)
{
    ngx_uint_t                      tries;
    ngx_msec_t                      lease;
    ngx_module_t                   *module;
    ngx_http_upstream_conf_t       *u;
    ngx_http_veriff_integration_t  *vi;

    vi = route->vlcf->sign->integration;
    lease = NGX_HTTP_VERIFF_LEASE;

    module = ngx_http_veriff_check_module(cf, "ngx_http_proxy_module");

    if (module && route->vlcf->proxy_pass.len) {
        u = route->clcf->loc_conf[module->ctx_index];

        tries = (u->next_upstream & NGX_HTTP_UPSTREAM_FT_OFF)
                ? 1 : ngx_max(u->next_upstream_tries, 1);

        /* a TLS handshake may take as long as to connect */

        lease = tries * 2 * u->connect_timeout + u->send_timeout
                + u->read_timeout + NGX_HTTP_VERIFF_LEASE_MARGIN;

        if (route->vlcf->proxy_target) {
            lease += route->clcf->resolver_timeout;
        }
    }

    if (lease <= vi->lease) {
        return;
    }

    vi->lease = lease;

    if (lease > NGX_HTTP_VERIFF_LEASE_MAX) {
        ngx_http_veriff_check_error(cf, NGX_LOG_WARN, route->vlcf->sign,
                                    "may keep a user waiting for %M seconds "
                                    "for a session, set shorter "
                                    "\"proxy_connect_timeout\", "
                                    "\"proxy_send_timeout\" and "
                                    "\"proxy_read_timeout\"", lease / 1000);
    }
}
