
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "ngx_veriff_json.h"
#include "ngx_veriff_payload.h"
#include "ngx_veriff_payload_client.h"
#include "ngx_veriff_payload_path.h"
#include "ngx_veriff_payload_rule.h"


/* without the whole body and "verification" */
#define NGX_VERIFF_PAYLOAD_NAMES_MAX  (NGX_VERIFF_PAYLOAD_DEPTH - 2)

#define NGX_VERIFF_PAYLOAD_NO_PATH                                           \
    "is not a path like \"person.firstName\""


typedef struct {
    ngx_pool_t  *pool;
    ngx_str_t   *error;
} ngx_veriff_payload_reader_t;


static ngx_int_t ngx_veriff_payload_client_names(
    ngx_veriff_payload_member_t *member, ngx_pool_t *pool,
    const char **reason);
static u_char *ngx_veriff_payload_client_name(u_char *name, u_char *last,
    ngx_uint_t first, const char **reason);
static ngx_uint_t ngx_veriff_payload_client_is(const char *name,
    const char *word);
static ngx_uint_t ngx_veriff_payload_client_within(ngx_str_t *path,
    ngx_str_t *other);
static ngx_int_t ngx_veriff_payload_client_read(
    ngx_veriff_payload_reader_t *reader, ngx_array_t *members,
    json_t *verification, json_t *client);
static ngx_int_t ngx_veriff_payload_client_member(
    ngx_veriff_payload_reader_t *reader, ngx_veriff_payload_member_t *member,
    json_t *verification, json_t *client);
static ngx_int_t ngx_veriff_payload_client_set(json_t *client,
    ngx_array_t *names, json_t *value);
static ngx_int_t ngx_veriff_payload_client_value(
    ngx_veriff_payload_reader_t *reader, ngx_veriff_payload_at_t *at,
    ngx_veriff_payload_rule_t *rule, json_t *json, json_t **value);
static ngx_int_t ngx_veriff_payload_client_scalar(
    ngx_veriff_payload_reader_t *reader, ngx_veriff_payload_at_t *at,
    ngx_veriff_payload_rule_t *rule, json_t *json, json_t **value);
static ngx_int_t ngx_veriff_payload_client_object(
    ngx_veriff_payload_reader_t *reader, ngx_veriff_payload_at_t *at,
    ngx_veriff_payload_rule_t *rule, json_t *json, json_t *value);
static ngx_int_t ngx_veriff_payload_client_array(
    ngx_veriff_payload_reader_t *reader, ngx_veriff_payload_at_t *at,
    ngx_veriff_payload_rule_t *rule, json_t *json, json_t *value);
static ngx_uint_t ngx_veriff_payload_client_deep(json_t *json,
    ngx_uint_t levels);
static ngx_int_t ngx_veriff_payload_client_declined(
    ngx_veriff_payload_reader_t *reader, ngx_veriff_payload_at_t *at,
    const char *text);
static void ngx_veriff_payload_client_cleanup(void *data);


static const char  *ngx_veriff_payload_client_servers[] = {
    "vendorData", "endUserId", "callback", NULL
};


ngx_int_t
ngx_veriff_payload_client_add(ngx_array_t *members, ngx_str_t *path,
    const char **reason)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_veriff_payload_member_t  *member, new;

    ngx_memzero(&new, sizeof(ngx_veriff_payload_member_t));

    new.path = *path;

    rc = ngx_veriff_payload_client_names(&new, members->pool, reason);

    if (rc != NGX_OK && rc != NGX_DONE) {
        return rc;
    }

    member = members->elts;

    for (i = 0; i < members->nelts; i++) {
        if (ngx_veriff_payload_client_within(path, &member[i].path)
            || ngx_veriff_payload_client_within(&member[i].path, path))
        {
            *reason = "is listed already, alone or within an object";
            return NGX_DECLINED;
        }
    }

    member = ngx_array_push(members);
    if (member == NULL) {
        return NGX_ERROR;
    }

    *member = new;

    return rc;
}


static ngx_int_t
ngx_veriff_payload_client_names(ngx_veriff_payload_member_t *member,
    ngx_pool_t *pool, const char **reason)
{
    u_char                     *p, *last;
    ngx_int_t                   rc;
    const char                **name;
    ngx_veriff_payload_rule_t  *rule;

    if (member->path.len == 0
        || member->path.len > NGX_VERIFF_PAYLOAD_MEMBER_MAX)
    {
        *reason = NGX_VERIFF_PAYLOAD_NO_PATH;
        return NGX_DECLINED;
    }

    member->names = ngx_array_create(pool, 2, sizeof(const char *));
    p = ngx_pnalloc(pool, member->path.len + 1);

    if (member->names == NULL || p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_cpymem(p, member->path.data, member->path.len);
    *last = '\0';

    rc = NGX_OK;
    rule = ngx_veriff_payload_rule(&ngx_veriff_payload_root, "verification");

    do {

        if (member->names->nelts == NGX_VERIFF_PAYLOAD_NAMES_MAX) {
            *reason = "is more than 16 levels deep";
            return NGX_DECLINED;
        }

        name = ngx_array_push(member->names);
        if (name == NULL) {
            return NGX_ERROR;
        }

        *name = (char *) p;

        p = ngx_veriff_payload_client_name(p, last,
                                           member->names->nelts == 1, reason);
        if (p == NULL) {
            return NGX_DECLINED;
        }

        if (rule && rule->type != NGX_VERIFF_PAYLOAD_OBJECT) {
            *reason = "is in a member that is no object";
            return NGX_DECLINED;
        }

        rule = rule ? ngx_veriff_payload_rule(rule, *name) : NULL;

        if (rule == NULL) {
            rc = NGX_DONE;
        }

    } while (p <= last);

    member->rule = rule;

    return rc;
}


/*
 * Ends the name with NUL and returns what follows its dot, last + 1 if there
 * is none, or NULL if it may not be there.
 */

static u_char *
ngx_veriff_payload_client_name(u_char *name, u_char *last, ngx_uint_t first,
    const char **reason)
{
    u_char      *p, ch;
    ngx_uint_t   i;

    for (p = name; p < last && *p != '.'; p++) {
        ch = ngx_tolower(*p);

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9') && ch != '_') {
            *reason = NGX_VERIFF_PAYLOAD_NO_PATH;
            return NULL;
        }
    }

    if (p == name) {
        *reason = NGX_VERIFF_PAYLOAD_NO_PATH;
        return NULL;
    }

    *p = '\0';

    for (i = 0; ngx_veriff_payload_client_servers[i]; i++) {
        if (ngx_veriff_payload_client_is((char *) name,
                                        ngx_veriff_payload_client_servers[i]))
        {
            *reason = "is never the client's to say";
            return NULL;
        }
    }

    if (first && ngx_veriff_payload_client_is((char *) name, "verification")) {
        *reason = "is a path below \"verification\", which is not named";
        return NULL;
    }

    return p + 1;
}


static ngx_uint_t
ngx_veriff_payload_client_is(const char *name, const char *word)
{
    size_t  len;

    len = ngx_strlen(word);

    return ngx_strlen(name) == len
           && ngx_strncasecmp((u_char *) name, (u_char *) word, len) == 0;
}


/* or the same */

static ngx_uint_t
ngx_veriff_payload_client_within(ngx_str_t *path, ngx_str_t *other)
{
    return path->len >= other->len
           && ngx_strncmp(path->data, other->data, other->len) == 0
           && (path->len == other->len || path->data[other->len] == '.');
}


ngx_int_t
ngx_veriff_payload_client(ngx_pool_t *pool, ngx_array_t *members,
    ngx_str_t *body, ngx_veriff_json_t **client, ngx_str_t *error)
{
    json_t                       *json, *verification, *own;
    ngx_int_t                     rc;
    ngx_pool_cleanup_t           *cln;
    ngx_veriff_payload_at_t       root, at;
    ngx_veriff_payload_reader_t   reader;

    *client = NULL;

    if (body->len == 0) {
        return NGX_OK;
    }

    rc = ngx_veriff_json_read(pool, body->data, body->len,
                              (ngx_veriff_json_t **) &json);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (!json_is_object(json)) {
        ngx_str_set(error, "the body is not a JSON object");
        return NGX_DECLINED;
    }

    if (ngx_veriff_payload_client_deep(json, NGX_VERIFF_PAYLOAD_DEPTH)) {
        ngx_str_set(error, "the body is more than 16 levels deep");
        return NGX_DECLINED;
    }

    reader.pool = pool;
    reader.error = error;

    verification = json_object_get(json, "verification");

    if (verification == NULL || json_is_null(verification)) {
        return NGX_OK;
    }

    if (!json_is_object(verification)) {
        ngx_memzero(&root, sizeof(ngx_veriff_payload_at_t));
        ngx_memzero(&at, sizeof(ngx_veriff_payload_at_t));

        at.parent = &root;
        at.name = "verification";

        return ngx_veriff_payload_client_declined(&reader, &at,
                                                  "must be an object");
    }

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    json = json_object();
    if (json == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_veriff_payload_client_cleanup;
    cln->data = json;

    own = json_object();

    if (json_object_set_new(json, "verification", own) != 0) {
        return NGX_ERROR;
    }

    rc = ngx_veriff_payload_client_read(&reader, members, verification,
                                        own);

    if (rc == NGX_OK && json_object_size(own)) {
        *client = (ngx_veriff_json_t *) json;
    }

    return rc;
}


static ngx_int_t
ngx_veriff_payload_client_read(ngx_veriff_payload_reader_t *reader,
    ngx_array_t *members, json_t *verification, json_t *client)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_veriff_payload_member_t  *member;

    member = members->elts;

    for (i = 0; i < members->nelts; i++) {
        rc = ngx_veriff_payload_client_member(reader, &member[i],
                                              verification, client);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_payload_client_member(ngx_veriff_payload_reader_t *reader,
    ngx_veriff_payload_member_t *member, json_t *verification, json_t *client)
{
    json_t                   *json, *value;
    ngx_int_t                 rc;
    ngx_uint_t                i;
    const char              **name;
    ngx_veriff_payload_at_t   at[NGX_VERIFF_PAYLOAD_DEPTH + 1];

    ngx_memzero(at, sizeof(at));

    at[1].parent = &at[0];
    at[1].name = "verification";
    at[1].depth = 1;

    json = verification;
    name = member->names->elts;

    for (i = 0; i < member->names->nelts; i++) {

        if (!json_is_object(json)) {
            return ngx_veriff_payload_client_declined(reader, &at[i + 1],
                                                      "must be an object");
        }

        json = json_object_get(json, name[i]);

        if (json == NULL || json_is_null(json)) {
            return NGX_OK;
        }

        at[i + 2].parent = &at[i + 1];
        at[i + 2].name = name[i];
        at[i + 2].depth = i + 2;
    }

    rc = ngx_veriff_payload_client_value(reader, &at[i + 1], member->rule,
                                         json, &value);

    if (rc != NGX_OK || value == NULL) {
        return rc;
    }

    return ngx_veriff_payload_client_set(client, member->names, value);
}


/* takes the value over */

static ngx_int_t
ngx_veriff_payload_client_set(json_t *client, ngx_array_t *names,
    json_t *value)
{
    json_t       *object;
    ngx_uint_t    i;
    const char  **name;

    name = names->elts;

    for (i = 0; i < names->nelts - 1; i++) {
        object = json_object_get(client, name[i]);

        if (object == NULL) {
            object = json_object();

            if (json_object_set_new(client, name[i], object) != 0) {
                json_decref(value);
                return NGX_ERROR;
            }
        }

        client = object;
    }

    return (json_object_set_new(client, name[i], value) == 0) ? NGX_OK
                                                              : NGX_ERROR;
}


/* *value is NULL if it is left out, or else the caller's own */

static ngx_int_t
ngx_veriff_payload_client_value(ngx_veriff_payload_reader_t *reader,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json, json_t **value)
{
    ngx_int_t  rc;

    *value = NULL;

    if (json_is_null(json)) {
        return NGX_OK;
    }

    if (rule == NULL
        || (rule->type != NGX_VERIFF_PAYLOAD_OBJECT
            && rule->type != NGX_VERIFF_PAYLOAD_ARRAY))
    {
        return ngx_veriff_payload_client_scalar(reader, at, rule, json, value);
    }

    if (rule->type == NGX_VERIFF_PAYLOAD_OBJECT) {

        if (!json_is_object(json)) {
            return ngx_veriff_payload_client_declined(reader, at,
                                                      "must be an object");
        }

        *value = json_object();
        rc = *value ? ngx_veriff_payload_client_object(reader, at, rule, json,
                                                       *value)
                    : NGX_ERROR;

    } else {

        if (!json_is_array(json)) {
            return ngx_veriff_payload_client_declined(reader, at,
                                                      "must be an array");
        }

        *value = json_array();
        rc = *value ? ngx_veriff_payload_client_array(reader, at, rule, json,
                                                      *value)
                    : NGX_ERROR;
    }

    if (rc != NGX_OK
        || (json_object_size(*value) == 0 && json_array_size(*value) == 0))
    {
        json_decref(*value);
        *value = NULL;
    }

    return rc;
}


static ngx_int_t
ngx_veriff_payload_client_scalar(ngx_veriff_payload_reader_t *reader,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json, json_t **value)
{
    ngx_str_t    text;
    const char  *reason;

    if (json_is_object(json) || json_is_array(json)) {
        return ngx_veriff_payload_client_declined(reader, at,
                                           "must not be an object or array");
    }

    if (rule && rule->type == NGX_VERIFF_PAYLOAD_BOOL
        && !json_is_boolean(json))
    {
        return ngx_veriff_payload_client_declined(reader, at,
                                                  "must be true or false");
    }

    if (rule && rule->type == NGX_VERIFF_PAYLOAD_STRING
        && !json_is_string(json))
    {
        return ngx_veriff_payload_client_declined(reader, at,
                                                  "must be a string");
    }

    if (json_is_string(json)) {
        text.data = (u_char *) json_string_value(json);
        text.len = json_string_length(json);

        if (text.len == 0) {
            return NGX_OK;
        }

        reason = ngx_veriff_payload_rule_check(rule, &text, 0);
        if (reason) {
            return ngx_veriff_payload_client_declined(reader, at, reason);
        }
    }

    *value = json_incref(json);

    return NGX_OK;
}


/* members that are not known are not on the list */

static ngx_int_t
ngx_veriff_payload_client_object(ngx_veriff_payload_reader_t *reader,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json, json_t *value)
{
    json_t                     *member, *copy;
    ngx_int_t                   rc;
    ngx_veriff_payload_at_t     child;
    ngx_veriff_payload_rule_t  *known;

    child.parent = at;
    child.index = 0;
    child.depth = at->depth + 1;

    for (known = rule->members; known->name.len; known++) {
        child.name = (char *) known->name.data;

        member = json_object_get(json, child.name);
        copy = NULL;

        if (member) {
            rc = ngx_veriff_payload_client_value(reader, &child, known, member,
                                                 &copy);
            if (rc != NGX_OK) {
                return rc;
            }
        }

        if (copy == NULL) {

            if (known->flags & NGX_VERIFF_PAYLOAD_REQUIRED) {
                return ngx_veriff_payload_client_declined(reader, &child,
                                                          "is missing");
            }

            continue;
        }

        if (json_object_set_new(value, child.name, copy) != 0) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_payload_client_array(ngx_veriff_payload_reader_t *reader,
    ngx_veriff_payload_at_t *at, ngx_veriff_payload_rule_t *rule,
    json_t *json, json_t *value)
{
    size_t                    i;
    json_t                   *element, *copy;
    ngx_int_t                 rc;
    ngx_veriff_payload_at_t   child;

    child.parent = at;
    child.name = NULL;
    child.depth = at->depth + 1;

    json_array_foreach(json, i, element) {
        child.index = i;

        rc = ngx_veriff_payload_client_value(reader, &child, rule->members,
                                             element, &copy);
        if (rc != NGX_OK) {
            return rc;
        }

        if (copy && json_array_append_new(value, copy) != 0) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* of what is nested in the JSON, the innermost counts too */

static ngx_uint_t
ngx_veriff_payload_client_deep(json_t *json, ngx_uint_t levels)
{
    size_t       i;
    json_t      *value;
    const char  *name;

    if (!json_is_object(json) && !json_is_array(json)) {
        return 0;
    }

    if (levels == 0) {
        return 1;
    }

    json_object_foreach(json, name, value) {
        if (ngx_veriff_payload_client_deep(value, levels - 1)) {
            return 1;
        }
    }

    json_array_foreach(json, i, value) {
        if (ngx_veriff_payload_client_deep(value, levels - 1)) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_veriff_payload_client_declined(ngx_veriff_payload_reader_t *reader,
    ngx_veriff_payload_at_t *at, const char *text)
{
    size_t     len;
    u_char    *p;
    ngx_str_t  path;

    if (ngx_veriff_payload_path(reader->pool, at, &path) != NGX_OK) {
        return NGX_ERROR;
    }

    len = path.len + 1 + ngx_strlen(text);

    p = ngx_pnalloc(reader->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    reader->error->data = p;
    reader->error->len = len;

    p = ngx_snprintf(p, len, "%V %s", &path, text);
    *p = '\0';

    return NGX_DECLINED;
}


static void
ngx_veriff_payload_client_cleanup(void *data)
{
    json_t  *json = data;

    json_decref(json);
}
