
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "ngx_veriff_session.h"
#include "unit.h"


#define ID   "b27afb60-1455-4927-b155-0260ffe0947a"
#define URL  "https://magic.veriff.me/v/eyJhbGciOi"


/* one answer under test: what was sent, what came, what was made of it */

typedef struct {
    ngx_pool_t            *pool;
    ngx_array_t           *hosts;
    ngx_str_t              vendor_data;
    ngx_str_t              end_user_id;
    ngx_veriff_session_t   session;
    const char            *reason;
} answer_t;


static void answer_create(answer_t *a, const char *vendor_data,
    const char *end_user_id);
static ngx_int_t answer_parse(answer_t *a, const void *p, size_t len);
static ngx_int_t parse(const char *vendor_data, const char *end_user_id,
    const char *text);
static ngx_int_t parse_url(const char *url);
static ngx_int_t parse_id(const char *id);
static void test_good(void);
static void test_shape(void);
static void test_echo(void);
static void test_urls(void);
static void test_ids(void);
static void test_bytes(void);
static void test_error(void);
static ngx_int_t error(const char *text, const char *wanted);
static void test_no_memory(void);


static const char  document[] =
    "{\"status\":\"success\",\"verification\":{\"id\":\"" ID "\","
    "\"url\":\"" URL "\",\"vendorData\":\"u-1\",\"endUserId\":null,"
    "\"host\":\"https://magic.veriff.me\",\"status\":\"created\","
    "\"sessionToken\":\"eyJhbGciOi\"}}";


int
main(void)
{
    unit_json_alloc();

    test_good();
    test_shape();
    test_echo();
    test_urls();
    test_ids();
    test_bytes();
    test_error();
    test_no_memory();

    return unit_done();
}


static void
answer_create(answer_t *a, const char *vendor_data, const char *end_user_id)
{
    static const char  *hosts[] = { ".veriff.com", ".veriff.me", NULL };

    memset(a, 0xa5, sizeof(answer_t));

    a->pool = ngx_stub_pool_create();
    a->hosts = unit_array(a->pool, hosts);
    a->reason = NULL;

    ngx_str_null(&a->vendor_data);
    ngx_str_null(&a->end_user_id);

    if (vendor_data) {
        a->vendor_data = unit_str(a->pool, vendor_data);
    }

    if (end_user_id) {
        a->end_user_id = unit_str(a->pool, end_user_id);
    }
}


static ngx_int_t
answer_parse(answer_t *a, const void *p, size_t len)
{
    ngx_str_t  body;

    body = unit_mem(a->pool, p, len);

    return ngx_veriff_session_parse(a->pool, &body, a->hosts, &a->vendor_data,
                                    &a->end_user_id, &a->session, &a->reason);
}


static ngx_int_t
parse(const char *vendor_data, const char *end_user_id, const char *text)
{
    answer_t   a;
    ngx_int_t  rc;

    answer_create(&a, vendor_data, end_user_id);

    rc = answer_parse(&a, text, strlen(text));

    /* who refuses says why */

    expect_at((rc == NGX_DECLINED) == (a.reason != NULL), text);

    ngx_stub_pool_destroy(a.pool);

    return rc;
}


static ngx_int_t
parse_url(const char *url)
{
    char  text[1024];

    snprintf(text, sizeof(text), "{\"status\":\"success\",\"verification\":"
             "{\"id\":\"" ID "\",\"url\":\"%s\"}}", url);

    return parse(NULL, NULL, text);
}


static ngx_int_t
parse_id(const char *id)
{
    char  text[1024];

    snprintf(text, sizeof(text), "{\"status\":\"success\",\"verification\":"
             "{\"id\":\"%s\",\"url\":\"" URL "\"}}", id);

    return parse(NULL, NULL, text);
}


static void
test_good(void)
{
    answer_t  a;

    unit_group("an answer that is believed");

    answer_create(&a, "u-1", NULL);

    expect(answer_parse(&a, document, sizeof(document) - 1) == NGX_OK);
    expect_str(a.session.id, ID);
    expect_str(a.session.url, URL);

    ngx_stub_pool_destroy(a.pool);

    unit_group("members that are not needed, and more of them");

    expect(parse(NULL, NULL,
                 "{\"status\":\"success\",\"verification\":{"
                 "\"id\":\"001_x\",\"url\":\"" URL "\"}}") == NGX_OK);
    expect(parse(NULL, NULL,
                 "{\"new\":[1,{\"x\":null}],\"verification\":{\"new\":{},"
                 "\"url\":\"" URL "\",\"id\":\"001_x\",\"host\":5},"
                 "\"status\":\"success\"}") == NGX_OK);
}


static void
test_shape(void)
{
    ngx_uint_t  i;

    static const char  *texts[] = {
        "", "null", "[]", "{}", "\"success\"", "<html></html>",
        "{\"status\":\"success\"}",
        "{\"status\":\"success\",\"verification\":null}",
        "{\"status\":\"success\",\"verification\":[]}",
        "{\"status\":\"success\",\"verification\":\"x\"}",
        "{\"status\":\"success\",\"verification\":5}",
        "{\"status\":\"success\",\"verification\":{}}",
        "{\"status\":\"success\",\"verification\":{\"id\":\"a\"}}",
        "{\"status\":\"success\",\"verification\":{\"url\":\"" URL "\"}}",
        "{\"status\":\"fail\",\"verification\":{\"id\":\"a\",\"url\":\"" URL
            "\"}}",
        "{\"status\":\"Success\",\"verification\":{\"id\":\"a\",\"url\":\"" URL
            "\"}}",
        "{\"status\":\"successx\",\"verification\":{\"id\":\"a\",\"url\":\""
            URL "\"}}",
        "{\"status\":null,\"verification\":{\"id\":\"a\",\"url\":\"" URL
            "\"}}",
        "{\"status\":200,\"verification\":{\"id\":\"a\",\"url\":\"" URL
            "\"}}",
        "{\"verification\":{\"id\":\"a\",\"url\":\"" URL "\"}}",
        "[{\"status\":\"success\",\"verification\":{\"id\":\"a\",\"url\":\""
            URL "\"}}]",
        "{\"status\":\"success\",\"verification\":{\"id\":5,\"url\":\"" URL
            "\"}}",
        "{\"status\":\"success\",\"verification\":{\"id\":null,\"url\":\"" URL
            "\"}}",
        "{\"status\":\"success\",\"verification\":{\"id\":\"a\",\"url\":5}}",
        "{\"status\":\"success\",\"verification\":{\"id\":\"a\","
            "\"url\":null}}",
        "{\"status\":\"success\",\"verification\":{\"id\":\"a\","
            "\"url\":{}}}",
        "{\"status\":\"success\",\"verification\":{\"id\":\"a\","
            "\"url\":\"\"}}",
        "{\"status\":\"success\",\"verification\":{\"id\":\"a\",\"id\":\"b\","
            "\"url\":\"" URL "\"}}",
        "{\"status\":\"success\",\"verification\":{\"id\":\"a\","
            "\"url\":\"" URL "\"}} x",
        NULL
    };

    unit_group("shapes that are not believed");

    for (i = 0; texts[i]; i++) {
        expect_at(parse(NULL, NULL, texts[i]) == NGX_DECLINED, texts[i]);
    }
}


static void
test_echo(void)
{
    char        text[1024];
    ngx_uint_t  i;

#define HEAD  "{\"status\":\"success\",\"verification\":{\"id\":\"a\","       \
              "\"url\":\"" URL "\""

    static const char  *names[] = { "vendorData", "endUserId" };

    unit_group("vendorData and endUserId are echoed as sent");

    for (i = 0; i < 2; i++) {
        snprintf(text, sizeof(text), HEAD ",\"%s\":\"u-1\"}}", names[i]);

        expect(parse(i ? NULL : "u-1", i ? "u-1" : NULL, text) == NGX_OK);
        expect(parse(i ? NULL : "u-2", i ? "u-2" : NULL, text)
               == NGX_DECLINED);
        expect(parse(i ? NULL : "u-", i ? "u-" : NULL, text) == NGX_DECLINED);
        expect(parse(i ? NULL : "u-11", i ? "u-11" : NULL, text)
               == NGX_DECLINED);
        expect(parse(i ? NULL : "U-1", i ? "U-1" : NULL, text)
               == NGX_DECLINED);
        expect(parse(NULL, NULL, text) == NGX_DECLINED);
        expect(parse(i ? "u-1" : NULL, i ? NULL : "u-1", text)
               == NGX_DECLINED);

        snprintf(text, sizeof(text), HEAD ",\"%s\":null}}", names[i]);

        expect(parse(NULL, NULL, text) == NGX_OK);
        expect(parse(i ? NULL : "u-1", i ? "u-1" : NULL, text)
               == NGX_DECLINED);

        snprintf(text, sizeof(text), HEAD ",\"%s\":\"\"}}", names[i]);

        expect(parse(NULL, NULL, text) == NGX_OK);
        expect(parse(i ? NULL : "", i ? "" : NULL, text) == NGX_OK);
        expect(parse(i ? NULL : "u-1", i ? "u-1" : NULL, text)
               == NGX_DECLINED);

        snprintf(text, sizeof(text), HEAD ",\"%s\":5}}", names[i]);

        expect(parse(NULL, NULL, text) == NGX_DECLINED);
        expect(parse(i ? NULL : "5", i ? "5" : NULL, text) == NGX_DECLINED);

        snprintf(text, sizeof(text), HEAD ",\"%s\":{}}}", names[i]);

        expect(parse(NULL, NULL, text) == NGX_DECLINED);

        snprintf(text, sizeof(text), HEAD ",\"%s\":\"\\u00e9\\\"\"}}",
                 names[i]);

        expect(parse(i ? NULL : "\xc3\xa9\"", i ? "\xc3\xa9\"" : NULL, text)
               == NGX_OK);
    }

    snprintf(text, sizeof(text), HEAD "}}");

    expect(parse(NULL, NULL, text) == NGX_OK);
    expect(parse("u-1", NULL, text) == NGX_DECLINED);
    expect(parse(NULL, "u-1", text) == NGX_DECLINED);
}


static void
test_urls(void)
{
    answer_t    a;
    ngx_str_t   body, url;
    ngx_uint_t  i;

    static const char  head[] =
        "{\"status\":\"success\",\"verification\":{\"id\":\"a\","
        "\"url\":\"https://magic.veriff.me/v/";

    static const char  *urls[] = {
        "http://magic.veriff.me/v/x",
        "https://evil.example/v/x",
        "https://veriff.com.evil.example/v/x",
        "https://evilveriff.com/v/x",
        "https://user@magic.veriff.me/v/x",
        "https://magic.veriff.me@evil.example/v/x",
        "https://magic.veriff.me\\\\@evil.example/v/x",
        "https:\\/\\/evil.example\\\\.veriff.me",
        "https://magic.veriff.me/v/\\r\\nSet-Cookie: a=b",
        "https://magic.veriff.me/v/\\u0001",
        "https://magic.veriff.me/v/\\u00e9",
        "https://magic.veriff.me/v/\\\"",
        "//magic.veriff.me/v/x",
        "/v/x",
        "javascript:alert(1)",
        "https://[::1]/v/x",
        "https://127.0.0.1/v/x",
        "https://magic.veriff.me:0/",
        NULL
    };

    unit_group("session URLs");

    expect(parse_url(URL) == NGX_OK);
    expect(parse_url("https://station.veriff.com/v/x") == NGX_OK);
    expect(parse_url("HTTPS://STATION.VERIFF.COM/v/x") == NGX_OK);
    expect(parse_url("https:\\/\\/station.veriff.com\\/v\\/x") == NGX_OK);

    for (i = 0; urls[i]; i++) {
        expect_at(parse_url(urls[i]) == NGX_DECLINED, urls[i]);
    }

    unit_group("a session URL of 16 KB");

    answer_create(&a, NULL, NULL);

    body = unit_repeat(a.pool, "x", 16384 + 100);
    memcpy(body.data, head, sizeof(head) - 1);
    memcpy(body.data + body.len - 3, "\"}}", 3);

    expect(ngx_veriff_session_parse(a.pool, &body, a.hosts, &a.vendor_data,
                                    &a.end_user_id, &a.session, &a.reason)
           == NGX_OK);

    url = a.session.url;

    expect(url.len > 16384);
    expect(memcmp(url.data, "https://magic.veriff.me/v/", 26) == 0);
    expect(url.data[url.len - 1] == 'x');

    ngx_stub_pool_destroy(a.pool);
}


static void
test_ids(void)
{
    char  id[130];

    unit_group("session ids");

    expect(parse_id(ID) == NGX_OK);
    expect(parse_id("001_a.B-c") == NGX_OK);
    expect(parse_id("") == NGX_DECLINED);
    expect(parse_id(".") == NGX_DECLINED);
    expect(parse_id("..") == NGX_DECLINED);
    expect(parse_id("a/../b") == NGX_DECLINED);
    expect(parse_id("a b") == NGX_DECLINED);
    expect(parse_id("a\\n") == NGX_DECLINED);
    expect(parse_id("a%2f") == NGX_DECLINED);
    expect(parse_id("a?b") == NGX_DECLINED);
    expect(parse_id("\\u00e9") == NGX_DECLINED);

    memset(id, 'a', sizeof(id));

    id[128] = '\0';
    expect(parse_id(id) == NGX_OK);

    id[128] = 'a';
    id[129] = '\0';
    expect(parse_id(id) == NGX_DECLINED);
}


static void
test_bytes(void)
{
    char       copy[sizeof(document)];
    size_t     i;
    answer_t   a;
    ngx_int_t  rc;

    unit_group("an answer cut at any byte is not believed");

    for (i = 0; i < sizeof(document) - 1; i++) {
        answer_create(&a, "u-1", NULL);
        expect_at(answer_parse(&a, document, i) == NGX_DECLINED,
                  unit_at("byte", i));
        ngx_stub_pool_destroy(a.pool);
    }

    unit_group("an answer with a bit flipped leads nowhere else");

    for (i = 0; i < (sizeof(document) - 1) * 8; i++) {
        memcpy(copy, document, sizeof(document));
        copy[i / 8] ^= (char) (1 << (i % 8));

        answer_create(&a, "u-1", NULL);

        rc = answer_parse(&a, copy, sizeof(document) - 1);

        expect_at(rc == NGX_DECLINED
                  || (rc == NGX_OK && a.session.id.len
                      && strncasecmp((char *) a.session.url.data + 13,
                                     ".veriff.me", 10) == 0
                      && strchr("/?#:", a.session.url.data[23])),
                  unit_at("bit", i));

        ngx_stub_pool_destroy(a.pool);
    }
}


static void
test_error(void)
{
    unit_group("error codes");

    expect(error("{\"status\":\"fail\",\"code\":\"1101\",\"message\":\"x\"}",
                 "1101") == NGX_OK);
    expect(error("{\"status\":400,\"code\":1305}", "1305") == NGX_OK);
    expect(error("{\"code\":\"1803\"}", "1803") == NGX_OK);
    expect(error("{\"code\":0}", "0") == NGX_OK);
    expect(error("{\"code\":99999999}", "99999999") == NGX_OK);
    expect(error("{\"code\":\"12345678\"}", "12345678") == NGX_OK);

    unit_group("what is no error code");

    expect(error("", "") == NGX_DECLINED);
    expect(error("[]", "") == NGX_DECLINED);
    expect(error("{}", "") == NGX_DECLINED);
    expect(error("<html>", "") == NGX_DECLINED);
    expect(error("{\"code\":null}", "") == NGX_DECLINED);
    expect(error("{\"code\":true}", "") == NGX_DECLINED);
    expect(error("{\"code\":{}}", "") == NGX_DECLINED);
    expect(error("{\"code\":[1]}", "") == NGX_DECLINED);
    expect(error("{\"code\":1.5}", "") == NGX_DECLINED);
    expect(error("{\"code\":-1}", "") == NGX_DECLINED);
    expect(error("{\"code\":100000000}", "") == NGX_DECLINED);
    expect(error("{\"code\":9223372036854775807}", "") == NGX_DECLINED);
    expect(error("{\"code\":\"\"}", "") == NGX_DECLINED);
    expect(error("{\"code\":\"123456789\"}", "") == NGX_DECLINED);
    expect(error("{\"code\":\"11 1\"}", "") == NGX_DECLINED);
    expect(error("{\"code\":\"1a\"}", "") == NGX_DECLINED);
    expect(error("{\"code\":\"-1\"}", "") == NGX_DECLINED);
    expect(error("{\"code\":\"1\\n\"}", "") == NGX_DECLINED);
    expect(error("{\"code\":\"John Smith\"}", "") == NGX_DECLINED);
}


static ngx_int_t
error(const char *text, const char *wanted)
{
    ngx_int_t    rc;
    ngx_str_t    body, code;
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    body = unit_str(pool, text);
    rc = ngx_veriff_session_error(pool, &body, &code);

    expect_str(code, wanted);

    ngx_stub_pool_destroy(pool);

    return rc;
}


static void
test_no_memory(void)
{
    answer_t    a;
    ngx_int_t   rc;
    ngx_str_t   body, code;
    ngx_uint_t  n, failed;

    unit_group("allocation failures");

    for (n = 1, failed = 1; failed; n++) {
        answer_create(&a, "u-1", NULL);
        body = unit_mem(a.pool, document, sizeof(document) - 1);

        ngx_stub_fail_after(n);
        rc = ngx_veriff_session_parse(a.pool, &body, a.hosts, &a.vendor_data,
                                      &a.end_user_id, &a.session, &a.reason);
        failed = ngx_stub_failed();
        ngx_stub_fail_after(0);

        expect_at(rc == (failed ? NGX_DECLINED : NGX_OK),
                  unit_at("allocation", n));
        expect_at(!failed || a.reason != NULL, unit_at("allocation", n));

        ngx_stub_pool_destroy(a.pool);
    }

    expect(n > 20);

    for (n = 1, failed = 1; failed; n++) {
        answer_create(&a, NULL, NULL);
        body = unit_str(a.pool, "{\"code\":1101}");

        ngx_stub_fail_after(n);
        rc = ngx_veriff_session_error(a.pool, &body, &code);
        failed = ngx_stub_failed();
        ngx_stub_fail_after(0);

        expect_at(rc == (failed ? NGX_DECLINED : NGX_OK),
                  unit_at("allocation", n));

        ngx_stub_pool_destroy(a.pool);
    }
}
