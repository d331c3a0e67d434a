# SPDX-License-Identifier: GPL-2.0-or-later
"""Sphinx makes the manual pages of the packaged programs with this, not with upstream's configuration,
which wants a theme and extensions for the web."""

import os

project = "nova"
author = "OpenStack"
version = release = os.environ["PBR_VERSION"]
master_doc = "nova-manage"
exclude_patterns = ["opts"]
man_pages = [
    ("nova-manage", "nova-manage", "management tool of OpenStack Compute", [], 1),
    ("nova-novncproxy", "nova-novncproxy", "VNC console proxy of OpenStack Compute", [], 1),
]
