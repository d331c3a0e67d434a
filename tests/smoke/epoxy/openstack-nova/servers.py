# SPDX-License-Identifier: GPL-2.0-or-later
"""The other ends that a console proxy must be able to live with, each on a port of 127.0.0.1.

    servers.py DIRECTORY VNC_PORT

    15981  a VNC server that refuses everybody, with a reason of 4 GiB that it sends as far as it is let;
           how far that was is in DIRECTORY/reason
    15982  an HTTP proxy that connects to VNC_PORT, whatever it was asked for, and answers in pieces;
           the requests are in DIRECTORY/connect
    15983  an HTTP proxy that refuses, with a 200 in its words
    15984  an HTTP proxy that closes in the middle of its answer
    15985  a VNC server whose messages come in pieces, with a security type that nobody knows
    15986  a VNC server that closes in the middle of its greeting
"""

import socket
import sys
import threading
import time

directory, vnc_port = sys.argv[1], int(sys.argv[2])
PIXEL_FORMAT = b"\x20\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\x00\x00\x00"


def receive(client, size):
    data = b""
    while len(data) < size:
        piece = client.recv(size - len(data))
        if not piece:
            raise ConnectionError("closed")
        data += piece
    return data


def send_slowly(client, *pieces):
    for piece in pieces:
        client.sendall(piece)
        time.sleep(0.2)


def refuse_with_a_long_reason(client):
    client.sendall(b"RFB 003.008\n")
    receive(client, 12)
    sent = 0
    try:
        client.sendall(b"\0\xff\xff\xff\xff")
        # time to see who makes room for it
        time.sleep(1)
        while sent < 0xffffffff:
            sent += client.send(bytes(1 << 16))
    finally:
        with open(directory + "/reason", "w") as log:
            print(sent, file=log)


def connect(client):
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        request += receive(client, 1)
    with open(directory + "/connect", "ab") as log:
        log.write(request)
    with socket.create_connection(("127.0.0.1", vnc_port)) as server:
        send_slowly(client, b"HTTP/1.1 20", b"0 Connected\r\nVia: smoke\r\n\r")
        client.sendall(b"\n" + receive(server, 4))
        threading.Thread(target=relay, args=(client, server), daemon=True).start()
        relay(server, client)


def relay(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in source, sink:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def refuse_to_connect(client):
    client.sendall(b"HTTP/1.1 403 no route to 10.0.200.7\r\n\r\nRFB 003.008\n")
    client.recv(4096)


def close_the_answer(client):
    client.sendall(b"HTTP/1.1 200 Connected\r\n")


def speak_in_pieces(client):
    send_slowly(client, b"RFB 00", b"3.008\n")
    receive(client, 12)
    send_slowly(client, b"\x02", b"\x81", b"\x01")
    if receive(client, 1) == b"\x01":
        client.sendall(b"\0\0\0\0")
        receive(client, 1)
        client.sendall(b"\0\x20\0\x10" + PIXEL_FORMAT + b"\0\0\0\x06Pieces")
        client.recv(4096)


def close_the_greeting(client):
    client.sendall(b"RFB 003")


def serve(listener, answer):
    while True:
        client = listener.accept()[0]
        threading.Thread(target=quietly, args=(client, answer), daemon=True).start()


def quietly(client, answer):
    with client:
        try:
            answer(client)
        except OSError:
            pass


for port, answer in ((15981, refuse_with_a_long_reason), (15982, connect), (15983, refuse_to_connect),
                     (15984, close_the_answer), (15985, speak_in_pieces), (15986, close_the_greeting)):
    listener = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=serve, args=(listener, answer), daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
