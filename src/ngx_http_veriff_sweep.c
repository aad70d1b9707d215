
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_sweep.h"
#include "ngx_http_veriff_state.h"

#include "ngx_veriff_expiry.h"


#define NGX_HTTP_VERIFF_SWEEP_FIRST   3000      /* ms after the start */
#define NGX_HTTP_VERIFF_SWEEP_EVERY   3600      /* seconds */
#define NGX_HTTP_VERIFF_SWEEP_RETRY   60000     /* ms: the store failed */
#define NGX_HTTP_VERIFF_SWEEP_PAUSE   10        /* ms between steps */
#define NGX_HTTP_VERIFF_SWEEP_SPREAD  2000      /* ms: workers' difference */

#define NGX_HTTP_VERIFF_SWEEP_MARK    16        /* time and revision */


/* of each worker */

typedef struct {
    ngx_http_veriff_main_conf_t  *vmcf;
    ngx_event_t                   timer;
    ngx_connection_t              dumb;     /* for the log of the timer */

    u_char                        name[NGX_VERIFF_NAME_LEN];
    u_char                        mark[NGX_HTTP_VERIFF_SWEEP_MARK];
    ngx_http_veriff_change_t      claim;

    ngx_pool_t                   *pool;     /* of a step */
    ngx_veriff_lmdb_scan_t        scan;
    uint64_t                     *hashes;   /* of integrations, in cycle's */
    ngx_uint_t                    pending;  /* changes of this step */
    ngx_uint_t                    removed;

    unsigned                      sweeping:1;
    unsigned                      busy:1;   /* a claim or a step */
} ngx_http_veriff_sweep_t;


static void ngx_http_veriff_sweep_timer(ngx_event_t *ev);
static void ngx_http_veriff_sweep_again(ngx_msec_t delay);
static ngx_int_t ngx_http_veriff_sweep_claim(void);
static void ngx_http_veriff_sweep_claimed(ngx_http_veriff_change_t *change);
static void ngx_http_veriff_sweep_step(void);
static void ngx_http_veriff_sweep_scanned(ngx_veriff_lmdb_scan_t *scan);
static void ngx_http_veriff_sweep_stepped(void);
static ngx_int_t ngx_http_veriff_sweep_entry(ngx_veriff_lmdb_entry_t *entry);
static ngx_int_t ngx_http_veriff_sweep_user(ngx_veriff_lmdb_entry_t *entry);
static ngx_uint_t ngx_http_veriff_sweep_forgets(
    ngx_http_veriff_integration_t *vi, ngx_veriff_record_t *record);
static ngx_int_t ngx_http_veriff_sweep_remove(ngx_veriff_lmdb_entry_t *entry,
    ngx_http_veriff_integration_t *vi, ngx_veriff_record_t *record);
static ngx_int_t ngx_http_veriff_sweep_erase(ngx_veriff_lmdb_entry_t *entry,
    ngx_veriff_record_t *record);
static ngx_int_t ngx_http_veriff_sweep_session(
    ngx_veriff_lmdb_entry_t *entry);
static ngx_uint_t ngx_http_veriff_sweep_is(ngx_http_veriff_integration_t *vi,
    ngx_veriff_id_t *id, u_char *key);
static ngx_http_veriff_integration_t *ngx_http_veriff_sweep_integration(
    ngx_veriff_record_t *record);
static ngx_http_veriff_change_t *ngx_http_veriff_sweep_change(u_char *key,
    ngx_str_t *value);
static ngx_int_t ngx_http_veriff_sweep_queue(
    ngx_http_veriff_change_t *change);
static void ngx_http_veriff_sweep_changed(ngx_http_veriff_change_t *change);
static int64_t ngx_http_veriff_sweep_number(u_char *p);
static void ngx_http_veriff_sweep_put(u_char *p, uint64_t n);


static ngx_http_veriff_sweep_t  ngx_http_veriff_sweep;


void
ngx_http_veriff_sweep_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                        i;
    ngx_http_veriff_sweep_t          *sweep;
    ngx_http_veriff_main_conf_t      *vmcf;
    ngx_http_veriff_integration_t  **vi;

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

    sweep->name[0] = NGX_HTTP_VERIFF_STATE_SWEEP;

    sweep->hashes = ngx_pcalloc(cycle->pool, vmcf->integrations.nelts
                                             * sizeof(uint64_t));
    if (sweep->hashes == NULL) {
        return;
    }

    vi = vmcf->integrations.elts;

    for (i = 0; i < vmcf->integrations.nelts; i++) {
        if (ngx_http_veriff_state_integration(vmcf, vi[i], &sweep->hashes[i])
            != NGX_OK)
        {
            return;
        }
    }

    sweep->dumb.fd = (ngx_socket_t) -1;

    sweep->timer.handler = ngx_http_veriff_sweep_timer;
    sweep->timer.data = &sweep->dumb;
    sweep->timer.log = cycle->log;
    sweep->timer.cancelable = 1;

    ngx_http_veriff_sweep_again(NGX_HTTP_VERIFF_SWEEP_FIRST);
}


static void
ngx_http_veriff_sweep_timer(ngx_event_t *ev)
{
    ngx_http_veriff_sweep_t  *sweep;

    sweep = &ngx_http_veriff_sweep;

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
    int64_t                   since;
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
        since = ngx_time() - ngx_http_veriff_sweep_number(value.data);

        if (since >= 0 && since < NGX_HTTP_VERIFF_SWEEP_EVERY) {
            ngx_http_veriff_sweep_again((ngx_msec_t)
                             (NGX_HTTP_VERIFF_SWEEP_EVERY - since) * 1000);
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


/* NGX_ERROR if the step cannot go on */

static ngx_int_t
ngx_http_veriff_sweep_entry(ngx_veriff_lmdb_entry_t *entry)
{
    ngx_str_t                  none;
    ngx_http_veriff_change_t  *change;

    switch (entry->key[0]) {

    case NGX_HTTP_VERIFF_STATE_USER:
        return ngx_http_veriff_sweep_user(entry);

    case NGX_HTTP_VERIFF_STATE_SESSION:
        return ngx_http_veriff_sweep_session(entry);

    case NGX_HTTP_VERIFF_STATE_WEBHOOK:
    case NGX_HTTP_VERIFF_STATE_DELETED:

        if (entry->value.len < 8
            || !ngx_veriff_expiry_mark(
                              ngx_http_veriff_sweep_number(entry->value.data),
                              ngx_time()))
        {
            return NGX_OK;
        }

        ngx_str_null(&none);
        change = ngx_http_veriff_sweep_change(entry->key, &none);

        return change ? ngx_http_veriff_sweep_queue(change) : NGX_ERROR;

    default:
        return NGX_OK;
    }
}


static ngx_int_t
ngx_http_veriff_sweep_user(ngx_veriff_lmdb_entry_t *entry)
{
    ngx_veriff_policy_t             policy;
    ngx_veriff_record_t             record;
    ngx_http_veriff_integration_t  *vi;

    if (ngx_veriff_record_read(&record, entry->value.data, entry->value.len)
        != NGX_OK)
    {
        return NGX_OK;
    }

    vi = ngx_http_veriff_sweep_integration(&record);

    if (vi == NULL) {
        return NGX_OK;
    }

    ngx_http_veriff_state_policy(vi, &policy);

    if (ngx_veriff_expiry_user(&record, &policy, vi->user_rate)
        && ngx_http_veriff_sweep_forgets(vi, &record))
    {
        return ngx_http_veriff_sweep_remove(entry, vi, &record);
    }

    if (ngx_veriff_expiry_url(&record, &policy)) {
        return ngx_http_veriff_sweep_erase(entry, &record);
    }

    return NGX_OK;
}


/*
 * A verdict outlives the webhooks that are older than it: sent once more, they
 * would make a session known again that vendorData finds the user of.
 */

static ngx_uint_t
ngx_http_veriff_sweep_forgets(ngx_http_veriff_integration_t *vi,
    ngx_veriff_record_t *record)
{
    return vi->match != NGX_HTTP_VERIFF_MATCH_VENDOR_DATA
           || record->history.standing.status == NGX_VERIFF_STATUS_NONE
           || ngx_veriff_expiry_mark(record->history.standing.decided
                                     / 1000000, ngx_time());
}


/* a record that was changed meanwhile stays */

static ngx_int_t
ngx_http_veriff_sweep_remove(ngx_veriff_lmdb_entry_t *entry,
    ngx_http_veriff_integration_t *vi, ngx_veriff_record_t *record)
{
    u_char                     index[NGX_VERIFF_NAME_LEN];
    ngx_str_t                  none, id;
    ngx_uint_t                 i;
    ngx_veriff_id_t           *ids[2];
    ngx_http_veriff_change_t  *change;

    ngx_str_null(&none);

    change = ngx_http_veriff_sweep_change(entry->key, &none);
    if (change == NULL) {
        return NGX_ERROR;
    }

    change->ops[0].expects = 1;
    change->ops[0].revision = record->revision;

    ids[0] = &record->history.open.session;
    ids[1] = &record->history.standing.session;

    for (i = 0; i < 2; i++) {

        if (ids[i]->len == 0) {
            continue;
        }

        id.data = ids[i]->data;
        id.len = ids[i]->len;

        if (ngx_http_veriff_state_index(ngx_http_veriff_sweep.vmcf, vi, &id,
                                        index)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        (void) ngx_http_veriff_store_op(change, index, &none);
    }

    return ngx_http_veriff_sweep_queue(change);
}


static ngx_int_t
ngx_http_veriff_sweep_erase(ngx_veriff_lmdb_entry_t *entry,
    ngx_veriff_record_t *record)
{
    uint64_t                   revision;
    ngx_str_t                  value;
    ngx_http_veriff_change_t  *change;

    revision = record->revision++;

    ngx_str_null(&record->url);

    value.len = ngx_veriff_record_len(record);
    value.data = ngx_pnalloc(ngx_http_veriff_sweep.pool, value.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    ngx_veriff_record_write(record, value.data);

    change = ngx_http_veriff_sweep_change(entry->key, &value);
    if (change == NULL) {
        return NGX_ERROR;
    }

    change->ops[0].expects = 1;
    change->ops[0].revision = revision;

    return ngx_http_veriff_sweep_queue(change);
}


/* one that its record has forgotten, or that has no record any more */

static ngx_int_t
ngx_http_veriff_sweep_session(ngx_veriff_lmdb_entry_t *entry)
{
    int64_t                         created;
    ngx_str_t                       none;
    ngx_veriff_policy_t             policy;
    ngx_veriff_record_t             record;
    ngx_http_veriff_change_t       *change;
    ngx_http_veriff_integration_t  *vi;

    if (entry->value.len < NGX_HTTP_VERIFF_STATE_INDEX_LEN) {
        return NGX_OK;
    }

    if (entry->followed.len) {

        if (ngx_veriff_record_read(&record, entry->followed.data,
                                   entry->followed.len)
            != NGX_OK)
        {
            return NGX_OK;
        }

        vi = ngx_http_veriff_sweep_integration(&record);

        if (vi == NULL) {
            return NGX_OK;
        }

        created = ngx_http_veriff_sweep_number(entry->value.data
                                               + NGX_VERIFF_NAME_LEN);

        ngx_http_veriff_state_policy(vi, &policy);

        if (!ngx_veriff_expiry_session(created, &policy)
            || ngx_http_veriff_sweep_is(vi, &record.history.open.session,
                                        entry->key)
            || ngx_http_veriff_sweep_is(vi, &record.history.standing.session,
                                        entry->key))
        {
            return NGX_OK;
        }
    }

    ngx_str_null(&none);
    change = ngx_http_veriff_sweep_change(entry->key, &none);

    return change ? ngx_http_veriff_sweep_queue(change) : NGX_ERROR;
}


/* when in doubt it is */

static ngx_uint_t
ngx_http_veriff_sweep_is(ngx_http_veriff_integration_t *vi,
    ngx_veriff_id_t *id, u_char *key)
{
    u_char     index[NGX_VERIFF_NAME_LEN];
    ngx_str_t  session;

    if (id->len == 0) {
        return 0;
    }

    session.data = id->data;
    session.len = id->len;

    return ngx_http_veriff_state_index(ngx_http_veriff_sweep.vmcf, vi,
                                       &session, index)
           != NGX_OK
           || ngx_memcmp(index, key, NGX_VERIFF_NAME_LEN) == 0;
}


/* NULL: it is not configured now, but may be again */

static ngx_http_veriff_integration_t *
ngx_http_veriff_sweep_integration(ngx_veriff_record_t *record)
{
    ngx_uint_t                        i;
    ngx_http_veriff_sweep_t          *sweep;
    ngx_http_veriff_integration_t  **vi;

    sweep = &ngx_http_veriff_sweep;

    vi = sweep->vmcf->integrations.elts;

    for (i = 0; i < sweep->vmcf->integrations.nelts; i++) {
        if (sweep->hashes[i] == record->integration) {
            return vi[i];
        }
    }

    return NULL;
}


static ngx_http_veriff_change_t *
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


static ngx_int_t
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


static int64_t
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
