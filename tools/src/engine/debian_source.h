/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Delivers one file of a Debian source package, by name and version, through the machine's apt.
 * What apt says of success is not believed: the file is there and has the right digest, or it is
 * not.
 */
#pragma once

#include "model/source.h"

/* Downloads the file of `origin` (a DEBIAN_SOURCE) with the configuration `apt_config` (of
 * kiln_apt_prepare) into the content cache `cache_dir`. With a `sha256` (and `size`) anything else
 * is code VERIFY. Returns the digest, caller owns. NETWORK: apt did not deliver the file. */
char *kiln_debian_source_fetch(const KilnOrigin *origin, const char *apt_config,
	const char *cache_dir, const char *sha256, guint64 size, GError **error);
