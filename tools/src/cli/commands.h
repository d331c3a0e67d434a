/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands, one per cmd_NAME.c (a family such as `key` shares a file). */
#pragma once

#include "cli/cli.h"

extern const KilnCommand kiln_command_base_import;
extern const KilnCommand kiln_command_build;
extern const KilnCommand kiln_command_check;
extern const KilnCommand kiln_command_explain;
extern const KilnCommand kiln_command_fetch;
extern const KilnCommand kiln_command_gc;
extern const KilnCommand kiln_command_history;
extern const KilnCommand kiln_command_init;
extern const KilnCommand kiln_command_key_create;
extern const KilnCommand kiln_command_key_export;
extern const KilnCommand kiln_command_key_import;
extern const KilnCommand kiln_command_key_list;
extern const KilnCommand kiln_command_plan;
extern const KilnCommand kiln_command_publish;
extern const KilnCommand kiln_command_release;
extern const KilnCommand kiln_command_shell;
extern const KilnCommand kiln_command_spec;
extern const KilnCommand kiln_command_status;
extern const KilnCommand kiln_command_target_check;
extern const KilnCommand kiln_command_target_list;
extern const KilnCommand kiln_command_target_show;
extern const KilnCommand kiln_command_verify;
