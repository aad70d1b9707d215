
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_policy.h"


#define NGX_VERIFF_USEC  1000000


static ngx_uint_t ngx_veriff_policy_valid(ngx_veriff_standing_t *standing,
    ngx_veriff_policy_t *policy);


/* in the order of ngx_veriff_status_e */

static ngx_str_t  ngx_veriff_statuses[] = {
    ngx_string("none"),
    ngx_string("created"),
    ngx_string("started"),
    ngx_string("submitted"),
    ngx_string("resubmission_requested"),
    ngx_string("review"),
    ngx_string("expired"),
    ngx_string("abandoned"),
    ngx_string("approved"),
    ngx_string("declined")
};


/* in the order of ngx_veriff_match_e */

static ngx_str_t  ngx_veriff_matches[] = {
    ngx_null_string,
    ngx_string("no_match"),
    ngx_string("possible_match")
};


static ngx_str_t  ngx_veriff_states[] = {
    ngx_string("UNVERIFIED"),
    ngx_string("PENDING"),
    ngx_string("VERIFIED"),
    ngx_string("REJECTED")
};


ngx_veriff_status_e
ngx_veriff_policy_status(ngx_veriff_history_t *history)
{
    ngx_uint_t            i;
    ngx_veriff_open_t    *open;
    ngx_veriff_status_e   status;

    open = &history->open;

    if (open->session.len == 0) {
        return NGX_VERIFF_STATUS_NONE;
    }

    if (open->dead) {
        return open->dead;
    }

    status = NGX_VERIFF_STATUS_NONE;

    for (i = 0; i < open->nattempts; i++) {

        /* an event that names no attempt: any decision is about it */

        if (open->attempts[i].hash == 0 && open->decision) {
            continue;
        }

        status = ngx_max(status, open->attempts[i].event);
    }

    if (status) {
        return status;
    }

    return open->decision ? open->decision : NGX_VERIFF_STATUS_CREATED;
}


ngx_veriff_state_e
ngx_veriff_policy_state(ngx_veriff_history_t *history,
    ngx_veriff_policy_t *policy)
{
    time_t  again;

    if (policy->watchlist && ngx_veriff_policy_matched(history)) {

        /* also if the approval is too old: another one is no way around */

        return NGX_VERIFF_PENDING;
    }

    if (ngx_veriff_policy_valid(&history->standing, policy)) {
        return NGX_VERIFF_VERIFIED;
    }

    if (ngx_veriff_policy_live(history, policy)) {

        switch (ngx_veriff_policy_status(history)) {

        case NGX_VERIFF_STATUS_SUBMITTED:
        case NGX_VERIFF_STATUS_REVIEW:

        /* these are without a time here, and so no verdict that stands */

        case NGX_VERIFF_STATUS_APPROVED:
        case NGX_VERIFF_STATUS_DECLINED:
            return NGX_VERIFF_PENDING;

        default:
            return NGX_VERIFF_UNVERIFIED;
        }
    }

    if (history->standing.status == NGX_VERIFF_STATUS_DECLINED) {
        again = ngx_veriff_policy_retry_at(history, policy);

        if (again == 0 || again > policy->now) {
            return NGX_VERIFF_REJECTED;
        }
    }

    return NGX_VERIFF_UNVERIFIED;
}


ngx_uint_t
ngx_veriff_policy_resumable(ngx_veriff_history_t *history,
    ngx_veriff_policy_t *policy)
{
    return ngx_veriff_policy_live(history, policy)
           && ngx_veriff_policy_state(history, policy)
              != NGX_VERIFF_PENDING;
}


ngx_uint_t
ngx_veriff_policy_undecided(ngx_veriff_history_t *history)
{
    ngx_veriff_open_t  *open;

    open = &history->open;

    if (open->decided
        && (open->decision == NGX_VERIFF_STATUS_APPROVED
            || open->decision == NGX_VERIFF_STATUS_DECLINED))
    {
        /* also if another session's later one stands */

        return 0;
    }

    return open->session.len != 0
           && !open->dead
           && !ngx_veriff_policy_own(history);
}


/* the approval stands and is not too old */

static ngx_uint_t
ngx_veriff_policy_valid(ngx_veriff_standing_t *standing,
    ngx_veriff_policy_t *policy)
{
    if (standing->status != NGX_VERIFF_STATUS_APPROVED) {
        return 0;
    }

    return policy->max_age == 0
           || standing->decided / NGX_VERIFF_USEC + policy->max_age
              > policy->now;
}


ngx_uint_t
ngx_veriff_policy_live(ngx_veriff_history_t *history,
    ngx_veriff_policy_t *policy)
{
    return ngx_veriff_policy_undecided(history)
           && history->open.created + policy->session_lifetime > policy->now;
}


ngx_uint_t
ngx_veriff_policy_own(ngx_veriff_history_t *history)
{
    ngx_veriff_id_t  *id;

    id = &history->standing.session;

    return id->len != 0
           && id->len == history->open.session.len
           && ngx_memcmp(id->data, history->open.session.data, id->len) == 0;
}


time_t
ngx_veriff_policy_retry_at(ngx_veriff_history_t *history,
    ngx_veriff_policy_t *policy)
{
    int64_t                 since;
    ngx_veriff_standing_t  *standing;

    standing = &history->standing;

    if (policy->retry_declined == 0
        || standing->status != NGX_VERIFF_STATUS_DECLINED)
    {
        return 0;
    }

    since = ngx_max(standing->decided, standing->withdrawn);

    return (time_t) (since / NGX_VERIFF_USEC) + policy->retry_declined;
}


ngx_str_t *
ngx_veriff_status_name(ngx_veriff_status_e status)
{
    return &ngx_veriff_statuses[status];
}


ngx_veriff_status_e
ngx_veriff_status_parse(ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = NGX_VERIFF_STATUS_CREATED; i <= NGX_VERIFF_STATUS_DECLINED; i++)
    {
        if (name->len == ngx_veriff_statuses[i].len
            && ngx_memcmp(name->data, ngx_veriff_statuses[i].data, name->len)
               == 0)
        {
            return i;
        }
    }

    return NGX_VERIFF_STATUS_NONE;
}


ngx_veriff_match_e
ngx_veriff_match_parse(ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = NGX_VERIFF_MATCH_NO; i <= NGX_VERIFF_MATCH_POSSIBLE; i++) {
        if (name->len == ngx_veriff_matches[i].len
            && ngx_memcmp(name->data, ngx_veriff_matches[i].data, name->len)
               == 0)
        {
            return i;
        }
    }

    return NGX_VERIFF_MATCH_NONE;
}


ngx_str_t *
ngx_veriff_state_name(ngx_veriff_state_e state)
{
    return &ngx_veriff_states[state];
}
