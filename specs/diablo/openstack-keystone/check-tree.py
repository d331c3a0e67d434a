# SPDX-License-Identifier: GPL-2.0-or-later
"""check-tree.py SOURCE INSTALLED: what has to hold of the installed modules, all told at once.

- every JSON document parses, also a template with its variables filled in (LP 898353);
- every file of the source tree is there (LP 891093), apart from tests;
- nothing imports modules that are not installed because their names are those of directories of a source tree.

Valid for Python 2.6 and later.
"""

import json
import os
import re
import sys

# Byte code comes and goes with the Python that makes it.
BYTE_CODE = re.compile(r'(\.py[co]$|(^|/)__pycache__/)')
STRAY_IMPORT = re.compile(r'^\s*(import|from)\s+(tools|examples|doc|bin|test)(\.|\s|$)', re.MULTILINE)


def read(path):
    """The text of a file."""
    content = open(path, 'rb')
    try:
        return content.read().decode('utf-8')
    finally:
        content.close()


def files(top):
    """All files below `top`, relative to it."""
    found = set()
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.relpath(os.path.join(directory, name), top)
            if not BYTE_CODE.search(path) and not name.startswith('.'):
                found.add(path)
    return found


def problem_of_json(path):
    """What is wrong with a JSON document or template, or None."""
    try:
        json.loads(re.sub(r'\{\{[^{}]*\}\}', '1', read(path)))
    except ValueError:
        return str(sys.exc_info()[1])
    return None


def problem_of_module(path):
    """What is wrong with a module, or None."""
    match = STRAY_IMPORT.search(read(path))
    if match:
        return 'imports "%s", which is not installed' % match.group(2)
    return None


def problems(source, installed):
    """One line each."""
    there = files(installed)
    for path in sorted(files(source) - there):
        if path.split(os.sep)[0] not in ('test', 'tests'):
            yield '%s: is not installed' % path
    for path in sorted(there):
        problem = None
        if path.endswith(('.json', '.json.tpl')):
            problem = problem_of_json(os.path.join(installed, path))
        elif path.endswith('.py'):
            problem = problem_of_module(os.path.join(installed, path))
        if problem:
            yield '%s: %s' % (path, problem)


def main(arguments):
    """The command."""
    found = list(problems(*arguments))
    for line in found:
        sys.stderr.write('keystone/%s\n' % line)
    return found != []


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
