# SPDX-License-Identifier: GPL-2.0-or-later
"""What daemons call algorithms, what Wireshark's tables call them, and how long their keys are there.

Keys of AES-CTR and of AES-GCM end with a salt of 4 octets in Wireshark's tables, those of AES-CCM with 3.
Where Wireshark does not know how to check integrity, or the key for that is not known, it is told to check
nothing and how many bits that are: it decrypts all the same.
"""
import re

AES = (128, 192, 256)
UNCHECKED = "ANY {}-bits of Authentication [No Checking]"
NO_INTEGRITY = "NONE [RFC4306]"

# In the table of IKEv2: name, octets of the key.
IKE_ENCRYPTION = {
    "3DES [RFC2451]": 24, "NULL [RFC2410]": 0,
    **{f"AES-CBC-{bits} [RFC3602]": bits // 8 for bits in AES},
    **{f"AES-CTR-{bits} [RFC5930]": bits // 8 + 4 for bits in AES},
    **{f"AES-GCM-{bits} with {icv} octet ICV [RFC5282]": bits // 8 + 4 for bits in AES for icv in (8, 12, 16)},
    **{f"AES-CCM-{bits} with {icv} octet ICV [RFC5282]": bits // 8 + 3 for bits in AES for icv in (8, 12, 16)},
}
IKE_INTEGRITY = {
    "HMAC_MD5_96 [RFC2403]": 16, "HMAC_MD5_128 [RFC4595]": 16,
    "HMAC_SHA1_96 [RFC2404]": 20, "HMAC_SHA1_160 [RFC4595]": 20,
    "HMAC_SHA2_256_96 [draft-ietf-ipsec-ciph-sha-256-00]": 32, "HMAC_SHA2_256_128 [RFC4868]": 32,
    "HMAC_SHA2_384_192 [RFC4868]": 48, "HMAC_SHA2_512_256 [RFC4868]": 64,
    NO_INTEGRITY: 0, **{UNCHECKED.format(bits): 0 for bits in (64, 96, 128, 160, 192, 256)},
}

# charon names them in proposals, such as AES_CBC_256 or AES_GCM_16_256; {} is for the bits of the key.
CHARON_IKE_ENCRYPTION = {
    "3DES_CBC": "3DES [RFC2451]", "NULL": "NULL [RFC2410]",
    "AES_CBC": "AES-CBC-{} [RFC3602]", "AES_CTR": "AES-CTR-{} [RFC5930]",
    **{f"AES_{mode}_{icv}": f"AES-{mode}-{{}} with {icv} octet ICV [RFC5282]"
       for mode in ("GCM", "CCM") for icv in (8, 12, 16)},
}
CHARON_IKE_INTEGRITY = {
    **{name.split()[0]: name for name in IKE_INTEGRITY if name.startswith("HMAC")},
    "AES_XCBC_96": UNCHECKED.format(96), "AES_CMAC_96": UNCHECKED.format(96),
}
CHARON_ESP_ENCRYPTION = {
    "NULL": "NULL", "3DES_CBC": "TripleDES-CBC [RFC2451]", "AES_CBC": "AES-CBC [RFC3602]",
    "AES_CTR": "AES-CTR [RFC3686]", "DES_CBC": "DES-CBC [RFC2405]", "CAST_CBC": "CAST5-CBC [RFC2144]",
    "BLOWFISH_CBC": "BLOWFISH-CBC [RFC2451]", "TWOFISH_CBC": "TWOFISH-CBC",
    **{f"AES_GCM_{icv}": "AES-GCM [RFC4106]" for icv in (8, 12, 16)},
}
CHARON_ESP_INTEGRITY = {
    "HMAC_SHA1_96": "HMAC-SHA-1-96 [RFC2404]", "HMAC_MD5_96": "HMAC-MD5-96 [RFC2403]",
    "HMAC_SHA2_256_128": "HMAC-SHA-256-128 [RFC4868]", "HMAC_SHA2_384_192": "HMAC-SHA-384-192 [RFC4868]",
    "HMAC_SHA2_512_256": "HMAC-SHA-512-256 [RFC4868]",
    "HMAC_SHA2_256_96": "HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]",
}
ESP_AEAD_INTEGRITY = {f"AES_GCM_{icv}": f"ANY {icv * 8} bit authentication [no checking]" for icv in (8, 12, 16)}

# pluto: how it abbreviates them where it prints keys; the bits of the key follow.
PLUTO_ENCRYPTION = {
    "aes": "AES_CBC", "3des": "3DES_CBC", "aes_ctr": "AES_CTR",
    **{f"aes_{mode.lower()}_{icv}": f"AES_{mode}_{icv}" for mode in ("GCM", "CCM") for icv in (8, 12, 16)},
}
PLUTO_INTEGRITY = {
    "md5": "HMAC_MD5_96", "sha1": "HMAC_SHA1_96", "sha256": "HMAC_SHA2_256_128", "sha384": "HMAC_SHA2_384_192",
    "sha512": "HMAC_SHA2_512_256", "aes_xcbc": "AES_XCBC_96",
}
UNCHECKED_BITS = {"HMAC_SHA2_384_192": 192, "HMAC_SHA2_512_256": 256}

# save-keys of strongSwan up to 5.9 writes a name that Wireshark does not know.
MISSPELT = {"TripleDes-CBC [RFC2451]": "TripleDES-CBC [RFC2451]"}


class Unsupported(Exception):
    """The name of an algorithm that Wireshark's table does not have."""


def split(name):
    """AES_CBC_256: AES_CBC and 256; what has no bits has None."""
    found = re.fullmatch(r"(.+)_(128|192|256)", name)
    return (found[1], found[2]) if found else (name, None)


def of(table, name):
    found = table.get(name)
    if found is None:
        raise Unsupported(name)
    return found


def is_aead(name):
    return "_GCM_" in name or "_CCM_" in name or name.startswith("CHACHA20")


def ike_names(proposal):
    """What Wireshark calls encryption and integrity of an IKE proposal of charon."""
    first, *others = proposal.split("/")
    cipher, bits = split(first)
    encryption = of(CHARON_IKE_ENCRYPTION, cipher).format(bits)
    if is_aead(first):
        return encryption, NO_INTEGRITY
    return encryption, of(CHARON_IKE_INTEGRITY, others[0] if others else "no integrity")


def esp_names(proposal):
    first, *others = proposal.split("/")
    cipher, _ = split(first)
    encryption = of(CHARON_ESP_ENCRYPTION, cipher)
    if cipher in ESP_AEAD_INTEGRITY:
        return encryption, ESP_AEAD_INTEGRITY[cipher]
    return encryption, next((CHARON_ESP_INTEGRITY[x] for x in others if x in CHARON_ESP_INTEGRITY), "NULL")


def cipher_octets(proposal):
    """How long the key of an IKEv1 proposal of charon is, or None."""
    cipher, bits = split(proposal.split("/")[0])
    return {"3DES_CBC": 24, "DES_CBC": 8}.get(cipher, int(bits) // 8 if bits else None)
