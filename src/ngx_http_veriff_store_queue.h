
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_STORE_QUEUE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_STORE_QUEUE_H_INCLUDED_


#include "ngx_http_veriff_store.h"

#include "ngx_veriff_lmdb.h"


/*
 * Changes of the store: queued, committed together in the thread pool, and
 * answered in the event loop when they are durable.
 */

#define NGX_HTTP_VERIFF_STORE_OPS  3


typedef struct ngx_http_veriff_change_s  ngx_http_veriff_change_t;

/* called in the event loop; change->job.rc is set, see ngx_veriff_lmdb.h */
typedef void (*ngx_http_veriff_change_pt)(ngx_http_veriff_change_t *change);

typedef void (*ngx_http_veriff_scan_pt)(ngx_veriff_lmdb_scan_t *scan);


/*
 * Linked changes.  It belongs to the caller, with all it points to, but must
 * live until its handler is called: never in a request's pool.
 */

struct ngx_http_veriff_change_s {
    ngx_veriff_lmdb_job_t            job;
    ngx_veriff_lmdb_op_t             ops[NGX_HTTP_VERIFF_STORE_OPS];
    ngx_uint_t                       nops;

    ngx_http_veriff_change_pt        handler;
    void                            *data;

    ngx_http_veriff_change_t        *next;
};


/* Adds an operation to a change; an empty value removes. */
ngx_veriff_lmdb_op_t *ngx_http_veriff_store_op(
    ngx_http_veriff_change_t *change, u_char *name, ngx_str_t *value);

/*
 * Queues a change: NGX_OK (the handler will be called, never before this
 * returns) or NGX_ERROR (it will not).
 */
ngx_int_t ngx_http_veriff_store_change(ngx_http_veriff_store_t *store,
    ngx_http_veriff_change_t *change);

/*
 * Reads what is behind scan->after, in the thread that makes the changes;
 * the handler is called in the event loop, never before this returns.
 * NGX_OK or NGX_ERROR (it will not be called; another one may be under way).
 */
ngx_int_t ngx_http_veriff_store_scan(ngx_http_veriff_store_t *store,
    ngx_veriff_lmdb_scan_t *scan, ngx_http_veriff_scan_pt handler);


#endif /* _NGX_HTTP_VERIFF_STORE_QUEUE_H_INCLUDED_ */
