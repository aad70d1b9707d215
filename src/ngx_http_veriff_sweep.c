
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_sweep.h"
#include "ngx_http_veriff_sweep_entry.h"


#define NGX_HTTP_VERIFF_SWEEP_FIRST   1000      /* ms after the start */
#define NGX_HTTP_VERIFF_SWEEP_EVERY   3600      /* seconds */
#define NGX_HTTP_VERIFF_SWEEP_RETRY   60000     /* ms: the store failed */
#define NGX_HTTP_VERIFF_SWEEP_PAUSE   10        /* ms between steps */
#define NGX_HTTP_VERIFF_SWEEP_SPREAD  1000      /* ms: workers' difference */


static ngx_int_t ngx_http_veriff_sweep_prepare(
    ngx_http_veriff_sweep_t *sweep);
static void ngx_http_veriff_sweep_timer(ngx_event_t *ev);
static void ngx_http_veriff_sweep_again(ngx_msec_t delay);
static ngx_int_t ngx_http_veriff_sweep_claim(void);
static void ngx_http_veriff_sweep_claimed(ngx_http_veriff_change_t *change);
static void ngx_http_veriff_sweep_step(void);
static void ngx_http_veriff_sweep_scanned(ngx_veriff_lmdb_scan_t *scan);
static void ngx_http_veriff_sweep_stepped(void);
static void ngx_http_veriff_sweep_changed(ngx_http_veriff_change_t *change);
static void ngx_http_veriff_sweep_put(u_char *p, uint64_t n);


ngx_http_veriff_sweep_t  ngx_http_veriff_sweep;


void
ngx_http_veriff_sweep_init_process(ngx_cycle_t *cycle)
{
    ngx_http_veriff_sweep_t      *sweep;
    ngx_http_veriff_main_conf_t  *vmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return;
    }

    sweep = &ngx_http_veriff_sweep;

    vmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_veriff_module);

    if (vmcf == NULL || vmcf->store == NULL || vmcf->keys == NULL) {
        return;
    }

    sweep->vmcf = vmcf;
    sweep->hashes = NULL;
    sweep->prepared = 0;

    sweep->name[0] = NGX_HTTP_VERIFF_STATE_SWEEP;

    sweep->dumb.fd = (ngx_socket_t) -1;

    sweep->timer.handler = ngx_http_veriff_sweep_timer;
    sweep->timer.data = &sweep->dumb;
    sweep->timer.log = cycle->log;
    sweep->timer.cancelable = 1;

    ngx_http_veriff_sweep_again(NGX_HTTP_VERIFF_SWEEP_FIRST);
}


/* once for each worker, when it has the memory */

static ngx_int_t
ngx_http_veriff_sweep_prepare(ngx_http_veriff_sweep_t *sweep)
{
    size_t                           size;
    ngx_uint_t                       i;
    ngx_http_veriff_main_conf_t     *vmcf;
    ngx_http_veriff_integration_t  **vi;

    if (sweep->prepared) {
        return NGX_OK;
    }

    vmcf = sweep->vmcf;
    size = vmcf->integrations.nelts * sizeof(uint64_t);

    if (sweep->hashes == NULL) {
        sweep->hashes = ngx_pcalloc(ngx_cycle->pool, size);
    }

    if (sweep->hashes == NULL) {
        return NGX_ERROR;
    }

    vi = vmcf->integrations.elts;

    for (i = 0; i < vmcf->integrations.nelts; i++) {
        if (ngx_http_veriff_state_integration(vmcf, vi[i], &sweep->hashes[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    sweep->prepared = 1;

    return NGX_OK;
}


static void
ngx_http_veriff_sweep_timer(ngx_event_t *ev)
{
    ngx_http_veriff_sweep_t  *sweep;

    sweep = &ngx_http_veriff_sweep;

    if (ngx_http_veriff_sweep_prepare(sweep) != NGX_OK) {
        ngx_http_veriff_sweep_again(NGX_HTTP_VERIFF_SWEEP_FIRST);
        return;
    }

    if (sweep->sweeping) {
        ngx_http_veriff_sweep_step();
        return;
    }

    sweep->pool = ngx_create_pool(4096, ev->log);

    if (sweep->pool == NULL || ngx_http_veriff_sweep_claim() != NGX_OK) {
        ngx_http_veriff_sweep_again(NGX_HTTP_VERIFF_SWEEP_RETRY);
    }

    if (sweep->pool && !sweep->busy) {
        ngx_destroy_pool(sweep->pool);
        sweep->pool = NULL;
    }
}


static void
ngx_http_veriff_sweep_again(ngx_msec_t delay)
{
    if (!ngx_http_veriff_sweep.sweeping) {
        delay += (ngx_msec_t) ngx_random() % NGX_HTTP_VERIFF_SWEEP_SPREAD;
    }

    ngx_add_timer(&ngx_http_veriff_sweep.timer, delay);
}


/* one worker of the host has it, who is the first to write that it has */

static ngx_int_t
ngx_http_veriff_sweep_claim(void)
{
    int64_t                   last;
    ngx_int_t                 rc;
    ngx_str_t                 value;
    ngx_veriff_lmdb_op_t     *op;
    ngx_http_veriff_sweep_t  *sweep;

    sweep = &ngx_http_veriff_sweep;

    rc = ngx_http_veriff_store_get(sweep->vmcf->store, sweep->pool,
                                   sweep->name, &value);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (value.len == NGX_HTTP_VERIFF_SWEEP_MARK) {
        last = ngx_http_veriff_sweep_number(value.data);

        if (last <= ngx_time()
            && last > ngx_time() - NGX_HTTP_VERIFF_SWEEP_EVERY)
        {
            ngx_http_veriff_sweep_again((ngx_msec_t)
                 (last + NGX_HTTP_VERIFF_SWEEP_EVERY - ngx_time()) * 1000);
            return NGX_OK;
        }
    }

    ngx_memzero(&sweep->claim, sizeof(ngx_http_veriff_change_t));

    sweep->claim.handler = ngx_http_veriff_sweep_claimed;

    op = ngx_http_veriff_store_op(&sweep->claim, sweep->name, &value);

    op->expects = 1;
    op->revision = (value.len == NGX_HTTP_VERIFF_SWEEP_MARK)
                   ? (uint64_t) ngx_http_veriff_sweep_number(
                                  value.data + NGX_VERIFF_LMDB_REVISION)
                   : 0;

    ngx_http_veriff_sweep_put(sweep->mark, (uint64_t) ngx_time());
    ngx_http_veriff_sweep_put(sweep->mark + NGX_VERIFF_LMDB_REVISION,
                              op->revision + 1);

    op->value.data = sweep->mark;
    op->value.len = NGX_HTTP_VERIFF_SWEEP_MARK;

    rc = ngx_http_veriff_store_change(sweep->vmcf->store, &sweep->claim);

    sweep->busy = (rc == NGX_OK);

    return rc;
}


static void
ngx_http_veriff_sweep_claimed(ngx_http_veriff_change_t *change)
{
    ngx_http_veriff_sweep_t  *sweep;

    sweep = &ngx_http_veriff_sweep;

    ngx_destroy_pool(sweep->pool);
    sweep->pool = NULL;
    sweep->busy = 0;

    if (change->job.rc != NGX_OK) {

        /* another worker has it, or the store fails */

        ngx_http_veriff_sweep_again(NGX_HTTP_VERIFF_SWEEP_EVERY * 1000);
        return;
    }

    sweep->sweeping = 1;
    sweep->removed = 0;

    ngx_memzero(sweep->scan.after, NGX_VERIFF_LMDB_KEY_LEN);

    ngx_http_veriff_sweep_again(NGX_HTTP_VERIFF_SWEEP_PAUSE);
}


static void
ngx_http_veriff_sweep_step(void)
{
    ngx_http_veriff_sweep_t  *sweep;

    sweep = &ngx_http_veriff_sweep;

    sweep->pool = ngx_create_pool(4096, sweep->timer.log);

    if (sweep->pool) {
        sweep->scan.pool = sweep->pool;
        sweep->scan.follow = NGX_HTTP_VERIFF_STATE_SESSION;

        if (ngx_http_veriff_store_scan(sweep->vmcf->store, &sweep->scan,
                                       ngx_http_veriff_sweep_scanned)
            == NGX_OK)
        {
            sweep->busy = 1;
            return;
        }
    }

    sweep->scan.rc = NGX_ERROR;

    ngx_http_veriff_sweep_stepped();
}


static void
ngx_http_veriff_sweep_scanned(ngx_veriff_lmdb_scan_t *scan)
{
    ngx_uint_t                i;
    ngx_http_veriff_sweep_t  *sweep;

    sweep = &ngx_http_veriff_sweep;

    /* changes are never answered at once */

    sweep->pending = 0;

    if (scan->rc != NGX_ERROR) {

        for (i = 0; i < scan->n; i++) {
            if (ngx_http_veriff_sweep_entry(&scan->entries[i]) != NGX_OK) {
                scan->rc = NGX_ERROR;
                break;
            }
        }
    }

    if (sweep->pending == 0) {
        ngx_http_veriff_sweep_stepped();
    }
}


static void
ngx_http_veriff_sweep_stepped(void)
{
    ngx_http_veriff_sweep_t  *sweep;

    sweep = &ngx_http_veriff_sweep;

    if (sweep->pool) {
        ngx_destroy_pool(sweep->pool);
        sweep->pool = NULL;
    }

    sweep->busy = 0;

    if (sweep->scan.rc == NGX_OK && !ngx_exiting) {
        ngx_http_veriff_sweep_again(NGX_HTTP_VERIFF_SWEEP_PAUSE);
        return;
    }

    sweep->sweeping = 0;

    ngx_log_error(NGX_LOG_INFO, sweep->timer.log, 0,
                  "veriff store: %ui expired entries removed%s",
                  sweep->removed,
                  (sweep->scan.rc == NGX_DONE) ? "" : ", not all was seen");

    ngx_http_veriff_sweep_again(NGX_HTTP_VERIFF_SWEEP_EVERY * 1000);
}


ngx_http_veriff_change_t *
ngx_http_veriff_sweep_change(u_char *key, ngx_str_t *value)
{
    ngx_http_veriff_change_t  *change;

    change = ngx_pcalloc(ngx_http_veriff_sweep.pool,
                         sizeof(ngx_http_veriff_change_t));
    if (change == NULL) {
        return NULL;
    }

    change->handler = ngx_http_veriff_sweep_changed;

    (void) ngx_http_veriff_store_op(change, key, value);

    return change;
}


ngx_int_t
ngx_http_veriff_sweep_queue(ngx_http_veriff_change_t *change)
{
    ngx_http_veriff_sweep_t  *sweep;

    sweep = &ngx_http_veriff_sweep;

    if (ngx_http_veriff_store_change(sweep->vmcf->store, change) != NGX_OK) {
        return NGX_ERROR;
    }

    sweep->pending++;

    return NGX_OK;
}


static void
ngx_http_veriff_sweep_changed(ngx_http_veriff_change_t *change)
{
    ngx_http_veriff_sweep_t  *sweep;

    sweep = &ngx_http_veriff_sweep;

    if (change->job.rc == NGX_ERROR) {

        /* a store that fails is not tried again with each step */

        sweep->scan.rc = NGX_ERROR;

    } else if (change->job.rc == NGX_OK && change->ops[0].value.len == 0) {
        sweep->removed++;
    }

    if (--sweep->pending == 0) {
        ngx_http_veriff_sweep_stepped();
    }
}


int64_t
ngx_http_veriff_sweep_number(u_char *p)
{
    uint64_t    n;
    ngx_uint_t  i;

    n = 0;

    for (i = 0; i < 8; i++) {
        n |= (uint64_t) p[i] << (8 * i);
    }

    return (int64_t) n;
}


static void
ngx_http_veriff_sweep_put(u_char *p, uint64_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < 8; i++) {
        p[i] = (u_char) (n >> (8 * i));
    }
}
