/* SPDX-License-Identifier: Apache-2.0
 *
 * http/listen.c -- an address from the command line to a listening socket, before anything else of
 * the server is touched. */
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

/* "HOST:PORT" or "[V6]:PORT"; NULs are put between. */
static bool split_address(char *text, char **host, char **port)
{
    char *colon = strrchr(text, ':');

    if (!colon || colon == text || !colon[1])
        return false;
    *colon = '\0';
    *port = colon + 1;
    *host = text;
    if (text[0] == '[') {
        char *end = colon - 1;
        if (*end != ']')
            return false;
        *end = '\0';
        *host = text + 1;
    }
    for (const char *p = *port; *p; p++)
        if (*p < '0' || *p > '9')
            return false;
    return strlen(*port) <= 5 && strtol(*port, NULL, 10) <= 65535;
}

static int bind_one(const struct addrinfo *to)
{
    const int on = 1;
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, to->ai_addr, to->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

err http_listen(slice address, arena *a, int *fd, slice *why)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char *host, *port;
    slice copy = arena_dup(a, address);

    if (!copy.p)
        return ERR_NO_MEMORY;
    if (!split_address((char *)(uintptr_t)copy.p, &host, &port)) {
        *why = arena_printf(a, "listen: '%.*s' is not HOST:PORT", SLICE_ARG(address));
        return ERR_BAD_REQUEST;
    }
    int rc = getaddrinfo(host, port, &hints, &found);
    if (rc != 0) {
        *why = arena_printf(a, "listen: %s: %s", host, gai_strerror(rc));
        return ERR_BAD_REQUEST;
    }
    *fd = bind_one(found);
    freeaddrinfo(found);
    if (*fd >= 0)
        return OK;
    *why = arena_printf(a, "cannot listen on %.*s: %s", SLICE_ARG(address), strerror(errno));
    return errno == EADDRINUSE ? ERR_CONFLICT : ERR_STORAGE;
}

slice http_url(int fd, bool tls, arena *a)
{
    struct sockaddr_storage at = {0};
    socklen_t n = sizeof(at);
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (getsockname(fd, (struct sockaddr *)&at, &n) != 0 ||
        getnameinfo((struct sockaddr *)&at, n, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return NO_SLICE;
    return arena_printf(a, at.ss_family == AF_INET6 ? "%s://[%s]:%s" : "%s://%s:%s",
                        tls ? "https" : "http", host, port);
}
