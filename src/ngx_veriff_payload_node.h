
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_PAYLOAD_NODE_H_INCLUDED_
#define _NGX_VERIFF_PAYLOAD_NODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "ngx_veriff_payload.h"
#include "ngx_veriff_payload_rule.h"


/*
 * A compiled template: what ngx_veriff_payload_compile.c makes and
 * ngx_veriff_payload.c renders.
 */

typedef struct {
    const char                 *name;       /* NULL in an array */
    json_t                     *constant;   /* or one of the next two */
    ngx_array_t                *nodes;
    void                       *expr;

    ngx_veriff_payload_type_e   type;
    ngx_veriff_payload_rule_t  *rule;       /* NULL if not known */
    ngx_str_t                   path;       /* of an expression */
} ngx_veriff_payload_node_t;


struct ngx_veriff_payload_s {
    ngx_veriff_payload_node_t   root;
    ngx_uint_t                  insecure_callback;
    ngx_uint_t                  user;       /* it must name one */
};


#endif /* _NGX_VERIFF_PAYLOAD_NODE_H_INCLUDED_ */
