/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that several packages have: where two of them differ and nothing keeps both packages off one host, rpm
 * refuses the transaction that brings the second.
 */
#pragma once

#include "engine/base.h"
#include "engine/finding.h"
#include "lib/rpmheader.h"
#include "lib/solv.h"

/* Packages to look at, and what may stand beside them. All borrowed. */
typedef struct {
	KilnSolv *solv;
	const char *repository;    /* of `headers` in it */
	const char *const *hidden; /* repositories that take no part, or NULL */
	const GPtrArray *headers;  /* KilnRpmHeader */
	const KilnBase *base;	   /* what else `solv` knows, or NULL */
} KilnCheckFiles;

/* Appends what differs between packages of `files`, and between them and others. Packages of the base that matter are
 * fetched; of one that cannot be had only the names of its files are known, which gives a warning. */
gboolean kiln_check_files(const KilnCheckFiles *files, GPtrArray *findings, GError **error);
