
/*
 * Copyright (C) The ngx_http_veriff_module authors
 *
 * A stand-in for a disk, loaded before nginx with LD_PRELOAD.  It watches
 * the store's data file ("data.mdb", or "data.mdb.*") and does, as its control file says:
 *
 *   log      what happens to the file, and the answers that leave, in the
 *            order in which they do, go to a log
 *   shadow   a second file gets what would be left if the power failed: a
 *            page when a sync that covers it has returned, what is written
 *            through an O_DSYNC descriptor at once; pages that are written
 *            but not synced are marked in the control file
 *   errors   writes, syncs, writes of the root and opening fail as told
 *
 * VERIFF_SHIM names a directory with the files "control", "log", "shadow".
 * The control file is shared with the test, and described by shim_control_t;
 * the log is a sequence of shim_entry_t with their data.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>


#define SHIM_PAGE     4096
#define SHIM_PAGES    65536             /* of the data file, at most */
#define SHIM_FDS      4096
#define SHIM_ANSWER   512               /* bytes of an answer in the log */

#define SHIM_LOG      1
#define SHIM_SHADOW   2

/* what a descriptor is */
#define SHIM_DATA     1
#define SHIM_ROOT     2                 /* O_DSYNC */


typedef struct {
    /* set by the test */
    volatile uint32_t  flags;
    volatile uint32_t  write_error;     /* errno, or 0 */
    volatile uint32_t  sync_error;
    volatile uint32_t  root_error;
    volatile uint32_t  open_error;      /* for writing */
    volatile uint32_t  error_count;     /* so many, 0: until further notice */
    volatile uint32_t  delay;           /* us: that a sync takes longer */

    /* set by the shim */
    volatile uint32_t  writes;
    volatile uint32_t  syncs;
    volatile uint32_t  roots;
    volatile uint32_t  errors;

    uint8_t            unused[SHIM_PAGE - 11 * sizeof(uint32_t)];

    /* one byte per page: not synced */
    volatile uint8_t   dirty[SHIM_PAGES];
} shim_control_t;


typedef struct {
    /*
     * O: opened, C: closed, W: written, s: a sync begins, S: it has returned,
     * R: a root was written through O_DSYNC, F: failed as told, A: an answer
     * is about to leave
     */
    char      type;
    char      unused[3];
    uint32_t  pid;
    uint64_t  offset;
    uint32_t  len;                      /* of the data that follows */
    uint32_t  error;
} shim_entry_t;


static shim_control_t  *shim;
static int              shim_log_fd = -1;
static int              shim_shadow_fd = -1;
static uint8_t          shim_fds[SHIM_FDS];

static int      (*shim_open)(const char *, int, ...);
static int      (*shim_close)(int);
static ssize_t  (*shim_pwrite)(int, const void *, size_t, off_t);
static ssize_t  (*shim_writev)(int, const struct iovec *, int);
static ssize_t  (*shim_send)(int, const void *, size_t, int);
static int      (*shim_fdatasync)(int);
static int      (*shim_fsync)(int);


static int
shim_file(const char *dir, const char *name, int flags)
{
    char  path[4096];

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);

    return syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
}


__attribute__((constructor))
static void
shim_init(void)
{
    int          fd;
    void        *p;
    const char  *dir;

    shim_open = dlsym(RTLD_NEXT, "open");
    shim_close = dlsym(RTLD_NEXT, "close");
    shim_pwrite = dlsym(RTLD_NEXT, "pwrite");
    shim_writev = dlsym(RTLD_NEXT, "writev");
    shim_send = dlsym(RTLD_NEXT, "send");
    shim_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    shim_fsync = dlsym(RTLD_NEXT, "fsync");

    dir = getenv("VERIFF_SHIM");

    if (dir == NULL) {
        return;
    }

    fd = shim_file(dir, "control", O_RDWR);
    shim_log_fd = shim_file(dir, "log", O_WRONLY|O_APPEND);
    shim_shadow_fd = shim_file(dir, "shadow", O_RDWR);

    p = mmap(NULL, sizeof(shim_control_t), PROT_READ|PROT_WRITE, MAP_SHARED,
             fd, 0);

    if (p == MAP_FAILED || shim_log_fd == -1 || shim_shadow_fd == -1) {
        abort();
    }

    (void) shim_close(fd);

    shim = p;
}


/* one system call on a file that is O_APPEND: entries have one order */

static void
shim_log(char type, off_t offset, const struct iovec *iov, int n, size_t max,
    int error)
{
    int           i;
    size_t        len;
    shim_entry_t  entry;
    struct iovec  out[65];

    if (!(shim->flags & SHIM_LOG)) {
        return;
    }

    len = 0;

    for (i = 0; i < n && i < 64 && len < max; i++) {
        out[i + 1] = iov[i];

        if (out[i + 1].iov_len > max - len) {
            out[i + 1].iov_len = max - len;
        }

        len += out[i + 1].iov_len;
    }

    memset(&entry, 0, sizeof(shim_entry_t));

    entry.type = type;
    entry.pid = getpid();
    entry.offset = offset;
    entry.len = len;
    entry.error = error;

    out[0].iov_base = &entry;
    out[0].iov_len = sizeof(shim_entry_t);

    if (syscall(SYS_writev, shim_log_fd, out, i + 1)
        != (long) (sizeof(shim_entry_t) + len))
    {
        abort();
    }
}


/* whether this call fails, errno is set then */

static int
shim_fails(volatile uint32_t *error, off_t offset)
{
    uint32_t  e;

    e = *error;

    if (e == 0) {
        return 0;
    }

    if (shim->error_count && --shim->error_count == 0) {
        *error = 0;
    }

    __sync_fetch_and_add(&shim->errors, 1);

    shim_log('F', offset, NULL, 0, 0, e);

    errno = e;

    return 1;
}


static void
shim_mark(off_t offset, size_t len)
{
    size_t  page;

    for (page = offset / SHIM_PAGE; page * SHIM_PAGE < offset + len; page++) {
        if (page >= SHIM_PAGES) {
            abort();
        }

        shim->dirty[page] = 1;
    }
}


/* from the data file as it is now; only one process writes at a time */

static void
shim_copy_page(int fd, size_t page)
{
    char     buf[SHIM_PAGE];
    ssize_t  n;

    n = syscall(SYS_pread64, fd, buf, SHIM_PAGE, (off_t) page * SHIM_PAGE);

    if (n > 0
        && syscall(SYS_pwrite64, shim_shadow_fd, buf, n,
                   (off_t) page * SHIM_PAGE) != n)
    {
        abort();
    }

    shim->dirty[page] = 0;
}


/* "data.mdb", and what it is called while it is made */

static int
shim_is_store(const char *path)
{
    const char  *name;

    name = strrchr(path, '/');

    return name && strncmp(name, "/data.mdb", 9) == 0
           && (name[9] == '\0' || name[9] == '.');
}


static int
shim_is_lock(const char *path)
{
    const char  *name;

    name = strrchr(path, '/');

    return name && strcmp(name, "/lock.mdb") == 0;
}


static int
shim_is(int fd)
{
    return (shim != NULL && fd >= 0 && fd < SHIM_FDS) ? shim_fds[fd] : 0;
}


static ssize_t
shim_written(int is, const struct iovec *iov, int n, off_t offset,
    ssize_t done)
{
    int      data;
    int      error;
    size_t   page;

    error = errno;

    if (done > 0) {
        __sync_fetch_and_add(is == SHIM_ROOT ? &shim->roots : &shim->writes,
                             1);

        shim_log(is == SHIM_ROOT ? 'R' : 'W', offset, iov, n, done, 0);

        if (is == SHIM_ROOT && (shim->flags & SHIM_SHADOW)) {

            /* its own descriptor is O_WRONLY */

            for (data = 0; data < SHIM_FDS; data++) {
                if (shim_fds[data] == SHIM_DATA) {
                    break;
                }
            }

            page = offset / SHIM_PAGE;
            shim_copy_page(data, page);
        }
    }

    errno = error;

    return done;
}


int
open(const char *path, int flags, ...)
{
    int      fd;
    mode_t   mode;
    va_list  args;

    va_start(args, flags);
    mode = (flags & (O_CREAT|O_TMPFILE)) ? va_arg(args, int) : 0;
    va_end(args);

    if (shim == NULL || (!shim_is_store(path) && !shim_is_lock(path))) {
        return shim_open(path, flags, mode);
    }

    if ((flags & O_ACCMODE) != O_RDONLY && shim_fails(&shim->open_error, 0)) {
        return -1;
    }

    if (shim_is_lock(path)) {
        return shim_open(path, flags, mode);
    }

    fd = shim_open(path, flags, mode);

    if (fd >= SHIM_FDS) {
        abort();
    }

    if (fd != -1) {
        shim_fds[fd] = (flags & O_DSYNC) ? SHIM_ROOT : SHIM_DATA;
        shim_log('O', flags, NULL, 0, 0, 0);
    }

    return fd;
}


int
close(int fd)
{
    if (shim_is(fd)) {
        shim_fds[fd] = 0;
        shim_log('C', 0, NULL, 0, 0, 0);
    }

    return shim_close(fd);
}


ssize_t
pwrite(int fd, const void *buf, size_t len, off_t offset)
{
    int           is;
    struct iovec  iov;

    is = shim_is(fd);

    if (is == 0) {
        return shim_pwrite(fd, buf, len, offset);
    }

    if (shim_fails(is == SHIM_ROOT ? &shim->root_error : &shim->write_error,
                   offset))
    {
        return -1;
    }

    shim_mark(offset, len);

    iov.iov_base = (void *) buf;
    iov.iov_len = len;

    return shim_written(is, &iov, 1, offset,
                        shim_pwrite(fd, buf, len, offset));
}


ssize_t
writev(int fd, const struct iovec *iov, int n)
{
    int     is, i;
    off_t   offset;
    size_t  len;

    is = shim_is(fd);

    if (is == 0) {
        if (shim && n > 0 && iov[0].iov_len > 9
            && memcmp(iov[0].iov_base, "HTTP/1.1 ", 9) == 0)
        {
            shim_log('A', 0, iov, n, SHIM_ANSWER, 0);
        }

        return shim_writev(fd, iov, n);
    }

    offset = lseek(fd, 0, SEEK_CUR);

    if (shim_fails(is == SHIM_ROOT ? &shim->root_error : &shim->write_error,
                   offset))
    {
        return -1;
    }

    for (i = 0, len = 0; i < n; i++) {
        len += iov[i].iov_len;
    }

    shim_mark(offset, len);

    return shim_written(is, iov, n, offset, shim_writev(fd, iov, n));
}


ssize_t
send(int fd, const void *buf, size_t len, int flags)
{
    struct iovec  iov;

    if (shim && len > 9 && memcmp(buf, "HTTP/1.1 ", 9) == 0) {
        iov.iov_base = (void *) buf;
        iov.iov_len = len;

        shim_log('A', 0, &iov, 1, SHIM_ANSWER, 0);
    }

    return shim_send(fd, buf, len, flags);
}


static int
shim_sync(int fd, int (*sync)(int))
{
    int     rc;
    size_t  page;

    if (shim_is(fd) == 0) {
        return sync(fd);
    }

    shim_log('s', 0, NULL, 0, 0, 0);

    if (shim->delay) {
        (void) usleep(shim->delay);
    }

    if (shim->sync_error) {

        /* as Linux does: what could not be written counts as written */

        for (page = 0; page < SHIM_PAGES; page++) {
            shim->dirty[page] = 0;
        }

        if (shim_fails(&shim->sync_error, 0)) {
            return -1;
        }
    }

    rc = sync(fd);

    if (rc == 0) {
        if (shim->flags & SHIM_SHADOW) {
            for (page = 0; page < SHIM_PAGES; page++) {
                if (shim->dirty[page]) {
                    shim_copy_page(fd, page);
                }
            }
        }

        __sync_fetch_and_add(&shim->syncs, 1);
        shim_log('S', 0, NULL, 0, 0, 0);
    }

    return rc;
}


int
fdatasync(int fd)
{
    return shim_sync(fd, shim_fdatasync);
}


int
fsync(int fd)
{
    return shim_sync(fd, shim_fsync);
}
