/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Vendor IDs. Most are the MD5 digest of a text, so a row shows the text where it is public.
 */
#include "ike_names.h"

#include <string.h>

#define NATT(rank, natd, floats) IKE_VENDOR_NATT, rank, natd, floats
#define PLAIN(kind) kind, 0, 0, false

static const struct {
    const char *hex; /* a vendor ID begins with these bytes */
    ike_vendor vendor;
} vendors[] = {
    /* NAT traversal; ranks by RFC 3947 3.1: the RFC first, then the newest draft */
    { "4a131c81070358455c5728f20e95452f", { "RFC 3947", NATT(20, 20, true) } },
    { "8f8d83826d246b6fc7a8a6a428c11de8", { "draft-08", NATT(18, 15, true) } },
    { "439b59f8ba676c4c7737ae22eab8f582", { "draft-07", NATT(17, 15, true) } },
    { "4d1e0e136deafa34c4f3ea9f02ec7285", { "draft-06", NATT(16, 15, true) } },
    { "80d0bb3def54565ee84645d4c85ce3ee", { "draft-05", NATT(15, 15, true) } },
    { "9909b64eed937c6573de52ace952fa6b", { "draft-04", NATT(14, 15, true) } },
    { "7d9419a65310ca6f2c179d9215529d56", { "draft-03", NATT(13, 130, true) } },
    { "90cb80913ebb696e086381b5ec427b1f", { "draft-02", NATT(12, 130, true) } }, /* with newline */
    { "cd60464335df21f87cfdb2fc68b6a448", { "draft-02", NATT(11, 130, true) } },
    { "16f6ca16e4a4066d83821a0f0aeaa862", { "draft-01", NATT(2, 130, false) } },
    { "4485152d18b6bbcd0be8a8469579ddcc", { "draft-00", NATT(1, 130, false) } },
    { "4df37928e9fc4fd1b3262170d515c662", { "draft-ietf-ipsec-nat-t-ike", NATT(10, 20, true) } },
    { "27bab5dc01ea0760ea4e3190ac27c0d0",
      { "draft-stenberg-ipsec-nat-traversal-01", PLAIN(IKE_VENDOR_FEATURE) } },
    { "6105c422e76847e43f9684801292aecd",
      { "draft-stenberg-ipsec-nat-traversal-02", PLAIN(IKE_VENDOR_FEATURE) } },
    { "6a7434c19d7e36348090a02334c9c805",
      { "draft-huttunen-ipsec-esp-in-udp-00", PLAIN(IKE_VENDOR_FEATURE) } },
    { "50760f624c63e5c53eea386c685ca083", { "ESPThruNAT", PLAIN(IKE_VENDOR_FEATURE) } },
    /* features */
    { "afcad71368a1f1c96b8696fc7757", { "DPD (RFC 3706)", PLAIN(IKE_VENDOR_DPD) } },
    { "4048b7d56ebce88525e7de7f00d6c2d3",
      { "IKE fragmentation", PLAIN(IKE_VENDOR_FRAGMENTATION) } },
    { "09002689dfd6b712", { "XAUTH", PLAIN(IKE_VENDOR_XAUTH) } },
    { "621b04bb09882ac1e15935fefa24aeee", { "GSS-API", PLAIN(IKE_VENDOR_GSS) } },
    { "12f5f28c457168a9702d9fe274cc", { "Cisco Unity", PLAIN(IKE_VENDOR_FEATURE) } },
    { "26244d38eddb61b3172a36e3d0cfb819", { "Vid-Initial-Contact", PLAIN(IKE_VENDOR_FEATURE) } },
    { "e3a5966a76379fe707228231e5ce8652", { "IKE CGA version 1", PLAIN(IKE_VENDOR_FEATURE) } },
    { "fb1de3cdf341b7ea16b7e5be0855f120",
      { "MS-Negotiation Discovery Capable", PLAIN(IKE_VENDOR_FEATURE) } },
    { "214ca4faffa7f32d6748e5303395ae83", { "MS-MamieExists", PLAIN(IKE_VENDOR_FEATURE) } },
    { "72872b95fcda2eb708efe322119b4971", { "NLBS_PRESENT", PLAIN(IKE_VENDOR_FEATURE) } },
    { "4f4540454371496d7a684644", { "Openswan 2.x", PLAIN(IKE_VENDOR_PRODUCT) } },
    /* "CISCO-DELETE-REASON", "FLEXVPN-SUPPORTED", "CISCO-DYNAMIC-ROUTE" */
    { "434953434f2d44454c4554452d524541534f4e",
      { "Cisco delete reason", PLAIN(IKE_VENDOR_FEATURE) } },
    { "464c455856504e2d535550504f52544544", { "Cisco FlexVPN", PLAIN(IKE_VENDOR_FEATURE) } },
    { "434953434f2d44594e414d49432d524f555445",
      { "Cisco dynamic route", PLAIN(IKE_VENDOR_FEATURE) } },
    /* products */
    { "434953434f28434f5059524947485429", { "Cisco", PLAIN(IKE_VENDOR_PRODUCT) } }, /* "CISCO(COPYRIGHT)" */
    { "1e2b516905991c7d7c96fcbfb587e461", { "Windows", PLAIN(IKE_VENDOR_WINDOWS) } },
    { "882fe56d6fd20dbc2251613b2ebe5beb", { "strongSwan", PLAIN(IKE_VENDOR_PRODUCT) } },
    { "4f452d4c69627265737761", { "Libreswan", PLAIN(IKE_VENDOR_PRODUCT) } }, /* "OE-Libreswan" */
    { "1f07f70eaa6514d3b0fa96542a50", { "Cisco VPN Concentrator", PLAIN(IKE_VENDOR_PRODUCT) } },
    { "7003cbc1097dbe9c2600ba6983bc8b35", { "KAME/racoon", PLAIN(IKE_VENDOR_PRODUCT) } },
    { "8299031757a36082c6a621de", { "FortiGate", PLAIN(IKE_VENDOR_PRODUCT) } },
    { "f4ed19e0c114eb516faaac0ee37daf2807b4381f", { "Check Point", PLAIN(IKE_VENDOR_PRODUCT) } },
};

static bool has_prefix(const uint8_t *body, size_t length, const char *hex)
{
    const size_t n = strlen(hex) / 2;

    if (length < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const int high = g_ascii_xdigit_value(hex[2 * i]);
        const int low = g_ascii_xdigit_value(hex[2 * i + 1]);

        if (body[i] != (uint8_t)(high << 4 | low))
            return false;
    }
    return true;
}

const ike_vendor *ike_vendor_find(const uint8_t *body, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(vendors); i++)
        if (has_prefix(body, length, vendors[i].hex))
            return &vendors[i].vendor;
    return NULL;
}
