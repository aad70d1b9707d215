
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_CALL_H_INCLUDED_
#define _NGX_HTTP_VERIFF_CALL_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * A request of the module's own to the provider: a subrequest to the
 * integration's signed location, with nothing of the client's in it.
 */

#define NGX_HTTP_VERIFF_CALL_MAX  131072        /* bytes of an answer */


typedef enum {
    NGX_HTTP_VERIFF_CALL_NONE = 0,      /* no answer, or not a whole one */
    NGX_HTTP_VERIFF_CALL_SIGNED,        /* whole, its signature is right */
    NGX_HTTP_VERIFF_CALL_UNSIGNED,      /* whole, without a signature */
    NGX_HTTP_VERIFF_CALL_FORGED,        /* wrong, ambiguous or encoded */
    NGX_HTTP_VERIFF_CALL_OVERSIZED,
    NGX_HTTP_VERIFF_CALL_MISROUTED,     /* not from the signed location */
    NGX_HTTP_VERIFF_CALL_REFUSED        /* by the signed location itself */
} ngx_http_veriff_call_result_e;


/*
 * Called once, when the answer was judged, and before the parent is woken;
 * the parent may be about to end.
 */
typedef void (*ngx_http_veriff_call_pt)(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call);


struct ngx_http_veriff_call_s {

    /* set by the caller, which owns the memory for the request's life */

    ngx_http_veriff_integration_t  *integration;
    ngx_uint_t                      method;     /* NGX_HTTP_POST or _GET */
    ngx_str_t                       path;       /* "/v1/..." */
    ngx_str_t                       body;       /* JSON, empty for GET */
    ngx_http_veriff_call_pt         handler;
    void                           *data;

    /* the result */

    ngx_http_veriff_call_result_e   result;
    ngx_uint_t                      status;     /* the provider's, or 0; the
                                                   location's if it refused */
    ngx_uint_t                      retry_after; /* seconds it asked for */
    ngx_str_t                       answer;     /* NUL-terminated */

    ngx_str_t                       signature;
    ngx_buf_t                      *buf;
    ngx_msec_t                      started;

    unsigned                        captured:1;
    unsigned                        complete:1;
    unsigned                        done:1;
};


/*
 * Starts the call; when it is done, call->handler and then
 * r->write_event_handler are called, which the caller has set before.
 * NGX_OK or NGX_ERROR (nothing was started).
 */
ngx_int_t ngx_http_veriff_call(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call);

/*
 * The call that a subrequest was made for, or NULL.  It outlasts the context,
 * which an internal redirect of the subrequest clears.
 */
ngx_http_veriff_call_t *ngx_http_veriff_call_of(ngx_http_request_t *r);

/* The parts of the filters that collect a call's answer. */
ngx_int_t ngx_http_veriff_call_header(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call);
ngx_int_t ngx_http_veriff_call_body(ngx_http_request_t *r,
    ngx_http_veriff_call_t *call, ngx_chain_t *in);


#endif /* _NGX_HTTP_VERIFF_CALL_H_INCLUDED_ */
