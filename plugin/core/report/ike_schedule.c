/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Retransmission schedules. Implementations whose times are configured without a usual value have no
 * row here.
 */
#include "ike_schedule.h"

#define MS * IKE_MILLISECOND

static const ike_schedule schedules[] = {
    /* charon: 4 s * 1.8^n, 5 tries (strongswan.conf, retransmit_timeout, _base, _tries) */
    { "strongSwan", 5, { 4000 MS, 7200 MS, 12960 MS, 23328 MS, 41990 MS }, false },
    /* pluto: 0.5 s, doubled from the second on, 30 s at most (retransmit.c) */
    { "Libreswan", 6, { 500 MS, 500 MS, 1000 MS, 2000 MS, 4000 MS, 8000 MS }, false },
    /* field practice: Oakley logs of Windows 2000 to 2003, and the same of Vista and later */
    { "Windows", 6, { 1000 MS, 2000 MS, 4000 MS, 8000 MS, 16000 MS, 32000 MS }, true },
    /* field practice: "attempt n of 5" in its debug output */
    { "Cisco IOS or racoon", 5, { 10000 MS, 10000 MS, 10000 MS, 10000 MS, 10000 MS }, false },
    { "Cisco ASA", 3, { 8000 MS, 8000 MS, 8000 MS }, false },
    /* Oracle: in.iked, retry_timer_init and retry_limit */
    { "Solaris", 5, { 500 MS, 1000 MS, 2000 MS, 4000 MS, 8000 MS }, false },
    /* its documentation: 8 tries, 8 s more from each to the next */
    { "Allied Telesis", 7, { 8000 MS, 16000 MS, 24000 MS, 32000 MS, 40000 MS, 48000 MS, 56000 MS }, false },
};

#undef MS

static bool is_close(ike_time seen, ike_time due)
{
    const ike_time off = seen > due ? seen - due : due - seen;

    return seen > 0 && off <= due / 20 + 100 * IKE_MILLISECOND;
}

/* Whether the times stand in the schedule from this place on. */
static bool fits_at(const ike_schedule *s, unsigned place, const ike_time *gaps, unsigned n)
{
    if (place + n > s->n)
        return false;
    for (unsigned i = 0; i < n; i++)
        if (!is_close(gaps[i], s->gaps[place + i]))
            return false;
    return true;
}

static bool fits(const ike_schedule *s, const ike_time *gaps, unsigned n, bool from_first)
{
    for (unsigned place = 0; place < (from_first ? 1 : s->n); place++)
        if (fits_at(s, place, gaps, n))
            return true;
    return false;
}

const ike_schedule *ike_schedule_find(const ike_time *gaps, unsigned n, bool from_first)
{
    const ike_schedule *found = NULL;

    for (size_t i = 0; n >= 2 && i < G_N_ELEMENTS(schedules); i++) {
        if (!fits(&schedules[i], gaps, n, from_first))
            continue;
        if (found)
            return NULL;
        found = &schedules[i];
    }
    return found;
}

const ike_schedule *ike_schedule_get(size_t number)
{
    return number < G_N_ELEMENTS(schedules) ? &schedules[number] : NULL;
}
