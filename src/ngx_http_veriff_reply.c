
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_reply.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_page.h"


#define NGX_HTTP_VERIFF_REPLY_MAX  1024     /* of an error's body */


typedef struct {
    ngx_uint_t   status;
    const char  *title;
    const char  *code;          /* the provider's for the like */
} ngx_http_veriff_status_t;


static ngx_http_veriff_status_t *ngx_http_veriff_reply_status(
    ngx_uint_t status);
static ngx_int_t ngx_http_veriff_reply_body(ngx_http_request_t *r,
    ngx_http_veriff_reply_e shape, ngx_http_veriff_status_t *st,
    ngx_http_veriff_problem_t *problem, ngx_str_t *body);
static void ngx_http_veriff_reply_forget(ngx_http_request_t *r);
static void ngx_http_veriff_reply_hide(ngx_http_request_t *r,
    const char *name);


static ngx_http_veriff_status_t  ngx_http_veriff_statuses[] = {
    { 200, "Verification", "" },
    { 400, "Bad Request", "1101" },
    { 401, "Unauthorized", "1815" },
    { 403, "Forbidden", "1815" },
    { 404, "Not Found", "1101" },
    { 405, "Method Not Allowed", "1101" },
    { 409, "Conflict", "1101" },
    { 413, "Request Entity Too Large", "1101" },
    { 415, "Unsupported Media Type", "1101" },
    { 429, "Too Many Requests", "1004" },
    { 500, "Internal Server Error", "1101" },
    { 502, "Bad Gateway", "1101" },
    { 503, "Service Unavailable", "1101" },
    { 504, "Gateway Time-out", "1101" },
    { 0, "Error", "1101" }
};


static ngx_str_t  ngx_http_veriff_nosniff = ngx_string("nosniff");
static ngx_str_t  ngx_http_veriff_no_store = ngx_string("no-store");
static ngx_str_t  ngx_http_veriff_no_referrer = ngx_string("no-referrer");
static ngx_str_t  ngx_http_veriff_get_post = ngx_string("GET, POST");
static ngx_str_t  ngx_http_veriff_get_head = ngx_string("GET, HEAD");
static ngx_str_t  ngx_http_veriff_post = ngx_string("POST");


ngx_int_t
ngx_http_veriff_reply(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, ngx_str_t *body)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;
    ngx_chain_t  out;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_veriff_reply_no_store(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* what was done for the request must be told, "If-None-Match: *" or not */

    r->disable_not_modified = 1;

    r->headers_out.status = status;
    r->headers_out.content_length_n = body->len;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = body->len ? 1 : 0;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_veriff_reply_error(ngx_http_request_t *r,
    ngx_http_veriff_reply_e shape, ngx_uint_t status, const char *detail,
    ngx_uint_t retry_after)
{
    ngx_http_veriff_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_veriff_problem_t));

    problem.status = status;
    problem.detail = detail;
    problem.retry_after = retry_after;

    return ngx_http_veriff_reply_problem(r, shape, &problem);
}


ngx_int_t
ngx_http_veriff_reply_problem(ngx_http_request_t *r,
    ngx_http_veriff_reply_e shape, ngx_http_veriff_problem_t *problem)
{
    ngx_str_t                    body, value;
    ngx_uint_t                   status;
    const char                  *type;
    ngx_http_veriff_page_t       page;
    ngx_http_veriff_status_t    *st;
    ngx_http_veriff_loc_conf_t  *vlcf;

    status = problem->status;

    if (problem->retry_after) {
        value.data = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
        if (value.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        value.len = ngx_sprintf(value.data, "%ui", problem->retry_after)
                    - value.data;

        /* its error page may have been refused, too */

        ngx_http_veriff_reply_hide(r, "Retry-After");

        if (ngx_http_veriff_headers_out(r, "Retry-After", &value) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (status == NGX_HTTP_NOT_ALLOWED && shape != NGX_HTTP_VERIFF_REPLY_API) {
        vlcf = ngx_http_get_module_loc_conf(r, ngx_http_veriff_module);

        if (ngx_http_veriff_headers_out(r, "Allow",
                                        vlcf->webhook
                                        ? &ngx_http_veriff_post
                                        : (vlcf->status || vlcf->metrics
                                           || vlcf->return_ref)
                                        ? &ngx_http_veriff_get_head
                                        : &ngx_http_veriff_get_post)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (shape != NGX_HTTP_VERIFF_REPLY_API
        && ngx_http_veriff_reply_has_page(r, status))
    {
        return (ngx_http_veriff_reply_no_store(r) == NGX_OK)
               ? (ngx_int_t) status : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    st = ngx_http_veriff_reply_status(status);

    if (shape == NGX_HTTP_VERIFF_REPLY_PAGE) {
        ngx_memzero(&page, sizeof(ngx_http_veriff_page_t));

        page.title = st->title;
        page.text = problem->detail;

        if (problem->link) {
            page.link = problem->label;
            page.uri = *problem->link;
        }

        return ngx_http_veriff_page(r, status, &page);
    }

    if (ngx_http_veriff_reply_body(r, shape, st, problem, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    type = (shape == NGX_HTTP_VERIFF_REPLY_PROBLEM)
           ? "application/problem+json" : "application/json";

    if (ngx_http_veriff_headers_out(r, "X-Content-Type-Options",
                                    &ngx_http_veriff_nosniff)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_veriff_reply(r, status, type, &body);
}


static ngx_http_veriff_status_t *
ngx_http_veriff_reply_status(ngx_uint_t status)
{
    ngx_http_veriff_status_t  *st;

    for (st = ngx_http_veriff_statuses; st->status; st++) {
        if (st->status == status) {
            break;
        }
    }

    return st;
}


static ngx_int_t
ngx_http_veriff_reply_body(ngx_http_request_t *r,
    ngx_http_veriff_reply_e shape, ngx_http_veriff_status_t *st,
    ngx_http_veriff_problem_t *problem, ngx_str_t *body)
{
    u_char  *p, *last;
    size_t   len;

    len = NGX_HTTP_VERIFF_REPLY_MAX
          + (problem->state ? problem->state->len : 0)
          + (problem->start ? problem->start->len : 0);

    body->data = ngx_pnalloc(r->pool, len);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    p = body->data;
    last = p + len;

    /* all that is written here is a constant of ours, or escaped */

    if (shape == NGX_HTTP_VERIFF_REPLY_PROBLEM) {
        p = ngx_slprintf(p, last,
                         "{\"type\":\"about:blank\",\"title\":\"%s\","
                         "\"status\":%ui,\"detail\":\"%s\"",
                         st->title, st->status, problem->detail);

        if (problem->state) {
            p = ngx_slprintf(p, last, ",\"state\":\"%V\"", problem->state);
        }

        if (problem->start) {
            p = ngx_slprintf(p, last, ",\"start\":\"%V\"", problem->start);
        }

        p = ngx_slprintf(p, last, "}" CRLF);

    } else {
        p = ngx_slprintf(p, last,
                         "{\"status\":\"fail\",\"code\":\"%s\","
                         "\"message\":\"%s\"}" CRLF,
                         st->code, problem->detail);
    }

    body->len = p - body->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_veriff_reply_api_body(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body)
{
    ngx_http_veriff_status_t   *st;
    ngx_http_veriff_problem_t   problem;

    ngx_memzero(&problem, sizeof(ngx_http_veriff_problem_t));

    st = ngx_http_veriff_reply_status(status);

    problem.detail = st->title;

    return ngx_http_veriff_reply_body(r, NGX_HTTP_VERIFF_REPLY_API, st,
                                      &problem, body);
}


ngx_uint_t
ngx_http_veriff_reply_has_page(ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_uint_t                 i;
    ngx_http_err_page_t       *page;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->error_pages == NULL || r->error_page) {
        return 0;
    }

    page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {
        if ((ngx_uint_t) page[i].status == status) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_veriff_reply_redirect(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *url)
{
    ngx_str_t  location, body;

    location.len = url->len;
    location.data = ngx_pstrdup(r->pool, url);
    if (location.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* not in headers_out.location, which nginx may rewrite */

    if (ngx_http_veriff_headers_out(r, "Location", &location) != NGX_OK
        || ngx_http_veriff_headers_out(r, "Referrer-Policy",
                                       &ngx_http_veriff_no_referrer)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_null(&body);

    return ngx_http_veriff_reply(r, status, "text/html", &body);
}


ngx_int_t
ngx_http_veriff_reply_no_store(ngx_http_request_t *r)
{
    ngx_http_veriff_reply_forget(r);

    return ngx_http_veriff_headers_out(r, "Cache-Control",
                                       &ngx_http_veriff_no_store);
}


/*
 * What an application that handed over by X-Accel-Redirect, or a redirect that
 * has an error page, has said of its answer is not true of ours.
 */

static void
ngx_http_veriff_reply_forget(ngx_http_request_t *r)
{
    ngx_http_veriff_reply_hide(r, "Cache-Control");
    ngx_http_veriff_reply_hide(r, "Expires");
    ngx_http_veriff_reply_hide(r, "Content-Disposition");

    ngx_memzero(&r->headers_out.cache_control,
                sizeof(r->headers_out.cache_control));

    r->headers_out.expires = NULL;
    ngx_http_clear_location(r);

    ngx_str_null(&r->headers_out.charset);
    r->headers_out.content_type_lowcase = NULL;
}


static void
ngx_http_veriff_reply_hide(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    len = ngx_strlen(name);
    part = &r->headers_out.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        if (header[i].key.len == len
            && ngx_strncasecmp(header[i].key.data, (u_char *) name, len) == 0)
        {
            header[i].hash = 0;
        }
    }
}


void
ngx_http_veriff_reply_clean(ngx_http_request_t *r)
{
    ngx_memzero(&r->headers_out.status,
                sizeof(ngx_http_headers_out_t)
                - offsetof(ngx_http_headers_out_t, status));

    r->headers_out.headers.part.nelts = 0;
    r->headers_out.headers.part.next = NULL;
    r->headers_out.headers.last = &r->headers_out.headers.part;

    r->headers_out.trailers.part.nelts = 0;
    r->headers_out.trailers.part.next = NULL;
    r->headers_out.trailers.last = &r->headers_out.trailers.part;

    r->headers_out.content_length_n = -1;
    r->headers_out.last_modified_time = -1;
}
