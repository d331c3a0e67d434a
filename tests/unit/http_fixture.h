/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test fixture: a scratch directory with a faulty HTTP server (tests/fixtures/http-server) over its
 * www/. */
#pragma once

#include "base/digest.h"
#include "base/fs.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
	char *directory; /* scratch, removed at the end */
	char *www;	 /* served */
	char *log;	 /* one line per request: "BEHAVIOUR FILE RANGE" */
	char *cache;	 /* an empty content cache */
	int server_input;
	pid_t server;
	int port;
} HttpFixture;

static inline void http_fixture_read_port(HttpFixture *fixture, int output)
{
	FILE *stream = fdopen(output, "r");
	char text[16];

	if (fgets(text, sizeof(text), stream) == NULL)
		fail_msg("tests/fixtures/http-server did not start: run from the top directory, "
			 "with python3");
	fixture->port = atoi(text);
	fclose(stream);
}

static inline int http_fixture_setup(void **state)
{
	HttpFixture *fixture = g_new0(HttpFixture, 1);
	g_autoptr(GError) error = NULL;
	int output;

	fixture->directory = g_dir_make_tmp("kiln-http-XXXXXX", NULL);
	fixture->www = g_build_filename(fixture->directory, "www", NULL);
	fixture->log = g_build_filename(fixture->directory, "log", NULL);
	fixture->cache = g_build_filename(fixture->directory, "sources", NULL);
	kiln_fs_make_directory(fixture->www, NULL);
	char *argv[] = {(char *)"tests/fixtures/http-server", fixture->www, fixture->log, NULL};
	if (!g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
		    &fixture->server, &fixture->server_input, &output, NULL, &error))
		fail_msg("%s", error->message);
	http_fixture_read_port(fixture, output);
	*state = fixture;
	return 0;
}

static inline int http_fixture_teardown(void **state)
{
	HttpFixture *fixture = *state;

	close(fixture->server_input);
	waitpid(fixture->server, NULL, 0);
	kiln_fs_remove_tree(fixture->directory, NULL);
	g_free(fixture->directory);
	g_free(fixture->www);
	g_free(fixture->log);
	g_free(fixture->cache);
	g_free(fixture);
	return 0;
}

/* Empties cache and request log between cases. */
static inline void http_fixture_reset(HttpFixture *fixture)
{
	kiln_fs_remove_tree(fixture->cache, NULL);
	kiln_fs_remove_tree(fixture->log, NULL);
}

/* Puts `size` bytes that depend on the name and do not compress into www/NAME; returns their
 * digest. */
static inline char *http_fixture_add(HttpFixture *fixture, const char *name, gsize size)
{
	g_autofree char *path = g_build_filename(fixture->www, name, NULL);
	g_autofree guint8 *data = g_malloc(size);
	g_autoptr(GRand) random = g_rand_new_with_seed(g_str_hash(name));

	for (gsize i = 0; i < size; i++)
		data[i] = (guint8)g_rand_int(random);
	assert_true(kiln_fs_replace(path, data, size, 0644, NULL));
	return kiln_digest_of_bytes(data, size);
}

static inline char *http_fixture_url(HttpFixture *fixture, const char *behaviour, const char *name)
{
	return g_strdup_printf("http://127.0.0.1:%d/%s/%s", fixture->port, behaviour, name);
}

/* The requests so far; "" for none. */
static inline char *http_fixture_requests(HttpFixture *fixture)
{
	char *text = kiln_fs_read(fixture->log, 1 << 20, NULL, NULL);

	return text != NULL ? text : g_strdup("");
}
