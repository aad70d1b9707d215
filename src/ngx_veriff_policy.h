
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_POLICY_H_INCLUDED_
#define _NGX_VERIFF_POLICY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_api.h"


/*
 * What a user's record says, and how the provider's messages change it.
 * Signatures carry no time and no nonce, messages are repeated, late and out
 * of order: so the outcome depends on the set of messages alone, never on
 * the order in which they came or on how often.
 */

#define NGX_VERIFF_ATTEMPTS_MAX  12     /* the provider allows ten */
#define NGX_VERIFF_FUTURE_MAX    600    /* seconds a verdict may be ahead */
#define NGX_VERIFF_MATCHES_MAX   4      /* sessions: see below */


typedef enum {
    NGX_VERIFF_STATUS_NONE = 0,
    NGX_VERIFF_STATUS_CREATED,
    NGX_VERIFF_STATUS_STARTED,
    NGX_VERIFF_STATUS_SUBMITTED,
    NGX_VERIFF_STATUS_RESUBMISSION,
    NGX_VERIFF_STATUS_REVIEW,
    NGX_VERIFF_STATUS_EXPIRED,
    NGX_VERIFF_STATUS_ABANDONED,
    NGX_VERIFF_STATUS_APPROVED,
    NGX_VERIFF_STATUS_DECLINED
} ngx_veriff_status_e;


typedef enum {
    NGX_VERIFF_UNVERIFIED = 0,
    NGX_VERIFF_PENDING,
    NGX_VERIFF_VERIFIED,
    NGX_VERIFF_REJECTED
} ngx_veriff_state_e;


typedef enum {
    NGX_VERIFF_APPLIED = 0,
    NGX_VERIFF_DUPLICATE,       /* nothing that was not known */
    NGX_VERIFF_STALE,           /* a verdict older than what stands */
    NGX_VERIFF_FOREIGN,         /* not of a session that may say this */
    NGX_VERIFF_IGNORED          /* an unknown status */
} ngx_veriff_outcome_e;


typedef struct {
    size_t                  len;        /* 0: none */
    u_char                  data[NGX_VERIFF_ID_MAX];
} ngx_veriff_id_t;


/* of a watchlist screening; the greater counts at the same time */

typedef enum {
    NGX_VERIFF_MATCH_NONE = 0,
    NGX_VERIFF_MATCH_NO,        /* no_match */
    NGX_VERIFF_MATCH_POSSIBLE   /* possible_match */
} ngx_veriff_match_e;


/* the verdict that stands; the record's other sessions do not touch it */

typedef struct {
    ngx_veriff_status_e     status;     /* none, approved, declined */
    ngx_veriff_id_t         session;
    int64_t                 decided;    /* microseconds: decisionTime */
    int64_t                 withdrawn;  /* of an approval, or 0 */
    ngx_uint_t              adopted;    /* see ngx_veriff_policy_adopt() */
} ngx_veriff_standing_t;


typedef struct {
    uint64_t                hash;       /* of its id, 0 for none */
    ngx_veriff_status_e     event;      /* none, started, submitted */
    ngx_uint_t              decided;
} ngx_veriff_attempt_t;


/* the session that the user is led to */

typedef struct {
    ngx_veriff_id_t         session;
    time_t                  created;
    ngx_uint_t              adopted;    /* its URL is not known */

    ngx_veriff_status_e     dead;       /* none, expired, abandoned */
    ngx_veriff_status_e     decision;   /* the latest, verdicts included */
    int64_t                 decided;    /* its time, or 0 */

    ngx_uint_t              nattempts;
    ngx_veriff_attempt_t    attempts[NGX_VERIFF_ATTEMPTS_MAX];
} ngx_veriff_open_t;


/*
 * The latest screening of a session: it may come before the verdict that it
 * is about.
 */

typedef struct {
    uint64_t                hash;       /* of the session's id */
    int64_t                 time;       /* microseconds: createdAt, or 0 */
    uint64_t                match;      /* ngx_veriff_match_e, no padding */
} ngx_veriff_screening_t;


typedef struct {
    ngx_veriff_standing_t   standing;
    ngx_veriff_open_t       open;

    ngx_uint_t              nscreenings;
    ngx_veriff_screening_t  screenings[NGX_VERIFF_MATCHES_MAX];
} ngx_veriff_history_t;


typedef struct {
    ngx_str_t               session_id;
    ngx_str_t               attempt_id;
    ngx_veriff_status_e     status;     /* started, submitted: an event */
    ngx_veriff_match_e      match;      /* if set, a screening: no status */
    int64_t                 time;       /* microseconds, or 0 */
} ngx_veriff_message_t;


/* the settings that a state depends on; seconds, 0 for none */

typedef struct {
    time_t                  now;
    time_t                  max_age;    /* of an approval */
    time_t                  retry_declined;
    time_t                  session_lifetime;
    ngx_uint_t              watchlist;  /* a possible match withholds */
} ngx_veriff_policy_t;


/* Zeroes the history and has it begin with nothing. */
void ngx_veriff_policy_init(ngx_veriff_history_t *history);

/*
 * Opens a session in place of the one before; the verdict goes on standing.
 * The id must be one that ngx_veriff_api_id() accepts.  If it is open, having
 * been adopted a moment before, what is known of it stays.
 */
void ngx_veriff_policy_open(ngx_veriff_history_t *history, ngx_str_t *id,
    time_t now);

/* Applies a message; the history must be ngx_veriff_policy_init()ed. */
ngx_veriff_outcome_e ngx_veriff_policy_apply(ngx_veriff_history_t *history,
    ngx_veriff_message_t *message, time_t now);

/*
 * Applies a message about a session that the gateway did not make, and that
 * is the user's nonetheless.  As nothing says which of such sessions comes
 * after which, the verdicts of each of them count, by their time.  It becomes
 * the open session if there is none that may still bring a verdict; one that
 * the gateway made keeps its place for its lifetime, since it would lose its
 * say by being superseded.  now and session_lifetime of the policy are used.
 */
ngx_veriff_outcome_e ngx_veriff_policy_adopt(ngx_veriff_history_t *history,
    ngx_veriff_message_t *message, ngx_veriff_policy_t *policy);

/*
 * Screenings are in ngx_veriff_policy_match.c.  The latest of each session
 * counts, and a possible match withholds the approval that its session gives,
 * whichever of the two came first, until a later screening finds none.  No
 * more than NGX_VERIFF_MATCHES_MAX sessions have one: of others than the open
 * and the standing one those without a match, and older ones, give way.
 */

/* Keeps a screening that the two functions above have found to be theirs. */
ngx_veriff_outcome_e ngx_veriff_policy_match(ngx_veriff_history_t *history,
    ngx_veriff_message_t *message, int64_t time);

/* Non-zero if the approval that stands is of a session with a match. */
ngx_uint_t ngx_veriff_policy_matched(ngx_veriff_history_t *history);

/* Forgets the screening of a session. */
void ngx_veriff_policy_unmatch(ngx_veriff_history_t *history, ngx_str_t *id);

/* Of an id that the provider gave; 0 for an empty one. */
uint64_t ngx_veriff_policy_hash(u_char *data, size_t len);

/* What it comes to is in ngx_veriff_policy_state.c. */

/* The status of the open session: none if there is none. */
ngx_veriff_status_e ngx_veriff_policy_status(ngx_veriff_history_t *history);

/* The state that applications see. */
ngx_veriff_state_e ngx_veriff_policy_state(ngx_veriff_history_t *history,
    ngx_veriff_policy_t *policy);

/*
 * Non-zero if the open session's URL can be used again: younger than its
 * lifetime, and neither dead nor decided.
 */
ngx_uint_t ngx_veriff_policy_resumable(ngx_veriff_history_t *history,
    ngx_veriff_policy_t *policy);

/* Non-zero if there is an open session that may still bring a verdict. */
ngx_uint_t ngx_veriff_policy_undecided(ngx_veriff_history_t *history);

/* The same, and within its lifetime. */
ngx_uint_t ngx_veriff_policy_live(ngx_veriff_history_t *history,
    ngx_veriff_policy_t *policy);

/* Non-zero if the verdict that stands is the open session's own. */
ngx_uint_t ngx_veriff_policy_own(ngx_veriff_history_t *history);

/* When a declined user may try again, or 0 for never. */
time_t ngx_veriff_policy_retry_at(ngx_veriff_history_t *history,
    ngx_veriff_policy_t *policy);

/* The provider's word for a status, and back (none if it is not known). */
ngx_str_t *ngx_veriff_status_name(ngx_veriff_status_e status);
ngx_veriff_status_e ngx_veriff_status_parse(ngx_str_t *name);

/* "no_match", "possible_match"; none for any other. */
ngx_veriff_match_e ngx_veriff_match_parse(ngx_str_t *name);

/* "UNVERIFIED", "PENDING", "VERIFIED", "REJECTED" */
ngx_str_t *ngx_veriff_state_name(ngx_veriff_state_e state);


#endif /* _NGX_VERIFF_POLICY_H_INCLUDED_ */
