
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_PAGE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_PAGE_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * A small page for people, without anything from elsewhere.  Words are
 * constants of ours, in plain ASCII without markup; what is an ngx_str_t is
 * escaped, and empty for none.
 */

typedef struct {
    const char  *title;
    const char  *text;
    const char  *more;          /* another paragraph, or NULL */
    const char  *link;          /* words of a link, or NULL */
    ngx_str_t    uri;           /* where it leads */

    /*
     * A page that will change: it asks this URI, which is that of
     * veriff_status, every five seconds, and is loaded again if it says
     * something else; without scripts every five seconds in any case.
     */
    ngx_str_t    poll;
    ngx_str_t    state;
    ngx_str_t    status;
} ngx_http_veriff_page_t;


/*
 * Sends the page, or gives way to an error page that the location has for
 * the status.  Returns what ngx_http_finalize_request() takes.
 */
ngx_int_t ngx_http_veriff_page(ngx_http_request_t *r, ngx_uint_t status,
    ngx_http_veriff_page_t *page);


#endif /* _NGX_HTTP_VERIFF_PAGE_H_INCLUDED_ */
