
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _FUZZ_H_INCLUDED_
#define _FUZZ_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * A target: reads the input, calls the core and says what must be so.  The
 * pool is destroyed after it.
 */
void fuzz_one(ngx_pool_t *pool, ngx_str_t *input);


#define fuzz_must(cond)                                                      \
    if (!(cond)) {                                                           \
        fuzz_broken(__FILE__, __LINE__, #cond);                              \
    }

/* Prints the property that does not hold, and aborts. */
void fuzz_broken(const char *file, int line, const char *cond)
    __attribute__((noreturn));

/* A pool for what all inputs share, destroyed at exit. */
ngx_pool_t *fuzz_kept(void);

/* A copy that is not followed by anything: reading on is an error. */
ngx_str_t fuzz_copy(ngx_pool_t *pool, const void *p, size_t len);
ngx_str_t fuzz_text(ngx_pool_t *pool, const char *text);

/* Takes a line off the input, without its end; what is left may be empty. */
ngx_str_t fuzz_line(ngx_pool_t *pool, ngx_str_t *input);

/* The same for a word of a line; blanks separate words. */
ngx_str_t fuzz_word(ngx_pool_t *pool, ngx_str_t *line);

/* The same for a decimal number, zero if there is none. */
uint64_t fuzz_number(ngx_str_t *line);

/* Takes a byte off the input, zero if there is none left. */
ngx_uint_t fuzz_byte(ngx_str_t *input);

ngx_uint_t fuzz_same(ngx_str_t *a, ngx_str_t *b);
ngx_uint_t fuzz_is(ngx_str_t *a, const char *text);
ngx_uint_t fuzz_holds(ngx_str_t *text, ngx_str_t *part);

/* 1-128 of [A-Za-z0-9._-], and no dot segment. */
ngx_uint_t fuzz_id(ngx_str_t *id);


#endif /* _FUZZ_H_INCLUDED_ */
