
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_metrics.h"
#include "ngx_http_veriff_conf.h"
#include "ngx_http_veriff_count.h"
#include "ngx_http_veriff_headers.h"
#include "ngx_http_veriff_reply.h"
#include "ngx_http_veriff_store.h"
#include "ngx_http_veriff_zone.h"


#define NGX_HTTP_VERIFF_METRICS_BUF   16384
#define NGX_HTTP_VERIFF_METRICS_LINE  512       /* none is longer */


/* the text, as far as it is written */

typedef struct {
    ngx_pool_t                    *pool;
    ngx_http_veriff_main_conf_t   *vmcf;
    ngx_chain_t                   *out;
    ngx_chain_t                  **last;
    ngx_buf_t                     *buf;
    off_t                          size;
    ngx_uint_t                     failed;      /* no memory */
} ngx_http_veriff_metrics_t;


static ngx_int_t ngx_http_veriff_metrics_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_veriff_metrics_send(ngx_http_request_t *r,
    ngx_http_veriff_metrics_t *m);
static void ngx_http_veriff_metrics_family(ngx_http_veriff_metrics_t *m,
    ngx_http_veriff_family_t *family);
static void ngx_http_veriff_metrics_counters(ngx_http_veriff_metrics_t *m,
    ngx_http_veriff_family_t *family, ngx_http_veriff_integration_t *vi);
static void ngx_http_veriff_metrics_times(ngx_http_veriff_metrics_t *m);
static void ngx_http_veriff_metrics_time(ngx_http_veriff_metrics_t *m,
    ngx_http_veriff_integration_t *vi, ngx_uint_t call);
static void ngx_http_veriff_metrics_store(ngx_http_veriff_metrics_t *m);
static void ngx_http_veriff_metrics_one(ngx_http_veriff_metrics_t *m,
    const char *name, const char *type, const char *help, uint64_t value);
static void ngx_http_veriff_metrics_line(ngx_http_veriff_metrics_t *m,
    const char *fmt, ...);


static ngx_str_t  ngx_http_veriff_metrics_no_store = ngx_string("no-store");
static ngx_str_t  ngx_http_veriff_metrics_none = ngx_null_string;


char *
ngx_http_veriff_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_loc_conf_t *vlcf = conf;

    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_veriff_main_conf_t  *vmcf;

    if (vlcf->metrics) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "conflicts with another handler of its location, give it a "
               "location of its own";
    }

    vlcf->metrics = ngx_palloc(cf->pool, sizeof(ngx_http_veriff_place_t));
    if (vlcf->metrics == NULL
        || ngx_http_veriff_conf_place(cf, vlcf->metrics) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    clcf->handler = ngx_http_veriff_metrics_handler;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);
    vmcf->metrics = 1;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_veriff_metrics_check(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf)
{
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_veriff_main_conf_t  *vmcf;

    if (vlcf->metrics == NULL) {
        return NGX_OK;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    /* "limit_except" replaces the location, and its handler, altogether */

    if (clcf->lmt_excpt && clcf->handler == NULL) {
        clcf->handler = ngx_http_veriff_metrics_handler;
    }

    if (vlcf->sign || vlcf->session || vlcf->webhook
        || (clcf->handler
            && clcf->handler != ngx_http_veriff_metrics_handler))
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"veriff_metrics\" conflicts with another handler of "
                      "its location, give it a location of its own in %s:%ui",
                      vlcf->metrics->file, vlcf->metrics->line);
        return NGX_ERROR;
    }

    if (vmcf->integrations.nelts == 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"veriff_metrics\" has nothing to tell, add "
                      "\"veriff_integration name { ... }\" to http in %s:%ui",
                      vlcf->metrics->file, vlcf->metrics->line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_veriff_metrics_handler(ngx_http_request_t *r)
{
    ngx_http_veriff_family_t   *family;
    ngx_http_veriff_metrics_t   m;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_veriff_reply_error(r, NGX_HTTP_VERIFF_REPLY_PROBLEM,
                                           NGX_HTTP_NOT_ALLOWED,
                                           "Use GET.", 0);
    }

    ngx_memzero(&m, sizeof(ngx_http_veriff_metrics_t));

    m.pool = r->pool;
    m.vmcf = ngx_http_get_module_main_conf(r, ngx_http_veriff_module);
    m.last = &m.out;

    for (family = ngx_http_veriff_families; family->name; family++) {
        ngx_http_veriff_metrics_family(&m, family);
    }

    ngx_http_veriff_metrics_times(&m);

    if (m.vmcf->store) {
        ngx_http_veriff_metrics_store(&m);
    }

    ngx_http_veriff_metrics_one(&m, "veriff_counting_since_seconds", "gauge",
                                "When the counters began, in Unix time.",
                                (uint64_t) ngx_http_veriff_zone_since());

    return m.failed ? NGX_HTTP_INTERNAL_SERVER_ERROR
                    : ngx_http_veriff_metrics_send(r, &m);
}


static ngx_int_t
ngx_http_veriff_metrics_send(ngx_http_request_t *r,
    ngx_http_veriff_metrics_t *m)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_veriff_headers_out(r, "Cache-Control",
                                    &ngx_http_veriff_metrics_no_store)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->disable_not_modified = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = m->size;

    ngx_str_set(&r->headers_out.content_type,
                "text/plain; version=0.0.4; charset=utf-8");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    m->buf->last_buf = 1;
    m->buf->last_in_chain = 1;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, m->out);
}


static void
ngx_http_veriff_metrics_family(ngx_http_veriff_metrics_t *m,
    ngx_http_veriff_family_t *family)
{
    ngx_uint_t                       i;
    ngx_http_veriff_integration_t  **vi;

    ngx_http_veriff_metrics_line(m, "# HELP %s %s\n# TYPE %s counter\n",
                                 family->name, family->help, family->name);

    if (family->unknown) {
        ngx_http_veriff_metrics_counters(m, family, NULL);
    }

    vi = m->vmcf->integrations.elts;

    for (i = 0; i < m->vmcf->integrations.nelts; i++) {
        ngx_http_veriff_metrics_counters(m, family, vi[i]);
    }
}


/* the integration's name has no characters that would need an escape */

static void
ngx_http_veriff_metrics_counters(ngx_http_veriff_metrics_t *m,
    ngx_http_veriff_family_t *family, ngx_http_veriff_integration_t *vi)
{
    ngx_str_t                *name;
    const char              **first, **second;
    ngx_atomic_t             *counter;
    ngx_http_veriff_slot_t   *slot;

    slot = ngx_http_veriff_zone_slot(vi);

    if (slot == NULL) {
        return;
    }

    name = vi ? &vi->name : &ngx_http_veriff_metrics_none;
    counter = &slot->counters[family->first];

    for (first = family->values[0]; *first; first++) {

        if (family->label[1] == NULL) {
            ngx_http_veriff_metrics_line(m, "%s{integration=\"%V\","
                                            "%s=\"%s\"} %uA\n",
                                         family->name, name, family->label[0],
                                         *first, *counter++);
            continue;
        }

        for (second = family->values[1]; *second; second++, counter++) {

            if (*counter == 0 && family->sparse) {
                continue;
            }

            ngx_http_veriff_metrics_line(m, "%s{integration=\"%V\","
                                            "%s=\"%s\",%s=\"%s\"} %uA\n",
                                         family->name, name, family->label[0],
                                         *first, family->label[1], *second,
                                         *counter);
        }
    }
}


static void
ngx_http_veriff_metrics_times(ngx_http_veriff_metrics_t *m)
{
    ngx_uint_t                       i, call;
    ngx_http_veriff_integration_t  **vi;

    ngx_http_veriff_metrics_line(m, "# HELP veriff_api_call_seconds How long "
                                    "the provider took for the module's own "
                                    "requests.\n"
                                    "# TYPE veriff_api_call_seconds "
                                    "histogram\n");

    vi = m->vmcf->integrations.elts;

    for (i = 0; i < m->vmcf->integrations.nelts; i++) {

        for (call = 0; call < NGX_HTTP_VERIFF_COUNT_TIMED; call++) {
            ngx_http_veriff_metrics_time(m, vi[i], call);
        }
    }
}


static void
ngx_http_veriff_metrics_time(ngx_http_veriff_metrics_t *m,
    ngx_http_veriff_integration_t *vi, ngx_uint_t call)
{
    uint64_t                 count, sum;
    ngx_uint_t               i;
    const char              *name;
    ngx_atomic_t            *counter;
    ngx_http_veriff_slot_t  *slot;

    slot = ngx_http_veriff_zone_slot(vi);

    if (slot == NULL) {
        return;
    }

    name = ngx_http_veriff_calls[call];

    counter = &slot->counters[NGX_HTTP_VERIFF_COUNT_TIMES
                              + call * (NGX_HTTP_VERIFF_COUNT_BUCKETS + 1)];

    count = 0;

    for (i = 0; i < NGX_HTTP_VERIFF_COUNT_BUCKETS; i++) {
        count += counter[i];

        ngx_http_veriff_metrics_line(m, "veriff_api_call_seconds_bucket{"
                                        "integration=\"%V\",call=\"%s\","
                                        "le=\"%s\"} %uL\n",
                                     &vi->name, name,
                                     ngx_http_veriff_buckets[i].seconds,
                                     count);
    }

    sum = counter[NGX_HTTP_VERIFF_COUNT_BUCKETS];

    ngx_http_veriff_metrics_line(m, "veriff_api_call_seconds_sum{"
                                    "integration=\"%V\",call=\"%s\"} "
                                    "%uL.%03uL\n"
                                    "veriff_api_call_seconds_count{"
                                    "integration=\"%V\",call=\"%s\"} %uL\n",
                                 &vi->name, name, sum / 1000, sum % 1000,
                                 &vi->name, name, count);
}


static void
ngx_http_veriff_metrics_store(ngx_http_veriff_metrics_t *m)
{
    ngx_int_t                 rc;
    ngx_uint_t                i;
    ngx_veriff_lmdb_stat_t    st;
    ngx_http_veriff_slot_t   *slot;

    static struct {
        ngx_uint_t   counter;
        const char  *name;
        const char  *help;
    } counters[] = {
        { NGX_HTTP_VERIFF_COUNT_STORE_COMMITS,
          "veriff_store_commits_total",
          "Changes of the store that are durable." },
        { NGX_HTTP_VERIFF_COUNT_STORE_COMMIT_FAILURES,
          "veriff_store_commit_failures_total",
          "Changes of the store that failed." },
        { NGX_HTTP_VERIFF_COUNT_STORE_FULL,
          "veriff_store_full_total",
          "Changes that had no room in the store." },
        { NGX_HTTP_VERIFF_COUNT_STORE_READ_ERRORS,
          "veriff_store_read_errors_total",
          "Reads of the store that failed." }
    };

    rc = ngx_http_veriff_store_stat(m->vmcf->store, &st);

    ngx_http_veriff_metrics_one(m, "veriff_store_open", "gauge",
                                "Whether the worker that answers has the "
                                "store open.", rc != NGX_DECLINED);

    if (rc == NGX_OK) {
        ngx_http_veriff_metrics_one(m, "veriff_store_used_bytes", "gauge",
                                    "What the store's contents take up.",
                                    st.used);
        ngx_http_veriff_metrics_one(m, "veriff_store_limit_bytes", "gauge",
                                    "What they may take up.", st.limit);
        ngx_http_veriff_metrics_one(m, "veriff_store_entries", "gauge",
                                    "Users' records and names of sessions.",
                                    st.entries);
    }

    slot = ngx_http_veriff_zone_slot(NULL);

    if (slot == NULL) {
        return;
    }

    for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        ngx_http_veriff_metrics_one(m, counters[i].name, "counter",
                                    counters[i].help,
                                    slot->counters[counters[i].counter]);
    }
}


static void
ngx_http_veriff_metrics_one(ngx_http_veriff_metrics_t *m, const char *name,
    const char *type, const char *help, uint64_t value)
{
    ngx_http_veriff_metrics_line(m, "# HELP %s %s\n# TYPE %s %s\n%s %uL\n",
                                 name, help, name, type, name, value);
}


static void
ngx_http_veriff_metrics_line(ngx_http_veriff_metrics_t *m, const char *fmt,
    ...)
{
    u_char       *p;
    va_list       args;
    ngx_chain_t  *cl;

    if (m->failed) {
        return;
    }

    if (m->buf == NULL
        || m->buf->end - m->buf->last < NGX_HTTP_VERIFF_METRICS_LINE)
    {
        cl = ngx_alloc_chain_link(m->pool);
        m->buf = ngx_create_temp_buf(m->pool, NGX_HTTP_VERIFF_METRICS_BUF);

        if (cl == NULL || m->buf == NULL) {
            m->failed = 1;
            return;
        }

        cl->buf = m->buf;
        cl->next = NULL;

        *m->last = cl;
        m->last = &cl->next;
    }

    va_start(args, fmt);
    p = ngx_vslprintf(m->buf->last, m->buf->end, fmt, args);
    va_end(args);

    m->size += p - m->buf->last;
    m->buf->last = p;
}
