# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of ikex-keys; ikex-report --keys reads through them too.

    algorithms  what daemons call algorithms, what Wireshark calls them, how long their keys are
    records     a key as Wireshark's tables hold it, and what a file was found to hold
    tables      reads ready tables, such as those of strongSwan's save-keys plugin
    charon      reads logs of strongSwan
    pluto       reads logs of Libreswan
    formats     which of these a file is for; files, folders, standard input
    collection  the keys of several files in one: repeats, and keys that contradict each other
    folders     Wireshark's configuration folder and its profiles; tables in a folder
    options     the command line
    app         all of this in order
"""
