
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <errno.h>
#include <sys/stat.h>

#include <lmdb.h>

#include "ngx_veriff_lmdb.h"
#include "ngx_veriff_lmdb_files.h"


#define NGX_VERIFF_LMDB_READERS  1024
#define NGX_VERIFF_LMDB_MODE     0600
#define NGX_VERIFF_LMDB_META     2      /* pages at the file's beginning */

/*
 * A map is but addresses.  It is so large that processes of another size
 * never have to grow it, and what "size" means is counted here instead.
 */
#if (NGX_PTR_SIZE == 8)
#define NGX_VERIFF_LMDB_MAP      ((size_t) 64 * 1024 * 1024 * 1024)
#else
#define NGX_VERIFF_LMDB_MAP      NGX_VERIFF_LMDB_SIZE_MIN
#endif


struct ngx_veriff_lmdb_s {
    MDB_env    *env;
    MDB_dbi     dbi;
    size_t      limit;          /* pages, for what is new */
    MDB_txn    *reader;         /* reset between reads */
    int         error;          /* of the reads */
    int         batch_error;    /* of the batches: another thread's */
    int         broken;         /* the disk failed a batch */

    ngx_veriff_lmdb_files_t  files;
};


static int ngx_veriff_lmdb_open_env(ngx_veriff_lmdb_t *db, size_t size);
static int ngx_veriff_lmdb_env(ngx_veriff_lmdb_t *db, size_t map,
    unsigned flags);
static int ngx_veriff_lmdb_limit(ngx_veriff_lmdb_t *db, size_t size);
static void ngx_veriff_lmdb_cleanup(void *data);
static int ngx_veriff_lmdb_whole(ngx_veriff_lmdb_t *db);
static int ngx_veriff_lmdb_begin(ngx_veriff_lmdb_t *db);
static int ngx_veriff_lmdb_try(ngx_veriff_lmdb_t *db,
    ngx_veriff_lmdb_job_t *first, ngx_veriff_lmdb_job_t *last);
static int ngx_veriff_lmdb_job(ngx_veriff_lmdb_t *db, MDB_txn *txn,
    ngx_veriff_lmdb_job_t *job);
static ngx_uint_t ngx_veriff_lmdb_full(ngx_veriff_lmdb_t *db, MDB_txn *txn,
    ngx_veriff_lmdb_job_t *job);
static int ngx_veriff_lmdb_expects(ngx_veriff_lmdb_t *db, MDB_txn *txn,
    ngx_veriff_lmdb_op_t *op);
static int ngx_veriff_lmdb_op(ngx_veriff_lmdb_t *db, MDB_txn *txn,
    ngx_veriff_lmdb_op_t *op);
static ngx_int_t ngx_veriff_lmdb_scanned(ngx_veriff_lmdb_t *db,
    MDB_cursor *cursor, ngx_veriff_lmdb_scan_t *scan);
static ngx_int_t ngx_veriff_lmdb_copy(ngx_pool_t *pool, ngx_str_t *dst,
    MDB_val *src);
static ngx_int_t ngx_veriff_lmdb_rc(int rc);


ngx_veriff_lmdb_t *
ngx_veriff_lmdb_open(ngx_pool_t *pool, u_char *path, size_t size,
    const char **error)
{
    int                  rc, dead;
    ngx_veriff_lmdb_t   *db;
    ngx_pool_cleanup_t  *cln;

    *error = "no memory";

    db = ngx_pcalloc(pool, sizeof(ngx_veriff_lmdb_t));
    if (db == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_veriff_lmdb_cleanup;
    cln->data = db;

    if (ngx_veriff_lmdb_files_init(&db->files, pool, path) != NGX_OK) {
        return NULL;
    }

    size = ngx_max(size, NGX_VERIFF_LMDB_SIZE_MIN);

    rc = ngx_veriff_lmdb_open_env(db, size);
    if (rc != 0) {
        goto failed;
    }

    rc = ngx_veriff_lmdb_limit(db, size);
    if (rc != 0) {
        goto failed;
    }

    rc = ngx_veriff_lmdb_whole(db);
    if (rc != 0) {
        goto failed;
    }

    rc = ngx_veriff_lmdb_files_remember(&db->files);
    if (rc != 0) {
        goto failed;
    }

    /* those who were killed still have their places */

    rc = mdb_reader_check(db->env, &dead);
    if (rc != 0) {
        goto failed;
    }

    rc = ngx_veriff_lmdb_begin(db);
    if (rc != 0) {
        goto failed;
    }

    return db;

failed:

    *error = mdb_strerror(rc);

    ngx_veriff_lmdb_close(db);

    return NULL;
}


static int
ngx_veriff_lmdb_open_env(ngx_veriff_lmdb_t *db, size_t size)
{
    int       rc;
    size_t    map;
    unsigned  flags;

    flags = 0;
    map = ngx_max(2 * size, NGX_VERIFF_LMDB_MAP);

    rc = ngx_veriff_lmdb_files_make(&db->files, NGX_VERIFF_LMDB_READERS,
                                    NGX_VERIFF_LMDB_MODE);

    if (rc == 0) {
        rc = ngx_veriff_lmdb_env(db, map, 0);
    }

    if (rc == EROFS) {

        /* what is there can be read; the next batch asks to try again */

        flags = MDB_RDONLY;
        db->broken = EROFS;
        rc = ngx_veriff_lmdb_env(db, map, flags);
    }

    if (rc == ENOMEM) {

        /* addresses are limited: then they are the limit */

        rc = ngx_veriff_lmdb_env(db, size, flags);
    }

    return rc;
}


static int
ngx_veriff_lmdb_env(ngx_veriff_lmdb_t *db, size_t map, unsigned flags)
{
    int  rc;

    rc = mdb_env_create(&db->env);
    if (rc != 0) {
        db->env = NULL;
        return rc;
    }

    rc = mdb_env_set_maxreaders(db->env, NGX_VERIFF_LMDB_READERS);

    if (rc == 0) {
        rc = mdb_env_set_mapsize(db->env, map);
    }

    if (rc == 0) {

        /* a reader belongs to its transaction, not to a thread */

        rc = mdb_env_open(db->env, (char *) db->files.dir,
                          flags|MDB_NOTLS|MDB_NORDAHEAD,
                          NGX_VERIFF_LMDB_MODE);
    }

    if (rc != 0) {
        mdb_env_close(db->env);
        db->env = NULL;
    }

    return rc;
}


static int
ngx_veriff_lmdb_limit(ngx_veriff_lmdb_t *db, size_t size)
{
    int       rc;
    MDB_stat  st;

    rc = mdb_env_stat(db->env, &st);

    if (rc == 0) {
        db->limit = size / st.ms_psize;
    }

    return rc;
}


/* a file that was cut would kill whoever reads behind its end */

static int
ngx_veriff_lmdb_whole(ngx_veriff_lmdb_t *db)
{
    int               rc;
    MDB_stat          st;
    MDB_envinfo       info;
    struct stat       sb;
    mdb_filehandle_t  fd;

    rc = mdb_env_get_fd(db->env, &fd);
    if (rc != 0) {
        return rc;
    }

    (void) mdb_env_stat(db->env, &st);
    (void) mdb_env_info(db->env, &info);

    if (fstat(fd, &sb) == -1) {
        return errno;
    }

    /* the pages of an empty one are not written yet */

    if (info.me_last_pgno > 1
        && (uint64_t) sb.st_size < ((uint64_t) info.me_last_pgno + 1)
                                   * st.ms_psize)
    {
        return MDB_CORRUPTED;
    }

    return 0;
}


/* the reader's transaction, and the handle of the one database there is */

static int
ngx_veriff_lmdb_begin(ngx_veriff_lmdb_t *db)
{
    int  rc;

    rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &db->reader);

    if (rc != 0) {
        db->reader = NULL;
        return rc;
    }

    rc = mdb_dbi_open(db->reader, NULL, 0, &db->dbi);

    if (rc != 0) {
        mdb_txn_abort(db->reader);
        db->reader = NULL;
        return rc;
    }

    mdb_txn_reset(db->reader);

    return 0;
}


void
ngx_veriff_lmdb_close(ngx_veriff_lmdb_t *db)
{
    if (db->reader) {
        mdb_txn_abort(db->reader);
        db->reader = NULL;
    }

    if (db->env) {
        mdb_env_close(db->env);
        db->env = NULL;
    }
}


static void
ngx_veriff_lmdb_cleanup(void *data)
{
    ngx_veriff_lmdb_close(data);
}


ngx_int_t
ngx_veriff_lmdb_get(ngx_veriff_lmdb_t *db, ngx_pool_t *pool, u_char *key,
    ngx_str_t *value)
{
    MDB_val    k, v;
    ngx_int_t  rc;

    ngx_str_null(value);

    db->error = db->reader ? 0 : ngx_veriff_lmdb_begin(db);

    if (db->error == 0) {
        db->error = mdb_txn_renew(db->reader);
    }

    if (db->error != 0) {
        return ngx_veriff_lmdb_rc(db->error);
    }

    k.mv_data = key;
    k.mv_size = NGX_VERIFF_LMDB_KEY_LEN;

    db->error = mdb_get(db->reader, db->dbi, &k, &v);

    rc = ngx_veriff_lmdb_rc(db->error);

    if (rc == NGX_OK) {
        value->len = v.mv_size;
        value->data = ngx_pnalloc(pool, v.mv_size);

        if (value->data == NULL) {
            value->len = 0;
            rc = NGX_ERROR;

        } else {
            ngx_memcpy(value->data, v.mv_data, v.mv_size);
        }
    }

    mdb_txn_reset(db->reader);

    return rc;
}


void
ngx_veriff_lmdb_batch(ngx_veriff_lmdb_t *db, ngx_veriff_lmdb_job_t *job)
{
    int                     rc;
    ngx_veriff_lmdb_job_t  *j;

    rc = db->broken ? db->broken : ngx_veriff_lmdb_files_there(&db->files);

    if (rc == 0) {
        rc = ngx_veriff_lmdb_files_named(&db->files);
    }

    if (rc == 0) {
        rc = ngx_veriff_lmdb_try(db, job, NULL);
    }

    db->batch_error = rc;

    if (rc == 0) {
        return;
    }

    if (rc > 0 || rc == MDB_PANIC) {
        for (j = job; j; j = j->next) {
            j->rc = NGX_ERROR;
        }

        return;
    }

    /* one of them spoiled the transaction: each in its own */

    for (j = job; j; j = j->next) {
        rc = db->broken ? db->broken : ngx_veriff_lmdb_try(db, j, j->next);

        if (rc != 0) {
            db->batch_error = rc;
            j->rc = ngx_veriff_lmdb_rc(rc);
        }
    }
}


/* from first up to, but not including, last; returns LMDB's error */

static int
ngx_veriff_lmdb_try(ngx_veriff_lmdb_t *db, ngx_veriff_lmdb_job_t *first,
    ngx_veriff_lmdb_job_t *last)
{
    int                     rc;
    MDB_txn                *txn;
    ngx_veriff_lmdb_job_t  *job;

    rc = mdb_txn_begin(db->env, NULL, 0, &txn);
    if (rc != 0) {
        return rc;
    }

    for (job = first; job != last; job = job->next) {
        rc = ngx_veriff_lmdb_job(db, txn, job);

        if (rc != 0) {
            mdb_txn_abort(txn);
            return rc;
        }
    }

    /* durable, or an error: LMDB syncs the data, then the root */

    rc = mdb_txn_commit(txn);

    /*
     * What a sync could not write may count as written afterwards: after an
     * error of the system nothing is believed until it is opened anew.
     */

    if (rc > 0) {
        db->broken = rc;
    }

    return rc;
}


static int
ngx_veriff_lmdb_job(ngx_veriff_lmdb_t *db, MDB_txn *txn,
    ngx_veriff_lmdb_job_t *job)
{
    int                    rc;
    ngx_veriff_lmdb_op_t  *op;

    for (op = job->ops; op; op = op->linked) {

        if (!op->expects) {
            continue;
        }

        rc = ngx_veriff_lmdb_expects(db, txn, op);

        if (rc == MDB_KEYEXIST) {
            job->rc = NGX_DECLINED;
            return 0;
        }

        if (rc != 0) {
            return rc;
        }
    }

    if (ngx_veriff_lmdb_full(db, txn, job)) {
        job->rc = NGX_ABORT;
        return 0;
    }

    for (op = job->ops; op; op = op->linked) {
        rc = ngx_veriff_lmdb_op(db, txn, op);

        if (rc != 0) {
            return rc;
        }
    }

    job->rc = NGX_OK;

    return 0;
}


/*
 * What belongs to a value that is there may use a quarter more, and what but
 * replaces one always fits: verdicts are stored when nobody new can be.
 */

static ngx_uint_t
ngx_veriff_lmdb_full(ngx_veriff_lmdb_t *db, MDB_txn *txn,
    ngx_veriff_lmdb_job_t *job)
{
    size_t                 limit;
    MDB_stat               st;
    ngx_veriff_lmdb_op_t  *op;

    for (op = job->ops; op; op = op->linked) {
        if (op->value.len && !(op->expects && op->revision)) {
            break;
        }
    }

    if (op == NULL || mdb_stat(txn, db->dbi, &st) != 0) {
        return 0;
    }

    limit = db->limit;

    if (job->ops->expects && job->ops->revision) {
        limit += limit / 4;
    }

    return st.ms_branch_pages + st.ms_leaf_pages + st.ms_overflow_pages
           >= limit;
}


/* MDB_KEYEXIST: something else is there */

static int
ngx_veriff_lmdb_expects(ngx_veriff_lmdb_t *db, MDB_txn *txn,
    ngx_veriff_lmdb_op_t *op)
{
    int        rc;
    u_char    *p;
    size_t     i;
    MDB_val    k, v;
    uint64_t   revision;

    k.mv_data = op->key;
    k.mv_size = NGX_VERIFF_LMDB_KEY_LEN;

    rc = mdb_get(txn, db->dbi, &k, &v);

    if (rc != 0 && rc != MDB_NOTFOUND) {
        return rc;
    }

    revision = 0;

    if (rc == 0 && v.mv_size >= NGX_VERIFF_LMDB_REVISION + 8) {
        p = (u_char *) v.mv_data + NGX_VERIFF_LMDB_REVISION;

        for (i = 0; i < 8; i++) {
            revision |= (uint64_t) p[i] << (8 * i);
        }
    }

    return (revision == op->revision) ? 0 : MDB_KEYEXIST;
}


static int
ngx_veriff_lmdb_op(ngx_veriff_lmdb_t *db, MDB_txn *txn,
    ngx_veriff_lmdb_op_t *op)
{
    int      rc;
    MDB_val  k, v;

    k.mv_data = op->key;
    k.mv_size = NGX_VERIFF_LMDB_KEY_LEN;

    if (op->value.len == 0) {
        rc = mdb_del(txn, db->dbi, &k, NULL);

        return (rc == MDB_NOTFOUND) ? 0 : rc;
    }

    if (op->value.len > NGX_VERIFF_LMDB_VALUE_MAX) {
        return MDB_BAD_VALSIZE;
    }

    v.mv_data = op->value.data;
    v.mv_size = op->value.len;

    return mdb_put(txn, db->dbi, &k, &v, 0);
}


void
ngx_veriff_lmdb_scan(ngx_veriff_lmdb_t *db, ngx_veriff_lmdb_scan_t *scan)
{
    MDB_txn     *txn;
    MDB_cursor  *cursor;

    scan->n = 0;
    scan->rc = NGX_ERROR;

    /* of its own: the reader belongs to another thread */

    if (mdb_txn_begin(db->env, NULL, MDB_RDONLY, &txn) != 0) {
        return;
    }

    if (mdb_cursor_open(txn, db->dbi, &cursor) == 0) {
        scan->rc = ngx_veriff_lmdb_scanned(db, cursor, scan);
        mdb_cursor_close(cursor);
    }

    mdb_txn_abort(txn);
}


static ngx_int_t
ngx_veriff_lmdb_scanned(ngx_veriff_lmdb_t *db, MDB_cursor *cursor,
    ngx_veriff_lmdb_scan_t *scan)
{
    int                       rc;
    size_t                    bytes;
    MDB_val                   k, v;
    ngx_veriff_lmdb_entry_t  *entry;

    bytes = 0;

    k.mv_data = scan->after;
    k.mv_size = NGX_VERIFF_LMDB_KEY_LEN;

    for (rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
         rc == 0;
         rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT))
    {
        if (k.mv_size != NGX_VERIFF_LMDB_KEY_LEN
            || ngx_memcmp(k.mv_data, scan->after, k.mv_size) == 0)
        {
            continue;
        }

        if (scan->n == NGX_VERIFF_LMDB_SCAN_MAX
            || bytes >= NGX_VERIFF_LMDB_SCAN_BYTES)
        {
            break;
        }

        entry = &scan->entries[scan->n++];

        ngx_memcpy(entry->key, k.mv_data, NGX_VERIFF_LMDB_KEY_LEN);
        ngx_str_null(&entry->followed);

        if (ngx_veriff_lmdb_copy(scan->pool, &entry->value, &v) != NGX_OK) {
            return NGX_ERROR;
        }

        bytes += v.mv_size;

        if (entry->key[0] != scan->follow
            || v.mv_size < NGX_VERIFF_LMDB_KEY_LEN)
        {
            continue;
        }

        k.mv_data = v.mv_data;
        k.mv_size = NGX_VERIFF_LMDB_KEY_LEN;

        rc = mdb_get(mdb_cursor_txn(cursor), db->dbi, &k, &v);

        if (rc == MDB_NOTFOUND) {
            continue;
        }

        if (rc != 0
            || ngx_veriff_lmdb_copy(scan->pool, &entry->followed, &v)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        bytes += v.mv_size;
    }

    if (scan->n) {
        ngx_memcpy(scan->after, scan->entries[scan->n - 1].key,
                   NGX_VERIFF_LMDB_KEY_LEN);
    }

    return (rc == 0) ? NGX_OK : (rc == MDB_NOTFOUND) ? NGX_DONE : NGX_ERROR;
}


static ngx_int_t
ngx_veriff_lmdb_copy(ngx_pool_t *pool, ngx_str_t *dst, MDB_val *src)
{
    dst->len = src->mv_size;
    dst->data = ngx_pnalloc(pool, src->mv_size);

    if (dst->data == NULL) {
        dst->len = 0;
        return NGX_ERROR;
    }

    ngx_memcpy(dst->data, src->mv_data, src->mv_size);

    return NGX_OK;
}


ngx_int_t
ngx_veriff_lmdb_resize(ngx_veriff_lmdb_t *db)
{
    if (db->reader) {
        mdb_txn_abort(db->reader);
        db->reader = NULL;
    }

    db->error = mdb_env_set_mapsize(db->env, 0);

    if (db->error == 0) {
        db->error = ngx_veriff_lmdb_begin(db);
    }

    return (db->error == 0) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_veriff_lmdb_check(ngx_veriff_lmdb_t *db)
{
    int  dead;

    if (db->broken) {
        db->error = db->broken;
        return NGX_ABORT;
    }

    db->error = (db->batch_error == MDB_PANIC) ? MDB_PANIC
                : mdb_reader_check(db->env, &dead);

    if (db->error == 0) {
        db->error = ngx_veriff_lmdb_files_there(&db->files);
    }

    return (db->error == 0) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_veriff_lmdb_stat(ngx_veriff_lmdb_t *db, ngx_veriff_lmdb_stat_t *st)
{
    int       rc;
    uint64_t  pages;
    MDB_stat  stat;

    rc = db->reader ? 0 : ngx_veriff_lmdb_begin(db);

    if (rc == 0) {
        rc = mdb_txn_renew(db->reader);
    }

    if (rc != 0) {
        return NGX_ERROR;
    }

    rc = mdb_stat(db->reader, db->dbi, &stat);

    mdb_txn_reset(db->reader);

    if (rc != 0) {
        return NGX_ERROR;
    }

    pages = NGX_VERIFF_LMDB_META + stat.ms_branch_pages + stat.ms_leaf_pages
            + stat.ms_overflow_pages;

    st->used = pages * stat.ms_psize;
    st->limit = (uint64_t) db->limit * stat.ms_psize;
    st->entries = stat.ms_entries;

    return NGX_OK;
}


const char *
ngx_veriff_lmdb_error(ngx_veriff_lmdb_t *db)
{
    return mdb_strerror(db->batch_error ? db->batch_error : db->error);
}


static ngx_int_t
ngx_veriff_lmdb_rc(int rc)
{
    switch (rc) {

    case 0:
        return NGX_OK;

    case MDB_NOTFOUND:
        return NGX_DECLINED;

    case MDB_MAP_FULL:
        return NGX_ABORT;

    case MDB_MAP_RESIZED:
        return NGX_AGAIN;

    default:
        return NGX_ERROR;
    }
}
