# SPDX-License-Identifier: GPL-2.0-or-later
"""Paste filters that stand in front of Keystone 2011.3 and answer what it gets wrong.

versions    GET / and GET /v2.0: the version documents, well-formed and wrapped. Upstream looks for its templates
            beside the program instead of beside its modules (LP 865448) and leaves the wrapper out (LP 891555).
generation  POST /v2.0/tokens in the form of the snapshots before the release (LP 900916): a fault that says so.
mediatype   text/json, which the release itself sends from its filter for old clients, is application/json.

Valid for Python 2.6 and later, with the standard library alone.
"""

import json
import re
from io import BytesIO
from xml.sax.saxutils import quoteattr

# Of a request that asks for a token; larger ones are not looked into.
BODY_MAX_BYTES = 64 * 1024

_HOST = re.compile(r'^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$')
_VERSIONS = re.compile(r'^/*(\.(json|xml))?$')
_VERSION = re.compile(r'^/v2\.0/*(\.(json|xml))?$')
_TOKENS = re.compile(r'^/v2\.0/tokens/*(\.json)?$')

_COMMON = 'http://docs.openstack.org/common/api/v1.0'
_ATOM = 'http://www.w3.org/2005/Atom'
_MEDIA = 'application/vnd.openstack.identity-v2.0+'

_OLD_FORM = ('this identity service speaks the protocol of OpenStack 2011.3: the request has to be '
             '{"auth": {"passwordCredentials": ...}}. What sent it is of a snapshot before the release; '
             'update it to 2011.3.')


def _accepts(header):
    """The media types of an Accept header, the most wanted first."""
    wanted = []
    for position, part in enumerate(header.split(',')):
        fields = part.split(';')
        quality = 1.0
        for field in fields[1:]:
            name, _, value = field.strip().partition('=')
            if name == 'q':
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        if quality > 0:
            wanted.append((-quality, position, fields[0].strip().lower()))
    return [name for _, _, name in sorted(wanted)]


def _wants_xml(environ, suffix):
    if suffix:
        return suffix == 'xml'
    for name in _accepts(environ.get('HTTP_ACCEPT', '')):
        if name.endswith('/xml') or name.endswith('+xml'):
            return True
        if name in ('*/*', 'application/*') or name.endswith('json'):
            return False
    return False


def _address(environ):
    """Under which address the client has reached this service, without anything that is not an address."""
    host = environ.get('HTTP_HOST', '')
    if not _HOST.match(host):
        host = '%s:%s' % (environ.get('SERVER_NAME', 'localhost'), environ.get('SERVER_PORT', '5000'))
    return '%s://%s' % (environ.get('wsgi.url_scheme', 'http'), host)


def _description(environ, conf):
    return {
        'id': 'v2.0',
        'status': conf.get('status', 'beta'),
        'updated': conf.get('updated', '2011-09-22T00:00:00Z'),
        'links': [{'rel': 'self', 'href': _address(environ) + '/v2.0/'}],
        'media-types': [{'base': 'application/json', 'type': _MEDIA + 'json'},
                        {'base': 'application/xml', 'type': _MEDIA + 'xml'}],
    }


def _attributes(values, names):
    return ''.join([' %s=%s' % (name, quoteattr(values[name])) for name in names])


def _version_element(version, namespaces):
    media = [_element('media-type', _attributes(item, ['base', 'type'])) for item in version['media-types']]
    links = [_element('atom:link', _attributes(item, ['rel', 'href'])) for item in version['links']]
    return _element('version', namespaces + _attributes(version, ['id', 'status', 'updated']),
                    _element('media-types', '', ''.join(media)) + ''.join(links))


def _element(name, attributes, content=''):
    if not content:
        return '<%s%s/>' % (name, attributes)
    return '<%s%s>%s</%s>' % (name, attributes, content, name)


def _as_xml(version, is_list):
    namespaces = ' xmlns="%s" xmlns:atom="%s"' % (_COMMON, _ATOM)
    if is_list:
        text = _element('versions', namespaces, _version_element(version, ''))
    else:
        text = _version_element(version, namespaces)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + text + '\n'


def _as_json(version, is_list):
    return json.dumps(is_list and {'versions': {'values': [version]}} or {'version': version}) + '\n'


def _answer(environ, start_response, status, media_type, text):
    body = text.encode('utf-8')
    start_response(status, [('Content-Type', media_type), ('Content-Length', str(len(body))),
                            ('Vary', 'Accept')])
    if environ['REQUEST_METHOD'] == 'HEAD':
        return []
    return [body]


def _fault(environ, start_response, message):
    text = json.dumps({'badRequest': {'code': '400', 'message': message}}) + '\n'
    return _answer(environ, start_response, '400 Bad Request', 'application/json', text)


def versions_factory(global_conf, **local_conf):
    """paste.filter_factory of `versions`; `status` and `updated` of the version may be configured."""
    def versions(app):
        def respond(environ, start_response):
            path = environ.get('PATH_INFO', '')
            whole = _VERSIONS.match(path)
            one = _VERSION.match(path)
            if environ['REQUEST_METHOD'] not in ('GET', 'HEAD') or not (whole or one):
                return app(environ, start_response)
            version = _description(environ, local_conf)
            if _wants_xml(environ, (whole or one).group(2)):
                return _answer(environ, start_response, '200 OK', 'application/xml',
                               _as_xml(version, whole))
            return _answer(environ, start_response, '200 OK', 'application/json',
                           _as_json(version, whole))
        return respond
    return versions


def _body(environ):
    """The body of a request, which stays to be read; None if there is none to look into."""
    try:
        length = int(environ.get('CONTENT_LENGTH') or 0)
    except ValueError:
        return None
    if not 0 < length <= BODY_MAX_BYTES:
        return None
    body = environ['wsgi.input'].read(length)
    environ['wsgi.input'] = BytesIO(body)
    return body


def _is_old_form(body):
    try:
        value = json.loads(body.decode('utf-8'))
    except ValueError:
        return False
    return isinstance(value, dict) and 'auth' not in value and 'passwordCredentials' in value


def generation_factory(global_conf, **local_conf):
    """paste.filter_factory of `generation`."""
    def generation(app):
        def respond(environ, start_response):
            if environ['REQUEST_METHOD'] == 'POST' and _TOKENS.match(environ.get('PATH_INFO', '')):
                body = _body(environ)
                if body is not None and _is_old_form(body):
                    return _fault(environ, start_response, _OLD_FORM)
            return app(environ, start_response)
        return respond
    return generation


def mediatype_factory(global_conf, **local_conf):
    """paste.filter_factory of `mediatype`; belongs before the application and behind `legacy_auth`."""
    def mediatype(app):
        def respond(environ, start_response):
            for name in ('HTTP_ACCEPT', 'CONTENT_TYPE'):
                if 'text/json' in environ.get(name, ''):
                    environ[name] = environ[name].replace('text/json', 'application/json')
            return app(environ, start_response)
        return respond
    return mediatype
