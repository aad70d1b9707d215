
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "ngx_veriff_json_pointer.h"
#include "unit.h"


static ngx_int_t get(const char *text, const char *pointer,
    const char *expected);
static const char *refused(const char *pointer);
static void test_rfc(void);
static void test_types(void);
static void test_arrays(void);
static void test_nothing(void);
static void test_refused(void);
static void test_no_memory(void);


/* the document of RFC 6901, section 5 */

static const char  rfc[] =
    "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,"
    "\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}";


int
main(void)
{
    unit_json_alloc();

    test_rfc();
    test_types();
    test_arrays();
    test_nothing();
    test_refused();
    test_no_memory();

    return unit_done();
}


/* NGX_OK only if it is the text that is expected */

static ngx_int_t
get(const char *text, const char *pointer, const char *expected)
{
    ngx_int_t                   rc;
    ngx_str_t                   doc, str, value;
    const char                 *reason;
    ngx_pool_t                 *pool;
    ngx_veriff_json_t          *json;
    ngx_veriff_json_pointer_t  *jp;

    pool = ngx_stub_pool_create();

    doc = unit_str(pool, text);
    str = unit_str(pool, pointer);

    json = ngx_veriff_json_parse(pool, doc.data, doc.len, NULL);
    jp = ngx_veriff_json_pointer(pool, &str, &reason);

    rc = NGX_ABORT;

    if (jp) {
        rc = ngx_veriff_json_pointer_get(pool, json, jp, &value);

        if (rc == NGX_OK
            && (expected == NULL || value.len != strlen(expected)
                || memcmp(value.data, expected, value.len) != 0))
        {
            rc = NGX_ABORT;
        }

        if (rc == NGX_DECLINED && value.data) {
            rc = NGX_ABORT;
        }
    }

    ngx_stub_pool_destroy(pool);

    return rc;
}


static const char *
refused(const char *pointer)
{
    ngx_str_t                   str;
    const char                 *reason;
    ngx_pool_t                 *pool;
    ngx_veriff_json_pointer_t  *jp;

    pool = ngx_stub_pool_create();

    str = unit_str(pool, pointer);
    jp = ngx_veriff_json_pointer(pool, &str, &reason);

    ngx_stub_pool_destroy(pool);

    return jp ? NULL : reason;
}


static void
test_rfc(void)
{
    unit_group("the examples of RFC 6901");

    expect(get(rfc, "/foo", NULL) == NGX_DECLINED);
    expect(get(rfc, "/foo/0", "bar") == NGX_OK);
    expect(get(rfc, "/", "0") == NGX_OK);
    expect(get(rfc, "/a~1b", "1") == NGX_OK);
    expect(get(rfc, "/c%d", "2") == NGX_OK);
    expect(get(rfc, "/e^f", "3") == NGX_OK);
    expect(get(rfc, "/g|h", "4") == NGX_OK);
    expect(get(rfc, "/i\\j", "5") == NGX_OK);
    expect(get(rfc, "/k\"l", "6") == NGX_OK);
    expect(get(rfc, "/ ", "7") == NGX_OK);
    expect(get(rfc, "/m~0n", "8") == NGX_OK);

    /* "~01" is "~1", not "/" */

    expect(get("{\"~1\":1,\"/\":2}", "/~01", "1") == NGX_OK);
    expect(get("{\"~1\":1,\"/\":2}", "/~1", "2") == NGX_OK);
    expect(get("{\"~/~\":3}", "/~0~1~0", "3") == NGX_OK);
}


static void
test_types(void)
{
    unit_group("texts of values");

    expect(get("{\"a\":\"x y\"}", "/a", "x y") == NGX_OK);
    expect(get("{\"a\":\"\"}", "/a", "") == NGX_OK);
    expect(get("{\"a\":\"\\u00e9\\n\"}", "/a", "\xc3\xa9\n") == NGX_OK);
    expect(get("{\"a\":true}", "/a", "true") == NGX_OK);
    expect(get("{\"a\":false}", "/a", "false") == NGX_OK);
    expect(get("{\"a\":0}", "/a", "0") == NGX_OK);
    expect(get("{\"a\":-42}", "/a", "-42") == NGX_OK);
    expect(get("{\"a\":9223372036854775807}", "/a", "9223372036854775807")
           == NGX_OK);
    expect(get("{\"a\":0.1}", "/a", "0.1") == NGX_OK);
    expect(get("{\"a\":1.50}", "/a", "1.5") == NGX_OK);
    expect(get("{\"a\":-1.23456789012345e-300}", "/a",
               "-1.23456789012345e-300") == NGX_OK);

    expect(get("{\"a\":null}", "/a", NULL) == NGX_DECLINED);
    expect(get("{\"a\":{}}", "/a", NULL) == NGX_DECLINED);
    expect(get("{\"a\":[]}", "/a", NULL) == NGX_DECLINED);
}


static void
test_arrays(void)
{
    unit_group("indexes");

    expect(get("[\"a\",[\"b\",\"c\"]]", "/0", "a") == NGX_OK);
    expect(get("[\"a\",[\"b\",\"c\"]]", "/1/1", "c") == NGX_OK);
    expect(get("[\"a\",\"b\"]", "/2", NULL) == NGX_DECLINED);
    expect(get("[\"a\",\"b\"]", "/-", NULL) == NGX_DECLINED);
    expect(get("[\"a\",\"b\"]", "/-1", NULL) == NGX_DECLINED);
    expect(get("[\"a\",\"b\"]", "/01", NULL) == NGX_DECLINED);
    expect(get("[\"a\",\"b\"]", "/00", NULL) == NGX_DECLINED);
    expect(get("[\"a\",\"b\"]", "/+1", NULL) == NGX_DECLINED);
    expect(get("[\"a\",\"b\"]", "/1e0", NULL) == NGX_DECLINED);
    expect(get("[0,1,2,3,4,5,6,7,8,9,10]", "/1~1", NULL) == NGX_DECLINED);
    expect(get("[0,1,2,3,4,5,6,7,8,9,10]", "/10", "10") == NGX_OK);
    expect(get("[\"a\",\"b\"]", "/", NULL) == NGX_DECLINED);
    expect(get("[\"a\",\"b\"]", "/18446744073709551617", NULL)
           == NGX_DECLINED);

    /* names of members, too */

    expect(get("{\"01\":\"a\",\"-\":\"b\",\"0\":\"c\"}", "/01", "a")
           == NGX_OK);
    expect(get("{\"01\":\"a\",\"-\":\"b\",\"0\":\"c\"}", "/-", "b")
           == NGX_OK);
    expect(get("{\"01\":\"a\",\"-\":\"b\",\"0\":\"c\"}", "/0", "c")
           == NGX_OK);
}


static void
test_nothing(void)
{
    unit_group("what is not there");

    expect(get("{\"a\":\"x\"}", "/b", NULL) == NGX_DECLINED);
    expect(get("{\"a\":\"x\"}", "/A", NULL) == NGX_DECLINED);
    expect(get("{\"a\":\"x\"}", "/a/0", NULL) == NGX_DECLINED);
    expect(get("{\"a\":\"x\"}", "/a/", NULL) == NGX_DECLINED);
    expect(get("{\"a\":\"x\"}", "/a/b/c", NULL) == NGX_DECLINED);
    expect(get("{\"a\":{\"b\":{\"c\":\"x\"}}}", "/a/b/c", "x") == NGX_OK);
    expect(get("{\"a\":{\"\":{\"\":\"x\"}}}", "/a//", "x") == NGX_OK);

    /* no document */

    expect(get("", "/a", NULL) == NGX_DECLINED);
    expect(get("\"x\"", "/a", NULL) == NGX_DECLINED);
    expect(get("{\"a\":\"x\",\"a\":\"y\"}", "/a", NULL) == NGX_DECLINED);
}


static void
test_refused(void)
{
    unit_group("what is no pointer");

    expect(refused("") != NULL);
    expect(refused("a") != NULL);
    expect(refused("#/a") != NULL);
    expect(refused("/~") != NULL);
    expect(refused("/a~/b") != NULL);
    expect(refused("/~2") != NULL);
    expect(refused("/a/~01~") != NULL);

    expect(refused("/") == NULL);
    expect(refused("//") == NULL);
    expect(refused("/~0~1") == NULL);
}


static void
test_no_memory(void)
{
    ngx_int_t                   rc;
    ngx_str_t                   doc, str, value;
    const char                 *reason;
    ngx_pool_t                 *pool;
    ngx_uint_t                  n, failed;
    ngx_veriff_json_t          *json;
    ngx_veriff_json_pointer_t  *jp;

    unit_group("allocation failures");

    for (n = 1, failed = 1; failed; n++) {
        pool = ngx_stub_pool_create();

        doc = unit_str(pool, "{\"a\":[42]}");
        str = unit_str(pool, "/a/0");
        json = ngx_veriff_json_parse(pool, doc.data, doc.len, NULL);

        ngx_stub_fail_after(n);

        jp = ngx_veriff_json_pointer(pool, &str, &reason);
        rc = jp ? ngx_veriff_json_pointer_get(pool, json, jp, &value)
                : NGX_ERROR;

        failed = ngx_stub_failed();
        ngx_stub_fail_after(0);

        expect_at(rc == (failed ? NGX_ERROR : NGX_OK),
                  unit_at("allocation", n));
        expect_at(reason == NULL, unit_at("allocation", n));

        ngx_stub_pool_destroy(pool);
    }

    expect(n > 4);
}
