
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_API_H_INCLUDED_
#define _NGX_VERIFF_API_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * What a request to the provider must be signed over: by rule, not by list
 * of endpoints.
 */

#define NGX_VERIFF_ID_MAX  128


typedef enum {
    NGX_VERIFF_GET = 0,
    NGX_VERIFF_DELETE,
    NGX_VERIFF_POST,
    NGX_VERIFF_PATCH
} ngx_veriff_method_e;


typedef struct {
    ngx_str_t    text;        /* signed first: the id, or the path and LF */

    unsigned     sign:1;      /* zero: the API key only */
    unsigned     body:1;      /* the body is signed (after text) */
    unsigned     feedback:1;  /* VRF-AUTH-CLIENT and VRF-HMAC-SIGNATURE */
    unsigned     binary:1;    /* the answer may be an unsigned file */
    unsigned     gone:1;      /* with its success, the session of this id */
} ngx_veriff_api_rule_t;


/*
 * Finds the rule for the path as it goes out, without arguments.  text
 * borrows from path, or is allocated from the pool.
 * Returns NGX_OK, NGX_DECLINED (the path does not begin with "/v1/", holds
 * a dot segment or an empty one, an encoded separator, dot or control
 * character, a broken escape, '#', '?', ';', backslash or what is not
 * printable ASCII, or its id is not 1-128 of [A-Za-z0-9._-]) or NGX_ERROR
 * (no memory).
 */
ngx_int_t ngx_veriff_api_rule(ngx_pool_t *pool, ngx_veriff_method_e method,
    ngx_str_t *path, ngx_veriff_api_rule_t *rule);

/* NGX_OK if it is 1-128 of [A-Za-z0-9._-] and no dot segment. */
ngx_int_t ngx_veriff_api_id(ngx_str_t *id);


#endif /* _NGX_VERIFF_API_H_INCLUDED_ */
