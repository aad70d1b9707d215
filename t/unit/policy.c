
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
#define LIFETIME  (7 * 86400)

#define DEPTH     6

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))


typedef struct {
    const char            *session;
    const char            *attempt;
    ngx_veriff_status_e    status;
    int64_t                time;
    ngx_veriff_match_e     match;
} message_t;


/* what a set of messages must lead to */

typedef struct {
    ngx_veriff_status_e    verdict;
    const char            *session;     /* whose it is */
    int64_t                decided;
    ngx_veriff_status_e    status;
    ngx_uint_t             matched;
} expected_t;


/* the messages of a walk, and what is known before they come */

typedef struct {
    message_t             *messages;
    ngx_uint_t             n;
    int64_t                base;        /* s1's approval, 0: none */
    ngx_uint_t             empty;       /* no session at all */
    const char            *open;        /* whose status it is, or NULL */
} scene_t;


static void test_sequences(const char *name, scene_t *s);
static void walk(ngx_veriff_history_t *history, ngx_uint_t set,
    ngx_uint_t depth);
static ngx_veriff_outcome_e apply(ngx_veriff_history_t *history,
    message_t *m);
static expected_t oracle(ngx_uint_t set);
static ngx_uint_t preferred(const char *session, const char *before);
static ngx_veriff_status_e oracle_status(ngx_uint_t set);
static ngx_uint_t oracle_matched(ngx_uint_t set, const char *session);
static int64_t clamp(int64_t time);
static void begin(ngx_veriff_history_t *history, int64_t base);
static void test_states(void);
static void test_adopted(void);
static void test_outcomes(void);
static void test_matches(void);
static void test_crowd(void);
static void test_attempts(void);
static void test_names(void);


/*
 * s1 was superseded by s2; x1 and x2 are the application's; s3 is nobody's;
 * 0: absent or malformed time
 */

static message_t  made[] = {
    { "s1", "a0", NGX_VERIFF_STATUS_DECLINED,     AT(30), 0 },
    { "s1", "a0", NGX_VERIFF_STATUS_APPROVED,     AT(90), 0 },
    { "s2", "a1", NGX_VERIFF_STATUS_APPROVED,     AT(20), 0 },
    { "s2", "a2", NGX_VERIFF_STATUS_APPROVED,     AT(40), 0 },
    { "s2", "a2", NGX_VERIFF_STATUS_DECLINED,     AT(40), 0 },
    { "s2", "a1", NGX_VERIFF_STATUS_DECLINED,     0, 0 },
    { "s2", "a2", NGX_VERIFF_STATUS_APPROVED,     FUTURE, 0 },
    { "s2", "a1", NGX_VERIFF_STATUS_RESUBMISSION, AT(10), 0 },
    { "s2", "a2", NGX_VERIFF_STATUS_REVIEW,       0, 0 },
    { "s2", NULL, NGX_VERIFF_STATUS_EXPIRED,      0, 0 },
    { "s2", "a1", NGX_VERIFF_STATUS_SUBMITTED,    0, 0 },
    { "s2", "a2", NGX_VERIFF_STATUS_STARTED,      0, 0 },
    { "s3", "a3", NGX_VERIFF_STATUS_APPROVED,     AT(50), 0 }
};

static message_t  both[] = {
    { "s1", "a0", NGX_VERIFF_STATUS_DECLINED,     AT(30), 0 },
    { "s2", "a1", NGX_VERIFF_STATUS_APPROVED,     AT(20), 0 },
    { "s2", "a1", NGX_VERIFF_STATUS_APPROVED,     AT(40), 0 },
    { "s2", "a2", NGX_VERIFF_STATUS_DECLINED,     AT(40), 0 },
    { "s2", NULL, NGX_VERIFF_STATUS_ABANDONED,    0, 0 },
    { "s2", "a1", NGX_VERIFF_STATUS_SUBMITTED,    0, 0 },
    { "x1", "b1", NGX_VERIFF_STATUS_SUBMITTED,    0, 0 },
    { "x1", "b1", NGX_VERIFF_STATUS_APPROVED,     AT(40), 0 },
    { "x1", "b1", NGX_VERIFF_STATUS_DECLINED,     AT(20), 0 },
    { "x1", "b2", NGX_VERIFF_STATUS_DECLINED,     AT(50), 0 },
    { "x2", "c1", NGX_VERIFF_STATUS_APPROVED,     AT(40), 0 },
    { "x2", "c1", NGX_VERIFF_STATUS_DECLINED,     AT(40), 0 },
    { "x2", NULL, NGX_VERIFF_STATUS_EXPIRED,      0, 0 }
};

static message_t  adopted[] = {
    { "x1", "b1", NGX_VERIFF_STATUS_STARTED,      0, 0 },
    { "x1", "b1", NGX_VERIFF_STATUS_SUBMITTED,    0, 0 },
    { "x1", "b2", NGX_VERIFF_STATUS_SUBMITTED,    0, 0 },
    { "x1", "b1", NGX_VERIFF_STATUS_RESUBMISSION, AT(10), 0 },
    { "x1", "b2", NGX_VERIFF_STATUS_REVIEW,       0, 0 },
    { "x1", "b1", NGX_VERIFF_STATUS_APPROVED,     0, 0 },
    { "x1", "b2", NGX_VERIFF_STATUS_APPROVED,     AT(20), 0 },
    { "x1", "b2", NGX_VERIFF_STATUS_DECLINED,     AT(20), 0 },
    { "x1", "b2", NGX_VERIFF_STATUS_APPROVED,     AT(30), 0 },
    { "x1", "b2", NGX_VERIFF_STATUS_APPROVED,     FUTURE, 0 },
    { "x1", NULL, NGX_VERIFF_STATUS_ABANDONED,    0, 0 },
    { "x1", "b2", NGX_VERIFF_STATUS_NONE,         AT(90), 0 }
};

static message_t  several[] = {
    { "x1", "b1", NGX_VERIFF_STATUS_SUBMITTED,    0, 0 },
    { "x1", "b1", NGX_VERIFF_STATUS_APPROVED,     AT(20), 0 },
    { "x1", "b1", NGX_VERIFF_STATUS_DECLINED,     AT(40), 0 },
    { "x1", NULL, NGX_VERIFF_STATUS_EXPIRED,      0, 0 },
    { "x2", "c1", NGX_VERIFF_STATUS_STARTED,      0, 0 },
    { "x2", "c1", NGX_VERIFF_STATUS_APPROVED,     AT(20), 0 },
    { "x2", "c1", NGX_VERIFF_STATUS_DECLINED,     AT(20), 0 },
    { "x2", "c1", NGX_VERIFF_STATUS_APPROVED,     AT(60), 0 },
    { "x3", "d1", NGX_VERIFF_STATUS_APPROVED,     AT(60), 0 },
    { "x3", "d1", NGX_VERIFF_STATUS_DECLINED,     AT(40), 0 },
    { "x3", NULL, NGX_VERIFF_STATUS_REVIEW,       AT(10), 0 }
};

static message_t  screened[] = {
    { "s2", "a1", NGX_VERIFF_STATUS_APPROVED,     AT(40), 0 },
    { "s2", "a1", NGX_VERIFF_STATUS_DECLINED,     AT(60), 0 },
    { "s1", "a0", NGX_VERIFF_STATUS_NONE,  AT(30), NGX_VERIFF_MATCH_POSSIBLE },
    { "s1", "a0", NGX_VERIFF_STATUS_NONE,  AT(50), NGX_VERIFF_MATCH_NO },
    { "s2", "a1", NGX_VERIFF_STATUS_NONE,  0,      NGX_VERIFF_MATCH_POSSIBLE },
    { "s2", "a1", NGX_VERIFF_STATUS_NONE,  AT(35), NGX_VERIFF_MATCH_NO },
    { "s2", "a1", NGX_VERIFF_STATUS_NONE,  AT(35), NGX_VERIFF_MATCH_POSSIBLE },
    { "s2", "a1", NGX_VERIFF_STATUS_NONE,  AT(70), NGX_VERIFF_MATCH_NO },
    { "s2", "a1", NGX_VERIFF_STATUS_NONE,  FUTURE, NGX_VERIFF_MATCH_POSSIBLE },
    { "x1", "b1", NGX_VERIFF_STATUS_APPROVED,     AT(45), 0 },
    { "x1", "b1", NGX_VERIFF_STATUS_NONE,  AT(10), NGX_VERIFF_MATCH_POSSIBLE },
    { "s3", "a3", NGX_VERIFF_STATUS_NONE,  AT(80), NGX_VERIFF_MATCH_POSSIBLE }
};

static scene_t  scenes[] = {
    { made,    COUNT(made),    AT(20), 0, "s2" },
    { made,    COUNT(made),    0,      0, "s2" },
    { both,    COUNT(both),    AT(20), 0, "s2" },
    { both,    COUNT(both),    AT(40), 0, "s2" },
    { adopted, COUNT(adopted), 0,      1, "x1" },
    { several, COUNT(several), 0,      1, NULL },
    { screened, COUNT(screened), AT(20), 0, "s2" },
    { screened, COUNT(screened), 0,     0, "s2" }
};

static scene_t     *scene;
static expected_t  *expectations;
static ngx_uint_t   sequences;
static ngx_uint_t   wrong;


int
main(void)
{
    test_sequences("all sequences after an approval", &scenes[0]);
    test_sequences("all sequences after nothing", &scenes[1]);
    test_sequences("with the application's sessions", &scenes[2]);
    test_sequences("with the application's sessions, a tie", &scenes[3]);
    test_sequences("a session of the application alone", &scenes[4]);
    test_sequences("several sessions of the application", &scenes[5]);
    test_sequences("screenings after an approval", &scenes[6]);
    test_sequences("screenings after nothing", &scenes[7]);
    test_states();
    test_adopted();
    test_outcomes();
    test_matches();
    test_crowd();
    test_attempts();
    test_names();

    return unit_done();
}


static void
test_sequences(const char *name, scene_t *s)
{
    ngx_uint_t            set, n, want;
    ngx_veriff_history_t  history;

    unit_group(name);

    scene = s;

    expectations = calloc(1 << scene->n, sizeof(expected_t));
    if (expectations == NULL) {
        abort();
    }

    for (set = 0; set < (1U << scene->n); set++) {
        expectations[set] = oracle(set);
    }

    sequences = 0;
    wrong = 0;

    begin(&history, scene->base);

    if (scene->empty) {
        ngx_veriff_policy_init(&history);
    }

    walk(&history, 0, 0);

    want = 0;

    for (n = 0; n <= DEPTH; n++) {
        want = want * scene->n + 1;
    }

    expect(sequences == want);
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
        m.match = NGX_VERIFF_MATCH_NONE;

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
        || history->standing.session.len != strlen(e->session)
        || ngx_memcmp(history->standing.session.data, e->session,
                      history->standing.session.len) != 0
        || ngx_veriff_policy_matched(history) != e->matched
        || (scene->open && ngx_veriff_policy_status(history) != e->status))
    {
        wrong++;
    }

    if (depth == DEPTH) {
        return;
    }

    for (i = 0; i < scene->n; i++) {
        next = *history;

        (void) apply(&next, &scene->messages[i]);

        walk(&next, set | (1 << i), depth + 1);
    }
}


static ngx_veriff_outcome_e
apply(ngx_veriff_history_t *history, message_t *m)
{
    ngx_veriff_policy_t   policy;
    ngx_veriff_message_t  message;

    message.session_id.data = (u_char *) m->session;
    message.session_id.len = strlen(m->session);
    message.attempt_id.data = (u_char *) m->attempt;
    message.attempt_id.len = m->attempt ? strlen(m->attempt) : 0;
    message.status = m->status;
    message.time = m->time;
    message.match = m->match;

    ngx_memzero(&policy, sizeof(ngx_veriff_policy_t));
    policy.now = NOW;
    policy.session_lifetime = LIFETIME;

    if (m->session[0] == 'x') {
        return ngx_veriff_policy_adopt(history, &message, &policy);
    }

    return ngx_veriff_policy_apply(history, &message, NOW);
}


/*
 * Says what must come out of a set of messages without applying any of
 * them one after another.
 */

static expected_t
oracle(ngx_uint_t set)
{
    int64_t                best, time;
    ngx_uint_t             i, withdrawn;
    message_t             *m;
    expected_t             e;
    const char            *session;
    ngx_veriff_status_e    verdict;

    best = 0;
    session = "";
    verdict = NGX_VERIFF_STATUS_NONE;
    withdrawn = 0;

    for (i = 0; i < scene->n; i++) {
        m = &scene->messages[i];

        if (!(set & (1 << i)) || m->time == 0
            || (m->status != NGX_VERIFF_STATUS_APPROVED
                && m->status != NGX_VERIFF_STATUS_DECLINED))
        {
            continue;
        }

        time = clamp(m->time);

        if (strcmp(m->session, "s1") == 0) {
            withdrawn |= (m->status == NGX_VERIFF_STATUS_DECLINED
                          && time >= scene->base);
        }

        if (strcmp(m->session, "s2") != 0 && m->session[0] != 'x') {
            continue;
        }

        if (time > best
            || (time == best && m->status > verdict)
            || (time == best && m->status == verdict
                && preferred(m->session, session)))
        {
            best = time;
            session = m->session;
            verdict = m->status;
        }
    }

    if (scene->base != 0
        && (best < scene->base
            || (best == scene->base
                && verdict != NGX_VERIFF_STATUS_DECLINED)))
    {
        best = scene->base;
        session = "s1";
        verdict = withdrawn ? NGX_VERIFF_STATUS_DECLINED
                            : NGX_VERIFF_STATUS_APPROVED;
    }

    e.verdict = verdict;
    e.session = session;
    e.decided = best;
    e.status = scene->open ? oracle_status(set) : NGX_VERIFF_STATUS_NONE;
    e.matched = (verdict == NGX_VERIFF_STATUS_APPROVED
                 && oracle_matched(set, session));

    return e;
}


/* by the latest screening of this session */

static ngx_uint_t
oracle_matched(ngx_uint_t set, const char *session)
{
    int64_t              time;
    ngx_uint_t           i;
    message_t           *m;
    ngx_veriff_match_e   match;

    time = 0;
    match = NGX_VERIFF_MATCH_NONE;

    for (i = 0; i < scene->n; i++) {
        m = &scene->messages[i];

        if ((set & (1 << i)) && m->match && strcmp(m->session, session) == 0
            && (clamp(m->time) > time
                || (clamp(m->time) == time && m->match > match)))
        {
            time = clamp(m->time);
            match = m->match;
        }
    }

    return match == NGX_VERIFF_MATCH_POSSIBLE;
}


/* of two that say the same at the same time: s2, x1, x2, ... */

static ngx_uint_t
preferred(const char *session, const char *before)
{
    return strcmp(before, "s2") != 0
           && (strcmp(session, "s2") == 0 || strcmp(session, before) < 0);
}


static ngx_veriff_status_e
oracle_status(ngx_uint_t set)
{
    int64_t               time;
    ngx_uint_t            i, j, decided, known;
    message_t            *m, *other;
    ngx_veriff_status_e   event, decision;

    time = 0;
    known = !scene->empty;
    event = NGX_VERIFF_STATUS_NONE;
    decision = NGX_VERIFF_STATUS_NONE;

    for (i = 0; i < scene->n; i++) {
        m = &scene->messages[i];

        if (!(set & (1 << i)) || strcmp(m->session, scene->open) != 0
            || m->status == NGX_VERIFF_STATUS_NONE)
        {
            continue;
        }

        known = 1;

        if (m->status == NGX_VERIFF_STATUS_EXPIRED
            || m->status == NGX_VERIFF_STATUS_ABANDONED)
        {
            return m->status;
        }

        if (m->status == NGX_VERIFF_STATUS_STARTED
            || m->status == NGX_VERIFF_STATUS_SUBMITTED)
        {
            decided = 0;

            for (j = 0; j < scene->n; j++) {
                other = &scene->messages[j];

                decided |= (set & (1 << j))
                           && strcmp(other->session, scene->open) == 0
                           && other->status > NGX_VERIFF_STATUS_SUBMITTED
                           && other->attempt
                           && strcmp(other->attempt, m->attempt) == 0;
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

    if (!known) {
        return NGX_VERIFF_STATUS_NONE;
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
                                    NGX_VERIFF_STATUS_SUBMITTED, 0, 0 };
    static message_t  approved = { "s2", "a1",
                                   NGX_VERIFF_STATUS_APPROVED, AT(0), 0 };
    static message_t  timeless = { "s2", "a1",
                                   NGX_VERIFF_STATUS_APPROVED, 0, 0 };
    static message_t  declined = { "s2", "a1",
                                   NGX_VERIFF_STATUS_DECLINED, AT(1), 0 };
    static message_t  resubmit = { "s2", "a1",
                                   NGX_VERIFF_STATUS_RESUBMISSION, AT(0), 0 };
    static message_t  expired = { "s2", NULL,
                                  NGX_VERIFF_STATUS_EXPIRED, 0, 0 };
    static message_t  revoked = { "s1", "a0",
                                  NGX_VERIFF_STATUS_DECLINED, AT(2), 0 };

    ngx_memzero(&policy, sizeof(ngx_veriff_policy_t));
    policy.now = NOW;
    policy.session_lifetime = LIFETIME;

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
    policy.session_lifetime = LIFETIME;

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
test_adopted(void)
{
    ngx_str_t             id;
    ngx_veriff_policy_t   policy;
    ngx_veriff_history_t  h;

    static message_t  submitted = { "x1", "b1",
                                    NGX_VERIFF_STATUS_SUBMITTED, 0, 0 };
    static message_t  approved = { "x1", "b1",
                                   NGX_VERIFF_STATUS_APPROVED, AT(40), 0 };
    static message_t  started = { "x2", "c1",
                                  NGX_VERIFF_STATUS_STARTED, 0, 0 };
    static message_t  declined = { "x2", "c1",
                                   NGX_VERIFF_STATUS_DECLINED, AT(60), 0 };
    static message_t  older = { "s2", "a1",
                                NGX_VERIFF_STATUS_APPROVED, AT(30), 0 };
    static message_t  expired = { "s2", NULL,
                                  NGX_VERIFF_STATUS_EXPIRED, 0, 0 };

    ngx_memzero(&policy, sizeof(ngx_veriff_policy_t));
    policy.now = NOW;
    policy.session_lifetime = LIFETIME;

    unit_group("the application's session becomes the open one");

    ngx_veriff_policy_init(&h);
    expect(apply(&h, &submitted) == NGX_VERIFF_APPLIED);
    expect(apply(&h, &submitted) == NGX_VERIFF_DUPLICATE);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_PENDING);

    expect(apply(&h, &started) == NGX_VERIFF_FOREIGN);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_PENDING);

    expect(apply(&h, &approved) == NGX_VERIFF_APPLIED);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);

    expect(apply(&h, &started) == NGX_VERIFF_APPLIED);
    expect(ngx_veriff_policy_status(&h) == NGX_VERIFF_STATUS_STARTED);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);

    expect(apply(&h, &declined) == NGX_VERIFF_APPLIED);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_REJECTED);
    expect(apply(&h, &declined) == NGX_VERIFF_DUPLICATE);

    expect(apply(&h, &approved) == NGX_VERIFF_STALE);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_REJECTED);

    unit_group("one of the gateway's keeps its place, and its say");

    begin(&h, 0);
    expect(apply(&h, &submitted) == NGX_VERIFF_FOREIGN);
    expect(apply(&h, &expired) == NGX_VERIFF_APPLIED);
    expect(apply(&h, &submitted) == NGX_VERIFF_FOREIGN);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);
    expect(apply(&h, &older) == NGX_VERIFF_APPLIED);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);

    h.open.created = NOW - LIFETIME;
    expect(apply(&h, &submitted) == NGX_VERIFF_APPLIED);
    expect(ngx_veriff_policy_status(&h) == NGX_VERIFF_STATUS_SUBMITTED);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);

    unit_group("decided, though another's verdict stands");

    begin(&h, 0);
    expect(apply(&h, &declined) == NGX_VERIFF_APPLIED);
    expect(apply(&h, &older) == NGX_VERIFF_STALE);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_REJECTED);
    expect(!ngx_veriff_policy_resumable(&h, &policy));

    unit_group("the gateway's after all");

    ngx_veriff_policy_init(&h);
    expect(apply(&h, &submitted) == NGX_VERIFF_APPLIED);
    ngx_str_set(&id, "x1");
    ngx_veriff_policy_open(&h, &id, NOW);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_PENDING);
    expect(!h.open.adopted);

    ngx_str_set(&id, "s4");
    ngx_veriff_policy_open(&h, &id, NOW);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);
}


static void
test_outcomes(void)
{
    ngx_veriff_history_t  h;

    static message_t  approved = { "s2", "a1",
                                   NGX_VERIFF_STATUS_APPROVED, AT(50), 0 };
    static message_t  older = { "s2", "a1",
                                NGX_VERIFF_STATUS_APPROVED, AT(40), 0 };
    static message_t  declined = { "s2", "a1",
                                   NGX_VERIFF_STATUS_DECLINED, AT(50), 0 };
    static message_t  late = { "s2", "a1",
                               NGX_VERIFF_STATUS_SUBMITTED, 0, 0 };
    static message_t  unknown = { "s2", "a1",
                                  NGX_VERIFF_STATUS_NONE, AT(90), 0 };
    static message_t  foreign = { "s3", "a1",
                                  NGX_VERIFF_STATUS_DECLINED, AT(90), 0 };
    static message_t  gives = { "s1", "a0",
                                NGX_VERIFF_STATUS_APPROVED, AT(90), 0 };

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
test_matches(void)
{
    ngx_str_t             id;
    ngx_veriff_policy_t   policy;
    ngx_veriff_history_t  h, before;

    static message_t  approved = { "s2", "a1",
                                   NGX_VERIFF_STATUS_APPROVED, AT(50), 0 };
    static message_t  declined = { "s2", "a1",
                                   NGX_VERIFF_STATUS_DECLINED, AT(60), 0 };
    static message_t  possible = { "s2", NULL, NGX_VERIFF_STATUS_NONE, AT(40),
                                   NGX_VERIFF_MATCH_POSSIBLE };
    static message_t  none = { "s2", NULL, NGX_VERIFF_STATUS_NONE, AT(70),
                               NGX_VERIFF_MATCH_NO };
    static message_t  foreign = { "s3", NULL, NGX_VERIFF_STATUS_NONE, AT(70),
                                  NGX_VERIFF_MATCH_POSSIBLE };
    static message_t  theirs = { "x1", NULL, NGX_VERIFF_STATUS_NONE, AT(70),
                                 NGX_VERIFF_MATCH_POSSIBLE };

    ngx_memzero(&policy, sizeof(ngx_veriff_policy_t));
    policy.now = NOW;
    policy.session_lifetime = LIFETIME;
    policy.watchlist = 1;

    unit_group("a possible match withholds an approval");

    begin(&h, 0);
    expect(apply(&h, &possible) == NGX_VERIFF_APPLIED);
    expect(apply(&h, &possible) == NGX_VERIFF_DUPLICATE);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);
    expect(ngx_veriff_policy_resumable(&h, &policy));

    expect(apply(&h, &approved) == NGX_VERIFF_APPLIED);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_PENDING);
    expect(!ngx_veriff_policy_resumable(&h, &policy));

    policy.max_age = 1;
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_PENDING);
    policy.max_age = 0;

    policy.watchlist = 0;
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);
    policy.watchlist = 1;

    unit_group("a later screening gives it back");

    before = h;
    expect(apply(&h, &none) == NGX_VERIFF_APPLIED);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);
    expect(apply(&h, &possible) == NGX_VERIFF_STALE);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);
    expect(apply(&h, &declined) == NGX_VERIFF_APPLIED);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_REJECTED);

    unit_group("a refusal is not softened");

    h = before;
    expect(apply(&h, &declined) == NGX_VERIFF_APPLIED);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_REJECTED);

    unit_group("another session does not lead around it");

    h = before;
    ngx_str_set(&id, "s5");
    ngx_veriff_policy_open(&h, &id, NOW);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_PENDING);
    expect(!ngx_veriff_policy_resumable(&h, &policy));
    expect(apply(&h, &none) == NGX_VERIFF_APPLIED);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_VERIFIED);

    unit_group("of others");

    h = before;
    expect(apply(&h, &foreign) == NGX_VERIFF_FOREIGN);
    expect(h.nscreenings == 1);

    ngx_veriff_policy_init(&h);
    expect(apply(&h, &theirs) == NGX_VERIFF_APPLIED);
    expect(h.open.session.len == 0);
    expect(ngx_veriff_policy_state(&h, &policy) == NGX_VERIFF_UNVERIFIED);

    unit_group("forgotten with its session");

    h = before;
    ngx_str_set(&id, "s9");
    ngx_veriff_policy_unmatch(&h, &id);
    expect(ngx_veriff_policy_matched(&h));
    ngx_str_set(&id, "s2");
    ngx_veriff_policy_unmatch(&h, &id);
    expect(!ngx_veriff_policy_matched(&h));
    expect(h.nscreenings == 0 && h.screenings[0].hash == 0);

    unit_group("names of matches");

    ngx_str_set(&id, "possible_match");
    expect(ngx_veriff_match_parse(&id) == NGX_VERIFF_MATCH_POSSIBLE);
    ngx_str_set(&id, "no_match");
    expect(ngx_veriff_match_parse(&id) == NGX_VERIFF_MATCH_NO);
    ngx_str_set(&id, "possible_matches");
    expect(ngx_veriff_match_parse(&id) == NGX_VERIFF_MATCH_NONE);
    ngx_str_null(&id);
    expect(ngx_veriff_match_parse(&id) == NGX_VERIFF_MATCH_NONE);
}


/* the open session's and the standing one's always have a place */

static void
test_crowd(void)
{
    char                   name[8];
    ngx_uint_t             i, turn;
    message_t              m;
    ngx_veriff_history_t   h;

    unit_group("more screenings than are kept");

    for (turn = 0; turn < 2; turn++) {
        begin(&h, AT(20));

        m.attempt = NULL;
        m.status = NGX_VERIFF_STATUS_NONE;
        m.match = NGX_VERIFF_MATCH_POSSIBLE;
        m.time = AT(1);

        m.session = "s1";
        expect(apply(&h, &m) == NGX_VERIFF_APPLIED);
        m.session = "s2";
        expect(apply(&h, &m) == NGX_VERIFF_APPLIED);

        m.session = name;

        for (i = 0; i < 40; i++) {
            snprintf(name, sizeof(name), "x%02u", (unsigned) i);

            m.match = (turn || i == 7) ? NGX_VERIFF_MATCH_POSSIBLE
                                       : NGX_VERIFF_MATCH_NO;
            m.time = AT(100 + (turn ? i : 40 - i));
            expect_at(apply(&h, &m) == NGX_VERIFF_APPLIED, name);
        }

        expect(h.nscreenings == NGX_VERIFF_MATCHES_MAX);

        for (i = 1; i < h.nscreenings; i++) {
            expect(h.screenings[i - 1].hash < h.screenings[i].hash);
        }

        expect(ngx_veriff_policy_matched(&h));

        m.session = "s2";
        m.time = AT(1);
        m.match = NGX_VERIFF_MATCH_POSSIBLE;
        expect(apply(&h, &m) == NGX_VERIFF_DUPLICATE);

        /* a match gives way last, and the oldest of several first */

        m.session = turn ? "x39" : "x07";
        m.time = AT(0);
        expect(apply(&h, &m) == NGX_VERIFF_STALE);
    }
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
    m.match = NGX_VERIFF_MATCH_NONE;

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
