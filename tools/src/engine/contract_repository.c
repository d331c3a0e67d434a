/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/contract.h"

#include "base/error.h"
#include "engine/contract_keys.h"
#include "engine/contract_lists.h"
#include "engine/contract_metadata.h"
#include "lib/metadata_file.h"
#include "lib/repomd_xml.h"
#include "lib/rpmheader.h"

typedef struct {
	const KilnContract *contract;
	const char *directory;
	const KilnContractKeys *keys;
	const KilnXmlPackage *package;
	GPtrArray *violations; /* of this package alone */
} Item;

static void refuse(const Item *item, const char *value, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void refuse(const Item *item, const char *value, const char *format, ...)
{
	const KilnXmlPackage *package = item->package;
	const char *object = package->location ? package->location : package->name ? package->name : "package";
	const KilnJudgement judgement = {item->contract, object, item->violations};
	va_list arguments;
	g_autofree char *found = NULL;

	va_start(arguments, format);
	found = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	kiln_judge_refuse(&judgement, KILN_RULE_METADATA_INTEGRITY, value, "%s", found);
}

static gboolean compares(const Item *item, const char *what)
{
	char **compared = item->contract->rules[KILN_RULE_METADATA_INTEGRITY].required;

	return g_strv_contains((const char *const *)compared, what);
}

/* Whether the metadata gives a checksum that the client can compute. */
static gboolean check_checksum_kind(const Item *item)
{
	const KilnXmlChecksum *checksum = &item->package->checksum;
	const char *type = checksum->type && checksum->value ? checksum->type : "none";
	const KilnJudgement judgement = {
		item->contract, item->package->location, item->violations};

	if (kiln_judge_allows(&judgement, KILN_RULE_PACKAGE_CHECKSUM, type))
		return !g_str_equal(type, "none");
	return kiln_judge_refuse(&judgement, KILN_RULE_PACKAGE_CHECKSUM, type,
		g_str_equal(type, "none") ? "the metadata gives no checksum of it"
					  : "the metadata gives a checksum of kind %s",
		type);
}

static void check_bytes(const Item *item, const char *path)
{
	const KilnXmlPackage *package = item->package;
	const KilnXmlChecksum *checksum = &package->checksum;
	g_autoptr(GError) cause = NULL;
	g_autofree char *real_size = NULL, *real = NULL;
	guint64 size = 0;

	if (!check_checksum_kind(item))
		return;
	real = kiln_metadata_checksum_file(path, checksum->type, &size, &cause);
	if (!real) {
		refuse(item, "missing", "%s", cause->message);
		return;
	}
	real_size = g_strdup_printf("%" G_GUINT64_FORMAT, size);
	if (compares(item, "package-size") && g_strcmp0(package->size, real_size) != 0)
		refuse(item, "package-size", "it has %s bytes, the metadata says %s", real_size,
			package->size ? package->size : "nothing");
	if (compares(item, "package-checksum") && g_ascii_strcasecmp(real, checksum->value) != 0)
		refuse(item, "package-checksum", "its %s is %s, the metadata says %s", checksum->type, real,
			checksum->value);
}

/* What clients choose the package by is what they then install. */
static void check_name(const Item *item, const char *path)
{
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(path, NULL);
	g_autofree char *listed = kiln_contract_list_name(item->package);
	g_autofree char *real = NULL;

	if (!header)
		return;
	real = g_strdup_printf("%s-%u:%s-%s.%s", header->name, header->epoch, header->version, header->release,
		header->is_source ? "src" : header->arch);
	if (!g_str_equal(listed, real))
		refuse(item, "header", "it is %s, the metadata calls it %s", real, listed);
}

static void check_item(gpointer data, gpointer unused)
{
	Item *item = data;
	const KilnXmlPackage *package = item->package;
	g_autoptr(GError) cause = NULL;
	g_autofree char *path = NULL;

	(void)unused;
	/* What lies on another server is not ours to read. */
	if (package->base)
		return;
	if (!kiln_contract_location_is_inside(package->location)) {
		refuse(item, "missing", "its location is \"%s\"", package->location ? package->location : "");
		return;
	}
	path = g_build_filename(item->directory, package->location, NULL);
	check_bytes(item, path);
	if (!kiln_contract_check_package(item->contract, path, item->violations, &cause) &&
		!g_error_matches(cause, KILN_ERROR, KILN_ERROR_NOT_FOUND))
		refuse(item, "damaged", "%s", cause->message);
	if (cause)
		return;
	check_name(item, path);
	kiln_contract_keys_check_package(item->keys,
		&(const KilnJudgement){item->contract, package->location, item->violations}, path);
}

static void clear_item(gpointer data)
{
	g_ptr_array_unref(((Item *)data)->violations);
}

/* On all processors: most of it is reading and digesting. */
static void check_items(GArray *items)
{
	GThreadPool *pool = g_thread_pool_new(
		check_item, NULL, (int)MAX(1, MIN(g_get_num_processors(), items->len)), FALSE, NULL);

	for (guint i = 0; i < items->len; i++)
		g_thread_pool_push(pool, &g_array_index(items, Item, i), NULL);
	g_thread_pool_free(pool, FALSE, TRUE);
}

static void check_packages(const KilnContract *contract, const char *directory, const KilnContractKeys *keys,
	const GPtrArray *packages, GPtrArray *violations)
{
	g_autoptr(GArray) items = g_array_sized_new(FALSE, TRUE, sizeof(Item), packages->len);

	g_array_set_clear_func(items, clear_item);
	for (guint i = 0; i < packages->len; i++) {
		const Item item = {contract, directory, keys, packages->pdata[i], kiln_violations_new()};
		g_array_append_val(items, item);
	}
	check_items(items);
	for (guint i = 0; i < items->len; i++) {
		GPtrArray *list = g_array_index(items, Item, i).violations;
		while (list->len > 0)
			g_ptr_array_add(violations, g_ptr_array_steal_index(list, 0));
	}
}

gboolean kiln_contract_check_repository(
	const KilnContract *contract, const char *directory, GPtrArray *violations, GError **error)
{
	g_autoptr(KilnContractKeys) keys = kiln_contract_keys_beside(directory);
	g_autoptr(GPtrArray) packages = NULL;

	if (!kiln_contract_judge_metadata(contract, directory, keys, violations, &packages, error))
		return FALSE;
	if (packages)
		check_packages(contract, directory, keys, packages, violations);
	return TRUE;
}
