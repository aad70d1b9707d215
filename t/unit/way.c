
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "ngx_veriff_way.h"
#include "unit.h"


#define WAYS   "../ways.txt"
#define NOW    1700000000
#define SPACE  20000            /* of the longest line */


typedef struct {
    const char  *kind;          /* "good", "hostile", "page" */
    const char  *line;
    ngx_str_t    path;
} way_t;


static ngx_array_t *ways(ngx_pool_t *pool);
static ngx_str_t path_of(ngx_pool_t *pool, char *text);
static ngx_uint_t hex(const char *p);
static ngx_uint_t is(const char *path, const char *uri);
static ngx_str_t escaped(ngx_pool_t *pool, ngx_str_t *path);
static ngx_veriff_keys_t *keys_create(ngx_pool_t *pool, u_char fill);
static ngx_int_t opens(ngx_veriff_keys_t *keys, const char *scope,
    ngx_str_t *text, time_t now);
static void forge(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    const void *plain, size_t len, ngx_str_t *text);
static void test_list(void);
static void test_layers(void);
static void test_bytes(void);
static void test_lengths(void);
static void test_pages(void);
static void test_sealed(void);
static void test_bound(void);
static void test_tampered(void);
static void test_forged(void);
static void test_limits(void);
static void test_no_memory(void);


int
main(void)
{
    test_list();
    test_layers();
    test_bytes();
    test_lengths();
    test_pages();
    test_sealed();
    test_bound();
    test_tampered();
    test_forged();
    test_limits();
    test_no_memory();

    return unit_done();
}


/* ---- the list that t/way.t has, too ------------------------------------- */

static ngx_array_t *
ways(ngx_pool_t *pool)
{
    char         *p, *line;
    FILE         *file;
    way_t        *way;
    ngx_array_t  *list;

    static char  buf[SPACE];

    list = ngx_array_create(pool, 64, sizeof(way_t));

    file = fopen(WAYS, "r");
    if (file == NULL) {
        perror(WAYS);
        abort();
    }

    while (fgets(buf, sizeof(buf), file)) {

        buf[strcspn(buf, "\n")] = '\0';

        if (buf[0] == '\0' || buf[0] == '#') {
            continue;
        }

        line = ngx_palloc(pool, strlen(buf) + 1);
        strcpy(line, buf);

        way = ngx_array_push(list);
        way->line = line;

        p = buf + strcspn(buf, " ");

        way->path = path_of(pool, *p ? p + 1 : p);
        *p = '\0';

        way->kind = !strcmp(buf, "good") ? "good"
                    : !strcmp(buf, "hostile") ? "hostile"
                    : !strcmp(buf, "page") ? "page" : NULL;

        expect_at(way->kind != NULL, line);
    }

    fclose(file);

    return list;
}


/* \xHH and \{N:text} */

static ngx_str_t
path_of(ngx_pool_t *pool, char *text)
{
    char    *end;
    size_t   n, len, i;

    static u_char  buf[SPACE];

    for (len = 0; *text; /* void */ ) {

        if (strncmp(text, "\\x", 2) == 0) {
            buf[len++] = (u_char) hex(text + 2);
            text += 4;
            continue;
        }

        if (strncmp(text, "\\{", 2) == 0) {
            n = strtoul(text + 2, &text, 10);
            end = strchr(++text, '}');

            for (i = 0; i < n; i++) {
                ngx_memcpy(buf + len, text, end - text);
                len += end - text;
            }

            text = end + 1;
            continue;
        }

        buf[len++] = *text++;
    }

    return unit_mem(pool, buf, len);
}


static ngx_uint_t
hex(const char *p)
{
    char  digits[3] = { p[0], p[1], '\0' };

    return strtoul(digits, NULL, 16);
}


static void
test_list(void)
{
    way_t        *way;
    ngx_str_t     start, ret;
    ngx_uint_t    i, good, hostile;
    ngx_pool_t   *pool;
    ngx_array_t  *list;

    pool = ngx_stub_pool_create();

    start = unit_str(pool, "/veriff/start");
    ret = unit_str(pool, "/veriff/return");

    unit_group("the list is read");

    list = ways(pool);
    way = list->elts;

    good = 0;
    hostile = 0;

    for (i = 0; i < list->nelts; i++) {
        good += !strcmp(way[i].kind, "good");
        hostile += !strcmp(way[i].kind, "hostile");
    }

    expect(good >= 40);
    expect(hostile >= 120);

    unit_group("hostile paths");

    for (i = 0; i < list->nelts; i++) {
        if (strcmp(way[i].kind, "hostile") == 0) {
            expect_at(ngx_veriff_way_path(&way[i].path) == NGX_DECLINED,
                      way[i].line);
        }
    }

    unit_group("good paths");

    for (i = 0; i < list->nelts; i++) {
        if (strcmp(way[i].kind, "good") == 0) {
            expect_at(ngx_veriff_way_path(&way[i].path) == NGX_OK,
                      way[i].line);
            expect_at(!ngx_veriff_way_is(&way[i].path, &start), way[i].line);
            expect_at(!ngx_veriff_way_is(&way[i].path, &ret), way[i].line);
        }
    }

    unit_group("the start and the return page");

    for (i = 0; i < list->nelts; i++) {
        if (strcmp(way[i].kind, "page") == 0) {
            expect_at(ngx_veriff_way_is(&way[i].path, &start)
                      + ngx_veriff_way_is(&way[i].path, &ret) == 1,
                      way[i].line);
        }
    }

    ngx_stub_pool_destroy(pool);
}


/* whatever is hostile to begin with is so when it was escaped */

static ngx_str_t
escaped(ngx_pool_t *pool, ngx_str_t *path)
{
    u_char     *p;
    size_t      i;
    ngx_str_t   text;

    text.data = ngx_palloc(pool, 3 * path->len);

    p = text.data;
    *p++ = '/';

    for (i = 1; i < path->len; i++) {
        *p++ = '%';
        p = ngx_hex_dump(p, &path->data[i], 1);
    }

    return unit_mem(pool, text.data, p - text.data);
}


static void
test_layers(void)
{
    ngx_str_t    path;
    ngx_uint_t   i, n;
    ngx_pool_t  *pool;

    static const char  *hosts[] = {
        "//e", "/\\e", "/.//e", "/..//e", "/a/..//e", "/\te", "/\x7f",
        "/\xef\xbc\x8f" "e", "/\xc0\xaf", NULL
    };

    static const char  *local[] = {
        "/a", "/a//b", "/e:80", "/\xc3\xa9", "/%", "/a?//b", NULL
    };

    unit_group("every layer of escapes is looked through");

    for (i = 0; hosts[i]; i++) {

        pool = ngx_stub_pool_create();
        path = unit_str(pool, hosts[i]);

        for (n = 1; n < 6; n++) {
            path = escaped(pool, &path);
            expect_at(ngx_veriff_way_path(&path) == NGX_DECLINED,
                      unit_at(hosts[i], n));
        }

        ngx_stub_pool_destroy(pool);
    }

    unit_group("up to three of them are in order");

    for (i = 0; local[i]; i++) {

        pool = ngx_stub_pool_create();
        path = unit_str(pool, local[i]);

        for (n = 1; n < 6; n++) {
            path = escaped(pool, &path);
            expect_at((ngx_veriff_way_path(&path) == NGX_OK) == (n < 4),
                      unit_at(local[i], n));
        }

        ngx_stub_pool_destroy(pool);
    }
}


static void
test_bytes(void)
{
    ngx_int_t    rc;
    ngx_str_t    path;
    ngx_pool_t  *pool;
    ngx_uint_t   ch, good;

    pool = ngx_stub_pool_create();

    unit_group("any byte in a path");

    for (ch = 0; ch < 256; ch++) {
        good = ch > 0x20 && ch < 0x7f && !strchr("#\"'`<>\\", ch);

        path = unit_str(pool, "/a?b");
        path.data[3] = (u_char) ch;

        rc = ngx_veriff_way_path(&path);
        expect_at((rc == NGX_OK) == good, unit_at("argument", ch));

        path = unit_str(pool, "/ab");
        path.data[2] = (u_char) ch;

        rc = ngx_veriff_way_path(&path);
        expect_at((rc == NGX_OK) == (good && ch != '%'),
                  unit_at("path", ch));

        path = unit_str(pool, "/b");
        path.data[1] = (u_char) ch;

        rc = ngx_veriff_way_path(&path);
        expect_at((rc == NGX_OK) == (good && ch != '%' && ch != '/'),
                  unit_at("begin", ch));

        path = unit_str(pool, "/");
        path.data[0] = (u_char) ch;

        rc = ngx_veriff_way_path(&path);
        expect_at((rc == NGX_OK) == (ch == '/'), unit_at("first", ch));
    }

    unit_group("any byte, escaped");

    for (ch = 0; ch < 256; ch++) {
        path = unit_str(pool, "/a%..");
        (void) ngx_hex_dump(path.data + 3, (u_char[]) { ch }, 1);

        rc = ngx_veriff_way_path(&path);
        expect_at((rc == NGX_OK) == (ch >= 0x20 && ch != 0x7f && ch != '\\'),
                  unit_at("byte", ch));
    }

    ngx_stub_pool_destroy(pool);
}


static void
test_lengths(void)
{
    ngx_str_t    path, uri;
    ngx_uint_t   n;
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    unit_group("lengths of paths");

    for (n = NGX_VERIFF_WAY_MAX - 2; n < NGX_VERIFF_WAY_MAX + 3; n++) {
        path = unit_repeat(pool, "a", n);
        path.data[0] = '/';

        expect_at((ngx_veriff_way_path(&path) == NGX_OK)
                  == (n <= NGX_VERIFF_WAY_MAX), unit_at("length", n));

        /* nothing is written beyond the buffers */

        expect_at(!ngx_veriff_way_is(&path, &path)
                  == (n > NGX_VERIFF_WAY_MAX), unit_at("length", n));
    }

    path.len = 0;
    expect(ngx_veriff_way_path(&path) == NGX_DECLINED);

    /* a null byte ends nothing */

    path = unit_str(pool, "/a%00b");
    uri = unit_mem(pool, "/a\0c", 4);
    expect(!ngx_veriff_way_is(&path, &uri));

    ngx_stub_pool_destroy(pool);
}


static ngx_uint_t
is(const char *path, const char *uri)
{
    ngx_str_t    a, b;
    ngx_uint_t   rc;
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    a = unit_str(pool, path);
    b = unit_str(pool, uri);
    rc = ngx_veriff_way_is(&a, &b);

    ngx_stub_pool_destroy(pool);

    return rc;
}


static void
test_pages(void)
{
    unit_group("a path and its location");

    expect(is("/a", "/a"));
    expect(is("/a?b=c", "/a"));
    expect(is("/a?/b", "/a"));
    expect(is("//a", "/a"));
    expect(is("/%61", "/a"));
    expect(is("/%2fa", "/a"));
    expect(is("/./a", "/a"));
    expect(is("/../a", "/a"));
    expect(is("/b/../a", "/a"));
    expect(is("/b/%2e%2e/a", "/a"));
    expect(is("/b/c/../../a", "/a"));
    expect(is("/b//c/../../a", "/a"));
    expect(is("/b/c//../../a", "/b/a"));
    expect(is("/b/c//../../a", "/a"));
    expect(is("/a/b/.", "/a/b/"));
    expect(is("/a/b/..", "/a/"));
    expect(is("/a/.", "/a/"));
    expect(is("/a/..", "/"));
    expect(is("/..", "/"));
    expect(is("/.", "/"));
    expect(is("/", "/"));
    expect(is("///", "/"));
    expect(is("/a//", "/a/"));
    expect(is("/a%3fb", "/a?b"));

    unit_group("other locations");

    expect(!is("/a/", "/a"));
    expect(!is("/a", "/a/"));
    expect(!is("/A", "/a"));
    expect(!is("/ab", "/a"));
    expect(!is("/", "/a"));
    expect(!is("/b/a", "/a"));
    expect(!is("/a/b", "/a"));
    expect(!is("/%2561", "/a"));
    expect(!is("/a%", "/a"));
    expect(!is("/%6", "/a"));
    expect(!is("/a%3fb", "/a"));
    expect(!is("", "/a"));
    expect(!is("a", "/a"));
    expect(!is("?/a", "/a"));
    expect(!is("/.a", "/a"));
    expect(!is("/..a", "/a"));
    expect(!is("/.../a", "/a"));
    expect(!is("/a/..b", "/a"));
}


/* ---- the sealed way ------------------------------------------------------ */

static ngx_veriff_keys_t *
keys_create(ngx_pool_t *pool, u_char fill)
{
    u_char  key[NGX_VERIFF_KEY_LEN];

    memset(key, fill, sizeof(key));

    return ngx_veriff_keys_create(pool, key);
}


static ngx_int_t
opens(ngx_veriff_keys_t *keys, const char *scope, ngx_str_t *text,
    time_t now)
{
    ngx_int_t          rc;
    ngx_str_t          name, copy;
    ngx_pool_t        *pool;
    ngx_veriff_way_t   way;

    pool = ngx_stub_pool_create();

    name = unit_str(pool, scope);
    copy = unit_mem(pool, text->data, text->len);

    rc = ngx_veriff_way_open(pool, keys, &name, &copy, now, &way);

    ngx_stub_pool_destroy(pool);

    return rc;
}


static void
test_sealed(void)
{
    size_t              i;
    ngx_str_t           scope, text, again;
    ngx_pool_t         *pool;
    ngx_veriff_way_t    way, got;
    ngx_veriff_keys_t  *keys;

    pool = ngx_stub_pool_create();

    keys = keys_create(pool, 1);
    scope = unit_str(pool, "kyc");

    way.user = unit_str(pool, "alice@example.com");
    way.path = unit_str(pool, "/account?a=b&c=%20");
    way.max_age = 86400;

    unit_group("a way is sealed and opened");

    expect(ngx_veriff_way_seal(pool, keys, &scope, &way, NOW, &text)
           == NGX_OK);
    expect(ngx_veriff_way_open(pool, keys, &scope, &text, NOW, &got)
           == NGX_OK);

    expect_str(got.user, "alice@example.com");
    expect_str(got.path, "/account?a=b&c=%20");
    expect(got.max_age == 86400);

    way.max_age = 0;

    expect(ngx_veriff_way_seal(pool, keys, &scope, &way, NOW, &again)
           == NGX_OK);
    expect(ngx_veriff_way_open(pool, keys, &scope, &again, NOW, &got)
           == NGX_OK);
    expect(got.max_age == 0);

    unit_group("it is text for a cookie, and never the same");

    for (i = 0; i < text.len; i++) {
        expect(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                      "0123456789-_", text.data[i]) != NULL);
    }

    way.max_age = 86400;

    expect(ngx_veriff_way_seal(pool, keys, &scope, &way, NOW, &again)
           == NGX_OK);
    expect(again.len == text.len);
    expect(ngx_memcmp(again.data, text.data, text.len) != 0);

    unit_group("it expires");

    expect(opens(keys, "kyc", &text, NOW - 60) == NGX_OK);
    expect(opens(keys, "kyc", &text, NOW + NGX_VERIFF_WAY_LIFETIME - 1)
           == NGX_OK);
    expect(opens(keys, "kyc", &text, NOW + NGX_VERIFF_WAY_LIFETIME)
           == NGX_DECLINED);
    expect(opens(keys, "kyc", &text, NOW + 10 * NGX_VERIFF_WAY_LIFETIME)
           == NGX_DECLINED);

    ngx_stub_pool_destroy(pool);
}


static void
test_bound(void)
{
    ngx_str_t           scope, text, plain, other;
    ngx_pool_t         *pool;
    ngx_veriff_way_t    way;
    ngx_veriff_keys_t  *keys;

    pool = ngx_stub_pool_create();

    keys = keys_create(pool, 1);
    scope = unit_str(pool, "kyc");

    way.user = unit_str(pool, "alice");
    way.path = unit_str(pool, "/account");
    way.max_age = 0;

    unit_group("a way is bound to its integration, key and purpose");

    expect(ngx_veriff_way_seal(pool, keys, &scope, &way, NOW, &text)
           == NGX_OK);

    expect(opens(keys, "kyc", &text, NOW) == NGX_OK);
    expect(opens(keys, "age", &text, NOW) == NGX_DECLINED);
    expect(opens(keys, "kyc2", &text, NOW) == NGX_DECLINED);
    expect(opens(keys, "", &text, NOW) == NGX_DECLINED);
    expect(opens(keys_create(pool, 2), "kyc", &text, NOW) == NGX_DECLINED);

    /* what a record holds is no cookie */

    plain = unit_mem(pool, "\1\0\0\0\0\x7f\0\0\0\0\0\0\0\0\0\0\0\0\1a/", 21);

    forge(pool, keys, plain.data, plain.len, &text);
    expect(opens(keys, "kyc", &text, NOW) == NGX_OK);

    expect(ngx_veriff_seal(pool, keys, NGX_VERIFF_SEAL_URL, &scope, &plain,
                           &other) == NGX_OK);
    text.data = ngx_palloc(pool, 200);
    ngx_encode_base64url(&text, &other);
    expect(opens(keys, "kyc", &text, NOW) == NGX_DECLINED);

    ngx_stub_pool_destroy(pool);
}


static void
test_tampered(void)
{
    u_char              saved;
    size_t              i, len;
    ngx_str_t           scope, text, binary;
    ngx_uint_t          bit;
    ngx_pool_t         *pool;
    ngx_veriff_way_t    way;
    ngx_veriff_keys_t  *keys;

    pool = ngx_stub_pool_create();

    keys = keys_create(pool, 1);
    scope = unit_str(pool, "kyc");

    way.user = unit_str(pool, "alice");
    way.path = unit_str(pool, "/account");
    way.max_age = 0;

    expect(ngx_veriff_way_seal(pool, keys, &scope, &way, NOW, &text)
           == NGX_OK);

    unit_group("a way cut at any byte");

    len = text.len;

    for (text.len = 0; text.len < len; text.len++) {
        expect_at(opens(keys, "kyc", &text, NOW) == NGX_DECLINED,
                  unit_at("byte", text.len));
    }

    unit_group("any bit of it changed");

    binary.data = ngx_palloc(pool, text.len);
    expect(ngx_decode_base64url(&binary, &text) == NGX_OK);

    for (i = 0; i < binary.len; i++) {
        for (bit = 0; bit < 8; bit++) {
            saved = binary.data[i];
            binary.data[i] ^= 1 << bit;

            ngx_encode_base64url(&text, &binary);
            expect_at(opens(keys, "kyc", &text, NOW) == NGX_DECLINED,
                      unit_at("byte", i));

            binary.data[i] = saved;
        }
    }

    ngx_encode_base64url(&text, &binary);
    expect(opens(keys, "kyc", &text, NOW) == NGX_OK);

    unit_group("what is no way at all");

    text = unit_str(pool, "");
    expect(opens(keys, "kyc", &text, NOW) == NGX_DECLINED);

    text = unit_str(pool, "not base64url!");
    expect(opens(keys, "kyc", &text, NOW) == NGX_DECLINED);

    text = unit_repeat(pool, "A", NGX_VERIFF_WAY_TEXT_MAX);
    expect(opens(keys, "kyc", &text, NOW) == NGX_DECLINED);

    text = unit_repeat(pool, "A", NGX_VERIFF_WAY_TEXT_MAX + 1);
    expect(opens(keys, "kyc", &text, NOW) == NGX_DECLINED);

    ngx_stub_pool_destroy(pool);
}


static void
forge(ngx_pool_t *pool, ngx_veriff_keys_t *keys, const void *plain,
    size_t len, ngx_str_t *text)
{
    ngx_str_t  scope, copy, sealed;

    scope = unit_str(pool, "kyc");
    copy = unit_mem(pool, plain, len);

    expect(ngx_veriff_seal(pool, keys, NGX_VERIFF_SEAL_COOKIE, &scope, &copy,
                           &sealed) == NGX_OK);

    text->data = ngx_palloc(pool, ngx_base64_encoded_length(sealed.len));
    ngx_encode_base64url(text, &sealed);
}


/* sealed with the right key, but not by ngx_veriff_way_seal() */

static void
test_forged(void)
{
    ngx_str_t           text;
    ngx_uint_t          i;
    ngx_pool_t         *pool;
    ngx_veriff_keys_t  *keys;

#define LATER    "\0\0\0\1\0\0\0\0"
#define NONE     "\0\0\0\0\0\0\0\0"
#define BYTES(s) { s, sizeof(s) - 1 }

    static struct {
        const char  *data;
        size_t       len;
    } bad[] = {
        BYTES(""),
        BYTES("\1"),
        BYTES("\1" LATER NONE "\0"),
        BYTES("\1" LATER NONE "\0\1"),
        BYTES("\1" LATER NONE "\0\1a"),
        BYTES("\0" LATER NONE "\0\1a/"),
        BYTES("\2" LATER NONE "\0\1a/"),
        BYTES("\1" LATER NONE "\0\0a/"),
        BYTES("\1" LATER NONE "\0\0/"),
        BYTES("\1" LATER NONE "\0\3a/"),
        BYTES("\1" LATER NONE "\1\1a/"),
        BYTES("\1" LATER NONE "\xff\xff" "a/"),
        BYTES("\1" NONE NONE "\0\1a/"),
        BYTES("\1" "\xff\0\0\0\0\0\0\0" NONE "\0\1a/"),
        BYTES("\1" LATER "\xff\0\0\0\0\0\0\0" "\0\1a/"),
        BYTES("\1" LATER NONE "\0\1a//evil.example"),
        BYTES("\1" LATER NONE "\0\1ahttps://evil.example"),
        BYTES("\1" LATER NONE "\0\1a/\0"),
        BYTES("\1" LATER NONE "\0\1a/%5c"),
        { NULL, 0 }
    };

    pool = ngx_stub_pool_create();
    keys = keys_create(pool, 1);

    unit_group("a layout that is not ours");

    for (i = 0; bad[i].data; i++) {
        forge(pool, keys, bad[i].data, bad[i].len, &text);
        expect_at(opens(keys, "kyc", &text, NOW) == NGX_DECLINED,
                  unit_at("layout", i));
    }

    forge(pool, keys, "\1" LATER NONE "\0\1a/", 21, &text);
    expect(opens(keys, "kyc", &text, NOW) == NGX_OK);

    ngx_stub_pool_destroy(pool);
}


static void
test_limits(void)
{
    ngx_str_t           scope, text;
    ngx_pool_t         *pool;
    ngx_veriff_way_t    way, got;
    ngx_veriff_keys_t  *keys;

    pool = ngx_stub_pool_create();

    keys = keys_create(pool, 1);
    scope = unit_str(pool, "kyc");

    way.user = unit_repeat(pool, "u", NGX_VERIFF_USER_MAX);
    way.path = unit_repeat(pool, "p", NGX_VERIFF_WAY_MAX);
    way.path.data[0] = '/';
    way.max_age = 1;

    unit_group("the longest way");

    expect(ngx_veriff_way_seal(pool, keys, &scope, &way, NOW, &text)
           == NGX_OK);
    expect(text.len == NGX_VERIFF_WAY_TEXT_MAX);
    expect(ngx_veriff_way_open(pool, keys, &scope, &text, NOW, &got)
           == NGX_OK);
    expect(got.user.len == NGX_VERIFF_USER_MAX);
    expect(got.path.len == NGX_VERIFF_WAY_MAX);

    unit_group("and longer ones");

    way.user = unit_repeat(pool, "u", NGX_VERIFF_USER_MAX + 1);
    expect(ngx_veriff_way_seal(pool, keys, &scope, &way, NOW, &text)
           == NGX_ERROR);

    way.user = unit_str(pool, "alice");
    way.path = unit_repeat(pool, "/a", NGX_VERIFF_WAY_MAX / 2 + 1);
    expect(ngx_veriff_way_seal(pool, keys, &scope, &way, NOW, &text)
           == NGX_ERROR);

    ngx_stub_pool_destroy(pool);
}


static void
test_no_memory(void)
{
    ngx_int_t           rc;
    ngx_str_t           scope, text, got_text;
    ngx_uint_t          n;
    ngx_pool_t         *pool;
    ngx_veriff_way_t    way, got;
    ngx_veriff_keys_t  *keys;

    pool = ngx_stub_pool_create();

    keys = keys_create(pool, 1);
    scope = unit_str(pool, "kyc");

    way.user = unit_str(pool, "alice");
    way.path = unit_str(pool, "/account");
    way.max_age = 0;

    expect(ngx_veriff_way_seal(pool, keys, &scope, &way, NOW, &text)
           == NGX_OK);

    unit_group("no memory, at every allocation");

    for (n = 1; ; n++) {
        ngx_stub_fail_after(n);
        rc = ngx_veriff_way_seal(pool, keys, &scope, &way, NOW, &got_text);

        if (!ngx_stub_failed()) {
            break;
        }

        expect_at(rc == NGX_ERROR, unit_at("seal", n));
    }

    expect(rc == NGX_OK && n > 2);

    for (n = 1; ; n++) {
        ngx_stub_fail_after(n);
        rc = ngx_veriff_way_open(pool, keys, &scope, &text, NOW, &got);

        if (!ngx_stub_failed()) {
            break;
        }

        expect_at(rc == NGX_ERROR, unit_at("open", n));
    }

    expect(rc == NGX_OK && n > 1);

    ngx_stub_fail_after(0);

    unit_group("no memory is needed to look at a path");

    ngx_stub_fail_after(1);
    expect(ngx_veriff_way_path(&way.path) == NGX_OK);
    expect(!ngx_stub_failed());
    ngx_stub_fail_after(0);

    ngx_stub_pool_destroy(pool);
}
