# SPDX-License-Identifier: GPL-2.0-or-later
"""make-conf.py UPSTREAM: the configuration of the package, made of upstream's, to stdout.

Upstream's file is for a source tree: its log and its database are where the program was started, and it listens on
every address. What is set here is set in place, under upstream's own comments; the filters of keystone_dist are put
into the pipelines that are there. It ends with an error if something to be set has no place, or if a path is left that
depends on where the program was started.

Valid for Python 2.6 and later.
"""

import re
import sys

SETTINGS = {
    'DEFAULT': [
        ('log_dir', '/var/log/keystone'),
        ('log_file', '/var/log/keystone/keystone.log'),
        ('service_host', '127.0.0.1'),
        ('service_port', '5000'),
        ('admin_host', '127.0.0.1'),
        ('admin_port', '35357'),
    ],
    'keystone.backends.sqlalchemy': [
        ('sql_connection', 'sqlite:////var/lib/keystone/keystone.sqlite'),
    ],
}

PIPELINES = ('pipeline:admin', 'pipeline:keystone-legacy-auth')

FILTERS = """
# Filters of the package, see /usr/share/doc/openstack-keystone-*/README
[filter:dist_versions]
paste.filter_factory = keystone_dist.frontend:versions_factory

[filter:dist_generation]
paste.filter_factory = keystone_dist.frontend:generation_factory

[filter:dist_mediatype]
paste.filter_factory = keystone_dist.frontend:mediatype_factory
"""

PATH_KEY = re.compile(r'(_dir|_file|file|path|_certs)$')


class Section(object):
    """A [section]: its first line (None before the first section), and its items with the lines above them."""

    def __init__(self, name, head):
        self.name = name
        self.head = head
        self.lines = []

    def place(self, key):
        """The lines of `key`: (first, behind the last), or None."""
        for first, line in enumerate(self.lines):
            if re.match(r'%s\s*[=:]' % re.escape(key), line):
                last = first + 1
                while last < len(self.lines) and self.lines[last][:1] in (' ', '\t') and self.lines[last].strip():
                    last += 1
                return first, last
        return None

    def value(self, key):
        """The words of `key`, or None."""
        place = self.place(key)
        if place is None:
            return None
        text = ' '.join(self.lines[place[0]:place[1]])
        return re.split(r'[=:]', text, maxsplit=1)[1].split()

    def put(self, key, value):
        """Sets `key` where it is, or at the end."""
        place = self.place(key)
        if place is not None:
            self.lines[place[0]:place[1]] = ['%s = %s' % (key, value)]
            return
        end = len(self.lines)
        while end > 0 and not self.lines[end - 1].strip():
            end -= 1
        self.lines[end:end] = ['', '%s = %s' % (key, value)]


def parse(text):
    """The sections of the file, in its order."""
    sections = [Section(None, None)]
    for line in text.splitlines():
        match = re.match(r'\[([^\]]+)\]\s*$', line)
        if match:
            sections.append(Section(match.group(1), line))
        else:
            sections[-1].lines.append(line.rstrip())
    return sections


def find(sections, name):
    """The section `name`, which has to be there."""
    for section in sections:
        if section.name == name:
            return section
    raise ValueError('has no section [%s]' % name)


def with_filters(words):
    """A pipeline with the filters of the package: before all, and after the filter for old clients."""
    result = ['dist_versions', 'dist_generation', 'dist_mediatype']
    for word in words:
        result.append(word)
        if word == 'legacy_auth':
            result.append('dist_mediatype')
    return result


def refuse_relative(sections):
    """No path may depend on where the program was started."""
    for section in sections:
        for line in section.lines:
            match = re.match(r'([A-Za-z_.-]+)\s*[=:]\s*(\S+)\s*$', line)
            if not match:
                continue
            key, value = match.groups()
            if PATH_KEY.search(key) and not value.startswith('/') or re.match(r'sqlite:///[^/]', value):
                raise ValueError('[%s] %s = %s is a relative path' % (section.name, key, value))


def make(text):
    """The text of the package's configuration."""
    sections = parse(text)
    for name in sorted(SETTINGS):
        for key, value in SETTINGS[name]:
            find(sections, name).put(key, value)
    for name in PIPELINES:
        section = find(sections, name)
        words = section.value('pipeline')
        if not words:
            raise ValueError('[%s] has no pipeline' % name)
        section.put('pipeline', '\n        '.join([''] + with_filters(words)).rstrip())
    refuse_relative(sections)
    lines = []
    for section in sections:
        lines.extend([line for line in [section.head] if line is not None])
        lines.extend(section.lines)
    return '\n'.join([line.rstrip() for line in '\n'.join(lines).split('\n')]).rstrip() + '\n' + FILTERS


def main(path):
    """The command."""
    source = open(path)
    try:
        sys.stdout.write(make(source.read()))
    except ValueError:
        sys.exit('%s: %s' % (path, sys.exc_info()[1]))


if __name__ == '__main__':
    main(sys.argv[1])
