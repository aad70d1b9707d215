
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_SESSION_H_INCLUDED_
#define _NGX_VERIFF_SESSION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* The provider's answer to a session request. */

typedef struct {
    ngx_str_t    id;
    ngx_str_t    url;
} ngx_veriff_session_t;


/*
 * Reads the answer (its signature is verified already) and believes it only
 * if: JSON object, "status":"success", an id of 1-128 [A-Za-z0-9._-], a URL
 * that ngx_veriff_url_check() accepts, vendorData and endUserId echoed
 * exactly as sent (data NULL: not sent, so it must be absent, null or
 * empty).
 * Returns NGX_OK, or NGX_DECLINED with *reason set to a constant that may
 * be logged.  The strings live in the pool.
 */
ngx_int_t ngx_veriff_session_parse(ngx_pool_t *pool, ngx_str_t *body,
    ngx_array_t *url_hosts, ngx_str_t *vendor_data, ngx_str_t *end_user_id,
    ngx_veriff_session_t *session, const char **reason);

/*
 * Reads the provider's error code, 1-8 digits, from an error answer; the
 * code may be a string or a number.  Returns NGX_OK or NGX_DECLINED.
 */
ngx_int_t ngx_veriff_session_error(ngx_pool_t *pool, ngx_str_t *body,
    ngx_str_t *code);


#endif /* _NGX_VERIFF_SESSION_H_INCLUDED_ */
