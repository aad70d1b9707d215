
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_status.h"
#include "ngx_http_veriff_reply.h"
#include "ngx_http_veriff_state.h"
#include "ngx_http_veriff_user.h"

#include "ngx_veriff_json.h"


static ngx_int_t ngx_http_veriff_status_send(ngx_http_request_t *r,
    ngx_veriff_state_e state, ngx_veriff_history_t *history);


ngx_int_t
ngx_http_veriff_status_handler(ngx_http_request_t *r)
{
    u_char                        name[NGX_VERIFF_NAME_LEN];
    ngx_int_t                     rc;
    ngx_str_t                     reason;
    ngx_veriff_policy_t           policy;
    ngx_veriff_record_t           record;
    ngx_http_veriff_ctx_t        *ctx;
    ngx_http_veriff_loc_conf_t   *vlcf;
    ngx_http_veriff_main_conf_t  *vmcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);
    vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);

    if (r != r->main || vlcf->session == NULL) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_veriff_reply_error(r, NGX_HTTP_VERIFF_REPLY_PROBLEM,
                                           NGX_HTTP_NOT_ALLOWED,
                                           "Use GET.", 0);
    }

    ctx = ngx_http_veriff_ctx_create(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->integration = vlcf->session->integration;

    rc = ngx_http_veriff_user(r, vlcf->user, ctx, &reason);

    if (rc == NGX_DECLINED || rc == NGX_ABORT) {
        return ngx_http_veriff_reply_error(r, NGX_HTTP_VERIFF_REPLY_PROBLEM,
                                           NGX_HTTP_UNAUTHORIZED,
                                           "Please log in first.", 0);
    }

    if (rc != NGX_OK
        || ngx_http_veriff_state_name(vmcf, ctx->integration, &ctx->user,
                                      name)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_veriff_state_get(vmcf, r->pool, name, &record);

    if (rc == NGX_ERROR) {
        return ngx_http_veriff_reply_error(r, NGX_HTTP_VERIFF_REPLY_PROBLEM,
                                           NGX_HTTP_SERVICE_UNAVAILABLE,
                                           "The state is not known right "
                                           "now.", 10);
    }

    ngx_http_veriff_state_policy(ctx->integration, &policy);

    return ngx_http_veriff_status_send(r,
                            ngx_veriff_policy_state(&record.history, &policy),
                            &record.history);
}


static ngx_int_t
ngx_http_veriff_status_send(ngx_http_request_t *r, ngx_veriff_state_e state,
    ngx_veriff_history_t *history)
{
    u_char               *p;
    ngx_tm_t              tm;
    ngx_str_t             body, id;
    ngx_uint_t            verdict;
    ngx_veriff_id_t      *session;
    ngx_veriff_status_e   status;

    verdict = (state == NGX_VERIFF_VERIFIED || state == NGX_VERIFF_REJECTED);

    session = verdict ? &history->standing.session : &history->open.session;
    status = verdict ? history->standing.status
                     : ngx_veriff_policy_status(history);

    id.data = session->data;
    id.len = session->len;

    body.data = ngx_pnalloc(r->pool,
                            sizeof("{\"state\":\"UNVERIFIED\",\"status\":"
                                   "\"resubmission_requested\","
                                   "\"sessionId\":,\"decisionTime\":"
                                   "\"1970-01-01T00:00:00Z\"}") - 1
                            + NGX_INT64_LEN
                            + (size_t) ngx_veriff_json_escape(NULL, &id));
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(body.data, "{\"state\":\"%V\",\"status\":\"%V\","
                               "\"sessionId\":",
                    ngx_veriff_state_name(state),
                    ngx_veriff_status_name(status));

    p = id.len ? (u_char *) ngx_veriff_json_escape(p, &id)
               : ngx_sprintf(p, "null");

    if (verdict) {
        ngx_gmtime((time_t) (history->standing.decided / 1000000), &tm);

        p = ngx_sprintf(p, ",\"decisionTime\":"
                           "\"%4d-%02d-%02dT%02d:%02d:%02dZ\"}",
                        tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                        tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec);

    } else {
        p = ngx_sprintf(p, ",\"decisionTime\":null}");
    }

    body.len = p - body.data;

    return ngx_http_veriff_reply(r, NGX_HTTP_OK, "application/json", &body);
}
