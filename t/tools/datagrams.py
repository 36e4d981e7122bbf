#!/usr/bin/python3
"""datagrams.py echo ADDRESS PORT | ask ADDRESS PORT SIZE COUNT | send ADDRESS PORT SIZE COUNT GAP_MS
                | count ADDRESS PORT FILE | forge ADDRESS PORT TO TO_PORT MTU

UDP for tests, always with DF set (EMSGSIZE is a failure). `echo` sends everything back. `ask` sends one datagram
after the other, each with other bytes, and wants each back within 3 s. `send` sends them GAP_MS apart and waits
for nothing; `count` writes into FILE how many different ones came whole. `forge` tells ADDRESS by ICMP, as if a
router had, that what it sends from PORT to TO is too long for a line that takes MTU bytes.
"""
import os
import random
import socket
import struct
import sys
import time

what, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family, kind, _, _, at = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM)[0]
s = socket.socket(family, kind)
if family == socket.AF_INET:
    s.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, IP_PMTUDISC_DO
else:
    s.setsockopt(socket.IPPROTO_IPV6, 23, 2)  # the same for IPv6


def content(number, size):
    return number.to_bytes(4, "big") + random.Random(number).randbytes(size - 4)


if what == "echo":
    s.bind(at)
    while True:
        data, back = s.recvfrom(65536)
        s.sendto(data, back)
elif what == "count":
    s.bind(at)
    seen = set()
    while True:
        data = s.recv(65536)
        if data == content(int.from_bytes(data[:4], "big"), len(data)):
            seen.add(data[:4])
        with open(sys.argv[4] + ".new", "w") as f:
            print(len(seen), file=f)
        os.rename(sys.argv[4] + ".new", sys.argv[4])
elif what == "forge":
    to, to_port, mtu = sys.argv[4], int(sys.argv[5]), int(sys.argv[6])
    inner = struct.pack(">BBHHHBBH4s4sHHHH", 0x45, 0, 1500, 1, 0x4000, 60, 17, 0, socket.inet_aton(address),
                        socket.inet_aton(to), port, to_port, 1480, 0)
    message = struct.pack(">BBHHH", 3, 4, 0, 0, mtu) + inner
    total = sum(struct.unpack(f">{len(message) // 2}H", message))
    total = (total & 0xffff) + (total >> 16)
    message = message[:2] + struct.pack(">H", ~(total + (total >> 16)) & 0xffff) + message[4:]
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).sendto(message, (address, 0))
elif what == "send":
    for n in range(int(sys.argv[5])):
        s.sendto(content(n, int(sys.argv[4])), at)
        time.sleep(int(sys.argv[6]) / 1000)
else:
    s.settimeout(3)
    for n in range(int(sys.argv[5])):
        data = content(n, int(sys.argv[4]))
        s.sendto(data, at)
        if s.recv(65536) != data:
            sys.exit(f"datagram {n} came back as another")
