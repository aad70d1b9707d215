
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_COUNT_H_INCLUDED_
#define _NGX_HTTP_VERIFF_COUNT_H_INCLUDED_


#include "ngx_http_veriff_call.h"

#include "ngx_veriff_policy.h"


#define NGX_HTTP_VERIFF_COUNT_RESULTS  5    /* ngx_http_veriff_gate_result_e */
#define NGX_HTTP_VERIFF_COUNT_REASONS  9    /* ngx_http_veriff_gate_reason_e */
#define NGX_HTTP_VERIFF_COUNT_ANSWER   20   /* labels of a call's answer */
#define NGX_HTTP_VERIFF_COUNT_TIMED    2    /* calls: create, decision */
#define NGX_HTTP_VERIFF_COUNT_BUCKETS  11   /* of their time */


/*
 * What is counted, for each integration.  What is only the beginning of a
 * family is counted by the functions for it below.
 */

typedef enum {
    NGX_HTTP_VERIFF_COUNT_WEBHOOKS = 0,

    NGX_HTTP_VERIFF_COUNT_TYPES = NGX_HTTP_VERIFF_COUNT_WEBHOOKS + 18,

    NGX_HTTP_VERIFF_COUNT_OUTCOMES = NGX_HTTP_VERIFF_COUNT_TYPES + 10,

    NGX_HTTP_VERIFF_COUNT_DECISIONS = NGX_HTTP_VERIFF_COUNT_OUTCOMES + 5,

    /* how requests for a session ended */
    NGX_HTTP_VERIFF_COUNT_SESSIONS = NGX_HTTP_VERIFF_COUNT_DECISIONS + 6,
    NGX_HTTP_VERIFF_COUNT_SESSION_CREATED = NGX_HTTP_VERIFF_COUNT_SESSIONS,
    NGX_HTTP_VERIFF_COUNT_SESSION_RESUMED,
    NGX_HTTP_VERIFF_COUNT_SESSION_VERIFIED,
    NGX_HTTP_VERIFF_COUNT_SESSION_PENDING,
    NGX_HTTP_VERIFF_COUNT_SESSION_REJECTED,
    NGX_HTTP_VERIFF_COUNT_SESSION_USER_RATE,
    NGX_HTTP_VERIFF_COUNT_SESSION_SESSION_RATE,
    NGX_HTTP_VERIFF_COUNT_SESSION_FAILED,       /* of the provider */
    NGX_HTTP_VERIFF_COUNT_SESSION_RELAYED,      /* another request's failure */
    NGX_HTTP_VERIFF_COUNT_SESSION_TIMEOUT,      /* of waiting for another */
    NGX_HTTP_VERIFF_COUNT_SESSION_STORE_FAILED,
    NGX_HTTP_VERIFF_COUNT_SESSION_REFUSED,      /* by method or by the guard */
    NGX_HTTP_VERIFF_COUNT_SESSION_NO_USER,
    NGX_HTTP_VERIFF_COUNT_SESSION_UNFIT,        /* breaks the rules */
    NGX_HTTP_VERIFF_COUNT_SESSION_CHECK_FAILED, /* veriff_user_check */

    NGX_HTTP_VERIFF_COUNT_GATE,

    NGX_HTTP_VERIFF_COUNT_CALLS = NGX_HTTP_VERIFF_COUNT_GATE
                                  + NGX_HTTP_VERIFF_COUNT_RESULTS
                                    * NGX_HTTP_VERIFF_COUNT_REASONS,

    /* answers of the signed location that did not go on as they were */
    NGX_HTTP_VERIFF_COUNT_ANSWERS = NGX_HTTP_VERIFF_COUNT_CALLS
                                    + (NGX_HTTP_VERIFF_COUNT_TIMED + 1)
                                      * NGX_HTTP_VERIFF_COUNT_ANSWER,
    NGX_HTTP_VERIFF_COUNT_ANSWER_REFUSED = NGX_HTTP_VERIFF_COUNT_ANSWERS,
    NGX_HTTP_VERIFF_COUNT_ANSWER_CUT,

    /* questions about a decision that should have come */
    NGX_HTTP_VERIFF_COUNT_RECONCILES,
    NGX_HTTP_VERIFF_COUNT_RECONCILE_ASKED = NGX_HTTP_VERIFF_COUNT_RECONCILES,
    NGX_HTTP_VERIFF_COUNT_RECONCILE_APPLIED,
    NGX_HTTP_VERIFF_COUNT_RECONCILE_UNCHANGED,
    NGX_HTTP_VERIFF_COUNT_RECONCILE_FAILED,
    NGX_HTTP_VERIFF_COUNT_RECONCILE_OVER_BUDGET,

    /* of the store: no integration */
    NGX_HTTP_VERIFF_COUNT_STORE_COMMITS,
    NGX_HTTP_VERIFF_COUNT_STORE_COMMIT_FAILURES,
    NGX_HTTP_VERIFF_COUNT_STORE_FULL,
    NGX_HTTP_VERIFF_COUNT_STORE_READ_ERRORS,

    /* each call's buckets, then milliseconds */
    NGX_HTTP_VERIFF_COUNT_TIMES,

    NGX_HTTP_VERIFF_COUNTERS = NGX_HTTP_VERIFF_COUNT_TIMES
                               + NGX_HTTP_VERIFF_COUNT_TIMED
                                 * (NGX_HTTP_VERIFF_COUNT_BUCKETS + 1)
} ngx_http_veriff_count_e;


/*
 * All of them count one, without a lock, for all workers, and never fail;
 * vi is NULL for what is not known to belong to an integration.
 */

void ngx_http_veriff_count(ngx_http_veriff_integration_t *vi,
    ngx_uint_t what);

/* A webhook by $veriff_webhook; a reason that is not listed is "other". */
void ngx_http_veriff_count_webhook(ngx_http_veriff_integration_t *vi,
    const char *reason);

/* What a decision or an event did to the state, and the status it gave. */
void ngx_http_veriff_count_outcome(ngx_http_veriff_integration_t *vi,
    ngx_uint_t outcome, ngx_veriff_status_e status);

/* What the flow has found out, if that was the end. */
void ngx_http_veriff_count_flow(ngx_http_veriff_integration_t *vi,
    ngx_uint_t result);

void ngx_http_veriff_count_gate(ngx_http_veriff_integration_t *vi,
    ngx_http_veriff_gate_result_e result,
    ngx_http_veriff_gate_reason_e reason);

/* A call of the module's own that is done, and how long it took. */
void ngx_http_veriff_count_call(ngx_http_veriff_call_t *call,
    ngx_msec_t elapsed);

/* The provider's answer to what was passed through: its status, or these. */
#define NGX_HTTP_VERIFF_COUNT_NO_ANSWER  0
#define NGX_HTTP_VERIFF_COUNT_NOT_ASKED  1

void ngx_http_veriff_count_pass(ngx_http_veriff_integration_t *vi,
    ngx_uint_t status);


/* what Prometheus is told: words for counters */

typedef struct {
    const char   *name;
    const char   *help;
    ngx_uint_t    first;            /* the counter */
    const char   *label[2];         /* the second may be NULL */
    const char  **values[2];        /* ended by NULL */
    unsigned      unknown:1;        /* also without an integration */
    unsigned      sparse:1;         /* most of them stay zero */
} ngx_http_veriff_family_t;


typedef struct {
    ngx_msec_t    max;
    const char   *seconds;
} ngx_http_veriff_bucket_t;


/* All families but the store's and times; the last has no name. */
extern ngx_http_veriff_family_t  ngx_http_veriff_families[];

extern const char  *ngx_http_veriff_calls[];

/* Upper bounds of the buckets. */
extern ngx_http_veriff_bucket_t
    ngx_http_veriff_buckets[NGX_HTTP_VERIFF_COUNT_BUCKETS];


#endif /* _NGX_HTTP_VERIFF_COUNT_H_INCLUDED_ */
