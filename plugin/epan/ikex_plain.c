/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Decrypted messages: Wireshark makes a data source of each that its tables of keys can decrypt. It is there
 * in every pass, tree or no tree.
 */
#include "ikex.h"

#include <string.h>

/* What packet-isakmp.c calls them; other protocols may use the same name. */
static const struct {
    const char *name;
    unsigned version;
} sources[] = {
    { "Decrypted IKE", 1 },
    { "Decrypted Data", 2 },
};

static unsigned version_of(const char *title)
{
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++)
        if (strncmp(title, sources[i].name, strlen(sources[i].name)) == 0)
            return sources[i].version;
    return 0;
}

void ikex_announce_plain(const packet_info *pinfo, ike_tracker *tracker)
{
    /* the first is the frame itself, and most frames have no other */
    const GSList *source = pinfo->data_src ? pinfo->data_src->next : NULL;

    for (; source; source = source->next) {
        char *title = WS_DATA_SOURCE_TITLE(source->data);
        const unsigned version = version_of(title);
        tvbuff_t *tvb = get_data_source_tvb(source->data);
        const unsigned length = tvb_captured_length(tvb);

        wmem_free(NULL, title);
        if (version && length > 0)
            ike_tracker_plain(tracker, version, tvb_get_ptr(tvb, 0, (int)length), length);
    }
}
