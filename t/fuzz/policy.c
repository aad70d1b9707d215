
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "fuzz.h"
#include "ngx_veriff_policy.h"
#include "ngx_veriff_record.h"


/*
 * Input: a seed, and messages, four bytes each: session, attempt, status and
 * time.  s1 was superseded by s2, which is open, unless the seed says that
 * there is nothing yet; s3 is nobody's; x1 and x2 are the application's.
 */


#define NOW       ((time_t) 1800000000)
#define USEC      1000000LL
#define LIFETIME  (7 * 86400)
#define MESSAGES  24


typedef struct {
    ngx_veriff_message_t  m;
    char                  session[3];
    char                  attempt[3];
} message_t;


static ngx_uint_t read_message(ngx_str_t *input, message_t *message);
static ngx_uint_t empty(ngx_uint_t seed);
static void begin(ngx_veriff_history_t *history, ngx_uint_t seed);
static void walk(ngx_pool_t *pool, ngx_veriff_history_t *history,
    message_t *messages, ngx_uint_t n, ngx_uint_t approved);
static void step(ngx_veriff_history_t *before, ngx_veriff_history_t *after,
    message_t *message, ngx_veriff_outcome_e outcome);
static void kept(ngx_pool_t *pool, ngx_veriff_history_t *history);
static void shuffle(message_t *messages, ngx_uint_t n, ngx_uint_t seed);
static void same_outcome(ngx_veriff_history_t *a, ngx_veriff_history_t *b,
    ngx_uint_t verdict_only);
static ngx_veriff_outcome_e apply(ngx_veriff_history_t *history,
    message_t *message);
static void settings(ngx_veriff_policy_t *policy);
static ngx_veriff_state_e state(ngx_veriff_history_t *history,
    ngx_uint_t watchlist);
static ngx_uint_t gives(message_t *message);
static ngx_uint_t verdict(message_t *message);


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    message_t              messages[MESSAGES];
    ngx_uint_t             n, i, seed, approved;
    ngx_veriff_history_t   first, second;

    seed = fuzz_byte(input);
    approved = (seed & 1) && !empty(seed);

    for (n = 0; n < MESSAGES; n++) {
        if (!read_message(input, &messages[n])) {
            break;
        }

        approved |= (messages[n].m.status == NGX_VERIFF_STATUS_APPROVED
                     && gives(&messages[n]));
    }

    begin(&first, seed);
    walk(pool, &first, messages, n, approved);

    /* the set of messages says it all: neither order nor repetition */

    for (i = 0; i < 3; i++) {
        shuffle(messages, n, seed + i * 31);

        begin(&second, seed);
        walk(NULL, &second, messages, n, approved);
        same_outcome(&first, &second, empty(seed));

        walk(NULL, &second, messages, n, approved);
        same_outcome(&first, &second, empty(seed));
    }
}


static ngx_uint_t
read_message(ngx_str_t *input, message_t *message)
{
    ngx_uint_t  byte;

    static const char  *sessions[] = { "s1", "s2", "s3", "x1", "x2" };

    if (input->len < 4) {
        return 0;
    }

    ngx_memzero(message, sizeof(message_t));

    byte = fuzz_byte(input);
    strcpy(message->session, sessions[byte % 5]);

    byte = fuzz_byte(input);

    if (byte % 8) {
        snprintf(message->attempt, sizeof(message->attempt), "a%u",
                 (unsigned) (byte % 8));
    }

    message->m.session_id.data = (u_char *) message->session;
    message->m.session_id.len = strlen(message->session);
    message->m.attempt_id.data = (u_char *) message->attempt;
    message->m.attempt_id.len = strlen(message->attempt);

    byte = fuzz_byte(input);

    if (byte >= 0xf0) {
        message->m.match = (byte & 1) ? NGX_VERIFF_MATCH_POSSIBLE
                                      : NGX_VERIFF_MATCH_NO;

    } else {
        message->m.status = byte % (NGX_VERIFF_STATUS_DECLINED + 1);
    }

    /* few of them, so that they meet; none, and one far ahead */

    byte = fuzz_byte(input);

    if (byte >= 0xf0) {
        message->m.time = (NOW + 86400 * (int64_t) byte) * USEC;

    } else if (byte) {
        message->m.time = (NOW - 1000 + (int64_t) byte % 8) * USEC;
    }

    return 1;
}


static ngx_uint_t
empty(ngx_uint_t seed)
{
    return seed % 16 == 15;
}


/* with or without an approval that s1 gave */

static void
begin(ngx_veriff_history_t *history, ngx_uint_t seed)
{
    ngx_str_t  id;
    message_t  message;

    ngx_veriff_policy_init(history);

    if (empty(seed)) {
        return;
    }

    ngx_str_set(&id, "s1");
    ngx_veriff_policy_open(history, &id, NOW - 2000);

    if (seed & 1) {
        ngx_memzero(&message, sizeof(message_t));

        message.m.session_id = id;
        message.m.status = NGX_VERIFF_STATUS_APPROVED;
        message.m.time = (NOW - 1000 + (int64_t) (seed >> 1) % 8) * USEC;

        (void) ngx_veriff_policy_apply(history, &message.m, NOW);
    }

    ngx_str_set(&id, "s2");
    ngx_veriff_policy_open(history, &id, NOW - 1000);
}


static void
walk(ngx_pool_t *pool, ngx_veriff_history_t *history, message_t *messages,
    ngx_uint_t n, ngx_uint_t approved)
{
    ngx_uint_t             i;
    ngx_veriff_history_t   before;
    ngx_veriff_outcome_e   outcome;

    for (i = 0; i < n; i++) {
        before = *history;

        outcome = apply(history, &messages[i]);

        step(&before, history, &messages[i], outcome);

        /* once more is once too many */

        before = *history;

        outcome = apply(history, &messages[i]);

        fuzz_must(outcome != NGX_VERIFF_APPLIED);
        fuzz_must(memcmp(&before, history, sizeof(before)) == 0);

        if (!approved) {
            fuzz_must(state(history, 0) != NGX_VERIFF_VERIFIED);
        }

        if (pool) {
            kept(pool, history);
        }
    }
}


static void
step(ngx_veriff_history_t *before, ngx_veriff_history_t *after,
    message_t *message, ngx_veriff_outcome_e outcome)
{
    ngx_veriff_state_e  was, is;

    was = state(before, 0);
    is = state(after, 0);

    /* what is not applied changes nothing */

    if (outcome != NGX_VERIFF_APPLIED && outcome != NGX_VERIFF_STALE) {
        fuzz_must(memcmp(before, after, sizeof(*before)) == 0);
    }

    if (strcmp(message->session, "s3") == 0) {
        fuzz_must(outcome == NGX_VERIFF_FOREIGN);
    }

    /* nobody becomes verified but by an approval, and not of an old session */

    if (is == NGX_VERIFF_VERIFIED && was != NGX_VERIFF_VERIFIED) {
        fuzz_must(gives(message));
        fuzz_must(message->m.status == NGX_VERIFF_STATUS_APPROVED);
    }

    /* nor stops to be so but by a verdict */

    if (was == NGX_VERIFF_VERIFIED && is != NGX_VERIFF_VERIFIED) {
        fuzz_must(message->m.status == NGX_VERIFF_STATUS_DECLINED);
        fuzz_must(message->m.time >= before->standing.decided);
        fuzz_must(message->m.time != 0 && !message->m.match);
    }

    /* a superseded session can only take away */

    if (strcmp(message->session, "s1") == 0 && !message->m.match) {
        fuzz_must(is == was
                  || (was == NGX_VERIFF_VERIFIED
                      && message->m.status == NGX_VERIFF_STATUS_DECLINED));
    }

    /* what stands is not older than what stood, nor ahead of the clock */

    fuzz_must(after->standing.decided >= before->standing.decided);
    fuzz_must(after->standing.decided <= (NOW + NGX_VERIFF_FUTURE_MAX) * USEC);

    if (outcome == NGX_VERIFF_STALE) {
        fuzz_must(memcmp(&before->standing, &after->standing,
                         sizeof(before->standing))
                  == 0);
    }

    /* at the same time the one that declines */

    if (gives(message)
        && message->m.status == NGX_VERIFF_STATUS_APPROVED
        && before->standing.status == NGX_VERIFF_STATUS_DECLINED
        && before->standing.decided == message->m.time)
    {
        fuzz_must(after->standing.status == NGX_VERIFF_STATUS_DECLINED);
    }

    /* a possible match withholds, and only that one's approval */

    if (ngx_veriff_policy_matched(after)) {
        fuzz_must(after->standing.status == NGX_VERIFF_STATUS_APPROVED);
        fuzz_must(state(after, 1) == NGX_VERIFF_PENDING);

    } else {
        fuzz_must(state(after, 1) == is);
    }
}


/* the store keeps all that counts */

static void
kept(ngx_pool_t *pool, ngx_veriff_history_t *history)
{
    u_char               *p;
    size_t                len;
    ngx_veriff_record_t   record, again;

    ngx_memzero(&record, sizeof(ngx_veriff_record_t));
    record.history = *history;

    len = ngx_veriff_record_len(&record);
    p = ngx_pnalloc(pool, len);

    ngx_veriff_record_write(&record, p);

    fuzz_must(ngx_veriff_record_read(&again, p, len) == NGX_OK);

    if (ngx_veriff_policy_own(history)) {
        fuzz_must(again.history.open.nattempts == 0);

        again.history.open.nattempts = history->open.nattempts;
        ngx_memcpy(again.history.open.attempts, history->open.attempts,
                   sizeof(history->open.attempts));
    }

    fuzz_must(memcmp(&again.history, history, sizeof(*history)) == 0);
}


static void
shuffle(message_t *messages, ngx_uint_t n, ngx_uint_t seed)
{
    uint32_t    random;
    message_t   swap;
    ngx_uint_t  i, k;

    random = (uint32_t) seed;

    for (i = n; i > 1; i--) {
        random = random * 1103515245 + 12345;
        k = (random >> 16) % i;

        swap = messages[k];
        messages[k] = messages[i - 1];
        messages[i - 1] = swap;
    }

    /* they point into themselves */

    for (i = 0; i < n; i++) {
        messages[i].m.session_id.data = (u_char *) messages[i].session;
        messages[i].m.attempt_id.data = (u_char *) messages[i].attempt;
    }
}


/* which of the application's sessions is open depends on the order */

static void
same_outcome(ngx_veriff_history_t *a, ngx_veriff_history_t *b,
    ngx_uint_t verdict_only)
{
    fuzz_must(a->standing.status == b->standing.status);
    fuzz_must(a->standing.decided == b->standing.decided);
    fuzz_must(memcmp(&a->standing.session, &b->standing.session,
                     sizeof(a->standing.session))
              == 0);
    fuzz_must(ngx_veriff_policy_matched(a) == ngx_veriff_policy_matched(b));

    if (verdict_only) {
        return;
    }

    fuzz_must(memcmp(&a->open, &b->open, sizeof(a->open)) == 0);
    fuzz_must(ngx_veriff_policy_status(a) == ngx_veriff_policy_status(b));
    fuzz_must(state(a, 0) == state(b, 0));
    fuzz_must(state(a, 1) == state(b, 1));
}


static ngx_veriff_outcome_e
apply(ngx_veriff_history_t *history, message_t *message)
{
    ngx_veriff_policy_t  policy;

    if (message->session[0] != 'x') {
        return ngx_veriff_policy_apply(history, &message->m, NOW);
    }

    settings(&policy);

    return ngx_veriff_policy_adopt(history, &message->m, &policy);
}


static void
settings(ngx_veriff_policy_t *policy)
{
    ngx_memzero(policy, sizeof(ngx_veriff_policy_t));

    policy->now = NOW;
    policy->session_lifetime = LIFETIME;
}


static ngx_veriff_state_e
state(ngx_veriff_history_t *history, ngx_uint_t watchlist)
{
    ngx_veriff_policy_t  policy;

    settings(&policy);
    policy.watchlist = watchlist;

    return ngx_veriff_policy_state(history, &policy);
}


/* a verdict that may stand */

static ngx_uint_t
gives(message_t *message)
{
    return verdict(message)
           && (strcmp(message->session, "s2") == 0
               || message->session[0] == 'x');
}


static ngx_uint_t
verdict(message_t *message)
{
    return !message->m.match && message->m.time
           && (message->m.status == NGX_VERIFF_STATUS_APPROVED
               || message->m.status == NGX_VERIFF_STATUS_DECLINED);
}
