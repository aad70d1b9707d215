
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_RATE_H_INCLUDED_
#define _NGX_VERIFF_RATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * At most so many in any 60 seconds, wherever they begin: a bucket that is
 * full at first and leaks meanwhile would let twice as many pass.  It counts
 * by the second, and the second in which a minute began counts whole.
 */

#define NGX_VERIFF_RATE_CELLS  61


/*
 * Zeroed: nothing has passed.  It has no lock of its own.  Whoever is killed
 * while he changes it, or copies it without the lock, leaves nothing behind
 * that is wrong for longer than a minute: so there is no sum in it.
 */

typedef struct {
    int64_t     last;       /* the newest second */
    uint32_t    cells[NGX_VERIFF_RATE_CELLS];
} ngx_veriff_rate_t;


/*
 * Says whether one more may pass, and if so, ngx_veriff_rate_take() counts
 * it.  now is in seconds, of a clock that is not set; limit is not zero.
 * Returns 0, or the seconds after which one may.
 */
ngx_uint_t ngx_veriff_rate_wait(ngx_veriff_rate_t *rate, ngx_uint_t limit,
    int64_t now);
ngx_uint_t ngx_veriff_rate_take(ngx_veriff_rate_t *rate, ngx_uint_t limit,
    int64_t now);


#endif /* _NGX_VERIFF_RATE_H_INCLUDED_ */
