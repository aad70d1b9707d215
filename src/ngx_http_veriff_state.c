
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_state.h"


/*
 * Against other writers: of all that wait to change one record, one does so
 * with each commit.
 */
#define NGX_HTTP_VERIFF_STATE_TRIES  512

/* kinds of names that are not stored as such */

#define NGX_HTTP_VERIFF_STATE_ECHO         'e'
#define NGX_HTTP_VERIFF_STATE_INTEGRATION  'i'

/* the last byte of the value of a session that was adopted */

#define NGX_HTTP_VERIFF_STATE_ADOPTED  0x01


static ngx_int_t ngx_http_veriff_state_try(ngx_http_veriff_update_t *update);
static ngx_int_t ngx_http_veriff_state_write(
    ngx_http_veriff_update_t *update);
static ngx_int_t ngx_http_veriff_state_write_index(
    ngx_http_veriff_update_t *update);
static ngx_int_t ngx_http_veriff_state_write_deleted(
    ngx_http_veriff_update_t *update);
static void ngx_http_veriff_state_put_time(u_char *p);
static void ngx_http_veriff_state_written(ngx_http_veriff_change_t *change);
static void ngx_http_veriff_state_gone(void *data);


void
ngx_http_veriff_state_policy(ngx_http_veriff_integration_t *vi,
    ngx_veriff_policy_t *policy)
{
    policy->now = ngx_time();
    policy->max_age = vi->verified_for;
    policy->retry_declined = vi->retry_declined;
    policy->session_lifetime = vi->session_lifetime;
    policy->watchlist = vi->watchlist;
}


ngx_int_t
ngx_http_veriff_state_name(ngx_http_veriff_main_conf_t *vmcf,
    ngx_http_veriff_integration_t *vi, ngx_str_t *user, u_char *name)
{
    return ngx_veriff_seal_name(vmcf->keys, NGX_HTTP_VERIFF_STATE_USER,
                                &vi->name, user, name);
}


ngx_int_t
ngx_http_veriff_state_index(ngx_http_veriff_main_conf_t *vmcf,
    ngx_http_veriff_integration_t *vi, ngx_str_t *session, u_char *name)
{
    return ngx_veriff_seal_name(vmcf->keys, NGX_HTTP_VERIFF_STATE_SESSION,
                                &vi->name, session, name);
}


ngx_int_t
ngx_http_veriff_state_integration(ngx_http_veriff_main_conf_t *vmcf,
    ngx_http_veriff_integration_t *vi, uint64_t *hash)
{
    u_char  name[NGX_VERIFF_NAME_LEN];

    if (ngx_veriff_seal_name(vmcf->keys, NGX_HTTP_VERIFF_STATE_INTEGRATION,
                             &vi->name, &vi->name, name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(hash, &name[1], sizeof(uint64_t));

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_state_session(ngx_http_request_t *r,
    ngx_http_veriff_integration_t *vi, ngx_str_t *session, u_char *name)
{
    ngx_uint_t                    adopted;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    return ngx_http_veriff_state_owner(vmcf, r->pool, vi, session, name,
                                       &adopted);
}


ngx_int_t
ngx_http_veriff_state_owner(ngx_http_veriff_main_conf_t *vmcf,
    ngx_pool_t *pool, ngx_http_veriff_integration_t *vi, ngx_str_t *session,
    u_char *name, ngx_uint_t *adopted)
{
    u_char     index[NGX_VERIFF_NAME_LEN];
    ngx_int_t  rc;
    ngx_str_t  value;

    *adopted = 0;

    if (session->len == 0) {
        return NGX_DECLINED;
    }

    if (ngx_http_veriff_state_index(vmcf, vi, session, index) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_veriff_store_get(vmcf->store, pool, index, &value);

    if (rc != NGX_OK) {
        return rc;
    }

    if (value.len == NGX_HTTP_VERIFF_STATE_INDEX_LEN + 1
        && value.data[NGX_HTTP_VERIFF_STATE_INDEX_LEN]
           == NGX_HTTP_VERIFF_STATE_ADOPTED)
    {
        *adopted = 1;

    } else if (value.len != NGX_HTTP_VERIFF_STATE_INDEX_LEN) {
        return NGX_ERROR;
    }

    ngx_memcpy(name, value.data, NGX_VERIFF_NAME_LEN);

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_state_deleted(ngx_http_veriff_main_conf_t *vmcf,
    ngx_pool_t *pool, ngx_http_veriff_integration_t *vi, ngx_str_t *session)
{
    u_char     name[NGX_VERIFF_NAME_LEN];
    ngx_str_t  value;

    if (ngx_veriff_seal_name(vmcf->keys, NGX_HTTP_VERIFF_STATE_DELETED,
                             &vi->name, session, name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_veriff_store_get(vmcf->store, pool, name, &value);
}


ngx_int_t
ngx_http_veriff_state_echo(ngx_http_veriff_main_conf_t *vmcf,
    ngx_http_veriff_integration_t *vi, ngx_str_t *text, uint64_t *echo)
{
    u_char  name[NGX_VERIFF_NAME_LEN];

    *echo = 0;

    if (text->len == 0) {
        return NGX_OK;
    }

    if (ngx_veriff_seal_name(vmcf->keys, NGX_HTTP_VERIFF_STATE_ECHO,
                             &vi->name, text, name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(echo, &name[1], sizeof(uint64_t));

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_state_get(ngx_http_veriff_main_conf_t *vmcf, ngx_pool_t *pool,
    u_char *name, ngx_veriff_record_t *record)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    rc = ngx_http_veriff_store_get(vmcf->store, pool, name, &value);

    if (rc != NGX_OK) {
        ngx_memzero(record, sizeof(ngx_veriff_record_t));
        return rc;
    }

    return (ngx_veriff_record_read(record, value.data, value.len) == NGX_OK)
           ? NGX_OK : NGX_ERROR;
}


ngx_http_veriff_update_t *
ngx_http_veriff_state_update_create(ngx_http_request_t *r, u_char *name)
{
    ngx_pool_t                *pool;
    ngx_pool_cleanup_t        *cln;
    ngx_http_veriff_update_t  *update;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    update = ngx_pcalloc(pool, sizeof(ngx_http_veriff_update_t));
    cln = ngx_pool_cleanup_add(r->pool, sizeof(void *));

    if (update == NULL || cln == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    update->pool = pool;
    update->request = r;
    update->vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);
    ngx_memcpy(update->name, name, NGX_VERIFF_NAME_LEN);

    /* the cleanup is told when the update is freed first */

    *(ngx_http_veriff_update_t **) cln->data = update;
    cln->handler = ngx_http_veriff_state_gone;
    update->cleanup = cln;

    return update;
}


static void
ngx_http_veriff_state_gone(void *data)
{
    ngx_http_veriff_update_t  *update;

    update = *(ngx_http_veriff_update_t **) data;

    if (update) {
        update->request = NULL;
        update->cleanup = NULL;
    }
}


void
ngx_http_veriff_state_update_free(ngx_http_veriff_update_t *update)
{
    if (update->cleanup) {
        *(ngx_http_veriff_update_t **) update->cleanup->data = NULL;
    }

    ngx_destroy_pool(update->pool);
}


ngx_int_t
ngx_http_veriff_state_update(ngx_http_veriff_update_t *update)
{
    update->rc = ngx_http_veriff_state_try(update);

    return update->rc;
}


static ngx_int_t
ngx_http_veriff_state_try(ngx_http_veriff_update_t *update)
{
    ngx_int_t  rc;

    if (update->tries++ == NGX_HTTP_VERIFF_STATE_TRIES) {
        return NGX_ERROR;
    }

    rc = ngx_http_veriff_state_get(update->vmcf, update->pool, update->name,
                                   &update->record);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    rc = update->modify(update);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    return (ngx_http_veriff_state_write(update) == NGX_OK) ? NGX_AGAIN
                                                           : NGX_ERROR;
}


static ngx_int_t
ngx_http_veriff_state_write(ngx_http_veriff_update_t *update)
{
    ngx_str_t              value;
    ngx_veriff_lmdb_op_t  *op;
    ngx_veriff_record_t   *record;

    update->change.nops = 0;
    update->change.handler = ngx_http_veriff_state_written;
    update->change.data = update;

    record = &update->record;

    ngx_str_null(&value);

    op = ngx_http_veriff_store_op(&update->change, update->name, &value);

    op->expects = 1;
    op->revision = record->revision;

    if (!update->remove) {

        /* higher than that of any record that was here, and removed */

        record->revision = record->revision ? record->revision + 1
                                            : (uint64_t) ngx_time() << 20;

        if (ngx_http_veriff_state_integration(update->vmcf,
                                              update->integration,
                                              &record->integration)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        op->value.len = ngx_veriff_record_len(record);
        op->value.data = ngx_pnalloc(update->pool, op->value.len);
        if (op->value.data == NULL) {
            return NGX_ERROR;
        }

        ngx_veriff_record_write(record, op->value.data);
    }

    if (ngx_http_veriff_state_write_index(update) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_veriff_store_change(update->vmcf->store, &update->change);
}


static ngx_int_t
ngx_http_veriff_state_write_index(ngx_http_veriff_update_t *update)
{
    u_char                 name[NGX_VERIFF_NAME_LEN];
    ngx_str_t              value;
    ngx_veriff_lmdb_op_t  *op;

    if (update->session.len) {

        if (ngx_http_veriff_state_index(update->vmcf, update->integration,
                                        &update->session, name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_memcpy(update->index, update->name, NGX_VERIFF_NAME_LEN);

        ngx_http_veriff_state_put_time(&update->index[NGX_VERIFF_NAME_LEN]);

        update->index[NGX_HTTP_VERIFF_STATE_INDEX_LEN] =
                                             NGX_HTTP_VERIFF_STATE_ADOPTED;

        value.data = update->index;
        value.len = NGX_HTTP_VERIFF_STATE_INDEX_LEN
                    + (update->adopted ? 1 : 0);

        op = ngx_http_veriff_store_op(&update->change, name, &value);

        /* once it is someone's, it stays so */

        op->expects = update->adopted;
        op->revision = 0;
    }

    if (update->forget.len) {

        if (ngx_http_veriff_state_index(update->vmcf, update->integration,
                                        &update->forget, name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_str_null(&value);

        (void) ngx_http_veriff_store_op(&update->change, name, &value);

        if (update->integration->match == NGX_HTTP_VERIFF_MATCH_VENDOR_DATA) {
            return ngx_http_veriff_state_write_deleted(update);
        }
    }

    return NGX_OK;
}


/* or its webhooks, sent once more, would make it known again */

static ngx_int_t
ngx_http_veriff_state_write_deleted(ngx_http_veriff_update_t *update)
{
    u_char     name[NGX_VERIFF_NAME_LEN];
    ngx_str_t  value;

    if (ngx_veriff_seal_name(update->vmcf->keys,
                             NGX_HTTP_VERIFF_STATE_DELETED,
                             &update->integration->name, &update->forget,
                             name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_veriff_state_put_time(update->index);

    value.data = update->index;
    value.len = 8;

    (void) ngx_http_veriff_store_op(&update->change, name, &value);

    return NGX_OK;
}


static void
ngx_http_veriff_state_put_time(u_char *p)
{
    uint64_t    now;
    ngx_uint_t  i;

    now = (uint64_t) ngx_time();

    for (i = 0; i < 8; i++) {
        p[i] = (u_char) (now >> (8 * i));
    }
}


static void
ngx_http_veriff_state_written(ngx_http_veriff_change_t *change)
{
    ngx_http_veriff_update_t *update = change->data;

    update->rc = change->job.rc;

    if (update->rc == NGX_DECLINED || update->rc == NGX_AGAIN) {

        /* someone else was faster, or the map has grown: once more */

        update->rc = ngx_http_veriff_state_try(update);

        if (update->rc == NGX_AGAIN) {
            return;
        }
    }

    update->done(update);
}
