
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_rate.h"
#include "unit.h"


static void test_limit(void);
static void test_window(void);
static void test_wait(void);
static void test_lower(void);
static void test_clock(void);
static void test_any_minute(void);
static ngx_uint_t take_all(ngx_veriff_rate_t *rate, ngx_uint_t limit,
    int64_t now);


int
main(void)
{
    test_limit();
    test_window();
    test_wait();
    test_lower();
    test_clock();
    test_any_minute();

    return unit_done();
}


static ngx_uint_t
take_all(ngx_veriff_rate_t *rate, ngx_uint_t limit, int64_t now)
{
    ngx_uint_t  n;

    for (n = 0; ngx_veriff_rate_take(rate, limit, now) == 0; n++) {
        if (n > 1000000) {
            break;
        }
    }

    return n;
}


static void
test_limit(void)
{
    ngx_uint_t         i;
    ngx_veriff_rate_t  rate;

    static ngx_uint_t  limits[] = { 1, 2, 59, 60, 61, 600, 60000 };
    static int64_t     times[] = { 0, 1, 59, 60, 61, 1000000, 1767323045 };

    unit_group("exactly as many as the limit");

    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        ngx_memzero(&rate, sizeof(ngx_veriff_rate_t));

        expect_at(take_all(&rate, limits[i], times[i]) == limits[i],
                  unit_at("limit", limits[i]));
        expect_at(ngx_veriff_rate_wait(&rate, limits[i], times[i]) == 61,
                  unit_at("limit", limits[i]));
    }

    unit_group("asking counts nothing");

    ngx_memzero(&rate, sizeof(ngx_veriff_rate_t));

    for (i = 0; i < 10; i++) {
        expect(ngx_veriff_rate_wait(&rate, 1, 100) == 0);
    }

    expect(ngx_veriff_rate_take(&rate, 1, 100) == 0);

    for (i = 0; i < 10; i++) {
        expect(ngx_veriff_rate_wait(&rate, 1, 100) == 61);
    }
}


static void
test_window(void)
{
    ngx_veriff_rate_t  rate;

    unit_group("one second after another leaves the minute");

    ngx_memzero(&rate, sizeof(ngx_veriff_rate_t));

    expect(ngx_veriff_rate_take(&rate, 3, 100) == 0);
    expect(ngx_veriff_rate_take(&rate, 3, 110) == 0);
    expect(ngx_veriff_rate_take(&rate, 3, 159) == 0);

    expect(take_all(&rate, 3, 159) == 0);
    expect(take_all(&rate, 3, 160) == 0);
    expect(take_all(&rate, 3, 161) == 1);
    expect(take_all(&rate, 3, 170) == 0);
    expect(take_all(&rate, 3, 171) == 1);
    expect(take_all(&rate, 3, 219) == 0);
    expect(take_all(&rate, 3, 220) == 1);
    expect(take_all(&rate, 3, 221) == 0);
    expect(take_all(&rate, 3, 222) == 1);

    unit_group("all of them after more than a minute");

    expect(take_all(&rate, 3, 282) == 2);
    expect(take_all(&rate, 3, 282 + 61) == 3);
    expect(take_all(&rate, 3, 282 + 1000000) == 3);
}


static void
test_wait(void)
{
    int64_t            now;
    ngx_uint_t         wait;
    ngx_veriff_rate_t  rate;

    unit_group("what it tells to wait is enough, and not too long");

    ngx_memzero(&rate, sizeof(ngx_veriff_rate_t));

    expect(take_all(&rate, 7, 1000) == 7);

    for (now = 1000; now < 1061; now++) {
        wait = ngx_veriff_rate_wait(&rate, 7, now);

        expect_at(wait == (ngx_uint_t) (1061 - now), unit_at("s", now));
        expect_at(ngx_veriff_rate_take(&rate, 7, now) == wait,
                  unit_at("s", now));
    }

    expect(ngx_veriff_rate_wait(&rate, 7, 1061) == 0);

    unit_group("the oldest of several seconds");

    ngx_memzero(&rate, sizeof(ngx_veriff_rate_t));

    expect(ngx_veriff_rate_take(&rate, 2, 1000) == 0);
    expect(ngx_veriff_rate_take(&rate, 2, 1030) == 0);
    expect(ngx_veriff_rate_wait(&rate, 2, 1030) == 31);
    expect(ngx_veriff_rate_take(&rate, 2, 1061) == 0);
    expect(ngx_veriff_rate_wait(&rate, 2, 1061) == 30);
}


static void
test_lower(void)
{
    ngx_veriff_rate_t  rate;

    unit_group("a lower limit after a reload");

    ngx_memzero(&rate, sizeof(ngx_veriff_rate_t));

    expect(take_all(&rate, 10, 1000) == 10);
    expect(take_all(&rate, 15, 1020) == 5);
    expect(take_all(&rate, 20, 1050) == 5);

    expect(ngx_veriff_rate_wait(&rate, 16, 1050) == 11);
    expect(ngx_veriff_rate_wait(&rate, 8, 1050) == 31);
    expect(ngx_veriff_rate_wait(&rate, 5, 1050) == 61);
    expect(ngx_veriff_rate_wait(&rate, 1, 1050) == 61);
    expect(ngx_veriff_rate_wait(&rate, 21, 1050) == 0);
}


static void
test_clock(void)
{
    ngx_veriff_rate_t  rate;

    unit_group("processes that are a little behind");

    ngx_memzero(&rate, sizeof(ngx_veriff_rate_t));

    expect(ngx_veriff_rate_take(&rate, 3, 1000) == 0);
    expect(ngx_veriff_rate_take(&rate, 3, 999) == 0);
    expect(ngx_veriff_rate_take(&rate, 3, 940) == 0);
    expect(ngx_veriff_rate_take(&rate, 3, 1000) == 61);
    expect(rate.last == 1000);

    unit_group("a clock that went back does not close it for ever");

    expect(ngx_veriff_rate_take(&rate, 3, 939) == 0);
    expect(rate.last == 939);
    expect(take_all(&rate, 3, 939) == 2);
}


/* against a list of all that have passed */

static void
test_any_minute(void)
{
    int64_t            now;
    uint32_t           seed;
    ngx_uint_t         i, j, n, passed, limit;
    ngx_veriff_rate_t  rate;
    static int64_t     times[20000];

    unit_group("no minute has more, and no room is wasted");

    for (limit = 1; limit < 40; limit += 6) {

        ngx_memzero(&rate, sizeof(ngx_veriff_rate_t));

        passed = 0;
        now = 5000;
        seed = (uint32_t) limit;

        for (i = 0; i < 20000; i++) {
            seed = seed * 1103515245 + 12345;

            if ((seed >> 16) % 8 == 0) {
                now += (seed >> 20) % ((seed >> 28) ? 3 : 90);
            }

            n = 0;

            for (j = passed; j > 0 && times[j - 1] > now - 61; j--) {
                n++;
            }

            if (ngx_veriff_rate_take(&rate, limit, now) == 0) {
                times[passed++] = now;
                expect_at(n < limit, unit_at("passed", i));

            } else {
                expect_at(n == limit, unit_at("refused", i));
            }
        }
    }
}
