
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_json.h"
#include "ngx_veriff_scan.h"


#define NGX_VERIFF_SCAN_DEPTH   32      /* objects and arrays in each other */
#define NGX_VERIFF_SCAN_NAMES   128     /* of all objects that are open */
#define NGX_VERIFF_SCAN_DIGITS  18      /* they never overflow */
#define NGX_VERIFF_SCAN_EXACT   15      /* nor are they rounded */


#if (__GNUC__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

#define NGX_VERIFF_SCAN_WORDS   1

#define ngx_veriff_scan_each(c)  (0x0101010101010101ULL * (c))

/*
 * The high bits of bytes that end a string, or need a closer look: control
 * characters, quotes, backslashes and what is not ASCII.  The lowest one is
 * right; a borrow may make a bit of those above it.
 */
#define ngx_veriff_scan_found(w)                                              \
    (((w) | ((w) - ngx_veriff_scan_each(0x20))                                \
      | (((w) ^ ngx_veriff_scan_each('"')) - ngx_veriff_scan_each(1))         \
      | (((w) ^ ngx_veriff_scan_each('\\')) - ngx_veriff_scan_each(1)))       \
     & ngx_veriff_scan_each(0x80))

#endif


/* enough of a name to tell most from each other */

typedef struct {
    uint64_t                mark;
    ngx_str_t               text;
} ngx_veriff_scan_name_t;


typedef struct {
    ngx_uint_t              array;      /* or an object */
    ngx_uint_t              names;      /* how many are not in it */
    ngx_veriff_member_t    *member;     /* that it is, if it is one */
} ngx_veriff_scan_level_t;


typedef struct {
    u_char                  *p;
    u_char                  *last;

    ngx_veriff_member_t     *members;
    ngx_uint_t               nmembers;
    ngx_veriff_member_t     *member;    /* whose value comes, or NULL */

    ngx_uint_t               depth;
    ngx_uint_t               arrays;    /* of these levels */
    ngx_veriff_scan_level_t  levels[NGX_VERIFF_SCAN_DEPTH];

    ngx_uint_t               nnames;
    ngx_veriff_scan_name_t   names[NGX_VERIFF_SCAN_NAMES];
} ngx_veriff_scan_t;


static ngx_int_t ngx_veriff_scan_value(ngx_veriff_scan_t *scan);
static ngx_int_t ngx_veriff_scan_open(ngx_veriff_scan_t *scan,
    ngx_uint_t array);
static void ngx_veriff_scan_close(ngx_veriff_scan_t *scan);
static ngx_int_t ngx_veriff_scan_next(ngx_veriff_scan_t *scan);
static ngx_int_t ngx_veriff_scan_name(ngx_veriff_scan_t *scan);
static ngx_int_t ngx_veriff_scan_once(ngx_veriff_scan_t *scan,
    ngx_str_t *name);
static uint64_t ngx_veriff_scan_mark(ngx_str_t *name, u_char *last);
static ngx_int_t ngx_veriff_scan_string(ngx_veriff_scan_t *scan,
    ngx_str_t *text, ngx_uint_t *escaped);
static size_t ngx_veriff_scan_escape(u_char *p, u_char *last);
static ngx_int_t ngx_veriff_scan_number(ngx_veriff_scan_t *scan,
    ngx_veriff_member_t *member);
static ngx_int_t ngx_veriff_scan_word(ngx_veriff_scan_t *scan,
    const char *word, size_t len);
static void ngx_veriff_scan_space(ngx_veriff_scan_t *scan);


ngx_int_t
ngx_veriff_scan(u_char *p, size_t len, ngx_veriff_member_t *buf,
    ngx_veriff_members_t *members)
{
    ngx_int_t          rc;
    ngx_veriff_scan_t  scan;

    members->first = NULL;
    members->last = NULL;

    scan.p = p;
    scan.last = p + len;
    scan.members = buf;
    scan.nmembers = 0;
    scan.member = NULL;
    scan.depth = 0;
    scan.arrays = 0;
    scan.nnames = 0;

    ngx_veriff_scan_space(&scan);

    if (scan.p == scan.last || *scan.p != '{') {
        return NGX_DECLINED;
    }

    do {
        rc = ngx_veriff_scan_value(&scan);

        if (rc == NGX_OK) {
            rc = ngx_veriff_scan_next(&scan);
        }

    } while (rc == NGX_AGAIN);

    if (rc != NGX_DONE) {
        return NGX_DECLINED;
    }

    members->first = buf;
    members->last = buf + scan.nmembers;

    return NGX_OK;
}


/* NGX_OK, NGX_AGAIN (the first value in it comes) or NGX_DECLINED */

static ngx_int_t
ngx_veriff_scan_value(ngx_veriff_scan_t *scan)
{
    ngx_str_t             text;
    ngx_uint_t            escaped;
    ngx_veriff_member_t  *member, ignored;

    ngx_veriff_scan_space(scan);

    if (scan->p == scan->last) {
        return NGX_DECLINED;
    }

    member = scan->member ? scan->member : &ignored;

    switch (*scan->p) {

    case '"':
        if (ngx_veriff_scan_string(scan, &text, &escaped) != NGX_OK
            || (escaped && scan->member))
        {
            return NGX_DECLINED;
        }

        member->type = NGX_VERIFF_MEMBER_STRING;
        member->value = text;

        return NGX_OK;

    case '{':
        return ngx_veriff_scan_open(scan, 0);

    case '[':
        return ngx_veriff_scan_open(scan, 1);

    case 'n':
        member->type = NGX_VERIFF_MEMBER_NULL;
        return ngx_veriff_scan_word(scan, "null", 4);

    case 't':
        return ngx_veriff_scan_word(scan, "true", 4);

    case 'f':
        return ngx_veriff_scan_word(scan, "false", 5);

    default:
        return ngx_veriff_scan_number(scan, member);
    }
}


static ngx_int_t
ngx_veriff_scan_open(ngx_veriff_scan_t *scan, ngx_uint_t array)
{
    ngx_veriff_scan_level_t  *level;

    if (scan->depth == NGX_VERIFF_SCAN_DEPTH) {
        return NGX_DECLINED;
    }

    level = &scan->levels[scan->depth++];

    level->array = array;
    level->names = scan->nnames;
    level->member = array ? NULL : scan->member;

    if (level->member) {
        level->member->type = NGX_VERIFF_MEMBER_OBJECT;
    }

    scan->arrays += array;
    scan->member = NULL;
    scan->p++;

    ngx_veriff_scan_space(scan);

    if (scan->p == scan->last) {
        return NGX_DECLINED;
    }

    if (*scan->p == (array ? ']' : '}')) {
        scan->p++;
        ngx_veriff_scan_close(scan);

        return NGX_OK;
    }

    if (!array && ngx_veriff_scan_name(scan) != NGX_OK) {
        return NGX_DECLINED;
    }

    return NGX_AGAIN;
}


static void
ngx_veriff_scan_close(ngx_veriff_scan_t *scan)
{
    ngx_veriff_scan_level_t  *level;

    level = &scan->levels[--scan->depth];

    scan->nnames = level->names;
    scan->arrays -= level->array;

    if (level->member) {
        level->member->inner = scan->members + scan->nmembers
                               - level->member - 1;
    }
}


/* what is behind a value: NGX_AGAIN (another one), NGX_DONE or NGX_DECLINED */

static ngx_int_t
ngx_veriff_scan_next(ngx_veriff_scan_t *scan)
{
    u_char      c;
    ngx_uint_t  array;

    for ( ;; ) {
        ngx_veriff_scan_space(scan);

        if (scan->depth == 0) {
            return (scan->p == scan->last) ? NGX_DONE : NGX_DECLINED;
        }

        if (scan->p == scan->last) {
            return NGX_DECLINED;
        }

        array = scan->levels[scan->depth - 1].array;
        c = *scan->p++;

        if (c == ',') {
            scan->member = NULL;

            return (array || ngx_veriff_scan_name(scan) == NGX_OK)
                   ? NGX_AGAIN : NGX_DECLINED;
        }

        if (c != (array ? ']' : '}')) {
            return NGX_DECLINED;
        }

        ngx_veriff_scan_close(scan);
    }
}


/* a name and its colon; what it names comes */

static ngx_int_t
ngx_veriff_scan_name(ngx_veriff_scan_t *scan)
{
    ngx_str_t             name;
    ngx_uint_t            escaped;
    ngx_veriff_member_t  *member;

    ngx_veriff_scan_space(scan);

    if (scan->p == scan->last || *scan->p != '"'
        || ngx_veriff_scan_string(scan, &name, &escaped) != NGX_OK
        || escaped
        || ngx_veriff_scan_once(scan, &name) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ngx_veriff_scan_space(scan);

    if (scan->p == scan->last || *scan->p++ != ':') {
        return NGX_DECLINED;
    }

    if (scan->arrays || scan->depth > NGX_VERIFF_SCAN_LEVELS) {
        return NGX_OK;
    }

    if (scan->nmembers == NGX_VERIFF_SCAN_MEMBERS) {
        return NGX_DECLINED;
    }

    member = &scan->members[scan->nmembers++];

    member->name = name;
    ngx_str_null(&member->value);
    member->integer = 0;
    member->type = NGX_VERIFF_MEMBER_OTHER;
    member->inner = 0;

    scan->member = member;

    return NGX_OK;
}


/* no object may have it twice: programs differ in which one counts */

static ngx_int_t
ngx_veriff_scan_once(ngx_veriff_scan_t *scan, ngx_str_t *name)
{
    uint64_t                 mark;
    ngx_uint_t               i;
    ngx_veriff_scan_name_t  *names;

    if (scan->nnames == NGX_VERIFF_SCAN_NAMES) {
        return NGX_DECLINED;
    }

    mark = ngx_veriff_scan_mark(name, scan->last);
    names = scan->names;

    for (i = scan->levels[scan->depth - 1].names; i < scan->nnames; i++) {
        if (names[i].mark == mark
            && names[i].text.len == name->len
            && ngx_memcmp(names[i].text.data, name->data, name->len) == 0)
        {
            return NGX_DECLINED;
        }
    }

    names[i].mark = mark;
    names[i].text = *name;

    scan->nnames++;

    return NGX_OK;
}


/* the same for the same names */

static uint64_t
ngx_veriff_scan_mark(ngx_str_t *name, u_char *last)
{
    size_t    i;
    uint64_t  mark;

    mark = 0;

#if (NGX_VERIFF_SCAN_WORDS)

    if (name->len && last - name->data >= 8) {
        ngx_memcpy(&mark, name->data, 8);

        if (name->len < 8) {
            mark &= ~0ULL >> (64 - 8 * name->len);
        }

        return mark ^ (uint64_t) name->len << 56;
    }

#endif

    for (i = 0; i < ngx_min(name->len, 8); i++) {
        mark |= (uint64_t) name->data[i] << (8 * i);
    }

    return mark ^ (uint64_t) name->len << 56;
}


/* from its first quote to behind its last */

static ngx_int_t
ngx_veriff_scan_string(ngx_veriff_scan_t *scan, ngx_str_t *text,
    ngx_uint_t *escaped)
{
    u_char    *p, *last;
    size_t     n;
#if (NGX_VERIFF_SCAN_WORDS)
    uint64_t   w, found;
#endif

    p = scan->p + 1;
    last = scan->last;

    text->data = p;
    *escaped = 0;

    for ( ;; ) {

#if (NGX_VERIFF_SCAN_WORDS)

        while (last - p >= 8) {
            ngx_memcpy(&w, p, 8);

            found = ngx_veriff_scan_found(w);

            if (found) {
                p += __builtin_ctzll(found) / 8;
                break;
            }

            p += 8;
        }

#endif

        if (p == last || *p < 0x20) {
            return NGX_DECLINED;
        }

        if (*p == '"') {
            break;
        }

        if (*p == '\\') {
            *escaped = 1;
            n = ngx_veriff_scan_escape(p, last);

        } else {
            n = ngx_veriff_json_char_len(p, last);
        }

        if (n == 0) {
            return NGX_DECLINED;
        }

        p += n;
    }

    text->len = p - text->data;
    scan->p = p + 1;

    return NGX_OK;
}


/* the length of an escape, or 0 */

static size_t
ngx_veriff_scan_escape(u_char *p, u_char *last)
{
    u_char      c;
    uint32_t    code;
    ngx_uint_t  i;

    if (last - p < 2) {
        return 0;
    }

    switch (p[1]) {

    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return 2;

    case 'u':
        break;

    default:
        return 0;
    }

    if (last - p < 6) {
        return 0;
    }

    code = 0;

    for (i = 2; i < 6; i++) {
        c = ngx_tolower(p[i]);

        if (c >= '0' && c <= '9') {
            code = (code << 4) + (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            code = (code << 4) + (c - 'a' + 10);

        } else {
            return 0;
        }
    }

    /* NUL is refused, and surrogates come in pairs */

    return (code == 0 || (code >= 0xd800 && code <= 0xdfff)) ? 0 : 6;
}


static ngx_int_t
ngx_veriff_scan_number(ngx_veriff_scan_t *scan, ngx_veriff_member_t *member)
{
    u_char      *p, *last, *digits;
    size_t       len;
    int64_t      n;
    ngx_uint_t   minus, whole;

    p = scan->p;
    last = scan->last;

    minus = (*p == '-');
    p += minus;

    digits = p;
    n = 0;

    for ( /* void */ ; p < last && *p >= '0' && *p <= '9'; p++) {

        if (p - digits == NGX_VERIFF_SCAN_DIGITS) {
            return NGX_DECLINED;
        }

        n = n * 10 + (*p - '0');
    }

    if (p == digits || (*digits == '0' && p - digits > 1)) {
        return NGX_DECLINED;
    }

    scan->p = p;
    len = p - digits;

    if (p == last || (*p != '.' && *p != 'e' && *p != 'E')) {
        member->type = NGX_VERIFF_MEMBER_INTEGER;
        member->integer = minus ? -n : n;

        return NGX_OK;
    }

    if (*p++ != '.') {
        return NGX_DECLINED;
    }

    digits = p;
    whole = 1;

    while (p < last && *p >= '0' && *p <= '9'
           && p - digits < NGX_VERIFF_SCAN_DIGITS)
    {
        whole &= (*p++ == '0');
    }

    scan->p = p;

    if (scan->member && len + (p - digits) > NGX_VERIFF_SCAN_EXACT) {
        return NGX_DECLINED;
    }

    if (whole) {
        member->type = NGX_VERIFF_MEMBER_INTEGER;
        member->integer = minus ? -n : n;
    }

    /* what comes next must be the end of it: more digits or "e" are not */

    return (p == digits) ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_veriff_scan_word(ngx_veriff_scan_t *scan, const char *word, size_t len)
{
    if ((size_t) (scan->last - scan->p) < len
        || ngx_memcmp(scan->p, word, len) != 0)
    {
        return NGX_DECLINED;
    }

    scan->p += len;

    return NGX_OK;
}


static void
ngx_veriff_scan_space(ngx_veriff_scan_t *scan)
{
    u_char  *p;

    for (p = scan->p; p < scan->last; p++) {
        if (*p != ' ' && *p != LF && *p != CR && *p != '\t') {
            break;
        }
    }

    scan->p = p;
}


ngx_veriff_member_t *
ngx_veriff_member(ngx_veriff_members_t *members, const char *name)
{
    size_t                len;
    ngx_veriff_member_t  *member;

    len = ngx_strlen(name);

    for (member = members->first; member < members->last;
         member += 1 + member->inner)
    {
        if (member->name.len == len
            && ngx_memcmp(member->name.data, name, len) == 0)
        {
            return member;
        }
    }

    return NULL;
}


void
ngx_veriff_member_object(ngx_veriff_members_t *members, const char *name,
    ngx_veriff_members_t *inner)
{
    ngx_veriff_member_t  *member;

    member = ngx_veriff_member(members, name);

    if (member == NULL || member->type != NGX_VERIFF_MEMBER_OBJECT) {
        inner->first = NULL;
        inner->last = NULL;

        return;
    }

    inner->first = member + 1;
    inner->last = member + 1 + member->inner;
}


ngx_int_t
ngx_veriff_member_string(ngx_veriff_members_t *members, const char *name,
    ngx_str_t *value)
{
    ngx_veriff_member_t  *member;

    ngx_str_null(value);

    member = ngx_veriff_member(members, name);

    if (member == NULL || member->type == NGX_VERIFF_MEMBER_NULL) {
        return NGX_DECLINED;
    }

    if (member->type != NGX_VERIFF_MEMBER_STRING) {
        return NGX_ERROR;
    }

    *value = member->value;

    return NGX_OK;
}


int64_t
ngx_veriff_member_integer(ngx_veriff_members_t *members, const char *name)
{
    ngx_veriff_member_t  *member;

    member = ngx_veriff_member(members, name);

    return member ? member->integer : 0;
}
