
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_LMDB_ENV_H_INCLUDED_
#define _NGX_VERIFF_LMDB_ENV_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <lmdb.h>

#include "ngx_veriff_lmdb.h"
#include "ngx_veriff_lmdb_files.h"


/*
 * An open store: what ngx_veriff_lmdb.c opens and reads, and
 * ngx_veriff_lmdb_batch.c and ngx_veriff_lmdb_scan.c use in a thread.
 */

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


/* LMDB's error, or zero, as one of the results of ngx_veriff_lmdb.h. */
ngx_int_t ngx_veriff_lmdb_rc(int rc);


#endif /* _NGX_VERIFF_LMDB_ENV_H_INCLUDED_ */
