
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_store.h"
#include "ngx_http_veriff_secret.h"


#define NGX_HTTP_VERIFF_STORE_SIZE     (1024 * 1024 * 1024)
#define NGX_HTTP_VERIFF_STORE_QUEUE    4096     /* changes that wait */
#define NGX_HTTP_VERIFF_STORE_RETRY    5000     /* ms: to open it again */
#define NGX_HTTP_VERIFF_STORE_CHECK    60000    /* ms: for dead readers */
#define NGX_HTTP_VERIFF_STORE_COMMIT   60000    /* ms: a commit is too slow */


struct ngx_http_veriff_store_s {
    ngx_path_t                 *path;
    size_t                      size;
    ngx_str_t                   key_file;

    /* of each worker */

    ngx_log_t                  *log;
    ngx_pool_t                 *pool;
    ngx_veriff_lmdb_t          *db;
    ngx_event_t                 timer;
    time_t                      logged;

    ngx_http_veriff_change_t   *first;      /* wait for the next commit */
    ngx_http_veriff_change_t  **last;
    ngx_uint_t                  waiting;

    ngx_http_veriff_change_t   *batch;      /* being committed */

#if (NGX_THREADS)
    ngx_thread_pool_t          *thread_pool;
    ngx_thread_task_t          *task;
#else
    ngx_event_t                 event;
#endif

    unsigned                    running:1;
    unsigned                    answering:1;
    unsigned                    resize:1;
};


static void ngx_http_veriff_store_open(ngx_http_veriff_store_t *store);
static void ngx_http_veriff_store_timer(ngx_event_t *ev);
static void ngx_http_veriff_store_failed(ngx_http_veriff_store_t *store,
    const char *what);
static void ngx_http_veriff_store_start(ngx_http_veriff_store_t *store);
static ngx_int_t ngx_http_veriff_store_post(ngx_http_veriff_store_t *store);
static void ngx_http_veriff_store_done(ngx_event_t *ev);
#if (NGX_THREADS)
static void ngx_http_veriff_store_thread(void *data, ngx_log_t *log);
#endif


char *
ngx_http_veriff_store_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_main_conf_t *vmcf = conf;

    ssize_t                   size;
    ngx_str_t                *value, s;
    ngx_http_veriff_store_t  *store;

    if (vmcf->store) {
        return "is duplicate";
    }

    value = cf->args->elts;

    store = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_store_t));
    if (store == NULL) {
        return NGX_CONF_ERROR;
    }

    store->size = NGX_HTTP_VERIFF_STORE_SIZE;

    if (cf->args->nelts == 3) {

        if (ngx_strncmp(value[2].data, "size=", 5) != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in \"%V\", the only "
                               "one is \"size=\"", &value[2], &value[0]);
            return NGX_CONF_ERROR;
        }

        s.data = value[2].data + 5;
        s.len = value[2].len - 5;

        size = ngx_parse_size(&s);

        if (size == NGX_ERROR || size < NGX_VERIFF_LMDB_SIZE_MIN) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid size \"%V\" in \"%V\", use at least "
                               "\"1m\"", &s, &value[0]);
            return NGX_CONF_ERROR;
        }

        /* whole pages */

        store->size = ngx_align((size_t) size, ngx_pagesize);
    }

    store->path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    if (store->path == NULL) {
        return NGX_CONF_ERROR;
    }

    store->path->name = value[1];
    store->path->conf_file = cf->conf_file->file.name.data;
    store->path->line = cf->conf_file->line;

    if (store->path->name.len > 1
        && store->path->name.data[store->path->name.len - 1] == '/')
    {
        store->path->name.data[--store->path->name.len] = '\0';
    }

    if (ngx_conf_full_name(cf->cycle, &store->path->name, 0) != NGX_OK
        || ngx_add_path(cf, &store->path) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    store->key_file.len = store->path->name.len + sizeof("/key") - 1;
    store->key_file.data = ngx_pnalloc(cf->pool, store->key_file.len + 1);
    if (store->key_file.data == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_sprintf(store->key_file.data, "%V/key%Z", &store->path->name);

#if (NGX_THREADS)

    store->thread_pool = ngx_thread_pool_add(cf, NULL);
    if (store->thread_pool == NULL) {
        return NGX_CONF_ERROR;
    }

#endif

    vmcf->store = store;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_veriff_store_init_module(ngx_cycle_t *cycle)
{
    u_char                        key[NGX_VERIFF_KEY_LEN];
    ngx_int_t                     rc;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_veriff_module);

    if (vmcf == NULL || vmcf->store == NULL || vmcf->keys || ngx_test_config) {
        return NGX_OK;
    }

    rc = ngx_http_veriff_secret_make(cycle, &vmcf->store->key_file, key);

    if (rc == NGX_OK) {
        vmcf->keys = ngx_veriff_keys_create(cycle->pool, key);
    }

    ngx_explicit_memzero(key, NGX_VERIFF_KEY_LEN);

    return vmcf->keys ? NGX_OK : NGX_ERROR;
}


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
    store->pool = cycle->pool;
    store->last = &store->first;

    store->timer.handler = ngx_http_veriff_store_timer;
    store->timer.data = store;
    store->timer.log = cycle->log;
    store->timer.cancelable = 1;

    ngx_http_veriff_store_open(store);
}


static void
ngx_http_veriff_store_open(ngx_http_veriff_store_t *store)
{
    const char  *error;

    store->db = ngx_veriff_lmdb_open(store->pool, store->path->name.data,
                                     store->size, &error);

    if (store->db == NULL) {
        ngx_http_veriff_store_failed(store, error);
    }

    ngx_add_timer(&store->timer, store->db ? NGX_HTTP_VERIFF_STORE_CHECK
                                           : NGX_HTTP_VERIFF_STORE_RETRY);
}


static void
ngx_http_veriff_store_timer(ngx_event_t *ev)
{
    ngx_http_veriff_store_t *store = ev->data;

    if (store->db == NULL) {
        ngx_http_veriff_store_open(store);
        return;
    }

    (void) ngx_veriff_lmdb_check(store->db);

    ngx_add_timer(ev, NGX_HTTP_VERIFF_STORE_CHECK);
}


/* once a minute at most: a full disk fails every request */

static void
ngx_http_veriff_store_failed(ngx_http_veriff_store_t *store,
    const char *what)
{
    if (ngx_time() - store->logged < 60) {
        return;
    }

    store->logged = ngx_time();

    ngx_log_error(NGX_LOG_ERR, store->log, 0, "veriff store \"%V\": %s",
                  &store->path->name, what);
}


ngx_int_t
ngx_http_veriff_store_get(ngx_http_veriff_store_t *store, ngx_pool_t *pool,
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
        return rc;
    }

    ngx_http_veriff_store_failed(store, ngx_veriff_lmdb_error(store->db));

    return NGX_ERROR;
}


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


/* all that waits goes into one commit */

static void
ngx_http_veriff_store_start(ngx_http_veriff_store_t *store)
{
    ngx_http_veriff_change_t  *change;

    store->batch = store->first;
    store->first = NULL;
    store->last = &store->first;
    store->waiting = 0;

    for (change = store->batch; change; change = change->next) {
        change->job.next = change->next ? &change->next->job : NULL;
    }

    store->running = 1;

    if (ngx_http_veriff_store_post(store) != NGX_OK) {
        ngx_http_veriff_store_failed(store, "the thread pool is full");
    }
}


#if (NGX_THREADS)

static ngx_int_t
ngx_http_veriff_store_post(ngx_http_veriff_store_t *store)
{
    ngx_thread_task_t  *task;

    if (store->task == NULL) {
        store->task = ngx_thread_task_alloc(store->pool, sizeof(void *));
        if (store->task == NULL) {
            return NGX_ERROR;
        }
    }

    task = store->task;

    *(ngx_http_veriff_store_t **) task->ctx = store;

    task->handler = ngx_http_veriff_store_thread;
    task->event.handler = ngx_http_veriff_store_done;
    task->event.data = store;
    task->event.log = store->log;

    if (ngx_thread_task_post(store->thread_pool, task) != NGX_OK) {

        /* the jobs say NGX_ERROR; handlers are never called at once */

        ngx_post_event(&task->event, &ngx_posted_events);
        return NGX_ERROR;
    }

    /* a worker that reloads waits for it: the timer is not cancelable */

    ngx_add_timer(&task->event, NGX_HTTP_VERIFF_STORE_COMMIT);

    return NGX_OK;
}


static void
ngx_http_veriff_store_thread(void *data, ngx_log_t *log)
{
    ngx_http_veriff_store_t *store = *(ngx_http_veriff_store_t **) data;

    ngx_veriff_lmdb_batch(store->db, &store->batch->job);
}

#else

static ngx_int_t
ngx_http_veriff_store_post(ngx_http_veriff_store_t *store)
{
    ngx_veriff_lmdb_batch(store->db, &store->batch->job);

    store->event.handler = ngx_http_veriff_store_done;
    store->event.data = store;
    store->event.log = store->log;

    ngx_post_event(&store->event, &ngx_posted_events);

    return NGX_OK;
}

#endif


static void
ngx_http_veriff_store_done(ngx_event_t *ev)
{
    ngx_http_veriff_change_t  *change, *next;
    ngx_http_veriff_store_t   *store = ev->data;

    if (ev->timedout) {
        ev->timedout = 0;

        ngx_http_veriff_store_failed(store, "a commit takes over a minute");
        ngx_add_timer(ev, NGX_HTTP_VERIFF_STORE_COMMIT);

        return;
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ev->complete = 0;

    change = store->batch;

    store->batch = NULL;
    store->running = 0;

    if (store->resize || change->job.rc == NGX_AGAIN) {
        store->resize = 0;
        (void) ngx_veriff_lmdb_resize(store->db);
    }

    /* handlers may queue changes: one commit for these and all that wait */

    store->answering = 1;

    for ( /* void */ ; change; change = next) {
        next = change->next;

        if (change->job.rc == NGX_ERROR || change->job.rc == NGX_ABORT) {
            ngx_http_veriff_store_failed(store,
                                         ngx_veriff_lmdb_error(store->db));
        }

        change->handler(change);
    }

    store->answering = 0;

    if (store->first) {
        ngx_http_veriff_store_start(store);
    }
}
