/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory with a small repository and a place for its cache, and questions to it. Tests only.
 */
#pragma once

#include "rpm_fixture.h"
#include "rpmmd_fixture.h"

#include "base/error.h"
#include "lib/solv.h"

#define TESTTAGS                                                                                   \
	"=Pkg: app 1 1 noarch\n=Req: lib >= 2\n"                                                   \
	"=Pkg: lib 2 1 x86_64\n=Fls: /usr/bin/lib\n=Fls: /usr/share/lib/one\n"                     \
	"=Pkg: docs 1 1 noarch\n=Fls: /usr/share/docs/two\n"

typedef struct {
	char *directory, *repository, *cache;
} Place;

static G_GNUC_UNUSED int make_place(void **state)
{
	Place *place = g_new0(Place, 1);

	place->directory = fixture_directory("solv");
	place->repository = g_build_filename(place->directory, "repository", NULL);
	place->cache = g_build_filename(place->directory, "cache", NULL);
	rpmmd_create(place->repository, TESTTAGS, NULL);
	*state = place;
	return 0;
}

static G_GNUC_UNUSED int remove_place(void **state)
{
	Place *place = *state;

	fixture_remove(place->directory);
	g_free(place->directory);
	g_free(place->repository);
	g_free(place->cache);
	g_free(place);
	return 0;
}

static G_GNUC_UNUSED char *in_repository(const Place *place, const char *name)
{
	return g_build_filename(place->repository, "repodata", name, NULL);
}

static G_GNUC_UNUSED KilnSolv *open_place(const Place *place)
{
	const KilnSolvRepository repository = {.name = "base", .directory = place->repository};
	KilnSolv *solv = kiln_solv_new("x86_64", place->cache);
	GError *error = NULL;

	kiln_solv_add_repository(solv, &repository, &error);
	assert_no_error(error);
	return solv;
}

static KilnSolution *try_for(
	KilnSolv *solv, const char *requirement, const KilnSolution *installed, GError **error)
{
	const char *requirements[] = {requirement, NULL};
	const KilnSolvRequest request = {
		.requester = "test", .requirements = requirements, .installed = installed};

	return kiln_solv_resolve(solv, &request, error);
}

static KilnSolution *resolve(KilnSolv *solv, const char *requirement)
{
	GError *error = NULL;
	KilnSolution *solution = try_for(solv, requirement, NULL, &error);

	assert_no_error(error);
	assert_non_null(solution);
	return solution;
}

/* "a b c": the names in the solution for `requirement`. */
static G_GNUC_UNUSED char *names_for(KilnSolv *solv, const char *requirement)
{
	g_autoptr(KilnSolution) solution = resolve(solv, requirement);
	const GPtrArray *packages = kiln_solution_packages(solution);
	GString *names = g_string_new(NULL);

	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = g_ptr_array_index(packages, i);
		g_string_append_printf(names, "%s%s", i == 0 ? "" : " ", package->nevra.name);
	}
	return g_string_free(names, FALSE);
}

static G_GNUC_UNUSED void assert_names(
	KilnSolv *solv, const char *requirement, const char *expected)
{
	g_autofree char *names = names_for(solv, requirement);

	assert_string_equal(names, expected);
}

static G_GNUC_UNUSED void assert_fails(
	KilnSolv *solv, const char *requirement, KilnErrorCode code, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnSolution) solution = try_for(solv, requirement, NULL, &error);

	assert_null(solution);
	assert_non_null(error);
	if (error->domain != KILN_ERROR || error->code != (int)code ||
		strstr(error->message, text) == NULL)
		fail_msg("%d: %s", error->code, error->message);
}

static G_GNUC_UNUSED void change_file(const char *path, const char *text)
{
	GError *error = NULL;

	kiln_fs_replace_text(path, text, &error);
	assert_no_error(error);
}

#define case_of(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)
