/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/schedule.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "engine/build.h"
#include "engine/plan_work.h"

#include <sys/sysinfo.h>

/* Rounds of planning with what builds revealed. */
#define ROUNDS_MAX 10
#define TICK_US (G_USEC_PER_SEC / 5)

/* A plan being carried out. All but run_task is done by the thread of kiln_schedule_run. */
typedef struct {
	KilnPlan *plan;
	KilnScheduleOptions options;
	GThreadPool *pool;
	GAsyncQueue *ended;  /* of Task */
	GQueue ready;        /* of Task, not started */
	guint running, built, round_built;
	gboolean is_stopping;  /* nothing further is started */
	GError *fatal;
} Schedule;

typedef struct {
	KilnPlan *plan;
	KilnPlanItem *item;
	KilnBuildSettings settings;
	gint64 ready_us;
	GError *error; /* NULL: built */
} Task;

static void task_free(Task *task)
{
	g_clear_error(&task->error);
	g_free(task);
}

guint kiln_schedule_default_jobs(const KilnConfig *config)
{
	struct sysinfo information;
	guint processors = g_get_num_processors();
	guint64 by_memory = processors;

	if (config->jobs > 0)
		return (guint)config->jobs;
	if (config->memory_per_job_bytes > 0 && sysinfo(&information) == 0)
		by_memory = (guint64)information.totalram * information.mem_unit /
			(guint64)config->memory_per_job_bytes;
	return (guint)CLAMP(by_memory, 1, processors);
}

/* --- in a thread of the pool --- */

static void run_task(gpointer data, gpointer queue)
{
	Task *task = data;
	const char *name = task->item->name;
	gint64 start = kiln_clock_monotonic_us();

	kiln_event_set_job(name);
	kiln_event_job_begin(name, "waited %.1f s", (double)task->settings.queue_us / G_USEC_PER_SEC);
	kiln_build_run(task->plan, task->item, &task->settings, &task->error);
	kiln_event_job_end(name, kiln_clock_monotonic_us() - start, task->error == NULL || task->item->must_wait, "%s",
		task->error && task->item->must_wait ? "waits for another build" : "");
	kiln_event_set_job(NULL);
	g_async_queue_push(queue, task);
}

/* --- failures --- */

static void stop(Schedule *schedule, GError *fatal)
{
	schedule->is_stopping = TRUE;
	if (schedule->fatal)
		g_error_free(fatal);
	else
		schedule->fatal = fatal;
}

static const KilnPlanItem *find_failed_need(const Schedule *schedule, guint node)
{
	const GPtrArray *edges = kiln_graph_edges(schedule->plan->graph, node);

	for (guint i = 0; i < edges->len; i++) {
		const KilnGraphEdge *edge = edges->pdata[i];
		const KilnPlanItem *need = schedule->plan->items->pdata[edge->to];
		if (need->state == KILN_PLAN_FAILED || need->state == KILN_PLAN_BLOCKED)
			return need;
	}
	return NULL;
}

/* Blocks what needs a failed item, and what needs that. */
static void block_dependents(Schedule *schedule)
{
	gboolean changed = TRUE;

	while (changed) {
		changed = FALSE;
		for (guint i = 0; i < schedule->plan->items->len; i++) {
			KilnPlanItem *item = schedule->plan->items->pdata[i];
			const KilnPlanItem *need = NULL;
			if (item->is_wanted && item->state == KILN_PLAN_PENDING)
				need = find_failed_need(schedule, i);
			if (!need)
				continue;
			item->state = KILN_PLAN_BLOCKED;
			g_free(item->reason);
			item->reason = g_strdup_printf("needs \"%s\"", need->name);
			changed = TRUE;
		}
	}
}

static void fail_item(Schedule *schedule, KilnPlanItem *item, const char *message, int code)
{
	item->state = KILN_PLAN_FAILED;
	g_free(item->failure);
	item->failure = g_strdup(message);
	item->failure_code = code;
	if (schedule->options.fail_fast)
		schedule->is_stopping = TRUE;
	block_dependents(schedule);
}

static gboolean any_failed(const KilnPlan *plan)
{
	for (guint i = 0; i < plan->items->len; i++)
		if (((const KilnPlanItem *)plan->items->pdata[i])->state == KILN_PLAN_FAILED)
			return TRUE;
	return FALSE;
}

static void fail_unsolvable(Schedule *schedule, KilnPlanItem *item)
{
	g_autoptr(GString) text = g_string_new(NULL);

	g_string_append_printf(text, "\"%s\" cannot be satisfied for target \"%s\":", item->name,
		schedule->plan->context->target->name);
	for (guint i = 0; i < item->problems->len; i++)
		g_string_append_printf(text, "\n%s", (char *)item->problems->pdata[i]);
	if (schedule->plan->names)
		g_string_append(text, "\n(packages that were not asked for may come to provide it: `kiln build` builds all)");
	fail_item(schedule, item, text->str, KILN_ERROR_UNSOLVABLE);
}

/* --- starting --- */

static gboolean refuse_to_build(const KilnPlanItem *item, GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
		"\"%s\" is not built as it stands now; run `kiln build %s`", item->name, item->package->name);
	return FALSE;
}

/* What has most ahead of it goes first; otherwise as in the plan. */
static int compare_tasks(gconstpointer waiting, gconstpointer next, gpointer data)
{
	const Task *left = waiting, *right = next;

	(void)data;
	return left->item->ahead_us >= right->item->ahead_us ? -1 : 1;
}

static gboolean enqueue(Schedule *schedule, KilnPlanItem *item, GError **error)
{
	Task *task;

	if (item->ahead_us == 0 && !kiln_plan_look_ahead(schedule->plan, error))
		return FALSE;
	task = g_new0(Task, 1);
	task->plan = schedule->plan;
	task->item = item;
	task->ready_us = kiln_clock_monotonic_us();
	g_queue_insert_sorted(&schedule->ready, task, compare_tasks, NULL);
	return TRUE;
}

/* Whether the same build is under way already: as it is of a package whose bootstrap build is no other one. */
static gboolean is_being_built(const Schedule *schedule, const KilnPlanItem *item)
{
	for (guint i = 0; i < schedule->plan->items->len; i++) {
		const KilnPlanItem *other = schedule->plan->items->pdata[i];
		if (other != item && other->state == KILN_PLAN_TO_BUILD && g_str_equal(other->key, item->key))
			return TRUE;
	}
	return FALSE;
}

/* Says once that an item waits for what cannot be known before others are built. */
static void tell_waiting(KilnPlanItem *item)
{
	if (item->is_told || item->problems->len == 0)
		return;
	item->is_told = TRUE;
	kiln_event_info(item->name, "waits for what other builds may come to provide: %s", (char *)item->problems->pdata[0]);
}

/* What becomes of an item whose key has no result. */
static gboolean begin_build(Schedule *schedule, KilnPlanItem *item, GError **error)
{
	if (!schedule->options.may_build)
		return refuse_to_build(item, error);
	if (item->failed_key && g_str_equal(item->failed_key, item->key))
		item->state = KILN_PLAN_FAILED;
	else if (is_being_built(schedule, item))
		item->state = KILN_PLAN_PENDING;
	else
		return enqueue(schedule, item, error);
	return TRUE;
}

/* Finds out about one pending item. */
static gboolean resolve(Schedule *schedule, KilnPlanItem *item, GError **error)
{
	if (!kiln_plan_resolve(schedule->plan, item, error))
		return FALSE;
	if (item->state == KILN_PLAN_CACHED)
		return kiln_plan_offer(schedule->plan, item, error);
	if (item->state == KILN_PLAN_TO_BUILD)
		return begin_build(schedule, item, error);
	return TRUE;
}

static gboolean resolve_once(Schedule *schedule, GError **error)
{
	for (guint i = 0; i < schedule->plan->items->len; i++) {
		KilnPlanItem *item = schedule->plan->items->pdata[schedule->plan->order[i]];
		if (item->is_wanted && item->state == KILN_PLAN_PENDING && !resolve(schedule, item, error))
			return FALSE;
	}
	block_dependents(schedule);
	return TRUE;
}

/* Finds out about all pending items whose needs are there, until there is nothing more to find out: what is cached makes
 * others ready, and what is solved may come to want others. */
static gboolean resolve_pending(Schedule *schedule, GError **error)
{
	guint64 before;

	do {
		before = kiln_plan_progress(schedule->plan);
		if (!resolve_once(schedule, error))
			return FALSE;
	} while (kiln_plan_progress(schedule->plan) != before && !schedule->is_stopping);
	return TRUE;
}

/* Whatever waits without a solution while something runs or can run is told so. */
static void tell_all_waiting(const Schedule *schedule)
{
	for (guint i = 0; i < schedule->plan->items->len; i++) {
		KilnPlanItem *item = schedule->plan->items->pdata[i];
		if (item->is_wanted && item->state == KILN_PLAN_PENDING && !item->solution)
			tell_waiting(item);
	}
}

/* Starts what is ready. Processors are divided among what can run at this moment. */
static void start_ready(Schedule *schedule)
{
	guint possible = schedule->running + g_queue_get_length(&schedule->ready);
	guint share = g_get_num_processors() / MAX(1, MIN(schedule->options.jobs, possible));

	while (!schedule->is_stopping && schedule->running < schedule->options.jobs &&
		!g_queue_is_empty(&schedule->ready)) {
		Task *task = g_queue_pop_head(&schedule->ready);
		task->settings = (KilnBuildSettings){.processors = MAX(1, share),
			.jobs = schedule->options.jobs,
			.queue_us = kiln_clock_monotonic_us() - task->ready_us};
		schedule->running++;
		g_thread_pool_push(schedule->pool, task, NULL);
	}
}

/* --- ending --- */

/* A build that needs what is not built yet goes back; it was told what else it requires. */
static gboolean put_back(Schedule *schedule, KilnPlanItem *item, GError **error)
{
	item->state = KILN_PLAN_PENDING;
	item->is_stale = TRUE;
	return kiln_plan_remember(schedule->plan, item, error);
}

static gboolean is_of_package(const GError *error)
{
	return g_error_matches(error, KILN_ERROR, KILN_ERROR_BUILD) ||
		g_error_matches(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE) ||
		g_error_matches(error, KILN_ERROR, KILN_ERROR_BUSY);
}

/* Who watches others being built wants to know before these have ended. */
static void tell_at_once(Schedule *schedule, const GError *error)
{
	g_auto(GStrv) lines = g_strsplit(error->message, "\n", 2);

	if (schedule->running > 0 || !g_queue_is_empty(&schedule->ready))
		kiln_event_warning("build", "%s", lines[0]);
}

static gboolean end_task(Schedule *schedule, Task *task, GError **error)
{
	KilnPlanItem *item = task->item;

	if (!task->error) {
		item->state = KILN_PLAN_BUILT;
		schedule->round_built++;
		return kiln_plan_offer(schedule->plan, item, error);
	}
	if (item->must_wait && g_error_matches(task->error, KILN_ERROR, KILN_ERROR_BUSY))
		return put_back(schedule, item, error);
	if (!is_of_package(task->error)) {
		stop(schedule, g_steal_pointer(&task->error));
		return TRUE;
	}
	fail_item(schedule, item, task->error->message, task->error->code);
	g_free(item->failed_key);
	item->failed_key = g_strdup(item->key);
	tell_at_once(schedule, task->error);
	return TRUE;
}

static void count(Schedule *schedule)
{
	guint of_state[KILN_PLAN_BLOCKED + 1] = {0};

	for (guint i = 0; i < schedule->plan->items->len; i++) {
		const KilnPlanItem *item = schedule->plan->items->pdata[i];
		if (item->is_wanted)
			of_state[item->state]++;
	}
	kiln_event_counts(of_state[KILN_PLAN_CACHED] + of_state[KILN_PLAN_BUILT], schedule->running,
		of_state[KILN_PLAN_PENDING] + g_queue_get_length(&schedule->ready),
		of_state[KILN_PLAN_FAILED] + of_state[KILN_PLAN_BLOCKED]);
}

static void await_one(Schedule *schedule)
{
	Task *task = g_async_queue_timeout_pop(schedule->ended, TICK_US);
	GError *error = NULL;

	kiln_event_tick();
	if (!task)
		return;
	schedule->running--;
	if (!end_task(schedule, task, &error))
		stop(schedule, error);
	task_free(task);
}

/* What cannot be solved though all is built that can be. If something failed, that may be what is missing. */
static void settle_unsolved(Schedule *schedule)
{
	gboolean is_blocked = any_failed(schedule->plan);

	for (guint i = 0; i < schedule->plan->items->len; i++) {
		KilnPlanItem *item = schedule->plan->items->pdata[i];
		if (!item->is_wanted || item->state != KILN_PLAN_PENDING || item->solution)
			continue;
		if (!is_blocked || item->is_hopeless) {
			fail_unsolvable(schedule, item);
			continue;
		}
		item->state = KILN_PLAN_BLOCKED;
		g_free(item->reason);
		item->reason = g_strdup_printf(
			"waits for what was not built (%s)", item->problems->len ? (char *)item->problems->pdata[0] : "");
	}
	block_dependents(schedule);
}

/* What builds turned out to require may close a cycle that no spec shows. */
static void settle_cycles(Schedule *schedule)
{
	KilnPlanItem *item = NULL;
	GError *error = NULL;

	while (!kiln_plan_check_cycles(schedule->plan, &item, &error)) {
		fail_item(schedule, item, error->message, error->code);
		g_clear_error(&error);
	}
}

static void run_round(Schedule *schedule)
{
	GError *error = NULL;

	for (;;) {
		if (!resolve_pending(schedule, &error))
			stop(schedule, g_steal_pointer(&error));
		start_ready(schedule);
		count(schedule);
		if (schedule->running == 0)
			break;
		tell_all_waiting(schedule);
		await_one(schedule);
	}
	if (schedule->is_stopping)
		return;
	settle_unsolved(schedule);
	settle_cycles(schedule);
}

/* --- rounds --- */

/* What was built is what there was before, now; all is to be found out again, also whether what failed would be the same
 * build once more. */
static void begin_again(KilnPlan *plan)
{
	for (guint i = 0; i < plan->items->len; i++) {
		KilnPlanItem *item = plan->items->pdata[i];
		if (item->state == KILN_PLAN_CACHED || item->state == KILN_PLAN_BUILT)
			kiln_plan_take_as_last(item);
		item->state = KILN_PLAN_PENDING;
		g_atomic_int_set(&item->is_done, 0);
	}
}

static gboolean refuse_endless(const KilnPlan *plan, GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD,
		"collection \"%s\" does not settle: after %d rounds builds still reveal what changes others; "
		"`kiln explain PACKAGE` tells what changed last",
		plan->context->collection->name, ROUNDS_MAX);
	return FALSE;
}

static gboolean run_rounds(Schedule *schedule, GError **error)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		schedule->round_built = 0;
		run_round(schedule);
		schedule->built += schedule->round_built;
		if (schedule->round_built == 0 || schedule->is_stopping)
			return TRUE;
		begin_again(schedule->plan);
		if (!kiln_plan_solve(schedule->plan, error))
			return FALSE;
	}
	return refuse_endless(schedule->plan, error);
}

/* All failures and what they block; `ret_code` is the first one's, 0 when there is none. */
static char *list_failures(const KilnPlan *plan, int *ret_code)
{
	g_autoptr(GString) text = g_string_new(NULL);
	guint blocked = 0;

	*ret_code = 0;
	for (guint i = 0; i < plan->items->len; i++) {
		const KilnPlanItem *item = plan->items->pdata[plan->order[i]];
		if (item->state != KILN_PLAN_FAILED)
			continue;
		g_string_append_printf(text, "%s%s", text->len ? "\n" : "", item->failure);
		*ret_code = *ret_code ? *ret_code : item->failure_code;
	}
	for (guint i = 0; i < plan->items->len; i++) {
		const KilnPlanItem *item = plan->items->pdata[plan->order[i]];
		if (item->state == KILN_PLAN_BLOCKED)
			g_string_append_printf(
				text, "%s\"%s\" %s", blocked++ ? ", " : "\nblocked: ", item->name, item->reason);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* A wanted item that nothing was found out about would be a defect of ours, and must not pass for a success. */
static gboolean check_complete(const KilnPlan *plan, GError **error)
{
	for (guint i = 0; i < plan->items->len; i++) {
		const KilnPlanItem *item = plan->items->pdata[i];
		if (!item->is_wanted || item->packages)
			continue;
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD,
			"\"%s\" was left over without a reason; that is a defect of Kiln", item->name);
		return FALSE;
	}
	return TRUE;
}

static gboolean judge(Schedule *schedule, GError **error)
{
	int code = 0;
	g_autofree char *failures = list_failures(schedule->plan, &code);

	if (schedule->fatal) {
		if (code)
			g_prefix_error(&schedule->fatal, "%s\n", failures);
		g_propagate_error(error, g_steal_pointer(&schedule->fatal));
		return FALSE;
	}
	if (code == 0)
		return check_complete(schedule->plan, error);
	g_set_error_literal(error, KILN_ERROR, code, failures);
	return FALSE;
}

gboolean kiln_schedule_run(
	KilnPlan *plan, const KilnScheduleOptions *options, guint *ret_built, GError **error)
{
	Schedule schedule = {.plan = plan, .options = *options};
	gboolean good;

	if (schedule.options.jobs == 0)
		schedule.options.jobs = kiln_schedule_default_jobs(plan->context->project->config);
	schedule.ended = g_async_queue_new_full((GDestroyNotify)task_free);
	g_queue_init(&schedule.ready);
	/* Exclusive: children die with the thread that started them (PR_SET_PDEATHSIG), so no thread may end before. */
	schedule.pool = g_thread_pool_new(run_task, schedule.ended, (int)schedule.options.jobs, TRUE, error);
	good = schedule.pool && run_rounds(&schedule, error);
	if (schedule.pool)
		g_thread_pool_free(schedule.pool, FALSE, TRUE);
	good = good && judge(&schedule, error) && kiln_plan_note_use(plan, error);
	g_clear_error(&schedule.fatal);
	g_queue_clear_full(&schedule.ready, (GDestroyNotify)task_free);
	g_async_queue_unref(schedule.ended);
	*ret_built = schedule.built;
	return good;
}
