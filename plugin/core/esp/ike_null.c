/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_null.h"

#include "ike_names.h"

#define HEADER 8           /* SPI and sequence number */
#define ENOUGH_TRIES 8     /* packets without a fit: it is encrypted */
#define L2TP_PORT 1701     /* RFC 2661 8.1 */

/* Lengths of IV and ICV in use: HMAC-96, -128, -192, -256, none, AES-GMAC (RFC 5879 8, RFC 4543). */
static const struct {
    uint8_t iv, icv;
} shapes[] = { { 0, 12 }, { 0, 16 }, { 0, 24 }, { 0, 32 }, { 8, 16 }, { 0, 0 } };

typedef enum fit { FIT_NONE, FIT_PLAUSIBLE, FIT_PROVEN } fit;

/* What a packet holds when it is read with a shape. */
typedef struct content {
    const uint8_t *data;
    size_t length;
    uint8_t next_header;
    const ike_addr *src, *dst; /* of the pseudo-header of transport mode */
} content;

/* ---- checksums: RFC 1071 ---- */

static uint32_t sum_of(const uint8_t *data, size_t length)
{
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < length; i += 2)
        sum += ike_be16(data + i);
    if (length % 2)
        sum += (uint32_t)data[length - 1] << 8;
    return sum;
}

static bool is_right(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

static bool has_right_checksum(const content *c, uint8_t protocol)
{
    const size_t n = ike_addr_length(c->src);

    return is_right(sum_of(c->data, c->length) + sum_of(c->src->bytes, n) +
                    sum_of(c->dst->bytes, n) + protocol + (uint32_t)(c->length & 0xffff));
}

/* ---- what may stand inside ---- */

static fit fits_udp(const content *c)
{
    if (c->length < 8 || ike_be16(c->data + 4) != c->length)
        return FIT_NONE;
    /* a NAT changes the addresses that the checksum covers */
    return ike_be16(c->data + 6) && has_right_checksum(c, 17) ? FIT_PROVEN : FIT_PLAUSIBLE;
}

static fit fits_tcp(const content *c)
{
    const size_t header = c->length >= 20 ? (size_t)(c->data[12] >> 4) * 4 : 0;

    return header >= 20 && header <= c->length && has_right_checksum(c, 6) ? FIT_PROVEN : FIT_NONE;
}

static fit fits_icmp(const content *c)
{
    return c->length >= 8 && is_right(sum_of(c->data, c->length)) ? FIT_PROVEN : FIT_NONE;
}

static fit fits_icmpv6(const content *c)
{
    return c->length >= 8 && has_right_checksum(c, 58) ? FIT_PROVEN : FIT_NONE;
}

static fit fits_ipv4(const content *c)
{
    const size_t header = c->length >= 20 ? (size_t)(c->data[0] & 15) * 4 : 0;

    return header >= 20 && header <= c->length && c->data[0] >> 4 == 4 &&
                   ike_be16(c->data + 2) == c->length && is_right(sum_of(c->data, header))
               ? FIT_PROVEN : FIT_NONE;
}

static fit fits_ipv6(const content *c)
{
    return c->length >= 40 && c->data[0] >> 4 == 6 && ike_be16(c->data + 4) + 40u == c->length
               ? FIT_PLAUSIBLE : FIT_NONE;
}

static const struct protocol {
    uint8_t number;
    fit (*fits)(const content *c);
    const char *name;
} protocols[] = {
    { 4, fits_ipv4, "IPv4" }, { 41, fits_ipv6, "IPv6" },   { 17, fits_udp, "UDP" },
    { 6, fits_tcp, "TCP" },   { 1, fits_icmp, "ICMP" },    { 58, fits_icmpv6, "ICMPv6" },
};

static const struct protocol *protocol_of(uint8_t number)
{
    for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++)
        if (protocols[i].number == number)
            return &protocols[i];
    return NULL;
}

/* ---- the trailer: RFC 4303 2.4 to 2.6 ---- */

static bool has_padding(const uint8_t *padding, uint8_t length)
{
    for (unsigned i = 0; i < length; i++)
        if (padding[i] != i + 1)
            return false;
    return true;
}

/* Reads a packet with a shape; false when there is no trailer where it would have to be. */
static bool read_content(const ike_flow *flow, const uint8_t *data, size_t length, unsigned iv,
                         unsigned icv, content *c)
{
    const size_t around = HEADER + iv + icv + 2u;
    const uint8_t *end;
    uint8_t padding;

    if (length <= around)
        return false;
    end = data + length - icv;
    padding = end[-2];
    if (padding > length - around || !has_padding(end - 2 - padding, padding))
        return false;
    *c = (content){ .data = data + HEADER + iv, .length = length - around - padding,
                    .next_header = end[-1], .src = &flow->src.addr, .dst = &flow->dst.addr };
    return true;
}

static fit fits(const ike_flow *flow, const uint8_t *data, size_t length, unsigned shape, content *c)
{
    const struct protocol *protocol;

    if (!read_content(flow, data, length, shapes[shape].iv, shapes[shape].icv, c))
        return FIT_NONE;
    protocol = protocol_of(c->next_header);
    return protocol ? protocol->fits(c) : FIT_NONE;
}

/* ---- the verdict ---- */

static void agree(ike_null *null, unsigned shape, const content *c)
{
    const bool same = null->agreeing > 0 && null->iv == shapes[shape].iv &&
                      null->icv == shapes[shape].icv && null->next_header == c->next_header;

    null->agreeing = same ? null->agreeing + 1 : 1;
    null->iv = shapes[shape].iv;
    null->icv = shapes[shape].icv;
    null->next_header = c->next_header;
}

/* A checksum that is right decides; without one two packets must agree, and none may contradict. */
static void decide(ike_flow *flow, const uint8_t *data, size_t length)
{
    ike_null *null = flow->null;
    bool plausible = false;
    content c;

    null->tried++;
    for (unsigned i = 0; i < G_N_ELEMENTS(shapes); i++) {
        const fit found = fits(flow, data, length, i, &c);

        if (found == FIT_NONE || (found == FIT_PLAUSIBLE && plausible))
            continue;
        plausible = true;
        agree(null, i, &c);
        if (found == FIT_PROVEN) {
            null->verdict = IKE_NULL_YES;
            return;
        }
    }
    if (!plausible)
        null->agreeing = 0;
    if (null->agreeing >= 2 && null->agreeing == null->tried)
        null->verdict = IKE_NULL_PROBABLY;
    else if (null->tried >= ENOUGH_TRIES)
        null->verdict = IKE_NULL_NO;
}

/* ---- L2TP: RFC 2661 3.1 ---- */

/* A control message that is more than an acknowledgement; the same number again is the same message. */
static void read_control(ike_null *null, struct ike_packet *packet, const uint8_t *l2tp, size_t length)
{
    uint16_t ns;

    null->has_l2tp_control = true;
    if (length <= 12 || ike_be16(l2tp + 2) <= 12)
        return;
    ns = ike_be16(l2tp + 8);
    if (null->sends == 0 || ns != null->ns) {
        null->ns = ns;
        null->sends = 0;
        null->first_send = packet;
    }
    null->sends++;
    null->last_send = packet;
}

static void read_l2tp(ike_null *null, struct ike_packet *packet, const content *c)
{
    const uint8_t *l2tp = c->data + 8;

    if (c->next_header != 17 || c->length < 8 + 6 ||
        (ike_be16(c->data) != L2TP_PORT && ike_be16(c->data + 2) != L2TP_PORT))
        return;
    null->newest_l2tp = packet;
    if (l2tp[0] & 0x80)
        read_control(null, packet, l2tp, c->length - 8);
    else
        null->has_l2tp_data = true;
}

void ike_null_look(ike_flow *flow, struct ike_packet *packet, const uint8_t *data, size_t length)
{
    content c;

    if (!flow->null)
        flow->null = g_new0(ike_null, 1);
    if (flow->null->verdict == IKE_NULL_UNKNOWN)
        decide(flow, data, length);
    if (ike_null_is(flow) &&
        read_content(flow, data, length, flow->null->iv, flow->null->icv, &c)) {
        flow->null->next_header = c.next_header;
        read_l2tp(flow->null, packet, &c);
    }
}

const char *ike_null_content(const ike_flow *flow)
{
    const struct protocol *protocol = protocol_of(flow->null->next_header);

    if (flow->null->has_l2tp_data)
        return flow->null->has_l2tp_control ? "L2TP control and data" : "L2TP data";
    if (flow->null->has_l2tp_control)
        return "L2TP control";
    return protocol ? protocol->name : "another protocol";
}
