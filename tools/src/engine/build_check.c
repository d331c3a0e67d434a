/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/build_check.h"

#include "base/error.h"
#include "base/text.h"
#include "lib/rpmheader.h"

#include <string.h>

static gboolean refuse(GError **error, const char *file, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean refuse(GError **error, const char *file, const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *printable_text = NULL;
	g_autofree char *printable_file = kiln_text_printable(file);
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	printable_text = kiln_text_printable(text);
	g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "it left \"%s\": %s", printable_file, printable_text);
	return FALSE;
}

static const KilnSpecPackage *find(const KilnSpec *spec, const char *name, gsize length)
{
	for (guint i = 0; i < spec->packages->len; i++) {
		const KilnSpecPackage *package = spec->packages->pdata[i];
		if (strlen(package->name) == length && strncmp(package->name, name, length) == 0)
			return package;
	}
	return NULL;
}

static gboolean has_version(const KilnRpmHeader *header, guint32 epoch, const char *version, const char *release)
{
	return header->epoch == epoch && g_str_equal(header->version, version) &&
		g_str_equal(header->release, release);
}

static gboolean has_source_version(const KilnSpec *spec, const KilnRpmHeader *header)
{
	return has_version(header, spec->epoch, spec->version, spec->release);
}

/* rpm makes NAME-debuginfo for any package of the spec, and -debugsource for the first. */
static gboolean is_debug_package(const KilnSpec *spec, const KilnRpmHeader *header)
{
	static const char debuginfo[] = "-debuginfo";
	g_autofree char *debugsource = g_strconcat(spec->name, "-debugsource", NULL);
	gsize length = strlen(header->name);
	const KilnSpecPackage *of;

	if (g_str_equal(header->name, debugsource))
		return has_source_version(spec, header);
	if (!g_str_has_suffix(header->name, debuginfo))
		return FALSE;
	length -= strlen(debuginfo);
	of = find(spec, header->name, length);
	if (of && has_version(header, of->epoch, of->version, of->release))
		return TRUE;
	return (of || (strlen(spec->name) == length && g_str_has_prefix(header->name, spec->name))) &&
		has_source_version(spec, header);
}

static gboolean is_declared(const KilnSpec *spec, const KilnRpmHeader *header)
{
	const KilnSpecPackage *package = find(spec, header->name, strlen(header->name));

	if (package && package->is_built)
		return g_str_equal(package->arch, header->arch) &&
			has_version(header, package->epoch, package->version, package->release);
	return is_debug_package(spec, header);
}

static gboolean check_source(
	const KilnSpec *spec, const KilnRpmHeader *header, const char *file, GError **error)
{
	g_autofree char *nevra = kiln_spec_source_nevra(spec);
	g_autofree char *expected = g_strconcat(nevra, ".rpm", NULL);

	if (!g_str_equal(header->name, spec->name) || !has_source_version(spec, header))
		return refuse(error, file, "it holds %s, which is not the source package of this build",
			header->nevra);
	if (!g_str_equal(file, expected))
		return refuse(error, file, "the source package of this build is called \"%s\"", expected);
	return TRUE;
}

static gboolean check_binary(const KilnSpec *spec, const char *architecture, const KilnRpmHeader *header,
	const char *file, GError **error)
{
	g_autofree char *nevra = kiln_spec_source_nevra(spec);
	g_autofree char *source = g_strconcat(nevra, ".rpm", NULL);
	g_autofree char *expected = g_strdup_printf(
		"%s-%s-%s.%s.rpm", header->name, header->version, header->release, header->arch);

	if (!g_str_equal(file, expected))
		return refuse(error, file, "its header says it is \"%s\"", expected);
	if (!g_str_equal(header->arch, architecture) && !g_str_equal(header->arch, "noarch"))
		return refuse(error, file, "the target's architecture is %s", architecture);
	if (!is_declared(spec, header))
		return refuse(error, file, "the spec declares no package %s", header->nevra);
	if (!g_str_equal(header->source_rpm, source))
		return refuse(error, file, "it was made from \"%s\", not from \"%s\"", header->source_rpm, source);
	return TRUE;
}

gboolean kiln_build_check_package(
	const KilnSpec *spec, const char *architecture, const char *path, GError **error)
{
	g_autofree char *file = g_path_get_basename(path);
	g_autoptr(GError) unreadable = NULL;
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(path, &unreadable);

	if (!header && unreadable->code == KILN_ERROR_VERIFY)
		return refuse(error, file, "it is no package");
	if (!header) {
		g_propagate_error(error, g_steal_pointer(&unreadable));
		return FALSE;
	}
	/* What a header lacks is NULL or empty, and equals nothing. */
	if (!header->name || !header->version || !header->release || !header->arch)
		return refuse(error, file, "its header is incomplete");
	return header->is_source ? check_source(spec, header, file, error)
				 : check_binary(spec, architecture, header, file, error);
}
