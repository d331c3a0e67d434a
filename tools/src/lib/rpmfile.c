/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmfile.h"

#include "base/error.h"

#include <errno.h>
#include <rpm/header.h>
#include <rpm/rpmcrypto.h>
#include <rpm/rpmio.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void free_log(gpointer log)
{
	g_string_free(log, TRUE);
}

static GPrivate thread_log = G_PRIVATE_INIT(free_log);

/* Keeps all that is not chatter; returning 0 keeps rpm from writing it to stderr. */
static int keep_log(rpmlogRec record, rpmlogCallbackData data)
{
	GString *log = g_private_get(&thread_log);
	g_autofree char *line = g_strdup(rpmlogRecMessage(record));

	(void)data;
	if (rpmlogRecPriority(record) > RPMLOG_NOTICE)
		return 0;
	if (!log) {
		log = g_string_new(NULL);
		g_private_set(&thread_log, log);
	}
	g_strstrip(line);
	if (*line)
		g_string_append_printf(log, "%s%s", log->len ? "; " : "", line);
	return 0;
}

void kiln_rpmfile_setup(void)
{
	static gsize is_set_up = 0;

	if (!g_once_init_enter(&is_set_up))
		return;
	rpmInitCrypto();
	rpmlogCallback earlier = rpmlogSetCallback(keep_log, NULL);
	if (earlier)
		rpmlogSetCallback(earlier, NULL);
	g_once_init_leave(&is_set_up, 1);
}

char *kiln_rpmfile_take_log(void)
{
	GString *log = g_private_get(&thread_log);
	char *text = g_strdup(log ? log->str : "");

	if (log)
		g_string_truncate(log, 0);
	return g_strdelimit(text, "\n\r\t", ' ');
}

/* A transaction set that reads without verifying. Its empty keyring keeps rpm from opening the
 * host's package database to find one. */
static rpmts new_reader(void)
{
	rpmts ts = rpmtsCreate();
	rpmKeyring keyring = rpmKeyringNew();

	rpmtsSetKeyring(ts, keyring);
	rpmKeyringFree(keyring);
	rpmtsSetVSFlags(ts, RPMVSF_MASK_NODIGESTS | RPMVSF_MASK_NOSIGNATURES);
	rpmtsSetVfyLevel(ts, 0);
	return ts;
}

static gboolean check_regular(const char *path, GError **error)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return kiln_error_set_errno(error, errno, "reading the package \"%s\"", path);
	if (S_ISREG(status.st_mode))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
		"reading the package \"%s\": it is not a regular file", path);
	return FALSE;
}

/* What librpm says begins with the path, which is named already. */
static const char *without_path(const char *reason, const char *path)
{
	const char *rest = g_str_has_prefix(reason, path) ? reason + strlen(path) : reason;

	return g_str_has_prefix(rest, ": ") ? rest + 2 : reason;
}

struct headerToken_s *kiln_rpmfile_read_header(const char *path, GError **error)
{
	static GMutex librpm; /* one reader at a time: librpm has state of the process below this */
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&librpm);
	Header header = NULL;

	(void)locker;
	kiln_rpmfile_setup();
	if (!check_regular(path, error))
		return NULL;
	FD_t fd = Fopen(path, "r.ufdio");
	if (!fd || Ferror(fd)) {
		kiln_error_set_errno(error, errno, "reading the package \"%s\"", path);
		if (fd)
			Fclose(fd);
		return NULL;
	}
	g_free(kiln_rpmfile_take_log());
	rpmts ts = new_reader();
	rpmRC result = rpmReadPackageFile(ts, fd, path, &header);
	rpmtsFree(ts);
	Fclose(fd);
	if (header && (result == RPMRC_OK || result == RPMRC_NOKEY || result == RPMRC_NOTTRUSTED))
		return header;

	g_autofree char *reason = kiln_rpmfile_take_log();
	headerFree(header);
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "reading the package \"%s\": %s", path,
		*reason ? without_path(reason, path) : "it is not an rpm package");
	return NULL;
}
