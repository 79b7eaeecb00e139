/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Numbers of the protocols and the names the RFCs give them. Every function that returns a name
 * returns NULL for a number without one; names are static strings.
 */
#ifndef IKE_NAMES_H
#define IKE_NAMES_H

#include "ike_base.h"

enum { /* payload types: RFC 2408 3.1, RFC 3947, MS-IKEE, MS-AIPS; from 33 on RFC 7296 3.2 */
    IKE_PL_NONE = 0,
    IKE_PL_SA = 1,
    IKE_PL_PROPOSAL = 2,
    IKE_PL_TRANSFORM = 3,
    IKE_PL_KE = 4,
    IKE_PL_ID = 5,
    IKE_PL_CERT = 6,
    IKE_PL_CERTREQ = 7,
    IKE_PL_HASH = 8,
    IKE_PL_SIG = 9,
    IKE_PL_NONCE = 10,
    IKE_PL_NOTIFY = 11,
    IKE_PL_DELETE = 12,
    IKE_PL_VID = 13,
    IKE_PL_CONFIG = 14, /* attributes of Mode-Config and XAUTH */
    IKE_PL_NATD_DRAFT_04 = 15, /* drafts 04 to 08; elsewhere GDOI's SA KEK */
    IKE_PL_NATD = 20,
    IKE_PL_NATOA = 21,
    IKE_PL_V2_SA = 33,
    IKE_PL_V2_KE = 34,
    IKE_PL_V2_IDI = 35,
    IKE_PL_V2_IDR = 36,
    IKE_PL_V2_CERT = 37,
    IKE_PL_V2_AUTH = 39,
    IKE_PL_V2_NONCE = 40,
    IKE_PL_V2_NOTIFY = 41,
    IKE_PL_V2_DELETE = 42,
    IKE_PL_V2_VID = 43,
    IKE_PL_V2_TSI = 44,
    IKE_PL_V2_TSR = 45,
    IKE_PL_V2_SK = 46,
    IKE_PL_V2_CONFIG = 47,
    IKE_PL_V2_EAP = 48,
    IKE_PL_V2_SKF = 53,
    IKE_PL_GSS = 129,
    IKE_PL_NATD_DRAFT_00 = 130,
    IKE_PL_FRAGMENT = 132,
    IKE_PL_AUTHIP_CRYPTO = 133
};

enum { /* exchange types: RFC 2408 3.1, RFC 2409, Mode-Config draft, MS-AIPS, RFC 7296 3.1 and later */
    IKE_XCHG_BASE = 1,
    IKE_XCHG_MAIN = 2,
    IKE_XCHG_AUTH_ONLY = 3,
    IKE_XCHG_AGGRESSIVE = 4,
    IKE_XCHG_INFO = 5,
    IKE_XCHG_TRANSACTION = 6,
    IKE_XCHG_QUICK = 32,
    IKE_XCHG_NEW_GROUP = 33,
    IKE_XCHG_V2_SA_INIT = 34,
    IKE_XCHG_V2_AUTH = 35,
    IKE_XCHG_V2_CREATE_CHILD = 36,
    IKE_XCHG_V2_INFO = 37,
    IKE_XCHG_V2_RESUME = 38,
    IKE_XCHG_V2_INTERMEDIATE = 43,
    IKE_XCHG_V2_FOLLOWUP_KE = 44,
    IKE_XCHG_AUTHIP_MAIN = 243,
    IKE_XCHG_AUTHIP_QUICK = 244,
    IKE_XCHG_AUTHIP_EXTENDED = 245,
    IKE_XCHG_AUTHIP_NOTIFY = 246
};

enum { /* header flags: RFC 2408 3.1, RFC 7296 3.1 */
    IKE_FLAG_ENCRYPTED = 0x01,
    IKE_FLAG_COMMIT = 0x02,
    IKE_FLAG_AUTH_ONLY = 0x04,
    IKE_FLAG_V2_INITIATOR = 0x08,
    IKE_FLAG_V2_VERSION = 0x10,
    IKE_FLAG_V2_RESPONSE = 0x20
};

enum { /* IKEv1 phase 1 attributes: RFC 2409 appendix A */
    IKE_ATTR_ENCRYPTION = 1,
    IKE_ATTR_HASH = 2,
    IKE_ATTR_AUTH = 3,
    IKE_ATTR_GROUP = 4,
    IKE_ATTR_LIFE_TYPE = 11,
    IKE_ATTR_LIFE_DURATION = 12,
    IKE_ATTR_PRF = 13,
    IKE_ATTR_KEY_LENGTH = 14
};

enum { /* notify types of IKEv1: RFC 2408 3.14.1 */
    IKE_NOTIFY_INVALID_COOKIE = 4,
    IKE_NOTIFY_INVALID_MAJOR_VERSION = 5,
    IKE_NOTIFY_INVALID_MINOR_VERSION = 6,
    IKE_NOTIFY_NO_PROPOSAL_CHOSEN = 14,
    IKE_NOTIFY_INVALID_KEY_INFORMATION = 17,
    IKE_NOTIFY_INVALID_ID_INFORMATION = 18,
    IKE_NOTIFY_INVALID_CERTIFICATE = 20,
    IKE_NOTIFY_AUTHENTICATION_FAILED = 24,
    IKE_NOTIFY_INVALID_SIGNATURE = 25,
    IKE_NOTIFY_RESPONDER_LIFETIME = 24576, /* RFC 2407 4.6.3.1 */
    IKE_NOTIFY_R_U_THERE = 36136,          /* RFC 3706 5.2 */
    IKE_NOTIFY_R_U_THERE_ACK = 36137
};

enum { /* IKEv2 notify types that tracking reads: RFC 7296 3.10.1 and the RFCs in ike_sa.h */
    IKE_NOTIFY_V2_INVALID_IKE_SPI = 4,
    IKE_NOTIFY_V2_INVALID_MAJOR_VERSION = 5,
    IKE_NOTIFY_V2_INVALID_SPI = 11,
    IKE_NOTIFY_V2_NO_PROPOSAL_CHOSEN = 14,
    IKE_NOTIFY_V2_INVALID_KE_PAYLOAD = 17,
    IKE_NOTIFY_V2_AUTHENTICATION_FAILED = 24,
    IKE_NOTIFY_V2_NO_ADDITIONAL_SAS = 35,
    IKE_NOTIFY_V2_TS_UNACCEPTABLE = 38,
    IKE_NOTIFY_V2_TEMPORARY_FAILURE = 43,
    IKE_NOTIFY_V2_CHILD_SA_NOT_FOUND = 44,
    IKE_NOTIFY_V2_LAST_ERROR = 16383,
    IKE_NOTIFY_V2_NAT_SOURCE = 16388,
    IKE_NOTIFY_V2_NAT_DESTINATION = 16389,
    IKE_NOTIFY_V2_COOKIE = 16390,
    IKE_NOTIFY_V2_USE_TRANSPORT_MODE = 16391,
    IKE_NOTIFY_V2_REKEY_SA = 16393,
    IKE_NOTIFY_V2_MULTIPLE_AUTH = 16404,
    IKE_NOTIFY_V2_ANOTHER_AUTH_FOLLOWS = 16405,
    IKE_NOTIFY_V2_REDIRECT_SUPPORTED = 16406,
    IKE_NOTIFY_V2_REDIRECT = 16407,
    IKE_NOTIFY_V2_REDIRECTED_FROM = 16408,
    IKE_NOTIFY_V2_TICKET_NACK = 16412,
    IKE_NOTIFY_V2_CHILDLESS = 16418,
    IKE_NOTIFY_V2_FRAGMENTATION = 16430,
    IKE_NOTIFY_V2_SIGNATURE_HASHES = 16431,
    IKE_NOTIFY_V2_USE_PPK = 16435,
    IKE_NOTIFY_V2_INTERMEDIATE = 16438
};

enum { IKE_PROTOCOL_ISAKMP = 1, IKE_PROTOCOL_AH = 2, IKE_PROTOCOL_ESP = 3 }; /* RFC 2407 4.4.1, RFC 7296 3.3.1 */

enum { IKE_HASH_MD5 = 1, IKE_HASH_SHA1 = 2, IKE_HASH_SHA256 = 4, IKE_HASH_SHA384 = 5,
       IKE_HASH_SHA512 = 6 };

enum { IKE_AUTH_PSK = 1, IKE_AUTH_RSA_ENCRYPTION = 4, IKE_AUTH_REVISED_RSA_ENCRYPTION = 5,
       IKE_AUTH_XAUTH_PSK_OR_GSS = 65001 };

typedef struct ike_name {
    uint32_t value;
    const char *name;
} ike_name;

/* Name of a value in a table closed by a row without a name, or NULL. */
const char *ike_name_find(const ike_name *table, unsigned value);

/* The whole tables, closed by a row without a name, for the value_string arrays of the adapter. */
extern const ike_name ike_exchange_names[];

const char *ike_exchange_name(unsigned exchange);
/* Short names of payloads as the RFCs write them: "SA", "KE", "NAT-D". */
const char *ike_payload_name(unsigned type);
/* Notify types of IKEv1 (RFC 2408 3.14.1, RFC 2407 4.6.3, RFC 3706) or IKEv2 (RFC 7296 3.10.1). */
const char *ike_notify_name(unsigned version, unsigned type);
/* Appends the name of a notify type, or its number, to a list. */
void ike_notify_append(GString *list, unsigned version, unsigned type);
const char *ike_encryption_name(unsigned value);
const char *ike_hash_name(unsigned value);
/* `is_gss` decides what 65001 means: XAUTH with PSK, or Microsoft's GSS-API. */
const char *ike_auth_name(unsigned value, bool is_gss);
/* Authentication methods of IKEv2 (RFC 7296 3.8, RFC 7427). */
const char *ike_v2_auth_name(unsigned value);
/* Bytes of a block of an IKEv1 cipher and of the output of a hash; 0 when unknown. */
unsigned ike_encryption_block(unsigned value);
unsigned ike_hash_length(unsigned value);
/* Diffie-Hellman groups and other key exchange methods of IKEv1 and IKEv2. */
const char *ike_group_name(unsigned value);
/* Appends it, or "group 99" for one without a name. */
void ike_group_append(GString *out, unsigned value);
/* Bits of security of a group as NIST SP 800-57 part 1 rev. 5, table 2 has them; 0 for one not in it. */
unsigned ike_group_strength(unsigned group);
/* Signature hash algorithms (RFC 7427 7, RFC 8420 2). */
const char *ike_signature_hash_name(unsigned value);
/* Bytes of a public value of this group (RFC 2409 6, 3526, 5903, 5114, 8031); 0 when unknown. */
unsigned ike_group_ke_length(unsigned group);

typedef struct ike_vendor {
    const char *id;    /* hexadecimal: a vendor ID begins with these bytes */
    uint8_t length;    /* of a whole vendor ID; 0: any */
    const char *name;
    const char *text;  /* whose digest or bytes `id` is, or NULL: not public */
    uint8_t kind;      /* enum ike_vendor_kind */
    uint8_t version;   /* enum ike_vendor_version */
    uint8_t nat_rank;  /* of IKE_VENDOR_NATT: the higher is preferred (RFC 3947 3.1) */
    uint8_t natd_type; /* of IKE_VENDOR_NATT: payload type of NAT-D */
    bool floats;       /* of IKE_VENDOR_NATT: moves to port 4500 */
} ike_vendor;

enum ike_vendor_kind { IKE_VENDOR_PRODUCT, IKE_VENDOR_FEATURE, IKE_VENDOR_NATT, IKE_VENDOR_XAUTH,
                       IKE_VENDOR_GSS, IKE_VENDOR_DPD, IKE_VENDOR_FRAGMENTATION,
                       IKE_VENDOR_WINDOWS };

/* What the bytes behind `id` tell of the version. */
enum ike_vendor_version { IKE_VERSION_NONE, IKE_VERSION_WINDOWS, IKE_VERSION_CHECK_POINT,
                          IKE_VERSION_FORTIGATE, IKE_VERSION_BYTE, IKE_VERSION_TEXT };

#define IKE_VENDOR_TAIL 20 /* bytes behind `id` that are looked at */

/* Looks up a vendor ID payload's body; NULL when unknown. */
const ike_vendor *ike_vendor_find(const uint8_t *body, size_t length);
/* Bytes of `id`: what is behind them tells the version. */
size_t ike_vendor_id_length(const ike_vendor *vendor);
/* Appends the product, and its version as far as the bytes behind `id` tell it. */
void ike_vendor_append(GString *out, const ike_vendor *vendor, const uint8_t *tail, size_t length);
/* Row of the table by number, or NULL behind the last; for tests. */
const ike_vendor *ike_vendor_get(size_t number);

#endif
