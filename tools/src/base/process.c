/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/process.h"

#include "base/error.h"
#include "base/text.h"

static gboolean take_result(gpointer job, const KilnProcessResult *result, GError **error)
{
	KilnProcessResult *copy = job;

	(void)error;
	*copy = *result;
	copy->output = g_strdup(result->output);
	copy->error_output = g_strdup(result->error_output);
	return TRUE;
}

gboolean kiln_process_run(const KilnProcess *process, KilnProcessResult *ret_result, GError **error)
{
	g_autoptr(KilnPool) pool = kiln_pool_new(1, take_result);

	kiln_pool_add(pool, process, ret_result);
	return kiln_pool_run(pool, error);
}

gboolean kiln_process_check(const KilnProcess *process, char **ret_output, GError **error)
{
	g_auto(KilnProcessResult) result = {0};
	g_autofree char *name = g_path_get_basename(process->argv[0]);
	g_autofree char *last = NULL, *printable = NULL;

	if (!kiln_process_run(process, &result, error))
		return FALSE;
	if (result.exit_status == 0 && !result.timed_out) {
		if (ret_output)
			*ret_output = g_steal_pointer(&result.output);
		return TRUE;
	}
	last = kiln_text_last_line(result.error_output);
	printable = kiln_text_printable(last);
	if (result.timed_out)
		g_set_error(error, KILN_ERROR, KILN_ERROR_FAILED, "%s: gave no result within %d s", name,
			(int)(process->timeout_ms / 1000));
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_FAILED, "%s: %s (exit status %d)", name,
			*printable ? printable : "said nothing", result.exit_status);
	return FALSE;
}
