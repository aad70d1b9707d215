
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_ZONE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_ZONE_H_INCLUDED_


#include "ngx_http_veriff_count.h"

#include "ngx_veriff_rate.h"


/*
 * What all workers of a host share and what a reload keeps: counters and
 * rates, in one implicit zone of shared memory.  The slot of an integration
 * goes by its name.
 */

struct ngx_http_veriff_slot_s {
    ngx_atomic_t                     counters[NGX_HTTP_VERIFF_COUNTERS];

    /* under the zone's mutex */
    ngx_veriff_rate_t                sessions;
    ngx_veriff_rate_t                decisions;

    size_t                           len;
    u_char                           name[NGX_HTTP_VERIFF_NAME_MAX];
};


/*
 * Adds the zone when the configuration was read, and has integrations;
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_zone_add(ngx_conf_t *cf);

/* In a process that was just started. */
void ngx_http_veriff_zone_init_process(ngx_cycle_t *cycle);

/*
 * The slot of an integration, or for NULL that of whatever belongs to none;
 * NULL if there is no zone.
 */
ngx_http_veriff_slot_t *ngx_http_veriff_zone_slot(
    ngx_http_veriff_integration_t *vi);

/* When the counters began, in seconds since the epoch; 0 without a zone. */
time_t ngx_http_veriff_zone_since(void);

/*
 * Whether session_rate has room for one more session: 0, or the seconds to
 * wait.  _take() also counts it.
 */
ngx_uint_t ngx_http_veriff_zone_session(ngx_http_veriff_integration_t *vi);
ngx_uint_t ngx_http_veriff_zone_session_take(
    ngx_http_veriff_integration_t *vi);

/*
 * Counts one question about a decision: NGX_OK (ask) or NGX_DECLINED (there
 * were 300 within a minute).
 */
ngx_int_t ngx_http_veriff_zone_budget(ngx_http_veriff_integration_t *vi);


#endif /* _NGX_HTTP_VERIFF_ZONE_H_INCLUDED_ */
