/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for the config.h that strongSwan's configure would make: only what its headers ask for
 * and what decides the layout of its structures, as in Debian's build (ME is --enable-mediation).
 */
#define CONFIG_H_INCLUDED
#define HAVE_ALLOCA_H 1
#define HAVE_CLOSEFROM 1
#define HAVE_EXPLICIT_BZERO 1
#define HAVE_FMEMOPEN 1
#define HAVE_INT128 1
#define HAVE_MEMRCHR 1
#define HAVE_SIGWAITINFO 1
#define HAVE_STDBOOL_H 1
#define HAVE__BOOL 1
#define HAVE_SYS_PARAM_H 1
#define ME 1
