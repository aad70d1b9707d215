
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>
#include <pthread.h>

#include "ngx_veriff_json.h"
#include "ngx_veriff_json_alloc.h"


/*
 * jansson makes a block of its own for each value, name and word, some 150
 * for a decision: malloc() and free() took a third of the time of a parse.
 */
#define NGX_VERIFF_JSON_ARENA  131072
#define NGX_VERIFF_JSON_ALIGN  16


typedef struct {
    u_char       *last;         /* NULL: not in use */
    ngx_uint_t    outside;      /* it had no room for something */
    pthread_t     thread;
} ngx_veriff_json_arena_t;


static void *ngx_veriff_json_malloc(size_t size);
static void ngx_veriff_json_free(void *p);
static void *ngx_veriff_json_arena_alloc(size_t size);
static ngx_uint_t ngx_veriff_json_installed(void);
static void ngx_veriff_json_done(void *data);


/* what jansson had before */

static json_malloc_t  ngx_veriff_json_next_malloc;
static json_free_t    ngx_veriff_json_next_free;

static ngx_uint_t     ngx_veriff_json_users;
static ngx_uint_t     ngx_veriff_json_lacks;

static ngx_veriff_json_arena_t  ngx_veriff_json_arena;

static u_char  ngx_veriff_json_block[NGX_VERIFF_JSON_ARENA]
    __attribute__((aligned(NGX_VERIFF_JSON_ALIGN)));


ngx_int_t
ngx_veriff_json_init(ngx_pool_t *pool)
{
    json_free_t          release;
    json_malloc_t        allocate;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    if (!ngx_veriff_json_installed()) {
        json_get_alloc_funcs(&allocate, &release);

        ngx_veriff_json_next_malloc = allocate;
        ngx_veriff_json_next_free = release;

        json_set_alloc_funcs(ngx_veriff_json_malloc, ngx_veriff_json_free);
    }

    ngx_veriff_json_users++;

    cln->handler = ngx_veriff_json_done;
    cln->data = &ngx_veriff_json_users;

    return NGX_OK;
}


static ngx_uint_t
ngx_veriff_json_installed(void)
{
    json_free_t    release;
    json_malloc_t  allocate;

    json_get_alloc_funcs(&allocate, &release);

    return allocate == ngx_veriff_json_malloc
           && release == ngx_veriff_json_free;
}


static void *
ngx_veriff_json_malloc(size_t size)
{
    void  *p;

    p = ngx_veriff_json_arena.last ? ngx_veriff_json_arena_alloc(size) : NULL;

    if (p) {
        return p;
    }

    p = ngx_veriff_json_next_malloc(size);

    if (p == NULL) {
        ngx_veriff_json_lacks = 1;
    }

    return p;
}


static void *
ngx_veriff_json_arena_alloc(size_t size)
{
    size_t                    left;
    u_char                   *p;
    ngx_veriff_json_arena_t  *arena;

    arena = &ngx_veriff_json_arena;

    if (!pthread_equal(arena->thread, pthread_self())) {
        return NULL;
    }

    p = arena->last;
    left = ngx_veriff_json_block + NGX_VERIFF_JSON_ARENA - p;

    if (size > left) {
        arena->outside = 1;
        return NULL;
    }

    arena->last = p + size + (-size & (NGX_VERIFF_JSON_ALIGN - 1));

    return p;
}


/* also what was allocated before this was installed */

static void
ngx_veriff_json_free(void *p)
{
    if ((uintptr_t) p - (uintptr_t) ngx_veriff_json_block
        >= NGX_VERIFF_JSON_ARENA)
    {
        ngx_veriff_json_next_free(p);
    }
}


void
ngx_veriff_json_arena_begin(void)
{
    ngx_veriff_json_arena.last = ngx_veriff_json_block;
    ngx_veriff_json_arena.outside = 0;
    ngx_veriff_json_arena.thread = pthread_self();
}


ngx_uint_t
ngx_veriff_json_arena_whole(void)
{
    return !ngx_veriff_json_arena.outside && ngx_veriff_json_installed();
}


void
ngx_veriff_json_arena_end(void)
{
    size_t  used;

    used = ngx_veriff_json_arena.last - ngx_veriff_json_block;

    ngx_memzero(ngx_veriff_json_block, used);

    ngx_veriff_json_arena.last = NULL;
}


void
ngx_veriff_json_alloc_watch(void)
{
    ngx_veriff_json_lacks = 0;
}


ngx_uint_t
ngx_veriff_json_alloc_lacks(void)
{
    return ngx_veriff_json_lacks;
}


/* the module may be unloaded */

static void
ngx_veriff_json_done(void *data)
{
    ngx_uint_t *users = data;

    if (--*users == 0 && ngx_veriff_json_installed()) {
        json_set_alloc_funcs(ngx_veriff_json_next_malloc,
                             ngx_veriff_json_next_free);
    }
}
