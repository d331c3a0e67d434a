/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/deb_convert.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fs.h"
#include "engine/deb_files.h"
#include "engine/deb_provides.h"
#include "engine/python_bytecode.h"
#include "format/deb_control.h"
#include "lib/deb.h"
#include "lib/rpmwrite.h"
#include "model/capability.h"
#include "model/debian.h"

#include <string.h>
#include <sys/stat.h>

/* Raise when the same input no longer gives the same RPM: every package is then made again. */
#define FORMAT_VERSION "2"
#define CONF_MAX_BYTES (4 * 1024 * 1024)

KilnImportConf *kiln_deb_convert_read_conf(const char *target_directory, GError **error)
{
	g_autofree char *import_path = g_build_filename(target_directory, "import.conf", NULL);
	g_autofree char *names_path = g_build_filename(target_directory, "names.conf", NULL);
	g_autofree char *import_text = kiln_fs_read(import_path, CONF_MAX_BYTES, NULL, error);
	g_autofree char *names_text =
		import_text ? kiln_fs_read(names_path, CONF_MAX_BYTES, NULL, error) : NULL;
	KilnImportConf *conf =
		names_text ? kiln_import_conf_parse(import_text, names_text, error) : NULL;

	if (!conf)
		g_prefix_error(error, "target \"%s\": ", target_directory);
	return conf;
}

static gboolean add_tree(KilnDigest *digest, const char *directory, GError **error)
{
	g_auto(GStrv) names = kiln_fs_list(directory, error);

	for (guint i = 0; names && names[i]; i++) {
		g_autofree char *path = g_build_filename(directory, names[i], NULL);
		g_autofree char *content = NULL;
		struct stat info;
		if (stat(path, &info) != 0)
			return kiln_error_set_errno(error, errno, "reading \"%s\"", path);
		kiln_digest_add(digest, S_ISDIR(info.st_mode) ? "directory" : "file", names[i]);
		if (S_ISDIR(info.st_mode)) {
			if (!add_tree(digest, path, error))
				return FALSE;
			continue;
		}
		content = kiln_digest_of_file(path, NULL, error);
		if (!content)
			return FALSE;
		kiln_digest_add(digest, info.st_mode & 0111 ? "program" : "content", content);
	}
	kiln_digest_add(digest, "end", NULL);
	return names != NULL;
}

gboolean kiln_deb_convert_add_inputs(
	KilnDigest *digest, const char *setup_directory, GError **error)
{
	kiln_digest_add(digest, "format", FORMAT_VERSION);
	return !g_file_test(setup_directory, G_FILE_TEST_IS_DIR) ||
	       add_tree(digest, setup_directory, error);
}

char *kiln_deb_convert_key(const KilnImportConf *conf, const char *setup_directory,
	const char *name, const char *sha256, GError **error)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new();
	const KilnImportRecipe *recipe = kiln_import_conf_recipe(conf, name);
	g_autofree char *tree = g_build_filename(setup_directory, name, NULL);
	g_autofree char *dashed = kiln_deb_provides_dashed(name);

	kiln_digest_add(digest, "python", conf->python);
	kiln_digest_add(digest, "bytecode", *conf->interpreter ? "yes" : "no");
	kiln_digest_add(digest, "deb", sha256);
	kiln_digest_add(digest, "recipe", recipe ? recipe->text : NULL);
	if (dashed)
		kiln_digest_add(digest, "name", dashed);
	if (!kiln_deb_convert_add_inputs(digest, tree, error))
		return NULL;
	return kiln_digest_finish(digest);
}

static gboolean verify(const KilnDebConvert *options, GError **error)
{
	g_autofree char *sha256 = kiln_digest_of_file(options->deb_path, NULL, error);

	if (!sha256)
		return FALSE;
	if (strcmp(sha256, options->sha256) == 0)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
		"\"%s\" has SHA-256 %s, but the package index says %s", options->deb_path, sha256,
		options->sha256);
	return FALSE;
}

static const char *required_field(const KilnDebControl *control, const char *field, GError **error)
{
	const char *value = kiln_deb_control_get(control, field);

	if (!value || !*value)
		g_set_error(
			error, KILN_ERROR, KILN_ERROR_CONFIG, "its control file has no %s", field);
	return value && *value ? value : NULL;
}

static gboolean map_fields(const KilnDebControl *control, KilnRpmPackage *package, GError **error)
{
	const struct {
		const char *field;
		KilnDebianRelation kind;
		GPtrArray *list;
	} fields[] = {
		{"Pre-Depends", KILN_DEBIAN_REQUIRE, package->requires},
		{"Depends", KILN_DEBIAN_REQUIRE, package->requires},
		{"Provides", KILN_DEBIAN_PROVIDE, package->provides},
		{"Conflicts", KILN_DEBIAN_CONFLICT, package->conflicts},
		{"Breaks", KILN_DEBIAN_CONFLICT, package->conflicts},
	};

	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		const char *value = kiln_deb_control_get(control, fields[i].field);
		if (value &&
			!kiln_debian_relations_map(value, fields[i].kind, fields[i].list, error)) {
			g_prefix_error(error, "%s: ", fields[i].field);
			return FALSE;
		}
	}
	return TRUE;
}

/* "name (version)" or "name", or no field at all when the source has the package's name. */
static char *source_rpm(const KilnDebControl *control, const KilnRpmPackage *package)
{
	const char *source = kiln_deb_control_get(control, "Source");
	g_auto(GStrv) words = g_strsplit_set(source ? source : package->name, " ()", 4);
	g_auto(KilnDebianVersion) version = {0};

	if (g_strv_length(words) > 2 && kiln_debian_version_parse(words[2], &version, NULL))
		return g_strdup_printf(
			"%s-%s-%s.src.rpm", words[0], version.version, version.release);
	return g_strdup_printf("%s-%s-%s.src.rpm", words[0], package->version, package->release);
}

/* The extended description: a line of one dot is an empty one (Policy 5.6.13). */
static char *long_description(const char *description)
{
	g_auto(GStrv) lines = g_strsplit(description, "\n", -1);

	for (guint i = 1; lines[0] && lines[i]; i++) {
		if (strcmp(lines[i], ".") == 0)
			*lines[i] = '\0';
	}
	return lines[0] && lines[1] ? g_strjoinv("\n", lines + 1) : g_strdup(description);
}

typedef struct {
	char *summary, *description, *license, *source_rpm;
} Texts;

static void texts_clear(Texts *texts)
{
	g_free(texts->summary);
	g_free(texts->description);
	g_free(texts->license);
	g_free(texts->source_rpm);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Texts, texts_clear)

static void fill_texts(const KilnDebControl *control, KilnRpmPackage *package, Texts *texts)
{
	const char *description = kiln_deb_control_get(control, "Description");
	const char *section = kiln_deb_control_get(control, "Section");

	description = description ? description : package->name;
	texts->summary = g_strndup(description, strcspn(description, "\n"));
	texts->description = long_description(description);
	texts->license = g_strdup_printf("see /usr/share/doc/%s/copyright", package->name);
	texts->source_rpm = source_rpm(control, package);
	package->summary = texts->summary;
	package->description = texts->description;
	package->license = texts->license;
	package->source_rpm = texts->source_rpm;
	package->group = section ? section : "unspecified";
	package->url = kiln_deb_control_get(control, "Homepage");
	package->packager = kiln_deb_control_get(control, "Maintainer");
	package->vendor = "Debian, converted by Kiln";
}

/* Asked after everything was read: a package must not lie under the key of other inputs. */
static gboolean key_still_holds(const KilnDebConvert *options, const char *name, GError **error)
{
	g_autofree char *key = kiln_deb_convert_key(
		options->conf, options->setup_directory, name, options->sha256, error);

	if (!key)
		return FALSE;
	if (strcmp(key, options->key) == 0)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"its configuration changed while the import was running; run it again");
	return FALSE;
}

static gboolean write_package(const KilnDebConvert *options, const KilnDebControl *control,
	const KilnDebFiles *files, KilnRpmPackage *package, GError **error)
{
	const char *priority = kiln_deb_control_get(control, "Priority");
	gboolean is_core =
		g_strcmp0(priority, "required") == 0 || g_strcmp0(priority, "important") == 0;
	g_auto(Texts) texts = {0};

	if (!map_fields(control, package, error))
		return FALSE;
	fill_texts(control, package, &texts);
	package->files = files->files;
	package->build_time = files->newest;
	kiln_deb_provides_add(package, options->conf, is_core);
	return key_still_holds(options, package->name, error) &&
	       kiln_rpm_write(package, options->output_path, error);
}

static gboolean convert(const KilnDebConvert *options, const KilnDeb *deb,
	const KilnDebControl *control, GError **error)
{
	const char *name = required_field(control, "Package", error);
	const char *version = name ? required_field(control, "Version", error) : NULL;
	const char *architecture = version ? required_field(control, "Architecture", error) : NULL;
	g_autofree char *tree =
		name ? g_build_filename(options->setup_directory, name, NULL) : NULL;
	g_autoptr(GPtrArray) provides = kiln_capability_list_new();
	g_autoptr(GPtrArray) requires = kiln_capability_list_new();
	g_autoptr(GPtrArray) conflicts = kiln_capability_list_new();
	g_auto(KilnDebianVersion) parsed = {0};
	g_autoptr(KilnDebFiles) files = NULL;
	KilnRpmPackage package = {
		.provides = provides, .requires = requires, .conflicts = conflicts};

	if (!architecture || !kiln_debian_version_parse(version, &parsed, error))
		return FALSE;
	package.name = name;
	package.epoch = parsed.epoch;
	package.version = parsed.version;
	package.release = parsed.release;
	package.arch = kiln_debian_architecture(architecture);
	if (!package.arch) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "it is for architecture \"%s\"",
			architecture);
		return FALSE;
	}
	files = kiln_deb_files_make(deb, kiln_import_conf_recipe(options->conf, name), tree,
		strcmp(name, "base-files") == 0, error);
	if (!files || (options->interpreter && !kiln_bytecode_add(files, options->interpreter,
						       options->conf->python, error)))
		return FALSE;
	return write_package(options, control, files, &package, error);
}

static gboolean open_and_convert(const KilnDebConvert *options, GError **error)
{
	g_autoptr(KilnDeb) deb = kiln_deb_open(options->deb_path, error);
	const char *text = deb ? kiln_deb_member(deb, "control") : NULL;
	g_autoptr(GPtrArray) paragraphs = NULL;

	if (!deb)
		return FALSE;
	paragraphs = kiln_deb_control_parse(text ? text : "", text ? strlen(text) : 0, error);
	if (!paragraphs)
		return FALSE;
	if (paragraphs->len != 1) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "it has no proper control file");
		return FALSE;
	}
	return convert(options, deb, paragraphs->pdata[0], error);
}

gboolean kiln_deb_convert(const KilnDebConvert *options, GError **error)
{
	if (verify(options, error) && open_and_convert(options, error))
		return TRUE;
	g_prefix_error(error, "converting \"%s\": ", options->deb_path);
	return FALSE;
}
