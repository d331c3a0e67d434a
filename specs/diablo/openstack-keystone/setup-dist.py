# SPDX-License-Identifier: GPL-2.0-or-later
"""setup-dist.py VERSION COMMAND...: upstream's setup.py with the arguments that a package needs.

setup.py of the release says version 1.0, names four of the programs, installs directories of the source tree (tools,
examples, doc) as modules of those very general names, and leaves files out that modules read (LP 891093). This
changes what it hands to setuptools instead of its text.

Valid for Python 2.6 and later.
"""

import os
import sys

import setuptools

VERSION = sys.argv.pop(1)
upstream_setup = setuptools.setup


def is_test(path):
    """Unit tests bring servers, keys and databases of their own: not for a host that serves."""
    return path.split(os.sep)[1:2] in (['test'], ['tests'])


def programs():
    """The programs of bin/: all that is Python; sampledata and the like is for developers."""
    found = []
    for name in sorted(os.listdir('bin')):
        path = os.path.join('bin', name)
        if not name.startswith('keystone') or not os.path.isfile(path):
            continue
        script = open(path)
        try:
            if 'python' in script.readline():
                found.append(path)
        finally:
            script.close()
    return found


def data_files():
    """Everything below keystone/ that is no module, relative to it."""
    found = []
    for directory, _, names in os.walk('keystone'):
        if is_test(directory):
            continue
        for name in names:
            path = os.path.join(directory, name)
            if not name.endswith(('.py', '.pyc', '.pyo')) and not name.startswith('.'):
                found.append(os.path.relpath(path, 'keystone'))
    return sorted(found)


def packages():
    """The modules, and none that only happens to lie in the source tree."""
    return [name for name in setuptools.find_packages()
            if name.split('.')[0] == 'keystone' and not is_test(name.replace('.', os.sep))]


def setup(**arguments):
    """What setup.py calls."""
    arguments.update(version=VERSION, scripts=programs(), packages=packages(),
                     package_data={'keystone': data_files()}, include_package_data=False)
    for name in ('cmdclass', 'test_suite', 'tests_require', 'setup_requires', 'data_files'):
        arguments.pop(name, None)
    return upstream_setup(**arguments)


sys.argv[0] = 'setup.py'
sys.path.insert(0, os.getcwd())
setuptools.setup = setup
script = open('setup.py')
source = script.read()
script.close()
exec(compile(source, 'setup.py', 'exec'), {'__name__': '__main__', '__file__': 'setup.py'})
