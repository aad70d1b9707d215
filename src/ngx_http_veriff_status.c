
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_status.h"
#include "ngx_http_veriff_reply.h"
#include "ngx_http_veriff_state.h"
#include "ngx_http_veriff_tell.h"
#include "ngx_http_veriff_user.h"

#include "ngx_veriff_json.h"


static ngx_int_t ngx_http_veriff_status_send(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx);


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

    if (ngx_http_veriff_tell(r, ctx,
                            ngx_veriff_policy_state(&record.history, &policy),
                            &record.history)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_veriff_status_send(r, ctx);
}


static ngx_int_t
ngx_http_veriff_status_send(ngx_http_request_t *r,
    ngx_http_veriff_ctx_t *ctx)
{
    u_char     *p;
    ngx_str_t   body;

    body.data = ngx_pnalloc(r->pool,
                            sizeof("{\"state\":\"UNVERIFIED\",\"status\":"
                                   "\"resubmission_requested\","
                                   "\"sessionId\":null,\"decisionTime\":"
                                   "\"1970-01-01T00:00:00Z\"}") - 1
                            + (size_t) ngx_veriff_json_escape(NULL,
                                                         &ctx->session_id));
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(body.data, "{\"state\":\"%V\",\"status\":\"%V\","
                               "\"sessionId\":",
                    &ctx->state, &ctx->status);

    p = ctx->session_id.len
        ? (u_char *) ngx_veriff_json_escape(p, &ctx->session_id)
        : ngx_sprintf(p, "null");

    if (ctx->decision_time.len) {
        p = ngx_sprintf(p, ",\"decisionTime\":\"%V\"}", &ctx->decision_time);

    } else {
        p = ngx_sprintf(p, ",\"decisionTime\":null}");
    }

    body.len = p - body.data;

    return ngx_http_veriff_reply(r, NGX_HTTP_OK, "application/json", &body);
}
