
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_CHECK_USER_H_INCLUDED_
#define _NGX_HTTP_VERIFF_CHECK_USER_H_INCLUDED_


#include "ngx_http_veriff_module.h"


#define NGX_HTTP_VERIFF_USER_SESSION  0x01      /* it reads the body */
#define NGX_HTTP_VERIFF_USER_ASKED    0x02      /* by veriff_user_check */
#define NGX_HTTP_VERIFF_USER_TRUSTED  0x04      /* by a word of the operator */


/*
 * Checks that all variables from which a location takes the user are ones
 * that something has verified: NGX_OK or NGX_ERROR.  The text is that of a
 * "user" parameter, or empty: then the integration's counts.
 */
ngx_int_t ngx_http_veriff_check_user(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref, ngx_str_t *user, ngx_uint_t flags);

/* Non-zero if the user is known only when the body was read. */
ngx_uint_t ngx_http_veriff_check_user_json(ngx_conf_t *cf,
    ngx_http_veriff_ref_t *ref, ngx_str_t *user);

/*
 * Finds the next variable in *pos..last, moves *pos behind it and sets its
 * name.  Returns zero if there is none.
 */
ngx_uint_t ngx_http_veriff_check_variable(u_char **pos, u_char *last,
    ngx_str_t *name);

/* Non-zero if the variable is something that a client says of itself. */
ngx_uint_t ngx_http_veriff_check_claim(ngx_conf_t *cf, ngx_str_t *name);

/* Non-zero if nginx refuses clients whose certificate it cannot verify. */
ngx_uint_t ngx_http_veriff_check_certified(ngx_conf_t *cf);

/* Non-zero if auth_basic surely asks for a password in the location. */
ngx_uint_t ngx_http_veriff_check_password(ngx_conf_t *cf);


#endif /* _NGX_HTTP_VERIFF_CHECK_USER_H_INCLUDED_ */
