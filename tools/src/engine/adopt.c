/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/adopt.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/text.h"
#include "engine/package_sources.h"
#include "format/config.h"

#include <string.h>

#define CONFIG_DIRECTORY "repo-config"
#define CONFIG_FILE CONFIG_DIRECTORY "/kiln.conf"
#define TEMPLATE "kiln.repo.in"

void kiln_adopted_clear(KilnAdopted *adopted)
{
	g_clear_pointer(&adopted->layout, kiln_layout_free);
	g_clear_pointer(&adopted->names, g_strfreev);
	g_clear_pointer(&adopted->target, g_free);
	g_clear_pointer(&adopted->undo, kiln_adopt_undo_free);
}

/* The directory's name as far as it can name a collection. */
static char *name_of(const char *root)
{
	g_autofree char *name = g_path_get_basename(root);

	for (char *c = name; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("+._-", *c))
			*c = '-';
	for (const char *start = name; *start; start++)
		if (kiln_config_is_name(start))
			return g_strdup(start);
	return g_strdup("main");
}

static gboolean check_name(const char *name, GError **error)
{
	if (kiln_config_is_name(name))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
		"\"%s\" is not a name for a collection: use letters, digits and + . _ -", name);
	return FALSE;
}

static gboolean choose_layout(
	const KilnAdoption *adoption, const char *name, KilnAdopted *adopted, GError **error)
{
	KilnLayoutKind kind;

	if (adoption->layout && !kiln_layout_kind_from_name(adoption->layout, &kind)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
			"layout \"%s\" is unknown: use topdir, flat, dist-git or kiln", adoption->layout);
		return FALSE;
	}
	adopted->layout = kiln_adopt_find_layout(adoption->root, adoption->layout ? &kind : NULL, name, error);
	return adopted->layout != NULL;
}

/* In Kiln's own layout the directories have the names. */
static gboolean choose_names(const KilnAdoption *adoption, KilnAdopted *adopted, GError **error)
{
	g_autofree char *name = adoption->name ? g_strdup(adoption->name) : name_of(adoption->root);
	const char *const one[] = {name, NULL};
	g_auto(GStrv) there = NULL;

	if (!check_name(name, error) || !choose_layout(adoption, name, adopted, error))
		return FALSE;
	if (adopted->layout->kind == KILN_LAYOUT_KILN)
		there = kiln_adopt_list_collections(adoption->root);
	adopted->names = g_strdupv(there && *there && !adoption->name ? there : (char **)one);
	for (char **each = adopted->names; *each; each++)
		if (!check_name(*each, error))
			return FALSE;
	return TRUE;
}

static gboolean refuse_target(const char *name, char **known, GError **error)
{
	g_autofree char *list = g_strjoinv(", ", known);
	const char *near = name ? kiln_text_nearest(name, (const char *const *)known) : NULL;

	if (!name)
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
			"there are several targets (%s); name one with --target NAME", list);
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND, "there is no target \"%s\"; there is %s%s%s",
			name, list, near ? "; did you mean " : "", near ? near : "");
	return FALSE;
}

static gboolean choose_target(const KilnAdoption *adoption, KilnAdopted *adopted, GError **error)
{
	g_autofree char *directory = g_build_filename(adoption->data, "targets", NULL);
	g_auto(GStrv) known = kiln_fs_list(directory, error);
	const char *name = adoption->target;

	if (!known) {
		g_prefix_error(error, "looking for the files of targets that come with Kiln: ");
		return FALSE;
	}
	if (!name && known[0] && !known[1])
		name = known[0];
	if (!name || !g_strv_contains((const char *const *)known, name))
		return refuse_target(name, known, error);
	adopted->target = g_strdup(name);
	return TRUE;
}

/* Copies a tree of directories and files. What is there already stays as it is. */
static gboolean copy_missing(const char *source, const char *destination, GError **error)
{
	g_auto(GStrv) names = NULL;

	if (!g_file_test(source, G_FILE_TEST_IS_DIR))
		return g_file_test(destination, G_FILE_TEST_EXISTS) ||
			kiln_fs_copy(source, destination, error);
	names = kiln_fs_list(source, error);
	if (!names || !kiln_fs_make_directory(destination, error))
		return FALSE;
	for (char **name = names; *name; name++) {
		g_autofree char *from = g_build_filename(source, *name, NULL);
		g_autofree char *to = g_build_filename(destination, *name, NULL);

		if (!copy_missing(from, to, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean write_data(const KilnAdoption *adoption, const KilnAdopted *adopted, GError **error)
{
	g_autofree char *from = g_build_filename(adoption->data, "targets", adopted->target, NULL);
	g_autofree char *to = g_build_filename(
		adoption->root, CONFIG_DIRECTORY, "targets", adopted->target, NULL);
	g_autofree char *template_from = g_build_filename(adoption->data, TEMPLATE, NULL);
	g_autofree char *template_to = g_build_filename(adoption->root, CONFIG_DIRECTORY, TEMPLATE, NULL);

	return copy_missing(from, to, error) && copy_missing(template_from, template_to, error);
}

static void add_layout(GString *text, const KilnLayout *layout)
{
	g_autofree char *sources = g_strjoinv(" ", layout->sources);

	if (layout->kind == KILN_LAYOUT_KILN)
		return;
	g_string_append_printf(text,
		"# Specs and sources stay where they were; only the source locks are Kiln's.\n"
		"layout = %s\nspecs = %s\nsources = %s\nlocks = %s\n",
		kiln_layout_kind_name(layout->kind), layout->specs, sources, layout->locks);
}

static gboolean write_config(const KilnAdoption *adoption, const KilnAdopted *adopted, GError **error)
{
	g_autofree char *path = g_build_filename(adoption->root, CONFIG_FILE, NULL);
	g_autoptr(GString) text = g_string_new(
		"# What this project builds, for whom, and where the result is published. See kiln(1).\n\n"
		"[publish]\n"
		"# The address under which clients reach the published tree (`root`): set it before the first "
		"release.\n");

	g_string_append_printf(text,
		"url = http://repo.example/%s\nroot = .kiln/www\nchannel = stable\n", adopted->names[0]);
	for (char **name = adopted->names; *name; name++)
		g_string_append_printf(text, "\n[collection %s]\ndescription = %s\ntargets = %s\n", *name, *name,
			adopted->target);
	add_layout(text, adopted->layout);
	return kiln_fs_replace_text(path, text->str, error);
}

/* What builds leave behind is no part of the tree: version control need not be told. */
static gboolean ignore_state(const KilnAdoption *adoption, GError **error)
{
	g_autofree char *state = g_build_filename(adoption->root, ".kiln", NULL);
	g_autofree char *path = g_build_filename(state, ".gitignore", NULL);

	return kiln_fs_make_directory(state, error) && kiln_fs_replace_text(path, "*\n", error);
}

static gboolean check_fresh(const KilnAdoption *adoption, GError **error)
{
	g_autofree char *path = g_build_filename(adoption->root, CONFIG_FILE, NULL);

	if (!g_file_test(path, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"\"%s\" is a Kiln project already: it has " CONFIG_FILE "; nothing was changed", adoption->root);
	return FALSE;
}

/* Where packages are put, in Kiln's own layout. */
static gboolean make_specs(const KilnAdoption *adoption, const KilnAdopted *adopted, GError **error)
{
	for (char **name = adopted->names; adopted->layout->kind == KILN_LAYOUT_KILN && *name; name++) {
		g_autofree char *path = g_build_filename(adoption->root, "specs", *name, NULL);

		if (!kiln_fs_make_directory(path, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean write_all(const KilnAdoption *adoption, const KilnAdopted *adopted, GError **error)
{
	return write_data(adoption, adopted, error) && ignore_state(adoption, error) &&
		write_config(adoption, adopted, error) && make_specs(adoption, adopted, error);
}

gboolean kiln_adopt_begin(const KilnAdoption *adoption, KilnAdopted *ret_adopted, GError **error)
{
	g_auto(KilnAdopted) adopted = {0};

	if (!check_fresh(adoption, error) || !choose_names(adoption, &adopted, error) ||
		!choose_target(adoption, &adopted, error))
		return FALSE;
	adopted.undo = kiln_adopt_undo_new(adoption->root);
	if (!write_all(adoption, &adopted, error)) {
		kiln_adopt_undo_run(adopted.undo);
		return FALSE;
	}
	*ret_adopted = adopted;
	adopted = (KilnAdopted){0};
	return TRUE;
}

/* Where a package's sources lie, as messages name it. Caller owns. */
static char *places_of(const KilnContext *context, const KilnCatalogPackage *package)
{
	GString *text = g_string_new(NULL);

	for (char **directory = package->source_directories; *directory; directory++)
		g_string_append_printf(text, "%s\"%s\"", text->len ? " or " : "",
			kiln_project_relative(context->project, *directory));
	return g_string_free(text, FALSE);
}

static void tell_missing(const KilnContext *context, const KilnCatalogPackage *package,
	const KilnSourceChange *change, KilnAdoptTally *tally)
{
	g_autofree char *places = places_of(context, package);

	tally->missing++;
	if (!change->has_origin) {
		kiln_event_warning(package->name,
			"\"%s\" is not there, and the spec has no URL to fetch it from; put the file into %s",
			change->name, places);
		tally->wants_files = TRUE;
		return;
	}
	kiln_event_warning(package->name, "\"%s\" is not there", change->name);
	if (!tally->first_missing)
		tally->first_missing = g_strdup(package->name);
}

/* The first spec of each Name; the second cannot be built beside it, which is told now already. */
static void note_name(const KilnContext *context, const KilnCatalogPackage *package, const KilnSpec *spec,
	GHashTable *owners)
{
	KilnCatalogName names[] = {{NULL, spec->name}, {package, spec->name}};
	g_autoptr(GError) error = NULL;

	names[0].package = g_hash_table_lookup(owners, spec->name);
	if (!names[0].package)
		g_hash_table_insert(owners, g_strdup(spec->name), (gpointer)package);
	else if (!kiln_catalog_check_names(context->project, names, G_N_ELEMENTS(names), &error))
		kiln_event_warning(package->name, "%s", error->message);
}

static gboolean lock_package(KilnContext *context, const KilnCatalogPackage *package, GHashTable *owners,
	KilnAdoptTally *tally, GError **error)
{
	g_autoptr(KilnSpec) spec = kiln_context_evaluate(context, package, FALSE, error);
	g_autoptr(GPtrArray) changes = NULL;

	if (spec && kiln_spec_allows_arch(spec, context->target->architecture))
		note_name(context, package, spec, owners);
	if (!spec || !kiln_package_sources_lock_present(context, package, spec, &changes, error))
		return FALSE;
	for (guint i = 0; i < changes->len; i++) {
		const KilnSourceChange *change = changes->pdata[i];

		if (change->kind == KILN_SOURCE_MISSING)
			tell_missing(context, package, change, tally);
		else if (change->kind != KILN_SOURCE_DROPPED)
			tally->locked++;
	}
	return TRUE;
}

gboolean kiln_adopt_lock(KilnContext *context, KilnAdoptTally *ret_tally, GError **error)
{
	g_autoptr(GHashTable) owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	gint64 start = kiln_clock_monotonic_us();

	*ret_tally = (KilnAdoptTally){.packages = context->packages->len};
	kiln_event_step("lock", "evaluating specs, reading sources");
	for (guint i = 0; i < context->packages->len; i++) {
		const KilnCatalogPackage *package = context->packages->pdata[i];
		g_autoptr(GError) fault = NULL;

		kiln_event_progress("lock", i, context->packages->len);
		if (lock_package(context, package, owners, ret_tally, &fault))
			continue;
		if (!g_error_matches(fault, KILN_ERROR, KILN_ERROR_CONFIG) &&
			!g_error_matches(fault, KILN_ERROR, KILN_ERROR_VERIFY)) {
			g_propagate_error(error, g_steal_pointer(&fault));
			return FALSE;
		}
		kiln_event_warning(package->name, "%s", fault->message);
		ret_tally->broken++;
	}
	kiln_event_done("lock", kiln_clock_monotonic_us() - start, "%u locked (packages: %u)", ret_tally->locked,
		context->packages->len);
	return TRUE;
}
