/*
 * What the parts of vntraffic share: vntraffic.c (console, memory, UDP, TCP, the mesh) and echoes.c (ICMP, ARP).
 */
#ifndef VNTRAFFIC_H
#define VNTRAFFIC_H

#define _GNU_SOURCE
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MAX_PEERS = 64,
    WINDOW = 1 << 18,                   /* numbers below the highest that are told apart exactly */
    DATAGRAM_WORDS = 32,                /* 256 bytes of payload of UDP and ICMP */
    DATAGRAMS_PER_TURN = 512,           /* bound on one turn of sending or receiving */
    SOCKET_BUFFER = 8 << 20,
    NAME_BYTES = INET_ADDRSTRLEN + 8,
};

static const uint64_t SECOND = 1000000000;
static const uint64_t MAGIC = 0x3146465254534e56;   /* "VNSTRFF1" */

enum kind { LOST, DUPLICATED, REORDERED, CORRUPT, BROKEN, MEMORY, KINDS };

/* What has arrived of one numbered stream. */
struct window {
    uint64_t next;                      /* highest number received, plus one */
    uint64_t seen[WINDOW / 64];         /* one bit per number in [next - WINDOW, next) */
};

/* Numbered requests that the peer's kernel answers. */
struct echo {
    char name[NAME_BYTES];              /* of peer and protocol, in events */
    uint64_t first;                     /* number of the first request of this session; older answers do not count */
    uint64_t next;                      /* number of the next request */
    uint64_t due;                       /* in units of 1/SECOND request */
    struct window *answers;
};

struct peer {
    struct in_addr address;
    char name[INET_ADDRSTRLEN];
    /* datagrams to the peer */
    bool reachable;                     /* it has acknowledged the HELLO of `session` */
    uint64_t session;
    uint64_t next;                      /* number of the next datagram */
    uint64_t datagrams_due;             /* in units of 1/SECOND datagram */
    uint64_t hello_at;
    /* datagrams from the peer */
    uint64_t incarnation;               /* of the peer's process; 0: not known yet */
    uint64_t heard_session;             /* of `window`; 0: none yet */
    struct window *window;
    /* requests to the peer's kernel */
    struct echo icmp, arp;
    int card;                           /* index of the card that leads to the peer; 0: not needed */
    struct in_addr own_address;         /* of that card */
    uint8_t own_mac[6];
    /* the stream to the peer */
    int out;                            /* -1: none */
    bool connected;
    bool blocked;                       /* the socket took less than it was offered: EPOLLOUT is armed */
    uint64_t connect_at;
    uint64_t out_seed, out_generated;   /* pattern of this connection; words generated so far */
    uint64_t bytes_due;                 /* token bucket, in units of 1/SECOND byte */
    size_t ready_from, ready_to;        /* unsent part of `ready` */
    unsigned char *ready;
};

enum message { HELLO = 1, HELLO_ACK, NUMBERED, ECHO };

/* The start of every datagram; NUMBERED and ECHO go on with pattern words to DATAGRAM_WORDS. */
struct datagram {
    uint64_t magic;
    uint64_t message;
    uint64_t incarnation;               /* of the sending process */
    uint64_t session;                   /* of the sender; in HELLO_ACK the one acknowledged */
    uint64_t number;
    uint64_t fill[DATAGRAM_WORDS - 5];
};

extern struct peer peers[MAX_PEERS];
extern size_t peer_count;
extern uint64_t incarnation;

/* ---- vntraffic.c ---- */

_Noreturn void die(const char *what);

/* The word at a position of a pattern stream. Any shift, repeat or swap of words is visible. */
uint64_t pattern(uint64_t seed, uint64_t index);

/* Counts `amount` of a kind and prints the event, unless this kind has printed enough. */
void event(enum kind kind, uint64_t amount, const char *peer, uint64_t expected, uint64_t got);

/* Adds what became due in `elapsed` at a rate per second, within the bound of a catch-up. In units of 1/SECOND. */
void accrue(uint64_t *due, uint64_t rate, uint64_t elapsed);

/* Accounts for one number. One that fills a gap takes its loss back and counts as reordered. */
void account(const char *name, struct window *w, uint64_t number);

/* A numbered datagram with its pattern, and whether one that came has the right pattern; if not, an event. */
struct datagram numbered(enum message message, uint64_t session, uint64_t number);
bool check_fill(const char *name, const struct datagram *d);

struct peer *peer_at(struct in_addr address);

/* Calls back when there is something to read. */
void watch(int fd, uint32_t events, int operation);

/* Gives a socket room for what comes while the guest is busy. */
void enlarge_receive_buffer(int fd);

/* Takes what IP_RECVERR queued: with it the kernel reports its own drops as errors of send, and more besides. */
void discard_errors(int fd);

/* What the socket had no room for; 0 for a socket that is not open (-1). */
uint32_t dropped_by_own_socket(int fd);

/* ---- echoes.c ---- */

struct echo_counts {
    uint64_t icmp_sent, icmp_received, arp_sent, arp_received, dropped;
};

/* Requests per second to each peer; 0: none, and no socket is opened. Set before open_echoes. */
extern uint64_t icmp_rate, arp_rate;

/* Opens the sockets and finds the cards; ends the process if that cannot be. */
void open_echoes(void);

/* A new session with the peer: what was asked before is no longer expected to be answered. */
void start_echoes(struct peer *p);

/* Sends the requests that are due. */
void turn_echoes(struct peer *p, uint64_t elapsed);

/* Reads from the socket if it is one of ours; returns whether it was. */
bool receive_echoes(int fd);

struct echo_counts echo_counts(void);

#endif
