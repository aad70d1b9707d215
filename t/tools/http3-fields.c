
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


/*
 * gtlsclient sends no header fields but its own, the body in one DATA frame,
 * and no trailers.  Loaded before its libraries (LD_PRELOAD), this adds the
 * fields of the environment variable HTTP3_FIELDS to every request: lines
 * "name: value", or "name:" to leave out the client's own.  HTTP3_PIECE is
 * how many bytes a DATA frame has at most, HTTP3_TRAILER a field that comes
 * after the body.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp3/nghttp3.h>


#define MAX_FIELDS  64


typedef int (*submit_pt)(nghttp3_conn *conn, int64_t stream_id,
    const nghttp3_nv *nva, size_t nvlen, const nghttp3_data_reader *dr,
    void *stream_user_data);


static size_t without(nghttp3_nv *fields, size_t n, const char *name,
    size_t len);
static nghttp3_nv field_of(char *line, char *value);
static nghttp3_ssize read_piece(nghttp3_conn *conn, int64_t stream_id,
    nghttp3_vec *vec, size_t n, uint32_t *flags, void *conn_data,
    void *stream_data);


/* of the one request that has a body: what its client has given us of it */

static nghttp3_read_data_callback  read_all;
static nghttp3_vec                 rest;
static uint32_t                    rest_flags;


int
nghttp3_conn_submit_request(nghttp3_conn *conn, int64_t stream_id,
    const nghttp3_nv *nva, size_t nvlen, const nghttp3_data_reader *dr,
    void *stream_user_data)
{
    int                   rc;
    char                 *lines, *line, *value, *next;
    size_t                n;
    nghttp3_nv            fields[MAX_FIELDS];
    submit_pt             submit;
    const char           *given;
    nghttp3_data_reader   pieces;

    submit = (submit_pt) dlsym(RTLD_NEXT, "nghttp3_conn_submit_request");
    given = getenv("HTTP3_FIELDS");
    lines = strdup(given ? given : "");

    if (submit == NULL || lines == NULL || nvlen > MAX_FIELDS) {
        abort();
    }

    memcpy(fields, nva, nvlen * sizeof(nghttp3_nv));
    n = nvlen;

    for (line = strtok_r(lines, "\n", &next);
         line != NULL;
         line = strtok_r(NULL, "\n", &next))
    {
        value = strchr(line, ':');
        if (value == NULL || n == MAX_FIELDS) {
            abort();
        }

        if (value[1] == '\0') {
            n = without(fields, n, line, value - line);
            continue;
        }

        fields[n++] = field_of(line, value);
    }

    if (dr != NULL) {
        read_all = dr->read_data;
        pieces.read_data = read_piece;
        dr = &pieces;
    }

    rc = submit(conn, stream_id, fields, n, dr, stream_user_data);

    /* what has no flags was copied */

    free(lines);

    return rc;
}


static size_t
without(nghttp3_nv *fields, size_t n, const char *name, size_t len)
{
    size_t  i, kept;

    kept = 0;

    for (i = 0; i < n; i++) {

        if (fields[i].namelen != len
            || memcmp(fields[i].name, name, len) != 0)
        {
            fields[kept++] = fields[i];
        }
    }

    return kept;
}


/* of a line and the colon in it */

static nghttp3_nv
field_of(char *line, char *value)
{
    nghttp3_nv  field;

    memset(&field, 0, sizeof(nghttp3_nv));

    field.name = (uint8_t *) line;
    field.namelen = value - line;

    value += strspn(value, ": ");

    field.value = (uint8_t *) value;
    field.valuelen = strlen(value);

    return field;
}


/* gtlsclient gives all of the body at once */

static nghttp3_ssize
read_piece(nghttp3_conn *conn, int64_t stream_id, nghttp3_vec *vec, size_t n,
    uint32_t *flags, void *conn_data, void *stream_data)
{
    char        *trailer;
    size_t       size;
    nghttp3_nv   field;
    const char  *piece, *given;

    if (rest.base == NULL && !(rest_flags & NGHTTP3_DATA_FLAG_EOF)) {
        if (read_all(conn, stream_id, &rest, 1, &rest_flags, conn_data,
                     stream_data) < 0
            || !(rest_flags & NGHTTP3_DATA_FLAG_EOF) || n == 0)
        {
            abort();
        }
    }

    piece = getenv("HTTP3_PIECE");
    size = piece && *piece ? (size_t) atol(piece) : rest.len;
    size = size < rest.len ? size : rest.len;

    vec[0].base = rest.base;
    vec[0].len = size;

    rest.base += size;
    rest.len -= size;

    if (rest.len == 0) {
        *flags = rest_flags;
        given = getenv("HTTP3_TRAILER");

        if (given && *given) {
            trailer = strdup(given);
            field = field_of(trailer, strchr(trailer, ':'));
            *flags |= NGHTTP3_DATA_FLAG_NO_END_STREAM;

            if (nghttp3_conn_submit_trailers(conn, stream_id, &field, 1)
                != 0)
            {
                abort();
            }

            free(trailer);
        }
    }

    return size ? 1 : 0;
}
