
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _UNIT_H_INCLUDED_
#define _UNIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Checks that print TAP: a group is one test, and one line; it fails if any
 * of its expectations does, and says which.
 */

/* Begins a group. */
void unit_group(const char *name);

/* Ends the last group, prints the plan and returns the exit code. */
int unit_done(void);

#define expect(cond)                                                         \
    unit_expect((cond) ? 1 : 0, __FILE__, __LINE__, #cond, NULL)

/* the same within a loop: detail says at which of its rounds */
#define expect_at(cond, detail)                                              \
    unit_expect((cond) ? 1 : 0, __FILE__, __LINE__, #cond, detail)

#define expect_str(str, text)                                                \
    unit_expect_str(&(str), text, __FILE__, __LINE__, #str)

void unit_expect(ngx_uint_t ok, const char *file, int line, const char *cond,
    const char *detail);
void unit_expect_str(ngx_str_t *str, const char *text, const char *file,
    int line, const char *cond);

/* A string that is not followed by NUL, so that reading on is an error. */
ngx_str_t unit_str(ngx_pool_t *pool, const char *text);
ngx_str_t unit_mem(ngx_pool_t *pool, const void *p, size_t len);

/* n times the text */
ngx_str_t unit_repeat(ngx_pool_t *pool, const char *text, size_t n);

/* text with n put in, for expect_at() */
const char *unit_at(const char *text, ngx_uint_t n);

/* an array of strings, ended by NULL */
ngx_array_t *unit_array(ngx_pool_t *pool, const char **text);

/* Lets jansson allocate through the stub as well. */
void unit_json_alloc(void);


#endif /* _UNIT_H_INCLUDED_ */
