
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_expiry.h"
#include "unit.h"


#define NOW       2000000000
#define USEC      1000000LL
#define HOUR      3600
#define DAY       86400
#define LIFETIME  (7 * DAY)
#define RATE      5


static ngx_veriff_policy_t  policy;


static void empty(ngx_veriff_record_t *record);
static void opened(ngx_veriff_record_t *record, time_t created);
static void message(ngx_veriff_record_t *record, ngx_veriff_status_e status,
    time_t decided);
static void test_nothing(void);
static void test_open(void);
static void test_verdicts(void);
static void test_screenings(void);
static void test_url(ngx_pool_t *pool);
static void test_ages(void);


#define needless(r)  ngx_veriff_expiry_user(r, &policy, RATE)


int
main(void)
{
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    test_nothing();
    test_open();
    test_verdicts();
    test_screenings();
    test_url(pool);
    test_ages();

    ngx_stub_pool_destroy(pool);

    return unit_done();
}


static void
empty(ngx_veriff_record_t *record)
{
    ngx_memzero(record, sizeof(ngx_veriff_record_t));
    ngx_veriff_policy_init(&record->history);

    ngx_memzero(&policy, sizeof(ngx_veriff_policy_t));
    policy.now = NOW;
    policy.session_lifetime = LIFETIME;
}


static void
opened(ngx_veriff_record_t *record, time_t created)
{
    ngx_str_t  id = ngx_string("session");

    empty(record);
    ngx_veriff_policy_open(&record->history, &id, created);
}


static void
message(ngx_veriff_record_t *record, ngx_veriff_status_e status,
    time_t decided)
{
    ngx_veriff_message_t  m;

    ngx_memzero(&m, sizeof(ngx_veriff_message_t));

    ngx_str_set(&m.session_id, "session");
    ngx_str_set(&m.attempt_id, "attempt");
    m.status = status;
    m.time = decided * USEC;

    expect(ngx_veriff_policy_apply(&record->history, &m, NOW)
           == NGX_VERIFF_APPLIED);
}


static void
test_nothing(void)
{
    ngx_veriff_record_t  r;

    unit_group("a record that says nothing");

    empty(&r);
    expect(needless(&r));

    r.outcome = 503;
    r.outcome_at = (int64_t) NOW * 1000;
    expect(needless(&r));

    unit_group("a lease");

    empty(&r);
    r.lease = (int64_t) NOW * 1000 + 1;
    expect(!needless(&r));
    r.lease = (int64_t) NOW * 1000;
    expect(needless(&r));

    unit_group("what counts for user_rate");

    /* one session of five an hour leaks in twelve minutes */

    empty(&r);
    r.rate_excess = 1000;
    r.rate_last = ((int64_t) NOW - 719) * 1000;
    expect(!needless(&r));
    r.rate_last = ((int64_t) NOW - 720) * 1000;
    expect(needless(&r));

    r.rate_excess = 5000;
    r.rate_last = ((int64_t) NOW - HOUR + 1) * 1000;
    expect(!needless(&r));
    r.rate_last = ((int64_t) NOW - HOUR) * 1000;
    expect(needless(&r));

    /* a clock that was set back, and a time that was never set */

    r.rate_last = ((int64_t) NOW + DAY) * 1000;
    expect(!needless(&r));
    r.rate_last = 0;
    expect(needless(&r));
}


static void
test_open(void)
{
    ngx_veriff_record_t  r;

    unit_group("an open session, for its lifetime and a day");

    opened(&r, NOW - LIFETIME - DAY + 1);
    expect(!needless(&r));
    opened(&r, NOW - LIFETIME - DAY);
    expect(needless(&r));

    /* also a dead one: more may come */

    opened(&r, NOW - LIFETIME - DAY + 1);
    message(&r, NGX_VERIFF_STATUS_ABANDONED, 0);
    expect(!needless(&r));

    opened(&r, NOW - LIFETIME - DAY);
    message(&r, NGX_VERIFF_STATUS_SUBMITTED, 0);
    expect(needless(&r));
}


static void
test_verdicts(void)
{
    time_t               old;
    ngx_veriff_record_t  r;

    old = NOW - 1000 * DAY;

    unit_group("an approval");

    opened(&r, old);
    message(&r, NGX_VERIFF_STATUS_APPROVED, old);
    expect(!needless(&r));

    policy.max_age = 1000 * DAY - DAY;
    expect(needless(&r));
    policy.max_age++;
    expect(!needless(&r));

    /* one of the future does not age */

    opened(&r, old);
    message(&r, NGX_VERIFF_STATUS_APPROVED, NOW + 100);
    policy.max_age = 1;
    expect(!needless(&r));

    unit_group("a refusal");

    opened(&r, old);
    message(&r, NGX_VERIFF_STATUS_DECLINED, old);
    expect(!needless(&r));

    policy.retry_declined = 1000 * DAY - DAY;
    expect(needless(&r));
    policy.retry_declined++;
    expect(!needless(&r));

    unit_group("an approval that was withdrawn");

    opened(&r, old);
    message(&r, NGX_VERIFF_STATUS_APPROVED, old);
    message(&r, NGX_VERIFF_STATUS_DECLINED, NOW - 2 * DAY);
    expect(!needless(&r));

    policy.retry_declined = DAY;
    expect(needless(&r));
    policy.retry_declined = DAY + 1;
    expect(!needless(&r));
}


/* a match may come before all else is known of its session */

static void
test_screenings(void)
{
    ngx_veriff_record_t    record;
    ngx_veriff_message_t   m;

    unit_group("screenings");

    ngx_memzero(&m, sizeof(ngx_veriff_message_t));
    ngx_str_set(&m.session_id, "session");
    m.match = NGX_VERIFF_MATCH_POSSIBLE;
    m.time = (NOW - LIFETIME - DAY + 1) * USEC;

    empty(&record);
    policy.watchlist = 1;
    (void) ngx_veriff_policy_adopt(&record.history, &m, &policy);
    expect(record.history.nscreenings == 1);
    expect(!needless(&record));

    policy.now++;
    expect(needless(&record));
    policy.now--;

    policy.watchlist = 0;
    expect(needless(&record));
    policy.watchlist = 1;

    m.match = NGX_VERIFF_MATCH_NO;
    m.time++;
    (void) ngx_veriff_policy_adopt(&record.history, &m, &policy);
    expect(needless(&record));

    m.match = NGX_VERIFF_MATCH_POSSIBLE;
    m.time = 0;
    empty(&record);
    policy.watchlist = 1;
    (void) ngx_veriff_policy_adopt(&record.history, &m, &policy);
    expect(!needless(&record));

    /* an approval that is withheld stays, however old it is */

    opened(&record, NOW - 1000 * DAY);
    message(&record, NGX_VERIFF_STATUS_APPROVED, NOW - 1000 * DAY);
    m.time = (NOW - 1000 * DAY) * USEC;
    (void) ngx_veriff_policy_apply(&record.history, &m, NOW);
    policy.max_age = DAY;
    expect(needless(&record));
    policy.watchlist = 1;
    expect(!needless(&record));
}


static void
test_url(ngx_pool_t *pool)
{
    ngx_veriff_record_t  r;

    unit_group("a URL, as long as its session");

    opened(&r, NOW - LIFETIME + 1);
    expect(!ngx_veriff_expiry_url(&r, &policy));

    r.url = unit_str(pool, "sealed");
    expect(!ngx_veriff_expiry_url(&r, &policy));

    r.history.open.created--;
    expect(ngx_veriff_expiry_url(&r, &policy));

    /* it may be asked for again */

    opened(&r, NOW);
    r.url = unit_str(pool, "sealed");
    message(&r, NGX_VERIFF_STATUS_SUBMITTED, 0);
    expect(!ngx_veriff_expiry_url(&r, &policy));

    message(&r, NGX_VERIFF_STATUS_EXPIRED, 0);
    expect(ngx_veriff_expiry_url(&r, &policy));
}


static void
test_ages(void)
{
    ngx_veriff_record_t  r;

    unit_group("sessions that were superseded, and webhooks");

    empty(&r);

    expect(!ngx_veriff_expiry_session(NOW - LIFETIME - DAY + 1, &policy));
    expect(ngx_veriff_expiry_session(NOW - LIFETIME - DAY, &policy));
    expect(!ngx_veriff_expiry_session(NOW + 1, &policy));
    expect(!ngx_veriff_expiry_session(INT64_MAX, &policy));
    expect(ngx_veriff_expiry_session(INT64_MIN, &policy));

    expect(!ngx_veriff_expiry_mark(NOW - 8 * DAY + 1, NOW));
    expect(ngx_veriff_expiry_mark(NOW - 8 * DAY, NOW));
    expect(!ngx_veriff_expiry_mark(INT64_MAX, NOW));
    expect(ngx_veriff_expiry_mark(INT64_MIN, NOW));
}
