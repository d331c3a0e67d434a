# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of keystone_dist, which is looked for in the directory $KEYSTONE_DIST. For Python 2.6 and later, as any user."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from io import BytesIO
from xml.etree import ElementTree

sys.path.insert(0, os.environ['KEYSTONE_DIST'])

from keystone_dist import daemon, frontend, launch  # noqa: E402

COMMON = '{http://docs.openstack.org/common/api/v1.0}'
NEW_FORM = '{"auth": {"passwordCredentials": {"username": "u", "password": "p"}}}'
OLD_FORM = '{"passwordCredentials": {"username": "u", "password": "p"}}'


def request(app, method, path, body='', **headers):
    """(status, headers, body) of a request to a WSGI application."""
    body = body.encode('utf-8')
    environ = {'REQUEST_METHOD': method, 'PATH_INFO': path, 'SERVER_NAME': 'host', 'SERVER_PORT': '5000',
               'wsgi.url_scheme': 'http', 'wsgi.input': BytesIO(body), 'CONTENT_LENGTH': str(len(body))}
    environ.update(headers)
    answer = []
    result = app(environ, lambda status, headers: answer.extend([status, dict(headers)]))
    return answer[0], answer[1], b''.join(result).decode('utf-8')


def behind(factory, **conf):
    """A filter, and an application behind it that tells what reaches it."""
    def app(environ, start_response):
        length = int(environ.get('CONTENT_LENGTH') or 0)
        start_response('200 OK', [('X-App', 'reached')])
        seen = [environ.get('HTTP_ACCEPT', ''), environ.get('CONTENT_TYPE', ''),
                environ['wsgi.input'].read(length).decode('utf-8')]
        return [json.dumps(seen).encode('utf-8')]
    return factory({}, **conf)(app)


class Versions(unittest.TestCase):

    def setUp(self):
        self.app = behind(frontend.versions_factory)

    def test_the_list_is_wrapped(self):
        for path in ('', '/', '//', '/.json'):
            status, headers, body = request(self.app, 'GET', path)
            self.assertEqual((status, headers['Content-Type']), ('200 OK', 'application/json'))
            versions = json.loads(body)['versions']['values']
            self.assertEqual([version['id'] for version in versions], ['v2.0'])
            self.assertEqual(versions[0]['links'], [{'rel': 'self', 'href': 'http://host:5000/v2.0/'}])
            self.assertEqual(headers['Content-Length'], str(len(body)))

    def test_one_version(self):
        for path in ('/v2.0', '/v2.0/', '/v2.0.json', '/v2.0/.json'):
            version = json.loads(request(self.app, 'GET', path)[2])['version']
            self.assertEqual(sorted(version), ['id', 'links', 'media-types', 'status', 'updated'])

    def test_configured_status(self):
        app = behind(frontend.versions_factory, status='stable', updated='2012-01-01T00:00:00Z')
        version = json.loads(request(app, 'GET', '/v2.0')[2])['version']
        self.assertEqual((version['status'], version['updated']), ('stable', '2012-01-01T00:00:00Z'))

    def test_xml_for_those_who_want_it_most(self):
        for path, accept in (('/', 'application/xml'), ('/.xml', '*/*'), ('/', 'text/xml;q=0.9, application/json;q=0.1'),
                             ('/', 'application/json;q=0, application/xml'), ('/', 'application/json;q=x,text/xml')):
            status, headers, body = request(self.app, 'GET', path, HTTP_ACCEPT=accept)
            self.assertEqual(headers['Content-Type'], 'application/xml')
            self.assertEqual(ElementTree.fromstring(body.encode('utf-8')).find(COMMON + 'version').get('id'), 'v2.0')
        for accept in ('', '*/*', 'text/html', 'application/json, application/xml', 'application/*, text/xml;q=0.5'):
            self.assertEqual(request(self.app, 'GET', '/', HTTP_ACCEPT=accept)[1]['Content-Type'], 'application/json')

    def test_one_version_in_xml(self):
        root = ElementTree.fromstring(request(self.app, 'GET', '/v2.0.xml')[2].encode('utf-8'))
        self.assertEqual(root.tag, COMMON + 'version')
        self.assertEqual(len(root.find(COMMON + 'media-types')), 2)

    def test_links_name_the_address_that_was_asked(self):
        for host, shown in (('id.example:80', 'id.example:80'), ('[::1]:5000', '[::1]:5000'),
                            ('evil"><x', 'host:5000'), ('a b', 'host:5000'), ('x/../y', 'host:5000')):
            body = request(self.app, 'GET', '/', HTTP_HOST=host)[2]
            self.assertEqual(json.loads(body)['versions']['values'][0]['links'][0]['href'], 'http://%s/v2.0/' % shown)

    def test_head_has_no_body(self):
        status, headers, body = request(self.app, 'HEAD', '/')
        self.assertEqual((status, body), ('200 OK', ''))
        self.assertTrue(int(headers['Content-Length']) > 100)

    def test_all_else_passes(self):
        for method, path in (('POST', '/'), ('GET', '/v2.0/tokens'), ('GET', '/v1.0'), ('GET', '/v1.1/'),
                             ('GET', '/v2.0x'), ('GET', '/v2x0')):
            self.assertEqual(request(self.app, method, path)[1].get('X-App'), 'reached', path)


class Generation(unittest.TestCase):

    def setUp(self):
        self.app = behind(frontend.generation_factory)

    def test_the_old_form_is_told_what_is_wrong(self):
        for path in ('/v2.0/tokens', '/v2.0/tokens/', '/v2.0/tokens.json'):
            status, headers, body = request(self.app, 'POST', path, OLD_FORM)
            self.assertEqual(status, '400 Bad Request')
            fault = json.loads(body)['badRequest']
            self.assertEqual(fault['code'], '400')
            self.assertTrue('"auth"' in fault['message'] and '2011.3' in fault['message'])

    def test_everything_else_passes_unread(self):
        for method, path, body in (('POST', '/v2.0/tokens', NEW_FORM), ('POST', '/v2.0/tokens', '<auth/>'),
                                   ('POST', '/v2.0/tokens', '[1]'), ('POST', '/v2.0/tokens', ''),
                                   ('POST', '/v2.0/users', OLD_FORM), ('PUT', '/v2.0/tokens', OLD_FORM)):
            answer = request(self.app, method, path, body)
            self.assertEqual(answer[1].get('X-App'), 'reached')
            self.assertEqual(json.loads(answer[2])[2], body)

    def test_large_and_odd_bodies_pass(self):
        body = OLD_FORM + ' ' * frontend.BODY_MAX_BYTES
        self.assertEqual(json.loads(request(self.app, 'POST', '/v2.0/tokens', body)[2])[2], body)
        app = frontend.generation_factory({})(lambda environ, start: [start('200 OK', [])] and [])
        for length in ('x', '-1', ''):
            self.assertEqual(request(app, 'POST', '/v2.0/tokens', OLD_FORM, CONTENT_LENGTH=length)[0], '200 OK')

    def test_bytes_that_are_no_text_pass(self):
        app = frontend.generation_factory({})(lambda environ, start_response: [environ['wsgi.input'].read()])
        environ = {'REQUEST_METHOD': 'POST', 'PATH_INFO': '/v2.0/tokens', 'CONTENT_LENGTH': '2',
                   'wsgi.input': BytesIO(b'\xff\xfe')}
        self.assertEqual(app(environ, None), [b'\xff\xfe'])


class MediaType(unittest.TestCase):

    def test_text_json_is_application_json(self):
        app = behind(frontend.mediatype_factory)
        seen = json.loads(request(app, 'POST', '/tokens', '{}', HTTP_ACCEPT='text/json',
                                  CONTENT_TYPE='text/json; charset=utf-8')[2])
        self.assertEqual(seen, ['application/json', 'application/json; charset=utf-8', '{}'])

    def test_other_types_stay(self):
        app = behind(frontend.mediatype_factory)
        self.assertEqual(json.loads(request(app, 'GET', '/', HTTP_ACCEPT='text/xml')[2])[:2], ['text/xml', ''])
        self.assertEqual(json.loads(request(app, 'GET', '/')[2])[:2], ['', ''])


class Launch(unittest.TestCase):

    def setUp(self):
        self.work = tempfile.mkdtemp()

    def tearDown(self):
        shutil.rmtree(self.work)

    def test_a_configuration_is_named_once(self):
        for arguments in (['-c', 'x'], ['-cx'], ['--config-file=x'], ['--config-file', 'x'], ['-v', '-c', 'x']):
            self.assertTrue(launch.names_config(arguments), arguments)
        for arguments in ([], ['--create'], ['user', 'add', 'x'], ['--', '-c'], ['--verbose', 'user']):
            self.assertFalse(launch.names_config(arguments), arguments)

    def run_python(self, code, *arguments):
        """(exit status, stdout + stderr) of a program that starts with the package at hand."""
        path = os.path.join(self.work, 'program')
        program = open(path, 'w')
        program.write('import sys\nsys.path.insert(0, %r)\nfrom keystone_dist import launch\n%s\n'
                      % (os.environ['KEYSTONE_DIST'], code))
        program.close()
        process = subprocess.Popen([sys.executable, path] + list(arguments), stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        output = process.communicate()[0].decode('utf-8')
        return process.returncode, output

    def make_egg(self, name, version):
        """What setuptools takes for a distribution of this name and version, beside others of the name."""
        egg = os.path.join(self.work, '%s-%s-py%d.%d.egg' % ((name, version) + tuple(sys.version_info[:2])))
        os.makedirs(os.path.join(egg, 'EGG-INFO'))
        info = open(os.path.join(egg, 'EGG-INFO', 'PKG-INFO'), 'w')
        info.write('Metadata-Version: 1.0\nName: %s\nVersion: %s\n' % (name, version))
        info.close()
        module = open(os.path.join(egg, 'kiln_' + name.lower() + '.py'), 'w')
        module.write('version = "%s"\n' % version)
        module.close()

    def select(self):
        return self.run_python(
            'launch.REQUIRES = ["KilnA>=0.7,<0.8", "KilnB>=1.0,<1.1"]\nsys.path.append(%r)\n'
            'launch.select_versions("keystone")\nimport kiln_kilna, kiln_kilnb\n'
            'print(kiln_kilna.version + " " + kiln_kilnb.version)' % self.work)

    def test_the_required_versions_are_taken(self):
        for name, version in (('KilnA', '0.5.5'), ('KilnA', '0.7.8'), ('KilnA', '0.9'), ('KilnB', '0.9.6'),
                              ('KilnB', '1.0.8'), ('KilnB', '1.2.3')):
            self.make_egg(name, version)
        status, output = self.select()
        self.assertEqual((status, output.splitlines()[-1]), (0, '0.7.8 1.0.8'))

    def test_a_missing_version_is_told(self):
        self.make_egg('KilnA', '0.7.8')
        self.make_egg('KilnB', '1.2.3')
        status, output = self.select()
        self.assertEqual(status, 1)
        self.assertTrue('keystone: needs KilnA>=0.7,<0.8 and KilnB>=1.0,<1.1' in output, output)
        self.assertTrue('python-webob1.0' in output, output)
        self.assertFalse('Traceback' in output, output)

    def test_programs_find_their_files(self):
        script = open(os.path.join(self.work, 'keystone-manage'), 'w')
        script.write('import os, sys\nassert __name__ == "__main__"\n'
                     'print(os.path.normpath(os.path.join(os.path.abspath(sys.argv[0]), "..", "..")))\n'
                     'print(" ".join(sys.argv[1:]))\nsys.exit(7)\n')
        script.close()
        status, output = self.run_python(
            'launch.PROGRAMS = %r\nlaunch.run("keystone-manage", ["user", "list"])' % self.work)
        site = os.path.abspath(os.environ['KEYSTONE_DIST'])
        self.assertEqual((status, output.splitlines()), (7, [site, 'user list']))

    def test_a_missing_program_is_told(self):
        status, output = self.run_python('launch.PROGRAMS = %r\nlaunch.run("keystone-x", [])' % self.work)
        self.assertEqual(status, 1)
        self.assertTrue('reinstall openstack-keystone' in output and 'Traceback' not in output, output)

    def test_an_unreadable_configuration_is_told(self):
        status, output = self.run_python(
            'launch.CONFIG = %r\nlaunch.os.geteuid = lambda: 1\nlaunch.prepare("keystone-manage", [])'
            % os.path.join(self.work, 'none'))
        self.assertEqual(status, 1)
        self.assertTrue('run it as root or as user keystone' in output and 'Traceback' not in output, output)


class Daemon(unittest.TestCase):

    def setUp(self):
        self.work = tempfile.mkdtemp()

    def tearDown(self):
        shutil.rmtree(self.work)

    def config(self, text):
        path = os.path.join(self.work, 'keystone.conf')
        config = open(path, 'w')
        config.write(text)
        config.close()
        return path

    def words(self, function, *arguments):
        """What a Failure says."""
        try:
            function(*arguments)
        except daemon.Failure:
            return str(sys.exc_info()[1])
        self.fail('no Failure')

    def listener(self):
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.bind(('127.0.0.1', 0))
        server.listen(5)
        return server

    def test_addresses(self):
        path = self.config('[DEFAULT]\nservice_host = 0.0.0.0\nservice_port = 5000\nadmin_host = ::\n'
                           'admin_port = 35357\nmap = {\n    "a" : "%s"}\n')
        self.assertEqual(daemon.addresses(path), [('127.0.0.1', 5000), ('::1', 35357)])

    def test_wrong_configurations_are_told(self):
        for text in ('', '[DEFAULT]\nservice_host = x\n', 'no section\n',
                     '[DEFAULT]\nservice_host=x\nservice_port=five\nadmin_host=x\nadmin_port=1\n'):
            self.assertTrue('service_host, service_port' in self.words(daemon.addresses, self.config(text)))
        self.assertTrue('cannot be read' in self.words(daemon.addresses, os.path.join(self.work, 'none')))

    def test_answers(self):
        server = self.listener()
        address = server.getsockname()
        self.assertTrue(daemon.answers(address))
        server.close()
        self.assertFalse(daemon.answers(address))
        self.assertFalse(daemon.answers(('127.0.0.1', 99999)))

    def test_the_log_is_no_link(self):
        path = os.path.join(self.work, 'log')
        os.symlink('/etc/passwd', path)
        self.assertTrue(path in self.words(daemon.open_log, path, None))

    def test_the_pidfile_is_replaced(self):
        path = os.path.join(self.work, 'pid')
        for pid in (123, 4):
            daemon.write_pidfile(path, pid)
            pidfile = open(path)
            self.assertEqual(pidfile.read(), '%d\n' % pid)
            pidfile.close()
        self.assertEqual(os.listdir(self.work), ['pid'])
        daemon.remove(path)
        daemon.remove(path)

    def child(self, code):
        return subprocess.Popen([sys.executable, '-c', code])

    def test_a_service_that_ends_is_told(self):
        address = ('127.0.0.1', 1)
        self.assertTrue('ended with exit status 3' in self.words(
            daemon.wait_until_it_answers, self.child('import sys; sys.exit(3)').pid, [address], 20))
        self.assertTrue('was killed by signal 9' in self.words(
            daemon.wait_until_it_answers, self.child('import os; os.kill(os.getpid(), 9)').pid, [address], 20))

    def test_a_service_that_does_not_answer_is_ended(self):
        process = self.child('import time; time.sleep(60)')
        begin = time.time()
        words = self.words(daemon.wait_until_it_answers, process.pid, [('127.0.0.1', 1)], 1)
        self.assertTrue('127.0.0.1 port 1 after 1 s' in words, words)
        self.assertTrue(time.time() - begin < 30)
        self.assertRaises(OSError, os.kill, process.pid, 0)

    def test_it_waits_for_all_addresses(self):
        first, second = self.listener(), self.listener()
        process = self.child('import time; time.sleep(60)')
        both = [first.getsockname(), second.getsockname()]
        daemon.wait_until_it_answers(process.pid, both, 20)
        second.close()
        self.assertTrue('port %d after 0 s' % both[1][1] in self.words(
            daemon.wait_until_it_answers, process.pid, both, 0))
        first.close()

    def test_usage(self):
        stderr = sys.stderr
        sys.stderr = open(os.devnull, 'w')
        try:
            for arguments in ([], ['pid'], ['--wait', 'x', 'pid', 'log'], ['--help', 'x']):
                self.assertEqual(daemon.main(arguments), 2)
        finally:
            sys.stderr.close()
            sys.stderr = stderr


if __name__ == '__main__':
    unittest.main()
