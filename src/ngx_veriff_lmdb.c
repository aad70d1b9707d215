
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <errno.h>
#include <sys/stat.h>

#include "ngx_veriff_lmdb_env.h"


#define NGX_VERIFF_LMDB_READERS  1024
#define NGX_VERIFF_LMDB_MODE     0600
#define NGX_VERIFF_LMDB_META     2      /* pages at the file's beginning */

/*
 * A map is but addresses.  It is so large that processes of another size
 * never have to grow it, and what "size" means is counted here instead.
 * Tools that have less of them than the system may define another one.
 */
#if defined NGX_VERIFF_LMDB_MAP
#elif (NGX_PTR_SIZE == 8)
#define NGX_VERIFF_LMDB_MAP      ((size_t) 64 * 1024 * 1024 * 1024)
#else
#define NGX_VERIFF_LMDB_MAP      NGX_VERIFF_LMDB_SIZE_MIN
#endif


static int ngx_veriff_lmdb_open_env(ngx_veriff_lmdb_t *db, size_t size);
static int ngx_veriff_lmdb_env(ngx_veriff_lmdb_t *db, size_t map,
    unsigned flags);
static int ngx_veriff_lmdb_limit(ngx_veriff_lmdb_t *db, size_t size);
static void ngx_veriff_lmdb_cleanup(void *data);
static int ngx_veriff_lmdb_whole(ngx_veriff_lmdb_t *db);
static int ngx_veriff_lmdb_begin(ngx_veriff_lmdb_t *db);


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

    if (rc == 0) {
        rc = mdb_env_stat(db->env, &st);
    }

    if (rc == 0) {
        rc = mdb_env_info(db->env, &info);
    }

    if (rc != 0) {
        return rc;
    }

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


ngx_int_t
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
