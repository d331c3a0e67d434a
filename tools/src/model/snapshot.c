/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/snapshot.h"

const char *kiln_part_name(KilnPart part)
{
	switch (part) {
	case KILN_PART_MAIN:
		return "";
	case KILN_PART_DEBUG:
		return "debug";
	case KILN_PART_SOURCE:
		return "source";
	}
	return "";
}

KilnPart kiln_part_of(const char *package_name, gboolean is_source)
{
	if (is_source)
		return KILN_PART_SOURCE;
	if (g_str_has_suffix(package_name, "-debuginfo") || g_str_has_suffix(package_name, "-debugsource"))
		return KILN_PART_DEBUG;
	return KILN_PART_MAIN;
}

void kiln_snapshot_package_free(KilnSnapshotPackage *package)
{
	if (!package)
		return;
	g_free(package->file);
	g_free(package->nevra);
	g_free(package->name);
	g_free(package->sha256);
	g_free(package);
}

KilnSnapshot *kiln_snapshot_new(void)
{
	KilnSnapshot *snapshot = g_new0(KilnSnapshot, 1);

	snapshot->packages = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_snapshot_package_free);
	return snapshot;
}

void kiln_snapshot_free(KilnSnapshot *snapshot)
{
	if (!snapshot)
		return;
	g_free(snapshot->id);
	g_free(snapshot->key);
	g_free(snapshot->collection);
	g_free(snapshot->target);
	g_free(snapshot->fingerprint);
	g_ptr_array_unref(snapshot->packages);
	g_free(snapshot);
}
