/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/deb_provides.h"

#include "format/capability_scan.h"
#include "lib/elf.h"
#include "model/capability.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_MAX_BYTES (8 * 1024 * 1024)

static char *package_evr(const KilnRpmPackage *package)
{
	return g_strconcat(package->epoch ? package->epoch : "", package->epoch ? ":" : "",
		package->version, "-", package->release, NULL);
}

/* NAME = EVR, and for a package of one architecture NAME(x86-64) = EVR as rpmbuild does. */
static void add_name(KilnRpmPackage *package, const char *name, const char *evr)
{
	g_autofree char *isa = g_strconcat(name, "(x86-64)", NULL);

	kiln_capability_add(package->provides, name, KILN_SENSE_EQUAL, evr);
	if (strcmp(package->arch, "x86_64") == 0)
		kiln_capability_add(package->provides, isa, KILN_SENSE_EQUAL, evr);
}

/* Paths and "kind(thing)" have no version of their own. */
static gboolean is_package_name(const char *name)
{
	return *name != '/' && !strchr(name, '(');
}

static void add_recipe(KilnRpmPackage *package, const KilnImportRecipe *recipe, const char *evr)
{
	for (guint i = 0; i < recipe->provides->len; i++) {
		const KilnCapability *extra = recipe->provides->pdata[i];
		if (extra->sense != KILN_SENSE_ANY || !is_package_name(extra->name))
			kiln_capability_add(
				package->provides, extra->name, extra->sense, extra->evr);
		else
			add_name(package, extra->name, evr);
	}
	for (guint i = 0; i < recipe->requires->len; i++) {
		const KilnCapability *extra = recipe->requires->pdata[i];
		kiln_capability_add(package->requires, extra->name, extra->sense, extra->evr);
	}
}

char *kiln_deb_provides_dashed(const char *name)
{
	char *dashed = g_str_has_prefix(name, "python3-") && strchr(name, '.') ? g_strdup(name)
									       : NULL;

	return dashed ? g_strdelimit(dashed, ".", '-') : NULL;
}

static char *text_of(const KilnRpmFile *file)
{
	return file->size <= TEXT_MAX_BYTES ? g_strndup((const char *)file->data, file->size)
					    : NULL;
}

typedef struct {
	const char *
		python; /* Debian's directories of Python 3 modules do not name the minor version */
	GPtrArray *provides;
} Scan;

static void scan_pkgconfig(const KilnRpmFile *file, const Scan *scan)
{
	g_autofree char *text = text_of(file);
	g_autofree char *module = g_path_get_basename(file->path);

	module[strlen(module) - strlen(".pc")] = '\0';
	if (text)
		kiln_scan_pkgconfig(module, text, scan->provides);
}

static void scan_python(const KilnRpmFile *file, const Scan *scan)
{
	g_autofree char *text = text_of(file);

	if (text)
		kiln_scan_python_metadata(text, scan->python, scan->provides);
}

static void scan_perl(const KilnRpmFile *file, const Scan *scan)
{
	g_autofree char *text = text_of(file);

	if (text)
		kiln_scan_perl_module(text, scan->provides);
}

/* Each line of passwd(5) or group(5) begins with a name. */
static void scan_accounts(const KilnRpmFile *file, const char *kind, GPtrArray *provides)
{
	g_autofree char *text = text_of(file);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (guint i = 0; lines[i]; i++) {
		gsize length = strcspn(lines[i], ":");
		g_autofree char *name = g_strdup_printf("%s(%.*s)", kind, (int)length, lines[i]);
		if (length > 0)
			kiln_capability_add(provides, name, KILN_SENSE_ANY, NULL);
	}
}

static void scan_users(const KilnRpmFile *file, const Scan *scan)
{
	scan_accounts(file, "user", scan->provides);
}

static void scan_groups(const KilnRpmFile *file, const Scan *scan)
{
	scan_accounts(file, "group", scan->provides);
}

static void scan_file(const KilnRpmFile *file, const Scan *scan)
{
	static const struct {
		const char *glob;
		int flags; /* without FNM_PATHNAME a * also stands for directories */
		void (*scan)(const KilnRpmFile *file, const Scan *scan);
	} scans[] = {
		{"/usr/lib/pkgconfig/*.pc", FNM_PATHNAME, scan_pkgconfig},
		{"/usr/lib/*/pkgconfig/*.pc", FNM_PATHNAME, scan_pkgconfig},
		{"/usr/share/pkgconfig/*.pc", FNM_PATHNAME, scan_pkgconfig},
		{"/usr/lib/python3*/dist-packages/*.dist-info/METADATA", FNM_PATHNAME, scan_python},
		{"/usr/lib/python3*/dist-packages/*.egg-info/PKG-INFO", FNM_PATHNAME, scan_python},
		{"/usr/lib/python3*/dist-packages/*.egg-info", FNM_PATHNAME, scan_python},
		{"/usr/share/perl*/*.pm", 0, scan_perl},
		{"/usr/lib/*/perl*/*.pm", 0, scan_perl},
		{"/etc/passwd", 0, scan_users},
		{"/etc/group", 0, scan_groups},
	};

	for (guint i = 0; i < G_N_ELEMENTS(scans); i++) {
		if (fnmatch(scans[i].glob, file->path, scans[i].flags) == 0) {
			scans[i].scan(file, scan);
			return;
		}
	}
}

/* Scripts and older packages name programs by their paths from before /usr was merged. */
static void add_alias(const KilnRpmFile *file, GPtrArray *provides)
{
	const char *alias = file->path + strlen("/usr");

	if (fnmatch("/usr/bin/*", file->path, FNM_PATHNAME) == 0 ||
		fnmatch("/usr/sbin/*", file->path, FNM_PATHNAME) == 0)
		kiln_capability_add(provides, alias, KILN_SENSE_ANY, NULL);
}

static void require_owner(KilnRpmPackage *package, const char *kind, const char *name)
{
	g_autofree char *capability = g_strdup_printf("%s(%s)", kind, name);

	if (strcmp(name, "root") != 0)
		kiln_capability_add(package->requires, capability, KILN_SENSE_PREREQUISITE, NULL);
}

void kiln_deb_provides_add(KilnRpmPackage *package, const KilnImportConf *conf, gboolean is_core)
{
	g_autofree char *evr = package_evr(package);
	g_autofree char *dashed = kiln_deb_provides_dashed(package->name);
	const KilnImportRecipe *recipe = kiln_import_conf_recipe(conf, package->name);
	const Scan scan = {.python = conf->python, .provides = package->provides};

	add_name(package, package->name, evr);
	if (dashed)
		add_name(package, dashed, evr);
	if (recipe)
		add_recipe(package, recipe, evr);
	for (guint i = 0; i < package->files->len; i++) {
		const KilnRpmFile *file = package->files->pdata[i];
		require_owner(package, "user", file->user);
		require_owner(package, "group", file->group);
		if (is_core && !S_ISDIR(file->mode))
			add_alias(file, package->provides);
		if (file->is_elf64)
			kiln_elf_add_provides(file->data, file->size, package->provides);
		else if (file->data)
			scan_file(file, &scan);
	}
}
