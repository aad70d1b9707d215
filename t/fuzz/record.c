
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "fuzz.h"
#include "ngx_veriff_expiry.h"
#include "ngx_veriff_record.h"


/* Input: the bytes of a record in the store. */


#define NOW        ((time_t) 1800000000)
#define HEAD       18
#define DECIDED    0
#define OPEN       3
#define CREATED    2
#define LENGTHS    10
#define FLAG_OWN   0x01


static void read_right(ngx_veriff_record_t *record, ngx_str_t *input);
static ngx_str_t written(ngx_pool_t *pool, ngx_veriff_record_t *record);
static void judged(ngx_veriff_record_t *record, ngx_str_t *input);
static void goes_on(ngx_pool_t *pool, ngx_veriff_record_t *record);
static uint64_t word(ngx_str_t *input, ngx_uint_t n);
static uint64_t number(u_char *p, size_t bytes);


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    ngx_int_t            rc;
    ngx_str_t            first, second;
    ngx_uint_t           own;
    ngx_veriff_record_t  record, again;

    rc = ngx_veriff_record_read(&record, input->data, input->len);

    fuzz_must(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc != NGX_OK) {
        return;
    }

    read_right(&record, input);

    /* what was read is written as it was, but for what is needless */

    own = ngx_veriff_policy_own(&record.history);
    first = written(pool, &record);

    if (own == (input->data[7] & FLAG_OWN)) {
        fuzz_must(fuzz_same(&first, input)
                  || (own && input->len > first.len));
    }

    fuzz_must(ngx_veriff_record_read(&again, first.data, first.len) == NGX_OK);

    second = written(pool, &again);
    fuzz_must(fuzz_same(&first, &second));

    judged(&record, input);
    goes_on(pool, &record);
}


static void
read_right(ngx_veriff_record_t *record, ngx_str_t *input)
{
    u_char                *p;
    ngx_uint_t             i;
    ngx_veriff_history_t  *h;

    p = input->data;
    h = &record->history;

    fuzz_must(input->len >= HEAD && p[0] == 2);
    fuzz_must(h->standing.status == p[1] && h->open.decision == p[3]);
    fuzz_must(h->standing.session.len == p[5] && p[5] <= 128);
    fuzz_must(h->open.session.len == p[6] && p[6] <= 128);
    fuzz_must(record->revision == number(&p[8], 8));
    fuzz_must((uint64_t) h->standing.decided == word(input, DECIDED));
    fuzz_must((uint64_t) h->open.created == word(input, CREATED));
    fuzz_must((uint64_t) h->open.decided == word(input, OPEN));
    fuzz_must(((uint64_t) record->url.len << 32 | record->user.len)
              == word(input, LENGTHS));

    fuzz_must(h->standing.status == NGX_VERIFF_STATUS_NONE
              || h->standing.status == NGX_VERIFF_STATUS_APPROVED
              || h->standing.status == NGX_VERIFF_STATUS_DECLINED);
    fuzz_must(h->open.dead == NGX_VERIFF_STATUS_NONE
              || h->open.dead == NGX_VERIFF_STATUS_EXPIRED
              || h->open.dead == NGX_VERIFF_STATUS_ABANDONED);
    fuzz_must(h->open.nattempts <= NGX_VERIFF_ATTEMPTS_MAX);
    fuzz_must(h->nscreenings <= NGX_VERIFF_MATCHES_MAX);

    for (i = 0; i < h->open.nattempts; i++) {
        fuzz_must(h->open.attempts[i].event <= NGX_VERIFF_STATUS_SUBMITTED);
    }

    for (i = 1; i < h->nscreenings; i++) {
        fuzz_must(h->screenings[i - 1].hash < h->screenings[i].hash);
    }

    /* what it borrows is the end of the record */

    if (record->url.len) {
        fuzz_must(record->url.data + record->url.len == p + input->len);
    }

    if (record->user.len) {
        fuzz_must(record->user.data + record->user.len + record->url.len
                  == p + input->len);
    }
}


static ngx_str_t
written(ngx_pool_t *pool, ngx_veriff_record_t *record)
{
    ngx_str_t  out;

    out.len = ngx_veriff_record_len(record);
    out.data = ngx_pnalloc(pool, out.len);

    ngx_veriff_record_write(record, out.data);

    return out;
}


/* whatever the settings: without an approval in it nobody is verified */

static void
judged(ngx_veriff_record_t *record, ngx_str_t *input)
{
    ngx_uint_t             i, matched;
    ngx_veriff_state_e     state;
    ngx_veriff_policy_t    policy;
    ngx_veriff_history_t  *h;

    h = &record->history;
    matched = ngx_veriff_policy_matched(h);

    for (i = 0; i < 16; i++) {
        policy.now = NOW;
        policy.max_age = (i & 1) ? 3600 : 0;
        policy.retry_declined = (i & 2) ? 86400 : 0;
        policy.session_lifetime = (i & 4) ? 604800 : 1;
        policy.watchlist = (i & 8) ? 1 : 0;

        state = ngx_veriff_policy_state(h, &policy);

        fuzz_must(ngx_veriff_state_name(state)->len != 0);

        if (state == NGX_VERIFF_VERIFIED) {
            fuzz_must(input->data[1] == NGX_VERIFF_STATUS_APPROVED);
            fuzz_must(!policy.watchlist || !matched);
            fuzz_must(policy.max_age == 0
                      || (int64_t) word(input, DECIDED) / 1000000
                         > NOW - policy.max_age);
        }

        if (state == NGX_VERIFF_REJECTED) {
            fuzz_must(input->data[1] == NGX_VERIFF_STATUS_DECLINED);
        }

        /* a URL is of no use, or it leads somewhere */

        if (ngx_veriff_policy_resumable(h, &policy)) {
            fuzz_must(state != NGX_VERIFF_PENDING && h->open.session.len
                      && !h->open.dead);
            fuzz_must(!ngx_veriff_expiry_url(record, &policy));
        }

        if (ngx_veriff_expiry_user(record, &policy, 5)) {
            fuzz_must(state != NGX_VERIFF_VERIFIED
                      && state != NGX_VERIFF_REJECTED);
        }

        (void) ngx_veriff_policy_retry_at(h, &policy);

        /* any number may stand in an index or a mark */

        (void) ngx_veriff_expiry_session((int64_t) record->revision, &policy);
    }

    (void) ngx_veriff_expiry_mark((int64_t) record->revision, NOW);

    fuzz_must(ngx_veriff_status_name(ngx_veriff_policy_status(h))->len != 0);
}


/* messages may follow whatever was there */

static void
goes_on(ngx_pool_t *pool, ngx_veriff_record_t *record)
{
    ngx_str_t              id, first;
    ngx_uint_t             i;
    ngx_veriff_message_t   message;
    ngx_veriff_record_t    again;

    for (i = 0; i < 4; i++) {

        ngx_memzero(&message, sizeof(ngx_veriff_message_t));

        message.session_id.data = record->history.open.session.data;
        message.session_id.len = record->history.open.session.len;
        message.status = (i == 0) ? NGX_VERIFF_STATUS_SUBMITTED
                         : (i == 1) ? NGX_VERIFF_STATUS_REVIEW
                         : (i == 2) ? NGX_VERIFF_STATUS_APPROVED
                                    : NGX_VERIFF_STATUS_NONE;
        message.match = (i == 3) ? NGX_VERIFF_MATCH_POSSIBLE
                                 : NGX_VERIFF_MATCH_NONE;
        message.time = (int64_t) NOW * 1000000;

        (void) ngx_veriff_policy_apply(&record->history, &message, NOW);

        first = written(pool, record);
        fuzz_must(ngx_veriff_record_read(&again, first.data, first.len)
                  == NGX_OK);
    }

    ngx_str_set(&id, "next");
    ngx_veriff_policy_open(&record->history, &id, NOW);

    first = written(pool, record);
    fuzz_must(ngx_veriff_record_read(&again, first.data, first.len) == NGX_OK);
    fuzz_must(again.history.open.session.len == id.len);
}


/* one of those behind the revision, stored or not */

static uint64_t
word(ngx_str_t *input, ngx_uint_t n)
{
    u_char      *p;
    uint64_t     there;
    ngx_uint_t   i;

    there = number(&input->data[16], 2);
    p = input->data + HEAD;

    if (n == OPEN && (there & 0x4000)) {
        return word(input, DECIDED);
    }

    if (!(there & (1 << n))) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        p += (there & (1 << i)) ? 8 : 0;
    }

    return number(p, 8);
}


static uint64_t
number(u_char *p, size_t bytes)
{
    uint64_t  n;

    for (n = 0; bytes; bytes--) {
        n = n << 8 | p[bytes - 1];
    }

    return n;
}
