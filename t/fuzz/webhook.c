
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "json_reader.h"
#include "ngx_veriff_webhook.h"


/* Input: the body of a webhook, or of the answer to a decision query. */


static ngx_veriff_webhook_e classify(ngx_pool_t *pool, fuzz_json_t *json);
static fuzz_json_t *part(fuzz_json_t *json, const char *path);
static ngx_uint_t is_string(fuzz_json_t *json, const char *name);
static void expected(fuzz_json_t *json, ngx_veriff_webhook_e type,
    ngx_veriff_webhook_t *webhook);
static void same(ngx_veriff_webhook_t *a, ngx_veriff_webhook_t *b);


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    ngx_int_t              rc;
    ngx_str_t              text;
    fuzz_json_t           *json;
    ngx_veriff_webhook_t   webhook, other;

    rc = ngx_veriff_webhook_parse(pool, input->data, input->len, &webhook);
    json = fuzz_json_read(pool, input, FUZZ_JSON_BIG);

    if (json == NULL || json->type != '{') {
        fuzz_must(rc == NGX_DECLINED);
        fuzz_must(webhook.type == NGX_VERIFF_WEBHOOK_UNKNOWN);
        fuzz_must(webhook.session_id.len == 0 && webhook.status.len == 0);
        return;
    }

    fuzz_must(rc == NGX_OK);
    fuzz_must(ngx_veriff_webhook_type_name(webhook.type)->len != 0);

    expected(json, classify(pool, json), &other);
    same(&webhook, &other);

    /* the order of members says nothing */

    text = fuzz_json_reverse(pool, json);

    rc = ngx_veriff_webhook_parse(pool, text.data, text.len, &other);

    fuzz_must(rc == NGX_OK);
    same(&webhook, &other);
}


static ngx_veriff_webhook_e
classify(ngx_pool_t *pool, fuzz_json_t *json)
{
    double        code;
    ngx_str_t     value;
    fuzz_json_t  *member;

    member = fuzz_json_get(json, "verification");

    if (member) {
        return (member->type == '{' || member->type == 'n')
               ? NGX_VERIFF_WEBHOOK_DECISION : NGX_VERIFF_WEBHOOK_UNKNOWN;
    }

    if (is_string(json, "eventType")) {
        value = fuzz_json_string(fuzz_json_get(json, "eventType"));

        return fuzz_is(&value, "user-status.created")
                   ? NGX_VERIFF_WEBHOOK_USER_STATUS
               : fuzz_is(&value, "fullauto") ? NGX_VERIFF_WEBHOOK_FULL_AUTO
               : fuzz_is(&value, "ine_registry") ? NGX_VERIFF_WEBHOOK_INE
               : fuzz_is(&value, "combined-ine-curp-registry")
                   ? NGX_VERIFF_WEBHOOK_INE_CURP
               : NGX_VERIFF_WEBHOOK_UNKNOWN;
    }

    value = fuzz_json_string(fuzz_json_get(json, "type"));

    if (fuzz_is(&value, "curp_registry")) {
        return NGX_VERIFF_WEBHOOK_CURP;
    }

    if (is_string(json, "checkType")) {
        return NGX_VERIFF_WEBHOOK_WATCHLIST;
    }

    code = fuzz_json_number(pool, fuzz_json_get(json, "code"));

    if (is_string(json, "addressId") || code == 7005) {
        return NGX_VERIFF_WEBHOOK_ADDRESS;
    }

    if (code >= 7000 && code <= 7999 && code == (int) code
        && (is_string(json, "action") || is_string(json, "feature")))
    {
        return NGX_VERIFF_WEBHOOK_EVENT;
    }

    return NGX_VERIFF_WEBHOOK_UNKNOWN;
}


static ngx_uint_t
is_string(fuzz_json_t *json, const char *name)
{
    json = fuzz_json_get(json, name);

    return json && json->type == '"';
}


/* "data/verification": a member within members; NULL: there is none */

static fuzz_json_t *
part(fuzz_json_t *json, const char *path)
{
    size_t     len;
    ngx_str_t  name;

    if (path == NULL) {
        return NULL;
    }

    while (*path) {
        len = strcspn(path, "/");

        name.data = (u_char *) path;
        name.len = len;

        json = fuzz_json_find(json, &name);

        path += len + (path[len] == '/');
    }

    return json;
}


/* where each type has what, in one table */

static void
expected(fuzz_json_t *json, ngx_veriff_webhook_e type,
    ngx_veriff_webhook_t *webhook)
{
    ngx_str_t  id;

    static const struct {
        const char  *id;
        const char  *attempt;
        const char  *user;      /* the object with vendorData, endUserId */
        const char  *status;    /* or NULL, as time */
        const char  *time;
    } places[] = {
        { "sessionId", "attemptId", "", NULL, NULL },
        { "verification/id", "verification/attemptId", "verification",
          "verification/status", "verification/decisionTime" },
        { "id", "attemptId", "", "action", NULL },
        { "sessionId", "attemptId", "", "matchStatus", "createdAt" },
        { "sessionId", "attemptId", "",
          "data/verification/userDefinedData/status",
          "data/verification/userDefinedData/createdAt" },
        { "sessionId", "attemptId", "", "data/verification/decision",
          "time" },
        { "sessionId", "attemptId", "", "data/status", NULL },
        { "id", "data/attemptId", "", "data/status", NULL },
        { "sessionId", "attemptId", "", "data/status", NULL },
        { "id", "attemptId", "", "action", NULL }
    };

    ngx_memzero(webhook, sizeof(ngx_veriff_webhook_t));

    webhook->type = type;

    id = fuzz_json_string(part(json, places[type].id));

    if (fuzz_id(&id)) {
        webhook->session_id = id;
    }

    webhook->attempt_id = fuzz_json_string(part(json, places[type].attempt));
    webhook->status = fuzz_json_string(part(json, places[type].status));
    webhook->decision_time = fuzz_json_string(part(json, places[type].time));

    webhook->vendor_data = fuzz_json_string(
        fuzz_json_get(part(json, places[type].user), "vendorData"));
    webhook->end_user_id = fuzz_json_string(
        fuzz_json_get(part(json, places[type].user), "endUserId"));

    if (type == NGX_VERIFF_WEBHOOK_FULL_AUTO
        && part(json, "data/verification/decision/value"))
    {
        webhook->status = fuzz_json_string(
                               part(json, "data/verification/decision/value"));
    }

    if (type == NGX_VERIFF_WEBHOOK_UNKNOWN) {
        ngx_str_null(&webhook->status);
        ngx_str_null(&webhook->decision_time);
    }
}


static void
same(ngx_veriff_webhook_t *a, ngx_veriff_webhook_t *b)
{
    fuzz_must(a->type == b->type);
    fuzz_must(fuzz_same(&a->session_id, &b->session_id));
    fuzz_must(fuzz_same(&a->attempt_id, &b->attempt_id));
    fuzz_must(fuzz_same(&a->vendor_data, &b->vendor_data));
    fuzz_must(fuzz_same(&a->end_user_id, &b->end_user_id));
    fuzz_must(fuzz_same(&a->status, &b->status));
    fuzz_must(fuzz_same(&a->decision_time, &b->decision_time));
}
