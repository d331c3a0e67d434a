# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs upstream's programs as they have to be run on this distribution.

- with the versions of SQLAlchemy and WebOb that they were written for: Enterprise Linux 6 has older ones by default,
  and these beside them;
- as user keystone, if root calls them: what they write (database, log) is the service's own;
- with /etc/keystone/keystone.conf, unless told otherwise: upstream takes a keystone.conf of the working directory first;
- so that they find their files: upstream looks for them relative to sys.argv[0] (LP 865448).

Valid for Python 2.6 and later, with the standard library and setuptools.
"""

import grp
import os
import pwd
import sys

USER = 'keystone'
CONFIG = '/etc/keystone/keystone.conf'
PROGRAMS = '/usr/share/keystone/bin'
# What the packages python-sqlalchemy0.7 and python-webob1.0 are to setuptools.
REQUIRES = ['SQLAlchemy>=0.7,<0.8', 'WebOb>=1.0,<1.1']


def end(name, message):
    """Ends the program `name` with one line of explanation."""
    sys.stderr.write('%s: %s\n' % (name, message))
    sys.exit(1)


def select_versions(name):
    """Puts the required versions in front of sys.path; setuptools goes by the variable of the main module."""
    sys.modules['__main__'].__requires__ = REQUIRES
    try:
        import pkg_resources
    except ImportError:
        end(name, 'the Python module pkg_resources is missing; install python-setuptools')
    except Exception:  # of a module that could not be imported: its exceptions have no names here
        end(name, 'needs %s (%s); install python-sqlalchemy0.7 and python-webob1.0'
            % (' and '.join(REQUIRES), sys.exc_info()[1]))
    return pkg_resources


def become(user):
    """From root to an ordinary user, for good."""
    entry = pwd.getpwnam(user)
    groups = [group.gr_gid for group in grp.getgrall() if user in group.gr_mem]
    os.setgroups([entry.pw_gid] + groups)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ.update({'HOME': entry.pw_dir, 'USER': user, 'LOGNAME': user})


def names_config(arguments):
    """Whether a configuration file is named by the arguments of one of upstream's programs."""
    for argument in arguments:
        if argument == '--':
            return False
        if argument.startswith('--config-file') or (argument[:2] == '-c' and argument[:3] != '--c'):
            return True
    return False


def asks_for_help(arguments):
    """Whether nothing but words about the program is wanted."""
    return [a for a in arguments if a in ('-h', '--help', '--version')] != []


def prepare(name, arguments):
    """The arguments to run `name` with, as the user who is to run it."""
    if os.geteuid() == 0:
        try:
            become(USER)
        except KeyError:
            end(name, 'there is no user "%s"; reinstall openstack-keystone' % USER)
    os.umask(int('027', 8))
    if names_config(arguments) or asks_for_help(arguments):
        return list(arguments)
    if not os.access(CONFIG, os.R_OK):
        end(name, '"%s" is not readable for you; run it as root or as user %s' % (CONFIG, USER))
    return ['--config-file=' + CONFIG] + list(arguments)


def run(name, arguments):
    """Runs upstream's program `name`, which takes the directory above keystone/ for its own."""
    site = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.path.join(PROGRAMS, name)
    try:
        program = open(path)
    except IOError:
        end(name, '%s; reinstall openstack-keystone' % sys.exc_info()[1])
    try:
        code = compile(program.read(), path, 'exec')
    finally:
        program.close()
    sys.argv = [os.path.join(site, 'bin', name)] + arguments
    main = sys.modules['__main__'].__dict__
    main['__file__'] = path
    exec(code, main)


def main(name):
    """What /usr/bin/NAME does."""
    arguments = prepare(name, sys.argv[1:])
    select_versions(name)
    run(name, arguments)
