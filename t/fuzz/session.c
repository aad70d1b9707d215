
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "browser.h"
#include "json_reader.h"
#include "ngx_veriff_session.h"


/* Input: lines with vendorData and endUserId as sent, then the answer. */


#define HOST  "veriff.com"


static ngx_uint_t believable(ngx_pool_t *pool, fuzz_json_t *json,
    ngx_str_t *vendor_data, ngx_str_t *end_user_id);
static ngx_uint_t echoed(fuzz_json_t *json, const char *name,
    ngx_str_t *sent);
static ngx_uint_t leads_home(ngx_pool_t *pool, ngx_str_t *url);
static void error_code(ngx_pool_t *pool, ngx_str_t *body, fuzz_json_t *json);


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    ngx_int_t              rc;
    ngx_str_t              vendor_data, end_user_id, id, url, *host;
    const char            *reason;
    fuzz_json_t           *json, *verification;
    ngx_array_t           *hosts;
    ngx_veriff_session_t   session;

    hosts = ngx_array_create(pool, 1, sizeof(ngx_str_t));
    host = ngx_array_push(hosts);
    ngx_str_set(host, "." HOST);

    vendor_data = fuzz_line(pool, input);
    end_user_id = fuzz_line(pool, input);

    if (vendor_data.len == 0) {
        vendor_data.data = NULL;
    }

    if (end_user_id.len == 0) {
        end_user_id.data = NULL;
    }

    json = fuzz_json_read(pool, input, FUZZ_JSON_BIG);

    reason = NULL;
    rc = ngx_veriff_session_parse(pool, input, hosts, &vendor_data,
                                  &end_user_id, &session, &reason);

    fuzz_must(rc == NGX_OK || (rc == NGX_DECLINED && reason));
    fuzz_must((rc == NGX_OK)
              == believable(pool, json, &vendor_data, &end_user_id));

    if (rc == NGX_OK) {
        verification = fuzz_json_get(json, "verification");

        id = fuzz_json_string(fuzz_json_get(verification, "id"));
        url = fuzz_json_string(fuzz_json_get(verification, "url"));

        fuzz_must(fuzz_same(&session.id, &id));
        fuzz_must(fuzz_same(&session.url, &url));
        fuzz_must(leads_home(pool, &session.url));
    }

    error_code(pool, input, json);
}


static ngx_uint_t
believable(ngx_pool_t *pool, fuzz_json_t *json, ngx_str_t *vendor_data,
    ngx_str_t *end_user_id)
{
    ngx_str_t     status, id, url;
    fuzz_json_t  *verification;

    verification = fuzz_json_get(json, "verification");

    status = fuzz_json_string(fuzz_json_get(json, "status"));
    id = fuzz_json_string(fuzz_json_get(verification, "id"));
    url = fuzz_json_string(fuzz_json_get(verification, "url"));

    if (!fuzz_is(&status, "success") || !fuzz_id(&id)
        || !echoed(verification, "vendorData", vendor_data)
        || !echoed(verification, "endUserId", end_user_id))
    {
        return 0;
    }

    return leads_home(pool, &url);
}


static ngx_uint_t
echoed(fuzz_json_t *json, const char *name, ngx_str_t *sent)
{
    ngx_str_t     value;
    fuzz_json_t  *member;

    member = fuzz_json_get(json, name);

    if (member && member->type != '"' && member->type != 'n') {
        return 0;
    }

    value = fuzz_json_string(member);

    return fuzz_same(&value, sent);
}


/* plain text of which a browser makes an https URL of a host of theirs */

static ngx_uint_t
leads_home(ngx_pool_t *pool, ngx_str_t *url)
{
    size_t       i, label;
    u_char      *p, *last;
    ngx_str_t    tail;
    fuzz_url_t   seen;

    for (i = 0; i < url->len; i++) {
        if (url->data[i] <= ' ' || url->data[i] >= 0x7f
            || strchr("\"'`<>\\", url->data[i]))
        {
            return 0;
        }
    }

    if (url->len < 9 || strncasecmp((char *) url->data, "https://", 8) != 0
        || fuzz_browser(pool, url, &seen) != NGX_OK || seen.user)
    {
        return 0;
    }

    /* no slash too many, and the host as it is written */

    p = url->data + 8;
    last = url->data + url->len;

    if ((size_t) (last - p) < seen.host.len || seen.host.len > 253
        || strncasecmp((char *) p, (char *) seen.host.data, seen.host.len)
           != 0)
    {
        return 0;
    }

    p += seen.host.len;

    if (p < last && *p == ':' && (seen.port == 0 || last - p < 2)) {
        return 0;
    }

    if (p < last && *p == ':') {
        for (i = 1; p + i < last && p[i] >= '0' && p[i] <= '9'; i++) {
            /* void */
        }

        if (i > 6) {
            return 0;
        }
    }

    for (i = 0, label = 0; i <= seen.host.len; i++) {

        if (i == seen.host.len || seen.host.data[i] == '.') {
            if (i - label == 0 || i - label > 63
                || seen.host.data[label] == '-' || seen.host.data[i - 1] == '-')
            {
                return 0;
            }

            label = i + 1;

        } else if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-",
                          seen.host.data[i])
                   == NULL)
        {
            return 0;
        }
    }

    if (fuzz_is(&seen.host, HOST)) {
        return 1;
    }

    if (seen.host.len <= sizeof("." HOST) - 1) {
        return 0;
    }

    tail.len = sizeof("." HOST) - 1;
    tail.data = seen.host.data + seen.host.len - tail.len;

    return fuzz_is(&tail, "." HOST);
}


static void
error_code(ngx_pool_t *pool, ngx_str_t *body, fuzz_json_t *json)
{
    size_t        i;
    ngx_int_t     rc;
    ngx_str_t     code;
    fuzz_json_t  *member;

    rc = ngx_veriff_session_error(pool, body, &code);

    fuzz_must((rc == NGX_OK) == (code.len != 0));

    if (rc != NGX_OK) {
        return;
    }

    fuzz_must(code.len <= 8);

    for (i = 0; i < code.len; i++) {
        fuzz_must(code.data[i] >= '0' && code.data[i] <= '9');
    }

    member = fuzz_json_get(json, "code");

    fuzz_must(member != NULL);

    if (member->type == '"') {
        fuzz_must(fuzz_same(&code, &member->text));
        return;
    }

    fuzz_must(member->type == '0' || member->type == '.');
    fuzz_must(fuzz_json_number(pool, member) == (double) fuzz_number(&code));
}
