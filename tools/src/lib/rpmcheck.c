/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmcheck.h"

#include "base/error.h"
#include "lib/rpmfile.h"

#include <errno.h>
#include <rpm/rpmcli.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmts.h>

/* The parts of rpm's report that are not "OK", as one line. */
static char *bad_parts(const char *report)
{
	g_auto(GStrv) parts = g_strsplit(report, "; ", -1);
	GString *text = g_string_new(NULL);

	for (char **part = parts; *part; part++)
		if (!g_str_has_suffix(*part, ": OK") && !g_str_has_suffix(*part, ":"))
			g_string_append_printf(text, "%s%s", text->len ? "; " : "", *part);
	return g_string_free(text, FALSE);
}

static int verify(rpmKeyring keyring, FD_t fd, rpmVSFlags flags, int level)
{
	struct rpmQVKArguments_s arguments = {0};
	rpmts ts = rpmtsCreate();

	rpmtsSetKeyring(ts, keyring);
	rpmtsSetVfyFlags(ts, flags);
	rpmtsSetVfyLevel(ts, level);
	g_free(kiln_rpmfile_take_log());
	int mask = rpmlogSetMask(RPMLOG_UPTO(RPMLOG_INFO)); /* one line for each check */
	int status = rpmVerifySignatures(&arguments, ts, fd, "package");
	rpmlogSetMask(mask);
	rpmtsFree(ts);
	return status;
}

gboolean kiln_rpmcheck_run(
	struct rpmKeyring_s *keyring, const char *path, guint32 flags, int level, GError **error)
{
	static GMutex librpm; /* the log mask is the process's */
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&librpm);
	FD_t fd = Fopen(path, "r.ufdio");

	(void)locker;
	if (!fd || Ferror(fd)) {
		kiln_error_set_errno(error, errno, "reading it");
		if (fd)
			Fclose(fd);
		return FALSE;
	}
	int status = verify(keyring, fd, flags, level);
	Fclose(fd);
	if (status == 0)
		return TRUE;
	g_autofree char *report = kiln_rpmfile_take_log();
	g_autofree char *fault = bad_parts(report);
	g_set_error_literal(
		error, KILN_ERROR, KILN_ERROR_VERIFY, *fault ? fault : "rpm does not accept it");
	return FALSE;
}
