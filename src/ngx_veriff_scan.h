
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_SCAN_H_INCLUDED_
#define _NGX_VERIFF_SCAN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * What a JSON document says, read in one pass over its bytes: a tree of all
 * of it costs ten times as much as its signature.  Kept are the members of
 * the outermost object and of objects in it, down to NGX_VERIFF_SCAN_LEVELS,
 * not those in arrays.
 */

#define NGX_VERIFF_SCAN_LEVELS   4
#define NGX_VERIFF_SCAN_MEMBERS  128


typedef enum {
    NGX_VERIFF_MEMBER_OTHER = 0,    /* an array, a boolean, a fraction */
    NGX_VERIFF_MEMBER_NULL,
    NGX_VERIFF_MEMBER_INTEGER,      /* 5.0 is one, too */
    NGX_VERIFF_MEMBER_STRING,
    NGX_VERIFF_MEMBER_OBJECT
} ngx_veriff_member_e;


typedef struct {
    ngx_str_t               name;
    ngx_str_t               value;      /* of a string */
    int64_t                 integer;
    ngx_veriff_member_e     type;
    ngx_uint_t              inner;      /* members of its own, behind it */
} ngx_veriff_member_t;


/* the members of one object, one behind the other */

typedef struct {
    ngx_veriff_member_t    *first;
    ngx_veriff_member_t    *last;       /* behind them; both may be NULL */
} ngx_veriff_members_t;


/*
 * Reads len bytes; what is found borrows from them, and stands in buf, which
 * has room for NGX_VERIFF_SCAN_MEMBERS.
 *
 * NGX_OK means that it is one object, which ngx_veriff_json_parse() takes,
 * too.  NGX_DECLINED says nothing: it may be malformed, or have what is rare
 * and left to ngx_veriff_json_parse() and ngx_veriff_json_members(): numbers
 * that are long or have exponents, surrogates, names with escapes, strings
 * with escapes among the members that are kept, many members or levels.
 */
ngx_int_t ngx_veriff_scan(u_char *p, size_t len, ngx_veriff_member_t *buf,
    ngx_veriff_members_t *members);

/*
 * The member of this name, or NULL.
 */
ngx_veriff_member_t *ngx_veriff_member(ngx_veriff_members_t *members,
    const char *name);

/*
 * The members of an object that is a member, none if it is absent or of
 * another type.
 */
void ngx_veriff_member_object(ngx_veriff_members_t *members,
    const char *name, ngx_veriff_members_t *inner);

/*
 * A string that is a member: NGX_OK, NGX_DECLINED (absent or null) or
 * NGX_ERROR (another type); *value is null then.
 */
ngx_int_t ngx_veriff_member_string(ngx_veriff_members_t *members,
    const char *name, ngx_str_t *value);

/*
 * An integer that is a member, or 0.
 */
int64_t ngx_veriff_member_integer(ngx_veriff_members_t *members,
    const char *name);


#endif /* _NGX_VERIFF_SCAN_H_INCLUDED_ */
