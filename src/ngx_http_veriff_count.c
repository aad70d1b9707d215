
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_flow.h"
#include "ngx_http_veriff_zone.h"


static ngx_uint_t ngx_http_veriff_count_index(const char **names,
    const char *name);
static const char *ngx_http_veriff_count_status(ngx_uint_t status,
    u_char *buf);
static void ngx_http_veriff_count_answer(ngx_http_veriff_integration_t *vi,
    ngx_uint_t kind, const char *answer);


/* of counters: in the order of ngx_http_veriff_count_e, none may move */

static const char  *ngx_http_veriff_webhook_results[] = {
    "ok", "method", "encoding", "size", "repeated_header",
    "conflicting_headers", "no_key", "no_signature", "malformed_signature",
    "unknown_key", "incomplete_body", "bad_signature", "malformed_json",
    "store_failed", "client_left", "other", NULL
};

static const char  *ngx_http_veriff_webhook_types[] = {
    "unknown", "decision", "event", "watchlist", "user_status", "full_auto",
    "ine", "curp", "ine_curp", "address", NULL
};

static const char  *ngx_http_veriff_outcomes[] = {
    "applied", "duplicate", "stale", "foreign", "ignored", NULL
};

static const char  *ngx_http_veriff_decisions[] = {
    "resubmission_requested", "review", "expired", "abandoned", "approved",
    "declined", NULL
};

static const char  *ngx_http_veriff_session_outcomes[] = {
    "created", "resumed", "verified", "pending", "rejected", "user_rate",
    "session_rate", "failed", "relayed", "timeout", "store_failed", "refused",
    "no_user", "unfit", "check_failed", NULL
};

static const char  *ngx_http_veriff_gate_results[] = {
    "pass", "redirect", "deny", "report", "allow", NULL
};

static const char  *ngx_http_veriff_gate_reasons[] = {
    "verified", "unverified", "pending", "rejected", "no_user", "bad_user",
    "store_failed", "error_page", "no_location", NULL
};

const char  *ngx_http_veriff_calls[] = {
    "create", "decision", "pass", NULL
};

static const char  *ngx_http_veriff_call_answers[] = {
    "200", "201", "204", "2xx", "3xx", "400", "401", "403", "404", "409",
    "429", "4xx", "5xx", "none", "unsigned", "forged", "oversized",
    "misrouted", "refused", "other", NULL
};

static const char  *ngx_http_veriff_answers[] = {
    "refused", "cut", NULL
};

static const char  *ngx_http_veriff_reconciles[] = {
    "asked", "applied", "unchanged", "failed", "over_budget", NULL
};


ngx_http_veriff_bucket_t
    ngx_http_veriff_buckets[NGX_HTTP_VERIFF_COUNT_BUCKETS] =
{
    { 50, "0.05" },
    { 100, "0.1" },
    { 250, "0.25" },
    { 500, "0.5" },
    { 1000, "1" },
    { 2500, "2.5" },
    { 5000, "5" },
    { 10000, "10" },
    { 30000, "30" },
    { 60000, "60" },
    { NGX_MAX_INT_T_VALUE, "+Inf" }
};


ngx_http_veriff_family_t  ngx_http_veriff_families[] = {

    { "veriff_webhooks_total",
      "Webhooks by result: ok, or why they were refused.",
      NGX_HTTP_VERIFF_COUNT_WEBHOOKS,
      { "result", NULL }, { ngx_http_veriff_webhook_results, NULL }, 1, 0 },

    { "veriff_webhook_types_total",
      "Valid webhooks by type.",
      NGX_HTTP_VERIFF_COUNT_TYPES,
      { "type", NULL }, { ngx_http_veriff_webhook_types, NULL }, 0, 0 },

    { "veriff_outcomes_total",
      "Webhooks that may change a state by what they did to it.",
      NGX_HTTP_VERIFF_COUNT_OUTCOMES,
      { "outcome", NULL }, { ngx_http_veriff_outcomes, NULL }, 0, 0 },

    { "veriff_decisions_total",
      "Decisions that changed the stored state, by status.",
      NGX_HTTP_VERIFF_COUNT_DECISIONS,
      { "status", NULL }, { ngx_http_veriff_decisions, NULL }, 0, 0 },

    { "veriff_sessions_total",
      "Requests for a session by outcome.",
      NGX_HTTP_VERIFF_COUNT_SESSIONS,
      { "outcome", NULL }, { ngx_http_veriff_session_outcomes, NULL }, 0, 0 },

    { "veriff_gate_requests_total",
      "Requests to gated locations by result and reason.",
      NGX_HTTP_VERIFF_COUNT_GATE,
      { "result", "reason" },
      { ngx_http_veriff_gate_results, ngx_http_veriff_gate_reasons }, 0, 1 },

    { "veriff_api_calls_total",
      "Requests to the provider by call and answer.",
      NGX_HTTP_VERIFF_COUNT_CALLS,
      { "call", "answer" },
      { ngx_http_veriff_calls, ngx_http_veriff_call_answers }, 0, 1 },

    { "veriff_api_answers_total",
      "Answers passed through that were refused, or cut, for their signature.",
      NGX_HTTP_VERIFF_COUNT_ANSWERS,
      { "result", NULL }, { ngx_http_veriff_answers, NULL }, 0, 0 },

    { "veriff_reconciles_total",
      "Questions about decisions that have not come by webhook.",
      NGX_HTTP_VERIFF_COUNT_RECONCILES,
      { "outcome", NULL }, { ngx_http_veriff_reconciles, NULL }, 0, 0 },

    { NULL, NULL, 0, { NULL, NULL }, { NULL, NULL }, 0, 0 }
};


void
ngx_http_veriff_count(ngx_http_veriff_integration_t *vi, ngx_uint_t what)
{
    ngx_http_veriff_slot_t  *slot;

    slot = ngx_http_veriff_zone_slot(vi);

    if (slot) {
        (void) ngx_atomic_fetch_add(&slot->counters[what], 1);
    }
}


void
ngx_http_veriff_count_webhook(ngx_http_veriff_integration_t *vi,
    const char *reason)
{
    ngx_http_veriff_count(vi, NGX_HTTP_VERIFF_COUNT_WEBHOOKS
                   + ngx_http_veriff_count_index(
                                     ngx_http_veriff_webhook_results, reason));
}


/* the last one stands for all that are not listed */

static ngx_uint_t
ngx_http_veriff_count_index(const char **names, const char *name)
{
    ngx_uint_t  i;

    for (i = 0; names[i + 1]; i++) {
        if (ngx_strcmp(names[i], name) == 0) {
            break;
        }
    }

    return i;
}


void
ngx_http_veriff_count_outcome(ngx_http_veriff_integration_t *vi,
    ngx_uint_t outcome, ngx_veriff_status_e status)
{
    ngx_http_veriff_count(vi, NGX_HTTP_VERIFF_COUNT_OUTCOMES + outcome);

    if (outcome == NGX_VERIFF_APPLIED
        && status >= NGX_VERIFF_STATUS_RESUBMISSION)
    {
        ngx_http_veriff_count(vi, NGX_HTTP_VERIFF_COUNT_DECISIONS
                                  + status - NGX_VERIFF_STATUS_RESUBMISSION);
    }
}


void
ngx_http_veriff_count_flow(ngx_http_veriff_integration_t *vi,
    ngx_uint_t result)
{
    ngx_uint_t  what;

    switch (result) {

    case NGX_HTTP_VERIFF_FLOW_RESUME:
        what = NGX_HTTP_VERIFF_COUNT_SESSION_RESUMED;
        break;

    case NGX_HTTP_VERIFF_FLOW_VERIFIED:
        what = NGX_HTTP_VERIFF_COUNT_SESSION_VERIFIED;
        break;

    case NGX_HTTP_VERIFF_FLOW_PENDING:
        what = NGX_HTTP_VERIFF_COUNT_SESSION_PENDING;
        break;

    case NGX_HTTP_VERIFF_FLOW_REJECTED:
        what = NGX_HTTP_VERIFF_COUNT_SESSION_REJECTED;
        break;

    case NGX_HTTP_VERIFF_FLOW_LIMITED:
        what = NGX_HTTP_VERIFF_COUNT_SESSION_USER_RATE;
        break;

    case NGX_HTTP_VERIFF_FLOW_BUSY:
        what = NGX_HTTP_VERIFF_COUNT_SESSION_SESSION_RATE;
        break;

    case NGX_HTTP_VERIFF_FLOW_FAILED:
        what = NGX_HTTP_VERIFF_COUNT_SESSION_RELAYED;
        break;

    case NGX_HTTP_VERIFF_FLOW_TIMEOUT:
        what = NGX_HTTP_VERIFF_COUNT_SESSION_TIMEOUT;
        break;

    default: /* NGX_HTTP_VERIFF_FLOW_BROKEN */
        what = NGX_HTTP_VERIFF_COUNT_SESSION_STORE_FAILED;
        break;
    }

    ngx_http_veriff_count(vi, what);
}


void
ngx_http_veriff_count_gate(ngx_http_veriff_integration_t *vi,
    ngx_http_veriff_gate_result_e result,
    ngx_http_veriff_gate_reason_e reason)
{
    ngx_http_veriff_count(vi, NGX_HTTP_VERIFF_COUNT_GATE
                              + result * NGX_HTTP_VERIFF_COUNT_REASONS
                              + reason);
}


void
ngx_http_veriff_count_call(ngx_http_veriff_call_t *call, ngx_msec_t elapsed)
{
    u_char                   buf[4];
    ngx_uint_t               kind, i, n;
    const char              *answer;
    ngx_http_veriff_slot_t  *slot;

    kind = (call->method == NGX_HTTP_POST) ? 0 : 1;

    switch (call->result) {

    case NGX_HTTP_VERIFF_CALL_NONE:
        answer = "none";
        break;

    case NGX_HTTP_VERIFF_CALL_FORGED:
        answer = "forged";
        break;

    case NGX_HTTP_VERIFF_CALL_OVERSIZED:
        answer = "oversized";
        break;

    case NGX_HTTP_VERIFF_CALL_MISROUTED:
        answer = "misrouted";
        break;

    case NGX_HTTP_VERIFF_CALL_REFUSED:
        answer = "refused";
        break;

    default: /* NGX_HTTP_VERIFF_CALL_SIGNED, NGX_HTTP_VERIFF_CALL_UNSIGNED */

        if (call->result == NGX_HTTP_VERIFF_CALL_UNSIGNED
            && call->status < NGX_HTTP_SPECIAL_RESPONSE
            && call->integration->response_signature
               == NGX_HTTP_VERIFF_SIGNATURE_REQUIRED)
        {
            answer = "unsigned";
            break;
        }

        answer = ngx_http_veriff_count_status(call->status, buf);
        break;
    }

    ngx_http_veriff_count_answer(call->integration, kind, answer);

    slot = ngx_http_veriff_zone_slot(call->integration);

    if (slot == NULL
        || call->result == NGX_HTTP_VERIFF_CALL_MISROUTED
        || call->result == NGX_HTTP_VERIFF_CALL_REFUSED)
    {
        /* the provider was not asked */

        return;
    }

    for (i = 0; i < NGX_HTTP_VERIFF_COUNT_BUCKETS - 1; i++) {
        if (elapsed <= ngx_http_veriff_buckets[i].max) {
            break;
        }
    }

    n = NGX_HTTP_VERIFF_COUNT_TIMES
        + kind * (NGX_HTTP_VERIFF_COUNT_BUCKETS + 1);

    (void) ngx_atomic_fetch_add(&slot->counters[n + i], 1);
    (void) ngx_atomic_fetch_add(
                        &slot->counters[n + NGX_HTTP_VERIFF_COUNT_BUCKETS],
                        elapsed);
}


void
ngx_http_veriff_count_pass(ngx_http_veriff_integration_t *vi,
    ngx_uint_t status)
{
    u_char       buf[4];
    const char  *answer;

    answer = (status == NGX_HTTP_VERIFF_COUNT_NO_ANSWER) ? "none"
             : (status == NGX_HTTP_VERIFF_COUNT_NOT_ASKED) ? "refused"
             : ngx_http_veriff_count_status(status, buf);

    ngx_http_veriff_count_answer(vi, NGX_HTTP_VERIFF_COUNT_TIMED, answer);
}


/* the status if it is one of those listed, or its class */

static const char *
ngx_http_veriff_count_status(ngx_uint_t status, u_char *buf)
{
    ngx_uint_t    i;
    const char  **names;

    ngx_snprintf(buf, 4, "%03ui%Z", ngx_min(status, 999));

    names = ngx_http_veriff_call_answers;

    for (i = 0; names[i]; i++) {
        if (ngx_strcmp(names[i], buf) == 0) {
            return names[i];
        }
    }

    buf[1] = 'x';
    buf[2] = 'x';

    return (const char *) buf;
}


static void
ngx_http_veriff_count_answer(ngx_http_veriff_integration_t *vi,
    ngx_uint_t kind, const char *answer)
{
    ngx_http_veriff_count(vi, NGX_HTTP_VERIFF_COUNT_CALLS
                   + kind * NGX_HTTP_VERIFF_COUNT_ANSWER
                   + ngx_http_veriff_count_index(ngx_http_veriff_call_answers,
                                                 answer));
}
