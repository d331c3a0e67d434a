/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kiln: finds the command, parses its options, opens what it needs, runs it, says how it ended. */
#include "base/error.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/terminal.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_BUFFER_SIZE (1 << 16)

/* Options that every command knows. */
static struct {
	char *project;
	gboolean json, quiet, plain, events_json, version;
} common;

static const GOptionEntry common_entries[] = {
	{"project", 0, 0, G_OPTION_ARG_FILENAME, &common.project, "Work in the project at DIR", "DIR"},
	{"json", 0, 0, G_OPTION_ARG_NONE, &common.json, "Answer as JSON on stdout", NULL},
	{"events-json", 0, 0, G_OPTION_ARG_NONE, &common.events_json, "Progress as JSON lines on stderr", NULL},
	{"plain", 0, 0, G_OPTION_ARG_NONE, &common.plain, "No colours, no live line", NULL},
	{"quiet", 'q', 0, G_OPTION_ARG_NONE, &common.quiet, "Only warnings and errors", NULL},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

/* How many of the leading words name `command`; 0 when they name another. */
static int matching_words(const KilnCommand *command, int count, char **words)
{
	g_auto(GStrv) names = g_strsplit(command->name, " ", -1);
	int length = (int)g_strv_length(names);

	for (int i = 0; i < length; i++)
		if (i >= count || !g_str_equal(words[i], names[i]))
			return 0;
	return length;
}

static const KilnCommand *find_command(int count, char **words, int *ret_words)
{
	for (const KilnCommand *const *command = kiln_commands; *command; command++) {
		*ret_words = matching_words(*command, count, words);
		if (*ret_words)
			return *command;
	}
	return NULL;
}

/* "kiln key" alone: lists the commands that begin so. */
static gboolean is_family(const char *word)
{
	g_autofree char *prefix = g_strconcat(word, " ", NULL);

	for (const KilnCommand *const *command = kiln_commands; *command; command++)
		if (g_str_has_prefix((*command)->name, prefix))
			return TRUE;
	return FALSE;
}

static void print_commands(const char *prefix)
{
	for (const KilnCommand *const *command = kiln_commands; *command; command++) {
		if (!g_str_has_prefix((*command)->name, prefix))
			continue;
		printf("  %-14s %s\n", (*command)->name, (*command)->summary);
	}
}

static void print_help(void)
{
	printf("usage: kiln [OPTION…] COMMAND [ARGUMENT…]\n\n"
	       "Kiln turns spec files, patches and pinned sources into a signed yum/dnf repository\n"
	       "that provably installs.\n\ncommands:\n");
	print_commands("");
	printf("\noptions of every command:\n");
	for (const GOptionEntry *entry = common_entries; entry->long_name; entry++)
		printf("  --%s%s%-*s %s\n", entry->long_name, entry->arg_description ? "=" : "",
			(int)(13 - strlen(entry->long_name) - (entry->arg_description ? 1 : 0)),
			entry->arg_description ? entry->arg_description : "", entry->description);
	printf("\n\"kiln COMMAND --help\" says more; kiln(1) says all. Exit status: 0 done, 1 other error,\n"
	       "2 usage, 3 project files, 4 not found, 5 network, 6 verification, 7 unsolvable\n"
	       "dependencies, 8 failed build or smoke test, 9 busy, 10 host.\n");
}

/* The words that commands begin with, or those that may follow the word `first`. Ends with NULL. */
static GPtrArray *known_words(const char *first)
{
	GPtrArray *known = g_ptr_array_new_with_free_func(g_free);

	for (const KilnCommand *const *command = kiln_commands; *command; command++) {
		g_auto(GStrv) parts = g_strsplit((*command)->name, " ", 2);
		if (!first)
			g_ptr_array_add(known, g_strdup(parts[0]));
		else if (parts[1] && g_str_equal(parts[0], first))
			g_ptr_array_add(known, g_strdup(parts[1]));
	}
	if (!first)
		g_ptr_array_add(known, g_strdup("help"));
	g_ptr_array_add(known, NULL);
	return known;
}

static void set_unknown_command(char *const *words, GError **error)
{
	gboolean family = is_family(words[0]) && words[1];
	g_autoptr(GPtrArray) known = known_words(family ? words[0] : NULL);
	const char *prefix = family ? words[0] : "", *space = family ? " " : "";
	const char *wrong = family ? words[1] : words[0];
	const char *near = kiln_text_nearest(wrong, (const char *const *)known->pdata);

	if (near)
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
			"there is no command \"%s%s%s\"; did you mean \"%s%s%s\"?", prefix, space, wrong, prefix,
			space, near);
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
			"there is no command \"%s%s%s\"; \"kiln help\" lists them", prefix, space, wrong);
}

static void print_family(const char *word)
{
	g_autofree char *prefix = g_strconcat(word, " ", NULL);

	printf("usage: kiln %s COMMAND\n\n", word);
	print_commands(prefix);
}

static void add_option_names(GPtrArray *names, const GOptionEntry *entries)
{
	for (; entries && entries->long_name; entries++)
		g_ptr_array_add(names, (gpointer)entries->long_name);
}

/* Rewords GLib's option errors and offers the nearest option for an unknown one. */
static void set_option_error(const KilnCommand *command, const GError *cause, GError **error)
{
	const char *dashes = strstr(cause->message, "--");
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *near = NULL;

	if (cause->code == G_OPTION_ERROR_UNKNOWN_OPTION && dashes) {
		add_option_names(names, common_entries);
		add_option_names(names, command->options);
		g_ptr_array_add(names, NULL);
		near = kiln_text_nearest(dashes + 2, (const char *const *)names->pdata);
	}
	if (near)
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE, "%s%sunknown option \"%s\"; did you mean \"--%s\"?",
			command->name, *command->name ? ": " : "", dashes, near);
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE, "%s%s%s; see \"kiln %s%s--help\"",
			command->name, *command->name ? ": " : "", cause->message, command->name,
			*command->name ? " " : "");
}

/* "-j4" is "-j 4", which GOption wants. */
static void split_numbers(char ***words)
{
	g_autoptr(GStrvBuilder) split = g_strv_builder_new();
	g_auto(GStrv) old = *words;

	for (char **word = old; *word; word++) {
		const char *text = *word;
		gboolean is_attached = text[0] == '-' && g_ascii_isalpha(text[1]) && g_ascii_isdigit(text[2]);
		g_autofree char *option = g_strndup(text, is_attached ? 2 : strlen(text));
		g_strv_builder_add(split, option);
		if (is_attached)
			g_strv_builder_add(split, text + 2);
	}
	*words = g_strv_builder_end(split);
}

static gboolean parse_options(const KilnCommand *command, char ***words, GError **error)
{
	g_autofree char *usage = g_strdup_printf("%s — %s", command->synopsis, command->summary);
	g_autofree char *program = g_strdup_printf("kiln %s", command->name);
	g_autoptr(GOptionContext) context = g_option_context_new(usage);
	g_autoptr(GError) local = NULL;

	g_set_prgname(program);
	if (command->options)
		g_option_context_add_main_entries(context, command->options, NULL);
	g_option_context_add_main_entries(context, common_entries, NULL);
	g_option_context_set_description(context, command->description);
	split_numbers(words);
	if (g_option_context_parse_strv(context, words, &local))
		return TRUE;
	set_option_error(command, local, error);
	return FALSE;
}

static gboolean check_arguments(const KilnCommand *command, guint count, GError **error)
{
	if (count >= command->minimum_arguments && count <= command->maximum_arguments)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE, "%s; usage: kiln %s [OPTION…] %s",
		count < command->minimum_arguments ? "an argument is missing" : "too many arguments",
		command->name, command->synopsis);
	return FALSE;
}

static KilnTerminalMode terminal_mode(void)
{
	if (common.events_json)
		return KILN_TERMINAL_JSON;
	if (common.quiet)
		return KILN_TERMINAL_QUIET;
	return common.plain ? KILN_TERMINAL_PLAIN : KILN_TERMINAL_AUTO;
}

/* The project the command works in: the one it is called in or that is named, else what it can do with. */
static KilnProject *open_project(const KilnCommand *command, char **arguments, GError **error)
{
	g_autoptr(GError) missing = NULL, fault = NULL;
	KilnProject *project = kiln_project_open(common.project ? common.project : ".", &missing);
	g_autofree char *root = NULL;

	if (project)
		return project;
	if (g_error_matches(missing, KILN_ERROR, KILN_ERROR_NOT_FOUND) && !common.project && command->find_project)
		root = command->find_project(arguments, &fault);
	if (root)
		return kiln_project_open(root, error);
	g_propagate_error(error, fault ? g_steal_pointer(&fault) : g_steal_pointer(&missing));
	return NULL;
}

/* A project that is named or damaged is wanted. */
static gboolean may_do_without(const KilnCommand *command, const GError *missing)
{
	return (command->needs & KILN_TAKES_PROJECT) && !common.project &&
		g_error_matches(missing, KILN_ERROR, KILN_ERROR_NOT_FOUND);
}

/* Opens what the command needs, then runs it. */
static gboolean run_with_needs(const KilnCommand *command, char **arguments, GError **error)
{
	g_autoptr(KilnProject) project = NULL;
	g_autoptr(KilnLock) lock = NULL;
	g_autoptr(GError) missing = NULL;
	g_autofree char *purpose = g_strdup_printf("kiln %s", command->name);
	KilnInvocation invocation = {.arguments = arguments, .json = common.json};

	if ((command->needs & KILN_NEEDS_ROOT) && geteuid() != 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
			"kiln %s makes root directories and enters namespaces, which needs root; run it as root",
			command->name);
		return FALSE;
	}
	if (command->needs & (KILN_NEEDS_PROJECT | KILN_TAKES_PROJECT)) {
		project = open_project(command, arguments, &missing);
		if (!project && !may_do_without(command, missing)) {
			g_propagate_error(error, g_steal_pointer(&missing));
			return FALSE;
		}
		invocation.project = project;
		invocation.no_project = missing;
	}
	if (command->needs & KILN_NEEDS_LOCK) {
		lock = kiln_project_lock(project, purpose, error);
		if (!lock)
			return FALSE;
	}
	return command->run(&invocation, error);
}

static gboolean run_command(const KilnCommand *command, char ***words, GError **error)
{
	if (!parse_options(command, words, error))
		return FALSE;
	kiln_terminal_install(terminal_mode());
	/* GOption leaves the program's name in front. */
	return check_arguments(command, g_strv_length(*words + 1), error) &&
		run_with_needs(command, *words + 1, error);
}

/* Options may stand before the command: takes `--project DIR` and the flags from there. */
static gboolean parse_leading(char ***words, GError **error)
{
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	static const KilnCommand kiln = {.name = ""};
	static const GOptionEntry version[] = {
		{"version", 0, 0, G_OPTION_ARG_NONE, &common.version, "Print the version", NULL},
		{NULL, 0, 0, 0, NULL, NULL, NULL}};
	g_autoptr(GError) local = NULL;

	g_option_context_add_main_entries(context, common_entries, NULL);
	g_option_context_add_main_entries(context, version, NULL);
	g_option_context_set_strict_posix(context, TRUE);
	g_option_context_set_help_enabled(context, FALSE);
	if (g_option_context_parse_strv(context, words, &local))
		return TRUE;
	set_option_error(&kiln, local, error);
	return FALSE;
}

/* `kiln help [TOPIC…]`, `kiln --help`. */
static gboolean show_help(char **topic, GError **error)
{
	const KilnCommand *command;
	g_auto(GStrv) words = NULL;
	int used = 0;

	if (!topic[0] || g_str_equal(topic[0], "help") || g_str_has_prefix(topic[0], "-")) {
		print_help();
		return TRUE;
	}
	command = find_command((int)g_strv_length(topic), topic, &used);
	if (command) {
		words = g_strsplit("kiln --help", " ", -1);
		return run_command(command, &words, error);
	}
	if (is_family(topic[0])) {
		print_family(topic[0]);
		return TRUE;
	}
	set_unknown_command(topic, error);
	return FALSE;
}

/* Takes the command's own words out of `words`, so that options and arguments are left. */
static void drop_command_words(char **words, int used)
{
	for (int i = 0; i < used; i++)
		g_free(words[1 + i]);
	memmove(words + 1, words + 1 + used, sizeof(char *) * (g_strv_length(words + 1 + used) + 1));
}

static gboolean dispatch(char ***words, GError **error)
{
	const KilnCommand *command;
	const char *first = (*words)[1];
	int used = 0;

	if (first && (g_str_equal(first, "--help") || g_str_equal(first, "-h")))
		return show_help(*words + 1, error);
	if (!parse_leading(words, error))
		return FALSE;
	if (common.version)
		return printf("kiln %s\n", KILN_VERSION) > 0;
	first = (*words)[1];
	if (!first || g_str_equal(first, "help"))
		return show_help(first ? *words + 2 : *words + 1, error);
	command = find_command((int)g_strv_length(*words) - 1, *words + 1, &used);
	if (command) {
		drop_command_words(*words, used);
		return run_command(command, words, error);
	}
	if (is_family(first) && (!(*words)[2] || g_str_has_prefix((*words)[2], "-"))) {
		print_family(first);
		return TRUE;
	}
	set_unknown_command(*words + 1, error);
	return FALSE;
}

/* Answers that cannot be written are lost work for whoever waits for them. */
static gboolean flush_answer(GError **error)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return TRUE;
	return kiln_error_set_errno(error, errno ? errno : EIO, "writing the answer to stdout");
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) words = NULL;
	gboolean is_good;

	(void)argc;
	setlocale(LC_ALL, "");
	umask(022);
	words = g_strdupv(argv);
	kiln_terminal_install(KILN_TERMINAL_AUTO);
	/* An answer never goes between live lines, on a terminal as in a pipe. */
	setvbuf(stdout, NULL, _IOFBF, ANSWER_BUFFER_SIZE);
	is_good = dispatch(&words, &error);
	kiln_terminal_flush();
	if (flush_answer(is_good ? &error : NULL) && is_good)
		return 0;
	kiln_terminal_error(error->message, kiln_error_exit_status(error));
	return kiln_error_exit_status(error);
}
