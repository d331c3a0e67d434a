/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening paths that somebody else made, by the kernel's own guard against links and ".." (openat2,
 * Linux 5.6). Nothing here decides what may be opened.
 */
#pragma once

/* Below the directory, without following any link. `flags` as open(2); O_CLOEXEC is added. Returns
 * an fd, or -1 with errno set: ELOOP or EXDEV for a path that leads through a link or out of it. */
int kiln_resolve_beneath(int directory_fd, const char *path, int flags);

/* Within a root tree that may hold hostile links: as if `root_fd` were "/". */
int kiln_resolve_in_root(int root_fd, const char *path, int flags);
