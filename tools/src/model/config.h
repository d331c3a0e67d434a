/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The values of repo-config/kiln.conf and of one target's target.conf. Plain data; see format/config.h. */
#pragma once

#include "model/layout.h"

/* A named set of packages that is released together. */
typedef struct {
	char *name;
	char *description;
	char **targets;
	KilnLayout *layout; /* never NULL */
	gboolean is_passing; /* made for one command: built, but never composed or published */
} KilnCollection;

/* What one build may use before it is stopped; 0 means no limit. */
typedef struct {
	gint64 wall_s;
	gint64 idle_s;
	gint64 output_bytes;
	gint64 memory_bytes;
	gint64 processes;
	gint64 disk_bytes;
} KilnLimits;

/* "NAME BODY" of an rpm macro. */
typedef struct {
	char *name;
	char *body;
} KilnMacro;

/* [package NAME]: how one package is built other than its spec says by itself. */
typedef struct {
	char *name;
	char **with, **without; /* build conditions: rpmbuild's --with and --without */
	char **bootstrap_with, **bootstrap_without; /* the same on top of these, for its bootstrap build */
	GPtrArray *macros; /* KilnMacro, by name */
	gboolean check;    /* FALSE: %check is left out */
} KilnPackageOptions;

typedef struct {
	char *url;          /* where the published tree is served, without a final slash */
	char *publish_root; /* as written: relative to the project unless absolute */
	char *channel;      /* the channel `kiln release` moves */
	char *key;          /* fingerprint or user id; NULL: the project's own, made on first use */
	KilnLimits limits;
	gint64 jobs; /* builds at once; 0: as many as cores and memory allow */
	gint64 memory_per_job_bytes; /* what one build is taken to need where `jobs` is 0 */
	GPtrArray *collections; /* KilnCollection */
	GPtrArray *packages; /* KilnPackageOptions */
} KilnConfig;

/* [keys]: a key that a base repository's packages or metadata may be signed by. A file of several keys stands
 * there once for each. */
typedef struct {
	char *file_name;   /* the last part of the gpgkey= that gives it */
	char *fingerprint; /* 40 digits, upper case */
} KilnTargetKey;

typedef struct {
	char *name;
	char *architecture; /* rpm's name */
	char *description;
	char *contract;   /* what its clients can read: contracts/NAME.conf */
	char *releasever; /* what $releasever is on its hosts, or NULL */
	char *base_kind; /* "debian-import" or "repository" */
	char *suite;     /* debian-import: the suite of the Debian archive */
	char *repositories; /* repository: file name of the .repo file, beside target.conf */
	GPtrArray *keys; /* KilnTargetKey, as written; never NULL */
	gboolean needs_vsyscall; /* its programs call the kernel in the way of before 2011 */
	gboolean has_own_database; /* its rpm cannot read the database that the host's librpm writes */
	char *client_program; /* what its hosts install with: "dnf" or "yum" */
	char *client_init; /* what starts their services: "systemd", or "sysv" */
	char **buildroot; /* packages every buildroot starts with */
	char **minimal;   /* packages of the clean root that smoke tests install into */
	char **client;    /* packages of the root that plays the consumer: dnf, nginx */
	char *macros;     /* file name of the rpm macros, beside target.conf */
} KilnTarget;

void kiln_collection_free(KilnCollection *collection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnCollection, kiln_collection_free)

KilnConfig *kiln_config_new(void);
void kiln_config_free(KilnConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnConfig, kiln_config_free)

/* The collection called `name`, or NULL. Borrowed. */
const KilnCollection *kiln_config_find(const KilnConfig *config, const char *name);

KilnPackageOptions *kiln_package_options_new(const char *name);
void kiln_package_options_free(KilnPackageOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnPackageOptions, kiln_package_options_free)

/* The options of the package called `name`, or NULL. Borrowed. */
const KilnPackageOptions *kiln_config_package(const KilnConfig *config, const char *name);

/* The build conditions that are set, and those that are unset: sorted, each once. What a bootstrap build says
 * wins. `options` may be NULL. Caller owns (g_strfreev). */
char **kiln_package_options_with(const KilnPackageOptions *options, gboolean is_bootstrap);
char **kiln_package_options_without(const KilnPackageOptions *options, gboolean is_bootstrap);

/* Everything else as "NAME BODY", as rpmbuild's --define takes it. Sorted; caller owns (g_strfreev). */
char **kiln_package_options_defines(const KilnPackageOptions *options);

/* All of it as the text of an rpm macro file, to stand after the target's macros; "" for none. The same
 * options give the same text, in whatever order they were written. Caller owns. */
char *kiln_package_options_macros(const KilnPackageOptions *options, gboolean is_bootstrap);

KilnTarget *kiln_target_new(void);
void kiln_target_free(KilnTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnTarget, kiln_target_free)
