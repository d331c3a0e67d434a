/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files of a folder that many specs share concern one spec: those its text names, and those its
 * evaluation turned out to name. Collects names; whether such files exist is for the caller to see.
 */
#pragma once

#include "model/spec.h"

/* Adds to the set `names` (of owned char *) every word of a spec's text that may be the name of a file
 * (one with a dot inside, or behind a slash), and the names of sources that its own plain definitions make
 * up: this only spares an evaluation, so it need not know all of rpm's macros. */
void kiln_evaluate_names_scan(GHashTable *names, const char *text, gsize size);

/* Adds the names of sources and patches, and of whatever rpm or a command it ran said about files in
 * `directory`. */
void kiln_evaluate_names_learn(GHashTable *names, const KilnSpec *spec, const char *directory);
