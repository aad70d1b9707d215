
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>
#include <time.h>

#include "ngx_veriff_time.h"
#include "unit.h"


static void test_times(ngx_pool_t *pool);
static void test_calendar(ngx_pool_t *pool);
static void test_printed(void);
static void test_refused(ngx_pool_t *pool);


static struct {
    const char  *text;
    int64_t      usec;
} times[] = {
    { "2026-01-02T03:04:05.678901Z", 1767323045678901LL },
    { "2026-01-02T03:04:05.678Z", 1767323045678000LL },
    { "2026-01-02T03:04:05Z", 1767323045000000LL },
    { "2026-01-02t03:04:05z", 1767323045000000LL },
    { "2026-01-02T03:04:05.6789019999Z", 1767323045678901LL },
    { "2026-01-02T05:04:05+02:00", 1767323045000000LL },
    { "2026-01-01T21:34:05-05:30", 1767323045000000LL },
    { "2000-01-01T00:00:00Z", 946684800000000LL },
    { "2000-02-29T00:00:00Z", 951782400000000LL },
    { "2100-03-01T00:00:00Z", 4107542400000000LL },
    { "2199-12-31T23:59:59.999999Z", 7258118399999999LL },
    { "2016-12-31T23:59:60Z", 1483228800000000LL }
};


static const char  *refused[] = {
    "", "2026", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04Z",
    "2026-01-02 03:04:05Z", "2026-13-02T03:04:05Z", "2026-00-02T03:04:05Z",
    "2026-01-32T03:04:05Z", "2026-01-00T03:04:05Z", "2026-02-29T03:04:05Z",
    "2100-02-29T00:00:00Z", "2026-04-31T03:04:05Z", "2026-01-02T24:00:00Z",
    "2026-01-02T03:60:05Z", "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z",
    "2026-01-02T03:04:05,1Z", "2026-01-02T03:04:05+0200",
    "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+02:60",
    "2026-01-02T03:04:05ZZ", " 2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05Z ", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z",
    "+026-01-02T03:04:05Z", "2026-1-02T03:04:05Z", "1767323045",
    "2026-01-02T03:04:05.0000000000000000000001Z", "null"
};


int
main(void)
{
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    test_times(pool);
    test_calendar(pool);
    test_refused(pool);
    test_printed();

    ngx_stub_pool_destroy(pool);

    return unit_done();
}


static void
test_times(ngx_pool_t *pool)
{
    int64_t     usec;
    size_t      i;
    ngx_str_t   text;

    unit_group("times");

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        text = unit_str(pool, times[i].text);

        expect_at(ngx_veriff_time_parse(&text, &usec) == NGX_OK,
                  times[i].text);
        expect_at(usec == times[i].usec, times[i].text);
    }
}


/* each day of two centuries is one day after the one before */

static void
test_calendar(ngx_pool_t *pool)
{
    int         n;
    char        buf[sizeof("2000-01-01T00:00:00Z")];
    int64_t     usec, last;
    ngx_str_t   text;
    ngx_uint_t  year, mon, day, days;

    unit_group("calendar");

    last = 946684800000000LL - 86400000000LL;
    days = 0;

    for (year = 2000; year < 2200; year++) {
        for (mon = 1; mon <= 12; mon++) {
            for (day = 1; day <= 31; day++) {

                n = snprintf(buf, sizeof(buf), "%04u-%02u-%02uT00:00:00Z",
                             (unsigned) year, (unsigned) mon, (unsigned) day);

                text.data = (u_char *) buf;
                text.len = n;

                if (ngx_veriff_time_parse(&text, &usec) != NGX_OK) {
                    expect_at(day > 28, buf);
                    break;
                }

                expect_at(usec == last + 86400000000LL, buf);

                last = usec;
                days++;
            }
        }
    }

    expect(days == 73049);

    (void) pool;
}


static void
test_refused(ngx_pool_t *pool)
{
    size_t      i, n;
    int64_t     usec;
    ngx_str_t   text;

    unit_group("refused");

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        text = unit_str(pool, refused[i]);
        usec = 1;

        expect_at(ngx_veriff_time_parse(&text, &usec) == NGX_DECLINED,
                  refused[i]);
        expect_at(usec == 0, refused[i]);
    }

    unit_group("cut at every byte");

    for (n = 0; n < strlen(times[0].text); n++) {
        text = unit_mem(pool, times[0].text, n);

        expect(ngx_veriff_time_parse(&text, &usec) == NGX_DECLINED);
    }
}


/* as libc prints them: a second of each day of some centuries, and limits */

static void
test_printed(void)
{
    char       text[NGX_VERIFF_TIME_LEN + 1];
    u_char    *p, buf[NGX_VERIFF_TIME_LEN];
    time_t     sec;
    struct tm  tm;

    unit_group("printed");

    for (sec = 0; sec < 253402300800; sec += 86400 + 3671) {
        gmtime_r(&sec, &tm);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);

        p = ngx_veriff_time_print(buf, sec);

        expect_at(p == buf + NGX_VERIFF_TIME_LEN, text);
        expect_at(memcmp(buf, text, NGX_VERIFF_TIME_LEN) == 0, text);
    }

    (void) ngx_veriff_time_print(buf, -1);
    expect(memcmp(buf, "1970-01-01T00:00:00Z", NGX_VERIFF_TIME_LEN) == 0);

    (void) ngx_veriff_time_print(buf, 951868799);
    expect(memcmp(buf, "2000-02-29T23:59:59Z", NGX_VERIFF_TIME_LEN) == 0);

    (void) ngx_veriff_time_print(buf, 253402300799);
    expect(memcmp(buf, "9999-12-31T23:59:59Z", NGX_VERIFF_TIME_LEN) == 0);

    /* what a damaged record may say: no more bytes than there are */

    p = ngx_veriff_time_print(buf, (int64_t) 1 << 61);
    expect(p == buf + NGX_VERIFF_TIME_LEN);
}
