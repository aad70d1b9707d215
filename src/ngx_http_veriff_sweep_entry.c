
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_sweep_entry.h"

#include "ngx_veriff_expiry.h"


static ngx_int_t ngx_http_veriff_sweep_user(ngx_veriff_lmdb_entry_t *entry);
static ngx_uint_t ngx_http_veriff_sweep_forgets(
    ngx_http_veriff_integration_t *vi, ngx_veriff_record_t *record);
static ngx_int_t ngx_http_veriff_sweep_remove(ngx_veriff_lmdb_entry_t *entry,
    ngx_http_veriff_integration_t *vi, ngx_veriff_record_t *record);
static ngx_int_t ngx_http_veriff_sweep_erase(ngx_veriff_lmdb_entry_t *entry,
    ngx_veriff_record_t *record);
static ngx_int_t ngx_http_veriff_sweep_session(
    ngx_veriff_lmdb_entry_t *entry);
static ngx_uint_t ngx_http_veriff_sweep_is(ngx_http_veriff_integration_t *vi,
    ngx_veriff_id_t *id, u_char *key);
static ngx_http_veriff_integration_t *ngx_http_veriff_sweep_integration(
    ngx_veriff_record_t *record);


ngx_int_t
ngx_http_veriff_sweep_entry(ngx_veriff_lmdb_entry_t *entry)
{
    ngx_str_t                  none;
    ngx_http_veriff_change_t  *change;

    switch (entry->key[0]) {

    case NGX_HTTP_VERIFF_STATE_USER:
        return ngx_http_veriff_sweep_user(entry);

    case NGX_HTTP_VERIFF_STATE_SESSION:
        return ngx_http_veriff_sweep_session(entry);

    case NGX_HTTP_VERIFF_STATE_WEBHOOK:
    case NGX_HTTP_VERIFF_STATE_DELETED:

        if (entry->value.len < 8
            || !ngx_veriff_expiry_mark(
                              ngx_http_veriff_sweep_number(entry->value.data),
                              ngx_time()))
        {
            return NGX_OK;
        }

        ngx_str_null(&none);
        change = ngx_http_veriff_sweep_change(entry->key, &none);

        return change ? ngx_http_veriff_sweep_queue(change) : NGX_ERROR;

    default:
        return NGX_OK;
    }
}


static ngx_int_t
ngx_http_veriff_sweep_user(ngx_veriff_lmdb_entry_t *entry)
{
    ngx_veriff_policy_t             policy;
    ngx_veriff_record_t             record;
    ngx_http_veriff_integration_t  *vi;

    if (ngx_veriff_record_read(&record, entry->value.data, entry->value.len)
        != NGX_OK)
    {
        return NGX_OK;
    }

    vi = ngx_http_veriff_sweep_integration(&record);

    if (vi == NULL) {
        return NGX_OK;
    }

    ngx_http_veriff_state_policy(vi, &policy);

    if (ngx_veriff_expiry_user(&record, &policy, vi->user_rate)
        && ngx_http_veriff_sweep_forgets(vi, &record))
    {
        return ngx_http_veriff_sweep_remove(entry, vi, &record);
    }

    if (ngx_veriff_expiry_url(&record, &policy)) {
        return ngx_http_veriff_sweep_erase(entry, &record);
    }

    return NGX_OK;
}


/*
 * A verdict outlives the webhooks that are older than it: sent once more, they
 * would make a session known again that vendorData finds the user of.
 */

static ngx_uint_t
ngx_http_veriff_sweep_forgets(ngx_http_veriff_integration_t *vi,
    ngx_veriff_record_t *record)
{
    return vi->match != NGX_HTTP_VERIFF_MATCH_VENDOR_DATA
           || record->history.standing.status == NGX_VERIFF_STATUS_NONE
           || ngx_veriff_expiry_mark(record->history.standing.decided
                                     / 1000000, ngx_time());
}


/* a record that was changed meanwhile stays */

static ngx_int_t
ngx_http_veriff_sweep_remove(ngx_veriff_lmdb_entry_t *entry,
    ngx_http_veriff_integration_t *vi, ngx_veriff_record_t *record)
{
    u_char                     index[NGX_VERIFF_NAME_LEN];
    ngx_str_t                  none, id;
    ngx_uint_t                 i;
    ngx_veriff_id_t           *ids[2];
    ngx_http_veriff_change_t  *change;

    ngx_str_null(&none);

    change = ngx_http_veriff_sweep_change(entry->key, &none);
    if (change == NULL) {
        return NGX_ERROR;
    }

    change->ops[0].expects = 1;
    change->ops[0].revision = record->revision;

    ids[0] = &record->history.open.session;
    ids[1] = &record->history.standing.session;

    for (i = 0; i < 2; i++) {

        if (ids[i]->len == 0) {
            continue;
        }

        id.data = ids[i]->data;
        id.len = ids[i]->len;

        if (ngx_http_veriff_state_index(ngx_http_veriff_sweep.vmcf, vi, &id,
                                        index)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        (void) ngx_http_veriff_store_op(change, index, &none);
    }

    return ngx_http_veriff_sweep_queue(change);
}


static ngx_int_t
ngx_http_veriff_sweep_erase(ngx_veriff_lmdb_entry_t *entry,
    ngx_veriff_record_t *record)
{
    uint64_t                   revision;
    ngx_str_t                  value;
    ngx_http_veriff_change_t  *change;

    revision = record->revision++;

    ngx_str_null(&record->url);

    value.len = ngx_veriff_record_len(record);
    value.data = ngx_pnalloc(ngx_http_veriff_sweep.pool, value.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    ngx_veriff_record_write(record, value.data);

    change = ngx_http_veriff_sweep_change(entry->key, &value);
    if (change == NULL) {
        return NGX_ERROR;
    }

    change->ops[0].expects = 1;
    change->ops[0].revision = revision;

    return ngx_http_veriff_sweep_queue(change);
}


/* one that its record has forgotten, or that has no record any more */

static ngx_int_t
ngx_http_veriff_sweep_session(ngx_veriff_lmdb_entry_t *entry)
{
    int64_t                         created;
    ngx_str_t                       none;
    ngx_veriff_policy_t             policy;
    ngx_veriff_record_t             record;
    ngx_http_veriff_change_t       *change;
    ngx_http_veriff_integration_t  *vi;

    if (entry->value.len < NGX_HTTP_VERIFF_STATE_INDEX_LEN) {
        return NGX_OK;
    }

    if (entry->followed.len) {

        if (ngx_veriff_record_read(&record, entry->followed.data,
                                   entry->followed.len)
            != NGX_OK)
        {
            return NGX_OK;
        }

        vi = ngx_http_veriff_sweep_integration(&record);

        if (vi == NULL) {
            return NGX_OK;
        }

        created = ngx_http_veriff_sweep_number(entry->value.data
                                               + NGX_VERIFF_NAME_LEN);

        ngx_http_veriff_state_policy(vi, &policy);

        if (!ngx_veriff_expiry_session(created, &policy)
            || ngx_http_veriff_sweep_is(vi, &record.history.open.session,
                                        entry->key)
            || ngx_http_veriff_sweep_is(vi, &record.history.standing.session,
                                        entry->key))
        {
            return NGX_OK;
        }
    }

    ngx_str_null(&none);
    change = ngx_http_veriff_sweep_change(entry->key, &none);

    return change ? ngx_http_veriff_sweep_queue(change) : NGX_ERROR;
}


/* when in doubt it is */

static ngx_uint_t
ngx_http_veriff_sweep_is(ngx_http_veriff_integration_t *vi,
    ngx_veriff_id_t *id, u_char *key)
{
    u_char     index[NGX_VERIFF_NAME_LEN];
    ngx_str_t  session;

    if (id->len == 0) {
        return 0;
    }

    session.data = id->data;
    session.len = id->len;

    return ngx_http_veriff_state_index(ngx_http_veriff_sweep.vmcf, vi,
                                       &session, index)
           != NGX_OK
           || ngx_memcmp(index, key, NGX_VERIFF_NAME_LEN) == 0;
}


/* NULL: it is not configured now, but may be again */

static ngx_http_veriff_integration_t *
ngx_http_veriff_sweep_integration(ngx_veriff_record_t *record)
{
    ngx_uint_t                        i;
    ngx_http_veriff_sweep_t          *sweep;
    ngx_http_veriff_integration_t  **vi;

    sweep = &ngx_http_veriff_sweep;

    vi = sweep->vmcf->integrations.elts;

    for (i = 0; i < sweep->vmcf->integrations.nelts; i++) {
        if (sweep->hashes[i] == record->integration) {
            return vi[i];
        }
    }

    return NULL;
}
