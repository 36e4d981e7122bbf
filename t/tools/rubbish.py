#!/usr/bin/python3
"""rubbish.py SOCKET - talks nonsense to a UNIX socket that takes lines; "done" when it still answers
rubbish.py --lines - nonsense for a program that reads JSON lines, to standard output; ends with a good one
"""
import os
import random
import socket
import sys
import time

random.seed(7)
NONSENSE = [b"", b"\0", b"{", b"}", b"[]", b"null", b"1e999", b'"', b'{"do":', b'{"do":null}', b'{"do":7}',
            b'{"do":"peers","do":"peers"}', b'{"id":-1,"do":"http"}', b'{"id":1,"do":"http","url":"file:///etc/passwd"}',
            b'{"id":1,"do":"http","method":"GET","url":"http://127.0.0.1:1/","headers":[1,2,{}]}',
            b'{"id":1,"do":"map","protocol":"udp","port":-5}', b"[" * 100000, b'{"a":' * 5000, b"\xff\xfe\x80",
            b'{"name":"\\ud800"}', b"set=1\n", b"get=1", b"set=1\nprivate_key=zz\n", b"get=1\n\n", b"A" * 70000,
            b'{"do":"peer-remove","name":"' + b"x" * 200000 + b'"}'] + [os.urandom(n) for n in (1, 10, 1000, 50000)]

if sys.argv[1] == "--lines":
    for line in NONSENSE:
        sys.stdout.buffer.write(line.replace(b"\n", b" ") + b"\n")
    sys.stdout.buffer.write(b"x" * (3 << 20) + b'\n{"id":9,"do":"http","method":"GET","url":"http://127.0.0.1:1/"}\n{"half')
    sys.exit(0)


def connect(tries=500):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    while tries:
        try:
            s.connect(sys.argv[1])
            break
        except BlockingIOError:  # its queue is full
            tries -= 1
            time.sleep(0.02)
    return s


def tell(s, data):
    try:
        s.sendall(data)
    except OSError:
        return False  # it has had enough of us
    return True


for line in NONSENSE:
    s = connect()
    tell(s, line + random.choice([b"", b"\n", b"\n\n"]))
    s.close()
s = connect()  # a line without end
for _ in range(200):
    if not tell(s, b"y" * 65536):
        break
s.close()
s = connect()  # who asks and never reads
s.settimeout(0.2)
for _ in range(2000):
    if not tell(s, b'{"do":"peers"}\nget=1\n\n' * 100):
        break
many = []
for _ in range(400):
    try:
        c = connect()
        tell(c, b'{"do":"pe')
        many.append(c)
    except OSError:
        break
for c in many:
    c.close()
s.close()
s = connect()
uapi = "wireguard" in sys.argv[1]
s.sendall(b"get=1\n\n" if uapi else b'{"do":"peers"}\n')
print("done" if s.recv(10) else "silence")
