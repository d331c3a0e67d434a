# SPDX-License-Identifier: GPL-2.0-or-later
"""WebSockets as browsers have spoken them since 2011 (RFC 6455; versions 7, 8 and 13), for nova.vnc.proxy.

The proxy of 2011.3 takes them from eventlet, which before 0.15 knows only the drafts that browsers dropped in the
autumn of 2011; then noVNC fell back to a Flash plugin, and the proxy needed root for the plugin's port 843. Here
the connection is taken over from eventlet's HTTP server, and bytes go both ways until one side ends; then the other
is ended, too. Clients of the drafts still get what upstream has for them.
"""

import base64
import hashlib
import socket
import struct

GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
VERSIONS = ('13', '8', '7')

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
# Key strokes, mouse moves and the clipboard: nothing that a browser sends to a VNC server is larger
MAX_MESSAGE = 1 << 20
NORMAL, PROTOCOL_ERROR, TOO_BIG = 1000, 1002, 1009


class Closed(Exception):
    """The client is gone, or broke the protocol: status is what it is told."""

    def __init__(self, status, reason):
        Exception.__init__(self, reason)
        self.status = status


def accept_key(key):
    """What proves to the client that its handshake was read."""
    return base64.b64encode(hashlib.sha1((key.strip() + GUID).encode('ascii')).digest()).decode('ascii')


def chosen_protocol(offered):
    """noVNC's two: base64 until 0.4, binary since. Neither asked for: none is answered, base64 is spoken."""
    names = [name.strip() for name in offered.split(',')]
    for name in ('base64', 'binary'):
        if name in names:
            return name
    return None


def handshake(environ):
    """(answer, protocol) for a client of RFC 6455; None for all others."""
    key = environ.get('HTTP_SEC_WEBSOCKET_KEY')
    if environ.get('HTTP_SEC_WEBSOCKET_VERSION') not in VERSIONS or not key:
        return None
    lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
             'Sec-WebSocket-Accept: ' + accept_key(key)]
    protocol = chosen_protocol(environ.get('HTTP_SEC_WEBSOCKET_PROTOCOL', ''))
    if protocol:
        lines.append('Sec-WebSocket-Protocol: ' + protocol)
    return '\r\n'.join(lines + ['', '']).encode('ascii'), protocol or 'base64'


def frame(opcode, payload):
    """One whole message to the client; servers do not mask."""
    size = len(payload)
    if size < 126:
        head = struct.pack('>BB', 0x80 | opcode, size)
    elif size < 65536:
        head = struct.pack('>BBH', 0x80 | opcode, 126, size)
    else:
        head = struct.pack('>BBQ', 0x80 | opcode, 127, size)
    return head + payload


def unmask(payload, mask):
    key, data = bytearray(mask), bytearray(payload)
    for at in range(len(data)):
        data[at] ^= key[at & 3]
    return bytes(data)


class Client(object):
    """Messages from and to a browser over a socket that the handshake was done on."""

    def __init__(self, sock, protocol):
        self.sock = sock
        self.protocol = protocol
        self.told = False

    def _exactly(self, size):
        parts = []
        while size > 0:
            part = self.sock.recv(min(size, 65536))
            if not part:
                raise Closed(NORMAL, 'the connection ended')
            parts.append(part)
            size -= len(part)
        return b''.join(parts)

    def _read_frame(self, room):
        first, second = struct.unpack('>BB', self._exactly(2))
        final, opcode, size = bool(first & 0x80), first & 0x0f, second & 0x7f
        if first & 0x70 or not second & 0x80:
            raise Closed(PROTOCOL_ERROR, 'reserved bits, or a frame without mask')
        if opcode >= CLOSE and (size > 125 or not final):
            raise Closed(PROTOCOL_ERROR, 'a control frame in pieces')
        if size == 126:
            size = struct.unpack('>H', self._exactly(2))[0]
        elif size == 127:
            size = struct.unpack('>Q', self._exactly(8))[0]
        if size > room:
            raise Closed(TOO_BIG, 'a message of more than %d bytes' % MAX_MESSAGE)
        mask = self._exactly(4)
        return final, opcode, unmask(self._exactly(size), mask)

    def receive(self):
        """The bytes of the next message that is for the VNC server."""
        message, kind = b'', None
        while True:
            final, opcode, payload = self._read_frame(MAX_MESSAGE - len(message))
            if opcode == CLOSE:
                raise Closed(NORMAL, 'closed by the client')
            if opcode == PING:
                self.sock.sendall(frame(PONG, payload))
            elif opcode == PONG:
                pass
            elif (opcode == CONTINUATION) == (kind is None) or opcode > BINARY:
                raise Closed(PROTOCOL_ERROR, 'frame of kind %d where none is expected' % opcode)
            else:
                kind = kind or opcode
                message += payload
                if final:
                    return self._decode(message)

    def _decode(self, message):
        if self.protocol == 'binary':
            return message
        try:
            return base64.b64decode(message)
        except (TypeError, ValueError):
            raise Closed(PROTOCOL_ERROR, 'no base64')

    def send(self, data):
        if self.protocol == 'binary':
            self.sock.sendall(frame(BINARY, data))
        else:
            self.sock.sendall(frame(TEXT, base64.b64encode(data)))

    def close(self, status):
        """Once: what comes first is why it ends."""
        if self.told:
            return
        self.told = True
        try:
            self.sock.sendall(frame(CLOSE, struct.pack('>H', status)))
        except socket.error:
            pass    # It is gone already


def shut(sock):
    """Wakes whoever waits for it, which close() would not."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except socket.error:
        pass        # The other side was faster


def to_server(client, server):
    """Until the client ends; then the server's side is ended, which ends to_client."""
    try:
        while True:
            server.sendall(client.receive())
    except Closed as ended:
        client.close(ended.status)
    except socket.error:
        pass
    finally:
        shut(server)


def to_client(client, server):
    """Until the VNC server ends; then the client is told so."""
    try:
        while True:
            data = server.recv(32768)
            if not data:
                break
            client.send(data)
    except socket.error:
        pass
    finally:
        client.close(NORMAL)
        shut(client.sock)


def serve(sock, answer, protocol, server, spawn):
    """Answers the handshake and carries bytes until one side ends. spawn(function, *arguments) runs beside."""
    sock.sendall(answer)
    client = Client(sock, protocol)
    other = spawn(to_client, client, server)
    to_server(client, server)
    other.wait()


def install(proxy, eventlet):
    """Makes nova.vnc.proxy.WebsocketVNCProxy speak to today's browsers, too."""
    upstream = proxy.WebsocketVNCProxy.proxy_connection

    def proxy_connection(self, environ, start_response):
        accepted = handshake(environ)
        if accepted is None:
            return upstream(self, environ, start_response)
        server = eventlet.connect((environ['vnc_host'], environ['vnc_port']))
        try:
            serve(environ['eventlet.input'].get_socket(), accepted[0], accepted[1], server, eventlet.spawn)
        finally:
            server.close()
        # For the HTTP server's log: the connection is over
        start_response('200 OK', [('Content-Length', '0'), ('Connection', 'close')])
        return []

    proxy.WebsocketVNCProxy.proxy_connection = proxy_connection
