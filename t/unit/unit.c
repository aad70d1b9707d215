
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include <jansson.h>

#include "unit.h"
#include "ngx_veriff_json.h"


static void unit_end(void);


static const char  *unit_name;
static ngx_uint_t   unit_number;
static ngx_uint_t   unit_expected;
static ngx_uint_t   unit_failed;
static ngx_uint_t   unit_total;
static ngx_uint_t   unit_exit;
static ngx_pool_t  *unit_json_pool;


void
unit_group(const char *name)
{
    unit_end();

    unit_name = name;
    unit_expected = 0;
    unit_failed = 0;
}


static void
unit_end(void)
{
    if (unit_name == NULL) {
        return;
    }

    /* a group that expects nothing tests nothing */

    if (unit_expected == 0) {
        unit_failed = 1;
        printf("# nothing was expected\n");
    }

    printf("%sok %u - %s (%u)\n", unit_failed ? "not " : "",
           (unsigned) ++unit_number, unit_name, (unsigned) unit_expected);

    fflush(stdout);

    unit_total += unit_expected;
    unit_exit |= unit_failed;
    unit_name = NULL;
}


int
unit_done(void)
{
    unit_end();

    if (unit_json_pool) {
        ngx_stub_pool_destroy(unit_json_pool);
    }

    printf("# %u expectations\n1..%u\n", (unsigned) unit_total,
           (unsigned) unit_number);

    return unit_exit ? 1 : 0;
}


void
unit_expect(ngx_uint_t ok, const char *file, int line, const char *cond,
    const char *detail)
{
    unit_expected++;

    if (ok) {
        return;
    }

    /* a loop that goes wrong does so many times */

    if (unit_failed++ < 10) {
        printf("# %s:%d: %s%s%s\n", file, line, cond, detail ? ", at " : "",
               detail ? detail : "");
    }
}


void
unit_expect_str(ngx_str_t *str, const char *text, const char *file, int line,
    const char *cond)
{
    unit_expected++;

    if (str->len == strlen(text)
        && (str->len == 0 || memcmp(str->data, text, str->len) == 0))
    {
        return;
    }

    unit_failed++;

    printf("# %s:%d: %s\n#   is     \"%.*s\"\n#   wanted \"%s\"\n", file, line,
           cond, (int) str->len, str->len ? (char *) str->data : "", text);
}


ngx_str_t
unit_str(ngx_pool_t *pool, const char *text)
{
    return unit_mem(pool, text, strlen(text));
}


ngx_str_t
unit_mem(ngx_pool_t *pool, const void *p, size_t len)
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
unit_repeat(ngx_pool_t *pool, const char *text, size_t n)
{
    size_t     len;
    u_char    *p;
    ngx_str_t  str;

    len = strlen(text);

    str.len = len * n;
    str.data = ngx_pnalloc(pool, str.len);

    if (str.data == NULL) {
        abort();
    }

    for (p = str.data; n; n--) {
        p = ngx_cpymem(p, text, len);
    }

    return str;
}


const char *
unit_at(const char *text, ngx_uint_t n)
{
    static char  buf[256];

    snprintf(buf, sizeof(buf), "%s %u", text, (unsigned) n);

    return buf;
}


ngx_array_t *
unit_array(ngx_pool_t *pool, const char **text)
{
    ngx_str_t    *str;
    ngx_array_t  *array;

    array = ngx_array_create(pool, 4, sizeof(ngx_str_t));
    if (array == NULL) {
        abort();
    }

    for ( /* void */ ; *text; text++) {
        str = ngx_array_push(array);
        if (str == NULL) {
            abort();
        }

        *str = unit_str(pool, *text);
    }

    return array;
}


void
unit_json_alloc(void)
{
    json_set_alloc_funcs(ngx_stub_malloc, ngx_stub_free);

    unit_json_pool = ngx_stub_pool_create();

    if (ngx_veriff_json_init(unit_json_pool) != NGX_OK) {
        abort();
    }
}
