/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ASCII armour around OpenPGP packets (RFC 4880, 6): text to packets, and what the text looks like. No I/O. */
#pragma once

#include <glib.h>

typedef struct {
	guint blocks;	       /* 0: not armoured */
	gboolean is_public_key; /* each block is called PUBLIC KEY BLOCK */
	gboolean has_checksum; /* each block has its CRC line (which is right: a wrong one is an error) */
	gboolean has_carriage_returns, has_final_newline;
} KilnPgpArmour;

/* Appends the packets of every armoured block in `text` to `packets`; text around blocks is passed over. FALSE with
 * *ret_fault, a sentence about "it", when a block is damaged. */
gboolean kiln_openpgp_read_armour(const char *text, gsize size, KilnPgpArmour *ret_armour, GByteArray *packets,
	const char **ret_fault);
