# SPDX-License-Identifier: GPL-2.0-or-later
"""What ikex-report and ikex-keys share.

    commandline  options and how they are read; how a command ends that a signal ends
    text         names that are safe to print
"""
