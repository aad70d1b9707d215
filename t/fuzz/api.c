
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "browser.h"
#include "fuzz.h"
#include "ngx_veriff_api.h"


/* Input: a method, a blank and the path as it goes out. */


#define SEGMENTS  64


static ngx_uint_t split(ngx_str_t *path, ngx_str_t *segment);
static void signed_right(ngx_veriff_api_rule_t *rule, ngx_uint_t method,
    ngx_str_t *path, ngx_str_t *segment, ngx_uint_t n);
static ngx_uint_t plain(ngx_str_t *segment, ngx_uint_t n);


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    size_t                 i;
    ngx_str_t              word, path, seen, segment[SEGMENTS],
                           decoded[SEGMENTS];
    ngx_int_t              rc;
    ngx_uint_t             n, method;
    ngx_veriff_api_rule_t  rule;

    word = fuzz_word(pool, input);
    (void) fuzz_byte(input);

    path = fuzz_copy(pool, input->data, input->len);

    method = fuzz_is(&word, "DELETE") ? NGX_VERIFF_DELETE
             : fuzz_is(&word, "POST") ? NGX_VERIFF_POST
             : fuzz_is(&word, "PATCH") ? NGX_VERIFF_PATCH : NGX_VERIFF_GET;

    rc = ngx_veriff_api_rule(pool, method, &path, &rule);

    n = split(&path, segment);

    if (rc != NGX_OK) {
        fuzz_must(rc == NGX_DECLINED);
        fuzz_must(path.len == 0 || path.data[0] != '/' || !plain(segment, n));
        return;
    }

    fuzz_must(path.len >= 4 && memcmp(path.data, "/v1/", 4) == 0);

    for (i = 0; i < path.len; i++) {
        fuzz_must(path.data[i] > ' ' && path.data[i] < 0x7f);
        fuzz_must(strchr("#?;\\", path.data[i]) == NULL);
    }

    /* no proxy and no server on the way takes it for another path */

    seen = fuzz_browser_path(pool, &path);
    fuzz_must(fuzz_same(&seen, &path));

    seen = fuzz_unescape(pool, &path);

    for (i = 0; i < seen.len; i++) {
        fuzz_must(seen.data[i] >= ' ' && seen.data[i] != 0x7f
                  && seen.data[i] != '\\' && seen.data[i] != ';');
    }

    fuzz_must(split(&seen, decoded) == n);

    for (i = 1; i < n; i++) {
        fuzz_must(segment[i].len != 0 || i == n - 1);
        fuzz_must(!fuzz_is(&decoded[i], ".") && !fuzz_is(&decoded[i], ".."));
    }

    signed_right(&rule, method, &path, segment, n);

    /* what is signed is what the server finds there */

    if (rule.text.len && !rule.feedback) {
        fuzz_must(fuzz_same(&rule.text, &decoded[2]));
    }
}


/* "/v1/sessions/id": "v1", "sessions", "id" */

static ngx_uint_t
split(ngx_str_t *path, ngx_str_t *segment)
{
    size_t      i;
    ngx_uint_t  n;

    n = 0;

    for (i = 0; i < path->len && n < SEGMENTS; i++) {

        if (path->data[i] == '/' || n == 0) {
            segment[n].data = path->data + i + (path->data[i] == '/');
            segment[n++].len = 0;

            if (path->data[i] == '/') {
                continue;
            }
        }

        segment[n - 1].len++;
    }

    return n;
}


static void
signed_right(ngx_veriff_api_rule_t *rule, ngx_uint_t method, ngx_str_t *path,
    ngx_str_t *segment, ngx_uint_t n)
{
    ngx_str_t   *name, id, text;
    ngx_uint_t   body, named, deeper;

    body = (method == NGX_VERIFF_POST || method == NGX_VERIFF_PATCH);
    name = &segment[1];

    ngx_str_null(&id);

    if (n > 2) {
        id = segment[2];
    }

    fuzz_must(rule->body == body);
    fuzz_must(rule->feedback == fuzz_is(name, "feedback"));

    if (rule->feedback) {
        text = rule->text;

        if (body) {
            fuzz_must(text.len && text.data[text.len - 1] == LF);
            text.len--;
        }

        fuzz_must(rule->sign && fuzz_same(&text, path));
        fuzz_must(!rule->binary && !rule->gone);
        return;
    }

    named = (fuzz_is(name, "sessions") || fuzz_is(name, "attempts")
             || fuzz_is(name, "media"))
            && id.len;

    fuzz_must(!named || fuzz_id(&id));
    fuzz_must(rule->sign == (body || named));

    if (named && !body) {
        fuzz_must(fuzz_same(&rule->text, &id));

    } else {
        fuzz_must(rule->text.len == 0);
    }

    deeper = (n > 3 && !(n == 4 && segment[3].len == 0));

    fuzz_must(rule->binary
              == (method == NGX_VERIFF_GET && named && !deeper
                  && fuzz_is(name, "media")));
    fuzz_must(rule->gone
              == (method == NGX_VERIFF_DELETE && named && !deeper
                  && fuzz_is(name, "sessions")));
}


/* nothing in it that could be refused */

static ngx_uint_t
plain(ngx_str_t *segment, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 1; i < n; i++) {
        if (!fuzz_id(&segment[i])) {
            return 0;
        }
    }

    return n > 1 && fuzz_is(&segment[0], "v1");
}
