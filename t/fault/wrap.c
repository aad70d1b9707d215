
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


/*
 * Linked into the module by "make FAULTS=1": each call that the module makes
 * into nginx, jansson, OpenSSL, LMDB or the C library and that may fail, comes
 * here first ("ld --wrap"), and fails if it is told to.  VERIFF_FAULTS names
 * the control file, which is shared with the test; without it nothing fails.
 *
 * The wrappers know no types: all that are listed take integers and pointers
 * only, at most six, which the ABIs of Linux pass in registers.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <link.h>
#include <lmdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>


#define WRAP_SITES   4096
#define WRAP_TRACE   65536
#define WRAP_DEPTH   32

/* kinds of calls */
#define WRAP_MEMORY  0x01               /* nginx's memory */
#define WRAP_NGINX   0x02               /* what nginx does for us */
#define WRAP_JSON    0x04
#define WRAP_CRYPTO  0x08
#define WRAP_STORE   0x10
#define WRAP_FILE    0x20
#define WRAP_INNER   0x40               /* memory that jansson takes */


typedef struct {
    uint32_t           address;         /* in the module, 0: not used */
    volatile uint32_t  seen;
    volatile uint32_t  failed;
} wrap_site_t;


typedef struct {
    uint32_t           address;
    uint32_t           stack;           /* a hash of who called whom */
    uint32_t           kind;
    uint32_t           pid;
} wrap_call_t;


typedef struct {
    /* set by the test */
    volatile uint32_t  kinds;           /* 0: nothing is counted */
    volatile uint32_t  at;              /* the first call that fails, from 1 */
    volatile uint32_t  count;           /* so many fail */
    volatile uint32_t  stack;           /* of these only; 0: of all */

    /* set here */
    volatile uint32_t  calls;
    volatile uint32_t  failed;
    volatile uint32_t  site;            /* the last one that failed */
    volatile uint32_t  matched;         /* calls of that stack */

    /* set by the test */
    volatile uint32_t  delay;           /* us: that a commit takes longer */

    wrap_site_t        sites[WRAP_SITES];
    wrap_call_t        trace[WRAP_TRACE];   /* of each call, from the first */
} wrap_control_t;


static wrap_control_t  *wrap;
static char            *wrap_base;
static char            *wrap_end;


static int wrap_text(struct dl_phdr_info *info, size_t size, void *data);


static void *
wrap_malloc(size_t size)
{
    uint32_t  n;

    if (wrap->kinds & WRAP_INNER) {
        n = __sync_add_and_fetch(&wrap->calls, 1);

        if (n >= wrap->at && n - wrap->at < wrap->count) {
            __sync_fetch_and_add(&wrap->failed, 1);
            return NULL;
        }
    }

    return malloc(size);
}


__attribute__((constructor))
static void
wrap_init(void)
{
    int          fd;
    void        *p;
    Dl_info      info;
    const char  *path;

    path = getenv("VERIFF_FAULTS");

    if (path == NULL) {
        return;
    }

    fd = open(path, O_RDWR|O_CLOEXEC);
    p = mmap(NULL, sizeof(wrap_control_t), PROT_READ|PROT_WRITE, MAP_SHARED,
             fd, 0);

    if (p == MAP_FAILED || dladdr(&wrap, &info) == 0) {
        abort();
    }

    (void) close(fd);

    wrap_base = info.dli_fbase;
    (void) dl_iterate_phdr(wrap_text, NULL);
    wrap = p;

    json_set_alloc_funcs(wrap_malloc, free);
}


static wrap_site_t *
wrap_site(uint32_t address)
{
    uint32_t      i;
    wrap_site_t  *site;

    for (i = address; /* void */ ; i++) {
        site = &wrap->sites[i % WRAP_SITES];

        if (site->address == address
            || __sync_bool_compare_and_swap(&site->address, 0, address)
            || site->address == address)
        {
            return site;
        }
    }
}


/* where the module's own text ends */

static int
wrap_text(struct dl_phdr_info *info, size_t size, void *data)
{
    int  i;

    if ((char *) info->dlpi_addr != wrap_base) {
        return 0;
    }

    for (i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD
            && (info->dlpi_phdr[i].p_flags & PF_X))
        {
            wrap_end = wrap_base + info->dlpi_phdr[i].p_vaddr
                       + info->dlpi_phdr[i].p_memsz;
        }
    }

    return 1;
}


/*
 * A hash of the module's functions that led to a call, up to the one that
 * nginx has called: what does not belong to the module has no frames.
 */

static uint32_t
wrap_stack(void **frame)
{
    int       i;
    char     *from;
    uint32_t  hash;

    hash = 0;

    for (i = 0; i < WRAP_DEPTH; i++) {
        from = frame[1];

        if (from < wrap_base || from >= wrap_end) {
            break;
        }

        hash = (hash ^ (uint32_t) (from - wrap_base)) * 16777619;
        frame = frame[0];
    }

    return hash;
}


__attribute__((noinline))
static int
wrap_fails(uint32_t kind, void *from)
{
    uint32_t      n, stack;
    wrap_call_t  *call;
    wrap_site_t  *site;

    if (wrap == NULL || !(wrap->kinds & kind)) {
        return 0;
    }

    site = wrap_site((char *) from - wrap_base);
    site->seen = 1;

    n = __sync_add_and_fetch(&wrap->calls, 1);
    stack = wrap_stack(__builtin_frame_address(0));

    if (n <= WRAP_TRACE) {
        call = &wrap->trace[n - 1];

        call->address = site->address;
        call->stack = stack;
        call->kind = kind;
        call->pid = getpid();
    }

    if (wrap->stack) {
        if (stack != wrap->stack) {
            return 0;
        }

        n = __sync_add_and_fetch(&wrap->matched, 1);
    }

    if (n < wrap->at || n - wrap->at >= wrap->count) {
        return 0;
    }

    site->failed = 1;
    wrap->site = site->address;
    __sync_fetch_and_add(&wrap->failed, 1);

    return 1;
}


static void
wrap_waits(const char *name)
{
    if (wrap && wrap->delay && strcmp(name, "mdb_txn_commit") == 0) {
        usleep(wrap->delay);
    }
}


#define WRAP_ARGS  long a, long b, long c, long d, long e, long f

#define WRAP_CALL(kind, name, fail)                                          \
long __real_##name(WRAP_ARGS);                                               \
long __wrap_##name(WRAP_ARGS);                                               \
                                                                             \
long                                                                         \
__wrap_##name(WRAP_ARGS)                                                     \
{                                                                            \
    if (wrap_fails(kind, __builtin_return_address(0))) {                     \
        fail;                                                                \
    }                                                                        \
                                                                             \
    wrap_waits(#name);                                                       \
                                                                             \
    return __real_##name(a, b, c, d, e, f);                                  \
}

#define WRAP_NULL(kind, name)   WRAP_CALL(kind, name, return 0)
#define WRAP_ERROR(kind, name)  WRAP_CALL(kind, name, return -1)
#define WRAP_500(kind, name)    WRAP_CALL(kind, name, return 500)
#define WRAP_ENOMEM(kind, name) WRAP_CALL(kind, name, return ENOMEM)
#define WRAP_EIO(kind, name)    WRAP_CALL(kind, name, errno = EIO; return -1)


WRAP_NULL(WRAP_MEMORY, ngx_alloc)
WRAP_NULL(WRAP_MEMORY, ngx_alloc_chain_link)
WRAP_NULL(WRAP_MEMORY, ngx_array_create)
WRAP_NULL(WRAP_MEMORY, ngx_array_push)
WRAP_ERROR(WRAP_MEMORY, ngx_chain_add_copy)
WRAP_NULL(WRAP_MEMORY, ngx_chain_get_free_buf)
WRAP_NULL(WRAP_MEMORY, ngx_create_pool)
WRAP_NULL(WRAP_MEMORY, ngx_create_temp_buf)
WRAP_NULL(WRAP_MEMORY, ngx_list_push)
WRAP_NULL(WRAP_MEMORY, ngx_palloc)
WRAP_NULL(WRAP_MEMORY, ngx_pcalloc)
WRAP_NULL(WRAP_MEMORY, ngx_pnalloc)
WRAP_NULL(WRAP_MEMORY, ngx_pool_cleanup_add)
WRAP_NULL(WRAP_MEMORY, ngx_pstrdup)
WRAP_NULL(WRAP_MEMORY, ngx_slab_calloc)
WRAP_NULL(WRAP_MEMORY, ngx_thread_task_alloc)

WRAP_ERROR(WRAP_NGINX, ngx_add_path)
WRAP_ERROR(WRAP_NGINX, ngx_conf_full_name)
WRAP_NULL(WRAP_NGINX, ngx_http_add_variable)
WRAP_ERROR(WRAP_NGINX, ngx_http_compile_complex_value)
WRAP_ERROR(WRAP_NGINX, ngx_http_complex_value)
WRAP_500(WRAP_NGINX, ngx_http_discard_request_body)
WRAP_NULL(WRAP_NGINX, ngx_http_get_flushed_variable)
WRAP_NULL(WRAP_NGINX, ngx_http_get_indexed_variable)
WRAP_NULL(WRAP_NGINX, ngx_http_get_variable)
WRAP_ERROR(WRAP_NGINX, ngx_http_get_variable_index)
WRAP_ERROR(WRAP_NGINX, ngx_http_output_filter)
WRAP_CALL(WRAP_NGINX, ngx_http_post_request, if (b == 0) return -1)
WRAP_500(WRAP_NGINX, ngx_http_read_client_request_body)
WRAP_ERROR(WRAP_NGINX, ngx_http_send_header)
WRAP_ERROR(WRAP_NGINX, ngx_http_subrequest)
WRAP_ERROR(WRAP_NGINX, ngx_read_file)
WRAP_NULL(WRAP_NGINX, ngx_shared_memory_add)
WRAP_NULL(WRAP_NGINX, ngx_thread_pool_add)
WRAP_ERROR(WRAP_NGINX, ngx_thread_task_post)

WRAP_NULL(WRAP_JSON, json_array)
WRAP_CALL(WRAP_JSON, json_array_append_new, json_decref((json_t *) b);
          return -1)
WRAP_NULL(WRAP_JSON, json_copy)
WRAP_NULL(WRAP_JSON, json_dumpb)
WRAP_NULL(WRAP_JSON, json_object)
WRAP_CALL(WRAP_JSON, json_object_set_new, json_decref((json_t *) c);
          return -1)
WRAP_CALL(WRAP_JSON, json_object_set_new_nocheck, json_decref((json_t *) c);
          return -1)
WRAP_NULL(WRAP_JSON, json_stringn)
WRAP_NULL(WRAP_JSON, json_stringn_nocheck)

WRAP_NULL(WRAP_CRYPTO, CRYPTO_zalloc)
WRAP_NULL(WRAP_CRYPTO, EVP_CIPHER_CTX_ctrl)
WRAP_NULL(WRAP_CRYPTO, EVP_CIPHER_CTX_new)
WRAP_NULL(WRAP_CRYPTO, EVP_CIPHER_fetch)
WRAP_NULL(WRAP_CRYPTO, EVP_CipherInit_ex)
WRAP_NULL(WRAP_CRYPTO, EVP_CipherUpdate)
WRAP_NULL(WRAP_CRYPTO, EVP_KDF_CTX_new)
WRAP_NULL(WRAP_CRYPTO, EVP_KDF_derive)
WRAP_NULL(WRAP_CRYPTO, EVP_KDF_fetch)
WRAP_NULL(WRAP_CRYPTO, EVP_MAC_CTX_dup)
WRAP_NULL(WRAP_CRYPTO, EVP_MAC_CTX_new)
WRAP_NULL(WRAP_CRYPTO, EVP_MAC_fetch)
WRAP_NULL(WRAP_CRYPTO, EVP_MAC_final)
WRAP_NULL(WRAP_CRYPTO, EVP_MAC_init)
WRAP_NULL(WRAP_CRYPTO, EVP_MAC_update)
WRAP_NULL(WRAP_CRYPTO, RAND_bytes)

WRAP_ENOMEM(WRAP_STORE, mdb_cursor_get)
WRAP_ENOMEM(WRAP_STORE, mdb_cursor_open)
WRAP_ENOMEM(WRAP_STORE, mdb_dbi_open)
WRAP_ENOMEM(WRAP_STORE, mdb_del)
WRAP_ENOMEM(WRAP_STORE, mdb_env_create)
WRAP_ENOMEM(WRAP_STORE, mdb_env_get_fd)
WRAP_ENOMEM(WRAP_STORE, mdb_env_info)
WRAP_ENOMEM(WRAP_STORE, mdb_env_open)
WRAP_ENOMEM(WRAP_STORE, mdb_env_set_mapsize)
WRAP_ENOMEM(WRAP_STORE, mdb_env_set_maxreaders)
WRAP_ENOMEM(WRAP_STORE, mdb_env_stat)
WRAP_ENOMEM(WRAP_STORE, mdb_env_sync)
WRAP_ENOMEM(WRAP_STORE, mdb_get)
WRAP_ENOMEM(WRAP_STORE, mdb_put)
WRAP_ENOMEM(WRAP_STORE, mdb_reader_check)
WRAP_ENOMEM(WRAP_STORE, mdb_stat)
WRAP_ENOMEM(WRAP_STORE, mdb_txn_begin)
WRAP_CALL(WRAP_STORE, mdb_txn_commit, mdb_txn_abort((MDB_txn *) a);
          return ENOMEM)
WRAP_ENOMEM(WRAP_STORE, mdb_txn_renew)

WRAP_EIO(WRAP_FILE, access)
WRAP_EIO(WRAP_FILE, fallocate64)
WRAP_EIO(WRAP_FILE, fchown)
WRAP_EIO(WRAP_FILE, fstat64)
WRAP_EIO(WRAP_FILE, fsync)
WRAP_EIO(WRAP_FILE, link)
WRAP_EIO(WRAP_FILE, mkdir)
WRAP_EIO(WRAP_FILE, open64)
WRAP_EIO(WRAP_FILE, read)
WRAP_EIO(WRAP_FILE, stat64)
WRAP_EIO(WRAP_FILE, unlink)
WRAP_EIO(WRAP_FILE, write)


/* to fail, jansson's memory must come from malloc() */

#define WRAP_OWN(kind, name)  long __real_##name(void); long __wrap_##name(void)

WRAP_OWN(WRAP_INNER, ngx_veriff_json_arena_begin);
WRAP_OWN(WRAP_INNER, ngx_veriff_json_arena_end);
WRAP_OWN(WRAP_INNER, ngx_veriff_json_arena_whole);


static int  wrap_arena;


long
__wrap_ngx_veriff_json_arena_begin(void)
{
    wrap_arena = (wrap == NULL || !(wrap->kinds & WRAP_INNER));

    return wrap_arena ? __real_ngx_veriff_json_arena_begin() : 0;
}


long
__wrap_ngx_veriff_json_arena_end(void)
{
    return wrap_arena ? __real_ngx_veriff_json_arena_end() : 0;
}


long
__wrap_ngx_veriff_json_arena_whole(void)
{
    return wrap_arena ? __real_ngx_veriff_json_arena_whole() : 0;
}
