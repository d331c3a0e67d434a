/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Downloads into a content cache (libcurl multi): many at once, several URLs per file, resumed
 * after an interruption, retried with back-off. Bytes that are not the expected ones never get a
 * name in the cache. Only http, https and file; redirects never lead to file. The usual proxy
 * variables of the environment are honoured. Knows nothing of locks or specs.
 */
#pragma once

#include <glib.h>

/* Zero stands for the default in brackets. */
typedef struct {
	guint parallel;	   /* transfers at once [6] */
	guint tries;	   /* per URL, the first included [4] */
	gint64 backoff_ms; /* pause before the second try, doubled each time, up to 30 s [500] */
	gint64 connect_timeout_ms; /* [20000] */
	gint64 stall_timeout_ms;   /* give up a transfer that moved nothing for so long [30000] */
	guint64 max_bytes;	   /* larger files are refused while they arrive [16 GiB] */
	const char *subject;	   /* of progress events ["fetch"] */
} KilnFetchOptions;

/* One file. Zero-initialise, fill the first part (borrowed), clear with kiln_fetch_task_clear. */
typedef struct {
	const char *name;	 /* for messages and progress */
	const char *const *urls; /* tried in this order; ends with NULL */
	const char *sha256;	 /* NULL: unknown, whatever arrives is taken */
	guint64 size;		 /* 0: unknown */
	const char *checksum_kind, *checksum; /* where `sha256` is NULL, a digest of another kind
						 (kiln_digest_new_of_kind) that is known; or NULL */
	const char *cache_dir;	 /* the content cache that takes it */

	/* Results. Either the digest, size and URL of what is now in the cache, or the error. */
	char *ret_sha256;
	guint64 ret_size;
	const char *ret_url;	 /* borrowed from `urls`; NULL when it was in the cache already */
	GPtrArray *ret_refusals; /* of char *: "URL: what was wrong", one per URL that did not
				    deliver */
	GError *error;
} KilnFetchTask;

void kiln_fetch_task_clear(KilnFetchTask *task);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnFetchTask, kiln_fetch_task_clear)

/* Fetches all tasks; `options` may be NULL. TRUE when every file is in the cache. Otherwise each
 * task says in `error` what became of it, and the error names them: code VERIFY when bytes came but
 * were not the expected ones, NETWORK when none came, SYSTEM (full disk …) ends everything at once.
 */
gboolean kiln_fetch_run(
	KilnFetchTask *tasks, gsize count, const KilnFetchOptions *options, GError **error);
