
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

#include "ngx_veriff_lmdb_files.h"


#define NGX_VERIFF_LMDB_READER  64      /* bytes: a cache line each */
#define NGX_VERIFF_LMDB_HEAD    4096    /* and what is before them */


static char *ngx_veriff_lmdb_files_name(ngx_pool_t *pool, u_char *path,
    const char *name);
static int ngx_veriff_lmdb_files_make_data(ngx_veriff_lmdb_files_t *files,
    mode_t mode);
static int ngx_veriff_lmdb_files_make_lock(ngx_veriff_lmdb_files_t *files,
    size_t size, mode_t mode);
static int ngx_veriff_lmdb_files_stat(ngx_veriff_lmdb_file_t *file);
static int ngx_veriff_lmdb_files_same(ngx_veriff_lmdb_file_t *file);


ngx_int_t
ngx_veriff_lmdb_files_init(ngx_veriff_lmdb_files_t *files, ngx_pool_t *pool,
    u_char *path)
{
    char  tmp[sizeof("/data.mdb.") + NGX_INT64_LEN];

    (void) snprintf(tmp, sizeof(tmp), "/data.mdb.%ld", (long) getpid());

    files->dir = ngx_veriff_lmdb_files_name(pool, path, "");
    files->data.name = ngx_veriff_lmdb_files_name(pool, path, "/data.mdb");
    files->lock.name = ngx_veriff_lmdb_files_name(pool, path, "/lock.mdb");
    files->tmp = ngx_veriff_lmdb_files_name(pool, path, tmp);
    files->named = 0;

    return (files->dir && files->data.name && files->lock.name && files->tmp)
           ? NGX_OK : NGX_ERROR;
}


static char *
ngx_veriff_lmdb_files_name(ngx_pool_t *pool, u_char *path, const char *name)
{
    char    *p;
    size_t   len, name_len;

    len = ngx_strlen(path);
    name_len = ngx_strlen(name);

    p = ngx_pnalloc(pool, len + name_len + 1);
    if (p == NULL) {
        return NULL;
    }

    ngx_memcpy(p, path, len);
    ngx_memcpy(p + len, name, name_len + 1);

    return p;
}


int
ngx_veriff_lmdb_files_make(ngx_veriff_lmdb_files_t *files,
    ngx_uint_t readers, mode_t mode)
{
    int  rc;

    if (access(files->data.name, F_OK) == -1 && errno == ENOENT) {
        rc = ngx_veriff_lmdb_files_make_data(files, mode);

        if (rc != 0) {
            return rc;
        }
    }

    return ngx_veriff_lmdb_files_make_lock(files, readers
                                                  * NGX_VERIFF_LMDB_READER
                                                  + NGX_VERIFF_LMDB_HEAD,
                                           mode);
}


/*
 * LMDB does not go on with a file that it has half made when the power fails:
 * a new one gets its name when it is whole.
 */

static int
ngx_veriff_lmdb_files_make_data(ngx_veriff_lmdb_files_t *files, mode_t mode)
{
    int       rc;
    MDB_env  *env;

    (void) unlink(files->tmp);

    rc = mdb_env_create(&env);
    if (rc != 0) {
        return rc;
    }

    rc = mdb_env_open(env, files->tmp, MDB_NOSUBDIR|MDB_NOLOCK, mode);

    if (rc == 0) {
        rc = mdb_env_sync(env, 1);
    }

    mdb_env_close(env);

    /* others make one, too */

    if (rc == 0 && link(files->tmp, files->data.name) == -1
        && errno != EEXIST)
    {
        rc = errno;
    }

    (void) unlink(files->tmp);

    return rc;
}


/*
 * LMDB maps it with holes; writing to one when the disk is full would kill
 * the process.
 */

static int
ngx_veriff_lmdb_files_make_lock(ngx_veriff_lmdb_files_t *files, size_t size,
    mode_t mode)
{
    int  fd, rc;

    fd = open(files->lock.name, O_RDWR|O_CREAT|O_CLOEXEC, mode);

    if (fd == -1) {
        return errno;
    }

    rc = 0;

#ifdef FALLOC_FL_KEEP_SIZE

    /* LMDB tells from the size how many readers there are */

    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size) == -1
        && errno != EOPNOTSUPP)
    {
        rc = errno;
    }

#endif

    (void) close(fd);

    return rc;
}


int
ngx_veriff_lmdb_files_named(ngx_veriff_lmdb_files_t *files)
{
    int  fd, rc;

    if (files->named) {
        return 0;
    }

    fd = open(files->dir, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        return errno;
    }

    /* some file systems have no such thing */

    rc = (fsync(fd) == -1 && errno != EINVAL) ? errno : 0;

    (void) close(fd);

    files->named = (rc == 0);

    return rc;
}


int
ngx_veriff_lmdb_files_remember(ngx_veriff_lmdb_files_t *files)
{
    int  rc;

    rc = ngx_veriff_lmdb_files_stat(&files->data);

    /* a file system that is read-only may have no lock file */

    if (rc == 0 && access(files->lock.name, F_OK) == 0) {
        rc = ngx_veriff_lmdb_files_stat(&files->lock);
    }

    return rc;
}


static int
ngx_veriff_lmdb_files_stat(ngx_veriff_lmdb_file_t *file)
{
    struct stat  sb;

    if (stat(file->name, &sb) == -1) {
        return errno;
    }

    file->dev = sb.st_dev;
    file->ino = sb.st_ino;

    return 0;
}


/* what is written to files that were removed or replaced is lost */

int
ngx_veriff_lmdb_files_there(ngx_veriff_lmdb_files_t *files)
{
    int  rc;

    rc = ngx_veriff_lmdb_files_same(&files->data);

    return (rc == 0) ? ngx_veriff_lmdb_files_same(&files->lock) : rc;
}


static int
ngx_veriff_lmdb_files_same(ngx_veriff_lmdb_file_t *file)
{
    struct stat  sb;

    if (stat(file->name, &sb) == -1) {
        return errno;
    }

    return (sb.st_dev == file->dev && sb.st_ino == file->ino) ? 0 : ESTALE;
}
