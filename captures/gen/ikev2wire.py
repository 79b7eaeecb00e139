# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds IKEv2 messages: transforms and proposals, payloads, encrypted messages, fragments, TCP framing.

Names are those of RFC 7296, 7383 (fragments), 9242 and 9370 (IKE_INTERMEDIATE, additional key exchanges),
5723 (resumption), 5685 (REDIRECT) and 9329 (TCP). What IKEv1 has too comes from ikewire.py: header, chain of
payloads, padding, the hash over an address. A payload is a pair (type, body) as there.
"""
import dataclasses
import struct

import ikewire as ike
import netwire

VERSION = 0x20

# Exchange types
IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL, IKE_SESSION_RESUME = 34, 35, 36, 37, 38
IKE_INTERMEDIATE, IKE_FOLLOWUP_KE = 43, 44
EXCHANGE_NAMES = {
    IKE_SA_INIT: "IKE_SA_INIT", IKE_AUTH: "IKE_AUTH", CREATE_CHILD_SA: "CREATE_CHILD_SA",
    INFORMATIONAL: "INFORMATIONAL", IKE_SESSION_RESUME: "IKE_SESSION_RESUME",
    IKE_INTERMEDIATE: "IKE_INTERMEDIATE", IKE_FOLLOWUP_KE: "IKE_FOLLOWUP_KE",
}

# Header flags
INITIATOR, RESPONSE = 0x08, 0x20

# Payload types
SA, KE, IDI, IDR, NONCE, NOTIFY, DELETE, VENDOR = 33, 34, 35, 36, 40, 41, 42, 43
SK, EAP, SKF = 46, 48, 53

# What an encrypted message of each exchange begins with, request and response
FIRST_INSIDE = {
    IKE_AUTH: (IDI, IDR), CREATE_CHILD_SA: (SA, SA), IKE_INTERMEDIATE: (KE, KE), IKE_FOLLOWUP_KE: (KE, KE),
    INFORMATIONAL: (NOTIFY, NOTIFY),
}

# Transform types
ENCR, PRF, INTEG, KEY_EXCHANGE, ADDKE1, ADDKE2 = 1, 2, 3, 4, 6, 7

# Transforms
DES, TRIPLE_DES, NULL, AES_CBC, AES_GCM_16 = 2, 3, 11, 12, 20
PRF_MD5, PRF_SHA1, PRF_SHA256 = 1, 2, 5
MD5_96, SHA1_96, SHA256_128 = 1, 2, 12
MLKEM_512, MLKEM_768, MLKEM_1024 = 35, 36, 37

# Lengths of public values; of ML-KEM a request and a response differ
KE_LENGTH = {**ike.KE_LENGTH, 31: 32}
MLKEM_LENGTH = {MLKEM_512: (800, 768), MLKEM_768: (1184, 1088), MLKEM_1024: (1568, 1568)}

# (IV, block) of a cipher, and what integrity adds
CIPHER = {DES: (8, 8), TRIPLE_DES: (8, 8), NULL: (0, 1), AES_CBC: (16, 16), AES_GCM_16: (8, 1)}
ICV_LENGTH = {None: 16, MD5_96: 12, SHA1_96: 12, SHA256_128: 16}

# Notify types
INVALID_IKE_SPI, INVALID_MAJOR_VERSION, INVALID_SYNTAX, INVALID_SPI = 4, 5, 7, 11
NO_PROPOSAL_CHOSEN, INVALID_KE_PAYLOAD, AUTHENTICATION_FAILED = 14, 17, 24
NAT_DETECTION_SOURCE_IP, NAT_DETECTION_DESTINATION_IP, COOKIE = 16388, 16389, 16390
REDIRECT_SUPPORTED, REDIRECT, REDIRECTED_FROM = 16406, 16407, 16408
MULTIPLE_AUTH_SUPPORTED, TICKET_NACK, TICKET_OPAQUE = 16404, 16412, 16413
FRAGMENTATION_SUPPORTED, INTERMEDIATE_EXCHANGE_SUPPORTED = 16430, 16438

SKF_HEADER = 8  # of the payload: generic header, number, total
TCP_PREFIX = b"IKETCP"


@dataclasses.dataclass(frozen=True)
class Suite:
    """What is chosen, and what is offered besides.

    groups are the groups offered, the first is the one of the first KE payload. addke are transforms
    (type, id) of additional key exchanges, also are further transforms of the offer.
    """
    encr: int = AES_CBC
    key_bits: int = 128
    prf: int = PRF_SHA256
    integ: int = SHA256_128  # None for an AEAD cipher
    groups: tuple = (14,)
    addke: tuple = ()
    also: tuple = ()

    def chosen(self, group):
        """The transforms of the response: (type, id) or (type, id, key length)."""
        cipher = (ENCR, self.encr, self.key_bits) if self.key_bits else (ENCR, self.encr)
        integrity = ((INTEG, self.integ),) if self.integ is not None else ()
        return (cipher, (PRF, self.prf), *integrity, (KEY_EXCHANGE, group), *self.addke)

    def offered(self):
        others = tuple((KEY_EXCHANGE, group) for group in self.groups[1:]) + self.also
        return sorted(self.chosen(self.groups[0]) + others, key=lambda item: item[0])

    @property
    def iv(self):
        return CIPHER[self.encr][0]

    @property
    def icv(self):
        return ICV_LENGTH[self.integ]

    def ciphertext(self, content):
        """The length of IV, ciphertext with padding, and ICV for payloads of this length."""
        return self.iv + ike.padded(content + 1, CIPHER[self.encr][1]) + self.icv

    def room(self, length):
        """How much content fits into an encrypted part of this length."""
        block = CIPHER[self.encr][1]
        return (length - self.iv - self.icv) // block * block - 1


# Payloads

def transform(item, more):
    """A transform substructure (RFC 7296 3.3.2)."""
    kind, number, *key_bits = item
    attributes = ike.attribute(14, key_bits[0]) if key_bits else b""
    return struct.pack("!BBHBBH", 3 if more else 0, 0, 8 + len(attributes), kind, 0, number) + attributes


def sa_payload(items):
    """An SA payload with one proposal for IKE (RFC 7296 3.3.1)."""
    last = len(items) - 1
    chained = b"".join(transform(item, place < last) for place, item in enumerate(items))
    return SA, ike.proposal(1, 1, b"", chained, len(items))


def ke_payload(group, data):
    return KE, struct.pack("!HH", group, 0) + data


def notify(kind, data=b""):
    return NOTIFY, struct.pack("!BBH", 0, 0, kind) + data


def gateway(address):
    """Type, length and address of a gateway, as in REDIRECT and REDIRECTED_FROM (RFC 5685 9)."""
    return struct.pack("!BB", 2 if netwire.is_v6(address) else 1, len(netwire.packed(address))) + \
        netwire.packed(address)


def nat_detection(spi_i, spi_r, source, destination):
    """The two NAT_DETECTION notifies about a pair of (address, port)."""
    return [notify(kind, ike.natd_hash(ike.SHA1, spi_i, spi_r, *end)) for kind, end in
            ((NAT_DETECTION_SOURCE_IP, source), (NAT_DETECTION_DESTINATION_IP, destination))]


# Messages

def clear_message(spi_i, spi_r, exchange, payloads, flags, msgid=0):
    first, body = ike.chain(payloads)
    return ike.message(spi_i, spi_r, first, exchange, flags, msgid, body, VERSION)


def sealed_message(rng, suite, spi_i, spi_r, first, exchange, flags, msgid, content):
    """A message with an SK payload around this many bytes of payloads, the first of this type."""
    body = struct.pack("!BBH", first, 0, 4 + suite.ciphertext(content)) + rng.bytes(suite.ciphertext(content))
    return ike.message(spi_i, spi_r, SK, exchange, flags, msgid, body, VERSION)


def fragments(rng, suite, whole, size):
    """An encrypted message again as fragments of at most this many bytes (RFC 7383 2.5)."""
    content = len(whole) - 32 - suite.iv - suite.icv - 1
    room = suite.room(size - 28 - SKF_HEADER)
    total = -(-content // room)
    return [fragment(rng, suite, whole, number, total, min(room, content - (number - 1) * room))
            for number in range(1, total + 1)]


def fragment(rng, suite, whole, number, total, content):
    """One fragment with an SKF payload; only the first names the type of the first payload inside."""
    length = suite.ciphertext(content)
    body = struct.pack("!BBHHH", whole[28] if number == 1 else 0, 0, SKF_HEADER + length, number, total)
    return ike.message(whole[:8], whole[8:16], SKF, whole[18], whole[19],
                       int.from_bytes(whole[20:24], "big"), body + rng.bytes(length), VERSION)


def framed(data):
    """IKE (with its marker) or ESP in a TCP stream: the length counts its own two bytes."""
    return struct.pack("!H", 2 + len(data)) + data
