/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/rpmspec_output.h"

#include <string.h>

#define PACKAGE_MARK "package"

const char kiln_rpmspec_output_source_format[] =
	"name %{NAME}\\nepoch %|EPOCH?{%{EPOCH}}:{0}|\\nversion %{VERSION}\\nrelease %{RELEASE}\\n"
	"arch %{ARCH}\\nsummary %{SUMMARY}\\nlicense %{LICENSE}\\n%|URL?{url %{URL}\\n}|"
	"[time %{CHANGELOGTIME}\\n][buildarch %{BUILDARCHS}\\n][exclusive %{EXCLUSIVEARCH}\\n]"
	"[exclude %{EXCLUDEARCH}\\n][requires %{REQUIRENEVRS}\\n][conflicts %{CONFLICTNEVRS}\\n]"
	"[built %{PROVIDENAME}\\n][nosource %{NOSOURCE}\\n][nopatch %{NOPATCH}\\n]";

const char kiln_rpmspec_output_package_format[] = PACKAGE_MARK
	"\\nname %{NAME}\\nepoch %|EPOCH?{%{EPOCH}}:{0}|\\nversion %{VERSION}\\n"
	"release %{RELEASE}\\narch %{ARCH}\\nsummary %{SUMMARY}\\nlicense %{LICENSE}\\n"
	"%|GROUP?{group %{GROUP}\\n}|[provides %{PROVIDENEVRS}\\n][requires %{REQUIRENEVRS}\\n]"
	"[conflicts %{CONFLICTNEVRS}\\n][obsoletes %{OBSOLETENEVRS}\\n]"
	"[recommends %{RECOMMENDNEVRS}\\n][suggests %{SUGGESTNEVRS}\\n]"
	"[supplements %{SUPPLEMENTNEVRS}\\n][enhances %{ENHANCENEVRS}\\n]";

struct KilnRpmspecSource {
	GPtrArray *built;	    /* char *: names of packages with files */
	GArray *nosource, *nopatch; /* guint */
};

void kiln_rpmspec_source_free(KilnRpmspecSource *source)
{
	if (!source)
		return;
	g_ptr_array_unref(source->built);
	g_array_unref(source->nosource);
	g_array_unref(source->nopatch);
	g_free(source);
}

typedef enum { FIELD_TEXT, FIELD_OPTIONAL, FIELD_EPOCH, FIELD_LIST, FIELD_DEPENDENCY } FieldKind;

/* Where the value of a word goes: `place` points at a member of the type that `kind` says. */
typedef struct {
	const char *word;
	FieldKind kind;
	gpointer place;
} Field;

static void store(const Field *field, const char *value)
{
	switch (field->kind) {
	case FIELD_OPTIONAL:
		if (strcmp(value, "Unspecified") == 0)
			return;
		/* fallthrough */
	case FIELD_TEXT: {
		char **text = field->place;
		g_free(*text);
		*text = g_strdup(value);
		return;
	}
	case FIELD_EPOCH:
		*(guint32 *)field->place = (guint32)g_ascii_strtoull(value, NULL, 10);
		return;
	case FIELD_DEPENDENCY:
		if (g_str_has_prefix(value, "rpmlib("))
			return;
		/* fallthrough */
	case FIELD_LIST:
		g_ptr_array_add(*(GPtrArray **)field->place, g_strdup(value));
		return;
	}
}

static void store_line(const Field *fields, gsize count, const char *line)
{
	const char *space = strchr(line, ' ');

	for (gsize i = 0; space && i < count; i++) {
		if (strlen(fields[i].word) == (gsize)(space - line) &&
			strncmp(fields[i].word, line, space - line) == 0)
			store(&fields[i], space + 1);
	}
}

/* The lists of numbers and the first of many times do not fit the table. */
static void store_source_line(KilnSpec *spec, KilnRpmspecSource *source, const char *line)
{
	const char *space = strchr(line, ' ');
	guint number = space ? (guint)g_ascii_strtoull(space + 1, NULL, 10) : 0;

	if (g_str_has_prefix(line, "nosource "))
		g_array_append_val(source->nosource, number);
	if (g_str_has_prefix(line, "nopatch "))
		g_array_append_val(source->nopatch, number);
	if (g_str_has_prefix(line, "time ") && spec->changelog_time == 0)
		spec->changelog_time = g_ascii_strtoll(space + 1, NULL, 10);
}

KilnRpmspecSource *kiln_rpmspec_output_parse_source(KilnSpec *spec, const char *text)
{
	KilnRpmspecSource *source = g_new0(KilnRpmspecSource, 1);
	const Field fields[] = {
		{"name", FIELD_TEXT, &spec->name},
		{"epoch", FIELD_EPOCH, &spec->epoch},
		{"version", FIELD_TEXT, &spec->version},
		{"release", FIELD_TEXT, &spec->release},
		{"arch", FIELD_TEXT, &spec->arch},
		{"summary", FIELD_TEXT, &spec->summary},
		{"license", FIELD_TEXT, &spec->license},
		{"url", FIELD_TEXT, &spec->url},
		{"buildarch", FIELD_LIST, &spec->build_archs},
		{"exclusive", FIELD_LIST, &spec->exclusive_archs},
		{"exclude", FIELD_LIST, &spec->exclude_archs},
		{"requires", FIELD_DEPENDENCY, &spec->build_requires},
		{"conflicts", FIELD_DEPENDENCY, &spec->build_conflicts},
		{"built", FIELD_LIST, &source->built},
	};

	source->built = g_ptr_array_new_with_free_func(g_free);
	source->nosource = g_array_new(FALSE, FALSE, sizeof(guint));
	source->nopatch = g_array_new(FALSE, FALSE, sizeof(guint));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		store_line(fields, G_N_ELEMENTS(fields), *line);
		store_source_line(spec, source, *line);
	}
	kiln_spec_sort_unique(spec->build_requires);
	kiln_spec_sort_unique(spec->build_conflicts);
	return source;
}

static void store_package_line(KilnSpecPackage *package, const char *line)
{
	const Field fields[] = {
		{"name", FIELD_TEXT, &package->name},
		{"epoch", FIELD_EPOCH, &package->epoch},
		{"version", FIELD_TEXT, &package->version},
		{"release", FIELD_TEXT, &package->release},
		{"arch", FIELD_TEXT, &package->arch},
		{"summary", FIELD_TEXT, &package->summary},
		{"license", FIELD_TEXT, &package->license},
		{"group", FIELD_OPTIONAL, &package->group},
		{"provides", FIELD_DEPENDENCY, &package->provides},
		{"requires", FIELD_DEPENDENCY, &package->requires},
		{"conflicts", FIELD_DEPENDENCY, &package->conflicts},
		{"obsoletes", FIELD_DEPENDENCY, &package->obsoletes},
		{"recommends", FIELD_DEPENDENCY, &package->recommends},
		{"suggests", FIELD_DEPENDENCY, &package->suggests},
		{"supplements", FIELD_DEPENDENCY, &package->supplements},
		{"enhances", FIELD_DEPENDENCY, &package->enhances},
	};

	store_line(fields, G_N_ELEMENTS(fields), line);
}

static void finish_package(KilnSpecPackage *package, const KilnRpmspecSource *source)
{
	package->is_built = package->name && g_ptr_array_find_with_equal_func(source->built,
						     package->name, g_str_equal, NULL);
	kiln_spec_sort_unique(package->provides);
	kiln_spec_sort_unique(package->requires);
	kiln_spec_sort_unique(package->conflicts);
	kiln_spec_sort_unique(package->obsoletes);
	kiln_spec_sort_unique(package->recommends);
	kiln_spec_sort_unique(package->suggests);
	kiln_spec_sort_unique(package->supplements);
	kiln_spec_sort_unique(package->enhances);
}

void kiln_rpmspec_output_parse_packages(
	KilnSpec *spec, const KilnRpmspecSource *source, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	KilnSpecPackage *package = NULL;

	for (char **line = lines; *line; line++) {
		if (strcmp(*line, PACKAGE_MARK) == 0) {
			package = kiln_spec_package_new();
			g_ptr_array_add(spec->packages, package);
		} else if (package) {
			store_package_line(package, *line);
		}
	}
	for (guint i = 0; i < spec->packages->len; i++)
		finish_package(g_ptr_array_index(spec->packages, i), source);
}

typedef enum { SECTION_PREAMBLE, SECTION_SOURCELIST, SECTION_PATCHLIST, SECTION_OTHER } Section;

/* All section keywords of rpm 4.20, since their bodies may hold lines that look like tags. */
static const char *const sections[] = {"package", "sourcelist", "patchlist", "prep",
	"generate_buildrequires", "conf", "build", "install", "check", "clean", "preun", "postun",
	"preuntrans", "postuntrans", "pretrans", "posttrans", "pre", "post", "files", "changelog",
	"description", "triggerpostun", "triggerprein", "triggerun", "triggerin", "trigger",
	"verifyscript", "sepolicy", "filetriggerin", "filetrigger", "filetriggerun",
	"filetriggerpostun", "transfiletriggerin", "transfiletrigger", "transfiletriggerun",
	"transfiletriggerpostun", "end"};

static Section section_of(const char *word)
{
	if (strcmp(word, "package") == 0)
		return SECTION_PREAMBLE;
	if (strcmp(word, "sourcelist") == 0)
		return SECTION_SOURCELIST;
	return strcmp(word, "patchlist") == 0 ? SECTION_PATCHLIST : SECTION_OTHER;
}

/* State while walking through a parsed spec. */
typedef struct {
	KilnSpec *spec;
	const KilnRpmspecSource *source;
	Section section;
	gint64 last_source, last_patch; /* automatic numbers continue from here */
} Walk;

static gboolean enter_section(Walk *walk, const char *line)
{
	if (line[0] != '%')
		return FALSE;
	gsize length = strcspn(line + 1, " \t");
	for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
		const char *word = sections[i];
		if (strlen(word) != length || g_ascii_strncasecmp(line + 1, word, length) != 0)
			continue;
		walk->section = section_of(word);
		walk->spec->has_check |= strcmp(word, "check") == 0;
		walk->spec->has_generate_buildrequires |=
			strcmp(word, "generate_buildrequires") == 0;
		return TRUE;
	}
	return FALSE;
}

static gboolean contains_number(const GArray *numbers, guint number)
{
	for (guint i = 0; i < numbers->len; i++) {
		if (g_array_index(numbers, guint, i) == number)
			return TRUE;
	}
	return FALSE;
}

/* `digits` is what stands between tag and colon: empty for an automatic number. */
static void add_source(Walk *walk, gboolean is_patch, const char *digits, const char *value)
{
	gint64 *last = is_patch ? &walk->last_patch : &walk->last_source;
	gint64 number =
		*digits ? (gint64)MIN(g_ascii_strtoull(digits, NULL, 10), G_MAXINT) : *last + 1;
	const GArray *withheld = is_patch ? walk->source->nopatch : walk->source->nosource;

	*last = MAX(*last, number);
	g_ptr_array_add(is_patch ? walk->spec->patches : walk->spec->sources,
		kiln_spec_source_new(
			(guint)number, value, contains_number(withheld, (guint)number)));
}

/* "Source12 : value", in any case. */
static void parse_tag(Walk *walk, const char *line)
{
	gboolean is_patch = g_ascii_strncasecmp(line, "patch", 5) == 0;

	if (!is_patch && g_ascii_strncasecmp(line, "source", 6) != 0)
		return;
	const char *digits = line + (is_patch ? 5 : 6);
	const char *rest = digits + strspn(digits, "0123456789");
	const char *colon = rest + strspn(rest, " \t");
	if (*colon != ':')
		return;
	g_autofree char *number = g_strndup(digits, rest - digits);
	g_autofree char *value = g_strstrip(g_strdup(colon + 1));
	add_source(walk, is_patch, number, value);
}

static void parse_spec_line(Walk *walk, char *line)
{
	g_strstrip(line);
	if (enter_section(walk, line) || line[0] == '\0' || line[0] == '#')
		return;
	switch (walk->section) {
	case SECTION_PREAMBLE:
		parse_tag(walk, line);
		return;
	case SECTION_SOURCELIST:
	case SECTION_PATCHLIST:
		add_source(walk, walk->section == SECTION_PATCHLIST, "", line);
		return;
	case SECTION_OTHER:
		return;
	}
}

void kiln_rpmspec_output_parse_spec(
	KilnSpec *spec, const KilnRpmspecSource *source, const char *text)
{
	Walk walk = {spec, source, SECTION_PREAMBLE, -1, -1};
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++)
		parse_spec_line(&walk, *line);
	kiln_spec_sort_sources(spec->sources);
	kiln_spec_sort_sources(spec->patches);
}
