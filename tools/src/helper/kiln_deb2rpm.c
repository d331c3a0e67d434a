/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kiln-deb2rpm: converts one Debian package into an RPM package, for `kiln base import`, which runs
 * several at once. A process of its own so that a package that cannot be read harms nothing else.
 */
#include "base/error.h"
#include "engine/deb_convert.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnImportConf) conf = NULL;
	g_autofree char *setup = NULL;

	if (argc != 6 && argc != 7) {
		fputs("usage: kiln-deb2rpm TARGET-DIRECTORY KEY SHA256 DEB RPM [PYTHON-TREE]\n",
			stderr);
		return KILN_ERROR_USAGE;
	}
	conf = kiln_deb_convert_read_conf(argv[1], &error);
	setup = g_build_filename(argv[1], "base-setup", NULL);
	if (conf) {
		KilnDebConvert options = {.key = argv[2],
			.sha256 = argv[3],
			.deb_path = argv[4],
			.conf = conf,
			.setup_directory = setup,
			.interpreter = argc > 6 ? argv[6] : NULL,
			.output_path = argv[5]};
		kiln_deb_convert(&options, &error);
	}
	if (!error)
		return 0;
	fprintf(stderr, "%s\n", error->message);
	return kiln_error_exit_status(error);
}
