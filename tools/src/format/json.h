/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing JSON: the one builder for answers (--json), manifests and reports. Keys keep their order. */
#pragma once

#include <glib.h>

typedef struct KilnJson KilnJson;

KilnJson *kiln_json_new(void);
void kiln_json_free(KilnJson *json);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnJson, kiln_json_free)

/* Opens and closes. `key` is NULL at the top and inside arrays. */
void kiln_json_begin_object(KilnJson *json, const char *key);
void kiln_json_end_object(KilnJson *json);
void kiln_json_begin_array(KilnJson *json, const char *key);
void kiln_json_end_array(KilnJson *json);

/* Values; a NULL text becomes null. Invalid UTF-8 is replaced. */
void kiln_json_add_text(KilnJson *json, const char *key, const char *text);
void kiln_json_add_number(KilnJson *json, const char *key, gint64 number);
void kiln_json_add_boolean(KilnJson *json, const char *key, gboolean value);
void kiln_json_add_texts(KilnJson *json, const char *key, char *const *texts);

/* The text: indented with a final newline when `pretty`, else one line without. Caller owns. */
char *kiln_json_to_text(KilnJson *json, gboolean pretty);
