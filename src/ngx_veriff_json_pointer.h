
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_JSON_POINTER_H_INCLUDED_
#define _NGX_VERIFF_JSON_POINTER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_json.h"


/* A place in a JSON document, RFC 6901. */

typedef struct ngx_veriff_json_pointer_s  ngx_veriff_json_pointer_t;


/*
 * Compiles "/a/b/0"; "" is no pointer here, a whole document is no text.
 * The result lives as long as the pool.  Returns NULL if it is malformed,
 * with *reason set, or on lack of memory, with *reason NULL.
 */
ngx_veriff_json_pointer_t *ngx_veriff_json_pointer(ngx_pool_t *pool,
    ngx_str_t *text, const char **reason);

/*
 * Gets the text of the string, number or boolean there.  A string's borrows
 * the document's memory.  Returns NGX_OK, NGX_DECLINED (nothing, null, an
 * object or an array; json may be NULL) or NGX_ERROR (no memory).
 */
ngx_int_t ngx_veriff_json_pointer_get(ngx_pool_t *pool,
    ngx_veriff_json_t *json, ngx_veriff_json_pointer_t *pointer,
    ngx_str_t *value);


#endif /* _NGX_VERIFF_JSON_POINTER_H_INCLUDED_ */
