
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmdb.h>

#include "ngx_veriff_lmdb.h"


#define NGX_VERIFF_LMDB_READERS  1024
#define NGX_VERIFF_LMDB_MODE     0600

/* for so many readers, of a cache line each */
#define NGX_VERIFF_LMDB_LOCK_SIZE  (NGX_VERIFF_LMDB_READERS * 64 + 4096)
#define NGX_VERIFF_LMDB_META     2      /* pages at the file's beginning */


typedef struct {
    char       *name;
    dev_t       dev;
    ino_t       ino;
} ngx_veriff_lmdb_file_t;


struct ngx_veriff_lmdb_s {
    MDB_env    *env;
    MDB_dbi     dbi;
    MDB_txn    *reader;         /* reset between reads */
    int         error;          /* of the reads */
    int         batch_error;    /* of the batches: another thread's */
    int         broken;         /* the disk failed a batch */
    int         named;          /* the file's name is on the disk */

    ngx_veriff_lmdb_file_t  files[2];
};


static void ngx_veriff_lmdb_cleanup(void *data);
static int ngx_veriff_lmdb_env(ngx_veriff_lmdb_t *db, u_char *path,
    size_t size, unsigned flags);
static int ngx_veriff_lmdb_lock(ngx_veriff_lmdb_t *db);
static int ngx_veriff_lmdb_make(ngx_veriff_lmdb_t *db, ngx_pool_t *pool,
    size_t size);
static int ngx_veriff_lmdb_whole(ngx_veriff_lmdb_t *db);
static ngx_int_t ngx_veriff_lmdb_files(ngx_veriff_lmdb_t *db,
    ngx_pool_t *pool, u_char *path);
static int ngx_veriff_lmdb_remember(ngx_veriff_lmdb_t *db);
static int ngx_veriff_lmdb_there(ngx_veriff_lmdb_t *db);
static int ngx_veriff_lmdb_begin(ngx_veriff_lmdb_t *db);
static int ngx_veriff_lmdb_named(ngx_veriff_lmdb_t *db);
static int ngx_veriff_lmdb_try(ngx_veriff_lmdb_t *db,
    ngx_veriff_lmdb_job_t *first, ngx_veriff_lmdb_job_t *last);
static int ngx_veriff_lmdb_job(ngx_veriff_lmdb_t *db, MDB_txn *txn,
    ngx_veriff_lmdb_job_t *job);
static int ngx_veriff_lmdb_expects(ngx_veriff_lmdb_t *db, MDB_txn *txn,
    ngx_veriff_lmdb_op_t *op);
static int ngx_veriff_lmdb_op(ngx_veriff_lmdb_t *db, MDB_txn *txn,
    ngx_veriff_lmdb_op_t *op);
static ngx_int_t ngx_veriff_lmdb_rc(int rc);


ngx_veriff_lmdb_t *
ngx_veriff_lmdb_open(ngx_pool_t *pool, u_char *path, size_t size,
    const char **error)
{
    int                  rc;
    ngx_uint_t           readonly;
    ngx_veriff_lmdb_t   *db;
    ngx_pool_cleanup_t  *cln;

    *error = "no memory";
    readonly = 0;

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

    if (ngx_veriff_lmdb_files(db, pool, path) != NGX_OK) {
        return NULL;
    }

    rc = ngx_veriff_lmdb_make(db, pool, size);
    if (rc != 0) {
        goto failed;
    }

    rc = ngx_veriff_lmdb_lock(db);
    if (rc != 0 && rc != EROFS) {
        goto failed;
    }

    /* a reader belongs to its transaction, not to a thread */

    rc = ngx_veriff_lmdb_env(db, path, size, MDB_NOTLS|MDB_NORDAHEAD);

    if (rc == EROFS) {
        readonly = 1;
        rc = ngx_veriff_lmdb_env(db, path, size,
                                 MDB_NOTLS|MDB_NORDAHEAD|MDB_RDONLY);
    }

    if (rc != 0) {
        goto failed;
    }

    rc = ngx_veriff_lmdb_whole(db);
    if (rc != 0) {
        goto failed;
    }

    rc = ngx_veriff_lmdb_remember(db);
    if (rc != 0) {
        goto failed;
    }

    /* those who were killed still have their places */

    rc = ngx_veriff_lmdb_check(db) == NGX_OK ? 0 : db->error;
    if (rc != 0) {
        goto failed;
    }

    rc = ngx_veriff_lmdb_begin(db);
    if (rc != 0) {
        goto failed;
    }

    /* what is there can be read; each batch asks for it to be opened anew */

    if (readonly) {
        db->broken = EROFS;
    }

    return db;

failed:

    *error = mdb_strerror(rc);

    ngx_veriff_lmdb_close(db);

    return NULL;
}


static int
ngx_veriff_lmdb_env(ngx_veriff_lmdb_t *db, u_char *path, size_t size,
    unsigned flags)
{
    int  rc;

    rc = mdb_env_create(&db->env);

    if (rc != 0) {
        db->env = NULL;
        return rc;
    }

    rc = mdb_env_set_maxreaders(db->env, NGX_VERIFF_LMDB_READERS);

    if (rc == 0) {
        rc = mdb_env_set_mapsize(db->env, ngx_max(size,
                                                  NGX_VERIFF_LMDB_SIZE_MIN));
    }

    if (rc == 0) {
        rc = mdb_env_open(db->env, (char *) path, flags,
                          NGX_VERIFF_LMDB_MODE);
    }

    if (rc != 0) {
        mdb_env_close(db->env);
        db->env = NULL;
    }

    return rc;
}


/*
 * LMDB writes to holes of a mapped file, which kills the process if the disk
 * is full.
 */

static int
ngx_veriff_lmdb_lock(ngx_veriff_lmdb_t *db)
{
#ifdef FALLOC_FL_KEEP_SIZE

    int  fd, rc;

    fd = open(db->files[1].name, O_RDWR|O_CREAT|O_CLOEXEC,
              NGX_VERIFF_LMDB_MODE);

    if (fd == -1) {
        return errno;
    }

    rc = 0;

    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, NGX_VERIFF_LMDB_LOCK_SIZE) == -1
        && errno != EOPNOTSUPP)
    {
        rc = errno;
    }

    (void) close(fd);

    return rc;

#else

    return 0;

#endif
}


/*
 * LMDB does not go on with a file that it has half made when the power fails:
 * a new one gets its name when it is whole.
 */

static int
ngx_veriff_lmdb_make(ngx_veriff_lmdb_t *db, ngx_pool_t *pool, size_t size)
{
    int       rc;
    char     *data, *tmp;
    size_t    len;
    MDB_env  *env;

    data = db->files[0].name;

    if (access(data, F_OK) == 0 || errno != ENOENT) {
        return 0;
    }

    len = ngx_strlen(data) + 1 + NGX_INT64_LEN + 1;

    tmp = ngx_pnalloc(pool, len);
    if (tmp == NULL) {
        return ENOMEM;
    }

    (void) snprintf(tmp, len, "%s.%ld", data, (long) getpid());
    (void) unlink(tmp);

    rc = mdb_env_create(&env);
    if (rc != 0) {
        return rc;
    }

    rc = mdb_env_set_mapsize(env, ngx_max(size, NGX_VERIFF_LMDB_SIZE_MIN));

    if (rc == 0) {
        rc = mdb_env_open(env, tmp, MDB_NOSUBDIR|MDB_NOLOCK,
                          NGX_VERIFF_LMDB_MODE);
    }

    if (rc == 0) {
        rc = mdb_env_sync(env, 1);
    }

    mdb_env_close(env);

    /* others make one, too */

    if (rc == 0 && link(tmp, data) == -1 && errno != EEXIST) {
        rc = errno;
    }

    (void) unlink(tmp);

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


static ngx_int_t
ngx_veriff_lmdb_files(ngx_veriff_lmdb_t *db, ngx_pool_t *pool, u_char *path)
{
    size_t      len;
    ngx_uint_t  i;

    static const char  *names[] = { "/data.mdb", "/lock.mdb" };

    for (i = 0; i < 2; i++) {
        len = ngx_strlen(path);

        db->files[i].name = ngx_pnalloc(pool, len + sizeof("/data.mdb"));
        if (db->files[i].name == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(db->files[i].name, path, len);
        ngx_memcpy(db->files[i].name + len, names[i], sizeof("/data.mdb"));
    }

    return NGX_OK;
}


static int
ngx_veriff_lmdb_remember(ngx_veriff_lmdb_t *db)
{
    ngx_uint_t   i;
    struct stat  sb;

    for (i = 0; i < 2; i++) {
        if (stat(db->files[i].name, &sb) == -1) {
            return errno;
        }

        db->files[i].dev = sb.st_dev;
        db->files[i].ino = sb.st_ino;
    }

    return 0;
}


/* what is written to files that were removed or replaced is lost */

static int
ngx_veriff_lmdb_there(ngx_veriff_lmdb_t *db)
{
    ngx_uint_t   i;
    struct stat  sb;

    for (i = 0; i < 2; i++) {
        if (stat(db->files[i].name, &sb) == -1) {
            return errno;
        }

        if (sb.st_dev != db->files[i].dev || sb.st_ino != db->files[i].ino) {
            return ESTALE;
        }
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

    rc = db->broken ? db->broken : ngx_veriff_lmdb_there(db);

    if (rc == 0) {
        rc = ngx_veriff_lmdb_named(db);
    }

    if (rc == 0) {
        rc = ngx_veriff_lmdb_try(db, job, NULL);

        /*
         * What a sync could not write may count as written afterwards: after
         * an error of the system nothing is believed until it is opened anew.
         */

        if (rc > 0) {
            db->broken = rc;
        }
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

        if (rc > 0) {
            db->broken = rc;
        }

        if (rc != 0) {
            db->batch_error = rc;
            j->rc = ngx_veriff_lmdb_rc(rc);
        }
    }
}


/* the file is synced, but not the directory that has its name */

static int
ngx_veriff_lmdb_named(ngx_veriff_lmdb_t *db)
{
    int          fd, rc;
    const char  *path;

    if (db->named) {
        return 0;
    }

    rc = mdb_env_get_path(db->env, &path);
    if (rc != 0) {
        return rc;
    }

    fd = open(path, O_RDONLY|O_DIRECTORY);

    if (fd == -1) {
        return errno;
    }

    /* some file systems have no such thing */

    rc = (fsync(fd) == -1 && errno != EINVAL) ? errno : 0;

    (void) close(fd);

    db->named = (rc == 0);

    return rc;
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

    return mdb_txn_commit(txn);
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

    for (op = job->ops; op; op = op->linked) {
        rc = ngx_veriff_lmdb_op(db, txn, op);

        if (rc != 0) {
            return rc;
        }
    }

    job->rc = NGX_OK;

    return 0;
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

    db->error = (db->batch_error == MDB_PANIC) ? MDB_PANIC
                : db->broken ? db->broken
                : mdb_reader_check(db->env, &dead);

    if (db->error == 0) {
        db->error = ngx_veriff_lmdb_there(db);
    }

    return (db->error == 0) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_veriff_lmdb_stat(ngx_veriff_lmdb_t *db, ngx_veriff_lmdb_stat_t *st)
{
    int          rc;
    MDB_dbi      dbi;
    uint64_t     pages;
    MDB_stat     stat;
    MDB_envinfo  info;

    rc = db->reader ? 0 : ngx_veriff_lmdb_begin(db);

    if (rc == 0) {
        rc = mdb_txn_renew(db->reader);
    }

    if (rc != 0) {
        return NGX_ERROR;
    }

    pages = NGX_VERIFF_LMDB_META;

    /* LMDB's own database of free pages is the first, ours the second */

    for (dbi = 0; dbi <= db->dbi; dbi++) {
        rc = mdb_stat(db->reader, dbi, &stat);

        if (rc != 0) {
            break;
        }

        pages += stat.ms_branch_pages + stat.ms_leaf_pages
                 + stat.ms_overflow_pages;
    }

    mdb_txn_reset(db->reader);

    if (rc != 0) {
        return NGX_ERROR;
    }

    (void) mdb_env_info(db->env, &info);

    st->used = pages * stat.ms_psize;
    st->limit = info.me_mapsize;
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
