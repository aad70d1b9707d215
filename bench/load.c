
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


/*
 * Fills a store through the module's own code, and says what webhooks about
 * its users have to say.
 *
 *     load store directory key-file users open
 *     load open key-file from count
 *     load write directory key-file count ms
 *
 * The first makes as many users who are approved, and as many whose session
 * is open, all of the integration "kyc", and prints the bytes that the store
 * then takes.  The second prints "session vendorData" for open ones.  The
 * third makes one durable change after the other, each on average as many ms
 * after the one before.
 *
 * Users are named "user0000000@example.com" and "open0000000@example.com".
 */

#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>
#include <time.h>

#include "ngx_veriff_lmdb.h"
#include "ngx_veriff_record.h"
#include "ngx_veriff_seal.h"


#define LOAD_BATCH     50000
#define LOAD_SIZE      ((size_t) 2 * 1024 * 1024 * 1024)
#define LOAD_DECIDED   86400            /* s ago */
#define LOAD_NAME_LEN  64

/* as ngx_http_veriff_state.h has them */

#define LOAD_USER      'u'
#define LOAD_SESSION   's'
#define LOAD_ECHO      'e'
#define LOAD_INTEGRATION  'i'
#define LOAD_SWEEP     'm'
#define LOAD_INDEX_LEN (NGX_VERIFF_NAME_LEN + 8)


typedef struct {
    ngx_veriff_keys_t    *keys;
    ngx_veriff_lmdb_t    *db;
    uint64_t              integration;
    uint64_t              now;
} load_t;


typedef struct {
    ngx_veriff_lmdb_job_t  job;
    ngx_veriff_lmdb_op_t   record;
    ngx_veriff_lmdb_op_t   index;
} load_user_t;


static ngx_str_t  load_scope = ngx_string("kyc");


static void
load_die(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    exit(1);
}


static void
load_must(ngx_int_t rc, const char *what)
{
    if (rc != NGX_OK) {
        load_die(what);
    }
}


static ngx_veriff_keys_t *
load_keys(ngx_pool_t *pool, const char *name)
{
    FILE               *file;
    u_char              key[NGX_VERIFF_KEY_LEN];
    ngx_veriff_keys_t  *keys;

    file = fopen(name, "rb");

    if (file == NULL
        || fread(key, 1, NGX_VERIFF_KEY_LEN, file) != NGX_VERIFF_KEY_LEN)
    {
        load_die(name);
    }

    fclose(file);

    keys = ngx_veriff_keys_create(pool, key);

    if (keys == NULL) {
        load_die("keys");
    }

    return keys;
}


static uint64_t
load_hash(load_t *load, u_char kind, ngx_str_t *text)
{
    u_char    name[NGX_VERIFF_NAME_LEN];
    uint64_t  hash;

    load_must(ngx_veriff_seal_name(load->keys, kind, &load_scope, text, name),
              "hash");

    ngx_memcpy(&hash, &name[1], sizeof(uint64_t));

    return hash;
}


/* both are printed to buffers of LOAD_NAME_LEN */

static void
load_names(ngx_uint_t open, unsigned long i, ngx_str_t *user,
    ngx_str_t *session)
{
    user->len = snprintf((char *) user->data, LOAD_NAME_LEN,
                         "%s%07lu@example.com", open ? "open" : "user", i);

    session->len = snprintf((char *) session->data, LOAD_NAME_LEN,
                            "%08lx-%s-4000-8000-000000000000", i,
                            open ? "0000" : "1111");
}


static void
load_seal(load_t *load, ngx_pool_t *pool, ngx_veriff_seal_e purpose,
    const char *text, ngx_str_t *sealed)
{
    ngx_str_t  value;

    value.data = (u_char *) text;
    value.len = strlen(text);

    load_must(ngx_veriff_seal(pool, load->keys, purpose, &load_scope, &value,
                              sealed),
              "seal");
}


/* as it is when the session was made, or its approval has come */

static void
load_record(load_t *load, ngx_pool_t *pool, ngx_uint_t open, ngx_str_t *user,
    ngx_str_t *session, ngx_veriff_record_t *record)
{
    ngx_str_t              token;
    ngx_veriff_history_t  *h;

    ngx_memzero(record, sizeof(ngx_veriff_record_t));

    h = &record->history;

    load_must(ngx_veriff_token_seal(pool, load->keys, &load_scope, user,
                                    &token),
              "token");

    record->revision = load->now << 20;
    record->integration = load->integration;
    record->vendor_data = load_hash(load, LOAD_ECHO, &token);

    record->outcome = 201;
    record->outcome_at = (int64_t) load->now * 1000;
    record->rate_last = (int64_t) load->now * 1000;
    record->rate_excess = 1000;

    h->open.session.len = session->len;
    ngx_memcpy(h->open.session.data, session->data, session->len);
    h->open.created = (time_t) load->now;

    load_seal(load, pool, NGX_VERIFF_SEAL_USER, (char *) user->data,
              &record->user);

    if (open) {
        load_seal(load, pool, NGX_VERIFF_SEAL_URL,
                  "https://alchemy.veriff.com/v/eyJhbGciOiJIUzI1NiIsInR5cCI6"
                  "IkpXVCJ9.eyJzZXNzaW9uX2lkIjoiMDAwMDAwMDAtMDAwMC00MDAwLTgw",
                  &record->url);
        return;
    }

    h->standing.status = NGX_VERIFF_STATUS_APPROVED;
    h->standing.session = h->open.session;
    h->standing.decided = (int64_t) load->now * 1000000;

    h->open.decision = NGX_VERIFF_STATUS_APPROVED;
    h->open.decided = h->standing.decided;

    record->standing_vendor_data = record->vendor_data;
}


static void
load_user(load_t *load, ngx_pool_t *pool, ngx_uint_t open, unsigned long i,
    load_user_t *u)
{
    u_char               user_text[LOAD_NAME_LEN], id[LOAD_NAME_LEN], *p;
    ngx_str_t            user, session;
    ngx_uint_t           n;
    ngx_veriff_record_t  record;

    user.data = user_text;
    session.data = id;

    load_names(open, i, &user, &session);
    load_record(load, pool, open, &user, &session, &record);

    ngx_memzero(u, sizeof(load_user_t));

    u->job.ops = &u->record;
    u->record.linked = &u->index;

    load_must(ngx_veriff_seal_name(load->keys, LOAD_USER, &load_scope, &user,
                                   u->record.key),
              "name");
    load_must(ngx_veriff_seal_name(load->keys, LOAD_SESSION, &load_scope,
                                   &session, u->index.key),
              "name");

    u->record.value.len = ngx_veriff_record_len(&record);
    u->record.value.data = ngx_pnalloc(pool, u->record.value.len);

    u->index.value.len = LOAD_INDEX_LEN;
    u->index.value.data = ngx_pnalloc(pool, LOAD_INDEX_LEN);

    if (u->record.value.data == NULL || u->index.value.data == NULL) {
        load_die("no memory");
    }

    ngx_veriff_record_write(&record, u->record.value.data);

    p = ngx_cpymem(u->index.value.data, u->record.key, NGX_VERIFF_NAME_LEN);

    for (n = 0; n < 8; n++) {
        *p++ = (u_char) (load->now >> (8 * n));
    }
}


static void
load_users(load_t *load, ngx_uint_t open, unsigned long from,
    unsigned long count)
{
    unsigned long   i;
    ngx_pool_t     *pool;

    static load_user_t  users[LOAD_BATCH];

    pool = ngx_stub_pool_create();

    for (i = 0; i < count; i++) {
        load_user(load, pool, open, from + i, &users[i]);

        users[i].job.next = (i + 1 < count) ? &users[i + 1].job : NULL;
    }

    ngx_veriff_lmdb_batch(load->db, &users[0].job);

    for (i = 0; i < count; i++) {
        load_must(users[i].job.rc, ngx_veriff_lmdb_error(load->db));
    }

    ngx_stub_pool_destroy(pool);
}


/* it is looked through each hour: not while it is measured */

static void
load_swept(load_t *load)
{
    u_char                 mark[16];
    uint64_t               now;
    ngx_uint_t             i;
    ngx_veriff_lmdb_op_t   op;
    ngx_veriff_lmdb_job_t  job;

    ngx_memzero(&op, sizeof(ngx_veriff_lmdb_op_t));
    ngx_memzero(mark, sizeof(mark));

    now = (uint64_t) time(NULL);

    for (i = 0; i < 8; i++) {
        mark[i] = (u_char) (now >> (8 * i));
    }

    mark[8] = 1;

    op.key[0] = LOAD_SWEEP;
    op.value.data = mark;
    op.value.len = sizeof(mark);

    job.ops = &op;
    job.next = NULL;

    ngx_veriff_lmdb_batch(load->db, &job);
    load_must(job.rc, "sweep");
}


static void
load_store(ngx_pool_t *pool, load_t *load, char *path, unsigned long users,
    unsigned long open)
{
    const char              *error;
    unsigned long            i;
    ngx_veriff_lmdb_stat_t   st, all;

    load->db = ngx_veriff_lmdb_open(pool, (u_char *) path, LOAD_SIZE, &error);

    if (load->db == NULL) {
        load_die(error);
    }

    load->now = (uint64_t) time(NULL) - LOAD_DECIDED;
    load->integration = load_hash(load, LOAD_INTEGRATION, &load_scope);

    for (i = 0; i < users; i += LOAD_BATCH) {
        load_users(load, 0, i, ngx_min(users - i, LOAD_BATCH));
    }

    load_must(ngx_veriff_lmdb_stat(load->db, &st), "stat");

    for (i = 0; i < open; i += LOAD_BATCH) {
        load_users(load, 1, i, ngx_min(open - i, LOAD_BATCH));
    }

    load_swept(load);

    load_must(ngx_veriff_lmdb_stat(load->db, &all), "stat");

    printf("%llu %llu\n", (unsigned long long) st.used,
           (unsigned long long) all.used);
}


/* as requests come: at random, and whether or not the last one is done */

static void
load_write(ngx_pool_t *pool, load_t *load, char *path, unsigned long count,
    unsigned long ms)
{
    long              us;
    const char       *error;
    unsigned long     i;
    struct timespec   next;

    load->db = ngx_veriff_lmdb_open(pool, (u_char *) path, LOAD_SIZE, &error);

    if (load->db == NULL) {
        load_die(error);
    }

    load->now = (uint64_t) time(NULL) - LOAD_DECIDED;
    load->integration = load_hash(load, LOAD_INTEGRATION, &load_scope);

    clock_gettime(CLOCK_MONOTONIC, &next);

    for (i = 0; i < count; i++) {
        us = next.tv_nsec / 1000 + random() % (2000 * ms + 1);

        next.tv_sec += us / 1000000;
        next.tv_nsec = us % 1000000 * 1000;

        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);

        load_users(load, 1, i, 1);
    }
}


static void
load_open(ngx_pool_t *pool, load_t *load, unsigned long from,
    unsigned long count)
{
    u_char         user_text[LOAD_NAME_LEN], id[LOAD_NAME_LEN];
    ngx_str_t      user, session, token;
    unsigned long  i;

    user.data = user_text;
    session.data = id;

    for (i = from; i < from + count; i++) {
        load_names(1, i, &user, &session);
        load_must(ngx_veriff_token_seal(pool, load->keys, &load_scope, &user,
                                        &token),
                  "token");

        printf("%.*s %.*s\n", (int) session.len, session.data,
               (int) token.len, token.data);
    }
}


int
main(int argc, char **argv)
{
    load_t       load;
    ngx_pool_t  *pool;

    if (argc < 5) {
        load_die("too few arguments");
    }

    pool = ngx_stub_pool_create();

    if (strcmp(argv[1], "store") == 0 && argc == 6) {
        load.keys = load_keys(pool, argv[3]);
        load_store(pool, &load, argv[2], atol(argv[4]), atol(argv[5]));

    } else if (strcmp(argv[1], "write") == 0 && argc == 6) {
        load.keys = load_keys(pool, argv[3]);
        load_write(pool, &load, argv[2], atol(argv[4]), atol(argv[5]));

    } else if (strcmp(argv[1], "open") == 0) {
        load.keys = load_keys(pool, argv[2]);
        load_open(pool, &load, atol(argv[3]), atol(argv[4]));

    } else {
        load_die("unknown command");
    }

    ngx_stub_pool_destroy(pool);

    return 0;
}
