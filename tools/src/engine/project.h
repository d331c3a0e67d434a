/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The project a command works in: its files, its configuration, and the places of what Kiln makes.
 * A project is a directory with repo-config/kiln.conf, found upward from the working directory.
 */
#pragma once

#include "base/lock.h"
#include "model/config.h"

typedef struct {
	char *root;         /* absolute */
	char *state;        /* ROOT/.kiln: builds, failures, state */
	char *publish_root; /* absolute */
	char *cache;        /* everything in it can be made again */
	char *key_home;     /* GnuPG home, outside the project */
	char *helper_directory; /* where kiln-root, kiln-spec, kiln-deb2rpm are */
	gboolean is_here;   /* the working directory is `root` */
	KilnConfig *config;
} KilnProject;

/* Finds and reads the project at or above `directory`. Errors: NOT_FOUND (no project), CONFIG. */
KilnProject *kiln_project_open(const char *directory, GError **error);
void kiln_project_free(KilnProject *project);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnProject, kiln_project_free)

/* Takes the project's lock: one Kiln changes a project at a time. Code BUSY names the other. */
KilnLock *kiln_project_lock(const KilnProject *project, const char *purpose, GError **error);

/* The collection called `name`; an unknown one is NOT_FOUND and lists those there are. Borrowed. */
const KilnCollection *kiln_project_collection(const KilnProject *project, const char *name, GError **error);

/* Reads target `name`; unknown is NOT_FOUND and lists those there are. Caller owns. */
KilnTarget *kiln_project_target(const KilnProject *project, const char *name, GError **error);

/* "repo-config/targets/NAME" of this project, absolute. Caller owns. */
char *kiln_project_target_directory(const KilnProject *project, const KilnTarget *target);

/* The path of a file below the project root, joined from NULL-terminated parts. Caller owns. */
char *kiln_project_path(const KilnProject *project, ...) G_GNUC_NULL_TERMINATED;

/* `path` as it can be used in the working directory: without the project's root in front if that is it. For messages.
 * Borrowed from `path`. */
const char *kiln_project_relative(const KilnProject *project, const char *path);

/* What Kiln is installed with for new projects: $KILN_DATA, else ../share/kiln beside the directory of the program.
 * Caller owns. */
char *kiln_project_data_directory(void);
