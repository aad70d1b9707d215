
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


/*
 * gtlsclient sends what a client may send.  Loaded before its libraries
 * (LD_PRELOAD), this sends the bytes of the file HTTP3_STREAMS instead, on one
 * stream of requests after the other: each begins when the one before is over.
 * A stream is four bytes that say how many there are (the first of them the
 * highest), and then these.  Bytes of the file HTTP3_ENCODER, if it is set,
 * are sent first, on the stream of QPACK's encoder.
 *
 * What became of a stream is said as "raw: stream 0x0 is over: 0x100", with
 * the code that it was closed with.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <nghttp3/nghttp3.h>


#define MAX_STREAMS    1024
#define MAX_UNI        16      /* from nginx, which has three */
#define QPACK_DECODER  3       /* the first byte of such a stream */


typedef struct {
    uint8_t  *bytes;
    size_t    size;
    size_t    sent;
    int       begun;
    int       ended;    /* that was all */
    int       blocked;
    int       over;
} raw_t;


static raw_t *raw_of(int64_t stream_id);
static raw_t *raw_next(int64_t *stream_id);
static void raw_read(void);
static uint8_t *file_bytes(const char *variable, size_t *size);
static void *library(const char *name);


static raw_t    streams[MAX_STREAMS];
static size_t   nstreams;
static raw_t    encoder;
static int64_t  encoder_id = -1;
static int      typed;      /* its first byte, which says so, is sent */


#define CALL(name)  ((__typeof__(&name)) library(#name))


int
nghttp3_conn_submit_request(nghttp3_conn *conn, int64_t stream_id,
    const nghttp3_nv *nva, size_t nvlen, const nghttp3_data_reader *dr,
    void *stream_user_data)
{
    raw_t  *raw;

    raw_read();

    raw = raw_of(stream_id);
    if (raw == NULL || dr != NULL) {
        abort();
    }

    raw->begun = 1;

    /* it is to know the stream, and to read the answer */

    return CALL(nghttp3_conn_submit_request)(conn, stream_id, nva, nvlen, NULL,
                                             stream_user_data);
}


int
nghttp3_conn_bind_qpack_streams(nghttp3_conn *conn, int64_t qenc_stream_id,
    int64_t qdec_stream_id)
{
    encoder_id = qenc_stream_id;
    encoder.bytes = file_bytes("HTTP3_ENCODER", &encoder.size);
    encoder.begun = 1;
    encoder.ended = encoder.size == 0;

    return CALL(nghttp3_conn_bind_qpack_streams)(conn, qenc_stream_id,
                                                 qdec_stream_id);
}


/*
 * The library's own requests, and what its encoder says of them, go nowhere,
 * ours when it has no more to say.
 */

nghttp3_ssize
nghttp3_conn_writev_stream(nghttp3_conn *conn, int64_t *pstream_id, int *pfin,
    nghttp3_vec *vec, size_t veccnt)
{
    raw_t          *raw;
    size_t          i, size;
    nghttp3_ssize   n;

    for ( ;; ) {
        n = CALL(nghttp3_conn_writev_stream)(conn, pstream_id, pfin, vec,
                                             veccnt);

        if (n < 0 || *pstream_id == -1) {
            break;
        }

        if (*pstream_id == encoder_id && !typed && n > 0) {
            vec[0].len = 1;
            return 1;
        }

        if (raw_of(*pstream_id) == NULL && *pstream_id != encoder_id) {
            return n;
        }

        size = 0;

        for (i = 0; i < (size_t) n; i++) {
            size += vec[i].len;
        }

        if (CALL(nghttp3_conn_add_write_offset)(conn, *pstream_id, size) != 0)
        {
            abort();
        }
    }

    if (n < 0 || veccnt == 0) {
        return n;
    }

    raw = raw_next(pstream_id);
    if (raw == NULL) {
        return 0;
    }

    *pfin = (raw != &encoder);

    vec[0].base = raw->bytes + raw->sent;
    vec[0].len = raw->size - raw->sent;

    return vec[0].len ? 1 : 0;
}


int
nghttp3_conn_add_write_offset(nghttp3_conn *conn, int64_t stream_id, size_t n)
{
    int64_t   id;
    raw_t    *raw;

    raw = raw_next(&id);

    if (stream_id == encoder_id && !typed) {
        typed = 1;
        raw = NULL;
    }

    if (raw == NULL || id != stream_id) {
        return CALL(nghttp3_conn_add_write_offset)(conn, stream_id, n);
    }

    raw->sent += n;
    raw->ended = (raw->sent == raw->size);

    return 0;
}


/* it does not count what we have sent */

int
nghttp3_conn_add_ack_offset(nghttp3_conn *conn, int64_t stream_id, uint64_t n)
{
    if (raw_of(stream_id) || stream_id == encoder_id) {
        return 0;
    }

    return CALL(nghttp3_conn_add_ack_offset)(conn, stream_id, n);
}


/* what nginx says of fields in the table, which only we know */

nghttp3_ssize
nghttp3_conn_read_stream(nghttp3_conn *conn, int64_t stream_id,
    const uint8_t *src, size_t srclen, int fin)
{
    static int64_t  decoder_id = -1;
    static int      seen[MAX_UNI];

    if (stream_id % 4 == 3 && stream_id / 4 < MAX_UNI && srclen
        && !seen[stream_id / 4]++ && src[0] == QPACK_DECODER)
    {
        decoder_id = stream_id;
    }

    if (stream_id == decoder_id) {
        return srclen;
    }

    return CALL(nghttp3_conn_read_stream)(conn, stream_id, src, srclen, fin);
}


void
nghttp3_conn_block_stream(nghttp3_conn *conn, int64_t stream_id)
{
    raw_t  *raw;

    raw = raw_of(stream_id);

    if (raw) {
        raw->blocked = 1;
        return;
    }

    CALL(nghttp3_conn_block_stream)(conn, stream_id);
}


int
nghttp3_conn_unblock_stream(nghttp3_conn *conn, int64_t stream_id)
{
    raw_t  *raw;

    raw = raw_of(stream_id);

    if (raw) {
        raw->blocked = 0;
        return 0;
    }

    return CALL(nghttp3_conn_unblock_stream)(conn, stream_id);
}


void
nghttp3_conn_shutdown_stream_write(nghttp3_conn *conn, int64_t stream_id)
{
    raw_t  *raw;

    raw = raw_of(stream_id);

    if (raw) {
        raw->ended = 1;
    }

    CALL(nghttp3_conn_shutdown_stream_write)(conn, stream_id);
}


int
nghttp3_conn_close_stream(nghttp3_conn *conn, int64_t stream_id,
    uint64_t app_error_code)
{
    raw_t  *raw;

    raw = raw_of(stream_id);

    if (raw) {
        raw->over = 1;
        fprintf(stderr, "raw: stream 0x%llx is over: 0x%llx\n",
                (unsigned long long) stream_id,
                (unsigned long long) app_error_code);
    }

    return CALL(nghttp3_conn_close_stream)(conn, stream_id, app_error_code);
}


static raw_t *
raw_of(int64_t stream_id)
{
    /* others are of one direction */

    if (stream_id % 4 != 0 || (size_t) stream_id / 4 >= nstreams) {
        return NULL;
    }

    return &streams[stream_id / 4];
}


/* what has something to say now */

static raw_t *
raw_next(int64_t *stream_id)
{
    size_t  i;

    *stream_id = -1;

    if (encoder.begun && !encoder.ended && typed) {
        *stream_id = encoder_id;
        return &encoder;
    }

    for (i = 0; i < nstreams && streams[i].over; i++) { /* void */ }

    if (i == nstreams || !streams[i].begun || streams[i].ended
        || streams[i].blocked)
    {
        return NULL;
    }

    *stream_id = i * 4;

    return &streams[i];
}


static void
raw_read(void)
{
    size_t    size;
    raw_t    *raw;
    uint8_t  *p, *last;

    if (nstreams) {
        return;
    }

    p = file_bytes("HTTP3_STREAMS", &size);
    last = p + size;

    while (last - p >= 4) {

        if (nstreams == MAX_STREAMS) {
            abort();
        }

        raw = &streams[nstreams++];

        raw->size = (size_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
        raw->bytes = p + 4;

        if ((size_t) (last - raw->bytes) < raw->size) {
            abort();
        }

        p = raw->bytes + raw->size;
    }
}


static uint8_t *
file_bytes(const char *variable, size_t *size)
{
    long         end;
    FILE        *file;
    uint8_t     *bytes;
    const char  *name;

    *size = 0;

    name = getenv(variable);
    if (name == NULL || *name == '\0') {
        return NULL;
    }

    file = fopen(name, "rb");

    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        abort();
    }

    end = ftell(file);
    bytes = malloc(end > 0 ? end : 1);
    rewind(file);

    if (end < 0 || bytes == NULL
        || fread(bytes, 1, end, file) != (size_t) end)
    {
        abort();
    }

    fclose(file);

    *size = end;

    return bytes;
}


static void *
library(const char *name)
{
    void  *function;

    function = dlsym(RTLD_NEXT, name);

    if (function == NULL) {
        abort();
    }

    return function;
}
