
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <ctype.h>
#include <time.h>

#include "fuzz.h"
#include "ngx_veriff_time.h"


/* Input: the text of a time. */


static ngx_int_t
oracle(ngx_str_t *text, int64_t *usec)
{
    int         field[6], i, n, hours, minutes;
    u_char     *p, *last;
    struct tm   tm, again;
    time_t      sec;

    static const char  form[] = "nnnn-nn-nnTnn:nn:nn";

    if (text->len < sizeof(form) || text->len > 40) {
        return NGX_DECLINED;
    }

    p = text->data;
    last = p + text->len;
    ngx_memzero(field, sizeof(field));

    for (i = 0, n = 0; form[i]; i++, p++) {
        if (form[i] != 'n') {
            n++;

            if (*p != form[i] && !(form[i] == 'T' && *p == 't')) {
                return NGX_DECLINED;
            }

            continue;
        }

        if (!isdigit(*p)) {
            return NGX_DECLINED;
        }

        field[n] = field[n] * 10 + (*p - '0');
    }

    *usec = 0;

    if (*p == '.') {
        for (i = 100000, p++, n = 0; p < last && isdigit(*p); p++, n++) {
            *usec += (*p - '0') * i;
            i /= 10;
        }

        if (n == 0) {
            return NGX_DECLINED;
        }
    }

    hours = 0;
    minutes = 0;

    if (last - p == 6 && (*p == '+' || *p == '-') && p[3] == ':'
        && isdigit(p[1]) && isdigit(p[2]) && isdigit(p[4]) && isdigit(p[5]))
    {
        hours = (p[1] - '0') * 10 + (p[2] - '0');
        minutes = (p[4] - '0') * 10 + (p[5] - '0');

        if (hours > 23 || minutes > 59) {
            return NGX_DECLINED;
        }

        minutes += hours * 60;

        if (*p == '-') {
            minutes = -minutes;
        }

    } else if (last - p != 1 || (*p != 'Z' && *p != 'z')) {
        return NGX_DECLINED;
    }

    if (field[0] < 2000 || field[0] > 2199 || field[3] > 23 || field[4] > 59
        || field[5] > 60)
    {
        return NGX_DECLINED;
    }

    ngx_memzero(&tm, sizeof(tm));
    tm.tm_year = field[0] - 1900;
    tm.tm_mon = field[1] - 1;
    tm.tm_mday = field[2];

    again = tm;
    sec = timegm(&again);

    /* the C library moves days that are not there */

    if (again.tm_mon != tm.tm_mon || again.tm_mday != tm.tm_mday) {
        return NGX_DECLINED;
    }

    sec += field[3] * 3600 + field[4] * 60 + field[5] - minutes * 60;
    *usec += (int64_t) sec * 1000000;

    return NGX_OK;
}


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    int64_t    usec, expected;
    ngx_int_t  rc;

    expected = 0;
    usec = 1;

    rc = oracle(input, &expected);

    fuzz_must(ngx_veriff_time_parse(input, &usec) == rc);
    fuzz_must(usec == (rc == NGX_OK ? expected : 0));
}
