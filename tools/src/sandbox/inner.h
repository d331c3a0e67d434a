/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a sandbox: its first process makes namespaces and root, starts the program with
 * nothing but its due, waits for it and reaps orphans. When it ends, the kernel ends all the
 * others.
 */
#pragma once

#include "sandbox/inside.h"

/* The first process of a new PID namespace, forked by the supervisor. */
void kiln_inner_main(const KilnInside *inside) G_GNUC_NORETURN;
