
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_JSON_H_INCLUDED_
#define _NGX_VERIFF_JSON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Reading and building JSON.  jansson is included by ngx_veriff_json*.c and
 * ngx_veriff_payload*.c only; everyone else sees this opaque type.
 */

typedef struct ngx_veriff_json_s  ngx_veriff_json_t;


typedef struct {
    ngx_uint_t          line;
    ngx_uint_t          column;
    ngx_str_t           text;       /* allocated from the pool */
} ngx_veriff_json_error_t;


/*
 * To be called before the others, once for each configuration: lets it be
 * noticed that there is no memory.  jansson 2.14 leaves out a character of a
 * string that it has no memory for, and goes on.  It lasts as long as the
 * pool.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_veriff_json_init(ngx_pool_t *pool);

/*
 * Parses len bytes that must be one JSON object or array: duplicate keys,
 * NUL characters, invalid UTF-8 and trailing bytes are refused, depth is
 * bounded by jansson (2048).  The result lives as long as the pool.
 * Returns NULL with *err filled in (err may be NULL) on bad input or lack
 * of memory.  The text of an error quotes the input: it is for documents of
 * the operator's own only.
 */
ngx_veriff_json_t *ngx_veriff_json_parse(ngx_pool_t *pool, u_char *p,
    size_t len, ngx_veriff_json_error_t *err);

/*
 * The same, for those who must tell bad input from lack of memory: NGX_OK
 * (*json is set), NGX_DECLINED (bad input) or NGX_ERROR (no memory).
 */
ngx_int_t ngx_veriff_json_read(ngx_pool_t *pool, u_char *p, size_t len,
    ngx_veriff_json_t **json);

/*
 * ngx_veriff_json_read() for what the provider says, to which it may add
 * members at any time: integers of more than 64 bits are no reason to refuse
 * it.  If there is one, all numbers are as precise as a double.
 */
ngx_int_t ngx_veriff_json_read_provider(ngx_pool_t *pool, u_char *p,
    size_t len, ngx_veriff_json_t **json);

/*
 * The same for a document that is needed but once: look() is called with it,
 * and then it is gone, so that what is taken of it is copied.  This costs half
 * of the above where the document is not large.  Within look() no other
 * document is read.
 * Returns what look() returns, or as ngx_veriff_json_read() does.
 */
typedef ngx_int_t (*ngx_veriff_json_look_pt)(ngx_veriff_json_t *json,
    void *data);

ngx_int_t ngx_veriff_json_look(u_char *p, size_t len,
    ngx_veriff_json_look_pt look, void *data);

/*
 * Returns the member of an object that is itself an object, or NULL
 * (absent, null or of another type; json may be NULL).  Borrowed: it lives
 * as long as what it was taken from.
 */
ngx_veriff_json_t *ngx_veriff_json_object(ngx_veriff_json_t *json,
    const char *name);

/*
 * Reads a string member; *value borrows jansson's memory, which lives as
 * long as the pool the document was parsed with.
 * Returns NGX_OK, NGX_DECLINED (absent or null: *value is empty, its data
 * NULL) or NGX_ERROR (another type; json is NULL or no object).
 */
ngx_int_t ngx_veriff_json_string(ngx_veriff_json_t *json, const char *name,
    ngx_str_t *value);

/*
 * Reads an integer member: NGX_OK, NGX_DECLINED (absent or null) or
 * NGX_ERROR (another type, or no whole number).
 */
ngx_int_t ngx_veriff_json_integer(ngx_veriff_json_t *json, const char *name,
    int64_t *value);

/* Non-zero if it is an object, not an array (json may be NULL). */
ngx_uint_t ngx_veriff_json_is_object(ngx_veriff_json_t *json);

/* Non-zero if the object has the member, whatever its type. */
ngx_uint_t ngx_veriff_json_has(ngx_veriff_json_t *json, const char *name);

/*
 * Writes the JSON string literal of value, quotes included, at p and
 * returns the end; with p NULL returns the length needed as a pointer
 * difference from NULL.  Control characters, quotes and backslashes are
 * escaped, and '<', '>' and '&' too, so that it may stand in a page.  The
 * bytes must be valid UTF-8 (ngx_veriff_json_utf8()).
 */
uintptr_t ngx_veriff_json_escape(u_char *p, ngx_str_t *value);

/* NGX_OK if the bytes are valid UTF-8 without NUL, else NGX_DECLINED. */
ngx_int_t ngx_veriff_json_utf8(ngx_str_t *value);


#endif /* _NGX_VERIFF_JSON_H_INCLUDED_ */
