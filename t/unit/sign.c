
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/crypto.h>

#include "ngx_veriff_sign.h"
#include "unit.h"


#define KEY     "abcdef12-abcd-abcd-abcd-abcdef012345"
#define SECOND  "00000000-0000-4000-8000-000000000000"

#define ID      "aea9ba6d-1b47-47fc-a4fc-f72b6d3584a7"

#define BODY(vendor_data)                                                    \
    "{\"verification\":{\"callback\":\"https://veriff.com\",\"person\":"     \
    "{\"firstName\":\"John\",\"lastName\":\"Smith\"},\"document\":"          \
    "{\"type\":\"PASSPORT\",\"country\":\"EE\"},\"vendorData\":\""           \
    vendor_data "\",\"timestamp\":\"2016-05-19T08:30:25.597Z\"}}"

#define SUBMITTED  "{\"verification\":{\"status\":\"submitted\"}}"

#define SUBMITTED_HEX                                                        \
    "431804d39503a5600eb3a57c1bb6403cba06b3b243593e2619868e17eb22b277"

#define ID_HEX                                                               \
    "895cb3fd31139d89aeb7b263682e15479ab57651e70591256ad2c14fde4950dd"

#define ID_SECOND_HEX                                                        \
    "66f4f578b74264c4d5ccc9cc6d9d878cab349015c98fca378effde1a59b27d70"


typedef struct {
    const char  *message;
    const char  *hex;
} vector_t;


static ngx_veriff_secrets_t *secrets_create(ngx_pool_t *pool, const char *a,
    const char *b, const char *c);
static ngx_int_t verify(ngx_veriff_secrets_t *secrets, const void *p,
    size_t len, const char *hex);
static void sign(ngx_veriff_secrets_t *secrets, const void *p, size_t len,
    u_char *hex);
static ngx_uint_t signs(ngx_veriff_secrets_t *secrets, const char *message,
    const char *hex);
static void test_vectors(void);
static void test_wrong(void);
static void test_hex(void);
static void test_rotation(void);
static void test_constant_time(void);
static void test_many_secrets(void);
static void test_chunks(void);
static void test_interleaved(void);
static void test_reuse(void);
static void test_abandoned(void);
static void test_after_end(void);
static void test_no_memory(void);
static void *crypto_malloc(size_t size, const char *file, int line);
static void *crypto_realloc(void *p, size_t size, const char *file, int line);
static void crypto_free(void *p, const char *file, int line);


static ngx_uint_t  crypto_allocations;
static ngx_uint_t  crypto_live;
static ngx_uint_t  compared;


static vector_t  vectors[] = {

    { BODY("unique id of the end-user"),
      "0dcab73ddd20062616d104231c7439657546a5c24e4691977da93bb854c31e25" },

    { BODY("unique id of a user"),
      "6af6d95822e19e9cc707aec55395d8d363ba2c7bc4625bc04ebeca0c7bf8cd67" },

    { ID, ID_HEX },

    { SUBMITTED, SUBMITTED_HEX },

    { SUBMITTED "\n",
      "d3911e27bf0857fcdb6e490ebcbe2094643c34cdc9d7b34f67c4b0a7f03a8195" },

    { "{\"verification\": {\"status\": \"submitted\"}}",
      "42bb6e2ac6f14dae742ce595163deec11f72720500cf044f7189047382e17c6a" },

    { "AEA9BA6D-1B47-47FC-A4FC-F72B6D3584A7",
      "9627d60a19c71d8596233f9ff9d307bcd648356f323f20c5870e068ffc645e32" },

    { "{\"verification\":{}}",
      "762e8088e60a503ebac7f50b149b1d4143bc19ea55e51d861e1f012e16a9b810" },

    { "{\"verification\":{\"person\":{\"firstName\":\"Jo\xc3\xa3o\"}}}",
      "f80b217ee72bcece8a9b85c1b5f2915c7712b9c8593cb444d5c4ce2c745f2f6c" },

    { "{\"verification\":{\"person\":{\"firstName\":\"Jo\\u00e3o\"}}}",
      "503ec918d662ed83e67127447b15e45a64a14ac5d6138eb9cd321fbcebf5480b" },

    { "",
      "4005304bae46f8a0c2b1fbd7088f9dded39dc1040be754dede2bf198ab44b7c8" },

    { "/v1/feedback/fraud-categories",
      "987508e74ee08cd2fa17bead496b22090f1a4ff9a8fcdb6ea0a207489d07b2c7" },

    { "/v1/feedback/fraud-reports/retrieve\n{\"sessionIds\":[\"" ID "\"]}",
      "bea1b7ce00503a0a31c15192d1bb1fa25fc1e3dda351bc136e03d17f53ad8e03" },

    { "{\"status\":\"success\",\"verification\":{\"id\":\"" ID "\","
      "\"attemptId\":\"00bca969-b53a-4fad-b065-874d41a7b2b8\","
      "\"vendorData\":\"u-1\",\"endUserId\":null,\"status\":\"approved\","
      "\"code\":9001,\"reason\":null,\"reasonCode\":null,"
      "\"decisionTime\":\"2026-01-02T03:04:05.678901Z\","
      "\"acceptanceTime\":\"2026-01-02T03:00:00.000000Z\"},"
      "\"technicalData\":{\"ip\":null}}",
      "137f09712396b01a6c41f33b3cabce02d5f46032f467c0bcd6f26a1b3b9cacdd" },

    { "{\"id\":\"" ID "\",\"attemptId\":\"00bca969-b53a-4fad-b065-874d41a7b2b8"
      "\",\"feature\":\"selfid\",\"code\":7002,\"action\":\"submitted\","
      "\"vendorData\":\"u-1\"}",
      "ff9c9e3bc8db532463c2824da94756be1f1347b41061a3e7aec5a72304fcdb18" },

    { NULL, NULL }
};


/* none of these is a signature of its message under the key */

static vector_t  wrong[] = {

    /* a line feed after, and spaces within */

    { SUBMITTED,
      "d3911e27bf0857fcdb6e490ebcbe2094643c34cdc9d7b34f67c4b0a7f03a8195" },
    { SUBMITTED "\n", SUBMITTED_HEX },
    { SUBMITTED,
      "42bb6e2ac6f14dae742ce595163deec11f72720500cf044f7189047382e17c6a" },

    /* upper case of the message, and the same text escaped */

    { ID,
      "9627d60a19c71d8596233f9ff9d307bcd648356f323f20c5870e068ffc645e32" },
    { "{\"verification\":{\"person\":{\"firstName\":\"Jo\xc3\xa3o\"}}}",
      "503ec918d662ed83e67127447b15e45a64a14ac5d6138eb9cd321fbcebf5480b" },

    /* nothing signed */

    { ID,
      "4005304bae46f8a0c2b1fbd7088f9dded39dc1040be754dede2bf198ab44b7c8" },

    /* the legacy scheme: SHA256(message, secret) */

    { BODY("unique id of the end-user"),
      "0558cec8645b295b424644f65dc65f1e4b4af2a9d2211bda0b0e62cfa78275fc" },
    { BODY("unique id of a user"),
      "19f1c8446beea200e4b184739f1e1dd81c335c513f685b87dea2133681f769ec" },
    { ID,
      "5c48a0469e930f6f44103945f9b3283c8254048c5267570905755e5b68f278ba" },

    /* the key decoded to 16 bytes, and another key */

    { ID,
      "ee7866a87920f13af7ce838f96f91b3ebbcee578a2ccd3d01839275b3dbc08a3" },
    { ID, ID_SECOND_HEX },

    /* no signatures at all */

    { ID, "" },
    { ID, "0" },
    { ID, "895cb3fd31139d89aeb7b263682e15479ab57651e70591256ad2c14fde4950d" },
    { ID,
      "895cb3fd31139d89aeb7b263682e15479ab57651e70591256ad2c14fde4950dd0" },
    { ID,
      "sha256=895cb3fd31139d89aeb7b263682e15479ab57651e70591256ad2c14fde4950d"
      "d" },
    { ID,
      "895cb3fd31139d89aeb7b263682e15479ab57651e70591256ad2c14fde4950dg" },
    { ID,
      " 95cb3fd31139d89aeb7b263682e15479ab57651e70591256ad2c14fde4950dd" },
    { ID,
      "0000000000000000000000000000000000000000000000000000000000000000" },

    { NULL, NULL }
};


int
main(void)
{
    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free)
        != 1)
    {
        return 1;
    }

    test_vectors();
    test_wrong();
    test_hex();
    test_rotation();
    test_constant_time();
    test_many_secrets();
    test_chunks();
    test_interleaved();
    test_reuse();
    test_abandoned();
    test_after_end();
    test_no_memory();

    return unit_done();
}


static ngx_veriff_secrets_t *
secrets_create(ngx_pool_t *pool, const char *a, const char *b, const char *c)
{
    const char            *text[4];
    ngx_str_t             *secret;
    ngx_uint_t             i;
    ngx_array_t           *array;
    ngx_veriff_secrets_t  *secrets;

    text[0] = a;
    text[1] = b;
    text[2] = b ? c : NULL;
    text[3] = NULL;

    array = unit_array(pool, text);
    secrets = ngx_veriff_secrets_create(pool, array);

    /* their bytes are not kept */

    secret = array->elts;

    for (i = 0; i < array->nelts; i++) {
        ngx_memset(secret[i].data, 'x', secret[i].len);
    }

    return secrets;
}


static ngx_int_t
verify(ngx_veriff_secrets_t *secrets, const void *p, size_t len,
    const char *hex)
{
    ngx_int_t           rc;
    ngx_str_t           message, signature;
    ngx_pool_t         *pool;
    ngx_veriff_hmac_t  *hmac;

    pool = ngx_stub_pool_create();

    message = unit_mem(pool, p, len);
    signature = unit_str(pool, hex);

    rc = NGX_ERROR;
    hmac = ngx_veriff_hmac_start(pool, secrets, 1);

    if (hmac
        && ngx_veriff_hmac_update(hmac, message.data, message.len) == NGX_OK)
    {
        rc = ngx_veriff_hmac_verify(hmac, &signature);
    }

    ngx_stub_pool_destroy(pool);

    return rc;
}


static void
sign(ngx_veriff_secrets_t *secrets, const void *p, size_t len, u_char *hex)
{
    ngx_str_t           message;
    ngx_pool_t         *pool;
    ngx_veriff_hmac_t  *hmac;

    pool = ngx_stub_pool_create();

    message = unit_mem(pool, p, len);
    hmac = ngx_veriff_hmac_start(pool, secrets, 0);

    expect(ngx_veriff_hmac_update(hmac, message.data, message.len) == NGX_OK);
    expect(ngx_veriff_hmac_sign(hmac, hex) == NGX_OK);

    ngx_stub_pool_destroy(pool);
}


static ngx_uint_t
signs(ngx_veriff_secrets_t *secrets, const char *message, const char *hex)
{
    u_char  out[NGX_VERIFF_HMAC_HEX_LEN + 1];

    out[NGX_VERIFF_HMAC_HEX_LEN] = 'x';

    sign(secrets, message, strlen(message), out);

    return memcmp(out, hex, NGX_VERIFF_HMAC_HEX_LEN) == 0
           && out[NGX_VERIFF_HMAC_HEX_LEN] == 'x';
}


static void
test_vectors(void)
{
    char                   upper[NGX_VERIFF_HMAC_HEX_LEN + 1];
    size_t                 i;
    vector_t              *v;
    ngx_pool_t            *pool;
    ngx_veriff_secrets_t  *secrets;

    unit_group("the provider's vectors");

    pool = ngx_stub_pool_create();
    secrets = secrets_create(pool, KEY, NULL, NULL);

    expect(strlen(vectors[13].message) == 352);
    expect(strlen(vectors[14].message) == 167);

    for (v = vectors; v->message; v++) {
        expect_at(signs(secrets, v->message, v->hex), v->hex);
        expect_at(verify(secrets, v->message, strlen(v->message), v->hex)
                  == NGX_OK, v->hex);

        for (i = 0; i < sizeof(upper); i++) {
            upper[i] = (char) ngx_toupper(v->hex[i]);
        }

        expect_at(verify(secrets, v->message, strlen(v->message), upper)
                  == NGX_OK, upper);

        upper[0] = v->hex[0];
        upper[63] = v->hex[63];

        expect_at(verify(secrets, v->message, strlen(v->message), upper)
                  == NGX_OK, upper);
    }

    ngx_stub_pool_destroy(pool);
}


static void
test_wrong(void)
{
    char                   hex[NGX_VERIFF_HMAC_HEX_LEN + 1];
    size_t                 i;
    vector_t              *v, *w;
    ngx_pool_t            *pool;
    ngx_veriff_secrets_t  *secrets;

    pool = ngx_stub_pool_create();
    secrets = secrets_create(pool, KEY, NULL, NULL);

    unit_group("vectors that must fail");

    for (v = wrong; v->message; v++) {
        expect_at(verify(secrets, v->message, strlen(v->message), v->hex)
                  == NGX_DECLINED, v->hex);
    }

    unit_group("no signature is that of another message");

    for (v = vectors; v->message; v++) {
        for (w = vectors; w->message; w++) {
            expect_at((verify(secrets, v->message, strlen(v->message), w->hex)
                       == NGX_OK) == (v == w), w->hex);
        }
    }

    unit_group("a signature with one digit changed");

    for (i = 0; i < NGX_VERIFF_HMAC_HEX_LEN; i++) {
        memcpy(hex, ID_HEX, sizeof(hex));
        hex[i] = (hex[i] == '0') ? '1' : '0';

        expect_at(verify(secrets, ID, strlen(ID), hex) == NGX_DECLINED, hex);
    }

    ngx_stub_pool_destroy(pool);
}


static void
test_hex(void)
{
    u_char       text[NGX_VERIFF_HMAC_HEX_LEN];
    ngx_str_t    hex;
    ngx_uint_t   ch;
    ngx_pool_t  *pool;

    unit_group("the form of a signature");

    pool = ngx_stub_pool_create();

    for (ch = 0; ch < 256; ch++) {
        memset(text, 'a', sizeof(text));
        text[ch % 64] = (u_char) ch;

        hex = unit_mem(pool, text, sizeof(text));

        expect_at((ngx_veriff_hmac_form(&hex) == NGX_OK)
                  == ((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f')
                      || (ch >= 'A' && ch <= 'F')), unit_at("byte", ch));
    }

    for (ch = 0; ch < 130; ch++) {
        hex = unit_repeat(pool, "a", ch);

        expect_at((ngx_veriff_hmac_form(&hex) == NGX_OK) == (ch == 64),
                  unit_at("length", ch));
    }

    ngx_str_null(&hex);
    expect(ngx_veriff_hmac_form(&hex) == NGX_DECLINED);

    ngx_stub_pool_destroy(pool);
}


static void
test_rotation(void)
{
    ngx_pool_t            *pool;
    ngx_veriff_secrets_t  *one, *two, *back, *without;

    unit_group("several secrets: the first signs, all verify");

    pool = ngx_stub_pool_create();

    one = secrets_create(pool, KEY, NULL, NULL);
    two = secrets_create(pool, KEY, SECOND, NULL);
    back = secrets_create(pool, SECOND, KEY, "third");
    without = secrets_create(pool, SECOND, "third", NULL);

    expect(signs(one, ID, ID_HEX));
    expect(signs(two, ID, ID_HEX));
    expect(signs(back, ID, ID_SECOND_HEX));
    expect(signs(without, ID, ID_SECOND_HEX));

    expect(verify(one, ID, strlen(ID), ID_HEX) == NGX_OK);
    expect(verify(one, ID, strlen(ID), ID_SECOND_HEX) == NGX_DECLINED);

    expect(verify(two, ID, strlen(ID), ID_HEX) == NGX_OK);
    expect(verify(two, ID, strlen(ID), ID_SECOND_HEX) == NGX_OK);

    expect(verify(back, ID, strlen(ID), ID_HEX) == NGX_OK);
    expect(verify(back, ID, strlen(ID), ID_SECOND_HEX) == NGX_OK);

    expect(verify(without, ID, strlen(ID), ID_HEX) == NGX_DECLINED);
    expect(verify(without, ID, strlen(ID), ID_SECOND_HEX) == NGX_OK);

    ngx_stub_pool_destroy(pool);
}


/* stands in for OpenSSL's, to see that it is what compares signatures */

int
CRYPTO_memcmp(const void *a, const void *b, size_t len)
{
    size_t         i;
    u_char         differ;
    const u_char  *p, *q;

    p = a;
    q = b;
    differ = 0;

    for (i = 0; i < len; i++) {
        differ |= p[i] ^ q[i];
    }

    if (len == NGX_VERIFF_HMAC_HEX_LEN / 2) {
        compared++;
    }

    return differ;
}


static void
test_constant_time(void)
{
    ngx_uint_t             i;
    ngx_pool_t            *pool;
    ngx_veriff_secrets_t  *secrets;

    static const char  *hex[] = { ID_HEX, ID_SECOND_HEX, SUBMITTED_HEX };

    unit_group("every secret is compared, whichever matches, in whole");

    pool = ngx_stub_pool_create();

    secrets = secrets_create(pool, KEY, SECOND, "third");

    for (i = 0; i < 3; i++) {
        compared = 0;

        expect(verify(secrets, ID, strlen(ID), hex[i])
               == ((i < 2) ? NGX_OK : NGX_DECLINED));
        expect(compared == 3);
    }

    ngx_stub_pool_destroy(pool);
}


static void
test_many_secrets(void)
{
    char                   text[17][8];
    const char            *list[18];
    u_char                 hex[NGX_VERIFF_HMAC_HEX_LEN + 1];
    ngx_uint_t             i;
    ngx_pool_t            *pool;
    ngx_array_t           *array;
    ngx_veriff_secrets_t  *all, *one;

    unit_group("how many secrets there may be");

    pool = ngx_stub_pool_create();

    for (i = 0; i < 17; i++) {
        memcpy(text[i], "secret", 6);
        text[i][6] = (char) ('a' + i);
        text[i][7] = '\0';
        list[i] = text[i];
    }

    list[17] = NULL;
    array = unit_array(pool, list);
    expect(ngx_veriff_secrets_create(pool, array) == NULL);

    array->nelts = NGX_VERIFF_SECRETS_MAX;
    all = ngx_veriff_secrets_create(pool, array);
    expect(all != NULL);

    for (i = 0; i < 17; i++) {
        one = secrets_create(pool, text[i], NULL, NULL);
        sign(one, "x", 1, hex);
        hex[NGX_VERIFF_HMAC_HEX_LEN] = '\0';

        expect_at(verify(all, "x", 1, (char *) hex)
                  == (i < 16 ? NGX_OK : NGX_DECLINED), text[i]);
    }

    array->nelts = 0;
    expect(ngx_veriff_secrets_create(pool, array) == NULL);

    list[0] = "a";
    list[1] = "";
    list[2] = "b";
    list[3] = NULL;
    expect(ngx_veriff_secrets_create(pool, unit_array(pool, list)) == NULL);

    ngx_stub_pool_destroy(pool);
}


static void
test_chunks(void)
{
    size_t                 i, n, len;
    u_char                *p;
    ngx_int_t              rc;
    ngx_str_t              hex;
    ngx_pool_t            *pool, *request;
    const char            *message;
    ngx_veriff_hmac_t     *hmac;
    ngx_veriff_secrets_t  *secrets;

    unit_group("a message in pieces of any size");

    pool = ngx_stub_pool_create();
    secrets = secrets_create(pool, SECOND, KEY, NULL);

    message = vectors[13].message;
    len = strlen(message);
    hex = unit_str(pool, vectors[13].hex);

    for (n = 1; n <= len + 1; n++) {
        request = ngx_stub_pool_create();

        hmac = ngx_veriff_hmac_start(request, secrets, 1);
        rc = NGX_OK;

        for (i = 0; i < len; i += n) {
            p = (u_char *) message + i;

            rc |= ngx_veriff_hmac_update(hmac, p, 0);
            rc |= ngx_veriff_hmac_update(hmac, NULL, 0);
            rc |= ngx_veriff_hmac_update(hmac, p, ngx_min(n, len - i));
        }

        expect_at(rc == NGX_OK, unit_at("size", n));
        expect_at(ngx_veriff_hmac_verify(hmac, &hex) == NGX_OK,
                  unit_at("size", n));

        ngx_stub_pool_destroy(request);
    }

    ngx_stub_pool_destroy(pool);
}


static void
test_interleaved(void)
{
    u_char                 ch;
    size_t                 i, j, longest;
    u_char                 hex[NGX_VERIFF_HMAC_HEX_LEN];
    ngx_str_t              signature;
    ngx_pool_t            *pool, *request[15];
    ngx_veriff_hmac_t     *verifying[15], *signing[15];
    ngx_veriff_secrets_t  *secrets;

    unit_group("interleaved computations");

    pool = ngx_stub_pool_create();
    secrets = secrets_create(pool, KEY, SECOND, NULL);

    longest = 0;

    for (i = 0; i < 15; i++) {
        request[i] = ngx_stub_pool_create();
        verifying[i] = ngx_veriff_hmac_start(request[i], secrets, 1);
        signing[i] = ngx_veriff_hmac_start(request[i], secrets, 0);

        longest = ngx_max(longest, strlen(vectors[i].message));
    }

    for (j = 0; j < longest; j++) {
        for (i = 0; i < 15; i++) {
            if (j < strlen(vectors[i].message)) {
                ch = (u_char) vectors[i].message[j];

                (void) ngx_veriff_hmac_update(verifying[i], &ch, 1);
                (void) ngx_veriff_hmac_update(signing[i], &ch, 1);
            }
        }
    }

    for (i = 0; i < 15; i++) {
        signature = unit_str(request[i], vectors[i].hex);

        expect_at(ngx_veriff_hmac_verify(verifying[i], &signature) == NGX_OK,
                  vectors[i].hex);
        expect_at(ngx_veriff_hmac_sign(signing[i], hex) == NGX_OK
                  && memcmp(hex, vectors[i].hex, sizeof(hex)) == 0,
                  vectors[i].hex);

        ngx_stub_pool_destroy(request[i]);
    }

    ngx_stub_pool_destroy(pool);
}


static void
test_reuse(void)
{
    ngx_uint_t             i, n, live;
    ngx_pool_t            *pool;
    ngx_veriff_secrets_t  *secrets;

    unit_group("contexts are used again, and make the same");

    pool = ngx_stub_pool_create();
    secrets = secrets_create(pool, SECOND, KEY, "third");

    (void) verify(secrets, ID, strlen(ID), ID_HEX);

    n = crypto_allocations;
    live = crypto_live;

    for (i = 0; i < 5000; i++) {
        expect_at(verify(secrets, ID, strlen(ID), ID_HEX) == NGX_OK,
                  unit_at("round", i));
        expect_at(verify(secrets, ID, strlen(ID) - 1, ID_HEX) == NGX_DECLINED,
                  unit_at("round", i));
        expect_at(verify(secrets, SUBMITTED, strlen(SUBMITTED), "x")
                  == NGX_DECLINED, unit_at("round", i));
    }

    n = crypto_allocations - n;

    expect(crypto_live == live);

    /*
     * no fetch, no copy of a context, no key: what is left is the state of
     * a digest, copied at each start and at each end
     */

    expect(n <= 5000 * 3 * 5);

    expect(signs(secrets, ID, ID_SECOND_HEX));

    ngx_stub_pool_destroy(pool);
}


static void
test_abandoned(void)
{
    ngx_uint_t             i, live;
    ngx_pool_t            *pool, *request;
    ngx_veriff_hmac_t     *hmac;
    ngx_veriff_secrets_t  *secrets;

    unit_group("computations that are never finished");

    pool = ngx_stub_pool_create();
    secrets = secrets_create(pool, KEY, SECOND, NULL);

    live = 0;

    for (i = 0; i < 100; i++) {
        request = ngx_stub_pool_create();

        hmac = ngx_veriff_hmac_start(request, secrets, 1);
        expect(hmac != NULL);
        (void) ngx_veriff_hmac_update(hmac, (u_char *) "left behind", 11);

        ngx_stub_pool_destroy(request);

        if (i == 0) {
            live = crypto_live;
        }
    }

    expect(crypto_live == live);

    /* nothing of them is in the next one */

    expect(verify(secrets, ID, strlen(ID), ID_HEX) == NGX_OK);
    expect(signs(secrets, "", vectors[10].hex));

    ngx_stub_pool_destroy(pool);
}


static void
test_after_end(void)
{
    u_char                 hex[NGX_VERIFF_HMAC_HEX_LEN];
    ngx_str_t              signature;
    ngx_pool_t            *pool, *request;
    ngx_veriff_hmac_t     *hmac, *other;
    ngx_veriff_secrets_t  *secrets;

    unit_group("a finished computation is finished");

    pool = ngx_stub_pool_create();
    request = ngx_stub_pool_create();

    secrets = secrets_create(pool, KEY, NULL, NULL);
    signature = unit_str(pool, ID_HEX);

    hmac = ngx_veriff_hmac_start(request, secrets, 1);
    (void) ngx_veriff_hmac_update(hmac, (u_char *) ID, strlen(ID));
    expect(ngx_veriff_hmac_verify(hmac, &signature) == NGX_OK);

    /* another one has the context now: it must not be disturbed */

    other = ngx_veriff_hmac_start(request, secrets, 1);

    expect(ngx_veriff_hmac_update(hmac, (u_char *) "x", 1) == NGX_ERROR);
    expect(ngx_veriff_hmac_verify(hmac, &signature) == NGX_ERROR);
    expect(ngx_veriff_hmac_sign(hmac, hex) == NGX_ERROR);

    (void) ngx_veriff_hmac_update(other, (u_char *) ID, strlen(ID));
    expect(ngx_veriff_hmac_verify(other, &signature) == NGX_OK);

    ngx_stub_pool_destroy(request);

    expect(verify(secrets, ID, strlen(ID), ID_HEX) == NGX_OK);

    ngx_stub_pool_destroy(pool);
}


static void
test_no_memory(void)
{
    u_char                 hex[NGX_VERIFF_HMAC_HEX_LEN];
    ngx_int_t              rc;
    ngx_str_t              signature;
    ngx_uint_t             n, failed;
    ngx_pool_t            *pool, *request;
    const char            *list[3] = { KEY, SECOND, NULL };
    ngx_array_t           *array;
    ngx_veriff_hmac_t     *hmac;
    ngx_veriff_secrets_t  *secrets;

    unit_group("allocation failures");

    for (n = 1, failed = 1; failed; n++) {
        pool = ngx_stub_pool_create();
        request = ngx_stub_pool_create();

        array = unit_array(pool, list);
        signature = unit_str(pool, ID_HEX);

        rc = NGX_ERROR;
        hmac = NULL;

        ngx_stub_fail_after(n);
        secrets = ngx_veriff_secrets_create(pool, array);

        if (secrets) {
            hmac = ngx_veriff_hmac_start(request, secrets, 1);
        }

        if (hmac) {
            rc = ngx_veriff_hmac_update(hmac, (u_char *) ID, strlen(ID));
        }

        if (rc == NGX_OK) {
            rc = ngx_veriff_hmac_verify(hmac, &signature);
        }

        failed = ngx_stub_failed();
        ngx_stub_fail_after(0);

        expect_at(rc == NGX_OK || (failed && rc == NGX_ERROR),
                  unit_at("allocation", n));

        ngx_stub_pool_destroy(request);
        ngx_stub_pool_destroy(pool);
    }

    expect(n > 10);

    for (n = 1, failed = 1; failed; n++) {
        pool = ngx_stub_pool_create();
        request = ngx_stub_pool_create();

        secrets = secrets_create(pool, KEY, SECOND, NULL);

        rc = NGX_ERROR;

        ngx_stub_fail_after(n);
        hmac = ngx_veriff_hmac_start(request, secrets, 0);

        if (hmac) {
            (void) ngx_veriff_hmac_update(hmac, (u_char *) ID, strlen(ID));
            rc = ngx_veriff_hmac_sign(hmac, hex);
        }

        failed = ngx_stub_failed();
        ngx_stub_fail_after(0);

        expect_at(rc == (failed ? NGX_ERROR : NGX_OK),
                  unit_at("allocation", n));
        expect_at(failed || memcmp(hex, ID_HEX, sizeof(hex)) == 0,
                  unit_at("allocation", n));

        /* what failed leaves nothing behind that is broken */

        expect(signs(secrets, ID, ID_HEX));
        expect(verify(secrets, ID, strlen(ID), ID_SECOND_HEX) == NGX_OK);

        ngx_stub_pool_destroy(request);
        ngx_stub_pool_destroy(pool);
    }
}


static void *
crypto_malloc(size_t size, const char *file, int line)
{
    void  *p;

    (void) file;
    (void) line;

    p = ngx_stub_malloc(size);

    if (p) {
        crypto_allocations++;
        crypto_live++;
    }

    return p;
}


static void *
crypto_realloc(void *p, size_t size, const char *file, int line)
{
    (void) file;
    (void) line;

    crypto_allocations++;
    crypto_live += (p == NULL);

    return realloc(p, size);
}


static void
crypto_free(void *p, const char *file, int line)
{
    (void) file;
    (void) line;

    crypto_live -= (p != NULL);

    ngx_stub_free(p);
}
