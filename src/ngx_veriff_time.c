
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_time.h"


#define NGX_VERIFF_TIME_MAX  40     /* bytes of a time, a fraction included */


static ngx_int_t ngx_veriff_time_number(u_char **pos, u_char *last,
    ngx_uint_t digits, ngx_uint_t min, ngx_uint_t max);
static ngx_int_t ngx_veriff_time_fraction(u_char **pos, u_char *last);
static ngx_int_t ngx_veriff_time_zone(u_char **pos, u_char *last,
    ngx_int_t *minutes);
static ngx_uint_t ngx_veriff_time_is(u_char **pos, u_char *last, u_char c);
static int64_t ngx_veriff_time_days(ngx_int_t year, ngx_int_t mon,
    ngx_int_t day);
static u_char *ngx_veriff_time_digits(u_char *p, ngx_uint_t n, u_char end);


ngx_int_t
ngx_veriff_time_parse(ngx_str_t *text, int64_t *usec)
{
    u_char          *p, *last;
    int64_t          sec;
    ngx_int_t        year, mon, day, hour, min, s, fraction, zone;
    ngx_uint_t       leap, days;

    static u_char    length[] = { 31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31 };

    *usec = 0;

    if (text->len > NGX_VERIFF_TIME_MAX) {
        return NGX_DECLINED;
    }

    p = text->data;
    last = p + text->len;

    if ((year = ngx_veriff_time_number(&p, last, 4, 2000, 2199)) < 0
        || !ngx_veriff_time_is(&p, last, '-')
        || (mon = ngx_veriff_time_number(&p, last, 2, 1, 12)) < 0
        || !ngx_veriff_time_is(&p, last, '-')
        || (day = ngx_veriff_time_number(&p, last, 2, 1, 31)) < 0
        || (!ngx_veriff_time_is(&p, last, 'T')
            && !ngx_veriff_time_is(&p, last, 't'))
        || (hour = ngx_veriff_time_number(&p, last, 2, 0, 23)) < 0
        || !ngx_veriff_time_is(&p, last, ':')
        || (min = ngx_veriff_time_number(&p, last, 2, 0, 59)) < 0
        || !ngx_veriff_time_is(&p, last, ':')
        || (s = ngx_veriff_time_number(&p, last, 2, 0, 60)) < 0
        || (fraction = ngx_veriff_time_fraction(&p, last)) < 0
        || ngx_veriff_time_zone(&p, last, &zone) != NGX_OK
        || p != last)
    {
        return NGX_DECLINED;
    }

    leap = (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    days = length[mon - 1] + (mon == 2 && leap);

    if ((ngx_uint_t) day > days) {
        return NGX_DECLINED;
    }

    sec = ngx_veriff_time_days(year, mon, day) * 86400
          + hour * 3600 + (min - zone) * 60 + s;

    *usec = sec * 1000000 + fraction;

    return NGX_OK;
}


static ngx_int_t
ngx_veriff_time_number(u_char **pos, u_char *last, ngx_uint_t digits,
    ngx_uint_t min, ngx_uint_t max)
{
    ngx_uint_t  i, n;

    if ((size_t) (last - *pos) < digits) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < digits; i++) {
        if (**pos < '0' || **pos > '9') {
            return NGX_ERROR;
        }

        n = n * 10 + (*(*pos)++ - '0');
    }

    return (n < min || n > max) ? NGX_ERROR : (ngx_int_t) n;
}


/* microseconds; zero if there is no fraction */

static ngx_int_t
ngx_veriff_time_fraction(u_char **pos, u_char *last)
{
    u_char     *begin;
    ngx_int_t   n, unit;

    if (!ngx_veriff_time_is(pos, last, '.')) {
        return 0;
    }

    begin = *pos;
    n = 0;

    for (unit = 100000; *pos < last; (*pos)++, unit /= 10) {
        if (**pos < '0' || **pos > '9') {
            break;
        }

        n += (**pos - '0') * unit;
    }

    return (*pos == begin) ? NGX_ERROR : n;
}


static ngx_int_t
ngx_veriff_time_zone(u_char **pos, u_char *last, ngx_int_t *minutes)
{
    ngx_int_t  hour, min, sign;

    *minutes = 0;

    if (ngx_veriff_time_is(pos, last, 'Z')
        || ngx_veriff_time_is(pos, last, 'z'))
    {
        return NGX_OK;
    }

    sign = 1;

    if (ngx_veriff_time_is(pos, last, '-')) {
        sign = -1;

    } else if (!ngx_veriff_time_is(pos, last, '+')) {
        return NGX_DECLINED;
    }

    if ((hour = ngx_veriff_time_number(pos, last, 2, 0, 23)) < 0
        || !ngx_veriff_time_is(pos, last, ':')
        || (min = ngx_veriff_time_number(pos, last, 2, 0, 59)) < 0)
    {
        return NGX_DECLINED;
    }

    *minutes = sign * (hour * 60 + min);

    return NGX_OK;
}


static ngx_uint_t
ngx_veriff_time_is(u_char **pos, u_char *last, u_char c)
{
    if (*pos == last || **pos != c) {
        return 0;
    }

    (*pos)++;

    return 1;
}


/* days since the epoch; a year begins in March, so that leap days end one */

static int64_t
ngx_veriff_time_days(ngx_int_t year, ngx_int_t mon, ngx_int_t day)
{
    if (mon <= 2) {
        mon += 12;
        year -= 1;
    }

    return (int64_t) 365 * year + year / 4 - year / 100 + year / 400
           + (153 * (mon - 3) + 2) / 5 + day - 1 - 719468;
}


u_char *
ngx_veriff_time_print(u_char *p, int64_t sec)
{
    ngx_uint_t  day, time, years, year, mon;

    sec = ngx_max(sec, 0);
    time = (ngx_uint_t) (sec % 86400);

    /* the inverse of the above: calendars repeat after 400 years */

    day = (ngx_uint_t) (sec / 86400) + 719468;
    years = day / 146097 * 400;
    day %= 146097;

    year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;

    mon = (5 * day + 2) / 153;
    day -= (153 * mon + 2) / 5;

    mon += 3;

    if (mon > 12) {
        mon -= 12;
        year += 1;
    }

    year += years;

    *p++ = (u_char) ('0' + year / 1000 % 10);
    *p++ = (u_char) ('0' + year / 100 % 10);

    p = ngx_veriff_time_digits(p, year, '-');
    p = ngx_veriff_time_digits(p, mon, '-');
    p = ngx_veriff_time_digits(p, day + 1, 'T');
    p = ngx_veriff_time_digits(p, time / 3600, ':');
    p = ngx_veriff_time_digits(p, time / 60 % 60, ':');

    return ngx_veriff_time_digits(p, time % 60, 'Z');
}


/* the last two of them, and what follows */

static u_char *
ngx_veriff_time_digits(u_char *p, ngx_uint_t n, u_char end)
{
    *p++ = (u_char) ('0' + n / 10 % 10);
    *p++ = (u_char) ('0' + n % 10);
    *p++ = end;

    return p;
}
