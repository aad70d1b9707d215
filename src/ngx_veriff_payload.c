
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "ngx_veriff_json.h"
#include "ngx_veriff_payload.h"
#include "ngx_veriff_payload_node.h"
#include "ngx_veriff_payload_rule.h"


#define NGX_VERIFF_PAYLOAD_NUMBER_MAX  32

/* a double's 15 digits come back as they were written */
#define NGX_VERIFF_PAYLOAD_FLAGS       (JSON_COMPACT|JSON_REAL_PRECISION(15))


typedef struct {
    ngx_veriff_payload_t         *payload;
    ngx_pool_t                   *pool;
    ngx_veriff_payload_eval_pt    eval;
    void                         *data;
    ngx_veriff_payload_result_t  *result;
} ngx_veriff_payload_render_t;


static ngx_int_t ngx_veriff_payload_build(ngx_veriff_payload_render_t *render,
    ngx_veriff_payload_node_t *node, json_t **json);
static ngx_int_t ngx_veriff_payload_build_nodes(
    ngx_veriff_payload_render_t *render, ngx_veriff_payload_node_t *node,
    json_t *json);
static ngx_int_t ngx_veriff_payload_value(ngx_veriff_payload_render_t *render,
    ngx_veriff_payload_node_t *node, json_t **json);
static json_t *ngx_veriff_payload_bool(ngx_str_t *value);
static json_t *ngx_veriff_payload_number(ngx_str_t *value);
static ngx_int_t ngx_veriff_payload_declined(
    ngx_veriff_payload_render_t *render, ngx_str_t *path, const char *text);
static json_t *ngx_veriff_payload_merge(json_t *own, json_t *client);
static ngx_int_t ngx_veriff_payload_body(ngx_veriff_payload_render_t *render,
    json_t *root);
static ngx_int_t ngx_veriff_payload_sent(ngx_veriff_payload_render_t *render,
    json_t *root, const char *name, ngx_str_t *value);


ngx_int_t
ngx_veriff_payload_render(ngx_veriff_payload_t *payload, ngx_pool_t *pool,
    ngx_veriff_payload_eval_pt eval, void *data, ngx_veriff_json_t *client,
    ngx_veriff_payload_result_t *result)
{
    json_t                       *root, *own;
    ngx_int_t                     rc;
    ngx_veriff_payload_render_t   render;

    ngx_memzero(result, sizeof(ngx_veriff_payload_result_t));

    render.payload = payload;
    render.pool = pool;
    render.eval = eval;
    render.data = data;
    render.result = result;

    rc = ngx_veriff_payload_build(&render, &payload->root, &root);
    if (rc != NGX_OK) {
        return rc;
    }

    if (client) {
        own = root;
        root = ngx_veriff_payload_merge(own, (json_t *) client);

        json_decref(own);

        if (root == NULL) {
            return NGX_ERROR;
        }
    }

    rc = ngx_veriff_payload_body(&render, root);

    if (rc == NGX_DECLINED && client) {
        result->client = 1;
    }

    if (rc == NGX_OK) {
        rc = ngx_veriff_payload_sent(&render, root, "vendorData",
                                     &result->vendor_data);
    }

    if (rc == NGX_OK) {
        rc = ngx_veriff_payload_sent(&render, root, "endUserId",
                                     &result->end_user_id);
    }

    json_decref(root);

    if (rc == NGX_OK && payload->user && result->vendor_data.len == 0
        && result->end_user_id.len == 0)
    {
        ngx_str_set(&result->error,
                    "verification.vendorData and endUserId are empty, the "
                    "session would be nobody's");
        rc = NGX_DECLINED;
    }

    return rc;
}


/* *json is NULL if the value is left out */

static ngx_int_t
ngx_veriff_payload_build(ngx_veriff_payload_render_t *render,
    ngx_veriff_payload_node_t *node, json_t **json)
{
    ngx_int_t   rc;
    ngx_uint_t  empty;

    *json = NULL;

    if (node->constant) {
        *json = json_incref(node->constant);
        return NGX_OK;
    }

    if (node->nodes == NULL) {
        return ngx_veriff_payload_value(render, node, json);
    }

    *json = (node->type == NGX_VERIFF_PAYLOAD_OBJECT) ? json_object()
                                                      : json_array();
    if (*json == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_veriff_payload_build_nodes(render, node, *json);

    if (rc == NGX_OK) {
        empty = (json_object_size(*json) == 0 && json_array_size(*json) == 0);

        if (!empty
            || (node->rule
                && (node->rule->flags & NGX_VERIFF_PAYLOAD_REQUIRED)))
        {
            return NGX_OK;
        }
    }

    json_decref(*json);
    *json = NULL;

    return rc;
}


static ngx_int_t
ngx_veriff_payload_build_nodes(ngx_veriff_payload_render_t *render,
    ngx_veriff_payload_node_t *node, json_t *json)
{
    int                         failed;
    json_t                     *value;
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    ngx_veriff_payload_node_t  *child;

    child = node->nodes->elts;

    for (i = 0; i < node->nodes->nelts; i++) {

        rc = ngx_veriff_payload_build(render, &child[i], &value);
        if (rc != NGX_OK) {
            return rc;
        }

        if (value == NULL) {
            continue;
        }

        failed = child[i].name
                 ? json_object_set_new_nocheck(json, child[i].name, value)
                 : json_array_append_new(json, value);

        if (failed) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_payload_value(ngx_veriff_payload_render_t *render,
    ngx_veriff_payload_node_t *node, json_t **json)
{
    ngx_str_t    value;
    const char  *text;

    if (render->eval(render->data, node->expr, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len == 0) {
        return NGX_OK;
    }

    if (ngx_veriff_json_utf8(&value) != NGX_OK) {
        return ngx_veriff_payload_declined(render, &node->path,
                                           "is not valid UTF-8");
    }

    if (node->type == NGX_VERIFF_PAYLOAD_BOOL) {
        *json = ngx_veriff_payload_bool(&value);

        return *json ? NGX_OK
                     : ngx_veriff_payload_declined(render, &node->path,
                                                   "is not true or false");
    }

    if (node->type == NGX_VERIFF_PAYLOAD_NUMBER) {
        *json = ngx_veriff_payload_number(&value);

        return *json ? NGX_OK
                     : ngx_veriff_payload_declined(render, &node->path,
                                                   "is not a number");
    }

    text = ngx_veriff_payload_rule_check(node->rule, &value,
                                         render->payload->insecure_callback);
    if (text) {
        return ngx_veriff_payload_declined(render, &node->path, text);
    }

    *json = json_stringn_nocheck((char *) value.data, value.len);

    return *json ? NGX_OK : NGX_ERROR;
}


static json_t *
ngx_veriff_payload_bool(ngx_str_t *value)
{
    if ((value->len == 1 && value->data[0] == '1')
        || (value->len == 4 && ngx_strncmp(value->data, "true", 4) == 0))
    {
        return json_true();
    }

    if ((value->len == 1 && value->data[0] == '0')
        || (value->len == 5 && ngx_strncmp(value->data, "false", 5) == 0))
    {
        return json_false();
    }

    return NULL;
}


static json_t *
ngx_veriff_payload_number(ngx_str_t *value)
{
    u_char   ch;
    size_t   i;
    json_t  *json;

    if (value->len > NGX_VERIFF_PAYLOAD_NUMBER_MAX) {
        return NULL;
    }

    /* neither space around it nor another type */

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];

        if ((ch < '0' || ch > '9')
            && ch != '-' && ch != '+' && ch != '.' && ch != 'e' && ch != 'E')
        {
            return NULL;
        }
    }

    json = json_loadb((char *) value->data, value->len, JSON_DECODE_ANY, NULL);

    if (json && !json_is_number(json)) {
        json_decref(json);
        return NULL;
    }

    return json;
}


static ngx_int_t
ngx_veriff_payload_declined(ngx_veriff_payload_render_t *render,
    ngx_str_t *path, const char *text)
{
    size_t      len;
    ngx_str_t  *error;

    error = &render->result->error;

    len = path->len + 1 + ngx_strlen(text);

    error->data = ngx_pnalloc(render->pool, len);
    if (error->data == NULL) {
        return NGX_ERROR;
    }

    error->len = ngx_snprintf(error->data, len, "%V %s", path, text)
                 - error->data;

    return NGX_DECLINED;
}


/*
 * A new object, since what is constant in a template is the same for all.
 * What the template says counts, unless it came out empty.
 */

static json_t *
ngx_veriff_payload_merge(json_t *own, json_t *client)
{
    int          failed;
    json_t      *json, *value, *old;
    const char  *name;

    json = json_copy(own);

    if (json == NULL || json_object_size(json) != json_object_size(own)) {
        goto failed;
    }

    json_object_foreach(client, name, value) {
        old = json_object_get(own, name);

        if (old == NULL) {
            failed = json_object_set_nocheck(json, name, value);

        } else if (json_is_object(old) && json_is_object(value)) {
            failed = json_object_set_new_nocheck(json, name,
                                        ngx_veriff_payload_merge(old, value));

        } else {
            failed = 0;
        }

        if (failed) {
            goto failed;
        }
    }

    return json;

failed:

    json_decref(json);

    return NULL;
}


static ngx_int_t
ngx_veriff_payload_body(ngx_veriff_payload_render_t *render, json_t *root)
{
    size_t      len;
    ngx_str_t  *body;

    static ngx_str_t  path = ngx_string("payload");

    len = json_dumpb(root, NULL, 0, NGX_VERIFF_PAYLOAD_FLAGS);

    if (len == 0) {
        return NGX_ERROR;
    }

    if (len > NGX_VERIFF_PAYLOAD_MAX) {
        return ngx_veriff_payload_declined(render, &path,
                                           "is longer than 65536 bytes");
    }

    body = &render->result->body;

    body->data = ngx_pnalloc(render->pool, len);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    body->len = json_dumpb(root, (char *) body->data, len,
                           NGX_VERIFF_PAYLOAD_FLAGS);

    return (body->len == len) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_veriff_payload_sent(ngx_veriff_payload_render_t *render, json_t *root,
    const char *name, ngx_str_t *value)
{
    json_t  *json;

    json = json_object_get(json_object_get(root, "verification"), name);

    if (json == NULL) {
        return NGX_OK;
    }

    value->len = json_string_length(json);

    value->data = ngx_pnalloc(render->pool, value->len + 1);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(value->data, json_string_value(json), value->len + 1);

    return NGX_OK;
}
