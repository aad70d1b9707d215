
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_WEBHOOK_H_INCLUDED_
#define _NGX_VERIFF_WEBHOOK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* Classification of a webhook by its body; nothing in its headers tells. */

typedef enum {
    NGX_VERIFF_WEBHOOK_UNKNOWN = 0,
    NGX_VERIFF_WEBHOOK_DECISION,
    NGX_VERIFF_WEBHOOK_EVENT,
    NGX_VERIFF_WEBHOOK_WATCHLIST,
    NGX_VERIFF_WEBHOOK_USER_STATUS,
    NGX_VERIFF_WEBHOOK_FULL_AUTO,
    NGX_VERIFF_WEBHOOK_INE,
    NGX_VERIFF_WEBHOOK_CURP,
    NGX_VERIFF_WEBHOOK_INE_CURP,
    NGX_VERIFF_WEBHOOK_ADDRESS
} ngx_veriff_webhook_e;


typedef struct {
    ngx_veriff_webhook_e    type;

    /* empty, data NULL, if absent, null or of another type than a string */
    ngx_str_t               session_id;
    ngx_str_t               attempt_id;
    ngx_str_t               vendor_data;
    ngx_str_t               end_user_id;
    ngx_str_t               status;         /* verdict, action, match ... */

    /* decisionTime; full_auto: time; watchlist and user_status: createdAt */
    ngx_str_t               decision_time;
} ngx_veriff_webhook_t;


/*
 * Parses and classifies.  Strings live in the pool.  A session id that is
 * not 1-128 of [A-Za-z0-9._-] is left empty.  A decision whose verification
 * is null (there is none yet) has all its strings empty.
 * Returns NGX_OK (unknown types too), NGX_DECLINED (no JSON object, or
 * beyond the limits of ngx_veriff_json_read_provider()) or NGX_ERROR (no
 * memory).
 */
ngx_int_t ngx_veriff_webhook_parse(ngx_pool_t *pool, u_char *p, size_t len,
    ngx_veriff_webhook_t *webhook);

/*
 * The name of a type as $veriff_webhook_type has it: unknown, decision,
 * event, watchlist, user_status, full_auto, ine, curp, ine_curp, address.
 */
ngx_str_t *ngx_veriff_webhook_type_name(ngx_veriff_webhook_e type);


#endif /* _NGX_VERIFF_WEBHOOK_H_INCLUDED_ */
