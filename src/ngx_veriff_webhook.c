
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_api.h"
#include "ngx_veriff_json.h"
#include "ngx_veriff_webhook.h"


#define NGX_VERIFF_WEBHOOK_CODE_ADDRESS  7005
#define NGX_VERIFF_WEBHOOK_CODE_MIN      7000
#define NGX_VERIFF_WEBHOOK_CODE_MAX      7999


typedef struct {
    ngx_str_t               value;
    ngx_veriff_webhook_e    type;
} ngx_veriff_webhook_event_t;


typedef struct {
    ngx_pool_t             *pool;
    ngx_veriff_webhook_t   *webhook;
} ngx_veriff_webhook_look_t;


static ngx_int_t ngx_veriff_webhook_look(ngx_veriff_json_t *json, void *data);
static ngx_int_t ngx_veriff_webhook_copy(ngx_pool_t *pool, ngx_str_t *value);
static ngx_veriff_webhook_e ngx_veriff_webhook_classify(
    ngx_veriff_json_t *json);
static ngx_veriff_webhook_e ngx_veriff_webhook_event_type(ngx_str_t *value);
static ngx_uint_t ngx_veriff_webhook_is(ngx_veriff_json_t *json,
    const char *name, const char *value);
static void ngx_veriff_webhook_common(ngx_veriff_json_t *json,
    ngx_veriff_webhook_t *webhook);
static void ngx_veriff_webhook_specific(ngx_veriff_json_t *json,
    ngx_veriff_webhook_t *webhook);
static void ngx_veriff_webhook_full_auto(ngx_veriff_json_t *json,
    ngx_veriff_webhook_t *webhook);


static ngx_str_t  ngx_veriff_webhook_names[] = {
    ngx_string("unknown"),
    ngx_string("decision"),
    ngx_string("event"),
    ngx_string("watchlist"),
    ngx_string("user_status"),
    ngx_string("full_auto"),
    ngx_string("ine"),
    ngx_string("curp"),
    ngx_string("ine_curp"),
    ngx_string("address")
};


static ngx_veriff_webhook_event_t  ngx_veriff_webhook_events[] = {

    { ngx_string("user-status.created"), NGX_VERIFF_WEBHOOK_USER_STATUS },

    { ngx_string("fullauto"), NGX_VERIFF_WEBHOOK_FULL_AUTO },

    { ngx_string("ine_registry"), NGX_VERIFF_WEBHOOK_INE },

    { ngx_string("combined-ine-curp-registry"), NGX_VERIFF_WEBHOOK_INE_CURP },

    { ngx_null_string, NGX_VERIFF_WEBHOOK_UNKNOWN }
};


ngx_int_t
ngx_veriff_webhook_parse(ngx_pool_t *pool, u_char *p, size_t len,
    ngx_veriff_webhook_t *webhook)
{
    ngx_int_t                  rc;
    ngx_veriff_webhook_look_t  look;

    ngx_memzero(webhook, sizeof(ngx_veriff_webhook_t));

    look.pool = pool;
    look.webhook = webhook;

    rc = ngx_veriff_json_look(p, len, ngx_veriff_webhook_look, &look);

    if (rc != NGX_OK) {
        ngx_memzero(webhook, sizeof(ngx_veriff_webhook_t));
    }

    return rc;
}


static ngx_int_t
ngx_veriff_webhook_look(ngx_veriff_json_t *json, void *data)
{
    ngx_veriff_webhook_look_t *look = data;

    ngx_pool_t            *pool;
    ngx_veriff_webhook_t  *webhook;

    pool = look->pool;
    webhook = look->webhook;

    if (!ngx_veriff_json_is_object(json)) {
        return NGX_DECLINED;
    }

    webhook->type = ngx_veriff_webhook_classify(json);

    ngx_veriff_webhook_common(json, webhook);
    ngx_veriff_webhook_specific(json, webhook);

    if (webhook->session_id.data
        && ngx_veriff_api_id(&webhook->session_id) != NGX_OK)
    {
        ngx_str_null(&webhook->session_id);
    }

    return (ngx_veriff_webhook_copy(pool, &webhook->session_id) == NGX_OK
            && ngx_veriff_webhook_copy(pool, &webhook->attempt_id) == NGX_OK
            && ngx_veriff_webhook_copy(pool, &webhook->vendor_data) == NGX_OK
            && ngx_veriff_webhook_copy(pool, &webhook->end_user_id) == NGX_OK
            && ngx_veriff_webhook_copy(pool, &webhook->status) == NGX_OK
            && ngx_veriff_webhook_copy(pool, &webhook->decision_time)
               == NGX_OK)
           ? NGX_OK : NGX_ERROR;
}


/* the document is dropped */

static ngx_int_t
ngx_veriff_webhook_copy(ngx_pool_t *pool, ngx_str_t *value)
{
    u_char  *p;

    if (value->data == NULL) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, value->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, value->data, value->len + 1);

    value->data = p;

    return NGX_OK;
}


ngx_str_t *
ngx_veriff_webhook_type_name(ngx_veriff_webhook_e type)
{
    return &ngx_veriff_webhook_names[type];
}


static ngx_veriff_webhook_e
ngx_veriff_webhook_classify(ngx_veriff_json_t *json)
{
    int64_t    code;
    ngx_str_t  value;

    if (ngx_veriff_json_has(json, "verification")) {

        if (ngx_veriff_json_object(json, "verification")
            || ngx_veriff_json_string(json, "verification", &value)
               == NGX_DECLINED)
        {
            return NGX_VERIFF_WEBHOOK_DECISION;
        }

        return NGX_VERIFF_WEBHOOK_UNKNOWN;
    }

    if (ngx_veriff_json_string(json, "eventType", &value) == NGX_OK) {
        return ngx_veriff_webhook_event_type(&value);
    }

    if (ngx_veriff_webhook_is(json, "type", "curp_registry")) {
        return NGX_VERIFF_WEBHOOK_CURP;
    }

    if (ngx_veriff_json_string(json, "checkType", &value) == NGX_OK) {
        return NGX_VERIFF_WEBHOOK_WATCHLIST;
    }

    (void) ngx_veriff_json_integer(json, "code", &code);

    if (ngx_veriff_json_string(json, "addressId", &value) == NGX_OK
        || code == NGX_VERIFF_WEBHOOK_CODE_ADDRESS)
    {
        return NGX_VERIFF_WEBHOOK_ADDRESS;
    }

    if (code >= NGX_VERIFF_WEBHOOK_CODE_MIN
        && code <= NGX_VERIFF_WEBHOOK_CODE_MAX
        && (ngx_veriff_json_string(json, "action", &value) == NGX_OK
            || ngx_veriff_json_string(json, "feature", &value) == NGX_OK))
    {
        return NGX_VERIFF_WEBHOOK_EVENT;
    }

    return NGX_VERIFF_WEBHOOK_UNKNOWN;
}


static ngx_veriff_webhook_e
ngx_veriff_webhook_event_type(ngx_str_t *value)
{
    ngx_veriff_webhook_event_t  *event;

    for (event = ngx_veriff_webhook_events; event->value.len; event++) {
        if (event->value.len == value->len
            && ngx_strncmp(event->value.data, value->data, value->len) == 0)
        {
            break;
        }
    }

    return event->type;
}


static ngx_uint_t
ngx_veriff_webhook_is(ngx_veriff_json_t *json, const char *name,
    const char *value)
{
    ngx_str_t  text;

    return ngx_veriff_json_string(json, name, &text) == NGX_OK
           && text.len == ngx_strlen(value)
           && ngx_strncmp(text.data, value, text.len) == 0;
}


/* what every type has, in one of three places */

static void
ngx_veriff_webhook_common(ngx_veriff_json_t *json,
    ngx_veriff_webhook_t *webhook)
{
    const char         *id;
    ngx_veriff_json_t  *data;

    data = json;

    switch (webhook->type) {

    case NGX_VERIFF_WEBHOOK_DECISION:
        json = ngx_veriff_json_object(json, "verification");
        data = json;
        id = "id";
        break;

    case NGX_VERIFF_WEBHOOK_CURP:
        data = ngx_veriff_json_object(json, "data");
        id = "id";
        break;

    case NGX_VERIFF_WEBHOOK_EVENT:
    case NGX_VERIFF_WEBHOOK_ADDRESS:
        id = "id";
        break;

    default:
        id = "sessionId";
        break;
    }

    (void) ngx_veriff_json_string(json, id, &webhook->session_id);
    (void) ngx_veriff_json_string(data, "attemptId", &webhook->attempt_id);
    (void) ngx_veriff_json_string(json, "vendorData", &webhook->vendor_data);
    (void) ngx_veriff_json_string(json, "endUserId", &webhook->end_user_id);
}


static void
ngx_veriff_webhook_specific(ngx_veriff_json_t *json,
    ngx_veriff_webhook_t *webhook)
{
    const char  *status, *time;

    time = NULL;

    switch (webhook->type) {

    case NGX_VERIFF_WEBHOOK_DECISION:
        json = ngx_veriff_json_object(json, "verification");
        status = "status";
        time = "decisionTime";
        break;

    case NGX_VERIFF_WEBHOOK_EVENT:
    case NGX_VERIFF_WEBHOOK_ADDRESS:
        status = "action";
        break;

    case NGX_VERIFF_WEBHOOK_WATCHLIST:
        status = "matchStatus";
        time = "createdAt";
        break;

    case NGX_VERIFF_WEBHOOK_USER_STATUS:
        json = ngx_veriff_json_object(json, "data");
        json = ngx_veriff_json_object(json, "verification");
        json = ngx_veriff_json_object(json, "userDefinedData");
        status = "status";
        time = "createdAt";
        break;

    case NGX_VERIFF_WEBHOOK_FULL_AUTO:
        ngx_veriff_webhook_full_auto(json, webhook);
        return;

    case NGX_VERIFF_WEBHOOK_INE:
    case NGX_VERIFF_WEBHOOK_CURP:
    case NGX_VERIFF_WEBHOOK_INE_CURP:
        json = ngx_veriff_json_object(json, "data");
        status = "status";
        break;

    default: /* NGX_VERIFF_WEBHOOK_UNKNOWN */
        return;
    }

    (void) ngx_veriff_json_string(json, status, &webhook->status);

    if (time) {
        (void) ngx_veriff_json_string(json, time, &webhook->decision_time);
    }
}


/* the decision has been seen both as a string and wrapped in an object */

static void
ngx_veriff_webhook_full_auto(ngx_veriff_json_t *json,
    ngx_veriff_webhook_t *webhook)
{
    ngx_veriff_json_t  *data, *verification, *decision;

    (void) ngx_veriff_json_string(json, "time", &webhook->decision_time);

    data = ngx_veriff_json_object(json, "data");
    verification = ngx_veriff_json_object(data, "verification");
    decision = ngx_veriff_json_object(verification, "decision");

    if (decision) {
        (void) ngx_veriff_json_string(decision, "value", &webhook->status);
        return;
    }

    (void) ngx_veriff_json_string(verification, "decision", &webhook->status);
}
