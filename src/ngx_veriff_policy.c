
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_policy.h"


#define NGX_VERIFF_USEC  1000000


static void ngx_veriff_policy_begin(ngx_veriff_open_t *open, ngx_str_t *id,
    time_t now);
static ngx_veriff_outcome_e ngx_veriff_policy_message(
    ngx_veriff_history_t *history, ngx_veriff_message_t *message,
    int64_t time);
static int64_t ngx_veriff_policy_time(ngx_veriff_message_t *message,
    time_t now);
static ngx_veriff_outcome_e ngx_veriff_policy_event(ngx_veriff_open_t *open,
    ngx_veriff_message_t *message);
static ngx_veriff_outcome_e ngx_veriff_policy_verdict(
    ngx_veriff_history_t *history, ngx_veriff_message_t *message,
    int64_t time, ngx_uint_t adopted);
static ngx_veriff_outcome_e ngx_veriff_policy_tie(
    ngx_veriff_history_t *history, ngx_veriff_message_t *message,
    ngx_uint_t adopted);
static ngx_veriff_outcome_e ngx_veriff_policy_withdraw(
    ngx_veriff_standing_t *standing, ngx_veriff_message_t *message,
    int64_t time);
static void ngx_veriff_policy_decision(ngx_veriff_open_t *open,
    ngx_veriff_message_t *message, int64_t time);
static ngx_veriff_attempt_t *ngx_veriff_policy_attempt(
    ngx_veriff_open_t *open, ngx_str_t *id);
static ngx_uint_t ngx_veriff_policy_is(ngx_veriff_id_t *id, ngx_str_t *text);
static ngx_uint_t ngx_veriff_policy_vacant(ngx_veriff_history_t *history,
    ngx_veriff_policy_t *policy);


void
ngx_veriff_policy_init(ngx_veriff_history_t *history)
{
    /* padding too: histories are compared as bytes */

    ngx_memzero(history, sizeof(ngx_veriff_history_t));
}


void
ngx_veriff_policy_open(ngx_veriff_history_t *history, ngx_str_t *id,
    time_t now)
{
    ngx_veriff_open_t  *open;

    open = &history->open;

    if (ngx_veriff_policy_is(&history->standing.session, id)) {
        history->standing.adopted = 0;
    }

    if (ngx_veriff_policy_is(&open->session, id)) {
        open->adopted = 0;
        return;
    }

    ngx_veriff_policy_begin(open, id, now);
}


static void
ngx_veriff_policy_begin(ngx_veriff_open_t *open, ngx_str_t *id, time_t now)
{
    ngx_memzero(open, sizeof(ngx_veriff_open_t));

    open->session.len = ngx_min(id->len, NGX_VERIFF_ID_MAX);
    ngx_memcpy(open->session.data, id->data, open->session.len);
    open->created = now;
}


ngx_veriff_outcome_e
ngx_veriff_policy_apply(ngx_veriff_history_t *history,
    ngx_veriff_message_t *message, time_t now)
{
    int64_t  time;

    time = ngx_veriff_policy_time(message, now);

    if (ngx_veriff_policy_is(&history->open.session, &message->session_id)) {
        return ngx_veriff_policy_message(history, message, time);
    }

    if (ngx_veriff_policy_is(&history->standing.session,
                             &message->session_id))
    {
        return message->match
               ? ngx_veriff_policy_match(history, message, time)
               : ngx_veriff_policy_withdraw(&history->standing, message,
                                            time);
    }

    return NGX_VERIFF_FOREIGN;
}


ngx_veriff_outcome_e
ngx_veriff_policy_adopt(ngx_veriff_history_t *history,
    ngx_veriff_message_t *message, ngx_veriff_policy_t *policy)
{
    int64_t                time;
    ngx_veriff_open_t     *open;
    ngx_veriff_outcome_e   outcome;
    ngx_veriff_standing_t  before;

    open = &history->open;
    time = ngx_veriff_policy_time(message, policy->now);

    if (message->match) {

        /* may come long after: it opens nothing */

        return ngx_veriff_policy_match(history, message, time);
    }

    if (message->status < NGX_VERIFF_STATUS_STARTED) {
        return NGX_VERIFF_IGNORED;
    }

    if (!ngx_veriff_policy_is(&open->session, &message->session_id)
        && ngx_veriff_policy_vacant(history, policy))
    {
        ngx_veriff_policy_begin(open, &message->session_id, policy->now);
        open->adopted = 1;
    }

    if (ngx_veriff_policy_is(&open->session, &message->session_id)) {
        return ngx_veriff_policy_message(history, message, time);
    }

    if (message->status != NGX_VERIFF_STATUS_APPROVED
        && message->status != NGX_VERIFF_STATUS_DECLINED)
    {
        return NGX_VERIFF_FOREIGN;
    }

    before = history->standing;

    outcome = ngx_veriff_policy_verdict(history, message, time, 1);

    if (outcome == NGX_VERIFF_APPLIED
        && ngx_memcmp(&before, &history->standing,
                      sizeof(ngx_veriff_standing_t))
           == 0)
    {
        return NGX_VERIFF_DUPLICATE;
    }

    return outcome;
}


/* of the open session */

static ngx_veriff_outcome_e
ngx_veriff_policy_message(ngx_veriff_history_t *history,
    ngx_veriff_message_t *message, int64_t time)
{
    ngx_veriff_outcome_e  outcome;
    ngx_veriff_history_t  before;

    if (message->match) {
        return ngx_veriff_policy_match(history, message, time);
    }

    before = *history;

    switch (message->status) {

    case NGX_VERIFF_STATUS_STARTED:
    case NGX_VERIFF_STATUS_SUBMITTED:
        outcome = ngx_veriff_policy_event(&history->open, message);
        break;

    case NGX_VERIFF_STATUS_EXPIRED:
    case NGX_VERIFF_STATUS_ABANDONED:

        /* both end the session; the greater wins, whichever came first */

        history->open.dead = ngx_max(history->open.dead, message->status);
        outcome = NGX_VERIFF_APPLIED;
        break;

    case NGX_VERIFF_STATUS_RESUBMISSION:
    case NGX_VERIFF_STATUS_REVIEW:
        ngx_veriff_policy_decision(&history->open, message, time);
        outcome = NGX_VERIFF_APPLIED;
        break;

    case NGX_VERIFF_STATUS_APPROVED:
    case NGX_VERIFF_STATUS_DECLINED:
        outcome = ngx_veriff_policy_verdict(history, message, time,
                                            history->open.adopted);
        ngx_veriff_policy_decision(&history->open, message, time);
        break;

    default:
        return NGX_VERIFF_IGNORED;
    }

    if (outcome == NGX_VERIFF_APPLIED
        && ngx_memcmp(&before, history, sizeof(ngx_veriff_history_t)) == 0)
    {
        return NGX_VERIFF_DUPLICATE;
    }

    return outcome;
}


/* a time far ahead is no reason to stand for ever */

static int64_t
ngx_veriff_policy_time(ngx_veriff_message_t *message, time_t now)
{
    if (message->time
        > ((int64_t) now + NGX_VERIFF_FUTURE_MAX) * NGX_VERIFF_USEC)
    {
        return (int64_t) now * NGX_VERIFF_USEC;
    }

    return message->time;
}


/* an event counts only for an attempt without a decision */

static ngx_veriff_outcome_e
ngx_veriff_policy_event(ngx_veriff_open_t *open,
    ngx_veriff_message_t *message)
{
    ngx_veriff_attempt_t  *attempt;

    attempt = ngx_veriff_policy_attempt(open, &message->attempt_id);

    if (attempt == NULL || attempt->decided) {
        return NGX_VERIFF_STALE;
    }

    attempt->event = ngx_max(attempt->event, message->status);

    return NGX_VERIFF_APPLIED;
}


/*
 * A verdict of the open session, or of an adopted one, stands if it is newer
 * than the one before; of two at the same time the one that declines.
 */

static ngx_veriff_outcome_e
ngx_veriff_policy_verdict(ngx_veriff_history_t *history,
    ngx_veriff_message_t *message, int64_t time, ngx_uint_t adopted)
{
    ngx_str_t              *id;
    ngx_veriff_outcome_e    outcome;
    ngx_veriff_standing_t  *standing;

    standing = &history->standing;
    id = &message->session_id;

    if (time == 0) {
        return NGX_VERIFF_APPLIED;
    }

    if (standing->status != NGX_VERIFF_STATUS_NONE) {

        if (time < standing->decided) {
            return NGX_VERIFF_STALE;
        }

        if (time == standing->decided) {
            outcome = ngx_veriff_policy_tie(history, message, adopted);

            if (outcome != NGX_VERIFF_APPLIED) {
                return (outcome == NGX_VERIFF_DUPLICATE) ? NGX_VERIFF_APPLIED
                                                         : outcome;
            }
        }
    }

    ngx_memzero(&standing->session, sizeof(ngx_veriff_id_t));

    standing->status = message->status;
    standing->session.len = ngx_min(id->len, NGX_VERIFF_ID_MAX);
    ngx_memcpy(standing->session.data, id->data, standing->session.len);
    standing->decided = time;
    standing->withdrawn = 0;
    standing->adopted = adopted;

    return NGX_VERIFF_APPLIED;
}


/*
 * At the time of the verdict that stands: APPLIED (it gives way), DUPLICATE
 * (it stays, they say the same) or STALE.  Which session's it is must not
 * depend on the order either: the open one that the gateway made comes first,
 * then adopted ones by their ids.
 */

static ngx_veriff_outcome_e
ngx_veriff_policy_tie(ngx_veriff_history_t *history,
    ngx_veriff_message_t *message, ngx_uint_t adopted)
{
    ngx_veriff_id_t        *id;
    ngx_veriff_standing_t  *standing;

    standing = &history->standing;
    id = &standing->session;

    if (message->status != standing->status) {
        return (message->status == NGX_VERIFF_STATUS_DECLINED)
               ? NGX_VERIFF_APPLIED : NGX_VERIFF_STALE;
    }

    if (ngx_veriff_policy_is(id, &message->session_id)) {
        return NGX_VERIFF_DUPLICATE;
    }

    if (!standing->adopted && !ngx_veriff_policy_own(history)) {

        /* a superseded session's */

        return (message->status == NGX_VERIFF_STATUS_DECLINED)
               ? NGX_VERIFF_APPLIED : NGX_VERIFF_STALE;
    }

    if (!adopted) {
        return NGX_VERIFF_APPLIED;
    }

    if (!standing->adopted || message->session_id.len > id->len
        || (message->session_id.len == id->len
            && ngx_memcmp(message->session_id.data, id->data, id->len) > 0))
    {
        return NGX_VERIFF_DUPLICATE;
    }

    return NGX_VERIFF_APPLIED;
}


/*
 * A superseded session can only take away: the approval that it gave itself.
 * The approval's own time stays, so that a verdict of the open session is
 * compared with the same one whichever of the two came first.
 */

static ngx_veriff_outcome_e
ngx_veriff_policy_withdraw(ngx_veriff_standing_t *standing,
    ngx_veriff_message_t *message, int64_t time)
{
    if (message->status != NGX_VERIFF_STATUS_DECLINED) {
        return NGX_VERIFF_FOREIGN;
    }

    if (time == 0 || time < standing->decided) {
        return NGX_VERIFF_STALE;
    }

    if (standing->status == NGX_VERIFF_STATUS_APPROVED) {
        standing->status = NGX_VERIFF_STATUS_DECLINED;
        standing->withdrawn = time;
        return NGX_VERIFF_APPLIED;
    }

    if (time <= standing->withdrawn || standing->withdrawn == 0) {
        return NGX_VERIFF_DUPLICATE;
    }

    standing->withdrawn = time;

    return NGX_VERIFF_APPLIED;
}


/* the latest decision of the open session, and its attempts that have one */

static void
ngx_veriff_policy_decision(ngx_veriff_open_t *open,
    ngx_veriff_message_t *message, int64_t time)
{
    ngx_veriff_attempt_t  *attempt;

    attempt = ngx_veriff_policy_attempt(open, &message->attempt_id);

    if (attempt) {
        attempt->decided = 1;
        attempt->event = NGX_VERIFF_STATUS_NONE;
    }

    if (time > open->decided
        || (time == open->decided && message->status > open->decision))
    {
        open->decision = message->status;
        open->decided = time;
    }
}


static ngx_veriff_attempt_t *
ngx_veriff_policy_attempt(ngx_veriff_open_t *open, ngx_str_t *id)
{
    uint64_t               hash;
    ngx_uint_t             n;
    ngx_veriff_attempt_t   swap;

    hash = ngx_veriff_policy_hash(id->data, id->len);

    for (n = 0; n < open->nattempts; n++) {
        if (open->attempts[n].hash == hash) {
            return &open->attempts[n];
        }
    }

    if (n == NGX_VERIFF_ATTEMPTS_MAX) {
        return NULL;
    }

    open->nattempts++;
    open->attempts[n].hash = hash;

    /* sorted, so that the order of arrival leaves no trace */

    while (n > 0 && open->attempts[n - 1].hash > hash) {
        swap = open->attempts[n];
        open->attempts[n] = open->attempts[n - 1];
        open->attempts[n - 1] = swap;
        n--;
    }

    return &open->attempts[n];
}


static ngx_uint_t
ngx_veriff_policy_is(ngx_veriff_id_t *id, ngx_str_t *text)
{
    return id->len != 0 && id->len == text->len
           && ngx_memcmp(id->data, text->data, id->len) == 0;
}


/* an adopted session may become the open one */

static ngx_uint_t
ngx_veriff_policy_vacant(ngx_veriff_history_t *history,
    ngx_veriff_policy_t *policy)
{
    ngx_veriff_open_t  *open;

    open = &history->open;

    if (open->session.len == 0) {
        return 1;
    }

    return open->adopted
           ? !ngx_veriff_policy_live(history, policy)
           : open->created + policy->session_lifetime <= policy->now;
}
