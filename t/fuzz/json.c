
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "json_reader.h"
#include "ngx_veriff_json.h"


/* Input: bytes, taken for a document and for the value of a string. */


void
fuzz_one(ngx_pool_t *pool, ngx_str_t *input)
{
    u_char                   *p;
    size_t                    len, i;
    ngx_str_t                 text;
    fuzz_json_t              *json;
    ngx_veriff_json_t        *parsed;
    ngx_veriff_json_error_t   err;

    parsed = ngx_veriff_json_parse(pool, input->data, input->len, &err);
    json = fuzz_json_read(pool, input, 0);

    fuzz_must((parsed != NULL) == (json != NULL));

    if (parsed) {
        fuzz_must(ngx_veriff_json_is_object(parsed) == (json->type == '{'));

    } else {
        for (i = 0; i < err.text.len; i++) {
            fuzz_must(err.text.data[i] >= 0x20 && err.text.data[i] != 0x7f);
        }
    }

    fuzz_must((ngx_veriff_json_utf8(input) == NGX_OK) == fuzz_utf8(input));

    if (!fuzz_utf8(input)) {
        return;
    }

    /* what is written can be read again, and can stand in a page */

    len = ngx_veriff_json_escape(NULL, input);
    p = ngx_pnalloc(pool, len);

    fuzz_must(ngx_veriff_json_escape(p, input) == (uintptr_t) (p + len));

    for (i = 0; i < len; i++) {
        fuzz_must(p[i] >= 0x20 && p[i] != '<' && p[i] != '>' && p[i] != '&');
    }

    text = fuzz_copy(pool, p, len);
    json = fuzz_json_read(pool, &text, FUZZ_JSON_ANY);

    fuzz_must(json != NULL && json->type == '"');
    fuzz_must(fuzz_same(&json->text, input));
}
