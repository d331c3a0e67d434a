/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_sandbox [RUNS]: what it costs to run nothing in a sandbox: /bin/true on a layer that holds
 * a static busybox, by phase, minimum and median of RUNS (30) in microseconds. Needs root.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "engine/root.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PREPARE, NAMESPACES, MOUNTS, COMMAND, REST, START, WALL, PHASES };

static const char *const phase_names[PHASES] = {
	"prepare", "namespaces", "mounts", "command", "end", "helper's start", "wall"};

static int compare_times(const void *a, const void *b)
{
	gint64 first = *(const gint64 *)a, second = *(const gint64 *)b;

	return first < second ? -1 : first > second;
}

static char *make_layer(GError **error)
{
	char *layer = kiln_fs_make_temporary("/tmp/kiln-bench", error);
	g_autofree char *bin = layer ? g_build_filename(layer, "tree/bin", NULL) : NULL;
	g_autofree char *program = layer ? g_build_filename(bin, "true", NULL) : NULL;

	if (!layer || !kiln_fs_make_directory(bin, error) ||
		!kiln_fs_copy("/bin/busybox", program, error))
		return NULL;
	return layer;
}

static gboolean measure(const char *layer, gint64 *times, GError **error)
{
	g_autoptr(KilnSandboxRequest) request = kiln_sandbox_request_new(KILN_SANDBOX_RUN);
	char *layers[] = {g_build_filename(layer, "tree", NULL), NULL};
	const char *argv[] = {"/bin/true", NULL};
	g_auto(KilnSandboxReport) report = {0};
	gint64 started = kiln_clock_monotonic_us();

	request->layers = g_strdupv(layers);
	request->argv = g_strdupv((char **)argv);
	g_free(layers[0]);
	if (!kiln_root_execute(request, -1, &report, error))
		return FALSE;
	times[WALL] = kiln_clock_monotonic_us() - started;
	times[PREPARE] = report.prepare_us;
	times[NAMESPACES] = report.namespaces_us;
	times[MOUNTS] = report.mounts_us;
	times[COMMAND] = report.command_us;
	times[REST] = report.total_us - report.prepare_us - report.namespaces_us -
		      report.mounts_us - report.command_us;
	times[START] = times[WALL] - report.total_us;
	return TRUE;
}

static void print(gint64 (*times)[PHASES], gsize runs)
{
	g_autofree gint64 *one = g_new(gint64, runs);

	printf("%-16s %8s %8s\n", "us", "min", "median");
	for (gsize phase = 0; phase < PHASES; phase++) {
		for (gsize i = 0; i < runs; i++)
			one[i] = times[i][phase];
		qsort(one, runs, sizeof(*one), compare_times);
		printf("%-16s %8" G_GINT64_FORMAT " %8" G_GINT64_FORMAT "\n", phase_names[phase],
			one[0], one[runs / 2]);
	}
}

int main(int argc, char **argv)
{
	gsize runs = argc > 1 ? (gsize)CLAMP(atoi(argv[1]), 1, 10000) : 30;
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *directory = g_path_get_dirname(self);
	g_autofree char *libexec = g_build_filename(directory, "../../libexec/kiln", NULL);
	g_autofree gint64(*times)[PHASES] = g_malloc0(sizeof(*times) * runs);
	g_autoptr(GError) error = NULL;
	g_autofree char *layer = make_layer(&error);
	gboolean good = layer && kiln_root_allow(layer, &error);

	g_setenv("KILN_LIBEXEC", libexec, FALSE);
	for (gsize i = 0; good && i < runs; i++)
		good = measure(layer, times[i], &error);
	if (good)
		print(times, runs);
	else
		fprintf(stderr, "bench_sandbox: %s\n", error->message);
	if (layer)
		kiln_fs_remove_tree(layer, NULL);
	return good ? 0 : 1;
}
