# SPDX-License-Identifier: GPL-2.0-or-later
"""What nova-api and nova-compute leave in the cell's database when users ask for consoles.

Creates an instance on host "compute1", prints its UUID and [vnc] novncproxy_base_url. Then, for each
line "NAME PORT TTL [PATH]" of the input, it authorizes a console on 127.0.0.1:PORT for TTL seconds and
prints NAME, token and address of the page; PATH is the internal_access_path. Reads the same
configuration as the service.
"""

import sys
import uuid

from nova import config
from nova import context
from nova import objects

config.parse_args(["seed"])
objects.register_all()
admin = context.get_admin_context()

instance = objects.Instance(
    admin, uuid=str(uuid.uuid4()), user_id="user", project_id="project", host="compute1",
    display_name="smoke")
instance.create()
print(instance.uuid, config.CONF.vnc.novncproxy_base_url)
for name, port, ttl, *path in map(str.split, sys.stdin):
    token = objects.ConsoleAuthToken(
        admin, console_type="novnc", host="127.0.0.1", port=int(port), instance_uuid=instance.uuid,
        internal_access_path=path[0] if path else None,
        access_url_base=config.CONF.vnc.novncproxy_base_url)
    print(name, token.authorize(int(ttl)), token.access_url)
