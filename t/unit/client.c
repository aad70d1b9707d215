
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "ngx_veriff_payload.h"
#include "ngx_veriff_payload_client.h"
#include "unit.h"


/* a body with one member of verification */
#define V(members)  "{\"verification\":{" members "}}"


typedef struct {
    ngx_pool_t    *pool;
    ngx_array_t   *members;
} test_t;


static void test_create(test_t *t, const char **paths);
static void test_destroy(test_t *t);
static ngx_int_t compile(void *data, ngx_str_t *text, void **expr);
static ngx_int_t eval(void *data, void *expr, ngx_str_t *value);
static void report(void *data, ngx_uint_t fatal, ngx_str_t *message);
static ngx_veriff_payload_t *template(test_t *t, const char *text);
static ngx_int_t merge(test_t *t, ngx_veriff_payload_t *payload,
    const char *json, ngx_str_t *text);
static void expect_body(const char *text, const char *json,
    const char *body);
static void expect_declined(const char *json, const char *error);
static void expect_path(const char *path, ngx_int_t rc, const char *text);

static void group_paths(void);
static void group_lists(void);
static void group_values(void);
static void group_ignored(void);
static void group_merged(void);
static void group_shared(void);
static void group_declined(void);
static void group_limits(void);
static void group_bytes(void);
static void group_no_memory(void);


static const char  *all[] = {
    "person", "document", "consents", "features", "proofOfAddress", "lang",
    "new", "more.new", NULL
};


int
main(void)
{
    unit_json_alloc();

    group_paths();
    group_lists();
    group_values();
    group_ignored();
    group_merged();
    group_shared();
    group_declined();
    group_limits();
    group_bytes();
    group_no_memory();

    return unit_done();
}


static void
test_create(test_t *t, const char **paths)
{
    ngx_int_t    rc;
    ngx_str_t    path;
    const char  *reason;

    t->pool = ngx_stub_pool_create();
    t->members = ngx_array_create(t->pool, 1,
                                  sizeof(ngx_veriff_payload_member_t));

    for ( /* void */ ; *paths; paths++) {
        path = unit_str(t->pool, *paths);
        rc = ngx_veriff_payload_client_add(t->members, &path, &reason);

        expect_at(rc == NGX_OK || rc == NGX_DONE, *paths);
    }
}


static void
test_destroy(test_t *t)
{
    ngx_stub_pool_destroy(t->pool);
}


static ngx_int_t
compile(void *data, ngx_str_t *text, void **expr)
{
    (void) data;

    *expr = text->data;

    return NGX_OK;
}


/* "$name" is "name"; "$" is nothing */

static ngx_int_t
eval(void *data, void *expr, ngx_str_t *value)
{
    (void) data;

    value->data = (u_char *) expr + 1;
    value->len = ngx_strlen(value->data);

    return NGX_OK;
}


static void
report(void *data, ngx_uint_t fatal, ngx_str_t *message)
{
    (void) data;
    (void) message;

    expect(!fatal);
}


static ngx_veriff_payload_t *
template(test_t *t, const char *text)
{
    ngx_str_t                   str;
    ngx_veriff_payload_conf_t   conf;

    ngx_memzero(&conf, sizeof(ngx_veriff_payload_conf_t));

    conf.pool = t->pool;
    conf.compile = compile;
    conf.report = report;

    str = unit_str(t->pool, text);

    return ngx_veriff_payload_compile(&conf, &str);
}


/* the body, or the error, lives in the pool of the test */

static ngx_int_t
merge(test_t *t, ngx_veriff_payload_t *payload, const char *json,
    ngx_str_t *text)
{
    ngx_int_t                     rc;
    ngx_str_t                     body;
    ngx_pool_t                   *pool;
    ngx_veriff_json_t            *client;
    ngx_veriff_payload_result_t   result;

    pool = ngx_stub_pool_create();

    body = unit_str(pool, json);

    rc = ngx_veriff_payload_client(pool, t->members, &body, &client, text);

    if (rc == NGX_OK) {
        rc = ngx_veriff_payload_render(payload, pool, eval, NULL, client,
                                       &result);

        *text = (rc == NGX_OK) ? result.body : result.error;

        expect(rc != NGX_DECLINED || result.client);
    }

    if (rc == NGX_DECLINED || rc == NGX_OK) {
        *text = unit_mem(t->pool, text->data, text->len);
    }

    ngx_stub_pool_destroy(pool);

    return rc;
}


static void
expect_body(const char *text, const char *json, const char *body)
{
    test_t                 t;
    ngx_str_t              result;
    ngx_veriff_payload_t  *payload;

    test_create(&t, all);

    payload = template(&t, text);

    expect_at(merge(&t, payload, json, &result) == NGX_OK, json);
    expect_str(result, body);

    test_destroy(&t);
}


static void
expect_declined(const char *json, const char *error)
{
    test_t      t;
    ngx_int_t   rc;
    ngx_str_t   text;

    test_create(&t, all);

    rc = merge(&t, template(&t, V("")), json, &text);

    expect_at(rc == NGX_DECLINED, json);

    if (rc == NGX_DECLINED) {
        expect_str(text, error);
    }

    test_destroy(&t);
}


static void
expect_path(const char *path, ngx_int_t rc, const char *text)
{
    test_t       t;
    ngx_str_t    str;
    const char  *reason;

    static const char  *none[] = { NULL };

    test_create(&t, none);

    str = unit_str(t.pool, path);
    reason = "";

    expect_at(ngx_veriff_payload_client_add(t.members, &str, &reason) == rc,
              path);
    expect_at(rc != NGX_DECLINED || strcmp(reason, text) == 0, path);
    expect_at(t.members->nelts == (rc != NGX_DECLINED), path);

    test_destroy(&t);
}


static void
group_paths(void)
{
    static const char  form[] = "is not a path like \"person.firstName\"";
    static const char  never[] = "is never the client's to say";
    static const char  none[] = "is in a member that is no object";
    static const char  top[] =
        "is a path below \"verification\", which is not named";

    unit_group("paths of members");

    expect_path("person", NGX_OK, NULL);
    expect_path("person.firstName", NGX_OK, NULL);
    expect_path("document.documentNumberIdentifiers.mxIne", NGX_OK, NULL);
    expect_path("proofOfAddress.acceptableTypes", NGX_OK, NULL);

    expect_path("new", NGX_DONE, NULL);
    expect_path("person.new", NGX_DONE, NULL);
    expect_path("Person.firstName", NGX_DONE, NULL);
    expect_path("a.b.c.d.e.f.g.h.i.j.k.l.m.n", NGX_DONE, NULL);

    expect_path("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o", NGX_DECLINED,
                "is more than 16 levels deep");

    expect_path("", NGX_DECLINED, form);
    expect_path(".", NGX_DECLINED, form);
    expect_path(".person", NGX_DECLINED, form);
    expect_path("person.", NGX_DECLINED, form);
    expect_path("person..firstName", NGX_DECLINED, form);
    expect_path("/person/firstName", NGX_DECLINED, form);
    expect_path("person first", NGX_DECLINED, form);
    expect_path("pers\xc3\xb6n", NGX_DECLINED, form);
    expect_path("*", NGX_DECLINED, form);

    expect_path("vendorData", NGX_DECLINED, never);
    expect_path("endUserId", NGX_DECLINED, never);
    expect_path("callback", NGX_DECLINED, never);
    expect_path("VENDORDATA", NGX_DECLINED, never);
    expect_path("callback.x", NGX_DECLINED, never);
    expect_path("person.endUserId", NGX_DECLINED, never);

    expect_path("verification", NGX_DECLINED, top);
    expect_path("Verification.person", NGX_DECLINED, top);

    expect_path("lang.x", NGX_DECLINED, none);
    expect_path("person.firstName.x", NGX_DECLINED, none);
    expect_path("consents.type", NGX_DECLINED, none);
}


static void
group_lists(void)
{
    test_t       t;
    ngx_str_t    str;
    ngx_uint_t   i;
    const char  *reason;

    static const char  *members[] = { "person.firstName", "document", NULL };
    static const char  *within[] = {
        "person", "person.firstName", "document.type", "document", NULL
    };
    static const char  *beside[] = {
        "person.lastName", "person.firstNames", "documents", NULL
    };

    unit_group("an entry is in no other");

    test_create(&t, members);

    for (i = 0; within[i]; i++) {
        str = unit_str(t.pool, within[i]);

        expect_at(ngx_veriff_payload_client_add(t.members, &str, &reason)
                  == NGX_DECLINED, within[i]);
    }

    for (i = 0; beside[i]; i++) {
        str = unit_str(t.pool, beside[i]);

        expect_at(ngx_veriff_payload_client_add(t.members, &str, &reason)
                  != NGX_DECLINED, beside[i]);
    }

    test_destroy(&t);
}


static void
group_values(void)
{
    unit_group("members as the client says them");

    expect_body(V(""), "", V(""));
    expect_body(V(""), "{}", V(""));
    expect_body(V(""), V(""), V(""));
    expect_body(V(""), "{\"verification\":null}", V(""));

    expect_body(V(""), V("\"lang\":\"et\""), V("\"lang\":\"et\""));
    expect_body(V(""), V("\"person\":{\"firstName\":\"\\u00e3\\\"\"}"),
                V("\"person\":{\"firstName\":\"\xc3\xa3\\\"\"}"));
    expect_body(V(""), V("\"person\":{\"isDeceased\":false}"),
                V("\"person\":{\"isDeceased\":false}"));
    expect_body(V(""), V("\"features\":[\"a\",null,\"\",\"b\"]"),
                V("\"features\":[\"a\",\"b\"]"));
    expect_body(V(""), V("\"consents\":[{\"approved\":true}]"),
                V("\"consents\":[{\"approved\":true}]"));
    expect_body(V(""), V("\"more\":{\"new\":1.5}"), V("\"more\":{\"new\":1.5}"));
    expect_body(V(""), V("\"new\":true"), V("\"new\":true"));

    unit_group("null and empty members are left out");

    expect_body(V(""), V("\"lang\":\"\",\"person\":null,\"document\":{},"
                         "\"features\":[\"\"],\"consents\":[{}],"
                         "\"more\":{\"new\":null}"), V(""));
}


static void
group_ignored(void)
{
    unit_group("what is not on the list is ignored");

    expect_body(V(""), "{\"vendorData\":\"x\",\"person\":{}}", V(""));
    expect_body(V(""), V("\"vendorData\":\"x\",\"endUserId\":1,"
                         "\"callback\":{},\"address\":1"), V(""));
    expect_body(V(""), V("\"person\":{\"vendorData\":\"x\",\"new\":1,"
                         "\"lastName\":\"L\"}"),
                V("\"person\":{\"lastName\":\"L\"}"));
    expect_body(V(""), V("\"consents\":[{\"type\":\"ine\",\"new\":[1]}]"),
                V("\"consents\":[{\"type\":\"ine\"}]"));
    expect_body(V(""), V("\"more\":{\"other\":1}"), V(""));
}


static void
group_merged(void)
{
    unit_group("the template counts, but where it is empty");

    expect_body(V("\"lang\":\"de\""), V("\"lang\":\"et\""),
                V("\"lang\":\"de\""));
    expect_body(V("\"lang\":\"$de\""), V("\"lang\":\"et\""),
                V("\"lang\":\"de\""));
    expect_body(V("\"lang\":\"$\""), V("\"lang\":\"et\""),
                V("\"lang\":\"et\""));
    expect_body(V("\"person\":{\"firstName\":\"$A\",\"lastName\":\"$\"}"),
                V("\"person\":{\"firstName\":\"E\",\"lastName\":\"L\"}"),
                V("\"person\":{\"firstName\":\"A\",\"lastName\":\"L\"}"));
    expect_body(V("\"features\":[\"a\"]"), V("\"features\":[\"b\",\"c\"]"),
                V("\"features\":[\"a\"]"));
    expect_body(V("\"document\":{}"), V("\"document\":{\"country\":\"EE\"}"),
                V("\"document\":{\"country\":\"EE\"}"));
    expect_body(V("\"new\":{\"a\":1}"), V("\"new\":2"), V("\"new\":{\"a\":1}"));
    expect_body(V("\"more\":null"), V("\"more\":{\"new\":2}"),
                V("\"more\":null"));
}


static void
group_shared(void)
{
    test_t                 t;
    ngx_str_t              text;
    ngx_veriff_payload_t  *payload;

    static const char  constant[] = V("\"person\":{\"firstName\":\"A\"}");

    unit_group("one client's members are not another's");

    test_create(&t, all);

    payload = template(&t, constant);

    expect(merge(&t, payload, V("\"person\":{\"lastName\":\"L\"},"
                                "\"lang\":\"et\""), &text) == NGX_OK);
    expect_str(text, V("\"person\":{\"firstName\":\"A\",\"lastName\":\"L\"},"
                       "\"lang\":\"et\""));

    expect(merge(&t, payload, "", &text) == NGX_OK);
    expect_str(text, constant);

    test_destroy(&t);
}


static void
group_declined(void)
{
    static const char  form[] = "the body is not a JSON object";

    unit_group("bodies that are no JSON object");

    expect_declined("x", form);
    expect_declined(" ", form);
    expect_declined("[]", form);
    expect_declined("{\"verification\":{}", form);
    expect_declined("{} {}", form);
    expect_declined("{\"a\":1,\"a\":1}", form);
    expect_declined("{\"a\":{\"b\":1,\"b\":1}}", form);
    expect_declined("{\"a\":\"\\u0000\"}", form);
    expect_declined("{\"a\":\"\xff\"}", form);

    unit_group("values that break a rule");

    expect_declined("{\"verification\":[]}", "verification must be an object");
    expect_declined(V("\"person\":\"x\""),
                    "verification.person must be an object");
    expect_declined(V("\"more\":1"), "verification.more must be an object");
    expect_declined(V("\"features\":{}"),
                    "verification.features must be an array");
    expect_declined(V("\"features\":[\"a\",[]]"),
                "verification.features[1] must not be an object or array");
    expect_declined(V("\"new\":{}"),
                    "verification.new must not be an object or array");
    expect_declined(V("\"more\":{\"new\":[]}"),
                    "verification.more.new must not be an object or array");
    expect_declined(V("\"lang\":1"), "verification.lang must be a string");
    expect_declined(V("\"lang\":false"), "verification.lang must be a string");
    expect_declined(V("\"person\":{\"isDeceased\":0}"),
                    "verification.person.isDeceased must be true or false");
    expect_declined(V("\"consents\":[{\"approved\":\"true\"}]"),
                    "verification.consents[0].approved must be true or false");
    expect_declined(V("\"person\":{\"dateOfBirth\":\"1.1.1990\"}"),
                    "verification.person.dateOfBirth is not a date YYYY-MM-DD");
    expect_declined(V("\"document\":{\"number\":\"A-1\"}"),
                    "verification.document.number holds more than letters and "
                    "digits");
    expect_declined(V("\"proofOfAddress\":{\"acceptableTypes\":[{\"x\":1}]}"),
                    "verification.proofOfAddress.acceptableTypes[0].name is "
                    "missing");
}


static void
group_limits(void)
{
    test_t      t;
    ngx_str_t   str, text;

    unit_group("depth and length");

    expect_body(V(""), "{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}", V(""));
    expect_declined("{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}",
                    "the body is more than 16 levels deep");
    expect_declined(V("\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
                      "\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
                      "\"a\":{}}}}}}}}}}}}}}}"),
                    "the body is more than 16 levels deep");

    test_create(&t, all);

    str = unit_repeat(t.pool, "x", NGX_VERIFF_PAYLOAD_CLIENT_MAX + 1);
    ngx_memcpy(str.data, "{\"verification\":{\"lang\":\"", 25);
    ngx_memcpy(str.data + NGX_VERIFF_PAYLOAD_CLIENT_MAX - 3, "\"}}", 4);

    expect(merge(&t, template(&t, V("")), (char *) str.data, &text) == NGX_OK);
    expect(merge(&t, template(&t, V("\"features\":[\"a\"]")),
                 (char *) str.data, &text) == NGX_DECLINED);
    expect_str(text, "payload is longer than 65536 bytes");

    test_destroy(&t);
}


static void
group_bytes(void)
{
    size_t               i, len;
    test_t               t;
    ngx_str_t            text, error;
    ngx_veriff_json_t   *client;

    static const char  json[] =
        V("\"person\":{\"firstName\":\"\\u00e3\",\"isDeceased\":true},"
          "\"consents\":[{\"type\":\"ine\",\"approved\":false}],\"new\":1");

    unit_group("JSON cut anywhere is refused");

    len = sizeof(json) - 1;

    for (i = 1; i < len; i++) {
        test_create(&t, all);
        text = unit_mem(t.pool, json, i);

        expect_at(ngx_veriff_payload_client(t.pool, t.members, &text, &client,
                                            &error)
                  == NGX_DECLINED, unit_at("byte", i));

        test_destroy(&t);
    }

    unit_group("JSON with any bit flipped does no harm");

    for (i = 0; i < len * 8; i++) {
        test_create(&t, all);
        text = unit_mem(t.pool, json, len);

        text.data[i / 8] ^= (u_char) (1 << (i % 8));

        expect_at(ngx_veriff_payload_client(t.pool, t.members, &text, &client,
                                            &error)
                  != NGX_ERROR, unit_at("bit", i));

        test_destroy(&t);
    }
}


static void
group_no_memory(void)
{
    test_t                        t;
    ngx_int_t                     rc;
    ngx_str_t                     body, error, path;
    ngx_pool_t                   *pool;
    ngx_uint_t                    n, failed;
    const char                   *reason;
    ngx_veriff_json_t            *client;
    ngx_veriff_payload_t         *payload;
    ngx_veriff_payload_result_t   result;

    static const char  *none[] = { NULL };
    static const char   json[] =
        V("\"person\":{\"firstName\":\"$a\",\"isDeceased\":true},"
          "\"consents\":[{\"type\":\"ine\",\"approved\":false}],"
          "\"more\":{\"new\":1}");
    static const char   merged[] =
        V("\"person\":{\"lastName\":\"L\",\"firstName\":\"$a\","
          "\"isDeceased\":true},\"lang\":\"de\",\"consents\":[{\"type\":\"ine\","
          "\"approved\":false}],\"more\":{\"new\":1}");

    unit_group("allocation failures while the list is made");

    for (n = 1, failed = 1; failed; n++) {
        test_create(&t, none);
        path = unit_str(t.pool, "person.firstName");

        ngx_stub_fail_after(n);
        rc = ngx_veriff_payload_client_add(t.members, &path, &reason);
        failed = ngx_stub_failed();
        ngx_stub_fail_after(0);

        expect_at(rc == (failed ? NGX_ERROR : NGX_OK),
                  unit_at("allocation", n));

        test_destroy(&t);
    }

    expect(n > 3);

    unit_group("allocation failures while JSON is read and merged");

    test_create(&t, all);

    payload = template(&t, V("\"person\":{\"lastName\":\"L\"},\"lang\":\"de\""));

    for (n = 1, failed = 1; failed; n++) {
        pool = ngx_stub_pool_create();
        body = unit_str(pool, json);

        ngx_stub_fail_after(n);

        rc = ngx_veriff_payload_client(pool, t.members, &body, &client,
                                       &error);

        if (rc == NGX_OK) {
            rc = ngx_veriff_payload_render(payload, pool, eval, NULL, client,
                                           &result);
        }

        failed = ngx_stub_failed();
        ngx_stub_fail_after(0);

        /* a parser without memory says that it is no JSON */

        expect_at(failed ? rc == NGX_ERROR || rc == NGX_DECLINED
                         : rc == NGX_OK, unit_at("allocation", n));

        if (!failed) {
            expect_str(result.body, merged);
        }

        ngx_stub_pool_destroy(pool);
    }

    expect(n > 10);

    test_destroy(&t);
}
