
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_replay.h"
#include "ngx_http_veriff_apply.h"
#include "ngx_http_veriff_store_queue.h"


#define NGX_HTTP_VERIFF_REPLAY_KIND  'w'
#define NGX_HTTP_VERIFF_REPLAY_LEN   8


typedef struct {
    ngx_http_veriff_change_t    change;
    ngx_pool_t                 *pool;
    u_char                      value[NGX_HTTP_VERIFF_REPLAY_LEN];
} ngx_http_veriff_replay_t;


static ngx_int_t ngx_http_veriff_replay_name(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx, ngx_http_veriff_integration_t *vi,
    u_char *name);
static void ngx_http_veriff_replay_marked(ngx_http_veriff_change_t *change);


/*
 * Which of the integrations that share a key it is may depend on a header,
 * which is not signed: so it is looked for in all of them.
 */

ngx_int_t
ngx_http_veriff_replay_find(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx)
{
    u_char                        name[NGX_VERIFF_NAME_LEN];
    ngx_int_t                     rc;
    ngx_str_t                     value;
    ngx_uint_t                    i;
    ngx_http_veriff_candidate_t  *candidate;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);
    candidate = ctx->candidates.elts;

    for (i = 0; i < ctx->candidates.nelts; i++) {

        if (ngx_http_veriff_replay_name(r, ctx, candidate[i].integration,
                                        name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        rc = ngx_http_veriff_store_get(vmcf->store, r->pool, name, &value);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return NGX_DECLINED;
}


void
ngx_http_veriff_replay_mark(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx)
{
    u_char                        name[NGX_VERIFF_NAME_LEN];
    uint64_t                      now;
    ngx_str_t                     value;
    ngx_uint_t                    i;
    ngx_pool_t                   *pool;
    ngx_http_veriff_replay_t     *replay;
    ngx_http_veriff_main_conf_t  *vmcf;

    if (ngx_http_veriff_replay_name(r, ctx, ctx->integration, name)
        != NGX_OK)
    {
        return;
    }

    /* it outlives the request */

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return;
    }

    replay = ngx_pcalloc(pool, sizeof(ngx_http_veriff_replay_t));
    if (replay == NULL) {
        ngx_destroy_pool(pool);
        return;
    }

    now = (uint64_t) ngx_time();

    for (i = 0; i < NGX_HTTP_VERIFF_REPLAY_LEN; i++) {
        replay->value[i] = (u_char) (now >> (8 * i));
    }

    value.data = replay->value;
    value.len = NGX_HTTP_VERIFF_REPLAY_LEN;

    replay->pool = pool;
    replay->change.handler = ngx_http_veriff_replay_marked;
    replay->change.data = replay;

    (void) ngx_http_veriff_store_op(&replay->change, name, &value);

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (ngx_http_veriff_store_change(vmcf->store, &replay->change) != NGX_OK)
    {
        ngx_destroy_pool(pool);
    }
}


/* done or failed, which is logged: nobody waits for it */

static void
ngx_http_veriff_replay_marked(ngx_http_veriff_change_t *change)
{
    ngx_http_veriff_replay_t *replay = change->data;

    ngx_destroy_pool(replay->pool);
}


/*
 * The signature stands for the bytes, which need not be hashed again.  It
 * was verified in either case of its letters.  The name is kept, from the
 * look-up to the mark.
 */

static ngx_int_t
ngx_http_veriff_replay_name(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx,
    ngx_http_veriff_integration_t *vi, u_char *name)
{
    u_char                        lower[NGX_VERIFF_HMAC_HEX_LEN];
    ngx_str_t                     signature;
    ngx_http_veriff_main_conf_t  *vmcf;

    if (ctx->replay_of == vi) {
        ngx_memcpy(name, ctx->replay_name, NGX_VERIFF_NAME_LEN);
        return NGX_OK;
    }

    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    ngx_strlow(lower, ctx->signature.data, NGX_VERIFF_HMAC_HEX_LEN);

    signature.data = lower;
    signature.len = NGX_VERIFF_HMAC_HEX_LEN;

    if (ngx_veriff_seal_name(vmcf->keys, NGX_HTTP_VERIFF_REPLAY_KIND,
                             &vi->name, &signature, name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(ctx->replay_name, name, NGX_VERIFF_NAME_LEN);
    ctx->replay_of = vi;

    return NGX_OK;
}
