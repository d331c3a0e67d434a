# SPDX-License-Identifier: GPL-2.0-or-later
#
# How openstack-keystone.service runs gunicorn. Replaced on update: GUNICORN_CMD_ARGS in
# /etc/sysconfig/openstack-keystone wins over what is said here.

import os
import sys

wsgi_app = "keystone.wsgi.api:application"

# Passwords and tokens do not travel unencrypted: either a proxy on this host ends TLS, or gunicorn
# does, and then it may listen elsewhere.
bind = ["127.0.0.1:5000"]

# One request at a time and process, as upstream runs and tests it; processes are what password hashing
# needs. Slow clients are for the proxy to wait for.
workers = max(2, min(8, os.cpu_count()))
worker_class = "sync"
timeout = 60

# gunicorn puts this directory into Python's module path: nobody but root writes to it.
chdir = "/usr/share/keystone"
# A worker shows here that it is alive: in memory, so that a busy disk kills no worker.
worker_tmp_dir = "/run/keystone"

proc_name = "keystone"


def post_fork(server, worker):
    # keystone takes its arguments and its name from here
    sys.argv[:] = ["keystone"]
