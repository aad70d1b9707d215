
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_HEADERS_H_INCLUDED_
#define _NGX_HTTP_VERIFF_HEADERS_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Request headers.  Names are compared without case, and everything that is
 * no letter or digit counts as '-', as applications fold names.
 */

/* one that is added, as it is written and as nginx looks for it */

typedef struct {
    ngx_str_t   key;
    u_char     *lowcase;
} ngx_http_veriff_name_t;

#define ngx_http_veriff_name(key, lowcase)                                   \
    { ngx_string(key), (u_char *) lowcase }


/* which headers to remove */

#define NGX_HTTP_VERIFF_OURS      0x01      /* X-Veriff-* */
#define NGX_HTTP_VERIFF_PROVIDER  0x02      /* X-AUTH-CLIENT ... */
#define NGX_HTTP_VERIFF_CLIENT    0x04      /* cookies, credentials ... */


/*
 * Removes headers of these classes from the request, also when doubled or
 * empty, and the values that variables have of them.  The list is made anew,
 * and a subrequest gets variables of its own, so that its parent keeps what
 * it has.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_headers_remove(ngx_http_request_t *r,
    ngx_uint_t classes);

/* Adds a request header; name and value are not copied. */
ngx_int_t ngx_http_veriff_headers_add(ngx_http_request_t *r,
    ngx_http_veriff_name_t *name, ngx_str_t *value);

/* The same for one that no variable, and so no log, may show. */
ngx_int_t ngx_http_veriff_headers_hidden(ngx_http_request_t *r,
    ngx_http_veriff_name_t *name, ngx_str_t *value);

/*
 * Finds a request header by its lower case name.  Returns how many times
 * it is there; *value is the first one's, empty if there is none.
 */
ngx_uint_t ngx_http_veriff_headers_find(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);

/* The same for a list of headers, an upstream's for instance. */
ngx_uint_t ngx_http_veriff_headers_in_list(ngx_list_t *headers,
    const char *name, ngx_str_t *value);

/* Whether the whole name is this one, in lower case, under the same rule. */
ngx_uint_t ngx_http_veriff_headers_is(ngx_str_t *header, ngx_str_t *name);

/* Hides the provider's authentication headers of an answer. */
void ngx_http_veriff_headers_hide(ngx_http_request_t *r);

/* Adds an answer header; key and value are not copied. */
ngx_int_t ngx_http_veriff_headers_out(ngx_http_request_t *r, const char *key,
    ngx_str_t *value);

/* NGX_OK if it can be a header's value, NGX_DECLINED: control characters. */
ngx_int_t ngx_http_veriff_headers_value(ngx_str_t *value);

/* The handler of the post-read phase: removes what is under our names. */
ngx_int_t ngx_http_veriff_headers_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_VERIFF_HEADERS_H_INCLUDED_ */
