
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_record.h"


/*
 * The head:
 *
 *     0  version         1  standing status     2  dead     3  decision
 *     4  attempts        5  standing id's len   6  open id's len
 *     7  flags
 *     8  revision       16  decided            24  withdrawn
 *    32  created        40  open decided       48  lease
 *    56  holder         64  outcome_at         72  asked
 *    80  rate_last      88  rate_excess (4)    92  outcome (2)
 *    94  retry_after (2)                       96  user's len (4)
 *   100  url's len (4)                      104  vendor_data
 *   112  end_user_id       120  integration
 *
 * then the attempts (8 bytes hash, 1 byte event and decided), the screenings
 * (8 bytes hash, 8 bytes time, 1 byte match; how many is in the upper half of
 * the flags), the standing session's id, if the open session is another one
 * its id and the standing session's vendor_data and end_user_id, then user and
 * URL.
 */

#define NGX_VERIFF_RECORD_HEAD      128
#define NGX_VERIFF_RECORD_ATTEMPT   9

#define NGX_VERIFF_RECORD_SCREENING 17
#define NGX_VERIFF_RECORD_ECHO      16

#define NGX_VERIFF_RECORD_OWN       0x01    /* both ids are the same */
#define NGX_VERIFF_RECORD_OPEN      0x02    /* adopted: the open session, */
#define NGX_VERIFF_RECORD_STANDING  0x04    /* the standing one */
#define NGX_VERIFF_RECORD_FLAGS     0x07
#define NGX_VERIFF_RECORD_MATCHES   4       /* bits to shift */

/* of times; so far from the limits of their type, one can reckon with them */
#define NGX_VERIFF_RECORD_TIME_MAX  ((uint64_t) 1 << 61)

#define NGX_VERIFF_ATTEMPT_EVENT    0x0f
#define NGX_VERIFF_ATTEMPT_DECIDED  0x80


static ngx_uint_t ngx_veriff_record_own(ngx_veriff_record_t *record);
static ngx_int_t ngx_veriff_record_check(ngx_veriff_record_t *record,
    u_char *p, size_t len);
static ngx_uint_t ngx_veriff_record_is_time(u_char *p);
static void ngx_veriff_record_put(u_char *p, uint64_t n, size_t bytes);
static uint64_t ngx_veriff_record_get(u_char *p, size_t bytes);
static u_char *ngx_veriff_record_copy(u_char *p, ngx_str_t *value);
static u_char *ngx_veriff_record_read_id(ngx_veriff_id_t *id, u_char *p);


size_t
ngx_veriff_record_len(ngx_veriff_record_t *record)
{
    size_t                 len;
    ngx_veriff_history_t  *h;

    h = &record->history;

    len = NGX_VERIFF_RECORD_HEAD + h->standing.session.len + record->user.len
          + h->nscreenings * NGX_VERIFF_RECORD_SCREENING;

    if (!ngx_veriff_record_own(record)) {
        len += h->open.nattempts * NGX_VERIFF_RECORD_ATTEMPT
               + h->open.session.len + NGX_VERIFF_RECORD_ECHO
               + record->url.len;
    }

    return len;
}


void
ngx_veriff_record_write(ngx_veriff_record_t *record, u_char *buf)
{
    u_char                *p;
    ngx_uint_t             i, own, n;
    ngx_veriff_open_t     *open;
    ngx_veriff_history_t  *h;

    h = &record->history;
    open = &h->open;

    own = ngx_veriff_record_own(record);
    n = own ? 0 : open->nattempts;

    buf[0] = NGX_VERIFF_RECORD_VERSION;
    buf[1] = (u_char) h->standing.status;
    buf[2] = (u_char) open->dead;
    buf[3] = (u_char) open->decision;
    buf[4] = (u_char) n;
    buf[5] = (u_char) h->standing.session.len;
    buf[6] = (u_char) open->session.len;
    buf[7] = (u_char) ((own ? NGX_VERIFF_RECORD_OWN : 0)
                       | (open->adopted ? NGX_VERIFF_RECORD_OPEN : 0)
                       | (h->standing.adopted ? NGX_VERIFF_RECORD_STANDING
                                              : 0)
                       | h->nscreenings << NGX_VERIFF_RECORD_MATCHES);

    ngx_veriff_record_put(&buf[8], record->revision, 8);
    ngx_veriff_record_put(&buf[16], (uint64_t) h->standing.decided, 8);
    ngx_veriff_record_put(&buf[24], (uint64_t) h->standing.withdrawn, 8);
    ngx_veriff_record_put(&buf[32], (uint64_t) open->created, 8);
    ngx_veriff_record_put(&buf[40], (uint64_t) open->decided, 8);
    ngx_veriff_record_put(&buf[48], (uint64_t) record->lease, 8);
    ngx_veriff_record_put(&buf[56], record->holder, 8);
    ngx_veriff_record_put(&buf[64], (uint64_t) record->outcome_at, 8);
    ngx_veriff_record_put(&buf[72], (uint64_t) record->asked, 8);
    ngx_veriff_record_put(&buf[80], (uint64_t) record->rate_last, 8);
    ngx_veriff_record_put(&buf[88], record->rate_excess, 4);
    ngx_veriff_record_put(&buf[92], record->outcome, 2);
    ngx_veriff_record_put(&buf[94], record->retry_after, 2);
    ngx_veriff_record_put(&buf[96], record->user.len, 4);
    ngx_veriff_record_put(&buf[100], own ? 0 : record->url.len, 4);
    ngx_veriff_record_put(&buf[104], record->vendor_data, 8);
    ngx_veriff_record_put(&buf[112], record->end_user_id, 8);
    ngx_veriff_record_put(&buf[120], record->integration, 8);

    p = &buf[NGX_VERIFF_RECORD_HEAD];

    for (i = 0; i < n; i++) {
        ngx_veriff_record_put(p, open->attempts[i].hash, 8);

        p[8] = (u_char) (open->attempts[i].event
                         | (open->attempts[i].decided
                            ? NGX_VERIFF_ATTEMPT_DECIDED : 0));

        p += NGX_VERIFF_RECORD_ATTEMPT;
    }

    for (i = 0; i < h->nscreenings; i++) {
        ngx_veriff_record_put(p, h->screenings[i].hash, 8);
        ngx_veriff_record_put(p + 8, (uint64_t) h->screenings[i].time, 8);
        p[16] = (u_char) h->screenings[i].match;

        p += NGX_VERIFF_RECORD_SCREENING;
    }

    p = ngx_cpymem(p, h->standing.session.data, h->standing.session.len);

    if (!own) {
        p = ngx_cpymem(p, open->session.data, open->session.len);

        ngx_veriff_record_put(p, record->standing_vendor_data, 8);
        ngx_veriff_record_put(p + 8, record->standing_end_user_id, 8);

        p += NGX_VERIFF_RECORD_ECHO;
    }

    p = ngx_veriff_record_copy(p, &record->user);

    if (!own) {
        (void) ngx_veriff_record_copy(p, &record->url);
    }
}


ngx_int_t
ngx_veriff_record_read(ngx_veriff_record_t *record, u_char *p, size_t len)
{
    u_char                *head;
    ngx_uint_t             i;
    ngx_veriff_open_t     *open;
    ngx_veriff_attempt_t  *attempt;
    ngx_veriff_history_t  *h;

    ngx_memzero(record, sizeof(ngx_veriff_record_t));

    if (ngx_veriff_record_check(record, p, len) != NGX_OK) {
        return NGX_DECLINED;
    }

    h = &record->history;
    open = &h->open;

    head = p;

    h->standing.status = head[1];
    open->dead = head[2];
    open->decision = head[3];
    open->nattempts = head[4];

    record->revision = ngx_veriff_record_get(&head[8], 8);
    h->standing.decided = (int64_t) ngx_veriff_record_get(&head[16], 8);
    h->standing.withdrawn = (int64_t) ngx_veriff_record_get(&head[24], 8);
    open->created = (time_t) ngx_veriff_record_get(&head[32], 8);
    open->decided = (int64_t) ngx_veriff_record_get(&head[40], 8);
    record->lease = (int64_t) ngx_veriff_record_get(&head[48], 8);
    record->holder = ngx_veriff_record_get(&head[56], 8);
    record->outcome_at = (int64_t) ngx_veriff_record_get(&head[64], 8);
    record->asked = (int64_t) ngx_veriff_record_get(&head[72], 8);
    record->rate_last = (int64_t) ngx_veriff_record_get(&head[80], 8);
    record->rate_excess = (ngx_uint_t) ngx_veriff_record_get(&head[88], 4);
    record->outcome = (ngx_uint_t) ngx_veriff_record_get(&head[92], 2);
    record->retry_after = (ngx_uint_t) ngx_veriff_record_get(&head[94], 2);
    record->vendor_data = ngx_veriff_record_get(&head[104], 8);
    record->end_user_id = ngx_veriff_record_get(&head[112], 8);
    record->integration = ngx_veriff_record_get(&head[120], 8);

    p += NGX_VERIFF_RECORD_HEAD;

    for (i = 0; i < open->nattempts; i++) {
        attempt = &open->attempts[i];

        attempt->hash = ngx_veriff_record_get(p, 8);
        attempt->event = p[8] & NGX_VERIFF_ATTEMPT_EVENT;
        attempt->decided = (p[8] & NGX_VERIFF_ATTEMPT_DECIDED) ? 1 : 0;

        p += NGX_VERIFF_RECORD_ATTEMPT;
    }

    for (i = 0; i < h->nscreenings; i++) {
        h->screenings[i].hash = ngx_veriff_record_get(p, 8);
        h->screenings[i].time = (int64_t) ngx_veriff_record_get(p + 8, 8);
        h->screenings[i].match = p[16];

        p += NGX_VERIFF_RECORD_SCREENING;
    }

    p = ngx_veriff_record_read_id(&h->standing.session, p);

    open->adopted = (head[7] & NGX_VERIFF_RECORD_OPEN) ? 1 : 0;
    h->standing.adopted = (head[7] & NGX_VERIFF_RECORD_STANDING) ? 1 : 0;

    if (head[7] & NGX_VERIFF_RECORD_OWN) {
        open->session = h->standing.session;

        record->standing_vendor_data = record->vendor_data;
        record->standing_end_user_id = record->end_user_id;

    } else {
        p = ngx_veriff_record_read_id(&open->session, p);

        record->standing_vendor_data = ngx_veriff_record_get(p, 8);
        record->standing_end_user_id = ngx_veriff_record_get(p + 8, 8);

        p += NGX_VERIFF_RECORD_ECHO;
    }

    if (record->user.len) {
        record->user.data = p;
        p += record->user.len;
    }

    if (record->url.len) {
        record->url.data = p;
    }

    return NGX_OK;
}


/* everything that reading relies on; the ids' and strings' lengths are set */

static ngx_int_t
ngx_veriff_record_check(ngx_veriff_record_t *record, u_char *p, size_t len)
{
    size_t      need;
    ngx_uint_t  i, n, event;

    static u_char  times[] = { 16, 24, 32, 40, 48, 64, 72, 80 };

    if (len < NGX_VERIFF_RECORD_HEAD) {
        return NGX_DECLINED;
    }

    for (i = 0; i < sizeof(times); i++) {
        if (!ngx_veriff_record_is_time(&p[times[i]])) {
            return NGX_DECLINED;
        }
    }

    n = p[7] >> NGX_VERIFF_RECORD_MATCHES;

    if (p[0] != NGX_VERIFF_RECORD_VERSION
        || (p[1] != NGX_VERIFF_STATUS_NONE
            && p[1] != NGX_VERIFF_STATUS_APPROVED
            && p[1] != NGX_VERIFF_STATUS_DECLINED)
        || (p[2] != NGX_VERIFF_STATUS_NONE
            && p[2] != NGX_VERIFF_STATUS_EXPIRED
            && p[2] != NGX_VERIFF_STATUS_ABANDONED)
        || p[3] > NGX_VERIFF_STATUS_DECLINED
        || p[4] > NGX_VERIFF_ATTEMPTS_MAX
        || p[5] > NGX_VERIFF_ID_MAX
        || p[6] > NGX_VERIFF_ID_MAX
        || (p[7] & 0x0f & ~NGX_VERIFF_RECORD_FLAGS) != 0
        || n > NGX_VERIFF_MATCHES_MAX
        || ((p[7] & NGX_VERIFF_RECORD_OWN)
            && (p[4] != 0 || p[5] != p[6] || p[5] == 0)))
    {
        return NGX_DECLINED;
    }

    record->history.standing.session.len = p[5];
    record->history.open.session.len = p[6];
    record->history.nscreenings = n;
    record->user.len = (size_t) ngx_veriff_record_get(&p[96], 4);
    record->url.len = (size_t) ngx_veriff_record_get(&p[100], 4);

    if (record->user.len > NGX_VERIFF_SEALED_USER_MAX
        || record->url.len > NGX_VERIFF_SEALED_URL_MAX)
    {
        return NGX_DECLINED;
    }

    need = NGX_VERIFF_RECORD_HEAD + p[4] * NGX_VERIFF_RECORD_ATTEMPT
           + n * NGX_VERIFF_RECORD_SCREENING + p[5]
           + ((p[7] & NGX_VERIFF_RECORD_OWN)
              ? 0 : p[6] + NGX_VERIFF_RECORD_ECHO)
           + record->user.len + record->url.len;

    if (len != need) {
        return NGX_DECLINED;
    }

    for (i = 0; i < p[4]; i++) {
        event = p[NGX_VERIFF_RECORD_HEAD + i * NGX_VERIFF_RECORD_ATTEMPT + 8]
                & ~NGX_VERIFF_ATTEMPT_DECIDED;

        if (event != NGX_VERIFF_STATUS_NONE
            && event != NGX_VERIFF_STATUS_STARTED
            && event != NGX_VERIFF_STATUS_SUBMITTED)
        {
            return NGX_DECLINED;
        }
    }

    p += NGX_VERIFF_RECORD_HEAD + p[4] * NGX_VERIFF_RECORD_ATTEMPT;

    for (i = 0; i < n; i++) {
        if (p[16] > NGX_VERIFF_MATCH_POSSIBLE
            || !ngx_veriff_record_is_time(&p[8]))
        {
            return NGX_DECLINED;
        }

        p += NGX_VERIFF_RECORD_SCREENING;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_veriff_record_is_time(u_char *p)
{
    return ngx_veriff_record_get(p, 8) + NGX_VERIFF_RECORD_TIME_MAX
           < 2 * NGX_VERIFF_RECORD_TIME_MAX;
}


static ngx_uint_t
ngx_veriff_record_own(ngx_veriff_record_t *record)
{
    ngx_veriff_id_t  *open, *standing;

    open = &record->history.open.session;
    standing = &record->history.standing.session;

    return open->len != 0 && open->len == standing->len
           && ngx_memcmp(open->data, standing->data, open->len) == 0;
}


static u_char *
ngx_veriff_record_copy(u_char *p, ngx_str_t *value)
{
    /* data may be NULL */

    return value->len ? ngx_cpymem(p, value->data, value->len) : p;
}


static u_char *
ngx_veriff_record_read_id(ngx_veriff_id_t *id, u_char *p)
{
    ngx_memcpy(id->data, p, id->len);

    return p + id->len;
}


static void
ngx_veriff_record_put(u_char *p, uint64_t n, size_t bytes)
{
    size_t  i;

    for (i = 0; i < bytes; i++) {
        p[i] = (u_char) (n >> (8 * i));
    }
}


static uint64_t
ngx_veriff_record_get(u_char *p, size_t bytes)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < bytes; i++) {
        n |= (uint64_t) p[i] << (8 * i);
    }

    return n;
}
