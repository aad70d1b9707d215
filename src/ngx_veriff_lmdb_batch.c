
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_lmdb_env.h"


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
