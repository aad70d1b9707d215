
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_FLOW_H_INCLUDED_
#define _NGX_HTTP_VERIFF_FLOW_H_INCLUDED_


#include "ngx_http_veriff_state.h"


/*
 * Who may create a session, and when: one usable session per user, one
 * request to the provider at a time, however many tabs and workers.
 */

typedef enum {
    NGX_HTTP_VERIFF_FLOW_CREATE = 0,    /* this request has the lease */
    NGX_HTTP_VERIFF_FLOW_RESUME,        /* the open session: its URL is set */
    NGX_HTTP_VERIFF_FLOW_WAIT,          /* another request has the lease */
    NGX_HTTP_VERIFF_FLOW_VERIFIED,
    NGX_HTTP_VERIFF_FLOW_PENDING,
    NGX_HTTP_VERIFF_FLOW_REJECTED,
    NGX_HTTP_VERIFF_FLOW_LIMITED,       /* user_rate: try again later */
    NGX_HTTP_VERIFF_FLOW_BUSY,          /* session_rate: the same */
    NGX_HTTP_VERIFF_FLOW_FAILED,        /* another request's outcome */
    NGX_HTTP_VERIFF_FLOW_BROKEN,        /* the store failed, or is full */
    NGX_HTTP_VERIFF_FLOW_TIMEOUT        /* another request goes on and on */
} ngx_http_veriff_flow_e;


struct ngx_http_veriff_flow_s {
    ngx_http_veriff_flow_e           result;
    ngx_str_t                        url;           /* in r->pool */
    ngx_str_t                        session;
    time_t                           expires;
    ngx_uint_t                       status;        /* if failed */
    ngx_uint_t                       retry_after;
    uint64_t                         holder;        /* of the lease */
    int64_t                          deadline;      /* ms: of waiting */
    ngx_event_t                      event;

    /* what gives the lease back if ngx_http_veriff_flow_end() does not */
    ngx_http_veriff_update_t        *lease;

    unsigned                         ready:1;       /* result is set */
};


/*
 * Finds out what r, whose ctx->user and ctx->way are known, may do; then r's
 * write_event_handler is called, with ctx->flow->result set.  It waits for
 * another request's outcome itself, at most ten seconds.
 * NGX_OK or NGX_ERROR (nothing was begun).
 */
ngx_int_t ngx_http_veriff_flow_begin(ngx_http_request_t *r);

/*
 * Stores what became of a creation, also when the client has gone: the
 * session with what was sent for it, or the status that was answered
 * instead (0: the provider was not asked).  done is called when it is durable
 * (rc NGX_OK) or cannot be; its request may be NULL.  NGX_OK, or NGX_ERROR
 * (done is not called; the lease goes back when r ends).
 */
ngx_int_t ngx_http_veriff_flow_end(ngx_http_request_t *r,
    ngx_http_veriff_flow_t *flow, ngx_str_t *session, ngx_str_t *url,
    ngx_str_t *vendor_data, ngx_str_t *end_user_id, ngx_uint_t status,
    ngx_uint_t retry_after, ngx_http_veriff_update_pt done);


#endif /* _NGX_HTTP_VERIFF_FLOW_H_INCLUDED_ */
