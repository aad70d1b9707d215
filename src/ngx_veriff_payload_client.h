
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_PAYLOAD_CLIENT_H_INCLUDED_
#define _NGX_VERIFF_PAYLOAD_CLIENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_json.h"
#include "ngx_veriff_payload_rule.h"


/*
 * What the client itself may say of a session: members of its own JSON that
 * are on a list.  Everything else it sends is ignored.
 */

#define NGX_VERIFF_PAYLOAD_CLIENT_MAX  65536    /* bytes of its JSON */
#define NGX_VERIFF_PAYLOAD_MEMBER_MAX  128      /* bytes of a path */


typedef struct {
    ngx_str_t                    path;      /* "person.firstName" */
    ngx_array_t                 *names;     /* const char * */
    ngx_veriff_payload_rule_t   *rule;      /* NULL if not known */
} ngx_veriff_payload_member_t;


/*
 * Adds the member below "verification" that the path names to the list, an
 * array of ngx_veriff_payload_member_t.  An object that is listed stands for
 * its members that are known.  vendorData, endUserId and callback are refused
 * at any place, and so is what holds another entry or is in one.
 * Returns NGX_OK, NGX_DONE (added, but not a member that is known: it may be a
 * string, a number, true or false), NGX_DECLINED with *reason set to a
 * constant, or NGX_ERROR (no memory).
 */
ngx_int_t ngx_veriff_payload_client_add(ngx_array_t *members, ngx_str_t *path,
    const char **reason);

/*
 * Reads the client's JSON, {"verification": {...}}, and checks the members on
 * the list by the provider's rules.  Those that are null or empty are left
 * out, as are objects and arrays that become empty by that.
 * Returns NGX_OK (*client is what ngx_veriff_payload_render() takes, or NULL
 * if there is none; it lives as long as the pool), NGX_DECLINED (*error names
 * the member and the rule, never the value; NUL-terminated plain text), or
 * NGX_ERROR (no memory).
 */
ngx_int_t ngx_veriff_payload_client(ngx_pool_t *pool, ngx_array_t *members,
    ngx_str_t *body, ngx_veriff_json_t **client, ngx_str_t *error);


#endif /* _NGX_VERIFF_PAYLOAD_CLIENT_H_INCLUDED_ */
