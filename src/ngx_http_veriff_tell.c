
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_tell.h"

#include "ngx_veriff_time.h"


ngx_int_t
ngx_http_veriff_tell(ngx_http_request_t *r, ngx_http_veriff_ctx_t *ctx,
    ngx_veriff_state_e state, ngx_veriff_history_t *history)
{
    u_char               *p;
    ngx_uint_t            verdict, standing;
    ngx_veriff_id_t      *session;
    ngx_veriff_status_e   status;

    verdict = (state == NGX_VERIFF_VERIFIED || state == NGX_VERIFF_REJECTED);

    /* an approval that is withheld is what the state is about, too */

    standing = verdict
               || (state == NGX_VERIFF_PENDING
                   && ngx_veriff_policy_matched(history));

    session = standing ? &history->standing.session : &history->open.session;
    status = standing ? history->standing.status
                      : ngx_veriff_policy_status(history);

    ctx->state = *ngx_veriff_state_name(state);
    ctx->status = *ngx_veriff_status_name(status);

    ngx_str_null(&ctx->session_id);
    ngx_str_null(&ctx->decision_time);

    p = ngx_pnalloc(r->pool, session->len + NGX_VERIFF_TIME_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (session->len) {
        ctx->session_id.data = p;
        ctx->session_id.len = session->len;

        p = ngx_cpymem(p, session->data, session->len);
    }

    if (verdict) {
        ctx->decision_time.data = p;
        ctx->decision_time.len = NGX_VERIFF_TIME_LEN;

        (void) ngx_veriff_time_print(p, history->standing.decided / 1000000);
    }

    return NGX_OK;
}
