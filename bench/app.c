
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


/*
 * The application behind the nginx that is measured, and the provider: takes
 * whole requests on connections that stay open, and answers at once, so that
 * one CPU drives it and wrk together.
 *
 *     app secret         listens on 127.0.0.1, prints the port
 *
 * A POST to /v1/... is the provider's: its answer is signed with the secret,
 * and for /v1/sessions it is a new session with the vendorData that was sent.
 * GET /check is answered 204, all else "ok".  It ends with its parent.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>


#define APP_BUFFER  16384
#define APP_EVENTS  256
#define APP_ANSWER  2048


typedef struct {
    int         fd;
    size_t      n;              /* bytes in the buffer */
    long long   left;           /* of a body that the buffer has no room for */
    int         media;          /* it is the provider's */
    char        buffer[APP_BUFFER + 1];
} app_connection_t;


static const char  *app_secret;


static void
app_die(const char *what)
{
    perror(what);
    exit(1);
}


static void
app_send(app_connection_t *c, const char *p, size_t len)
{
    if (send(c->fd, p, len, MSG_NOSIGNAL) != (ssize_t) len
        && errno != EPIPE && errno != ECONNRESET)
    {
        app_die("send");
    }
}


static void
app_ok(app_connection_t *c)
{
    static const char  ok[] = "HTTP/1.1 200 OK\r\n"
                              "Content-Type: text/plain\r\n"
                              "Content-Length: 3\r\n\r\nok\n";

    app_send(c, ok, sizeof(ok) - 1);
}


/* with a body, the connection that auth_request has used would be closed */

static void
app_allowed(app_connection_t *c)
{
    static const char  allowed[] = "HTTP/1.1 204 No Content\r\n\r\n";

    app_send(c, allowed, sizeof(allowed) - 1);
}


static void
app_signed(app_connection_t *c, const char *status, const char *json)
{
    int            i, n;
    char           hex[2 * EVP_MAX_MD_SIZE + 1], answer[APP_ANSWER];
    unsigned int   len;
    unsigned char  md[EVP_MAX_MD_SIZE];

    if (HMAC(EVP_sha256(), app_secret, strlen(app_secret),
             (const unsigned char *) json, strlen(json), md, &len)
        == NULL)
    {
        app_die("HMAC");
    }

    for (i = 0; i < (int) len; i++) {
        sprintf(&hex[2 * i], "%02x", md[i]);
    }

    n = snprintf(answer, sizeof(answer),
                 "HTTP/1.1 %s\r\n"
                 "Content-Type: application/json\r\n"
                 "X-HMAC-SIGNATURE: %s\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 status, hex, strlen(json), json);

    app_send(c, answer, n);
}


static void
app_session(app_connection_t *c, const char *body)
{
    int         len;
    char        json[APP_ANSWER];
    const char  *p;

    static unsigned long long  number;

    static const char  name[] = "\"vendorData\":\"";

    p = strstr(body, name);
    p = p ? p + sizeof(name) - 1 : "";
    len = strcspn(p, "\"");

    if (number == 0) {

        /* other than those of the last run */

        number = (unsigned long long) getpid() << 32;
    }

    number++;

    snprintf(json, sizeof(json),
             "{\"status\":\"success\",\"verification\":{"
             "\"id\":\"%08llx-0000-4000-8000-%012llx\","
             "\"url\":\"https://alchemy.veriff.com/v/"
             "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.%016llx\","
             "\"vendorData\":\"%.*s\","
             "\"host\":\"https://alchemy.veriff.com\","
             "\"status\":\"created\","
             "\"sessionToken\":\"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
             "%016llx\"}}",
             number >> 32, number, number, len, p, number);

    app_signed(c, "201 Created", json);
}


/* the first request in the buffer; 0 if it is not whole */

static int
app_request(app_connection_t *c)
{
    int         sessions;
    char       *end, *p;
    size_t      head, size;
    long long   length;

    c->buffer[c->n] = '\0';

    end = strstr(c->buffer, "\r\n\r\n");

    if (end == NULL) {
        if (c->n == APP_BUFFER) {
            errno = EMSGSIZE;
            app_die("header");
        }

        return 0;
    }

    head = end + 4 - c->buffer;
    *end = '\0';

    p = strcasestr(c->buffer, "\r\nContent-Length:");
    length = p ? atoll(p + sizeof("\r\nContent-Length:") - 1) : 0;

    c->media = (strncmp(c->buffer, "POST /v1/", 9) == 0);
    sessions = (strncmp(c->buffer, "POST /v1/sessions ", 18) == 0);

    *end = '\r';

    if (head + length > APP_BUFFER) {

        /* only how much it is counts */

        c->left = head + length - c->n;
        c->n = 0;

        return 1;
    }

    size = head + length;

    if (c->n < size) {
        return 0;
    }

    if (sessions) {
        app_session(c, end + 4);

    } else if (c->media) {
        app_signed(c, "200 OK", "{\"status\":\"success\"}");

    } else if (strncmp(c->buffer, "GET /check ", 11) == 0) {
        app_allowed(c);

    } else {
        app_ok(c);
    }

    c->n -= size;
    memmove(c->buffer, c->buffer + size, c->n);

    return c->n != 0;
}


/* 0 when it was closed */

static int
app_read(app_connection_t *c)
{
    ssize_t      n;
    static char  sink[1048576];

    if (c->left) {
        n = recv(c->fd, sink,
                 c->left < (long long) sizeof(sink) ? (size_t) c->left
                                                    : sizeof(sink), 0);
    } else {
        n = recv(c->fd, c->buffer + c->n, APP_BUFFER - c->n, 0);
    }

    if (n == -1 && errno == EAGAIN) {
        return 1;
    }

    if (n <= 0) {
        return 0;
    }

    if (c->left) {
        c->left -= n;

    } else {
        c->n += n;

        while (app_request(c) && c->left == 0) { /* void */ }

        return 1;
    }

    if (c->left == 0) {
        if (c->media) {
            app_signed(c, "200 OK", "{\"status\":\"success\"}");

        } else {
            app_ok(c);
        }
    }

    return 1;
}


static int
app_listen(void)
{
    int                 fd;
    socklen_t           len;
    struct sockaddr_in  sin;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    len = sizeof(sin);

    if (fd == -1
        || bind(fd, (struct sockaddr *) &sin, len) == -1
        || listen(fd, 4096) == -1
        || getsockname(fd, (struct sockaddr *) &sin, &len) == -1)
    {
        app_die("listen");
    }

    printf("%d\n", ntohs(sin.sin_port));
    fflush(stdout);

    return fd;
}


static void
app_accept(int epoll, int listener)
{
    int                 fd, on = 1;
    app_connection_t   *c;
    struct epoll_event  ev;

    for ( ;; ) {
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC);

        if (fd == -1) {
            return;
        }

        c = calloc(1, sizeof(app_connection_t));
        if (c == NULL) {
            app_die("calloc");
        }

        c->fd = fd;

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

        ev.events = EPOLLIN;
        ev.data.ptr = c;

        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) == -1) {
            app_die("epoll_ctl");
        }
    }
}


int
main(int argc, char **argv)
{
    int                 epoll, listener, n, i;
    app_connection_t   *c;
    struct epoll_event  ev, events[APP_EVENTS];

    app_secret = (argc > 1) ? argv[1] : "";

    prctl(PR_SET_PDEATHSIG, SIGKILL);

    listener = app_listen();
    epoll = epoll_create1(EPOLL_CLOEXEC);

    ev.events = EPOLLIN;
    ev.data.ptr = NULL;

    if (epoll == -1
        || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev) == -1)
    {
        app_die("epoll");
    }

    for ( ;; ) {
        n = epoll_wait(epoll, events, APP_EVENTS, -1);

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (c == NULL) {
                app_accept(epoll, listener);

            } else if (!app_read(c)) {
                close(c->fd);
                free(c);
            }
        }
    }
}
