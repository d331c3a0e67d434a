/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay PATH…: runs a fuzz target on files and on the files in directories, without a fuzzer:
 * what `make check` does under the sanitizers. The target aborts when its property does not hold.
 */
#include "base/fs.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static guint replay_file(const char *path)
{
	g_autoptr(GError) error = NULL;
	gsize size = 0;
	g_autofree char *data = kiln_fs_read(path, 1 << 20, &size, &error);

	if (data == NULL)
		g_error("%s", error->message);
	/* An exact copy: reading behind its end is seen. */
	g_autofree uint8_t *exact = g_malloc(MAX(size, 1));
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	return 1;
}

static guint replay(const char *path)
{
	g_autoptr(GError) error = NULL;
	guint count = 0;

	if (!g_file_test(path, G_FILE_TEST_IS_DIR))
		return replay_file(path);
	g_auto(GStrv) names = kiln_fs_list(path, &error);
	for (char **name = names; name != NULL && *name != NULL; name++) {
		g_autofree char *inner = g_build_filename(path, *name, NULL);
		count += replay(inner);
	}
	return count;
}

int main(int argc, char **argv)
{
	g_autofree char *name = g_path_get_basename(argv[0]);
	guint count = 0;

	for (int i = 1; i < argc; i++)
		count += replay(argv[i]);
	printf("%s: %u inputs\n", name, count);
	return count > 0 ? 0 : 1;
}
