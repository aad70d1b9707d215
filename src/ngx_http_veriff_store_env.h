
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_STORE_ENV_H_INCLUDED_
#define _NGX_HTTP_VERIFF_STORE_ENV_H_INCLUDED_


#include "ngx_http_veriff_store_queue.h"


/* The inside of the store: for ngx_http_veriff_store*.c only. */


/* each is logged when it begins, and when it is over */

typedef enum {
    NGX_HTTP_VERIFF_STORE_CLOSED = 0,
    NGX_HTTP_VERIFF_STORE_UNREADABLE,
    NGX_HTTP_VERIFF_STORE_UNWRITABLE,
    NGX_HTTP_VERIFF_STORE_FULL,
    NGX_HTTP_VERIFF_STORE_SLOW,

    NGX_HTTP_VERIFF_STORE_FAULTS
} ngx_http_veriff_store_fault_e;


#if (NGX_THREADS)

typedef struct {
    ngx_veriff_lmdb_t          *db;
    ngx_veriff_lmdb_job_t      *job;
    ngx_veriff_lmdb_scan_t     *scan;
} ngx_http_veriff_store_batch_t;

#endif


struct ngx_http_veriff_store_s {
    ngx_path_t                 *path;
    size_t                      size;
    ngx_str_t                   key_file;

    /* of each worker */

    ngx_log_t                  *log;
    ngx_pool_t                 *db_pool;
    ngx_veriff_lmdb_t          *db;
    ngx_event_t                 timer;

    time_t                      logged[NGX_HTTP_VERIFF_STORE_FAULTS];
    ngx_uint_t                  faults;     /* a bit for each, if logged */

    ngx_http_veriff_change_t   *first;      /* wait for the next commit */
    ngx_http_veriff_change_t  **last;
    ngx_uint_t                  waiting;

    ngx_http_veriff_change_t   *batch;      /* being committed */

    ngx_veriff_lmdb_scan_t     *scan;       /* goes with the next commit */
    ngx_veriff_lmdb_scan_t     *scanning;   /* or with this one */
    ngx_http_veriff_scan_pt     scanned;

#if (NGX_THREADS)
    ngx_thread_pool_t          *thread_pool;
    ngx_thread_task_t          *task;
    ngx_event_t                 again;      /* it could not be posted */
    ngx_uint_t                  posts;      /* so often */
#else
    ngx_event_t                 event;
#endif

    unsigned                    running:1;
    unsigned                    answering:1;    /* handlers are called */
    unsigned                    resize:1;
};


/* A fault, which is logged, and its end. */
void ngx_http_veriff_store_failed(ngx_http_veriff_store_t *store,
    ngx_http_veriff_store_fault_e fault, const char *what);
void ngx_http_veriff_store_works(ngx_http_veriff_store_t *store,
    ngx_http_veriff_store_fault_e fault);

/*
 * LMDB may refuse to go on after an error, files may have been replaced: then
 * it is opened again, and zero returned.  No batch may be running.
 */
ngx_uint_t ngx_http_veriff_store_check(ngx_http_veriff_store_t *store);


#endif /* _NGX_HTTP_VERIFF_STORE_ENV_H_INCLUDED_ */
