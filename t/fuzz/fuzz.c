
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "fuzz.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_unkept(void);


static ngx_pool_t  *fuzz_pool;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t    input;
    ngx_pool_t  *pool;

    pool = ngx_stub_pool_create();

    input = fuzz_copy(pool, data, size);

    fuzz_one(pool, &input);

    ngx_stub_pool_destroy(pool);

    return 0;
}


void
fuzz_broken(const char *file, int line, const char *cond)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, cond);

    abort();
}


ngx_pool_t *
fuzz_kept(void)
{
    if (fuzz_pool == NULL) {
        fuzz_pool = ngx_stub_pool_create();
        atexit(fuzz_unkept);
    }

    return fuzz_pool;
}


static void
fuzz_unkept(void)
{
    ngx_stub_pool_destroy(fuzz_pool);
}


ngx_str_t
fuzz_copy(ngx_pool_t *pool, const void *p, size_t len)
{
    ngx_str_t  str;

    str.len = len;
    str.data = ngx_pnalloc(pool, len);

    if (str.data == NULL) {
        abort();
    }

    if (len) {
        ngx_memcpy(str.data, p, len);
    }

    return str;
}


ngx_str_t
fuzz_text(ngx_pool_t *pool, const char *text)
{
    return fuzz_copy(pool, text, strlen(text));
}


ngx_str_t
fuzz_line(ngx_pool_t *pool, ngx_str_t *input)
{
    size_t     len;
    u_char    *p;
    ngx_str_t  line;

    p = ngx_strlchr(input->data, input->data + input->len, LF);

    len = p ? (size_t) (p - input->data) : input->len;
    line = fuzz_copy(pool, input->data, len);

    if (p) {
        len++;
    }

    *input = fuzz_copy(pool, input->data + len, input->len - len);

    return line;
}


ngx_str_t
fuzz_word(ngx_pool_t *pool, ngx_str_t *line)
{
    u_char     *p, *last, *start;
    ngx_str_t   word;

    p = line->data;
    last = p + line->len;

    while (p < last && *p == ' ') { p++; }

    for (start = p; p < last && *p != ' '; p++) { /* void */ }

    word = fuzz_copy(pool, start, p - start);

    line->data = p;
    line->len = last - p;

    return word;
}


uint64_t
fuzz_number(ngx_str_t *line)
{
    uint64_t  n;

    for (n = 0; line->len; line->data++, line->len--) {
        if (*line->data < '0' || *line->data > '9') {
            break;
        }

        n = n * 10 + (*line->data - '0');
    }

    return n;
}


ngx_uint_t
fuzz_byte(ngx_str_t *input)
{
    if (input->len == 0) {
        return 0;
    }

    input->len--;

    return *input->data++;
}


ngx_uint_t
fuzz_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


ngx_uint_t
fuzz_is(ngx_str_t *a, const char *text)
{
    ngx_str_t  b;

    b.data = (u_char *) text;
    b.len = strlen(text);

    return fuzz_same(a, &b);
}


ngx_uint_t
fuzz_holds(ngx_str_t *text, ngx_str_t *part)
{
    return part->len == 0
           || (text->len
               && memmem(text->data, text->len, part->data, part->len));
}


ngx_uint_t
fuzz_id(ngx_str_t *id)
{
    size_t  i;

    for (i = 0; i < id->len; i++) {
        if (id->data[i] == '\0'
            || strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                      "0123456789._-", id->data[i]) == NULL)
        {
            return 0;
        }
    }

    return id->len >= 1 && id->len <= 128
           && !fuzz_is(id, ".") && !fuzz_is(id, "..");
}
