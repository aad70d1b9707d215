
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "ngx_veriff_policy.h"
#include "unit.h"


#define NOW       ((time_t) 1800000000)
#define USEC      1000000LL
#define AT(n)     ((NOW - 1000 + (n)) * USEC)
#define FUTURE    ((NOW + 7 * 86400) * USEC)

#define DEPTH     6
#define MESSAGES  (sizeof(messages) / sizeof(messages[0]))


typedef struct {
    const char            *session;
    const char            *attempt;
    ngx_veriff_status_e    status;
    int64_t                time;
} message_t;


/* what a set of messages must lead to */

typedef struct {
    ngx_veriff_status_e    verdict;
    int64_t                decided;
    ngx_veriff_status_e    status;
} expected_t;


static void test_sequences(const char *name, int64_t base);
static void walk(ngx_veriff_history_t *history, ngx_uint_t set,
    ngx_uint_t depth);
static ngx_veriff_outcome_e apply(ngx_veriff_history_t *history,
    message_t *m);
static expected_t oracle(ngx_uint_t set, int64_t base);
static ngx_veriff_status_e oracle_status(ngx_uint_t set);
static int64_t clamp(int64_t time);
static void begin(ngx_veriff_history_t *history, int64_t base);
static void test_states(void);
static void test_outcomes(void);
static void test_attempts(void);
static void test_names(void);


/* s1 was superseded by s2; s3 is nobody's; 0: absent or malformed time */

static message_t  messages[] = {
    { "s1", "a0", NGX_VERIFF_STATUS_DECLINED,     AT(30) },
    { "s1", "a0", NGX_VERIFF_STATUS_APPROVED,     AT(90) },
    { "s2", "a1", NGX_VERIFF_STATUS_APPROVED,     AT(20) },
    { "s2", "a2", NGX_VERIFF_STATUS_APPROVED,     AT(40) },
    { "s2", "a2", NGX_VERIFF_STATUS_DECLINED,     AT(40) },
    { "s2", "a1", NGX_VERIFF_STATUS_DECLINED,     0 },
    { "s2", "a2", NGX_VERIFF_STATUS_APPROVED,     FUTURE },
    { "s2", "a1", NGX_VERIFF_STATUS_RESUBMISSION, AT(10) },
    { "s2", "a2", NGX_VERIFF_STATUS_REVIEW,       0 },
    { "s2", NULL, NGX_VERIFF_STATUS_EXPIRED,      0 },
    { "s2", "a1", NGX_VERIFF_STATUS_SUBMITTED,    0 },
    { "s2", "a2", NGX_VERIFF_STATUS_STARTED,      0 },
    { "s3", "a3", NGX_VERIFF_STATUS_APPROVED,     AT(50) }
};

static expected_t  *expectations;
static ngx_uint_t   sequences;
static ngx_uint_t   wrong;


int
main(void)
{
    test_sequences("all sequences after an approval", AT(20));
    test_sequences("all sequences after nothing", 0);
    test_states();
    test_outcomes();
    test_attempts();
    test_names();

    return unit_done();
}


static void
test_sequences(const char *name, int64_t base)
{
    ngx_uint_t            set;
    ngx_veriff_history_t  history;

    unit_group(name);

    expectations = calloc(1 << MESSAGES, sizeof(expected_t));
    if (expectations == NULL) {
        abort();
    }

    for (set = 0; set < (1 << MESSAGES); set++) {
        expectations[set] = oracle(set, base);
    }

    sequences = 0;
    wrong = 0;

    begin(&history, base);
    walk(&history, 0, 0);

    expect(sequences > 5000000);
    expect(wrong == 0);

    free(expectations);
}


/* s1 gave the approval of this time, if there is one; s2 is open */

static void
begin(ngx_veriff_history_t *history, int64_t base)
{
    ngx_str_t  id;
    message_t  m;

    ngx_veriff_policy_init(history);

    ngx_str_set(&id, "s1");
    ngx_veriff_policy_open(history, &id, NOW - 2000);

    if (base) {
        m.session = "s1";
        m.attempt = "a0";
        m.status = NGX_VERIFF_STATUS_APPROVED;
        m.time = base;

        (void) apply(history, &m);
    }

    ngx_str_set(&id, "s2");
    ngx_veriff_policy_open(history, &id, NOW - 1000);
}


static void
walk(ngx_veriff_history_t *history, ngx_uint_t set, ngx_uint_t depth)
{
    ngx_uint_t             i;
    expected_t            *e;
    ngx_veriff_history_t   next;

    e = &expectations[set];

    sequences++;

    if (history->standing.status != e->verdict
        || history->standing.decided != e->decided
        || ngx_veriff_policy_status(history) != e->status)
    {
        wrong++;
    }

    if (depth == DEPTH) {
        return;
    }

    for (i = 0; i < MESSAGES; i++) {
        next = *history;

        (void) apply(&next, &messages[i]);

        walk(&next, set | (1 << i), depth + 1);
    }
}


static ngx_veriff_outcome_e
apply(ngx_veriff_history_t *history, message_t *m)
{
    ngx_veriff_message_t  message;

    message.session_id.data = (u_char *) m->session;
    message.session_id.len = strlen(m->session);
    message.attempt_id.data = (u_char *) m->attempt;
    message.attempt_id.len = m->attempt ? strlen(m->attempt) : 0;
    message.status = m->status;
    message.time = m->time;

    return ngx_veriff_policy_apply(history, &message, NOW);
}


/*
 * Says what must come out of a set of messages without applying any of
 * them one after another.
 */

static expected_t
oracle(ngx_uint_t set, int64_t base)
{
    int64_t               best, time;
    ngx_uint_t            i, withdrawn;
    message_t            *m;
    expected_t            e;
    ngx_veriff_status_e   verdict;

    best = 0;
    verdict = NGX_VERIFF_STATUS_NONE;
    withdrawn = 0;

    for (i = 0; i < MESSAGES; i++) {
        m = &messages[i];

        if (!(set & (1 << i)) || m->time == 0
            || (m->status != NGX_VERIFF_STATUS_APPROVED
                && m->status != NGX_VERIFF_STATUS_DECLINED))
        {
            continue;
        }

        time = clamp(m->time);

        if (strcmp(m->session, "s1") == 0) {
            withdrawn |= (m->status == NGX_VERIFF_STATUS_DECLINED
                          && time >= base);
        }

        if (strcmp(m->session, "s2") != 0) {
            continue;
        }

        if (time > best
            || (time == best && m->status == NGX_VERIFF_STATUS_DECLINED))
        {
            best = time;
            verdict = m->status;
        }
    }

    if (base != 0
        && (best < base
            || (best == base && verdict != NGX_VERIFF_STATUS_DECLINED)))
    {
        best = base;
        verdict = withdrawn ? NGX_VERIFF_STATUS_DECLINED
                            : NGX_VERIFF_STATUS_APPROVED;
    }

    e.verdict = verdict;
    e.decided = best;
    e.status = oracle_status(set);

    return e;
}


static ngx_veriff_status_e
oracle_status(ngx_uint_t set)
{
    int64_t               time;
    ngx_uint_t            i, j, decided;
    message_t            *m;
    ngx_veriff_status_e   event, decision;

    time = 0;
    event = NGX_VERIFF_STATUS_NONE;
    decision = NGX_VERIFF_STATUS_NONE;

    for (i = 0; i < MESSAGES; i++) {
        m = &messages[i];

        if (!(set & (1 << i)) || strcmp(m->session, "s2") != 0) {
            continue;
        }

        if (m->status == NGX_VERIFF_STATUS_EXPIRED) {
            return m->status;
        }

        if (m->status == NGX_VERIFF_STATUS_STARTED
            || m->status == NGX_VERIFF_STATUS_SUBMITTED)
        {
            decided = 0;

            for (j = 0; j < MESSAGES; j++) {
                decided |= (set & (1 << j))
                           && strcmp(messages[j].session, "s2") == 0
                           && messages[j].status > NGX_VERIFF_STATUS_SUBMITTED
                           && messages[j].attempt
                           && strcmp(messages[j].attempt, m->attempt) == 0;
            }

            if (!decided && m->status > event) {
                event = m->status;
            }

            continue;
        }

        if (clamp(m->time) > time
            || (clamp(m->time) == time && m->status > decision))
        {
            time = clamp(m->time);
            decision = m->status;
        }
    }

    return event ? event : decision ? decision : NGX_VERIFF_STATUS_CREATED;
}


static int64_t
clamp(int64_t time)
{
    return (time > (NOW + 600) * USEC) ? NOW * USEC : time;
}


static void
test_states(void)
{
    ngx_str_t              id;
    ngx_veriff_policy_t    policy;
    ngx_veriff_history_t   h;

    static message_t  submitted = { "s2", "a1",
                                    NGX_VERIFF_STATUS_SUBMITTED, 0 };
    static message_t  approved = { "s2", "a1",
                                   NGX_VERIFF_STATUS_APPROVED, AT(0) };
    static message_t  timeless = { "s2", "a1",
                                   NGX_VERIFF_STATUS_APPROVED, 0 };
    static message_t  declined = { "s2", "a1",
                                   NGX_VERIFF_STATUS_DECLINED, AT(1) };
    static message_t  resubmit = { "s2", "a1",
                                   NGX_VERIFF_STATUS_RESUBMISSION, AT(0) };
    static message_t  expired = { "s2", NULL,
                                  NGX_VERIFF_STATUS_EXPIRED, 0 };
    static message_t  revoked = { "s1", "a0",
                                  NGX_VERIFF_STATUS_DECLINED, AT(2) };

    ngx_memzero(&policy, sizeof(ngx_veriff_policy_t));
    policy.now = NOW;
    policy.session_lifetime = 7 * 86400;

    unit_group("nothing known");

    ngx_veriff_policy_init(&h);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);
    expect(!ngx_veriff_policy_resumable(&h, &policy));
    expect(ngx_veriff_policy_status(&h) == NGX_VERIFF_STATUS_NONE);

    unit_group("an open session");

    begin(&h, 0);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);
    expect(ngx_veriff_policy_resumable(&h, &policy));

    (void) apply(&h, &submitted);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_PENDING);
    expect(!ngx_veriff_policy_resumable(&h, &policy));

    policy.session_lifetime = 1000;
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);
    policy.session_lifetime = 7 * 86400;

    (void) apply(&h, &resubmit);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);
    expect(ngx_veriff_policy_resumable(&h, &policy));

    (void) apply(&h, &expired);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);
    expect(!ngx_veriff_policy_resumable(&h, &policy));

    unit_group("an approval, and its age");

    begin(&h, 0);
    (void) apply(&h, &approved);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);
    expect(!ngx_veriff_policy_resumable(&h, &policy));

    (void) apply(&h, &expired);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);

    policy.max_age = 1001;
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);
    policy.max_age = 1000;
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);
    policy.max_age = 0;

    unit_group("an approval without a time is none");

    begin(&h, 0);
    (void) apply(&h, &timeless);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_PENDING);

    unit_group("declined, until another try is allowed");

    begin(&h, 0);
    (void) apply(&h, &declined);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_REJECTED);

    policy.retry_declined = 1000;
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_REJECTED);
    policy.retry_declined = 999;
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);

    ngx_str_set(&id, "s4");
    ngx_veriff_policy_open(&h, &id, NOW);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);
    expect(ngx_veriff_policy_resumable(&h, &policy));
    policy.retry_declined = 0;

    unit_group("a step-up, and the older approval is withdrawn");

    begin(&h, AT(0));
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);

    policy.max_age = 500;
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);
    expect(ngx_veriff_policy_resumable(&h, &policy));
    policy.max_age = 0;

    (void) apply(&h, &submitted);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);

    (void) apply(&h, &revoked);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_PENDING);

    (void) apply(&h, &expired);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_REJECTED);
}


static void
test_outcomes(void)
{
    ngx_veriff_history_t  h;

    static message_t  approved = { "s2", "a1",
                                   NGX_VERIFF_STATUS_APPROVED, AT(50) };
    static message_t  older = { "s2", "a1",
                                NGX_VERIFF_STATUS_APPROVED, AT(40) };
    static message_t  declined = { "s2", "a1",
                                   NGX_VERIFF_STATUS_DECLINED, AT(50) };
    static message_t  late = { "s2", "a1",
                               NGX_VERIFF_STATUS_SUBMITTED, 0 };
    static message_t  unknown = { "s2", "a1",
                                  NGX_VERIFF_STATUS_NONE, AT(90) };
    static message_t  foreign = { "s3", "a1",
                                  NGX_VERIFF_STATUS_DECLINED, AT(90) };
    static message_t  gives = { "s1", "a0",
                                NGX_VERIFF_STATUS_APPROVED, AT(90) };

    unit_group("what is said of each message");

    begin(&h, AT(20));
    expect(apply(&h, &approved) == NGX_VERIFF_APPLIED);
    expect(apply(&h, &approved) == NGX_VERIFF_DUPLICATE);
    expect(apply(&h, &older) == NGX_VERIFF_STALE);
    expect(apply(&h, &declined) == NGX_VERIFF_APPLIED);
    expect(apply(&h, &declined) == NGX_VERIFF_DUPLICATE);
    expect(apply(&h, &approved) == NGX_VERIFF_STALE);
    expect(apply(&h, &late) == NGX_VERIFF_STALE);
    expect(apply(&h, &unknown) == NGX_VERIFF_IGNORED);
    expect(apply(&h, &foreign) == NGX_VERIFF_FOREIGN);
    expect(apply(&h, &gives) == NGX_VERIFF_FOREIGN);
    expect(h.standing.status == NGX_VERIFF_STATUS_DECLINED);
    expect(h.standing.decided == AT(50));
}


static void
test_attempts(void)
{
    char                   name[8];
    ngx_uint_t             i;
    message_t              m;
    ngx_veriff_history_t   h;

    unit_group("more attempts than are kept");

    begin(&h, 0);

    m.session = "s2";
    m.attempt = name;
    m.time = 0;

    for (i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "a%02u", (unsigned) i);

        m.status = NGX_VERIFF_STATUS_SUBMITTED;
        (void) apply(&h, &m);

        m.status = NGX_VERIFF_STATUS_RESUBMISSION;
        m.time = AT(i);
        (void) apply(&h, &m);

        expect_at(ngx_veriff_policy_status(&h)
                  == NGX_VERIFF_STATUS_RESUBMISSION, name);
    }

    expect(h.open.nattempts == NGX_VERIFF_ATTEMPTS_MAX);

    m.status = NGX_VERIFF_STATUS_APPROVED;
    m.time = AT(200);
    expect(apply(&h, &m) == NGX_VERIFF_APPLIED);
    expect(h.standing.status == NGX_VERIFF_STATUS_APPROVED);

    unit_group("events without an attempt");

    begin(&h, 0);

    m.attempt = NULL;
    m.time = 0;
    m.status = NGX_VERIFF_STATUS_SUBMITTED;
    expect(apply(&h, &m) == NGX_VERIFF_APPLIED);
    expect(ngx_veriff_policy_status(&h) == NGX_VERIFF_STATUS_SUBMITTED);

    m.attempt = "a1";
    m.status = NGX_VERIFF_STATUS_RESUBMISSION;
    (void) apply(&h, &m);
    expect(ngx_veriff_policy_status(&h) == NGX_VERIFF_STATUS_RESUBMISSION);
}


static void
test_names(void)
{
    ngx_str_t   name;
    ngx_uint_t  i;

    unit_group("names");

    for (i = NGX_VERIFF_STATUS_CREATED; i <= NGX_VERIFF_STATUS_DECLINED; i++)
    {
        expect(ngx_veriff_status_parse(ngx_veriff_status_name(i)) == i);
    }

    ngx_str_set(&name, "APPROVED");
    expect(ngx_veriff_status_parse(&name) == NGX_VERIFF_STATUS_NONE);

    ngx_str_set(&name, "none");
    expect(ngx_veriff_status_parse(&name) == NGX_VERIFF_STATUS_NONE);

    ngx_str_null(&name);
    expect(ngx_veriff_status_parse(&name) == NGX_VERIFF_STATUS_NONE);

    expect_str(*ngx_veriff_state_name(NGX_VERIFF_VERIFIED), "VERIFIED");
    expect_str(*ngx_veriff_state_name(NGX_VERIFF_REJECTED), "REJECTED");
    expect_str(*ngx_veriff_state_name(NGX_VERIFF_PENDING), "PENDING");
    expect_str(*ngx_veriff_state_name(NGX_VERIFF_UNVERIFIED), "UNVERIFIED");
}
