/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/target_probe.h"

#include "base/error.h"
#include "base/fs.h"
#include "format/openpgp.h"
#include "lib/content_cache.h"
#include "lib/fetch.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define FILE_MAX_BYTES (1024 * 1024)
#define CONNECT_TIMEOUT_MS 10000
#define STALL_TIMEOUT_MS 15000
#define PARALLEL 8
#define ONE_TRY " (tries: 1)" /* what lib/fetch says, and goes without saying here */

typedef enum { MIRRORLIST, INDEX, KEY } Kind;

/* One file to ask for. */
typedef struct {
	Kind kind;
	const KilnBaseSection *section; /* of a key: the first that names it */
	char *url;			/* of the file */
	const char *urls[2];
	char *found; /* its text, or NULL */
	gsize size;
	char *fault; /* why there is none */
} Question;

typedef struct {
	const KilnTargetProbe *what;
	char *cache;	      /* a directory of its own, gone afterwards */
	GPtrArray *questions; /* Question */
	GPtrArray *findings;
	gboolean is_whole;
} Probe;

static void question_free(Question *question)
{
	g_free(question->url);
	g_free(question->found);
	g_free(question->fault);
	g_free(question);
}

static void probe_clear(Probe *probe)
{
	g_clear_pointer(&probe->questions, g_ptr_array_unref);
	if (probe->cache)
		kiln_fs_remove_tree(probe->cache, NULL);
	g_clear_pointer(&probe->cache, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Probe, probe_clear)

static void ask(Probe *probe, Kind kind, const KilnBaseSection *section, const char *url)
{
	Question *question;

	for (guint i = 0; i < probe->questions->len; i++) {
		const Question *other = probe->questions->pdata[i];
		if (g_str_equal(other->url, url) && (kind == KEY || other->section == section))
			return;
	}
	question = g_new0(Question, 1);
	question->kind = kind;
	question->section = section;
	question->url = g_strdup(url);
	question->urls[0] = question->url;
	g_ptr_array_add(probe->questions, question);
}

static void ask_index(Probe *probe, const KilnBaseSection *section, const char *base)
{
	g_autofree char *url = g_strconcat(base, g_str_has_suffix(base, "/") ? "" : "/", "repodata/repomd.xml", NULL);

	ask(probe, INDEX, section, url);
}

/* "URL: what was wrong" without the address, which is told beside it. */
static char *refusal_of(const KilnFetchTask *task)
{
	const char *text = task->ret_refusals && task->ret_refusals->len > 0 ? task->ret_refusals->pdata[0]
			   : task->error					     ? task->error->message
										     : "no answer";

	if (g_str_has_prefix(text, task->urls[0]) && g_str_has_prefix(text + strlen(task->urls[0]), ": "))
		text += strlen(task->urls[0]) + 2;
	return g_strndup(text, strlen(text) - (g_str_has_suffix(text, ONE_TRY) ? strlen(ONE_TRY) : 0));
}

static void take_answer(const Probe *probe, const KilnFetchTask *task, Question *question)
{
	g_autofree char *path = task->ret_sha256 ? kiln_content_cache_path(probe->cache, task->ret_sha256) : NULL;

	question->found = path ? kiln_fs_read(path, FILE_MAX_BYTES, &question->size, NULL) : NULL;
	if (!question->found)
		question->fault = refusal_of(task);
}

/* Asks all questions from `first` on. What does not come is a fault of that question. */
static gboolean fetch(Probe *probe, guint first, GError **error)
{
	const KilnFetchOptions options = {.parallel = PARALLEL,
		.tries = 1,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.stall_timeout_ms = STALL_TIMEOUT_MS,
		.max_bytes = FILE_MAX_BYTES,
		.subject = probe->what->target->name};
	guint count = probe->questions->len - first;
	g_autofree KilnFetchTask *tasks = g_new0(KilnFetchTask, count);
	g_autoptr(GError) fault = NULL;

	for (guint i = 0; i < count; i++) {
		const Question *question = probe->questions->pdata[first + i];
		tasks[i].name = question->url;
		tasks[i].urls = question->urls;
		tasks[i].cache_dir = probe->cache;
	}
	if (count > 0 && !kiln_fetch_run(tasks, count, &options, &fault) && fault->code == KILN_ERROR_SYSTEM) {
		g_propagate_error(error, g_steal_pointer(&fault));
		return FALSE;
	}
	for (guint i = 0; i < count; i++) {
		take_answer(probe, &tasks[i], probe->questions->pdata[first + i]);
		kiln_fetch_task_clear(&tasks[i]);
	}
	return TRUE;
}

/* ── what is asked ── */

static gboolean fetch_lists(Probe *probe, GError **error)
{
	for (guint i = 0; i < probe->what->sections->len; i++) {
		const KilnBaseSection *section = probe->what->sections->pdata[i];
		if (section->mirrorlist)
			ask(probe, MIRRORLIST, section, section->mirrorlist);
	}
	return fetch(probe, 0, error);
}

static void ask_mirrors(Probe *probe, const Question *list)
{
	g_auto(GStrv) lines = g_strsplit_set(list->found, "\r\n", -1);

	for (char **line = lines; *line; line++) {
		const char *base = g_strstrip(*line);
		if (g_str_has_prefix(base, "http://") || g_str_has_prefix(base, "https://"))
			ask_index(probe, list->section, base);
	}
}

/* A key file that came with the project is not asked for. */
static void ask_keys(Probe *probe, const KilnBaseSection *section)
{
	g_autofree char *directory = kiln_project_target_directory(probe->what->project, probe->what->target);

	for (char **url = section->keys; *url; url++) {
		g_autofree char *own = g_build_filename(directory, kiln_base_section_file_name(*url), NULL);
		g_autofree char *own_url = g_filename_to_uri(own, NULL, NULL);
		ask(probe, KEY, section, g_file_test(own, G_FILE_TEST_EXISTS) ? own_url : *url);
	}
}

static gboolean fetch_rest(Probe *probe, GError **error)
{
	guint first = probe->questions->len;

	for (guint i = 0; i < first; i++) {
		const Question *list = probe->questions->pdata[i];
		if (list->found)
			ask_mirrors(probe, list);
	}
	for (guint i = 0; i < probe->what->sections->len; i++) {
		const KilnBaseSection *section = probe->what->sections->pdata[i];
		for (char **url = section->urls; *url; url++)
			ask_index(probe, section, *url);
		if (section->checks_packages || section->checks_index)
			ask_keys(probe, section);
	}
	return fetch(probe, first, error);
}

/* ── what it means ── */

static char *network_fix(const Probe *probe)
{
	return g_strdup_printf("check the address, this machine's network and its proxy (https_proxy), or name a mirror "
			       "that answers here in repo-config/targets/%s/%s",
		probe->what->target->name, probe->what->target->repositories);
}

static void tell_unreachable(Probe *probe, const char *subject, char *found)
{
	g_autoptr(GError) network = g_error_new_literal(KILN_ERROR, KILN_ERROR_NETWORK, "");

	probe->is_whole = FALSE;
	if (probe->what->has_base)
		kiln_target_findings_add(probe->findings, subject, KILN_TARGET_NOTICE, NULL, found, network_fix(probe));
	else
		kiln_target_findings_add(
			probe->findings, subject, KILN_TARGET_MISSING, network, found, network_fix(probe));
}

static gboolean is_index(const Question *question)
{
	return question->found && strstr(question->found, "<repomd");
}

static void add_fault(GString *text, const Question *question)
{
	g_string_append_printf(text, "\n%s: %s", question->url,
		question->fault ? question->fault : "what is there is no repository's index");
}

/* The faults of a repository's addresses go into `faults`; how many answer, into `ret_good`. */
static guint count_answers(const Probe *probe, const KilnBaseSection *section, guint *ret_good, GString *faults)
{
	guint total = 0;

	*ret_good = 0;
	for (guint i = 0; i < probe->questions->len; i++) {
		const Question *question = probe->questions->pdata[i];
		if (question->section != section || question->kind == KEY)
			continue;
		if (question->kind == MIRRORLIST) {
			if (!question->found)
				add_fault(faults, question);
			continue;
		}
		total++;
		if (is_index(question))
			(*ret_good)++;
		else
			add_fault(faults, question);
	}
	return total;
}

static void judge_section(Probe *probe, const KilnBaseSection *section)
{
	g_autofree char *subject = g_strdup_printf("[%s]", section->id);
	g_autoptr(GString) faults = g_string_new(NULL);
	guint good, total = count_answers(probe, section, &good, faults);

	if (good == 0) {
		tell_unreachable(probe, subject, total > 0 || faults->len > 0
				? g_strdup_printf("none of its addresses answers:%s", faults->str)
				: g_strdup_printf("mirrorlist %s holds no address", section->mirrorlist));
		return;
	}
	if (faults->len == 0)
		kiln_target_findings_add(probe->findings, subject, KILN_TARGET_READY, NULL,
			g_strdup_printf(total == 1 ? "its address answers" : "its %u addresses answer", total), NULL);
	else
		kiln_target_findings_add(probe->findings, subject, KILN_TARGET_NOTICE, NULL,
			g_strdup_printf("%u of %u addresses answer, not:%s", good, total, faults->str),
			network_fix(probe));
}

/* The fingerprints pinned for a file, with commas; "" for none. Caller owns. */
static char *pins_of(const Probe *probe, const char *file_name)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (guint i = 0; i < probe->what->target->keys->len; i++) {
		const KilnTargetKey *key = probe->what->target->keys->pdata[i];
		if (g_str_equal(key->file_name, file_name))
			g_ptr_array_add(list, key->fingerprint);
	}
	g_ptr_array_add(list, NULL);
	return g_strjoinv(", ", (char **)list->pdata);
}

/* The fingerprints of the primary keys in a file, with commas; each that is not among `pins` also goes into
 * `strangers`. NULL when it is no key file. Caller owns. */
static char *fingerprints_of(const Question *question, const char *pins, GString *strangers, GError **error)
{
	g_autoptr(KilnPgpFile) file =
		kiln_openpgp_parse(question->found, question->size, question->url, error);
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (guint i = 0; file && i < file->keys->len; i++) {
		const KilnPgpKey *key = file->keys->pdata[i];
		if (key->is_subkey)
			continue;
		g_ptr_array_add(list, key->fingerprint);
		if (!*key->fingerprint || !strstr(pins, key->fingerprint))
			g_string_append_printf(strangers, "%s%s", strangers->len > 0 ? ", " : "",
				*key->fingerprint ? key->fingerprint : "a key without a fingerprint");
	}
	if (file && list->len == 0)
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\" holds no public key", question->url);
	g_ptr_array_add(list, NULL);
	return list->len > 1 ? g_strjoinv(", ", (char **)list->pdata) : NULL;
}

static void tell_other_key(Probe *probe, const char *subject, const char *pins, const char *strangers)
{
	g_autoptr(GError) verify = g_error_new_literal(KILN_ERROR, KILN_ERROR_VERIFY, "");

	probe->is_whole = FALSE;
	kiln_target_findings_add(probe->findings, subject, KILN_TARGET_MISSING, verify,
		g_strdup_printf("it holds %s, but target.conf pins %s", strangers, pins),
		g_strdup_printf("find out from a second source which is right; if the new one, write it under [keys] in "
				"repo-config/targets/%s/target.conf", probe->what->target->name));
}

static void tell_no_key(Probe *probe, const char *subject, const GError *fault)
{
	probe->is_whole = FALSE;
	kiln_target_findings_add(probe->findings, subject, KILN_TARGET_MISSING, fault, g_strdup(fault->message),
		g_strdup_printf("correct gpgkey in repo-config/targets/%s/%s", probe->what->target->name,
			probe->what->target->repositories));
}

static void judge_key(Probe *probe, const Question *question)
{
	const char *file_name = kiln_base_section_file_name(question->url);
	g_autofree char *subject = g_strdup_printf("key %s", file_name);
	g_autofree char *pins = pins_of(probe, file_name), *fingerprints = NULL;
	g_autoptr(GString) strangers = g_string_new(NULL);
	g_autoptr(GError) fault = NULL;

	if (!question->found) {
		tell_unreachable(probe, subject, g_strdup_printf("%s: %s", question->url, question->fault));
		return;
	}
	fingerprints = fingerprints_of(question, pins, strangers, &fault);
	if (!fingerprints)
		tell_no_key(probe, subject, fault);
	else if (strangers->len > 0)
		tell_other_key(probe, subject, pins, strangers->str);
	else
		kiln_target_findings_add(probe->findings, subject, KILN_TARGET_READY, NULL,
			g_strdup_printf("%s, as pinned", fingerprints), NULL);
}

static gboolean make_cache(Probe *probe, GError **error)
{
	g_autofree char *template = g_build_filename(probe->what->project->cache, "probe-XXXXXX", NULL);

	if (!kiln_fs_make_directory(probe->what->project->cache, error))
		return FALSE;
	if (!g_mkdtemp_full(template, 0700))
		return kiln_error_set_errno(error, errno, "making \"%s\"", template);
	probe->cache = g_steal_pointer(&template);
	return TRUE;
}

gboolean kiln_target_probe(
	const KilnTargetProbe *what, GPtrArray *findings, gboolean *ret_is_whole, GError **error)
{
	g_auto(Probe) probe = {.what = what, .findings = findings, .is_whole = TRUE};

	probe.questions = g_ptr_array_new_with_free_func((GDestroyNotify)question_free);
	if (!make_cache(&probe, error) || !fetch_lists(&probe, error) || !fetch_rest(&probe, error))
		return FALSE;
	for (guint i = 0; i < what->sections->len; i++)
		judge_section(&probe, what->sections->pdata[i]);
	for (guint i = 0; i < probe.questions->len; i++) {
		const Question *question = probe.questions->pdata[i];
		if (question->kind == KEY)
			judge_key(&probe, question);
	}
	*ret_is_whole = probe.is_whole;
	return TRUE;
}
