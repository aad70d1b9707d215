
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <errno.h>
#include <math.h>

#include "json_reader.h"


#define FUZZ_JSON_DEPTH  2048


typedef struct {
    ngx_pool_t  *pool;
    u_char      *p;
    u_char      *last;
    ngx_uint_t   flags;
} reader_t;


static fuzz_json_t *read_value(reader_t *r, ngx_uint_t depth);
static fuzz_json_t *read_members(reader_t *r, fuzz_json_t *json,
    ngx_uint_t depth);
static ngx_uint_t read_string(reader_t *r, ngx_str_t *text);
static ngx_int_t read_escape(reader_t *r);
static ngx_int_t read_hex4(reader_t *r);
static ngx_uint_t read_number(reader_t *r, fuzz_json_t *json);
static ngx_uint_t read_digits(reader_t *r);
static ngx_uint_t read_word(reader_t *r, const char *word);
static void skip(reader_t *r);
static u_char *put_utf8(u_char *p, uint32_t c);
static u_char *write_value(u_char *p, fuzz_json_t *json);
static u_char *write_members(u_char *p, fuzz_json_t *json, u_char type,
    fuzz_json_t *last);
static u_char *write_string(u_char *p, ngx_str_t *text);
static size_t count(fuzz_json_t *json);


fuzz_json_t *
fuzz_json_read(ngx_pool_t *pool, ngx_str_t *text, ngx_uint_t flags)
{
    reader_t      r;
    fuzz_json_t  *json;

    r.pool = pool;
    r.p = text->data;
    r.last = text->data + text->len;
    r.flags = flags;

    skip(&r);

    json = read_value(&r, 1);

    if (json == NULL
        || (!(flags & FUZZ_JSON_ANY)
            && json->type != '{' && json->type != '['))
    {
        return NULL;
    }

    skip(&r);

    return (r.p == r.last) ? json : NULL;
}


static fuzz_json_t *
read_value(reader_t *r, ngx_uint_t depth)
{
    fuzz_json_t  *json;

    if (depth > FUZZ_JSON_DEPTH || r->p == r->last) {
        return NULL;
    }

    json = ngx_pcalloc(r->pool, sizeof(fuzz_json_t));
    json->type = *r->p;

    switch (*r->p) {

    case '{':
    case '[':
        return read_members(r, json, depth);

    case '"':
        return read_string(r, &json->text) ? json : NULL;

    case 't':
        return read_word(r, "true") ? json : NULL;

    case 'f':
        return read_word(r, "false") ? json : NULL;

    case 'n':
        return read_word(r, "null") ? json : NULL;

    default:
        return read_number(r, json) ? json : NULL;
    }
}


static fuzz_json_t *
read_members(reader_t *r, fuzz_json_t *json, ngx_uint_t depth)
{
    u_char         end;
    ngx_str_t      name;
    fuzz_json_t   *child, **next;

    end = (json->type == '{') ? '}' : ']';
    next = &json->child;

    r->p++;
    skip(r);

    if (r->p < r->last && *r->p == end) {
        r->p++;
        return json;
    }

    for ( ;; ) {

        ngx_str_null(&name);

        if (json->type == '{') {

            if (r->p == r->last || *r->p != '"' || !read_string(r, &name)
                || fuzz_json_find(json, &name))
            {
                return NULL;
            }

            skip(r);

            if (r->p == r->last || *r->p++ != ':') {
                return NULL;
            }

            skip(r);
        }

        child = read_value(r, depth + 1);
        if (child == NULL) {
            return NULL;
        }

        child->name = name;
        *next = child;
        next = &child->next;

        skip(r);

        if (r->p == r->last) {
            return NULL;
        }

        if (*r->p == end) {
            r->p++;
            return json;
        }

        if (*r->p++ != ',') {
            return NULL;
        }

        skip(r);
    }
}


static ngx_uint_t
read_string(reader_t *r, ngx_str_t *text)
{
    u_char     *d;
    ngx_int_t   c;
    ngx_str_t   raw;

    raw = fuzz_copy(r->pool, r->p, r->last - r->p);
    d = raw.data;

    for (r->p++; r->p < r->last && *r->p != '"'; /* void */ ) {

        if (*r->p < 0x20) {
            return 0;
        }

        if (*r->p != '\\') {
            *d++ = *r->p++;
            continue;
        }

        c = read_escape(r);

        if (c <= 0) {
            return 0;
        }

        d = put_utf8(d, (uint32_t) c);
    }

    if (r->p == r->last) {
        return 0;
    }

    r->p++;

    *text = fuzz_copy(r->pool, raw.data, d - raw.data);

    return fuzz_utf8(text);
}


static ngx_int_t
read_escape(reader_t *r)
{
    u_char      *p;
    ngx_int_t    c, low;

    static const char  from[] = "\"\\/bfnrt";
    static const char  to[] = "\"\\/\b\f\n\r\t";

    if (++r->p == r->last) {
        return -1;
    }

    if (*r->p != 'u') {
        p = (*r->p == '\0') ? NULL : (u_char *) strchr(from, *r->p);
        r->p++;

        return p ? to[p - (u_char *) from] : -1;
    }

    c = read_hex4(r);

    if (c < 0 || (c >= 0xdc00 && c <= 0xdfff)) {
        return -1;
    }

    if (c < 0xd800 || c > 0xdbff) {
        return c;
    }

    if (r->last - r->p < 2 || r->p[0] != '\\' || r->p[1] != 'u') {
        return -1;
    }

    r->p++;
    low = read_hex4(r);

    if (low < 0xdc00 || low > 0xdfff) {
        return -1;
    }

    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}


/* r->p is at the 'u' */

static ngx_int_t
read_hex4(reader_t *r)
{
    char        text[5];
    ngx_uint_t  i;

    if (r->last - r->p < 5) {
        return -1;
    }

    for (i = 0; i < 4; i++) {
        text[i] = (char) r->p[1 + i];

        if (text[i] == '\0'
            || strchr("0123456789abcdefABCDEF", text[i]) == NULL)
        {
            return -1;
        }
    }

    text[4] = '\0';
    r->p += 5;

    return (ngx_int_t) strtoul(text, NULL, 16);
}


static ngx_uint_t
read_number(reader_t *r, fuzz_json_t *json)
{
    char    *text;
    u_char  *start;

    start = r->p;
    json->type = '0';

    if (*r->p == '-') {
        r->p++;
    }

    if (r->p < r->last && *r->p == '0') {
        r->p++;

    } else if (!read_digits(r)) {
        return 0;
    }

    if (r->p < r->last && *r->p == '.') {
        json->type = '.';
        r->p++;

        if (!read_digits(r)) {
            return 0;
        }
    }

    if (r->p < r->last && (*r->p == 'e' || *r->p == 'E')) {
        json->type = '.';
        r->p++;

        if (r->p < r->last && (*r->p == '+' || *r->p == '-')) {
            r->p++;
        }

        if (!read_digits(r)) {
            return 0;
        }
    }

    json->text = fuzz_copy(r->pool, start, r->p - start);

    if (json->type == '.' || (r->flags & FUZZ_JSON_BIG)) {
        return isfinite(fuzz_json_number(r->pool, json)) != 0;
    }

    text = ngx_pcalloc(r->pool, json->text.len + 1);
    ngx_memcpy(text, start, json->text.len);

    errno = 0;
    (void) strtoll(text, NULL, 10);

    return errno == 0;
}


static ngx_uint_t
read_digits(reader_t *r)
{
    u_char  *start;

    for (start = r->p; r->p < r->last; r->p++) {
        if (*r->p < '0' || *r->p > '9') {
            break;
        }
    }

    return r->p > start;
}


static ngx_uint_t
read_word(reader_t *r, const char *word)
{
    size_t  len;

    len = strlen(word);

    if ((size_t) (r->last - r->p) < len || memcmp(r->p, word, len) != 0) {
        return 0;
    }

    r->p += len;

    return 1;
}


static void
skip(reader_t *r)
{
    while (r->p < r->last
           && (*r->p == ' ' || *r->p == '\t' || *r->p == LF || *r->p == CR))
    {
        r->p++;
    }
}


static u_char *
put_utf8(u_char *p, uint32_t c)
{
    if (c < 0x80) {
        *p++ = (u_char) c;

    } else if (c < 0x800) {
        *p++ = (u_char) (0xc0 | c >> 6);
        *p++ = (u_char) (0x80 | (c & 0x3f));

    } else if (c < 0x10000) {
        *p++ = (u_char) (0xe0 | c >> 12);
        *p++ = (u_char) (0x80 | (c >> 6 & 0x3f));
        *p++ = (u_char) (0x80 | (c & 0x3f));

    } else {
        *p++ = (u_char) (0xf0 | c >> 18);
        *p++ = (u_char) (0x80 | (c >> 12 & 0x3f));
        *p++ = (u_char) (0x80 | (c >> 6 & 0x3f));
        *p++ = (u_char) (0x80 | (c & 0x3f));
    }

    return p;
}


/* decodes each character and encodes it again */

ngx_uint_t
fuzz_utf8(ngx_str_t *text)
{
    size_t     i, n, len;
    u_char     again[4], *p;
    uint32_t   c;

    for (i = 0; i < text->len; i += len) {
        p = text->data + i;

        len = (*p < 0x80) ? 1 : (*p >> 5 == 6) ? 2 : (*p >> 4 == 14) ? 3
              : (*p >> 3 == 30) ? 4 : 0;

        if (len == 0 || len > text->len - i || *p == '\0') {
            return 0;
        }

        c = (len == 1) ? *p : *p & (0xff >> (len + 1));

        for (n = 1; n < len; n++) {
            if (p[n] >> 6 != 2) {
                return 0;
            }

            c = c << 6 | (p[n] & 0x3f);
        }

        if (c > 0x10ffff || c >> 11 == 0xd800 >> 11
            || put_utf8(again, c) != again + len
            || memcmp(again, p, len) != 0)
        {
            return 0;
        }
    }

    return 1;
}


fuzz_json_t *
fuzz_json_find(fuzz_json_t *json, ngx_str_t *name)
{
    fuzz_json_t  *child;

    if (json == NULL || json->type != '{') {
        return NULL;
    }

    for (child = json->child; child; child = child->next) {
        if (fuzz_same(&child->name, name)) {
            return child;
        }
    }

    return NULL;
}


fuzz_json_t *
fuzz_json_get(fuzz_json_t *json, const char *name)
{
    ngx_str_t  str;

    str.data = (u_char *) name;
    str.len = strlen(name);

    return fuzz_json_find(json, &str);
}


fuzz_json_t *
fuzz_json_at(fuzz_json_t *json, size_t index)
{
    fuzz_json_t  *child;

    if (json == NULL || json->type != '[') {
        return NULL;
    }

    for (child = json->child; child && index; child = child->next) {
        index--;
    }

    return child;
}


double
fuzz_json_number(ngx_pool_t *pool, fuzz_json_t *json)
{
    char  *text;

    if (json == NULL || (json->type != '0' && json->type != '.')) {
        return 0;
    }

    text = ngx_pcalloc(pool, json->text.len + 1);
    ngx_memcpy(text, json->text.data, json->text.len);

    return strtod(text, NULL);
}


ngx_str_t
fuzz_json_string(fuzz_json_t *json)
{
    ngx_str_t  none = ngx_null_string;

    return (json && json->type == '"') ? json->text : none;
}


ngx_str_t
fuzz_json_reverse(ngx_pool_t *pool, fuzz_json_t *json)
{
    u_char  *p, *last;

    /* no byte takes more than six, nor a value without any */

    p = ngx_pnalloc(pool, count(json));
    last = write_value(p, json);

    return fuzz_copy(pool, p, last - p);
}


static size_t
count(fuzz_json_t *json)
{
    size_t        n;
    fuzz_json_t  *child;

    n = 16 + 6 * (json->name.len + json->text.len);

    for (child = json->child; child; child = child->next) {
        n += count(child);
    }

    return n;
}


static u_char *
write_value(u_char *p, fuzz_json_t *json)
{
    switch (json->type) {

    case '{':
    case '[':
        *p++ = json->type;
        p = write_members(p, json, json->type, NULL);
        *p++ = (json->type == '{') ? '}' : ']';
        return p;

    case '"':
        return write_string(p, &json->text);

    case 't':
        return ngx_cpymem(p, "true", 4);

    case 'f':
        return ngx_cpymem(p, "false", 5);

    case 'n':
        return ngx_cpymem(p, "null", 4);

    default:
        return ngx_cpymem(p, json->text.data, json->text.len);
    }
}


static u_char *
write_members(u_char *p, fuzz_json_t *json, u_char type, fuzz_json_t *last)
{
    fuzz_json_t  *child;

    if (type == '[') {
        for (child = json->child; child; child = child->next) {
            if (child != json->child) {
                *p++ = ',';
            }

            p = write_value(p, child);
        }

        return p;
    }

    /* the last one that was not yet written */

    while (last != json->child) {

        for (child = json->child; child->next != last; child = child->next) {
            /* void */
        }

        if (last) {
            *p++ = ',';
        }

        p = write_string(p, &child->name);
        *p++ = ':';
        p = write_value(p, child);

        last = child;
    }

    return p;
}


static u_char *
write_string(u_char *p, ngx_str_t *text)
{
    size_t  i;

    static const char  hex[] = "0123456789ABCDEF";

    *p++ = '"';

    for (i = 0; i < text->len; i++) {
        if (text->data[i] >= 0x80) {
            *p++ = text->data[i];
            continue;
        }

        p = ngx_cpymem(p, "\\u00", 4);
        *p++ = hex[text->data[i] >> 4];
        *p++ = hex[text->data[i] & 15];
    }

    *p++ = '"';

    return p;
}


ngx_uint_t
fuzz_json_same(fuzz_json_t *a, fuzz_json_t *b)
{
    size_t        n, m;
    fuzz_json_t  *x, *y;

    if (a->type != b->type || !fuzz_same(&a->text, &b->text)) {
        return 0;
    }

    for (n = 0, x = a->child; x; x = x->next, n++) {
        y = (a->type == '{') ? fuzz_json_find(b, &x->name)
                             : fuzz_json_at(b, n);

        if (y == NULL || !fuzz_json_same(x, y)) {
            return 0;
        }
    }

    for (m = 0, y = b->child; y; y = y->next) {
        m++;
    }

    return n == m;
}
