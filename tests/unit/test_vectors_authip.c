/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 69 and 70: AuthIP.
 */
#include "ladder.h"

/* Of the SA that AuthIP begins beside one of IKE. */
#define AUTHIP_SPI UINT64_C(0x7777777777777701)

/* MS-AIPS 2.2: one Crypto payload holds all others. */
static void authip(ladder *l, ladder_side from, uint8_t exchange, unsigned n, uint8_t flags,
                   uint32_t id)
{
    const wire_header h = { l->spi_i, n == 1 && id == 0 ? 0 : l->spi_r, 0x10, exchange, flags, id };
    wire_message m = wire_begin(&h);

    if (flags & IKE_FLAG_ENCRYPTED)
        wire_encrypted(&m, IKE_PL_AUTHIP_CRYPTO, 300, 500 + n + id);
    else
        wire_payload_random(&m, IKE_PL_AUTHIP_CRYPTO, 300, 500 + n + id);
    send_message(l, from, wire_end(&m));
}

/* The initiator begins, and begins again, and nobody answers. */
static void authip_in_vain(ladder *l)
{
    for (int i = 0; i < 4; i++) {
        at(l, 1 << i);
        authip(l, INITIATOR, IKE_XCHG_AUTHIP_MAIN, 1, 0, 0);
    }
    after(l, 60);
    foreign(l);
}

/* Windows tries both; the other gateway knows IKE only. */
static void authip_before_ike(void)
{
    ladder l;
    uint64_t ike_spi_i;

    ladder_begin(&l);
    ike_spi_i = l.spi_i;
    for (int i = 0; i < 4; i++) {
        at(&l, (1 << i) - 1);
        l.spi_i = AUTHIP_SPI;
        authip(&l, INITIATOR, IKE_XCHG_AUTHIP_MAIN, 1, 0, 0);
        if (i > 0)
            continue;
        at(&l, 0.1);
        l.spi_i = ike_spi_i;
        main_mode(&l);
    }
    after(&l, 60);
    foreign(&l);
    expect_sas(&l, 2);
    expect_finding(&l, "aip_noresp", CHAT);
    expect_no_finding(&l, "superseded");
    expect_failed(&l, 0, false);
    expect_failed(&l, 1, false);
    expect_no_finding_above(&l, CHAT, "retrans");
    ladder_end(&l);
}

/* The same with the Main Mode first in the file. An attempt that is chat must not make the capture
 * a failure. */
static void authip_after_ike(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    l.spi_i = AUTHIP_SPI;
    authip_in_vain(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 AIP-MM1 AIP-MM1+ AIP-MM1+ AIP-MM1+ .");
    expect_finding(&l, "aip_noresp", CHAT);
    expect_failed(&l, 0, false);
    expect_failed(&l, 1, false);
    expect_no_finding_above(&l, CHAT, "retrans");
    ladder_end(&l);
}

static void authip_alone_unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    authip_in_vain(&l);
    expect_finding(&l, "aip_noresp", WARN);
    ladder_end(&l);
}

static void authip_main_mode(ladder *l)
{
    authip(l, INITIATOR, IKE_XCHG_AUTHIP_MAIN, 1, 0, 0);
    authip(l, RESPONDER, IKE_XCHG_AUTHIP_MAIN, 2, 0, 0);
    authip(l, INITIATOR, IKE_XCHG_AUTHIP_MAIN, 3, 0, 0);
    authip(l, RESPONDER, IKE_XCHG_AUTHIP_MAIN, 4, 0, 0);
}

static void authip_quick_modes(void)
{
    ladder l;

    ladder_begin(&l);
    authip_main_mode(&l);
    authip(&l, INITIATOR, IKE_XCHG_AUTHIP_MAIN, 1, IKE_FLAG_ENCRYPTED, 0x11);
    authip(&l, RESPONDER, IKE_XCHG_AUTHIP_MAIN, 2, IKE_FLAG_ENCRYPTED, 0x11);
    authip(&l, INITIATOR, IKE_XCHG_AUTHIP_EXTENDED, 1, IKE_FLAG_ENCRYPTED, 1);
    authip(&l, RESPONDER, IKE_XCHG_AUTHIP_EXTENDED, 2, IKE_FLAG_ENCRYPTED, 1);
    authip(&l, INITIATOR, IKE_XCHG_AUTHIP_QUICK, 1, IKE_FLAG_ENCRYPTED, 0x22);
    authip(&l, RESPONDER, IKE_XCHG_AUTHIP_QUICK, 2, IKE_FLAG_ENCRYPTED, 0x22);
    expect_labels(&l, "AIP-MM1 AIP-MM2 AIP-MM3 AIP-MM4 AIP-QM1 AIP-QM2 AIP-EM1 AIP-EM2 "
                      "AIP-QM1 AIP-QM2");
    expect_sas(&l, 1);
    expect_pair(&l, 1, 2);
    expect_pair(&l, 3, 4);
    expect_pair(&l, 5, 6);
    expect_pair(&l, 9, 10);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Main Mode with Extended Mode, and an Extended Mode that nobody answers. */
static void authip_events(void)
{
    ladder l;

    ladder_begin(&l);
    authip_main_mode(&l);
    authip(&l, INITIATOR, IKE_XCHG_AUTHIP_EXTENDED, 1, IKE_FLAG_ENCRYPTED, 1);
    authip(&l, RESPONDER, IKE_XCHG_AUTHIP_EXTENDED, 2, IKE_FLAG_ENCRYPTED, 1);
    authip(&l, INITIATOR, IKE_XCHG_AUTHIP_QUICK, 1, IKE_FLAG_ENCRYPTED, 0x22);
    authip(&l, RESPONDER, IKE_XCHG_AUTHIP_QUICK, 2, IKE_FLAG_ENCRYPTED, 0x22);
    expect_events(&l, "4979I 4979R 5451I 5451R");
    ladder_end(&l);
}

static void authip_extended_unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    authip_main_mode(&l);
    for (int i = 0; i < 4; i++) {
        after(&l, 1 << i);
        authip(&l, INITIATOR, IKE_XCHG_AUTHIP_EXTENDED, 1, IKE_FLAG_ENCRYPTED, 1);
    }
    expect_events(&l, "4650I 4650R 4984I");
    expect_in_report(&l, "audit", "Failure Point: Me, State: Sent first (EM attributes) payload");
    ladder_end(&l);
}

/* Somebody sends AuthIP with the cookies of an SA that Main Mode made: it is no Main Mode. */
static void authip_under_main_mode(void)
{
    ladder l;
    const ike_record *r;

    ladder_begin(&l);
    main_mode(&l);
    authip(&l, INITIATOR, IKE_XCHG_AUTHIP_MAIN, 3, 0, 0);
    r = ladder_record(&l, 7);
    if (r->label.mode != IKE_MODE_NONE &&
        ike_modes[r->label.mode].exchange != IKE_XCHG_AUTHIP_MAIN) {
        g_test_message("an AuthIP message is called %s%u", ike_modes[r->label.mode].stem,
                       r->label.number);
        g_test_fail();
    }
    expect_state(&l, 0, IKE_STATE_PROBABLY_ESTABLISHED);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/69-authip-before-ike", authip_before_ike);
    g_test_add_func("/vector/69-authip-after-ike", authip_after_ike);
    g_test_add_func("/vector/69-authip-alone", authip_alone_unanswered);
    g_test_add_func("/vector/70-authip-quick-modes", authip_quick_modes);
    g_test_add_func("/vector/70-authip-events", authip_events);
    g_test_add_func("/vector/70-authip-extended-unanswered", authip_extended_unanswered);
    g_test_add_func("/vector/70-authip-under-main-mode", authip_under_main_mode);
    return g_test_run();
}
