/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Preloaded into tshark it prints, at the end, what colours the button for expert information in the GUI.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

__attribute__((destructor)) static void say(void)
{
    int (*highest)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "expert_get_highest_severity");

    if (highest)
        fprintf(stderr, "highest severity: %#x\n", (unsigned)highest());
}
