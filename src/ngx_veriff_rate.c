
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_veriff_rate.h"


static void ngx_veriff_rate_advance(ngx_veriff_rate_t *rate, int64_t now);


ngx_uint_t
ngx_veriff_rate_wait(ngx_veriff_rate_t *rate, ngx_uint_t limit, int64_t now)
{
    int64_t     second;
    uint64_t    left;
    ngx_uint_t  i;

    ngx_veriff_rate_advance(rate, now);

    left = 0;

    for (i = 0; i < NGX_VERIFF_RATE_CELLS; i++) {
        left += rate->cells[i];
    }

    if (left < limit) {
        return 0;
    }

    /* the oldest leave first; a lower limit than before may need several */

    for (second = rate->last - (NGX_VERIFF_RATE_CELLS - 1);
         second < rate->last;
         second++)
    {
        if (second < 0) {
            continue;
        }

        left -= rate->cells[second % NGX_VERIFF_RATE_CELLS];

        if (left < limit) {
            break;
        }
    }

    return (ngx_uint_t) (second + NGX_VERIFF_RATE_CELLS - rate->last);
}


ngx_uint_t
ngx_veriff_rate_take(ngx_veriff_rate_t *rate, ngx_uint_t limit, int64_t now)
{
    ngx_uint_t  wait;

    wait = ngx_veriff_rate_wait(rate, limit, now);

    if (wait == 0) {
        rate->cells[rate->last % NGX_VERIFF_RATE_CELLS]++;
    }

    return wait;
}


static void
ngx_veriff_rate_advance(ngx_veriff_rate_t *rate, int64_t now)
{
    /* processes do not look at the clock at the same moment */

    if (now <= rate->last && now > rate->last - NGX_VERIFF_RATE_CELLS) {
        return;
    }

    if (now < rate->last || now - rate->last >= NGX_VERIFF_RATE_CELLS) {
        ngx_memzero(rate, sizeof(ngx_veriff_rate_t));
        rate->last = now;
        return;
    }

    while (rate->last < now) {
        rate->cells[(rate->last + 1) % NGX_VERIFF_RATE_CELLS] = 0;
        rate->last++;
    }
}
