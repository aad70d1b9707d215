
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_PAYLOAD_H_INCLUDED_
#define _NGX_VERIFF_PAYLOAD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_json.h"


/*
 * The template of a session request: {"verification": {...}} whose string
 * values may hold variables.  What a variable is, is the caller's matter:
 * it compiles and evaluates expressions through callbacks.
 *
 * A string that is one variable and ":bool" ("$name:bool", "${name}:bool")
 * becomes true (of true or 1) or false (of false or 0); with ":number" it
 * becomes a number, in JSON's syntax and at most 32 characters.  Any other
 * value of theirs is declined.  Names of members are never variables.
 */

#define NGX_VERIFF_PAYLOAD_MAX          65536   /* template and body, bytes */
#define NGX_VERIFF_PAYLOAD_DEPTH        16
#define NGX_VERIFF_VENDOR_DATA_MAX      1000    /* code points */


typedef struct ngx_veriff_payload_s  ngx_veriff_payload_t;


/*
 * Compiles the text of a string value that holds a '$'; *expr is opaque to
 * the template.  The text is NUL-terminated and lives in the pool.
 */
typedef ngx_int_t (*ngx_veriff_payload_compile_pt)(void *data,
    ngx_str_t *text, void **expr);

/* Evaluates an expression: NGX_OK or NGX_ERROR (no memory). */
typedef ngx_int_t (*ngx_veriff_payload_eval_pt)(void *data, void *expr,
    ngx_str_t *value);

/*
 * Called for each finding about the template; fatal is zero for what is
 * only doubtful (unknown members and enum values).  The message is in
 * nginx's style: lower case, no full stop, names the member and the rule.
 */
typedef void (*ngx_veriff_payload_report_pt)(void *data, ngx_uint_t fatal,
    ngx_str_t *message);


typedef struct {
    ngx_pool_t                     *pool;
    ngx_veriff_payload_compile_pt   compile;
    ngx_veriff_payload_report_pt    report;
    void                           *data;

    /* sent as vendorData if the template has no vendorData and endUserId */
    ngx_str_t                       user_token;     /* "$veriff_user_token" */

    /* sent as callback if not empty; the template must then have none */
    ngx_str_t                       callback;

    unsigned                        insecure_callback:1; /* http allowed if
                                                     literal loopback */

    /* set while compile() is called: the value says who the user is */
    unsigned                        is_user:1;
} ngx_veriff_payload_conf_t;


typedef struct {
    ngx_str_t                       body;

    /* what was sent: data is NULL if the member was not */
    ngx_str_t                       vendor_data;
    ngx_str_t                       end_user_id;

    /* if declined: the member's path and the rule, never the value */
    ngx_str_t                       error;

    unsigned                        client:1;   /* and it is the client's */
} ngx_veriff_payload_result_t;


/*
 * Parses, checks and compiles the template; text is not kept.  Constants
 * are checked against the provider's rules now, values that hold variables
 * when they are rendered.  All findings are reported, not only the first.
 * The result lives as long as conf->pool.  Returns NULL after at least one
 * fatal report.
 */
ngx_veriff_payload_t *ngx_veriff_payload_compile(
    ngx_veriff_payload_conf_t *conf, ngx_str_t *text);

/*
 * Builds the request body for one user.  All results are allocated from the
 * pool.  Members whose value comes out empty are left out, as are objects
 * and arrays that become empty by that; "verification" itself and what is
 * empty in the template stay.  Then the members of client (as
 * ngx_veriff_payload_client() makes it, or NULL) are added that are not there.
 * Returns NGX_OK, NGX_DECLINED (a value breaks a rule: result->error says
 * which) or NGX_ERROR (no memory).
 */
ngx_int_t ngx_veriff_payload_render(ngx_veriff_payload_t *payload,
    ngx_pool_t *pool, ngx_veriff_payload_eval_pt eval, void *data,
    ngx_veriff_json_t *client, ngx_veriff_payload_result_t *result);


#endif /* _NGX_VERIFF_PAYLOAD_H_INCLUDED_ */
