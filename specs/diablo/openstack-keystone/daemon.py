# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts the identity service in the background, for its init script: the program ends when the service answers.

    keystone-daemon [--wait SECONDS] PIDFILE LOGFILE [ARGUMENT...]

It starts as root, makes the log file and the pidfile, and has the service run as user keystone from its first
instruction on. Exit status 0: the service answers on both its addresses. Anything else: nothing runs, no pidfile is
left, and one line on stderr says why.

Valid for Python 2.6 and later, with the standard library.
"""

import errno
import fcntl
import os
import pwd
import signal
import socket
import sys
import time

try:
    from configparser import Error as ConfigError, RawConfigParser
except ImportError:
    from ConfigParser import Error as ConfigError, RawConfigParser

from keystone_dist import launch

PROGRAM = '/usr/bin/keystone'
WAIT_SECONDS = 60


class Failure(Exception):
    """Why the service was not started, in words."""


def addresses(path):
    """Where the service listens: [(host, port)] as a client on this host reaches it."""
    config = RawConfigParser()
    try:
        if not config.read(path):
            raise Failure('"%s" cannot be read' % path)
        found = []
        for kind in ('service', 'admin'):
            host = config.get('DEFAULT', kind + '_host').strip()
            port = int(config.get('DEFAULT', kind + '_port'))
            found.append(({'0.0.0.0': '127.0.0.1', '::': '::1'}.get(host, host), port))
        return found
    except (ConfigError, ValueError):
        raise Failure('"%s": service_host, service_port, admin_host and admin_port are wanted in [DEFAULT] (%s)'
                      % (path, sys.exc_info()[1]))


def answers(address):
    """Whether something listens there."""
    try:
        socket.create_connection(address, 2).close()
    except (socket.error, OverflowError):
        return False
    return True


def open_log(path, owner):
    """The log file, which is the service's; nothing that it could put in its place is followed."""
    try:
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, int('640', 8))
        os.fchown(log, owner.pw_uid, owner.pw_gid)
    except OSError:
        raise Failure('"%s": %s' % (path, os.strerror(sys.exc_info()[1].errno)))
    return log


def write_pidfile(path, pid):
    """Replaces the pidfile as a whole."""
    temporary = '%s.%d' % (path, os.getpid())
    pidfile = open(temporary, 'w')
    pidfile.write('%d\n' % pid)
    pidfile.close()
    os.rename(temporary, path)


def remove(path):
    """Removes a file that may be gone already."""
    try:
        os.unlink(path)
    except OSError:
        if sys.exc_info()[1].errno != errno.ENOENT:
            raise


def become_service(log, report, owner, arguments):
    """In the child: the service, or one line to `report`, which a successful start closes."""
    try:
        os.setsid()
        nothing = os.open('/dev/null', os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.umask(int('027', 8))
        launch.become(owner.pw_name)
        os.chdir(owner.pw_dir)
        os.execv(PROGRAM, [PROGRAM] + arguments)
    except (OSError, KeyError):
        os.write(report, ('%s: %s' % (PROGRAM, sys.exc_info()[1])).encode('utf-8', 'replace'))
    os._exit(127)


def spawn(log, owner, arguments):
    """The process ID of the service, which has at least begun."""
    reader, writer = os.pipe()
    for descriptor in (reader, writer, log):
        fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        become_service(log, writer, owner, arguments)
    os.close(writer)
    words = os.read(reader, 1000).decode('utf-8', 'replace')
    os.close(reader)
    if words:
        os.waitpid(pid, 0)
        raise Failure(words)
    return pid


def how_it_ended(status):
    """A wait status, in words."""
    if os.WIFSIGNALED(status):
        return 'was killed by signal %d' % os.WTERMSIG(status)
    return 'ended with exit status %d' % os.WEXITSTATUS(status)


def wait_until_it_answers(pid, wanted, seconds):
    """Returns when all addresses are served; what does not come up in time is ended."""
    end = time.time() + seconds
    waiting = list(wanted)
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            raise Failure('the service %s before it answered' % how_it_ended(status))
        waiting = [address for address in waiting if not answers(address)]
        if not waiting:
            return
        if time.time() >= end:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise Failure('nothing answers on %s port %d after %d s' % (waiting[0] + (seconds,)))
        time.sleep(0.1)


def start(pidfile, logfile, arguments, seconds):
    """Starts the service once; it runs, or Failure says why not."""
    if os.geteuid() != 0:
        raise Failure('only root can start it')
    try:
        owner = pwd.getpwnam(launch.USER)
    except KeyError:
        raise Failure('there is no user "%s"; reinstall openstack-keystone' % launch.USER)
    wanted = addresses(launch.CONFIG)
    for address in wanted:
        if answers(address):
            raise Failure('something else listens on %s port %d already' % address)
    log = open_log(logfile, owner)
    pid = spawn(log, owner, ['--config-file=' + launch.CONFIG, '--log-file=' + logfile] + arguments)
    os.close(log)
    try:
        write_pidfile(pidfile, pid)
        wait_until_it_answers(pid, wanted, seconds)
    except Failure:
        remove(pidfile)
        raise Failure('%s; see "%s"' % (sys.exc_info()[1], logfile))


def main(arguments):
    """The command; returns its exit status."""
    seconds = WAIT_SECONDS
    if arguments[:1] == ['--wait'] and len(arguments) > 1 and arguments[1].isdigit():
        seconds = int(arguments[1])
        arguments = arguments[2:]
    if len(arguments) < 2 or arguments[0].startswith('-'):
        sys.stderr.write('usage: keystone-daemon [--wait SECONDS] PIDFILE LOGFILE [ARGUMENT...]\n')
        return 2
    try:
        start(arguments[0], arguments[1], arguments[2:], seconds)
    except Failure:
        sys.stderr.write('keystone: %s\n' % sys.exc_info()[1])
        return 1
    return 0
