/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of vendor IDs: each row that names its text can be made of it, each row can be found, and
 * versions are told as far as they are known.
 */
#include "wire.h"

#include "ike_names.h"

#include <string.h>

/* ---- the rows ---- */

static GByteArray *md5_of(const char *text)
{
    char *hex = g_compute_checksum_for_string(G_CHECKSUM_MD5, text, -1);
    GByteArray *digest = wire_hex(hex);

    g_free(hex);
    return digest;
}

static bool begins_with(const GByteArray *whole, size_t skip, const GByteArray *id, size_t from)
{
    return id->len >= from && whole->len - skip >= id->len - from &&
           memcmp(whole->data + skip, id->data + from, id->len - from) == 0;
}

/* FreeS/WAN and its forks: letters, and the digest with bit 7 of each byte clear and bit 6 set. */
static bool is_folded(const GByteArray *digest, const GByteArray *id)
{
    static const char *const letters[] = { "OEN", "OSW", "OE" };

    for (size_t i = 0; i < G_N_ELEMENTS(letters); i++) {
        const size_t n = strlen(letters[i]);
        bool same = id->len == 12 && memcmp(id->data, letters[i], n) == 0;

        for (size_t k = n; same && k < id->len; k++)
            same = id->data[k] == ((digest->data[k - n] & 0x7f) | 0x40);
        if (same)
            return true;
    }
    return false;
}

static bool is_made_of(const GByteArray *id, const char *text)
{
    GByteArray *digest = md5_of(text), *bytes = g_byte_array_new();
    bool made;

    g_byte_array_append(bytes, (const guint8 *)text, (guint)strlen(text));
    made = (id->len >= 8 && begins_with(digest, 0, id, 0)) || is_folded(digest, id) ||
           begins_with(bytes, 0, id, 0);
    g_byte_array_unref(digest);
    g_byte_array_unref(bytes);
    return made;
}

static void texts(void)
{
    const ike_vendor *row;
    unsigned checked = 0;

    for (size_t i = 0; (row = ike_vendor_get(i)); i++) {
        GByteArray *id = wire_hex(row->id);

        if (row->text && !is_made_of(id, row->text)) {
            g_test_message("%s is not made of \"%s\"", row->id, row->text);
            g_test_fail();
        }
        checked += row->text != NULL;
        g_byte_array_unref(id);
    }
    g_assert_cmpuint(checked, >, 350);
}

/* No row hides behind an earlier one. */
static void reachable(void)
{
    const ike_vendor *row;

    for (size_t i = 0; (row = ike_vendor_get(i)); i++) {
        GByteArray *id = wire_hex(row->id);

        if (row->length)
            wire_random(id, row->length - id->len, 1);
        if (ike_vendor_find(id->data, id->len) != row) {
            g_test_message("%s (%s) is not found", row->id, row->name);
            g_test_fail();
        }
        g_assert_cmpuint(ike_vendor_id_length(row), ==, strlen(row->id) / 2);
        g_byte_array_unref(id);
    }
    g_assert_null(ike_vendor_get(100000));
}

/* ---- what they name ---- */

#define CHECK_POINT "f4ed19e0c114eb516faaac0ee37daf2807b4381f"
#define WINDOWS "1e2b516905991c7d7c96fcbfb587e461"

static const struct {
    const char *hex, *name;
} products[] = {
    { WINDOWS, "Windows" },
    { WINDOWS "00000002", "Windows 2000 (version 2)" },
    { WINDOWS "00000003", "Windows XP SP1 (version 3)" },
    { WINDOWS "00000004", "Windows XP SP2 or Server 2003 (version 4)" },
    { WINDOWS "00000005", "Windows Vista or Server 2008 (version 5)" },
    { WINDOWS "00000007", "Windows 7 or Server 2008 R2 (version 7)" },
    { WINDOWS "00000008", "Windows 7 or Server 2008 R2 (version 8)" },
    { WINDOWS "00000009", "Windows 8 or later (version 9)" },
    { WINDOWS "0000000a", "Windows (version 10)" },
    { CHECK_POINT, "Check Point" },
    { CHECK_POINT "000000010000138d00000000", "Check Point Firewall-1 NG AI R55" },
    { CHECK_POINT "000000010000138d4c5f0a11", "Check Point Firewall-1 NGX or later" },
    { CHECK_POINT "0000000200000fa200000000", "Check Point SecuRemote/SecureClient 4.1 SP-2 or later" },
    { CHECK_POINT "000000070000000900000000", "Check Point" },
    { "8299031757a36082c6a621de", "FortiGate" },
    { "8299031757a36082c6a621de00000000", "FortiGate" },
    { "8299031757a36082c6a621de000504d2", "FortiGate (release 5, build 1234)" },
    { "699369228741c6d4ca094c93e242c9de19e7b7c60000000500000500", "Juniper SRX or NetScreen" },
    { "fd808804df73b15150709d878044cde0ac1efcde", "probably Juniper SRX" },
    { "166f932d55eb64d8e4df4fd37e2313f0d0fd84510000000000000000", "Juniper NetScreen" },
    { "1f07f70eaa6514d3b0fa96542a500407", "Cisco VPN 3000 Concentrator 4.0.7" },
    { "1f07f70eaa6514d3b0fa96542a500100", "Cisco VPN gateway" },
    { "f6f7efc7f5aeb8cb158cb9d094ba69e7", "Cisco VPN 3000 client" },
    { "882fe56d6fd20dbc2251613b2ebe5beb", "strongSwan" },
    { "b7d8e62184049fb21b088d4232d2549c", "strongSwan 5.1.0" },
    { "4f452d4c696272657377616e2d342e3130", "Libreswan 4.10" },
    { "4f452d4c696272657377616e2d340a3130", "Libreswan" }, /* no text of one line */
    { "4f454e5f52685050487b645e", "Libreswan 3.5" },
    { "4f45517b4f7f6e657a7b4351", "Openswan 2.6.28" },
    { "4f53577e7b6566787577466d", "Openswan 2.6.45" },
    { "4f5357404142434445464748", "Openswan" },
    { "4f45706c75746f756e697430", "FreeS/WAN, Openswan or Libreswan" },
    { "424e45530000000a", "Nortel Contivity (version 10)" },
    { "5b362bc820f60007", "SonicWall" },
    { "da8e937880010000", "SonicWall, SafeNet or WatchGuard" },
    { "20a3622c1cea7ce37bee3ca484425276", "racoon of IPsec-Tools" },
};

static void names(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(products); i++) {
        GByteArray *id = wire_hex(products[i].hex);
        const ike_vendor *vendor = ike_vendor_find(id->data, id->len);
        GString *out = g_string_new(NULL);
        size_t n;

        g_assert_nonnull(vendor);
        n = ike_vendor_id_length(vendor);
        ike_vendor_append(out, vendor, id->data + n, MIN(id->len - n, IKE_VENDOR_TAIL));
        g_assert_cmpstr(out->str, ==, products[i].name);
        g_string_free(out, TRUE);
        g_byte_array_unref(id);
    }
}

/* The letters of FreeS/WAN alone are no vendor ID, nor is a longer one that begins with them. */
static void unknown(void)
{
    static const char *const ids[] = { "4f45", "4f454041424344454647484950", "01528bbb", "424e4553" };

    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        GByteArray *id = wire_hex(ids[i]);

        g_assert_null(ike_vendor_find(id->data, id->len));
        g_byte_array_unref(id);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vendor/texts", texts);
    g_test_add_func("/vendor/reachable", reachable);
    g_test_add_func("/vendor/names", names);
    g_test_add_func("/vendor/unknown", unknown);
    return g_test_run();
}
