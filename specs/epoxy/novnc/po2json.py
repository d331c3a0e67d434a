#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""po2json.py PO JSON: a gettext catalogue as noVNC's pages load it, original text to translation.

For upstream's po/po2js, which needs libraries that distributions do not have. What that one takes and
this one does not are obsolete entries, which no page asks for.
"""

import gettext
import io
import json
import subprocess
import sys

source, target = sys.argv[1:]
binary = subprocess.run(["msgfmt", "--use-fuzzy", "--output-file=-", source],
                        check=True, stdout=subprocess.PIPE).stdout
texts = gettext.GNUTranslations(io.BytesIO(binary))._catalog
with open(target, "w", encoding="utf-8") as output:
    json.dump({text: texts[text] for text in sorted(texts) if text}, output,
              ensure_ascii=False, indent=4)
    output.write("\n")
