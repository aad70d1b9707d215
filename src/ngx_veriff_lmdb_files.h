
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_LMDB_FILES_H_INCLUDED_
#define _NGX_VERIFF_LMDB_FILES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <sys/types.h>


/*
 * The files of a store, where LMDB takes no care: that they are made whole,
 * and still the ones that were opened.  Functions that return an int return
 * zero, errno or an error of LMDB.
 */

typedef struct {
    char                    *name;
    dev_t                    dev;
    ino_t                    ino;
} ngx_veriff_lmdb_file_t;


typedef struct {
    char                    *dir;
    ngx_veriff_lmdb_file_t   data;
    ngx_veriff_lmdb_file_t   lock;
    char                    *tmp;       /* what data is called at first */
    ngx_uint_t               named;     /* the directory was synced */
} ngx_veriff_lmdb_files_t;


/* The names, allocated from the pool; NGX_OK or NGX_ERROR. */
ngx_int_t ngx_veriff_lmdb_files_init(ngx_veriff_lmdb_files_t *files,
    ngx_pool_t *pool, u_char *path);

/*
 * Makes the data file if there is none, whole and synced, and takes the room
 * on the disk that a lock file for so many readers needs.  To be called
 * before LMDB opens them.
 */
int ngx_veriff_lmdb_files_make(ngx_veriff_lmdb_files_t *files,
    ngx_uint_t readers, mode_t mode);

/* Syncs the directory, once: blocks. */
int ngx_veriff_lmdb_files_named(ngx_veriff_lmdb_files_t *files);

/* Which files these are, and whether they are still the ones of that name. */
int ngx_veriff_lmdb_files_remember(ngx_veriff_lmdb_files_t *files);
int ngx_veriff_lmdb_files_there(ngx_veriff_lmdb_files_t *files);


#endif /* _NGX_VERIFF_LMDB_FILES_H_INCLUDED_ */
