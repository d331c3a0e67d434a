# SPDX-License-Identifier: GPL-2.0-or-later
"""A WebSocket client of the console proxy at 127.0.0.1:6080, with Python's own means.

    client.py listen PATH [HEADER...]   connects and sends nothing: what comes, and how it ends
    client.py desktop PATH [HEADER...]  speaks RFB up to the name of the desktop
    client.py early PATH [HEADER...]    the same, with all that follows the version in one message
    client.py refused PATH [HEADER...]  speaks RFB, expects to be told why there is no desktop

    --tls FILE before PATH: TLS with a server whose certificate is in FILE

Prints "http: STATUS", "data: BYTES" for what was received (as a Python literal), what it understood
of that, and "end: CODE" or "end: eof". Exit status 0 unless nothing came and nothing ended within
ten seconds. While it waits, "refused" watches the memory of all processes of the user nova.
"""

import base64
import os
import pwd
import select
import socket
import ssl
import struct
import sys
import time

TIMEOUT = 10
VERSION = b"RFB 003.008\n"
SHARED = b"\x01"
# Encodings Raw and DesktopSize (-223), then the whole desktop at once
REQUESTS = struct.pack("!BxHii", 2, 2, 0, -223) + struct.pack("!BBHHHH", 3, 0, 0, 0, 640, 400)


class End(Exception):
    pass


class Client:
    def __init__(self, path, headers, tls):
        self.socket = socket.create_connection(("127.0.0.1", 6080), TIMEOUT)
        if tls:
            context = ssl.create_default_context(cafile=tls)
            self.socket = context.wrap_socket(self.socket, server_hostname="127.0.0.1")
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1:6080", "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: binary",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(), *headers]
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode() + b"\r\n")
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self._exactly(1)
        print("http:", answer.split(b" ")[1].decode())
        self.data = b""

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                piece = self.socket.recv(size - len(data))
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise End("eof")
            data += piece
        return data

    def frame(self):
        """The payload of the next message; frames of a server are not masked."""
        first, length = self._exactly(2)
        if length == 126:
            length, = struct.unpack("!H", self._exactly(2))
        elif length == 127:
            length, = struct.unpack("!Q", self._exactly(8))
        payload = self._exactly(length)
        if first & 15 == 8:
            raise End(str(struct.unpack("!H", payload[:2])[0]) if payload else "close")
        return payload if first & 15 in (0, 2) else b""

    def receive(self, size):
        while len(self.data) < size:
            self.data += self.frame()
        data, self.data = self.data[:size], self.data[size:]
        return data

    def send(self, payload):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.socket.sendall(struct.pack("!BB", 0x82, 0x80 | len(payload)) + mask + masked)


def listen(client):
    received = b""
    try:
        # a server that speaks first has greeted; one that is silent must end
        while VERSION not in received:
            received += client.frame()
    finally:
        print("data:", received)


def server_init(client):
    result, = struct.unpack("!I", client.receive(4))
    if result:
        raise End("security result %d: %s" % (result, reason(client)))
    width, height = struct.unpack("!HH", client.receive(4))
    client.receive(16)
    print(f"desktop: {width}x{height} {reason(client)}")


def reason(client):
    length, = struct.unpack("!I", client.receive(4))
    return client.receive(length).decode()


def greet(client):
    print("data:", client.receive(12))
    client.send(VERSION)


def security_types(client):
    return client.receive(client.receive(1)[0])


def desktop(client):
    greet(client)
    print("types:", security_types(client))
    client.send(b"\x01")
    client.send(SHARED)
    server_init(client)


def early(client):
    greet(client)
    client.send(b"\x01" + SHARED + REQUESTS)
    print("types:", security_types(client))
    server_init(client)
    while client.receive(1) != b"\0":
        pass
    client.receive(1)
    rectangles, = struct.unpack("!H", client.receive(2))
    print(f"update: {rectangles} rectangles")


def refused(client):
    greet(client)
    deadline, peak = time.monotonic() + TIMEOUT, 0
    told = b""
    try:
        while time.monotonic() < deadline:
            peak = max(peak, memory_of_nova())
            if select.select([client.socket], [], [], 0.05)[0]:
                told += client.frame()
        raise TimeoutError
    finally:
        print("told:", told)
        print("peak:", peak // 1024, "MiB")


def memory_of_nova():
    """The largest address space, in KiB, that a process of nova has now or had."""
    uid, largest = pwd.getpwnam("nova").pw_uid, 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{pid}").st_uid == uid:
                with open(f"/proc/{pid}/status") as status:
                    largest = max(largest, *(
                        int(line.split()[1]) for line in status if line.startswith("VmPeak")), 0)
        except OSError:
            pass
    return largest


def main(arguments):
    action = {"listen": listen, "desktop": desktop, "early": early, "refused": refused}[arguments[0]]
    tls = None
    if arguments[1] == "--tls":
        tls = arguments[2]
        del arguments[1:3]
    try:
        action(Client(arguments[1], arguments[2:], tls))
    except End as end:
        print("end:", end)
    except TimeoutError:
        sys.exit("nothing came, and nothing ended")


main(sys.argv[1:])
