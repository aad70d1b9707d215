
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


/*
 * What the targets are measured by: one HMAC-SHA256 and one parse of the same
 * bytes, as the libraries do them at their best, on the CPU that the worker
 * has.
 *
 *     cost file ...      prints "file bytes hmac-ns jansson-ns cold-ns" for each
 *     cost memory bytes  prints the ns of one read at a random place of it
 *     cost lmdb dir      prints "ns cold-ns" of one look-up of a random user in
 *                        the store of that directory
 *
 * The key is set once, as a server does.  A file that is no JSON has "-" for
 * jansson.  Each figure is the median of several runs of CPU time.  What is
 * "cold" finds its data in no cache nearer than the one that CPUs share, as
 * after other work: in between as much memory is read as the others hold.
 */

#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>
#include <lmdb.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>


#define COST_RUNS  7
#define COST_LINE  64           /* bytes that are read at once */
#define COST_NS    40000000     /* of each run */
#define COST_COLD  2097152      /* bytes that are read in between */
#define COST_TIMES 2000         /* at most, in each run */
#define COST_KEY   17           /* bytes of a name in the store */
#define COST_KEYS  2000000


typedef int (*cost_pt)(const unsigned char *p, size_t len);


static EVP_MAC_CTX    *cost_keyed;

static MDB_txn        *cost_reader;
static MDB_dbi         cost_dbi;
static unsigned char   cost_keys[COST_KEYS][COST_KEY];


static void
cost_die(const char *what)
{
    perror(what);
    exit(1);
}


static unsigned char *
cost_read(const char *name, size_t *len)
{
    FILE           *file;
    unsigned char  *p;

    file = fopen(name, "rb");

    if (file == NULL || fseek(file, 0, SEEK_END) == -1) {
        cost_die(name);
    }

    *len = ftell(file);
    rewind(file);

    p = malloc(*len + 1);

    if (p == NULL || fread(p, 1, *len, file) != *len) {
        cost_die(name);
    }

    fclose(file);

    return p;
}


static void
cost_key(void)
{
    EVP_MAC              *mac;
    OSSL_PARAM            params[2];
    const unsigned char   key[] = "abcdef12-abcd-abcd-abcd-abcdef012345";

    mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    cost_keyed = mac ? EVP_MAC_CTX_new(mac) : NULL;

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    if (cost_keyed == NULL
        || EVP_MAC_init(cost_keyed, key, sizeof(key) - 1, params) != 1)
    {
        cost_die("HMAC");
    }
}


static int
cost_hmac(const unsigned char *p, size_t len)
{
    size_t         n;
    unsigned char  md[EVP_MAX_MD_SIZE];

    return EVP_MAC_init(cost_keyed, NULL, 0, NULL) == 1
           && EVP_MAC_update(cost_keyed, p, len) == 1
           && EVP_MAC_final(cost_keyed, md, &n, sizeof(md)) == 1;
}


static int
cost_jansson(const unsigned char *p, size_t len)
{
    json_t  *json;

    json = json_loadb((const char *) p, len, JSON_REJECT_DUPLICATES, NULL);

    if (json == NULL) {
        return 0;
    }

    json_decref(json);

    return 1;
}


static long long
cost_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}


static int
cost_compare(const void *one, const void *two)
{
    double  a = *(const double *) one, b = *(const double *) two;

    return (a > b) - (a < b);
}


/* ns of one call, or a negative number if it cannot be done */

static double
cost_of(cost_pt call, const unsigned char *p, size_t len)
{
    int        i;
    long       n;
    double     ns[COST_RUNS];
    long long  begin, spent;

    if (!call(p, len)) {
        return -1;
    }

    for (i = 0; i < COST_RUNS; i++) {
        begin = cost_now();
        n = 0;

        do {
            (void) call(p, len);
            n++;
            spent = cost_now() - begin;
        } while (spent < COST_NS);

        ns[i] = (double) spent / n;
    }

    qsort(ns, COST_RUNS, sizeof(double), cost_compare);

    return ns[COST_RUNS / 2];
}


/* what other work leaves of the caches */

static void
cost_cool(void)
{
    size_t                  i;
    static unsigned char    memory[COST_COLD];
    volatile unsigned char  *p = memory;

    for (i = 0; i < COST_COLD; i += COST_LINE) {
        p[i]++;
    }
}


static int
cost_nothing(const unsigned char *p, size_t len)
{
    return p != NULL && len;
}


static double
cost_cooled(cost_pt call, const unsigned char *p, size_t len)
{
    int        i, n;
    double     ns[COST_RUNS];
    long long  begin, spent;

    for (i = 0; i < COST_RUNS; i++) {
        spent = 0;

        for (n = 0; n < COST_TIMES && spent < COST_NS / 4; n++) {
            cost_cool();

            begin = cost_now();
            (void) call(p, len);
            spent += cost_now() - begin;
        }

        ns[i] = (double) spent / n;
    }

    qsort(ns, COST_RUNS, sizeof(double), cost_compare);

    return ns[COST_RUNS / 2];
}


/* the same as cost_of(), with caches that other work has emptied */

static double
cost_cold(cost_pt call, const unsigned char *p, size_t len)
{
    /* the clock is not free */

    return cost_cooled(call, p, len) - cost_cooled(cost_nothing, p, len);
}


/* each read says where the next one is, so that none is made ahead */

static double
cost_memory(size_t bytes)
{
    long       n, reads;
    size_t     i, j, places, swap, *next;
    long long  begin;

    places = bytes / COST_LINE;
    next = malloc(places * COST_LINE);

    if (next == NULL) {
        cost_die("malloc");
    }

    /* one cycle through all of it (Sattolo) */

#define cost_at(i)  next[(i) * (COST_LINE / sizeof(size_t))]

    for (i = 0; i < places; i++) {
        cost_at(i) = i;
    }

    for (i = places - 1; i > 0; i--) {
        j = ((size_t) random() << 31 | random()) % i;
        swap = cost_at(i);
        cost_at(i) = cost_at(j);
        cost_at(j) = swap;
    }

    reads = 5000000;
    begin = cost_now();

    for (n = 0, i = 0; n < reads; n++) {
        i = cost_at(i);
    }

    /* i is used, or nothing of it would be done */

    return (double) (cost_now() - begin) / reads + (i == places);
}


static void
cost_lmdb_must(int rc)
{
    if (rc != 0) {
        fprintf(stderr, "lmdb: %s\n", mdb_strerror(rc));
        exit(1);
    }
}


/* all names of users, in an order of their own: hashes are random already */

static size_t
cost_lmdb_users(MDB_txn *txn, MDB_dbi dbi)
{
    size_t       n;
    MDB_val      k, v;
    MDB_cursor  *cursor;

    cost_lmdb_must(mdb_cursor_open(txn, dbi, &cursor));

    k.mv_data = (char *) "u";
    k.mv_size = 1;

    if (mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE) != 0) {
        return 0;
    }

    n = 0;

    do {
        if (k.mv_size != COST_KEY || *(char *) k.mv_data != 'u') {
            break;
        }

        memcpy(cost_keys[n++], k.mv_data, COST_KEY);

    } while (n < COST_KEYS && mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == 0);

    mdb_cursor_close(cursor);

    return n;
}


/* one is found, and its value read */

static int
cost_lookup(const unsigned char *key, size_t len)
{
    MDB_val        k, v;
    unsigned char  copy[4096];

    k.mv_data = (void *) key;
    k.mv_size = len;

    cost_lmdb_must(mdb_txn_renew(cost_reader));
    cost_lmdb_must(mdb_get(cost_reader, cost_dbi, &k, &v));

    memcpy(copy, v.mv_data, v.mv_size < sizeof(copy) ? v.mv_size
                                                     : sizeof(copy));
    mdb_txn_reset(cost_reader);

    return copy[0];
}


/* another one each time */

static int
cost_random(const unsigned char *keys, size_t n)
{
    size_t  i;

    i = ((size_t) random() << 31 | random()) % n;

    return cost_lookup(&keys[i * COST_KEY], COST_KEY);
}


static void
cost_lmdb(const char *dir)
{
    size_t    i, n;
    MDB_env  *env;

    cost_lmdb_must(mdb_env_create(&env));
    cost_lmdb_must(mdb_env_set_mapsize(env, (size_t) 64 << 30));
    cost_lmdb_must(mdb_env_open(env, dir, MDB_RDONLY|MDB_NOTLS|MDB_NORDAHEAD,
                                0600));
    cost_lmdb_must(mdb_txn_begin(env, NULL, MDB_RDONLY, &cost_reader));
    cost_lmdb_must(mdb_dbi_open(cost_reader, NULL, 0, &cost_dbi));

    n = cost_lmdb_users(cost_reader, cost_dbi);
    mdb_txn_reset(cost_reader);

    if (n == 0) {
        fprintf(stderr, "lmdb: no users\n");
        exit(1);
    }

    /* every page is mapped before it is measured */

    for (i = 0; i < n; i++) {
        (void) cost_lookup(cost_keys[i], COST_KEY);
    }

    printf("%.0f %.0f\n", cost_of(cost_random, cost_keys[0], n),
           cost_cold(cost_random, cost_keys[0], n));

    mdb_txn_abort(cost_reader);
    mdb_env_close(env);
}


int
main(int argc, char **argv)
{
    int             i;
    size_t          len;
    double          hmac, jansson;
    unsigned char  *p;

    if (argc == 3 && strcmp(argv[1], "lmdb") == 0) {
        cost_lmdb(argv[2]);
        return 0;
    }

    if (argc == 3 && strcmp(argv[1], "memory") == 0) {
        printf("%.1f\n", cost_memory(atoll(argv[2])));
        return 0;
    }

    cost_key();

    for (i = 1; i < argc; i++) {
        p = cost_read(argv[i], &len);

        hmac = cost_of(cost_hmac, p, len);
        jansson = cost_of(cost_jansson, p, len);

        printf("%s %zu %.0f ", argv[i], len, hmac);

        if (jansson < 0) {
            printf("- -\n");

        } else {
            printf("%.0f %.0f\n", jansson,
                   cost_cold(cost_jansson, p, len));
        }

        free(p);
    }

    return 0;
}
