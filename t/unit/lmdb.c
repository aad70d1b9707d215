
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ngx_veriff_lmdb.h"
#include "unit.h"


#define SIZE   (4 * 1024 * 1024)
#define KILLS  40


static char  dir[64];


static void test_open(void);
static void test_changes(void);
static void test_linked(void);
static void test_full(void);
static void test_broken(void);
static void test_made(void);
static void test_stat(void);
static void test_scan(void);
static void test_processes(void);
static void test_kills(void);

static void make_dir(void);
static void remove_dir(void);
static ngx_veriff_lmdb_t *open_db(ngx_pool_t *pool, size_t size);
static void op(ngx_veriff_lmdb_op_t *o, const char *key, ngx_str_t value);
static ngx_str_t value(ngx_pool_t *pool, uint64_t revision, size_t len);
static uint64_t revision(ngx_str_t *v);
static ngx_int_t change(ngx_veriff_lmdb_t *db, ngx_veriff_lmdb_op_t *o);
static ngx_int_t get(ngx_veriff_lmdb_t *db, ngx_pool_t *pool,
    const char *key, ngx_str_t *v);
static void write_until_killed(int out);


int
main(void)
{
    test_open();
    test_changes();
    test_linked();
    test_full();
    test_broken();
    test_made();
    test_stat();
    test_scan();
    test_processes();
    test_kills();

    return unit_done();
}


static void
test_open(void)
{
    ngx_pool_t   *pool;
    const char   *error;
    struct stat   st;
    char          name[96];

    unit_group("open");

    make_dir();
    pool = ngx_stub_pool_create();

    expect(ngx_veriff_lmdb_open(pool, (u_char *) "/nonexistent/veriff", SIZE,
                                &error)
           == NULL);
    expect(error != NULL && strstr(error, "No such file") != NULL);

    expect(open_db(pool, SIZE) != NULL);

    snprintf(name, sizeof(name), "%s/data.mdb", dir);
    expect(stat(name, &st) == 0 && (st.st_mode & 0777) == 0600);

    ngx_stub_pool_destroy(pool);
    remove_dir();
}


static void
test_changes(void)
{
    ngx_str_t              v;
    ngx_pool_t            *pool;
    ngx_veriff_lmdb_t     *db;
    ngx_veriff_lmdb_op_t   o;

    unit_group("changes, and the revisions they expect");

    make_dir();
    pool = ngx_stub_pool_create();
    db = open_db(pool, SIZE);

    expect(get(db, pool, "a", &v) == NGX_DECLINED);
    expect(v.data == NULL);

    op(&o, "a", value(pool, 1, 100));
    o.expects = 1;
    expect(change(db, &o) == NGX_OK);
    expect(get(db, pool, "a", &v) == NGX_OK);
    expect(v.len == 100 && revision(&v) == 1);

    /* there is one already */

    op(&o, "a", value(pool, 1, 50));
    o.expects = 1;
    expect(change(db, &o) == NGX_DECLINED);

    o.revision = 2;
    expect(change(db, &o) == NGX_DECLINED);
    expect(get(db, pool, "a", &v) == NGX_OK);
    expect(v.len == 100);

    op(&o, "a", value(pool, 2, 50));
    o.expects = 1;
    o.revision = 1;
    expect(change(db, &o) == NGX_OK);
    expect(get(db, pool, "a", &v) == NGX_OK);
    expect(v.len == 50 && revision(&v) == 2);

    /* what was read before lives on */

    op(&o, "b", value(pool, 1, 100000));
    expect(change(db, &o) == NGX_OK);
    expect(revision(&v) == 2);
    expect(get(db, pool, "b", &v) == NGX_OK);
    expect(v.len == 100000);

    /* removed, also when it is not there */

    ngx_str_null(&v);
    op(&o, "a", v);
    expect(change(db, &o) == NGX_OK);
    expect(change(db, &o) == NGX_OK);
    expect(get(db, pool, "a", &v) == NGX_DECLINED);

    op(&o, "c", value(pool, 1, NGX_VERIFF_LMDB_VALUE_MAX + 1));
    expect(change(db, &o) == NGX_ERROR);
    expect(get(db, pool, "c", &v) == NGX_DECLINED);
    expect(ngx_veriff_lmdb_check(db) == NGX_OK);

    ngx_stub_pool_destroy(pool);
    remove_dir();
}


static void
test_linked(void)
{
    ngx_str_t               v;
    ngx_pool_t             *pool;
    ngx_veriff_lmdb_t      *db;
    ngx_veriff_lmdb_op_t    o[6];
    ngx_veriff_lmdb_job_t   job[3];

    unit_group("linked changes are made together, or not at all");

    make_dir();
    pool = ngx_stub_pool_create();
    db = open_db(pool, SIZE);

    op(&o[0], "a", value(pool, 1, 20));
    o[0].expects = 1;
    o[0].linked = &o[1];
    op(&o[1], "x", value(pool, 7, 20));

    expect(change(db, o) == NGX_OK);
    expect(get(db, pool, "x", &v) == NGX_OK);

    op(&o[1], "x", value(pool, 8, 20));
    o[0].linked = &o[1];

    expect(change(db, o) == NGX_DECLINED);
    expect(get(db, pool, "x", &v) == NGX_OK);
    expect(revision(&v) == 7);

    unit_group("one job of a batch fails, the others do not");

    op(&o[0], "d", value(pool, 1, 20));
    op(&o[1], "a", value(pool, 9, 20));
    o[1].expects = 1;
    o[1].revision = 5;
    op(&o[2], "e", value(pool, 1, NGX_VERIFF_LMDB_VALUE_MAX + 1));

    job[0].ops = &o[0];
    job[0].next = &job[1];
    job[1].ops = &o[1];
    job[1].next = &job[2];
    job[2].ops = &o[2];
    job[2].next = NULL;

    ngx_veriff_lmdb_batch(db, job);

    expect(job[0].rc == NGX_OK);
    expect(job[1].rc == NGX_DECLINED);
    expect(job[2].rc == NGX_ERROR);
    expect(get(db, pool, "d", &v) == NGX_OK);
    expect(get(db, pool, "e", &v) == NGX_DECLINED);
    expect(get(db, pool, "a", &v) == NGX_OK);
    expect(revision(&v) == 1);

    ngx_stub_pool_destroy(pool);
    remove_dir();
}


static void
test_full(void)
{
    char                   key[16];
    ngx_int_t              rc;
    ngx_str_t              v, big;
    ngx_uint_t             n;
    ngx_pool_t            *pool;
    ngx_veriff_lmdb_t     *db;
    ngx_veriff_lmdb_op_t   o, small;
    ngx_veriff_lmdb_job_t  full, room;

    unit_group("a full store refuses new values and serves what it has");

    make_dir();
    pool = ngx_stub_pool_create();
    db = open_db(pool, NGX_VERIFF_LMDB_SIZE_MIN);
    big = value(pool, 1, 10000);

    rc = NGX_OK;

    for (n = 0; n < 1000 && rc == NGX_OK; n++) {
        snprintf(key, sizeof(key), "k%u", (unsigned) n);

        op(&o, key, big);
        rc = change(db, &o);
    }

    expect(rc == NGX_ABORT);
    expect(n > 50 && n < 110);
    expect(get(db, pool, "k0", &v) == NGX_OK);
    expect(v.len == 10000);

    /* in one batch with others: they are not refused */

    op(&o, "new", big);
    op(&small, "k1", value(pool, 2, 5000));
    small.expects = 1;
    small.revision = 1;

    full.ops = &o;
    full.next = &room;
    room.ops = &small;
    room.next = NULL;

    ngx_veriff_lmdb_batch(db, &full);

    expect(full.rc == NGX_ABORT);
    expect(room.rc == NGX_OK);
    expect(get(db, pool, "k1", &v) == NGX_OK);
    expect(v.len == 5000 && revision(&v) == 2);
    expect(get(db, pool, "new", &v) == NGX_DECLINED);

    /* with what belongs to it, but not without end */

    rc = NGX_OK;

    for (n = 2; n < 50 && rc == NGX_OK; n++) {
        snprintf(key, sizeof(key), "k%u", (unsigned) n);

        op(&o, key, value(pool, 2, 10000));
        o.expects = 1;
        o.revision = 1;

        snprintf(key, sizeof(key), "s%u", (unsigned) n);

        op(&small, key, big);
        o.linked = &small;
        rc = change(db, &o);
    }

    expect(rc == NGX_ABORT);
    expect(n > 15 && n < 30);
    expect(get(db, pool, "k2", &v) == NGX_OK);
    expect(revision(&v) == 2);
    expect(get(db, pool, "s2", &v) == NGX_OK);

    /* alone it always can */

    op(&o, "k49", value(pool, 2, 12000));
    o.expects = 1;
    o.revision = 1;
    expect(change(db, &o) == NGX_OK);

    /* and room can be made */

    ngx_str_null(&v);

    for (n = 0; n < 50; n++) {
        snprintf(key, sizeof(key), "k%u", (unsigned) n);

        op(&o, key, v);
        expect(change(db, &o) == NGX_OK);
    }

    op(&o, "new", big);
    expect(change(db, &o) == NGX_OK);

    ngx_stub_pool_destroy(pool);
    remove_dir();
}


/* all there is comes once, in order, and what is followed with it */

static void
test_scan(void)
{
    char                     key[16];
    ngx_str_t                v;
    ngx_uint_t               i, n, steps, users, found;
    ngx_pool_t              *pool;
    ngx_veriff_lmdb_t       *db;
    ngx_veriff_lmdb_op_t     o;
    ngx_veriff_lmdb_scan_t   scan;
    u_char                   last[NGX_VERIFF_LMDB_KEY_LEN];

    unit_group("a scan sees everything");

    make_dir();
    pool = ngx_stub_pool_create();
    db = open_db(pool, SIZE);

    ngx_memzero(&scan, sizeof(ngx_veriff_lmdb_scan_t));
    scan.pool = pool;
    scan.follow = 's';

    ngx_veriff_lmdb_scan(db, &scan);
    expect(scan.rc == NGX_DONE && scan.n == 0);

    for (n = 0; n < 100; n++) {
        snprintf(key, sizeof(key), "u%u", (unsigned) n);
        op(&o, key, value(pool, n + 1, (n % 10) ? 100 : 20000));
        expect(change(db, &o) == NGX_OK);

        /* each tenth leads to nobody */

        v.data = ngx_pnalloc(pool, NGX_VERIFF_LMDB_KEY_LEN + 8);
        v.len = NGX_VERIFF_LMDB_KEY_LEN + 8;
        ngx_memcpy(v.data, o.key, NGX_VERIFF_LMDB_KEY_LEN);
        ngx_memset(v.data + NGX_VERIFF_LMDB_KEY_LEN, 0, 8);

        if (n % 10 == 0) {
            v.data[0] = 'x';
        }

        snprintf(key, sizeof(key), "s%u", (unsigned) n);
        op(&o, key, v);
        expect(change(db, &o) == NGX_OK);
    }

    users = found = steps = 0;
    ngx_memzero(last, NGX_VERIFF_LMDB_KEY_LEN);

    do {
        ngx_veriff_lmdb_scan(db, &scan);

        expect(scan.n <= NGX_VERIFF_LMDB_SCAN_MAX);
        steps++;

        for (i = 0; i < scan.n; i++) {
            expect(ngx_memcmp(scan.entries[i].key, last, sizeof(last)) > 0);
            ngx_memcpy(last, scan.entries[i].key, sizeof(last));

            if (last[0] == 'u') {
                users++;
                expect(revision(&scan.entries[i].value) > 0);
                expect(scan.entries[i].followed.len == 0);

            } else {
                found += (scan.entries[i].followed.len == 100);
            }
        }

    } while (scan.rc == NGX_OK && steps < 20);

    expect(scan.rc == NGX_DONE);
    expect(users == 100);
    expect(found == 90);

    /* large values make small steps */

    expect(steps >= 4 && steps < 20);

    ngx_stub_pool_destroy(pool);
    remove_dir();
}


/* another process, as another generation of workers, with a larger map */

/* the file may not grow: writing fails, as on a disk that is full or broken */

static void
test_broken(void)
{
    ngx_str_t              v;
    ngx_pool_t            *pool, *again;
    struct rlimit          limit;
    ngx_veriff_lmdb_t     *db;
    ngx_veriff_lmdb_op_t   o;

    unit_group("after an error of the disk it must be opened anew");

    make_dir();
    pool = ngx_stub_pool_create();
    db = open_db(pool, SIZE);

    op(&o, "a", value(pool, 1, 100));
    expect(change(db, &o) == NGX_OK);

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 16384;
    setrlimit(RLIMIT_FSIZE, &limit);

    op(&o, "b", value(pool, 1, 100000));
    expect(change(db, &o) == NGX_ERROR);

    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);

    /* nothing is written, though it could be, but all is read */

    op(&o, "a", value(pool, 2, 200));
    expect(change(db, &o) == NGX_ERROR);
    expect(ngx_veriff_lmdb_check(db) == NGX_ABORT);
    expect(get(db, pool, "a", &v) == NGX_OK);
    expect(v.len == 100);
    expect(get(db, pool, "b", &v) == NGX_DECLINED);

    ngx_stub_pool_destroy(pool);

    again = ngx_stub_pool_create();
    db = open_db(again, SIZE);

    expect(ngx_veriff_lmdb_check(db) == NGX_OK);

    op(&o, "a", value(again, 2, 200));
    expect(change(db, &o) == NGX_OK);
    expect(get(db, again, "a", &v) == NGX_OK);
    expect(v.len == 200);

    ngx_stub_pool_destroy(again);
    remove_dir();
}


static void
test_made(void)
{
    char                name[96];
    ngx_pool_t         *pool;
    const char         *error;
    struct stat         st;
    struct rlimit       limit;
    ngx_veriff_lmdb_t  *db;

    unit_group("a new file is whole, or not there");

    make_dir();
    pool = ngx_stub_pool_create();
    snprintf(name, sizeof(name), "%s/data.mdb", dir);

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &limit);

    db = ngx_veriff_lmdb_open(pool, (u_char *) dir, SIZE, &error);
    expect(db == NULL);
    expect(stat(name, &st) == -1);

    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);

    snprintf(name, sizeof(name), "%s/data.mdb.%ld", dir, (long) getpid());
    expect(stat(name, &st) == -1);
    expect(open_db(pool, SIZE) != NULL);
    expect(stat(name, &st) == -1);

    /* the room of the lock file is taken, its size is LMDB's business */

    snprintf(name, sizeof(name), "%s/lock.mdb", dir);
    expect(stat(name, &st) == 0 && st.st_blocks * 512 >= st.st_size);

    ngx_stub_pool_destroy(pool);
    remove_dir();
}


static void
test_stat(void)
{
    char                     key[NGX_VERIFF_LMDB_KEY_LEN + 1];
    uint64_t                 first;
    ngx_int_t                rc;
    ngx_str_t                v, none;
    ngx_uint_t               i;
    ngx_pool_t              *pool;
    ngx_veriff_lmdb_t       *db;
    ngx_veriff_lmdb_op_t     o;
    ngx_veriff_lmdb_stat_t   st;

    unit_group("what it holds is told");

    make_dir();
    pool = ngx_stub_pool_create();
    db = open_db(pool, SIZE);

    expect(ngx_veriff_lmdb_stat(db, &st) == NGX_OK);
    expect(st.entries == 0);
    expect(st.limit == SIZE);
    expect(st.used > 0 && st.used <= 65536);

    first = st.used;

    v = value(pool, 1, 100000);
    ngx_str_null(&none);

    op(&o, "a", v);
    expect(change(db, &o) == NGX_OK);

    expect(ngx_veriff_lmdb_stat(db, &st) == NGX_OK);
    expect(st.entries == 1);
    expect(st.used >= first + 100000 && st.used <= first + 150000);

    /* reading goes on as before */

    expect(get(db, pool, "a", &v) == NGX_OK && v.len == 100000);

    /* free pages are not used, although the file keeps them */

    op(&o, "a", none);
    expect(change(db, &o) == NGX_OK);

    expect(ngx_veriff_lmdb_stat(db, &st) == NGX_OK);
    expect(st.entries == 0);
    expect(st.used < 65536);

    unit_group("a full one says so");

    v = value(pool, 1, 10000);

    for (i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "%u", (unsigned) i);
        op(&o, key, v);

        rc = change(db, &o);

        if (rc != NGX_OK) {
            break;
        }
    }

    expect(rc == NGX_ABORT);
    expect(ngx_veriff_lmdb_stat(db, &st) == NGX_OK);
    expect(st.entries == i);
    expect(st.used >= SIZE && st.used < SIZE / 10 * 11);

    ngx_stub_pool_destroy(pool);
    remove_dir();
}


static void
test_processes(void)
{
    int                    status;
    char                   key[16];
    pid_t                  pid;
    ngx_int_t              rc;
    ngx_str_t              v;
    ngx_uint_t             n, ok;
    ngx_pool_t            *pool;
    ngx_veriff_lmdb_t     *db;
    ngx_veriff_lmdb_op_t   o;

    unit_group("another process has a larger size");

    make_dir();

    pid = fork();

    if (pid == 0) {
        pool = ngx_stub_pool_create();
        db = open_db(pool, 4 * SIZE);
        v = value(pool, 1, 100000);
        ok = 1;

        for (n = 0; n < 80; n++) {
            snprintf(key, sizeof(key), "k%u", (unsigned) n);

            op(&o, key, v);
            ok &= (change(db, &o) == NGX_OK);
        }

        _exit(ok ? 0 : 1);
    }

    pool = ngx_stub_pool_create();
    db = open_db(pool, NGX_VERIFF_LMDB_SIZE_MIN);

    expect(waitpid(pid, &status, 0) == pid);
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);

    rc = get(db, pool, "k79", &v);

    expect(rc == NGX_OK);
    expect(v.len == 100000);

    /* and what it knows can be changed */

    op(&o, "k79", v);
    o.expects = 1;
    o.revision = 1;
    expect(change(db, &o) == NGX_OK);

    op(&o, "new", v);
    expect(change(db, &o) == NGX_ABORT);

    ngx_stub_pool_destroy(pool);
    remove_dir();
}


/*
 * A writer says what it has written, and is killed at any moment: all that
 * it said must be there, and the next writer must not wait for it.
 */

static void
test_kills(void)
{
    int                    fd[2], status;
    char                   key[16];
    pid_t                  pid;
    ssize_t                n;
    uint32_t               last;
    ngx_str_t              v;
    ngx_uint_t             i, j, lost, said, broken;
    ngx_pool_t            *pool;
    ngx_veriff_lmdb_t     *db;

    unit_group("killed at any moment, nothing said is lost");

    make_dir();

    lost = 0;
    said = 0;
    broken = 0;

    for (i = 0; i < KILLS; i++) {

        if (pipe(fd) != 0) {
            abort();
        }

        pid = fork();

        if (pid == 0) {
            close(fd[0]);
            write_until_killed(fd[1]);
        }

        close(fd[1]);

        /* some acknowledgements, then the axe */

        last = 0;

        for (j = 0; j < 20 + i; j++) {
            n = read(fd[0], &last, sizeof(last));

            if (n != sizeof(last)) {
                broken++;
                break;
            }
        }

        kill(pid, SIGKILL);

        while (read(fd[0], &last, sizeof(last)) == sizeof(last)) { /* void */ }

        close(fd[0]);
        (void) waitpid(pid, &status, 0);

        said += last;

        pool = ngx_stub_pool_create();
        db = open_db(pool, SIZE);

        for (j = 0; j < 8; j++) {
            snprintf(key, sizeof(key), "k%u", (unsigned) j);

            if (get(db, pool, key, &v) != NGX_OK || v.len != 200) {
                lost++;
                continue;
            }

            if (revision(&v) + 8 <= last) {
                lost++;
            }
        }

        ngx_stub_pool_destroy(pool);
    }

    expect(broken == 0);
    expect(lost == 0);
    expect(said >= KILLS * 20);

    remove_dir();
}


static void
write_until_killed(int out)
{
    char                   key[16];
    uint32_t               n;
    ngx_str_t              v;
    ngx_pool_t            *pool;
    ngx_veriff_lmdb_t     *db;
    ngx_veriff_lmdb_op_t   o;

    pool = ngx_stub_pool_create();
    db = open_db(pool, SIZE);

    for (n = 1; n < 1000000; n++) {
        snprintf(key, sizeof(key), "k%u", n % 8);

        v = value(pool, n, 200);
        op(&o, key, v);

        if (change(db, &o) != NGX_OK
            || write(out, &n, sizeof(n)) != sizeof(n))
        {
            break;
        }
    }

    _exit(1);
}


static void
make_dir(void)
{
    snprintf(dir, sizeof(dir), "/tmp/veriff-lmdb-XXXXXX");

    if (mkdtemp(dir) == NULL) {
        abort();
    }
}


static void
remove_dir(void)
{
    char  name[96];

    snprintf(name, sizeof(name), "%s/data.mdb", dir);
    (void) unlink(name);

    snprintf(name, sizeof(name), "%s/lock.mdb", dir);
    (void) unlink(name);

    (void) rmdir(dir);
}


static ngx_veriff_lmdb_t *
open_db(ngx_pool_t *pool, size_t size)
{
    const char         *error;
    ngx_veriff_lmdb_t  *db;

    db = ngx_veriff_lmdb_open(pool, (u_char *) dir, size, &error);

    if (db == NULL) {
        printf("# %s\n", error);
        abort();
    }

    return db;
}


static void
op(ngx_veriff_lmdb_op_t *o, const char *key, ngx_str_t v)
{
    ngx_memzero(o, sizeof(ngx_veriff_lmdb_op_t));
    ngx_memcpy(o->key, key, strlen(key));
    o->value = v;
}


static ngx_str_t
value(ngx_pool_t *pool, uint64_t n, size_t len)
{
    size_t     i;
    ngx_str_t  v;

    v = unit_repeat(pool, "v", len);

    for (i = 0; i < 8; i++) {
        v.data[NGX_VERIFF_LMDB_REVISION + i] = (u_char) (n >> (8 * i));
    }

    return v;
}


static uint64_t
revision(ngx_str_t *v)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < 8; i++) {
        n |= (uint64_t) v->data[NGX_VERIFF_LMDB_REVISION + i] << (8 * i);
    }

    return n;
}


static ngx_int_t
change(ngx_veriff_lmdb_t *db, ngx_veriff_lmdb_op_t *o)
{
    ngx_veriff_lmdb_job_t  job;

    job.ops = o;
    job.next = NULL;
    job.rc = NGX_ERROR;

    ngx_veriff_lmdb_batch(db, &job);

    return job.rc;
}


static ngx_int_t
get(ngx_veriff_lmdb_t *db, ngx_pool_t *pool, const char *key, ngx_str_t *v)
{
    u_char  k[NGX_VERIFF_LMDB_KEY_LEN];

    ngx_memzero(k, sizeof(k));
    ngx_memcpy(k, key, strlen(key));

    return ngx_veriff_lmdb_get(db, pool, k, v);
}
