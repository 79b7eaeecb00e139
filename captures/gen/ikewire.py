# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds IKEv1 and AuthIP messages: the ISAKMP header, payloads, fragments, ESP.

A message in clear is a list of payloads, a payload a pair (type, body):

    payloads = [sa_payload([transform(1, ...)]), vendor("RFC 3947")]
    data = clear_message(cky_i, cky_r, MAIN_MODE, payloads)

An encrypted message has a body of pseudo-random bytes whose length is that of the real thing: nobody holds
the key. Randomness comes from Rng, which yields the same bytes for the same seed on every machine.
"""
import hashlib
import struct

import netwire

# Exchange types
BASE_MODE, MAIN_MODE, AGGRESSIVE, INFORMATIONAL, TRANSACTION, QUICK_MODE, NEW_GROUP = 1, 2, 4, 5, 6, 32, 33
AUTHIP_MM, AUTHIP_QM, AUTHIP_EM, AUTHIP_NOTIFY = 243, 244, 245, 246

# Header flags
ENCRYPTED, COMMIT = 1, 2

# Payload types
SA, KE, ID, CERT, CERTREQ, HASH, NONCE, NOTIFY, DELETE, VENDOR = 1, 4, 5, 6, 7, 8, 10, 11, 12, 13
NATD, GSS, NATD_DRAFT, FRAGMENT, CRYPTO = 20, 129, 130, 132, 133

# Values of the attributes encryption, hash and authentication method
DES_CBC, TRIPLE_DES, CAST, AES_CBC = 1, 5, 6, 7
MD5, SHA1, SHA256 = 1, 2, 4
PSK, RSA_SIGNATURE, RSA_ENCRYPTION, RSA_REVISED, GSS_KERBEROS = 1, 3, 4, 5, 65001

# Notify types
INVALID_COOKIE, INVALID_MAJOR_VERSION, INVALID_FLAGS, INVALID_MESSAGE_ID = 4, 5, 8, 9
NO_PROPOSAL_CHOSEN, INVALID_KEY_INFORMATION, INVALID_ID_INFORMATION = 14, 17, 18
INVALID_CERTIFICATE, INVALID_HASH_INFORMATION, AUTHENTICATION_FAILED = 20, 23, 24

KE_LENGTH = {1: 96, 2: 128, 5: 192, 14: 256, 15: 384, 16: 512, 19: 64, 20: 96}
BLOCK_LENGTH = {DES_CBC: 8, TRIPLE_DES: 8, CAST: 8, AES_CBC: 16}
HASH_FUNCTION = {MD5: hashlib.md5, SHA1: hashlib.sha1, SHA256: hashlib.sha256}

VENDOR_IDS = {
    "MS NT5 ISAKMPOAKLEY 4": "1e2b516905991c7d7c96fcbfb587e46100000004",  # Windows XP SP2, Server 2003
    "MS NT5 ISAKMPOAKLEY 8": "1e2b516905991c7d7c96fcbfb587e46100000008",  # Windows 7
    "RFC 3947": "4a131c81070358455c5728f20e95452f",
    "draft-02\\n": "90cb80913ebb696e086381b5ec427b1f",
    "FRAGMENTATION": "4048b7d56ebce88525e7de7f00d6c2d3",
    "DPD": "afcad71368a1f1c96b8696fc77570100",
    "XAUTH": "09002689dfd6b712",
    "GSSAPI": "621b04bb09882ac1e15935fefa24aeee",
    "Vid-Initial-Contact": "26244d38eddb61b3172a36e3d0cfb819",
    "MS-MamieExists": "214ca4faffa7f32d6748e5303395ae83",
    "MS-Negotiation Discovery Capable": "fb1de3cdf341b7ea16b7e5be0855f120",
    "IKE CGA version 1": "e3a5966a76379fe707228231e5ce8652",
    "MS NT5 ISAKMPOAKLEY 9": "1e2b516905991c7d7c96fcbfb587e46100000009",  # Windows 8 or later
    "CISCO-UNITY": "12f5f28c457168a9702d9fe274cc0100",
    "ALTIGA GATEWAY": "1f07f70eaa6514d3b0fa96542a500100",
    "CISCO-DELETE-REASON": b"CISCO-DELETE-REASON".hex(),
    "CISCO(COPYRIGHT)": b"CISCO(COPYRIGHT)&Copyright (c) 2009 Cisco Systems, Inc.".hex(),
    "FORTIGATE": "8299031757a36082c6a621de" + "000504d2",  # release 5, build 1234
    "Juniper SRX": "fd808804df73b15150709d878044cde0ac1efcde",
    "NetScreen": "699369228741c6d4ca094c93e242c9de19e7b7c6" + "0000000500000500",
    "NetScreen-15": "166f932d55eb64d8e4df4fd37e2313f0d0fd8451" + "0000000000000000",
    "HeartBeat_Notify": b"HeartBeat_Notify".hex() + "386b0100",
    # product 1, version 5005, a time, which only NGX and later send, features
    "Check Point": "f4ed19e0c114eb516faaac0ee37daf2807b4381f" + "00000001" "0000138d" "4c5f0a11" "00000000"
                   "18800000",
    "SonicWall": "5b362bc820f60007",
    "strongSwan": "882fe56d6fd20dbc2251613b2ebe5beb",
    "strongSwan 4.2.9": "488c08f57afc382112f7cb396f2d4f6c",
    "Openswan 2.6.28": "4f45517b4f7f6e657a7b4351",
    "OE-Libreswan-4.10": b"OE-Libreswan-4.10".hex(),
    "KAME/racoon": "7003cbc1097dbe9c2600ba6983bc8b35",
}


class Rng:
    """A stream of bytes that depends on nothing but its seed: SHA-256 over seed and counter."""

    def __init__(self, seed):
        self.seed, self.counter, self.pool = seed.encode(), 0, b""

    def bytes(self, count):
        while len(self.pool) < count:
            self.pool += hashlib.sha256(self.seed + struct.pack("!Q", self.counter)).digest()
            self.counter += 1
        taken, self.pool = self.pool[:count], self.pool[count:]
        return taken

    def between(self, low, high):
        """A float between two bounds."""
        return low + (high - low) * int.from_bytes(self.bytes(4), "big") / 2 ** 32

    def number(self):
        """A 32-bit number that is not 0, for message IDs and SPIs of 256 and up."""
        return int.from_bytes(self.bytes(4), "big") | 0x01000000


# Payloads

def attribute(kind, value):
    """A data attribute (RFC 2408 3.3): 2 bytes in place, or of variable length when value is bytes."""
    if isinstance(value, bytes):
        return struct.pack("!HH", kind, len(value)) + value
    if value > 0xFFFF:
        return attribute(kind, struct.pack("!I", value))
    return struct.pack("!HH", 0x8000 | kind, value)


def ike_attributes(encryption, hash_type, group, auth, life, key_bits=None, gss_name=None):
    """The attributes of a phase 1 transform; the lifetime always takes 4 bytes, as Windows sends it."""
    data = attribute(1, encryption)
    if key_bits:
        data += attribute(14, key_bits)
    data += attribute(2, hash_type) + attribute(4, group) + attribute(3, auth)
    data += attribute(11, 1) + attribute(12, struct.pack("!I", life))
    if gss_name:
        data += attribute(16384, gss_name.encode("utf-16-le"))
    return data


def transform(number, attributes, more=False):
    """A transform payload for KEY_IKE."""
    following = 3 if more else 0
    return struct.pack("!BBHBBH", following, 0, 8 + len(attributes), number, 1, 0) + attributes


def transforms(numbered_attributes):
    """Chain transforms, given as pairs (number, attributes)."""
    last = len(numbered_attributes) - 1
    return b"".join(transform(number, attributes, place < last)
                    for place, (number, attributes) in enumerate(numbered_attributes))


def proposal(number, protocol, spi, chained, count):
    """A single proposal payload around chained transforms; protocol 1 is ISAKMP, 3 is ESP."""
    body = struct.pack("!BBBB", number, protocol, len(spi), count) + spi + chained
    return struct.pack("!BBH", 0, 0, 4 + len(body)) + body


def sa_payload(numbered_attributes):
    """A phase 1 SA payload: IPsec DOI, identity only, one proposal with these transforms."""
    chained = transforms(numbered_attributes)
    return SA, struct.pack("!II", 1, 1) + proposal(1, 1, b"", chained, len(numbered_attributes))


def vendor(name):
    return VENDOR, bytes.fromhex(VENDOR_IDS[name])


def natd_hash(hash_type, cky_i, cky_r, address, port):
    """HASH(CKY-I | CKY-R | IP | Port), RFC 3947 3.2."""
    data = cky_i + cky_r + netwire.packed(address) + struct.pack("!H", port)
    return HASH_FUNCTION[hash_type](data).digest()


def id_payload(address):
    """An address as identity: ID_IPV4_ADDR or ID_IPV6_ADDR."""
    return ID, struct.pack("!BBH", 5 if netwire.is_v6(address) else 1, 0, 0) + netwire.packed(address)


def notify_payload(kind, spi=b""):
    return NOTIFY, struct.pack("!IBBH", 1, 1, len(spi), kind) + spi


def delete_payload(protocol, spis):
    return DELETE, struct.pack("!IBBH", 1, protocol, len(spis[0]), len(spis)) + b"".join(spis)


def certreq_payload(*names):
    """A request for X.509 signature certificates of the authority with this distinguished name."""
    return CERTREQ, b"\x04" + distinguished_name(*names)


def der(tag, *contents):
    """A DER element with a length below 65536."""
    body = b"".join(contents)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    return bytes([tag, 0x82]) + struct.pack("!H", size) + body


def distinguished_name(country, organization, common_name):
    """The DER of C=.., O=.., CN=.."""
    parts = [(6, 0x13, country), (10, 0x13, organization), (3, 0x13, common_name)]
    return der(0x30, *[der(0x31, der(0x30, der(0x06, bytes([0x55, 4, oid])), der(tag, text.encode())))
                       for oid, tag, text in parts])


# Messages

def chain(payloads):
    """Return (type of the first payload, bytes of all)."""
    data = b""
    for place, (_, body) in enumerate(payloads):
        following = payloads[place + 1][0] if place + 1 < len(payloads) else 0
        data += struct.pack("!BBH", following, 0, 4 + len(body)) + body
    return (payloads[0][0] if payloads else 0), data


def message(cky_i, cky_r, first, exchange, flags, msgid, body, version=0x10, length=None):
    """An ISAKMP message: header and body; length only to lie about it."""
    if length is None:
        length = 28 + len(body)
    return cky_i + cky_r + struct.pack("!BBBBII", first, version, exchange, flags, msgid, length) + body


def clear_message(cky_i, cky_r, exchange, payloads, flags=0, msgid=0):
    first, body = chain(payloads)
    return message(cky_i, cky_r, first, exchange, flags, msgid, body)


def padded(length, block):
    """The length after padding to whole cipher blocks."""
    return length + -length % block


def fragments(whole, fragment_id, size):
    """Cut a message into IKEv1 fragments (payload 132) of at most size bytes of data.

    The way of MS-IKEE: the header is the original one with the E flag cleared, so that next payload and
    length speak of the fragment.
    """
    parts = [whole[at:at + size] for at in range(0, len(whole), size)]
    return [fragment(whole[:8], whole[8:16], fragment_id, number, number == len(parts), part,
                     exchange=whole[18], flags=whole[19] & ~ENCRYPTED,
                     msgid=int.from_bytes(whole[20:24], "big"))
            for number, part in enumerate(parts, 1)]


def fragment(cky_i, cky_r, fragment_id, number, last, part, exchange=MAIN_MODE, flags=0, msgid=0):
    """One IKEv1 fragment; number counts from 1."""
    body = struct.pack("!BBHHBB", 0, 0, 8 + len(part), fragment_id, number, 1 if last else 0) + part
    return message(cky_i, cky_r, FRAGMENT, exchange, flags, msgid, body)


def crypto_payload(payloads):
    """The one payload of an AuthIP message, which holds the others.

    Its generic header is what matters here; the inside is a plain chain behind four zero bytes and makes
    no claim to be what Windows sends.
    """
    return CRYPTO, bytes(4) + chain(payloads)[1]


NON_ESP_MARKER = bytes(4)
KEEPALIVE = b"\xff"
ESP_ICV = 12  # HMAC-SHA1-96


def esp_packet(rng, spi, seq, inner_length, block):
    """An ESP packet that protects inner_length bytes: SPI, sequence, IV, ciphertext with trailer, ICV."""
    return struct.pack("!II", spi, seq) + rng.bytes(block + padded(inner_length + 2, block) + ESP_ICV)
