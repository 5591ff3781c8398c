/*
 * vntraffic: the verifying traffic program of the VNsnap test guest.
 *
 * It keeps a full mesh of traffic with its peers and proves, from inside the guests, that a snapshot or a
 * restore lost, doubled, reordered or damaged nothing. Five witnesses, all of them state in guest memory:
 *
 *   UDP     numbered datagrams to every peer; the receiver accounts for every number of every sender.
 *   TCP     a pattern stream to every peer; the receiver checks every byte against its position.
 *   ICMP    numbered echo requests to every peer; the sender accounts for every answer of the peer's kernel.
 *   ARP     the same with ARP requests (both in echoes.c).
 *   memory  a ledger whose sum is conserved and whose counters only grow; a memory image put together from
 *           different instants breaks it.
 *
 * Design note: sessions. A numbered stream starts only after a handshake (HELLO, HELLO_ACK), so that no
 * datagram goes to a peer that has not booted or whose address is not resolved. A HELLO carries the sender's
 * incarnation (one per process) and its session (one per numbered stream). A peer whose incarnation changes
 * has restarted: the stream to it starts again from 0 in a new session. The receiver opens its window on HELLO,
 * so losses at the very start are counted too.
 *
 * Design note: time. Guests are stopped, restored and moved. Work is paced by the time that passed since the
 * last turn, but never by more than MAX_CATCH_UP: a guest that slept an hour sends no burst. Nothing here times
 * out; a connection ends only when the network stack says so.
 */
#include "vntraffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_ACCEPTED = 2 * MAX_PEERS,       /* incoming connections, with those about to be replaced */
    MAX_EVENT_LINES = 32,               /* lines printed per kind of event and witness; counting goes on */
    MAX_WITNESSES = 3 * MAX_PEERS + 1,  /* each peer's UDP and TCP, ICMP and ARP; and the memory */
    CHUNK = 64 * 1024,                  /* bytes moved per TCP read or write */
    LEDGER_WORDS = 1 << 17,             /* 1 MiB */
    MOVES_PER_TURN = 32,
    LINE_BYTES = 1024,
    PENDING_LINES_BYTES = 64 * 1024,
    KERNEL_LINE_BYTES = 8192,           /* of /proc/net/netstat */
    PAGE = 4096,
};

static const uint64_t TURN = 10000000;              /* 10 ms between paced turns */
static const uint64_t MAX_CATCH_UP = 100000000;     /* 100 ms */
static const uint64_t HELLO_INTERVAL = 200000000;
static const uint64_t CONNECT_INTERVAL = 500000000;
static const uint64_t UNLIMITED = UINT64_MAX;

/* ---- small things -------------------------------------------------------------------------------------- */

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* The time from `then` to `until`, at most `limit`; 0 when the clock went back. */
static uint64_t passed(uint64_t then, uint64_t until, uint64_t limit)
{
    if (until <= then)
        return 0;
    return until - then < limit ? until - then : limit;
}

uint64_t pattern(uint64_t seed, uint64_t index)
{
    uint64_t x = (seed + index) * 0x9e3779b97f4a7c15;
    return x ^ (x >> 29);
}

/* Fast random words (xorshift64) for choices and for content that does not compress. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

/* A number that no other process or session has; never 0. */
static uint64_t fresh_id(void)
{
    uint64_t id = 0;
    if (getrandom(&id, sizeof id, GRND_NONBLOCK) != sizeof id)
        id = now() * 0x9e3779b97f4a7c15 + (uint64_t)getpid();
    return id ? id : 1;
}

void die(const char *what)
{
    fprintf(stderr, "vntraffic: %s: %s\n", what, strerror(errno));
    exit(1);
}

void accrue(uint64_t *due, uint64_t rate, uint64_t elapsed)
{
    uint64_t limit = rate * MAX_CATCH_UP + SECOND;
    *due += rate * elapsed;
    if (*due > limit)
        *due = limit;
}

/* ---- console ------------------------------------------------------------------------------------------- */

/*
 * Every line is one write(). A console that nobody reads must not stop the traffic: lines wait in a bounded
 * queue and are written only when the terminal has room for a whole line; when the queue is full a line is
 * dropped, which loses nothing for good because the counters are cumulative.
 */
static char pending_lines[PENDING_LINES_BYTES];
static size_t pending_bytes;

static void flush_lines(void)
{
    while (pending_bytes > 0) {
        struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
        if (poll(&p, 1, 0) != 1)
            return;
        size_t line = (size_t)((char *)memchr(pending_lines, '\n', pending_bytes) - pending_lines) + 1;
        ssize_t n = write(STDOUT_FILENO, pending_lines, line);
        if (n <= 0)
            return;
        pending_bytes -= (size_t)n;
        memmove(pending_lines, pending_lines + n, pending_bytes);
    }
}

__attribute__((format(printf, 1, 2))) static void print_line(const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (n < 0)
        return;
    size_t length = (size_t)n < sizeof line - 2 ? (size_t)n : sizeof line - 2;
    line[length++] = '\n';
    if (pending_bytes + length <= sizeof pending_lines) {
        memcpy(pending_lines + pending_bytes, line, length);
        pending_bytes += length;
    }
    flush_lines();
}

/* ---- events -------------------------------------------------------------------------------------------- */

static const char *const KIND_NAMES[KINDS] = {"lost", "duplicated", "reordered", "corrupt", "broken", "memory"};

static const char *vm_name = "vm";
static const char MEMORY_WITNESS[] = "self";
static uint64_t counts[KINDS];

/* Each witness has lines of its own: one that has much to say does not silence the others. */
static struct witness {
    const char *name;                   /* NULL: free */
    uint64_t lines[KINDS];
} witnesses[MAX_WITNESSES];

/* A witness's entry. Names are compared by address: each witness has one that stays. */
static struct witness *witness(const char *name)
{
    struct witness *w = witnesses;
    while (w < witnesses + MAX_WITNESSES - 1 && w->name && w->name != name)
        w++;
    w->name = name;
    return w;
}

void event(enum kind kind, uint64_t amount, const char *peer, uint64_t expected, uint64_t got)
{
    counts[kind] += amount;
    if (witness(peer)->lines[kind]++ < MAX_EVENT_LINES)
        print_line("VNTRAFFIC-ERROR vm=%s kind=%s peer=%s expected=%" PRIu64 " got=%" PRIu64, vm_name,
                   KIND_NAMES[kind], peer, expected, got);
}

/* ---- memory witness ------------------------------------------------------------------------------------ */

/*
 * Value moves between words of the ledger, its sum stays. The first and the last word, in different pages,
 * count turns together. All pages change all the time, so an image that mixes instants has another sum.
 */
struct ledger {
    volatile uint64_t turns;
    volatile uint64_t words[LEDGER_WORDS];
    volatile uint64_t turns_again;
};
static struct ledger *ledger;
static uint64_t ledger_sum, ledger_turns, ledger_random;

static uint64_t sum_ledger(void)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < LEDGER_WORDS; i++)
        sum += ledger->words[i];
    return sum;
}

static void open_ledger(void)
{
    ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ledger == MAP_FAILED)
        die("ledger");
    ledger_random = fresh_id();
    for (size_t i = 0; i < LEDGER_WORDS; i++)
        ledger->words[i] = next_random(&ledger_random);
    ledger_sum = sum_ledger();
}

static void turn_ledger(void)
{
    ledger->turns++;
    for (int i = 0; i < MOVES_PER_TURN; i++) {
        uint64_t r = next_random(&ledger_random);
        ledger->words[r % LEDGER_WORDS] -= r;
        ledger->words[(r >> 32) % LEDGER_WORDS] += r;
    }
    ledger->turns_again++;
    ledger_turns++;
}

/* Reports what is torn and takes the present state as the new base, so that one tear is one event. */
static void check_ledger(void)
{
    uint64_t sum = sum_ledger();
    if (sum != ledger_sum) {
        event(MEMORY, 1, MEMORY_WITNESS, ledger_sum, sum);
        ledger_sum = sum;
    }
    if (ledger->turns != ledger_turns || ledger->turns_again != ledger_turns) {
        event(MEMORY, 1, MEMORY_WITNESS, ledger_turns,
              ledger->turns != ledger_turns ? ledger->turns : ledger->turns_again);
        ledger->turns = ledger->turns_again = ledger_turns;
    }
}

/* ---- peers --------------------------------------------------------------------------------------------- */

/* A stream from a peer. */
struct incoming {
    int fd;                             /* -1: free slot */
    struct peer *peer;
    uint64_t head[2];                   /* magic and seed, as they arrive */
    size_t head_bytes;
    uint64_t position;                  /* bytes of the pattern received */
};

struct peer peers[MAX_PEERS];
size_t peer_count;
uint64_t incarnation;
static struct incoming incomings[MAX_ACCEPTED];
static uint64_t datagram_rate = 100, stream_rate = 1000000;
static uint16_t port = 7000;
static int epoll_fd, udp_fd, listen_fd, timer_fd;
static uint64_t udp_sent, udp_received, tcp_sent, tcp_received;

struct peer *peer_at(struct in_addr address)
{
    for (size_t i = 0; i < peer_count; i++)
        if (peers[i].address.s_addr == address.s_addr)
            return &peers[i];
    return NULL;
}

static struct sockaddr_in address_of(const struct peer *p)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = p->address};
}

/* ---- sockets ------------------------------------------------------------------------------------------- */

void watch(int fd, uint32_t events, int operation)
{
    struct epoll_event e = {.events = events, .data.fd = fd};
    if (epoll_ctl(epoll_fd, operation, fd, &e) < 0)
        die("epoll_ctl");
}

void enlarge_receive_buffer(int fd)
{
    int size = SOCKET_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

void discard_errors(int fd)
{
    char data[512], control[512];
    struct iovec v = {data, sizeof data};
    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            return;
    }
}

uint32_t dropped_by_own_socket(int fd)
{
    uint32_t values[SK_MEMINFO_VARS] = {0};
    socklen_t length = sizeof values;
    getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &length);
    return values[SK_MEMINFO_DROPS];
}

/* ---- numbers ------------------------------------------------------------------------------------------- */

struct datagram numbered(enum message message, uint64_t session, uint64_t number)
{
    struct datagram d = {.magic = MAGIC, .message = message, .incarnation = incarnation, .session = session,
                         .number = number};
    for (size_t w = 0; w < sizeof d.fill / sizeof d.fill[0]; w++)
        d.fill[w] = pattern(session ^ number, w);
    return d;
}

bool check_fill(const char *name, const struct datagram *d)
{
    for (size_t w = 0; w < sizeof d->fill / sizeof d->fill[0]; w++)
        if (d->fill[w] != pattern(d->session ^ d->number, w)) {
            event(CORRUPT, 1, name, pattern(d->session ^ d->number, w), d->fill[w]);
            return false;
        }
    return true;
}

/* Sets the bit of a number; returns whether it was set before. */
static bool mark_seen(struct window *w, uint64_t number)
{
    uint64_t *word = &w->seen[number % WINDOW / 64], bit = UINT64_C(1) << (number % 64);
    bool before = *word & bit;
    *word |= bit;
    return before;
}

void account(const char *name, struct window *w, uint64_t number)
{
    if (number >= w->next) {
        if (number > w->next)
            event(LOST, number - w->next, name, w->next, number);
        if (number - w->next >= WINDOW)
            memset(w->seen, 0, sizeof w->seen);
        else
            for (uint64_t n = w->next; n < number; n++)
                w->seen[n % WINDOW / 64] &= ~(UINT64_C(1) << (n % 64));
        w->next = number + 1;
        w->seen[number % WINDOW / 64] |= UINT64_C(1) << (number % 64);
    } else if (w->next - number > WINDOW || mark_seen(w, number)) {
        event(DUPLICATED, 1, name, w->next, number);
    } else {
        event(REORDERED, 1, name, w->next, number);
        counts[LOST]--;
    }
}

/* ---- UDP ----------------------------------------------------------------------------------------------- */

/* Effect on success: true, the datagram is on its way. On failure: false, nothing was sent. */
static bool send_datagram(const struct peer *p, const struct datagram *d, size_t bytes)
{
    struct sockaddr_in to = address_of(p);
    if (sendto(udp_fd, d, bytes, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to) == (ssize_t)bytes)
        return true;
    discard_errors(udp_fd);
    return false;
}

static void send_control(const struct peer *p, enum message message, uint64_t session)
{
    struct datagram d = {.magic = MAGIC, .message = message, .incarnation = incarnation, .session = session};
    send_datagram(p, &d, offsetof(struct datagram, fill));
}

static void start_session(struct peer *p)
{
    p->reachable = false;
    p->session = fresh_id();
    p->next = 0;
    p->datagrams_due = 0;
    p->hello_at = 0;
    start_echoes(p);
}

/* Sends what is due; a number that could not be sent stays the next one. */
static void send_numbered(struct peer *p, uint64_t elapsed)
{
    accrue(&p->datagrams_due, datagram_rate, elapsed);
    for (int i = 0; i < DATAGRAMS_PER_TURN && p->datagrams_due >= SECOND; i++) {
        struct datagram d = numbered(NUMBERED, p->session, p->next);
        if (!send_datagram(p, &d, sizeof d))
            return;
        p->next++;
        p->datagrams_due -= SECOND;
        udp_sent++;
    }
}

static void receive_numbered(struct peer *p, const struct datagram *d)
{
    if (p->heard_session == 0)
        return;                         /* we restarted; our HELLO makes the peer start a new session */
    udp_received++;
    if (d->session != p->heard_session) {
        event(DUPLICATED, 1, p->name, p->heard_session, d->session);
        return;                         /* from a stream that has ended */
    }
    check_fill(p->name, d);
    account(p->name, p->window, d->number);
}

static void receive_datagram(struct peer *p, const struct datagram *d, size_t bytes)
{
    if (bytes < offsetof(struct datagram, fill) || d->magic != MAGIC ||
        (d->message == NUMBERED && bytes != sizeof *d)) {
        event(CORRUPT, 1, p->name, sizeof *d, bytes);
        return;
    }
    switch (d->message) {
    case HELLO:
        if (p->incarnation != 0 && p->incarnation != d->incarnation)
            start_session(p);
        p->incarnation = d->incarnation;
        if (p->heard_session != d->session)
            memset(p->window, 0, sizeof *p->window);
        p->heard_session = d->session;
        send_control(p, HELLO_ACK, d->session);
        break;
    case HELLO_ACK:
        if (d->session == p->session)
            p->reachable = true;
        break;
    case NUMBERED:
        receive_numbered(p, d);
        break;
    default:
        event(CORRUPT, 1, p->name, NUMBERED, d->message);
    }
}

static void receive_datagrams(void)
{
    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        struct datagram d;
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        ssize_t n = recvfrom(udp_fd, &d, sizeof d, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &length);
        if (n < 0) {
            discard_errors(udp_fd);
            return;
        }
        struct peer *p = peer_at(from.sin_addr);
        if (p)
            receive_datagram(p, &d, (size_t)n);
    }
}

/* ---- TCP, sending -------------------------------------------------------------------------------------- */

/* Ends the stream to a peer; counts as broken if it had been established. */
static void end_outgoing(struct peer *p, int reason)
{
    if (p->connected)
        event(BROKEN, 1, p->name, 0, (uint64_t)reason);
    close(p->out);
    p->out = -1;
    p->connected = false;
    p->connect_at = now() + CONNECT_INTERVAL;
}

static void start_outgoing(struct peer *p)
{
    struct sockaddr_in to = address_of(p);
    p->out = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->out < 0)
        die("socket");
    p->connected = false;
    p->blocked = true;
    if (connect(p->out, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) {
        end_outgoing(p, errno);
        return;
    }
    watch(p->out, EPOLLOUT, EPOLL_CTL_ADD);
}

/* The head of a stream (magic, seed) goes out as its first 16 bytes and is not counted. */
static void begin_stream(struct peer *p)
{
    p->connected = true;
    p->out_seed = fresh_id();
    p->out_generated = 0;
    p->bytes_due = 0;
    p->ready_from = p->ready_to = 0;
    uint64_t head[2] = {MAGIC, p->out_seed};
    if (send(p->out, head, sizeof head, MSG_NOSIGNAL) != sizeof head)
        end_outgoing(p, errno);
}

static void generate(struct peer *p)
{
    uint64_t *words = (uint64_t *)(void *)p->ready;
    for (size_t i = 0; i < CHUNK / sizeof *words; i++)
        words[i] = pattern(p->out_seed, p->out_generated + i);
    p->out_generated += CHUNK / sizeof *words;
    p->ready_from = 0;
    p->ready_to = CHUNK;
}

static void set_blocked(struct peer *p, bool blocked)
{
    if (p->blocked != blocked)
        watch(p->out, blocked ? EPOLLOUT : 0, EPOLL_CTL_MOD);
    p->blocked = blocked;
}

/* Writes one chunk or what is due of it. Waits for EPOLLOUT only while there is something to send. */
static void send_stream(struct peer *p)
{
    if (p->ready_from == p->ready_to)
        generate(p);
    size_t bytes = p->ready_to - p->ready_from;
    if (stream_rate != UNLIMITED && bytes > p->bytes_due / SECOND)
        bytes = p->bytes_due / SECOND;
    if (bytes == 0) {
        set_blocked(p, false);
        return;
    }
    ssize_t n = send(p->out, p->ready + p->ready_from, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        end_outgoing(p, errno);
        return;
    }
    if (n > 0) {
        p->ready_from += (size_t)n;
        tcp_sent += (uint64_t)n;
        if (stream_rate != UNLIMITED)
            p->bytes_due -= (uint64_t)n * SECOND;
    }
    set_blocked(p, stream_rate == UNLIMITED || p->bytes_due >= SECOND);
}

static void on_outgoing(struct peer *p, uint32_t events)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (events & (EPOLLERR | EPOLLHUP)) {
        getsockopt(p->out, SOL_SOCKET, SO_ERROR, &error, &length);
        end_outgoing(p, error);
        return;
    }
    if (!p->connected)
        begin_stream(p);
    if (p->connected)
        send_stream(p);
}

/* ---- TCP, receiving ------------------------------------------------------------------------------------ */

static void end_incoming(struct incoming *s, int reason)
{
    event(BROKEN, 1, s->peer->name, 0, (uint64_t)reason);
    close(s->fd);
    s->fd = -1;
}

static void accept_incoming(void)
{
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    int fd = accept4(listen_fd, (struct sockaddr *)&from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct peer *p = peer_at(from.sin_addr);
    for (size_t i = 0; p && i < MAX_ACCEPTED; i++)
        if (incomings[i].fd >= 0 && incomings[i].peer == p)
            end_incoming(&incomings[i], 0);     /* the peer has given this one up */
    for (size_t i = 0; p && i < MAX_ACCEPTED; i++)
        if (incomings[i].fd < 0) {
            incomings[i] = (struct incoming){.fd = fd, .peer = p};
            watch(fd, EPOLLIN, EPOLL_CTL_ADD);
            return;
        }
    close(fd);
}

/* Compares a piece of the stream with the pattern: the whole at once, byte by byte only if it differs. */
static void verify(struct incoming *s, const unsigned char *bytes, size_t n)
{
    static uint64_t expected[CHUNK / 8 + 2];
    uint64_t first = s->position / 8;
    size_t offset = s->position % 8;
    for (size_t i = 0; i < (offset + n + 7) / 8; i++)
        expected[i] = pattern(s->head[1], first + i);
    const unsigned char *want = (const unsigned char *)expected + offset;
    if (memcmp(want, bytes, n) != 0)
        for (size_t i = 0; i < n; i++)
            if (want[i] != bytes[i])
                event(CORRUPT, 1, s->peer->name, want[i], bytes[i]);
    s->position += n;
    tcp_received += n;
}

static void on_incoming(struct incoming *s)
{
    static unsigned char bytes[CHUNK];
    ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end_incoming(s, n < 0 ? errno : 0);
        return;
    }
    size_t head = sizeof s->head - s->head_bytes;
    if (head > (size_t)n)
        head = (size_t)n;
    memcpy((char *)s->head + s->head_bytes, bytes, head);
    s->head_bytes += head;
    if (head > 0 && s->head_bytes == sizeof s->head && s->head[0] != MAGIC)
        event(CORRUPT, 1, s->peer->name, MAGIC, s->head[0]);
    if ((size_t)n > head)
        verify(s, bytes + head, (size_t)n - head);
}

/* ---- the mesh ------------------------------------------------------------------------------------------ */

static void open_sockets(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    udp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listen_fd < 0 || udp_fd < 0)
        die("socket");
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(udp_fd, IPPROTO_IP, IP_RECVERR, &one, sizeof one);
    enlarge_receive_buffer(udp_fd);
    if (bind(listen_fd, (struct sockaddr *)&any, sizeof any) < 0 || listen(listen_fd, MAX_PEERS) < 0)
        die("TCP port");
    if (bind(udp_fd, (struct sockaddr *)&any, sizeof any) < 0)
        die("UDP port");
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct itimerspec turn = {.it_interval.tv_nsec = (long)TURN, .it_value.tv_nsec = (long)TURN};
    if (timer_fd < 0 || timerfd_settime(timer_fd, 0, &turn, NULL) < 0)
        die("timer");
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        die("epoll");
    watch(listen_fd, EPOLLIN, EPOLL_CTL_ADD);
    watch(udp_fd, EPOLLIN, EPOLL_CTL_ADD);
    watch(timer_fd, EPOLLIN, EPOLL_CTL_ADD);
    open_echoes();
}

static void open_peers(void)
{
    for (size_t i = 0; i < peer_count; i++) {
        struct peer *p = &peers[i];
        p->out = -1;
        p->window = calloc(1, sizeof *p->window);
        p->ready = malloc(CHUNK);
        if (!p->window || !p->ready)
            die("memory for a peer");
        start_session(p);
    }
    for (size_t i = 0; i < MAX_ACCEPTED; i++)
        incomings[i].fd = -1;
}

/* One paced turn for one peer: say hello until it answers; then datagrams and the stream. */
static void turn_peer(struct peer *p, uint64_t time, uint64_t elapsed)
{
    if (!p->reachable) {
        if (time >= p->hello_at) {
            send_control(p, HELLO, p->session);
            p->hello_at = time + HELLO_INTERVAL;
        }
        return;
    }
    if (datagram_rate > 0)
        send_numbered(p, elapsed);
    turn_echoes(p, elapsed);
    if (stream_rate == 0)
        return;
    if (p->out < 0) {
        if (time >= p->connect_at)
            start_outgoing(p);
    } else if (p->connected && stream_rate != UNLIMITED) {
        accrue(&p->bytes_due, stream_rate, elapsed);
        if (!p->blocked)
            send_stream(p);
    }
}

/*
 * One of the kernel's own counts, which stand in /proc as a line of names and a line of values that begin with the
 * same word; 0 if it does not keep it.
 */
static uint64_t kernel_count(const char *file, const char *group, const char *name)
{
    char names[KERNEL_LINE_BYTES], values[KERNEL_LINE_BYTES];
    uint64_t count = 0;
    FILE *f = fopen(file, "r");
    while (f && fgets(names, sizeof names, f) && fgets(values, sizeof values, f)) {
        char *next_name = names, *next_value = values;
        char *n = strsep(&next_name, " \n"), *v = strsep(&next_value, " \n");
        if (strcmp(n, group) != 0)
            continue;
        while ((n = strsep(&next_name, " \n")) && (v = strsep(&next_value, " \n")))
            if (!strcmp(n, name))
                count = strtoull(v, NULL, 10);
    }
    if (f)
        fclose(f);
    return count;
}

static void report(uint64_t tick)
{
    size_t connected = 0;
    for (size_t i = 0; i < peer_count; i++)
        connected += peers[i].reachable && (stream_rate == 0 || peers[i].connected);
    struct echo_counts echoes = echo_counts();
    print_line("VNTRAFFIC vm=%s tick=%" PRIu64 " peers=%zu/%zu udp_sent=%" PRIu64 " udp_received=%" PRIu64
               " lost=%" PRIu64 " duplicated=%" PRIu64 " reordered=%" PRIu64 " tcp_sent=%" PRIu64
               " tcp_received=%" PRIu64 " corrupt=%" PRIu64 " broken=%" PRIu64 " memory=%s dropped=%" PRIu64
               " icmp_sent=%" PRIu64 " icmp_received=%" PRIu64 " arp_sent=%" PRIu64 " arp_received=%" PRIu64
               " tcp_resent=%" PRIu64 " tcp_timeouts=%" PRIu64,
               vm_name, tick, connected, peer_count, udp_sent, udp_received, counts[LOST], counts[DUPLICATED],
               counts[REORDERED], tcp_sent, tcp_received, counts[CORRUPT], counts[BROKEN],
               counts[MEMORY] ? "torn" : "ok", echoes.dropped + dropped_by_own_socket(udp_fd), echoes.icmp_sent,
               echoes.icmp_received, echoes.arp_sent, echoes.arp_received,
               kernel_count("/proc/net/snmp", "Tcp:", "RetransSegs"),
               kernel_count("/proc/net/netstat", "TcpExt:", "TCPTimeouts"));
}

static void dispatch(int fd, uint32_t events)
{
    if (fd == udp_fd)
        receive_datagrams();
    else if (fd == listen_fd)
        accept_incoming();
    if (receive_echoes(fd))
        return;
    for (size_t i = 0; i < peer_count; i++)
        if (peers[i].out == fd) {
            on_outgoing(&peers[i], events);
            return;
        }
    for (size_t i = 0; i < MAX_ACCEPTED; i++)
        if (incomings[i].fd == fd) {
            on_incoming(&incomings[i]);
            return;
        }
}

static int run(uint64_t seconds)
{
    incarnation = fresh_id();
    open_ledger();
    open_peers();
    open_sockets();
    uint64_t last = now(), report_at = last + SECOND, tick = 0;
    while (seconds == 0 || tick < seconds) {
        struct epoll_event events[32];
        int n = epoll_wait(epoll_fd, events, 32, -1);
        bool turn = false;
        for (int i = 0; i < n; i++)
            if (events[i].data.fd == timer_fd)
                turn = true;
            else
                dispatch(events[i].data.fd, events[i].events);
        if (!turn)
            continue;
        uint64_t expirations, time = now(), elapsed = passed(last, time, MAX_CATCH_UP);
        if (read(timer_fd, &expirations, sizeof expirations) < 0)
            continue;
        last = time;
        turn_ledger();
        for (size_t i = 0; i < peer_count; i++)
            turn_peer(&peers[i], time, elapsed);
        if (time >= report_at) {
            check_ledger();
            report(++tick);
            report_at = passed(report_at, time, SECOND) == SECOND ? time + SECOND : report_at + SECOND;
        }
        flush_lines();
    }
    return 0;
}

/* ---- memory under write load --------------------------------------------------------------------------- */

/*
 * Each page holds its generation in its first and, complemented, in its last word, and random words between;
 * a table in other pages holds it too. A page is checked against the table before it is rewritten.
 */
struct filled_page {
    volatile uint64_t generation;
    uint64_t words[PAGE / 8 - 2];
    volatile uint64_t complement;
};

static uint64_t available_memory_mib(void)
{
    char line[128];
    unsigned long long kib = 0;
    FILE *f = fopen("/proc/meminfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib / 1024;
}

static void rewrite_page(struct filled_page *page, uint64_t *generation, uint64_t *random)
{
    if (page->generation != *generation || page->complement != ~*generation)
        event(MEMORY, 1, MEMORY_WITNESS, *generation, page->generation);
    page->generation = ++*generation;
    for (size_t i = 0; i < sizeof page->words / sizeof page->words[0]; i++)
        page->words[i] = next_random(random);
    page->complement = ~*generation;
}

static int run_dirty(uint64_t fill_mib, uint64_t rate_mib, uint64_t seconds)
{
    const uint64_t spare = 8, pages_per_mib = (1 << 20) / PAGE, available = available_memory_mib();
    if (fill_mib == 0 || fill_mib + spare > available) {
        fprintf(stderr, "vntraffic: cannot fill %" PRIu64 " MiB: %" PRIu64 " MiB are available, %" PRIu64
                " of them must stay free\n", fill_mib, available, spare);
        return 1;
    }
    uint64_t count = fill_mib * pages_per_mib, random = fresh_id(), written = 0, due = 0, tick = 0;
    struct filled_page *pages = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t *generations = malloc(count * sizeof *generations);
    if (pages == MAP_FAILED || !generations)
        die("memory to fill");
    for (uint64_t i = 0; i < count; i++) {
        generations[i] = next_random(&random);
        pages[i].generation = generations[i];
        pages[i].complement = ~generations[i];
        rewrite_page(&pages[i], &generations[i], &random);
    }
    uint64_t last = now(), report_at = last;
    while (seconds == 0 || tick < seconds) {
        uint64_t time = now();
        due += rate_mib * pages_per_mib * passed(last, time, MAX_CATCH_UP);
        last = time;
        for (; due >= SECOND && now() - time < MAX_CATCH_UP; due -= SECOND, written++) {
            uint64_t i = next_random(&random) % count;
            rewrite_page(&pages[i], &generations[i], &random);
        }
        if (time >= report_at) {
            print_line("VNTRAFFIC-DIRTY vm=%s tick=%" PRIu64 " filled_mib=%" PRIu64 " written_mib=%" PRIu64
                       " memory=%s", vm_name, tick++, fill_mib, written / pages_per_mib,
                       counts[MEMORY] ? "torn" : "ok");
            report_at = time + SECOND;
        }
        flush_lines();
        if (due > rate_mib * pages_per_mib * MAX_CATCH_UP)
            due = rate_mib * pages_per_mib * MAX_CATCH_UP;
        if (due < SECOND)
            nanosleep(&(struct timespec){.tv_nsec = (long)TURN}, NULL);
    }
    return 0;
}

/* ---- command line -------------------------------------------------------------------------------------- */

static const char USAGE[] =
    "usage: vntraffic run --peers A,B,... [--name NAME] [--udp RATE] [--tcp RATE] [--icmp RATE] [--arp RATE]\n"
    "                     [--port N] [--seconds N]\n"
    "       vntraffic dirty --fill MIB [--rate MIB_PER_S] [--name NAME] [--seconds N]\n"
    "\n"
    "run    exchanges verified traffic with every peer, which must run it too, and reports once a second.\n"
    "  --peers A,B,...  IPv4 addresses of the peers, at most 64\n"
    "  --udp RATE       datagrams per second to each peer (100; 0: off)\n"
    "  --tcp RATE       bytes per second to each peer (1000000; 0: off; unlimited: as fast as it goes)\n"
    "  --icmp RATE      echo requests per second to each peer (0: off)\n"
    "  --arp RATE       ARP requests per second to each peer, which must be on the same link (0: off)\n"
    "  --port N         UDP and TCP port (7000)\n"
    "dirty  fills memory with random data and rewrites random pages of it, checking them.\n"
    "  --fill MIB       memory to fill\n"
    "  --rate MIB_PER_S memory to rewrite per second (0)\n"
    "both\n"
    "  --name NAME      name of this VM in the output (vm)\n"
    "  --seconds N      end after N reports (0: never)\n";

static int usage_error(const char *what)
{
    fprintf(stderr, "vntraffic: %s; see vntraffic --help\n", what);
    return 2;
}

static bool parse_number(const char *text, uint64_t limit, uint64_t *value)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || v > limit)
        return false;
    *value = v;
    return true;
}

static bool parse_peers(char *list)
{
    for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
        struct peer *p = &peers[peer_count];
        if (peer_count == MAX_PEERS || inet_pton(AF_INET, name, &p->address) != 1)
            return false;
        inet_ntop(AF_INET, &p->address, p->name, sizeof p->name);
        peer_count++;
    }
    return peer_count > 0;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        fputs(USAGE, stdout);
        return 0;
    }
    bool dirty = argc >= 2 && !strcmp(argv[1], "dirty");
    if (argc < 2 || (!dirty && strcmp(argv[1], "run") != 0))
        return usage_error("the first argument is run or dirty");
    uint64_t fill = 0, rate = 0, seconds = 0, port_number = port;
    for (int i = 2; i < argc; i += 2) {
        char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool good = value != NULL;
        if (good && !strcmp(option, "--name"))
            vm_name = value;
        else if (good && !strcmp(option, "--seconds"))
            good = parse_number(value, UINT32_MAX, &seconds);
        else if (good && !dirty && !strcmp(option, "--peers"))
            good = parse_peers(value);
        else if (good && !dirty && !strcmp(option, "--udp"))
            good = parse_number(value, 1000000, &datagram_rate);
        else if (good && !dirty && !strcmp(option, "--tcp") && !strcmp(value, "unlimited"))
            stream_rate = UNLIMITED;
        else if (good && !dirty && !strcmp(option, "--tcp"))
            good = parse_number(value, 1000000000, &stream_rate);
        else if (good && !dirty && !strcmp(option, "--icmp"))
            good = parse_number(value, 10000, &icmp_rate);
        else if (good && !dirty && !strcmp(option, "--arp"))
            good = parse_number(value, 10000, &arp_rate);
        else if (good && !dirty && !strcmp(option, "--port"))
            good = parse_number(value, UINT16_MAX, &port_number) && port_number > 0;
        else if (good && dirty && !strcmp(option, "--fill"))
            good = parse_number(value, 1 << 20, &fill);
        else if (good && dirty && !strcmp(option, "--rate"))
            good = parse_number(value, 1 << 20, &rate);
        else
            good = false;
        if (!good)
            return usage_error(option);
    }
    port = (uint16_t)port_number;
    if (dirty)
        return run_dirty(fill, rate, seconds);
    return peer_count > 0 ? run(seconds) : usage_error("--peers is missing");
}
