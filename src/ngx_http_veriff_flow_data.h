
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_FLOW_DATA_H_INCLUDED_
#define _NGX_HTTP_VERIFF_FLOW_DATA_H_INCLUDED_


#include "ngx_http_veriff_flow.h"


/* For ngx_http_veriff_flow*.c only. */


/* what an update carries to the other side, in its own pool */

typedef struct {
    ngx_http_veriff_flow_t    flow;
    ngx_str_t                 user;
    ngx_str_t                 session;
    ngx_str_t                 url;          /* sealed */
    ngx_str_t                 clear;        /* the open session's URL */
    uint64_t                  vendor_data;
    uint64_t                  end_user_id;
    ngx_uint_t                status;
    ngx_uint_t                retry_after;
    time_t                    max_age;      /* demanded, 0 for none */
    ngx_http_veriff_update_pt done;
    ngx_int_t                 rc;           /* of a write that was refused */
    ngx_uint_t                lost;         /* the lease, to another one */
    ngx_uint_t                again;        /* the write was refused once */
} ngx_http_veriff_flow_data_t;


/*
 * Writes the outcome and gives the lease back; without a session and a
 * status, as if it had never been taken.  An update's modify.
 */
ngx_int_t ngx_http_veriff_flow_settle(ngx_http_veriff_update_t *update);

/* The wall clock, in milliseconds. */
int64_t ngx_http_veriff_flow_now(void);


#endif /* _NGX_HTTP_VERIFF_FLOW_DATA_H_INCLUDED_ */
