/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of the command line: a command is one file cmd_NAME.c that declares what it needs and
 * gets it before it runs. One table of commands feeds the parser, help and completions.
 */
#pragma once

#include "engine/context.h"
#include "engine/release.h"
#include "format/json.h"

#include <stdio.h>

typedef enum {
	KILN_NEEDS_PROJECT = 1 << 0, /* the project at or above the working directory */
	KILN_NEEDS_LOCK = 1 << 1,    /* … and its lock */
	KILN_NEEDS_ROOT = 1 << 2,    /* makes roots and enters namespaces */
	KILN_TAKES_PROJECT = 1 << 3, /* the same project where there is one, else it does without */
} KilnNeeds;

/* What a command is handed. Borrowed. */
typedef struct {
	KilnProject *project; /* with KILN_NEEDS_PROJECT; with KILN_TAKES_PROJECT perhaps NULL */
	GError *no_project;   /* why it is NULL then */
	char **arguments;     /* what is left after options; NULL-terminated */
	gboolean json;        /* answer as JSON on stdout */
} KilnInvocation;

typedef struct {
	const char *name;      /* "build", or "key create" for a command in two words */
	const char *synopsis;  /* its arguments: "PACKAGE…" */
	const char *summary;   /* one line for `kiln help` */
	const char *description; /* further lines for `kiln NAME --help`; may be NULL */
	const GOptionEntry *options; /* NULL: none of its own; ends with an empty entry */
	KilnNeeds needs;
	guint minimum_arguments, maximum_arguments; /* G_MAXUINT: any number */
	/* Where there is no project: the root of another that does for these arguments, owned by the caller, or
	 * NULL, without error when there is none. NULL: the command wants a project. */
	char *(*find_project)(char *const *arguments, GError **error);
	gboolean (*run)(const KilnInvocation *invocation, GError **error);
} KilnCommand;

/* Every command, sorted as `kiln help` shows them; ends with NULL. In commands.c. */
extern const KilnCommand *const kiln_commands[];

/* The target a command works for: `name`, else the only one of the collection (USAGE when it has
 * several). Caller owns. */
KilnTarget *kiln_cli_target(const KilnInvocation *invocation, const KilnCollection *collection,
	const char *name, GError **error);

/* The collection `name`, else the project's only one. Borrowed. */
const KilnCollection *kiln_cli_collection(
	const KilnInvocation *invocation, const char *name, GError **error);

/* Both, opened for work; a missing base is imported first where the target says how. Caller owns. */
KilnContext *kiln_cli_context(
	const KilnInvocation *invocation, const char *collection, const char *target, GError **error);

/* The same for a collection, which the caller keeps for as long, and the name of a target. Caller owns. */
KilnContext *kiln_cli_context_of(const KilnInvocation *invocation, const KilnCollection *collection,
	const char *target, GError **error);

/* The value of --jobs as kiln_schedule_run takes it: 0 (not given) to 1024, anything else is USAGE. */
gboolean kiln_cli_jobs(int value, guint *ret_jobs, GError **error);

/* The project's state. Caller owns. */
KilnStore *kiln_cli_store(const KilnInvocation *invocation, GError **error);

/* Adds the list "needs" of a node of the plan's graph, with reasons. */
void kiln_cli_add_needs(KilnJson *json, const KilnPlan *plan, guint node);

/* Ends a --json answer: writes it to stdout. */
void kiln_cli_answer(KilnJson *json);

/* The answer of `release` and `publish`: the .repo file, or all of it as JSON. */
void kiln_cli_release_answer(const KilnInvocation *invocation, const KilnReleaseResult *result);
