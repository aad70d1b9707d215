
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "json_reader.h"
#include "ngx_veriff_json_pointer.h"


/* Input: a line with a pointer, then a document. */


static ngx_uint_t tokens(ngx_pool_t *pool, ngx_str_t *text,
    ngx_array_t *names);
static fuzz_json_t *find(fuzz_json_t *json, ngx_array_t *names);
static void same_text(ngx_pool_t *pool, fuzz_json_t *json, ngx_str_t *value);


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    ngx_int_t                   rc;
    ngx_str_t                   text, value;
    const char                 *reason;
    ngx_array_t                *names;
    fuzz_json_t                *json;
    ngx_veriff_json_t          *parsed;
    ngx_veriff_json_pointer_t  *pointer;

    text = fuzz_line(pool, input);

    /* the configuration's own, which holds none */

    if (memchr(text.data, '\0', text.len)) {
        return;
    }

    names = ngx_array_create(pool, 4, sizeof(ngx_str_t));
    pointer = ngx_veriff_json_pointer(pool, &text, &reason);

    fuzz_must((pointer != NULL) == tokens(pool, &text, names));
    fuzz_must(pointer || reason);

    if (pointer == NULL) {
        return;
    }

    parsed = ngx_veriff_json_parse(pool, input->data, input->len, NULL);
    json = fuzz_json_read(pool, input, 0);

    fuzz_must((parsed != NULL) == (json != NULL));

    json = json ? find(json, names) : NULL;

    rc = ngx_veriff_json_pointer_get(pool, parsed, pointer, &value);

    if (json == NULL || json->type == '{' || json->type == '['
        || json->type == 'n')
    {
        fuzz_must(rc == NGX_DECLINED);
        fuzz_must(value.len == 0);
        return;
    }

    fuzz_must(rc == NGX_OK);

    same_text(pool, json, &value);
}


static ngx_uint_t
tokens(ngx_pool_t *pool, ngx_str_t *text, ngx_array_t *names)
{
    size_t      i;
    u_char     *d;
    ngx_str_t  *name;

    if (text->len == 0 || text->data[0] != '/') {
        return 0;
    }

    name = NULL;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] == '/') {
            name = ngx_array_push(names);
            name->data = ngx_pnalloc(pool, text->len);
            name->len = 0;
            continue;
        }

        d = &name->data[name->len++];
        *d = text->data[i];

        if (*d == '~') {
            if (++i == text->len
                || (text->data[i] != '0' && text->data[i] != '1'))
            {
                return 0;
            }

            *d = (text->data[i] == '1') ? '/' : '~';
        }
    }

    return 1;
}


static fuzz_json_t *
find(fuzz_json_t *json, ngx_array_t *names)
{
    char        number[16];
    size_t      index;
    ngx_str_t  *name;
    ngx_uint_t  i;

    name = names->elts;

    for (i = 0; i < names->nelts && json; i++) {

        if (json->type == '{') {
            json = fuzz_json_find(json, &name[i]);
            continue;
        }

        /* its number as it would be printed */

        for (index = 0, json = fuzz_json_at(json, 0); json; index++) {
            (void) snprintf(number, sizeof(number), "%zu", index);

            if (fuzz_is(&name[i], number)) {
                break;
            }

            json = json->next;
        }
    }

    return json;
}


static void
same_text(ngx_pool_t *pool, fuzz_json_t *json, ngx_str_t *value)
{
    char       *is, *text, expected[64];

    if (json->type == 't' || json->type == 'f') {
        fuzz_must(fuzz_is(value, json->type == 't' ? "true" : "false"));
        return;
    }

    if (json->type == '"') {
        fuzz_must(fuzz_same(value, &json->text));
        return;
    }

    is = ngx_pcalloc(pool, value->len + 1);
    ngx_memcpy(is, value->data, value->len);

    text = ngx_pcalloc(pool, json->text.len + 1);
    ngx_memcpy(text, json->text.data, json->text.len);

    if (json->type == '0') {
        fuzz_must(strtoll(is, NULL, 10) == strtoll(text, NULL, 10));
        fuzz_must(strspn(is, "-0123456789") == value->len);
        return;
    }

    (void) snprintf(expected, sizeof(expected), "%.15g", strtod(text, NULL));
    fuzz_must(strtod(is, NULL) == strtod(expected, NULL));
    fuzz_must(strspn(is, "-+.e0123456789") == value->len);
}
