# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of hybi.py and nova-vncproxy, which lie beside this file; for Python 2.6 and later. Real sockets, threads in
the place of eventlet's.
"""

import base64
import os
import socket
import struct
import sys
import tempfile
import threading
import types
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BANNER = b'RFB 003.008\n'
HANDSHAKE = {'HTTP_SEC_WEBSOCKET_KEY': 'dGhlIHNhbXBsZSBub25jZQ==', 'HTTP_SEC_WEBSOCKET_VERSION': '13',
             'HTTP_SEC_WEBSOCKET_PROTOCOL': 'base64'}


def load(name, path):
    module = types.ModuleType(name)
    stream = open(os.path.join(HERE, path))
    exec(compile(stream.read(), path, 'exec'), module.__dict__)
    stream.close()
    return module


hybi = load('hybi', 'hybi.py')


def masked(opcode, payload, final=True, mask=b'\x01\x02\x03\x04'):
    """A frame as a browser sends it."""
    size = len(payload)
    if size < 126:
        head = struct.pack('>BB', (final and 0x80) | opcode, 0x80 | size)
    elif size < 65536:
        head = struct.pack('>BBH', (final and 0x80) | opcode, 0x80 | 126, size)
    else:
        head = struct.pack('>BBQ', (final and 0x80) | opcode, 0x80 | 127, size)
    return head + mask + hybi.unmask(payload, mask)


class Thread(threading.Thread):
    def __init__(self, function, *arguments):
        threading.Thread.__init__(self)
        self.function, self.arguments = function, arguments
        self.daemon = True
        self.start()

    def run(self):
        self.function(*self.arguments)

    def wait(self):
        self.join(10)
        assert not self.is_alive()


class Handshake(unittest.TestCase):
    def test_the_example_of_the_rfc(self):
        answer, protocol = hybi.handshake(HANDSHAKE)
        lines = answer.decode('ascii').split('\r\n')
        self.assertEqual(lines[0], 'HTTP/1.1 101 Switching Protocols')
        self.assertTrue('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=' in lines, lines)
        self.assertTrue('Sec-WebSocket-Protocol: base64' in lines, lines)
        self.assertEqual((lines[-2:], protocol), (['', ''], 'base64'))

    def test_other_clients_are_left_to_upstream(self):
        for change in ({'HTTP_SEC_WEBSOCKET_VERSION': '0'}, {'HTTP_SEC_WEBSOCKET_VERSION': None},
                       {'HTTP_SEC_WEBSOCKET_KEY': None}):
            self.assertEqual(hybi.handshake(dict(HANDSHAKE, **change)), None)

    def test_protocols(self):
        self.assertEqual(hybi.chosen_protocol('binary, base64'), 'base64')
        self.assertEqual(hybi.chosen_protocol('binary'), 'binary')
        self.assertEqual(hybi.chosen_protocol('chat'), None)
        answer, protocol = hybi.handshake(dict(HANDSHAKE, HTTP_SEC_WEBSOCKET_PROTOCOL=''))
        self.assertTrue(b'WebSocket-Protocol' not in answer)
        self.assertEqual(protocol, 'base64')


class Console(unittest.TestCase):
    """A browser and a VNC server with the proxy between them."""

    def begin(self, protocol='base64'):
        self.browser, inner = socket.socketpair()
        self.vnc, server = socket.socketpair()
        for end in (self.browser, self.vnc):
            end.settimeout(10)
        answer, protocol = hybi.handshake(dict(HANDSHAKE, HTTP_SEC_WEBSOCKET_PROTOCOL=protocol))
        self.proxy = Thread(hybi.serve, inner, answer, protocol, server, Thread)
        self.assertEqual(self.exactly(self.browser, len(answer)), answer)

    def tearDown(self):
        self.browser.close()
        self.vnc.close()
        self.proxy.wait()

    def exactly(self, sock, size):
        data = b''
        while len(data) < size:
            part = sock.recv(size - len(data))
            self.assertTrue(part, 'ended after %d of %d bytes' % (len(data), size))
            data += part
        return data

    def frame(self):
        """(kind, payload) of the next frame to the browser."""
        first, size = struct.unpack('>BB', self.exactly(self.browser, 2))
        self.assertTrue(first & 0x80)
        if size == 126:
            size = struct.unpack('>H', self.exactly(self.browser, 2))[0]
        elif size == 127:
            size = struct.unpack('>Q', self.exactly(self.browser, 8))[0]
        return first & 0x0f, self.exactly(self.browser, size)

    def ended(self, status):
        self.assertEqual(self.frame(), (hybi.CLOSE, struct.pack('>H', status)))
        self.assertEqual(self.vnc.recv(1), b'')

    def test_both_ways(self):
        self.begin()
        self.vnc.sendall(BANNER)
        self.assertEqual(self.frame(), (hybi.TEXT, base64.b64encode(BANNER)))
        self.browser.sendall(masked(hybi.TEXT, base64.b64encode(BANNER)))
        self.assertEqual(self.exactly(self.vnc, len(BANNER)), BANNER)

    def test_binary(self):
        self.begin('binary')
        self.vnc.sendall(b'\x00\xff')
        self.assertEqual(self.frame(), (hybi.BINARY, b'\x00\xff'))
        self.browser.sendall(masked(hybi.BINARY, b'\xff\x00'))
        self.assertEqual(self.exactly(self.vnc, 2), b'\xff\x00')

    def test_all_sizes(self):
        for size in (125, 126, 65535, 65536, 100000):
            head = hybi.frame(hybi.BINARY, b'x' * size)[:10]
            self.assertEqual(struct.unpack('>B', head[1:2])[0], size if size < 126 else 126 if size < 65536 else 127)
        self.begin('binary')
        for size in (125, 126, 65535, 65536, 200000):
            sender = Thread(self.browser.sendall, masked(hybi.BINARY, b'y' * size))
            self.assertEqual(self.exactly(self.vnc, size), b'y' * size)
            sender.wait()

    def test_messages_in_pieces_with_a_ping_between(self):
        self.begin('binary')
        self.browser.sendall(masked(hybi.BINARY, b'one ', False) + masked(hybi.PING, b'there?') +
                             masked(hybi.CONTINUATION, b'two ', False) + masked(hybi.PONG, b'') +
                             masked(hybi.CONTINUATION, b'three'))
        self.assertEqual(self.exactly(self.vnc, 13), b'one two three')
        self.assertEqual(self.frame(), (hybi.PONG, b'there?'))

    def test_byte_by_byte(self):
        self.begin()
        for at in bytearray(masked(hybi.TEXT, base64.b64encode(b'slow'))):
            self.browser.sendall(struct.pack('>B', at))
        self.assertEqual(self.exactly(self.vnc, 4), b'slow')

    def test_the_browser_goes(self):
        self.begin()
        self.browser.shutdown(socket.SHUT_RDWR)
        self.assertEqual(self.vnc.recv(1), b'')
        self.proxy.wait()

    def test_the_browser_says_that_it_goes(self):
        self.begin()
        self.browser.sendall(masked(hybi.CLOSE, struct.pack('>H', 1000)))
        self.ended(hybi.NORMAL)
        self.proxy.wait()

    def test_the_server_goes(self):
        self.begin()
        self.vnc.shutdown(socket.SHUT_RDWR)
        self.assertEqual(self.frame(), (hybi.CLOSE, struct.pack('>H', hybi.NORMAL)))
        self.proxy.wait()

    def test_what_breaks_the_protocol(self):
        for status, data in ((hybi.PROTOCOL_ERROR, b'\x81\x00'),                            # no mask
                             (hybi.PROTOCOL_ERROR, b'\xc1\x80\x01\x02\x03\x04'),            # reserved bits
                             (hybi.PROTOCOL_ERROR, masked(hybi.CONTINUATION, b'of what?')),
                             (hybi.PROTOCOL_ERROR, masked(hybi.TEXT, b'QQ==', False) + masked(hybi.TEXT, b'QQ==')),
                             (hybi.PROTOCOL_ERROR, masked(5, b'')),
                             (hybi.PROTOCOL_ERROR, masked(hybi.PING, b'', False)),
                             (hybi.PROTOCOL_ERROR, masked(hybi.PING, b'x' * 126)),
                             (hybi.PROTOCOL_ERROR, masked(hybi.TEXT, b'QQ')),
                             (hybi.TOO_BIG, struct.pack('>BBQ', 0x82, 0xff, 1 << 62)),
                             (hybi.TOO_BIG, masked(hybi.TEXT, b'x' * 1000, False) +
                              struct.pack('>BBQ', 0x80, 0xff, hybi.MAX_MESSAGE))):
            self.begin()
            self.browser.sendall(data)
            kind, told = self.first_close()
            self.assertEqual((kind, told), (hybi.CLOSE, struct.pack('>H', status)), repr(data[:20]))
            self.assertEqual(self.vnc.recv(1), b'', repr(data[:20]))
            self.proxy.wait()

    def first_close(self):
        while True:
            kind, payload = self.frame()
            if kind == hybi.CLOSE:
                return kind, payload


class Installed(unittest.TestCase):
    """nova's class, with the handler in the place of its own."""

    def setUp(self):
        class WebsocketVNCProxy(object):
            def proxy_connection(self, environ, start_response):
                return 'draft'

        self.proxy = types.ModuleType('proxy')
        self.proxy.WebsocketVNCProxy = WebsocketVNCProxy
        self.eventlet = types.ModuleType('eventlet')
        self.eventlet.spawn = Thread
        hybi.install(self.proxy, self.eventlet)
        self.said = []

    def ask(self, environ):
        return self.proxy.WebsocketVNCProxy().proxy_connection(environ, lambda *words: self.said.append(words))

    def test_drafts(self):
        self.assertEqual(self.ask({'HTTP_SEC_WEBSOCKET_KEY1': 'draft 76'}), 'draft')

    def test_a_console(self):
        browser, inner = socket.socketpair()
        vnc, server = socket.socketpair()
        asked = []
        self.eventlet.connect = lambda address: asked.append(address) or server
        source = types.ModuleType('input')
        source.get_socket = lambda: inner
        browser.sendall(masked(hybi.CLOSE, b''))
        self.assertEqual(self.ask(dict(HANDSHAKE, vnc_host='192.0.2.1', vnc_port=5900,
                                       **{'eventlet.input': source})), [])
        self.assertEqual(asked, [('192.0.2.1', 5900)])
        self.assertEqual(self.said[0][0], '200 OK')
        self.assertTrue(browser.recv(4096).startswith(b'HTTP/1.1 101 '))
        self.assertEqual(vnc.recv(1), b'')


class Launcher(unittest.TestCase):
    def setUp(self):
        for name in ('eventlet', 'pkg_resources'):
            sys.modules.setdefault(name, types.ModuleType(name))
        self.launcher = load('launcher', 'nova-vncproxy')

    def test_ports_that_only_root_has(self):
        started, said = [], []

        class Server(object):
            def start_tcp(self, listener, port, host='0.0.0.0'):
                started.append((port, host))

        self.launcher.without_privileged_ports(Server, said.append)
        self.launcher.os = types.ModuleType('os')
        self.launcher.os.geteuid = lambda: 162
        Server().start_tcp(None, 843, host='192.0.2.1')
        self.assertEqual((started, len(said)), ([], 1))
        Server().start_tcp(None, 6081, host='192.0.2.1')
        self.launcher.os.geteuid = lambda: 0
        Server().start_tcp(None, 843)
        self.assertEqual(started, [(6081, '192.0.2.1'), (843, '0.0.0.0')])

    def test_the_program_runs_as_the_main_one(self):
        handle, path = tempfile.mkstemp()
        os.write(handle, b'import sys\nsys.modules["seen"] = (__name__, __file__)\n')
        os.close(handle)
        self.launcher.run(path)
        os.unlink(path)
        self.assertEqual(sys.modules.pop('seen'), ('__main__', path))


if __name__ == '__main__':
    unittest.main()
