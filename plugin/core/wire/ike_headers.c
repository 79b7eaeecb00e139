/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_headers.h"

#include <string.h>

#include "ike_ip.h"

#define WINDOW 1024 /* bytes after the header outside, or beside, in which the next one begins */
#define MAX_PLACES 16 /* headers with the addresses of the innermost one */

/* Where the addresses are in a header: RFC 791 3.1, RFC 8200 3. */
typedef struct shape {
    uint8_t version;
    size_t src, dst, address, header;
} shape;

static const shape shapes[] = { { 4, 12, 16, 4, 20 }, { 6, 8, 24, 16, 40 } };

/* What headers may lie in: a block, or what a header holds. */
typedef struct container {
    const struct container *outside;
    size_t block;
    size_t from;  /* where the first one may begin */
    size_t there; /* end of the bytes that are there */
    size_t end;   /* end on the wire */
    bool is_open; /* what is inside may end outside: a fragment, or a quotation */
} container;

typedef struct search {
    const ike_bytes *blocks;
    size_t n_blocks;
    const ike_layer *layers;
    size_t n_layers;
    const ike_innermost *innermost;
    const shape *shape; /* of the innermost header */
    ike_header places[MAX_PLACES]; /* where that may be, in order */
    size_t n_places;
    bool is_anchored;   /* the last layer is in one of these places */
    bool with_protocol; /* headers must name what follows their layer */
    size_t hint;
    size_t looks; /* that are left */
    ike_header *found;
    size_t n_found;
} search;

/* False when there have been too many. */
static bool look(search *s)
{
    if (s->looks > 0)
        s->looks--;
    return s->looks > 0;
}

/* ---- one header ---- */

static bool is_checksum_right(const uint8_t *header)
{
    const size_t length = (size_t)(header[0] & 0x0f) * 4;
    uint32_t sum = 0;

    for (size_t i = 0; i < length; i += 2)
        sum += ike_be16(header + i);
    sum = (sum & 0xffff) + (sum >> 16);
    return sum + (sum >> 16) == 0xffff;
}

/* How sure it is that bytes are a header; the surer ones come first. A host that leaves checksums to its network
 * card has none in its own captures. Lengths may be wrong where all else is right. */
typedef enum grade { SURE, LIKELY, POSSIBLE, IMPOSSIBLE } grade;

static grade grade_of_ipv4(const uint8_t *header, bool is_within, bool is_exact)
{
    if (is_checksum_right(header))
        return is_within ? SURE : POSSIBLE;
    return is_exact ? LIKELY : IMPOSSIBLE;
}

static grade grade_of_ipv6(bool is_within, bool is_exact, bool is_protocol_known)
{
    if (is_exact)
        return SURE;
    if (is_within)
        return LIKELY;
    return is_protocol_known ? POSSIBLE : IMPOSSIBLE;
}

static bool is_protocol_of(const search *s, const ike_layer *layer, const ike_ip_packet *ip)
{
    return !s->with_protocol || layer->protocol == IKE_ANY_PROTOCOL || ip->protocol == layer->protocol ||
           ike_ip_is_extension(ip->protocol);
}

static bool is_version_of(const ike_layer *layer, uint8_t first)
{
    const unsigned version = first >> 4;

    return layer->version == IKE_ANY_VERSION ? version == 4 || version == 6 : version == layer->version;
}

/* Reads the header at `start` when it can be that of the layer. */
static bool read_header(const search *s, const container *in, size_t start, const ike_layer *layer, ike_ip_packet *ip)
{
    const uint8_t *data = s->blocks[in->block].data;

    return is_version_of(layer, data[start]) && ike_ip_parse(data + start, in->there - start, ip) &&
           is_protocol_of(s, layer, ip);
}

static grade grade_of(const search *s, const container *in, size_t start, const ike_layer *layer,
                      const ike_ip_packet *ip)
{
    const uint8_t *data = s->blocks[in->block].data;
    const size_t end = (size_t)(ip->payload - data) + ip->length;
    const bool is_exact = end == in->end, is_within = end <= in->end || in->is_open;

    if (ip->src.family == 4)
        return grade_of_ipv4(data + start, is_within, is_exact);
    return grade_of_ipv6(is_within, is_exact, s->with_protocol && layer->protocol != IKE_ANY_PROTOCOL);
}

/* ---- the innermost one ---- */

static void add_place(search *s, size_t block, size_t start)
{
    const ike_bytes *b = &s->blocks[block];

    if (s->n_places < MAX_PLACES && start + s->shape->header <= b->captured &&
        b->data[start] >> 4 == s->shape->version)
        s->places[s->n_places++] = (ike_header){ block, start };
}

/* The place that the address itself points to. */
static bool add_place_pointed_to(search *s)
{
    const uintptr_t at = (uintptr_t)s->innermost->src;

    for (size_t i = 0; i < s->n_blocks; i++) {
        const uintptr_t first = (uintptr_t)s->blocks[i].data;

        if (s->blocks[i].captured > 0 && at >= first + s->shape->src && at - first < s->blocks[i].captured) {
            add_place(s, i, (size_t)(at - first) - s->shape->src);
            return s->n_places > 0;
        }
    }
    return false;
}

static bool has_addresses(const search *s, const uint8_t *header, bool with_dst)
{
    const shape *h = s->shape;

    return memcmp(header + h->src, s->innermost->src, h->address) == 0 &&
           (!with_dst || memcmp(header + h->dst, s->innermost->dst, h->address) == 0);
}

static void add_places_in_block(search *s, size_t block, size_t most, bool with_dst)
{
    const shape *h = s->shape;
    const ike_bytes *b = &s->blocks[block];

    for (size_t start = 0; start + h->header <= b->captured && s->n_places < most; start++) {
        const uint8_t *src = memchr(b->data + start + h->src, s->innermost->src[0], b->captured - h->header - start + 1);

        if (!src)
            return;
        start = (size_t)(src - b->data) - h->src;
        if (has_addresses(s, b->data + start, with_dst))
            add_place(s, block, start);
    }
}

/* Options and routing headers may give a packet another destination than its header names. Each layer may have the
 * same addresses. */
static void find_places(search *s, size_t n_layers)
{
    if (add_place_pointed_to(s))
        return;
    for (int with_dst = 1; with_dst >= 0 && s->n_places == 0; with_dst--)
        for (size_t i = 0; i < s->n_blocks; i++)
            add_places_in_block(s, i, MIN(n_layers, MAX_PLACES), with_dst);
}

/* ---- the way to it ---- */

static bool place_layer(search *s, size_t layer, const container *in);

static container block_as_container(const search *s, size_t block)
{
    return (container){ .block = block, .there = s->blocks[block].captured, .end = s->blocks[block].length };
}

static void take(search *s, size_t block, size_t start)
{
    s->found[s->n_found++] = (ike_header){ block, start };
}

/* Goes on with the next layer when the header at `start` can be that of this one. */
static bool try_at(search *s, size_t layer, const container *in, size_t start, grade wanted)
{
    ike_ip_packet ip;

    if (!read_header(s, in, start, &s->layers[layer], &ip) ||
        grade_of(s, in, start, &s->layers[layer], &ip) != wanted)
        return false;
    take(s, in->block, start);
    if (layer + 1 == s->n_layers)
        return true;

    const size_t payload = (size_t)(ip.payload - s->blocks[in->block].data);
    const container inside = { .outside = in,
                               .block = in->block,
                               .from = payload,
                               .there = payload + ip.captured,
                               .end = payload + ip.length,
                               .is_open = ip.is_fragment || s->layers[layer + 1].is_quoted };

    if (place_layer(s, layer + 1, &inside))
        return true;
    s->n_found--;
    return false;
}

static bool search_header(search *s, size_t layer, const container *in, size_t from, grade wanted)
{
    const size_t end = MIN(in->there, from + WINDOW);

    if (layer == 0 && in->block == 0 && s->hint < end && try_at(s, layer, in, s->hint, wanted))
        return true;
    for (size_t start = from; start < end && look(s); start++)
        if (try_at(s, layer, in, start, wanted))
            return true;
    return false;
}

static bool search_innermost(search *s, const container *in, size_t from)
{
    ike_ip_packet ip;

    for (size_t i = 0; i < s->n_places; i++) {
        const ike_header *place = &s->places[i];

        if (place->block == in->block && from <= place->start && place->start < in->there &&
            read_header(s, in, place->start, &s->layers[s->n_layers - 1], &ip)) {
            take(s, place->block, place->start);
            return true;
        }
    }
    return false;
}

static bool search_container(search *s, size_t layer, const container *in, size_t from, grade wanted)
{
    if (s->is_anchored && layer + 1 == s->n_layers)
        return wanted == SURE && search_innermost(s, in, from);
    return look(s) && search_header(s, layer, in, from, wanted);
}

/* In what the last header holds, beside it, and in the blocks that come later. */
static bool search_everywhere(search *s, size_t layer, const container *in, grade wanted)
{
    size_t from = in->from;

    for (const container *c = in; c; from = c->end, c = c->outside)
        if (search_container(s, layer, c, from, wanted))
            return true;
    for (size_t i = in->block + 1; i < s->n_blocks; i++) {
        const container block = block_as_container(s, i);

        if (search_container(s, layer, &block, 0, wanted))
            return true;
    }
    return false;
}

/* Finds the headers from `layer` on, when those before it lead into `in`. */
static bool place_layer(search *s, size_t layer, const container *in)
{
    const bool can_go = s->layers[layer].is_optional && layer + 1 < s->n_layers;

    for (grade wanted = SURE; wanted <= (can_go ? SURE : POSSIBLE); wanted++)
        if (search_everywhere(s, layer, in, wanted))
            return true;
    return can_go && place_layer(s, layer + 1, in);
}

static bool find_layers(search *s, size_t n_layers)
{
    const container first = block_as_container(s, 0);

    s->n_layers = n_layers;
    s->n_found = 0;
    return place_layer(s, 0, &first);
}

/* ---- what is taken for it ---- */

/* The layers down to the innermost header. What is decoded as another protocol has not the number of its layer. */
static bool find_anchored(search *s, size_t n_layers, bool is_quoted)
{
    s->is_anchored = true;
    s->with_protocol = true;
    if (find_layers(s, n_layers))
        return true;
    s->with_protocol = false;
    return !is_quoted && find_layers(s, n_layers);
}

/* All layers, else fewer: the last ones may be of headers that are none. */
static bool find_most(search *s, size_t n_layers, bool is_quoted)
{
    for (size_t n = n_layers; n > 0 && s->n_places > 0; n--) {
        if (n == 1)
            s->looks = IKE_MAX_LOOKS;
        if (find_anchored(s, n, is_quoted))
            return true;
    }
    return false;
}

/* The innermost header alone, when those outside it are not what they must be. */
static bool find_alone(search *s)
{
    static const ike_layer any = { .version = IKE_ANY_VERSION, .protocol = IKE_ANY_PROTOCOL };

    s->layers = &any;
    return s->n_places > 0 && find_anchored(s, 1, false);
}

/* The layers outside a quotation. */
static bool find_unquoted(search *s, size_t n_layers)
{
    s->is_anchored = false;
    s->with_protocol = true;
    s->looks = IKE_MAX_LOOKS;
    return n_layers > 0 && find_layers(s, n_layers);
}

static size_t n_unquoted(const ike_layer *layers, size_t n)
{
    size_t unquoted = 0;

    while (unquoted < n && !layers[unquoted].is_quoted)
        unquoted++;
    return unquoted;
}

static const shape *shape_of(uint8_t version)
{
    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++)
        if (shapes[i].version == version)
            return &shapes[i];
    return NULL;
}

size_t ike_headers_find(const ike_bytes *blocks, size_t n_blocks, const ike_layer *layers, size_t n_layers,
                        const ike_innermost *innermost, size_t hint, ike_header *found)
{
    search s = { .blocks = blocks,
                 .n_blocks = n_blocks,
                 .layers = layers,
                 .innermost = innermost,
                 .shape = shape_of(innermost->version),
                 .hint = hint,
                 .looks = IKE_MAX_LOOKS,
                 .found = found };
    const size_t n = MIN(n_layers, IKE_MAX_LAYERS), unquoted = n_unquoted(layers, n);

    if (!s.shape || n_blocks == 0)
        return 0;
    find_places(&s, n);
    if (find_most(&s, n, unquoted < n) || (unquoted < n ? find_unquoted(&s, unquoted) : find_alone(&s)))
        return s.n_found;
    return 0;
}
