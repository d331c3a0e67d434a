/* SPDX-License-Identifier: GPL-2.0-or-later */
/* repo-config/kiln.conf and targets/NAME/target.conf: text to values. Errors are code CONFIG, "FILE:LINE: …". */
#pragma once

#include "model/config.h"

/* Parses kiln.conf. `name` is the file's name for messages. Caller owns. */
KilnConfig *kiln_config_parse(const char *text, const char *name, GError **error);

/* Parses target.conf; the target's name must be `expected_name`, its directory's. Caller owns. */
KilnTarget *kiln_target_parse(const char *text, const char *name, const char *expected_name, GError **error);

/* TRUE for names that may become file names: letters, digits, "+._-", not starting with "." or "-", at most 128. */
gboolean kiln_config_is_name(const char *text);
