/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vector 72: a flood of first messages of either version, and what is none.
 */
#include "ladder2.h"

static const struct flood {
    const char *name;
    void (*send)(ladder *);
    const char *unanswered; /* what is said of one alone */
    unsigned count;
    double gap; /* seconds */
    bool is_flood;
} floods[] = {
    { "/vector/72-flood", mm1, "mm1_noresp", 60, 0.05, true },
    { "/vector/72-few-at-once", mm1, "mm1_noresp", 20, 0.05, false },
    { "/vector/72-many-slowly", mm1, "mm1_noresp", 60, 1, false },
    { "/ikev2/flood/many", v2_offer, "init_noresp", 60, 0.05, true },
    { "/ikev2/flood/few", v2_offer, "init_noresp", 20, 0.05, false },
};

/* First messages that nobody answers, each of another SA and from another address; then the capture
 * goes on. */
static void half_open(ladder *l, const struct flood *flood)
{
    for (unsigned i = 0; i < flood->count; i++) {
        char addr[32];

        g_snprintf(addr, sizeof addr, "203.0.113.%u", i + 1);
        l->hosts[INITIATOR].seen = wire_endpoint(addr, 500);
        at(l, i * flood->gap);
        flood->send(l);
        next_sa(l);
    }
    after(l, 60);
    foreign(l);
}

static void first_messages(gconstpointer data)
{
    const struct flood *flood = data;
    ladder l;

    ladder_begin(&l);
    half_open(&l, flood);
    if (flood->is_flood) {
        expect_sas(&l, flood->count);
        expect_findings(&l, "halfopen_flood", 1);
        expect_no_finding(&l, flood->unanswered);
        expect_failed(&l, flood->count - 1, true);
    } else {
        expect_no_finding(&l, "halfopen_flood");
        expect_findings(&l, flood->unanswered, flood->count);
    }
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(floods); i++)
        g_test_add_data_func(floods[i].name, &floods[i], first_messages);
    return g_test_run();
}
