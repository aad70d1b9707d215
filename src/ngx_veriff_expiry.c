
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_expiry.h"


#define NGX_VERIFF_HOUR  3600000        /* ms */


static ngx_uint_t ngx_veriff_expiry_screened(ngx_veriff_history_t *history,
    ngx_veriff_policy_t *policy);
static ngx_uint_t ngx_veriff_expiry_rate(ngx_veriff_record_t *record,
    int64_t now, ngx_uint_t user_rate);


ngx_uint_t
ngx_veriff_expiry_user(ngx_veriff_record_t *record,
    ngx_veriff_policy_t *policy, ngx_uint_t user_rate)
{
    int64_t               now;
    ngx_veriff_open_t    *open;
    ngx_veriff_policy_t   then;

    now = (int64_t) policy->now * 1000;

    if (record->lease > now
        || !ngx_veriff_expiry_rate(record, now, user_rate))
    {
        return 0;
    }

    /* what was so a day ago is so now: nothing comes by waiting */

    then = *policy;
    then.now -= NGX_VERIFF_EXPIRY_GRACE;

    open = &record->history.open;

    if (open->session.len
        && open->created + then.session_lifetime > then.now)
    {
        return 0;
    }

    return ngx_veriff_policy_state(&record->history, &then)
           == NGX_VERIFF_UNVERIFIED
           && !ngx_veriff_expiry_screened(&record->history, &then);
}


/* the session of a match may still be approved */

static ngx_uint_t
ngx_veriff_expiry_screened(ngx_veriff_history_t *history,
    ngx_veriff_policy_t *policy)
{
    ngx_uint_t               i;
    ngx_veriff_screening_t  *s;

    if (!policy->watchlist) {
        return 0;
    }

    for (i = 0; i < history->nscreenings; i++) {
        s = &history->screenings[i];

        if (s->match == NGX_VERIFF_MATCH_POSSIBLE
            && (s->time == 0
                || s->time / 1000000 + policy->session_lifetime
                   > policy->now))
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_veriff_expiry_url(ngx_veriff_record_t *record,
    ngx_veriff_policy_t *policy)
{
    return record->url.len != 0
           && !ngx_veriff_policy_resumable(&record->history, policy)
           && ngx_veriff_policy_state(&record->history, policy)
              != NGX_VERIFF_PENDING;
}


ngx_uint_t
ngx_veriff_expiry_session(int64_t created, ngx_veriff_policy_t *policy)
{
    return created <= policy->now - policy->session_lifetime
                      - NGX_VERIFF_EXPIRY_GRACE;
}


ngx_uint_t
ngx_veriff_expiry_mark(int64_t created, time_t now)
{
    return created <= now - NGX_VERIFF_EXPIRY_MARK;
}


/* the bucket is empty, see ngx_http_veriff_flow_rate() */

static ngx_uint_t
ngx_veriff_expiry_rate(ngx_veriff_record_t *record, int64_t now,
    ngx_uint_t user_rate)
{
    int64_t  passed;

    passed = now - record->rate_last;

    if (record->rate_excess == 0 || passed >= NGX_VERIFF_HOUR) {
        return 1;
    }

    return passed > 0
           && passed * (int64_t) user_rate * 1000 / NGX_VERIFF_HOUR
              >= (int64_t) record->rate_excess;
}
