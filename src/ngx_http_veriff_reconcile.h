
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_RECONCILE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_RECONCILE_H_INCLUDED_


#include "ngx_http_veriff_call.h"
#include "ngx_http_veriff_state.h"


/* A decision whose webhook has not come is asked for. */

struct ngx_http_veriff_reconcile_s {
    ngx_http_veriff_call_t       call;
    u_char                       name[NGX_VERIFF_NAME_LEN];
    ngx_str_t                    session;

    unsigned                     ready:1;   /* it is over */
};


/*
 * Asks the provider about the open session of the record with this name, if
 * it has no verdict, if it is time, and if nobody else has just asked; what
 * the answer changes is durable before it is over.  The reconcile is zeroed,
 * and lives as long as the request, whose ctx->integration is set.
 *
 * Returns NGX_OK (nothing to wait for) or NGX_AGAIN: r->write_event_handler
 * is called when it is over, and maybe before.  A failure is logged, and
 * changes nothing.
 */
ngx_int_t ngx_http_veriff_reconcile(ngx_http_request_t *r,
    ngx_http_veriff_reconcile_t *reconcile, u_char *name,
    ngx_veriff_record_t *record);


#endif /* _NGX_HTTP_VERIFF_RECONCILE_H_INCLUDED_ */
