/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmversion.h"

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
