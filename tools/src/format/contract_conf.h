/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * repo-config/contracts/NAME.conf: text to values. One section per rule, and every rule must be there: a contract that
 * is silent about something would let it through. Errors are code CONFIG, "FILE:LINE: …".
 */
#pragma once

#include "model/contract.h"

/* Parses a contract; `filename` is for messages, and its last part without ".conf" must be the contract's name.
 * Caller owns. */
KilnContract *kiln_contract_parse(const char *text, gsize size, const char *filename, GError **error);
