/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * repomd.xml of others: what is accepted leads to files below the repository, each with a checksum, and can be part of a
 * URL and of a path; every refusal is one line of code VERIFY.
 */
#include "lib/repomd_index.h"

#include "base/error.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void check(gboolean condition, const char *what)
{
	if (!condition)
		g_error("%s", what);
}

static void check_record(const KilnRepomdIndex *index, const KilnRepomdRecord *record)
{
	g_auto(GStrv) parts = g_strsplit(record->location, "/", -1);

	check(*record->type && *record->checksum_kind, "a record without type or checksum");
	check(*record->location && *record->location != '/', "a location that is not below the repository");
	check(!g_strv_contains((const char *const *)parts, ".."), "a location that leads out of the repository");
	check(strpbrk(record->location, " \t\n\r?#%\\\"'<>") == NULL, "a location that is more in a URL");
	check(*record->checksum && strspn(record->checksum, "0123456789abcdef") == strlen(record->checksum),
		"a checksum that is none");
	check(record->timestamp >= 0 && record->timestamp <= index->timestamp, "a time after the newest");
	check(kiln_repomd_index_find(index, record->type) != NULL, "a record that is not found");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("repomd.xml", MFD_CLOEXEC);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnRepomdIndex) index = NULL;

	check(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no place for the input");
	index = kiln_repomd_index_read(path, &error);
	close(fd);
	check((index != NULL) == (error == NULL), "neither a value nor an error, or both");
	if (error) {
		check(g_error_matches(error, KILN_ERROR, KILN_ERROR_VERIFY), "an error of another code");
		check(strchr(error->message, '\n') == NULL, "an error of several lines");
		return 0;
	}
	check(index->records->len > 0, "an index of nothing");
	for (guint i = 0; i < index->records->len; i++)
		check_record(index, index->records->pdata[i]);
	return 0;
}
