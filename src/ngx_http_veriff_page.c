
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_page.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_reply.h"


/* a browser takes these two by their hashes only: change both together */

#define NGX_HTTP_VERIFF_PAGE_STYLE                                            \
    "html{color-scheme:light dark}"                                           \
    "body{margin:0 auto;padding:1.5rem;max-width:36rem;"                      \
    "font:1.125rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"          \
    "h1{font-size:1.5rem;line-height:1.25}"                                   \
    "a{display:inline-block;padding:.5rem 0}"

#define NGX_HTTP_VERIFF_PAGE_STYLE_HASH                                       \
    "sha256-5MlsUS/25RiuG9CW1x/0+OBMlzekowOuu8XxDunFrws="

/*
 * Loaded again every half a minute whatever is said: it is the page that has
 * a lost verdict asked for.
 */

#define NGX_HTTP_VERIFF_PAGE_SCRIPT                                           \
    "(function(){"                                                            \
    "var m=document.querySelector(\"main\").dataset,n=0;"                     \
    "setInterval(function(){"                                                 \
    "if(document.hidden){return}"                                             \
    "if(++n>5){location.reload();return}"                                     \
    "fetch(m.poll,{cache:\"no-store\",redirect:\"manual\"})"                  \
    ".then(function(r){return r.ok?r.json():{}})"                             \
    ".then(function(s){if(s.state!==m.state||s.status!==m.status)"            \
    "{location.reload()}})"                                                   \
    ".catch(function(){})"                                                    \
    "},5000)})()"

#define NGX_HTTP_VERIFF_PAGE_SCRIPT_HASH                                      \
    "sha256-5Lth6P7ieNkrA1bu7Twtyoc1yGp3YPm8zjeCh2b8l4E="

#define NGX_HTTP_VERIFF_PAGE_CSP(more)                                        \
    "default-src 'none'; style-src '" NGX_HTTP_VERIFF_PAGE_STYLE_HASH "'; "   \
    more                                                                      \
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


#define NGX_HTTP_VERIFF_PAGE_MAX  2048      /* of what is always the same */


static ngx_int_t ngx_http_veriff_page_headers(ngx_http_request_t *r,
    ngx_http_veriff_page_t *page);
static ngx_int_t ngx_http_veriff_page_body(ngx_http_request_t *r,
    ngx_http_veriff_page_t *page, ngx_str_t *body);
static ngx_int_t ngx_http_veriff_page_escape(ngx_pool_t *pool, ngx_str_t *src,
    ngx_str_t *dst);


static ngx_str_t  ngx_http_veriff_page_csp =
    ngx_string(NGX_HTTP_VERIFF_PAGE_CSP(""));
static ngx_str_t  ngx_http_veriff_page_live_csp =
    ngx_string(NGX_HTTP_VERIFF_PAGE_CSP("script-src '"
                                        NGX_HTTP_VERIFF_PAGE_SCRIPT_HASH
                                        "'; connect-src 'self'; "));
static ngx_str_t  ngx_http_veriff_page_deny = ngx_string("DENY");
static ngx_str_t  ngx_http_veriff_page_nosniff = ngx_string("nosniff");
static ngx_str_t  ngx_http_veriff_page_no_referrer =
    ngx_string("no-referrer");


ngx_int_t
ngx_http_veriff_page(ngx_http_request_t *r, ngx_uint_t status,
    ngx_http_veriff_page_t *page)
{
    ngx_str_t  body;

    if (ngx_http_veriff_reply_has_page(r, status)) {
        return (ngx_http_veriff_reply_no_store(r) == NGX_OK)
               ? (ngx_int_t) status : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_veriff_page_headers(r, page) != NGX_OK
        || ngx_http_veriff_page_body(r, page, &body) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_veriff_reply(r, status, "text/html; charset=utf-8",
                                 &body);
}


/* what a browser may do with the page: show it */

static ngx_int_t
ngx_http_veriff_page_headers(ngx_http_request_t *r,
    ngx_http_veriff_page_t *page)
{
    if (ngx_http_veriff_headers_out(r, "Content-Security-Policy",
                                    page->poll.len
                                    ? &ngx_http_veriff_page_live_csp
                                    : &ngx_http_veriff_page_csp)
        != NGX_OK
        || ngx_http_veriff_headers_out(r, "X-Frame-Options",
                                       &ngx_http_veriff_page_deny)
           != NGX_OK
        || ngx_http_veriff_headers_out(r, "X-Content-Type-Options",
                                       &ngx_http_veriff_page_nosniff)
           != NGX_OK
        || ngx_http_veriff_headers_out(r, "Referrer-Policy",
                                       &ngx_http_veriff_page_no_referrer)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_page_body(ngx_http_request_t *r,
    ngx_http_veriff_page_t *page, ngx_str_t *body)
{
    u_char      *p, *last;
    size_t       size;
    ngx_str_t    uri, poll;
    const char  *more, *link;

    more = page->more ? page->more : "";
    link = page->link ? page->link : "";

    if (ngx_http_veriff_page_escape(r->pool, &page->uri, &uri) != NGX_OK
        || ngx_http_veriff_page_escape(r->pool, &page->poll, &poll) != NGX_OK)
    {
        return NGX_ERROR;
    }

    size = NGX_HTTP_VERIFF_PAGE_MAX + 2 * ngx_strlen(page->title)
           + ngx_strlen(page->text) + ngx_strlen(more) + ngx_strlen(link)
           + uri.len + poll.len + page->state.len + page->status.len;

    body->data = ngx_pnalloc(r->pool, size);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    last = body->data + size;

    p = ngx_slprintf(body->data, last,
                     "<!DOCTYPE html>" CRLF
                     "<html lang=\"en\">" CRLF
                     "<head><meta charset=\"utf-8\">"
                     "<meta name=\"viewport\" "
                     "content=\"width=device-width,initial-scale=1\">"
                     "<title>%s</title>" CRLF
                     "<style>" NGX_HTTP_VERIFF_PAGE_STYLE "</style>" CRLF,
                     page->title);

    if (poll.len) {
        p = ngx_slprintf(p, last,
                         "<noscript><meta http-equiv=\"refresh\" "
                         "content=\"5\"></noscript></head>" CRLF
                         "<body><main data-poll=\"%V\" data-state=\"%V\" "
                         "data-status=\"%V\">"
                         "<h1>%s</h1>"
                         "<p role=\"status\" aria-live=\"polite\">%s</p>",
                         &poll, &page->state, &page->status, page->title,
                         page->text);

    } else {
        p = ngx_slprintf(p, last, "</head>" CRLF
                         "<body><main><h1>%s</h1><p>%s</p>",
                         page->title, page->text);
    }

    if (page->more) {
        p = ngx_slprintf(p, last, "<p>%s</p>", more);
    }

    if (page->link) {
        p = ngx_slprintf(p, last, "<p><a href=\"%V\">%s</a></p>", &uri, link);
    }

    p = ngx_slprintf(p, last, "</main>" CRLF);

    if (poll.len) {
        p = ngx_slprintf(p, last, "<script>" NGX_HTTP_VERIFF_PAGE_SCRIPT
                                  "</script>" CRLF);
    }

    p = ngx_slprintf(p, last, "</body>" CRLF "</html>" CRLF);

    body->len = p - body->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_page_escape(ngx_pool_t *pool, ngx_str_t *src, ngx_str_t *dst)
{
    dst->len = src->len + ngx_escape_html(NULL, src->data, src->len);

    dst->data = ngx_pnalloc(pool, dst->len + 1);
    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_escape_html(dst->data, src->data, src->len);

    return NGX_OK;
}
