
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_store.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_secret.h"


#define NGX_HTTP_VERIFF_STORE_SIZE     (1024 * 1024 * 1024)
#define NGX_HTTP_VERIFF_STORE_QUEUE    4096     /* changes that wait */
#define NGX_HTTP_VERIFF_STORE_RETRY    5000     /* ms: to open it again */
#define NGX_HTTP_VERIFF_STORE_CHECK    60000    /* ms: for dead readers */
#define NGX_HTTP_VERIFF_STORE_POOL     1024
#define NGX_HTTP_VERIFF_STORE_COMMIT   60000    /* ms: a commit is too slow */
#define NGX_HTTP_VERIFF_STORE_AGAIN    60       /* s: a fault may come back */


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
#else
    ngx_event_t                 event;
#endif

    unsigned                    running:1;
    unsigned                    answering:1;    /* handlers are called */
    unsigned                    resize:1;
};


static ngx_uint_t ngx_http_veriff_store_lost(ngx_conf_t *cf,
    ngx_http_veriff_store_t *store);
static void ngx_http_veriff_store_own(ngx_cycle_t *cycle,
    ngx_http_veriff_store_t *store);
static void ngx_http_veriff_store_open(ngx_http_veriff_store_t *store);
static void ngx_http_veriff_store_timer(ngx_event_t *ev);
static ngx_uint_t ngx_http_veriff_store_check(ngx_http_veriff_store_t *store);
static void ngx_http_veriff_store_failed(ngx_http_veriff_store_t *store,
    ngx_http_veriff_store_fault_e fault, const char *what);
static ngx_int_t ngx_http_veriff_store_read(ngx_http_veriff_store_t *store,
    ngx_pool_t *pool, u_char *name, ngx_str_t *value);
static void ngx_http_veriff_store_count(ngx_http_veriff_change_t *change);
static void ngx_http_veriff_store_works(ngx_http_veriff_store_t *store,
    ngx_http_veriff_store_fault_e fault);
static void ngx_http_veriff_store_start(ngx_http_veriff_store_t *store);
static ngx_int_t ngx_http_veriff_store_post(ngx_http_veriff_store_t *store);
static void ngx_http_veriff_store_done(ngx_event_t *ev);
static void ngx_http_veriff_store_judge(ngx_http_veriff_store_t *store);
#if (NGX_THREADS)
static void ngx_http_veriff_store_thread(void *data, ngx_log_t *log);
#endif


static const char  *ngx_http_veriff_store_well[] = {
    "is open again",
    "can be read again",
    "can be written again",
    "has room again",
    "has ended the slow commit"
};


char *
ngx_http_veriff_store_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_main_conf_t *vmcf = conf;

    off_t                     size;
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

        /* unlike ngx_parse_size() it knows gigabytes */

        size = ngx_parse_offset(&s);

        if (size < NGX_VERIFF_LMDB_SIZE_MIN
            || (uint64_t) size > NGX_MAX_SIZE_T_VALUE - ngx_pagesize)
        {
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


/* later it would be too late: a master that fails to reload must go on */

ngx_int_t
ngx_http_veriff_store_init(ngx_conf_t *cf)
{
    u_char                        key[NGX_VERIFF_KEY_LEN];
    ngx_int_t                     rc;
    ngx_http_veriff_store_t      *store;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    store = vmcf->store;

    if (store == NULL || vmcf->keys) {
        return NGX_OK;
    }

    rc = ngx_http_veriff_secret_load(cf->log, &store->key_file, key);

    if (rc == NGX_DECLINED && ngx_http_veriff_store_lost(cf, store)) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "veriff key \"%V\" is missing, with a new one all users "
                      "in the store are unknown: put the old one back",
                      &store->key_file);
    }

    if (rc == NGX_DECLINED
        && !ngx_test_config && ngx_process != NGX_PROCESS_SIGNALLER)
    {
        /* the directory's owner is set when the others are made */

        if (ngx_create_dir(store->path->name.data, 0700) == NGX_FILE_ERROR
            && ngx_errno != NGX_EEXIST)
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                          ngx_create_dir_n " \"%V\" failed",
                          &store->path->name);
            return NGX_ERROR;
        }

        rc = ngx_http_veriff_secret_make(cf, &store->key_file, key);
    }

    if (rc == NGX_OK) {
        vmcf->keys = ngx_veriff_keys_create(cf->pool, key);
        rc = vmcf->keys ? NGX_OK : NGX_ERROR;
    }

    ngx_explicit_memzero(key, NGX_VERIFF_KEY_LEN);

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


/* non-zero if there are users already, and so was a key */

static ngx_uint_t
ngx_http_veriff_store_lost(ngx_conf_t *cf, ngx_http_veriff_store_t *store)
{
    u_char           *name;
    ngx_file_info_t   fi;

    name = ngx_pnalloc(cf->temp_pool, store->path->name.len
                                      + sizeof("/data.mdb"));
    if (name == NULL) {
        return 0;
    }

    ngx_sprintf(name, "%V/data.mdb%Z", &store->path->name);

    return ngx_process != NGX_PROCESS_SIGNALLER
           && ngx_file_info(name, &fi) != NGX_FILE_ERROR;
}


ngx_int_t
ngx_http_veriff_store_init_module(ngx_cycle_t *cycle)
{
    ngx_http_veriff_main_conf_t  *vmcf;

    /* an error here would end a master that reloads */

    vmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_veriff_module);

    if (vmcf && vmcf->store && !ngx_test_config) {
        ngx_http_veriff_store_own(cycle, vmcf->store);
    }

    return NGX_OK;
}


/*
 * If "user" has changed, the files go to the new one, as the directory did.
 * The old one owned the directory: what lies there may be a link.
 */

static void
ngx_http_veriff_store_own(ngx_cycle_t *cycle, ngx_http_veriff_store_t *store)
{
    u_char           *name;
    ngx_fd_t          fd;
    ngx_uint_t        i;
    struct stat       sb;
    ngx_core_conf_t  *ccf;

    static const char  *names[] = { "data.mdb", "lock.mdb" };

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (geteuid() != 0 || ccf->user == (ngx_uid_t) NGX_CONF_UNSET_UINT) {
        return;
    }

    name = ngx_pnalloc(cycle->pool, store->path->name.len
                                    + sizeof("/data.mdb"));
    if (name == NULL) {
        return;
    }

    for (i = 0; i < 2; i++) {
        ngx_sprintf(name, "%V/%s%Z", &store->path->name, names[i]);

        fd = open((char *) name, O_RDONLY|O_NONBLOCK|O_NOFOLLOW);

        if (fd == NGX_INVALID_FILE) {
            continue;
        }

        if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_nlink == 1
            && sb.st_uid != ccf->user && fchown(fd, ccf->user, -1) == -1)
        {
            ngx_log_error(NGX_LOG_ERR, cycle->log, ngx_errno,
                          "fchown(\"%s\", %d) failed", name, ccf->user);
        }

        (void) ngx_close_file(fd);
    }
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
    store->last = &store->first;

    store->timer.handler = ngx_http_veriff_store_timer;
    store->timer.data = store;
    store->timer.log = cycle->log;
    store->timer.cancelable = 1;

#if (NGX_THREADS)

    /* now, when nothing waits for it */

    store->task = ngx_thread_task_alloc(cycle->pool,
                                        sizeof(ngx_http_veriff_store_batch_t));
    if (store->task == NULL) {
        return;
    }

#endif

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


/*
 * LMDB may refuse to go on after an error, files may have been replaced: then
 * it is opened again, and zero returned.
 */

static ngx_uint_t
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

static void
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


static void
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

    /* the jobs say NGX_ERROR; handlers are never called at once */

    if (ngx_http_veriff_store_post(store) != NGX_OK && store->db) {
        ngx_http_veriff_store_failed(store, NGX_HTTP_VERIFF_STORE_UNWRITABLE,
                                     "the thread pool is full");
    }
}


#if (NGX_THREADS)

static ngx_int_t
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
    ngx_http_veriff_store_batch_t *batch = data;

    if (batch->scan) {
        ngx_veriff_lmdb_scan(batch->db, batch->scan);
    }

    if (batch->job) {
        ngx_veriff_lmdb_batch(batch->db, batch->job);
    }
}

#else

static ngx_int_t
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

    return NGX_OK;
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
