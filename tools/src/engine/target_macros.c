/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/target_macros.h"

#include "base/process.h"
#include "engine/root.h"

#include <string.h>

#define TIMEOUT_MS 10000

/* Words of rpm (rpmio/rpmio.c, rpmpgp.h) and of contracts. */
typedef struct {
	const char *rpm, *contract;
} Word;

static const Word compressors[] = {{"gzdio", "gzip"}, {"bzdio", "bzip2"}, {"lzdio", "lzma"}, {"xzdio", "xz"},
	{"zstdio", "zstd"}, {"ufdio", "none"}, {NULL, NULL}};
static const Word digests[] = {{"1", "md5"}, {"2", "sha1"}, {"8", "sha256"}, {"9", "sha384"}, {"10", "sha512"},
	{"11", "sha224"}, {NULL, NULL}};

static const struct {
	const char *macro;
	KilnRuleKind rule;
	const Word *words;
} judged[] = {
	{"_binary_payload", KILN_RULE_PAYLOAD, compressors},
	{"_source_payload", KILN_RULE_PAYLOAD, compressors},
	{"_binary_filedigest_algorithm", KILN_RULE_FILE_DIGESTS, digests},
	{"_source_filedigest_algorithm", KILN_RULE_FILE_DIGESTS, digests},
};

char *kiln_target_macros_complaints(const char *path, GError **error)
{
	g_autofree char *helper = kiln_root_program("kiln-spec", error);
	const char *const argv[] = {helper, "--macros", path, NULL};
	const KilnProcess process = {.argv = argv, .timeout_ms = TIMEOUT_MS};
	g_autofree char *prefix = g_strconcat(path, ": ", NULL), *text = NULL;
	g_auto(GStrv) parts = NULL;

	if (!helper || !kiln_process_check(&process, &text, error))
		return NULL;
	parts = g_strsplit(g_strchomp(text), prefix, -1);
	return g_strjoinv("", parts);
}

/* The body of the last definition of `name`, if it is one line. Caller owns. */
static char *find_body(char *const *lines, const char *name)
{
	const char *body = NULL;

	for (; *lines; lines++) {
		gsize length = strlen(name);
		if (**lines == '%' && strncmp(*lines + 1, name, length) == 0 && g_ascii_isspace((*lines)[length + 1]))
			body = *lines + length + 1;
	}
	return body ? g_strstrip(g_strdup(body)) : NULL;
}

/* "w9.gzdio" and "w2T8.xzdio" are about the same as "gzdio" and "xzdio". */
static const char *translate(const Word *words, const char *body)
{
	const char *dot = strrchr(body, '.');

	for (; words->rpm; words++)
		if (g_str_equal(words->rpm, dot ? dot + 1 : body))
			return words->contract;
	return NULL;
}

static void judge(const char *macro, const char *body, const char *word, KilnRuleKind rule,
	const KilnContract *contract, GPtrArray *violations)
{
	g_autofree char *found = g_strdup_printf("\"%%%s %s\" makes packages with %s", macro, body, word);

	if (!kiln_rule_allows(&contract->rules[rule], word))
		kiln_violations_add(violations, contract, rule, macro, word, found);
}

void kiln_target_macros_judge(const char *text, const KilnContract *contract, GPtrArray *violations)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (gsize i = 0; i < G_N_ELEMENTS(judged); i++) {
		g_autofree char *body = find_body(lines, judged[i].macro);
		const char *word = body ? translate(judged[i].words, body) : NULL;
		if (word)
			judge(judged[i].macro, body, word, judged[i].rule, contract, violations);
	}
}
