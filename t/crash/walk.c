
/*
 * Copyright (C) The ngx_http_veriff_module authors
 *
 * Reads a whole store, as no request does, and says what it found:
 *
 *     walk DIRECTORY
 *     12 users, 15 sessions, 0 broken, 0 dangling, 0 pages lost
 *
 * A record that the core does not read is broken, a session whose user is
 * not there is dangling, and a page must be in use or free.  Exits with 1 if
 * there is any such, with 2 if the store cannot be read.
 */

#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>
#include <lmdb.h>

#include "ngx_veriff_lmdb.h"
#include "ngx_veriff_record.h"


static void
walk_failed(const char *what, int rc)
{
    if (rc != 0) {
        printf("%s: %s\n", what, mdb_strerror(rc));
        exit(2);
    }
}


static size_t
walk_pages(MDB_txn *txn, MDB_dbi dbi)
{
    MDB_stat  st;

    walk_failed("mdb_stat", mdb_stat(txn, dbi, &st));

    return st.ms_branch_pages + st.ms_leaf_pages + st.ms_overflow_pages;
}


/* each of its values is a count, and so many page numbers */

static size_t
walk_free(MDB_txn *txn)
{
    int          rc;
    size_t       pages;
    MDB_val      key, value;
    MDB_cursor  *cursor;

    pages = 0;

    walk_failed("mdb_cursor_open", mdb_cursor_open(txn, 0, &cursor));

    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        pages += *(size_t *) value.mv_data;
    }

    walk_failed("free pages", rc == MDB_NOTFOUND ? 0 : rc);

    mdb_cursor_close(cursor);

    return pages;
}


int
main(int argc, char **argv)
{
    int                         rc;
    long                        lost;
    u_char                     *p;
    MDB_dbi                     dbi;
    MDB_env                    *env;
    MDB_txn                    *txn;
    MDB_val                     key, value, found;
    MDB_cursor                 *cursor;
    MDB_envinfo                 info;
    unsigned                    users, sessions, broken, dangling;
    static ngx_veriff_record_t  record;

    if (argc != 2) {
        return 2;
    }

    walk_failed("mdb_env_create", mdb_env_create(&env));
    walk_failed("mdb_env_open", mdb_env_open(env, argv[1],
                                             MDB_RDONLY|MDB_NOLOCK, 0));
    walk_failed("mdb_txn_begin", mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
    walk_failed("mdb_dbi_open", mdb_dbi_open(txn, NULL, 0, &dbi));
    walk_failed("mdb_cursor_open", mdb_cursor_open(txn, dbi, &cursor));

    users = sessions = broken = dangling = 0;

    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        p = key.mv_data;

        if (p[0] == 'u') {
            users++;
            broken += (ngx_veriff_record_read(&record, value.mv_data,
                                              value.mv_size) != NGX_OK);

        } else if (p[0] == 's') {
            sessions++;

            /* it begins with the user's key */

            broken += (value.mv_size < NGX_VERIFF_LMDB_KEY_LEN);
            value.mv_size = NGX_VERIFF_LMDB_KEY_LEN;
            dangling += (mdb_get(txn, dbi, &value, &found) != 0);
        }
    }

    walk_failed("mdb_cursor_get", rc == MDB_NOTFOUND ? 0 : rc);
    walk_failed("mdb_env_info", mdb_env_info(env, &info));

    lost = (long) info.me_last_pgno + 1 - 2
           - (long) (walk_pages(txn, 0) + walk_pages(txn, dbi)
                     + walk_free(txn));

    printf("%u users, %u sessions, %u broken, %u dangling, %ld pages lost\n",
           users, sessions, broken, dangling, lost);

    return (broken || dangling || lost) ? 1 : 0;
}
