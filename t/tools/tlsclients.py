#!/usr/bin/env python3
"""TLS clients of a relay, many at once, each kind from networks of its own (127.N.0.0/24).

tlsclients.py PORT KIND COUNT [PATH [HEADER]]    KIND:
  stall    the first half of a handshake, and then nothing
  rubbish  a record that says it is a handshake, and is none
  cut      a handshake, half a request, and gone without a word
  deaf     a handshake and requests for PATH; no answer is read
  idle     a handshake and one request for PATH; the answer may come late
Prints `ready COUNT` and holds them until standard input ends.
"""
import os
import socket
import ssl
import struct
import sys

EACH = 40  # of one network: fewer than may begin a second
FIRST = {"stall": 100, "rubbish": 120, "cut": 130, "deaf": 140, "idle": 150}  # N of each kind


def connect(port, i):
    s = socket.socket()
    s.settimeout(10)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # who is deaf fills it soon
    s.bind((f"127.{FIRST[sys.argv[2]] + i // EACH}.0.1", 0))
    s.connect(("127.0.0.1", port))
    return s


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE


def shaken(port, i):
    return CONTEXT.wrap_socket(connect(port, i))


def hello():
    """The bytes of a ClientHello."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = CONTEXT.wrap_bio(incoming, outgoing)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def request(path, header):
    lines = [f"GET {path} HTTP/1.1", "Host: localhost"] + ([header] if header else [])
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def rubbish(port, i):
    s = connect(port, i)
    s.sendall(b"\x16\x03\x01\x02\x00" + os.urandom(512))
    return s


def stall(port, i):
    s = connect(port, i)
    first = hello()
    s.sendall(first[: len(first) // 2])
    return s


def cut(port, i):
    s = shaken(port, i)
    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: loc")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    return s


def deaf(port, i, line):
    s = shaken(port, i)
    s.setblocking(False)
    try:
        for _ in range(2000):
            s.send(line)
    except (ssl.SSLWantWriteError, BlockingIOError, OSError):
        pass
    return s


def idle(port, i, line):
    s = shaken(port, i)
    s.sendall(line)
    return s


def main():
    port, kind, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    line = request(sys.argv[4] if len(sys.argv) > 4 else "/healthz",
                   sys.argv[5] if len(sys.argv) > 5 else None)
    kinds = {
        "stall": lambda i: stall(port, i),
        "rubbish": lambda i: rubbish(port, i),
        "cut": lambda i: cut(port, i),
        "deaf": lambda i: deaf(port, i, line),
        "idle": lambda i: idle(port, i, line),
    }
    held = [kinds[kind](i) for i in range(count)]
    print("ready", len(held), flush=True)
    sys.stdin.read()


main()
