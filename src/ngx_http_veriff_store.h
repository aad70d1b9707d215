
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_STORE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_STORE_H_INCLUDED_


#include "ngx_http_veriff_module.h"

#include "ngx_veriff_lmdb.h"


/*
 * Where users' state lives, as a worker has it.  Reads are made at once,
 * without locks; for changes see ngx_http_veriff_store_queue.h.
 */

/* In a worker: opens the store; a failure is logged and tried again. */
void ngx_http_veriff_store_init_process(ngx_cycle_t *cycle);

/* In a worker that ends: closes the store. */
void ngx_http_veriff_store_exit_process(ngx_cycle_t *cycle);

/*
 * Reads a value into the pool: NGX_OK, NGX_DECLINED (there is none) or
 * NGX_ERROR (the store failed; it is logged, but not for every request).
 */
ngx_int_t ngx_http_veriff_store_get(ngx_http_veriff_store_t *store,
    ngx_pool_t *pool, u_char *name, ngx_str_t *value);

/*
 * What the store holds: NGX_OK, NGX_DECLINED (this worker does not have it
 * open) or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_store_stat(ngx_http_veriff_store_t *store,
    ngx_veriff_lmdb_stat_t *st);


#endif /* _NGX_HTTP_VERIFF_STORE_H_INCLUDED_ */
