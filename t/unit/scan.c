
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "ngx_veriff_json.h"
#include "ngx_veriff_scan.h"
#include "unit.h"


#define MUTANTS  30000


static void test_members(ngx_pool_t *pool);
static void test_taken(ngx_pool_t *pool);
static void test_left(ngx_pool_t *pool);
static void test_limits(ngx_pool_t *pool);
static void test_parser(ngx_pool_t *pool);
static void test_cut(ngx_pool_t *pool);
static void test_memory(void);
static ngx_int_t scan_it(ngx_str_t *text, ngx_veriff_members_t *members);
static ngx_uint_t agrees(ngx_str_t *text);
static ngx_uint_t same(ngx_veriff_members_t *a, ngx_veriff_members_t *b);
static ngx_uint_t same_str(ngx_str_t *a, ngx_str_t *b);


static ngx_veriff_member_t  buf[NGX_VERIFF_SCAN_MEMBERS];


static const char  document[] =
    " {\"s\" : \"text\",\t\"empty\":\"\",\"i\":-42,\"n\":null,\"t\":true,"
    "\"f\":false,\"r\":1.50,\"w\":7002.0,\"l\":[{\"s\":1},[],{}],\"none\":{},\"long\":"
    "123456789012345678,\"utf\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\","
    "\"o\":{\"s\":\"inner\",\"o\":{\"deep\":{\"s\":\"4\",\"o\":{\"s\":5}},"
    "\"after\":\"deep\"}},\"last\":\"one\"}\r\n";


/* of the outermost object, so that what is inside of it is not taken for it */
static const char  *decision =
    "{\"status\":\"success\",\"verification\":{\"id\":\"aea9ba6d-1b47\","
    "\"attemptId\":\"00bca969\",\"vendorData\":\"J\xc3\xb6rg\",\"code\":9001,"
    "\"endUserId\":null,\"reason\":null,\"person\":{\"firstName\":\"A\","
    "\"lastName\":\"B\\u00e9\\/\\\"\",\"addresses\":[{\"city\":\"C\\n\","
    "\"n\":1.25},{\"city\":\"D\"}]},\"insights\":[{\"label\":\"x\",\"result\":"
    "\"yes\"},[1,2,-3,0],[],{}],\"ok\":true,\"no\":false},\"technicalData\":"
    "{\"ip\":\"192.0.2.7\"}}";


static const char  *taken[] = {
    "{}", " \r\n\t{ } ", "{\"a\":1}", "{\"a\":0}", "{\"a\":-0}",
    "{\"a\":999999999999999999}", "{\"a\":-999999999999999999}",
    "{\"a\":0.5}", "{\"a\":[10.000000000000000001]}", "{\"a\":5.0}",
    "{\"a\":-7002.000}", "{\"a\":0.00001}", "{\"a\":123456789.000001}", "{\"\":1}",
    "{\"a\":[]}", "{\"a\":[[],[[1]]]}", "{\"a\":{\"a\":{\"a\":{\"a\":1}}}}",
    "{\"a\":1,\"aa\":2,\"aaaaaaaa\":3,\"aaaaaaab\":4,\"aaaaaaaaa\":5}",
    "{\"12345678a\":1,\"12345678b\":2}", "{\"a\":{\"b\":1},\"b\":{\"b\":1}}",
    "{\"a\":[{\"b\":1},{\"b\":1}],\"b\":2}", "{\"a\":[\"\\u00e9\\n\\/\\\"\"]}",
    "{\"a\":\"\x7f\xc2\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"}",
    "{\"a\":true,\"b\":false,\"c\":null}", "{ \"a\" : [ 1 , 2 ] , \"b\" : 3 }"
};


/* malformed, or for the parser to say */
static const char  *left[] = {
    "", " ", "[]", "1", "\"a\"", "null", "{", "}", "{\"a\"", "{\"a\":",
    "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{\"a\"=1}",
    "{a:1}", "{'a':1}", "{1:1}", "{\"a\":}", "{\"a\":1]", "{\"a\":[1}",
    "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":[1 2]}", "{\"a\":1 \"b\":2}",
    "{\"a\":1}}", "{\"a\":1} x", "{\"a\":1}{\"b\":2}", "{\"a\":1},",
    "\xef\xbb\xbf{}", "{\"a\":1}\v", "{\"a\":nul}", "{\"a\":nulll}",
    "{\"a\":True}", "{\"a\":truefalse}", "{\"a\":falsey}", "{\"a\":NaN}",
    "{\"a\":01}", "{\"a\":-01}", "{\"a\":-}", "{\"a\":+1}", "{\"a\":.5}",
    "{\"a\":1.}", "{\"a\":1.e1}", "{\"a\":1e5}", "{\"a\":1E5}",
    "{\"a\":1.5e5}", "{\"a\":1.5E400}", "{\"a\":0x10}", "{\"a\":1_0}",
    "{\"a\":1234567890123456789}", "{\"a\":99999999999999999999}",
    "{\"a\":0.1234567890123456789}", "{\"a\":7002.000000000000000}", "{\"a\":--1}", "{\"a\":1-}",
    "{\"a\":\"}", "{\"a\":\"\\\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}",
    "{\"a\":[\"\\u123g\"]}", "{\"a\":[\"\\u0000\"]}", "{\"a\":[\"\\ud800\"]}",
    "{\"a\":[\"\\udc00\\ud800\"]}", "{\"a\":[\"\\ud83d\\ude00\"]}",
    "{\"a\":\"\\n\"}", "{\"a\":\"\\u00e9\"}", "{\"\\u0061\":1}",
    "{\"a\":\"\n\"}", "{\"a\":\"\x1f\"}", "{\"\t\":1}", "{\"a\":\"\x80\"}",
    "{\"a\":\"\xc3\"}", "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}",
    "{\"a\":\"\xf4\x90\x80\x80\"}", "{\"a\":\"\xe0\x80\x80\"}",
    "{\"a\":\"12345678\x80\"}", "{\"a\":\"1234567\x01\"}",
    "{\"a\":1,\"a\":2}", "{\"a\":1,\"b\":2,\"a\":1}", "{\"\":1,\"\":2}",
    "{\"b\":{\"a\":1,\"a\":2}}", "{\"b\":[{\"a\":1,\"a\":2}]}",
    "{\"a\":{\"c\":1},\"b\":2,\"a\":3}", "{\"a\":[{}],\"b\":2,\"a\":3}",
    "{\"123456789\":1,\"123456789\":2}", "{\"12345678\":1,\"12345678\":2}"
};


int
main(void)
{
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    test_members(pool);
    test_taken(pool);
    test_left(pool);
    test_limits(pool);
    test_parser(pool);
    test_cut(pool);

    ngx_stub_pool_destroy(pool);

    test_memory();

    return unit_done();
}


static void
test_members(ngx_pool_t *pool)
{
    ngx_str_t              text, value;
    ngx_veriff_member_t   *member;
    ngx_veriff_members_t   json, o, deep;

    text = unit_mem(pool, document, sizeof(document) - 1);

    unit_group("members");

    expect(scan_it(&text, &json) == NGX_OK);

    expect(ngx_veriff_member_string(&json, "s", &value) == NGX_OK);
    expect_str(value, "text");

    expect(ngx_veriff_member_string(&json, "empty", &value) == NGX_OK);
    expect(value.len == 0 && value.data != NULL);

    expect(ngx_veriff_member_string(&json, "utf", &value) == NGX_OK);
    expect_str(value, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");

    expect(ngx_veriff_member_string(&json, "last", &value) == NGX_OK);
    expect_str(value, "one");

    expect(ngx_veriff_member_string(&json, "n", &value) == NGX_DECLINED);
    expect(ngx_veriff_member_string(&json, "absent", &value) == NGX_DECLINED);
    expect(value.data == NULL && value.len == 0);

    expect(ngx_veriff_member_string(&json, "i", &value) == NGX_ERROR);
    expect(ngx_veriff_member_string(&json, "t", &value) == NGX_ERROR);
    expect(ngx_veriff_member_string(&json, "l", &value) == NGX_ERROR);
    expect(ngx_veriff_member_string(&json, "o", &value) == NGX_ERROR);
    expect(value.data == NULL && value.len == 0);

    expect(ngx_veriff_member_integer(&json, "i") == -42);
    expect(ngx_veriff_member_integer(&json, "long") == 123456789012345678LL);
    expect(ngx_veriff_member_integer(&json, "r") == 0);
    expect(ngx_veriff_member_integer(&json, "w") == 7002);
    expect(ngx_veriff_member_integer(&json, "s") == 0);
    expect(ngx_veriff_member_integer(&json, "absent") == 0);

    member = ngx_veriff_member(&json, "n");
    expect(member && member->type == NGX_VERIFF_MEMBER_NULL);
    member = ngx_veriff_member(&json, "f");
    expect(member && member->type == NGX_VERIFF_MEMBER_OTHER);
    expect(ngx_veriff_member(&json, "absent") == NULL);
    expect(ngx_veriff_member(&json, "deep") == NULL);

    unit_group("members of members");

    ngx_veriff_member_object(&json, "o", &o);
    expect(ngx_veriff_member_string(&o, "s", &value) == NGX_OK);
    expect_str(value, "inner");

    ngx_veriff_member_object(&o, "o", &o);
    expect(ngx_veriff_member_string(&o, "after", &value) == NGX_OK);
    expect_str(value, "deep");

    ngx_veriff_member_object(&o, "deep", &deep);
    expect(ngx_veriff_member_string(&deep, "s", &value) == NGX_OK);
    expect_str(value, "4");

    ngx_veriff_member_object(&deep, "o", &deep);
    expect(ngx_veriff_member_string(&deep, "s", &value) == NGX_DECLINED);

    ngx_veriff_member_object(&json, "none", &o);
    expect(o.first == o.last);
    ngx_veriff_member_object(&json, "l", &o);
    expect(o.first == NULL && o.last == NULL);
    ngx_veriff_member_object(&json, "absent", &o);
    expect(ngx_veriff_member(&o, "s") == NULL);
}


static void
test_taken(ngx_pool_t *pool)
{
    ngx_str_t             text;
    ngx_uint_t            i;
    ngx_veriff_members_t  json;

    unit_group("taken, as by the parser");

    for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        text = unit_str(pool, taken[i]);

        expect_at(scan_it(&text, &json) == NGX_OK, taken[i]);
        expect_at(agrees(&text), taken[i]);
    }
}


static void
test_left(ngx_pool_t *pool)
{
    ngx_str_t             text;
    ngx_uint_t            i;
    ngx_veriff_members_t  json;

    unit_group("left to the parser");

    for (i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
        text = unit_str(pool, left[i]);

        expect_at(scan_it(&text, &json) == NGX_DECLINED, left[i]);
        expect_at(json.first == NULL && json.last == NULL, left[i]);
    }

    text = unit_mem(pool, "{\"a\":\"\0\"}", 9);
    expect(scan_it(&text, &json) == NGX_DECLINED);

    text = unit_mem(pool, "{\"a\":1}\0", 8);
    expect(scan_it(&text, &json) == NGX_DECLINED);
}


static void
test_limits(ngx_pool_t *pool)
{
    char                   text[8192], *p;
    ngx_str_t              str, open, close;
    ngx_uint_t             n;
    ngx_veriff_members_t   json;

    unit_group("levels");

    for (n = 29; n < 40; n++) {
        open = unit_repeat(pool, "[", n);
        close = unit_repeat(pool, "]", n);

        snprintf(text, sizeof(text), "{\"a\":%.*s%.*s}", (int) n, open.data,
                 (int) n, close.data);

        str = unit_str(pool, text);

        expect_at(scan_it(&str, &json) == (n < 32 ? NGX_OK : NGX_DECLINED),
                  text);
    }

    unit_group("many members");

    for (n = 120; n < 140; n++) {
        ngx_uint_t  i;

        p = text;
        *p++ = '{';

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%s\"m%lu\":%lu", i ? "," : "",
                         (unsigned long) i, (unsigned long) i);
        }

        strcpy(p, "}");

        str = unit_str(pool, text);

        expect_at(scan_it(&str, &json) == (n <= NGX_VERIFF_SCAN_MEMBERS
                                           ? NGX_OK : NGX_DECLINED),
                  unit_at("at", n));

        if (n <= NGX_VERIFF_SCAN_MEMBERS) {
            expect(ngx_veriff_member_integer(&json, "m119") == 119);
        }
    }
}


/* whatever it takes, the parser takes, and finds the same in it */

static void
test_parser(ngx_pool_t *pool)
{
    u_char       *p;
    ngx_str_t     text;
    ngx_uint_t    i, n, took;
    unsigned      seed;

    static const char  bytes[] = "\"\\{}[]:,0123456789.-eEtrufalsn \n\x01\x80"
                                 "\xc3\xa9";
    ngx_veriff_members_t  json;

    unit_group("changed at random, as by the parser");

    seed = 1;
    took = 0;

    for (i = 0; i < MUTANTS; i++) {
        text = unit_str(pool, i % 2 ? decision : document);
        p = text.data;

        for (n = 0; n < 1 + i % 3; n++) {
            seed = seed * 1103515245 + 12345;

            p[(seed >> 8) % text.len] =
                                 (u_char) bytes[(seed >> 4)
                                                % (sizeof(bytes) - 1)];
        }

        took += (scan_it(&text, &json) == NGX_OK);

        expect_at(agrees(&text), unit_at("at", i));
    }

    /* some of them were still whole */

    expect(took > MUTANTS / 100);
    expect(took < MUTANTS / 2);

    text = unit_str(pool, decision);
    expect(agrees(&text));
}


static void
test_cut(ngx_pool_t *pool)
{
    size_t                n;
    ngx_str_t             text;
    ngx_veriff_members_t  json;

    unit_group("cut at every byte");

    for (n = 0; n < strlen(document) - 2; n++) {
        text = unit_mem(pool, document, n);

        expect_at(scan_it(&text, &json) == NGX_DECLINED, unit_at("at", n));
    }
}


static void
test_memory(void)
{
    ngx_str_t              text;
    ngx_pool_t            *pool;
    ngx_veriff_json_t     *json;
    ngx_veriff_members_t   members;

    unit_group("no memory for a tree's members");

    pool = ngx_stub_pool_create();

    text = unit_str(pool, decision);
    json = ngx_veriff_json_parse(pool, text.data, text.len, NULL);

    ngx_stub_fail_after(1);

    expect(ngx_veriff_json_members(pool, json, &members) == NGX_ERROR);
    expect(ngx_stub_failed());

    ngx_stub_fail_after(0);

    expect(ngx_veriff_json_members(pool, json, &members) == NGX_OK);

    unit_group("a tree that is no object");

    text = unit_str(pool, "[{\"a\":1}]");
    json = ngx_veriff_json_parse(pool, text.data, text.len, NULL);

    expect(ngx_veriff_json_members(pool, json, &members) == NGX_OK);
    expect(members.first == NULL && members.last == NULL);

    ngx_stub_pool_destroy(pool);
}


static ngx_int_t
scan_it(ngx_str_t *text, ngx_veriff_members_t *members)
{
    return ngx_veriff_scan(text->data, text->len, buf, members);
}


/* what it takes is an object to the parser, with the same members */

static ngx_uint_t
agrees(ngx_str_t *text)
{
    ngx_pool_t            *pool;
    ngx_uint_t             ok;
    ngx_veriff_json_t     *json;
    ngx_veriff_members_t   scanned, parsed;

    if (scan_it(text, &scanned) != NGX_OK) {
        return 1;
    }

    pool = ngx_stub_pool_create();

    json = ngx_veriff_json_parse(pool, text->data, text->len, NULL);

    ok = (json && ngx_veriff_json_is_object(json)
          && ngx_veriff_json_members(pool, json, &parsed) == NGX_OK
          && same(&scanned, &parsed));

    ngx_stub_pool_destroy(pool);

    return ok;
}


static ngx_uint_t
same(ngx_veriff_members_t *a, ngx_veriff_members_t *b)
{
    ngx_int_t             i, n;
    ngx_veriff_member_t  *one, *two;

    n = a->last - a->first;

    if (n != b->last - b->first) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        one = &a->first[i];
        two = &b->first[i];

        if (one->type != two->type || one->inner != two->inner
            || one->integer != two->integer
            || !same_str(&one->name, &two->name)
            || !same_str(&one->value, &two->value))
        {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
same_str(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || ngx_memcmp(a->data, b->data, a->len) == 0);
}
