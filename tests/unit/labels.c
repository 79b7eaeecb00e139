/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a frame shows, in the words of expect_labels.
 */
#include "ladder.h"

static char copy_mark(const ike_record *r)
{
    if (r->is_reflection)
        return '<';
    return r->copy == IKE_COPY_DUPLICATE ? '=' : r->copy == IKE_COPY_RETRANSMISSION ? '+' : 0;
}

static void append_note(GString *out, ike_note *note)
{
    static const char *const plain[] = {
        [IKE_NOTE_MESSAGE] = "", [IKE_NOTE_PIECE] = "~",  [IKE_NOTE_KEEPALIVE] = "ka",
        [IKE_NOTE_ESP] = "esp",  [IKE_NOTE_AH] = "ah",    [IKE_NOTE_ICMP] = "icmp",
    };
    ike_record *r = ike_note_record(note);

    g_string_append(out, plain[note->kind]);
    if (note->kind != IKE_NOTE_MESSAGE)
        return;
    if (ike_record_first(r)->label.mode == IKE_MODE_NONE)
        g_string_append_c(out, '?');
    ike_label_append(out, ike_record_first(r)->label);
    if (copy_mark(r))
        g_string_append_c(out, copy_mark(r));
}

char *ladder_frame_labels(const ladder *l, uint32_t frame)
{
    GString *out = g_string_new(NULL);

    for (ike_note *note = ike_tracker_notes(l->tracker, frame); note; note = note->next) {
        if (out->len)
            g_string_append_c(out, '&');
        append_note(out, note);
    }
    if (out->len == 0)
        g_string_append_c(out, '.');
    return g_string_free(out, FALSE);
}
