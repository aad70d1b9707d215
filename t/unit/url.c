
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_url.h"
#include "unit.h"


typedef struct {
    const char  *url;
    const char  *scheme;
    const char  *host;
    const char  *port;
} split_t;


static ngx_int_t pattern(const char *text);
static ngx_int_t check(const char *url, const char *a, const char *b);
static ngx_int_t check_str(ngx_str_t *url, const char *a, const char *b);
static ngx_int_t split(const char *url);
static void test_patterns(void);
static void test_hosts(void);
static void test_foreign(void);
static void test_forms(void);
static void test_loopback(void);
static void test_length(void);
static void test_split(void);
static void test_bytes(void);


int
main(void)
{
    test_patterns();
    test_hosts();
    test_foreign();
    test_forms();
    test_loopback();
    test_length();
    test_split();
    test_bytes();

    return unit_done();
}


static ngx_int_t
pattern(const char *text)
{
    ngx_int_t    rc;
    ngx_str_t    str;
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    str = unit_str(pool, text);
    rc = ngx_veriff_url_host_pattern(&str);

    ngx_stub_pool_destroy(pool);

    return rc;
}


static ngx_int_t
check(const char *url, const char *a, const char *b)
{
    ngx_int_t    rc;
    ngx_str_t    str;
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    str = unit_str(pool, url);
    rc = check_str(&str, a, b);

    ngx_stub_pool_destroy(pool);

    return rc;
}


static ngx_int_t
check_str(ngx_str_t *url, const char *a, const char *b)
{
    ngx_int_t    rc;
    ngx_pool_t  *pool;
    const char  *patterns[3];

    patterns[0] = a;
    patterns[1] = b;
    patterns[2] = NULL;

    pool = ngx_stub_pool_create();

    rc = ngx_veriff_url_check(url, unit_array(pool, patterns));

    ngx_stub_pool_destroy(pool);

    return rc;
}


static ngx_int_t
split(const char *url)
{
    ngx_int_t    rc;
    ngx_str_t    str, scheme, host, port;
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    str = unit_str(pool, url);
    rc = ngx_veriff_url_split(&str, &scheme, &host, &port);

    ngx_stub_pool_destroy(pool);

    return rc;
}


static void
test_patterns(void)
{
    ngx_str_t    str;
    ngx_uint_t   i;
    ngx_pool_t  *pool;

    static const char  *ok[] = {
        "veriff.com", ".veriff.com", ".veriff.me", "magic.us.veriff.me",
        "localhost", "a", "xn--bcher-kva.example", "a-b.example",
        "1a.example", "192.0.2.1", "0.0.0.0", "255.255.255.255", "128.0.0.1",
        "[2001:db8::1]", "[::]", "[1:2:3:4:5:6:7:8]", "[::2]", "[1::]",
        "[0:0:0:0:0:0:0:1]", "[fe80::1:2]", NULL
    };

    static const char  *done[] = {
        "127.0.0.1", "127.255.255.255", "127.1.2.3", "[::1]", NULL
    };

    static const char  *declined[] = {
        "", ".", "..", "..a", ".a.", "a.", "a..b", "Veriff.com", ".veriff.COM",
        "https://veriff.com", "veriff.com:443", "veriff.com/", "veriff.com/v",
        "*.veriff.com", "veriff_com", "-a.com", "a-.com", "a.-b", "a b",
        "user@veriff.com", "veriff.com?", "veriff.com#", "veriff.com\\",
        "b\xc3\xbc" "cher.example", "%76eriff.com", ".127.0.0.1", ".0.0.1",
        ".1.2.3.4", "127.1", "2130706433", "0x7f.0.0.1", "0x7f000001",
        "127.0.0.0x1", "0177.0.0.1", "127.0.0.01", "127.0.0.256", "127.0.0",
        "127.0.0.1.", "127.0.0.0.1", "1.2.3.4.5", "127..0.1", "1.2.3.1000",
        "[]", "[", "]", "[:]", "[:::]", "[1]", "[1:2]", "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]", "[1::2::3]",
        "[12345::]", "[g::]", "[::1", "::1", "[::1]x", "[::1]:80", "[1:]",
        "[:1]", "[1:2:3:4:5:6:7:]", "[fe80::1%eth0]", "[::127.0.0.1]",
        "[::ffff:127.0.0.1]", ".[::1]", ".[::2]", "[::1].", "[[::1]]",
        NULL
    };

    unit_group("host patterns that are accepted");

    for (i = 0; ok[i]; i++) {
        expect_at(pattern(ok[i]) == NGX_OK, ok[i]);
    }

    unit_group("literal loopback addresses");

    for (i = 0; done[i]; i++) {
        expect_at(pattern(done[i]) == NGX_DONE, done[i]);
    }

    unit_group("host patterns that are refused");

    for (i = 0; declined[i]; i++) {
        expect_at(pattern(declined[i]) == NGX_DECLINED, declined[i]);
    }

    unit_group("lengths of labels and names");

    pool = ngx_stub_pool_create();

    str = unit_repeat(pool, "a", 63);
    expect(ngx_veriff_url_host_pattern(&str) == NGX_OK);

    str = unit_repeat(pool, "a", 64);
    expect(ngx_veriff_url_host_pattern(&str) == NGX_DECLINED);

    str = unit_repeat(pool, "a.", 127);
    str.len--;
    expect(ngx_veriff_url_host_pattern(&str) == NGX_OK);

    str = unit_repeat(pool, "a.", 128);
    str.len--;
    expect(ngx_veriff_url_host_pattern(&str) == NGX_DECLINED);

    str = unit_mem(pool, "a\0b", 3);
    expect(ngx_veriff_url_host_pattern(&str) == NGX_DECLINED);

    ngx_stub_pool_destroy(pool);
}


static void
test_hosts(void)
{
    unit_group("URLs of the hosts named");

    expect(check("https://veriff.com/v/x", ".veriff.com", NULL) == NGX_OK);
    expect(check("https://veriff.com", ".veriff.com", NULL) == NGX_OK);
    expect(check("https://magic.veriff.me/v/eyJ.x-_y", ".veriff.com",
                 ".veriff.me") == NGX_OK);
    expect(check("https://a.b.c.veriff.me/", ".veriff.me", NULL) == NGX_OK);
    expect(check("https://veriff.com:443/v?a=b&c=@#d", ".veriff.com", NULL)
           == NGX_OK);
    expect(check("https://veriff.com?x", ".veriff.com", NULL) == NGX_OK);
    expect(check("https://veriff.com#x", ".veriff.com", NULL) == NGX_OK);
    expect(check("https://veriff.com:65535", ".veriff.com", NULL) == NGX_OK);
    expect(check("https://veriff.com/https://evil.example", ".veriff.com",
                 NULL) == NGX_OK);
    expect(check("https://exact.example/", "exact.example", NULL) == NGX_OK);
    expect(check("https://192.0.2.1/", "192.0.2.1", NULL) == NGX_OK);
    expect(check("https://[2001:db8::1]/", "[2001:db8::1]", NULL) == NGX_OK);
    expect(check("https://[2001:DB8::1]:8443/", "[2001:db8::1]", NULL)
           == NGX_OK);

    unit_group("scheme and host in upper case");

    expect(check("HTTPS://VERIFF.COM/V/x", ".veriff.com", NULL) == NGX_OK);
    expect(check("hTTpS://Magic.Veriff.Com/", ".veriff.com", NULL) == NGX_OK);
    expect(check("HTTPS://EVIL.EXAMPLE/", ".veriff.com", NULL)
           == NGX_DECLINED);
    expect(check("HTTP://VERIFF.COM/", ".veriff.com", NULL) == NGX_DECLINED);
}


static void
test_foreign(void)
{
    ngx_uint_t  i;

    static const char  *urls[] = {
        "https://evil.example/",
        "https://veriff.com.evil.example/",
        "https://evilveriff.com/",
        "https://evil-veriff.com/",
        "https://veriff.com./",
        "https://.veriff.com/",
        "https://a..veriff.com/",
        "https://veriff.comx/",
        "https://veriff.co/",
        "https://com/",
        "https://xveriff.com/",
        "https://evil.example/.veriff.com",
        "https://evil.example?.veriff.com",
        "https://evil.example#.veriff.com",
        "https://evil.example/@veriff.com",
        "https://evil.example:443.veriff.com/",
        "https://evil.example\\.veriff.com/",
        "https://evil.example\\@veriff.com/",
        "https://veriff.com\\@evil.example/",
        "https://veriff.com@evil.example/",
        "https://veriff.com:443@evil.example/",
        "https://user@veriff.com/",
        "https://user:pass@veriff.com/",
        "https://@veriff.com/",
        "https://:@veriff.com/",
        "https://evil.example%2f.veriff.com/",
        "https://evil.example%23.veriff.com/",
        "https://evil.example%00.veriff.com/",
        "https://%76eriff.com/",
        "https://veriff%2ecom/",
        "https://veriff.com%20/",
        "https://veriff.com,evil.example/",
        "https://veriff.com;evil.example/",
        "https://veriff.com&evil.example/",
        "https://veriff.com!/",
        "https://veriff_x.veriff.com/",
        "https://evil.example|veriff.com/",
        "https://[veriff.com]/",
        "https://[::1]veriff.com/",
        "https://[::1].veriff.com/",
        "https://[evil]@veriff.com/",
        "https://veriff.com[::1]/",
        "https://2130706433/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        NULL
    };

    unit_group("foreign hosts");

    for (i = 0; urls[i]; i++) {
        expect_at(check(urls[i], ".veriff.com", ".veriff.me")
                  == NGX_DECLINED, urls[i]);
    }

    unit_group("an exact name names nothing below it");

    expect(check("https://a.exact.example/", "exact.example", NULL)
           == NGX_DECLINED);
    expect(check("https://xexact.example/", "exact.example", NULL)
           == NGX_DECLINED);
    expect(check("https://example/", "exact.example", NULL) == NGX_DECLINED);
    expect(check("https://exact.example/", "a.exact.example", NULL)
           == NGX_DECLINED);

    unit_group("no patterns, no host");

    expect(check("https://veriff.com/", NULL, NULL) == NGX_DECLINED);
}


static void
test_forms(void)
{
    ngx_uint_t  i;

    static const char  *urls[] = {
        "", "h", "https", "https:", "https:/", "https://", "https:///",
        "https:///veriff.com/", "https:/veriff.com/", "https:veriff.com/",
        "https:\\\\veriff.com/", "//veriff.com/", "/veriff.com",
        "veriff.com/", " https://veriff.com/", "https://veriff.com/ ",
        "https://veriff.com/a b", "https ://veriff.com/",
        "https://veriff.com/\r\nSet-Cookie: a", "https://veriff.com/\n",
        "https://veriff.com/\t", "ht\ttps://veriff.com/",
        "https://ver\niff.com/", "https://veriff.com/\x7f",
        "https://veriff.com/\xc3\xa9", "https://veriff.com/<",
        "https://veriff.com/>", "https://veriff.com/\"",
        "https://veriff.com/'", "https://veriff.com/\\",
        "https://veriff.com/`",
        "https://veriff.com:", "https://veriff.com:/", "https://veriff.com:0/",
        "https://veriff.com:65536/", "https://veriff.com:443a/",
        "https://veriff.com:-1/", "https://veriff.com:+443/",
        "https://veriff.com:000443/", "https://veriff.com:99999999999/",
        "https://veriff.com:443:443/", "https://veriff.com::443/",
        "https://veriff.com:4 43/",
        "http://veriff.com/", "ftp://veriff.com/", "javascript:alert(1)",
        "javascript://veriff.com/%0aalert(1)", "data:text/html,x",
        "httpss://veriff.com/", "https+x://veriff.com/", "xhttps://veriff.com/",
        "https.veriff.com", "wss://veriff.com/", "file:///etc/passwd",
        "https://?veriff.com", "https://#veriff.com", "https://:443/",
        NULL
    };

    unit_group("what is no https URL");

    for (i = 0; urls[i]; i++) {
        expect_at(check(urls[i], ".veriff.com", NULL) == NGX_DECLINED,
                  urls[i]);
    }
}


static void
test_loopback(void)
{
    unit_group("http for literal loopback that is named itself");

    expect(check("http://127.0.0.1:8081/v/x", "127.0.0.1", NULL) == NGX_OK);
    expect(check("http://[::1]:8081/v/x", "[::1]", NULL) == NGX_OK);
    expect(check("http://127.5.5.5/", ".veriff.com", "127.5.5.5") == NGX_OK);
    expect(check("https://127.0.0.1/", "127.0.0.1", NULL) == NGX_OK);

    unit_group("no other http");

    expect(check("http://127.0.0.2/", "127.0.0.1", NULL) == NGX_DECLINED);
    expect(check("http://127.0.0.1/", ".veriff.com", NULL) == NGX_DECLINED);
    expect(check("http://localhost/", "localhost", NULL) == NGX_DECLINED);
    expect(check("http://127.0.0.1.nip.example/", "127.0.0.1", NULL)
           == NGX_DECLINED);
    expect(check("http://127.0.0.1.nip.example/", ".nip.example", NULL)
           == NGX_DECLINED);
    expect(check("http://127.1/", "127.0.0.1", NULL) == NGX_DECLINED);
    expect(check("http://192.0.2.1/", "192.0.2.1", NULL) == NGX_DECLINED);
    expect(check("http://[::2]/", "[::2]", NULL) == NGX_DECLINED);
    expect(check("http://[0:0:0:0:0:0:0:1]/", "[0:0:0:0:0:0:0:1]", NULL)
           == NGX_DECLINED);
    expect(check("http://128.0.0.1/", "128.0.0.1", NULL) == NGX_DECLINED);
    expect(check("http://127.0.0.1@evil.example/", "127.0.0.1", NULL)
           == NGX_DECLINED);
    expect(check("http://evil.example#@127.0.0.1/", "127.0.0.1", NULL)
           == NGX_DECLINED);
}


static void
test_length(void)
{
    ngx_str_t    url;
    ngx_pool_t  *pool;

    unit_group("lengths of URLs");

    pool = ngx_stub_pool_create();

    url = unit_repeat(pool, "x", 16384);
    ngx_memcpy(url.data, "https://veriff.com/v/", 21);
    expect(check_str(&url, ".veriff.com", NULL) == NGX_OK);

    url = unit_repeat(pool, "x", NGX_VERIFF_URL_MAX);
    ngx_memcpy(url.data, "https://veriff.com/v/", 21);
    expect(check_str(&url, ".veriff.com", NULL) == NGX_OK);

    url = unit_repeat(pool, "x", NGX_VERIFF_URL_MAX + 1);
    ngx_memcpy(url.data, "https://veriff.com/v/", 21);
    expect(check_str(&url, ".veriff.com", NULL) == NGX_DECLINED);

    url = unit_repeat(pool, "x", 4096);
    ngx_memcpy(url.data, "https://", 8);
    expect(check_str(&url, ".veriff.com", NULL) == NGX_DECLINED);

    ngx_stub_pool_destroy(pool);
}


static void
test_split(void)
{
    split_t     *s;
    ngx_str_t    url, scheme, host, port;
    ngx_pool_t  *pool;

    static split_t  good[] = {
        { "https://a.example", "https", "a.example", "" },
        { "http://a.example", "http", "a.example", "" },
        { "http://a.example:8080", "http", "a.example", "8080" },
        { "https://A.Example:1/x?y#z", "https", "A.Example", "1" },
        { "HTTP://[::1]:80/", "HTTP", "[::1]", "80" },
        { "https://[2001:db8::1]", "https", "[2001:db8::1]", "" },
        { "https://a?b:c@d", "https", "a", "" },
        { "https://a/b:c@d", "https", "a", "" },
        { "http://a", "http", "a", "" },
        { NULL, NULL, NULL, NULL }
    };

    unit_group("URLs taken apart");

    pool = ngx_stub_pool_create();

    for (s = good; s->url; s++) {
        url = unit_str(pool, s->url);

        expect_at(ngx_veriff_url_split(&url, &scheme, &host, &port) == NGX_OK,
                  s->url);
        expect_str(scheme, s->scheme);
        expect_str(host, s->host);
        expect_str(port, s->port);
    }

    ngx_stub_pool_destroy(pool);

    unit_group("what cannot be taken apart");

    expect(split("null") == NGX_DECLINED);
    expect(split("") == NGX_DECLINED);
    expect(split("http://") == NGX_DECLINED);
    expect(split("https://") == NGX_DECLINED);
    expect(split("https://[") == NGX_DECLINED);
    expect(split("https://[::1") == NGX_DECLINED);
    expect(split("https://[::1]x") == NGX_DECLINED);
    expect(split("https://a:") == NGX_DECLINED);
    expect(split("https://a b") == NGX_DECLINED);
    expect(split("chrome-extension://abc") == NGX_DECLINED);
}


static void
test_bytes(void)
{
    char         c;
    size_t       i;
    ngx_int_t    rc;
    ngx_str_t    url, bad;
    ngx_pool_t  *pool;
    ngx_uint_t   ch;

    static const char  text[] = "https://magic.veriff.me:443/v/token";

    unit_group("a URL cut at any byte is ours or refused");

    pool = ngx_stub_pool_create();

    for (i = 0; i < sizeof(text) - 1; i++) {
        url = unit_mem(pool, text, i);
        rc = check_str(&url, ".veriff.me", NULL);

        /* after the host, with a whole port or none */
        expect_at((rc == NGX_OK) == (i == 23 || i >= 25), unit_at("byte", i));
    }

    unit_group("any byte within the host of a URL");

    for (ch = 0; ch < 256; ch++) {
        bad = unit_mem(pool, text, sizeof(text) - 1);
        bad.data[13] = (u_char) ch;     /* the dot before veriff.me */

        c = (char) ch;
        rc = check_str(&bad, ".veriff.me", NULL);

        expect_at((rc == NGX_OK) == (c == '.'), unit_at("byte", ch));
    }

    unit_group("any byte within the path of a URL");

    for (ch = 0; ch < 256; ch++) {
        bad = unit_mem(pool, text, sizeof(text) - 1);
        bad.data[30] = (u_char) ch;

        rc = check_str(&bad, ".veriff.me", NULL);

        expect_at((rc == NGX_OK) == (ch > 0x20 && ch < 0x7f
                                     && ch != '"' && ch != '\'' && ch != '`'
                                     && ch != '<' && ch != '>' && ch != '\\'),
                  unit_at("byte", ch));
    }

    ngx_stub_pool_destroy(pool);
}
