/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The values of repo-config/kiln.conf and of one target's target.conf. Plain data; see format/config.h. */
#pragma once

#include <glib.h>

/* A named set of packages that is released together. */
typedef struct {
	char *name;
	char *description;
	char **targets;
} KilnCollection;

/* What one build may use before it is stopped; 0 means no limit. */
typedef struct {
	gint64 wall_s;
	gint64 idle_s;
	gint64 output_bytes;
	gint64 memory_bytes;
	gint64 processes;
} KilnLimits;

typedef struct {
	char *url;          /* where the published tree is served, without a final slash */
	char *publish_root; /* as written: relative to the project unless absolute */
	char *channel;      /* the channel `kiln release` moves */
	char *key;          /* fingerprint or user id; NULL: the project's own, made on first use */
	KilnLimits limits;
	GPtrArray *collections; /* KilnCollection */
} KilnConfig;

typedef struct {
	char *name;
	char *architecture; /* rpm's name */
	char *description;
	char *base_kind; /* "debian-import" or "repository" */
	char *suite;     /* debian-import: the suite of the Debian archive */
	char *location;  /* repository: a directory with repodata/ */
	char **buildroot; /* packages every buildroot starts with */
	char **minimal;   /* packages of the clean root that smoke tests install into */
	char **client;    /* packages of the root that plays the consumer: dnf, nginx */
	char *macros;     /* file name of the rpm macros, beside target.conf */
} KilnTarget;

void kiln_collection_free(KilnCollection *collection);

KilnConfig *kiln_config_new(void);
void kiln_config_free(KilnConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnConfig, kiln_config_free)

/* The collection called `name`, or NULL. Borrowed. */
const KilnCollection *kiln_config_find(const KilnConfig *config, const char *name);

KilnTarget *kiln_target_new(void);
void kiln_target_free(KilnTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnTarget, kiln_target_free)
