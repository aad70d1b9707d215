
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


/*
 * gtlsclient sends no header fields but its own.  Loaded before its libraries
 * (LD_PRELOAD), this adds those of the environment variable HTTP3_FIELDS to
 * every request: lines "name: value", or "name:" to leave out the client's.
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


int
nghttp3_conn_submit_request(nghttp3_conn *conn, int64_t stream_id,
    const nghttp3_nv *nva, size_t nvlen, const nghttp3_data_reader *dr,
    void *stream_user_data)
{
    int          rc;
    char        *lines, *line, *value, *next;
    size_t       n, len;
    nghttp3_nv   fields[MAX_FIELDS];
    submit_pt    submit;
    const char  *given;

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

        len = value - line;
        value += strspn(value, ": ");

        if (*value == '\0') {
            n = without(fields, n, line, len);
            continue;
        }

        memset(&fields[n], 0, sizeof(nghttp3_nv));
        fields[n].name = (uint8_t *) line;
        fields[n].namelen = len;
        fields[n].value = (uint8_t *) value;
        fields[n].valuelen = strlen(value);
        n++;
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
