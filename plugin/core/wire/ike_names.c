/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_names.h"

/* IANA "Internet Key Exchange (IKE) Attributes" and "IKEv2 Parameters" unless a row says otherwise. */

const ike_name ike_exchange_names[] = {
    { IKE_XCHG_BASE, "Base" },
    { IKE_XCHG_MAIN, "Main Mode" },
    { IKE_XCHG_AUTH_ONLY, "Authentication Only" },
    { IKE_XCHG_AGGRESSIVE, "Aggressive Mode" },
    { IKE_XCHG_INFO, "Informational" },
    { IKE_XCHG_TRANSACTION, "Transaction" },
    { IKE_XCHG_QUICK, "Quick Mode" },
    { IKE_XCHG_NEW_GROUP, "New Group Mode" },
    { IKE_XCHG_V2_SA_INIT, "IKE_SA_INIT" },
    { IKE_XCHG_V2_AUTH, "IKE_AUTH" },
    { IKE_XCHG_V2_CREATE_CHILD, "CREATE_CHILD_SA" },
    { IKE_XCHG_V2_INFO, "INFORMATIONAL" },
    { IKE_XCHG_V2_RESUME, "IKE_SESSION_RESUME" },
    { IKE_XCHG_V2_INTERMEDIATE, "IKE_INTERMEDIATE" },
    { IKE_XCHG_V2_FOLLOWUP_KE, "IKE_FOLLOWUP_KE" },
    { IKE_XCHG_AUTHIP_MAIN, "AuthIP Main Mode" },
    { IKE_XCHG_AUTHIP_QUICK, "AuthIP Quick Mode" },
    { IKE_XCHG_AUTHIP_EXTENDED, "AuthIP Extended Mode" },
    { IKE_XCHG_AUTHIP_NOTIFY, "AuthIP Notify" },
    { 247, "AuthIP 247 (undocumented)" },
    { 0, NULL },
};

static const ike_name notify_v1_names[] = {
    { 1, "INVALID-PAYLOAD-TYPE" },
    { 2, "DOI-NOT-SUPPORTED" },
    { 3, "SITUATION-NOT-SUPPORTED" },
    { 4, "INVALID-COOKIE" },
    { 5, "INVALID-MAJOR-VERSION" },
    { 6, "INVALID-MINOR-VERSION" },
    { 7, "INVALID-EXCHANGE-TYPE" },
    { 8, "INVALID-FLAGS" },
    { 9, "INVALID-MESSAGE-ID" },
    { 10, "INVALID-PROTOCOL-ID" },
    { 11, "INVALID-SPI" },
    { 12, "INVALID-TRANSFORM-ID" },
    { 13, "ATTRIBUTES-NOT-SUPPORTED" },
    { 14, "NO-PROPOSAL-CHOSEN" },
    { 15, "BAD-PROPOSAL-SYNTAX" },
    { 16, "PAYLOAD-MALFORMED" },
    { 17, "INVALID-KEY-INFORMATION" },
    { 18, "INVALID-ID-INFORMATION" },
    { 19, "INVALID-CERT-ENCODING" },
    { 20, "INVALID-CERTIFICATE" },
    { 21, "CERT-TYPE-UNSUPPORTED" },
    { 22, "INVALID-CERT-AUTHORITY" },
    { 23, "INVALID-HASH-INFORMATION" },
    { 24, "AUTHENTICATION-FAILED" },
    { 25, "INVALID-SIGNATURE" },
    { 26, "ADDRESS-NOTIFICATION" },
    { 27, "NOTIFY-SA-LIFETIME" },
    { 28, "CERTIFICATE-UNAVAILABLE" },
    { 29, "UNSUPPORTED-EXCHANGE-TYPE" },
    { 30, "UNEQUAL-PAYLOAD-LENGTHS" },
    { 12345, "MS-STATUS" }, /* Microsoft: four bytes of Win32 error code */
    { 16384, "CONNECTED" },
    { 24576, "RESPONDER-LIFETIME" },
    { 24577, "REPLAY-STATUS" },
    { 24578, "INITIAL-CONTACT" },
    { 36136, "R-U-THERE" },
    { 36137, "R-U-THERE-ACK" },
    { 0, NULL },
};

static const ike_name notify_v2_names[] = {
    { 1, "UNSUPPORTED_CRITICAL_PAYLOAD" },
    { 4, "INVALID_IKE_SPI" },
    { 5, "INVALID_MAJOR_VERSION" },
    { 7, "INVALID_SYNTAX" },
    { 9, "INVALID_MESSAGE_ID" },
    { 11, "INVALID_SPI" },
    { 14, "NO_PROPOSAL_CHOSEN" },
    { 17, "INVALID_KE_PAYLOAD" },
    { 24, "AUTHENTICATION_FAILED" },
    { 34, "SINGLE_PAIR_REQUIRED" },
    { 35, "NO_ADDITIONAL_SAS" },
    { 36, "INTERNAL_ADDRESS_FAILURE" },
    { 37, "FAILED_CP_REQUIRED" },
    { 38, "TS_UNACCEPTABLE" },
    { 39, "INVALID_SELECTORS" },
    { 40, "UNACCEPTABLE_ADDRESSES" },
    { 41, "UNEXPECTED_NAT_DETECTED" },
    { 42, "USE_ASSIGNED_HoA" },
    { 43, "TEMPORARY_FAILURE" },
    { 44, "CHILD_SA_NOT_FOUND" },
    { 45, "INVALID_GROUP_ID" },
    { 46, "AUTHORIZATION_FAILED" },
    { 47, "STATE_NOT_FOUND" },
    { 16384, "INITIAL_CONTACT" },
    { 16385, "SET_WINDOW_SIZE" },
    { 16386, "ADDITIONAL_TS_POSSIBLE" },
    { 16387, "IPCOMP_SUPPORTED" },
    { 16388, "NAT_DETECTION_SOURCE_IP" },
    { 16389, "NAT_DETECTION_DESTINATION_IP" },
    { 16390, "COOKIE" },
    { 16391, "USE_TRANSPORT_MODE" },
    { 16392, "HTTP_CERT_LOOKUP_SUPPORTED" },
    { 16393, "REKEY_SA" },
    { 16394, "ESP_TFC_PADDING_NOT_SUPPORTED" },
    { 16395, "NON_FIRST_FRAGMENTS_ALSO" },
    { 16396, "MOBIKE_SUPPORTED" },
    { 16397, "ADDITIONAL_IP4_ADDRESS" },
    { 16398, "ADDITIONAL_IP6_ADDRESS" },
    { 16399, "NO_ADDITIONAL_ADDRESSES" },
    { 16400, "UPDATE_SA_ADDRESSES" },
    { 16401, "COOKIE2" },
    { 16402, "NO_NATS_ALLOWED" },
    { 16403, "AUTH_LIFETIME" },
    { 16404, "MULTIPLE_AUTH_SUPPORTED" },
    { 16405, "ANOTHER_AUTH_FOLLOWS" },
    { 16406, "REDIRECT_SUPPORTED" },
    { 16407, "REDIRECT" },
    { 16408, "REDIRECTED_FROM" },
    { 16409, "TICKET_LT_OPAQUE" },
    { 16410, "TICKET_REQUEST" },
    { 16411, "TICKET_ACK" },
    { 16412, "TICKET_NACK" },
    { 16413, "TICKET_OPAQUE" },
    { 16414, "LINK_ID" },
    { 16415, "USE_WESP_MODE" },
    { 16416, "ROHC_SUPPORTED" },
    { 16417, "EAP_ONLY_AUTHENTICATION" },
    { 16418, "CHILDLESS_IKEV2_SUPPORTED" },
    { 16419, "QUICK_CRASH_DETECTION" },
    { 16420, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED" },
    { 16421, "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED" },
    { 16422, "IKEV2_MESSAGE_ID_SYNC" },
    { 16423, "IPSEC_REPLAY_COUNTER_SYNC" },
    { 16424, "SECURE_PASSWORD_METHODS" },
    { 16425, "PSK_PERSIST" },
    { 16426, "PSK_CONFIRM" },
    { 16427, "ERX_SUPPORTED" },
    { 16428, "IFOM_CAPABILITY" },
    { 16429, "SENDER_REQUEST_ID" },
    { 16430, "IKEV2_FRAGMENTATION_SUPPORTED" },
    { 16431, "SIGNATURE_HASH_ALGORITHMS" },
    { 16432, "CLONE_IKE_SA_SUPPORTED" },
    { 16433, "CLONE_IKE_SA" },
    { 16434, "PUZZLE" },
    { 16435, "USE_PPK" },
    { 16436, "PPK_IDENTITY" },
    { 16437, "NO_PPK_AUTH" },
    { 16438, "INTERMEDIATE_EXCHANGE_SUPPORTED" },
    { 16439, "IP4_ALLOWED" },
    { 16440, "IP6_ALLOWED" },
    { 16441, "ADDITIONAL_KEY_EXCHANGE" },
    { 16442, "USE_AGGFRAG" },
    { 16443, "SUPPORTED_AUTH_METHODS" },
    { 0, NULL },
};

static const ike_name signature_hash_names[] = {
    { 1, "SHA1" },     { 2, "SHA2-256" }, { 3, "SHA2-384" }, { 4, "SHA2-512" },
    { 5, "Identity" }, { 6, "Streebog-256" }, { 7, "Streebog-512" }, { 0, NULL },
};

static const ike_name encryption_names[] = {
    { 1, "DES-CBC" },   { 2, "IDEA-CBC" }, { 3, "Blowfish-CBC" },  { 4, "RC5-R16-B64-CBC" },
    { 5, "3DES-CBC" },  { 6, "CAST-CBC" }, { 7, "AES-CBC" },       { 8, "CAMELLIA-CBC" },
    { 65001, "Serpent-CBC" },              { 65004, "Serpent-CBC" }, { 65005, "Twofish-CBC" },
    { 0, NULL },
};

static const ike_name hash_names[] = {
    { 1, "MD5" },      { 2, "SHA1" },     { 3, "Tiger" }, { 4, "SHA2-256" },
    { 5, "SHA2-384" }, { 6, "SHA2-512" }, { 0, NULL },
};

static const ike_name auth_names[] = {
    { 1, "pre-shared key" },
    { 2, "DSS signatures" },
    { 3, "RSA signatures" },
    { 4, "RSA encryption" },
    { 5, "revised RSA encryption" },
    { 8, "ECDSA signatures" },
    { 9, "ECDSA-256" },
    { 10, "ECDSA-384" },
    { 11, "ECDSA-521" },
    { 64221, "hybrid, RSA signatures (initiator)" },
    { 64222, "hybrid, RSA signatures (responder)" },
    { 64223, "hybrid, DSS signatures (initiator)" },
    { 64224, "hybrid, DSS signatures (responder)" },
    { 65001, "XAUTH, pre-shared key (initiator)" },
    { 65002, "XAUTH, pre-shared key (responder)" },
    { 65003, "XAUTH, DSS signatures (initiator)" },
    { 65004, "XAUTH, DSS signatures (responder)" },
    { 65005, "XAUTH, RSA signatures (initiator)" },
    { 65006, "XAUTH, RSA signatures (responder)" },
    { 65007, "XAUTH, RSA encryption (initiator)" },
    { 65008, "XAUTH, RSA encryption (responder)" },
    { 65009, "XAUTH, revised RSA encryption (initiator)" },
    { 65010, "XAUTH, revised RSA encryption (responder)" },
    { 0, NULL },
};

static const struct {
    uint16_t group;
    uint16_t ke_length;
    const char *name;
} groups[] = {
    { 1, 96, "group 1 (MODP-768)" },      { 2, 128, "group 2 (MODP-1024)" },
    { 5, 192, "group 5 (MODP-1536)" },    { 14, 256, "group 14 (MODP-2048)" },
    { 15, 384, "group 15 (MODP-3072)" },  { 16, 512, "group 16 (MODP-4096)" },
    { 17, 768, "group 17 (MODP-6144)" },  { 18, 1024, "group 18 (MODP-8192)" },
    { 19, 64, "group 19 (ECP-256)" },     { 20, 96, "group 20 (ECP-384)" },
    { 21, 132, "group 21 (ECP-521)" },    { 22, 128, "group 22 (MODP-1024-160)" },
    { 23, 256, "group 23 (MODP-2048-224)" }, { 24, 256, "group 24 (MODP-2048-256)" },
    { 25, 48, "group 25 (ECP-192)" },     { 26, 56, "group 26 (ECP-224)" },
    { 27, 56, "group 27 (Brainpool-224)" }, { 28, 64, "group 28 (Brainpool-256)" },
    { 29, 96, "group 29 (Brainpool-384)" }, { 30, 128, "group 30 (Brainpool-512)" },
    { 31, 32, "group 31 (Curve25519)" },  { 32, 56, "group 32 (Curve448)" },
    /* of another length in either direction: ike_v2_ke_length */
    { 35, 0, "ML-KEM-512" }, { 36, 0, "ML-KEM-768" }, { 37, 0, "ML-KEM-1024" },
};

const char *ike_name_find(const ike_name *table, unsigned value)
{
    for (; table->name; table++)
        if (table->value == value)
            return table->name;
    return NULL;
}

const char *ike_exchange_name(unsigned exchange) { return ike_name_find(ike_exchange_names, exchange); }
const char *ike_encryption_name(unsigned value) { return ike_name_find(encryption_names, value); }
const char *ike_hash_name(unsigned value) { return ike_name_find(hash_names, value); }

unsigned ike_encryption_block(unsigned value)
{
    return !ike_encryption_name(value) ? 0 : value < 7 ? 8 : 16; /* up to CAST: 64 bits */
}

unsigned ike_hash_length(unsigned value)
{
    switch (value) {
    case IKE_HASH_MD5: return 16;
    case IKE_HASH_SHA1: return 20;
    case IKE_HASH_SHA256: return 32;
    case IKE_HASH_SHA384: return 48;
    case IKE_HASH_SHA512: return 64;
    default: return 0;
    }
}

const char *ike_signature_hash_name(unsigned value)
{
    return ike_name_find(signature_hash_names, value);
}

const char *ike_notify_name(unsigned version, unsigned type)
{
    return ike_name_find(version == 2 ? notify_v2_names : notify_v1_names, type);
}

void ike_notify_append(GString *list, unsigned version, unsigned type)
{
    const char *name = ike_notify_name(version, type);

    if (list->len)
        g_string_append(list, ", ");
    if (name)
        g_string_append(list, name);
    else
        g_string_append_printf(list, "%u", type);
}

static const ike_name v2_auth_names[] = { /* IANA "IKEv2 Authentication Method" */
    { 1, "RSA signature" },       { 2, "pre-shared key" }, { 3, "DSS signature" },
    { 9, "ECDSA with SHA-256" },  { 10, "ECDSA with SHA-384" }, { 11, "ECDSA with SHA-512" },
    { 12, "secure password" },    { 13, "none (NULL)" },   { 14, "digital signature" },
    { 0, NULL },
};

const char *ike_v2_auth_name(unsigned value)
{
    return ike_name_find(v2_auth_names, value);
}

const char *ike_auth_name(unsigned value, bool is_gss)
{
    return is_gss && value == IKE_AUTH_XAUTH_PSK_OR_GSS ? "Kerberos (GSS-API)"
                                                        : ike_name_find(auth_names, value);
}

const char *ike_group_name(unsigned value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
        if (groups[i].group == value)
            return groups[i].name;
    return NULL;
}

void ike_group_append(GString *out, unsigned value)
{
    if (ike_group_name(value))
        g_string_append(out, ike_group_name(value));
    else
        g_string_append_printf(out, "group %u", value);
}

static const struct {
    uint16_t group, bits;
} strengths[] = {
    { 2, 80 },   { 14, 112 }, { 15, 128 }, { 19, 128 }, { 20, 192 }, { 21, 256 }, { 22, 80 },
    { 23, 112 }, { 24, 112 }, { 26, 112 }, { 28, 128 }, { 29, 192 }, { 30, 256 }, { 31, 128 },
};

unsigned ike_group_strength(unsigned group)
{
    for (size_t i = 0; i < G_N_ELEMENTS(strengths); i++)
        if (strengths[i].group == group)
            return strengths[i].bits;
    return 0;
}

unsigned ike_group_ke_length(unsigned group)
{
    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
        if (groups[i].group == group)
            return groups[i].ke_length;
    return 0;
}

/* RFC 2408 3.1, RFC 2407, RFC 3947 6, RFC 7296 3.2, RFC 7383 2.5, MS-IKEE 2.2, MS-AIPS 2.2 */
static const ike_name payload_names[] = {
    { 1, "SA" },        { 2, "P" },         { 3, "T" },         { 4, "KE" },        { 5, "ID" },
    { 6, "CERT" },      { 7, "CERTREQ" },   { 8, "HASH" },      { 9, "SIG" },       { 10, "NONCE" },
    { 11, "NOTIFY" },   { 12, "DELETE" },   { 13, "VID" },      { 14, "ATTR" },     { 15, "NAT-D" },
    { 16, "NAT-OA" },   { 20, "NAT-D" },    { 21, "NAT-OA" },   { 33, "SA" },       { 34, "KE" },
    { 35, "IDi" },      { 36, "IDr" },      { 37, "CERT" },     { 38, "CERTREQ" },  { 39, "AUTH" },
    { 40, "NONCE" },    { 41, "NOTIFY" },   { 42, "DELETE" },   { 43, "VID" },      { 44, "TSi" },
    { 45, "TSr" },      { 46, "SK" },       { 47, "CP" },       { 48, "EAP" },      { 49, "GSPM" },
    { 53, "SKF" },      { 54, "PS" },       { 129, "GSS" },     { 130, "NAT-D" },   { 131, "NAT-OA" },
    { 132, "FRAGMENT" }, { 133, "CRYPTO" }, { 0, NULL },
};

const char *ike_payload_name(unsigned type)
{
    return ike_name_find(payload_names, type);
}
