
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_PAYLOAD_PATH_H_INCLUDED_
#define _NGX_VERIFF_PAYLOAD_PATH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* A place in the template, on the stack of who walks through it. */

typedef struct ngx_veriff_payload_at_s  ngx_veriff_payload_at_t;

struct ngx_veriff_payload_at_s {
    ngx_veriff_payload_at_t    *parent;     /* NULL: the whole body */
    const char                 *name;       /* NULL: an element */
    ngx_uint_t                  index;
    ngx_uint_t                  depth;
};


/*
 * Names a place as messages do, "verification.consents[0].approved"; the
 * whole body is "payload".  Returns NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_veriff_payload_path(ngx_pool_t *pool,
    ngx_veriff_payload_at_t *at, ngx_str_t *path);


#endif /* _NGX_VERIFF_PAYLOAD_PATH_H_INCLUDED_ */
