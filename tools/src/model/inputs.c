/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/inputs.h"

#include "base/digest.h"
#include "base/error.h"

#include <string.h>

#define TEXT_MAX_BYTES (64 * 1024 * 1024)
#define FIELDS 3

/* kind, name, value. */
typedef struct {
	char *fields[FIELDS];
} Input;

struct KilnInputs {
	GPtrArray *inputs; /* Input, sorted, each once */
};

static void input_free(Input *input)
{
	for (int i = 0; i < FIELDS; i++)
		g_free(input->fields[i]);
	g_free(input);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Input, input_free)

static int compare_names(const Input *a, const Input *b)
{
	int order = strcmp(a->fields[0], b->fields[0]);

	return order ? order : strcmp(a->fields[1], b->fields[1]);
}

static int compare_inputs(const Input *a, const Input *b)
{
	int order = compare_names(a, b);

	return order ? order : strcmp(a->fields[2], b->fields[2]);
}

KilnInputs *kiln_inputs_new(void)
{
	KilnInputs *inputs = g_new0(KilnInputs, 1);

	inputs->inputs = g_ptr_array_new_with_free_func((GDestroyNotify)input_free);
	return inputs;
}

void kiln_inputs_free(KilnInputs *inputs)
{
	if (!inputs)
		return;
	g_ptr_array_unref(inputs->inputs);
	g_free(inputs);
}

/* Where `input` belongs; `ret_found`: the same is there already. */
static guint find_place(const KilnInputs *inputs, const Input *input, gboolean *ret_found)
{
	guint low = 0, high = inputs->inputs->len;

	*ret_found = FALSE;
	/* Most are added in order. */
	if (high > 0 && compare_inputs(inputs->inputs->pdata[high - 1], input) < 0)
		return high;
	while (low < high) {
		guint middle = low + (high - low) / 2;
		int order = compare_inputs(inputs->inputs->pdata[middle], input);
		if (order == 0) {
			*ret_found = TRUE;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void kiln_inputs_add(KilnInputs *inputs, const char *kind, const char *name, const char *value)
{
	Input probe = {{(char *)kind, (char *)name, (char *)value}};
	gboolean found;
	guint place = find_place(inputs, &probe, &found);
	Input *input;

	g_assert(*kind && *name);
	if (found)
		return;
	input = g_new0(Input, 1);
	for (int i = 0; i < FIELDS; i++)
		input->fields[i] = g_strdup(probe.fields[i]);
	g_ptr_array_insert(inputs->inputs, (int)place, input);
}

guint kiln_inputs_count(const KilnInputs *inputs)
{
	return inputs->inputs->len;
}

static void append_escaped(GString *text, const char *field)
{
	for (; *field; field++) {
		if (*field == '\\')
			g_string_append(text, "\\\\");
		else if (*field == '\t')
			g_string_append(text, "\\t");
		else if (*field == '\n')
			g_string_append(text, "\\n");
		else
			g_string_append_c(text, *field);
	}
}

static GString *emit(const KilnInputs *inputs)
{
	GString *text = g_string_sized_new(inputs->inputs->len * 96);

	for (guint i = 0; i < inputs->inputs->len; i++) {
		const Input *input = inputs->inputs->pdata[i];
		for (int j = 0; j < FIELDS; j++) {
			append_escaped(text, input->fields[j]);
			g_string_append_c(text, j + 1 < FIELDS ? '\t' : '\n');
		}
	}
	return text;
}

char *kiln_inputs_emit(const KilnInputs *inputs)
{
	return g_string_free(emit(inputs), FALSE);
}

char *kiln_inputs_digest(const KilnInputs *inputs)
{
	GString *text = emit(inputs);
	char *digest = kiln_digest_of_bytes(text->str, text->len);

	g_string_free(text, TRUE);
	return digest;
}

static gboolean refuse(const char *label, guint line, const char *what, GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "%s: line %u: %s", label, line, what);
	return FALSE;
}

/* The field at *position, which moves behind the byte that ends it; NULL when that is not `end`, or when
 * an escape is none. */
static char *take_field(const char **position, char end)
{
	g_autoptr(GString) field = g_string_new(NULL);
	const char *at = *position;

	for (; *at && *at != '\t' && *at != '\n'; at++) {
		const char *escape = *at == '\\' ? strchr("\\tn", at[1]) : NULL;
		if (*at == '\\' && (!escape || !*escape))
			return NULL;
		if (escape)
			at++;
		g_string_append_c(field, !escape ? *at : *escape == 't' ? '\t' : *escape == 'n' ? '\n' : '\\');
	}
	if (*at != end)
		return NULL;
	*position = at + 1;
	return g_string_free(g_steal_pointer(&field), FALSE);
}

static gboolean parse_line(
	KilnInputs *inputs, const char **position, const char *label, guint line, GError **error)
{
	g_autoptr(Input) input = g_new0(Input, 1);
	const GPtrArray *all = inputs->inputs;

	for (int i = 0; i < FIELDS; i++) {
		input->fields[i] = take_field(position, i + 1 < FIELDS ? '\t' : '\n');
		if (!input->fields[i])
			return refuse(label, line, "it is not KIND, NAME and VALUE with TABs between them", error);
	}
	if (!*input->fields[0] || !*input->fields[1])
		return refuse(label, line, "kind or name is empty", error);
	if (all->len > 0 && compare_inputs(all->pdata[all->len - 1], input) >= 0)
		return refuse(label, line, "it is not in order", error);
	g_ptr_array_add(inputs->inputs, g_steal_pointer(&input));
	return TRUE;
}

KilnInputs *kiln_inputs_parse(const char *text, const char *label, GError **error)
{
	g_autoptr(KilnInputs) inputs = kiln_inputs_new();
	const char *position = text;

	if (strlen(text) > TEXT_MAX_BYTES) {
		refuse(label, 1, "the text is larger than 64 MiB", error);
		return NULL;
	}
	for (guint line = 1; *position; line++)
		if (!parse_line(inputs, &position, label, line, error))
			return NULL;
	return g_steal_pointer(&inputs);
}

void kiln_input_change_free(KilnInputChange *change)
{
	if (!change)
		return;
	g_free(change->kind);
	g_free(change->name);
	g_free(change->old_value);
	g_free(change->new_value);
	g_free(change);
}

static void add_change(GPtrArray *changes, const Input *old, const Input *now)
{
	KilnInputChange *change = g_new0(KilnInputChange, 1);

	change->kind = g_strdup((old ? old : now)->fields[0]);
	change->name = g_strdup((old ? old : now)->fields[1]);
	change->old_value = old ? g_strdup(old->fields[2]) : NULL;
	change->new_value = now ? g_strdup(now->fields[2]) : NULL;
	g_ptr_array_add(changes, change);
}

/* What is in `inputs` and not in `other`. Borrowed. */
static GPtrArray *only_in(const KilnInputs *inputs, const KilnInputs *other)
{
	GPtrArray *only = g_ptr_array_new();

	for (guint i = 0; i < inputs->inputs->len; i++) {
		gboolean found;
		find_place(other, inputs->inputs->pdata[i], &found);
		if (!found)
			g_ptr_array_add(only, inputs->inputs->pdata[i]);
	}
	return only;
}

GPtrArray *kiln_inputs_compare(const KilnInputs *old, const KilnInputs *now)
{
	g_autoptr(GPtrArray) gone = only_in(old, now), come = only_in(now, old);
	GPtrArray *changes = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_input_change_free);
	guint i = 0, j = 0;

	while (i < gone->len || j < come->len) {
		int order = i == gone->len ? 1 : j == come->len ? -1 : compare_names(gone->pdata[i], come->pdata[j]);
		add_change(changes, order <= 0 ? gone->pdata[i] : NULL, order >= 0 ? come->pdata[j] : NULL);
		i += order <= 0;
		j += order >= 0;
	}
	return changes;
}

/* "14.1-1" of "14.1-1 DIGEST". */
static char *version_of(const char *value)
{
	return g_strndup(value, strcspn(value, " "));
}

static char *describe_package(const KilnInputChange *change)
{
	const char *dot = strrchr(change->name, '.');
	g_autofree char *name = dot ? g_strndup(change->name, (gsize)(dot - change->name)) : g_strdup(change->name);
	g_autofree char *old = version_of(change->old_value ? change->old_value : "");
	g_autofree char *now = version_of(change->new_value ? change->new_value : "");

	if (!change->old_value || !change->new_value)
		return g_strdup_printf("buildroot %s: %s %s", change->old_value ? "lacks" : "gained", name,
			change->old_value ? old : now);
	if (g_str_equal(old, now))
		return g_strdup_printf("buildroot changed: %s %s (rebuilt)", name, now);
	return g_strdup_printf("buildroot changed: %s %s → %s", name, old, now);
}

char *kiln_input_change_describe(const KilnInputChange *change)
{
	const char *how = !change->old_value ? "added" : !change->new_value ? "removed" : "changed";

	if (g_str_equal(change->kind, KILN_INPUT_BUILDROOT))
		return describe_package(change);
	return g_strdup_printf("%s %s: %s", change->kind, how, change->name);
}
