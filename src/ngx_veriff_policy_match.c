
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_policy.h"


static ngx_veriff_screening_t *ngx_veriff_policy_screening(
    ngx_veriff_history_t *history, uint64_t hash);
static void ngx_veriff_policy_screened(ngx_veriff_history_t *history,
    ngx_veriff_screening_t *screening);
static void ngx_veriff_policy_crowded(ngx_veriff_history_t *history);
static void ngx_veriff_policy_unscreen(ngx_veriff_history_t *history,
    ngx_veriff_screening_t *screening);


ngx_veriff_outcome_e
ngx_veriff_policy_match(ngx_veriff_history_t *history,
    ngx_veriff_message_t *message, int64_t time)
{
    ngx_veriff_screening_t  next, *screening;

    next.hash = ngx_veriff_policy_hash(message->session_id.data,
                                       message->session_id.len);
    next.time = time;
    next.match = message->match;

    screening = ngx_veriff_policy_screening(history, next.hash);

    if (screening == NULL) {
        ngx_veriff_policy_screened(history, &next);
        return NGX_VERIFF_APPLIED;
    }

    if (time < screening->time
        || (time == screening->time && next.match < screening->match))
    {
        return NGX_VERIFF_STALE;
    }

    if (time == screening->time && next.match == screening->match) {
        return NGX_VERIFF_DUPLICATE;
    }

    *screening = next;

    return NGX_VERIFF_APPLIED;
}


ngx_uint_t
ngx_veriff_policy_matched(ngx_veriff_history_t *history)
{
    ngx_veriff_id_t         *id;
    ngx_veriff_screening_t  *screening;

    if (history->standing.status != NGX_VERIFF_STATUS_APPROVED) {
        return 0;
    }

    id = &history->standing.session;

    screening = ngx_veriff_policy_screening(history,
                                  ngx_veriff_policy_hash(id->data, id->len));

    return screening && screening->match == NGX_VERIFF_MATCH_POSSIBLE;
}


void
ngx_veriff_policy_unmatch(ngx_veriff_history_t *history, ngx_str_t *id)
{
    ngx_veriff_screening_t  *screening;

    screening = ngx_veriff_policy_screening(history,
                                  ngx_veriff_policy_hash(id->data, id->len));

    if (screening) {
        ngx_veriff_policy_unscreen(history, screening);
    }
}


static ngx_veriff_screening_t *
ngx_veriff_policy_screening(ngx_veriff_history_t *history, uint64_t hash)
{
    ngx_uint_t  i;

    for (i = 0; i < history->nscreenings; i++) {
        if (history->screenings[i].hash == hash) {
            return &history->screenings[i];
        }
    }

    return NULL;
}


/* sorted, so that the order of arrival leaves no trace */

static void
ngx_veriff_policy_screened(ngx_veriff_history_t *history,
    ngx_veriff_screening_t *screening)
{
    ngx_uint_t               n;
    ngx_veriff_screening_t  *s;

    if (history->nscreenings == NGX_VERIFF_MATCHES_MAX) {
        ngx_veriff_policy_crowded(history);
    }

    s = history->screenings;

    for (n = history->nscreenings++; n > 0; n--) {

        if (s[n - 1].hash < screening->hash) {
            break;
        }

        s[n] = s[n - 1];
    }

    s[n] = *screening;
}


/* makes room; there are more than the two that are needed */

static void
ngx_veriff_policy_crowded(ngx_veriff_history_t *history)
{
    uint64_t                 open, standing;
    ngx_uint_t               i;
    ngx_veriff_id_t         *id;
    ngx_veriff_screening_t  *s, *least;

    id = &history->open.session;
    open = ngx_veriff_policy_hash(id->data, id->len);

    id = &history->standing.session;
    standing = ngx_veriff_policy_hash(id->data, id->len);

    least = NULL;

    for (i = 0; i < history->nscreenings; i++) {
        s = &history->screenings[i];

        if (s->hash == open || s->hash == standing) {
            continue;
        }

        if (least == NULL || s->match < least->match
            || (s->match == least->match && s->time < least->time))
        {
            least = s;
        }
    }

    if (least) {
        ngx_veriff_policy_unscreen(history, least);
    }
}


static void
ngx_veriff_policy_unscreen(ngx_veriff_history_t *history,
    ngx_veriff_screening_t *screening)
{
    ngx_veriff_screening_t  *last;

    last = &history->screenings[--history->nscreenings];

    for ( /* void */ ; screening < last; screening++) {
        *screening = screening[1];
    }

    /* histories are compared as bytes */

    ngx_memzero(last, sizeof(ngx_veriff_screening_t));
}


/* FNV-1a: the ids are the provider's, and few */

uint64_t
ngx_veriff_policy_hash(u_char *data, size_t len)
{
    size_t    i;
    uint64_t  hash;

    if (len == 0) {
        return 0;
    }

    hash = 0xcbf29ce484222325ULL;

    for (i = 0; i < len; i++) {
        hash ^= data[i];
        hash *= 0x100000001b3ULL;
    }

    return hash;
}
