/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/cause_scan.h"

#include <string.h>

/* Of every text two bytes that stand next to each other are looked for, those that a log has least often; only
 * where they are the text is compared. */
typedef struct {
	const char *text;
	gsize size, offset; /* of those two bytes in the text */
	guint id;
} Needle;

struct KilnCauseScan {
	GPtrArray *texts;
	Needle *needles; /* by their two bytes */
	guint16 first[G_MAXUINT16 + 1]; /* 1 + the first needle of two bytes; 0: none */
};

static guint pair_at(const char *p)
{
	return (guint)(guchar)p[0] << 8 | (guchar)p[1];
}

/* How often a byte is to be expected. */
static int weight(char c)
{
	static const char frequent[] = " -/.=_etaoinsrlcdpm";

	if (g_ascii_isupper(c) || strchr("*[(`'\"!", c))
		return 1;
	return strchr(frequent, c) ? 6 : 3;
}

static gsize rarest_pair(const char *text, gsize size)
{
	gsize best = 0;

	for (gsize i = 1; i + 1 < size; i++)
		if (weight(text[i]) * weight(text[i + 1]) < weight(text[best]) * weight(text[best + 1]))
			best = i;
	return best;
}

static gint compare_needles(gconstpointer a, gconstpointer b)
{
	const Needle *first = a, *second = b;

	return (gint)pair_at(first->text + first->offset) - (gint)pair_at(second->text + second->offset);
}

KilnCauseScan *kiln_cause_scan_new(const GPtrArray *texts)
{
	KilnCauseScan *scan = g_new0(KilnCauseScan, 1);

	scan->texts = g_ptr_array_new_with_free_func(g_free);
	scan->needles = g_new0(Needle, texts->len);
	for (guint i = 0; i < texts->len; i++) {
		char *text = g_strdup(texts->pdata[i]);
		g_ptr_array_add(scan->texts, text);
		scan->needles[i] = (Needle){text, strlen(text), rarest_pair(text, strlen(text)), i};
	}
	qsort(scan->needles, texts->len, sizeof(*scan->needles), compare_needles);
	for (guint i = texts->len; i-- > 0;)
		scan->first[pair_at(scan->needles[i].text + scan->needles[i].offset)] = (guint16)(i + 1);
	return scan;
}

void kiln_cause_scan_free(KilnCauseScan *scan)
{
	if (!scan)
		return;
	g_ptr_array_unref(scan->texts);
	g_free(scan->needles);
	g_free(scan);
}

/* Compares the texts whose two bytes stand at `place`. */
static void try_needles(
	const KilnCauseScan *scan, const char *log, gsize size, gsize place, GPtrArray *places)
{
	guint pair = pair_at(log + place);

	for (guint i = scan->first[pair] - 1u; i < scan->texts->len; i++) {
		const Needle *needle = &scan->needles[i];
		guint32 start = (guint32)(place - needle->offset);
		if (pair_at(needle->text + needle->offset) != pair)
			return;
		if (place >= needle->offset && size - start >= needle->size &&
			memcmp(log + start, needle->text, needle->size) == 0)
			g_array_append_val((GArray *)places->pdata[needle->id], start);
	}
}

GPtrArray *kiln_cause_scan_run(const KilnCauseScan *scan, const char *log, gsize size)
{
	GPtrArray *places = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);

	for (guint i = 0; i < scan->texts->len; i++)
		g_ptr_array_add(places, g_array_new(FALSE, FALSE, sizeof(guint32)));
	for (gsize i = 0; i + 1 < size; i++)
		if (scan->first[pair_at(log + i)])
			try_needles(scan, log, size, i, places);
	return places;
}
