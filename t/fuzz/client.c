
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "json_reader.h"
#include "ngx_veriff_payload.h"
#include "ngx_veriff_payload_client.h"


/* Input: a line with what client_members says, then the client's JSON. */


#define TEMPLATE                                                             \
    "{\"verification\":{\"vendorData\":\"u-1\",\"callback\":"                \
    "\"https://app.example.com/\",\"person\":{\"firstName\":\"Ann\","        \
    "\"lastName\":\"$none\"},\"lang\":\"et\"}}"


static ngx_array_t *listed(ngx_pool_t *pool, ngx_str_t *line);
static void merged(ngx_pool_t *pool, ngx_array_t *members,
    fuzz_json_t *given, ngx_veriff_json_t *client);
static void inside(ngx_pool_t *pool, ngx_array_t *members, ngx_str_t *path,
    fuzz_json_t *own, fuzz_json_t *given, fuzz_json_t *json);
static ngx_uint_t may(ngx_array_t *members, ngx_str_t *path);
static ngx_uint_t server(ngx_str_t *name);
static ngx_uint_t text_only(ngx_str_t *path);
static void told(ngx_str_t *error, fuzz_json_t *json);
static ngx_int_t compile(void *data, ngx_str_t *text, void **expr);
static ngx_int_t eval(void *data, void *expr, ngx_str_t *value);
static void report(void *data, ngx_uint_t fatal, ngx_str_t *message);


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    ngx_int_t           rc;
    ngx_str_t           line, error;
    ngx_array_t        *members;
    fuzz_json_t        *json, *verification;
    ngx_veriff_json_t  *client;

    line = fuzz_line(pool, input);
    members = listed(pool, &line);

    ngx_str_null(&error);

    rc = ngx_veriff_payload_client(pool, members, input, &client, &error);

    fuzz_must(rc == NGX_OK || rc == NGX_DECLINED);

    json = fuzz_json_read(pool, input, 0);
    verification = fuzz_json_get(json, "verification");

    if (rc == NGX_DECLINED) {
        fuzz_must(error.len != 0 && error.data[error.len] == '\0');
        told(&error, json);
        return;
    }

    fuzz_must(input->len == 0 || (json && json->type == '{'));

    if (client) {
        fuzz_must(verification && verification->type == '{');
    }

    merged(pool, members, verification, client);
}


static ngx_array_t *
listed(ngx_pool_t *pool, ngx_str_t *line)
{
    ngx_int_t     rc;
    ngx_str_t     path;
    const char   *reason;
    ngx_array_t  *members;

    members = ngx_array_create(pool, 4, sizeof(ngx_veriff_payload_member_t));

    while (line->len) {
        path = fuzz_word(pool, line);
        reason = NULL;

        rc = ngx_veriff_payload_client_add(members, &path, &reason);

        fuzz_must(rc == NGX_OK || rc == NGX_DONE
                  || (rc == NGX_DECLINED && reason));
    }

    return members;
}


/* what it says of a session, together with what the server says */

static void
merged(ngx_pool_t *pool, ngx_array_t *members, fuzz_json_t *given,
    ngx_veriff_json_t *client)
{
    ngx_int_t                     rc;
    ngx_str_t                     text, path;
    fuzz_json_t                  *json, *own;
    ngx_veriff_payload_t         *payload;
    ngx_veriff_payload_conf_t     conf;
    ngx_veriff_payload_result_t   result, again;

    ngx_memzero(&conf, sizeof(ngx_veriff_payload_conf_t));

    conf.pool = pool;
    conf.compile = compile;
    conf.report = report;

    ngx_str_set(&text, TEMPLATE);

    payload = ngx_veriff_payload_compile(&conf, &text);
    fuzz_must(payload != NULL);

    rc = ngx_veriff_payload_render(payload, pool, eval, NULL, client, &result);
    fuzz_must(rc == NGX_OK);

    json = fuzz_json_read(pool, &result.body, 0);
    fuzz_must(json != NULL && json->child && json->child->next == NULL);
    fuzz_must(fuzz_is(&result.vendor_data, "u-1"));

    /* and of the next one nothing */

    rc = ngx_veriff_payload_render(payload, pool, eval, NULL, NULL, &again);
    fuzz_must(rc == NGX_OK);

    own = fuzz_json_read(pool, &again.body, 0);
    ngx_str_null(&path);

    inside(pool, members, &path, fuzz_json_get(own, "verification"), given,
           fuzz_json_get(json, "verification"));
}


static void
inside(ngx_pool_t *pool, ngx_array_t *members, ngx_str_t *path,
    fuzz_json_t *own, fuzz_json_t *given, fuzz_json_t *json)
{
    ngx_str_t     name;
    fuzz_json_t  *x, *mine, *theirs;

    for (x = own ? own->child : NULL; x; x = x->next) {
        fuzz_must(fuzz_json_find(json, &x->name) != NULL);
    }

    for (x = json->child; x; x = x->next) {

        name.data = ngx_pnalloc(pool, path->len + x->name.len + 1);
        name.len = 0;

        if (path->len) {
            ngx_memcpy(name.data, path->data, path->len);
            name.data[path->len] = '.';
            name.len = path->len + 1;
        }

        ngx_memcpy(name.data + name.len, x->name.data, x->name.len);
        name.len += x->name.len;

        mine = fuzz_json_find(own, &x->name);
        theirs = fuzz_json_find(given, &x->name);

        if (mine == NULL) {
            fuzz_must(may(members, &name));
            fuzz_must(!server(&x->name));
            fuzz_must(theirs != NULL);
        }

        if (x->type == '{') {
            inside(pool, members, &name, mine, theirs, x);

        } else if (mine) {
            fuzz_must(fuzz_json_same(mine, x));

        } else if (x->type == '"') {
            fuzz_must(fuzz_json_same(theirs, x) && x->text.len);

        } else {
            fuzz_must(theirs->type == x->type && x->type != 'n');
            fuzz_must(!text_only(&name));
        }
    }
}


/* it is on the list, in something that is, or holds something that is */

static ngx_uint_t
may(ngx_array_t *members, ngx_str_t *path)
{
    size_t                        len;
    ngx_uint_t                    i;
    ngx_veriff_payload_member_t  *member;

    member = members->elts;

    for (i = 0; i < members->nelts; i++) {
        len = ngx_min(member[i].path.len, path->len);

        if (memcmp(member[i].path.data, path->data, len) != 0) {
            continue;
        }

        if (member[i].path.len == path->len
            || (member[i].path.len < path->len && path->data[len] == '.')
            || (member[i].path.len > path->len
                && member[i].path.data[len] == '.'))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
server(ngx_str_t *name)
{
    ngx_uint_t  i;

    static const char  *names[] = { "vendorData", "endUserId", "callback" };

    for (i = 0; i < 3; i++) {
        if (name->len == strlen(names[i])
            && strncasecmp((char *) name->data, names[i], name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* some of what the provider takes as a string only */

static ngx_uint_t
text_only(ngx_str_t *path)
{
    return fuzz_is(path, "person.firstName") || fuzz_is(path, "person.lastName")
           || fuzz_is(path, "person.idNumber") || fuzz_is(path, "lang")
           || fuzz_is(path, "document.number")
           || fuzz_is(path, "document.country");
}


/* the message names what is configured, never what the client sent */

static void
told(ngx_str_t *error, fuzz_json_t *json)
{
    size_t        i;
    fuzz_json_t  *child;

    for (i = 0; i < error->len; i++) {
        fuzz_must(error->data[i] >= ' ' && error->data[i] < 0x7f);
    }

    if (json == NULL) {
        return;
    }

    if (json->type == '"' && json->text.len >= 8
        && fuzz_holds(error, &json->text))
    {
        /* words of ours */

        for (i = 0; i < json->text.len; i++) {
            if (json->text.data[i] >= '0' && json->text.data[i] <= '9') {
                fuzz_broken(__FILE__, __LINE__, "the value is told");
            }
        }
    }

    for (child = json->child; child; child = child->next) {
        told(error, child);
    }
}


static ngx_int_t
compile(void *data, ngx_str_t *text, void **expr)
{
    *expr = NULL;

    return NGX_OK;
}


static ngx_int_t
eval(void *data, void *expr, ngx_str_t *value)
{
    ngx_str_null(value);

    return NGX_OK;
}


static void
report(void *data, ngx_uint_t fatal, ngx_str_t *message)
{
    fuzz_must(!fatal);
}
