/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directories of the host that kiln-root may touch, and the only way it opens anything below
 * them: through the kernel's own check that no link, and no "..", leads elsewhere (openat2).
 */
#pragma once

#include <glib.h>

typedef struct KilnAllowed KilnAllowed;

KilnAllowed *kiln_allowed_new(void);
void kiln_allowed_free(KilnAllowed *allowed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnAllowed, kiln_allowed_free)

/* Adds a directory. Links on the way to it are followed: it is the administrator's word. */
gboolean kiln_allowed_add(KilnAllowed *allowed, const char *directory, GError **error);

/* Opens `path`, which must be strictly below an added directory, with open(2) `flags`. Returns a
 * close-on-exec fd, or -1: code USAGE when it is elsewhere or leads through a link. */
int kiln_allowed_open(const KilnAllowed *allowed, const char *path, int flags, GError **error);

/* From now on what is opened cannot be written to, not even by root who opens its fd again through
 * /proc: for fds that packages' scriptlets may come by. */
gboolean kiln_allowed_freeze(KilnAllowed *allowed, GError **error);
