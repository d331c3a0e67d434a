/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmroot.h"

#include "base/error.h"
#include "lib/rpmdb_settle.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <rpm/header.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmpgp.h>
#include <rpm/rpmps.h>
#include <rpm/rpmts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATABASE_PATH "/var/lib/rpm"
#define MACRO_MAX_BYTES 1024

/* What the callbacks of librpm need. */
typedef struct {
	const KilnRpmRootInstall *install;
	GPtrArray *problems; /* of char */
	FD_t open_package;
	guint64 missing_bytes; /* of disk space */
} Transaction;

/* librpm prints to stderr unless told otherwise; errors are also reasons for the caller. */
static int take_log(rpmlogRec record, rpmlogCallbackData data)
{
	Transaction *transaction = data;

	if (rpmlogRecPriority(record) <= RPMLOG_ERR) {
		g_autofree char *line = g_strdup(rpmlogRecMessage(record));
		g_strstrip(line);
		if (g_str_has_prefix(line, "error: "))
			memmove(line, line + strlen("error: "),
				strlen(line + strlen("error: ")) + 1);
		g_ptr_array_add(transaction->problems, g_steal_pointer(&line));
	}
	fprintf(stderr, "%s%s", rpmlogLevelPrefix(rpmlogRecPriority(record)),
		rpmlogRecMessage(record));
	return 0;
}

static void define(const char *name, const char *value)
{
	g_autofree char *macro = g_strdup_printf("%s %s", name, value);

	rpmDefineMacro(NULL, macro, RMIL_CMDLINE);
}

/* Takes "%name value" when it concerns transactions. The text is the target's: nothing in it may be
 * expanded here, so values with a % are left out. */
static void take_macro(const char *line)
{
	static const char *const heeded[] = {"_install_langs", "_excludedocs", "_netsharedpath"};
	g_auto(GStrv) words = g_strsplit_set(line, " \t", 2);

	if (line[0] != '%' || strlen(line) > MACRO_MAX_BYTES || g_strv_length(words) != 2 ||
		strchr(words[1], '%'))
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(heeded); i++)
		if (strcmp(words[0] + 1, heeded[i]) == 0)
			define(heeded[i], g_strstrip(words[1]));
}

static gboolean configure(const char *macros, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(macros ? macros : "", "\n", -1);

	if (rpmReadConfigFiles(NULL, NULL) != 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
			"reading rpm's configuration: /usr/lib/rpm/rpmrc is missing; install rpm");
		return FALSE;
	}
	define("_dbpath", DATABASE_PATH);
	define("_db_backend", "sqlite");
	define("_excludedocs", "0");
	/* Loads the host's name service modules while "/" is still the host's. */
	getpwnam("root");
	getgrnam("root");
	for (char **line = lines; *line; line++)
		take_macro(*line);
	return TRUE;
}

static FD_t open_package(const Transaction *transaction, gsize index)
{
	int fd = transaction->install->package_fds[index];

	return lseek(fd, 0, SEEK_SET) == 0 ? fdDup(fd) : NULL;
}

/* Keys of elements are their index + 1: NULL would be no key. */
static void *notify(const void *header, const rpmCallbackType what, const rpm_loff_t amount,
	const rpm_loff_t total, fnpyKey key, rpmCallbackData data)
{
	Transaction *transaction = data;
	g_autofree char *name = NULL;

	(void)amount;
	(void)total;
	switch ((int)what) {
	case RPMCALLBACK_INST_OPEN_FILE:
		transaction->open_package = open_package(transaction, GPOINTER_TO_SIZE(key) - 1);
		return transaction->open_package;
	case RPMCALLBACK_INST_CLOSE_FILE:
		g_clear_pointer(&transaction->open_package, Fclose);
		break;
	case RPMCALLBACK_INST_START:
	case RPMCALLBACK_UNINST_START:
		name = headerGetAsString((Header)header, RPMTAG_NEVRA);
		printf("%s %s\n", what == RPMCALLBACK_INST_START ? "installing" : "removing", name);
		break;
	default:
		break;
	}
	return NULL;
}

static gboolean add_package(rpmts ts, const Transaction *transaction, gsize index, GError **error)
{
	FD_t fd = open_package(transaction, index);
	Header header = NULL;
	rpmRC result = fd ? rpmReadPackageFile(ts, fd, NULL, &header) : RPMRC_FAIL;
	gboolean good;

	if (fd)
		Fclose(fd);
	good = (result == RPMRC_OK || result == RPMRC_NOKEY || result == RPMRC_NOTTRUSTED) &&
	       rpmtsAddInstallElement(ts, header, GSIZE_TO_POINTER(index + 1), 1, NULL) == 0;
	if (!good)
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"reading package %" G_GSIZE_FORMAT
			" of the transaction: not a package that rpm can install",
			index + 1);
	headerFree(header);
	return good;
}

/* Of missing space each package tells its share on top of those before it. */
static void take_problems(rpmts ts, Transaction *transaction)
{
	rpmps set = rpmtsProblems(ts);
	rpmpsi iterator = rpmpsInitIterator(set);
	rpmProblem problem;

	while ((problem = rpmpsiNext(iterator))) {
		char *text = rpmProblemString(problem);
		g_ptr_array_add(transaction->problems, g_strdup(text));
		free(text);
		if (rpmProblemGetType(problem) == RPMPROB_DISKSPACE)
			transaction->missing_bytes =
				MAX(transaction->missing_bytes, rpmProblemGetDiskNeed(problem));
	}
	rpmpsFreeIterator(iterator);
	rpmpsFree(set);
}

static gboolean import_keys(rpmts ts, const char *const *keys, GError **error)
{
	for (gsize i = 0; keys && keys[i]; i++) {
		uint8_t *packets = NULL;
		size_t size = 0;
		gboolean good = pgpParsePkts(keys[i], &packets, &size) == PGPARMOR_PUBKEY &&
				rpmtsImportPubkey(ts, packets, size) == RPMRC_OK;
		free(packets);
		if (!good) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
				"importing public key %" G_GSIZE_FORMAT
				": not a key that rpm can use",
				i + 1);
			return FALSE;
		}
	}
	return TRUE;
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* rpm tells some reasons through its log, some as problems. */
static void run(rpmts ts, Transaction *transaction)
{
	int result = rpmtsCheck(ts) == 0 ? 0 : 1;

	take_problems(ts, transaction);
	if (result != 0 || transaction->problems->len > 0)
		return;
	rpmtsOrder(ts);
	rpmtsClean(ts);
	result = rpmtsRun(ts, NULL, RPMPROB_FILTER_NONE);
	if (result > 0)
		take_problems(ts, transaction);
	if (result != 0 && transaction->problems->len == 0)
		g_ptr_array_add(transaction->problems, g_strdup("rpm gave no reason; see the log"));
}

/* rpm has told its log why. */
static gboolean set_unopened(const Transaction *transaction, GError **error)
{
	const GPtrArray *reasons = transaction->problems;

	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "opening the package database \"%s\": %s",
		DATABASE_PATH, reasons->len > 0 ? (char *)reasons->pdata[0] : "rpm gave no reason");
	return FALSE;
}

static gboolean transact(rpmts ts, Transaction *transaction, GError **error)
{
	const KilnRpmRootInstall *install = transaction->install;

	/* The bytes of every package were verified as a whole: nothing is digested a second time.
	 */
	rpmtsSetVSFlags(ts, RPMVSF_MASK_NODIGESTS | RPMVSF_MASK_NOSIGNATURES | RPMVSF_NOHDRCHK);
	rpmtsSetVfyLevel(ts, 0);
	rpmtsSetFlags(ts, RPMTRANS_FLAG_NOPLUGINS | RPMTRANS_FLAG_NOFILEDIGEST);
	rpmtsSetNotifyCallback(ts, notify, transaction);
	if (rpmtsSetRootDir(ts, install->root) != 0 || rpmtsOpenDB(ts, O_RDWR | O_CREAT) != 0)
		return set_unopened(transaction, error);
	for (gsize i = 0; i < install->package_count; i++)
		if (!add_package(ts, transaction, i, error))
			return FALSE;
	if (!import_keys(ts, install->keys, error))
		return FALSE;
	run(ts, transaction);
	if (transaction->missing_bytes == 0)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
		"installing %" G_GSIZE_FORMAT " packages: the disk is full, %" G_GUINT64_FORMAT
		" MiB more are needed; free some space and run the command again",
		install->package_count, (transaction->missing_bytes >> 20) + 1);
	return FALSE;
}

gboolean kiln_rpmroot_install(
	const KilnRpmRootInstall *install, char ***ret_problems, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	Transaction transaction = {.install = install, .problems = problems};
	g_autofree char *database = g_strconcat(install->root, DATABASE_PATH "/rpmdb.sqlite", NULL);
	gboolean good;
	rpmts ts;

	if (!configure(install->macros, error))
		return FALSE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	rpmlogSetCallback(take_log, &transaction);
	ts = rpmtsCreate();
	good = transact(ts, &transaction, error);
	rpmtsFree(ts);
	rpmlogSetCallback(NULL, NULL);
	if (!good || !kiln_rpmdb_settle(database, error))
		return FALSE;
	g_ptr_array_sort(problems, compare_texts);
	g_ptr_array_add(problems, NULL);
	*ret_problems = (char **)g_ptr_array_free(g_steal_pointer(&problems), FALSE);
	return TRUE;
}
