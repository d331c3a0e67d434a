/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmmacros.h"

#include <errno.h>
#include <unistd.h>

#include <rpm/rpmlog.h>
#include <rpm/rpmmacro.h>

#include "base/error.h"

#define MESSAGES_MAX 100

static int keep_message(rpmlogRec record, rpmlogCallbackData data)
{
	GPtrArray *messages = data;

	if (rpmlogRecPriority(record) <= RPMLOG_WARNING && messages->len < MESSAGES_MAX)
		g_ptr_array_add(messages, g_strchomp(g_strdup(rpmlogRecMessage(record))));
	return 0;
}

GPtrArray *kiln_rpmmacros_load(const char *path, GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
	int failed;

	if (access(path, R_OK) != 0) {
		kiln_error_set_errno(error, errno, "reading \"%s\"", path);
		return NULL;
	}
	rpmlogSetCallback(keep_message, messages);
	failed = rpmLoadMacroFile(NULL, path);
	rpmlogSetCallback(NULL, NULL);
	if (failed && messages->len == 0)
		g_ptr_array_add(messages, g_strdup_printf("%s: rpm does not read it", path));
	return g_steal_pointer(&messages);
}
