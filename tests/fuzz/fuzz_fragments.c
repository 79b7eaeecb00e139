/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fuzzes what puts pieces together: IP fragments, fragments of IKEv1 and IKEv2, TCP streams. Its steps are a
 * part of those of stage.h.
 */
#include "conclusions.h"
#include "stage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Codes of stage_all_steps: what carries pieces, and as much of IKE as they need. */
static const uint8_t allowed[] = {
    0x00, 0x01, 0x02, 0x03, 0x05, 0x07, 0x0b, 0x0c, 0x0e, 0x0f,
    0x11, 0x13,
    0x20, 0x22, 0x26,
    0x30, 0x31, 0x32, 0x35, 0x36, 0x3a,
    0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x49, 0x4a,
    0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57,
};

static const stage_step *allowed_steps(void)
{
    static stage_step steps[STAGE_STEPS];

    for (size_t i = 0; i < G_N_ELEMENTS(allowed); i++)
        steps[allowed[i]] = stage_all_steps[allowed[i]];
    return steps;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stage s;

    stage_begin(&s, data, size);
    stage_play(&s, allowed_steps());
    conclusions_check(s.c.l.tracker, s.c.l.frame);
    stage_end(&s);
    return 0;
}
