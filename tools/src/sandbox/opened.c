/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/opened.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERIFIERS_MAX 4
#define LOCK_WAIT_MS 2000
#define LOCK_STEP_MS 20

static gboolean open_layers(
	KilnOverlay *overlay, char *const *layers, const KilnAllowed *allowed, GError **error)
{
	overlay->layers = g_array_new(FALSE, FALSE, sizeof(int));
	for (; layers && *layers; layers++) {
		int fd = kiln_allowed_open(allowed, *layers, O_PATH | O_DIRECTORY, error);
		if (fd < 0)
			return FALSE;
		g_array_append_val(overlay->layers, fd);
	}
	return TRUE;
}

static int open_made(int parent_fd, const char *name, mode_t mode)
{
	if (mkdirat(parent_fd, name, mode) != 0 && errno != EEXIST)
		return -1;
	return openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A work directory is overlayfs's own scratch; what an earlier mount left there (and its mark that
 * it was volatile) would make the next one refuse. */
static gboolean open_parts(KilnOverlay *overlay, int fd, const char *path, GError **error)
{
	g_autofree char *work = g_strdup_printf("/proc/self/fd/%d/work", fd);

	g_autofree char *tree = g_strdup_printf("/proc/self/fd/%d/tree", fd);

	if (!kiln_fs_remove_tree(work, error) || !kiln_fs_make_apart(tree, error))
		return FALSE;
	overlay->upper_fd = open_made(fd, "tree", 0755);
	overlay->work_fd = open_made(fd, "work", 0700);
	/* It becomes "/", whatever the umask of who made it. */
	if (overlay->upper_fd < 0 || overlay->work_fd < 0 || fchmodat(fd, "tree", 0755, 0) != 0)
		return kiln_error_set_errno(error, errno, "preparing \"%s\"", path);
	return TRUE;
}

/* A sandbox whose caller was just killed needs a moment to be gone. */
static gboolean take_lock(int fd)
{
	for (int tries = LOCK_WAIT_MS / LOCK_STEP_MS; tries > 0; tries--) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return TRUE;
		g_usleep(LOCK_STEP_MS * 1000);
	}
	return FALSE;
}

/* The lock lives as long as this process: the fd is not closed. */
static gboolean open_upper(
	KilnOverlay *overlay, const char *path, const KilnAllowed *allowed, GError **error)
{
	int fd;

	overlay->upper_fd = overlay->work_fd = -1;
	if (!path)
		return TRUE;
	fd = kiln_allowed_open(allowed, path, O_RDONLY | O_DIRECTORY, error);
	if (fd < 0)
		return FALSE;
	if (take_lock(fd))
		return open_parts(overlay, fd, path, error);
	g_set_error(error, KILN_ERROR, KILN_ERROR_BUSY,
		"\"%s\" is in use by another sandbox; wait for it to end", path);
	return FALSE;
}

static gboolean open_overlay(KilnOverlay *overlay, char *const *layers, const char *upper,
	const KilnAllowed *allowed, GError **error)
{
	return open_layers(overlay, layers, allowed, error) &&
	       open_upper(overlay, upper, allowed, error);
}

gboolean kiln_opened_all(KilnOpened *opened, const KilnSandboxRequest *request,
	const KilnAllowed *allowed, GError **error)
{
	opened->binds = g_array_new(FALSE, FALSE, sizeof(int));
	opened->trees = g_array_new(FALSE, TRUE, sizeof(KilnOverlay));
	if (!open_overlay(&opened->root, request->layers, request->upper, allowed, error))
		return FALSE;
	for (guint i = 0; i < request->binds->len; i++) {
		const KilnSandboxBind *bind = request->binds->pdata[i];
		int fd = kiln_allowed_open(allowed, bind->source, O_PATH, error);
		if (fd < 0)
			return FALSE;
		g_array_append_val(opened->binds, fd);
	}
	for (guint i = 0; i < request->trees->len; i++) {
		const KilnSandboxTree *tree = request->trees->pdata[i];
		KilnOverlay overlay;
		if (!open_overlay(&overlay, tree->layers, tree->upper, allowed, error))
			return FALSE;
		g_array_append_val(opened->trees, overlay);
	}
	return TRUE;
}

static void close_fd(gpointer fd)
{
	close(*(int *)fd);
}

/* One for each package and a few for everything else. */
static void raise_file_limit(guint packages)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= packages + 256)
		return;
	limit.rlim_cur = MIN(limit.rlim_max, packages + 256);
	setrlimit(RLIMIT_NOFILE, &limit);
}

static gboolean open_package(
	GArray *fds, const char *path, const KilnAllowed *allowed, GError **error)
{
	int fd = kiln_allowed_open(allowed, path, O_RDONLY | O_NONBLOCK, error);
	struct stat status;

	if (fd < 0)
		return FALSE;
	g_array_append_val(fds, fd);
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
		"request refused: \"%s\" is not a regular file", path);
	return FALSE;
}

/* Work shared by the verifying threads: each takes the next package. */
typedef struct {
	const KilnSandboxRequest *request;
	const GArray *fds;
	int next; /* atomic */
	GMutex lock;
	GError *error; /* the first, under `lock` */
} Verification;

static gboolean verify_package(const KilnSandboxPackage *package, int fd, GError **error)
{
	g_autofree char *digest = kiln_digest_of_fd(fd, NULL, error);

	if (!digest) {
		g_prefix_error(error, "verifying \"%s\": ", package->path);
		return FALSE;
	}
	if (strcmp(digest, package->sha256) != 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"verifying \"%s\": its SHA-256 is %s, not %s; remove the file and fetch it "
			"again",
			package->path, digest, package->sha256);
		return FALSE;
	}
	if (lseek(fd, 0, SEEK_SET) != 0)
		return kiln_error_set_errno(error, errno, "verifying \"%s\"", package->path);
	return TRUE;
}

static void *verify_packages(void *data)
{
	Verification *verification = data;
	gboolean good = TRUE;

	while (good) {
		g_autoptr(GError) error = NULL;
		guint i = (guint)g_atomic_int_add(&verification->next, 1);
		if (i >= verification->fds->len)
			break;
		good = verify_package(verification->request->packages->pdata[i],
			g_array_index(verification->fds, int, i), &error);
		g_mutex_lock(&verification->lock);
		if (!good && !verification->error)
			verification->error = g_steal_pointer(&error);
		g_mutex_unlock(&verification->lock);
	}
	return NULL;
}

/* Threads are joined before anything forks. */
static gboolean verify_all(const KilnSandboxRequest *request, const GArray *fds, GError **error)
{
	Verification verification = {.request = request, .fds = fds};
	pthread_t threads[VERIFIERS_MAX];
	guint count = MIN(MIN(VERIFIERS_MAX, g_get_num_processors()), fds->len), started = 0;

	g_mutex_init(&verification.lock);
	while (started + 1 < count &&
		pthread_create(&threads[started], NULL, verify_packages, &verification) == 0)
		started++;
	verify_packages(&verification);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	g_mutex_clear(&verification.lock);
	if (verification.error)
		g_propagate_error(error, verification.error);
	return verification.error == NULL;
}

GArray *kiln_opened_packages(
	const KilnSandboxRequest *request, const KilnAllowed *allowed, GError **error)
{
	g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));

	g_array_set_clear_func(fds, close_fd);
	raise_file_limit(request->packages->len);
	for (guint i = 0; i < request->packages->len; i++) {
		const KilnSandboxPackage *package = request->packages->pdata[i];
		if (!open_package(fds, package->path, allowed, error))
			return NULL;
	}
	if (!verify_all(request, fds, error))
		return NULL;
	return g_steal_pointer(&fds);
}
