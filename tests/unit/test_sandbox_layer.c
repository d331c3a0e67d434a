/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layers wanted, held and removed by several threads and processes at once. */
#include "sandbox_fixture.h"

#include "rpm_fixture.h"

#include "base/digest.h"
#include "engine/layer.h"

#include <signal.h>
#include <sys/wait.h>

#define THREADS 4

static const char *const names[] = {"alpha", "beta"};

/* Packages, built once, and a cache directory for each test. */
typedef struct {
	SandboxFixture *sandbox;
	char *packages[G_N_ELEMENTS(names)], *cache;
	int tests;
} Fixture;

static int setup(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);
	g_autofree char *directory = NULL;

	sandbox_setup((void **)&fixture->sandbox);
	directory = sandbox_make_directory(fixture->sandbox, "rpmbuild");
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const FixturePackage package = {
			.name = names[i], .evr_preamble = "Version: 1\nRelease: 1\n", .body = "%description\nx\n"};
		fixture->packages[i] = fixture_build(directory, &package);
	}
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	Fixture *fixture = *state;

	sandbox_teardown((void **)&fixture->sandbox);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		g_free(fixture->packages[i]);
	g_free(fixture->cache);
	g_free(fixture);
	return 0;
}

static int fresh_cache(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *name = g_strdup_printf("cache-%d", fixture->tests++);

	g_free(fixture->cache);
	fixture->cache = sandbox_make_directory(fixture->sandbox, name);
	return 0;
}

/* The layer of the first package, or that of the second on top of `below`. */
static KilnLayers *ensure(const Fixture *fixture, const KilnLayers *below, gboolean *ret_made)
{
	const char *file = fixture->packages[below ? 1 : 0];
	g_autoptr(KilnSolution) solution = kiln_solution_new(NULL);
	KilnSolvPackage *package = kiln_solv_package_new();
	KilnLayerRequest request = {.cache = fixture->cache, .below = below, .solution = solution, .macros = "",
		.label = "a test"};
	g_autoptr(GError) error = NULL;
	KilnLayers *layers;

	g_assert_true(kiln_nevra_parse(below ? "beta-1-1.noarch" : "alpha-1-1.noarch", &package->nevra, NULL));
	package->path = g_strdup(file);
	package->checksum_type = g_strdup("sha256");
	package->checksum = kiln_digest_of_file(file, NULL, NULL);
	kiln_solution_add(solution, package);
	layers = kiln_layers_ensure(&request, ret_made, &error);
	if (!layers)
		g_error("%s", error->message);
	return layers;
}

static gboolean has_package(const KilnLayers *layers)
{
	g_autofree char *path = g_build_filename(layers->trees[0], "usr/share/alpha/data", NULL);

	return access(path, F_OK) == 0;
}

typedef struct {
	const Fixture *fixture;
	gint *made; /* atomic */
	KilnLayers *layers;
} Wish;

static gpointer want(gpointer data)
{
	Wish *wish = data;
	gboolean made = FALSE;

	wish->layers = ensure(wish->fixture, NULL, &made);
	if (made)
		g_atomic_int_inc(wish->made);
	return NULL;
}

static void test_threads_make_it_once(void **state)
{
	const Fixture *fixture = *state;
	Wish wishes[THREADS];
	GThread *threads[THREADS];
	gint made = 0;

	for (int i = 0; i < THREADS; i++) {
		wishes[i] = (Wish){fixture, &made, NULL};
		threads[i] = g_thread_new("wish", want, &wishes[i]);
	}
	for (int i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
	assert_int_equal(made, 1);
	for (int i = 0; i < THREADS; i++) {
		assert_string_equal(wishes[i].layers->trees[0], wishes[0].layers->trees[0]);
		assert_true(has_package(wishes[i].layers));
	}
	for (int i = 0; i < THREADS; i++)
		kiln_layers_free(wishes[i].layers);
}

/* Each child exits with 1 when it made the layer, 0 when it found it. */
static void test_processes_make_it_once(void **state)
{
	const Fixture *fixture = *state;
	pid_t children[THREADS];
	int made = 0, status;

	for (int i = 0; i < THREADS; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			gboolean own = FALSE;
			g_autoptr(KilnLayers) layers = ensure(fixture, NULL, &own);
			_exit(has_package(layers) ? own : 100);
		}
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
		made += WEXITSTATUS(status);
	}
	assert_int_equal(made, 1);
}

/* In use by whoever has the stack, a copy of it, or a stack on top of it. */
static void test_used_is_not_removed(void **state)
{
	const Fixture *fixture = *state;
	KilnLayers *bottom = ensure(fixture, NULL, NULL);
	KilnLayers *top = ensure(fixture, bottom, NULL);
	KilnLayers *copy = kiln_layers_copy(bottom), *held;
	g_autofree char *key = g_strdup(bottom->key);
	g_autoptr(GError) error = NULL;
	KilnLayers *const owners[] = {bottom, copy, top};
	g_auto(GStrv) trees = g_strdupv(top->trees);

	for (gsize i = 0; i < G_N_ELEMENTS(owners); i++) {
		assert_false(kiln_layer_remove(fixture->cache, key, FALSE, &error));
		assert_error(error, KILN_ERROR_BUSY, "");
		kiln_layers_free(owners[i]);
	}
	assert_true(kiln_layer_remove(fixture->cache, key, TRUE, &error));
	held = kiln_layers_hold((const char *const *)trees, &error);
	assert_no_error(error);
	assert_string_equal(held->trees[1], trees[1]);
	assert_false(kiln_layer_remove(fixture->cache, key, FALSE, &error));
	assert_error(error, KILN_ERROR_BUSY, "");
	g_autoptr(GPtrArray) list = kiln_layer_list(fixture->cache, &error);
	assert_int_equal(list->len, 2);
	for (guint i = 0; i < list->len; i++) {
		const KilnLayerInfo *info = list->pdata[i];
		assert_string_equal(info->manifest->label, "a test");
		assert_true(info->bytes > 4096 && info->bytes == info->manifest->bytes);
		assert_true(info->used > 0);
		assert_int_equal(info->manifest->below == NULL, g_str_equal(info->key, key));
	}
	kiln_layers_free(held);
	assert_true(kiln_layer_remove(fixture->cache, key, FALSE, &error));
	assert_null(kiln_layers_hold((const char *const *)trees, &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "gone");
}

static gpointer remove_again_and_again(gpointer data)
{
	Wish *wish = data;

	while (g_atomic_int_get(wish->made) < THREADS) {
		g_autoptr(KilnLayers) any = ensure(wish->fixture, NULL, NULL);
		g_autofree char *key = g_strdup(any->key);
		g_autoptr(GError) error = NULL;
		g_clear_pointer(&any, kiln_layers_free);
		if (!kiln_layer_remove(wish->fixture->cache, key, FALSE, &error))
			g_assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_BUSY));
	}
	return NULL;
}

static gpointer use_again_and_again(gpointer data)
{
	Wish *wish = data;

	for (int i = 0; i < 25; i++) {
		g_autoptr(KilnLayers) layers = ensure(wish->fixture, NULL, NULL);
		g_usleep(300);
		g_assert_true(has_package(layers));
	}
	g_atomic_int_inc(wish->made);
	return NULL;
}

/* Removed whenever nobody has it: whoever has it, has all of it. */
static void test_removed_while_wanted(void **state)
{
	gint ended = 0;
	Wish wish = {*state, &ended, NULL};
	GThread *threads[THREADS + 1];

	for (int i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("use", use_again_and_again, &wish);
	threads[THREADS] = g_thread_new("remove", remove_again_and_again, &wish);
	for (int i = 0; i <= THREADS; i++)
		g_thread_join(threads[i]);
	assert_int_equal(ended, THREADS);
}

/* Killed while it makes a layer: what it left is not used, and the next one makes it. */
static void test_killed_while_making(void **state)
{
	const Fixture *fixture = *state;
	g_autofree char *layers_directory = g_build_filename(fixture->cache, "layers", NULL);

	for (guint wait_ms = 0; wait_ms < 100; wait_ms += 12) {
		g_autoptr(KilnLayers) layers = NULL;
		g_autofree char *key = NULL;
		pid_t child = fork();
		if (child == 0) {
			ensure(fixture, NULL, NULL);
			_exit(0);
		}
		g_usleep(wait_ms * 1000);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		layers = ensure(fixture, NULL, NULL);
		assert_true(has_package(layers));
		key = g_strdup(layers->key);
		g_clear_pointer(&layers, kiln_layers_free);
		assert_true(kiln_layer_remove(fixture->cache, key, FALSE, NULL));
	}
	g_auto(GStrv) left = kiln_fs_list(layers_directory, NULL);
	assert_null(left[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_threads_make_it_once, fresh_cache),
		cmocka_unit_test_setup(test_processes_make_it_once, fresh_cache),
		cmocka_unit_test_setup(test_used_is_not_removed, fresh_cache),
		cmocka_unit_test_setup(test_removed_while_wanted, fresh_cache),
		cmocka_unit_test_setup(test_killed_while_making, fresh_cache),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
