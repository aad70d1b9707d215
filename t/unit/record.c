
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "ngx_veriff_record.h"
#include "unit.h"


#define SESSION  "aea9ba6d-1b47-47fc-a4fc-f72b6d3584a7"
#define OTHER    "001_5b1f0e52"

/* a head with all of its words */
#define FULL     130


static void full(ngx_pool_t *pool, ngx_veriff_record_t *record);
static ngx_str_t written(ngx_pool_t *pool, ngx_veriff_record_t *record);
static void test_round_trip(ngx_pool_t *pool);
static void test_at_rest(ngx_pool_t *pool);
static void test_layout(ngx_pool_t *pool);
static void test_hostile(ngx_pool_t *pool);


int
main(void)
{
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    test_round_trip(pool);
    test_at_rest(pool);
    test_layout(pool);
    test_hostile(pool);

    ngx_stub_pool_destroy(pool);

    return unit_done();
}


static void
full(ngx_pool_t *pool, ngx_veriff_record_t *record)
{
    ngx_str_t              id;
    ngx_uint_t             i;
    ngx_veriff_history_t  *h;

    ngx_memzero(record, sizeof(ngx_veriff_record_t));

    h = &record->history;
    ngx_veriff_policy_init(h);

    ngx_str_set(&id, SESSION);
    ngx_veriff_policy_open(h, &id, 1);

    h->standing.status = NGX_VERIFF_STATUS_APPROVED;
    h->standing.session = h->open.session;
    h->standing.decided = 1767323045678901LL;
    h->standing.withdrawn = -1;
    h->standing.adopted = 1;

    ngx_str_set(&id, OTHER);
    ngx_veriff_policy_open(h, &id, 1767323045);

    h->open.dead = NGX_VERIFF_STATUS_ABANDONED;
    h->open.decision = NGX_VERIFF_STATUS_RESUBMISSION;
    h->open.decided = 0x0102030405060708LL;
    h->open.nattempts = NGX_VERIFF_ATTEMPTS_MAX;

    for (i = 0; i < NGX_VERIFF_ATTEMPTS_MAX; i++) {
        h->open.attempts[i].hash = 0xfedcba9876543210ULL + i;
        h->open.attempts[i].event = (i % 3 == 0) ? NGX_VERIFF_STATUS_NONE
                                    : (i % 3 == 1) ? NGX_VERIFF_STATUS_STARTED
                                    : NGX_VERIFF_STATUS_SUBMITTED;
        h->open.attempts[i].decided = i % 2;
    }

    h->nscreenings = NGX_VERIFF_MATCHES_MAX;

    for (i = 0; i < NGX_VERIFF_MATCHES_MAX; i++) {
        h->screenings[i].hash = 0x0123456789abcdefULL + i;
        h->screenings[i].time = i ? 1767323045000000LL + (int64_t) i : -1;
        h->screenings[i].match = i % 3;
    }

    record->revision = 0xffffffffffffffffULL;
    record->integration = 0xfedcba0123456789ULL;
    record->lease = 1767323045678LL;
    record->holder = 0x8000000000000001ULL;
    record->outcome_at = 1767323045679LL;
    record->outcome = 503;
    record->retry_after = 3600;
    record->asked = 1767323045680LL;
    record->rate_last = 1767323045681LL;
    record->rate_excess = 0xffffffff;
    record->vendor_data = 0x1122334455667788ULL;
    record->end_user_id = 0x99aabbccddeeff00ULL;
    record->standing_vendor_data = 0x0123456789abcdefULL;
    record->standing_end_user_id = 0xfedcba9876543210ULL;
    record->user = unit_str(pool, "sealed user");
    record->url = unit_repeat(pool, "sealed URL ", 2000);
}


static ngx_str_t
written(ngx_pool_t *pool, ngx_veriff_record_t *record)
{
    size_t     len;
    u_char    *buf;
    ngx_str_t  bytes;

    len = ngx_veriff_record_len(record);

    buf = ngx_stub_malloc(len);
    if (buf == NULL) {
        abort();
    }

    ngx_veriff_record_write(record, buf);

    bytes = unit_mem(pool, buf, len);

    ngx_stub_free(buf);

    return bytes;
}


static void
test_round_trip(ngx_pool_t *pool)
{
    ngx_str_t            bytes;
    ngx_veriff_record_t  r, back;

    unit_group("every field comes back");

    full(pool, &r);
    bytes = written(pool, &r);

    expect(ngx_veriff_record_read(&back, bytes.data, bytes.len) == NGX_OK);
    expect(ngx_memcmp(&back.history, &r.history,
                      sizeof(ngx_veriff_history_t)) == 0);
    expect(back.revision == r.revision);
    expect(back.integration == r.integration);
    expect(back.lease == r.lease);
    expect(back.holder == r.holder);
    expect(back.outcome_at == r.outcome_at);
    expect(back.outcome == r.outcome);
    expect(back.retry_after == r.retry_after);
    expect(back.asked == r.asked);
    expect(back.rate_last == r.rate_last);
    expect(back.rate_excess == r.rate_excess);
    expect(back.vendor_data == r.vendor_data);
    expect(back.end_user_id == r.end_user_id);
    expect(back.standing_vendor_data == r.standing_vendor_data);
    expect(back.standing_end_user_id == r.standing_end_user_id);
    expect_str(back.user, "sealed user");
    expect(back.url.len == r.url.len);
    expect(ngx_memcmp(back.url.data, r.url.data, r.url.len) == 0);

    unit_group("an empty record");

    ngx_memzero(&r, sizeof(ngx_veriff_record_t));
    bytes = written(pool, &r);

    expect(ngx_veriff_record_read(&back, bytes.data, bytes.len) == NGX_OK);
    expect(ngx_memcmp(&back, &r, sizeof(ngx_veriff_record_t)) == 0);
}


/* what most records are, most of the time */

static void
test_at_rest(ngx_pool_t *pool)
{
    ngx_str_t             id, bytes;
    ngx_veriff_record_t   r, back;
    ngx_veriff_message_t  m;

    unit_group("an approved user at rest");

    ngx_memzero(&r, sizeof(ngx_veriff_record_t));
    ngx_veriff_policy_init(&r.history);

    ngx_str_set(&id, SESSION);
    ngx_veriff_policy_open(&r.history, &id, 1);

    ngx_memzero(&m, sizeof(ngx_veriff_message_t));
    ngx_str_set(&m.session_id, SESSION);
    ngx_str_set(&m.attempt_id, "a1");
    m.status = NGX_VERIFF_STATUS_APPROVED;
    m.time = 1767323045678901LL;

    expect(ngx_veriff_policy_apply(&r.history, &m, 1767323045)
           == NGX_VERIFF_APPLIED);

    r.user = unit_repeat(pool, "u", 48);
    r.url = unit_repeat(pool, "url", 1000);
    r.vendor_data = 5;
    r.end_user_id = 6;
    r.history.open.adopted = 1;

    bytes = written(pool, &r);
    expect(bytes.len == 18 + 5 * 8 + 36 + 48);

    expect(ngx_veriff_record_read(&back, bytes.data, bytes.len) == NGX_OK);
    expect(back.history.standing.status == NGX_VERIFF_STATUS_APPROVED);
    expect(back.history.open.nattempts == 0);
    expect(back.history.open.session.len == id.len);
    expect(ngx_memcmp(back.history.open.session.data, SESSION, id.len) == 0);
    expect(back.url.len == 0);
    expect(back.user.len == 48);
    expect(back.standing_vendor_data == 5);
    expect(back.standing_end_user_id == 6);
    expect(back.history.open.adopted == 1);
    expect(back.history.standing.adopted == 0);

    /* and the verdict still is what it was */

    expect(ngx_veriff_policy_apply(&back.history, &m, 1767323045)
           != NGX_VERIFF_STALE);
    m.status = NGX_VERIFF_STATUS_DECLINED;
    expect(ngx_veriff_policy_apply(&back.history, &m, 1767323045)
           == NGX_VERIFF_APPLIED);
}


/* what is on disk must not change by accident */

static void
test_layout(ngx_pool_t *pool)
{
    ngx_str_t            bytes;
    ngx_veriff_record_t  r;

    unit_group("layout");

    full(pool, &r);
    ngx_str_null(&r.url);
    bytes = written(pool, &r);

    expect(bytes.len == FULL + 12 * 9 + 4 * 17 + 36 + 12 + 16 + 11);
    expect(bytes.data[0] == 2);
    expect(bytes.data[1] == NGX_VERIFF_STATUS_APPROVED);
    expect(bytes.data[4] == 12);
    expect(ngx_memcmp(&bytes.data[16], "\xff\x3f", 2) == 0);
    expect(ngx_memcmp(&bytes.data[42], "\x08\x07\x06\x05\x04\x03\x02\x01", 8)
           == 0);
    expect(ngx_memcmp(&bytes.data[94], "\xf7\x01", 2) == 0);
    expect(ngx_memcmp(&bytes.data[FULL],
                      "\x10\x32\x54\x76\x98\xba\xdc\xfe", 8) == 0);
    expect(bytes.data[7] == 4 + (4 << 4));
    expect(ngx_memcmp(&bytes.data[FULL + 12 * 9 + 17],
                      "\xf0\xcd\xab\x89\x67\x45\x23\x01"
                      "\x41\xf3\x4c\xf6\x5e\x47\x06\x00\x01", 17) == 0);
    expect(ngx_memcmp(&bytes.data[FULL + 12 * 9 + 4 * 17],
                      SESSION OTHER "\xef\xcd\xab\x89\x67\x45\x23\x01"
                      "\x10\x32\x54\x76\x98\xba\xdc\xfe" "sealed user",
                      36 + 12 + 16 + 11) == 0);
}


static void
test_hostile(ngx_pool_t *pool)
{
    size_t               i, n;
    ngx_str_t            bytes, cut;
    ngx_uint_t           bit;
    ngx_veriff_record_t  r, back;

    unit_group("cut at every byte, and longer");

    full(pool, &r);
    r.url = unit_str(pool, "url");
    bytes = written(pool, &r);

    for (n = 0; n < bytes.len; n++) {
        cut = unit_mem(pool, bytes.data, n);

        expect(ngx_veriff_record_read(&back, cut.data, cut.len)
               == NGX_DECLINED);
    }

    expect(ngx_veriff_record_read(&back, NULL, 0) == NGX_DECLINED);

    cut = unit_repeat(pool, "x", bytes.len + 1);
    ngx_memcpy(cut.data, bytes.data, bytes.len);

    expect(ngx_veriff_record_read(&back, cut.data, cut.len) == NGX_DECLINED);

    unit_group("every bit flipped");

    for (i = 0; i < bytes.len; i++) {
        for (bit = 0; bit < 8; bit++) {
            cut = unit_mem(pool, bytes.data, bytes.len);
            cut.data[i] ^= 1 << bit;

            if (ngx_veriff_record_read(&back, cut.data, cut.len) != NGX_OK) {
                continue;
            }

            /* what is accepted can be used and written again */

            (void) ngx_veriff_policy_status(&back.history);

            expect(ngx_veriff_record_len(&back) <= cut.len);
            expect(i != 0);
        }
    }

    unit_group("times that nobody can reckon with");

    for (i = 18; i <= 82; i += (i == 50) ? 16 : 8) {
        cut = unit_mem(pool, bytes.data, bytes.len);

        ngx_memset(&cut.data[i], 0xff, 7);
        cut.data[i + 7] = 0x1f;
        expect(ngx_veriff_record_read(&back, cut.data, cut.len) == NGX_OK);

        cut.data[i + 7] = 0x7f;
        expect(ngx_veriff_record_read(&back, cut.data, cut.len)
               == NGX_DECLINED);

        ngx_memset(&cut.data[i], 0, 7);
        cut.data[i + 7] = 0xe0;
        expect(ngx_veriff_record_read(&back, cut.data, cut.len) == NGX_OK);

        cut.data[i + 7] = 0x80;
        expect(ngx_veriff_record_read(&back, cut.data, cut.len)
               == NGX_DECLINED);
    }

    unit_group("one form of each record");

    for (i = 0; i < 14; i++) {
        cut = unit_mem(pool, bytes.data, bytes.len);
        ngx_memzero(&cut.data[18 + 8 * i], 8);
        expect(ngx_veriff_record_read(&back, cut.data, cut.len)
               == NGX_DECLINED);
    }

    cut = unit_mem(pool, bytes.data, bytes.len);
    ngx_memcpy(&cut.data[42], &cut.data[18], 8);
    expect(ngx_veriff_record_read(&back, cut.data, cut.len) == NGX_DECLINED);

    cut = unit_mem(pool, bytes.data, bytes.len);
    cut.data[17] |= 0x40;
    expect(ngx_veriff_record_read(&back, cut.data, cut.len) == NGX_DECLINED);

    cut = unit_mem(pool, bytes.data, bytes.len);
    cut.data[17] |= 0x80;
    expect(ngx_veriff_record_read(&back, cut.data, cut.len) == NGX_DECLINED);

    ngx_memzero(&r, sizeof(ngx_veriff_record_t));
    cut = written(pool, &r);
    expect(cut.len == 18 + 16);
    cut.data[17] |= 0x40;
    expect(ngx_veriff_record_read(&back, cut.data, cut.len) == NGX_DECLINED);

    unit_group("screenings that cannot be");

    cut = unit_mem(pool, bytes.data, bytes.len);
    cut.data[FULL + 12 * 9 + 15] = 0x7f;
    expect(ngx_veriff_record_read(&back, cut.data, cut.len) == NGX_DECLINED);

    cut = unit_mem(pool, bytes.data, bytes.len);
    cut.data[FULL + 12 * 9 + 16] = 3;
    expect(ngx_veriff_record_read(&back, cut.data, cut.len) == NGX_DECLINED);

    cut = unit_mem(pool, bytes.data, bytes.len);
    ngx_memcpy(cut.data + FULL + 12 * 9 + 17, cut.data + FULL + 12 * 9, 8);
    expect(ngx_veriff_record_read(&back, cut.data, cut.len) == NGX_DECLINED);

    cut = unit_mem(pool, bytes.data, bytes.len);
    ngx_memzero(cut.data + FULL + 12 * 9 + 17, 8);
    expect(ngx_veriff_record_read(&back, cut.data, cut.len) == NGX_DECLINED);

    cut = unit_repeat(pool, "\1", bytes.len + 17);
    n = FULL + 12 * 9 + 4 * 17;
    ngx_memcpy(cut.data, bytes.data, n);
    ngx_memset(cut.data + n, 0x7f, 8);
    ngx_memcpy(cut.data + n + 17, bytes.data + n, bytes.len - n);
    cut.data[7] += 1 << 4;
    expect(ngx_veriff_record_read(&back, cut.data, cut.len) == NGX_DECLINED);

    unit_group("another version");

    bytes.data[0] = NGX_VERIFF_RECORD_VERSION + 1;
    expect(ngx_veriff_record_read(&back, bytes.data, bytes.len)
           == NGX_DECLINED);
}
