
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "ngx_veriff_json.h"
#include "ngx_veriff_payload.h"
#include "ngx_veriff_payload_node.h"
#include "ngx_veriff_payload_path.h"
#include "ngx_veriff_payload_rule.h"


typedef struct {
    ngx_veriff_payload_conf_t  *conf;
    ngx_uint_t                  failed;
} ngx_veriff_payload_compile_t;


static json_t *ngx_veriff_payload_parse(ngx_veriff_payload_compile_t *cc,
    ngx_str_t *text);
static ngx_int_t ngx_veriff_payload_defaults(ngx_veriff_payload_compile_t *cc,
    json_t *root);
static ngx_int_t ngx_veriff_payload_default(ngx_veriff_payload_compile_t *cc,
    json_t *verification, const char *name, ngx_str_t *value);
static ngx_int_t ngx_veriff_payload_node(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json, ngx_veriff_payload_node_t *node);
static ngx_int_t ngx_veriff_payload_members(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json, ngx_veriff_payload_node_t *node);
static void ngx_veriff_payload_required(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json);
static ngx_int_t ngx_veriff_payload_elements(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json, ngx_veriff_payload_node_t *node);
static ngx_int_t ngx_veriff_payload_expr(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    ngx_str_t *text, ngx_veriff_payload_node_t *node);
static void ngx_veriff_payload_constant(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json);
static ngx_veriff_payload_type_e ngx_veriff_payload_type(json_t *json);
static ngx_veriff_payload_type_e ngx_veriff_payload_suffix(ngx_str_t *text);
static ngx_uint_t ngx_veriff_payload_ends(ngx_str_t *text, const char *end);
static const char *ngx_veriff_payload_mismatch(
    ngx_veriff_payload_type_e expected, ngx_veriff_payload_type_e type);
static void ngx_veriff_payload_report(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_uint_t fatal, const char *text);


ngx_veriff_payload_t *
ngx_veriff_payload_compile(ngx_veriff_payload_conf_t *conf, ngx_str_t *text)
{
    json_t                        *root;
    ngx_veriff_payload_t          *payload;
    ngx_veriff_payload_at_t        at;
    ngx_veriff_payload_compile_t   cc;

    cc.conf = conf;
    cc.failed = 0;

    ngx_memzero(&at, sizeof(ngx_veriff_payload_at_t));

    payload = ngx_pcalloc(conf->pool, sizeof(ngx_veriff_payload_t));
    if (payload == NULL) {
        goto failed;
    }

    payload->insecure_callback = conf->insecure_callback;
    payload->user = (conf->user_token.len != 0);

    root = ngx_veriff_payload_parse(&cc, text);
    if (root == NULL) {
        return NULL;
    }

    if (ngx_veriff_payload_defaults(&cc, root) != NGX_OK) {
        goto failed;
    }

    if (ngx_veriff_payload_node(&cc, &at, &ngx_veriff_payload_root, root,
                                &payload->root)
        != NGX_OK)
    {
        goto failed;
    }

    return cc.failed ? NULL : payload;

failed:

    ngx_veriff_payload_report(&cc, &at, 1, "needs more memory than there is");

    return NULL;
}


static json_t *
ngx_veriff_payload_parse(ngx_veriff_payload_compile_t *cc, ngx_str_t *text)
{
    size_t                    len;
    ngx_str_t                 message;
    ngx_veriff_json_t        *json;
    ngx_veriff_payload_at_t   at;
    ngx_veriff_json_error_t   err;

    ngx_memzero(&at, sizeof(ngx_veriff_payload_at_t));

    if (text->len > NGX_VERIFF_PAYLOAD_MAX) {
        ngx_veriff_payload_report(cc, &at, 1, "is longer than 65536 bytes");
        return NULL;
    }

    json = ngx_veriff_json_parse(cc->conf->pool, text->data, text->len, &err);
    if (json) {
        return (json_t *) json;
    }

    len = sizeof("invalid JSON in payload:  in line , column ") - 1
          + err.text.len + 2 * NGX_INT_T_LEN;

    message.data = err.text.len ? ngx_pnalloc(cc->conf->pool, len) : NULL;

    if (message.data == NULL) {
        ngx_veriff_payload_report(cc, &at, 1,
                                  "needs more memory than there is");
        return NULL;
    }

    message.len = ngx_snprintf(message.data, len,
                               "invalid JSON in payload: %V in line %ui, "
                               "column %ui",
                               &err.text, err.line, err.column)
                  - message.data;

    cc->conf->report(cc->conf->data, 1, &message);

    return NULL;
}


/* vendorData and callback are added before the template is compiled */

static ngx_int_t
ngx_veriff_payload_defaults(ngx_veriff_payload_compile_t *cc, json_t *root)
{
    json_t                   *verification;
    ngx_veriff_payload_at_t   at, body;

    verification = json_object_get(root, "verification");

    if (!json_is_object(verification)) {
        return NGX_OK;
    }

    if (cc->conf->callback.len) {

        if (json_object_get(verification, "callback")) {
            ngx_memzero(&body, sizeof(ngx_veriff_payload_at_t));
            ngx_memzero(&at, sizeof(ngx_veriff_payload_at_t));

            at.parent = &body;
            at.name = "verification.callback";

            ngx_veriff_payload_report(cc, &at, 1,
                       "and the \"callback\" directive both set the callback: "
                       "remove one of them");

        } else if (ngx_veriff_payload_default(cc, verification, "callback",
                                              &cc->conf->callback)
                   != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (cc->conf->user_token.len
        && json_object_get(verification, "vendorData") == NULL
        && json_object_get(verification, "endUserId") == NULL)
    {
        return ngx_veriff_payload_default(cc, verification, "vendorData",
                                          &cc->conf->user_token);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_payload_default(ngx_veriff_payload_compile_t *cc,
    json_t *verification, const char *name, ngx_str_t *value)
{
    ngx_veriff_payload_at_t  at, body;

    if (ngx_veriff_json_utf8(value) != NGX_OK) {
        ngx_memzero(&body, sizeof(ngx_veriff_payload_at_t));
        ngx_memzero(&at, sizeof(ngx_veriff_payload_at_t));

        at.parent = &body;
        at.name = name;

        ngx_veriff_payload_report(cc, &at, 1, "is not valid UTF-8");

        return NGX_OK;
    }

    if (json_object_set_new(verification, name,
                            json_stringn((char *) value->data, value->len))
        != 0)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_payload_node(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json, ngx_veriff_payload_node_t *node)
{
    ngx_str_t                  text;
    ngx_veriff_payload_type_e  type;

    type = ngx_veriff_payload_type(json);

    node->type = type;
    node->rule = rule;
    node->constant = json;

    if (type == NGX_VERIFF_PAYLOAD_STRING) {
        text.data = (u_char *) json_string_value(json);
        text.len = json_string_length(json);

        if (ngx_strlchr(text.data, text.data + text.len, '$')) {
            return ngx_veriff_payload_expr(cc, at, rule, &text, node);
        }
    }

    if (rule && rule->type != type) {
        ngx_veriff_payload_report(cc, at, 1,
                                ngx_veriff_payload_mismatch(rule->type, type));
        return NGX_OK;
    }

    if (type != NGX_VERIFF_PAYLOAD_OBJECT && type != NGX_VERIFF_PAYLOAD_ARRAY)
    {
        ngx_veriff_payload_constant(cc, at, rule, json);
        return NGX_OK;
    }

    if (at->depth == NGX_VERIFF_PAYLOAD_DEPTH) {
        ngx_veriff_payload_report(cc, at, 1, "is more than 16 levels deep");
        return NGX_OK;
    }

    if (type == NGX_VERIFF_PAYLOAD_ARRAY) {
        return ngx_veriff_payload_elements(cc, at, rule, json, node);
    }

    return ngx_veriff_payload_members(cc, at, rule, json, node);
}


static ngx_int_t
ngx_veriff_payload_members(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json, ngx_veriff_payload_node_t *node)
{
    json_t                     *value;
    const char                 *name;
    ngx_array_t                *nodes;
    ngx_veriff_payload_at_t     member;
    ngx_veriff_payload_node_t  *child;
    ngx_veriff_payload_rule_t  *child_rule;

    nodes = ngx_array_create(cc->conf->pool, json_object_size(json),
                             sizeof(ngx_veriff_payload_node_t));
    if (nodes == NULL) {
        return NGX_ERROR;
    }

    member.parent = at;
    member.depth = at->depth + 1;
    member.index = 0;

    json_object_foreach(json, name, value) {
        member.name = name;

        child_rule = rule ? ngx_veriff_payload_rule(rule, name) : NULL;

        if (rule && child_rule == NULL) {
            ngx_veriff_payload_report(cc, &member, 0,
                                      "is not a member that is known");
        }

        child = ngx_array_push(nodes);
        if (child == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(child, sizeof(ngx_veriff_payload_node_t));

        child->name = name;

        if (ngx_veriff_payload_node(cc, &member, child_rule, value, child)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (child->constant == NULL) {
            node->constant = NULL;
        }
    }

    node->nodes = nodes;

    if (rule) {
        ngx_veriff_payload_required(cc, at, rule, json);
    }

    return NGX_OK;
}


static void
ngx_veriff_payload_required(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json)
{
    ngx_veriff_payload_at_t     member;
    ngx_veriff_payload_rule_t  *required;

    member.parent = at;
    member.depth = at->depth + 1;
    member.index = 0;

    for (required = rule->members; required->name.len; required++) {
        member.name = (char *) required->name.data;

        if ((required->flags & NGX_VERIFF_PAYLOAD_REQUIRED)
            && json_object_get(json, member.name) == NULL)
        {
            ngx_veriff_payload_report(cc, &member, 1, "is missing");
        }
    }
}


static ngx_int_t
ngx_veriff_payload_elements(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json, ngx_veriff_payload_node_t *node)
{
    size_t                      i;
    json_t                     *value;
    ngx_array_t                *nodes;
    ngx_veriff_payload_at_t     element;
    ngx_veriff_payload_node_t  *child;

    nodes = ngx_array_create(cc->conf->pool, json_array_size(json),
                             sizeof(ngx_veriff_payload_node_t));
    if (nodes == NULL) {
        return NGX_ERROR;
    }

    element.parent = at;
    element.depth = at->depth + 1;
    element.name = NULL;

    json_array_foreach(json, i, value) {
        element.index = i;

        child = ngx_array_push(nodes);
        if (child == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(child, sizeof(ngx_veriff_payload_node_t));

        if (ngx_veriff_payload_node(cc, &element, rule ? rule->members : NULL,
                                    value, child)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (child->constant == NULL) {
            node->constant = NULL;
        }
    }

    node->nodes = nodes;

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_payload_expr(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    ngx_str_t *text, ngx_veriff_payload_node_t *node)
{
    u_char      *p;
    ngx_pool_t  *pool;

    pool = cc->conf->pool;

    node->constant = NULL;
    node->type = ngx_veriff_payload_suffix(text);

    if (rule && rule->type != node->type) {
        ngx_veriff_payload_report(cc, at, 1,
                          ngx_veriff_payload_mismatch(rule->type, node->type));
        return NGX_OK;
    }

    if (ngx_veriff_payload_ends(text, ":bool")
        || ngx_veriff_payload_ends(text, ":number"))
    {
        ngx_veriff_payload_report(cc, at, 0,
                       "is text: \":bool\" and \":number\" follow one variable "
                       "that stands alone");
    }

    if (ngx_veriff_payload_path(pool, at, &node->path) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(pool, text->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, text->data, text->len);
    p[text->len] = '\0';
    text->data = p;

    cc->conf->is_user = (rule && (rule->flags & NGX_VERIFF_PAYLOAD_USER));

    if (cc->conf->compile(cc->conf->data, text, &node->expr) != NGX_OK) {
        ngx_veriff_payload_report(cc, at, 1, "holds an invalid variable");
    }

    return NGX_OK;
}


static void
ngx_veriff_payload_constant(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json)
{
    ngx_str_t    value;
    const char  *text;

    if (rule == NULL) {
        return;
    }

    if ((rule->flags & NGX_VERIFF_PAYLOAD_CONSENT) && json_is_true(json)) {
        ngx_veriff_payload_report(cc, at, 0,
                       "is the user's to give: use a variable, "
                       "\"$name:bool\"");
    }

    if (rule->flags & NGX_VERIFF_PAYLOAD_USER) {
        ngx_veriff_payload_report(cc, at, 0,
                       "is the same for every user: use a variable");
    }

    if (rule->type != NGX_VERIFF_PAYLOAD_STRING) {
        return;
    }

    value.data = (u_char *) json_string_value(json);
    value.len = json_string_length(json);

    text = ngx_veriff_payload_rule_check(rule, &value,
                                         cc->conf->insecure_callback);
    if (text) {
        ngx_veriff_payload_report(cc, at, 1, text);
        return;
    }

    if (!ngx_veriff_payload_rule_known(rule, &value)) {
        ngx_veriff_payload_report(cc, at, 0, "is not a value that is known");
    }
}


static ngx_veriff_payload_type_e
ngx_veriff_payload_type(json_t *json)
{
    switch (json_typeof(json)) {

    case JSON_OBJECT:
        return NGX_VERIFF_PAYLOAD_OBJECT;

    case JSON_ARRAY:
        return NGX_VERIFF_PAYLOAD_ARRAY;

    case JSON_STRING:
        return NGX_VERIFF_PAYLOAD_STRING;

    case JSON_INTEGER:
    case JSON_REAL:
        return NGX_VERIFF_PAYLOAD_NUMBER;

    case JSON_TRUE:
    case JSON_FALSE:
        return NGX_VERIFF_PAYLOAD_BOOL;

    default: /* JSON_NULL */
        return NGX_VERIFF_PAYLOAD_NULL;
    }
}


/* takes ":bool" or ":number" off text that is one variable otherwise */

static ngx_veriff_payload_type_e
ngx_veriff_payload_suffix(ngx_str_t *text)
{
    u_char                     ch, *p, *last;
    size_t                     len;
    ngx_uint_t                 braces;
    ngx_veriff_payload_type_e  type;

    if (ngx_veriff_payload_ends(text, ":bool")) {
        type = NGX_VERIFF_PAYLOAD_BOOL;
        len = text->len - (sizeof(":bool") - 1);

    } else if (ngx_veriff_payload_ends(text, ":number")) {
        type = NGX_VERIFF_PAYLOAD_NUMBER;
        len = text->len - (sizeof(":number") - 1);

    } else {
        return NGX_VERIFF_PAYLOAD_STRING;
    }

    p = text->data;
    last = p + len;

    if (len < 2 || *p++ != '$') {
        return NGX_VERIFF_PAYLOAD_STRING;
    }

    braces = (*p == '{');

    if (braces) {
        p++;

        if (*--last != '}') {
            return NGX_VERIFF_PAYLOAD_STRING;
        }
    }

    if (p >= last) {
        return NGX_VERIFF_PAYLOAD_STRING;
    }

    while (p < last) {
        ch = ngx_tolower(*p);

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9') && ch != '_') {
            return NGX_VERIFF_PAYLOAD_STRING;
        }

        p++;
    }

    text->len = len;

    return type;
}


static ngx_uint_t
ngx_veriff_payload_ends(ngx_str_t *text, const char *end)
{
    size_t  len;

    len = ngx_strlen(end);

    return text->len > len
           && ngx_strncmp(text->data + text->len - len, end, len) == 0;
}


static const char *
ngx_veriff_payload_mismatch(ngx_veriff_payload_type_e expected,
    ngx_veriff_payload_type_e type)
{
    switch (expected) {

    case NGX_VERIFF_PAYLOAD_OBJECT:
        return "must be an object";

    case NGX_VERIFF_PAYLOAD_ARRAY:
        return "must be an array";

    case NGX_VERIFF_PAYLOAD_BOOL:
        return "must be true or false, or a variable with \":bool\" after it";

    default: /* NGX_VERIFF_PAYLOAD_STRING */
        return (type == NGX_VERIFF_PAYLOAD_NUMBER)
               ? "must be a string: quote the number" : "must be a string";
    }
}


static void
ngx_veriff_payload_report(ngx_veriff_payload_compile_t *cc,
    ngx_veriff_payload_at_t *at, ngx_uint_t fatal, const char *text)
{
    size_t      len;
    ngx_str_t   path, message;

    cc->failed |= fatal;

    if (ngx_veriff_payload_path(cc->conf->pool, at, &path) == NGX_OK) {

        len = path.len + 1 + ngx_strlen(text);

        message.data = ngx_pnalloc(cc->conf->pool, len);

        if (message.data) {
            message.len = ngx_snprintf(message.data, len, "%V %s", &path, text)
                          - message.data;

            cc->conf->report(cc->conf->data, fatal, &message);
            return;
        }
    }

    /* no memory: the rule alone is better than nothing */

    message.data = (u_char *) text;
    message.len = ngx_strlen(text);

    cc->conf->report(cc->conf->data, fatal, &message);
}
