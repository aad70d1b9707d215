
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _FUZZ_JSON_READER_H_INCLUDED_
#define _FUZZ_JSON_READER_H_INCLUDED_


#include "fuzz.h"


/*
 * A JSON reader of its own, to compare jansson and its callers with: strict
 * RFC 8259, as jansson reads it (no NUL, no duplicate keys, no lone
 * surrogates, numbers that fit, at most 2048 levels).
 */

typedef struct fuzz_json_s  fuzz_json_t;

struct fuzz_json_s {
    u_char         type;        /* { [ " 0 (an integer) . (a real) t f n */
    ngx_str_t      name;        /* of a member, unescaped */
    ngx_str_t      text;        /* of a string, unescaped; of a number */
    fuzz_json_t   *child;
    fuzz_json_t   *next;
};


/* NULL if it is not valid JSON; it is an object or an array, unless ANY. */
fuzz_json_t *fuzz_json_read(ngx_pool_t *pool, ngx_str_t *text,
    ngx_uint_t flags);

#define FUZZ_JSON_ANY  1
#define FUZZ_JSON_BIG  2    /* integers may be beyond 64 bits */

/* The member of an object, or NULL (json may be NULL, or no object). */
fuzz_json_t *fuzz_json_get(fuzz_json_t *json, const char *name);
fuzz_json_t *fuzz_json_find(fuzz_json_t *json, ngx_str_t *name);
fuzz_json_t *fuzz_json_at(fuzz_json_t *json, size_t index);

/* The value of a number, zero of anything else. */
double fuzz_json_number(ngx_pool_t *pool, fuzz_json_t *json);

/* The text of a string, or of length zero with data NULL. */
ngx_str_t fuzz_json_string(fuzz_json_t *json);

/* Writes it with the members of each object in the other order. */
ngx_str_t fuzz_json_reverse(ngx_pool_t *pool, fuzz_json_t *json);

/* The values are the same; the order of members does not matter. */
ngx_uint_t fuzz_json_same(fuzz_json_t *a, fuzz_json_t *b);

/* A decoder of its own: valid, shortest form, no surrogate, no NUL. */
ngx_uint_t fuzz_utf8(ngx_str_t *text);


#endif /* _FUZZ_JSON_READER_H_INCLUDED_ */
