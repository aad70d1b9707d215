
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "ngx_veriff_payload.h"
#include "unit.h"


#define UUID  "c1de400b-1877-4284-8494-071d37916197"

/* a body with one member of verification, as a template */
#define V(members)  "{\"verification\":{" members "}}"

#define ERROR_MAX  64


/* variables by name; the list ends with a NULL name */

typedef struct {
    const char  *name;
    const char  *value;
    size_t       len;       /* zero: up to NUL */
} var_t;


typedef struct {
    ngx_pool_t                   *pool;
    ngx_veriff_payload_conf_t     conf;
    ngx_veriff_payload_t         *payload;
    ngx_veriff_payload_result_t   result;

    ngx_uint_t                    fatal;
    ngx_uint_t                    warnings;
    ngx_str_t                     message[ERROR_MAX];
    ngx_uint_t                    messages;

    var_t                        *vars;
    ngx_uint_t                    compiled;
    ngx_uint_t                    eval_fails;
} test_t;


static void test_create(test_t *t);
static void test_destroy(test_t *t);
static void test_compile(test_t *t, const char *text);
static ngx_int_t test_render(test_t *t, var_t *vars);
static ngx_int_t compile(void *data, ngx_str_t *text, void **expr);
static ngx_int_t eval(void *data, void *expr, ngx_str_t *value);
static void report(void *data, ngx_uint_t fatal, ngx_str_t *message);
static ngx_uint_t reported(test_t *t, const char *text);
static void expect_fatal(const char *text, const char *message);
static void expect_warning(const char *text, const char *message);
static void expect_clean(const char *text);
static void expect_body(const char *text, var_t *vars, const char *body);
static void expect_declined(const char *text, var_t *vars, const char *error);
static void expect_value(const char *member, const char *value,
    const char *body, const char *error);

static void group_examples(void);
static void group_json(void);
static void group_shape(void);
static void group_types(void);
static void group_constants(void);
static void group_warnings(void);
static void group_variables(void);
static void group_typed(void);
static void group_left_out(void);
static void group_values(void);
static void group_escaping(void);
static void group_defaults(void);
static void group_callback(void);
static void group_sent(void);
static void group_limits(void);
static void group_bytes(void);
static void group_again(void);
static void group_no_memory(void);


static var_t  no_vars[] = { { NULL, NULL, 0 } };


/* the examples of the provider's pages, their numbers as strings */

static const char  *examples[] = {

    "{\"verification\":{}}",

    V("\"callback\":\"https://example.com/callback\",\"person\":{"
      "\"firstName\":\"John\",\"lastName\":\"Smith\","
      "\"idNumber\":\"123456789\"},\"document\":{\"number\":\"B01234567\","
      "\"type\":\"PASSPORT\",\"country\":\"US\"},\"endUserId\":\"" UUID "\""),

    V("\"person\":{\"firstName\":\"John\",\"lastName\":\"Smith\","
      "\"idNumber\":\"123456789\"},\"document\":{\"number\":\"B01234567\","
      "\"type\":\"PASSPORT\",\"country\":\"US\"},\"endUserId\":\"" UUID "\","
      "\"consents\":[{\"type\":\"ine\",\"approved\":true}]"),

    V("\"person\":{\"firstName\":\"John\",\"lastName\":\"Smith\","
      "\"dateOfBirth\":\"1990-01-01\"}"),

    V("\"person\":{\"idNumber\":\"12345678901\",\"firstName\":\"Jo\xc3\xa3o\","
      "\"lastName\":\"Silva\",\"dateOfBirth\":\"1990-01-15\"},"
      "\"vendorData\":\"12345678\",\"endUserId\":"
      "\"a1b2c35d-e8f7-6d5e-3cd2-a1b2c35db3d4\""),

    V("\"person\":{\"idNumber\":\"12345678901\","
      "\"dateOfBirth\":\"1990-01-15\"}"),

    V("\"person\":{\"idNumber\":\"VISH560427MSRLNL06\"}"),

    V("\"callback\":\"https://yourwebsite.com/webhook\",\"document\":{"
      "\"number\":\"123456789M00000000\",\"documentNumberIdentifiers\":{"
      "\"mxIfe\":\"MEX1234567890123\"}}"),

    V("\"callback\":\"https://yourwebsite.com/webhook\",\"document\":{"
      "\"number\":\"123456789M00000000\",\"documentNumberIdentifiers\":{"
      "\"mxIne\":\"MEX1234567890123\"}}"),

    V("\"person\":{\"firstName\":\"John\",\"lastName\":\"Smith\"},"
      "\"address\":{\"fullAddress\":\"123, Main Street, Your County, Anytown "
      "12345\"},\"proofOfAddress\":{\"acceptableTypes\":["
      "{\"name\":\"UTILITY_BILL\"},{\"name\":\"PHONE_BILL\"},"
      "{\"name\":\"TAX_DOCUMENT\"}]},\"endUserId\":\"" UUID "\""),

    V("\"proofOfAddress\":{\"acceptableTypes\":[{\"name\":\"UTILITY_BILL\"},"
      "{\"name\":\"PHONE_BILL\"},{\"name\":\"TAX_DOCUMENT\"}]},"
      "\"endUserId\":\"" UUID "\""),

    V("\"person\":{\"firstName\":\"John\",\"lastName\":\"Smith\"},"
      "\"proofOfAddress\":{\"acceptableTypes\":[{\"name\":\"UTILITY_BILL\"},"
      "{\"name\":\"PHONE_BILL\"},{\"name\":\"TAX_DOCUMENT\"}]},"
      "\"endUserId\":\"" UUID "\""),

    V("\"person\":{\"firstName\":\"John\",\"lastName\":\"Smith\"},"
      "\"endUserId\":\"a1b2c35d-e8f7-6d5e-3cd2-a1b2c35db3d4\","
      "\"vendorData\":\"12345678\""),

    V("\"address\":{\"fullAddress\":\"123, Main Street, Your County, Anytown "
      "12345\"}"),

    V("\"person\":{\"firstName\":\"John\",\"lastName\":\"Smith\","
      "\"dateOfBirth\":\"1990-01-01\",\"phoneNumber\":\"8888888888\"},"
      "\"address\":{\"fullAddress\":\"123, Main Street, Your County, Anytown "
      "12345\"}"),

    V("\"person\":{\"firstName\":\"John\",\"lastName\":\"Smith\","
      "\"dateOfBirth\":\"1990-01-01\"},\"document\":{"
      "\"number\":\"123456789\"}"),

    V("\"callback\":\"https://veriff.com\",\"person\":{\"firstName\":\"John\","
      "\"lastName\":\"Smith\",\"idNumber\":\"123456789\"},\"document\":{"
      "\"number\":\"B01234567\",\"type\":\"PASSPORT\",\"country\":\"EE\"},"
      "\"address\":{\"fullAddress\":\"Lorem Ipsum 30, 13612 Tallinn, "
      "Estonia\"},\"vendorData\":\"11111111\",\"endUserId\":"
      "\"fa820aba-019f-455a-ae81-cfca8075bc3f\",\"consents\":["
      "{\"type\":\"ine\",\"approved\":true}]"),

    V("\"callback\":\"https://veriff.com\",\"vendorData\":"
      "\"2bf528f7-4b9c-44f0-b928-fdc7afc5ca1b\""),

    V("\"person\":{\"gender\":\"F\",\"maritalStatus\":\"single\","
      "\"isDeceased\":false,\"occupation\":\"x\",\"email\":\"a@b.example\"},"
      "\"document\":{\"idCardType\":\"CC\",\"firstIssue\":\"2022-01-01\","
      "\"type\":\"ID_CARD\",\"country\":\"CO\"},\"lang\":\"et\","
      "\"features\":[\"selfid\"],"
      "\"timestamp\":\"2016-05-19T08:30:25.597Z\""),

    NULL
};


int
main(void)
{
    unit_json_alloc();

    group_examples();
    group_json();
    group_shape();
    group_types();
    group_constants();
    group_warnings();
    group_variables();
    group_typed();
    group_left_out();
    group_values();
    group_escaping();
    group_defaults();
    group_callback();
    group_sent();
    group_limits();
    group_bytes();
    group_again();
    group_no_memory();

    return unit_done();
}


static void
test_create(test_t *t)
{
    ngx_memzero(t, sizeof(test_t));

    t->pool = ngx_stub_pool_create();

    t->conf.pool = t->pool;
    t->conf.compile = compile;
    t->conf.report = report;
    t->conf.data = t;
}


static void
test_destroy(test_t *t)
{
    ngx_stub_pool_destroy(t->pool);
}


static void
test_compile(test_t *t, const char *text)
{
    ngx_str_t  str;

    str = unit_str(t->pool, text);

    t->payload = ngx_veriff_payload_compile(&t->conf, &str);

    /* the text is not kept */

    ngx_memset(str.data, 'x', str.len);

    expect_at((t->payload == NULL) == (t->fatal > 0), text);
}


static ngx_int_t
test_render(test_t *t, var_t *vars)
{
    ngx_int_t    rc;
    ngx_pool_t  *pool;

    t->vars = vars;

    memset(&t->result, 0xa5, sizeof(ngx_veriff_payload_result_t));

    /* results are the request's: copy them and let the request end */

    pool = ngx_stub_pool_create();

    rc = ngx_veriff_payload_render(t->payload, pool, eval, t, NULL,
                                   &t->result);

#define keep(str)                                                            \
    if ((str).data) {                                                        \
        (str) = unit_mem(t->pool, (str).data, (str).len);                    \
    }

    if (rc == NGX_OK) {
        keep(t->result.body);
        keep(t->result.vendor_data);
        keep(t->result.end_user_id);
    }

    if (rc == NGX_DECLINED) {
        keep(t->result.error);
    }

    ngx_stub_pool_destroy(pool);

    return rc;
}


static ngx_int_t
compile(void *data, ngx_str_t *text, void **expr)
{
    test_t     *t = data;
    ngx_str_t  *copy;

    t->compiled++;

    /* NUL-terminated and ours to keep */

    if (text->data[text->len] != '\0'
        || ngx_strlchr(text->data, text->data + text->len, '$') == NULL)
    {
        return NGX_ERROR;
    }

    if (text->data[text->len - 1] == '$') {
        return NGX_ERROR;
    }

    copy = ngx_palloc(t->pool, sizeof(ngx_str_t));
    if (copy == NULL) {
        return NGX_ERROR;
    }

    *copy = *text;
    *expr = copy;

    return NGX_OK;
}


/* $name or ${name}, and text around them */

static ngx_int_t
eval(void *data, void *expr, ngx_str_t *value)
{
    test_t *t = data;

    var_t      *var;
    size_t      len;
    u_char     *p, *last, *name, *out;
    ngx_str_t  *text = expr;

    static u_char  buf[200000];

    if (t->eval_fails) {
        return NGX_ERROR;
    }

    out = buf;
    p = text->data;
    last = p + text->len;

    while (p < last) {
        if (*p != '$') {
            *out++ = *p++;
            continue;
        }

        name = ++p;

        if (*name == '{') {
            name++;
            p = ngx_strlchr(name, last, '}');
            len = p++ - name;

        } else {
            while (p < last && ((*p >= 'a' && *p <= 'z') || *p == '_')) {
                p++;
            }

            len = p - name;
        }

        for (var = t->vars; var->name; var++) {
            if (strlen(var->name) == len
                && memcmp(var->name, name, len) == 0)
            {
                out = ngx_cpymem(out, var->value,
                                 var->len ? var->len : strlen(var->value));
                break;
            }
        }
    }

    /* not followed by anything, so that reading on is an error */

    value->len = out - buf;
    value->data = ngx_pnalloc(t->pool, value->len);

    if (value->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(value->data, buf, value->len);

    return NGX_OK;
}


static void
report(void *data, ngx_uint_t fatal, ngx_str_t *message)
{
    test_t *t = data;

    if (fatal) {
        t->fatal++;

    } else {
        t->warnings++;
    }

    if (t->messages < ERROR_MAX) {
        t->message[t->messages++] = *message;
    }
}


static ngx_uint_t
reported(test_t *t, const char *text)
{
    ngx_uint_t  i;

    for (i = 0; i < t->messages; i++) {
        if (t->message[i].len == strlen(text)
            && memcmp(t->message[i].data, text, t->message[i].len) == 0)
        {
            return 1;
        }
    }

    for (i = 0; i < t->messages; i++) {
        printf("# reported: %.*s\n", (int) t->message[i].len,
               t->message[i].data);
    }

    return 0;
}


static void
expect_fatal(const char *text, const char *message)
{
    test_t  t;

    test_create(&t);
    test_compile(&t, text);

    expect_at(t.payload == NULL && t.fatal == 1, text);
    expect_at(reported(&t, message), text);

    test_destroy(&t);
}


static void
expect_warning(const char *text, const char *message)
{
    test_t  t;

    test_create(&t);
    test_compile(&t, text);

    expect_at(t.payload != NULL && t.fatal == 0 && t.warnings == 1, text);
    expect_at(reported(&t, message), text);

    test_destroy(&t);
}


static void
expect_clean(const char *text)
{
    test_t  t;

    test_create(&t);
    test_compile(&t, text);

    expect_at(t.payload != NULL && t.messages == 0, text);

    if (t.messages) {
        (void) reported(&t, "");
    }

    test_destroy(&t);
}


static void
expect_body(const char *text, var_t *vars, const char *body)
{
    test_t  t;

    test_create(&t);
    test_compile(&t, text);

    expect_at(t.payload != NULL, text);

    if (t.payload) {
        expect_at(test_render(&t, vars) == NGX_OK, text);
        expect_str(t.result.body, body);
        expect_at(t.result.error.data == NULL, text);
    }

    test_destroy(&t);
}


static void
expect_declined(const char *text, var_t *vars, const char *error)
{
    test_t  t;

    test_create(&t);
    test_compile(&t, text);

    expect_at(t.payload != NULL, text);

    if (t.payload) {
        expect_at(test_render(&t, vars) == NGX_DECLINED, text);
        expect_str(t.result.error, error);
        expect_at(t.result.body.data == NULL, text);
    }

    test_destroy(&t);
}


/*
 * Renders a member of verification, as in "person":{"gender":"$v"}, with a
 * value: into that body, or not, with that error.
 */

static void
expect_value(const char *member, const char *value, const char *body,
    const char *error)
{
    char   text[1024];
    var_t  vars[] = { { "v", value, 0 }, { NULL, NULL, 0 } };

    snprintf(text, sizeof(text), "{\"verification\":{%s}}", member);

    if (error) {
        expect_declined(text, vars, error);

    } else {
        expect_body(text, vars, body);
    }
}


static void
group_examples(void)
{
    test_t       t;
    ngx_uint_t   i;

    unit_group("the provider's examples come out as they are");

    for (i = 0; examples[i]; i++) {
        test_create(&t);
        test_compile(&t, examples[i]);

        expect_at(t.payload != NULL && t.fatal == 0, examples[i]);
        expect_at(t.compiled == 0, examples[i]);

        if (t.payload) {
            expect(test_render(&t, no_vars) == NGX_OK);
            expect_str(t.result.body, examples[i]);
        }

        test_destroy(&t);
    }

    unit_group("an example with a variable for every value");

    {
        var_t  vars[] = {
            { "first", "Jos\xc3\xa9 \"Pepe\"", 0 }, { "last", "Smith", 0 },
            { "birth", "1990-02-28", 0 }, { "number", "B01234567", 0 },
            { "type", "PASSPORT", 0 }, { "country", "EE", 0 },
            { "street", "Lorem Ipsum 30", 0 }, { "user", "u-1", 0 },
            { "uuid", UUID, 0 }, { "consent", "true", 0 },
            { NULL, NULL, 0 }
        };

        expect_body(
            "{\n"
            "  \"verification\": {\n"
            "    \"person\": { \"firstName\": \"$first\",\n"
            "                  \"lastName\": \"${last}\",\n"
            "                  \"dateOfBirth\": \"$birth\" },\n"
            "    \"document\": { \"number\": \"$number\",\n"
            "                    \"type\": \"$type\",\n"
            "                    \"country\": \"$country\" },\n"
            "    \"address\": { \"fullAddress\": \"$street, ${country}\" },\n"
            "    \"vendorData\": \"x-$user\",\n"
            "    \"endUserId\": \"$uuid\",\n"
            "    \"consents\": [ { \"type\": \"ine\",\n"
            "                      \"approved\": \"$consent:bool\" } ]\n"
            "  }\n"
            "}\n", vars,
            V("\"person\":{\"firstName\":\"Jos\xc3\xa9 \\\"Pepe\\\"\","
              "\"lastName\":\"Smith\",\"dateOfBirth\":\"1990-02-28\"},"
              "\"document\":{\"number\":\"B01234567\",\"type\":\"PASSPORT\","
              "\"country\":\"EE\"},\"address\":{\"fullAddress\":"
              "\"Lorem Ipsum 30, EE\"},\"vendorData\":\"x-u-1\","
              "\"endUserId\":\"" UUID "\",\"consents\":[{\"type\":\"ine\","
              "\"approved\":true}]"));
    }
}


static void
group_json(void)
{
    test_t       t;
    ngx_uint_t   i;

    static const char  *texts[] = {
        "", " ", "null", "{", "{\"verification\":{}", "{\"verification\":{}}}",
        "{'verification':{}}", "{\"verification\":{},}",
        "{\"verification\":{\"person\":{\"firstName\":\"a\","
            "\"firstName\":\"b\"}}}",
        "{\"verification\":{},\"verification\":{}}",
        "{\"verification\":{\"vendorData\":\"\\u0000\"}}",
        "{\"verification\":{\"a\\u0000\":1}}",
        "{\"verification\":{\"vendorData\":\"\xff\"}}",
        "{\"verification\":{\"vendorData\":\"\\ud800\"}}",
        "{\"verification\":{\"vendorData\":$user}}",
        NULL
    };

    unit_group("JSON that is none");

    for (i = 0; texts[i]; i++) {
        test_create(&t);
        test_compile(&t, texts[i]);

        expect_at(t.payload == NULL && t.fatal == 1, texts[i]);
        expect_at(t.message[0].len > 25
                  && memcmp(t.message[0].data, "invalid JSON in payload: ", 25)
                     == 0, texts[i]);

        test_destroy(&t);
    }

    unit_group("JSON errors tell line and column");

    expect_fatal("{\n  \"verification\": {\n    \"a\" 1\n  }\n}",
                 "invalid JSON in payload: ':' expected near '1' in line 3, "
                 "column 9");
    expect_fatal("{\"verification\":{\"a\":1,\"a\":2}}",
                 "invalid JSON in payload: duplicate object key near '\"a\"' "
                 "in line 1, column 26");
}


static void
group_shape(void)
{
    unit_group("what a payload must be");

    expect_fatal("[]", "payload must be an object");
    expect_fatal("[{\"verification\":{}}]", "payload must be an object");
    expect_fatal("{}", "verification is missing");
    expect_fatal("{\"verification\":null}", "verification must be an object");
    expect_fatal("{\"verification\":[]}", "verification must be an object");
    expect_fatal("{\"verification\":\"x\"}", "verification must be an object");
    expect_fatal("{\"verification\":\"$x\"}",
                 "verification must be an object");
    expect_fatal("{\"verification\":1}", "verification must be an object");
    expect_fatal("{\"verification\":true}", "verification must be an object");
}


static void
group_types(void)
{
    char        text[512], message[512];
    ngx_uint_t  i, j;

    static const char  *strings[] = {
        "callback", "vendorData", "endUserId", "lang", "timestamp",
        "person.firstName", "person.lastName", "person.idNumber",
        "person.phoneNumber", "person.email", "person.gender",
        "person.dateOfBirth", "person.maritalStatus", "person.occupation",
        "document.number", "document.country", "document.type",
        "document.firstIssue", "document.idCardType", "address.fullAddress",
        NULL
    };

    static const char  *objects[] = {
        "person", "document", "address", "proofOfAddress", NULL
    };

    static const char  *arrays[] = { "consents", "features", NULL };

    static const char  *values[] = {
        "null", "true", "1", "1.5", "{}", "[]", "\"$v:bool\"",
        "\"$v:number\"", "\"$v\""
    };

    unit_group("members that must be strings");

    for (i = 0; strings[i]; i++) {
        for (j = 0; j < 8; j++) {
            if (strchr(strings[i], '.')) {
                snprintf(text, sizeof(text), V("\"%.*s\":{\"%s\":%s}"),
                         (int) strcspn(strings[i], "."), strings[i],
                         strchr(strings[i], '.') + 1, values[j]);

            } else {
                snprintf(text, sizeof(text), V("\"%s\":%s"), strings[i],
                         values[j]);
            }

            snprintf(message, sizeof(message),
                     "verification.%s must be a string%s", strings[i],
                     (j == 2 || j == 3 || j == 7) ? ": quote the number" : "");

            expect_fatal(text, message);
        }
    }

    unit_group("members that must be objects or arrays");

    for (i = 0; objects[i]; i++) {
        for (j = 0; j < 9; j++) {
            if (j == 4) {
                continue;
            }

            snprintf(text, sizeof(text), V("\"%s\":%s"), objects[i],
                     values[j]);
            snprintf(message, sizeof(message),
                     "verification.%s must be an object", objects[i]);

            expect_fatal(text, message);
        }
    }

    for (i = 0; arrays[i]; i++) {
        for (j = 0; j < 9; j++) {
            if (j == 5) {
                continue;
            }

            snprintf(text, sizeof(text), V("\"%s\":%s"), arrays[i], values[j]);
            snprintf(message, sizeof(message),
                     "verification.%s must be an array", arrays[i]);

            expect_fatal(text, message);
        }
    }

    expect_fatal(V("\"document\":{\"documentNumberIdentifiers\":[]}"),
                 "verification.document.documentNumberIdentifiers must be an "
                 "object");
    expect_fatal(V("\"document\":{\"documentNumberIdentifiers\":"
                   "{\"mxIne\":1}}"),
                 "verification.document.documentNumberIdentifiers.mxIne must "
                 "be a string: quote the number");
    expect_fatal(V("\"proofOfAddress\":{\"acceptableTypes\":{}}"),
                 "verification.proofOfAddress.acceptableTypes must be an "
                 "array");
    expect_fatal(V("\"proofOfAddress\":{\"acceptableTypes\":"
                   "[{\"name\":\"A\"},\"UTILITY_BILL\"]}"),
                 "verification.proofOfAddress.acceptableTypes[1] must be an "
                 "object");
    expect_fatal(V("\"proofOfAddress\":{\"acceptableTypes\":[{}]}"),
                 "verification.proofOfAddress.acceptableTypes[0].name is "
                 "missing");
    expect_fatal(V("\"proofOfAddress\":{\"acceptableTypes\":"
                   "[{\"name\":null}]}"),
                 "verification.proofOfAddress.acceptableTypes[0].name must be "
                 "a string");
    expect_fatal(V("\"features\":[\"selfid\",1]"),
                 "verification.features[1] must be a string: quote the "
                 "number");
    expect_fatal(V("\"consents\":[\"ine\"]"),
                 "verification.consents[0] must be an object");

    unit_group("members that must be true or false");

#define MUST_BOOL  " must be true or false, or a variable with \":bool\" "    \
                   "after it"

    expect_fatal(V("\"consents\":[{\"type\":\"ine\",\"approved\":\"true\"}]"),
                 "verification.consents[0].approved" MUST_BOOL);
    expect_fatal(V("\"consents\":[{\"type\":\"ine\",\"approved\":\"$v\"}]"),
                 "verification.consents[0].approved" MUST_BOOL);
    expect_fatal(V("\"consents\":[{\"type\":\"ine\",\"approved\":1}]"),
                 "verification.consents[0].approved" MUST_BOOL);
    expect_fatal(V("\"consents\":[{\"type\":\"ine\",\"approved\":null}]"),
                 "verification.consents[0].approved" MUST_BOOL);
    expect_fatal(V("\"person\":{\"isDeceased\":\"$v:number\"}"),
                 "verification.person.isDeceased" MUST_BOOL);
    expect_clean(V("\"person\":{\"isDeceased\":true}"));
    expect_clean(V("\"person\":{\"isDeceased\":false}"));
    expect_clean(V("\"person\":{\"isDeceased\":\"$v:bool\"}"));
}


static void
group_constants(void)
{
    char        text[512], message[512];
    ngx_uint_t  i;

    static const char  *dates[] = {
        "2024-02-29", "2000-02-29", "1990-12-31", "0001-01-01", "9999-12-31",
        "2023-04-30", NULL
    };

    static const char  *no_dates[] = {
        "", "1990", "1990-1-1", "90-01-01", "1990/01/01", "01-01-1990",
        "1990-00-01", "1990-13-01", "1990-01-00", "1990-01-32", "1990-04-31",
        "2023-02-29", "1900-02-29", "2100-02-29", "1990-02-30", "0000-01-01",
        "1990-01-01 ", " 1990-01-01", "1990-01-01T00:00:00Z", "199a-01-01",
        "1990-0a-01", "1990-01-0a", "-990-01-01", "1990-+1-01", "19900101",
        "1990-01-011", "1990\xe2\x80\x90" "01-01", NULL
    };

    static const char  *countries[] = {
        "", "E", "ee", "Ee", "EST", "E1", "E ", "\xc3\x89", NULL
    };

    static const char  *numbers[] = {
        "B 01", "B-01", "B01.", "B01\\n", "\xc3\xa9", "B_1", NULL
    };

    static const char  *uuids[] = {
        "", "u-1", "c1de400b187742848494071d37916197",
        "C1DE400B-1877-4284-8494-071D37916197",
        "c1de400b-1877-4284-8494-071d3791619",
        "c1de400b-1877-4284-8494-071d379161970",
        "c1de400b-1877-4284-8494-071d3791619g",
        "c1de400b_1877_4284_8494_071d37916197",
        "{c1de400b-1877-4284-8494-071d3791619}",
        "c1de400-b1877-4284-8494-071d37916197", NULL
    };

    unit_group("constant dates");

    for (i = 0; dates[i]; i++) {
        snprintf(text, sizeof(text), V("\"person\":{\"dateOfBirth\":\"%s\"}"),
                 dates[i]);
        expect_clean(text);
    }

    for (i = 0; no_dates[i]; i++) {
        snprintf(text, sizeof(text), V("\"person\":{\"dateOfBirth\":\"%s\"}"),
                 no_dates[i]);
        expect_fatal(text, "verification.person.dateOfBirth is not a date "
                           "YYYY-MM-DD");

        snprintf(text, sizeof(text), V("\"document\":{\"firstIssue\":\"%s\"}"),
                 no_dates[i]);
        expect_fatal(text, "verification.document.firstIssue is not a date "
                           "YYYY-MM-DD");
    }

    unit_group("constant countries, document numbers, UUIDs");

    for (i = 0; countries[i]; i++) {
        snprintf(text, sizeof(text), V("\"document\":{\"country\":\"%s\"}"),
                 countries[i]);
        expect_fatal(text, "verification.document.country is not a country "
                           "code of two capital letters");
    }

    for (i = 0; numbers[i]; i++) {
        snprintf(text, sizeof(text), V("\"document\":{\"number\":\"%s\"}"),
                 numbers[i]);
        expect_fatal(text, "verification.document.number holds more than "
                           "letters and digits");
    }

    for (i = 0; uuids[i]; i++) {
        test_t  t;

        snprintf(text, sizeof(text), V("\"endUserId\":\"%s\""), uuids[i]);
        snprintf(message, sizeof(message),
                 "verification.endUserId is not a lower case UUID");

        test_create(&t);
        test_compile(&t, text);

        expect_at(t.payload == NULL && t.fatal == 1, text);
        expect_at(reported(&t, message), text);

        test_destroy(&t);
    }

    expect_fatal(V("\"document\":{\"idCardType\":\"C1\"}"),
                 "verification.document.idCardType holds more than letters");

    unit_group("every fault is told, not only the first");

    {
        test_t  t;

        test_create(&t);
        test_compile(&t, V("\"person\":{\"idNumber\":1,"
                           "\"dateOfBirth\":\"x\"},\"document\":[],"
                           "\"new\":1"));

        expect(t.fatal == 3 && t.warnings == 1);
        expect(reported(&t, "verification.document must be an object"));

        test_destroy(&t);
    }
}


static void
group_warnings(void)
{
    unit_group("what is only doubtful is a warning");

#define UNKNOWN  " is not a member that is known"
#define VALUE    " is not a value that is known"

    expect_warning("{\"verification\":{},\"new\":1}", "new" UNKNOWN);
    expect_warning(V("\"new\":{\"a\":[1,null,\"x\"]}"),
                   "verification.new" UNKNOWN);
    expect_warning(V("\"Person\":{}"), "verification.Person" UNKNOWN);
    expect_warning(V("\"person\":{\"fullName\":\"x\"}"),
                   "verification.person.fullName" UNKNOWN);
    expect_warning(V("\"consents\":[{\"type\":\"ine\"},{\"new\":1}]"),
                   "verification.consents[1].new" UNKNOWN);
    expect_warning(V("\"\":1"), "verification." UNKNOWN);

    expect_warning(V("\"person\":{\"gender\":\"X\"}"),
                   "verification.person.gender" VALUE);
    expect_warning(V("\"person\":{\"gender\":\"male\"}"),
                   "verification.person.gender" VALUE);
    expect_warning(V("\"person\":{\"maritalStatus\":\"Single\"}"),
                   "verification.person.maritalStatus" VALUE);
    expect_warning(V("\"document\":{\"type\":\"VISA\"}"),
                   "verification.document.type" VALUE);
    expect_warning(V("\"document\":{\"idCardType\":\"XX\"}"),
                   "verification.document.idCardType" VALUE);
    expect_warning(V("\"consents\":[{\"type\":\"new\"}]"),
                   "verification.consents[0].type" VALUE);

    expect_warning(V("\"consents\":[{\"type\":\"ine\",\"approved\":true}]"),
                   "verification.consents[0].approved is the user's to give: "
                   "use a variable, \"$name:bool\"");
    expect_clean(V("\"consents\":[{\"type\":\"ine\",\"approved\":false}]"));

    expect_warning(V("\"vendorData\":\"u-1\""),
                   "verification.vendorData is the same for every user: use a "
                   "variable");
    expect_warning(V("\"endUserId\":\"" UUID "\""),
                   "verification.endUserId is the same for every user: use a "
                   "variable");

    expect_warning(V("\"lang\":\"$a$b:bool\""),
                   "verification.lang is text: \":bool\" and \":number\" "
                   "follow one variable that stands alone");

    unit_group("what is not known is sent all the same");

    expect_body("{\"new\":[1,2.5,null,true,\"x\"],\"verification\":{"
                "\"new\":{\"a\":{}},\"person\":{\"gender\":\"X\"}}}", no_vars,
                "{\"new\":[1,2.5,null,true,\"x\"],\"verification\":{"
                "\"new\":{\"a\":{}},\"person\":{\"gender\":\"X\"}}}");
}


static void
group_variables(void)
{
    test_t  t;

    var_t   vars[] = {
        { "a", "one", 0 }, { "b", "two", 0 }, { NULL, NULL, 0 }
    };

    unit_group("variables in values, never in names");

    expect_body(V("\"lang\":\"$a\""), vars, V("\"lang\":\"one\""));
    expect_body(V("\"lang\":\"${a}\""), vars, V("\"lang\":\"one\""));
    expect_body(V("\"lang\":\"<$a-${b}>\""), vars,
                V("\"lang\":\"<one-two>\""));
    expect_body(V("\"$a\":\"x\""), vars, V("\"$a\":\"x\""));
    expect_body(V("\"$a\":\"$b\""), vars, V("\"$a\":\"two\""));
    expect_body("{\"verification\":{},\"$a:bool\":1}", vars,
                "{\"verification\":{},\"$a:bool\":1}");
    expect_body(V("\"new\":[\"$a\",[\"$b\",1],{\"x\":[{\"y\":\"$a\"}]}]"),
                vars,
                V("\"new\":[\"one\",[\"two\",1],{\"x\":[{\"y\":\"one\"}]}]"));

    unit_group("order is kept, and constants between");

    expect_body(V("\"z\":\"$a\",\"y\":1,\"x\":\"$b\",\"w\":{\"v\":2}"), vars,
                V("\"z\":\"one\",\"y\":1,\"x\":\"two\",\"w\":{\"v\":2}"));

    unit_group("what the caller cannot compile");

    expect_fatal(V("\"lang\":\"US$\""),
                 "verification.lang holds an invalid variable");
    expect_fatal(V("\"new\":[\"a\",{\"x\":\"$\"}]"),
                 "verification.new[1].x holds an invalid variable");

    unit_group("an expression that fails is an error");

    test_create(&t);
    test_compile(&t, V("\"person\":{\"firstName\":\"$a\"}"));

    t.eval_fails = 1;
    expect(test_render(&t, vars) == NGX_ERROR);

    t.eval_fails = 0;
    expect(test_render(&t, vars) == NGX_OK);

    test_destroy(&t);
}


static void
group_typed(void)
{
    ngx_uint_t  i;

    static const char  *no_bools[] = {
        "TRUE", "True", "yes", "on", "no", "off", "t", "2", "00", "01",
        "true ", " true", "truefalse", "null", "falsey", NULL
    };

    static const char  *no_numbers[] = {
        "x", "1x", "0x10", "01", "+1", "--1", "1-2", ".5", "5.", "1e", "e1",
        "1,5", "1 ", " 1", "1\n", "NaN", "Infinity", "-", "true", "null",
        "\"1\"", "[1]", "1e999", "-1e999", "9223372036854775808",
        "111111111111111111111111111111111", NULL
    };

#define APPROVED(v)  "\"consents\":[{\"type\":\"ine\",\"approved\":" v "}]"

    unit_group("true and false");

    expect_value(APPROVED("\"$v:bool\""), "true", V(APPROVED("true")), NULL);
    expect_value(APPROVED("\"$v:bool\""), "1", V(APPROVED("true")), NULL);
    expect_value(APPROVED("\"${v}:bool\""), "false", V(APPROVED("false")),
                 NULL);
    expect_value(APPROVED("\"${v}:bool\""), "0", V(APPROVED("false")), NULL);

    for (i = 0; no_bools[i]; i++) {
        expect_value(APPROVED("\"$v:bool\""), no_bools[i], NULL,
                     "verification.consents[0].approved is not true or "
                     "false");
    }

    unit_group("numbers");

    expect_value("\"n\":\"$v:number\"", "0", V("\"n\":0"), NULL);
    expect_value("\"n\":\"$v:number\"", "-42", V("\"n\":-42"), NULL);
    expect_value("\"n\":\"${v}:number\"", "9223372036854775807",
                 V("\"n\":9223372036854775807"), NULL);
    expect_value("\"n\":\"$v:number\"", "1.5", V("\"n\":1.5"), NULL);
    expect_value("\"n\":\"$v:number\"", "0.1", V("\"n\":0.1"), NULL);
    expect_value("\"n\":\"$v:number\"", "59.436962", V("\"n\":59.436962"),
                 NULL);

    for (i = 0; no_numbers[i]; i++) {
        expect_value("\"n\":\"$v:number\"", no_numbers[i], NULL,
                     "verification.n is not a number");
    }

    unit_group("what only looks typed is text");

    expect_value("\"n\":\"$v:boolean\"", "1", V("\"n\":\"1:boolean\""), NULL);
    expect_value("\"n\":\"$v:bool \"", "1", V("\"n\":\"1:bool \""), NULL);
    expect_value("\"n\":\" $v:bool\"", "1", V("\"n\":\" 1:bool\""), NULL);
    expect_value("\"n\":\"$v$v:bool\"", "1", V("\"n\":\"11:bool\""), NULL);
    expect_value("\"n\":\"${v}x:bool\"", "1", V("\"n\":\"1x:bool\""), NULL);
    expect_value("\"n\":\"$v:BOOL\"", "1", V("\"n\":\"1:BOOL\""), NULL);
    expect_value("\"n\":\"x:bool\"", "1", V("\"n\":\"x:bool\""), NULL);
    expect_value("\"n\":\":bool\"", "1", V("\"n\":\":bool\""), NULL);
    expect_value("\"n\":\"$v:bool:number\"", "1", V("\"n\":\"1:bool:number\""),
                 NULL);
}


static void
group_left_out(void)
{
    var_t  vars[] = { { "a", "one", 0 }, { "e", "", 0 }, { NULL, NULL, 0 } };

    unit_group("members whose value is empty are left out");

    expect_body(V("\"lang\":\"$e\""), vars, V(""));
    expect_body(V("\"lang\":\"$absent\""), vars, V(""));
    expect_body(V("\"lang\":\"$e$e\""), vars, V(""));
    expect_body(V("\"lang\":\"$e \""), vars, V("\"lang\":\" \""));
    expect_body(V("\"lang\":\"$e\",\"timestamp\":\"$a\""), vars,
                V("\"timestamp\":\"one\""));
    expect_body(V("\"person\":{\"firstName\":\"$a\",\"lastName\":\"$e\"}"),
                vars, V("\"person\":{\"firstName\":\"one\"}"));
    expect_body(V("\"person\":{\"isDeceased\":\"$e:bool\"},"
                  "\"n\":\"$e:number\""), vars, V(""));
    expect_body(V("\"person\":{\"dateOfBirth\":\"$e\"},\"document\":{"
                  "\"country\":\"$e\"},\"endUserId\":\"$e\","
                  "\"callback\":\"$e\""), vars, V(""));

    unit_group("and what becomes empty by that");

    expect_body(V("\"person\":{\"firstName\":\"$e\",\"lastName\":\"$e\"}"),
                vars, V(""));
    expect_body(V("\"document\":{\"documentNumberIdentifiers\":"
                  "{\"mxIne\":\"$e\"}}"), vars, V(""));
    expect_body(V("\"document\":{\"documentNumberIdentifiers\":"
                  "{\"mxIne\":\"$e\"},\"type\":\"PASSPORT\"}"), vars,
                V("\"document\":{\"type\":\"PASSPORT\"}"));
    expect_body(V("\"features\":[\"$e\",\"selfid\",\"$e\"]"), vars,
                V("\"features\":[\"selfid\"]"));
    expect_body(V("\"features\":[\"$e\"]"), vars, V(""));
    expect_body(V("\"proofOfAddress\":{\"acceptableTypes\":["
                  "{\"name\":\"$e\"},{\"name\":\"$a\"}]}"), vars,
                V("\"proofOfAddress\":{\"acceptableTypes\":["
                  "{\"name\":\"one\"}]}"));
    expect_body(V("\"proofOfAddress\":{\"acceptableTypes\":["
                  "{\"name\":\"$e\"}]}"), vars, V(""));
    expect_body(V("\"new\":[[[[\"$e\"]]],{\"a\":{\"b\":[{\"c\":\"$e\"}]}}]"),
                vars, V(""));
    expect_body("{\"new\":{\"a\":\"$e\"},\"verification\":{}}", vars,
                "{\"verification\":{}}");
    expect_body(V("\"consents\":[{\"type\":\"ine\","
                  "\"approved\":\"$e:bool\"}]"), vars,
                V("\"consents\":[{\"type\":\"ine\"}]"));

    unit_group("what is empty in the template stays");

    expect_body(V("\"person\":{},\"consents\":[],\"features\":[\"\"],"
                  "\"lang\":\"\",\"timestamp\":\"$e\""), vars,
                V("\"person\":{},\"consents\":[],\"features\":[\"\"],"
                  "\"lang\":\"\""));
    expect_body(V("\"new\":{\"a\":{},\"b\":\"$e\"}"), vars,
                V("\"new\":{\"a\":{}}"));
    expect_body(V("\"new\":[[],\"$e\"]"), vars, V("\"new\":[[]]"));
    expect_body(V("\"new\":[null,\"$e\"]"), vars, V("\"new\":[null]"));
    expect_body(V("\"new\":[false,0,\"\",\"$e\"]"), vars,
                V("\"new\":[false,0,\"\"]"));
}


static void
group_values(void)
{
    test_t     t;
    var_t      vars[2];
    ngx_str_t  value;

    unit_group("rules hold for values of variables");

    expect_value("\"person\":{\"dateOfBirth\":\"$v\"}", "1990-02-30", NULL,
                 "verification.person.dateOfBirth is not a date YYYY-MM-DD");
    expect_value("\"person\":{\"dateOfBirth\":\"$v\"}", "2024-02-29",
                 V("\"person\":{\"dateOfBirth\":\"2024-02-29\"}"), NULL);
    expect_value("\"person\":{\"dateOfBirth\":\"19$v\"}", "90-01-01",
                 V("\"person\":{\"dateOfBirth\":\"1990-01-01\"}"), NULL);
    expect_value("\"document\":{\"firstIssue\":\"$v\"}", "x", NULL,
                 "verification.document.firstIssue is not a date YYYY-MM-DD");
    expect_value("\"document\":{\"country\":\"$v\"}", "ee", NULL,
                 "verification.document.country is not a country code of two "
                 "capital letters");
    expect_value("\"document\":{\"number\":\"$v\"}", "A 1", NULL,
                 "verification.document.number holds more than letters and "
                 "digits");
    expect_value("\"document\":{\"idCardType\":\"$v\"}", "C1", NULL,
                 "verification.document.idCardType holds more than letters");
    expect_value("\"endUserId\":\"$v\"", "C1DE", NULL,
                 "verification.endUserId is not a lower case UUID");
    expect_value("\"callback\":\"$v\"", "http://a.example/", NULL,
                 "verification.callback is not an https URL");
    expect_value("\"callback\":\"https://a.example/?r=$v\"", "x y", NULL,
                 "verification.callback is not an https URL");

    unit_group("values that are not known are not refused");

    expect_value("\"person\":{\"gender\":\"$v\"}", "X",
                 V("\"person\":{\"gender\":\"X\"}"), NULL);
    expect_value("\"document\":{\"type\":\"$v\"}", "VISA",
                 V("\"document\":{\"type\":\"VISA\"}"), NULL);

    unit_group("an error names the member, never the value");

    test_create(&t);
    test_compile(&t, V("\"consents\":[{\"type\":\"$a\"},"
                       "{\"type\":\"ine\",\"approved\":\"$v:bool\"}]"));

    vars[0].name = "v";
    vars[0].value = "sensitive";
    vars[0].len = 0;
    vars[1].name = NULL;

    expect(test_render(&t, vars) == NGX_DECLINED);
    expect_str(t.result.error,
               "verification.consents[1].approved is not true or false");

    test_destroy(&t);

    unit_group("vendorData of up to 1000 characters");

    test_create(&t);
    test_compile(&t, V("\"vendorData\":\"$v\""));

    value = unit_repeat(t.pool, "\xf0\x9f\x98\x80", 1000);
    vars[0].value = (char *) value.data;
    vars[0].len = value.len;

    expect(test_render(&t, vars) == NGX_OK);
    expect(t.result.vendor_data.len == 4000);

    value = unit_repeat(t.pool, "\xc3\xa9", 1001);
    vars[0].value = (char *) value.data;
    vars[0].len = value.len;

    expect(test_render(&t, vars) == NGX_DECLINED);
    expect_str(t.result.error,
               "verification.vendorData is longer than 1000 characters");
    expect(t.result.vendor_data.data == NULL);

    vars[0].len = 1;
    expect(test_render(&t, vars) == NGX_DECLINED);
    expect_str(t.result.error, "verification.vendorData is not valid UTF-8");

    test_destroy(&t);
}


static void
group_escaping(void)
{
    size_t  i;
    u_char  all[127];
    var_t   vars[2];
    test_t  t;

    static const char  *bad[] = {
        "\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\x80", "a\xe2\x82z", NULL
    };

    vars[0].name = "v";
    vars[0].len = 0;
    vars[1].name = NULL;

    unit_group("values cannot leave their string");

    expect_value("\"lang\":\"$v\"", "\",\"vendorData\":\"other",
                 V("\"lang\":\"\\\",\\\"vendorData\\\":\\\"other\""), NULL);
    expect_value("\"lang\":\"$v\"", "\\", V("\"lang\":\"\\\\\""), NULL);
    expect_value("\"lang\":\"$v\"", "\\\"", V("\"lang\":\"\\\\\\\"\""), NULL);
    expect_value("\"lang\":\"$v\"", "\n\r\t\x01\x1f",
                 V("\"lang\":\"\\n\\r\\t\\u0001\\u001F\""), NULL);
    expect_value("\"lang\":\"$v\"", "$v ${v} $v:bool",
                 V("\"lang\":\"$v ${v} $v:bool\""), NULL);
    expect_value("\"lang\":\"$v\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
                 V("\"lang\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""), NULL);
    expect_value("\"lang\":\"$v\"", "{\"a\":1}",
                 V("\"lang\":\"{\\\"a\\\":1}\""), NULL);

    unit_group("invalid UTF-8 and NUL");

    for (i = 0; bad[i]; i++) {
        expect_value("\"lang\":\"$v\"", bad[i], NULL,
                     "verification.lang is not valid UTF-8");
        expect_value("\"n\":\"$v:bool\"", bad[i], NULL,
                     "verification.n is not valid UTF-8");
    }

    vars[0].value = "a\0b";
    vars[0].len = 3;
    expect_declined(V("\"lang\":\"$v\""), vars,
                    "verification.lang is not valid UTF-8");

    vars[0].value = "\0";
    vars[0].len = 1;
    expect_declined(V("\"lang\":\"$v\""), vars,
                    "verification.lang is not valid UTF-8");

    unit_group("every byte of ASCII comes back from a template of its own");

    for (i = 0; i < 127; i++) {
        all[i] = (u_char) (i + 1);
    }

    vars[0].value = (char *) all;
    vars[0].len = 127;

    test_create(&t);
    test_compile(&t, V("\"vendorData\":\"$v\""));
    expect(test_render(&t, vars) == NGX_OK);
    expect(t.result.vendor_data.len == 127
           && memcmp(t.result.vendor_data.data, all, 127) == 0);

    /* the body is compact: it holds nothing but itself */

    for (i = 0; i < t.result.body.len; i++) {
        expect_at(t.result.body.data[i] >= 0x20, unit_at("byte", i));
    }

    test_destroy(&t);
}


static void
group_defaults(void)
{
    var_t   vars[] = {
        { "token", "T0ken", 0 }, { "u", UUID, 0 }, { NULL, NULL, 0 }
    };
    test_t  t;

    unit_group("vendorData is the user's token if nothing is said");

    test_create(&t);
    ngx_str_set(&t.conf.user_token, "$token");
    test_compile(&t, V("\"lang\":\"et\""));
    expect(t.messages == 0);
    expect(test_render(&t, vars) == NGX_OK);
    expect_str(t.result.body,
               V("\"lang\":\"et\",\"vendorData\":\"T0ken\""));
    expect_str(t.result.vendor_data, "T0ken");
    expect(t.result.end_user_id.data == NULL);
    test_destroy(&t);

    test_create(&t);
    ngx_str_set(&t.conf.user_token, "$token");
    test_compile(&t, V("\"endUserId\":\"$u\""));
    expect(test_render(&t, vars) == NGX_OK);
    expect_str(t.result.body, V("\"endUserId\":\"" UUID "\""));
    expect(t.result.vendor_data.data == NULL);
    expect_str(t.result.end_user_id, UUID);
    test_destroy(&t);

    test_create(&t);
    ngx_str_set(&t.conf.user_token, "$token");
    test_compile(&t, V("\"vendorData\":\"x$u\""));
    expect(test_render(&t, vars) == NGX_OK);
    expect_str(t.result.body, V("\"vendorData\":\"x" UUID "\""));
    test_destroy(&t);

    test_create(&t);
    ngx_str_set(&t.conf.user_token, "$token");
    test_compile(&t, "{}");
    expect(t.fatal == 1 && reported(&t, "verification is missing"));
    test_destroy(&t);

    test_create(&t);
    t.conf.user_token = unit_str(t.pool, "$token\xff");
    test_compile(&t, V(""));
    expect(t.fatal == 1 && reported(&t, "vendorData is not valid UTF-8"));
    test_destroy(&t);

    unit_group("callback is the directive's if nothing is said");

    test_create(&t);
    ngx_str_set(&t.conf.callback, "https://app.example.com/return");
    test_compile(&t, V(""));
    expect(t.messages == 0);
    expect(test_render(&t, vars) == NGX_OK);
    expect_str(t.result.body,
               V("\"callback\":\"https://app.example.com/return\""));
    test_destroy(&t);

    test_create(&t);
    ngx_str_set(&t.conf.callback, "https://app.example.com/return?u=$token");
    ngx_str_set(&t.conf.user_token, "$token");
    test_compile(&t, V(""));
    expect(test_render(&t, vars) == NGX_OK);
    expect_str(t.result.body,
               V("\"callback\":\"https://app.example.com/return?u=T0ken\","
                 "\"vendorData\":\"T0ken\""));
    test_destroy(&t);

    test_create(&t);
    ngx_str_set(&t.conf.callback, "https://app.example.com/return");
    test_compile(&t, V("\"callback\":\"https://other.example/\""));
    expect(t.fatal == 1);
    expect(reported(&t, "verification.callback and the \"callback\" directive "
                        "both set the callback: remove one of them"));
    test_destroy(&t);

    test_create(&t);
    ngx_str_set(&t.conf.callback, "http://app.example.com/return");
    test_compile(&t, V(""));
    expect(t.fatal == 1);
    expect(reported(&t, "verification.callback is not an https URL"));
    test_destroy(&t);
}


static void
group_callback(void)
{
    char        text[512];
    test_t      t;
    ngx_uint_t  i, insecure;

    static const char  *always[] = {
        "https://example.com", "https://example.com/callback?a=b#c",
        "https://example.com:8443/", "HTTPS://Example.com/",
        "https://127.0.0.1/", "https://[::1]/", NULL
    };

    static const char  *sometimes[] = {
        "http://127.0.0.1/", "http://127.0.0.1:8080/x", "http://[::1]:8080/",
        "http://127.255.0.1", NULL
    };

    static const char  *never[] = {
        "", "x", "/callback", "//example.com/", "http://example.com/",
        "http://localhost/", "http://127.0.0.1.nip.example/", "http://127.1/",
        "http://[::2]/", "http://10.0.0.1/", "http://0.0.0.0/",
        "https://user@example.com/", "https:///x", "https://a b/",
        "https://example.com/\\n", "https://example.com\\\\@evil.example/",
        "https://\xc3\xa9.example/", "ftp://example.com/",
        "javascript:alert(1)", "http://user@127.0.0.1/", NULL
    };

    unit_group("callbacks");

    for (insecure = 0; insecure < 2; insecure++) {

#define compiles(url)                                                        \
        test_create(&t);                                                     \
        t.conf.insecure_callback = (insecure != 0);                          \
        snprintf(text, sizeof(text), V("\"callback\":\"%s\""), url);         \
        test_compile(&t, text)

        for (i = 0; always[i]; i++) {
            compiles(always[i]);
            expect_at(t.payload != NULL && t.messages == 0, always[i]);
            test_destroy(&t);
        }

        for (i = 0; sometimes[i]; i++) {
            compiles(sometimes[i]);
            expect_at((t.payload != NULL) == insecure, sometimes[i]);
            test_destroy(&t);
        }

        for (i = 0; never[i]; i++) {
            compiles(never[i]);
            expect_at(t.payload == NULL, never[i]);
            expect_at(reported(&t, "verification.callback is not an https "
                                   "URL"), never[i]);
            test_destroy(&t);
        }
    }

    unit_group("callbacks with variables");

    for (insecure = 0; insecure < 2; insecure++) {
        var_t  vars[] = { { "v", "127.0.0.1", 0 }, { NULL, NULL, 0 } };

        compiles("http://$v/x");
        expect(test_render(&t, vars) == (insecure ? NGX_OK : NGX_DECLINED));

        vars[0].value = "evil.example";
        expect(test_render(&t, vars) == NGX_DECLINED);

        test_destroy(&t);
    }
}


static void
group_sent(void)
{
    test_t  t;
    var_t   vars[] = {
        { "v", "u-1", 0 }, { "u", UUID, 0 }, { "e", "", 0 }, { NULL, NULL, 0 }
    };

    unit_group("what was sent as vendorData and endUserId");

    test_create(&t);
    test_compile(&t, V("\"vendorData\":\"$v\",\"endUserId\":\"$u\""));
    expect(test_render(&t, vars) == NGX_OK);
    expect_str(t.result.vendor_data, "u-1");
    expect_str(t.result.end_user_id, UUID);
    test_destroy(&t);

    test_create(&t);
    test_compile(&t, V("\"vendorData\":\"constant\",\"endUserId\":\"$e\""));
    expect(test_render(&t, vars) == NGX_OK);
    expect_str(t.result.vendor_data, "constant");
    expect(t.result.end_user_id.data == NULL && t.result.end_user_id.len == 0);
    test_destroy(&t);

    test_create(&t);
    test_compile(&t, V("\"vendorData\":\"\""));
    expect(test_render(&t, vars) == NGX_OK);
    expect(t.result.vendor_data.data != NULL && t.result.vendor_data.len == 0);
    test_destroy(&t);

    /* the same names elsewhere are other members */

    test_create(&t);
    test_compile(&t, "{\"vendorData\":\"$v\",\"verification\":{\"person\":{"
                     "\"endUserId\":\"$u\"}}}");
    expect(test_render(&t, vars) == NGX_OK);
    expect(t.result.vendor_data.data == NULL);
    expect(t.result.end_user_id.data == NULL);
    test_destroy(&t);
}


static void
group_limits(void)
{
    char       *p;
    test_t      t;
    var_t       vars[2];
    ngx_str_t   text, value;
    ngx_uint_t  i, depth;

    unit_group("length of a template");

    test_create(&t);

    text = unit_repeat(t.pool, " ", NGX_VERIFF_PAYLOAD_MAX);
    ngx_memcpy(text.data, "{\"verification\":{}}", 19);
    expect(ngx_veriff_payload_compile(&t.conf, &text) != NULL);

    text = unit_repeat(t.pool, " ", NGX_VERIFF_PAYLOAD_MAX + 1);
    ngx_memcpy(text.data, "{\"verification\":{}}", 19);
    expect(ngx_veriff_payload_compile(&t.conf, &text) == NULL);
    expect(t.fatal == 1 && reported(&t, "payload is longer than 65536 bytes"));

    test_destroy(&t);

    unit_group("length of a body");

    test_create(&t);
    test_compile(&t, V("\"lang\":\"$v\""));

    vars[0].name = "v";
    vars[1].name = NULL;

    value = unit_repeat(t.pool, "x", NGX_VERIFF_PAYLOAD_MAX + 1);
    vars[0].value = (char *) value.data;

    vars[0].len = NGX_VERIFF_PAYLOAD_MAX - 28;
    expect(test_render(&t, vars) == NGX_OK);
    expect(t.result.body.len == NGX_VERIFF_PAYLOAD_MAX);

    vars[0].len++;
    expect(test_render(&t, vars) == NGX_DECLINED);
    expect_str(t.result.error, "payload is longer than 65536 bytes");

    /* escaped, one byte becomes six */

    memset(value.data, 1, value.len);
    vars[0].len = NGX_VERIFF_PAYLOAD_MAX / 6 + 1;
    expect(test_render(&t, vars) == NGX_DECLINED);

    test_destroy(&t);

    unit_group("depth of a template");

    for (depth = 1; depth < 2100; depth += (depth < 40) ? 1 : 400) {
        test_create(&t);

        text = unit_repeat(t.pool, " ", 30 + 2 * depth);
        p = (char *) ngx_cpymem(text.data, "{\"verification\":{\"n\":", 21);

        for (i = 0; i < depth; i++) {
            *p++ = '[';
        }

        for (i = 0; i < depth; i++) {
            *p++ = ']';
        }

        memcpy(p, "}}", 2);

        t.payload = ngx_veriff_payload_compile(&t.conf, &text);

        expect_at((t.payload != NULL)
                  == (depth + 2 <= NGX_VERIFF_PAYLOAD_DEPTH),
                  unit_at("depth", depth));

        if (depth + 2 == NGX_VERIFF_PAYLOAD_DEPTH + 1) {
            expect(reported(&t, "verification.n[0][0][0][0][0][0][0][0][0][0]"
                                "[0][0][0][0] is more than 16 levels deep"));
        }

        test_destroy(&t);
    }

    unit_group("an object of 5000 members");

    test_create(&t);

    text = unit_repeat(t.pool, "           ", 5000);
    p = (char *) ngx_cpymem(text.data, "{\"verification\":{", 17);

    for (i = 0; i < 5000; i++) {
        p += sprintf(p, "\"%u\":%s,", (unsigned) i, i % 2 ? "1" : "\"\"");
    }

    memcpy(p - 1, "}}", 2);
    *(p + 1) = ' ';

    t.payload = ngx_veriff_payload_compile(&t.conf, &text);

    expect(t.payload != NULL && t.warnings == 5000);
    expect(test_render(&t, no_vars) == NGX_OK);

    test_destroy(&t);
}


static void
group_bytes(void)
{
    size_t      i, len;
    test_t      t;
    ngx_str_t   text;
    ngx_uint_t  n;

    var_t       vars[] = {
        { "a", "one", 0 }, { "b", "true", 0 }, { NULL, NULL, 0 }
    };

    static const char  template[] =
        V("\"person\":{\"firstName\":\"$a\",\"isDeceased\":\"${b}:bool\"},"
          "\"consents\":[{\"type\":\"ine\",\"approved\":\"$b:bool\"}],"
          "\"n\":\"$a:number\",\"callback\":\"https://x.example/$a\"");

    unit_group("templates cut at any byte are refused");

    for (n = 0; examples[n]; n++) {
        len = strlen(examples[n]);

        for (i = 0; i < len; i++) {
            test_create(&t);
            text = unit_mem(t.pool, examples[n], i);

            expect_at(ngx_veriff_payload_compile(&t.conf, &text) == NULL
                      && t.fatal == 1, unit_at("byte", i));

            test_destroy(&t);
        }
    }

    unit_group("templates with any bit flipped do no harm");

    for (i = 0; i < (sizeof(template) - 1) * 8; i++) {
        test_create(&t);
        text = unit_mem(t.pool, template, sizeof(template) - 1);

        text.data[i / 8] ^= (u_char) (1 << (i % 8));

        t.payload = ngx_veriff_payload_compile(&t.conf, &text);

        expect_at((t.payload == NULL) == (t.fatal > 0), unit_at("bit", i));

        if (t.payload) {
            expect_at(test_render(&t, vars) != NGX_ERROR, unit_at("bit", i));
        }

        test_destroy(&t);
    }
}


static void
group_again(void)
{
    test_t      t;
    ngx_uint_t  i;

    var_t       one[] = { { "v", "one", 0 }, { NULL, NULL, 0 } };
    var_t       two[] = { { "v", "two", 0 }, { NULL, NULL, 0 } };
    var_t       bad[] = { { "v", "\xff", 0 }, { NULL, NULL, 0 } };

    unit_group("a template is rendered again and again");

    test_create(&t);
    test_compile(&t, V("\"person\":{\"firstName\":\"$v\"},\"c\":{\"d\":[1]}"));

    for (i = 0; i < 100; i++) {
        expect(test_render(&t, one) == NGX_OK);
        expect_str(t.result.body,
                   V("\"person\":{\"firstName\":\"one\"},\"c\":{\"d\":[1]}"));

        expect(test_render(&t, bad) == NGX_DECLINED);

        expect(test_render(&t, two) == NGX_OK);
        expect_str(t.result.body,
                   V("\"person\":{\"firstName\":\"two\"},\"c\":{\"d\":[1]}"));

        expect(test_render(&t, no_vars) == NGX_OK);
        expect_str(t.result.body, V("\"c\":{\"d\":[1]}"));
    }

    test_destroy(&t);
}


static void
group_no_memory(void)
{
    test_t                        t;
    ngx_int_t                     rc;
    ngx_str_t                     text;
    ngx_pool_t                   *pool;
    ngx_uint_t                    n, i, failed;
    ngx_veriff_payload_result_t   result;

    var_t  vars[] = {
        { "a", "one", 0 }, { "b", "true", 0 }, { "n", "1.5", 0 },
        { "u", UUID, 0 }, { "x", "\xff", 0 }, { NULL, NULL, 0 }
    };

    static const char  *templates[] = {
        V("\"person\":{\"firstName\":\"$a\",\"isDeceased\":\"$b:bool\"},"
          "\"consents\":[{\"type\":\"ine\",\"approved\":\"$b:bool\"}],"
          "\"n\":\"$n:number\",\"o\":[{},\"$a\",{\"e\":\"$e\"}],"
          "\"endUserId\":\"$u\",\"k\":{\"l\":[1,2,{\"m\":null}]}"),
        V("\"person\":{\"firstName\":\"$x\"}"),
        V("\"person\":{\"firstName\":1,\"new\":2}"),
        "{\"verification\":", NULL
    };

    unit_group("allocation failures while a template is compiled");

    for (i = 0; templates[i]; i++) {
        for (n = 1, failed = 1; failed; n++) {
            test_create(&t);

            ngx_str_set(&t.conf.user_token, "$a");
            ngx_str_set(&t.conf.callback, "https://x.example/$a");
            text = unit_str(t.pool, templates[i]);

            ngx_stub_fail_after(n);
            t.payload = ngx_veriff_payload_compile(&t.conf, &text);
            failed = ngx_stub_failed();
            ngx_stub_fail_after(0);

            expect_at((t.payload == NULL) == (t.fatal > 0),
                      unit_at("allocation", n));
            expect_at(!failed || t.payload == NULL, unit_at("allocation", n));

            test_destroy(&t);
        }

        expect(n > 3);
    }

    unit_group("allocation failures while it is rendered");

    for (i = 0; i < 2; i++) {
        test_create(&t);
        ngx_str_set(&t.conf.callback, "https://x.example/$a");
        test_compile(&t, templates[i]);
        t.vars = vars;

        for (n = 1, failed = 1; failed; n++) {
            pool = ngx_stub_pool_create();

            /* evaluation needs memory as well, which must not fail hard */

            ngx_stub_fail_after(n);
            rc = ngx_veriff_payload_render(t.payload, pool, eval, &t, NULL,
                                           &result);
            failed = ngx_stub_failed();
            ngx_stub_fail_after(0);

            if (failed) {
                expect_at(rc == NGX_ERROR || rc == NGX_DECLINED,
                          unit_at("allocation", n));

            } else {
                expect_at(rc == (i ? NGX_DECLINED : NGX_OK),
                          unit_at("allocation", n));
            }

            ngx_stub_pool_destroy(pool);
        }

        expect(n > 3);

        /* and after all that it is as before */

        expect(test_render(&t, vars) == (i ? NGX_DECLINED : NGX_OK));

        test_destroy(&t);
    }
}
