/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the first line that explains a failure is looked for in logs of the greatest size, of the kinds that cost
 * most: milliseconds, the median of some runs. */
#include "engine/cause.h"

#include <stdio.h>
#include <stdlib.h>

#define RUNS 5

static const struct {
	const char *name, *line;
} kinds[] = {
	{"compile lines", "gcc -O2 -Werror=format-security -Wp,-D_FORTIFY_SOURCE=3 -c -o error7.o error7.c\n"},
	{"warnings that say \"error:\"", "error7.c:7:2: warning: #warning \"error: this is a warning\" [-Wcpp]\n"},
	{"tracebacks", "Traceback (most recent call last):\n  File \"x.py\", line 3\n    frob7()\nodd 7\n"},
	{"tests", "____________________ test_7 ____________________\nok 7\n"},
};

static int compare(const void *a, const void *b)
{
	gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;

	return left < right ? -1 : left > right;
}

static gint64 find_once(const char *log)
{
	gint64 start = g_get_monotonic_time();
	g_auto(KilnCause) cause = {0};

	kiln_cause_find(log, &cause);
	return g_get_monotonic_time() - start;
}

int main(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(GString) log = g_string_new("Executing(%build): x\n+ make\n");
		gint64 times[RUNS];
		while (log->len < 8 * 1024 * 1024)
			g_string_append(log, kinds[i].line);
		g_string_append(log, "a.c:1: error: x\nerror: Bad exit status from x (%build)\n");
		for (int run = 0; run < RUNS; run++)
			times[run] = find_once(log->str);
		qsort(times, RUNS, sizeof(times[0]), compare);
		printf("cause in 8 MiB of %-32s %4d ms\n", kinds[i].name, (int)(times[RUNS / 2] / 1000));
	}
	return 0;
}
