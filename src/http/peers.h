/* SPDX-License-Identifier: Apache-2.0
 *
 * http/peers.h -- who is connected, and for how long already: the limits on connections and on slow
 * senders. Inside http/ only.
 *
 * These are ours and not libmicrohttpd's, whose limits leave clients hanging or hang up silently
 * and whose timeout counts inactivity only. Loop threads tell a peer's phase; one sweeping thread
 * closes (shuts down, which the loop then sees) what has been in a phase for too long. */
#ifndef HTTP_PEERS_H
#define HTTP_PEERS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct peers peers;
typedef struct peer peer;

typedef enum peer_phase {
    PEER_IDLE,    /* no request; bytes of a header may trickle in */
    PEER_HEADER,  /* the request line is here */
    PEER_BODY,    /* the header is here */
    PEER_RUNNING, /* with the app, which has its own deadline */
    PEER_REPLY,   /* the reply goes out */
} peer_phase;

typedef struct peers_options {
    int max;             /* connections served; more are told 503 */
    int max_per_address; /* 0: no limit */
    int64_t header_ms, request_ms, idle_ms;
} peers_options;

MUST_CHECK err peers_open(const peers_options *o, peers **out);
void peers_close(peers *p); /* after the last peer_leave */

/* Whether one more connection may be accepted at all: beyond the limit a few more are, to be told
 * 503, but not without end. */
bool peers_admit(peers *p);

/* A connection begins; NULL when there is no memory. `fd` stays open until peer_leave returns. */
peer *peer_join(peers *p, int fd, const struct sockaddr *address);
void peer_leave(peers *p, peer *one);

/* Above the limits: to be answered 503 and closed. */
bool peer_refused(const peer *one);

/* Phases change in this one function. */
void peer_enter(peer *one, peer_phase phase);

int peers_count(peers *p);

#endif
