
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_EXPIRY_H_INCLUDED_
#define _NGX_VERIFF_EXPIRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_record.h"


/*
 * What the store need not keep any more.  Everything is kept for a day
 * longer than it counts, for messages that are late and clocks that differ.
 */

#define NGX_VERIFF_EXPIRY_GRACE  86400          /* seconds */
#define NGX_VERIFF_EXPIRY_MARK   (8 * 86400)    /* of a webhook's answer */


/*
 * Non-zero if the record says nothing that one who is not there would not
 * be: unverified, no session that may still bring a verdict, nobody at work,
 * nothing that counts for user_rate (sessions an hour).
 */
ngx_uint_t ngx_veriff_expiry_user(ngx_veriff_record_t *record,
    ngx_veriff_policy_t *policy, ngx_uint_t user_rate);

/* Non-zero if the session's URL is there, and of no use to anyone. */
ngx_uint_t ngx_veriff_expiry_url(ngx_veriff_record_t *record,
    ngx_veriff_policy_t *policy);

/*
 * Non-zero for a session made then (seconds) that is neither the one that a
 * record leads to nor the one whose verdict stands.
 */
ngx_uint_t ngx_veriff_expiry_session(int64_t created,
    ngx_veriff_policy_t *policy);

/* Non-zero for the mark of a webhook that was answered then (seconds). */
ngx_uint_t ngx_veriff_expiry_mark(int64_t created, time_t now);


#endif /* _NGX_VERIFF_EXPIRY_H_INCLUDED_ */
