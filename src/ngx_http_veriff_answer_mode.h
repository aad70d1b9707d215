
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_ANSWER_MODE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_ANSWER_MODE_H_INCLUDED_


#include "ngx_http_veriff_answer.h"


/*
 * What becomes of an answer: it is collected, streamed or replaced.  For
 * ngx_http_veriff_answer*.c only.
 */

#define NGX_HTTP_VERIFF_ANSWER_MAX   262144     /* checked before it passes */

#define NGX_HTTP_VERIFF_BUFFERED     0x08       /* free in r->buffered */


typedef enum {
    NGX_HTTP_VERIFF_ANSWER_PASS = 0,            /* nothing to check */
    NGX_HTTP_VERIFF_ANSWER_COLLECT,             /* header and body held */
    NGX_HTTP_VERIFF_ANSWER_STREAM,              /* the last buffer held */
    NGX_HTTP_VERIFF_ANSWER_WAIT,                /* collected, for the store */
    NGX_HTTP_VERIFF_ANSWER_REPLACE,             /* ours instead */
    NGX_HTTP_VERIFF_ANSWER_DONE                 /* the rest is swallowed */
} ngx_http_veriff_answer_e;


struct ngx_http_veriff_answer_s {
    ngx_http_veriff_answer_e   mode;
    ngx_veriff_hmac_t         *hmac;
    ngx_str_t                  signature;

    ngx_buf_t                 *buf;     /* collected, or held back */
    ngx_chain_t               *free;
    ngx_chain_t               *busy;

    ngx_chain_t               *in;      /* not read yet */

    unsigned                   begun:1;
    unsigned                   last:1;
    unsigned                   stored:1;
    unsigned                   failed:1;    /* it could not be stored */
};


/* The filters below ours. */
extern ngx_http_output_header_filter_pt  ngx_http_veriff_answer_next_header;
extern ngx_http_output_body_filter_pt    ngx_http_veriff_answer_next_body;


/*
 * The body filter in each mode; they return what it does.  _collect() goes
 * on with _stream() when the answer is longer than NGX_HTTP_VERIFF_ANSWER_MAX.
 */
ngx_int_t ngx_http_veriff_answer_collect(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in);
ngx_int_t ngx_http_veriff_answer_wait(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in);
ngx_int_t ngx_http_veriff_answer_stream(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in);
ngx_int_t ngx_http_veriff_answer_swallow(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_chain_t *in);

/*
 * Answers in the provider's shape instead; the header must not have been
 * sent.  A reason is logged and counted; NULL if it is an error of nginx.
 */
ngx_int_t ngx_http_veriff_answer_replace(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_uint_t status, const char *reason);

/* Sends a->buf, as the last one if so. */
ngx_int_t ngx_http_veriff_answer_send(ngx_http_request_t *r,
    ngx_http_veriff_answer_t *a, ngx_uint_t last);

/* Non-zero if the answer ends with it. */
ngx_uint_t ngx_http_veriff_answer_is_last(ngx_http_request_t *r,
    ngx_buf_t *b);

void ngx_http_veriff_answer_count(ngx_http_request_t *r, ngx_uint_t what);


#endif /* _NGX_HTTP_VERIFF_ANSWER_MODE_H_INCLUDED_ */
