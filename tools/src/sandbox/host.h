/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sandbox that boots: its first process becomes the init of the root, systemd as a rule, and the
 * program runs beside it, so that units, scriptlets and timers work as on the host of a user. Init
 * and program have every right within a user namespace and none outside (sandbox/namespace.h).
 */
#pragma once

#include <glib.h>

/* Completes the root for an init, a /run and a /tmp of its own and its control groups, and moves this
 * process into the user namespace. After the control group namespace was entered. */
gboolean kiln_host_enter(GError **error);

/* Divides this process: the caller goes on in the child, while the first process becomes the init,
 * and tells `control_fd` if it cannot. */
gboolean kiln_host_boot(int control_fd, GError **error);
