
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_MODULE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_veriff_api.h"
#include "ngx_veriff_payload.h"
#include "ngx_veriff_seal.h"
#include "ngx_veriff_sign.h"
#include "ngx_veriff_way.h"
#include "ngx_veriff_webhook.h"


/* where a directive stands, for messages that can only be given later */

typedef struct {
    u_char                          *file;
    ngx_uint_t                       line;
} ngx_http_veriff_place_t;


#define NGX_HTTP_VERIFF_NAME_MAX  64    /* of an integration */


typedef struct ngx_http_veriff_zone_s  ngx_http_veriff_zone_t;
typedef struct ngx_http_veriff_slot_s  ngx_http_veriff_slot_t;


/* an API key and its secrets always go together */

typedef struct {
    ngx_str_t                        api_key;
    ngx_veriff_secrets_t            *secrets;
} ngx_http_veriff_pair_t;


typedef struct {
    ngx_str_t                        name;

    ngx_http_veriff_pair_t           pair;
    ngx_array_t                     *webhook_pairs;

    ngx_array_t                     *secrets;   /* ngx_str_t, until the end
                                                   of the block */
    ngx_str_t                        integration_id;

    ngx_http_complex_value_t        *user;
    ngx_str_t                        user_text;
    ngx_flag_t                       user_trusted;

    ngx_str_t                        payload_text;
    ngx_str_t                        payload_name;  /* for messages */
    ngx_http_veriff_place_t          payload_place;
    ngx_array_t                     *payload_users; /* ngx_str_t: what it
                                                       has in user ids */
    ngx_veriff_payload_t            *payload;
    ngx_array_t                     *client_members;    /* or NULL */
    ngx_array_t                     *origins;           /* ngx_str_t, or NULL */

    ngx_str_t                        callback;
    ngx_str_t                        api_uri;
    ngx_str_t                        start_uri;
    ngx_str_t                        return_uri;
    ngx_str_t                        status_uri;
    ngx_array_t                     *url_hosts;     /* ngx_str_t */
    time_t                           session_lifetime;
    time_t                           verified_for;      /* 0: for ever */
    time_t                           retry_declined;    /* 0: off */
    time_t                           reconcile;         /* 0: off */
    ngx_uint_t                       user_rate;         /* per hour */
    ngx_uint_t                       session_rate;      /* per minute, or 0 */
    ngx_uint_t                       response_signature;
    ngx_uint_t                       match;
    ngx_uint_t                       watchlist;         /* 1: apply */
    ngx_uint_t                       full_auto;         /* likewise */
    ngx_msec_t                       lease;     /* of who creates a session */

    /* in shared memory, set when the zone is */
    ngx_http_veriff_zone_t          *zone;
    ngx_http_veriff_slot_t          *slot;

    unsigned                         loopback:1;    /* among url_hosts */
} ngx_http_veriff_integration_t;


#define NGX_HTTP_VERIFF_SIGNATURE_REQUIRED  0
#define NGX_HTTP_VERIFF_SIGNATURE_OPTIONAL  1

#define NGX_HTTP_VERIFF_MATCH_SESSION       0
#define NGX_HTTP_VERIFF_MATCH_VENDOR_DATA   1


typedef struct ngx_http_veriff_store_s  ngx_http_veriff_store_t;


typedef struct {
    ngx_array_t                      integrations;  /* of pointers */
    ngx_veriff_keys_t               *keys;
    ngx_http_veriff_store_t         *store;
    ngx_http_veriff_zone_t          *zone;
    ngx_array_t                     *routes;        /* see check_route */
    ngx_array_t                     *spots;         /* see check_gate */
    ngx_array_t                     *json_vars;     /* ngx_str_t: names */
    ngx_flag_t                       metrics;       /* there are some */
    ngx_flag_t                       webhook_read;  /* see webhook_read */
} ngx_http_veriff_main_conf_t;


/* an integration named by a directive; found when everything was read */

typedef struct {
    ngx_str_t                        name;
    ngx_str_t                        directive;
    ngx_http_veriff_place_t          place;

    ngx_http_veriff_integration_t   *integration;
} ngx_http_veriff_ref_t;


/* veriff_user_check */

typedef struct {
    ngx_str_t                        text;
    ngx_http_veriff_place_t          place;
    ngx_array_t                     *parts;         /* see user_uri */
} ngx_http_veriff_user_uri_t;


typedef enum {
    NGX_HTTP_VERIFF_AUTO = 0,
    NGX_HTTP_VERIFF_REDIRECT,
    NGX_HTTP_VERIFF_JSON,
    NGX_HTTP_VERIFF_API
} ngx_http_veriff_format_e;


/* what the gate did with a request, and why */

typedef enum {
    NGX_HTTP_VERIFF_GATE_PASS = 0,
    NGX_HTTP_VERIFF_GATE_REDIRECT,
    NGX_HTTP_VERIFF_GATE_DENY,
    NGX_HTTP_VERIFF_GATE_REPORT,    /* passed, though it should not have */
    NGX_HTTP_VERIFF_GATE_ALLOW      /* by on_error */
} ngx_http_veriff_gate_result_e;


typedef enum {
    NGX_HTTP_VERIFF_GATE_VERIFIED = 0,
    NGX_HTTP_VERIFF_GATE_UNVERIFIED,
    NGX_HTTP_VERIFF_GATE_PENDING,
    NGX_HTTP_VERIFF_GATE_REJECTED,
    NGX_HTTP_VERIFF_GATE_NO_USER,
    NGX_HTTP_VERIFF_GATE_BAD_USER,
    NGX_HTTP_VERIFF_GATE_STORE_FAILED,
    NGX_HTTP_VERIFF_GATE_ERROR_PAGE,
    NGX_HTTP_VERIFF_GATE_NO_LOCATION
} ngx_http_veriff_gate_reason_e;


typedef struct {
    ngx_http_veriff_ref_t            ref;
    ngx_flag_t                       report;
    ngx_flag_t                       allow;         /* on_error=allow */
    time_t                           max_age;       /* 0: verified_for */
    ngx_str_t                        page;          /* or empty */
    ngx_http_complex_value_t        *user;          /* NULL: integration's */
    ngx_str_t                        user_text;
} ngx_http_veriff_gate_t;


typedef struct {
    ngx_http_veriff_gate_t          *gate;          /* NULL: off */
    ngx_flag_t                       gate_here;     /* not inherited */

    ngx_http_veriff_ref_t           *sign;          /* NULL: off */
    ngx_flag_t                       insecure_tls;

    ngx_http_veriff_ref_t           *session;       /* or status */
    ngx_flag_t                       status;
    ngx_uint_t                       format;
    ngx_http_complex_value_t        *user;          /* NULL: integration's */
    ngx_str_t                        user_text;
    ngx_flag_t                       certified;     /* by ssl_verify_client */
    ngx_flag_t                       user_json;     /* it is in the body */
    ngx_flag_t                       user_late;     /* or may be */
    ngx_http_veriff_user_uri_t      *user_check;    /* NULL: none */

    ngx_http_veriff_place_t         *metrics;       /* NULL: none */
    ngx_http_veriff_ref_t           *return_ref;
    ngx_str_t                        return_page;   /* empty: our own */

    ngx_array_t                     *webhook;       /* ngx_http_veriff_ref_t */
    ngx_flag_t                       report;
    ngx_flag_t                       replay_pass;

    ngx_http_veriff_place_t          returns;       /* "return" in it, or */
    ngx_flag_t                       returns_above; /* in its server */

    ngx_str_t                        proxy_pass;    /* as it is written */
    ngx_http_handler_pt              proxy_handler;
    ngx_http_complex_value_t        *proxy_target;  /* NULL: constant */
    ngx_flag_t                       proxy_method;  /* set here or above */
    ngx_flag_t                       proxy_set_body;
} ngx_http_veriff_loc_conf_t;


typedef struct ngx_http_veriff_call_s       ngx_http_veriff_call_t;
typedef struct ngx_http_veriff_answer_s     ngx_http_veriff_answer_t;
typedef struct ngx_http_veriff_arrival_s    ngx_http_veriff_arrival_t;
typedef struct ngx_http_veriff_create_s     ngx_http_veriff_create_t;
typedef struct ngx_http_veriff_flow_s       ngx_http_veriff_flow_t;
typedef struct ngx_http_veriff_reconcile_s  ngx_http_veriff_reconcile_t;
typedef struct ngx_http_veriff_user_ask_s   ngx_http_veriff_user_ask_t;


/* a request body, hashed while it arrives or where it lies */

typedef struct {
    ngx_veriff_hmac_t               *hmac;
    off_t                            hashed;
    off_t                            size;
    off_t                            limit;         /* 0: none */

    unsigned                         reading:1;
    unsigned                         done:1;
    unsigned                         failed:1;
} ngx_http_veriff_body_t;


typedef struct {
    ngx_http_request_t              *request;
    ngx_http_veriff_integration_t   *integration;

    ngx_str_t                        user;
    ngx_str_t                        session_id;
    ngx_str_t                        state;         /* see tell.h */
    ngx_str_t                        status;
    ngx_str_t                        decision_time;
    ngx_str_t                        page_uri;      /* that any may see */
    ngx_str_t                        gate;
    ngx_str_t                        gate_reason;
    ngx_http_veriff_user_ask_t      *ask;       /* veriff_user_check */
    ngx_http_veriff_create_t        *create;
    ngx_http_veriff_flow_t          *flow;
    ngx_http_veriff_arrival_t       *arrival;
    ngx_http_veriff_reconcile_t     *reconcile;
    ngx_veriff_way_t                 way;       /* of veriff_session */
    ngx_veriff_json_t               *client;    /* its own members, or NULL */

    ngx_http_veriff_body_t           body;

    /* a request to the provider */
    ngx_veriff_api_rule_t            rule;
    ngx_http_veriff_answer_t        *answer;
    ngx_http_veriff_call_t          *call;

    /* a webhook: its state, and once it was checked its result */
    ngx_array_t                      candidates;
    ngx_str_t                        signature;
    ngx_http_veriff_integration_t   *replay_of;     /* whose name is known */
    u_char                           replay_name[NGX_VERIFF_NAME_LEN];
    const char                      *webhook_reason;
    ngx_veriff_webhook_t             webhook;
    ngx_str_t                        webhook_user;
    ngx_int_t                        apply_rc;
    ngx_uint_t                       outcome;   /* ngx_veriff_outcome_e */

    unsigned                         gated:1;       /* the app was told */
    unsigned                         gate_refused:1;
    unsigned                         signing:1;
    unsigned                         is_signed:1;
    unsigned                         webhook_begun:1;
    unsigned                         webhook_checked:1;
    unsigned                         webhook_read:1;    /* parsed */
    unsigned                         applied:1;
    unsigned                         webhook_done:1;
    unsigned                         webhook_valid:1;
    unsigned                         webhook_looked:1;  /* for a mark */
    unsigned                         webhook_again:1;   /* there is one */
    unsigned                         webhook_mark:1;    /* make one, */
    unsigned                         webhook_2xx:1;     /* it answers so */
    unsigned                         format:2;
    unsigned                         page:1;        /* a browser asks */
    unsigned                         carried:1;     /* the way, by cookie */
    unsigned                         asked:1;       /* the way, by argument */
} ngx_http_veriff_ctx_t;


/*
 * Gets the request's context, also after an internal redirect, or makes it.
 * Returns NULL if there is none (_get), or on lack of memory (_create).
 */
ngx_http_veriff_ctx_t *ngx_http_veriff_ctx_get(ngx_http_request_t *r);
ngx_http_veriff_ctx_t *ngx_http_veriff_ctx_create(ngx_http_request_t *r);


extern ngx_module_t  ngx_http_veriff_module;


#endif /* _NGX_HTTP_VERIFF_MODULE_H_INCLUDED_ */
