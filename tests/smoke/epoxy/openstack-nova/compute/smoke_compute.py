# SPDX-License-Identifier: GPL-2.0-or-later
"""The other side of the message queue, as an oslo.messaging driver: a compute node that is asked
one thing, validate_console_port. $SMOKE_COMPUTE names a file with the ports that instances have
there; what was asked is added to a file beside it.
"""

import os

from oslo_messaging._drivers import base


class Driver(base.BaseDriver):
    def send(self, target, ctxt, message, wait_for_reply=None, **_options):
        path = os.environ["SMOKE_COMPUTE"]
        values = message["args"]
        with open(path + ".asked", "a") as log:
            print(target.topic, target.server, message["method"], values.get("port"),
                  values.get("console_type"), file=log)
        if message["method"] != "validate_console_port" or not wait_for_reply:
            raise NotImplementedError(message["method"])
        with open(path) as ports:
            return values["port"] in ports.read().split()

    def send_notification(self, target, ctxt, message, version, retry=None):
        pass

    def listen(self, target, batch_size, batch_timeout):
        raise NotImplementedError

    def listen_for_notifications(self, targets_and_priorities, pool, batch_size, batch_timeout):
        raise NotImplementedError

    def cleanup(self):
        pass
