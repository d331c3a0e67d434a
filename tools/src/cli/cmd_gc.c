/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "engine/gc.h"

#define GIB (1024.0 * 1024 * 1024)
#define SIZE_DEFAULT_GIB 20
#define DAYS_DEFAULT 30
#define DAYS_MAX 36500

static struct {
	gboolean is_trial;
	double size_gib;
	int days;
} options = {.size_gib = SIZE_DEFAULT_GIB, .days = DAYS_DEFAULT};

static const GOptionEntry entries[] = {
	{"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options.is_trial, "Only say what would be removed", NULL},
	{"size", 's', 0, G_OPTION_ARG_DOUBLE, &options.size_gib, "How much may stay (default 20)", "GIB"},
	{"days", 'd', 0, G_OPTION_ARG_INT, &options.days, "Remove what was not used for longer (default 30)", "N"},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

/* What the answer says in the end. */
typedef struct {
	guint64 freed, left;
	guint removed, in_use;
} Sum;

static Sum add_up(const GPtrArray *items)
{
	Sum sum = {0};

	for (guint i = 0; i < items->len; i++) {
		const KilnGcItem *item = items->pdata[i];
		*(item->reason ? &sum.freed : &sum.left) += item->bytes;
		sum.removed += item->reason ? 1 : 0;
		sum.in_use += item->kept && g_str_equal(item->kept, "in use") ? 1 : 0;
	}
	return sum;
}

static void print_line(const char *kind, guint64 bytes, const char *what, const char *reason)
{
	g_autofree char *size = g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);

	printf("%-8s %10s  %s: %s\n", kind, size, what, reason);
}

/* Small ones of a kind in one line. */
static void print_many(const GPtrArray *items, KilnGcKind kind)
{
	g_autofree char *what = NULL;
	guint64 bytes = 0;
	guint count = 0;

	for (guint i = 0; i < items->len; i++) {
		const KilnGcItem *item = items->pdata[i];
		if (!item->reason || item->kind != kind)
			continue;
		bytes += item->bytes;
		count++;
	}
	what = g_strdup_printf("%u of them", count);
	if (count > 0)
		print_line(kiln_gc_kind_name(kind), bytes, what, "not used lately");
}

static void print_items(const GPtrArray *items)
{
	for (guint i = 0; i < items->len; i++) {
		const KilnGcItem *item = items->pdata[i];
		/* Lock files of layers that are long gone take no space. */
		if (!item->reason || item->kind == KILN_GC_SPEC || item->kind == KILN_GC_INDEX ||
			item->kind == KILN_GC_DOWNLOAD || (item->kind == KILN_GC_LEFTOVER && item->bytes == 0))
			continue;
		print_line(kiln_gc_kind_name(item->kind), item->bytes, item->label, item->reason);
	}
	print_many(items, KILN_GC_DOWNLOAD);
	print_many(items, KILN_GC_SPEC);
	print_many(items, KILN_GC_INDEX);
}

static void print_sum(const Sum *sum)
{
	g_autofree char *freed = g_format_size_full(sum->freed, G_FORMAT_SIZE_IEC_UNITS);
	g_autofree char *left = g_format_size_full(sum->left, G_FORMAT_SIZE_IEC_UNITS);

	printf("%s %s; %s %s", options.is_trial ? "would free" : "freed", freed, left,
		options.is_trial ? "would stay" : "stay");
	if (sum->in_use > 0)
		printf(" (of what was to go, in use: %u)", sum->in_use);
	printf("\n");
}

static void answer(const GPtrArray *items, const Sum *sum)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_object(json, NULL);
	kiln_json_add_boolean(json, "dry_run", options.is_trial);
	kiln_json_add_number(json, "freed_bytes", (gint64)sum->freed);
	kiln_json_add_number(json, "left_bytes", (gint64)sum->left);
	kiln_json_add_number(json, "in_use", sum->in_use);
	kiln_json_begin_array(json, "removed");
	for (guint i = 0; i < items->len; i++) {
		const KilnGcItem *item = items->pdata[i];
		if (!item->reason)
			continue;
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "kind", kiln_gc_kind_name(item->kind));
		kiln_json_add_text(json, "key", item->key);
		kiln_json_add_text(json, "what", item->label);
		kiln_json_add_text(json, "path", item->path);
		kiln_json_add_number(json, "bytes", (gint64)item->bytes);
		kiln_json_add_number(json, "used", item->used);
		kiln_json_add_text(json, "reason", item->reason);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
	kiln_json_end_object(json);
	kiln_cli_answer(json);
}

static gboolean check_options(GError **error)
{
	if (options.size_gib >= 0 && options.size_gib < 1e6 && options.days >= 0 && options.days <= DAYS_MAX)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
		"--size and --days cannot be negative or that large (%g GiB, %d days)", options.size_gib, options.days);
	return FALSE;
}

/* Whether nobody else is at work in the project; the lock is the caller's. */
static gboolean take_project(const KilnInvocation *invocation, KilnLock **ret_lock, GError **error)
{
	g_autoptr(GError) busy = NULL;

	*ret_lock = kiln_project_lock(invocation->project, "kiln gc", &busy);
	if (*ret_lock)
		return TRUE;
	if (!g_error_matches(busy, KILN_ERROR, KILN_ERROR_BUSY)) {
		g_propagate_error(error, g_steal_pointer(&busy));
		return FALSE;
	}
	kiln_event_info("gc", "what lies in the project stays for now: %s", busy->message);
	return TRUE;
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnStore) store = NULL;
	g_autoptr(KilnLock) lock = NULL;
	g_autoptr(GPtrArray) items = NULL;
	KilnGcOptions sweep = {.is_trial = options.is_trial,
		.size_bytes = (guint64)(options.size_gib * GIB),
		.days = options.days};
	Sum sum;

	if (!check_options(error) || !take_project(invocation, &lock, error))
		return FALSE;
	store = kiln_cli_store(invocation, error);
	items = store ? kiln_gc_scan(invocation->project, store, lock != NULL, error) : NULL;
	if (!items || !kiln_gc_run(invocation->project, store, items, &sweep, error))
		return FALSE;
	sum = add_up(items);
	if (invocation->json) {
		answer(items, &sum);
		return TRUE;
	}
	print_items(items);
	print_sum(&sum);
	return TRUE;
}

const KilnCommand kiln_command_gc = {
	.name = "gc",
	.synopsis = "",
	.summary = "Remove what was not used for long from Kiln's cache and the project's results",
	.description = "Layers, build results, sources, kept failures and indexes go, the one used longest ago first: what\n"
		       "was not used for --days, then as much as it takes to keep within --size. What is in use, the\n"
		       "last result of each package, what a snapshot is made of and sources that a lock names stay.",
	.options = entries,
	.needs = KILN_NEEDS_ROOT | KILN_NEEDS_PROJECT,
	.run = run,
};
