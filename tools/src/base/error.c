/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <errno.h>

G_DEFINE_QUARK(kiln-error-quark, kiln_error)

static const char *next_step(int errno_value)
{
	switch (errno_value) {
	case ENOSPC:
		return "; free some space (kiln keeps nothing half-written) and run the command again";
	case EDQUOT:
		return "; the quota is used up: free some space and run the command again";
	case EROFS:
		return "; the file system is read-only: make it writable, or work in a copy elsewhere";
	default:
		return "";
	}
}

gboolean kiln_error_set_errno(GError **error, int errno_value, const char *format, ...)
{
	va_list arguments;
	g_autofree char *prefix = NULL;

	va_start(arguments, format);
	prefix = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, KILN_ERROR,
		errno_value == ENOENT ? KILN_ERROR_NOT_FOUND : KILN_ERROR_SYSTEM, "%s: %s%s", prefix,
		g_strerror(errno_value), next_step(errno_value));
	return FALSE;
}

int kiln_error_exit_status(const GError *error)
{
	if (error && error->domain == KILN_ERROR)
		return error->code;
	return KILN_ERROR_FAILED;
}
