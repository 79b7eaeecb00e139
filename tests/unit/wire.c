/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire.h"

#include <arpa/inet.h>
#include <string.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define IPV6_FRAGMENT_HEADER 8
#define ISAKMP_HEADER 28

/* ---- values ---- */

void wire_put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

void wire_put32(uint8_t *p, uint32_t value)
{
    wire_put16(p, value >> 16);
    wire_put16(p + 2, value & 0xffff);
}

static void put64(uint8_t *p, uint64_t value)
{
    wire_put32(p, (uint32_t)(value >> 32));
    wire_put32(p + 4, (uint32_t)value);
}

ike_addr wire_addr(const char *text)
{
    uint8_t bytes[16];
    const bool v6 = strchr(text, ':') != NULL;

    if (inet_pton(v6 ? AF_INET6 : AF_INET, text, bytes) != 1)
        g_error("no address: %s", text);
    return ike_addr_make(v6 ? 6 : 4, bytes);
}

ike_endpoint wire_endpoint(const char *addr, uint16_t port)
{
    return (ike_endpoint){ wire_addr(addr), port };
}

/* xorshift64* */
uint64_t wire_next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

void wire_random(GByteArray *out, size_t n, uint64_t seed)
{
    uint64_t state = seed * 2 + 1;

    wire_next_random(&state);
    for (size_t i = 0; i < n; i++) {
        const uint8_t byte = (uint8_t)(wire_next_random(&state) >> 56);

        g_byte_array_append(out, &byte, 1);
    }
}

GByteArray *wire_hex(const char *hex)
{
    GByteArray *out = g_byte_array_new();

    for (; hex[0] && hex[1]; hex += hex[0] == ' ' ? 1 : 2) {
        const uint8_t byte = (uint8_t)(g_ascii_xdigit_value(hex[0]) * 16 + g_ascii_xdigit_value(hex[1]));

        if (hex[0] != ' ')
            g_byte_array_append(out, &byte, 1);
    }
    return out;
}

/* ---- IKE messages ---- */

wire_message wire_begin(const wire_header *header)
{
    uint8_t h[ISAKMP_HEADER] = { 0 };
    wire_message m = { g_byte_array_new(), 16 };

    put64(h, header->spi_i);
    put64(h + 8, header->spi_r);
    h[17] = header->version;
    h[18] = header->exchange;
    h[19] = header->flags;
    wire_put32(h + 20, header->message_id);
    g_byte_array_append(m.bytes, h, sizeof h);
    return m;
}

void wire_payload(wire_message *m, uint8_t type, const void *body, size_t n)
{
    uint8_t generic[4] = { 0 };

    m->bytes->data[m->next_at] = type;
    m->next_at = m->bytes->len;
    wire_put16(generic + 2, (unsigned)n + 4);
    g_byte_array_append(m->bytes, generic, sizeof generic);
    if (n)
        g_byte_array_append(m->bytes, body, (guint)n);
}

static void payload_bytes(wire_message *m, uint8_t type, GByteArray *body)
{
    wire_payload(m, type, body->data, body->len);
    g_byte_array_unref(body);
}

void wire_payload_random(wire_message *m, uint8_t type, size_t n, uint64_t seed)
{
    GByteArray *body = g_byte_array_new();

    wire_random(body, n, seed);
    payload_bytes(m, type, body);
}

void wire_payload_hex(wire_message *m, uint8_t type, const char *hex)
{
    payload_bytes(m, type, wire_hex(hex));
}

static void append_attribute(GByteArray *out, unsigned type, uint32_t value)
{
    uint8_t a[8];

    if (value > 0xffff) {
        wire_put16(a, type);
        wire_put16(a + 2, 4);
        wire_put32(a + 4, value);
        g_byte_array_append(out, a, 8);
    } else {
        wire_put16(a, 0x8000 | type);
        wire_put16(a + 2, value);
        g_byte_array_append(out, a, 4);
    }
}

static void append_transform(GByteArray *out, const wire_transform *t, unsigned number,
                             bool is_last)
{
    const guint start = out->len;
    uint8_t head[8] = { is_last ? 0 : 3, 0, 0, 0, (uint8_t)number, 1 /* KEY_IKE */, 0, 0 };

    g_byte_array_append(out, head, sizeof head);
    append_attribute(out, IKE_ATTR_ENCRYPTION, t->encryption);
    if (t->key_length)
        append_attribute(out, IKE_ATTR_KEY_LENGTH, t->key_length);
    append_attribute(out, IKE_ATTR_HASH, t->hash);
    append_attribute(out, IKE_ATTR_AUTH, t->auth);
    append_attribute(out, IKE_ATTR_GROUP, t->group);
    if (t->life_seconds) {
        append_attribute(out, IKE_ATTR_LIFE_TYPE, 1);
        append_attribute(out, IKE_ATTR_LIFE_DURATION, t->life_seconds);
    }
    wire_put16(out->data + start + 2, out->len - start);
}

/* RFC 2408 3.4 to 3.6: DOI, situation, one proposal, its transforms. */
void wire_payload_sa(wire_message *m, const wire_transform *transforms, unsigned n)
{
    GByteArray *body = g_byte_array_new();
    const uint8_t doi_and_situation[8] = { 0, 0, 0, 1, 0, 0, 0, 1 };
    const uint8_t proposal[8] = { 0, 0, 0, 0, 1, 1 /* PROTO_ISAKMP */, 0, (uint8_t)n };

    g_byte_array_append(body, doi_and_situation, sizeof doi_and_situation);
    g_byte_array_append(body, proposal, sizeof proposal);
    for (unsigned i = 0; i < n; i++)
        append_transform(body, &transforms[i], i + 1, i + 1 == n);
    wire_put16(body->data + 10, body->len - 8);
    payload_bytes(m, IKE_PL_SA, body);
}

void wire_payload_notify(wire_message *m, uint16_t type)
{
    uint8_t body[8] = { 0, 0, 0, 1, 1, 0 };

    wire_put16(body + 6, type);
    wire_payload(m, IKE_PL_NOTIFY, body, sizeof body);
}

static GChecksumType checksum_of(unsigned hash)
{
    switch (hash) {
    case IKE_HASH_MD5: return G_CHECKSUM_MD5;
    case IKE_HASH_SHA256: return G_CHECKSUM_SHA256;
    case IKE_HASH_SHA384: return G_CHECKSUM_SHA384;
    case IKE_HASH_SHA512: return G_CHECKSUM_SHA512;
    default: return G_CHECKSUM_SHA1;
    }
}

/* Over both cookies or SPIs of the header of a message, an address and a port. */
static gsize natd_digest(const wire_message *m, GChecksumType type, const ike_endpoint *e,
                         uint8_t digest[64])
{
    GChecksum *checksum = g_checksum_new(type);
    uint8_t port[2];
    gsize n = 64;

    wire_put16(port, e->port);
    g_checksum_update(checksum, m->bytes->data, 16);
    g_checksum_update(checksum, e->addr.bytes, (gssize)ike_addr_length(&e->addr));
    g_checksum_update(checksum, port, 2);
    g_checksum_get_digest(checksum, digest, &n);
    g_checksum_free(checksum);
    return n;
}

void wire_payload_natd(wire_message *m, uint8_t type, unsigned hash, const ike_endpoint *e)
{
    uint8_t digest[64];
    const gsize n = natd_digest(m, checksum_of(hash), e, digest);

    wire_payload(m, type, digest, n);
}

void wire_encrypted(wire_message *m, uint8_t next_payload, size_t length, uint64_t seed)
{
    m->bytes->data[16] = next_payload;
    wire_random(m->bytes, length - m->bytes->len, seed);
}

GByteArray *wire_end(wire_message *m)
{
    wire_put32(m->bytes->data + 24, m->bytes->len);
    return m->bytes;
}

GByteArray *wire_v1_fragment(const wire_header *outer, uint16_t id, uint8_t number, bool is_last,
                             const uint8_t *data, size_t n)
{
    wire_message m = wire_begin(outer);
    GByteArray *body = g_byte_array_new();
    uint8_t head[4] = { 0, 0, number, is_last };

    wire_put16(head, id);
    g_byte_array_append(body, head, sizeof head);
    g_byte_array_append(body, data, (guint)n);
    payload_bytes(&m, IKE_PL_FRAGMENT, body);
    return wire_end(&m);
}

/* ---- payloads of IKEv2 ---- */

static void append_v2_transform(GByteArray *out, const wire_v2_transform *t, bool is_last)
{
    uint8_t head[8] = { is_last ? 0 : 3, 0, 0, t->key_length ? 12 : 8, t->type, 0 };

    wire_put16(head + 6, t->id);
    g_byte_array_append(out, head, sizeof head);
    if (t->key_length)
        append_attribute(out, 14 /* Key Length */, t->key_length);
}

static void append_v2_proposal(GByteArray *out, const wire_v2_proposal *p, unsigned number,
                               bool is_last)
{
    const guint start = out->len;
    uint8_t head[8] = { is_last ? 0 : 2, 0, 0, 0, (uint8_t)number, p->protocol, p->spi_length,
                        (uint8_t)p->n };

    g_byte_array_append(out, head, sizeof head);
    wire_random(out, p->spi_length, 900 + number);
    for (unsigned i = 0; i < p->n; i++)
        append_v2_transform(out, &p->transforms[i], i + 1 == p->n);
    wire_put16(out->data + start + 2, out->len - start);
}

void wire_payload_v2_sa(wire_message *m, const wire_v2_proposal *proposals, unsigned n)
{
    GByteArray *body = g_byte_array_new();

    for (unsigned i = 0; i < n; i++)
        append_v2_proposal(body, &proposals[i], i + 1, i + 1 == n);
    payload_bytes(m, IKE_PL_V2_SA, body);
}

void wire_payload_v2_ke(wire_message *m, unsigned group, uint64_t seed)
{
    const unsigned length = ike_group_ke_length(group);
    GByteArray *body = g_byte_array_new();
    uint8_t head[4] = { 0 };

    wire_put16(head, group);
    g_byte_array_append(body, head, sizeof head);
    wire_random(body, length ? length : 256, seed);
    payload_bytes(m, IKE_PL_V2_KE, body);
}

void wire_payload_v2_nonce(wire_message *m, size_t n, uint64_t seed)
{
    wire_payload_random(m, IKE_PL_V2_NONCE, n, seed);
}

void wire_payload_v2_vendor(wire_message *m, const char *hex)
{
    wire_payload_hex(m, IKE_PL_V2_VID, hex);
}

void wire_payload_v2_notify(wire_message *m, const wire_v2_notify *notify)
{
    GByteArray *body = g_byte_array_new();
    uint8_t head[4] = { notify->protocol, notify->spi_length };

    wire_put16(head + 2, notify->type);
    g_byte_array_append(body, head, sizeof head);
    if (notify->spi_length)
        g_byte_array_append(body, notify->spi, notify->spi_length);
    if (notify->n)
        g_byte_array_append(body, notify->data, (guint)notify->n);
    payload_bytes(m, IKE_PL_V2_NOTIFY, body);
}

void wire_payload_v2_plain_notify(wire_message *m, uint16_t type)
{
    wire_payload_v2_notify(m, &(wire_v2_notify){ .type = type });
}

void wire_payload_v2_natd(wire_message *m, uint16_t type, const ike_endpoint *e)
{
    uint8_t digest[64];
    const gsize n = natd_digest(m, G_CHECKSUM_SHA1, e, digest);

    wire_payload_v2_notify(m, &(wire_v2_notify){ .type = type, .data = digest, .n = n });
}

/* A last payload of ciphertext. Its next payload field belongs to what is inside. */
static void seal(wire_message *m, uint8_t type, uint8_t first_inner, const GByteArray *head,
                 size_t length, uint64_t seed)
{
    const guint start = m->bytes->len;

    wire_payload(m, type, head->data, head->len);
    m->bytes->data[start] = first_inner;
    wire_random(m->bytes, length - m->bytes->len, seed);
    wire_put16(m->bytes->data + start + 2, m->bytes->len - start);
}

void wire_v2_sk(wire_message *m, uint8_t first_inner, size_t length, uint64_t seed)
{
    GByteArray *head = g_byte_array_new();

    seal(m, IKE_PL_V2_SK, first_inner, head, length, seed);
    g_byte_array_unref(head);
}

void wire_v2_skf(wire_message *m, uint8_t first_inner, unsigned number, unsigned total,
                 size_t length, uint64_t seed)
{
    GByteArray *head = g_byte_array_new();
    uint8_t numbers[4];

    wire_put16(numbers, number);
    wire_put16(numbers + 2, total);
    g_byte_array_append(head, numbers, sizeof numbers);
    seal(m, IKE_PL_V2_SKF, number == 1 ? first_inner : 0, head, length, seed);
    g_byte_array_unref(head);
}

/* ---- packets ---- */

/* RFC 1071; the whole ones' complement sum, not yet complemented. */
static uint32_t sum16(const uint8_t *data, size_t n, uint32_t sum)
{
    for (size_t i = 0; i < n; i++)
        sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static GByteArray *ip_header(const wire_ip *ip, uint8_t protocol, size_t n)
{
    GByteArray *out = g_byte_array_new();
    uint8_t h[IPV6_HEADER] = { 0 };
    const uint8_t ttl = ip->ttl ? ip->ttl : 64;

    if (ip->src.addr.family == 4) {
        h[0] = 0x45;
        wire_put16(h + 2, (unsigned)(IPV4_HEADER + n));
        wire_put16(h + 4, ip->id);
        h[8] = ttl;
        h[9] = protocol;
        memcpy(h + 12, ip->src.addr.bytes, 4);
        memcpy(h + 16, ip->dst.addr.bytes, 4);
        wire_put16(h + 10, ~sum16(h, IPV4_HEADER, 0) & 0xffff);
        return g_byte_array_append(out, h, IPV4_HEADER);
    }
    h[0] = 0x60;
    wire_put16(h + 4, (unsigned)n);
    h[6] = protocol;
    h[7] = ttl;
    memcpy(h + 8, ip->src.addr.bytes, 16);
    memcpy(h + 24, ip->dst.addr.bytes, 16);
    return g_byte_array_append(out, h, IPV6_HEADER);
}

GByteArray *wire_packet(const wire_ip *ip, uint8_t protocol, const uint8_t *data, size_t n)
{
    return g_byte_array_append(ip_header(ip, protocol, n), data, (guint)n);
}

GByteArray *wire_udp(const wire_ip *ip, const uint8_t *data, size_t n)
{
    GByteArray *out = ip_header(ip, IKE_IPPROTO_UDP, n + 8);
    const size_t addresses = ike_addr_length(&ip->src.addr);
    uint8_t udp[8];
    uint32_t sum = IKE_IPPROTO_UDP + (uint32_t)n + 8;

    wire_put16(udp, ip->src.port);
    wire_put16(udp + 2, ip->dst.port);
    wire_put16(udp + 4, (unsigned)n + 8);
    wire_put16(udp + 6, 0);
    sum = sum16(ip->src.addr.bytes, addresses, sum);
    sum = sum16(ip->dst.addr.bytes, addresses, sum);
    sum = sum16(data, n, sum16(udp, sizeof udp, sum));
    wire_put16(udp + 6, sum == 0xffff ? sum : ~sum & 0xffff);
    g_byte_array_append(out, udp, sizeof udp);
    return g_byte_array_append(out, data, (guint)n);
}

static size_t ip_header_length(const GByteArray *packet)
{
    return packet->data[0] >> 4 == 4 ? IPV4_HEADER : IPV6_HEADER;
}

size_t wire_ip_payload(const GByteArray *packet)
{
    return packet->len - ip_header_length(packet);
}

static void fragment_ipv6(GByteArray *out, uint32_t id, size_t from, size_t n, bool more)
{
    uint8_t f[IPV6_FRAGMENT_HEADER] = { out->data[6] };

    out->data[6] = 44;
    wire_put16(out->data + 4, (unsigned)(IPV6_FRAGMENT_HEADER + n));
    wire_put16(f + 2, (unsigned)from | more);
    wire_put32(f + 4, id);
    g_byte_array_append(out, f, sizeof f);
}

static void fragment_ipv4(GByteArray *out, uint32_t id, size_t from, size_t n, bool more)
{
    wire_put16(out->data + 2, (unsigned)(IPV4_HEADER + n));
    wire_put16(out->data + 4, id);
    wire_put16(out->data + 6, (unsigned)(from / 8) | (more ? 0x2000 : 0));
    wire_put16(out->data + 10, 0);
    wire_put16(out->data + 10, ~sum16(out->data, IPV4_HEADER, 0) & 0xffff);
}

GByteArray *wire_ip_fragment(const GByteArray *packet, uint32_t id, size_t from, size_t to)
{
    const size_t header = ip_header_length(packet), total = wire_ip_payload(packet);
    GByteArray *out = g_byte_array_new();

    to = MIN(to, total);
    g_byte_array_append(out, packet->data, (guint)header);
    if (header == IPV4_HEADER)
        fragment_ipv4(out, id, from, to - from, to < total);
    else
        fragment_ipv6(out, id, from, to - from, to < total);
    return g_byte_array_append(out, packet->data + header + from, (guint)(to - from));
}

GByteArray *wire_icmp(const ike_addr *from, const ike_addr *to, uint8_t type, uint8_t code,
                      uint16_t mtu, const GByteArray *quoted, size_t quoted_bytes)
{
    const wire_ip ip = { .src = { *from, 0 }, .dst = { *to, 0 }, .id = 1 };
    GByteArray *body = g_byte_array_new(), *out;
    uint8_t head[8] = { type, code };

    wire_put16(head + 6, mtu);
    g_byte_array_append(body, head, sizeof head);
    g_byte_array_append(body, quoted->data, (guint)MIN(quoted_bytes, quoted->len));
    wire_put16(body->data + 2, ~sum16(body->data, body->len, 0) & 0xffff);
    out = wire_packet(&ip, from->family == 4 ? IKE_IPPROTO_ICMP : IKE_IPPROTO_ICMPV6, body->data,
                      body->len);
    g_byte_array_unref(body);
    return out;
}

GByteArray *wire_esp(const wire_ip *ip, uint32_t spi, uint32_t sequence, size_t n)
{
    GByteArray *body = g_byte_array_new(), *out;
    uint8_t head[8];

    wire_put32(head, spi);
    wire_put32(head + 4, sequence);
    g_byte_array_append(body, head, sizeof head);
    wire_random(body, n, spi ^ sequence);
    out = wire_packet(ip, IKE_IPPROTO_ESP, body->data, body->len);
    g_byte_array_unref(body);
    return out;
}
