#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the command of an installed systemd unit where systemd is not PID 1.

    unit.py start UNIT LOG    Type=notify: wait until the command says that it is ready, print its PID
    unit.py run UNIT LOG      Type=oneshot: wait for its end, exit with its status

Honoured are User, Group, UMask, Environment, EnvironmentFile, RuntimeDirectory, RuntimeDirectoryMode,
NoNewPrivileges and CapabilityBoundingSet. What needs mounts (ProtectSystem and its like) is for a host
that was booted. Only the first ExecStart counts.
"""

import ctypes
import os
import pwd
import shlex
import signal
import socket
import struct
import sys
import time

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
UNITS = "/usr/lib/systemd/system"
READY_S = 60


def read_unit(name):
    settings = {"Environment": [], "EnvironmentFile": []}
    with open(os.path.join(UNITS, name)) as file:
        for line in file:
            key, equals, value = line.strip().partition("=")
            if not equals or key.startswith(("#", ";")):
                continue
            if isinstance(settings.get(key), list):
                settings[key].append(value)
            else:
                settings.setdefault(key, value)
    return settings


def read_environment(unit, user):
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
        "LANG": "C.UTF-8",
        "HOME": user.pw_dir,
        "USER": user.pw_name,
        "LOGNAME": user.pw_name,
        "SHELL": user.pw_shell,
    }
    words = [word for value in unit["Environment"] for word in shlex.split(value)]
    for path in unit["EnvironmentFile"]:
        if os.path.exists(path.lstrip("-")) or not path.startswith("-"):
            with open(path.lstrip("-")) as file:
                words += shlex.split(file.read(), comments=True)
    environment.update(word.partition("=")[::2] for word in words)
    return environment


def become(unit, user):
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if unit.get("CapabilityBoundingSet") == "":
        for capability in range(64):
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.umask(int(unit.get("UMask", "022"), 8))
    if unit.get("NoNewPrivileges") == "yes" and prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit("no_new_privs is refused")


def spawn(unit, environment, user, log):
    argv = shlex.split(unit["ExecStart"])
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir("/")
    become(unit, user)
    os.execve(argv[0], argv, environment)


def make_runtime_directory(unit, user):
    for name in unit.get("RuntimeDirectory", "").split():
        path = os.path.join("/run", name)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, int(unit.get("RuntimeDirectoryMode", "0755"), 8))
        os.chown(path, user.pw_uid, user.pw_gid)


def is_ready(notify, pid):
    """One message; NotifyAccess=main: who else says something is not heard."""
    try:
        message, ancillary, _, _ = notify.recvmsg(4096, socket.CMSG_SPACE(12))
    except TimeoutError:
        return False
    sender = [struct.unpack("3i", data)[0] for _, kind, data in ancillary
              if kind == socket.SCM_CREDENTIALS]
    return sender == [pid] and b"READY=1" in message.split(b"\n")


def start(unit, environment, user, log):
    name = f"kiln-notify-{os.getpid()}"
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    notify.bind(f"\0{name}")
    notify.settimeout(1)
    if unit.get("Type") != "notify":
        sys.exit("not a unit of Type=notify")
    pid = spawn(unit, environment | {"NOTIFY_SOCKET": f"@{name}"}, user, log)
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if is_ready(notify, pid):
            print(pid)
            return 0
        if os.waitpid(pid, os.WNOHANG)[0]:
            sys.exit("the service ended before it was ready")
    os.kill(pid, signal.SIGKILL)
    sys.exit(f"not ready within {READY_S} s")


def main(verb, name, log):
    unit = read_unit(name)
    user = pwd.getpwnam(unit["User"])
    environment = read_environment(unit, user)
    make_runtime_directory(unit, user)
    if verb == "start":
        return start(unit, environment, user, log)
    pid = spawn(unit, environment, user, log)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
