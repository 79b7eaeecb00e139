/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Vendor IDs. Most are the MD5 digest of a text, or begin with it, so a row shows the text where it is
 * public. Sources: RFC 3706, RFC 3947; the tables of Wireshark 4.0.17 (packet-isakmp.c), of
 * strongSwan 5.9.8 (isakmp_vendor.c, ike_vendor.c) and of ike-scan 1.9.5 (ike-vendor-ids).
 */
#include "ike_names.h"

#include <string.h>

#define TEXT(made_of) .text = made_of
#define VERSION_IN(how) .version = IKE_VERSION_##how
#define ROW(digits, label, ...) { .id = digits, .name = label, __VA_ARGS__ }
#define KIND(k) .kind = IKE_VENDOR_##k
#define NATT(rank, natd, moves) KIND(NATT), .nat_rank = rank, .natd_type = natd, .floats = moves
#define FEATURE KIND(FEATURE)
#define PRODUCT KIND(PRODUCT)

static const ike_vendor vendors[] = {
    /* NAT traversal: RFC 3947 3.1, and Wireshark, strongSwan, ike-scan for the drafts. Ranks by the
     * RFC: itself first, then the newest draft. */
    ROW("4a131c81070358455c5728f20e95452f", "RFC 3947", NATT(20, 20, true), TEXT("RFC 3947")),
    ROW("8f8d83826d246b6fc7a8a6a428c11de8",
        "draft-08", NATT(18, 15, true), TEXT("draft-ietf-ipsec-nat-t-ike-08")),
    ROW("439b59f8ba676c4c7737ae22eab8f582",
        "draft-07", NATT(17, 15, true), TEXT("draft-ietf-ipsec-nat-t-ike-07")),
    ROW("4d1e0e136deafa34c4f3ea9f02ec7285",
        "draft-06", NATT(16, 15, true), TEXT("draft-ietf-ipsec-nat-t-ike-06")),
    ROW("80d0bb3def54565ee84645d4c85ce3ee",
        "draft-05", NATT(15, 15, true), TEXT("draft-ietf-ipsec-nat-t-ike-05")),
    ROW("9909b64eed937c6573de52ace952fa6b",
        "draft-04", NATT(14, 15, true), TEXT("draft-ietf-ipsec-nat-t-ike-04")),
    ROW("7d9419a65310ca6f2c179d9215529d56",
        "draft-03", NATT(13, 130, true), TEXT("draft-ietf-ipsec-nat-t-ike-03")),
    ROW("90cb80913ebb696e086381b5ec427b1f",
        "draft-02", NATT(12, 130, true), TEXT("draft-ietf-ipsec-nat-t-ike-02\n")),
    ROW("cd60464335df21f87cfdb2fc68b6a448",
        "draft-02", NATT(11, 130, true), TEXT("draft-ietf-ipsec-nat-t-ike-02")),
    ROW("16f6ca16e4a4066d83821a0f0aeaa862",
        "draft-01", NATT(2, 130, false), TEXT("draft-ietf-ipsec-nat-t-ike-01")),
    ROW("4485152d18b6bbcd0be8a8469579ddcc",
        "draft-00", NATT(1, 130, false), TEXT("draft-ietf-ipsec-nat-t-ike-00")),
    ROW("4df37928e9fc4fd1b3262170d515c662",
        "draft-ietf-ipsec-nat-t-ike", NATT(10, 20, true), TEXT("draft-ietf-ipsec-nat-t-ike")),
    ROW("27bab5dc01ea0760ea4e3190ac27c0d0",
        "draft-stenberg-ipsec-nat-traversal-01", FEATURE,
        TEXT("draft-stenberg-ipsec-nat-traversal-01")),
    ROW("6105c422e76847e43f9684801292aecd",
        "draft-stenberg-ipsec-nat-traversal-02", FEATURE,
        TEXT("draft-stenberg-ipsec-nat-traversal-02")),
    ROW("6a7434c19d7e36348090a02334c9c805",
        "draft-huttunen-ipsec-esp-in-udp-00", FEATURE,
        TEXT("draft-huttunen-ipsec-esp-in-udp-00.txt")),
    ROW("50760f624c63e5c53eea386c685ca083", "ESPThruNAT", FEATURE, TEXT("ESPThruNAT")),
    /* features: RFC 3706, Wireshark, strongSwan */
    ROW("afcad71368a1f1c96b8696fc7757", "DPD (RFC 3706)", KIND(DPD), TEXT("CISCO-DEAD-PEER-DETECTION")),
    ROW("4048b7d56ebce88525e7de7f00d6c2d3",
        "IKE fragmentation", KIND(FRAGMENTATION), TEXT("FRAGMENTATION")),
    ROW("09002689dfd6b712", "XAUTH", KIND(XAUTH), TEXT("draft-ietf-ipsra-isakmp-xauth-06.txt")),
    ROW("621b04bb09882ac1e15935fefa24aeee", "GSS-API", KIND(GSS), TEXT("GSSAPI")),
    ROW("12f5f28c457168a9702d9fe274cc", "Cisco Unity", FEATURE, TEXT("CISCO-UNITY")),
    ROW("26244d38eddb61b3172a36e3d0cfb819",
        "Vid-Initial-Contact", FEATURE, TEXT("Vid-Initial-Contact")),
    ROW("e3a5966a76379fe707228231e5ce8652",
        "IKE CGA version 1", FEATURE, TEXT("IKE CGA version 1")),
    ROW("fb1de3cdf341b7ea16b7e5be0855f120",
        "MS-Negotiation Discovery Capable", FEATURE, TEXT("MS-Negotiation Discovery Capable")),
    ROW("214ca4faffa7f32d6748e5303395ae83", "MS-MamieExists", FEATURE, TEXT("MS-MamieExists")),
    ROW("72872b95fcda2eb708efe322119b4971", "NLBS_PRESENT", FEATURE, TEXT("NLBS_PRESENT")),
    ROW("434953434f2d44454c4554452d524541534f4e",
        "Cisco delete reason", FEATURE, TEXT("CISCO-DELETE-REASON")),
    ROW("464c455856504e2d535550504f52544544", "Cisco FlexVPN", FEATURE, TEXT("FLEXVPN-SUPPORTED")),
    ROW("434953434f2d44594e414d49432d524f555445",
        "Cisco dynamic route", FEATURE, TEXT("CISCO-DYNAMIC-ROUTE")),
    ROW("01528bbbc00696121849ab9a1c5b2a51", "unnamed vendor ID of Windows 8 and later", FEATURE),
    /* more features: Wireshark, ike-scan */
    ROW("42ea5b6f898d9773a575df26e7dd19e1",
        "draft-ietf-ipsec-nat-t-ike-09", FEATURE, TEXT("draft-ietf-ipsec-nat-t-ike-09")),
    ROW("c40fee00d5d39ddb1fc762e09b7cfea7",
        "Testing NAT-T RFC", FEATURE, TEXT("Testing NAT-T RFC")),
    ROW("810fa565f8ab14369105d706fbd57279", "RFC XXXX", FEATURE, TEXT("RFC XXXX")),
    ROW("ad2c0dd0b9c32083ccba25b8861ec455",
        "GSS-API", KIND(GSS), TEXT("A GSS-API Authentication Method for IKE")),
    ROW("b46d8914f3aaa3f2fedeb7c7db2943ca",
        "GSS-API", KIND(GSS), TEXT("A GSS-API Authentication Method for IKE\n")),
    ROW("ba290499c24e84e53a1d83a05e5f00c9",
        "Challenge/Response", FEATURE,
        TEXT("IKE Challenge/Response for Authenticated Cryptographic Keys")),
    ROW("0d33611a5d521b5e3c9c03d2fc107e12",
        "Challenge/Response", FEATURE,
        TEXT("IKE Challenge/Response for Authenticated Cryptographic Keys\n")),
    ROW("ad3251042cdc4652c9e0734ce5de4c7d",
        "Challenge/Response (revised)", FEATURE,
        TEXT("IKE Challenge/Response for Authenticated Cryptographic Keys (Revised)")),
    ROW("13f11823f966fa91900f024ba66a86ba",
        "Challenge/Response (revised)", FEATURE,
        TEXT("IKE Challenge/Response for Authenticated Cryptographic Keys (Revised)\n")),
    ROW("325df29a2319f2dd", "draft-krywaniuk-ipsec-antireplay-00", FEATURE),
    ROW("8db7a41811221660", "draft-ietf-ipsec-heartbeats-00", FEATURE),
    ROW("4865617274426561745f4e6f74696679", "Heartbeat Notify", FEATURE, TEXT("HeartBeat_Notify")),
    ROW("2d7922c6b301d9b0e1342739e9cfbbd5", "delete with reason", FEATURE),
    ROW("434953434f56504e2d5245562d3032", "Cisco VPN revision 2", FEATURE, TEXT("CISCOVPN-REV-02")),
    ROW("434953434f2d4752452d4d4f4445", "Cisco GRE mode", FEATURE, TEXT("CISCO-GRE-MODE")),
    ROW("031017e07f7a82e3aa6950c9999901", "CryptoPro GOST", FEATURE),
    ROW("4c53427b6d465d1b337bb755a37a7fef", "FortiClient Connect license", FEATURE),
    ROW("b4f01ca951e9da8d0bafbbd34ad3044e", "Fortinet Endpoint Control", FEATURE),
    ROW("ca4a4cbb12eab6c58c57067c2e653786", "Fortinet Auto-Discovery Receiver", FEATURE),
    ROW("9b15e65a871aff342666623ba5022e60", "Fortinet Auto-Discovery Sender", FEATURE),
    ROW("a58fec5036f57b21e8b499e336c76ee6", "Fortinet Exchange Interface IP", FEATURE),
    ROW("56494120417574682050726f66696c65203a20",
        "Aruba VIA authentication profile", FEATURE, TEXT("VIA Auth Profile : ")),
    ROW("4f70656e504750", "OpenPGP", FEATURE, TEXT("OpenPGP")),
    /* products: Wireshark, strongSwan, ike-scan */
    ROW("1e2b516905991c7d7c96fcbfb587e461", "Windows", KIND(WINDOWS),
        VERSION_IN(WINDOWS), TEXT("MS NT5 ISAKMPOAKLEY")),
    ROW("434953434f28434f5059524947485429", "Cisco", PRODUCT, TEXT("CISCO(COPYRIGHT)")),
    ROW("1f07f70eaa6514d3b0fa96542a500300", "Cisco VPN 3000 Concentrator 3.0.0", PRODUCT),
    ROW("1f07f70eaa6514d3b0fa96542a500301", "Cisco VPN 3000 Concentrator 3.0.1", PRODUCT),
    ROW("1f07f70eaa6514d3b0fa96542a500305", "Cisco VPN 3000 Concentrator 3.0.5", PRODUCT),
    ROW("1f07f70eaa6514d3b0fa96542a500407", "Cisco VPN 3000 Concentrator 4.0.7", PRODUCT),
    ROW("1f07f70eaa6514d3b0fa96542a50", "Cisco VPN gateway", PRODUCT, TEXT("ALTIGA GATEWAY")),
    ROW("f6f7efc7f5aeb8cb158cb9d094ba69e7",
        "Cisco VPN 3000 client", PRODUCT, TEXT("ALTIGA NETWORKS")),
    ROW("882fe56d6fd20dbc2251613b2ebe5beb", "strongSwan", PRODUCT, TEXT("strongSwan")),
    ROW("4f452d4c696272657377616e2d",
        "Libreswan", PRODUCT, TEXT("OE-Libreswan-"), VERSION_IN(TEXT)),
    ROW("4f452d4c69627265737761", "Libreswan", PRODUCT, TEXT("OE-Libreswa")),
    ROW("7003cbc1097dbe9c2600ba6983bc8b35", "KAME/racoon", PRODUCT, TEXT("KAME/racoon")),
    ROW("20a3622c1cea7ce37bee3ca484425276", "racoon of IPsec-Tools", PRODUCT, TEXT("IPSec-Tools")),
    ROW("f14b94b7bff1fef02773b8c49feded26", "Shrew Soft", PRODUCT),
    ROW("8299031757a36082c6a621de", "FortiGate", PRODUCT, TEXT("FORTIGATE"), VERSION_IN(FORTIGATE)),
    ROW("1d6e178f6c2c0be284985465450fe9d4", "FortiGate", PRODUCT),
    ROW("f4ed19e0c114eb516faaac0ee37daf2807b4381f",
        "Check Point", PRODUCT, VERSION_IN(CHECK_POINT)),
    /* strongSwan: both "Juniper SRX and Netscreen devices" send the first; "probably" of the second */
    ROW("699369228741c6d4ca094c93e242c9de19e7b7c6", "Juniper SRX or NetScreen", PRODUCT),
    ROW("fd808804df73b15150709d878044cde0ac1efcde", "probably Juniper SRX", PRODUCT),
    ROW("299ee8289f40a8973bc78687e2e7226b532c3b76", "Juniper NetScreen", PRODUCT),
    ROW("3a15e1f3cf2a63582e3ac82d1c64cbe3b6d779e7", "Juniper NetScreen", PRODUCT),
    ROW("47d2b126bfcd83489760e2cf8c5d4d5a03497c15", "Juniper NetScreen", PRODUCT),
    ROW("4a4340b543e02b84c88a8b96a8af9ebe77d9accc", "Juniper NetScreen", PRODUCT),
    ROW("64405f46f03b7660a23be116a1975058e69e8387", "Juniper NetScreen", PRODUCT),
    ROW("8c0dc6cf62a0ef1b5c6eabd1b67ba69866adf16a", "Juniper NetScreen", PRODUCT),
    ROW("92d27a9ecb31d99246986d3453d0c3d57a222a61", "Juniper NetScreen", PRODUCT),
    ROW("9b096d9ac3275a7d6fe8b91c583111b09efed1a0", "Juniper NetScreen", PRODUCT),
    ROW("bf03746108d746c904f1f3547de24f78479fed12", "Juniper NetScreen", PRODUCT),
    ROW("c2e80500f4cc5fbf5daaeed3bb59abaeee56c652", "Juniper NetScreen", PRODUCT),
    ROW("c8660a62b03b1b6130bf781608d32a6a8d0fb89f", "Juniper NetScreen", PRODUCT),
    ROW("f885da40b1e7a9abd17655ec5bbec0f21f0ed52e", "Juniper NetScreen", PRODUCT),
    ROW("2a2bcac19b8e91b426107807e02e7249569d6fd3", "Juniper NetScreen", PRODUCT),
    ROW("166f932d55eb64d8e4df4fd37e2313f0d0fd8451", "Juniper NetScreen", PRODUCT),
    ROW("a35bfd05ca1ac0b3d2f24e9e82bfcbff9c9e52b5", "Juniper NetScreen", PRODUCT),
    ROW("9436e8d67174ef9aed068d5ad5213f187a3f8ba6", "Juniper NetScreen", PRODUCT),
    ROW("5b362bc820f60001", "SonicWall", PRODUCT),
    ROW("5b362bc820f60002", "SonicWall", PRODUCT),
    ROW("5b362bc820f60003", "SonicWall", PRODUCT),
    ROW("5b362bc820f60005", "SonicWall", PRODUCT),
    ROW("5b362bc820f60006", "SonicWall", PRODUCT),
    ROW("5b362bc820f60007", "SonicWall", PRODUCT),
    ROW("5b362bc820f60008", "SonicWall", PRODUCT),
    ROW("5b362bc820f70001", "SonicWall", PRODUCT),
    ROW("404bf439522ca3f6", "SonicWall", PRODUCT),
    /* ike-scan: SonicWall and its client, "Safenet or Watchguard" */
    ROW("da8e9378", "SonicWall, SafeNet or WatchGuard", PRODUCT),
    ROW("47bbe7c993f1fc13b4e6d0db565c68e5", "SafeNet SoftRemote", PRODUCT),
    ROW("625027749d5ab97f5616c1602765cf480a3b7d0b", "ZyXEL ZyWALL", PRODUCT),
    ROW("b858d1addd08c1e8adafea150608aa4497aa6cc8", "ZyXEL ZyWALL router", PRODUCT),
    ROW("f758f22668750f03b08df6ebe1d0", "ZyXEL ZyWALL USG 100", PRODUCT),
    ROW("8404adf9cda05760b2ca292e4bff537b", "Sidewinder", PRODUCT),
    ROW("dbfb81eb5760b0788562067da102d755", "NETGEAR", PRODUCT, TEXT("NETGEAR")),
    ROW("ca3e2b854ba8030017dc1023a4fde2041f9f7463", "Aruba Remote AP", PRODUCT),
    ROW("3c8e70bdf9c7d74add53e4100915dc2e4bb51274", "Aruba Controller", PRODUCT),
    ROW("88f0e3149b3fa48b05aa7f685f0b766be186ccb8", "Aruba VIA client", PRODUCT),
    ROW("424e4553000000", "Nortel Contivity", PRODUCT, VERSION_IN(BYTE)),
    ROW("54494d4553544550", "TimeStep", PRODUCT, TEXT("TIMESTEP")),
    ROW("526170746f7220506f77657256706e20536572766572",
        "Symantec Raptor", PRODUCT, TEXT("Raptor PowerVpn Server")),
    ROW("c573b056d7faca36c2fba28374127cbf", "Stonesoft StoneGate", PRODUCT),
    ROW("baeb239037e17787d730eed9d95d48aa", "Stonesoft StoneGate", PRODUCT),
    ROW("4d6163204f53582031302e78", "Mac OS X 10.x", PRODUCT, TEXT("Mac OSX 10.x")),
#define VERSION(digest, product, made_of) ROW(digest, product, PRODUCT, TEXT(made_of)),
#include "ike_vendor.def"
#undef VERSION
    /* ike-scan: any other version of them; the rest of the ID is a digest */
    ROW("4f5357", "Openswan", PRODUCT, .length = 12),
    ROW("4f45", "FreeS/WAN, Openswan or Libreswan", PRODUCT, .length = 12),
};

/* ---- look-up ---- */

static bool has_prefix(const uint8_t *body, size_t length, const char *hex)
{
    for (size_t i = 0; hex[2 * i]; i++) {
        if (i == length ||
            body[i] != (g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1])))
            return false;
    }
    return true;
}

const ike_vendor *ike_vendor_find(const uint8_t *body, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(vendors); i++)
        if ((!vendors[i].length || vendors[i].length == length) &&
            has_prefix(body, length, vendors[i].id))
            return &vendors[i];
    return NULL;
}

const ike_vendor *ike_vendor_get(size_t number)
{
    return number < G_N_ELEMENTS(vendors) ? &vendors[number] : NULL;
}

size_t ike_vendor_id_length(const ike_vendor *vendor)
{
    return strlen(vendor->id) / 2;
}

/* ---- versions ---- */

typedef struct version_name {
    uint32_t number;
    const char *name;
} version_name;

static const char *version_find(const version_name *list, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].number == number)
            return list[i].name;
    return NULL;
}

/* Wireshark names 2 to 5, ike-scan 2 to 9. Which of a client and the server of the same kernel sent it
 * is not told: the sources do not agree. */
static const version_name windows[] = {
    { 2, "Windows 2000" },
    { 3, "Windows XP SP1" },
    { 4, "Windows XP SP2 or Server 2003" },
    { 5, "Windows Vista or Server 2008" },
    { 6, "Windows Vista or Server 2008" },
    { 7, "Windows 7 or Server 2008 R2" },
    { 8, "Windows 7 or Server 2008 R2" },
    { 9, "Windows 8 or later" },
};

static void append_windows(GString *out, const ike_vendor *vendor, const uint8_t *tail, size_t length)
{
    const uint32_t number = length >= 4 ? ike_be32(tail) : 0;
    const char *name = version_find(windows, G_N_ELEMENTS(windows), number);

    g_string_append(out, name ? name : vendor->name);
    if (length >= 4)
        g_string_append_printf(out, " (version %u)", number);
}

/* Wireshark: product, version, and a time, which only NGX and later fill in (ike-scan). */
static const version_name check_point_products[] = {
    { 1, "Firewall-1" },
    { 2, "SecuRemote/SecureClient" },
};
static const version_name check_point_versions[] = {
    { 2, "4.1" },
    { 3, "4.1 SP-1" },
    { 4002, "4.1 SP-2 or later" },
    { 5000, "NG" },
    { 5001, "NG FP1" },
    { 5002, "NG FP2" },
    { 5003, "NG FP3" },
    { 5004, "NG AI" },
    { 5005, "NG AI R55" },
    { 5006, "NG AI R56" },
};

static void append_check_point(GString *out, const ike_vendor *vendor, const uint8_t *tail,
                               size_t length)
{
    const char *product, *version;

    g_string_append(out, vendor->name);
    if (length < 12)
        return;
    product = version_find(check_point_products, G_N_ELEMENTS(check_point_products), ike_be32(tail));
    version = version_find(check_point_versions, G_N_ELEMENTS(check_point_versions),
                           ike_be32(tail + 4));
    if (ike_be32(tail + 8) != 0)
        version = "NGX or later";
    if (product)
        g_string_append_printf(out, " %s", product);
    if (version)
        g_string_append_printf(out, " %s", version);
}

/* Wireshark: release and build. */
static void append_fortigate(GString *out, const ike_vendor *vendor, const uint8_t *tail, size_t length)
{
    g_string_append(out, vendor->name);
    if (length >= 4 && ike_be32(tail) != 0)
        g_string_append_printf(out, " (release %u, build %u)", ike_be16(tail), ike_be16(tail + 2));
}

static void append_byte(GString *out, const ike_vendor *vendor, const uint8_t *tail, size_t length)
{
    g_string_append(out, vendor->name);
    if (length >= 1)
        g_string_append_printf(out, " (version %u)", tail[0]);
}

static void append_text(GString *out, const ike_vendor *vendor, const uint8_t *tail, size_t length)
{
    size_t n = 0;

    while (n < length && g_ascii_isgraph(tail[n]))
        n++;
    g_string_append(out, vendor->name);
    if (n && n == length)
        g_string_append_printf(out, " %.*s", (int)n, (const char *)tail);
}

static void append_name(GString *out, const ike_vendor *vendor, const uint8_t *tail, size_t length)
{
    (void)tail;
    (void)length;
    g_string_append(out, vendor->name);
}

void ike_vendor_append(GString *out, const ike_vendor *vendor, const uint8_t *tail, size_t length)
{
    static void (*const append[])(GString *, const ike_vendor *, const uint8_t *, size_t) = {
        [IKE_VERSION_NONE] = append_name,           [IKE_VERSION_WINDOWS] = append_windows,
        [IKE_VERSION_CHECK_POINT] = append_check_point,
        [IKE_VERSION_FORTIGATE] = append_fortigate, [IKE_VERSION_BYTE] = append_byte,
        [IKE_VERSION_TEXT] = append_text,
    };

    append[vendor->version](out, vendor, tail, length);
}
