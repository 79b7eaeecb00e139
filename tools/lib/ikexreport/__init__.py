# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of ikex-report.

    options    the command line
    captures   from files and folders to a list of captures
    keys       keys of IKE SAs, as ikexkeys reads them, in a configuration folder of their own
    shortcuts  what tshark need not dissect
    tshark     one capture: how tshark is called, how that ended
    pool       many captures side by side
    verdict    results, result lines, exit status
    outputs    where the reports go and in what form
    terminal   messages, the progress line
    clocks     two clocks compared by messages that both have seen
    join       messages of two captures joined
    both       what became of each message between two captures
    told       the report on two captures, in text and in JSON
    setup      the plugin of a checkout
    app        all of this in order
"""
