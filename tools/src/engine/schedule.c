/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/schedule.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "engine/build.h"

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
	GString *failures;   /* one message after the other */
	int failure_code;
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
	kiln_event_job_end(name, kiln_clock_monotonic_us() - start, task->error == NULL, "%s", "");
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
	g_string_append_printf(schedule->failures, "%s%s", schedule->failures->len ? "\n" : "", message);
	if (!schedule->failure_code)
		schedule->failure_code = code;
	if (schedule->options.fail_fast)
		schedule->is_stopping = TRUE;
	block_dependents(schedule);
}

static void fail_unsolvable(Schedule *schedule, KilnPlanItem *item)
{
	g_autoptr(GString) text = g_string_new(NULL);

	g_string_append_printf(text, "\"%s\" cannot be satisfied for target \"%s\":", item->name,
		schedule->plan->context->target->name);
	for (guint i = 0; i < item->problems->len; i++)
		g_string_append_printf(text, "\n%s", (char *)item->problems->pdata[i]);
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

/* Finds out about one pending item. */
static gboolean resolve(Schedule *schedule, KilnPlanItem *item, GError **error)
{
	if (!kiln_plan_resolve(schedule->plan, item, error))
		return FALSE;
	if (item->problems->len > 0) {
		fail_unsolvable(schedule, item);
		return TRUE;
	}
	if (item->state == KILN_PLAN_CACHED)
		return kiln_plan_offer(schedule->plan, item, error);
	if (item->state != KILN_PLAN_TO_BUILD)
		return TRUE;
	if (!schedule->options.may_build)
		return refuse_to_build(item, error);
	return enqueue(schedule, item, error);
}

/* Finds out about all pending items whose needs are there; what is cached makes others ready. */
static gboolean resolve_pending(Schedule *schedule, GError **error)
{
	gboolean changed = TRUE;

	while (changed && !schedule->is_stopping) {
		changed = FALSE;
		for (guint i = 0; i < schedule->plan->items->len; i++) {
			KilnPlanItem *item = schedule->plan->items->pdata[schedule->plan->order[i]];
			if (!item->is_wanted || item->state != KILN_PLAN_PENDING)
				continue;
			if (!resolve(schedule, item, error))
				return FALSE;
			changed = changed || item->state == KILN_PLAN_CACHED;
		}
	}
	return TRUE;
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
	g_autoptr(GPtrArray) cycles = NULL;
	g_autofree char *text = NULL;

	item->state = KILN_PLAN_PENDING;
	if (!kiln_plan_remember(schedule->plan, item, error) ||
		!kiln_plan_solve_item(schedule->plan, item, error))
		return FALSE;
	cycles = kiln_graph_cycles(schedule->plan->graph);
	if (cycles->len == 0)
		return TRUE;
	text = kiln_graph_cycle_text(schedule->plan->graph, cycles->pdata[0]);
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE,
		"what the build of \"%s\" requires closes a cycle: %s", item->name, text);
	return FALSE;
}

static gboolean is_of_package(const GError *error)
{
	return g_error_matches(error, KILN_ERROR, KILN_ERROR_BUILD) ||
		g_error_matches(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE);
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

/* What waits for something that no build provided. */
static void fail_waiting(Schedule *schedule)
{
	for (guint i = 0; i < schedule->plan->items->len; i++) {
		KilnPlanItem *item = schedule->plan->items->pdata[i];
		if (!item->is_wanted || item->state != KILN_PLAN_PENDING || item->deferred->len == 0)
			continue;
		for (guint d = 0; d < item->deferred->len; d++)
			g_ptr_array_add(item->problems,
				g_strdup_printf("\"%s\" needs \"%s\", which nothing provides, and no build did",
					item->name, (char *)item->deferred->pdata[d]));
		fail_unsolvable(schedule, item);
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
		await_one(schedule);
	}
	if (!schedule->is_stopping)
		fail_waiting(schedule);
}

/* --- rounds --- */

/* What was built is what there was before, now; all is to be found out again. */
static void begin_again(KilnPlan *plan)
{
	for (guint i = 0; i < plan->items->len; i++) {
		KilnPlanItem *item = plan->items->pdata[i];
		if (item->state != KILN_PLAN_CACHED && item->state != KILN_PLAN_BUILT)
			continue;
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
		if (schedule->round_built == 0 || schedule->is_stopping || schedule->failures->len > 0)
			return TRUE;
		begin_again(schedule->plan);
		if (!kiln_plan_solve(schedule->plan, error))
			return FALSE;
	}
	return refuse_endless(schedule->plan, error);
}

static void list_blocked(const Schedule *schedule, GString *text)
{
	guint blocked = 0;

	for (guint i = 0; i < schedule->plan->items->len; i++) {
		const KilnPlanItem *item = schedule->plan->items->pdata[i];
		if (item->state == KILN_PLAN_BLOCKED)
			g_string_append_printf(text, "%s\"%s\" %s", blocked++ ? ", " : "\nblocked: ", item->name, item->reason);
	}
}

static gboolean judge(Schedule *schedule, GError **error)
{
	if (schedule->fatal) {
		if (schedule->failures->len > 0)
			g_prefix_error(&schedule->fatal, "%s\n", schedule->failures->str);
		g_propagate_error(error, g_steal_pointer(&schedule->fatal));
		return FALSE;
	}
	if (schedule->failures->len == 0)
		return TRUE;
	list_blocked(schedule, schedule->failures);
	g_set_error_literal(error, KILN_ERROR, schedule->failure_code, schedule->failures->str);
	return FALSE;
}

gboolean kiln_schedule_run(
	KilnPlan *plan, const KilnScheduleOptions *options, guint *ret_built, GError **error)
{
	Schedule schedule = {.plan = plan, .options = *options};
	gboolean good;

	if (schedule.options.jobs == 0)
		schedule.options.jobs = kiln_schedule_default_jobs(plan->context->project->config);
	schedule.failures = g_string_new(NULL);
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
	g_string_free(schedule.failures, TRUE);
	*ret_built = schedule.built;
	return good;
}
