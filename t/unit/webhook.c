
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "ngx_veriff_webhook.h"
#include "unit.h"


#define S  "aea9ba6d-1b47-47fc-a4fc-f72b6d3584a7"
#define A  "00bca969-b53a-4fad-b065-874d41a7b2b8"
#define E  "c1de400b-1877-4284-8494-071d37916197"
#define T  "2026-01-02T03:04:05.678901Z"


typedef struct {
    const char            *text;
    ngx_veriff_webhook_e   type;

    const char            *session_id;
    const char            *attempt_id;
    const char            *vendor_data;
    const char            *end_user_id;
    const char            *status;
    const char            *decision_time;
} webhook_t;


static void test_webhooks(webhook_t *w, const char *group, ngx_uint_t padded);
static ngx_str_t large(ngx_pool_t *pool, const char *webhook);
static void test_refused(void);
static void test_session_ids(void);
static void test_nulls(void);
static void test_bytes(void);
static void test_names(void);
static void test_no_memory(void);


/* one of each type, as the provider sends them */

static webhook_t  types[] = {

    { "{\"status\":\"success\",\"verification\":{\"id\":\"" S "\","
      "\"attemptId\":\"" A "\",\"vendorData\":\"u-1\",\"endUserId\":null,"
      "\"status\":\"approved\",\"code\":9001,\"reason\":null,"
      "\"reasonCode\":null,\"decisionTime\":\"" T "\","
      "\"acceptanceTime\":\"2026-01-02T03:00:00.000000Z\"},"
      "\"technicalData\":{\"ip\":null}}",
      NGX_VERIFF_WEBHOOK_DECISION, S, A, "u-1", NULL, "approved", T },

    { "{\"status\":\"success\",\"verification\":{\"id\":\"" S "\","
      "\"vendorData\":null,\"endUserId\":\"" E "\",\"status\":\"expired\","
      "\"code\":9104,\"decisionTime\":null}}",
      NGX_VERIFF_WEBHOOK_DECISION, S, NULL, NULL, E, "expired", NULL },

    { "{\"id\":\"" S "\",\"attemptId\":\"" A "\",\"feature\":\"selfid\","
      "\"code\":7002,\"action\":\"submitted\",\"vendorData\":\"u-1\"}",
      NGX_VERIFF_WEBHOOK_EVENT, S, A, "u-1", NULL, "submitted", NULL },

    { "{\"checkType\":\"updated_result\",\"attemptId\":\"" A "\","
      "\"sessionId\":\"" S "\",\"vendorData\":\"u-1\",\"endUserId\":\"" E "\","
      "\"matchStatus\":\"possible_match\",\"searchTerm\":{\"name\":\"x\"},"
      "\"totalHits\":1,\"createdAt\":\"" T "\",\"hits\":[{}]}",
      NGX_VERIFF_WEBHOOK_WATCHLIST, S, A, "u-1", E, "possible_match", T },

    { "{\"checkType\":\"initial_result\",\"attemptId\":\"" A "\","
      "\"sessionId\":\"" S "\",\"vendorData\":\"u-1\",\"endUserId\":null,"
      "\"matchStatus\":\"no_match\",\"monitorStatus\":\"enabled\","
      "\"totalHits\":0,\"createdAt\":\"" T "\",\"hits\":[]}",
      NGX_VERIFF_WEBHOOK_WATCHLIST, S, A, "u-1", NULL, "no_match", T },

    { "{\"data\":{\"verification\":{\"id\":\"" A "\",\"userDefinedData\":{"
      "\"status\":\"blocked\",\"statusCode\":\"1\",\"reason\":\"x\","
      "\"reasonCode\":null,\"createdAt\":\"" T "\"}}},\"time\":\"t\","
      "\"attemptId\":\"" A "\",\"eventType\":\"user-status.created\","
      "\"sessionId\":\"" S "\",\"vendorData\":\"u-1\",\"endUserId\":null}",
      NGX_VERIFF_WEBHOOK_USER_STATUS, S, A, "u-1", NULL, "blocked", T },

    { "{\"eventType\":\"fullauto\",\"sessionId\":\"" S "\",\"attemptId\":\"" A
      "\",\"vendorData\":\"u-1\",\"endUserId\":\"" E "\",\"version\":\"1.0\","
      "\"acceptanceTime\":\"x\",\"time\":\"" T "\",\"data\":{"
      "\"verification\":{\"decision\":\"approved\",\"decisionScore\":0.9}}}",
      NGX_VERIFF_WEBHOOK_FULL_AUTO, S, A, "u-1", E, "approved", T },

    { "{\"eventType\":\"fullauto\",\"sessionId\":\"" S "\",\"attemptId\":\"" A
      "\",\"vendorData\":\"u-1\",\"time\":\"" T "\",\"data\":{"
      "\"verification\":{\"decision\":{\"value\":\"declined\"}}}}",
      NGX_VERIFF_WEBHOOK_FULL_AUTO, S, A, "u-1", NULL, "declined", T },

    { "{\"eventType\":\"ine_registry\",\"sessionId\":\"" S "\","
      "\"attemptId\":\"" A "\",\"vendorData\":\"u-1\",\"endUserId\":\"" E "\","
      "\"version\":\"1.0.0\",\"time\":\"" T "\",\"data\":{"
      "\"status\":\"found\",\"code\":200,\"details\":{\"active\":true}}}",
      NGX_VERIFF_WEBHOOK_INE, S, A, "u-1", E, "found", NULL },

    { "{\"type\":\"curp_registry\",\"id\":\"" S "\",\"vendorData\":\"u-1\","
      "\"endUserId\":null,\"version\":\"1.0.0\",\"data\":{\"attemptId\":\"" A
      "\",\"name\":\"curp_registry\",\"status\":\"found\",\"code\":200,"
      "\"details\":{\"statusCurp\":\"AN\",\"curp\":\"x\"}}}",
      NGX_VERIFF_WEBHOOK_CURP, S, A, "u-1", NULL, "found", NULL },

    { "{\"eventType\":\"combined-ine-curp-registry\",\"sessionId\":\"" S "\","
      "\"attemptId\":\"" A "\",\"vendorData\":\"u-1\",\"data\":{"
      "\"status\":\"found\",\"details\":{\"ine\":{\"ifeIdentifier\":\"x\"}}}}",
      NGX_VERIFF_WEBHOOK_INE_CURP, S, A, "u-1", NULL, "found", NULL },

    { "{\"id\":\"" S "\",\"attemptId\":\"" A "\",\"feature\":\"selfid\","
      "\"code\":7005,\"addressId\":\"x\",\"vendorData\":\"u-1\"}",
      NGX_VERIFF_WEBHOOK_ADDRESS, S, A, "u-1", NULL, NULL, NULL },

    { NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL }
};


static webhook_t  others[] = {

    /* a decision comes first, whatever else is there */

    { "{\"verification\":{\"id\":\"" S "\",\"status\":\"approved\"},"
      "\"eventType\":\"fullauto\",\"checkType\":\"x\",\"action\":\"started\","
      "\"code\":7001,\"sessionId\":\"other\",\"attemptId\":\"other\"}",
      NGX_VERIFF_WEBHOOK_DECISION, S, NULL, NULL, NULL, "approved", NULL },

    { "{\"status\":\"success\",\"verification\":null}",
      NGX_VERIFF_WEBHOOK_DECISION, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"status\":\"approved\",\"id\":\"" S "\",\"verification\":null}",
      NGX_VERIFF_WEBHOOK_DECISION, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"verification\":{}}",
      NGX_VERIFF_WEBHOOK_DECISION, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"verification\":{\"id\":5,\"status\":true,\"attemptId\":{},"
      "\"vendorData\":12345678,\"endUserId\":[],\"decisionTime\":1767000000}}",
      NGX_VERIFF_WEBHOOK_DECISION, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"verification\":\"approved\",\"sessionId\":\"" S "\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, S, NULL, NULL, NULL, NULL, NULL },

    { "{\"verification\":[{\"status\":\"approved\"}]}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"verification\":false,\"action\":\"submitted\",\"code\":7002}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    /* the event type decides, known or not */

    { "{\"eventType\":\"new-thing\",\"sessionId\":\"" S "\",\"attemptId\":\""
      A "\",\"vendorData\":\"u-1\",\"endUserId\":\"" E "\","
      "\"status\":\"approved\",\"decisionTime\":\"" T "\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, S, A, "u-1", E, NULL, NULL },

    { "{\"eventType\":\"new-thing\",\"action\":\"submitted\",\"code\":7002}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"eventType\":\"FullAuto\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"eventType\":\"fullauto2\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"eventType\":\"\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"eventType\":null,\"checkType\":\"x\"}",
      NGX_VERIFF_WEBHOOK_WATCHLIST, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"eventType\":5,\"type\":\"curp_registry\"}",
      NGX_VERIFF_WEBHOOK_CURP, NULL, NULL, NULL, NULL, NULL, NULL },

    /* members of a wrong type, or missing */

    { "{\"eventType\":\"fullauto\",\"data\":null}",
      NGX_VERIFF_WEBHOOK_FULL_AUTO, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"eventType\":\"fullauto\",\"data\":{\"verification\":[]}}",
      NGX_VERIFF_WEBHOOK_FULL_AUTO, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"eventType\":\"fullauto\",\"data\":{\"verification\":{"
      "\"decision\":{\"value\":5}}}}",
      NGX_VERIFF_WEBHOOK_FULL_AUTO, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"eventType\":\"fullauto\",\"data\":{\"verification\":{"
      "\"decision\":true}},\"decision\":\"approved\"}",
      NGX_VERIFF_WEBHOOK_FULL_AUTO, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"eventType\":\"user-status.created\",\"data\":{\"verification\":{"
      "\"userDefinedData\":\"x\",\"status\":\"approved\"}},"
      "\"status\":\"approved\"}",
      NGX_VERIFF_WEBHOOK_USER_STATUS, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"type\":\"curp_registry\",\"sessionId\":\"" S "\",\"attemptId\":\"" A
      "\",\"data\":[],\"status\":\"found\"}",
      NGX_VERIFF_WEBHOOK_CURP, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"type\":\"curp\",\"id\":\"" S "\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"eventType\":\"ine_registry\",\"id\":\"" S "\",\"data\":{"
      "\"attemptId\":\"" A "\"}}",
      NGX_VERIFF_WEBHOOK_INE, NULL, NULL, NULL, NULL, NULL, NULL },

    /* events */

    { "{\"id\":\"" S "\",\"code\":7001,\"action\":\"started\"}",
      NGX_VERIFF_WEBHOOK_EVENT, S, NULL, NULL, NULL, "started", NULL },

    { "{\"id\":\"" S "\",\"code\":7001,\"feature\":\"selfid\"}",
      NGX_VERIFF_WEBHOOK_EVENT, S, NULL, NULL, NULL, NULL, NULL },

    { "{\"id\":\"" S "\",\"action\":\"started\",\"feature\":\"selfid\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"id\":\"" S "\",\"code\":9001,\"action\":\"approved\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"id\":\"" S "\",\"code\":6999,\"action\":\"started\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"id\":\"" S "\",\"code\":8000,\"action\":\"started\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"id\":\"" S "\",\"code\":\"7001\",\"action\":\"started\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"id\":\"" S "\",\"code\":7001,\"action\":7001}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"id\":\"" S "\",\"code\":7005}",
      NGX_VERIFF_WEBHOOK_ADDRESS, S, NULL, NULL, NULL, NULL, NULL },

    { "{\"id\":\"" S "\",\"addressId\":\"x\"}",
      NGX_VERIFF_WEBHOOK_ADDRESS, S, NULL, NULL, NULL, NULL, NULL },

    { "{\"checkType\":7,\"matchStatus\":\"possible_match\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"status\":\"success\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, NULL, NULL, NULL, NULL, NULL, NULL },

    { "{\"sessionId\":\"" S "\",\"vendorData\":\"\xc3\xa9\"}",
      NGX_VERIFF_WEBHOOK_UNKNOWN, S, NULL, "\xc3\xa9", NULL, NULL, NULL },

    { NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL }
};


int
main(void)
{
    unit_json_alloc();

    test_webhooks(types, "every type of webhook", 0);
    test_webhooks(others, "odd and unknown webhooks", 0);
    test_webhooks(types, "large webhooks", 1);
    test_refused();
    test_session_ids();
    test_nulls();
    test_bytes();
    test_names();
    test_no_memory();

    return unit_done();
}


static void
test_webhooks(webhook_t *w, const char *group, ngx_uint_t padded)
{
    ngx_str_t              text;
    ngx_pool_t            *pool;
    ngx_veriff_webhook_t   webhook;

    unit_group(group);

    for ( /* void */ ; w->text; w++) {
        pool = ngx_stub_pool_create();

        text = padded ? large(pool, w->text) : unit_str(pool, w->text);

        expect_at(ngx_veriff_webhook_parse(pool, text.data, text.len, &webhook)
                  == NGX_OK, w->text);

        /* nothing of it is borrowed */

        ngx_memset(text.data, 'x', text.len);

#define expect_member(name)                                                  \
        expect_at((webhook.name.data != NULL) == (w->name != NULL), w->text);\
        expect_str(webhook.name, w->name ? w->name : "")

        expect_at(webhook.type == w->type, w->text);
        expect_member(session_id);
        expect_member(attempt_id);
        expect_member(vendor_data);
        expect_member(end_user_id);
        expect_member(status);
        expect_member(decision_time);

        ngx_stub_pool_destroy(pool);
    }
}


static void
test_refused(void)
{
    ngx_str_t              text;
    ngx_uint_t             i;
    ngx_pool_t            *pool;
    ngx_veriff_webhook_t   webhook;

    static const char  *texts[] = {
        "", " ", "null", "5", "\"x\"", "[]", "[{\"verification\":{}}]", "{",
        "{\"verification\":{\"status\":\"approved\",\"status\":\"declined\"}}",
        "{\"verification\":{},\"verification\":{}}",
        "{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}", "{} {}", "a=b",
        "<xml/>", NULL
    };

    unit_group("what is no webhook");

    pool = ngx_stub_pool_create();

    for (i = 0; texts[i]; i++) {
        text = unit_str(pool, texts[i]);

        expect_at(ngx_veriff_webhook_parse(pool, text.data, text.len, &webhook)
                  == NGX_DECLINED, texts[i]);
        expect_at(webhook.type == NGX_VERIFF_WEBHOOK_UNKNOWN
                  && webhook.session_id.data == NULL, texts[i]);
    }

    text = unit_mem(pool, "{}\0", 3);
    expect(ngx_veriff_webhook_parse(pool, text.data, text.len, &webhook)
           == NGX_DECLINED);

    text = unit_repeat(pool, "{\"verification\":", 100000);
    expect(ngx_veriff_webhook_parse(pool, text.data, text.len, &webhook)
           == NGX_DECLINED);

    text = unit_repeat(pool, "[", 1000000);
    expect(ngx_veriff_webhook_parse(pool, text.data, text.len, &webhook)
           == NGX_DECLINED);

    ngx_stub_pool_destroy(pool);
}


static void
test_session_ids(void)
{
    ngx_str_t              text;
    ngx_uint_t             i;
    ngx_pool_t            *pool;
    ngx_veriff_webhook_t   webhook;

    static const char  *texts[] = {
        "{\"verification\":{\"id\":\"\"}}",
        "{\"verification\":{\"id\":\"..\"}}",
        "{\"verification\":{\"id\":\"a/b\"}}",
        "{\"verification\":{\"id\":\"a b\"}}",
        "{\"verification\":{\"id\":\"a\\n\"}}",
        "{\"verification\":{\"id\":\"\\u00e9\"}}",
        "{\"sessionId\":\"a?b\"}",
        "{\"type\":\"curp_registry\",\"id\":\"a%00\"}",
        NULL
    };

    unit_group("session ids that are none");

    pool = ngx_stub_pool_create();

    for (i = 0; texts[i]; i++) {
        text = unit_str(pool, texts[i]);

        expect_at(ngx_veriff_webhook_parse(pool, text.data, text.len, &webhook)
                  == NGX_OK, texts[i]);
        expect_at(webhook.session_id.len == 0
                  && webhook.session_id.data == NULL, texts[i]);
    }

    text = unit_repeat(pool, "a", 18 + 128 + 2);
    memcpy(text.data, "{\"sessionId\":    \"", 18);
    memcpy(text.data + text.len - 2, "\"}", 2);

    expect(ngx_veriff_webhook_parse(pool, text.data, text.len, &webhook)
           == NGX_OK);
    expect(webhook.session_id.len == 128);

    text.data[16] = '"';
    text.data[17] = 'a';

    expect(ngx_veriff_webhook_parse(pool, text.data, text.len, &webhook)
           == NGX_OK);
    expect(webhook.session_id.len == 0);

    ngx_stub_pool_destroy(pool);
}


/* each string value in turn becomes one of another type */

static void
test_nulls(void)
{
    u_char                *p, *last;
    webhook_t             *w;
    ngx_int_t              rc;
    ngx_str_t              text;
    ngx_pool_t            *pool;
    ngx_uint_t             i, n, ok;
    ngx_veriff_webhook_t   webhook;

    static const char  *values[] = { "null", "1", "{}", "[]" };

    unit_group("any string replaced by null, a number, an object, an array");

    ok = 0;

    for (w = types; w->text; w++) {
        for (i = 0; i < strlen(w->text); i++) {
            if (w->text[i] != ':' || w->text[i + 1] != '"') {
                continue;
            }

            for (n = 0; n < 4; n++) {
                pool = ngx_stub_pool_create();
                text = unit_str(pool, w->text);

                p = text.data + i + 1;
                last = text.data + text.len;

                do {
                    *p++ = ' ';
                } while (p < last && *p != '"');

                *p = ' ';

                memcpy(text.data + i + 1, values[n], strlen(values[n]));

                rc = ngx_veriff_webhook_parse(pool, text.data, text.len,
                                              &webhook);

                expect_at(rc == NGX_OK || rc == NGX_DECLINED, w->text);
                ok += (rc == NGX_OK);

                ngx_stub_pool_destroy(pool);
            }
        }
    }

    expect(ok > 200);
}


static void
test_bytes(void)
{
    size_t                 i, len;
    webhook_t             *w;
    ngx_str_t              text;
    ngx_int_t              rc;
    ngx_pool_t            *pool;
    ngx_veriff_webhook_t   webhook;

    unit_group("webhooks cut at any byte are refused");

    for (w = types; w->text; w++) {
        len = strlen(w->text);

        for (i = 0; i < len; i++) {
            pool = ngx_stub_pool_create();
            text = unit_mem(pool, w->text, i);

            expect_at(ngx_veriff_webhook_parse(pool, text.data, text.len,
                                               &webhook)
                      == NGX_DECLINED, unit_at("byte", i));

            ngx_stub_pool_destroy(pool);
        }
    }

    unit_group("webhooks with any bit flipped do no harm");

    for (w = types; w->text; w++) {
        len = strlen(w->text);

        for (i = 0; i < len * 8; i++) {
            pool = ngx_stub_pool_create();
            text = unit_mem(pool, w->text, len);

            text.data[i / 8] ^= (u_char) (1 << (i % 8));

            rc = ngx_veriff_webhook_parse(pool, text.data, text.len, &webhook);

            expect_at((rc == NGX_OK || rc == NGX_DECLINED)
                      && webhook.session_id.len <= 128, unit_at("bit", i));

            ngx_stub_pool_destroy(pool);
        }
    }
}


static void
test_names(void)
{
    ngx_uint_t  i;

    static const char  *names[] = {
        "unknown", "decision", "event", "watchlist", "user_status",
        "full_auto", "ine", "curp", "ine_curp", "address"
    };

    unit_group("names of types");

    for (i = 0; i <= NGX_VERIFF_WEBHOOK_ADDRESS; i++) {
        expect_str(*ngx_veriff_webhook_type_name(i), names[i]);
    }

    expect(i == sizeof(names) / sizeof(names[0]));
}


/* the same with more members than jansson gets from its arena */

static ngx_str_t
large(ngx_pool_t *pool, const char *webhook)
{
    ngx_str_t  text, pad;

    pad = unit_repeat(pool, "1,", 5000);

    text.data = ngx_pnalloc(pool, pad.len + strlen(webhook) + 64);
    text.len = (size_t) sprintf((char *) text.data, "{\"pad\":[%.*s1],%s",
                                (int) pad.len, (char *) pad.data,
                                webhook + 1);

    return text;
}


static void
test_no_memory(void)
{
    webhook_t             *w;
    ngx_int_t              rc;
    ngx_str_t              text;
    ngx_pool_t            *pool;
    ngx_uint_t             n, failed;
    ngx_veriff_webhook_t   webhook;

    unit_group("allocation failures");

    for (w = types; w->text; w++) {
        for (n = 1, failed = 1; failed; n++) {
            pool = ngx_stub_pool_create();
            text = large(pool, w->text);

            ngx_stub_fail_after(n);
            rc = ngx_veriff_webhook_parse(pool, text.data, text.len, &webhook);
            failed = ngx_stub_failed();
            ngx_stub_fail_after(0);

            expect_at(rc == (failed ? NGX_ERROR : NGX_OK),
                      unit_at("allocation", n));

            ngx_stub_pool_destroy(pool);
        }

        expect(n > 10);
    }
}
