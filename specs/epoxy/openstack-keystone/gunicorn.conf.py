# SPDX-License-Identifier: GPL-2.0-or-later
#
# How openstack-keystone.service runs gunicorn. Replaced on update: GUNICORN_CMD_ARGS in
# /etc/sysconfig/openstack-keystone wins over what is said here.

import os
import selectors
import sys

wsgi_app = "keystone.wsgi.api:application"

# Passwords and tokens do not travel unencrypted: either a proxy on this host ends TLS, or gunicorn
# does, and then it may listen elsewhere.
bind = ["127.0.0.1:5000"]

# Password hashing keeps a processor busy, so it is processes that count. Threads keep a process from
# waiting for slow clients and idle connections.
workers = 2
worker_class = "gthread"
threads = 4
timeout = 60

# gunicorn puts this directory into Python's module path: nobody but root writes to it.
chdir = "/usr/share/keystone"
# A worker shows here that it is alive: in memory, so that a busy disk kills no worker.
worker_tmp_dir = "/run/keystone"

proc_name = "keystone"


def post_fork(server, worker):
    # keystone takes its arguments and its name from here
    sys.argv[:] = ["keystone"]


def post_worker_init(worker):
    # A worker that is told to end waits for its next event first, which is somebody's connection, and
    # drops it. Let the signal itself be that event.
    if hasattr(worker, "poller"):
        worker.poller.register(worker.PIPE[0], selectors.EVENT_READ, lambda fd: os.read(fd, 64))
