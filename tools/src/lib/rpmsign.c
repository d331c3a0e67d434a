/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmsign.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "lib/rpmfile.h"

#include <errno.h>
#include <rpm/header.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmsign.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MAX_BYTES (64 << 10)

/* One signing under way, in a directory of its own beside the result. */
typedef struct {
	KilnGpg *gpg;
	const KilnGpgKey *key;
	const char *path;
	char *directory;
	char *copy; /* of the package, in the directory: this is what gets signed */
	char *log;  /* what gpg says */
} Signing;

/* rpm expands `%` and reads quotes in what it makes the command of. */
static gboolean check_word(const char *text, GError **error)
{
	if (!text || text[strcspn(text, "%'\\\n\r")] == '\0')
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"signing packages: the path \"%s\" holds a character that rpm cannot pass to gpg",
		text);
	return FALSE;
}

/* Deterministic for a package and a key: see the header. */
static gint64 signature_time(Header header, const KilnGpgKey *key)
{
	return MAX((gint64)headerGetNumber(header, RPMTAG_BUILDTIME), key->created);
}

/* The command line for librpmsign: the first word is the program, the second its argv[0]. */
static char *gpg_command(const Signing *signing, const char *program, gint64 now)
{
	const char *passphrase = kiln_gpg_passphrase_file(signing->gpg);
	GString *command = g_string_new(NULL);

	g_string_printf(command,
		"'%s' gpg --batch --quiet --no-armor --no-autostart --no-secmem-warning "
		"--logger-file '%s' --digest-algo SHA256 --faked-system-time %" G_GINT64_FORMAT
		"! ",
		program, signing->log, now);
	if (passphrase)
		g_string_append_printf(
			command, "--pinentry-mode loopback --passphrase-file '%s' ", passphrase);
	else if (!kiln_gpg_can_ask())
		g_string_append(command, "--pinentry-mode error ");
	g_string_append_printf(command,
		"-u %s! -sbo '%%{__signature_filename}' "
		"%%{?__plaintext_filename:-- '%%{__plaintext_filename}'}",
		signing->key->fingerprint);
	return g_string_free(command, FALSE);
}

/* Calls librpmsign, which names each package on stdout: that is not its to write to. */
static int call_quietly(const char *path, const struct rpmSignArgs *arguments)
{
	FILE *answer = stdout;
	FILE *nowhere = fopen("/dev/null", "we");

	if (nowhere)
		stdout = nowhere;
	int status = arguments ? rpmPkgSign(path, arguments) : rpmPkgDelSign(path, NULL);
	stdout = answer;
	if (nowhere)
		fclose(nowhere);
	return status;
}

/* The macros librpmsign works with are process-wide: pushed for one signing and popped again.
 * Nothing of the user's rpm configuration is read, so there are no others. */
static int sign_with_macros(const Signing *signing, const char *command)
{
	const char *const macros[][2] = {
		{"_tmppath", signing->directory},
		{"_gpg_path", kiln_gpg_home(signing->gpg)},
		{"__gpg_sign_cmd", command},
	};
	const struct rpmSignArgs arguments = {.signflags = RPMSIGN_FLAG_RPMV3};

	for (gsize i = 0; i < G_N_ELEMENTS(macros); i++)
		rpmPushMacro(NULL, macros[i][0], NULL, macros[i][1], RMIL_GLOBAL);
	int status = call_quietly(signing->copy, &arguments);
	for (gsize i = 0; i < G_N_ELEMENTS(macros); i++)
		rpmPopMacro(NULL, macros[i][0]);
	return status;
}

/* librpmsign only knows that gpg ended badly. What is wrong with the key, gpgme tells best; else
 * gpg's own last line, or rpm's. */
static void tell_failure(const Signing *signing, GError **error)
{
	g_autofree char *rpm_log = kiln_rpmfile_take_log();
	g_autofree char *gpg_log = kiln_fs_read(signing->log, LOG_MAX_BYTES, NULL, NULL);
	g_autofree char *gpg_line = kiln_text_last_line(gpg_log ? gpg_log : "");

	if (!kiln_gpg_check_signing(signing->gpg, signing->key->fingerprint, error)) {
		g_prefix_error(error, "signing the package \"%s\": ", signing->path);
		return;
	}
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "signing the package \"%s\": %s",
		signing->path, *gpg_line ? gpg_line : rpm_log);
}

static gboolean has_signature(Header header)
{
	return headerIsEntry(header, RPMTAG_RSAHEADER) || headerIsEntry(header, RPMTAG_DSAHEADER) ||
	       headerIsEntry(header, RPMTAG_SIGPGP) || headerIsEntry(header, RPMTAG_SIGGPG);
}

static gboolean sign_copy(const Signing *signing, GError **error)
{
	g_autofree char *program = g_find_program_in_path("gpg");
	Header header = kiln_rpmfile_read_header(signing->copy, error);

	if (!header) {
		g_prefix_error(error, "signing the package \"%s\": ", signing->path);
		return FALSE;
	}
	gint64 now = signature_time(header, signing->key);
	gboolean signed_before = has_signature(header);
	headerFree(header);
	if (!program) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
			"signing packages: gpg is missing; install GnuPG (make deps)");
		return FALSE;
	}
	g_autofree char *command = gpg_command(signing, program, now);
	/* librpmsign leaves a package alone whose signature looks the same as the new one would. */
	if ((!signed_before || call_quietly(signing->copy, NULL) == 0) &&
		sign_with_macros(signing, command) == 0)
		return TRUE;
	tell_failure(signing, error);
	return FALSE;
}

static gboolean sign_in_directory(Signing *signing, const char *signed_path, GError **error)
{
	g_autofree char *name = g_path_get_basename(signed_path);

	signing->copy = g_build_filename(signing->directory, name, NULL);
	signing->log = g_build_filename(signing->directory, "gpg.log", NULL);
	if (!kiln_fs_copy(signing->path, signing->copy, error) || !sign_copy(signing, error))
		return FALSE;
	if (chmod(signing->copy, 0644) < 0)
		return kiln_error_set_errno(
			error, errno, "signing the package \"%s\"", signing->path);
	return kiln_fs_sync_tree(signing->directory, error) &&
	       kiln_fs_rename(signing->copy, signed_path, error);
}

gboolean kiln_rpmsign_package(KilnGpg *gpg, const char *fingerprint, const char *path,
	const char *signed_path, GError **error)
{
	g_autoptr(KilnGpgKey) key = kiln_gpg_find_key(gpg, fingerprint, error);
	g_autofree char *parent = g_path_get_dirname(signed_path);
	g_autofree char *prefix = g_build_filename(parent, ".signing", NULL);
	Signing signing = {.gpg = gpg, .key = key, .path = path};

	kiln_rpmfile_setup();
	if (!key || !check_word(signed_path, error) || !check_word(kiln_gpg_home(gpg), error) ||
		!check_word(kiln_gpg_passphrase_file(gpg), error))
		return FALSE;
	if (!kiln_fs_remove_temporaries(prefix, error)) /* of ours: who signs holds the keys */
		return FALSE;
	signing.directory = kiln_fs_make_temporary(prefix, error);
	if (!signing.directory)
		return FALSE;
	gboolean done = sign_in_directory(&signing, signed_path, error);
	/* Whatever stays is a copy; the answer is already known. */
	kiln_fs_remove_tree(signing.directory, NULL);
	g_free(signing.directory);
	g_free(signing.copy);
	g_free(signing.log);
	return done;
}
