/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fuzzes the tracker with whole conversations (stage.h), and the reports about them. The first byte of an input
 * says which and in what format, since all of them would take most of the time, and what is done besides.
 */
#include "conclusions.h"
#include "stage.h"

enum { FORMAT = 0x03, KIND = 0x1c, ON_THE_WAY = 0x20, OF_SOME = 0x40 };

G_STATIC_ASSERT(CONCLUSIONS_FORMATS == FORMAT + 1 && CONCLUSIONS_ALL_KINDS == KIND >> 2);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same input again, with conclusions drawn on the way. */
static void play_again(stage *once, const uint8_t *data, size_t size)
{
    stage often;

    stage_begin(&often, data, size);
    often.finishes = true;
    stage_play(&often, stage_all_steps);
    conclusions_compare(once->c.l.tracker, often.c.l.tracker);
    stage_end(&often);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stage s;

    if (size < 2)
        return 0;
    stage_begin(&s, data + 1, size - 1);
    stage_play(&s, stage_all_steps);
    if (data[0] & ON_THE_WAY)
        play_again(&s, data + 1, size - 1);
    conclusions_check(s.c.l.tracker, s.c.l.frame);
    conclusions_report(s.c.l.tracker, data[0] & FORMAT, (data[0] & KIND) >> 2, data[0] & OF_SOME);
    stage_end(&s);
    return 0;
}
