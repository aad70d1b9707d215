
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_SWEEP_ENTRY_H_INCLUDED_
#define _NGX_HTTP_VERIFF_SWEEP_ENTRY_H_INCLUDED_


#include "ngx_http_veriff_state.h"


/* A sweep, and what becomes of each value; for ngx_http_veriff_sweep*.c. */

#define NGX_HTTP_VERIFF_SWEEP_MARK    16        /* time and revision */


/* of each worker */

typedef struct {
    ngx_http_veriff_main_conf_t  *vmcf;
    ngx_event_t                   timer;
    ngx_connection_t              dumb;     /* for the log of the timer */

    u_char                        name[NGX_VERIFF_NAME_LEN];
    u_char                        mark[NGX_HTTP_VERIFF_SWEEP_MARK];
    ngx_http_veriff_change_t      claim;

    ngx_pool_t                   *pool;     /* of a step */
    ngx_veriff_lmdb_scan_t        scan;
    uint64_t                     *hashes;   /* of integrations, in cycle's */
    ngx_uint_t                    pending;  /* changes of this step */
    ngx_uint_t                    removed;

    unsigned                      prepared:1;   /* hashes are set */
    unsigned                      sweeping:1;
    unsigned                      busy:1;   /* a claim or a step */
} ngx_http_veriff_sweep_t;


extern ngx_http_veriff_sweep_t  ngx_http_veriff_sweep;


/* Queues what is to be changed: NGX_ERROR if the step cannot go on. */
ngx_int_t ngx_http_veriff_sweep_entry(ngx_veriff_lmdb_entry_t *entry);

/* Makes a change of this step, NULL on lack of memory, and queues it. */
ngx_http_veriff_change_t *ngx_http_veriff_sweep_change(u_char *key,
    ngx_str_t *value);
ngx_int_t ngx_http_veriff_sweep_queue(ngx_http_veriff_change_t *change);

/* Reads eight bytes. */
int64_t ngx_http_veriff_sweep_number(u_char *p);


#endif /* _NGX_HTTP_VERIFF_SWEEP_ENTRY_H_INCLUDED_ */
