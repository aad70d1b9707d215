
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_store.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_store_env.h"


#define NGX_HTTP_VERIFF_STORE_RETRY    5000     /* ms: to open it again */
#define NGX_HTTP_VERIFF_STORE_CHECK    60000    /* ms: for dead readers */
#define NGX_HTTP_VERIFF_STORE_POOL     1024
#define NGX_HTTP_VERIFF_STORE_AGAIN    60       /* s: a fault may come back */


static void ngx_http_veriff_store_open(ngx_http_veriff_store_t *store);
static ngx_int_t ngx_http_veriff_store_prepare(
    ngx_http_veriff_store_t *store);
static void ngx_http_veriff_store_timer(ngx_event_t *ev);
static ngx_int_t ngx_http_veriff_store_read(ngx_http_veriff_store_t *store,
    ngx_pool_t *pool, u_char *name, ngx_str_t *value);


static const char  *ngx_http_veriff_store_well[] = {
    "is open again",
    "can be read again",
    "can be written again",
    "has room again",
    "has ended the slow commit"
};


void
ngx_http_veriff_store_init_process(ngx_cycle_t *cycle)
{
    ngx_http_veriff_store_t      *store;
    ngx_http_veriff_main_conf_t  *vmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return;
    }

    vmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_veriff_module);

    if (vmcf == NULL || vmcf->store == NULL) {
        return;
    }

    store = vmcf->store;

    store->log = cycle->log;
    store->last = &store->first;

    store->timer.handler = ngx_http_veriff_store_timer;
    store->timer.data = store;
    store->timer.log = cycle->log;
    store->timer.cancelable = 1;

    ngx_http_veriff_store_open(store);
}


void
ngx_http_veriff_store_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_veriff_store_t      *store;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_veriff_module);

    store = vmcf ? vmcf->store : NULL;

    /* threads have ended: their pool is of a module before this one */

    if (store && store->db) {
        store->db = NULL;
        ngx_destroy_pool(store->db_pool);
    }
}


static void
ngx_http_veriff_store_open(ngx_http_veriff_store_t *store)
{
    ngx_pool_t  *pool;
    const char  *error;

    error = "no memory";

    /* of its own: it may be opened many times */

    pool = ngx_create_pool(NGX_HTTP_VERIFF_STORE_POOL, store->log);

    if (pool && ngx_http_veriff_store_prepare(store) != NGX_OK) {
        ngx_destroy_pool(pool);
        pool = NULL;
    }

    if (pool) {
        store->db = ngx_veriff_lmdb_open(pool, store->path->name.data,
                                         store->size, &error);

        if (store->db == NULL) {
            ngx_destroy_pool(pool);
            pool = NULL;
        }
    }

    store->db_pool = pool;

    if (store->db == NULL) {
        ngx_http_veriff_store_failed(store, NGX_HTTP_VERIFF_STORE_CLOSED,
                                     error);
    } else {
        ngx_http_veriff_store_works(store, NGX_HTTP_VERIFF_STORE_CLOSED);
    }

    ngx_add_timer(&store->timer, store->db ? NGX_HTTP_VERIFF_STORE_CHECK
                                           : NGX_HTTP_VERIFF_STORE_RETRY);
}


/* what commits take is there before anybody waits for one */

static ngx_int_t
ngx_http_veriff_store_prepare(ngx_http_veriff_store_t *store)
{
#if (NGX_THREADS)

    if (store->task == NULL) {
        store->task = ngx_thread_task_alloc(ngx_cycle->pool,
                                        sizeof(ngx_http_veriff_store_batch_t));
    }

    return store->task ? NGX_OK : NGX_ERROR;

#else

    return NGX_OK;

#endif
}


static void
ngx_http_veriff_store_timer(ngx_event_t *ev)
{
    ngx_http_veriff_store_t *store = ev->data;

    if (store->db == NULL) {
        ngx_http_veriff_store_open(store);
        return;
    }

    if (!store->running) {
        ngx_http_veriff_store_check(store);
    }

    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_HTTP_VERIFF_STORE_CHECK);
    }
}


ngx_uint_t
ngx_http_veriff_store_check(ngx_http_veriff_store_t *store)
{
    ngx_int_t  rc;

    rc = ngx_veriff_lmdb_check(store->db);

    if (rc == NGX_OK) {
        return 1;
    }

    ngx_http_veriff_store_failed(store, rc == NGX_ABORT
                                        ? NGX_HTTP_VERIFF_STORE_UNWRITABLE
                                        : NGX_HTTP_VERIFF_STORE_CLOSED,
                                 ngx_veriff_lmdb_error(store->db));

    store->db = NULL;

    ngx_destroy_pool(store->db_pool);

    ngx_http_veriff_store_open(store);

    return 0;
}


/* once when it begins, not for every request; nor if it comes and goes */

void
ngx_http_veriff_store_failed(ngx_http_veriff_store_t *store,
    ngx_http_veriff_store_fault_e fault, const char *what)
{
    if ((store->faults & (1 << fault))
        || (store->logged[fault]
            && ngx_time() - store->logged[fault]
               < NGX_HTTP_VERIFF_STORE_AGAIN))
    {
        return;
    }

    store->faults |= 1 << fault;
    store->logged[fault] = ngx_time();

    ngx_log_error(NGX_LOG_ERR, store->log, 0, "veriff store \"%V\": %s",
                  &store->path->name, what);
}


void
ngx_http_veriff_store_works(ngx_http_veriff_store_t *store,
    ngx_http_veriff_store_fault_e fault)
{
    if (!(store->faults & (1 << fault))) {
        return;
    }

    store->faults &= ~(1 << fault);

    ngx_log_error(NGX_LOG_NOTICE, store->log, 0, "veriff store \"%V\" %s",
                  &store->path->name, ngx_http_veriff_store_well[fault]);
}


ngx_int_t
ngx_http_veriff_store_get(ngx_http_veriff_store_t *store, ngx_pool_t *pool,
    u_char *name, ngx_str_t *value)
{
    ngx_int_t  rc;

    rc = ngx_http_veriff_store_read(store, pool, name, value);

    if (rc == NGX_ERROR) {
        ngx_http_veriff_count(NULL, NGX_HTTP_VERIFF_COUNT_STORE_READ_ERRORS);
    }

    return rc;
}


static ngx_int_t
ngx_http_veriff_store_read(ngx_http_veriff_store_t *store, ngx_pool_t *pool,
    u_char *name, ngx_str_t *value)
{
    ngx_int_t  rc;

    ngx_str_null(value);

    if (store->db == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_veriff_lmdb_get(store->db, pool, name, value);

    if (rc == NGX_AGAIN) {

        /* workers of another generation have made the map larger */

        if (store->running) {
            store->resize = 1;
            return NGX_ERROR;
        }

        rc = (ngx_veriff_lmdb_resize(store->db) == NGX_OK)
             ? ngx_veriff_lmdb_get(store->db, pool, name, value) : NGX_ERROR;
    }

    if (rc == NGX_OK || rc == NGX_DECLINED) {
        ngx_http_veriff_store_works(store, NGX_HTTP_VERIFF_STORE_UNREADABLE);
        return rc;
    }

    ngx_http_veriff_store_failed(store, NGX_HTTP_VERIFF_STORE_UNREADABLE,
                                 ngx_veriff_lmdb_error(store->db));

    if (!store->running) {
        ngx_http_veriff_store_check(store);
    }

    return NGX_ERROR;
}


ngx_int_t
ngx_http_veriff_store_stat(ngx_http_veriff_store_t *store,
    ngx_veriff_lmdb_stat_t *st)
{
    return store->db ? ngx_veriff_lmdb_stat(store->db, st) : NGX_DECLINED;
}
