
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>
#include <unistd.h>

#include "fuzz.h"
#include "ngx_veriff_lmdb.h"
#include "ngx_veriff_record.h"


/*
 * Input: operations on a store with few names and any values.  A store of the
 * test's own, which is a list, says what must come of them.
 *
 *     a byte      what: a batch of the changes so far, a read, a scan that
 *                 goes on or begins anew, or a change
 *     of a change: a byte each for the name, what it expects of the revision,
 *     whether it is linked to the one before, and the length of the value;
 *     then the value
 */


#define NAMES    8
#define CHANGES  16


typedef struct {
    ngx_str_t               value[NAMES];
} model_t;


typedef struct {
    ngx_pool_t             *pool;
    model_t                 model;

    ngx_veriff_lmdb_op_t    ops[CHANGES];
    ngx_veriff_lmdb_job_t   jobs[CHANGES];
    ngx_uint_t              nops;
    ngx_uint_t              njobs;

    ngx_veriff_lmdb_scan_t  scan;
} test_t;


static void begin(void);
static void end(void);
static void change(test_t *t, ngx_str_t *input);
static void batch(test_t *t);
static ngx_int_t model_job(test_t *t, ngx_veriff_lmdb_job_t *job);
static void get(test_t *t, ngx_uint_t n);
static void scan(test_t *t, ngx_uint_t anew);
static void key_of(u_char *key, ngx_uint_t n);
static ngx_int_t name_of(u_char *key);
static uint64_t revision(ngx_str_t *value);


/* the last byte of a name makes it a word, and the first one sorts it */

static const char  kinds[] = "dsu";

static char                path[64];
static ngx_veriff_lmdb_t  *db;


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    ngx_uint_t  n, byte;

    static test_t  t;

    if (db == NULL) {
        begin();
    }

    ngx_memzero(&t, sizeof(test_t));

    t.pool = pool;
    t.scan.pool = pool;
    t.scan.follow = 's';

    while (input->len) {
        byte = fuzz_byte(input);

        switch (byte % 8) {

        case 0:
            batch(&t);
            break;

        case 1:
            get(&t, byte / 8 % NAMES);
            break;

        case 2:
            scan(&t, byte / 8 % 2);
            break;

        default:
            change(&t, input);
            break;
        }
    }

    batch(&t);
    scan(&t, 1);

    /* the next input finds none of it */

    for (n = 0; n < NAMES; n++) {
        get(&t, n);

        t.jobs[n].ops = &t.ops[n];
        t.jobs[n].next = (n + 1 < NAMES) ? &t.jobs[n + 1] : NULL;
        ngx_memzero(&t.ops[n], sizeof(ngx_veriff_lmdb_op_t));
        key_of(t.ops[n].key, n);
    }

    ngx_veriff_lmdb_batch(db, t.jobs);

    ngx_memzero(&t.model, sizeof(model_t));

    for (n = 0; n < NAMES; n++) {
        fuzz_must(t.jobs[n].rc == NGX_OK);
        get(&t, n);
    }
}


static void
begin(void)
{
    const char  *error;

    /* nothing of it need outlive a power cut */

    (void) snprintf(path, sizeof(path), "/dev/shm/veriff-fuzz.XXXXXX");

    if (mkdtemp(path) == NULL) {
        (void) snprintf(path, sizeof(path), "/tmp/veriff-fuzz.XXXXXX");
        fuzz_must(mkdtemp(path) != NULL);
    }

    atexit(end);

    db = ngx_veriff_lmdb_open(fuzz_kept(), (u_char *) path, 0, &error);
    fuzz_must(db != NULL);
}


static void
end(void)
{
    char  name[96];

    (void) snprintf(name, sizeof(name), "%s/data.mdb", path);
    (void) unlink(name);

    (void) snprintf(name, sizeof(name), "%s/lock.mdb", path);
    (void) unlink(name);

    (void) rmdir(path);
}


static void
change(test_t *t, ngx_str_t *input)
{
    size_t                  len;
    ngx_str_t              *value;
    ngx_uint_t              n, expects, linked;
    ngx_veriff_lmdb_op_t   *op;
    ngx_veriff_lmdb_job_t  *job;

    n = fuzz_byte(input) % NAMES;
    expects = fuzz_byte(input);
    linked = fuzz_byte(input) % 2;

    len = fuzz_byte(input);

    if (len == 255) {

        /* more than there may be */

        len = NGX_VERIFF_LMDB_VALUE_MAX - 1 + fuzz_byte(input) % 4;
    }

    if (t->nops == CHANGES) {
        return;
    }

    op = &t->ops[t->nops++];
    ngx_memzero(op, sizeof(ngx_veriff_lmdb_op_t));

    key_of(op->key, n);

    op->value.len = len;
    op->value.data = ngx_pcalloc(t->pool, len);

    if (len) {
        len = ngx_min(len, input->len);
        ngx_memcpy(op->value.data, input->data, len);

        input->data += len;
        input->len -= len;
    }

    value = &t->model.value[n];

    op->expects = (expects % 4 != 0);
    op->revision = (expects % 4 == 1) ? revision(value)
                   : (expects % 4 == 2) ? 0 : expects;

    if (linked && t->njobs && t->jobs[t->njobs - 1].ops) {
        op->linked = t->jobs[t->njobs - 1].ops;
        t->jobs[t->njobs - 1].ops = op;
        return;
    }

    job = &t->jobs[t->njobs++];
    job->ops = op;
    job->next = NULL;
    job->rc = NGX_DONE;

    if (t->njobs > 1) {
        t->jobs[t->njobs - 2].next = job;
    }
}


static void
batch(test_t *t)
{
    ngx_uint_t  i;

    if (t->njobs == 0) {
        return;
    }

    ngx_veriff_lmdb_batch(db, t->jobs);

    for (i = 0; i < t->njobs; i++) {
        fuzz_must(model_job(t, &t->jobs[i]) == t->jobs[i].rc);
    }

    t->njobs = 0;
    t->nops = 0;
}


static ngx_int_t
model_job(test_t *t, ngx_veriff_lmdb_job_t *job)
{
    model_t                next;
    ngx_veriff_lmdb_op_t  *op;

    for (op = job->ops; op; op = op->linked) {
        if (op->expects
            && op->revision != revision(&t->model.value[name_of(op->key)]))
        {
            return NGX_DECLINED;
        }
    }

    next = t->model;

    for (op = job->ops; op; op = op->linked) {

        if (op->value.len > NGX_VERIFF_LMDB_VALUE_MAX) {
            return NGX_ERROR;
        }

        next.value[name_of(op->key)] = op->value;
    }

    t->model = next;

    return NGX_OK;
}


static void
get(test_t *t, ngx_uint_t n)
{
    u_char                key[NGX_VERIFF_LMDB_KEY_LEN];
    ngx_int_t             rc;
    ngx_str_t             value;
    ngx_veriff_record_t   record;

    key_of(key, n);

    rc = ngx_veriff_lmdb_get(db, t->pool, key, &value);

    fuzz_must(rc == (t->model.value[n].len ? NGX_OK : NGX_DECLINED));
    fuzz_must(fuzz_same(&value, &t->model.value[n]));

    /* whatever is there, it is read with care */

    (void) ngx_veriff_record_read(&record, value.data, value.len);
}


static void
scan(test_t *t, ngx_uint_t anew)
{
    ngx_int_t                 n, last, followed;
    ngx_uint_t                i, all;
    ngx_veriff_lmdb_entry_t  *entry;

    if (anew) {
        ngx_memzero(t->scan.after, NGX_VERIFF_LMDB_KEY_LEN);
    }

    last = name_of(t->scan.after);

    ngx_veriff_lmdb_scan(db, &t->scan);

    fuzz_must(t->scan.rc == NGX_OK || t->scan.rc == NGX_DONE);
    fuzz_must(t->scan.n <= NGX_VERIFF_LMDB_SCAN_MAX);

    for (i = 0; i < t->scan.n; i++) {
        entry = &t->scan.entries[i];
        n = name_of(entry->key);

        /* those that are there, in order, each once */

        for (last++; last < n; last++) {
            fuzz_must(t->model.value[last].len == 0);
        }

        fuzz_must(last == n);
        fuzz_must(fuzz_same(&entry->value, &t->model.value[n]));

        followed = (entry->key[0] == 's'
                    && entry->value.len >= NGX_VERIFF_LMDB_KEY_LEN)
                   ? name_of(entry->value.data) : NGX_ERROR;

        if (followed == NGX_ERROR) {
            fuzz_must(entry->followed.len == 0);

        } else {
            fuzz_must(fuzz_same(&entry->followed,
                                &t->model.value[followed]));
        }
    }

    if (t->scan.rc == NGX_DONE) {
        for (all = last + 1; all < NAMES; all++) {
            fuzz_must(t->model.value[all].len == 0);
        }
    }
}


/* in order */

static void
key_of(u_char *key, ngx_uint_t n)
{
    ngx_memset(key, 'a' + n, NGX_VERIFF_LMDB_KEY_LEN);

    key[0] = (u_char) kinds[n * (sizeof(kinds) - 1) / NAMES];
}


static ngx_int_t
name_of(u_char *key)
{
    u_char      other[NGX_VERIFF_LMDB_KEY_LEN];
    ngx_uint_t  n;

    for (n = 0; n < NAMES; n++) {
        key_of(other, n);

        if (memcmp(other, key, NGX_VERIFF_LMDB_KEY_LEN) == 0) {
            return n;
        }
    }

    return NGX_ERROR;
}


static uint64_t
revision(ngx_str_t *value)
{
    uint64_t    n;
    ngx_uint_t  i;

    if (value->len < NGX_VERIFF_LMDB_REVISION + 8) {
        return 0;
    }

    for (n = 0, i = 8; i; i--) {
        n = n << 8 | value->data[NGX_VERIFF_LMDB_REVISION + i - 1];
    }

    return n;
}
