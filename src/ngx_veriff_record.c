
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_record.h"


/*
 * The head, in memory:
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
 * In the store, two bytes follow the revision, whose bits say which of the 14
 * words behind it are there: those that are zero are not, nor is "open decided"
 * if the highest bit but one says that it is "decided".  So each record has
 * one form.
 *
 * Then come the attempts (8 bytes hash, 1 byte event and decided), the
 * screenings (8 bytes hash, 8 bytes time, 1 byte match; how many is in the
 * upper half of the flags), the standing session's id, if the open session is
 * another one its id and the standing session's vendor_data and end_user_id,
 * then user and URL.
 */

#define NGX_VERIFF_RECORD_HEAD      128
#define NGX_VERIFF_RECORD_WORDS     14
#define NGX_VERIFF_RECORD_FIXED     18
#define NGX_VERIFF_RECORD_SAME      0x4000
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
static void ngx_veriff_record_head(ngx_veriff_record_t *record,
    u_char *head);
static size_t ngx_veriff_record_pack(u_char *head, u_char *buf);
static u_char *ngx_veriff_record_unpack(u_char *head, u_char *p, size_t len);
static u_char *ngx_veriff_record_read_lists(ngx_veriff_history_t *h,
    u_char *p);
static ngx_int_t ngx_veriff_record_check(ngx_veriff_record_t *record,
    u_char *head, u_char *p, size_t len);
static ngx_int_t ngx_veriff_record_check_screenings(u_char *p, ngx_uint_t n);
static ngx_uint_t ngx_veriff_record_is_time(u_char *p);
static void ngx_veriff_record_put(u_char *p, uint64_t n);
static uint64_t ngx_veriff_record_get(u_char *p);
static u_char *ngx_veriff_record_copy(u_char *p, ngx_str_t *value);
static u_char *ngx_veriff_record_read_id(ngx_veriff_id_t *id, u_char *p);


size_t
ngx_veriff_record_len(ngx_veriff_record_t *record)
{
    u_char                 head[NGX_VERIFF_RECORD_HEAD];
    size_t                 len;
    ngx_veriff_history_t  *h;

    h = &record->history;

    ngx_veriff_record_head(record, head);

    len = ngx_veriff_record_pack(head, NULL) + h->standing.session.len
          + record->user.len + h->nscreenings * NGX_VERIFF_RECORD_SCREENING;

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
    u_char                *p, head[NGX_VERIFF_RECORD_HEAD];
    ngx_uint_t             i, own, n;
    ngx_veriff_open_t     *open;
    ngx_veriff_history_t  *h;

    h = &record->history;
    open = &h->open;

    own = ngx_veriff_record_own(record);
    n = own ? 0 : open->nattempts;

    ngx_veriff_record_head(record, head);

    p = buf + ngx_veriff_record_pack(head, buf);

    for (i = 0; i < n; i++) {
        ngx_veriff_record_put(p, open->attempts[i].hash);

        p[8] = (u_char) (open->attempts[i].event
                         | (open->attempts[i].decided
                            ? NGX_VERIFF_ATTEMPT_DECIDED : 0));

        p += NGX_VERIFF_RECORD_ATTEMPT;
    }

    for (i = 0; i < h->nscreenings; i++) {
        ngx_veriff_record_put(p, h->screenings[i].hash);
        ngx_veriff_record_put(p + 8, (uint64_t) h->screenings[i].time);
        p[16] = (u_char) h->screenings[i].match;

        p += NGX_VERIFF_RECORD_SCREENING;
    }

    p = ngx_cpymem(p, h->standing.session.data, h->standing.session.len);

    if (!own) {
        p = ngx_cpymem(p, open->session.data, open->session.len);

        ngx_veriff_record_put(p, record->standing_vendor_data);
        ngx_veriff_record_put(p + 8, record->standing_end_user_id);

        p += NGX_VERIFF_RECORD_ECHO;
    }

    p = ngx_veriff_record_copy(p, &record->user);

    if (!own) {
        (void) ngx_veriff_record_copy(p, &record->url);
    }
}


static void
ngx_veriff_record_head(ngx_veriff_record_t *record, u_char *head)
{
    ngx_uint_t             own;
    ngx_veriff_open_t     *open;
    ngx_veriff_history_t  *h;

    h = &record->history;
    open = &h->open;

    own = ngx_veriff_record_own(record);

    head[0] = NGX_VERIFF_RECORD_VERSION;
    head[1] = (u_char) h->standing.status;
    head[2] = (u_char) open->dead;
    head[3] = (u_char) open->decision;
    head[4] = (u_char) (own ? 0 : open->nattempts);
    head[5] = (u_char) h->standing.session.len;
    head[6] = (u_char) open->session.len;
    head[7] = (u_char) ((own ? NGX_VERIFF_RECORD_OWN : 0)
                        | (open->adopted ? NGX_VERIFF_RECORD_OPEN : 0)
                        | (h->standing.adopted ? NGX_VERIFF_RECORD_STANDING
                                               : 0)
                        | h->nscreenings << NGX_VERIFF_RECORD_MATCHES);

    ngx_veriff_record_put(&head[8], record->revision);
    ngx_veriff_record_put(&head[16], (uint64_t) h->standing.decided);
    ngx_veriff_record_put(&head[24], (uint64_t) h->standing.withdrawn);
    ngx_veriff_record_put(&head[32], (uint64_t) open->created);
    ngx_veriff_record_put(&head[40], (uint64_t) open->decided);
    ngx_veriff_record_put(&head[48], (uint64_t) record->lease);
    ngx_veriff_record_put(&head[56], record->holder);
    ngx_veriff_record_put(&head[64], (uint64_t) record->outcome_at);
    ngx_veriff_record_put(&head[72], (uint64_t) record->asked);
    ngx_veriff_record_put(&head[80], (uint64_t) record->rate_last);
    ngx_veriff_record_put(&head[88], (uint64_t) record->retry_after << 48
                                     | (uint64_t) (record->outcome & 0xffff)
                                       << 32
                                     | (record->rate_excess & 0xffffffff));
    ngx_veriff_record_put(&head[96], (uint64_t) (own ? 0 : record->url.len)
                                     << 32
                                     | record->user.len);
    ngx_veriff_record_put(&head[104], record->vendor_data);
    ngx_veriff_record_put(&head[112], record->end_user_id);
    ngx_veriff_record_put(&head[120], record->integration);
}


/* returns the bytes that it takes; buf may be NULL */

static size_t
ngx_veriff_record_pack(u_char *head, u_char *buf)
{
    size_t      len;
    u_char     *word;
    uint64_t    n, decided;
    ngx_uint_t  i, bits;

    len = NGX_VERIFF_RECORD_FIXED;
    decided = ngx_veriff_record_get(&head[16]);
    bits = 0;

    for (i = 0; i < NGX_VERIFF_RECORD_WORDS; i++) {
        word = &head[16 + 8 * i];
        n = ngx_veriff_record_get(word);

        if (n == 0) {
            continue;
        }

        if (i == 3 && n == decided) {
            bits |= NGX_VERIFF_RECORD_SAME;
            continue;
        }

        bits |= 1 << i;

        if (buf) {
            ngx_memcpy(&buf[len], word, 8);
        }

        len += 8;
    }

    if (buf) {
        ngx_memcpy(buf, head, 16);

        buf[16] = (u_char) bits;
        buf[17] = (u_char) (bits >> 8);
    }

    return len;
}


/* returns what is behind it, or NULL; len is that of the fixed part at least */

static u_char *
ngx_veriff_record_unpack(u_char *head, u_char *p, size_t len)
{
    u_char      *last, *word;
    uint64_t     decided;
    ngx_uint_t   i, bits;

    last = p + len;

    ngx_memcpy(head, p, 16);

    bits = p[16] | (ngx_uint_t) p[17] << 8;
    p += NGX_VERIFF_RECORD_FIXED;

    for (i = 0; i < NGX_VERIFF_RECORD_WORDS; i++) {
        word = &head[16 + 8 * i];

        if (!(bits & (1 << i))) {
            ngx_memzero(word, 8);
            continue;
        }

        if (last - p < 8 || ngx_veriff_record_get(p) == 0) {
            return NULL;
        }

        ngx_memcpy(word, p, 8);
        p += 8;
    }

    /* no other form than the one that it is written in */

    decided = ngx_veriff_record_get(&head[16]);
    word = &head[40];

    if (bits & NGX_VERIFF_RECORD_SAME) {

        if (decided == 0 || ngx_veriff_record_get(word) != 0) {
            return NULL;
        }

        ngx_veriff_record_put(word, decided);

    } else if (decided && ngx_veriff_record_get(word) == decided) {
        return NULL;
    }

    return (bits >> 15) ? NULL : p;
}


ngx_int_t
ngx_veriff_record_read(ngx_veriff_record_t *record, u_char *p, size_t len)
{
    u_char                 head[NGX_VERIFF_RECORD_HEAD], *last;
    uint64_t               word;
    ngx_veriff_open_t     *open;
    ngx_veriff_history_t  *h;

    ngx_memzero(record, sizeof(ngx_veriff_record_t));

    /* p may be NULL then */

    if (len < NGX_VERIFF_RECORD_FIXED) {
        return NGX_DECLINED;
    }

    last = p + len;

    p = ngx_veriff_record_unpack(head, p, len);

    if (p == NULL
        || ngx_veriff_record_check(record, head, p, last - p) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    h = &record->history;
    open = &h->open;

    h->standing.status = head[1];
    open->dead = head[2];
    open->decision = head[3];
    open->nattempts = head[4];

    record->revision = ngx_veriff_record_get(&head[8]);
    h->standing.decided = (int64_t) ngx_veriff_record_get(&head[16]);
    h->standing.withdrawn = (int64_t) ngx_veriff_record_get(&head[24]);
    open->created = (time_t) ngx_veriff_record_get(&head[32]);
    open->decided = (int64_t) ngx_veriff_record_get(&head[40]);
    record->lease = (int64_t) ngx_veriff_record_get(&head[48]);
    record->holder = ngx_veriff_record_get(&head[56]);
    record->outcome_at = (int64_t) ngx_veriff_record_get(&head[64]);
    record->asked = (int64_t) ngx_veriff_record_get(&head[72]);
    record->rate_last = (int64_t) ngx_veriff_record_get(&head[80]);
    word = ngx_veriff_record_get(&head[88]);
    record->rate_excess = (ngx_uint_t) (word & 0xffffffff);
    record->outcome = (ngx_uint_t) (word >> 32 & 0xffff);
    record->retry_after = (ngx_uint_t) (word >> 48);

    record->vendor_data = ngx_veriff_record_get(&head[104]);
    record->end_user_id = ngx_veriff_record_get(&head[112]);
    record->integration = ngx_veriff_record_get(&head[120]);

    p = ngx_veriff_record_read_lists(h, p);
    p = ngx_veriff_record_read_id(&h->standing.session, p);

    open->adopted = (head[7] & NGX_VERIFF_RECORD_OPEN) ? 1 : 0;
    h->standing.adopted = (head[7] & NGX_VERIFF_RECORD_STANDING) ? 1 : 0;

    if (head[7] & NGX_VERIFF_RECORD_OWN) {
        open->session = h->standing.session;

        record->standing_vendor_data = record->vendor_data;
        record->standing_end_user_id = record->end_user_id;

    } else {
        p = ngx_veriff_record_read_id(&open->session, p);

        record->standing_vendor_data = ngx_veriff_record_get(p);
        record->standing_end_user_id = ngx_veriff_record_get(p + 8);

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


/* as many as the head has said; returns what is behind them */

static u_char *
ngx_veriff_record_read_lists(ngx_veriff_history_t *h, u_char *p)
{
    ngx_uint_t             i;
    ngx_veriff_attempt_t  *attempt;

    for (i = 0; i < h->open.nattempts; i++) {
        attempt = &h->open.attempts[i];

        attempt->hash = ngx_veriff_record_get(p);
        attempt->event = p[8] & NGX_VERIFF_ATTEMPT_EVENT;
        attempt->decided = (p[8] & NGX_VERIFF_ATTEMPT_DECIDED) ? 1 : 0;

        p += NGX_VERIFF_RECORD_ATTEMPT;
    }

    for (i = 0; i < h->nscreenings; i++) {
        h->screenings[i].hash = ngx_veriff_record_get(p);
        h->screenings[i].time = (int64_t) ngx_veriff_record_get(p + 8);
        h->screenings[i].match = p[16];

        p += NGX_VERIFF_RECORD_SCREENING;
    }

    return p;
}


/* everything that reading relies on; the ids' and strings' lengths are set */

static ngx_int_t
ngx_veriff_record_check(ngx_veriff_record_t *record, u_char *head, u_char *p,
    size_t len)
{
    size_t      need;
    ngx_uint_t  i, n, event;

    static u_char  times[] = { 16, 24, 32, 40, 48, 64, 72, 80 };

    for (i = 0; i < sizeof(times); i++) {
        if (!ngx_veriff_record_is_time(&head[times[i]])) {
            return NGX_DECLINED;
        }
    }

    n = head[7] >> NGX_VERIFF_RECORD_MATCHES;

    if (head[0] != NGX_VERIFF_RECORD_VERSION
        || (head[1] != NGX_VERIFF_STATUS_NONE
            && head[1] != NGX_VERIFF_STATUS_APPROVED
            && head[1] != NGX_VERIFF_STATUS_DECLINED)
        || (head[2] != NGX_VERIFF_STATUS_NONE
            && head[2] != NGX_VERIFF_STATUS_EXPIRED
            && head[2] != NGX_VERIFF_STATUS_ABANDONED)
        || head[3] > NGX_VERIFF_STATUS_DECLINED
        || head[4] > NGX_VERIFF_ATTEMPTS_MAX
        || head[5] > NGX_VERIFF_ID_MAX
        || head[6] > NGX_VERIFF_ID_MAX
        || (head[7] & 0x0f & ~NGX_VERIFF_RECORD_FLAGS) != 0
        || n > NGX_VERIFF_MATCHES_MAX
        || ((head[7] & NGX_VERIFF_RECORD_OWN)
            && (head[4] != 0 || head[5] != head[6] || head[5] == 0)))
    {
        return NGX_DECLINED;
    }

    record->history.standing.session.len = head[5];
    record->history.open.session.len = head[6];
    record->history.nscreenings = n;
    record->user.len = (size_t) (ngx_veriff_record_get(&head[96])
                                 & 0xffffffff);
    record->url.len = (size_t) (ngx_veriff_record_get(&head[96]) >> 32);

    if (record->user.len > NGX_VERIFF_SEALED_USER_MAX
        || record->url.len > NGX_VERIFF_SEALED_URL_MAX)
    {
        return NGX_DECLINED;
    }

    need = head[4] * NGX_VERIFF_RECORD_ATTEMPT
           + n * NGX_VERIFF_RECORD_SCREENING + head[5]
           + ((head[7] & NGX_VERIFF_RECORD_OWN)
              ? 0 : head[6] + NGX_VERIFF_RECORD_ECHO)
           + record->user.len + record->url.len;

    if (len != need) {
        return NGX_DECLINED;
    }

    for (i = 0; i < head[4]; i++) {
        event = p[i * NGX_VERIFF_RECORD_ATTEMPT + 8]
                & ~NGX_VERIFF_ATTEMPT_DECIDED;

        if (event != NGX_VERIFF_STATUS_NONE
            && event != NGX_VERIFF_STATUS_STARTED
            && event != NGX_VERIFF_STATUS_SUBMITTED)
        {
            return NGX_DECLINED;
        }
    }

    return ngx_veriff_record_check_screenings(p + head[4]
                                                  * NGX_VERIFF_RECORD_ATTEMPT,
                                              n);
}


/* sorted, each of another session: only so is there always one to give way */

static ngx_int_t
ngx_veriff_record_check_screenings(u_char *p, ngx_uint_t n)
{
    uint64_t    hash, before;
    ngx_uint_t  i;

    before = 0;

    for (i = 0; i < n; i++) {
        hash = ngx_veriff_record_get(p);

        if ((i && hash <= before)
            || p[16] > NGX_VERIFF_MATCH_POSSIBLE
            || !ngx_veriff_record_is_time(&p[8]))
        {
            return NGX_DECLINED;
        }

        before = hash;
        p += NGX_VERIFF_RECORD_SCREENING;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_veriff_record_is_time(u_char *p)
{
    return ngx_veriff_record_get(p) + NGX_VERIFF_RECORD_TIME_MAX
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
ngx_veriff_record_put(u_char *p, uint64_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < 8; i++) {
        p[i] = (u_char) (n >> (8 * i));
    }
}


static uint64_t
ngx_veriff_record_get(u_char *p)
{
    return (uint64_t) p[0] | (uint64_t) p[1] << 8
           | (uint64_t) p[2] << 16 | (uint64_t) p[3] << 24
           | (uint64_t) p[4] << 32 | (uint64_t) p[5] << 40
           | (uint64_t) p[6] << 48 | (uint64_t) p[7] << 56;
}
