/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http_fixture.h"

#include "check.h"

#include "base/event.h"
#include "engine/source_claims.h"
#include "engine/sources.h"
#include "lib/content_cache.h"

#define SIZE 5000

/* A spec directory, a patch directory and a lock beside the server; emptied between tests. */
typedef struct {
	HttpFixture *http;
	char *spec_dir, *patch_dir, *lock_path;
	const char *directories[3];
	KilnSourcesRequest request;
} World;

static void world_init(World *world, HttpFixture *http, const char *const *values)
{
	http_fixture_reset(http);
	world->http = http;
	world->spec_dir = g_build_filename(http->directory, "spec", NULL);
	world->patch_dir = g_build_filename(http->directory, "patches", NULL);
	world->lock_path = g_build_filename(world->spec_dir, "sources", NULL);
	kiln_fs_remove_tree(world->spec_dir, NULL);
	kiln_fs_remove_tree(world->patch_dir, NULL);
	assert_true(kiln_fs_make_directory(world->spec_dir, NULL));
	assert_true(kiln_fs_make_directory(world->patch_dir, NULL));
	world->directories[0] = world->spec_dir;
	world->directories[1] = world->patch_dir;
	world->directories[2] = NULL;
	world->request = (KilnSourcesRequest){.package = "pkg",
		.directories = world->directories,
		.lock_path = world->lock_path,
		.lock_name = "specs/pkg/sources",
		.values = values,
		.cache_dir = http->directory,
		.apt_dir = http->directory};
}

static void world_clear(World *world)
{
	g_free(world->spec_dir);
	g_free(world->patch_dir);
	g_free(world->lock_path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(World, world_clear)

static void add_file(const char *directory, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);

	assert_true(kiln_fs_replace_text(path, text, NULL));
}

static void write_lock(World *world, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void write_lock(World *world, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	assert_true(kiln_fs_replace_text(world->lock_path, text, NULL));
}

static char *read_lock(World *world)
{
	return kiln_fs_read(world->lock_path, 1 << 20, NULL, NULL);
}

static char *content_of(const KilnSourceFile *file)
{
	return kiln_fs_read(file->path, 1 << 20, NULL, NULL);
}

static void test_local_locked_and_generated(void **state)
{
	const char *const values[] = {"https://example.invalid/a.tar.gz", "b.service", "c.patch",
		"RPM-GPG-KEY", "a.tar.gz", NULL};
	const KilnSourceContent contents[] = {
		{KILN_ORIGIN_REPO_FILE, "repo", 4}, {KILN_ORIGIN_PUBLIC_KEY, "key", 3}};
	g_auto(World) world;
	g_autofree char *sha256 = http_fixture_add(*state, "a.tar.gz", SIZE);
	g_autofree char *url = http_fixture_url(*state, "plain", "a.tar.gz");
	g_autoptr(GPtrArray) files = NULL;
	g_autoptr(GError) error = NULL;

	world_init(&world, *state, values);
	world.request.contents = contents;
	world.request.content_count = 2;
	add_file(world.spec_dir, "b.service", "[Unit]\n");
	add_file(world.patch_dir, "c.patch", "--- a\n");
	write_lock(&world,
		"[a.tar.gz]\nsha256 = %s\nsize = %d\norigins = %s\n"
		"[RPM-GPG-KEY]\norigins = kiln:public-key\n",
		sha256, SIZE, url);
	kiln_sources_fetch(&world.request, &files, &error);
	assert_no_error(error);
	assert_int_equal(files->len, 4);
	for (guint i = 0; i < files->len; i++) {
		const KilnSourceFile *file = files->pdata[i];
		g_autofree char *found = kiln_digest_of_file(file->path, NULL, NULL);
		static const KilnSourceKind kinds[] = {KILN_SOURCE_LOCKED, KILN_SOURCE_LOCAL,
			KILN_SOURCE_LOCAL, KILN_SOURCE_GENERATED};

		assert_string_equal(file->name, kiln_source_basename(values[i]));
		assert_string_equal(file->sha256, found);
		assert_int_equal(file->kind, kinds[i]);
	}
	g_autofree char *patch = content_of(files->pdata[2]);
	g_autofree char *key = content_of(files->pdata[3]);
	assert_string_equal(patch, "--- a\n");
	assert_string_equal(key, "key");
	assert_int_equal(((KilnSourceFile *)files->pdata[0])->size, SIZE);
}

/* The mixed order of origins is the lock's: URL, Debian, URL. */
static void test_origins_in_order(void **state)
{
	const char *const values[] = {"a.tar.gz", NULL};
	g_auto(World) world;
	g_autofree char *sha256 = http_fixture_add(*state, "a.tar.gz", SIZE);
	g_autofree char *wrong = http_fixture_url(*state, "wrong", "a.tar.gz");
	g_autofree char *good = http_fixture_url(*state, "plain", "a.tar.gz");
	g_autofree char *requests = NULL;
	g_autoptr(GPtrArray) files = NULL;
	g_autoptr(GError) error = NULL;

	world_init(&world, *state, values);
	write_lock(&world,
		"[a.tar.gz]\nsha256 = %s\nsize = %d\norigins = %s;debian-source:a=1/a;%s\n", sha256,
		SIZE, wrong, good);
	kiln_sources_fetch(&world.request, &files, &error);
	assert_no_error(error);
	requests = http_fixture_requests(*state);
	assert_string_equal(requests, "wrong a.tar.gz -\nplain a.tar.gz -\n");
}

static void test_all_refusals_are_told(void **state)
{
	const char *const values[] = {"a.tar.gz", "f.tar.gz", NULL};
	g_auto(World) world;
	g_autofree char *sha256 = http_fixture_add(*state, "a.tar.gz", SIZE);
	g_autofree char *wrong = http_fixture_url(*state, "wrong", "a.tar.gz");
	g_autofree char *absent = http_fixture_url(*state, "status-404", "a.tar.gz");
	GPtrArray *files = NULL;
	g_autoptr(GError) error = NULL;

	world_init(&world, *state, values);
	write_lock(&world,
		"[a.tar.gz]\nsha256 = %s\nsize = %d\norigins = %s;debian-source:a=1/a;%s\n"
		"[f.tar.gz]\nsha256 = %s\nsize = 1\norigins = %s\n",
		sha256, SIZE, wrong, absent, sha256, absent);
	assert_false(kiln_sources_fetch(&world.request, &files, &error));
	assert_null(files);
	assert_true(g_str_has_prefix(
		error->message, "\"a.tar.gz\": no origin delivered the locked bytes: http"));
	assert_non_null(strstr(error->message, "/wrong/a.tar.gz: sha256 is "));
	assert_non_null(
		strstr(error->message, "; debian-source:a=1/a: Debian sources need a target"));
	assert_non_null(strstr(error->message, "/status-404/a.tar.gz: HTTP status 404"));
	assert_error(error, KILN_ERROR_VERIFY,
		"; likewise \"f.tar.gz\"; if it is a new release, compare it with");
}

/* Each row: lock text, values, code, part of the message. */
typedef struct {
	const char *lock;
	const char *values[3];
	int code;
	const char *part;
} Refusal;

#define D64 "b8454e06eaf6f024c1fa39de976c167c1ba7f43535bea96c3c364bd138552d8c"

static const Refusal refusals[] = {
	{NULL, {"absent.patch"}, KILN_ERROR_CONFIG, "\"absent.patch\" is neither a file in"},
	{NULL, {"absent.patch"}, KILN_ERROR_CONFIG,
		"nor locked in specs/pkg/sources; add the file, or for an upstream source run `kiln fetch --lock pkg`"},
	{NULL, {"https://example.invalid/x.tar.gz"}, KILN_ERROR_CONFIG,
		"\"x.tar.gz\" is neither"},
	{"[x.tar.gz]\nsha256 = unlocked\n", {"x.tar.gz"}, KILN_ERROR_CONFIG,
		"specs/pkg/sources: [x.tar.gz] is not locked yet; run `kiln fetch --lock pkg`"},
	{"[x]\nsha256 = " D64 "\nsize = 1\n", {"x"}, KILN_ERROR_CONFIG,
		"[x] names no origins and is not in the cache; add origins, or put the file into"},
	{"[x]\norigins = kiln:repo-file\n", {"x"}, KILN_ERROR_CONFIG,
		"[x] wants kiln:repo-file, of which there is none"},
	{"[local]\nsha256 = " D64 "\nsize = 1\n", {"local"}, KILN_ERROR_CONFIG,
		"[local] is locked, but the file lies in"},
	{NULL, {"both"}, KILN_ERROR_CONFIG, "\"both\" lies in"},
	{NULL, {"https://example.invalid/"}, KILN_ERROR_CONFIG, "has no plain file name"},
	{NULL, {"dir/..", NULL}, KILN_ERROR_CONFIG, "has no plain file name"},
	{NULL, {"link"}, KILN_ERROR_NOT_FOUND, "link"},
	{NULL, {"directory"}, KILN_ERROR_VERIFY, "not a regular file"},
	{"[x\n", {"x"}, KILN_ERROR_CONFIG, "specs/pkg/sources:1: "},
};

static void test_refusals(void **state)
{
	const KilnSourceContent key = {KILN_ORIGIN_PUBLIC_KEY, "key", 3};

	for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_auto(World) world;
		g_autofree char *link = NULL, *directory = NULL;
		GPtrArray *files = NULL;
		g_autoptr(GError) error = NULL;

		world_init(&world, *state, refusals[i].values);
		link = g_build_filename(world.spec_dir, "link", NULL);
		directory = g_build_filename(world.spec_dir, "directory", NULL);
		assert_int_equal(symlink("nowhere", link), 0);
		assert_true(kiln_fs_make_directory(directory, NULL));
		add_file(world.spec_dir, "local", "x");
		add_file(world.spec_dir, "both", "x");
		add_file(world.patch_dir, "both", "x");
		world.request.contents = &key;
		world.request.content_count = 1;
		if (refusals[i].lock != NULL)
			write_lock(&world, "%s", refusals[i].lock);
		assert_false(kiln_sources_fetch(&world.request, &files, &error));
		assert_null(files);
		assert_error(error, refusals[i].code, refusals[i].part);
	}
}

/* A lock without origins is good as long as the cache has the file. */
static void test_cache_serves_without_origins(void **state)
{
	const char *const values[] = {"x", NULL};
	g_auto(World) world;
	g_autofree char *sha256 = NULL;
	g_autoptr(GPtrArray) files = NULL;
	g_autoptr(GError) error = NULL;

	world_init(&world, *state, values);
	sha256 = kiln_content_cache_put(world.http->cache, "bytes", 5, NULL);
	write_lock(&world, "[x]\nsha256 = %s\nsize = 5\n", sha256);
	kiln_sources_fetch(&world.request, &files, &error);
	assert_no_error(error);
}

/* `kiln fetch` needs no key: what Kiln makes itself is left out. */
static void test_generated_files_can_be_left_out(void **state)
{
	const char *const values[] = {"KEY", "local", NULL};
	g_auto(World) world;
	g_autoptr(GPtrArray) files = NULL;
	g_autoptr(GError) error = NULL;

	world_init(&world, *state, values);
	add_file(world.spec_dir, "local", "x");
	write_lock(&world, "[KEY]\norigins = kiln:public-key\n");
	kiln_sources_fetch(&world.request, &files, &error);
	assert_no_error(error);
	assert_int_equal(files->len, 1);
	assert_string_equal(((KilnSourceFile *)files->pdata[0])->name, "local");
}

static void keep_warning(const KilnEvent *event, gpointer data)
{
	if (event->kind == KILN_EVENT_WARNING)
		g_string_append_printf(data, "%s: %s\n", event->subject, event->text);
}

static void test_unused_entry_is_a_warning(void **state)
{
	const char *const values[] = {NULL};
	g_autoptr(GString) warnings = g_string_new(NULL);
	g_auto(World) world;
	g_autoptr(GPtrArray) files = NULL;

	world_init(&world, *state, values);
	write_lock(&world, "[old.tar.gz]\nsha256 = " D64 "\nsize = 1\n");
	kiln_event_set_sink(keep_warning, warnings);
	assert_true(kiln_sources_fetch(&world.request, &files, NULL));
	kiln_event_set_sink(NULL, NULL);
	assert_int_equal(files->len, 0);
	assert_string_equal(warnings->str,
		"pkg: specs/pkg/sources: [old.tar.gz] is locked, but the spec does not use it\n");
}

/* A new package: no lock yet, the URL stands in the spec. Afterwards fetching works. */
static void test_lock_a_new_package(void **state)
{
	g_autofree char *sha256 = http_fixture_add(*state, "new-1.tar.gz", SIZE);
	g_autofree char *url = http_fixture_url(*state, "plain", "new-1.tar.gz");
	const char *const values[] = {url, "local.conf", NULL};
	g_auto(World) world;
	g_autoptr(GPtrArray) changes = NULL, files = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL, *expected = NULL;
	const KilnSourceChange *change;

	world_init(&world, *state, values);
	add_file(world.spec_dir, "local.conf", "x\n");
	kiln_sources_lock(&world.request, &changes, &error);
	assert_no_error(error);
	assert_int_equal(changes->len, 1);
	change = changes->pdata[0];
	assert_string_equal(change->name, "new-1.tar.gz");
	assert_null(change->old_name);
	assert_null(change->old_sha256);
	assert_string_equal(change->sha256, sha256);
	assert_int_equal(change->size, SIZE);
	assert_int_equal(change->notes->len, 1);
	assert_non_null(strstr(change->notes->pdata[0], "plain http"));
	text = read_lock(&world);
	expected = g_strdup_printf(
		"[new-1.tar.gz]\nsha256 = %s\nsize = %d\norigins = %s;\n", sha256, SIZE, url);
	assert_string_equal(text, expected);
	assert_true(kiln_sources_fetch(&world.request, &files, NULL));
	assert_int_equal(files->len, 2);
}

/* A new version: the entry of the old one is replaced where it stands, its comment stays, its
 * origins go. */
static void test_lock_a_new_version(void **state)
{
	g_autofree char *sha256 = http_fixture_add(*state, "tgt-1.0.86.tar.gz", SIZE);
	g_autofree char *other = http_fixture_add(*state, "data.bin", SIZE);
	g_autofree char *url = http_fixture_url(*state, "plain", "tgt-1.0.86.tar.gz");
	g_autofree char *data = g_strdup_printf("file://%s/data.bin", ((HttpFixture *)*state)->www);
	const char *const values[] = {url, "data.bin", "KEY", NULL};
	g_auto(World) world;
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL, *expected = NULL;
	const KilnSourceChange *first, *last;

	world_init(&world, *state, values);
	write_lock(&world,
		"# Sources.\n\n# The release.\n[tgt-1.0.85.tar.gz]\nsha256 = " D64
		"\nsize = 304648\norigins = debian-source:tgt=1/tgt_1.0.85.orig.tar.gz\n"
		"[data.bin]\nsha256 = unlocked\norigins = %s\n[KEY]\norigins = kiln:public-key\n"
		"[gone]\nsha256 = " D64 "\nsize = 7\n",
		data);
	kiln_sources_lock(&world.request, &changes, &error);
	assert_no_error(error);
	text = read_lock(&world);
	expected = g_strdup_printf(
		"# Sources.\n\n# The release.\n[tgt-1.0.86.tar.gz]\nsha256 = %s\n"
		"size = %d\norigins = %s;\n\n[data.bin]\nsha256 = %s\nsize = %d\norigins = %s;\n\n"
		"[KEY]\norigins = kiln:public-key;\n",
		sha256, SIZE, url, other, SIZE, data);
	assert_string_equal(text, expected);
	assert_int_equal(changes->len, 4);
	first = changes->pdata[0];
	assert_int_equal(first->kind, KILN_SOURCE_CHANGED);
	assert_string_equal(first->old_name, "tgt-1.0.85.tar.gz");
	assert_string_equal(first->old_sha256, D64);
	assert_int_equal(first->old_size, 304648);
	assert_string_equal(first->notes->pdata[0],
		"origin dropped: debian-source:tgt=1/tgt_1.0.85.orig.tar.gz");
	last = changes->pdata[3];
	assert_string_equal(last->name, "gone");
	assert_int_equal(last->kind, KILN_SOURCE_DROPPED);
	assert_null(last->sha256);
	assert_int_equal(((KilnSourceChange *)changes->pdata[1])->kind, KILN_SOURCE_ADDED);
	assert_int_equal(((KilnSourceChange *)changes->pdata[2])->kind, KILN_SOURCE_UNCHANGED);
}

/* Upstream replaced the file under its old name: old and new digest are told. */
static void test_lock_shows_changed_bytes(void **state)
{
	g_autofree char *sha256 = http_fixture_add(*state, "a.tar.gz", SIZE);
	g_autofree char *url = http_fixture_url(*state, "plain", "a.tar.gz");
	const char *const values[] = {"a.tar.gz", NULL};
	g_auto(World) world;
	g_autoptr(GPtrArray) changes = NULL;
	const KilnSourceChange *change;

	world_init(&world, *state, values);
	write_lock(&world, "[a.tar.gz]\nsha256 = " D64 "\nsize = 1\norigins = %s\n", url);
	assert_true(kiln_sources_lock(&world.request, &changes, NULL));
	change = changes->pdata[0];
	assert_string_equal(change->old_sha256, D64);
	assert_string_equal(change->sha256, sha256);
	assert_null(change->old_name);
}

/* Whatever goes wrong, the lock on the disk stays as it was. */
static void test_lock_fails_closed(void **state)
{
	g_autofree char *sha256 = http_fixture_add(*state, "a.tar.gz", SIZE);
	g_autofree char *good = http_fixture_url(*state, "plain", "a.tar.gz");
	g_autofree char *other = http_fixture_url(*state, "wrong", "a.tar.gz");
	g_autofree char *absent = http_fixture_url(*state, "status-404", "b.tar.gz");
	g_autofree char *ftp = g_strdup("ftp://example.invalid/b.tar.gz");
	const struct {
		const char *values[3];
		const char *second_origin;
		int code;
		const char *part;
	} rows[] = {
		{{"a.tar.gz", absent}, "", KILN_ERROR_NETWORK,
			"\"b.tar.gz\": no origin delivered it: "},
		{{"a.tar.gz"}, other, KILN_ERROR_VERIFY,
			"\"a.tar.gz\": its origins deliver different bytes: "},
		{{"a.tar.gz", "b.patch"}, "", KILN_ERROR_CONFIG,
			"add the file, or a group [b.patch]"},
		{{"a.tar.gz", ftp}, "", KILN_ERROR_CONFIG, "pkg: origin \"ftp:"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(World) world;
		GPtrArray *changes = NULL;
		g_autoptr(GError) error = NULL;
		g_autofree char *before = NULL, *after = NULL;

		world_init(&world, *state, rows[i].values);
		write_lock(&world, "[a.tar.gz]\nsha256 = unlocked\norigins = %s;%s\n", good,
			rows[i].second_origin);
		before = read_lock(&world);
		assert_false(kiln_sources_lock(&world.request, &changes, &error));
		assert_null(changes);
		assert_error(error, rows[i].code, rows[i].part);
		after = read_lock(&world);
		assert_string_equal(after, before);
	}
}

static void test_lock_keeps_what_only_the_cache_has(void **state)
{
	g_autofree char *absent = http_fixture_url(*state, "status-404", "a.tar.gz");
	const char *const values[] = {"a.tar.gz", NULL};
	g_auto(World) world;
	g_autoptr(GPtrArray) changes = NULL;
	g_autofree char *sha256 = NULL, *before = NULL, *after = NULL;
	g_autoptr(GError) error = NULL;
	const KilnSourceChange *change;

	world_init(&world, *state, values);
	sha256 = kiln_content_cache_put(world.http->cache, "bytes", 5, NULL);
	write_lock(&world, "[a.tar.gz]\nsha256 = %s\nsize = 5\norigins = %s;\n", sha256, absent);
	before = read_lock(&world);
	kiln_sources_lock(&world.request, &changes, &error);
	assert_no_error(error);
	after = read_lock(&world);
	assert_string_equal(after, before);
	change = changes->pdata[0];
	assert_string_equal(change->sha256, sha256);
	assert_non_null(strstr(change->notes->pdata[1], "kept as locked"));
}

/* Files of a tree that was there before Kiln: the lock lies elsewhere, the first directory counts. */
static void adopted_init(World *world, HttpFixture *http, const char *const *values)
{
	world_init(world, http, values);
	world->request.is_adopted = TRUE;
	g_free(world->lock_path);
	world->lock_path = g_build_filename(http->directory, "locks", "pkg", NULL);
	world->request.lock_path = world->lock_path;
	kiln_fs_remove_tree(world->lock_path, NULL);
	g_autofree char *directory = g_path_get_dirname(world->lock_path);
	assert_true(kiln_fs_make_directory(directory, NULL));
}

static void add_archive(const char *directory, const char *name, char last)
{
	const char bytes[] = {'P', 'K', '\0', last};
	g_autofree char *path = g_build_filename(directory, name, NULL);

	assert_true(kiln_fs_replace(path, bytes, sizeof bytes, 0644, NULL));
}

static const KilnSourceChange *change_of(const GPtrArray *changes, const char *name)
{
	for (guint i = 0; i < changes->len; i++)
		if (strcmp(((const KilnSourceChange *)changes->pdata[i])->name, name) == 0)
			return changes->pdata[i];
	return NULL;
}

static void test_adopted_files_are_locked_where_they_lie(void **state)
{
	const char *const values[] = {"ftp://old.invalid/a.tar.gz", "b.tar.gz", "c.init",
		"https://example.invalid/d.patch", "e.patch", NULL};
	g_auto(World) world;
	g_autoptr(GPtrArray) changes = NULL, files = NULL, again = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *lock = NULL;

	adopted_init(&world, *state, values);
	add_archive(world.spec_dir, "a.tar.gz", 'a');
	add_archive(world.patch_dir, "a.tar.gz", 'z');
	add_archive(world.patch_dir, "b.tar.gz", 'b');
	add_file(world.spec_dir, "c.init", "#!/bin/sh\n");
	add_file(world.spec_dir, "d.patch", "--- d\n");
	add_file(world.spec_dir, "e.patch", "--- e\n");
	assert_false(kiln_sources_fetch(&world.request, &files, &error));
	assert_error(error, KILN_ERROR_CONFIG, "a.tar.gz\" is not locked in specs/pkg/sources; if it");

	kiln_sources_lock(&world.request, &changes, &error);
	assert_no_error(error);
	assert_int_equal(changes->len, 3);
	assert_int_equal(change_of(changes, "a.tar.gz")->kind, KILN_SOURCE_ADDED);
	assert_int_equal(change_of(changes, "b.tar.gz")->size, 4);
	assert_non_null(change_of(changes, "d.patch"));
	lock = read_lock(&world);
	assert_null(strstr(lock, "ftp://"));
	assert_non_null(strstr(lock, "https://example.invalid/d.patch"));

	kiln_sources_fetch(&world.request, &files, &error);
	assert_no_error(error);
	assert_int_equal(files->len, 5);
	assert_true(g_str_has_prefix(((KilnSourceFile *)files->pdata[0])->path, world.spec_dir));
	assert_string_equal(((KilnSourceFile *)files->pdata[1])->sha256, change_of(changes, "b.tar.gz")->sha256);

	/* The tree's own text is the tree's; what is locked is not changed unnoticed. */
	add_file(world.spec_dir, "e.patch", "--- another\n");
	kiln_sources_fetch(&world.request, &again, &error);
	assert_no_error(error);
	add_archive(world.patch_dir, "b.tar.gz", 'B');
	assert_false(kiln_sources_fetch(&world.request, &again, &error));
	assert_error(error, KILN_ERROR_VERIFY, "if the change is meant, run `kiln fetch --lock pkg`");
}

static void test_adopted_text_from_a_url_is_locked(void **state)
{
	const char *const values[] = {"https://example.invalid/d.patch", NULL};
	g_auto(World) world;
	g_autoptr(GPtrArray) changes = NULL, files = NULL;
	g_autoptr(GError) error = NULL;

	adopted_init(&world, *state, values);
	add_file(world.spec_dir, "d.patch", "--- d\n");
	assert_false(kiln_sources_fetch(&world.request, &files, &error));
	assert_error(error, KILN_ERROR_CONFIG, "is not locked");
	assert_true(kiln_sources_lock(&world.request, &changes, &error));
	add_file(world.spec_dir, "d.patch", "--- D\n");
	assert_false(kiln_sources_fetch(&world.request, &files, &error));
	assert_error(error, KILN_ERROR_VERIFY, "d.patch\": sha256 is ");
}

/* dist-git says what a source has to be, whether it is there or has to be fetched. */
static void test_claims_of_dist_git(void **state)
{
	g_autofree char *url = http_fixture_url(*state, "plain", "remote.tar.gz");
	const char *const values[] = {url, "b.tar.gz", NULL};
	g_auto(World) world;
	g_autoptr(GPtrArray) changes = NULL, wrong = NULL, right = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *sha256 = http_fixture_add(*state, "remote.tar.gz", SIZE), *text = NULL;
	g_autofree char *other = g_strdup_printf("%032d  b.tar.gz\nwhat is this\n", 7);

	adopted_init(&world, *state, values);
	add_archive(world.spec_dir, "b.tar.gz", 'b');
	add_file(world.spec_dir, "sources", other);
	wrong = kiln_source_claims_read("pkg", world.request.directories, world.http->directory);
	world.request.claims = wrong;
	assert_false(kiln_sources_lock(&world.request, &changes, &error));
	assert_error(error, KILN_ERROR_VERIFY, "\"b.tar.gz\": its MD5 is ");
	g_autofree char *nothing = read_lock(&world);
	assert_null(nothing);

	text = g_strdup_printf("MD5 (b.tar.gz) = %032d\nSHA256 (remote.tar.gz) = %s\n", 0, sha256);
	g_autofree char *path = g_build_filename(world.spec_dir, "b.tar.gz", NULL);
	g_autofree char *bytes = NULL;
	gsize size;
	assert_true(g_file_get_contents(path, &bytes, &size, NULL));
	g_autofree char *md5 = g_compute_checksum_for_data(G_CHECKSUM_MD5, (guchar *)bytes, size);
	memcpy(strstr(text, "= ") + 2, md5, 32);
	add_file(world.spec_dir, "sources", text);
	right = kiln_source_claims_read("pkg", world.request.directories, world.http->directory);
	world.request.claims = right;
	kiln_sources_lock(&world.request, &changes, &error);
	assert_no_error(error);
	char *digit = strstr(text, sha256);
	*digit = *digit == '0' ? '1' : '0';
	add_file(world.spec_dir, "sources", "");
	add_file(world.patch_dir, ".pkg.metadata", digit - strlen("SHA256 (remote.tar.gz) = "));
	g_ptr_array_unref(g_steal_pointer(&wrong));
	wrong = kiln_source_claims_read("pkg", world.request.directories, world.http->directory);
	world.request.claims = wrong;
	assert_false(kiln_sources_lock(&world.request, &changes, &error));
	assert_error(error, KILN_ERROR_VERIFY, "patches/.pkg.metadata:1 says ");
}

/* `kiln init` makes locks of what is there and asks no server. */
static void test_lock_offline(void **state)
{
	g_autofree char *here = http_fixture_url(*state, "plain", "here.tar.gz");
	const char *const values[] = {here, "gone.tar.gz", "kept.tar.gz", "b.tar.gz", NULL};
	g_auto(World) world;
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *served = http_fixture_add(*state, "here.tar.gz", SIZE), *lock = NULL;

	adopted_init(&world, *state, values);
	world.request.is_offline = TRUE;
	add_archive(world.spec_dir, "b.tar.gz", 'b');
	write_lock(&world, "[kept.tar.gz]\nsha256 = %064d\nsize = 9\n", 7);
	kiln_sources_lock(&world.request, &changes, &error);
	assert_no_error(error);
	assert_int_equal(changes->len, 4);
	assert_int_equal(change_of(changes, "here.tar.gz")->kind, KILN_SOURCE_MISSING);
	assert_int_equal(change_of(changes, "gone.tar.gz")->kind, KILN_SOURCE_MISSING);
	assert_int_equal(change_of(changes, "kept.tar.gz")->kind, KILN_SOURCE_MISSING);
	assert_int_equal(change_of(changes, "b.tar.gz")->kind, KILN_SOURCE_ADDED);
	lock = read_lock(&world);
	assert_non_null(strstr(lock, "[here.tar.gz]\nsha256 = unlocked\n"));
	assert_non_null(strstr(lock, "0007\n"));
	assert_null(strstr(lock, "gone.tar.gz"));
	assert_null(strstr(lock, served));

	add_file(world.spec_dir, "here.tar.gz", "");
	assert_false(kiln_sources_lock(&world.request, &changes, &error));
	assert_error(error, KILN_ERROR_CONFIG, "here.tar.gz\" is empty");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_local_locked_and_generated),
		cmocka_unit_test(test_origins_in_order),
		cmocka_unit_test(test_all_refusals_are_told),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_cache_serves_without_origins),
		cmocka_unit_test(test_generated_files_can_be_left_out),
		cmocka_unit_test(test_unused_entry_is_a_warning),
		cmocka_unit_test(test_lock_a_new_package),
		cmocka_unit_test(test_lock_a_new_version),
		cmocka_unit_test(test_lock_shows_changed_bytes),
		cmocka_unit_test(test_lock_fails_closed),
		cmocka_unit_test(test_lock_keeps_what_only_the_cache_has),
		cmocka_unit_test(test_adopted_files_are_locked_where_they_lie),
		cmocka_unit_test(test_adopted_text_from_a_url_is_locked),
		cmocka_unit_test(test_claims_of_dist_git),
		cmocka_unit_test(test_lock_offline),
	};

	return cmocka_run_group_tests(tests, http_fixture_setup, http_fixture_teardown);
}
