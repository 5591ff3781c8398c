/*
 * ICMP and ARP witnesses: requests that only the peer's kernel answers. Each has a number that the answer must bring
 * back, so that the sender can tell a lost, a doubled and a late one apart, of request and answer alike: a request
 * that arrived twice is answered twice.
 *
 * Design note: the number in ICMP. An echo reply repeats the request's data, so the data is a numbered datagram with
 * a pattern, as that of UDP. A raw socket takes the replies: it drops none that it has room for.
 *
 * Design note: the number in ARP. An answer repeats nothing of what a request carries beyond its addresses (padding
 * is not sent back), but it repeats the address that was asked for. So each guest owns not only its address but a
 * range of 2^14 (init routes it to the guest itself, and Linux answers for every address that is local):
 *
 *     100.64.0.0/10:  10 bits | 8 bits: last byte of the owner's address | 14 bits: number of the request
 *
 * The kernel answers each as it would any other, with the card's MAC address; the asking kernel knows no such
 * neighbour and ignores the answer, so no table grows. Fourteen bits name one number among the 16,384 nearest to the
 * one expected next: at 50 requests a second five minutes of silence, far more than a link can hold. Requests are
 * broadcast, as ARP's are: the link has to flood them.
 */
#include "vntraffic.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>                     /* before the kernel's own headers, which define the same unless it came first */
#include <linux/icmp.h>
#include <netinet/if_ether.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ARP_NUMBER_BITS = 14,
    ARP_NUMBERS = 1 << ARP_NUMBER_BITS,
    ARP_RANGE = 0x64400000,             /* 100.64.0.0 */
    PACKET_BYTES = 2048,
};

struct echo_request {
    struct icmphdr head;
    struct datagram body;
};

uint64_t icmp_rate, arp_rate;
static int icmp_fd = -1, arp_fd = -1;
static uint64_t icmp_sent, icmp_received, arp_sent, arp_received;

/* ---- both ---------------------------------------------------------------------------------------------- */

static void open_echo(struct echo *e, const struct peer *p, const char *protocol)
{
    snprintf(e->name, sizeof e->name, "%s/%s", p->name, protocol);
    e->answers = calloc(1, sizeof *e->answers);
    if (!e->answers)
        die("memory for a peer");
}

static void start_echo(struct echo *e)
{
    e->first = e->next;
    e->due = 0;
    if (!e->answers)
        return;
    memset(e->answers, 0, sizeof *e->answers);
    e->answers->next = e->first;
}

/* An answer has come. */
static void answered(struct echo *e, uint64_t number, uint64_t *received)
{
    if (number >= e->next) {
        event(CORRUPT, 1, e->name, e->next, number);    /* never asked */
    } else if (number >= e->first) {
        (*received)++;
        account(e->name, e->answers, number);
    }
}

/* Sends the requests that are due; one that could not be sent stays the next one. */
static void send_echoes(struct peer *p, struct echo *e, uint64_t rate, uint64_t elapsed, uint64_t *sent,
                        bool (*send_one)(const struct peer *, uint64_t number))
{
    if (rate == 0)
        return;
    accrue(&e->due, rate, elapsed);
    for (int i = 0; i < DATAGRAMS_PER_TURN && e->due >= SECOND && send_one(p, e->next); i++) {
        e->next++;
        e->due -= SECOND;
        (*sent)++;
    }
}

/* ---- ICMP ---------------------------------------------------------------------------------------------- */

/* The Internet checksum (RFC 1071) of an even number of bytes. */
static uint16_t checksum(const void *bytes, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i += 2) {
        uint16_t word;
        memcpy(&word, (const char *)bytes + i, sizeof word);
        sum += word;
    }
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* Tells our replies from those to a ping in the shell. */
static uint16_t echo_id(void)
{
    return (uint16_t)(incarnation ^ incarnation >> 16);
}

static void open_icmp(void)
{
    int one = 1;
    struct icmp_filter replies_only = {.data = ~(UINT32_C(1) << ICMP_ECHOREPLY)};
    icmp_fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
    if (icmp_fd < 0 || setsockopt(icmp_fd, SOL_RAW, ICMP_FILTER, &replies_only, sizeof replies_only) < 0)
        die("ICMP socket");
    setsockopt(icmp_fd, IPPROTO_IP, IP_RECVERR, &one, sizeof one);
    enlarge_receive_buffer(icmp_fd);
    watch(icmp_fd, EPOLLIN, EPOLL_CTL_ADD);
}

static bool send_icmp(const struct peer *p, uint64_t number)
{
    struct echo_request r = {.head = {.type = ICMP_ECHO}, .body = numbered(ECHO, p->session, number)};
    r.head.un.echo.id = htons(echo_id());
    r.head.un.echo.sequence = htons((uint16_t)number);
    r.head.checksum = checksum(&r, sizeof r);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = p->address};
    if (sendto(icmp_fd, &r, sizeof r, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to) == sizeof r)
        return true;
    discard_errors(icmp_fd);
    return false;
}

static void receive_reply(struct peer *p, const unsigned char *packet, size_t bytes)
{
    size_t head = bytes > 0 ? (packet[0] & 15) * 4u : 0;
    struct echo_request r = {0};
    if (bytes < head + sizeof r.head)
        return;
    memcpy(&r, packet + head, bytes - head < sizeof r ? bytes - head : sizeof r);
    if (r.head.un.echo.id != htons(echo_id()))
        return;
    if (bytes != head + sizeof r || r.body.magic != MAGIC || r.body.message != ECHO ||
        r.head.un.echo.sequence != htons((uint16_t)r.body.number)) {
        event(CORRUPT, 1, p->icmp.name, sizeof r, bytes);
        return;
    }
    if (check_fill(p->icmp.name, &r.body))
        answered(&p->icmp, r.body.number, &icmp_received);
}

static void receive_icmp(void)
{
    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        unsigned char packet[PACKET_BYTES];
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        ssize_t n = recvfrom(icmp_fd, packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
        if (n < 0) {
            discard_errors(icmp_fd);
            return;
        }
        struct peer *p = peer_at(from.sin_addr);
        if (p)
            receive_reply(p, packet, (size_t)n);
    }
}

/* ---- ARP ----------------------------------------------------------------------------------------------- */

/* The first address of the range that the owner of an address answers for. */
static uint32_t range_of(struct in_addr address)
{
    return ARP_RANGE | (ntohl(address.s_addr) & 0xff) << ARP_NUMBER_BITS;
}

/* Finds our address towards the peer, then the card that has it. */
static void find_card(struct peer *p)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr = p->address}, own;
    socklen_t length = sizeof own;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ||
        getsockname(fd, (struct sockaddr *)&own, &length) < 0)
        die("no way to a peer");
    p->own_address = own.sin_addr;
    struct ifaddrs *cards;
    struct ifreq request = {0};
    if (getifaddrs(&cards) < 0)
        die("cards");
    for (struct ifaddrs *c = cards; c; c = c->ifa_next)
        if (c->ifa_addr && c->ifa_addr->sa_family == AF_INET &&
            ((struct sockaddr_in *)(void *)c->ifa_addr)->sin_addr.s_addr == own.sin_addr.s_addr)
            snprintf(request.ifr_name, sizeof request.ifr_name, "%.*s", IFNAMSIZ - 1, c->ifa_name);
    freeifaddrs(cards);
    p->card = (int)if_nametoindex(request.ifr_name);
    if (p->card == 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
        die("no card leads to a peer");
    memcpy(p->own_mac, request.ifr_hwaddr.sa_data, sizeof p->own_mac);
    close(fd);
}

static void open_arp(void)
{
    arp_fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ARP));
    if (arp_fd < 0)
        die("ARP socket");
    enlarge_receive_buffer(arp_fd);
    watch(arp_fd, EPOLLIN, EPOLL_CTL_ADD);
}

static bool send_arp(const struct peer *p, uint64_t number)
{
    struct ether_arp request = {.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER), .ar_pro = htons(ETH_P_IP), .ar_hln = 6,
                                           .ar_pln = 4, .ar_op = htons(ARPOP_REQUEST)}};
    uint32_t asked = htonl(range_of(p->address) | (uint32_t)(number % ARP_NUMBERS));
    memcpy(request.arp_sha, p->own_mac, sizeof request.arp_sha);
    memcpy(request.arp_spa, &p->own_address, sizeof request.arp_spa);
    memcpy(request.arp_tpa, &asked, sizeof request.arp_tpa);
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = p->card,
                             .sll_halen = 6, .sll_addr = {255, 255, 255, 255, 255, 255}};
    return sendto(arp_fd, &request, sizeof request, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to) ==
           sizeof request;
}

/* The number with these lowest bits that is nearest to the one expected next. */
static uint64_t nearest_number(const struct echo *e, uint32_t lowest)
{
    uint64_t expected = e->answers->next;
    uint64_t ahead = (lowest - expected) % ARP_NUMBERS;
    if (ahead >= ARP_NUMBERS / 2 && expected + ahead >= ARP_NUMBERS)
        return expected + ahead - ARP_NUMBERS;
    return expected + ahead;
}

static void receive_answer(const struct ether_arp *answer, int card)
{
    uint32_t asked;
    memcpy(&asked, answer->arp_spa, sizeof asked);
    asked = ntohl(asked);
    for (size_t i = 0; i < peer_count; i++) {
        struct peer *p = &peers[i];
        if (p->card == card && range_of(p->address) == (asked & ~(uint32_t)(ARP_NUMBERS - 1))) {
            answered(&p->arp, nearest_number(&p->arp, asked % ARP_NUMBERS), &arp_received);
            return;
        }
    }
}

static void receive_arp(void)
{
    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        struct ether_arp answer;
        struct sockaddr_ll from;
        socklen_t length = sizeof from;
        ssize_t n = recvfrom(arp_fd, &answer, sizeof answer, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
        if (n < 0)
            return;
        if (n == sizeof answer && answer.ea_hdr.ar_op == htons(ARPOP_REPLY) && from.sll_pkttype == PACKET_HOST)
            receive_answer(&answer, from.sll_ifindex);
    }
}

/* ---- for the mesh -------------------------------------------------------------------------------------- */

void open_echoes(void)
{
    for (size_t i = 0; i < peer_count; i++) {
        if (icmp_rate > 0)
            open_echo(&peers[i].icmp, &peers[i], "icmp");
        if (arp_rate > 0) {
            open_echo(&peers[i].arp, &peers[i], "arp");
            find_card(&peers[i]);
        }
    }
    if (icmp_rate > 0)
        open_icmp();
    if (arp_rate > 0)
        open_arp();
}

void start_echoes(struct peer *p)
{
    start_echo(&p->icmp);
    start_echo(&p->arp);
}

void turn_echoes(struct peer *p, uint64_t elapsed)
{
    send_echoes(p, &p->icmp, icmp_rate, elapsed, &icmp_sent, send_icmp);
    send_echoes(p, &p->arp, arp_rate, elapsed, &arp_sent, send_arp);
}

bool receive_echoes(int fd)
{
    if (fd == icmp_fd)
        receive_icmp();
    else if (fd == arp_fd)
        receive_arp();
    else
        return false;
    return true;
}

struct echo_counts echo_counts(void)
{
    return (struct echo_counts){icmp_sent, icmp_received, arp_sent, arp_received,
                                dropped_by_own_socket(icmp_fd) + dropped_by_own_socket(arp_fd)};
}
