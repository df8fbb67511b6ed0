/* SPDX-License-Identifier: Apache-2.0
 *
 * http/peers.c -- a list of connections and the thread that sweeps it four times a second. */
#include "http/peers.h"

#include "base/clock.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>

#define SWEEP_US 250000
enum { SLACK = 256 };           /* connections beyond the limit that are told so */
enum { SOCKET_CLOSE_WAIT = 8 }; /* TCP_CLOSE_WAIT of the kernel's net/tcp_states.h */

struct peer {
    peer *prev, *next; /* guarded by peers.lock */
    int fd;
    bool refused;
    uint8_t address[16]; /* IPv4 as its first four bytes */
    _Atomic int phase;
    _Atomic int64_t since_us; /* monotonic, of the phase */
    /* The sweeper's: */
    int64_t seen_since_us;    /* `since_us` when it last looked */
    int64_t seen_bytes;       /* received when the idle phase was first seen; -1: not yet */
    int64_t trickle_since_us; /* when more bytes than a request's, or none any more, were seen; 0 */
};

struct peers {
    peers_options o;
    pthread_mutex_t lock; /* guards the list, `stopping`, and that no listed fd is closed */
    pthread_cond_t cond;
    peer *first;
    bool stopping;
    atomic_int count;
    pthread_t sweeper;
};

/* An idle connection that sends bytes but no whole request line is sending a header. One whose client
 * has shut its side asks for nothing more; the library can miss that behind pipelined requests. */
static bool idles_too_long(const peers *p, peer *one, int64_t spent, int64_t now)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof(info);

    if (spent > (one->refused ? p->o.header_ms : p->o.idle_ms) * 1000)
        return true;
    if (getsockopt(one->fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
        return false;
    int64_t got = (int64_t)info.tcpi_bytes_received;
    if (one->seen_bytes < 0)
        one->seen_bytes = got;
    if (info.tcpi_state == SOCKET_CLOSE_WAIT && spent > SWEEP_US)
        return true;
    if (got == one->seen_bytes)
        return false;
    if (!one->trickle_since_us)
        one->trickle_since_us = now;
    return now - one->trickle_since_us > p->o.header_ms * 1000;
}

/* The client shut its side and all it sent is read: the body will never be whole. Told at the second
 * look, as the loop may just be taking the last of it. */
static bool left_in_the_body(peer *one, int64_t now)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof(info);
    int unread = 0;

    if (getsockopt(one->fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0 ||
        info.tcpi_state != SOCKET_CLOSE_WAIT || ioctl(one->fd, FIONREAD, &unread) != 0 || unread)
        return false;
    if (one->trickle_since_us)
        return true;
    one->trickle_since_us = now;
    return false;
}

static bool overdue(const peers *p, peer *one, int64_t now)
{
    int64_t since = atomic_load(&one->since_us);
    int64_t spent = now - since;

    if (since != one->seen_since_us) { /* it was busy between two sweeps */
        one->seen_since_us = since;
        one->seen_bytes = -1;
        one->trickle_since_us = 0;
    }
    switch (atomic_load(&one->phase)) {
    case PEER_IDLE:
        return idles_too_long(p, one, spent, now);
    case PEER_HEADER:
        return spent > p->o.header_ms * 1000;
    case PEER_BODY:
        return spent > p->o.request_ms * 1000 || left_in_the_body(one, now);
    case PEER_REPLY:
        return spent > p->o.idle_ms * 1000;
    default:
        return false;
    }
}

static void *sweep(void *arg)
{
    peers *p = arg;

    pthread_mutex_lock(&p->lock);
    while (!p->stopping) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += SWEEP_US * 1000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&p->cond, &p->lock, &until);

        int64_t now = clock_coarse_us();
        for (peer *one = p->first; one; one = one->next)
            if (overdue(p, one, now))
                shutdown(one->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

err peers_open(const peers_options *o, peers **out)
{
    peers *p = mem_zalloc(sizeof(*p));

    if (!p)
        return ERR_NO_MEMORY;
    p->o = *o;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->cond, NULL);
    if (pthread_create(&p->sweeper, NULL, sweep, p) != 0) {
        mem_free(p);
        return ERR_NO_MEMORY;
    }
    *out = p;
    return OK;
}

void peers_close(peers *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_signal(&p->cond);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->sweeper, NULL);
    pthread_cond_destroy(&p->cond);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

bool peers_admit(peers *p)
{
    return atomic_load(&p->count) < p->o.max + SLACK;
}

static void address_of(const struct sockaddr *from, uint8_t to[16])
{
    memset(to, 0, 16);
    if (from && from->sa_family == AF_INET)
        memcpy(to, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    else if (from && from->sa_family == AF_INET6)
        memcpy(to, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
}

/* Called with the lock held; only where the limit is set, and then bounded by `max`. */
static int same_address(const peers *p, const uint8_t address[16])
{
    int n = 0;

    for (const peer *one = p->first; one; one = one->next)
        n += memcmp(one->address, address, 16) == 0;
    return n;
}

peer *peer_join(peers *p, int fd, const struct sockaddr *address)
{
    peer *one = mem_zalloc(sizeof(*one));

    if (!one)
        return NULL;
    one->fd = fd;
    address_of(address, one->address);
    peer_enter(one, PEER_IDLE);

    pthread_mutex_lock(&p->lock);
    one->refused = atomic_fetch_add(&p->count, 1) >= p->o.max ||
                   (p->o.max_per_address && same_address(p, one->address) >= p->o.max_per_address);
    one->next = p->first;
    if (p->first)
        p->first->prev = one;
    p->first = one;
    pthread_mutex_unlock(&p->lock);
    return one;
}

void peer_leave(peers *p, peer *one)
{
    if (!one)
        return;
    pthread_mutex_lock(&p->lock);
    if (one->prev)
        one->prev->next = one->next;
    else
        p->first = one->next;
    if (one->next)
        one->next->prev = one->prev;
    atomic_fetch_sub(&p->count, 1);
    pthread_mutex_unlock(&p->lock);
    mem_free(one);
}

bool peer_refused(const peer *one)
{
    return one->refused;
}

void peer_enter(peer *one, peer_phase phase)
{
    atomic_store_explicit(&one->since_us, clock_coarse_us(), memory_order_relaxed);
    atomic_store_explicit(&one->phase, (int)phase, memory_order_release);
}

int peers_count(peers *p)
{
    return atomic_load(&p->count);
}
