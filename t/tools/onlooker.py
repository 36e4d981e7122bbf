#!/usr/bin/python3
"""onlooker.py - somebody on the way, who sees packets and sends them again; for tests

  onlooker.py see IF FILE            every UDP datagram that crosses IF, as a line "SOURCE DESTINATION HEX"
  onlooker.py send FILE TYPE SOURCE TO [N [LEN [FROM]]]   the newest N (1) of FILE that begin with the byte TYPE
                                     (hex), have LEN (1) bytes or more and come from SOURCE (an address,
                                     without port), to TO (ADDRESS:PORT), from here, or from FROM; those in a
                                     relay's frame: TYPE f2/TYPE. Prints how many
  onlooker.py flood TO N TYPE LEN    N datagrams of LEN bytes, the first four TYPE 0 0 0, the rest random

An IPv4 matter only.
"""
import os
import socket
import struct
import sys
import time


def see(interface, file):
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))  # also what goes out
    raw.bind((interface, 0))
    with open(file, "a", buffering=1) as out:
        print("ready", flush=True)
        while True:
            p, where = raw.recvfrom(65536)
            head = (p[0] & 15) * 4
            if where[1] != 0x0800 or len(p) < 20 or p[9] != 17 or len(p) < head + 8:
                continue
            ports = struct.unpack(">HH", p[head:head + 4])
            names = [socket.inet_ntoa(p[12 + 4 * i:16 + 4 * i]) + ":%d" % ports[i] for i in (0, 1)]
            end = head + struct.unpack(">H", p[head + 4:head + 6])[0]
            out.write("%s %s %s\n" % (names[0], names[1], p[head + 8:end].hex()))


def begins(data, kind):
    outer, _, inner = kind.partition("/")
    if not data.startswith(outer):
        return False
    return not inner or data[16:].startswith(inner)


def place(text):
    address, port = text.rsplit(":", 1)
    return address, int(port)


def send(file, kind, source, to, n="1", length="1", by=None):
    with open(file) as f:
        lines = [line.split() for line in f]
    found = [w[2] for w in lines if len(w) == 3 and w[0].startswith(source + ":") and begins(w[2], kind)
             and len(w[2]) >= 2 * int(length)]
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if by:
        out.bind(place(by))
    found = found[-int(n):]
    for data in found:
        out.sendto(bytes.fromhex(data), place(to))
    print(len(found))


def flood(to, n, kind, length):
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    head = bytes([int(kind, 16), 0, 0, 0])
    for i in range(int(n)):
        out.sendto(head + os.urandom(int(length) - 4), place(to))
        if i % 10 == 9:
            time.sleep(0.001)


{"see": see, "send": send, "flood": flood}[sys.argv[1]](*sys.argv[2:])
