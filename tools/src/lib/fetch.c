/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/fetch.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/text.h"
#include "lib/content_cache.h"

#include <curl/curl.h>
#include <string.h>

#define MAX_BACKOFF_MS 30000
#define PROGRESS_INTERVAL_US 100000
#define POLL_MS 200
/* A try that got at least this much further than any before it does not count as one. */
#define PROGRESS_WORTH_A_TRY (64 * 1024)

typedef enum {
	STATE_WAITING, /* until not_before_us, or for a free place */
	STATE_RUNNING,
	STATE_DONE,
} TransferState;

/* Why our own callback ended a transfer. */
typedef enum {
	STOP_NONE,
	STOP_FATAL,	/* `fatal` is set */
	STOP_TOO_LARGE, /* more bytes than locked or allowed */
	STOP_BAD_RANGE, /* another range than asked for */
	STOP_STATUS,	/* a status that carries no file */
} StopReason;

typedef struct {
	KilnFetchTask *task;
	const KilnFetchOptions *options;
	TransferState state;
	CURL *easy;
	KilnCacheWriter *writer;
	guint url_index;
	guint tries;	  /* of this URL, those that brought nothing */
	guint64 furthest; /* largest size reached with this URL */
	gint64 not_before_us;
	guint64 resumed_from; /* offset this try asked for */
	guint64 range_start;  /* offset the server says it sends */
	gboolean body_started;
	gboolean wrong_bytes; /* some URL delivered other bytes */
	gint64 announced;     /* size the server gave; -1: none */
	StopReason stop;
	GError *fatal;
	char message[CURL_ERROR_SIZE];
} Transfer;

typedef struct {
	CURLM *multi;
	GPtrArray *transfers; /* of Transfer */
	const KilnFetchOptions *options;
	guint running;
	gint64 told_us;
} Run;

void kiln_fetch_task_clear(KilnFetchTask *task)
{
	g_clear_pointer(&task->ret_sha256, g_free);
	g_clear_pointer(&task->ret_refusals, g_ptr_array_unref);
	g_clear_error(&task->error);
}

static void transfer_free(Transfer *transfer)
{
	if (transfer->easy != NULL)
		curl_easy_cleanup(transfer->easy);
	kiln_cache_writer_close(transfer->writer);
	g_clear_error(&transfer->fatal);
	g_free(transfer);
}

static const char *current_url(const Transfer *transfer)
{
	return transfer->task->urls[transfer->url_index];
}

static long response_status(const Transfer *transfer)
{
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static guint64 byte_limit(const Transfer *transfer)
{
	return transfer->task->size != 0 ? transfer->task->size : transfer->options->max_bytes;
}

static size_t receive_header(char *data, size_t size, size_t count, void *user_data)
{
	Transfer *transfer = user_data;
	g_autofree char *line = g_strndup(data, size * count);

	if (g_str_has_prefix(line, "HTTP/"))
		transfer->range_start = 0;
	if (g_ascii_strncasecmp(line, "content-range: bytes ", 21) == 0)
		transfer->range_start = g_ascii_strtoull(line + 21, NULL, 10);
	return size * count;
}

/* FALSE, which is also the 0 bytes by which a callback ends its transfer. */
static gboolean stop(Transfer *transfer, StopReason reason)
{
	transfer->stop = reason;
	return FALSE;
}

/* Decides at the first body byte whether it continues the partial file or begins it again. */
static gboolean begin_body(Transfer *transfer)
{
	long status = response_status(transfer);
	curl_off_t length = -1;

	transfer->body_started = TRUE;
	if (status >= 300 || (status > 0 && status < 200))
		return stop(transfer, STOP_STATUS);
	if (status == 206 && transfer->range_start != transfer->resumed_from)
		return stop(transfer, STOP_BAD_RANGE);
	if (status != 206 && transfer->resumed_from > 0) {
		if (!kiln_cache_writer_restart(transfer->writer, &transfer->fatal))
			return stop(transfer, STOP_FATAL);
		transfer->resumed_from = 0;
	}
	curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length >= 0)
		transfer->announced = (gint64)transfer->resumed_from + length;
	return TRUE;
}

static size_t receive_body(char *data, size_t size, size_t count, void *user_data)
{
	Transfer *transfer = user_data;
	gsize bytes = size * count;

	if (!transfer->body_started && !begin_body(transfer))
		return 0;
	if (kiln_cache_writer_size(transfer->writer) + bytes > byte_limit(transfer) ||
		transfer->announced > (gint64)byte_limit(transfer))
		return stop(transfer, STOP_TOO_LARGE);
	if (!kiln_cache_writer_append(transfer->writer, data, bytes, &transfer->fatal))
		return stop(transfer, STOP_FATAL);
	return bytes;
}

static void set_protocols(CURL *easy, gboolean only_https)
{
	/* Without a known digest the transport is all the trust there is: no way down from https.
	 */
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,file");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, only_https ? "https" : "http,https");
#else
	curl_easy_setopt(
		easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS | CURLPROTO_FILE));
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS,
		(long)(only_https ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static CURL *make_easy(Transfer *transfer)
{
	const KilnFetchOptions *options = transfer->options;
	const char *url = current_url(transfer);
	CURL *easy = curl_easy_init();

	set_protocols(easy, transfer->task->sha256 == NULL && g_str_has_prefix(url, "https:"));
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "kiln/" KILN_VERSION);
	curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 5L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(
		easy, CURLOPT_LOW_SPEED_TIME, (long)((options->stall_timeout_ms + 999) / 1000));
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	return easy;
}

/* CURLOPT_RANGE and not RESUME_FROM: with the latter libcurl refuses servers that ignore ranges. */
static gboolean ask_for_the_rest(Transfer *transfer, GError **error)
{
	g_autofree char *range = NULL;
	guint64 have = kiln_cache_writer_size(transfer->writer);

	transfer->resumed_from = 0;
	if (have == 0)
		return TRUE;
	if (g_str_has_prefix(current_url(transfer), "file:") || transfer->task->sha256 == NULL ||
		have >= byte_limit(transfer))
		return kiln_cache_writer_restart(transfer->writer, error);
	transfer->resumed_from = have;
	range = g_strdup_printf("%" G_GUINT64_FORMAT "-", have);
	curl_easy_setopt(transfer->easy, CURLOPT_RANGE, range);
	return TRUE;
}

static gboolean start_try(Run *run, Transfer *transfer, GError **error)
{
	const KilnFetchTask *task = transfer->task;

	if (transfer->writer == NULL)
		transfer->writer = kiln_cache_writer_open(task->cache_dir, task->sha256, error);
	if (transfer->writer == NULL)
		return FALSE;
	kiln_cache_writer_expect(transfer->writer, task->checksum_kind, task->checksum);
	transfer->easy = make_easy(transfer);
	transfer->stop = STOP_NONE;
	transfer->body_started = FALSE;
	transfer->range_start = 0;
	transfer->announced = -1;
	transfer->message[0] = '\0';
	if (!ask_for_the_rest(transfer, error))
		return FALSE;
	curl_multi_add_handle(run->multi, transfer->easy);
	transfer->state = STATE_RUNNING;
	run->running++;
	return TRUE;
}

static void finish(Transfer *transfer)
{
	transfer->state = STATE_DONE;
	g_clear_pointer(&transfer->writer, kiln_cache_writer_close);
}

static void give_up(Transfer *transfer)
{
	KilnFetchTask *task = transfer->task;
	g_autoptr(GString) reasons = g_string_new(NULL);

	for (guint i = 0; i < task->ret_refusals->len; i++)
		g_string_append_printf(reasons, "%s%s", i > 0 ? "; " : "",
			(const char *)task->ret_refusals->pdata[i]);
	g_set_error(&task->error, KILN_ERROR,
		transfer->wrong_bytes ? KILN_ERROR_VERIFY : KILN_ERROR_NETWORK,
		"\"%s\": no origin delivered %s: %s", task->name,
		task->sha256 != NULL ? "the expected bytes" : "it", reasons->len > 0 ? reasons->str : "none is known");
	finish(transfer);
}

/* The current URL is out; the next one is tried at once. */
static void refuse_url(Transfer *transfer, const char *reason)
{
	g_autofree char *text = g_strdup_printf("%s: %s", current_url(transfer), reason);

	g_ptr_array_add(transfer->task->ret_refusals, kiln_text_printable(text));
	transfer->url_index++;
	transfer->tries = 0;
	transfer->furthest = 0;
	transfer->state = STATE_WAITING;
	transfer->not_before_us = 0;
	if (current_url(transfer) == NULL)
		give_up(transfer);
}

static void refuse_bytes(Transfer *transfer, const char *reason)
{
	const char *type = NULL, *final_url = NULL;
	g_autoptr(GString) text = g_string_new(reason);

	curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(transfer->easy, CURLINFO_EFFECTIVE_URL, &final_url);
	if (type != NULL && g_str_has_prefix(type, "text/html"))
		g_string_append(text, " (it sent a web page)");
	if (final_url != NULL && strcmp(final_url, current_url(transfer)) != 0)
		g_string_append_printf(text, " (redirected to %s)", final_url);
	transfer->wrong_bytes = TRUE;
	refuse_url(transfer, text->str);
}

/* The same URL from the first byte: what was resumed may have come from elsewhere. */
static gboolean try_afresh(Transfer *transfer, GError **error)
{
	transfer->state = STATE_WAITING;
	transfer->not_before_us = 0;
	return kiln_cache_writer_restart(transfer->writer, error);
}

static void schedule_retry(Transfer *transfer, const char *reason)
{
	const KilnFetchOptions *options = transfer->options;
	guint64 have = kiln_cache_writer_size(transfer->writer);
	gint64 pause_ms = options->backoff_ms;
	curl_off_t asked_s = 0;

	if (have >= transfer->furthest + PROGRESS_WORTH_A_TRY && transfer->resumed_from > 0)
		transfer->tries = 0;
	transfer->furthest = MAX(transfer->furthest, have);
	if (++transfer->tries >= options->tries) {
		g_autofree char *text = g_strdup_printf("%s (tries: %u)", reason, transfer->tries);

		return refuse_url(transfer, text);
	}
	for (guint i = 1; i < transfer->tries && pause_ms < MAX_BACKOFF_MS; i++)
		pause_ms *= 2;
	curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &asked_s);
	pause_ms = MAX(pause_ms, (gint64)MIN(asked_s, MAX_BACKOFF_MS / 1000) * 1000);
	transfer->not_before_us = kiln_clock_monotonic_us() + MIN(pause_ms, MAX_BACKOFF_MS) * 1000;
	transfer->state = STATE_WAITING;
}

static gboolean is_transient(CURLcode code, long status)
{
	static const long statuses[] = {408, 425, 429, 500, 502, 503, 504};
	static const CURLcode codes[] = {CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST,
		CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT, CURLE_SSL_CONNECT_ERROR,
		CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE,
		CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_WEIRD_SERVER_REPLY};
	gboolean answered = code == CURLE_HTTP_RETURNED_ERROR;

	for (guint i = 0; answered && i < G_N_ELEMENTS(statuses); i++)
		if (status == statuses[i])
			return TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
		if (code == codes[i])
			return TRUE;
	return FALSE;
}

static void judge_failure(Transfer *transfer, CURLcode code)
{
	long status = response_status(transfer);
	g_autofree char *reason = NULL;

	if (code == CURLE_HTTP_RETURNED_ERROR || transfer->stop == STOP_STATUS)
		reason = g_strdup_printf("HTTP status %ld", status);
	else
		reason = g_strdup(transfer->message[0] != '\0' ? transfer->message
							       : curl_easy_strerror(code));
	if (is_transient(code, status))
		schedule_retry(transfer, reason);
	else
		refuse_url(transfer, reason);
}

static gboolean judge_complete(Transfer *transfer, GError **error)
{
	KilnFetchTask *task = transfer->task;
	guint64 size = kiln_cache_writer_size(transfer->writer);
	g_autoptr(GError) local = NULL;

	/* Without an announced length a broken connection looks like the end of the file. */
	if (size < task->size && transfer->announced < 0) {
		g_autofree char *reason = g_strdup_printf("ended after %" G_GUINT64_FORMAT
							  " of %" G_GUINT64_FORMAT " bytes",
			size, task->size);

		schedule_retry(transfer, reason);
		return TRUE;
	}
	if (kiln_cache_writer_commit(transfer->writer, task->size, &task->ret_sha256, &local)) {
		task->ret_size = size;
		task->ret_url = current_url(transfer);
		finish(transfer);
		return TRUE;
	}
	if (!g_error_matches(local, KILN_ERROR, KILN_ERROR_VERIFY)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (transfer->resumed_from > 0)
		return try_afresh(transfer, error);
	refuse_bytes(transfer, local->message);
	return TRUE;
}

static gboolean judge_too_large(Transfer *transfer, GError **error)
{
	g_autofree char *reason =
		g_strdup_printf("is larger than the %s %" G_GUINT64_FORMAT " bytes",
			transfer->task->size != 0 ? "expected" : "allowed", byte_limit(transfer));

	if (transfer->resumed_from > 0)
		return try_afresh(transfer, error);
	if (!kiln_cache_writer_restart(transfer->writer, error))
		return FALSE;
	refuse_bytes(transfer, reason);
	return TRUE;
}

/* FALSE: nothing more can be fetched at all (disk full …). */
static gboolean judge(Transfer *transfer, CURLcode code, GError **error)
{
	if (code == CURLE_OK && !transfer->body_started && !begin_body(transfer))
		code = CURLE_WRITE_ERROR;
	if (transfer->stop == STOP_FATAL) {
		g_propagate_error(error, g_steal_pointer(&transfer->fatal));
		return FALSE;
	}
	if (transfer->stop == STOP_TOO_LARGE)
		return judge_too_large(transfer, error);
	if (code == CURLE_OK)
		return judge_complete(transfer, error);
	if (transfer->resumed_from > 0 &&
		(transfer->stop == STOP_BAD_RANGE || response_status(transfer) == 416))
		return try_afresh(transfer, error);
	judge_failure(transfer, code);
	return TRUE;
}

static gboolean end_tries(Run *run, GError **error)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(run->multi, &left)) != NULL) {
		CURLcode code = message->data.result;
		Transfer *transfer = NULL;
		gboolean going;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		run->running--;
		going = judge(transfer, code, error);
		curl_multi_remove_handle(run->multi, transfer->easy);
		g_clear_pointer(&transfer->easy, curl_easy_cleanup);
		if (!going)
			return FALSE;
	}
	return TRUE;
}

/* Starts what may start; `ret_waiting` tells how long the next one has to wait, -1: none has to. */
static gboolean start_tries(Run *run, gint64 *ret_waiting_ms, GError **error)
{
	gint64 now = kiln_clock_monotonic_us();

	*ret_waiting_ms = -1;
	for (guint i = 0; i < run->transfers->len; i++) {
		Transfer *transfer = run->transfers->pdata[i];
		gint64 left_ms = MAX(transfer->not_before_us - now + 999, 0) / 1000;

		if (transfer->state != STATE_WAITING)
			continue;
		if (left_ms > 0 || run->running >= run->options->parallel)
			*ret_waiting_ms =
				*ret_waiting_ms < 0 ? left_ms : MIN(*ret_waiting_ms, left_ms);
		else if (!start_try(run, transfer, error))
			return FALSE;
	}
	return TRUE;
}

static void tell_progress(Run *run, gboolean always)
{
	gint64 now = kiln_clock_monotonic_us();
	guint64 current = 0, total = 0;

	if (!always && now - run->told_us < PROGRESS_INTERVAL_US)
		return;
	for (guint i = 0; i < run->transfers->len; i++) {
		const Transfer *transfer = run->transfers->pdata[i];
		const KilnFetchTask *task = transfer->task;
		guint64 have = transfer->writer != NULL ? kiln_cache_writer_size(transfer->writer)
							: task->ret_size;

		current += have;
		total += MAX(have, task->size ?: (guint64)MAX(transfer->announced, 0));
	}
	run->told_us = now;
	kiln_event_progress(run->options->subject, current, total);
}

static gboolean drive(Run *run, GError **error)
{
	for (;;) {
		guint running;
		gint64 waiting_ms;
		int active;

		if (!start_tries(run, &waiting_ms, error))
			return FALSE;
		if (run->running == 0 && waiting_ms < 0)
			return TRUE;
		running = run->running;
		curl_multi_perform(run->multi, &active);
		if (!end_tries(run, error))
			return FALSE;
		tell_progress(run, FALSE);
		if (run->running == running)
			curl_multi_poll(run->multi, NULL, 0,
				waiting_ms > 0 ? (int)MIN(waiting_ms, POLL_MS) : POLL_MS, NULL);
	}
}

/* What is in the cache already needs no transfer. */
static gboolean add_task(Run *run, KilnFetchTask *task, GError **error)
{
	g_autoptr(GError) local = NULL;
	Transfer *transfer;

	task->ret_refusals = g_ptr_array_new_with_free_func(g_free);
	if (task->sha256 != NULL &&
		kiln_content_cache_has(task->cache_dir, task->sha256, task->size, &local)) {
		task->ret_sha256 = g_strdup(task->sha256);
		task->ret_size = task->size;
		return TRUE;
	}
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	transfer = g_new0(Transfer, 1);
	transfer->task = task;
	transfer->options = run->options;
	g_ptr_array_add(run->transfers, transfer);
	if (task->urls[0] == NULL)
		give_up(transfer);
	return TRUE;
}

static gboolean run_tasks(Run *run, KilnFetchTask *tasks, gsize count, GError **error)
{
	gboolean driven;

	for (gsize i = 0; i < count; i++)
		if (!add_task(run, &tasks[i], error))
			return FALSE;
	driven = drive(run, error);
	if (run->transfers->len > 0)
		tell_progress(run, TRUE);
	for (guint i = 0; i < run->transfers->len; i++) {
		Transfer *transfer = run->transfers->pdata[i];

		if (transfer->easy != NULL)
			curl_multi_remove_handle(run->multi, transfer->easy);
	}
	return driven;
}

/* One line for all tasks that failed: the first one's error, and the names of the others. */
static gboolean summarize(const KilnFetchTask *tasks, gsize count, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	int code = KILN_ERROR_NETWORK;
	guint failed = 0;

	for (gsize i = 0; i < count; i++) {
		if (tasks[i].error == NULL)
			continue;
		if (tasks[i].error->code == KILN_ERROR_VERIFY)
			code = KILN_ERROR_VERIFY;
		if (failed++ == 0)
			g_string_append(text, tasks[i].error->message);
		else
			g_string_append_printf(text, "%s\"%s\"", failed == 2 ? "; likewise " : ", ",
				tasks[i].name);
	}
	if (failed == 0)
		return TRUE;
	g_set_error_literal(error, KILN_ERROR, code, text->str);
	return FALSE;
}

static KilnFetchOptions with_defaults(const KilnFetchOptions *given)
{
	KilnFetchOptions options = given != NULL ? *given : (KilnFetchOptions){0};

	options.parallel = options.parallel ?: 6;
	options.tries = options.tries ?: 4;
	options.backoff_ms = options.backoff_ms ?: 500;
	options.connect_timeout_ms = options.connect_timeout_ms ?: 20000;
	options.stall_timeout_ms = options.stall_timeout_ms ?: 30000;
	options.max_bytes = options.max_bytes ?: G_GUINT64_CONSTANT(16) << 30;
	options.subject = options.subject ?: "fetch";
	return options;
}

gboolean kiln_fetch_run(
	KilnFetchTask *tasks, gsize count, const KilnFetchOptions *options, GError **error)
{
	static gsize initialized;
	KilnFetchOptions complete = with_defaults(options);
	Run run = {.options = &complete};
	gboolean ran;

	if (g_once_init_enter(&initialized))
		g_once_init_leave(&initialized, curl_global_init(CURL_GLOBAL_DEFAULT) + 1);
	run.multi = curl_multi_init();
	run.transfers = g_ptr_array_new_with_free_func((GDestroyNotify)transfer_free);
	ran = run_tasks(&run, tasks, count, error);
	g_ptr_array_unref(run.transfers);
	curl_multi_cleanup(run.multi);
	return ran && summarize(tasks, count, error);
}
