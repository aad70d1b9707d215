
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_STATE_H_INCLUDED_
#define _NGX_HTTP_VERIFF_STATE_H_INCLUDED_


#include "ngx_http_veriff_module.h"
#include "ngx_http_veriff_store_queue.h"

#include "ngx_veriff_record.h"


/* Users' records: found, read, and changed by whoever comes first. */

/* kinds of names in the store */

#define NGX_HTTP_VERIFF_STATE_USER     'u'
#define NGX_HTTP_VERIFF_STATE_SESSION  's'
#define NGX_HTTP_VERIFF_STATE_WEBHOOK  'w'      /* acknowledged */
#define NGX_HTTP_VERIFF_STATE_DELETED  'd'      /* a session that was */
#define NGX_HTTP_VERIFF_STATE_SWEEP    'm'      /* when it was last done */

/* a session's value: the name of its record, and when it was created */

#define NGX_HTTP_VERIFF_STATE_INDEX_LEN  (NGX_VERIFF_NAME_LEN + 8)

typedef struct ngx_http_veriff_update_s  ngx_http_veriff_update_t;

/*
 * Changes update->record as it stands now; called again if someone else has
 * changed it meanwhile, so it must not remember anything of a former call.
 * Returns NGX_OK (write it), NGX_DECLINED (nothing to write) or NGX_ERROR.
 */
typedef ngx_int_t (*ngx_http_veriff_modify_pt)(
    ngx_http_veriff_update_t *update);

/* Called when an update that had to wait is done: update->rc is set. */
typedef void (*ngx_http_veriff_update_pt)(ngx_http_veriff_update_t *update);


struct ngx_http_veriff_update_s {

    /* set by the caller */

    ngx_http_veriff_integration_t   *integration;
    ngx_http_veriff_modify_pt        modify;
    ngx_http_veriff_update_pt        done;
    void                            *data;
    ngx_str_t                        session;   /* to be found by, or empty */
    ngx_uint_t                       adopted;   /* it, if it is nobody's */
    ngx_str_t                        forget;    /* one not to be found by */
    ngx_uint_t                       remove;    /* the record, not write it */

    /* what it works on */

    ngx_pool_t                      *pool;      /* of its own */
    ngx_http_request_t              *request;   /* NULL if it has gone */
    ngx_http_veriff_main_conf_t     *vmcf;
    u_char                           name[NGX_VERIFF_NAME_LEN];
    u_char                           index[NGX_HTTP_VERIFF_STATE_INDEX_LEN
                                           + 1];
    ngx_veriff_record_t              record;
    ngx_http_veriff_change_t         change;
    ngx_uint_t                       tries;
    ngx_pool_cleanup_t              *cleanup;   /* of the request */

    /*
     * the result: NGX_OK (durable, or nothing to write), NGX_ABORT (the
     * store is full) or NGX_ERROR
     */
    ngx_int_t                        rc;
};


/* The settings that states depend on, as of now. */
void ngx_http_veriff_state_policy(ngx_http_veriff_integration_t *vi,
    ngx_veriff_policy_t *policy);

/* The name of a user's record: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_veriff_state_name(ngx_http_veriff_main_conf_t *vmcf,
    ngx_http_veriff_integration_t *vi, ngx_str_t *user, u_char *name);

/* The name of a session's index entry: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_veriff_state_index(ngx_http_veriff_main_conf_t *vmcf,
    ngx_http_veriff_integration_t *vi, ngx_str_t *session, u_char *name);

/* What records know their integration by: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_veriff_state_integration(
    ngx_http_veriff_main_conf_t *vmcf, ngx_http_veriff_integration_t *vi,
    uint64_t *hash);

/*
 * The name of the record of a session: NGX_OK, NGX_DECLINED (it is not
 * known) or NGX_ERROR (the store failed).
 */
ngx_int_t ngx_http_veriff_state_session(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_str_t *session, u_char *name);

/*
 * The same, for what has no request; *adopted is set for a session that the
 * gateway has not made.
 */
ngx_int_t ngx_http_veriff_state_owner(ngx_http_veriff_main_conf_t *vmcf,
    ngx_pool_t *pool, ngx_http_veriff_integration_t *vi, ngx_str_t *session,
    u_char *name, ngx_uint_t *adopted);

/*
 * Whether a session that is not known was deleted a few days ago: NGX_OK,
 * NGX_DECLINED or NGX_ERROR.  Only kept with "match vendor_data".
 */
ngx_int_t ngx_http_veriff_state_deleted(ngx_http_veriff_main_conf_t *vmcf,
    ngx_pool_t *pool, ngx_http_veriff_integration_t *vi, ngx_str_t *session);

/*
 * A keyed hash of a vendorData or endUserId, zero for none, by which an echo
 * is known again.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_state_echo(ngx_http_veriff_main_conf_t *vmcf,
    ngx_http_veriff_integration_t *vi, ngx_str_t *text, uint64_t *echo);

/*
 * Reads a record; what it points to is in the pool.  NGX_OK, NGX_DECLINED
 * (there is none: it is empty) or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_state_get(ngx_http_veriff_main_conf_t *vmcf,
    ngx_pool_t *pool, u_char *name, ngx_veriff_record_t *record);

/*
 * Makes an update for a record, in a pool of its own; NULL on lack of
 * memory.  It outlives the request.
 */
ngx_http_veriff_update_t *ngx_http_veriff_state_update_create(
    ngx_http_request_t *r, u_char *name);

/*
 * Starts it.  Returns NGX_AGAIN (update->done will be called), or NGX_OK,
 * NGX_ABORT or NGX_ERROR, which update->rc is, too.  In each case the caller
 * frees it, in update->done at the latest.
 */
ngx_int_t ngx_http_veriff_state_update(ngx_http_veriff_update_t *update);
void ngx_http_veriff_state_update_free(ngx_http_veriff_update_t *update);


#endif /* _NGX_HTTP_VERIFF_STATE_H_INCLUDED_ */
