
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_URL_H_INCLUDED_
#define _NGX_VERIFF_URL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_VERIFF_URL_MAX  65536


/*
 * Checks an entry of url_hosts: a host name, a name with a leading dot (the
 * name and everything below it), or a literal address (an IPv6 one in
 * brackets); lower case, no scheme, port or path.
 * Returns NGX_OK, NGX_DECLINED (not such an entry) or NGX_DONE (a literal
 * loopback address: http is then accepted for it).
 */
ngx_int_t ngx_veriff_url_host_pattern(ngx_str_t *pattern);

/*
 * Checks that a URL may be sent to a browser: printable ASCII without
 * quotes, angle brackets and backslash, at most NGX_VERIFF_URL_MAX bytes,
 * scheme https, no user information, a host that one of the patterns
 * (array of ngx_str_t) names, a decimal port if any.  http is accepted only
 * for a literal loopback address that stands in the patterns itself.  The
 * patterns have passed ngx_veriff_url_host_pattern().
 * Returns NGX_OK or NGX_DECLINED.
 */
ngx_int_t ngx_veriff_url_check(ngx_str_t *url, ngx_array_t *patterns);

/*
 * Finds the scheme, host and port of an "http://" or "https://" URL or origin
 * as they are written (port empty if absent), under the same rules.  Scheme
 * and host may be upper case: compare them without case.  A host whose last
 * label begins with a digit must be a plain IPv4 address.
 * Returns NGX_OK or NGX_DECLINED.
 */
ngx_int_t ngx_veriff_url_split(ngx_str_t *url, ngx_str_t *scheme,
    ngx_str_t *host, ngx_str_t *port);


#endif /* _NGX_VERIFF_URL_H_INCLUDED_ */
