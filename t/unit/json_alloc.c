
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>
#include <pthread.h>

#include "ngx_veriff_json.h"
#include "unit.h"


#define SMALL  "{\"a\":\"text\",\"b\":[1,2.5,{\"c\":null}]}"


typedef struct {
    const char  *want;
    ngx_str_t    borrowed;
    json_t      *foreign;
    ngx_uint_t   calls;
    ngx_int_t    rc;
} look_t;


static ngx_int_t look(ngx_veriff_json_t *json, void *data);
static ngx_int_t look_from_thread(ngx_veriff_json_t *json, void *data);
static void *thread(void *data);
static void test_small(ngx_pool_t *pool);
static void test_bad(ngx_pool_t *pool);
static void test_large(ngx_pool_t *pool);
static void test_no_memory(ngx_pool_t *pool);
static void test_replaced(ngx_pool_t *pool);
static void test_thread(ngx_pool_t *pool);
static ngx_str_t padded(ngx_pool_t *pool);
static void *count_malloc(size_t size);
static void count_free(void *p);


static ngx_uint_t  mallocs;
static ngx_uint_t  frees;


int
main(void)
{
    ngx_pool_t  *pool, *own;

    pool = ngx_stub_pool_create();
    own = ngx_stub_pool_create();

    json_set_alloc_funcs(count_malloc, count_free);

    if (ngx_veriff_json_init(own) != NGX_OK) {
        return 1;
    }

    test_small(pool);
    test_bad(pool);
    test_large(pool);
    test_no_memory(pool);
    test_replaced(pool);
    test_thread(pool);

    ngx_stub_pool_destroy(own);
    ngx_stub_pool_destroy(pool);

    return unit_done();
}


static ngx_int_t
look(ngx_veriff_json_t *json, void *data)
{
    look_t *l = data;

    ngx_str_t  value;

    l->calls++;

    expect(ngx_veriff_json_string(json, "a", &value) == NGX_OK);
    expect_str(value, l->want);

    l->borrowed = value;

    return l->rc;
}


static void
test_small(ngx_pool_t *pool)
{
    look_t             l;
    ngx_str_t          text;
    ngx_uint_t         i;
    ngx_veriff_json_t  *json;

    unit_group("a document that is small takes no memory");

    ngx_memzero(&l, sizeof(look_t));
    l.want = "text";
    text = unit_str(pool, SMALL);
    mallocs = 0;
    frees = 0;

    for (i = 0; i < 3; i++) {
        l.rc = (i == 1) ? NGX_DECLINED : NGX_OK;
        expect(ngx_veriff_json_look(text.data, text.len, look, &l) == l.rc);
    }

    expect(l.calls == 3);
    expect(mallocs == 0);
    expect(frees == 0);

    unit_group("what it was is not left there");

    expect(l.borrowed.len == 4);
    expect(memcmp(l.borrowed.data, "\0\0\0\0", 4) == 0);

    unit_group("one that is kept lives beside it");

    json = ngx_veriff_json_parse(pool, text.data, text.len, NULL);
    expect(mallocs != 0);

    expect(ngx_veriff_json_look(text.data, text.len, look, &l) == NGX_OK);

    expect(look(json, &l) == NGX_OK);
    expect_str(l.borrowed, "text");
}


static void
test_bad(ngx_pool_t *pool)
{
    size_t     i;
    look_t     l;
    ngx_str_t  text;

    unit_group("what is no document is not looked at");

    ngx_memzero(&l, sizeof(look_t));
    mallocs = 0;

    for (i = 0; i < sizeof(SMALL) - 1; i++) {
        text = unit_mem(pool, SMALL, i);

        expect_at(ngx_veriff_json_look(text.data, text.len, look, &l)
                  == NGX_DECLINED, unit_at("byte", i));
    }

    text = unit_str(pool, "{\"a\":1,\"a\":2}");
    expect(ngx_veriff_json_look(text.data, text.len, look, &l)
           == NGX_DECLINED);

    text = unit_mem(pool, "{\"a\":1\0}", 8);
    expect(ngx_veriff_json_look(text.data, text.len, look, &l)
           == NGX_DECLINED);

    expect(l.calls == 0);
    expect(mallocs == 0);

    unit_group("numbers of any size");

    l.want = "text";
    text = unit_str(pool, "{\"n\":[1,2,123456789012345678901234567890],"
                          "\"a\":\"text\"}");

    expect(ngx_veriff_json_look(text.data, text.len, look, &l) == NGX_OK);
    expect(l.calls == 1);
}


/* more values than there is room for, then the others */

static ngx_str_t
padded(ngx_pool_t *pool)
{
    ngx_str_t  text, pad;

    pad = unit_repeat(pool, "1,", 5000);

    text.data = ngx_pnalloc(pool, pad.len + 64);
    text.len = (size_t) sprintf((char *) text.data,
                                "{\"pad\":[%.*s1],\"a\":\"text\"}",
                                (int) pad.len, (char *) pad.data);

    return text;
}


static void
test_large(ngx_pool_t *pool)
{
    look_t     l;
    ngx_str_t  text;

    unit_group("a larger one takes what it lacks, and gives it back");

    ngx_memzero(&l, sizeof(look_t));
    l.want = "text";
    text = padded(pool);
    mallocs = 0;
    frees = 0;

    expect(ngx_veriff_json_look(text.data, text.len, look, &l) == NGX_OK);

    expect(l.calls == 1);
    expect(mallocs != 0);
    expect(mallocs == frees);
}


static void
test_no_memory(ngx_pool_t *pool)
{
    look_t      l;
    ngx_int_t   rc;
    ngx_str_t   text;
    ngx_uint_t  n, failed;

    unit_group("allocation failures");

    ngx_memzero(&l, sizeof(look_t));
    l.want = "text";
    text = padded(pool);
    mallocs = 0;
    frees = 0;

    for (n = 1, failed = 1; failed && n < 5000; n += 7) {
        ngx_stub_fail_after(n);
        rc = ngx_veriff_json_look(text.data, text.len, look, &l);
        failed = ngx_stub_failed();
        ngx_stub_fail_after(0);

        expect_at(rc == (failed ? NGX_ERROR : NGX_OK),
                  unit_at("allocation", n));
    }

    expect(n > 20 && n < 5000);
    expect(l.calls == 1);
    expect(mallocs == frees);
}


/* another module has set functions of its own since */

static void
test_replaced(ngx_pool_t *pool)
{
    look_t         l;
    ngx_str_t      text;
    json_free_t    release;
    json_malloc_t  allocate;

    unit_group("other functions have been set since");

    ngx_memzero(&l, sizeof(look_t));
    l.want = "text";
    text = unit_str(pool, SMALL);
    mallocs = 0;
    frees = 0;

    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(count_malloc, count_free);

    expect(ngx_veriff_json_look(text.data, text.len, look, &l) == NGX_OK);

    json_set_alloc_funcs(allocate, release);

    expect(l.calls == 1);
    expect(mallocs != 0);
    expect(mallocs == frees);
}


static ngx_int_t
look_from_thread(ngx_veriff_json_t *json, void *data)
{
    pthread_t  t;

    expect(pthread_create(&t, NULL, thread, data) == 0);
    expect(pthread_join(t, NULL) == 0);

    return look(json, data);
}


static void *
thread(void *data)
{
    look_t *l = data;

    l->foreign = json_string("of another thread");

    return NULL;
}


static void
test_thread(ngx_pool_t *pool)
{
    look_t     l;
    ngx_str_t  text;

    unit_group("what another thread takes meanwhile is its own");

    ngx_memzero(&l, sizeof(look_t));
    l.want = "text";
    text = unit_str(pool, SMALL);
    mallocs = 0;

    expect(ngx_veriff_json_look(text.data, text.len, look_from_thread, &l)
           == NGX_OK);

    expect(mallocs == 2);
    expect(strcmp(json_string_value(l.foreign), "of another thread") == 0);

    json_decref(l.foreign);
}


static void *
count_malloc(size_t size)
{
    void  *p;

    p = ngx_stub_malloc(size);
    mallocs += (p != NULL);

    return p;
}


static void
count_free(void *p)
{
    frees += (p != NULL);
    ngx_stub_free(p);
}
