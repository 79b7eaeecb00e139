/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fuzzes what reads the bytes of one message: header, payloads, proposals, attributes, identities, selectors,
 * vendor IDs, IP headers. The first byte says how the rest is looked at; each part of an input is in a block of
 * its own, so that a sanitizer sees reads beyond it.
 */
#include "harm.h"
#include "ike_attribute.h"
#include "ike_esp_proposal.h"
#include "ike_headers.h"
#include "ike_identity.h"
#include "ike_ip.h"
#include "ike_proposal.h"
#include "ike_substructure.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Sums up what was read, so that no reading can be left out. */
static volatile uint64_t sink;

static void use_bytes(const uint8_t *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sink += data[i];
}

static void use_text(const char *text)
{
    sink += text ? strlen(text) : 0;
}

/* ---- parts ---- */

static void read_attributes(const uint8_t *data, size_t n)
{
    ike_attribute_value a;

    for (size_t before = n + 1; n < before && ike_attribute_take(&data, &n, &a);) {
        use_bytes(a.data, a.length);
        g_assert_true(!a.is_short || a.length == 2);
        before = n + 1;
    }
}

static void read_transforms(const ike_substructure *proposal)
{
    ike_substructures rest = ike_substructures_in(proposal->body, proposal->length);
    ike_substructure transform;

    while (ike_transform_take(&rest, &transform)) {
        use_bytes(transform.header, 8);
        read_attributes(transform.body, transform.length);
    }
}

static void read_proposals(const uint8_t *data, size_t n)
{
    ike_substructures rest = ike_substructures_in(data, n);
    ike_substructure proposal;

    while (ike_proposal_take(&rest, &proposal)) {
        sink += ike_proposal_number(&proposal) + ike_proposal_protocol(&proposal);
        sink += ike_proposal_spi(&proposal, 4) + ike_proposal_spi(&proposal, 8);
        read_transforms(&proposal);
    }
}

static void read_texts(const uint8_t *data, size_t n)
{
    GString *name = g_string_new("before");

    harm_read_text(ike_identity_text, data, n);
    harm_read_text(ike_selector_of_identity, data, n);
    harm_read_text(ike_selectors_text, data, n);
    if (!ike_dn_append(name, data, n))
        g_assert_cmpstr(name->str, ==, "before");
    g_assert_cmpuint(name->len, <=, LONGEST_TEXT);
    g_string_free(name, TRUE);
}

static void read_vendor(const uint8_t *data, size_t n)
{
    const ike_vendor *vendor = ike_vendor_find(data, n);
    GString *text;
    size_t id;

    if (!vendor)
        return;
    id = ike_vendor_id_length(vendor);
    g_assert_cmpuint(id, <=, n);
    text = g_string_new(NULL);
    ike_vendor_append(text, vendor, data + id, MIN(n - id, IKE_VENDOR_TAIL));
    g_assert_cmpuint(text->len, >, 0);
    g_assert_true(g_utf8_validate(text->str, -1, NULL));
    g_string_free(text, TRUE);
}

/* ---- messages ---- */

static void read_offers(const ike_message *m)
{
    ike_offer offer;
    ike_v2_offer v2;
    ike_esp_offer esp;

    if (ike_message_offer(m, &offer)) {
        g_assert_cmpuint(offer.n_transforms, >, 0);
        g_free(ike_offer_copy(&offer));
    }
    if (ike_v2_offer_read(m, &v2)) {
        g_assert_cmpuint(ike_v2_offer_size(&v2), <=, IKE_MAX_V2_TRANSFORMS);
        for (unsigned i = 0; i < ike_v2_offer_size(&v2); i++)
            use_text(ike_v2_transform_name(v2.transforms[i].type, v2.transforms[i].id));
        sink += ike_v2_offer_additional(&v2) + ike_v2_tiny_message(&v2) + ike_v2_smallest_child(&v2, true);
        sink += ike_v2_offer_has_group(&v2, 14) + ike_v2_offer_has_type(&v2, 1, IKE_TRANSFORM_INTEG);
        g_free(ike_v2_offer_copy(&v2));
    }
    if (ike_esp_offer_read(m, &esp)) {
        GString *text = g_string_new(NULL);

        for (unsigned i = 0; i < ike_esp_offer_size(&esp); i++) {
            ike_esp_transform_append(text, &esp.transforms[i]);
            sink += ike_esp_is_transport(&esp.transforms[i]);
            sink += ike_esp_same_algorithms(&esp.transforms[0], &esp.transforms[i]);
        }
        g_free(ike_esp_offer_copy(&esp));
        g_string_free(text, TRUE);
    }
}

static void read_payload(const ike_message *m, const ike_payload *p)
{
    GString *list = g_string_new(NULL);
    ike_notify notify;
    ike_delete deleted;

    g_assert_true(p->length == 0 || p->body >= m->data);
    use_bytes(p->body, p->length);
    use_text(ike_payload_name(p->type));
    if (ike_payload_notify(m, p, &notify)) {
        use_bytes(notify.spi, notify.spi_length);
        use_bytes(notify.data, notify.data_length);
        ike_notify_append(list, m->version, notify.type);
    }
    if (ike_payload_delete(m, p, &deleted)) {
        use_bytes(deleted.spis, (size_t)deleted.n_spis * deleted.spi_length);
        ike_delete_append(list, m, &deleted);
    }
    g_string_free(list, TRUE);
}

static void read_message(const ike_message *m)
{
    ike_fragment fragment;

    g_assert_cmpuint(m->n_payloads, <=, IKE_MAX_PAYLOADS);
    use_text(ike_exchange_name(m->exchange));
    for (unsigned i = 0; i < m->n_payloads; i++) {
        read_payload(m, &m->payloads[i]);
        g_assert_true(ike_message_has(m, m->payloads[i].type));
        g_assert_nonnull(ike_message_find(m, m->payloads[i].type));
    }
    read_offers(m);
    if (ike_message_fragment(m, &fragment))
        use_bytes(fragment.data, fragment.length);
}

/* ---- ways to look at an input ---- */

/* As captured; `more` bytes were on the wire. */
static void as_message(const uint8_t *data, size_t n, unsigned more)
{
    ike_message m;

    if (!ike_message_parse(&m, data, n, n + more))
        return;
    g_assert_cmpuint(m.captured, <=, n);
    g_assert_true(m.version == 1 || m.version == 2);
    read_message(&m);
}

/* As what was decrypted of a message: its header is made of the first bytes. */
static void as_plain(const uint8_t *data, size_t n, unsigned first)
{
    const bool is_v1 = first & 0x80;
    const ike_message m = { .version = is_v1 ? 1 : 2, .exchange = is_v1 ? IKE_XCHG_QUICK : IKE_XCHG_V2_AUTH,
                            .is_encrypted = true, .data = data, .length = 4096 };
    static const uint8_t types[] = { IKE_PL_HASH, IKE_PL_SA, IKE_PL_ID, IKE_PL_NOTIFY, IKE_PL_DELETE, IKE_PL_CONFIG };
    static const uint8_t v2_types[] = { IKE_PL_V2_IDI, IKE_PL_V2_SA, IKE_PL_V2_TSI, IKE_PL_V2_NOTIFY, IKE_PL_V2_DELETE,
                                        IKE_PL_V2_EAP };
    ike_message clear;
    size_t length = n;

    sink += ike_message_is_length_of_plain(&m, n);
    if (n == 0 || (!is_v1 && !ike_plain_without_padding(data, &length)))
        return;
    g_assert_cmpuint(length, <=, n);
    if (ike_message_decrypted(&clear, &m, (is_v1 ? types : v2_types)[first % G_N_ELEMENTS(types)], data, length))
        read_message(&clear);
}

static void as_body(const uint8_t *data, size_t n, unsigned unused)
{
    (void)unused;
    read_attributes(data, n);
    read_proposals(data, n);
    read_texts(data, n);
    read_vendor(data, n);
}

static ike_layer layer_of(uint8_t code)
{
    static const uint8_t versions[] = { 4, 6, IKE_ANY_VERSION, 4 };
    static const int protocols[] = { IKE_ANY_PROTOCOL, IKE_IPPROTO_UDP, IKE_IPPROTO_IPIP, IKE_IPPROTO_ICMP };

    return (ike_layer){ versions[code & 3], code & 4, code & 8, protocols[code >> 4 & 3] };
}

/* Layers, and in what order; where the innermost header may be; and two blocks of the rest. */
static void read_headers(const uint8_t *data, size_t n)
{
    enum { N_LAYERS = 8, BEFORE = N_LAYERS + 4 };
    ike_layer layers[N_LAYERS];
    ike_header found[IKE_MAX_LAYERS];
    size_t n_found, n_layers, half;

    if (n < BEFORE + 1)
        return;
    for (size_t i = 0; i < N_LAYERS; i++)
        layers[i] = layer_of(data[4 + i]);
    n_layers = data[0] % (N_LAYERS + 1);
    half = data[1] % (n - BEFORE + 1);

    const uint8_t *rest = data + BEFORE;
    const ike_bytes blocks[] = { { rest, half, half + data[2] % 3 }, { rest + half, n - BEFORE - half, n - BEFORE - half } };
    const size_t at = data[3] % (n - BEFORE);
    const uint8_t copy[32] = { rest[at] };
    const bool is_copy = n - BEFORE - at < 32 || data[2] & 0x40;
    const ike_innermost innermost = { data[2] & 0x80 ? 4 : 6, is_copy ? copy : rest + at, is_copy ? copy : rest + at + 4 };

    n_found = ike_headers_find(blocks, 2, layers, n_layers, &innermost, data[2] & 0x20 ? data[1] : IKE_NO_HINT, found);
    g_assert_cmpuint(n_found, <=, MAX(n_layers, 1));
    for (size_t i = 0; i < n_found; i++) {
        ike_ip_packet ip;

        g_assert_cmpuint(found[i].block, <, 2);
        g_assert_cmpuint(found[i].start, <, blocks[found[i].block].captured);
        g_assert_true(i == 0 || found[i - 1].block < found[i].block ||
                      (found[i - 1].block == found[i].block && found[i - 1].start < found[i].start));
        g_assert_true(ike_ip_parse(blocks[found[i].block].data + found[i].start,
                                   blocks[found[i].block].captured - found[i].start, &ip));
    }
}

static void as_packet(const uint8_t *data, size_t n, unsigned protocol)
{
    ike_ip_packet ip;
    uint8_t next = (uint8_t)protocol;
    size_t at;

    if (ike_ip_parse(data, n, &ip)) {
        g_assert_cmpuint(ip.captured, <=, ip.length);
        use_bytes(ip.payload, ip.captured);
    }
    if (ike_ip_skip_extensions(data, n, &next, &at))
        g_assert_cmpuint(at, <=, n);
    read_headers(data, n);
}

static void as_numbers(const uint8_t *data, size_t n, unsigned unused)
{
    const unsigned value = n >= 2 ? ike_be16(data) : 0;

    (void)unused;
    use_text(ike_encryption_name(value));
    use_text(ike_hash_name(value));
    use_text(ike_auth_name(value, n & 1));
    use_text(ike_v2_auth_name(value));
    use_text(ike_group_name(value));
    use_text(ike_signature_hash_name(value));
    use_text(ike_notify_name(1 + (n & 1), value));
    sink += ike_encryption_block(value) + ike_hash_length(value) + ike_group_strength(value);
    sink += ike_group_ke_length(value) + ike_v2_ke_length(value, n & 1) + ike_v2_is_combined(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const ways[])(const uint8_t *, size_t, unsigned) = { as_message, as_plain, as_body, as_packet,
                                                                       as_numbers };
    uint8_t *exact;

    if (size < 2)
        return 0;
    exact = g_memdup2(data + 2, size - 2);
    ways[data[0] % G_N_ELEMENTS(ways)](exact ? exact : data, size - 2, data[1]);
    g_free(exact);
    return 0;
}
