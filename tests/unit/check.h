/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What unit tests share: cmocka with its headers in order, GError checks, a scratch directory. */
#pragma once

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/fs.h"

/* Fails the test with the error's message unless `error` is NULL. */
#define assert_no_error(error)                                                                     \
	do {                                                                                       \
		if (error)                                                                         \
			fail_msg("unexpected error: %s", (error)->message);                        \
	} while (0)

/* Checks code and a part of the message, then clears the error. */
#define assert_error(error, expected_code, part)                                                   \
	do {                                                                                       \
		assert_non_null(error);                                                            \
		if ((error)->code != (int)(expected_code))                                         \
			fail_msg("code %d, expected %d: %s", (error)->code, (int)(expected_code),  \
				(error)->message);                                                 \
		if (!strstr((error)->message, (part)))                                             \
			fail_msg("\"%s\" lacks \"%s\"", (error)->message, (part));                 \
		g_clear_error(&(error));                                                           \
	} while (0)

/* A fresh directory as the test's state, removed afterwards. */
static inline int setup_scratch(void **state)
{
	*state = g_dir_make_tmp("kiln-test-XXXXXX", NULL);
	return *state ? 0 : -1;
}

static inline int teardown_scratch(void **state)
{
	kiln_fs_remove_tree(*state, NULL);
	g_free(*state);
	return 0;
}
