
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_PAYLOAD_RULE_H_INCLUDED_
#define _NGX_VERIFF_PAYLOAD_RULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* The provider's rules for the members of a session request, as one table. */

typedef enum {
    NGX_VERIFF_PAYLOAD_OBJECT = 0,
    NGX_VERIFF_PAYLOAD_ARRAY,
    NGX_VERIFF_PAYLOAD_STRING,
    NGX_VERIFF_PAYLOAD_BOOL,
    NGX_VERIFF_PAYLOAD_NUMBER,
    NGX_VERIFF_PAYLOAD_NULL
} ngx_veriff_payload_type_e;


#define NGX_VERIFF_PAYLOAD_REQUIRED  0x01   /* its object must have it */
#define NGX_VERIFF_PAYLOAD_USER      0x02   /* one of each user, no constant */
#define NGX_VERIFF_PAYLOAD_CONSENT   0x04   /* the user's to give */


typedef struct ngx_veriff_payload_rule_s  ngx_veriff_payload_rule_t;

/* Returns NULL, or the rule that the value breaks ("is not ..."). */
typedef const char *(*ngx_veriff_payload_check_pt)(ngx_str_t *value);


struct ngx_veriff_payload_rule_s {
    ngx_str_t                           name;
    ngx_veriff_payload_type_e           type;
    ngx_uint_t                          flags;

    /* of a string: its check and the values known, NULL if any is right */
    ngx_veriff_payload_check_pt         check;
    const char                        **values;

    /*
     * of an object: its members, ended by an empty name; of an array: the
     * one rule of its elements
     */
    ngx_veriff_payload_rule_t          *members;
};


/* The rule of the whole body. */
extern ngx_veriff_payload_rule_t  ngx_veriff_payload_root;


/* The rule of a member, or NULL if it is not known. */
ngx_veriff_payload_rule_t *ngx_veriff_payload_rule(
    ngx_veriff_payload_rule_t *object, const char *name);

/*
 * Checks a value against the rule of its string (rule may be NULL); with
 * insecure_callback a callback may be http if its host is a literal loopback
 * address.
 * Returns NULL, or the rule that it breaks.
 */
const char *ngx_veriff_payload_rule_check(ngx_veriff_payload_rule_t *rule,
    ngx_str_t *value, ngx_uint_t insecure_callback);

/* Zero if the rule lists the known values and this is none of them. */
ngx_uint_t ngx_veriff_payload_rule_known(ngx_veriff_payload_rule_t *rule,
    ngx_str_t *value);


#endif /* _NGX_VERIFF_PAYLOAD_RULE_H_INCLUDED_ */
