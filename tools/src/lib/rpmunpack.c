/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmunpack.h"

#include "base/error.h"
#include "lib/rpmfile.h"
#include "model/source.h"

#include <errno.h>
#include <rpm/header.h>
#include <rpm/rpmarchive.h>
#include <rpm/rpmfi.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmio.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 10000

typedef struct {
	const char *path, *directory;
	FD_t fd;      /* of the package, behind its header */
	FD_t payload; /* the same, unpacked */
	Header header;
	rpmfiles files;
	rpmfi archive;
	char *spec;
	guint count;
} Unpacking;

static void unpacking_clear(Unpacking *unpacking)
{
	if (unpacking->archive) {
		rpmfiArchiveClose(unpacking->archive);
		rpmfiFree(unpacking->archive);
	}
	rpmfilesFree(unpacking->files);
	if (unpacking->payload)
		Fclose(unpacking->payload);
	if (unpacking->fd)
		Fclose(unpacking->fd);
	headerFree(unpacking->header);
	g_free(unpacking->spec);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Unpacking, unpacking_clear)

static gboolean refuse(const Unpacking *unpacking, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean refuse(const Unpacking *unpacking, GError **error, const char *format, ...)
{
	g_autofree char *fault = NULL;
	va_list arguments;

	va_start(arguments, format);
	fault = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "unpacking \"%s\": %s", unpacking->path, fault);
	return FALSE;
}

/* Digests of the header are checked, signatures are not; an empty keyring keeps rpm from opening the
 * host's database. */
static gboolean read_header(Unpacking *unpacking, GError **error)
{
	rpmts ts = rpmtsCreate();
	rpmKeyring keyring = rpmKeyringNew();
	rpmRC result;

	rpmtsSetKeyring(ts, keyring);
	rpmKeyringFree(keyring);
	rpmtsSetVSFlags(ts, RPMVSF_MASK_NOSIGNATURES);
	g_free(kiln_rpmfile_take_log());
	result = rpmReadPackageFile(ts, unpacking->fd, unpacking->path, &unpacking->header);
	rpmtsFree(ts);
	if (result != RPMRC_FAIL && result != RPMRC_NOTFOUND && unpacking->header)
		return TRUE;
	g_autofree char *reason = kiln_rpmfile_take_log();
	return refuse(unpacking, error, "%s", *reason ? reason : "it is not an rpm package");
}

static gboolean open_package(Unpacking *unpacking, GError **error)
{
	struct stat status;

	kiln_rpmfile_setup();
	if (stat(unpacking->path, &status) < 0)
		return kiln_error_set_errno(error, errno, "reading \"%s\"", unpacking->path);
	if (!S_ISREG(status.st_mode))
		return refuse(unpacking, error, "it is not a regular file");
	unpacking->fd = Fopen(unpacking->path, "r.ufdio");
	if (!unpacking->fd || Ferror(unpacking->fd))
		return kiln_error_set_errno(error, errno, "reading \"%s\"", unpacking->path);
	if (!read_header(unpacking, error))
		return FALSE;
	return headerIsSource(unpacking->header) ||
		refuse(unpacking, error, "it is not a source package");
}

/* A source that the spec withholds (NoSource): listed, but not there. */
static gboolean is_withheld(const Unpacking *unpacking, int index)
{
	return (rpmfilesFFlags(unpacking->files, index) & RPMFILE_GHOST) != 0;
}

/* What a header may list: plain names of regular files, each with a digest. */
static gboolean check_file(const Unpacking *unpacking, int index, GError **error)
{
	g_autofree char *name = rpmfilesFN(unpacking->files, index);
	const char *plain = name[0] == '/' ? name + 1 : name;
	int digest_algorithm;

	if (!kiln_source_name_is_valid(plain))
		return refuse(unpacking, error, "it has a file \"%s\"", name);
	if (is_withheld(unpacking, index))
		return TRUE;
	if (!S_ISREG(rpmfilesFMode(unpacking->files, index)))
		return refuse(unpacking, error, "\"%s\" is not a regular file", plain);
	return rpmfilesFDigest(unpacking->files, index, &digest_algorithm, NULL) ||
		refuse(unpacking, error, "\"%s\" has no digest", plain);
}

static gboolean check_files(const Unpacking *unpacking, GError **error)
{
	int count = rpmfilesFC(unpacking->files);
	guint64 size = 0;

	if (count <= 0 || count > FILES_MAX)
		return refuse(unpacking, error, "it has %d files", count);
	for (int i = 0; i < count; i++) {
		if (!check_file(unpacking, i, error))
			return FALSE;
		size += rpmfilesFSize(unpacking->files, i);
		if (size > KILN_SOURCE_MAX_BYTES)
			return refuse(unpacking, error, "it has more than %" G_GUINT64_FORMAT " bytes",
				KILN_SOURCE_MAX_BYTES);
	}
	return TRUE;
}

static gboolean open_payload(Unpacking *unpacking, GError **error)
{
	const char *compressor = headerGetString(unpacking->header, RPMTAG_PAYLOADCOMPRESSOR);
	g_autofree char *mode = g_strdup_printf("r.%s", compressor ? compressor : "gzip");

	unpacking->files = rpmfilesNew(NULL, unpacking->header, RPMTAG_BASENAMES, RPMFI_KEEPHEADER);
	if (!unpacking->files || !check_files(unpacking, error))
		return FALSE;
	unpacking->payload = Fdopen(fdDup(Fileno(unpacking->fd)), mode);
	if (!unpacking->payload || Ferror(unpacking->payload))
		return refuse(unpacking, error, "its payload is compressed with \"%s\", which rpm here cannot read",
			compressor ? compressor : "gzip");
	unpacking->archive =
		rpmfiNewArchiveReader(unpacking->payload, unpacking->files, RPMFI_ITER_READ_ARCHIVE);
	return unpacking->archive || refuse(unpacking, error, "its payload cannot be read");
}

static gboolean note_spec(Unpacking *unpacking, const char *name, GError **error)
{
	if (!(rpmfiFFlags(unpacking->archive) & RPMFILE_SPECFILE) && !g_str_has_suffix(name, ".spec"))
		return TRUE;
	if (unpacking->spec)
		return refuse(unpacking, error, "it has two specs, \"%s\" and \"%s\"", unpacking->spec, name);
	unpacking->spec = g_strdup(name);
	return TRUE;
}

static gboolean unpack_file(Unpacking *unpacking, GError **error)
{
	const char *name = rpmfiBN(unpacking->archive);
	g_autofree char *path = g_build_filename(unpacking->directory, name, NULL);
	FD_t file = Fopen(path, "w.ufdio");
	int result;

	if (!file || Ferror(file)) {
		kiln_error_set_errno(error, errno, "writing \"%s\"", path);
		if (file)
			Fclose(file);
		return FALSE;
	}
	result = rpmfiArchiveReadToFile(unpacking->archive, file, 0);
	if (Fclose(file) != 0 && result == 0)
		return kiln_error_set_errno(error, errno, "writing \"%s\"", path);
	if (result != 0) {
		g_autofree char *reason = rpmfileStrerror(result);
		return refuse(unpacking, error, "\"%s\": %s", name, reason);
	}
	if (chmod(path, 0644) < 0)
		return kiln_error_set_errno(error, errno, "writing \"%s\"", path);
	unpacking->count++;
	return note_spec(unpacking, name, error);
}

static guint count_present(const Unpacking *unpacking)
{
	guint present = 0;

	for (int i = 0; i < (int)rpmfilesFC(unpacking->files); i++)
		present += is_withheld(unpacking, i) ? 0 : 1;
	return present;
}

static gboolean unpack_files(Unpacking *unpacking, GError **error)
{
	int result;

	while ((result = rpmfiNext(unpacking->archive)) >= 0)
		if (!unpack_file(unpacking, error))
			return FALSE;
	if (result != RPMERR_ITER_END) {
		g_autofree char *reason = rpmfileStrerror(result);
		return refuse(unpacking, error, "%s", reason);
	}
	if (unpacking->count != count_present(unpacking))
		return refuse(unpacking, error, "its payload has %u of %u files", unpacking->count,
			count_present(unpacking));
	return unpacking->spec || refuse(unpacking, error, "it has no spec");
}

gboolean kiln_rpmunpack_source(
	const char *path, const char *directory, char **ret_spec, guint *ret_files, GError **error)
{
	g_auto(Unpacking) unpacking = {.path = path, .directory = directory};

	if (!open_package(&unpacking, error) || !open_payload(&unpacking, error) ||
		!unpack_files(&unpacking, error))
		return FALSE;
	*ret_spec = g_steal_pointer(&unpacking.spec);
	if (ret_files)
		*ret_files = unpacking.count;
	return TRUE;
}
