
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_api.h"
#include "unit.h"


#define ID    "aea9ba6d-1b47-47fc-a4fc-f72b6d3584a7"
#define S_ID  "/v1/sessions/" ID

#define NONE      0x00
#define SIGN      0x01
#define BODY      0x03      /* sign too */
#define FEEDBACK  0x04
#define BINARY    0x08
#define GONE      0x10


typedef struct {
    ngx_veriff_method_e   method;
    const char           *path;
    ngx_uint_t            flags;
    const char           *text;
} rule_t;


static ngx_int_t declines(const char *path);
static void test_rules(rule_t *rule, const char *group);
static void test_paths(void);
static void test_path_bytes(void);
static void test_ids(void);
static void test_no_memory(void);


/* the table of endpoints */

static rule_t  endpoints[] = {
    { NGX_VERIFF_POST, "/v1/sessions", BODY, "" },
    { NGX_VERIFF_POST, "/v1/sessions/", BODY, "" },
    { NGX_VERIFF_PATCH, S_ID, BODY, "" },
    { NGX_VERIFF_DELETE, S_ID, SIGN|GONE, ID },
    { NGX_VERIFF_DELETE, S_ID "/media", SIGN, ID },
    { NGX_VERIFF_POST, S_ID "/media", BODY, "" },
    { NGX_VERIFF_GET, S_ID "/media", SIGN, ID },
    { NGX_VERIFF_POST, S_ID "/collected-data", BODY, "" },
    { NGX_VERIFF_GET, S_ID "/attempts", SIGN, ID },
    { NGX_VERIFF_GET, S_ID "/decision", SIGN, ID },
    { NGX_VERIFF_GET, S_ID "/decision/curp-registry", SIGN, ID },
    { NGX_VERIFF_GET, S_ID "/decision/ine-registry", SIGN, ID },
    { NGX_VERIFF_GET, S_ID "/decision/combined-ine-curp-registry", SIGN, ID },
    { NGX_VERIFF_GET, S_ID "/person", SIGN, ID },
    { NGX_VERIFF_GET, S_ID "/watchlist-screening", SIGN, ID },
    { NGX_VERIFF_PATCH, S_ID "/watchlist-screening", BODY, "" },
    { NGX_VERIFF_GET, "/v1/attempts/" ID "/media", SIGN, ID },
    { NGX_VERIFF_GET, "/v1/media/" ID, SIGN|BINARY, ID },
    { NGX_VERIFF_POST, S_ID "/mfa/generate", BODY, "" },
    { NGX_VERIFF_POST, S_ID "/mfa/verify", BODY, "" },
    { NGX_VERIFF_POST, "/v1/validate-registry", BODY, "" },
    { NGX_VERIFF_POST, "/v1/sessions/validate-registry", BODY, "" },
    { NGX_VERIFF_POST, S_ID "/timestamps", BODY, "" },
    { NGX_VERIFF_GET, "/v1/feedback/fraud-categories", SIGN|FEEDBACK,
      "/v1/feedback/fraud-categories" },
    { NGX_VERIFF_POST, "/v1/feedback/fraud-reports", BODY|FEEDBACK,
      "/v1/feedback/fraud-reports\n" },
    { NGX_VERIFF_POST, "/v1/feedback/fraud-reports/retrieve", BODY|FEEDBACK,
      "/v1/feedback/fraud-reports/retrieve\n" },
    { NGX_VERIFF_GET, NULL, 0, NULL }
};


static rule_t  others[] = {
    { NGX_VERIFF_GET, "/v1/", NONE, "" },
    { NGX_VERIFF_GET, "/v1/sessions", NONE, "" },
    { NGX_VERIFF_GET, "/v1/sessions/", NONE, "" },
    { NGX_VERIFF_DELETE, "/v1/sessions/", NONE, "" },
    { NGX_VERIFF_GET, "/v1/new-thing", NONE, "" },
    { NGX_VERIFF_GET, "/v1/new-thing/" ID, NONE, "" },
    { NGX_VERIFF_GET, "/v1/new-thing/sessions/" ID, NONE, "" },
    { NGX_VERIFF_DELETE, "/v1/new-thing/" ID, NONE, "" },
    { NGX_VERIFF_POST, "/v1/new-thing", BODY, "" },
    { NGX_VERIFF_PATCH, "/v1/new-thing/x%20y", BODY, "" },
    { NGX_VERIFF_GET, "/v1/session/" ID, NONE, "" },
    { NGX_VERIFF_GET, "/v1/sessionsx/" ID, NONE, "" },
    { NGX_VERIFF_GET, "/v1/SESSIONS/" ID, NONE, "" },
    { NGX_VERIFF_GET, "/v1/feedbackx", NONE, "" },
    { NGX_VERIFF_GET, "/v1/feedback", SIGN|FEEDBACK, "/v1/feedback" },
    { NGX_VERIFF_GET, "/v1/feedback/a/", SIGN|FEEDBACK, "/v1/feedback/a/" },
    { NGX_VERIFF_DELETE, "/v1/feedback/x", SIGN|FEEDBACK, "/v1/feedback/x" },
    { NGX_VERIFF_PATCH, "/v1/feedback/x", BODY|FEEDBACK, "/v1/feedback/x\n" },
    { NGX_VERIFF_GET, S_ID "/", SIGN, ID },
    { NGX_VERIFF_GET, S_ID, SIGN, ID },
    { NGX_VERIFF_DELETE, S_ID "/", SIGN|GONE, ID },
    { NGX_VERIFF_GET, S_ID "/anything/below", SIGN, ID },
    { NGX_VERIFF_GET, "/v1/sessions/001_AbC.d-e", SIGN, "001_AbC.d-e" },
    { NGX_VERIFF_GET, "/v1/sessions/...", SIGN, "..." },
    { NGX_VERIFF_GET, "/v1/sessions/.a", SIGN, ".a" },
    { NGX_VERIFF_GET, "/v1/media/" ID "/", SIGN|BINARY, ID },
    { NGX_VERIFF_GET, "/v1/media/" ID "/x", SIGN, ID },
    { NGX_VERIFF_GET, "/v1/media", NONE, "" },
    { NGX_VERIFF_GET, "/v1/media/", NONE, "" },
    { NGX_VERIFF_DELETE, "/v1/media/" ID, SIGN, ID },
    { NGX_VERIFF_POST, "/v1/media/" ID, BODY, "" },
    { NGX_VERIFF_GET, "/v1/attempts/" ID, SIGN, ID },
    { NGX_VERIFF_GET, NULL, 0, NULL }
};


int
main(void)
{
    test_rules(endpoints, "the provider's endpoints");
    test_rules(others, "other paths");
    test_paths();
    test_path_bytes();
    test_ids();
    test_no_memory();

    return unit_done();
}


static ngx_int_t
declines(const char *path)
{
    ngx_int_t               rc;
    ngx_str_t               str;
    ngx_uint_t              method, all;
    ngx_pool_t             *pool;
    ngx_veriff_api_rule_t   rule;

    pool = ngx_stub_pool_create();

    str = unit_str(pool, path);
    all = 1;

    for (method = NGX_VERIFF_GET; method <= NGX_VERIFF_PATCH; method++) {
        rc = ngx_veriff_api_rule(pool, method, &str, &rule);

        all &= (rc == NGX_DECLINED && rule.text.len == 0);
    }

    ngx_stub_pool_destroy(pool);

    return all;
}


static void
test_rules(rule_t *rule, const char *group)
{
    ngx_str_t               path;
    ngx_pool_t             *pool;
    ngx_veriff_api_rule_t   found;

    unit_group(group);

    for ( /* void */ ; rule->path; rule++) {
        pool = ngx_stub_pool_create();

        path = unit_str(pool, rule->path);

        expect_at(ngx_veriff_api_rule(pool, rule->method, &path, &found)
                  == NGX_OK, rule->path);

        expect_at(found.sign == ((rule->flags & SIGN) == SIGN), rule->path);
        expect_at(found.body == ((rule->flags & BODY) == BODY), rule->path);
        expect_at(found.feedback == ((rule->flags & FEEDBACK) == FEEDBACK),
                  rule->path);
        expect_at(found.binary == ((rule->flags & BINARY) == BINARY),
                  rule->path);
        expect_at(found.gone == ((rule->flags & GONE) == GONE), rule->path);
        expect_str(found.text, rule->text);

        ngx_stub_pool_destroy(pool);
    }
}


static void
test_paths(void)
{
    ngx_uint_t  i;

    static const char  *paths[] = {
        "", "/", "v1/sessions", "/v1", "/v2/sessions", "/v1sessions",
        "/V1/sessions", "/v10/sessions", "//v1/sessions", "/v1//sessions",
        "/v1/sessions//" ID, S_ID "//media", S_ID "/media//",
        "/./v1/sessions", "/v1/./sessions", "/v1/../v1/sessions",
        "/v1/..", "/v1/.", "/v1/sessions/.", "/v1/sessions/..",
        "/v1/sessions/./" ID, "/v1/sessions/../sessions/" ID,
        S_ID "/..", S_ID "/.", S_ID "/../other", S_ID "/media/..",
        "/v1/feedback/../sessions/" ID, "/v1/feedback//x",
        "/v1%2fsessions", "/v1/%2e%2e/x", "/v1/sessions%2f" ID,
        "/v1/sessions%2F" ID, "/v1/x%5cy", "/v1/x%5Cy", "/v1/x%2e",
        "/v1/x%2E", S_ID "/%2e%2e/x", "/v1/x%00", "/v1/x%0a", "/v1/x%0D",
        "/v1/x%1f", "/v1/x%7f", "/v1/x%7F", "/v1/x%", "/v1/x%2", "/v1/x%zz",
        "/v1/x%2g", "/v1/x%g2", "/v1/x%3b", "/v1/x;y", "/v1/..;/x",
        "/v1/sessions/a;b", "/v1/sessions/" ID "?x=1", "/v1/x?y",
        "/v1/sessions#x", "/v1/x\\y", "/v1/x\ny", "/v1/x\ty", "/v1/x y",
        "/v1/x\x7f", "/v1/x\xc3\xa9", "/v1/sessions/%61bc",
        "/v1/sessions/a%20b", "/v1/sessions/a,b", "/v1/sessions/a:b",
        "/v1/sessions/a@b", "/v1/sessions/a+b", "/v1/sessions/a~b",
        "/v1/sessions/a*b", "/v1/attempts/a!b/media", "/v1/media/a$b",
        "http://evil.example/v1/sessions", "https:/v1/sessions", NULL
    };

    unit_group("hostile paths");

    for (i = 0; paths[i]; i++) {
        expect_at(declines(paths[i]), paths[i]);
    }
}


static void
test_path_bytes(void)
{
    ngx_int_t               rc;
    ngx_str_t               path;
    ngx_uint_t              ch;
    ngx_pool_t             *pool;
    ngx_veriff_api_rule_t   rule;

    unit_group("any byte in a path and in an id");

    pool = ngx_stub_pool_create();

    for (ch = 0; ch < 256; ch++) {
        path = unit_str(pool, "/v1/xyz");
        path.data[5] = (u_char) ch;

        rc = ngx_veriff_api_rule(pool, NGX_VERIFF_GET, &path, &rule);

        expect_at((rc == NGX_OK)
                  == (ch > 0x20 && ch < 0x7f && ch != '#' && ch != '?'
                      && ch != ';' && ch != '\\' && ch != '%'),
                  unit_at("byte", ch));

        path = unit_str(pool, "/v1/sessions/xyz");
        path.data[14] = (u_char) ch;

        rc = ngx_veriff_api_rule(pool, NGX_VERIFF_GET, &path, &rule);

        expect_at((rc == NGX_OK)
                  == ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
                      || (ch >= '0' && ch <= '9') || ch == '.' || ch == '_'
                      || ch == '-' || ch == '/'),
                  unit_at("byte of an id", ch));
    }

    ngx_stub_pool_destroy(pool);
}


static void
test_ids(void)
{
    ngx_str_t    id;
    ngx_uint_t   i;
    ngx_pool_t  *pool;

    static const char  *good[] = {
        ID, "a", "0", "_", "-", "001_x", "A.b", "...", ".a", "a.", NULL
    };

    static const char  *bad[] = {
        "", ".", "..", "a b", "a/b", "a\n", "a%20", "a\\b", "\xc3\xa9", NULL
    };

    unit_group("ids");

    pool = ngx_stub_pool_create();

    for (i = 0; good[i]; i++) {
        id = unit_str(pool, good[i]);
        expect_at(ngx_veriff_api_id(&id) == NGX_OK, good[i]);
    }

    for (i = 0; bad[i]; i++) {
        id = unit_str(pool, bad[i]);
        expect_at(ngx_veriff_api_id(&id) == NGX_DECLINED, bad[i]);
    }

    id = unit_repeat(pool, "a", NGX_VERIFF_ID_MAX);
    expect(ngx_veriff_api_id(&id) == NGX_OK);

    id = unit_repeat(pool, "a", NGX_VERIFF_ID_MAX + 1);
    expect(ngx_veriff_api_id(&id) == NGX_DECLINED);

    id = unit_mem(pool, "a\0b", 3);
    expect(ngx_veriff_api_id(&id) == NGX_DECLINED);

    ngx_str_null(&id);
    expect(ngx_veriff_api_id(&id) == NGX_DECLINED);

    ngx_stub_pool_destroy(pool);
}


static void
test_no_memory(void)
{
    ngx_int_t               rc;
    ngx_str_t               path;
    ngx_pool_t             *pool;
    ngx_veriff_api_rule_t   rule;

    unit_group("allocation failures");

    pool = ngx_stub_pool_create();

    path = unit_str(pool, "/v1/feedback/x");

    ngx_stub_fail_after(1);
    rc = ngx_veriff_api_rule(pool, NGX_VERIFF_POST, &path, &rule);
    ngx_stub_fail_after(0);

    expect(rc == NGX_ERROR);

    /* no other rule needs memory */

    path = unit_str(pool, S_ID);

    ngx_stub_fail_after(1);
    rc = ngx_veriff_api_rule(pool, NGX_VERIFF_GET, &path, &rule);
    ngx_stub_fail_after(0);

    expect(rc == NGX_OK);

    ngx_stub_pool_destroy(pool);
}
