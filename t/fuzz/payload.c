
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "browser.h"
#include "json_reader.h"
#include "ngx_veriff_payload.h"


/*
 * Input: a digit (1: with a callback, 2: with a token, 4: http callbacks), a
 * template, and values as "name=value"; each ends with RS (0x1e).
 */


#define RS        0x1e
#define TOKEN     "$veriff_user_token"
#define CALLBACK  "https://app.example.com/veriff/return"


typedef struct {
    ngx_str_t                   name;
    ngx_str_t                   value;
} variable_t;


typedef struct {
    ngx_pool_t                 *pool;
    ngx_array_t                *variables;
    ngx_str_t                   template;
    ngx_uint_t                  fatal;
    ngx_veriff_payload_conf_t   conf;
} test_t;


static ngx_str_t part(ngx_pool_t *pool, ngx_str_t *input);
static ngx_int_t compile(void *data, ngx_str_t *text, void **expr);
static ngx_int_t eval(void *data, void *expr, ngx_str_t *value);
static void report(void *data, ngx_uint_t fatal, ngx_str_t *message);
static ngx_str_t expand(test_t *t, ngx_str_t *text);
static ngx_uint_t is_name(u_char ch);
static ngx_str_t *variable(test_t *t, ngx_str_t *name);
static void rendered(test_t *t, ngx_veriff_payload_result_t *result);
static fuzz_json_t *template(test_t *t);
static fuzz_json_t *member(test_t *t, const char *name, const char *text);
static void derived(test_t *t, fuzz_json_t *from, fuzz_json_t *json);
static ngx_uint_t comes_from(test_t *t, fuzz_json_t *from, fuzz_json_t *json);
static ngx_uint_t scalar(test_t *t, fuzz_json_t *from, fuzz_json_t *json);
static ngx_uint_t typed(test_t *t, ngx_str_t *text, const char *suffix,
    ngx_str_t *value);
static ngx_uint_t vanishes(test_t *t, fuzz_json_t *from, ngx_uint_t top);
static void rules(test_t *t, fuzz_json_t *json);
static void declined(test_t *t, ngx_str_t *error);


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    u_char                       *p;
    test_t                        t;
    ngx_int_t                     rc;
    ngx_str_t                     text;
    variable_t                   *v;
    ngx_uint_t                    flags;
    ngx_veriff_payload_t         *payload;
    ngx_veriff_payload_result_t   result;

    ngx_memzero(&t, sizeof(test_t));

    t.pool = pool;
    t.variables = ngx_array_create(pool, 4, sizeof(variable_t));

    flags = fuzz_byte(input);
    t.template = part(pool, input);

    while (input->len) {
        text = part(pool, input);
        p = ngx_strlchr(text.data, text.data + text.len, '=');

        if (p) {
            v = ngx_array_push(t.variables);
            v->name = fuzz_copy(pool, text.data, p - text.data);
            v->value = fuzz_copy(pool, p + 1, text.len - v->name.len - 1);
        }
    }

    t.conf.pool = pool;
    t.conf.compile = compile;
    t.conf.report = report;
    t.conf.data = &t;

    if (flags & 1) {
        ngx_str_set(&t.conf.callback, CALLBACK);
    }

    if (flags & 2) {
        ngx_str_set(&t.conf.user_token, TOKEN);
    }

    t.conf.insecure_callback = (flags & 4) ? 1 : 0;

    payload = ngx_veriff_payload_compile(&t.conf, &t.template);

    fuzz_must((payload == NULL) == (t.fatal != 0));

    if (payload == NULL) {
        return;
    }

    rc = ngx_veriff_payload_render(payload, pool, eval, &t, NULL, &result);

    fuzz_must(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        rendered(&t, &result);

    } else {
        declined(&t, &result.error);
    }
}


static ngx_str_t
part(ngx_pool_t *pool, ngx_str_t *input)
{
    size_t     len;
    u_char    *p;
    ngx_str_t  text;

    p = ngx_strlchr(input->data, input->data + input->len, RS);
    len = p ? (size_t) (p - input->data) : input->len;

    text = fuzz_copy(pool, input->data, len);

    len += (p != NULL);
    input->data += len;
    input->len -= len;

    return text;
}


/* ---- in the place of nginx's variables ---------------------------------- */

static ngx_int_t
compile(void *data, ngx_str_t *text, void **expr)
{
    test_t     *t = data;
    ngx_str_t  *copy;

    fuzz_must(memchr(text->data, '$', text->len) != NULL);

    copy = ngx_palloc(t->pool, sizeof(ngx_str_t));
    *copy = fuzz_copy(t->pool, text->data, text->len);
    *expr = copy;

    return NGX_OK;
}


static ngx_int_t
eval(void *data, void *expr, ngx_str_t *value)
{
    *value = expand(data, expr);

    return NGX_OK;
}


static void
report(void *data, ngx_uint_t fatal, ngx_str_t *message)
{
    test_t  *t = data;

    fuzz_must(message->len != 0);

    t->fatal |= fatal;
}


static ngx_str_t
expand(test_t *t, ngx_str_t *text)
{
    size_t      i, len, size;
    u_char     *d;
    ngx_str_t   out, name, *value;

    size = text->len;

    for (i = 0; i < t->variables->nelts; i++) {
        size += ((variable_t *) t->variables->elts)[i].value.len
                * (text->len + 1);
    }

    out.data = ngx_pnalloc(t->pool, size);
    d = out.data;

    for (i = 0; i < text->len; i += len) {

        len = 1;

        if (text->data[i] != '$') {
            *d++ = text->data[i];
            continue;
        }

        while (i + len < text->len && (is_name(text->data[i + len])
                                       || text->data[i + len] == '{'))
        {
            len++;
        }

        name.data = text->data + i + 1;
        name.len = len - 1;

        if (name.len && name.data[0] == '{') {
            name.data++;
            name.len--;
            len += (i + len < text->len && text->data[i + len] == '}');
        }

        value = variable(t, &name);

        if (value && value->len) {
            d = ngx_cpymem(d, value->data, value->len);
        }
    }

    out.len = d - out.data;

    return fuzz_copy(t->pool, out.data, out.len);
}


static ngx_uint_t
is_name(u_char ch)
{
    return (ch >= '0' && ch <= '9') || ch == '_'
           || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z');
}


static ngx_str_t *
variable(test_t *t, ngx_str_t *name)
{
    variable_t  *v;
    ngx_uint_t   i;

    v = t->variables->elts;

    for (i = 0; i < t->variables->nelts; i++) {
        if (fuzz_same(&v[i].name, name)) {
            return &v[i].value;
        }
    }

    return NULL;
}


/* ---- what comes out ------------------------------------------------------ */

static void
rendered(test_t *t, ngx_veriff_payload_result_t *result)
{
    ngx_str_t     value;
    fuzz_json_t  *json, *verification;

    fuzz_must(result->body.len != 0
              && result->body.len <= NGX_VERIFF_PAYLOAD_MAX);

    json = fuzz_json_read(t->pool, &result->body, 0);
    fuzz_must(json != NULL && json->type == '{');

    verification = fuzz_json_get(json, "verification");
    fuzz_must(verification && verification->type == '{');

    derived(t, template(t), json);
    rules(t, verification);

    value = fuzz_json_string(fuzz_json_get(verification, "vendorData"));
    fuzz_must(fuzz_same(&value, &result->vendor_data));

    value = fuzz_json_string(fuzz_json_get(verification, "endUserId"));
    fuzz_must(fuzz_same(&value, &result->end_user_id));

    fuzz_must(t->conf.user_token.len == 0 || result->vendor_data.len
              || result->end_user_id.len);
}


/* as it was given, with what is added to it */

static fuzz_json_t *
template(test_t *t)
{
    fuzz_json_t  *json, *verification, *more;

    json = fuzz_json_read(t->pool, &t->template, 0);
    fuzz_must(json != NULL);

    verification = fuzz_json_get(json, "verification");
    fuzz_must(verification != NULL);

    if (t->conf.user_token.len
        && fuzz_json_get(verification, "vendorData") == NULL
        && fuzz_json_get(verification, "endUserId") == NULL)
    {
        more = member(t, "vendorData", TOKEN);
        more->next = verification->child;
        verification->child = more;
    }

    if (t->conf.callback.len) {
        fuzz_must(fuzz_json_get(verification, "callback") == NULL);

        more = member(t, "callback", CALLBACK);
        more->next = verification->child;
        verification->child = more;
    }

    return json;
}


static fuzz_json_t *
member(test_t *t, const char *name, const char *text)
{
    fuzz_json_t  *json;

    json = ngx_pcalloc(t->pool, sizeof(fuzz_json_t));

    json->type = '"';
    json->name = fuzz_text(t->pool, name);
    json->text = fuzz_text(t->pool, text);

    return json;
}


static void
derived(test_t *t, fuzz_json_t *from, fuzz_json_t *json)
{
    fuzz_must(comes_from(t, from, json));
}


/* nothing that is not in the template, and all of it that is not empty */

static ngx_uint_t
comes_from(test_t *t, fuzz_json_t *from, fuzz_json_t *json)
{
    fuzz_json_t  *x, *y;

    if (from->type != '{' && from->type != '[') {
        return scalar(t, from, json);
    }

    if (from->type != json->type) {
        return 0;
    }

    if (from->type == '[') {

        /* in this order, without those that vanish */

        for (x = from->child, y = json->child; x; x = x->next) {
            if (vanishes(t, x, 0)) {
                continue;
            }

            if (y == NULL || !comes_from(t, x, y)) {
                return 0;
            }

            y = y->next;
        }

        return y == NULL;
    }

    for (y = json->child; y; y = y->next) {
        x = fuzz_json_find(from, &y->name);

        if (x == NULL || !comes_from(t, x, y)) {
            return 0;
        }
    }

    for (x = from->child; x; x = x->next) {
        if (fuzz_json_find(json, &x->name) == NULL && !vanishes(t, x, 1)) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
scalar(test_t *t, fuzz_json_t *from, fuzz_json_t *json)
{
    char          number[64];
    double        a;
    ngx_str_t     value;
    fuzz_json_t  *read;

    if (from->type == '"' && memchr(from->text.data, '$', from->text.len)) {

        if (typed(t, &from->text, ":bool", &value)) {
            return (json->type == 't'
                    && (fuzz_is(&value, "1") || fuzz_is(&value, "true")))
                   || (json->type == 'f'
                       && (fuzz_is(&value, "0") || fuzz_is(&value, "false")));
        }

        if (!typed(t, &from->text, ":number", &value)) {
            value = expand(t, &from->text);

            return value.len && json->type == '"'
                   && fuzz_same(&json->text, &value);
        }

        if (value.len > 32) {
            return 0;
        }

        read = fuzz_json_read(t->pool, &value, FUZZ_JSON_ANY);

        if (read == NULL) {
            return 0;
        }

        from = read;
    }

    if (from->type != json->type) {
        return 0;
    }

    if (from->type != '.') {
        return from->type == '0' || fuzz_same(&from->text, &json->text);
    }

    if (from->text.len >= sizeof(number)) {
        return 1;
    }

    ngx_memcpy(number, from->text.data, from->text.len);
    number[from->text.len] = '\0';
    a = strtod(number, NULL);

    if (json->text.len >= sizeof(number)) {
        return 0;
    }

    ngx_memcpy(number, json->text.data, json->text.len);
    number[json->text.len] = '\0';

    /* 15 digits of it */

    return strtod(number, NULL) - a <= (a < 0 ? -a : a) * 1e-14
           && a - strtod(number, NULL) <= (a < 0 ? -a : a) * 1e-14;
}


/* "$name:bool" or "${name}:bool", and the value of it */

static ngx_uint_t
typed(test_t *t, ngx_str_t *text, const char *suffix, ngx_str_t *value)
{
    size_t      i, len;
    ngx_str_t   name, *v;

    len = strlen(suffix);

    if (text->len <= len + 1 || text->data[0] != '$'
        || memcmp(text->data + text->len - len, suffix, len) != 0)
    {
        return 0;
    }

    name.data = text->data + 1;
    name.len = text->len - len - 1;

    if (name.data[0] == '{') {

        if (name.len < 3 || name.data[name.len - 1] != '}') {
            return 0;
        }

        name.data++;
        name.len -= 2;
    }

    for (i = 0; i < name.len; i++) {
        if (!is_name(name.data[i])) {
            return 0;
        }
    }

    v = variable(t, &name);

    if (v) {
        *value = *v;

    } else {
        ngx_str_null(value);
    }

    return name.len != 0;
}


/* all that it holds is variables without a value */

static ngx_uint_t
vanishes(test_t *t, fuzz_json_t *from, ngx_uint_t top)
{
    ngx_str_t     value;
    fuzz_json_t  *child;

    if (from->type == '"') {

        if (memchr(from->text.data, '$', from->text.len) == NULL) {
            return 0;
        }

        if (!typed(t, &from->text, ":bool", &value)
            && !typed(t, &from->text, ":number", &value))
        {
            value = expand(t, &from->text);
        }

        return value.len == 0;
    }

    if ((from->type != '{' && from->type != '[') || from->child == NULL) {
        return 0;
    }

    for (child = from->child; child; child = child->next) {
        if (!vanishes(t, child, 0)) {
            return 0;
        }
    }

    return !(top && fuzz_is(&from->name, "verification"));
}


/* some of the provider's, by heart */

static void
rules(test_t *t, fuzz_json_t *json)
{
    size_t        i, n;
    ngx_str_t     value;
    fuzz_url_t    url;
    fuzz_json_t  *m;

    m = fuzz_json_get(json, "callback");

    if (m) {
        fuzz_must(m->type == '"');
        fuzz_must(fuzz_browser(t->pool, &m->text, &url) == NGX_OK);
        fuzz_must(fuzz_is(&url.scheme, "https")
                  || (t->conf.insecure_callback && url.loopback));
        fuzz_must(!url.user);
    }

    m = fuzz_json_get(json, "endUserId");

    if (m) {
        fuzz_must(m->type == '"' && m->text.len == 36);

        for (i = 0; i < 36; i++) {
            fuzz_must((i == 8 || i == 13 || i == 18 || i == 23)
                      ? m->text.data[i] == '-'
                      : strchr("0123456789abcdef", m->text.data[i]) != NULL);
        }
    }

    m = fuzz_json_get(json, "vendorData");

    if (m) {
        fuzz_must(m->type == '"');

        for (i = 0, n = 0; i < m->text.len; i++) {
            n += (m->text.data[i] >> 6 != 2);
        }

        fuzz_must(n <= 1000);
    }

    value = fuzz_json_string(fuzz_json_get(fuzz_json_get(json, "document"),
                                           "country"));

    fuzz_must(value.len == 0 || value.len == 2);

    value = fuzz_json_string(fuzz_json_get(fuzz_json_get(json, "person"),
                                           "dateOfBirth"));

    fuzz_must(value.len == 0
              || (value.len == 10 && value.data[4] == '-'
                  && value.data[7] == '-' && value.data[5] <= '1'
                  && value.data[8] <= '3'));
}


/* the message tells no value, but by having a word of it in its own */

static void
declined(test_t *t, ngx_str_t *error)
{
    variable_t  *v;
    ngx_uint_t   i;

    static ngx_str_t  words = ngx_string(
        "acceptableTypes approved callback characters consents dateOfBirth "
        "directive divorced document documentNumberIdentifiers endUserId "
        "features firstIssue firstName fullAddress idCardType idNumber "
        "isDeceased lastName maritalStatus occupation phoneNumber "
        "proofOfAddress timestamp variable vendorData verification "
        "verification.callback verification.vendorData");

    fuzz_must(error->len != 0);

    v = t->variables->elts;

    for (i = 0; i < t->variables->nelts; i++) {

        if (v[i].value.len < 8 || fuzz_holds(&t->template, &v[i].value)
            || fuzz_holds(&words, &v[i].value))
        {
            continue;
        }

        fuzz_must(!fuzz_holds(error, &v[i].value)
                  || memchr(v[i].value.data, ' ', v[i].value.len));
    }
}
