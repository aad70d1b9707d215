
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_CORE_H_INCLUDED_
#define _NGX_CORE_H_INCLUDED_


#include <ngx_config.h>


/*
 * As much of nginx's core as src/ngx_veriff_* may use.  Every allocation is
 * a malloc() of its own, so that a sanitizer sees each overflow and leak.
 */

#define NGX_OK        0
#define NGX_ERROR    -1
#define NGX_AGAIN    -2
#define NGX_BUSY     -3
#define NGX_DONE     -4
#define NGX_DECLINED -5
#define NGX_ABORT    -6

#define LF           (u_char) '\n'
#define CR           (u_char) '\r'

#define ngx_abs(value)       (((value) >= 0) ? (value) : - (value))
#define ngx_max(val1, val2)  ((val1 < val2) ? (val2) : (val1))
#define ngx_min(val1, val2)  ((val1 > val2) ? (val2) : (val1))


typedef struct {
    size_t                    len;
    u_char                   *data;
} ngx_str_t;


typedef void (*ngx_pool_cleanup_pt)(void *data);

typedef struct ngx_pool_s          ngx_pool_t;
typedef struct ngx_pool_cleanup_s  ngx_pool_cleanup_t;

struct ngx_pool_cleanup_s {
    ngx_pool_cleanup_pt       handler;
    void                     *data;
    ngx_pool_cleanup_t       *next;
};


typedef struct {
    void                     *elts;
    ngx_uint_t                nelts;
    size_t                    size;
    ngx_uint_t                nalloc;
    ngx_pool_t               *pool;
} ngx_array_t;


#define ngx_string(str)     { sizeof(str) - 1, (u_char *) str }
#define ngx_null_string     { 0, NULL }
#define ngx_str_set(str, text)                                               \
    (str)->len = sizeof(text) - 1; (str)->data = (u_char *) text
#define ngx_str_null(str)   (str)->len = 0; (str)->data = NULL

#define ngx_tolower(c)      (u_char) ((c >= 'A' && c <= 'Z') ? (c | 0x20) : c)
#define ngx_toupper(c)      (u_char) ((c >= 'a' && c <= 'z') ? (c & ~0x20) : c)

#define ngx_strncmp(s1, s2, n)  strncmp((const char *) s1, (const char *) s2, n)
#define ngx_strcmp(s1, s2)      strcmp((const char *) s1, (const char *) s2)
#define ngx_strlen(s)           strlen((const char *) s)

#define ngx_memzero(buf, n)       (void) memset(buf, 0, n)
#define ngx_memset(buf, c, n)     (void) memset(buf, c, n)
#define ngx_memcpy(dst, src, n)   (void) memcpy(dst, src, n)
#define ngx_cpymem(dst, src, n)   (((u_char *) memcpy(dst, src, n)) + (n))
#define ngx_memmove(dst, src, n)  (void) memmove(dst, src, n)
#define ngx_memcmp(s1, s2, n)     memcmp(s1, s2, n)

#define ngx_base64_encoded_length(len)  (((len + 2) / 3) * 4)
#define ngx_base64_decoded_length(len)  (((len + 3) / 4) * 3)


void *ngx_palloc(ngx_pool_t *pool, size_t size);
void *ngx_pnalloc(ngx_pool_t *pool, size_t size);
void *ngx_pcalloc(ngx_pool_t *pool, size_t size);
ngx_pool_cleanup_t *ngx_pool_cleanup_add(ngx_pool_t *pool, size_t size);

ngx_array_t *ngx_array_create(ngx_pool_t *pool, ngx_uint_t n, size_t size);
void *ngx_array_push(ngx_array_t *a);

ngx_int_t ngx_strncasecmp(u_char *s1, u_char *s2, size_t n);
u_char *ngx_hex_dump(u_char *dst, u_char *src, size_t len);
void ngx_encode_base64url(ngx_str_t *dst, ngx_str_t *src);
ngx_int_t ngx_decode_base64url(ngx_str_t *dst, ngx_str_t *src);

/* %V %s %*s %i %ui %z %uz %d %ud %c %% */
u_char *ngx_cdecl ngx_sprintf(u_char *buf, const char *fmt, ...);
u_char *ngx_cdecl ngx_snprintf(u_char *buf, size_t max, const char *fmt, ...);
u_char *ngx_cdecl ngx_slprintf(u_char *buf, u_char *last, const char *fmt,
    ...);


static ngx_inline u_char *
ngx_strlchr(u_char *p, u_char *last, u_char c)
{
    while (p < last) {

        if (*p == c) {
            return p;
        }

        p++;
    }

    return NULL;
}


/* ---- what nginx does not have ------------------------------------------ */

ngx_pool_t *ngx_stub_pool_create(void);
void ngx_stub_pool_destroy(ngx_pool_t *pool);

/*
 * Lets the n-th allocation from now on fail, and all after it; 0: none.
 * Pools and ngx_stub_malloc() count alike.
 */
void ngx_stub_fail_after(ngx_uint_t n);

/* The same for the n-th only. */
void ngx_stub_fail_once(ngx_uint_t n);

/* Non-zero if an allocation has failed since ngx_stub_fail_after(). */
ngx_uint_t ngx_stub_failed(void);

/* For libraries that take allocators. */
void *ngx_stub_malloc(size_t size);
void ngx_stub_free(void *p);


#endif /* _NGX_CORE_H_INCLUDED_ */
