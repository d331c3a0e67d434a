/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/check.h"

#include "engine/check_files.h"
#include "lib/rpmheader.h"
#include "lib/solv_check.h"

/* Hosts know no order of preference between what is published and their base: the highest version wins. */
#define PRIORITY 0

typedef struct {
	const KilnCheckSubject *subject;
	KilnSolv *solv;
	char *name;     /* of the compose as a repository */
	const char *previous; /* of what came before, NULL: nothing did */
	GPtrArray *headers; /* KilnRpmHeader of what hosts may install */
	GPtrArray *findings;
} Check;

static void check_clear(Check *check)
{
	g_clear_pointer(&check->solv, kiln_solv_free);
	g_clear_pointer(&check->headers, g_ptr_array_unref);
	g_free(check->name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Check, check_clear)

static gboolean add_packages(const Check *check, const char *name, const char *directory,
	const KilnSnapshot *snapshot, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) files = g_array_new(FALSE, FALSE, sizeof(KilnSolvFile));

	for (guint i = 0; i < snapshot->packages->len; i++) {
		const KilnSnapshotPackage *package = snapshot->packages->pdata[i];
		KilnSolvFile file = {.sha256 = package->sha256};
		if (package->part == KILN_PART_SOURCE)
			continue;
		file.path = g_build_filename(directory, package->file, NULL);
		g_ptr_array_add(paths, (gpointer)file.path);
		g_array_append_val(files, file);
	}
	return kiln_solv_set_packages(
		check->solv, name, (const KilnSolvFile *)files->data, files->len, PRIORITY, error);
}

static gboolean read_headers(Check *check, GError **error)
{
	const GPtrArray *packages = check->subject->snapshot->packages;

	check->headers = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_rpmheader_free);
	for (guint i = 0; i < packages->len; i++) {
		const KilnSnapshotPackage *package = packages->pdata[i];
		g_autofree char *path = g_build_filename(check->subject->directory, package->file, NULL);
		KilnRpmHeader *header;
		if (package->part == KILN_PART_SOURCE)
			continue;
		header = kiln_rpmheader_read(path, error);
		if (!header)
			return FALSE;
		g_ptr_array_add(check->headers, header);
	}
	return TRUE;
}

static gboolean check_init(Check *check, const KilnContext *context, GError **error)
{
	const KilnCheckSubject *subject = check->subject;
	g_autofree char *cache = g_build_filename(context->project->cache, "solv", NULL);

	check->solv = kiln_solv_new(context->target->architecture, cache);
	check->name = g_strconcat("kiln-", subject->snapshot->collection, NULL);
	check->previous = subject->previous ? subject->previous->id : NULL;
	return kiln_base_add_to(context->base, check->solv, error) &&
		add_packages(check, check->name, subject->directory, subject->snapshot, error) &&
		(!check->previous || add_packages(check, check->previous, subject->previous_directory,
			subject->previous, error)) &&
		read_headers(check, error);
}

/* --- findings --- */

static KilnFinding *add(Check *check, KilnFindingLevel level, const char *name, const char *object)
{
	return kiln_findings_add(check->findings, level, name, object);
}

static void tell_broken(Check *check, const KilnSolvFinding *found)
{
	KilnFinding *finding = add(check, KILN_FINDING_ERROR, "closure", found->package);

	finding->found = g_strdup_printf("cannot be installed: %s", found->sentence);
	finding->fix = g_strdup("build what it needs as well, or change its Requires");
}

static void tell_excludes(Check *check, const KilnSolvFinding *found)
{
	KilnFinding *finding = add(check, found->is_meant ? KILN_FINDING_NOTE : KILN_FINDING_WARNING, "conflict",
		found->package);

	finding->found = g_strdup_printf("excludes \"%s\": %s", found->other, found->sentence);
	if (found->is_meant)
		return;
	finding->consequence = g_strdup("a host can have only one of them, and neither of the two says so");
	finding->fix = g_strdup("let both need what goes together, or let one state a Conflicts");
}

static void tell_crowded(Check *check, const KilnSolvFinding *found)
{
	KilnFinding *finding = add(check, KILN_FINDING_WARNING, "conflict", found->package);

	finding->found = g_strdup_printf("goes with each of several others, but not with all: %s", found->sentence);
}

static void tell_lower(Check *check, const KilnSolvFinding *found)
{
	KilnFinding *finding = add(check, KILN_FINDING_ERROR, "update", found->package);

	finding->found = g_strdup_printf("is older than \"%s\" of the snapshot before", found->other);
	finding->consequence = g_strdup("hosts that have that one keep it and never get this one");
	finding->fix = g_strdup("raise its Release, Version or Epoch");
}

static void tell_gone(Check *check, const KilnSolvFinding *found)
{
	KilnFinding *finding = add(check, KILN_FINDING_WARNING, "update", found->package);

	finding->found = g_strdup("was in the snapshot before, and here nothing takes its place");
	finding->consequence = g_strdup("hosts keep it, and it gets no more updates");
	finding->fix = g_strdup("let its successor obsolete it, if there is one");
}

static void tell_handed_over(Check *check, const KilnSolvFinding *found)
{
	KilnFinding *finding = add(check, KILN_FINDING_WARNING, "update", found->package);

	finding->found = found->sentence
		? g_strdup_printf("was in the snapshot before, and \"%s\" of \"%s\" obsoletes it (\"%s\")",
			  found->other, found->repository, found->sentence)
		: g_strdup_printf("was in the snapshot before, and \"%s\" of \"%s\" is newer", found->other,
			  found->repository);
	finding->consequence = g_strdup("an update of hosts that have it takes that one, which is none of this compose");
	finding->fix = g_strdup("go on shipping it, newer than that, unless the base is to take it over");
}

static void tell_held_back(Check *check, const KilnSolvFinding *found)
{
	g_autofree char *all = found->package
		? NULL
		: g_strdup_printf("hosts that have all of \"%s\"", check->previous);
	KilnFinding *finding = add(check, KILN_FINDING_ERROR, "update", all ? all : found->package);

	finding->found = g_strdup_printf("%s: %s", all ? "cannot update" : "keeps a host that has it from updating",
		found->sentence);
	finding->consequence = g_strdup("an update stops with that, or leaves packages as they are");
	finding->fix = g_strdup("keep what older packages need, or let what comes obsolete them");
}

/* The same for hosts that have nothing of the collection yet. Whether they shall have all of it is theirs to say. */
static void tell_arrival(Check *check, const KilnSolvFinding *found)
{
	KilnFinding *finding = add(check, KILN_FINDING_WARNING, "update", found->package);

	finding->found = g_strdup_printf("keeps a host that has it and enables this repository from updating: %s",
		found->sentence);
	finding->fix = g_strdup("keep compatible what replaces packages of the base, or call it otherwise");
}

static void tell_obsoletes(Check *check, const KilnSolvFinding *found)
{
	gboolean is_own = g_str_equal(found->repository, check->name);
	KilnFinding *finding = add(check, found->is_meant ? KILN_FINDING_NOTE : KILN_FINDING_ERROR, "obsoletes",
		found->package);

	finding->found = g_strdup_printf("obsoletes \"%s\" of \"%s\" (\"%s\")", found->other,
		is_own ? "the same compose" : found->repository, found->sentence);
	if (found->is_meant)
		return;
	if (is_own) {
		finding->consequence = g_strdup("no host can have both, and an update replaces the one by the other");
		finding->fix = g_strdup("obsolete only versions that are older than what is here");
	} else {
		finding->consequence = g_strdup("an update removes it from every host that has it, wanted or not");
		finding->fix = g_strdup("provide its name and version if this is its successor, else drop the Obsoletes");
	}
}

static void tell_obsoleted(Check *check, const KilnSolvFinding *found)
{
	KilnFinding *finding = add(check, KILN_FINDING_ERROR, "obsoleted", found->package);

	finding->found = g_strdup_printf("is obsoleted by \"%s\" of \"%s\" (\"%s\")", found->other, found->repository,
		found->sentence);
	finding->consequence = g_strdup("a client that is asked for it takes the other one, and an update replaces it");
	finding->fix = g_strdup("raise its Version or Epoch above what is obsoleted, or call it otherwise");
}

static void tell_shadowed(Check *check, const KilnSolvFinding *found)
{
	KilnFinding *finding = add(check, KILN_FINDING_ERROR, "shadowed", found->package);

	finding->found = g_strdup_printf("is not newer than \"%s\" of \"%s\"", found->other, found->repository);
	finding->consequence = g_strdup("a client that is asked for that name takes the other one");
	finding->fix = g_strdup("raise its Epoch, Version or Release above it, or leave it to the base");
}

static void (*const tellers[])(Check *check, const KilnSolvFinding *found) = {
	[KILN_SOLV_BROKEN] = tell_broken,
	[KILN_SOLV_EXCLUDES] = tell_excludes,
	[KILN_SOLV_CROWDED] = tell_crowded,
	[KILN_SOLV_HELD_BACK] = tell_held_back,
	[KILN_SOLV_LOWER] = tell_lower,
	[KILN_SOLV_GONE] = tell_gone,
	[KILN_SOLV_HANDED_OVER] = tell_handed_over,
	[KILN_SOLV_OBSOLETES] = tell_obsoletes,
	[KILN_SOLV_OBSOLETED] = tell_obsoleted,
	[KILN_SOLV_SHADOWED] = tell_shadowed,
};

static void tell_all(Check *check, const GPtrArray *found)
{
	for (guint i = 0; i < found->len; i++) {
		const KilnSolvFinding *one = found->pdata[i];
		tellers[one->kind](check, one);
	}
}

/* --- the checks --- */

/* What does not install does not update either: told once. */
static void leave_out_told(GPtrArray *found, const GPtrArray *told)
{
	for (guint i = 0; i < found->len;) {
		const KilnSolvFinding *finding = found->pdata[i];
		if (finding->kind == KILN_SOLV_HELD_BACK &&
			kiln_solv_findings_tell(told, KILN_SOLV_BROKEN, finding->sentence))
			g_ptr_array_remove_index(found, i);
		else
			i++;
	}
}

static gboolean check_installs(Check *check, const char *const *hidden, GPtrArray *told, GError **error)
{
	if (!kiln_solv_check_closure(check->solv, check->name, hidden, told, error) ||
		!kiln_solv_check_together(check->solv, check->name, hidden, told, error))
		return FALSE;
	tell_all(check, told);
	return TRUE;
}

static gboolean check_updates(Check *check, const GPtrArray *told, GError **error)
{
	g_autoptr(GPtrArray) found = kiln_solv_findings_new();

	if (!check->previous)
		return TRUE;
	if (!kiln_solv_check_update(check->solv, check->previous, check->name, found, error))
		return FALSE;
	leave_out_told(found, told);
	tell_all(check, found);
	return TRUE;
}

static gboolean check_base(Check *check, const char *const *hidden, const GPtrArray *told, GError **error)
{
	g_autoptr(GPtrArray) replaced = kiln_solv_findings_new();
	g_autoptr(GPtrArray) arrival = kiln_solv_findings_new();

	if (!kiln_solv_check_replaced(check->solv, check->name, hidden, replaced, error) ||
		!kiln_solv_check_arrival(check->solv, check->name, hidden, arrival, error))
		return FALSE;
	tell_all(check, replaced);
	leave_out_told(arrival, told);
	for (guint i = 0; i < arrival->len; i++)
		tell_arrival(check, arrival->pdata[i]);
	return TRUE;
}

gboolean kiln_check_dependencies(
	const KilnContext *context, const KilnCheckSubject *subject, GPtrArray *findings, GError **error)
{
	g_auto(Check) check = {.subject = subject, .findings = findings};
	g_autoptr(GPtrArray) told = kiln_solv_findings_new();
	const char *hidden[] = {NULL, NULL};
	KilnCheckFiles files = {.hidden = hidden, .base = context->base};

	if (!check_init(&check, context, error))
		return FALSE;
	hidden[0] = check.previous;
	files.solv = check.solv;
	files.repository = check.name;
	files.headers = check.headers;
	return check_installs(&check, hidden, told, error) && kiln_check_files(&files, findings, error) &&
		check_updates(&check, told, error) && check_base(&check, hidden, told, error);
}
