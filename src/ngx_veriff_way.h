
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_WAY_H_INCLUDED_
#define _NGX_VERIFF_WAY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_seal.h"


/* The way back of a user who is led through verification. */

#define NGX_VERIFF_WAY_MAX       2048   /* bytes of a path */
#define NGX_VERIFF_WAY_LIFETIME  86400  /* seconds: of a sealed way */


typedef struct {
    ngx_str_t  user;
    ngx_str_t  path;            /* local, with arguments */
    time_t     max_age;         /* demanded of an approval, 0 for none */
} ngx_veriff_way_t;


/*
 * Checks that a request-target, a path with or without "?arguments", can
 * stand in a Location header and never leave the host, however often it is
 * unescaped on the way: it begins with one slash, also when dot segments were
 * resolved, is printable ASCII without '#', quotes, angle brackets and
 * backslash, and at most NGX_VERIFF_WAY_MAX bytes long.  Its path has only
 * complete escapes, and none of a control character or a backslash; with dot
 * segments in it, it has no repeated slashes either, escaped or not.
 * Returns NGX_OK or NGX_DECLINED.
 */
ngx_int_t ngx_veriff_way_path(ngx_str_t *path);

/*
 * Non-zero if the path, its arguments aside, is the location of this URI:
 * unescaped, with dot segments resolved and repeated slashes merged, as nginx
 * does before it chooses a location.
 */
ngx_uint_t ngx_veriff_way_is(ngx_str_t *path, ngx_str_t *uri);

/*
 * Seals a way as text for a cookie, at most NGX_VERIFF_WAY_TEXT_MAX bytes
 * allocated from the pool, which is good for NGX_VERIFF_WAY_LIFETIME from now.
 * Returns NGX_OK or NGX_ERROR (also if the user or the path is too long).
 */
#define NGX_VERIFF_WAY_TEXT_MAX  3478

ngx_int_t ngx_veriff_way_seal(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    ngx_str_t *scope, ngx_veriff_way_t *way, time_t now, ngx_str_t *text);

/*
 * The way back: NGX_OK, NGX_DECLINED (not sealed by us for this scope, or
 * expired, or a path that does not pass) or NGX_ERROR.
 */
ngx_int_t ngx_veriff_way_open(ngx_pool_t *pool, ngx_veriff_keys_t *keys,
    ngx_str_t *scope, ngx_str_t *text, time_t now, ngx_veriff_way_t *way);


#endif /* _NGX_VERIFF_WAY_H_INCLUDED_ */
