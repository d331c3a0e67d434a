/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmversion.h"

#include <string.h>

#include <rpm/rpmver.h>

int kiln_rpmversion_compare(const char *a, const char *b)
{
	rpmver version_a = rpmverParse(a);
	rpmver version_b = rpmverParse(b);
	int order = 0;

	/* rpmverParse refuses only the empty text. */
	if (version_a != NULL && version_b != NULL)
		order = rpmverCmp(version_a, version_b);
	else
		order = (version_a != NULL) - (version_b != NULL);
	rpmverFree(version_a);
	rpmverFree(version_b);
	return order;
}

static rpmsenseFlags sense_of(KilnDependencyFlags flags)
{
	rpmsenseFlags sense = RPMSENSE_ANY;

	if (flags & KILN_DEPENDENCY_LESS)
		sense |= RPMSENSE_LESS;
	if (flags & KILN_DEPENDENCY_GREATER)
		sense |= RPMSENSE_GREATER;
	if (flags & KILN_DEPENDENCY_EQUAL)
		sense |= RPMSENSE_EQUAL;
	return sense;
}

gboolean kiln_rpmversion_overlap(const KilnDependency *a, const KilnDependency *b)
{
	gboolean overlap = FALSE;

	if (strcmp(a->name, b->name) != 0)
		return FALSE;
	if (a->evr == NULL || b->evr == NULL)
		return TRUE;
	rpmver version_a = rpmverParse(a->evr);
	rpmver version_b = rpmverParse(b->evr);
	if (version_a != NULL && version_b != NULL)
		overlap = rpmverOverlap(version_a, sense_of(a->flags), version_b,
				  sense_of(b->flags)) != 0;
	rpmverFree(version_a);
	rpmverFree(version_b);
	return overlap;
}
