
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_store_queue.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_store_env.h"


#define NGX_HTTP_VERIFF_STORE_QUEUE    4096     /* changes that wait */
#define NGX_HTTP_VERIFF_STORE_COMMIT   60000    /* ms: a commit is too slow */
#define NGX_HTTP_VERIFF_STORE_POSTS    5        /* a pool that is full */
#define NGX_HTTP_VERIFF_STORE_PAUSE    20       /* ms: doubled each time */


static void ngx_http_veriff_store_start(ngx_http_veriff_store_t *store);
static void ngx_http_veriff_store_post(ngx_http_veriff_store_t *store);
#if (NGX_THREADS)
static void ngx_http_veriff_store_full(ngx_http_veriff_store_t *store);
static void ngx_http_veriff_store_again(ngx_event_t *ev);
#endif
static void ngx_http_veriff_store_done(ngx_event_t *ev);
static void ngx_http_veriff_store_count(ngx_http_veriff_change_t *change);
static void ngx_http_veriff_store_judge(ngx_http_veriff_store_t *store);
#if (NGX_THREADS)
static void ngx_http_veriff_store_thread(void *data, ngx_log_t *log);
#endif


ngx_veriff_lmdb_op_t *
ngx_http_veriff_store_op(ngx_http_veriff_change_t *change, u_char *name,
    ngx_str_t *value)
{
    ngx_veriff_lmdb_op_t  *op;

    op = &change->ops[change->nops];

    ngx_memzero(op, sizeof(ngx_veriff_lmdb_op_t));
    ngx_memcpy(op->key, name, NGX_VERIFF_LMDB_KEY_LEN);
    op->value = *value;

    if (change->nops) {
        change->ops[change->nops - 1].linked = op;
    }

    change->nops++;

    return op;
}


ngx_int_t
ngx_http_veriff_store_change(ngx_http_veriff_store_t *store,
    ngx_http_veriff_change_t *change)
{
    if (store->db == NULL || store->waiting >= NGX_HTTP_VERIFF_STORE_QUEUE) {
        ngx_http_veriff_count(NULL,
                              NGX_HTTP_VERIFF_COUNT_STORE_COMMIT_FAILURES);
        return NGX_ERROR;
    }

    change->job.ops = change->ops;
    change->job.rc = NGX_ERROR;
    change->next = NULL;

    *store->last = change;
    store->last = &change->next;
    store->waiting++;

    if (!store->running && !store->answering) {
        ngx_http_veriff_store_start(store);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_store_scan(ngx_http_veriff_store_t *store,
    ngx_veriff_lmdb_scan_t *scan, ngx_http_veriff_scan_pt handler)
{
    if (store->db == NULL || store->scan || store->scanning) {
        return NGX_ERROR;
    }

    scan->n = 0;
    scan->rc = NGX_ERROR;

    store->scan = scan;
    store->scanned = handler;

    if (!store->running && !store->answering) {
        ngx_http_veriff_store_start(store);
    }

    return NGX_OK;
}


/* all that waits goes into one commit */

static void
ngx_http_veriff_store_start(ngx_http_veriff_store_t *store)
{
    ngx_http_veriff_change_t  *change;

    store->batch = store->first;
    store->first = NULL;
    store->last = &store->first;
    store->waiting = 0;

    store->scanning = store->scan;
    store->scan = NULL;

    for (change = store->batch; change; change = change->next) {
        change->job.next = change->next ? &change->next->job : NULL;
    }

    store->running = 1;

    ngx_http_veriff_store_post(store);
}


#if (NGX_THREADS)

static void
ngx_http_veriff_store_post(ngx_http_veriff_store_t *store)
{
    ngx_thread_task_t              *task;
    ngx_http_veriff_store_batch_t  *batch;

    task = store->task;

    batch = task->ctx;
    batch->db = store->db;
    batch->job = store->batch ? &store->batch->job : NULL;
    batch->scan = store->scanning;

    task->handler = ngx_http_veriff_store_thread;
    task->event.handler = ngx_http_veriff_store_done;
    task->event.data = store;
    task->event.log = store->log;

    if (store->db == NULL
        || ngx_thread_task_post(store->thread_pool, task) != NGX_OK)
    {
        ngx_http_veriff_store_full(store);
        return;
    }

    store->posts = 0;

    /* a worker that reloads waits for it: the timer is not cancelable */

    ngx_add_timer(&task->event, NGX_HTTP_VERIFF_STORE_COMMIT);
}


/* others use the pool, too; a session that is not stored is paid in vain */

static void
ngx_http_veriff_store_full(ngx_http_veriff_store_t *store)
{
    if (store->db && store->posts < NGX_HTTP_VERIFF_STORE_POSTS) {

        store->again.handler = ngx_http_veriff_store_again;
        store->again.data = store;
        store->again.log = store->log;

        ngx_add_timer(&store->again,
                      NGX_HTTP_VERIFF_STORE_PAUSE << store->posts++);
        return;
    }

    store->posts = 0;

    if (store->db) {
        ngx_http_veriff_store_failed(store, NGX_HTTP_VERIFF_STORE_UNWRITABLE,
                                     "the thread pool is full");
    }

    /* the jobs say NGX_ERROR; handlers are never called at once */

    ngx_post_event(&store->task->event, &ngx_posted_events);
}


static void
ngx_http_veriff_store_again(ngx_event_t *ev)
{
    ngx_http_veriff_store_post(ev->data);
}


static void
ngx_http_veriff_store_thread(void *data, ngx_log_t *log)
{
    ngx_http_veriff_store_batch_t *batch = data;

    if (batch->scan) {
        ngx_veriff_lmdb_scan(batch->db, batch->scan);
    }

    if (batch->job) {
        ngx_veriff_lmdb_batch(batch->db, batch->job);
    }
}

#else

static void
ngx_http_veriff_store_post(ngx_http_veriff_store_t *store)
{
    if (store->db && store->scanning) {
        ngx_veriff_lmdb_scan(store->db, store->scanning);
    }

    if (store->db && store->batch) {
        ngx_veriff_lmdb_batch(store->db, &store->batch->job);
    }

    store->event.handler = ngx_http_veriff_store_done;
    store->event.data = store;
    store->event.log = store->log;

    ngx_post_event(&store->event, &ngx_posted_events);
}

#endif


static void
ngx_http_veriff_store_done(ngx_event_t *ev)
{
    ngx_veriff_lmdb_scan_t    *scan;
    ngx_http_veriff_change_t  *change, *next;
    ngx_http_veriff_store_t   *store = ev->data;

    if (ev->timedout) {
        ev->timedout = 0;

        ngx_http_veriff_store_failed(store, NGX_HTTP_VERIFF_STORE_SLOW,
                                     "a commit takes over a minute");
        ngx_add_timer(ev, NGX_HTTP_VERIFF_STORE_COMMIT);

        return;
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ev->complete = 0;

    ngx_http_veriff_store_works(store, NGX_HTTP_VERIFF_STORE_SLOW);

    store->running = 0;

    if (store->db
        && (store->resize
            || (store->batch && store->batch->job.rc == NGX_AGAIN)))
    {
        store->resize = 0;
        (void) ngx_veriff_lmdb_resize(store->db);
    }

    /* what handlers queue goes with what waits into the next commit */

    store->answering = 1;

    ngx_http_veriff_store_judge(store);

    change = store->batch;
    store->batch = NULL;

    for ( /* void */ ; change; change = next) {
        next = change->next;

        ngx_http_veriff_store_count(change);
        change->handler(change);
    }

    scan = store->scanning;
    store->scanning = NULL;

    if (scan) {
        store->scanned(scan);
    }

    store->answering = 0;

    if (store->first || store->scan) {
        ngx_http_veriff_store_start(store);
    }
}


/* what is tried again is counted when it is done */

static void
ngx_http_veriff_store_count(ngx_http_veriff_change_t *change)
{
    switch (change->job.rc) {

    case NGX_OK:
        ngx_http_veriff_count(NULL, NGX_HTTP_VERIFF_COUNT_STORE_COMMITS);
        break;

    case NGX_ABORT:
        ngx_http_veriff_count(NULL, NGX_HTTP_VERIFF_COUNT_STORE_FULL);
        break;

    case NGX_ERROR:
        ngx_http_veriff_count(NULL,
                              NGX_HTTP_VERIFF_COUNT_STORE_COMMIT_FAILURES);
        break;

    default: /* NGX_DECLINED, NGX_AGAIN */
        break;
    }
}


/* what became of the batch tells how the store is */

static void
ngx_http_veriff_store_judge(ngx_http_veriff_store_t *store)
{
    ngx_uint_t                 failed, written, full, added;
    ngx_http_veriff_change_t  *change;

    failed = written = full = added = 0;

    for (change = store->batch; change; change = change->next) {

        switch (change->job.rc) {

        case NGX_OK:
            written = 1;
            added |= (change->ops[0].value.len && change->ops[0].expects
                      && change->ops[0].revision == 0);
            break;

        case NGX_ABORT:
            full = 1;
            break;

        case NGX_ERROR:
            failed = 1;
            break;

        default: /* NGX_AGAIN, NGX_DECLINED */
            break;
        }
    }

    if (failed && store->db && ngx_http_veriff_store_check(store)) {
        ngx_http_veriff_store_failed(store, NGX_HTTP_VERIFF_STORE_UNWRITABLE,
                                     ngx_veriff_lmdb_error(store->db));

    } else if (written) {
        ngx_http_veriff_store_works(store, NGX_HTTP_VERIFF_STORE_UNWRITABLE);
    }

    if (full) {
        ngx_http_veriff_store_failed(store, NGX_HTTP_VERIFF_STORE_FULL,
                                     "it is full, nobody new is remembered: "
                                     "set a larger \"size\" and reload");

    } else if (added) {
        ngx_http_veriff_store_works(store, NGX_HTTP_VERIFF_STORE_FULL);
    }
}
