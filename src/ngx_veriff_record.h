
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_RECORD_H_INCLUDED_
#define _NGX_VERIFF_RECORD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_policy.h"


/*
 * A user's record as the store keeps it: a fixed head with a version, read
 * without parsing, and what varies in length behind it.  Little-endian, so
 * that a copy may move to another machine.
 */

#define NGX_VERIFF_RECORD_VERSION   2
#define NGX_VERIFF_SEALED_USER_MAX  1024
#define NGX_VERIFF_SEALED_URL_MAX   131072


typedef struct {
    ngx_veriff_history_t    history;

    uint64_t                revision;   /* one more with each change */
    uint64_t                integration; /* keyed hash of its name */

    int64_t                 lease;      /* ms: someone creates until then */
    uint64_t                holder;     /* who does */

    int64_t                 outcome_at; /* ms: of the last creation */
    ngx_uint_t              outcome;    /* its HTTP status, 16 bits, or 0 */
    ngx_uint_t              retry_after; /* seconds, 16 bits */

    int64_t                 asked;      /* ms: last decision query */

    int64_t                 rate_last;  /* ms: user_rate's bucket */
    ngx_uint_t              rate_excess; /* thousandths, 32 bits */

    /* keyed hashes of what was sent for the open session, or 0 */
    uint64_t                vendor_data;
    uint64_t                end_user_id;

    /* and for the session whose verdict stands */
    uint64_t                standing_vendor_data;
    uint64_t                standing_end_user_id;

    /* sealed; empty if there is none */
    ngx_str_t               user;
    ngx_str_t               url;
} ngx_veriff_record_t;


/* The bytes that the record takes. */
size_t ngx_veriff_record_len(ngx_veriff_record_t *record);

/*
 * Writes the record to buf, which has ngx_veriff_record_len() bytes.  What a
 * verdict of the open session itself makes needless is left out: its
 * attempts and its URL.
 */
void ngx_veriff_record_write(ngx_veriff_record_t *record, u_char *buf);

/*
 * Reads a record; user and url borrow from p.
 * Returns NGX_OK or NGX_DECLINED (another version, or not a record).
 */
ngx_int_t ngx_veriff_record_read(ngx_veriff_record_t *record, u_char *p,
    size_t len);


#endif /* _NGX_VERIFF_RECORD_H_INCLUDED_ */
