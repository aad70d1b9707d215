
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_REPLY_H_INCLUDED_
#define _NGX_HTTP_VERIFF_REPLY_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Answers of the module itself.  None may be cached.  All but the *_body
 * functions send the answer and return what ngx_http_finalize_request()
 * takes.
 */

/* shapes of an error */

typedef enum {
    NGX_HTTP_VERIFF_REPLY_PAGE = 0,     /* plain HTML, for a browser */
    NGX_HTTP_VERIFF_REPLY_PROBLEM,      /* application/problem+json */
    NGX_HTTP_VERIFF_REPLY_API           /* as the provider's errors are */
} ngx_http_veriff_reply_e;


typedef struct {
    ngx_uint_t                       status;
    const char                      *detail;        /* constants */
    ngx_uint_t                       retry_after;   /* seconds, or 0 */

    /* more of it, or NULL; state and start are plain characters */
    ngx_str_t                       *state;
    ngx_str_t                       *start;
    ngx_str_t                       *link;          /* on a page */
    const char                      *label;
} ngx_http_veriff_problem_t;


/* Sends a complete answer; type and body are not copied. */
ngx_int_t ngx_http_veriff_reply(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, ngx_str_t *body);

/*
 * Sends an error with a detail for people, a constant, or gives way to an
 * error page that the location has for the status (not for the API shape).
 * retry_after in seconds, 0 for none.
 */
ngx_int_t ngx_http_veriff_reply_error(ngx_http_request_t *r,
    ngx_http_veriff_reply_e shape, ngx_uint_t status, const char *detail,
    ngx_uint_t retry_after);

/*
 * Non-zero if the location has an error page for the status, to which a page
 * of ours gives way.
 */
ngx_uint_t ngx_http_veriff_reply_has_page(ngx_http_request_t *r,
    ngx_uint_t status);

/* The same with all that may be said. */
ngx_int_t ngx_http_veriff_reply_problem(ngx_http_request_t *r,
    ngx_http_veriff_reply_e shape, ngx_http_veriff_problem_t *problem);

/*
 * A redirect (302 or 303) to a URL, which is copied; neither cached nor
 * leaked as a referrer.
 */
ngx_int_t ngx_http_veriff_reply_redirect(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *url);

/* The body of an error in the provider's shape, a constant: NGX_OK. */
ngx_int_t ngx_http_veriff_reply_api_body(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *body);

/*
 * Nobody may keep the answer, whoever gives it, nor is it what an upstream has
 * said of its own: NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_reply_no_store(ngx_http_request_t *r);

/* Forgets what an upstream has put into the answer's header. */
void ngx_http_veriff_reply_clean(ngx_http_request_t *r);


#endif /* _NGX_HTTP_VERIFF_REPLY_H_INCLUDED_ */
