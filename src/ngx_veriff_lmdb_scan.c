
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_lmdb_env.h"


static ngx_int_t ngx_veriff_lmdb_scanned(ngx_veriff_lmdb_t *db,
    MDB_cursor *cursor, ngx_veriff_lmdb_scan_t *scan);
static ngx_int_t ngx_veriff_lmdb_copy(ngx_pool_t *pool, ngx_str_t *dst,
    MDB_val *src);


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
