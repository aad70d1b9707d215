
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_json_var.h"
#include "ngx_http_veriff_body.h"
#include "ngx_http_veriff_headers.h"

#include "ngx_veriff_json_pointer.h"


#define NGX_HTTP_VERIFF_JSON_VAR_MAX  65536     /* bytes of a body */


/* a body that was parsed, whatever came of it */

typedef struct {
    ngx_http_request_t       *request;
    ngx_chain_t              *bufs;
    off_t                     size;
    ngx_veriff_json_t        *json;     /* NULL: nothing to be had */
} ngx_http_veriff_json_body_t;


static ngx_int_t ngx_http_veriff_json_var_get(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_veriff_json_body(ngx_http_request_t *r,
    ngx_veriff_json_t **json);
static ngx_http_veriff_json_body_t *ngx_http_veriff_json_body_parsed(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_json_body_parse(ngx_http_request_t *r,
    ngx_http_veriff_json_body_t *body);
static void ngx_http_veriff_json_body_cleanup(void *data);


char *
ngx_http_veriff_json_var(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_main_conf_t *vmcf = conf;

    ngx_str_t                  *value, *name;
    const char                 *reason;
    ngx_http_variable_t        *v;
    ngx_veriff_json_pointer_t  *pointer;

    value = cf->args->elts;

    if (value[1].len < 2 || value[1].data[0] != '$') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid variable name \"%V\" in \"%V\", use "
                           "\"$name\"", &value[1], &value[0]);
        return NGX_CONF_ERROR;
    }

    value[1].len--;
    value[1].data++;

    pointer = ngx_veriff_json_pointer(cf->pool, &value[2], &reason);

    if (pointer == NULL) {

        if (reason) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid JSON pointer \"%V\" in \"%V\", it %s",
                               &value[2], &value[0], reason);
        }

        return NGX_CONF_ERROR;
    }

    v = ngx_http_add_variable(cf, &value[1], NGX_HTTP_VAR_NOCACHEABLE);
    if (v == NULL) {
        return NGX_CONF_ERROR;
    }

    if (v->get_handler) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the duplicate \"%V\" variable", &value[1]);
        return NGX_CONF_ERROR;
    }

    v->get_handler = ngx_http_veriff_json_var_get;
    v->data = (uintptr_t) pointer;

    if (vmcf->json_vars == NULL) {
        vmcf->json_vars = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        if (vmcf->json_vars == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    name = ngx_array_push(vmcf->json_vars);
    if (name == NULL) {
        return NGX_CONF_ERROR;
    }

    *name = v->name;

    return NGX_CONF_OK;
}


ngx_uint_t
ngx_http_veriff_json_var_is(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_str_t                    *var;
    ngx_uint_t                    i;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    if (vmcf->json_vars == NULL) {
        return 0;
    }

    var = vmcf->json_vars->elts;

    for (i = 0; i < vmcf->json_vars->nelts; i++) {
        if (var[i].len == name->len
            && ngx_strncasecmp(var[i].data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_veriff_json_var_get(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t           rc;
    ngx_str_t           value;
    ngx_veriff_json_t  *json;

    if (ngx_http_veriff_json_body(r->main, &json) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_veriff_json_pointer_get(r->pool, json,
                                     (ngx_veriff_json_pointer_t *) data,
                                     &value);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    /* "\r\n" in a JSON string would end a header in proxy_set_header */

    if (rc != NGX_OK || ngx_http_veriff_headers_value(&value) != NGX_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = value.data;
    v->len = value.len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* the document, or NULL if there is none, or none yet */

static ngx_int_t
ngx_http_veriff_json_body(ngx_http_request_t *r, ngx_veriff_json_t **json)
{
    off_t                         size;
    ngx_chain_t                  *cl;
    ngx_pool_cleanup_t           *cln;
    ngx_http_veriff_json_body_t  *body;

    *json = NULL;

    if (r->request_body == NULL || r->request_body->rest != 0
        || r->reading_body)
    {
        return NGX_OK;
    }

    size = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    if (size == 0) {
        return NGX_OK;
    }

    body = ngx_http_veriff_json_body_parsed(r);

    /* another module may have put another one in its place */

    if (body && body->bufs == r->request_body->bufs && body->size == size) {
        *json = body->json;
        return NGX_OK;
    }

    if (body == NULL) {
        cln = ngx_pool_cleanup_add(r->pool,
                                   sizeof(ngx_http_veriff_json_body_t));
        if (cln == NULL) {
            return NGX_ERROR;
        }

        cln->handler = ngx_http_veriff_json_body_cleanup;
        body = cln->data;
    }

    body->request = r;
    body->bufs = r->request_body->bufs;
    body->size = size;
    body->json = NULL;

    if (ngx_http_veriff_json_body_parse(r, body) != NGX_OK) {
        return NGX_ERROR;
    }

    *json = body->json;

    return NGX_OK;
}


/* the pool's list of cleanups outlasts internal redirects */

static ngx_http_veriff_json_body_t *
ngx_http_veriff_json_body_parsed(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t           *cln;
    ngx_http_veriff_json_body_t  *body;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_veriff_json_body_cleanup) {
            body = cln->data;

            if (body->request == r) {
                return body;
            }
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_veriff_json_body_parse(ngx_http_request_t *r,
    ngx_http_veriff_json_body_t *body)
{
    ngx_int_t  rc;
    ngx_str_t  bytes;

    if (body->size > NGX_HTTP_VERIFF_JSON_VAR_MAX) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "veriff json: the body is larger than %d bytes, its "
                      "variables are empty", NGX_HTTP_VERIFF_JSON_VAR_MAX);
        return NGX_OK;
    }

    if (ngx_http_veriff_body_bytes(r, body->size, &bytes) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_veriff_json_read(r->pool, bytes.data, bytes.len, &body->json);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "veriff json: the body is no JSON object or array, its "
                      "variables are empty");
    }

    return NGX_OK;
}


/* it only marks the place */

static void
ngx_http_veriff_json_body_cleanup(void *data)
{
    /* void */
}
