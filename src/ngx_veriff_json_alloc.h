
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_JSON_ALLOC_H_INCLUDED_
#define _NGX_VERIFF_JSON_ALLOC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The memory that jansson takes, for ngx_veriff_json.c only; installed by
 * ngx_veriff_json_init().  Not for threads: nothing but the event loop reads
 * JSON, and what other threads take passes by.
 */

/* Begins to watch: forgets what was lacking before. */
void ngx_veriff_json_alloc_watch(void);

/* Non-zero if some memory could not be had since. */
ngx_uint_t ngx_veriff_json_alloc_lacks(void);

/*
 * From here on memory comes from a block that this process has anyway, as
 * long as there is some left of it, and freeing it does nothing.  What is
 * made must be dropped before the end.
 */
void ngx_veriff_json_arena_begin(void);

/* Non-zero if all that was taken came from it: there is nothing to free. */
ngx_uint_t ngx_veriff_json_arena_whole(void);

/* Ends it; the bytes that were used are zeroed. */
void ngx_veriff_json_arena_end(void);


#endif /* _NGX_VERIFF_JSON_ALLOC_H_INCLUDED_ */
