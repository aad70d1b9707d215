
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_LMDB_H_INCLUDED_
#define _NGX_VERIFF_LMDB_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The store of one host, on LMDB: values under short keys, shared by all
 * processes, durable when a batch has returned.  lmdb.h is included by
 * ngx_veriff_lmdb* only.
 *
 * A process opens it once, after fork.  Reads belong to one thread, batches
 * to one other at a time; a batch blocks for the disk and for the batches
 * of other processes, so it has no place in an event loop.
 */

#define NGX_VERIFF_LMDB_KEY_LEN    17           /* a kind and a hash */
#define NGX_VERIFF_LMDB_VALUE_MAX  262144
#define NGX_VERIFF_LMDB_SIZE_MIN   1048576


typedef struct ngx_veriff_lmdb_s  ngx_veriff_lmdb_t;


/*
 * One change: the value replaces what is there, an empty one removes it.
 * If it expects a revision, the eight bytes at NGX_VERIFF_LMDB_REVISION of
 * the present value must be it (zero: there is none), or this change and
 * those that are linked to it are not made.
 */

#define NGX_VERIFF_LMDB_REVISION   8

typedef struct ngx_veriff_lmdb_op_s  ngx_veriff_lmdb_op_t;

struct ngx_veriff_lmdb_op_s {
    u_char                  key[NGX_VERIFF_LMDB_KEY_LEN];
    ngx_str_t               value;
    uint64_t                revision;
    unsigned                expects:1;
    ngx_veriff_lmdb_op_t   *linked;     /* made with it, or not at all */
};


/* One set of linked changes, and what became of it. */

typedef struct ngx_veriff_lmdb_job_s  ngx_veriff_lmdb_job_t;

struct ngx_veriff_lmdb_job_s {
    ngx_veriff_lmdb_op_t   *ops;
    ngx_veriff_lmdb_job_t  *next;

    /*
     * NGX_OK (durable), NGX_DECLINED (another revision is there), NGX_ABORT
     * (the store is full), NGX_AGAIN (see ngx_veriff_lmdb_resize(); nothing
     * was done) or NGX_ERROR
     */
    ngx_int_t               rc;
};


/*
 * Opens the store in a directory that exists, as files "data.mdb" and
 * "lock.mdb".  What is new is refused when it holds size bytes or, if the
 * job's first change expects a revision, a quarter more; values of which a
 * revision is expected can always be replaced, and all can be removed.
 * Returns NULL with *error set to a constant.
 */
ngx_veriff_lmdb_t *ngx_veriff_lmdb_open(ngx_pool_t *pool, u_char *path,
    size_t size, const char **error);
void ngx_veriff_lmdb_close(ngx_veriff_lmdb_t *db);

/*
 * Copies the value of a key to *value, allocated from the pool.
 * Returns NGX_OK, NGX_DECLINED (there is none), NGX_AGAIN (another process
 * has grown the map: see ngx_veriff_lmdb_resize()) or NGX_ERROR.
 */
ngx_int_t ngx_veriff_lmdb_get(ngx_veriff_lmdb_t *db, ngx_pool_t *pool,
    u_char *key, ngx_str_t *value);

/*
 * Makes the changes of all jobs in one transaction, and sets their rc.  A
 * job that fails does not take the others with it.  After an error of the
 * disk all jobs get NGX_ERROR until the store was closed and opened again,
 * which ngx_veriff_lmdb_check() then asks for.
 */
void ngx_veriff_lmdb_batch(ngx_veriff_lmdb_t *db, ngx_veriff_lmdb_job_t *job);

/*
 * Takes over the size that another process gave the map; no batch may be
 * running.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_veriff_lmdb_resize(ngx_veriff_lmdb_t *db);

/*
 * Frees the places of readers that died, and looks whether the files are
 * still there: NGX_OK, or NGX_ABORT (the disk failed a batch) or NGX_ERROR;
 * then close it, and open it again.
 */
ngx_int_t ngx_veriff_lmdb_check(ngx_veriff_lmdb_t *db);

/*
 * The values behind a name, in order, as many as there is room for.  Those
 * whose name begins with "follow" begin with the name of another one, which
 * comes with them.
 */

#define NGX_VERIFF_LMDB_SCAN_MAX    64
#define NGX_VERIFF_LMDB_SCAN_BYTES  65536

typedef struct {
    u_char                        key[NGX_VERIFF_LMDB_KEY_LEN];
    ngx_str_t                     value;
    ngx_str_t                     followed;     /* empty if it is not there */
} ngx_veriff_lmdb_entry_t;

typedef struct {

    /* set by the caller */

    ngx_pool_t                   *pool;         /* nobody else's meanwhile */
    u_char                        follow;
    u_char                        after[NGX_VERIFF_LMDB_KEY_LEN];

    ngx_uint_t                    n;
    ngx_veriff_lmdb_entry_t       entries[NGX_VERIFF_LMDB_SCAN_MAX];
    ngx_int_t                     rc;           /* see below */
} ngx_veriff_lmdb_scan_t;

/*
 * Reads them, and sets scan->rc: NGX_OK (more may follow), NGX_DONE (these
 * were the last ones) or NGX_ERROR.  It may be called by the thread that makes
 * the batches.
 */
void ngx_veriff_lmdb_scan(ngx_veriff_lmdb_t *db,
    ngx_veriff_lmdb_scan_t *scan);

/*
 * What the contents take up, which is never more than the file has, and how
 * many values there are: NGX_OK or NGX_ERROR.
 */
typedef struct {
    uint64_t                used;       /* bytes, in whole pages */
    uint64_t                limit;
    uint64_t                entries;
} ngx_veriff_lmdb_stat_t;

ngx_int_t ngx_veriff_lmdb_stat(ngx_veriff_lmdb_t *db,
    ngx_veriff_lmdb_stat_t *st);

/* The last error that LMDB gave, as text that may be logged. */
const char *ngx_veriff_lmdb_error(ngx_veriff_lmdb_t *db);


#endif /* _NGX_VERIFF_LMDB_H_INCLUDED_ */
