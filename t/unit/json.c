
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "ngx_veriff_json.h"
#include "unit.h"


static ngx_uint_t parses(const char *text);
static ngx_uint_t parses_mem(const void *p, size_t len);
static ngx_veriff_json_t *provider_json(ngx_pool_t *pool, ngx_str_t *text);
static void test_documents(void);
static void test_errors(void);
static void test_truncated(void);
static void test_flipped(void);
static void test_depth(void);
static void test_large(void);
static void test_members(void);
static void test_provider(void);
static void test_escape(void);
static void test_utf8(void);
static void test_no_memory(void);


static const char  document[] =
    "{\"a\":\"text\",\"e\":\"\",\"n\":null,\"i\":-42,\"r\":1.5,\"t\":true,"
    "\"o\":{\"k\":\"\\u00e9\\n\"},\"l\":[1,[\"x\"],{}],"
    "\"big\":9223372036854775807}";

static const char  provider[] =
    "{\"a\":\"text\",\"b\":18446744073709551616,\"i\":7002,\"w\":9001.0,"
    "\"m\":-9007199254740992,\"f\":1.5,\"s\":-9223372036854775809}";


int
main(void)
{
    unit_json_alloc();

    test_documents();
    test_errors();
    test_truncated();
    test_flipped();
    test_depth();
    test_large();
    test_members();
    test_provider();
    test_escape();
    test_utf8();
    test_no_memory();

    return unit_done();
}


static ngx_uint_t
parses(const char *text)
{
    return parses_mem(text, strlen(text));
}


static ngx_uint_t
parses_mem(const void *p, size_t len)
{
    ngx_str_t            text;
    ngx_pool_t          *pool;
    ngx_veriff_json_t   *json;

    pool = ngx_stub_pool_create();

    text = unit_mem(pool, p, len);
    json = ngx_veriff_json_parse(pool, text.data, text.len, NULL);

    ngx_stub_pool_destroy(pool);

    return json != NULL;
}


static void
test_documents(void)
{
    unit_group("documents that are accepted");

    expect(parses("{}"));
    expect(parses("[]"));
    expect(parses(" \t\r\n{ } \n"));
    expect(parses(document));
    expect(parses("{\"a\":{\"a\":{\"a\":1}}}"));
    expect(parses("{\"\":1}"));
    expect(parses("{\"a\":\"\xf0\x9f\x98\x80\"}"));
    expect(parses("{\"a\":\"\\ud83d\\ude00\"}"));

    unit_group("documents that are refused");

    expect(!parses(""));
    expect(!parses(" "));
    expect(!parses("null"));
    expect(!parses("true"));
    expect(!parses("1"));
    expect(!parses("\"a\""));
    expect(!parses("{}{}"));
    expect(!parses("{} x"));
    expect(!parses("{\"a\":1,}"));
    expect(!parses("{,}"));
    expect(!parses("{'a':1}"));
    expect(!parses("{a:1}"));
    expect(!parses("{\"a\":01}"));
    expect(!parses("{\"a\":NaN}"));
    expect(!parses("{\"a\":1e999}"));
    expect(!parses("{\"a\":9223372036854775808}"));
    expect(!parses("// x\n{}"));
    expect(!parses("\xef\xbb\xbf{}"));
    expect(!parses("{\"a\":\"\n\"}"));

    unit_group("duplicate keys are refused");

    expect(!parses("{\"a\":1,\"a\":1}"));
    expect(!parses("{\"a\":1,\"\\u0061\":2}"));
    expect(!parses("{\"o\":{\"a\":1,\"b\":2,\"a\":3}}"));
    expect(!parses("[{\"a\":1,\"a\":null}]"));
    expect(parses("[{\"a\":1},{\"a\":1}]"));

    unit_group("NUL is refused");

    expect(!parses("{\"a\":\"\\u0000\"}"));
    expect(!parses("{\"\\u0000\":1}"));
    expect(!parses_mem("{\"a\":\"\0\"}", 9));
    expect(!parses_mem("{}\0", 3));
    expect(!parses_mem("\0{}", 3));
    expect(!parses_mem("[1\0]", 4));
    expect(!parses_mem("{\"a\":-1.5e3\0}", 13));
    expect(!parses_mem("[1\0,2]", 6));

    unit_group("invalid UTF-8 is refused");

    expect(!parses("{\"a\":\"\xff\"}"));
    expect(!parses("{\"a\":\"\xc0\x80\"}"));
    expect(!parses("{\"a\":\"\xed\xa0\x80\"}"));
    expect(!parses("{\"a\":\"\xf4\x90\x80\x80\"}"));
    expect(!parses("{\"a\":\"\xe2\x82\"}"));
    expect(!parses("{\"\xff\":1}"));
    expect(!parses("{\"a\":\"\\ud800\"}"));
    expect(!parses("{\"a\":\"\\udc00\\ud800\"}"));
}


static void
test_errors(void)
{
    ngx_str_t                 text;
    ngx_pool_t               *pool;
    ngx_veriff_json_error_t   err;

    unit_group("errors tell line and column");

    pool = ngx_stub_pool_create();

    text = unit_str(pool, "{\n  \"a\": 1,\n  \"b\" 2\n}");

    expect(ngx_veriff_json_parse(pool, text.data, text.len, &err) == NULL);
    expect(err.line == 3);
    expect(err.column == 7);
    expect(err.text.len > 0);

    text = unit_str(pool, "{\"a\":1,\"a\":2}");

    expect(ngx_veriff_json_parse(pool, text.data, text.len, &err) == NULL);
    expect(err.line == 1);
    expect(err.text.len > 9
           && ngx_strncmp(err.text.data, "duplicate", 9) == 0);

    expect(ngx_veriff_json_parse(pool, NULL, 0, &err) == NULL);
    expect(err.line == 0);

    /* what a message quotes cannot begin another line of the log */

    text = unit_str(pool, "{\"a\n\x1b[1m\":1}");

    expect(ngx_veriff_json_parse(pool, text.data, text.len, &err) == NULL);
    expect(ngx_strlchr(err.text.data, err.text.data + err.text.len, '\n')
           == NULL);
    expect(ngx_strlchr(err.text.data, err.text.data + err.text.len, '\x1b')
           == NULL);

    text = unit_mem(pool, "{\n \"a\": 1\0}", 11);

    expect(ngx_veriff_json_parse(pool, text.data, text.len, &err) == NULL);
    expect(err.line == 2);
    expect(err.column == 8);
    expect_str(err.text, "NUL byte");

    text = unit_str(pool, "{}");

    expect(ngx_veriff_json_parse(pool, text.data, text.len, &err) != NULL);
    expect(err.line == 0 && err.column == 0 && err.text.len == 0);

    ngx_stub_pool_destroy(pool);
}


static void
test_truncated(void)
{
    size_t  len;

    unit_group("a document cut at any byte is refused");

    for (len = 0; len < sizeof(document) - 1; len++) {
        expect_at(!parses_mem(document, len), unit_at("byte", len));
    }
}


static void
test_flipped(void)
{
    char    copy[sizeof(document)];
    size_t  i;

    unit_group("a document with any bit flipped does no harm");

    for (i = 0; i < (sizeof(document) - 1) * 8; i++) {
        memcpy(copy, document, sizeof(document));
        copy[i / 8] ^= (char) (1 << (i % 8));

        (void) parses_mem(copy, sizeof(document) - 1);
    }

    expect(parses_mem(document, sizeof(document) - 1));
}


static void
test_depth(void)
{
    ngx_str_t    text;
    ngx_pool_t  *pool;

    unit_group("depth is bounded");

    pool = ngx_stub_pool_create();

    text = unit_repeat(pool, "[", 1000000);
    expect(ngx_veriff_json_parse(pool, text.data, text.len, NULL) == NULL);

    text = unit_repeat(pool, "{\"a\":", 1000000);
    expect(ngx_veriff_json_parse(pool, text.data, text.len, NULL) == NULL);

    text = unit_repeat(pool, "[", 4100);
    memset(text.data + 2050, ']', 2050);
    expect(ngx_veriff_json_parse(pool, text.data, text.len, NULL) == NULL);

    text = unit_repeat(pool, "[", 4000);
    memset(text.data + 2000, ']', 2000);
    expect(ngx_veriff_json_parse(pool, text.data, text.len, NULL) != NULL);

    ngx_stub_pool_destroy(pool);
}


static void
test_large(void)
{
    char                name[16];
    u_char             *p;
    int64_t             n;
    ngx_str_t           text;
    ngx_pool_t         *pool;
    ngx_uint_t          i;
    ngx_veriff_json_t  *json;

    unit_group("an object of 10000 members");

    pool = ngx_stub_pool_create();

    text = unit_repeat(pool, "                    ", 10000);
    text.data[0] = '{';
    p = text.data + 1;

    for (i = 0; i < 10000; i++) {
        p = ngx_sprintf(p, "\"m%ui\":%ui,", i, i);
    }

    p[-1] = '}';

    json = ngx_veriff_json_parse(pool, text.data, text.len, NULL);
    expect(json != NULL);

    for (i = 0; i < 10000; i++) {
        sprintf(name, "m%u", (unsigned) i);
        expect_at(ngx_veriff_json_integer(json, name, &n) == NGX_OK
                  && n == (int64_t) i, name);
    }

    ngx_stub_pool_destroy(pool);
}


static void
test_members(void)
{
    int64_t             n;
    ngx_str_t           text, value;
    ngx_pool_t         *pool;
    ngx_veriff_json_t  *json, *array, *object;

    pool = ngx_stub_pool_create();

    text = unit_mem(pool, document, sizeof(document) - 1);
    json = ngx_veriff_json_parse(pool, text.data, text.len, NULL);

    text = unit_str(pool, "[{\"a\":1}]");
    array = ngx_veriff_json_parse(pool, text.data, text.len, NULL);

    unit_group("string members");

    expect(ngx_veriff_json_string(json, "a", &value) == NGX_OK);
    expect_str(value, "text");

    expect(ngx_veriff_json_string(json, "e", &value) == NGX_OK);
    expect(value.len == 0 && value.data != NULL);

    expect(ngx_veriff_json_string(json, "n", &value) == NGX_DECLINED);
    expect(value.len == 0 && value.data == NULL);

    expect(ngx_veriff_json_string(json, "absent", &value) == NGX_DECLINED);
    expect(value.len == 0 && value.data == NULL);

    expect(ngx_veriff_json_string(json, "i", &value) == NGX_ERROR);
    expect(value.len == 0 && value.data == NULL);

    expect(ngx_veriff_json_string(json, "o", &value) == NGX_ERROR);
    expect(ngx_veriff_json_string(json, "l", &value) == NGX_ERROR);
    expect(ngx_veriff_json_string(json, "t", &value) == NGX_ERROR);
    expect(ngx_veriff_json_string(NULL, "a", &value) == NGX_ERROR);
    expect(ngx_veriff_json_string(array, "a", &value) == NGX_ERROR);

    unit_group("integer members");

    expect(ngx_veriff_json_integer(json, "i", &n) == NGX_OK && n == -42);
    expect(ngx_veriff_json_integer(json, "big", &n) == NGX_OK
           && n == INT64_MAX);
    expect(ngx_veriff_json_integer(json, "n", &n) == NGX_DECLINED && n == 0);
    expect(ngx_veriff_json_integer(json, "absent", &n) == NGX_DECLINED);
    expect(ngx_veriff_json_integer(json, "r", &n) == NGX_ERROR && n == 0);
    expect(ngx_veriff_json_integer(json, "a", &n) == NGX_ERROR);
    expect(ngx_veriff_json_integer(NULL, "a", &n) == NGX_ERROR);
    expect(ngx_veriff_json_integer(array, "a", &n) == NGX_ERROR);

    unit_group("object members");

    object = ngx_veriff_json_object(json, "o");

    expect(object != NULL);
    expect(ngx_veriff_json_string(object, "k", &value) == NGX_OK);
    expect_str(value, "\xc3\xa9\n");

    expect(ngx_veriff_json_object(json, "a") == NULL);
    expect(ngx_veriff_json_object(json, "n") == NULL);
    expect(ngx_veriff_json_object(json, "l") == NULL);
    expect(ngx_veriff_json_object(json, "absent") == NULL);
    expect(ngx_veriff_json_object(array, "a") == NULL);
    expect(ngx_veriff_json_object(NULL, "a") == NULL);

    unit_group("what a document is and has");

    expect(ngx_veriff_json_is_object(json));
    expect(!ngx_veriff_json_is_object(array));
    expect(!ngx_veriff_json_is_object(NULL));

    expect(ngx_veriff_json_has(json, "a"));
    expect(ngx_veriff_json_has(json, "n"));
    expect(ngx_veriff_json_has(json, "l"));
    expect(!ngx_veriff_json_has(json, "absent"));
    expect(!ngx_veriff_json_has(array, "a"));
    expect(!ngx_veriff_json_has(NULL, "a"));

    ngx_stub_pool_destroy(pool);
}


static ngx_veriff_json_t *
provider_json(ngx_pool_t *pool, ngx_str_t *text)
{
    ngx_int_t           rc;
    ngx_veriff_json_t  *json;

    rc = ngx_veriff_json_read_provider(pool, text->data, text->len, &json);

    expect(rc == (json ? NGX_OK : NGX_DECLINED));

    return json;
}


static void
test_provider(void)
{
    int64_t             n;
    ngx_str_t           text, value;
    ngx_pool_t         *pool;
    ngx_veriff_json_t  *json;

    pool = ngx_stub_pool_create();

    unit_group("what the provider says");

    text = unit_mem(pool, provider, sizeof(provider) - 1);
    expect(ngx_veriff_json_parse(pool, text.data, text.len, NULL) == NULL);

    json = provider_json(pool, &text);
    expect(json != NULL);
    expect(ngx_veriff_json_integer(json, "i", &n) == NGX_OK && n == 7002);
    expect(ngx_veriff_json_integer(json, "m", &n) == NGX_OK
           && n == -9007199254740992);
    expect(ngx_veriff_json_integer(json, "w", &n) == NGX_OK && n == 9001);
    expect(ngx_veriff_json_integer(json, "b", &n) == NGX_ERROR && n == 0);
    expect(ngx_veriff_json_integer(json, "f", &n) == NGX_ERROR && n == 0);
    expect(ngx_veriff_json_integer(json, "s", &n) == NGX_ERROR && n == 0);
    expect(ngx_veriff_json_string(json, "a", &value) == NGX_OK);
    expect_str(value, "text");

    text = unit_mem(pool, document, sizeof(document) - 1);
    json = provider_json(pool, &text);
    expect(ngx_veriff_json_integer(json, "big", &n) == NGX_OK
           && n == INT64_MAX);

    text = unit_str(pool, "{\"a\":1e400}");
    expect(provider_json(pool, &text) == NULL);

    text = unit_str(pool, "{\"b\":1,\"a\":18446744073709551616,\"b\":1}");
    expect(provider_json(pool, &text) == NULL);

    ngx_stub_pool_destroy(pool);
}


static void
test_escape(void)
{
    u_char              all[127 + 2], *p;
    size_t              i, len;
    ngx_str_t           value, out, back;
    ngx_pool_t         *pool;
    ngx_veriff_json_t  *json;

    pool = ngx_stub_pool_create();

    unit_group("string literals");

    value = unit_str(pool, "a\"b\\c</script>&\n\x01\xc3\xa9");
    len = ngx_veriff_json_escape(NULL, &value);

    out.len = len;
    out.data = ngx_pnalloc(pool, len);

    expect((u_char *) ngx_veriff_json_escape(out.data, &value)
           == out.data + len);
    expect_str(out, "\"a\\\"b\\\\c\\u003c/script\\u003e\\u0026\\u000a\\u0001"
                    "\xc3\xa9\"");

    value.len = 0;

    expect(ngx_veriff_json_escape(NULL, &value) == 2);
    expect((u_char *) ngx_veriff_json_escape(out.data, &value)
           == out.data + 2);

    unit_group("string literals read back are what they were");

    for (i = 0; i < 127; i++) {
        all[i] = (u_char) (i + 1);
    }

    all[127] = 0xc3;
    all[128] = 0xa9;

    value = unit_mem(pool, all, sizeof(all));
    len = ngx_veriff_json_escape(NULL, &value);

    out.len = len + sizeof("{\"k\":}") - 1;
    out.data = ngx_pnalloc(pool, out.len);

    p = ngx_cpymem(out.data, "{\"k\":", 5);
    p = (u_char *) ngx_veriff_json_escape(p, &value);
    *p++ = '}';

    expect(p == out.data + out.len);

    json = ngx_veriff_json_parse(pool, out.data, out.len, NULL);

    expect(ngx_veriff_json_string(json, "k", &back) == NGX_OK);
    expect(back.len == value.len
           && memcmp(back.data, value.data, back.len) == 0);

    ngx_stub_pool_destroy(pool);
}


static void
test_utf8(void)
{
    char         text[8];
    u_char       bytes[4];
    ngx_str_t    value;
    ngx_pool_t  *pool;
    ngx_uint_t   a, b, c, valid, parsed;

    static const char  *good[] = {
        "", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf", "a\xc3\xa9z\xf0\x9f\x98\x80", NULL
    };

    static const char  *bad[] = {
        "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f",
        "\xc2\xc0", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82",
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xf0\x9f\x98", "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "ok\xff",
        NULL
    };

    pool = ngx_stub_pool_create();

    unit_group("UTF-8");

    for (a = 0; good[a]; a++) {
        value = unit_str(pool, good[a]);
        expect_at(ngx_veriff_json_utf8(&value) == NGX_OK, unit_at("good", a));
    }

    for (a = 0; bad[a]; a++) {
        value = unit_str(pool, bad[a]);
        expect_at(ngx_veriff_json_utf8(&value) == NGX_DECLINED,
                  unit_at("bad", a));
    }

    value = unit_mem(pool, "a\0b", 3);
    expect(ngx_veriff_json_utf8(&value) == NGX_DECLINED);

    value = unit_mem(pool, "\0", 1);
    expect(ngx_veriff_json_utf8(&value) == NGX_DECLINED);

    ngx_stub_pool_destroy(pool);

    unit_group("UTF-8 agrees with the parser on all two and three bytes");

    for (a = 0x80; a < 0x100; a++) {
        for (b = 0x7f; b < 0x100; b += (b >= 0x82 && b < 0x9e) ? 7 : 1) {
            for (c = 0x7f; c < 0xc2; c += 0x21) {
                bytes[0] = (u_char) a;
                bytes[1] = (u_char) b;
                bytes[2] = (u_char) c;

                value.data = bytes;
                value.len = 3;

                memcpy(text, "[\"", 2);
                memcpy(text + 2, bytes, 3);
                memcpy(text + 5, "\"]", 2);

                valid = (ngx_veriff_json_utf8(&value) == NGX_OK);
                parsed = parses_mem(text, 7);

                expect_at(valid == parsed,
                          unit_at("bytes", a << 16 | b << 8 | c));
            }
        }
    }
}


static void
test_no_memory(void)
{
    ngx_int_t                 rc;
    ngx_str_t                 text;
    ngx_pool_t               *pool;
    ngx_uint_t                n, failed;
    ngx_veriff_json_t        *json;
    ngx_veriff_json_error_t   err;

    /*
     * no number of over 15 digits: jansson 2.14 itself aborts by an assertion
     * if its buffer cannot grow within one (load.c, lex_unget_unsave())
     */

    static const char  small[] =
        "{\"a\":\"a text that is longer than a buffer\",\"n\":null,\"i\":-42,"
        "\"r\":1.5,\"o\":{\"k\":\"\\u00e9\\n\"},"
        "\"l\":[1,[\"x\"],{},1,2,3,4,5,6]}";

    unit_group("allocation failures");

    for (n = 1, failed = 1; failed; n++) {
        pool = ngx_stub_pool_create();
        text = unit_mem(pool, small, sizeof(small) - 1);

        ngx_stub_fail_after(n);
        json = ngx_veriff_json_parse(pool, text.data, text.len, &err);
        failed = ngx_stub_failed();
        ngx_stub_fail_after(0);

        expect_at((json == NULL) == failed, unit_at("allocation", n));

        ngx_stub_pool_destroy(pool);
    }

    expect(n > 20);

    /* jansson may go on after a single one */

    for (n = 1, failed = 1; failed; n++) {
        pool = ngx_stub_pool_create();
        text = unit_mem(pool, small, sizeof(small) - 1);

        ngx_stub_fail_once(n);
        rc = ngx_veriff_json_read(pool, text.data, text.len, &json);
        failed = ngx_stub_failed();
        ngx_stub_fail_after(0);

        expect_at(rc == (failed ? NGX_ERROR : NGX_OK),
                  unit_at("only allocation", n));
        expect_at((json == NULL) == failed, unit_at("its result", n));

        ngx_stub_pool_destroy(pool);
    }

    expect(n > 20);

    for (n = 1, failed = 1; failed; n++) {
        pool = ngx_stub_pool_create();
        text = unit_str(pool, "{\"a\"}");

        ngx_stub_fail_after(n);
        json = ngx_veriff_json_parse(pool, text.data, text.len, &err);
        failed = ngx_stub_failed();
        ngx_stub_fail_after(0);

        expect_at(json == NULL, unit_at("allocation", n));

        ngx_stub_pool_destroy(pool);
    }
}
